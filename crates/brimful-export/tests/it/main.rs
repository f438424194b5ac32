//! What every format and store promises.

#![allow(clippy::unwrap_used, reason = "it is how a test fails")]

#[cfg(feature = "adbc")]
mod adbc_reader;
mod architecture;
mod contract;
#[cfg(feature = "sync")]
mod databases;
mod messages;
#[cfg(feature = "sqlite")]
mod sync;
