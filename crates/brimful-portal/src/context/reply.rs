//! What comes back from a portal: mostly a response, sometimes less.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::Response;
use parking_lot::Mutex;

/// Goes with a response whose body takes so much time to come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlowBody(pub(crate) Duration);

/// What of a body is still to come.
type Rest = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// Goes with a response whose body comes bit by bit, as long as it lasts. The code that sends the response takes it.
#[derive(Clone)]
pub(crate) struct LiveBody(pub(crate) Arc<Mutex<Option<Rest>>>);

impl fmt::Debug for LiveBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveBody").finish_non_exhaustive()
    }
}

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
