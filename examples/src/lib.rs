//! What other Bitrix24 clients and the documentation of Bitrix24 show, done with Brimful: each file is one program.
//! `cargo run --example fast_bitrix24` lists those of a group, and `cargo run --example fast_bitrix24 -- whole_list`
//! runs one on an emulated portal inside the same process.
//!
//! - `fast_bitrix24`: the README of the Python client of this name.
//! - `batch`: the page on `batch` in the documentation of Bitrix24, and what its readers ask there.
//! - `bx_rest`: the documentation of `BX.rest`, the JavaScript client.
//! - `own_tests`: how a program that uses Brimful is tested without a portal.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "examples print what they find"
)]

pub mod batch;
pub mod bx_rest;
pub mod fast_bitrix24;
pub mod own_tests;
pub mod portal;

/// Runs the program that the first argument names and prints what it returns as JSON. Without an argument, lists the
/// programs of the example.
#[macro_export]
macro_rules! run_by_name {
    ($example:literal, $($name:ident => $run:expr,)*) => {
        match std::env::args().nth(1).as_deref() {
            $(Some(stringify!($name)) => {
                let found = serde_json::to_string_pretty(&$run)?;
                $crate::print_line(&found);
            })*
            Some(unknown) => anyhow::bail!(
                "no program is called {unknown}; cargo run --example {} lists them",
                $example
            ),
            None => {
                $crate::print_line(concat!("cargo run --example ", $example, " -- NAME, where NAME is one of"));
                $($crate::print_line(concat!("  ", stringify!($name)));)*
            }
        }
    };
}

/// Prints a line to standard output.
pub fn print_line(line: &str) {
    println!("{line}");
}

// The code in the documentation compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/library.md")]
struct LibraryPage;

#[cfg(doctest)]
#[doc = include_str!("../../crates/brimful/README.md")]
struct ClientReadme;

#[cfg(doctest)]
#[doc = include_str!("../../crates/brimful-portal/README.md")]
struct PortalReadme;
