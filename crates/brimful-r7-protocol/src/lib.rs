//! The wire of R7-Office (the ONLYOFFICE Community Server API, `/api/2.0/…`), without I/O.
//!
//! Forms whose names nest by brackets and dots ([`form`]), reply envelopes that leave out what is zero ([`Envelope`]),
//! batches ([`Item`], [`ItemReply`]), JSON as the server escapes it ([`json`]) and its dates with seven digits of a
//! second ([`Moment`]). Sources: the vendors' documentation and the server's published code.

pub mod basic;
mod batch;
mod envelope;
pub mod form;
pub mod json;
mod moment;
mod page;

use std::time::Duration;

pub use batch::{Item, ItemReply, read_items, read_replies};
pub use envelope::{Envelope, EnvelopeError, Problem};
pub use moment::{Moment, MomentError};
pub use page::{ListPage, PageError, read_page};

/// The prefix of all addresses of the API.
pub const ROOT: &str = "/api/2.0/";

/// The address of a batch; with `.json` the reply is JSON whatever else is said.
pub const BATCH: &str = "/api/2.0/batch.json";

/// The `Content-Type` of a body of nested form fields: what a batch item has if it says nothing.
pub const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// The `Content-Type` of a JSON body. Without the charset the server fails the whole batch that an item with a body is
/// in.
pub const JSON: &str = "application/json; charset=utf-8";

/// The most rows of one page, as the server is shipped.
pub const LARGEST_PAGE: u64 = 1000;

/// The request-rate limit: so many requests of an address and an account in any stretch of so much time. What is more is
/// refused with 503 and `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many requests.
    pub requests: usize,
    /// In how much time.
    pub within: Duration,
}

impl RateLimit {
    /// As documented: 500 in 10 seconds.
    pub const DOCUMENTED: Self = Self {
        requests: 500,
        within: Duration::from_secs(10),
    };
}

/// The address of a path of the API: `people/@self`, `api/2.0/people/@self` and `/api/2.0/people/@self` are the same.
///
/// ```
/// assert_eq!(brimful_r7_protocol::absolute("people/@self"), "/api/2.0/people/@self");
/// assert_eq!(brimful_r7_protocol::absolute("api/2.0/group"), "/api/2.0/group");
/// ```
pub fn absolute(path: &str) -> String {
    let path = path.trim().trim_start_matches('/');
    let inner = path.strip_prefix("api/2.0/").unwrap_or(path);
    format!("{ROOT}{inner}")
}
