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

mod files;
mod forward;
pub mod oauth;
mod runtime;
#[cfg(feature = "tasks")]
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use forward::Blocking;
use forward::forward;
#[doc(hidden)]
pub use runtime::Runtime;
#[cfg(feature = "tasks")]
pub use tasks::{Checklist, Comments, Elapsed, TaskList, TaskPages, TaskRows, Tasks};

use crate::list::{Tail, Walk};
use crate::rest3::{self, OpenApi};
use crate::{
    Batch, BatchReply, ById, ClientBuilder, Credential, Error, Fields, ItemId, ItemOutcome,
    ListReport, OnError, Priority, Progress, RawReply, Reply,
};

/// A client of one portal that waits for each answer; see [`crate::Client`].
pub type Client = Blocking<crate::Client>;
/// A whole list, not yet asked for; see [`crate::List`].
pub type List = Blocking<crate::List>;
/// The pages of a list, as an iterator; see [`crate::Pages`].
pub type Pages = Blocking<crate::Pages>;
/// The rows of a list as a type, as an iterator; see [`crate::Rows`].
pub type Rows<T> = Blocking<crate::Rows<T>>;
/// Calls to be made, one for each item; see [`crate::Each`].
pub type Each<'i> = Blocking<crate::Each<'i>>;
/// Outcomes in the order of the items, as an iterator; see [`crate::Outcomes`].
pub type Outcomes<'i> = Blocking<crate::Outcomes<'i>>;
/// Items to be fetched by their IDs; see [`crate::GetById`].
pub type GetById<'i> = Blocking<crate::GetById<'i>>;
/// What came for each ID, as an iterator; see [`crate::IdOutcomes`].
pub type IdOutcomes<'i> = Blocking<crate::IdOutcomes<'i>>;
/// Items of a list, to be fetched one by one; see [`crate::ListAndGet`].
pub type ListAndGet = Blocking<crate::ListAndGet>;
/// What came for each ID of a list, as an iterator; see [`crate::ListedIdOutcomes`].
pub type ListedIdOutcomes = Blocking<crate::ListedIdOutcomes>;
/// A file to be fetched; see [`crate::Download`].
pub type Download = Blocking<crate::Download>;
/// A portal by REST 3.0; see [`crate::rest3::Rest3`].
pub type Rest3 = Blocking<crate::rest3::Rest3>;
/// The outcome of a call, with the names of BX.rest; see [`crate::CallResult`], whose methods it has.
pub type CallResult = Blocking<crate::CallResult>;

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
        let runtime = Runtime::new()?;
        Ok(Self {
            inner: client,
            runtime: Arc::new(runtime),
        })
    }

    /// The asynchronous client underneath.
    pub fn as_async(&self) -> &crate::Client {
        &self.inner
    }

    /// See [`crate::Client::call_method`].
    pub fn call_method(&self, method: &str, params: impl Serialize + Send) -> CallResult {
        self.with(self.runtime.wait(self.inner.call_method(method, params)))
    }

    /// See [`crate::Client::call_batch`].
    pub fn call_batch<'a, I, P>(
        &self,
        commands: I,
        on_error: OnError,
    ) -> Result<crate::CallResults, Error>
    where
        I: IntoIterator<Item = (&'a str, &'a str, P)> + Send,
        I::IntoIter: Send,
        P: Serialize + Send,
    {
        self.runtime.wait(self.inner.call_batch(commands, on_error))
    }

    /// See [`crate::Client::call_each`].
    pub fn call_each<'i, I>(&self, method: impl Into<String>, items: I) -> Each<'i>
    where
        I: IntoIterator<Item: Serialize>,
        I::IntoIter: Send + 'i,
    {
        self.with(self.inner.call_each(method, items))
    }

    /// See [`crate::Client::get_by_id`].
    pub fn get_by_id<'i, I>(&self, method: impl Into<String>, ids: I) -> GetById<'i>
    where
        I: IntoIterator<Item: Into<ItemId>>,
        I::IntoIter: Send + 'i,
    {
        self.with(self.inner.get_by_id(method, ids))
    }
}

