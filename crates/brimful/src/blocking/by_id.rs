//! Items by their IDs.

use std::sync::Arc;

use serde_json::Value;

use super::list::List;
use super::runtime::Runtime;
use crate::{ById, Error, Found, ListReport};

/// Items to be fetched by their IDs; see [`crate::GetById`].
#[derive(Debug)]
#[must_use = "items are fetched by collect() or stream()"]
pub struct GetById {
    inner: crate::GetById,
    runtime: Arc<Runtime>,
}

impl GetById {
    pub(super) fn new(inner: crate::GetById, runtime: Arc<Runtime>) -> Self {
        Self { inner, runtime }
    }

    /// See [`crate::GetById::id_field`].
    pub fn id_field(self, name: impl Into<String>) -> Self {
        self.with(|get| get.id_field(name))
    }

    /// See [`crate::GetById::params`].
    pub fn params(self, params: Value) -> Self {
        self.with(|get| get.params(params))
    }

    /// See [`crate::GetById::param`].
    pub fn param(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with(|get| get.param(name, value))
    }

    /// What came for each ID, in the order in which the IDs were given.
    ///
    /// # Errors
    /// As for [`crate::GetById::stream`].
    pub fn stream(self) -> Result<Founds, Error> {
        let inner = self.runtime.within(|| self.inner.stream())?;
        Ok(Founds {
            inner,
            runtime: self.runtime,
        })
    }

    /// What came for all IDs.
    ///
    /// # Errors
    /// As for [`crate::GetById::collect`].
    pub fn collect(self) -> Result<ById, Error> {
        let Self { inner, runtime } = self;
        runtime.wait(inner.collect())
    }

    fn with(self, change: impl FnOnce(crate::GetById) -> crate::GetById) -> Self {
        Self {
            inner: change(self.inner),
            runtime: self.runtime,
        }
    }
}

/// What came for each ID, in the order in which the IDs were given.
#[derive(Debug)]
pub struct Founds {
    inner: crate::Founds,
    runtime: Arc<Runtime>,
}

impl Iterator for Founds {
    type Item = Found;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.wait(self.inner.next())
    }
}

/// Items of a list, to be fetched one by one; see [`crate::ListAndGet`].
#[derive(Debug)]
#[must_use = "items are fetched by collect() or stream()"]
pub struct ListAndGet {
    inner: crate::ListAndGet,
    runtime: Arc<Runtime>,
}

impl ListAndGet {
    pub(super) fn new(inner: crate::ListAndGet, runtime: Arc<Runtime>) -> Self {
        Self { inner, runtime }
    }

    /// See [`crate::ListAndGet::list`].
    pub fn list(self, change: impl FnOnce(List) -> List) -> Self {
        let runtime = Arc::clone(&self.runtime);
        self.with(|get| get.list(|list| change(List::new(list, runtime)).into_inner()))
    }

    /// See [`crate::ListAndGet::filter`].
    pub fn filter(self, filter: Value) -> Self {
        self.with(|get| get.filter(filter))
    }

    /// See [`crate::ListAndGet::id_field`].
    pub fn id_field(self, name: impl Into<String>) -> Self {
        self.with(|get| get.id_field(name))
    }

    /// See [`crate::ListAndGet::param`].
    pub fn param(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with(|get| get.param(name, value))
    }

    /// What came for each ID, in the order of the list.
    ///
    /// # Errors
    /// As for [`crate::ListAndGet::stream`].
    pub fn stream(self) -> Result<FoundInList, Error> {
        let inner = self.runtime.within(|| self.inner.stream())?;
        Ok(FoundInList {
            inner,
            runtime: self.runtime,
        })
    }

    /// What came for all IDs of the list, and the account of the list.
    ///
    /// # Errors
    /// As for [`crate::ListAndGet::collect`].
    pub fn collect(self) -> Result<(ById, ListReport), Error> {
        let Self { inner, runtime } = self;
        runtime.wait(inner.collect())
    }

    fn with(self, change: impl FnOnce(crate::ListAndGet) -> crate::ListAndGet) -> Self {
        Self {
            inner: change(self.inner),
            runtime: self.runtime,
        }
    }
}

/// What came for each ID of a list, in its order. It ends with an error where the list does.
#[derive(Debug)]
pub struct FoundInList {
    inner: crate::FoundInList,
    runtime: Arc<Runtime>,
}

impl Iterator for FoundInList {
    type Item = Result<Found, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.wait(self.inner.next())
    }
}
