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

mod auth;
mod batch;
mod body;
mod churn;
mod clock;
mod config;
mod control;
mod download;
mod executor;
pub mod extension;
mod faults;
mod hidden_rows;
mod journal;
mod lift;
mod limits;
mod list;
mod method;
mod methods;
mod oauth;
mod portal;
mod registry;
mod reply;
mod request;
mod request_line;
mod respond;
mod rest3;
mod rights;
mod room;
mod server;
mod shelf;
mod spec;
mod state;
mod stats;
mod tls;
mod wire;
mod work;
mod xml;

#[cfg(test)]
mod tests;

pub use churn::{Change, Churn};
pub use config::{
    AccessToken, Costs, Data, DataError, Fields, Generation, Load, OperatingLimit, PortalConfig,
    RateLimit, Recorded, Refused, Reset, Rows, Scopes, Seconds, Statuses, Webhook,
};
pub use faults::{Fault, FaultRule, Faults, When};
pub use hidden_rows::HiddenRows;
pub use oauth::{App, InstallError};
pub use portal::Portal;
pub use reply::Reply;
pub use rights::Rights;
pub use server::Server;
pub use spec::SpecError;
pub use stats::Stats;
pub use tls::{Tls, TlsError};
