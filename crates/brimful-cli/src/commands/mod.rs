//! The commands: the arguments of each, and what it does.

pub(crate) mod batch;
pub(crate) mod call;
pub(crate) mod completions;
mod connection;
mod demo;
mod each;
pub(crate) mod export;
pub(crate) mod fields;
pub(crate) mod get;
pub(crate) mod limits;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod methods;
pub(crate) mod portal;
pub(crate) mod r7;
mod resume;
mod show;
pub(crate) mod tasks;

use connection::connect;
