//! The same client for programs that are not asynchronous.
//!
//! Every name means what it means in the crate's root, and all work is done by the one implementation there: a
//! [`Client`] here has a runtime of its own on a thread of its own, and waits for it. May be used from any thread, inside
//! another runtime too (which then stands still).
//!
//! ```no_run
//! # fn example() -> Result<(), brimful::Error> {
//! let client = brimful::blocking::Client::new("https://example.bitrix24.ru/rest/1/code/")?;
//! for row in client.list("crm.lead.list").select(["ID", "TITLE"]).rows::<serde_json::Value>()? {
//!     println!("{}", row?);
//! }
//! # Ok(())
//! # }
//! ```

mod by_id;
mod each;
mod files;
mod list;
pub mod oauth;
mod rest3;
mod runtime;
#[cfg(feature = "tasks")]
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

pub use by_id::{FoundInList, Founds, GetById, ListAndGet};
pub use each::{Each, Outcomes};
pub use files::Download;
pub use list::{List, Pages, Rows};
pub use rest3::Rest3;
use runtime::Runtime;
#[cfg(feature = "tasks")]
pub use tasks::{Checklist, Comments, Elapsed, TaskList, TaskPages, TaskRows, Tasks};

use crate::{
    Batch, BatchReply, ClientBuilder, Credential, Error, Fields, ItemId, Limits, OnError, Priority,
    RawReply, Reply, SlowGuard, Stats,
};

/// A client of one portal that waits for each answer; see [`crate::Client`].
#[derive(Debug, Clone)]
pub struct Client {
    inner: crate::Client,
    runtime: Arc<Runtime>,
}

impl Client {
    /// A client of the portal behind a webhook's address, or of an application, with everything else as usual.
    pub fn new(credential: impl Into<Credential>) -> Result<Self, Error> {
        Self::over(crate::Client::builder(credential).build()?)
    }

    /// A builder: [`ClientBuilder::build_blocking`] ends it.
    pub fn builder(credential: impl Into<Credential>) -> ClientBuilder {
        crate::Client::builder(credential)
    }

    /// This client over another one, with which it shares connections, limits and what was learned.
    pub fn over(client: crate::Client) -> Result<Self, Error> {
        let runtime = Runtime::new().map_err(no_thread)?;
        Ok(Self {
            inner: client,
            runtime: Arc::new(runtime),
        })
    }

    /// The asynchronous client underneath.
    pub fn as_async(&self) -> &crate::Client {
        &self.inner
    }

    /// See [`crate::Client::call`].
    pub fn call(&self, method: &str, params: impl Serialize + Send) -> Result<Reply, Error> {
        self.runtime.wait(self.inner.call(method, params))
    }

    /// See [`crate::Client::call_idempotent`].
    pub fn call_idempotent(
        &self,
        method: &str,
        params: impl Serialize + Send,
    ) -> Result<Reply, Error> {
        self.runtime
            .wait(self.inner.call_idempotent(method, params))
    }

    /// See [`crate::Client::call_raw`].
    pub fn call_raw(&self, method: &str, params: impl Serialize + Send) -> Result<RawReply, Error> {
        self.runtime.wait(self.inner.call_raw(method, params))
    }

    /// See [`crate::Client::call_method`].
    pub fn call_method(&self, method: &str, params: Value) -> CallResult {
        CallResult {
            inner: self.runtime.wait(self.inner.call_method(method, params)),
            runtime: Arc::clone(&self.runtime),
        }
    }

