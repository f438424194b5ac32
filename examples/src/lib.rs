//! What the documentation of other Bitrix24 clients and of the portal itself shows, done with Brimful: each file is one
//! of their programs. `cargo run -p brimful-examples` names them all, `cargo run -p brimful-examples -- whole_list` runs
//! one on a portal inside the same process.
//!
//! - `fast_bitrix24`: the README of the Python client of this name.
//! - `batch`: the page on `batch` in the documentation of Bitrix24, and what its readers ask there.
//! - `bx_rest`: the documentation of `BX.rest`, the client of JavaScript.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "examples say what they find"
)]

pub mod batch;
pub mod bx_rest;
pub mod fast_bitrix24;
pub mod portal;
