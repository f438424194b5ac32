//! REST 3.0.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::list::List;
use super::runtime::Runtime;
use crate::rest3::{Batch, OpenApi};
use crate::{Error, Reply};

/// A portal by REST 3.0; see [`crate::rest3::Rest3`].
#[derive(Debug, Clone)]
pub struct Rest3 {
    inner: crate::rest3::Rest3,
    runtime: Arc<Runtime>,
}

impl Rest3 {
    pub(super) fn new(inner: crate::rest3::Rest3, runtime: Arc<Runtime>) -> Self {
        Self { inner, runtime }
    }

    /// See [`crate::rest3::Rest3::call`].
    pub fn call(&self, method: &str, params: impl Serialize + Send) -> Result<Reply, Error> {
        self.runtime.wait(self.inner.call(method, params))
    }

    /// See [`crate::rest3::Rest3::call_with_idempotency_key`].
    pub fn call_with_idempotency_key(
        &self,
        method: &str,
        params: impl Serialize + Send,
        key: &str,
    ) -> Result<Reply, Error> {
        let call = self.inner.call_with_idempotency_key(method, params, key);
        self.runtime.wait(call)
    }

    /// See [`crate::rest3::Rest3::list`].
    pub fn list(&self, method: impl Into<String>) -> List {
        List::new(self.inner.list(method), Arc::clone(&self.runtime))
    }

    /// See [`crate::rest3::Rest3::batch`].
    pub fn batch(&self, batch: Batch) -> Result<Vec<Box<RawValue>>, Error> {
        self.runtime.wait(self.inner.batch(batch))
    }

    /// See [`crate::rest3::Rest3::openapi`].
    pub fn openapi(&self) -> Result<OpenApi, Error> {
        self.runtime.wait(self.inner.openapi())
    }
}
