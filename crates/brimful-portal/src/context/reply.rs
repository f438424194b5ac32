//! What comes back from a portal: mostly a response, sometimes less.

use std::time::Duration;

use bytes::Bytes;
use http::Response;

/// Goes with a response whose body takes so much time to come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlowBody(pub(crate) Duration);

/// The portal's reply to one request.
#[derive(Debug)]
pub enum Reply {
    /// A response, whole. Its status and body may still be a fault.
    Response(Response<Bytes>),
    /// A response that promises `length` bytes of body and breaks off after those it has.
    Truncated {
        /// The response, with the bytes that came.
        response: Response<Bytes>,
        /// The bytes promised.
        length: u64,
    },
    /// The connection is reset and nothing comes.
    Reset,
}

impl Reply {
    /// The response, if one came whole.
    pub fn response(self) -> Option<Response<Bytes>> {
        match self {
            Self::Response(response) => Some(response),
            Self::Truncated { .. } | Self::Reset => None,
        }
    }
}

impl From<Response<Bytes>> for Reply {
    fn from(response: Response<Bytes>) -> Self {
        Self::Response(response)
    }
}
