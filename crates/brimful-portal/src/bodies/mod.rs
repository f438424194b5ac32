//! Bodies of requests and replies, as all APIs of the portal share them.

pub(crate) mod envelope;
pub(crate) mod fault_replies;
pub(crate) mod request;
pub(crate) mod request_body;
mod xml;

/// What all commands of a batch together may return, in bytes.
pub(crate) const MOST_RETURNED: usize = 64 << 20;
