//! The client against the portal emulator: in process on a paused clock, and over real HTTP.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod batches;
mod by_id;
mod cache;
mod calls;
mod each;
mod http;
mod limits;
mod lists;
mod misbehaviour;
mod rest;
mod rest3;
mod strategies;
mod support;
