//! Another API at the portal's address, from a crate of its own: it shares the portal's sockets, clock, faults and
//! counters, and has its data, its limits and its errors to itself.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{Request, Response, StatusCode};

use crate::bodies::envelope;
use crate::context::Context;
use crate::context::faults::Fault;
use crate::context::reply::Reply;
use crate::context::settings::Costs;
use crate::data::DataError;

/// The settings of an API, from which a portal starts it. [`crate::PortalConfig::extension`] takes them.
pub trait ExtensionConfig: fmt::Debug + Send + Sync {
    /// Starts the API with the data it begins with.
    fn start(&self, setup: ExtensionSetup) -> Result<Box<dyn Extension>, DataError>;
}

/// What a portal tells an API at its start.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ExtensionSetup {
    /// The seed of generated rows.
    pub seed: u64,
    /// The portal's time zone, in seconds east of Greenwich.
    pub zone: i32,
}

/// An API at the portal's address.
pub trait Extension: Send + Sync {
    /// The name that faults and counters have for a call at this path; nothing if the path is not the API's.
    fn call_name(&self, path: &str) -> Option<String>;

    /// The refusal of a request beyond the API's rate limit, `elapsed` after the portal began. The portal's own rate
    /// limit does not apply to the API.
    fn refuse(
        &self,
        request: &Request<Bytes>,
        peer: IpAddr,
        elapsed: Duration,
    ) -> Option<Response<Bytes>>;

    /// The reply that a fault makes before any work, where the API has one of its own.
    fn fault_reply(&self, fault: &Fault) -> Option<Reply>;

    /// Answers a request.
    fn answer<'a>(
        &'a self,
        host: Host<'a>,
        request: &'a Request<Bytes>,
    ) -> BoxFuture<'a, Response<Bytes>>;
}

/// The portal that an API runs in.
#[derive(Clone, Copy)]
pub struct Host<'a> {
    context: &'a Context,
    is_for_local_program: bool,
}

impl<'a> Host<'a> {
    /// The portal for one request.
    pub(crate) fn new(context: &'a Context, request: &Request<Bytes>, peer: IpAddr) -> Self {
        Self {
            context,
            is_for_local_program: context.is_of_local_program(request, peer),
        }
    }

    /// Whether the request is of a program on this machine: no page of another site can have sent it.
    pub fn is_for_local_program(&self) -> bool {
        self.is_for_local_program
    }

    /// Unix seconds by the portal's clock.
    pub fn unix(&self) -> f64 {
        self.context.now()
    }

    /// The time since the portal began.
    pub fn elapsed(&self) -> Duration {
        self.context.clock.elapsed()
    }

    /// What the work of methods costs in this portal.
    pub fn costs(&self) -> Costs {
        self.context.settings.costs
    }

    /// Counts a run of a method.
    pub fn count_call(&self, method: &'static str) {
        self.context.counters.call(&method.into());
    }

    /// Counts a command of a batch.
    pub fn count_command(&self) {
        self.context.counters.count(|stats| stats.commands += 1);
    }
}

impl fmt::Debug for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Host")
    }
}

/// The HTML page that the web server in front of the portal sends with a status.
pub fn error_page(status: StatusCode) -> Response<Bytes> {
    envelope::html(status)
}

/// What generated rows are made from, so that an API generates rows in the same way.
#[doc(hidden)]
pub mod samples {
    pub use crate::data::hash::{below, mix, salt};
    pub use crate::data::sample_words::{
        CHORES, CITIES, COMPANIES, DEPARTMENTS, FIRST, FIRST_LATIN, LAST, LAST_LATIN, POSTS,
        SUBJECTS, TAGS,
    };
}
