//! Files, fetched.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::runtime::Runtime;
use crate::{DidItRun, Downloaded, Error, ErrorKind};

/// A file to be fetched; see [`crate::Download`].
#[derive(Debug)]
#[must_use = "nothing is fetched before it is told where to"]
pub struct Download {
    inner: crate::Download,
    runtime: Arc<Runtime>,
}

impl Download {
    pub(super) fn new(inner: crate::Download, runtime: Arc<Runtime>) -> Self {
        Self { inner, runtime }
    }

    /// See [`crate::Download::allow_host`].
    pub fn allow_host(self, host: impl Into<String>) -> Self {
        self.with(|download| download.allow_host(host))
    }

    /// See [`crate::Download::any_host`].
    pub fn any_host(self) -> Self {
        self.with(crate::Download::any_host)
    }

    /// See [`crate::Download::expect_size`].
    pub fn expect_size(self, bytes: u64) -> Self {
        self.with(|download| download.expect_size(bytes))
    }

    /// The whole file, in memory.
    ///
    /// # Errors
    /// As for [`crate::Download::bytes`].
    pub fn bytes(self) -> Result<Bytes, Error> {
        self.runtime.wait(self.inner.bytes())
    }

    /// Writes the file to `out`, piece by piece. If this fails, `out` has the beginning of the file.
    ///
    /// # Errors
    /// The file cannot be fetched, or `out` cannot be written.
    pub fn to_writer(self, out: &mut impl Write) -> Result<Downloaded, Error> {
        let mut file = self.runtime.wait(self.inner.open())?;
        let at = file.place();
        let unwritable = |error: std::io::Error| {
            let what = format!("what it is written to could not be written: {error}");
            Error::new(ErrorKind::Io, DidItRun::No, what)
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

    fn with(self, change: impl FnOnce(crate::Download) -> crate::Download) -> Self {
        Self {
            inner: change(self.inner),
            runtime: self.runtime,
        }
    }
}
