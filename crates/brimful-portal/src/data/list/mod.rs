//! What all lists share: conditions on rows, the search for a page of them, and the writing of rows.
//!
//! The families of methods (legacy CRM, items, tasks, users) differ in how they read their parameters and in how they
//! page; that is theirs.

pub(crate) mod condition;
pub(crate) mod filter_key;
pub(crate) mod paging;
pub(crate) mod pattern;
pub(crate) mod plan;
pub(crate) mod query;
pub(crate) mod shape;

/// The rows of a page, everywhere.
pub(crate) const PAGE: u64 = 50;