forward! {
    impl crate::Client {
        wait call(method: &str, params: impl Serialize + Send) -> Result<Reply, Error>;
        wait call_idempotent(method: &str, params: impl Serialize + Send) -> Result<Reply, Error>;
        wait call_raw(method: &str, params: impl Serialize + Send) -> Result<RawReply, Error>;
        wait batch(batch: Batch) -> Result<BatchReply, Error>;
        wait fields(entity: &str, params: impl Serialize + Send) -> Result<Fields, Error>;
        over list(method: impl Into<String>) -> crate::List;
        over list_and_get(list_method: impl Into<String>, get_method: impl Into<String>) -> crate::ListAndGet;
        over rest3() -> crate::rest3::Rest3;
        over download(link: &str) -> crate::Download;
        over with_priority(priority: Priority) -> crate::Client;
        over job() -> crate::Client;
        over with_deadline(within: Duration) -> crate::Client;
    }
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

forward! {
    impl crate::List {
        set params(params: impl Serialize);
        set param(name: impl Into<String>, value: impl Serialize);
        set select(fields: impl IntoIterator<Item = impl Into<String>>);
        set filter(filter: impl Serialize);
        set check_names(check: bool);
        set verify();
        set walk(walk: Walk);
        set tail(tail: Tail);
        set resume_after(id: u64);
        set on_progress(observer: impl Fn(&Progress) + Send + Sync + 'static);
        open pages() -> crate::Pages;
    }
}

impl List {
    /// See [`crate::List::rows`].
    pub fn rows<T: DeserializeOwned>(self) -> Result<Rows<T>, Error> {
        let Self { inner, runtime } = self;
        let inner = runtime.within(|| inner.rows())?;
        Ok(Blocking { inner, runtime })
    }

    /// See [`crate::List::collect`].
    pub fn collect<T: DeserializeOwned + Send>(self) -> Result<Vec<T>, Error> {
        let Self { inner, runtime } = self;
        runtime.wait(inner.collect())
    }

    /// See [`crate::List::collect_with_report`].
    pub fn collect_with_report<T: DeserializeOwned + Send>(
        self,
    ) -> Result<(Vec<T>, ListReport), Error> {
        let Self { inner, runtime } = self;
        runtime.wait(inner.collect_with_report())
    }
}

forward! {
    impl<'i> crate::Each {
        set idempotent();
        set check_names(check: bool);
        take collect() -> Vec<ItemOutcome>;
    }
}

impl<'i> Each<'i> {
    /// See [`crate::Each::outcomes`].
    pub fn outcomes(self) -> Outcomes<'i> {
        let Self { inner, runtime } = self;
        let inner = runtime.within(|| inner.outcomes());
        Blocking { inner, runtime }
    }
}

forward! {
    impl<'i> crate::GetById {
        set id_field(name: impl Into<String>);
        set params(params: impl Serialize);
        set param(name: impl Into<String>, value: impl Serialize);
        open stream() -> crate::IdOutcomes<'i>;
        take collect() -> Result<ById, Error>;
    }
}

forward! {
    impl crate::ListAndGet {
        set filter(filter: impl Serialize);
        set id_field(name: impl Into<String>);
        set param(name: impl Into<String>, value: impl Serialize);
        open stream() -> crate::ListedIdOutcomes;
        take collect() -> Result<ById, Error>;
        take collect_with_report() -> Result<(ById, ListReport), Error>;
    }
}

impl ListAndGet {
    /// See [`crate::ListAndGet::list`].
    #[must_use]
    pub fn list(self, change: impl FnOnce(List) -> List) -> Self {
        let Self { inner, runtime } = self;
        let of_list = Arc::clone(&runtime);
        let inner = inner.list(|inner| {
            let list = Blocking {
                inner,
                runtime: of_list,
            };
            change(list).inner
        });
        Self { inner, runtime }
    }
}

forward! {
    impl crate::rest3::Rest3 {
        wait call(method: &str, params: impl Serialize + Send) -> Result<Reply, Error>;
        wait call_with_idempotency_key(method: &str, params: impl Serialize + Send, key: &str) -> Result<Reply, Error>;
        wait batch(batch: rest3::Batch) -> Result<rest3::BatchReply, Error>;
        wait openapi() -> Result<OpenApi, Error>;
        over list(method: impl Into<String>) -> crate::List;
    }
}

impl CallResult {
    /// The next page. `None` if there is none.
    pub fn next(&self) -> Option<Self> {
        let next = self.runtime.wait(self.inner.next())?;
        Some(self.with(next))
    }
}
