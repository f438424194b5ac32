//! The client against the portal emulator: in process on a paused clock, and over real HTTP.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod architecture;
mod as_written;
mod batches;
mod begun_lists;
mod blocking;
mod by_id;
mod by_place;
mod cache;
mod calls;
mod documented_lists;
mod each;
mod files;
mod http;
mod http_options;
mod known_faults;
mod limits;
mod line;
mod lists;
mod log;
mod misbehaviour;
mod moved;
mod names;
mod oauth;
mod one_id;
mod references;
mod rest;
mod rest3;
mod rest3_lists;
mod short_pages;
mod strategies;
mod support;
mod tasks;
mod waits;
mod whole_lists;
