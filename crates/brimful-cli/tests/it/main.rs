//! The program as its users meet it: what it prints, what it writes, and how it ends.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod architecture;
mod bad_input;
mod batch;
mod call;
#[cfg(feature = "s3")]
mod dataset;
mod each;
mod ends;
mod every_command;
mod export;
mod export_columns;
mod fields;
mod get;
mod help;
mod hostile;
mod limits;
mod login;
mod methods;
mod portal;
#[cfg(feature = "r7")]
mod r7;
mod recipes;
mod resume;
mod secrets;
mod singer;
mod support;
#[cfg(feature = "sync")]
mod sync;
#[cfg(feature = "sync")]
mod sync_kills;
mod tasks;
