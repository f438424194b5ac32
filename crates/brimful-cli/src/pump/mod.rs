//! Passes rows on from the portal to the output.

pub(crate) mod progress;
pub(crate) mod summary;
