//! The methods of REST 3.0: objects as descriptions, filters of triples, pages by `pagination` or a cursor.

mod call_followups;
mod communications;
mod documentation;
mod dto;
mod endpoint;
pub(crate) mod error;
mod event_log;
mod fields;
mod filter;
mod item;
mod mail;
mod note_files;
mod notes;
mod object_fields;
pub(crate) mod page;
pub(crate) mod params;
mod select;
mod structure;
mod task_fields;
mod task_results;
mod task_writing;
mod tasks;
mod working_time;

pub(crate) use endpoint::{Endpoint, ResultWrapping, find, served};

/// The scopes of the methods.
pub(crate) fn scopes() -> impl Iterator<Item = &'static str> {
    endpoint::ALL.iter().map(|one| one.method.scope)
}
