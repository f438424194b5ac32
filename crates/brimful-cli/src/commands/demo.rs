//! The portal `demo`: an emulator inside this process, for a first look without a portal.

use std::net::Ipv4Addr;

use brimful_portal::{OperatingLimit, Portal, PortalConfig, RateLimit, Server};

use crate::args::rate::{PortalLimits, RateArg};
use crate::failure::Failure;
use crate::format;

/// The rows of the demo, entity by entity.
const ROWS: [(&str, u64); 7] = [
    ("crm.lead", 152_340),
    ("crm.deal", 61_208),
    ("crm.contact", 98_415),
    ("crm.company", 12_077),
    ("productrow", 31_870),
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

/// Starts the demo on a free port of this machine.
pub(crate) async fn start(limits: PortalLimits) -> Result<Server, Failure> {
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
pub(crate) async fn listen(config: PortalConfig) -> Result<Server, Failure> {
    let portal = Portal::new(config)
        .map_err(|error| Failure::failed(format!("the demo portal has no data: {error}")))?;
    portal
        .bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(|error| Failure::failed(format!("the demo portal could not start: {error}")))
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