    /// See [`crate::Client::call_batch`].
    pub fn call_batch<'a, I>(
        &self,
        commands: I,
        on_error: OnError,
    ) -> Result<crate::CallResults, Error>
    where
        I: IntoIterator<Item = (&'a str, &'a str, Value)> + Send,
        I::IntoIter: Send,
    {
        self.runtime.wait(self.inner.call_batch(commands, on_error))
    }

    /// See [`crate::Client::batch`].
    pub fn batch(&self, batch: Batch) -> Result<BatchReply, Error> {
        self.runtime.wait(self.inner.batch(batch))
    }

    /// See [`crate::Client::call_each`].
    pub fn call_each<I>(&self, method: impl Into<String>, items: I) -> Each
    where
        I: IntoIterator<Item: Serialize>,
        I::IntoIter: Send + 'static,
    {
        Each::new(
            self.inner.call_each(method, items),
            Arc::clone(&self.runtime),
        )
    }

    /// See [`crate::Client::list`].
    pub fn list(&self, method: impl Into<String>) -> List {
        List::new(self.inner.list(method), Arc::clone(&self.runtime))
    }

    /// See [`crate::Client::get_by_id`].
    pub fn get_by_id<I>(&self, method: impl Into<String>, ids: I) -> GetById
    where
        I: IntoIterator,
        I::Item: Into<ItemId> + 'static,
        I::IntoIter: Send + 'static,
    {
        GetById::new(self.inner.get_by_id(method, ids), Arc::clone(&self.runtime))
    }

    /// See [`crate::Client::list_and_get`].
    pub fn list_and_get(
        &self,
        list_method: impl Into<String>,
        get_method: impl Into<String>,
    ) -> ListAndGet {
        ListAndGet::new(
            self.inner.list_and_get(list_method, get_method),
            Arc::clone(&self.runtime),
        )
    }

    /// See [`crate::Client::fields`].
    pub fn fields(&self, entity: &str, params: Value) -> Result<Fields, Error> {
        self.runtime.wait(self.inner.fields(entity, params))
    }

    /// See [`crate::Client::rest3`].
    pub fn rest3(&self) -> Rest3 {
        Rest3::new(self.inner.rest3(), Arc::clone(&self.runtime))
    }

    /// See [`crate::Client::download`].
    pub fn download(&self, link: &str) -> Download {
        Download::new(self.inner.download(link), Arc::clone(&self.runtime))
    }

    /// See [`crate::Client::with_priority`].
    #[must_use]
    pub fn with_priority(&self, priority: Priority) -> Self {
        self.same(self.inner.with_priority(priority))
    }

    /// See [`crate::Client::job`].
    #[must_use]
    pub fn job(&self) -> Self {
        self.same(self.inner.job())
    }

    /// See [`crate::Client::with_deadline`].
    #[must_use]
    pub fn with_deadline(&self, within: Duration) -> Self {
        self.same(self.inner.with_deadline(within))
    }

    /// See [`crate::Client::limits`].
    pub fn limits(&self) -> Limits {
        self.inner.limits()
    }

    /// See [`crate::Client::slow`].
    pub fn slow(&self, requests: usize) -> SlowGuard {
        self.inner.slow(requests)
    }

    /// See [`crate::Client::stats`].
    pub fn stats(&self) -> Stats {
        self.inner.stats()
    }

    /// See [`crate::Client::portal`].
    pub fn portal(&self) -> String {
        self.inner.portal()
    }

    fn same(&self, inner: crate::Client) -> Self {
        Self {
            inner,
            runtime: Arc::clone(&self.runtime),
        }
    }
}

fn no_thread(error: std::io::Error) -> Error {
    Error::config("the thread of the blocking client could not be started").with_source(error)
}

impl ClientBuilder {
    /// The client, for a program that is not asynchronous.
    ///
    /// # Errors
    /// As for [`ClientBuilder::build`], and the thread that it needs cannot be started.
    pub fn build_blocking(self) -> Result<Client, Error> {
        Client::over(self.build()?)
    }
}

/// What became of a call, with the names of BX.rest; see [`crate::CallResult`], whose methods it has.
#[derive(Debug)]
pub struct CallResult {
    inner: crate::CallResult,
    runtime: Arc<Runtime>,
}

impl CallResult {
    /// The next page. `None` if there is none.
    pub fn next(&self) -> Option<Self> {
        Some(Self {
            inner: self.runtime.wait(self.inner.next())?,
            runtime: Arc::clone(&self.runtime),
        })
    }
}

impl std::ops::Deref for CallResult {
    type Target = crate::CallResult;

    fn deref(&self) -> &crate::CallResult {
        &self.inner
    }
}
