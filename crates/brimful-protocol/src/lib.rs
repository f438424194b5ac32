//! The Bitrix24 REST wire, without I/O.
//!
//! This crate knows what goes over the line and what it means: parameters ([`query`], [`Value`]), JSON as PHP writes it
//! ([`json`]), reply envelopes ([`Envelope`]), batches ([`batch`]) with their [`Reference`]s, rows of lists ([`rows`]),
//! error codes, lenient scalars ([`scalar`]), the [`catalogue`] of methods and the names that lists take
//! ([`list_fields`]). It does no I/O, knows no clock and no
//! runtime, and holds nothing of the client or of the emulator: both are built on it and never on each other.

pub mod batch;
pub mod calendar;
pub mod catalogue;
mod code;
mod envelope;
mod float;
pub mod json;
pub mod list_fields;
pub mod query;
pub mod reference;
pub mod rows;
pub mod scalar;
mod time;
mod value;

pub use code::{ErrorCode, KnownCode};
pub use envelope::{ApiError, Envelope, EnvelopeError};
pub use reference::Reference;
pub use time::Time;
pub use value::{Array, Key, Value};
