//! The CRM.

pub(crate) mod fields;

pub(crate) mod legacy;
pub(crate) mod legacy_filter;
pub(crate) mod store;
