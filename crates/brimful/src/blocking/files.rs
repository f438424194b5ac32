//! Files, fetched.

use std::io::Write;
use std::path::Path;

use bytes::Bytes;

use super::forward::forward;
use super::{Blocking, Download};
use crate::{Downloaded, Error, ErrorKind, Execution};

forward! {
    impl crate::Download {
        set allow_host(host: impl Into<String>);
        set any_host();
        set expect_size(bytes: u64);
        take bytes() -> Result<Bytes, Error>;
    }
}

impl Download {
    /// Writes the file to `out`, piece by piece. If this fails, `out` has the beginning of the file.
    ///
    /// # Errors
    /// The file cannot be fetched, or `out` cannot be written.
    pub fn to_writer(self, out: &mut impl Write) -> Result<Downloaded, Error> {
        let mut file = self.runtime.wait(self.inner.open())?;
        let at = file.place();
        let unwritable = |error: std::io::Error| {
            let what = format!("what it is written to could not be written: {error}");
            Error::new(ErrorKind::Io, Execution::NotRun, what)
                .with_source(error)
                .at(&at, "download")
        };
        while let Some(piece) = self.runtime.wait(file.next_piece())? {
            out.write_all(&piece).map_err(unwritable)?;
        }
        out.flush().map_err(unwritable)?;
        Ok(file.account())
    }

    /// See [`crate::Download::to_file`].
    ///
    /// # Errors
    /// The file cannot be fetched or written.
    pub fn to_file(self, path: impl AsRef<Path>) -> Result<Downloaded, Error> {
        let path = path.as_ref().to_owned();
        self.runtime.wait(self.inner.to_file(path))
    }
}
