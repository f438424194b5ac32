//! A Bitrix24 portal emulator: the REST API with its limits and its faults, for tests without a portal.
//!
//! A [`Portal`] is made from a [`PortalConfig`]. It answers in process ([`Portal::handle`], on tokio's clock, which a
//! test may pause) or on a socket ([`Portal::bind`], [`Portal::bind_tls`], [`Portal::serve`], [`Portal::router`]). [`Portal::faults`] breaks
//! things to order and [`Portal::stats`] tells what was asked.
//!
//! ```
//! use brimful_portal::{Portal, PortalConfig};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let portal = Portal::new(PortalConfig::new().rows("lead", 1000))?;
//! let server = portal.bind("127.0.0.1:0").await?;
//! assert!(server.webhook_url().ends_with("/rest/1/demo/"));
//! server.shut_down().await?;
//! # Ok(())
//! # }
//! ```

mod admin;
mod bodies;
mod calls;
mod config;
mod context;
mod data;
pub mod extension;
mod methods;
mod oauth;
mod portal;
mod rest;
mod rest3;
mod server;

#[cfg(test)]
mod tests;

pub use calls::installation::InstallError;
pub use config::PortalConfig;
pub use context::app::App;
pub use context::churn::{Churn, ChurnAction};
pub use context::deliveries::{DeliveryOutcome, EventDeliveries, EventDelivery};
pub use context::faults::{Fault, FaultRule, FaultTiming, Faults};
pub use context::hidden_rows::HiddenRows;
pub use context::limits::{LimiterGeneration, OperatingLimit, RateLimit, RefusedRequests};
pub use context::reply::Reply;
pub use context::scenario::Scenario;
pub use context::settings::{
    AccessToken, AuthStatuses, Costs, OperatingReset, Rights, Scopes, SecondsFormat, Webhook,
};
pub use context::spec::SpecError;
pub use context::stats::Stats;
pub use data::records::{
    RecordDescription, RecordFieldDescription, RecordMethodDescription, RecordVerb, record_kinds,
};
pub use data::{
    Data, DataError, ENTITY_NAMES, Fields, Load, LoadedRows, Recorded, Rows, with_fake_names,
};
pub use portal::Portal;
pub use server::{Server, StartError, Tls, TlsError};
