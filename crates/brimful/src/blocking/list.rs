//! Lists and outcomes as iterators.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;

use super::runtime::Runtime;
use crate::list::{Tail, Walk};
use crate::{Error, ListReport, Page, Progress};

/// A whole list, not yet asked for; see [`crate::List`].
#[derive(Debug, Clone)]
#[must_use = "a list is read by pages(), rows() or collect()"]
pub struct List {
    inner: crate::List,
    runtime: Arc<Runtime>,
}

impl List {
    pub(super) fn new(inner: crate::List, runtime: Arc<Runtime>) -> Self {
        Self { inner, runtime }
    }

    pub(super) fn into_inner(self) -> crate::List {
        self.inner
    }

    /// See [`crate::List::params`].
    pub fn params(self, params: Value) -> Self {
        self.with(|list| list.params(params))
    }

    /// See [`crate::List::param`].
    pub fn param(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with(|list| list.param(name, value))
    }

    /// See [`crate::List::select`].
    pub fn select<I, S>(self, fields: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.with(|list| list.select(fields))
    }

    /// See [`crate::List::filter`].
    pub fn filter(self, filter: Value) -> Self {
        self.with(|list| list.filter(filter))
    }

    /// See [`crate::List::check_names`].
    pub fn check_names(self, check: bool) -> Self {
        self.with(|list| list.check_names(check))
    }

    /// See [`crate::List::walk`].
    pub fn walk(self, walk: Walk) -> Self {
        self.with(|list| list.walk(walk))
    }

    /// See [`crate::List::tail`].
    pub fn tail(self, tail: Tail) -> Self {
        self.with(|list| list.tail(tail))
    }

    /// See [`crate::List::resume_after`].
    pub fn resume_after(self, id: u64) -> Self {
        self.with(|list| list.resume_after(id))
    }

    /// See [`crate::List::on_progress`].
    pub fn on_progress(self, observer: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.with(|list| list.on_progress(observer))
    }

    /// The pages, as an iterator.
    ///
    /// # Errors
    /// As for [`crate::List::pages`].
    pub fn pages(self) -> Result<Pages, Error> {
        let inner = self.runtime.within(|| self.inner.pages())?;
        Ok(Pages {
            inner,
            runtime: self.runtime,
        })
    }

    /// The rows one by one, as a type.
    ///
    /// # Errors
    /// As for [`crate::List::pages`].
    pub fn rows<T: DeserializeOwned>(self) -> Result<Rows<T>, Error> {
        let inner = self.runtime.within(|| self.inner.rows())?;
        Ok(Rows {
            inner,
            runtime: self.runtime,
        })
    }

    /// All rows as a type, in memory.
    ///
    /// # Errors
    /// Those of the list, and a row that is not of the type.
    pub fn collect<T: DeserializeOwned + Send>(self) -> Result<(Vec<T>, ListReport), Error> {
        let Self { inner, runtime } = self;
        runtime.wait(inner.collect())
    }

    fn with(self, change: impl FnOnce(crate::List) -> crate::List) -> Self {
        Self {
            inner: change(self.inner),
            runtime: self.runtime,
        }
    }
}

/// The pages of a list.
#[derive(Debug)]
pub struct Pages {
    inner: crate::Pages,
    runtime: Arc<Runtime>,
}

impl Pages {
    /// The account, once the list is complete.
    pub fn report(&self) -> Option<&ListReport> {
        self.inner.report()
    }

    /// How far the walk is.
    pub fn progress(&self) -> Progress {
        self.inner.progress()
    }

    /// See [`crate::Pages::watch`].
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.inner.watch()
    }
}

impl Iterator for Pages {
    type Item = Result<Page, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.wait(self.inner.next_page()).transpose()
    }
}

/// The rows of a list as a type.
#[derive(Debug)]
pub struct Rows<T> {
    inner: crate::Rows<T>,
    runtime: Arc<Runtime>,
}

impl<T: DeserializeOwned> Rows<T> {
    /// The account, once the list is complete.
    pub fn report(&self) -> Option<&ListReport> {
        self.inner.report()
    }
}

impl<T: DeserializeOwned + Send> Iterator for Rows<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.wait(self.inner.next_row()).transpose()
    }
}
