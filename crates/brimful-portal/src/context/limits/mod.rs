//! What holds callers back: the bucket of requests by address, and the operating time by method.

mod bucket;
mod operating;

pub(crate) use bucket::Buckets;
pub use bucket::{RateLimit, RefusedRequests};
pub(crate) use operating::{Entity, Operating, Report, RequestUsage, WINDOW};
pub use operating::{LimiterGeneration, OperatingLimit};
