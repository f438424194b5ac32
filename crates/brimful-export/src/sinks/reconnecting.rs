//! Work on a server that is done again on a new connection when the old one is lost.

use std::time::Duration;

use super::RECONNECT_AFTER;
use crate::error::ExportError;

/// A sink whose connection can be made again.
pub(super) trait Reconnects: Sized {
    /// Whether the last error was the end of the connection.
    fn connection_is_lost(&mut self) -> bool;

    /// Connects again after these waits, and takes the lock of the table again if this run had it. False if the server does
    /// not come back; an error if another run has the lock now.
    fn reconnect(
        &mut self,
        waits: &mut std::slice::Iter<'_, Duration>,
    ) -> Result<bool, ExportError>;

    /// Does `work`, and again if the connection was lost meanwhile and could be made again.
    fn reconnecting<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, ExportError>,
    ) -> Result<T, ExportError> {
        let mut waits = RECONNECT_AFTER.iter();
        loop {
            let done = work(self);
            if done.is_ok() || !self.connection_is_lost() || !self.reconnect(&mut waits)? {
                return done;
            }
        }
    }
}
