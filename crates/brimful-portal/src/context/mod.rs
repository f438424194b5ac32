//! What every part of the emulator shares: the clock, the settings, the limits, the faults, the counters, and the types
//! of calls and replies. It knows no data and no method.

pub(crate) mod address;
pub(crate) mod app;
pub(crate) mod call;
pub(crate) mod churn;
pub(crate) mod clock;
pub(crate) mod deliveries;
pub(crate) mod errors;
pub(crate) mod faults;
pub(crate) mod handler_address;
pub(crate) mod hidden_rows;
pub(crate) mod limits;
pub(crate) mod local_program;
pub(crate) mod moment;
pub(crate) mod output;
pub(crate) mod reply;
pub(crate) mod request_log;
pub(crate) mod row_history;
pub(crate) mod scenario;
pub(crate) mod settings;
pub(crate) mod spec;
pub(crate) mod stats;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use brimful_protocol::catalogue;
use bytes::Bytes;
use http::Request;
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use address::PortalAddress;
pub(crate) use call::{Call, MethodName};
use clock::Clock;
pub(crate) use errors::MethodError;
use faults::Faults;
use limits::{Buckets, Operating};
pub(crate) use output::Output;
use request_log::RequestLog;
use row_history::RowHistory;
use settings::Settings;
use stats::Counters;

/// What the parts of one portal share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) counters: Counters,
    pub(crate) faults: Faults,
    pub(crate) address: PortalAddress,
    pub(crate) operating: Mutex<Operating>,
    /// How many requests each address may send.
    pub(crate) buckets: Mutex<Buckets>,
    pub(crate) requests: RequestLog,
    pub(crate) row_history: RowHistory,
    /// The methods of which was said that they exist and are not modelled.
    named: Mutex<BTreeSet<&'static str>>,
}

impl Context {
    pub(crate) fn new(
        settings: Settings,
        clock: Clock,
        faults: Faults,
        address: PortalAddress,
        operating: Operating,
        buckets: Buckets,
    ) -> Self {
        Self {
            settings,
            clock,
            counters: Counters::default(),
            faults,
            address,
            operating: Mutex::new(operating),
            buckets: Mutex::new(buckets),
            requests: RequestLog::default(),
            row_history: RowHistory::default(),
            named: Mutex::default(),
        }
    }

    /// Says once of a method that Bitrix24 has it and the emulator does not, if that is so. The caller hears what a
    /// portal without the method says.
    pub(crate) fn say_if_unmodelled(&self, method: &str) {
        let Some(known) = catalogue::find(method) else {
            return;
        };
        if self.named.lock().insert(known.name) {
            let name = known.name;
            tracing::warn!(
                target: "brimful_portal::unmodelled",
                "{name} exists in Bitrix24, not modelled: use --reply {name}=FILE",
            );
        }
    }

    /// Whether a request is of a program on the portal's machine: no page of another site can have sent it.
    pub(crate) fn is_of_local_program(&self, request: &Request<Bytes>, peer: IpAddr) -> bool {
        local_program::doubt(request, peer, self.address.bound_host()).is_none()
    }

    /// Unix seconds now.
    pub(crate) fn now(&self) -> f64 {
        self.clock.unix(Instant::now())
    }

    /// The time since the portal began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// The limiter of operating time.
    pub(crate) fn operating(&self) -> MutexGuard<'_, Operating> {
        self.operating.lock()
    }
}
