//! The portal's data.

use crate::config::Data;

/// All that the portal holds.
pub(crate) struct State;

impl State {
    /// The state that a portal begins with.
    pub(crate) fn new(_data: &Data) -> Self {
        Self
    }
}
