//! A file that is taken away piece by piece while it is written.

use std::io::{self, Write};
use std::sync::Arc;

use parking_lot::Mutex;

/// What a format's writer has written and nobody has taken yet. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunks(Arc<Mutex<Vec<u8>>>);

impl Chunks {
    /// Moves what is there to the end of `out`.
    pub(crate) fn drain(&self, out: &mut Vec<u8>) {
        out.append(&mut self.0.lock());
    }

    /// Writes what is there to `out`.
    pub(crate) fn drain_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let bytes = std::mem::take(&mut *self.0.lock());
        out.write_all(&bytes)
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
