//! The portal `demo`: an emulator inside this process, for a first look without a portal.

use std::net::Ipv4Addr;
use std::ops::Deref;

use tokio::runtime::{Builder, Runtime};

use brimful_portal::{OperatingLimit, Portal, PortalConfig, RateLimit, Server};

use crate::args::rate::{PortalLimits, RateArg};
use crate::failure::Failure;
use crate::format;

/// The rows of the demo, entity by entity.
const ROWS: [(&str, u64); 9] = [
    ("crm.lead", 152_340),
    ("crm.deal", 61_208),
    ("crm.contact", 98_415),
    ("crm.company", 12_077),
    ("productrow", 31_870),
    ("crm.item.128", 2_310),
    ("crm.item.191", 640),
    ("tasks.task", 40_512),
    ("user", 214),
];

/// The share of IDs that are missing: rows are deleted in a portal's life.
const GAPS: f64 = 0.3;

/// The demo's rows in a portal.
pub(crate) fn with_rows(config: PortalConfig) -> PortalConfig {
    ROWS.iter().fold(config, |config, &(entity, rows)| {
        // Users are dismissed and not deleted; webhooks and rights name them by their number.
        let gaps = if entity == "user" { 0.0 } else { GAPS };
        config.sparse_rows(entity, rows, gaps)
    })
}

/// A limit for the emulator.
pub(crate) fn rate_limit(limit: RateArg) -> Option<RateLimit> {
    match limit {
        RateArg::Off => None,
        RateArg::Rate { burst, per_second } => Some(RateLimit::new(burst, per_second)),
    }
}

/// The emulator with threads of its own: what it sorts or counts must not hold up the clock of the command, or a deadline
/// would pass unnoticed.
pub(crate) struct Demo {
    server: Server,
    /// `None` once it is being dropped.
    runtime: Option<Runtime>,
}

impl Deref for Demo {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Nobody waits for the calls that are still being carried out.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Starts the demo on a free port of this machine.
pub(crate) async fn start(limits: PortalLimits) -> Result<Demo, Failure> {
    let usual = OperatingLimit::default();
    let config = with_rows(PortalConfig::new().rows_up_to_now())
        .rate_limit(rate_limit(limits.rate))
        .operating_limit(OperatingLimit {
            time: limits.operating.unwrap_or(usual.time),
            ..usual
        });
    listen(config).await
}

/// Starts a portal on a free port of this machine.
pub(crate) async fn listen(config: PortalConfig) -> Result<Demo, Failure> {
    let portal = Portal::new(config)
        .map_err(|error| Failure::failed(format!("the demo portal has no data: {error}")))?;
    let not_started = |why: &dyn std::fmt::Display| {
        Failure::failed(format!("the demo portal could not start: {why}"))
    };
    let runtime = Builder::new_multi_thread()
        .thread_name("demo portal")
        .enable_all()
        .build()
        .map_err(|error| not_started(&error))?;
    let bound = runtime.spawn(async move { portal.bind((Ipv4Addr::LOCALHOST, 0)).await });
    let demo = |server| Demo {
        server,
        runtime: Some(runtime),
    };
    match bound.await {
        Ok(Ok(server)) => Ok(demo(server)),
        Ok(Err(error)) => Err(not_started(&error)),
        Err(error) => Err(not_started(&error)),
    }
}

/// What the demo is, in a line.
pub(crate) fn description(server: &Server, limit: RateArg) -> String {
    let (_, leads) = ROWS[0];
    format!(
        "demo portal at {}: {} leads and more; {limit}",
        server.address(),
        format::count(leads)
    )
}
