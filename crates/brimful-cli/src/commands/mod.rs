//! The commands: the arguments of each, and what it does.

#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    reason = "the help of a program has no markup"
)]

pub(crate) mod batch;
mod batch_record;
pub(crate) mod call;
mod columns;
pub(crate) mod completions;
mod connection;
mod demo;
mod each;
pub(crate) mod export;
pub(crate) mod fields;
pub(crate) mod get;
#[cfg(feature = "sync")]
pub(crate) mod init;
pub(crate) mod limits;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod methods;
mod names;
pub(crate) mod portal;
mod prompt;
#[cfg(feature = "r7")]
pub(crate) mod r7;
mod resume;
mod show;
#[cfg(feature = "sync")]
pub(crate) mod status;
#[cfg(feature = "sync")]
pub(crate) mod sync;
pub(crate) mod tasks;
#[cfg(feature = "sync")]
pub(crate) mod verify;

use connection::{checks, connect, connect_with};
pub(crate) use resume::keep_command_line;
