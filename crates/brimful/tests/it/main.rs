//! The client against the portal emulator: in process on a paused clock, and over real HTTP.

mod calls;
mod http;
mod limits;
mod lists;
mod misbehaviour;
mod support;
