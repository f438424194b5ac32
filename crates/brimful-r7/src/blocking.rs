//! The same client for programs that are not asynchronous.
//!
//! Every name means what it means in the crate's root, and all work is done by the one implementation there.
//!
//! ```no_run
//! # fn example() -> Result<(), brimful::Error> {
//! use brimful_r7::{Client, Credential, Item};
//!
//! let client = Client::builder("https://office.example.com")
//!     .credential(Credential::password("anna", "secret"))
//!     .build_blocking()?;
//! println!("{}", client.get("people/@self")?.status());
//! for page in client.list("people/filter").pages()? {
//!     println!("{} people", page?.len());
//! }
//! let replies = client.batch().item(Item::get("group").name("groups")).send()?;
//! assert!(replies.is_ok());
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;
use std::time::Duration;

use brimful::__blocking_forward as forward;
use brimful::Error;
use brimful::blocking::Runtime;
use brimful::protocol::rows::Page;
use serde::de::DeserializeOwned;

use crate::{BatchReply, ClientBuilder, Filter, Item, ItemValue, Moment, Reply};

brimful::__blocking_wrapper! {
    /// Something of the asynchronous client whose work is waited for: a [`Client`], a [`List`], the pages of a list.
}

/// A client of one portal that waits for each answer; see [`crate::Client`].
pub type Client = Blocking<crate::Client>;
/// Items that are sent together; see [`crate::Batch`].
pub type Batch = Blocking<crate::Batch>;
/// A whole list, not yet asked for; see [`crate::List`].
pub type List = Blocking<crate::List>;
/// The pages of a list, as an iterator; see [`crate::Pages`].
pub type Pages = Blocking<crate::Pages>;

impl ClientBuilder {
    /// The client, for a program that is not asynchronous.
    ///
    /// # Errors
    /// As for [`ClientBuilder::build`], and the thread that it needs cannot be started.
    pub fn build_blocking(self) -> Result<Client, Error> {
        Ok(Blocking {
            inner: self.build()?,
            runtime: Arc::new(Runtime::new()?),
        })
    }
}

forward! {
    impl crate::Client {
        wait send(item: Item) -> Result<Reply, Error>;
        wait get(path: impl Into<String> + Send) -> Result<Reply, Error>;
        over with_deadline(within: Duration) -> crate::Client;
        over batch() -> crate::Batch;
        over list(path: impl Into<String>) -> crate::List;
    }
}

forward! {
    impl crate::Batch {
        set item(item: Item);
        set items(items: impl IntoIterator<Item = Item>);
        set items_per_request(items: usize);
        set concurrent_requests(requests: usize);
        take send() -> Result<BatchReply, Error>;
    }
}

forward! {
    impl crate::List {
        set param(name: impl Into<String>, value: impl Into<ItemValue>);
        set fields(fields: impl IntoIterator<Item = impl Into<String>>);
        set sort_by(fields: impl IntoIterator<Item = impl Into<String>>);
        set descending();
        set filter(filter: Filter);
        set updated_since(moment: Moment);
        set page_size(rows: u64);
        set pages_per_request(pages: usize);
        set concurrent_requests(requests: usize);
        open pages() -> crate::Pages;
    }
}

impl Pages {
    /// See [`crate::Pages::collect`].
    ///
    /// # Errors
    /// As for [`crate::Pages::collect`].
    pub fn collect<T: DeserializeOwned + Send>(self) -> Result<Vec<T>, Error> {
        let Self { inner, runtime } = self;
        runtime.wait(inner.collect())
    }
}

impl Iterator for Pages {
    type Item = Result<Page, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.wait(self.inner.next())
    }
}
