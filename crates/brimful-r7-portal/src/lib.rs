//! R7-Office for the portal emulator: `/api/2.0/…` as the ONLYOFFICE Community Server answers it, with its batches, people,
//! groups, projects and CRM, and a request-rate limit of its own.
//!
//! Where the documentation and the server's published code disagree, the code is followed; [`R7Config`] has switches for
//! readings that tests may want the other way.
//!
//! From the bottom up: `params`, `row`, `guid`; `access`, `store`; `list`; `call`; the handlers `people`, `group`, `crm`,
//! `project`; `api`, which dispatches to them; `request`, `batch`, `reply`; `server`.

mod access;
mod api;
mod api_failure;
mod batch;
mod call;
mod config;
mod crm;
mod group;
mod guid;
mod limit;
mod list;
mod params;
mod people;
mod project;
mod reply;
mod request;
mod row;
mod server;
mod store;

pub use brimful_r7_protocol::RateLimit;
pub use config::R7Config;
