//! Names of requests: each goes out with its own in a header, and the log and the error it ends with have it too.

use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderName;

/// The header that names a request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each request of a session a name of its own.
#[derive(Debug)]
pub(crate) struct RequestNames {
    session: u32,
    given: AtomicU64,
}

impl RequestNames {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            session: seed as u32,
            given: AtomicU64::new(0),
        }
    }

    pub(crate) fn random() -> Self {
        Self::new(fastrand::u64(..))
    }

    pub(crate) fn next(&self) -> String {
        let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{:08x}-{number}", self.session)
    }
}
