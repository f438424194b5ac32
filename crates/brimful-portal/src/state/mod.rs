//! The portal's data.

/// All that the portal holds.
pub(crate) struct State;
