//! Calls as other people's documents write them, answered as those documents say: a batch in a GET address and as JSON,
//! what the most used libraries send, and every filter that is told of for tasks. The data is ours.
#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

mod batch;
mod callbacks;
mod library;
mod support;
mod tasks;
