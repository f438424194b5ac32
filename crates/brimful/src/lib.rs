//! A client of the Bitrix24 REST API that takes whole lists at the portal's limit, and neither loses nor repeats.
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//!
//! # async fn example() -> Result<(), brimful::Error> {
//! let client = brimful::Client::builder("https://example.bitrix24.ru/rest/1/code/").build()?;
//! let mut pages = client.list("crm.lead.list").select(["ID", "TITLE"]).pages()?;
//! while let Some(page) = pages.try_next().await? {
//!     for row in page.iter() {
//!         println!("{}", row.json);
//!     }
//! }
//! println!("{:?}", pages.report());
//! # Ok(())
//! # }
//! ```
//!
//! What belongs where: [`Transport`] makes one attempt, the gate grants each request a slot in time, the session repeats
//! what may be repeated, and a list's strategy says which commands to send. Nothing else waits, limits or retries.

mod auth;
mod batch;
mod batch_request;
#[cfg(feature = "blocking")]
pub mod blocking;
mod by_id;
#[cfg(feature = "cache")]
mod cache;
mod check;
mod client;
#[doc(hidden)]
pub mod client_parts;
pub mod crm;
mod each;
mod effect;
mod error;
mod field;
mod fields;
mod files;
mod json;
mod limits;
pub mod list;
mod names_of_calls;
mod reply;
mod report;
mod request_id;
mod rest;
pub mod rest3;
mod retry;
mod secret;
mod session;
mod spawn;
mod stats;
#[cfg(feature = "tasks")]
pub mod tasks;
mod transport;
mod waits;

pub use auth::{
    AppCredentials, Authorization, Authorize, Credential, FileTokenStore, Installation, MOVED_LOG,
    MemoryTokenStore, OAuth, PortalAddress, PortalAddressError, StoreError, TokenStore, Tokens,
    TokensError, Webhook, WebhookError,
};
pub use batch::{
    AnsweredCommand, Batch, BatchRecorder, BatchReply, EmptyReference, Label, LateCommand, NotRun,
    OnError, Outcome, References,
};
pub use brimful_protocol as protocol;
pub use brimful_protocol::rows::{Page, Row};
pub use by_id::{ById, GetById, IdOutcome, IdOutcomes, ItemId, ListAndGet, ListedIdOutcomes};
#[cfg(feature = "cache")]
pub use cache::Cache;
pub use check::{Checks, DOUBT_LOG};
pub use client::{Client, ClientBuilder};
pub use each::{Each, ItemOutcome, Outcomes};
pub use effect::Effect;
pub use error::{Error, ErrorKind, Execution, ParameterProblem};
pub use field::{Choice, Field, FieldKind};
pub use fields::Fields;
#[doc(hidden)]
pub use fields::FieldsCall;
pub use files::{Download, Downloaded, FileData, FileStream};
pub use futures_util::future::BoxFuture;
pub use http;
pub use limits::{Limit, Limits, LimitsSnapshot, MethodLimit, Priority, SlowGuard};
pub use list::{
    BegunList, Extent, KnownHidden, List, ListReport, Pages, Progress, Proof, RangeDifference,
    Resume, Rows, Tail, UnknownWalk, Verification, Walk,
};
pub use reply::{RawReply, Reply};
/// For [`HttpOptions::client`] alone, which takes an HTTP client of your own: all other types are those of [`http`].
pub use reqwest;
pub use rest::{CallResult, CallResults};
pub use retry::Retry;
pub use secret::Secret;
pub use stats::Stats;
#[cfg(feature = "tower")]
pub use transport::ServiceTransport;
pub use transport::{
    HttpOptions, Request, Response, Streaming, Transport, TransportError, TransportErrorKind,
};
/// For TLS of other connections, which decides as this crate does.
#[doc(hidden)]
pub use transport::{certificates_of_environment, verify_named};
pub use waits::{WAIT_LOG, WaitReason, Waiting};
