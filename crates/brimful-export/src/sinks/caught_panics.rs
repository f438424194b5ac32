//! The library that writes Excel workbooks panics where its temporary files cannot be written. This makes an error of it.

use std::any::Any;
use std::cell::Cell;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::ExportError;

thread_local! {
    static IS_CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread becomes an [`ExportError`], so that the panic hook of a program need not report it.
pub fn is_panic_caught() -> bool {
    IS_CATCHING.get()
}

/// Does work that writes temporary files. After an error, what it worked on is of no use any more.
pub(super) fn with_temporary_files<T>(
    work: impl FnOnce() -> Result<T, ExportError>,
) -> Result<T, ExportError> {
    let before = IS_CATCHING.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    IS_CATCHING.set(before);
    done.unwrap_or_else(|panic| Err(error_of(panic.as_ref())))
}

fn error_of(panic: &(dyn Any + Send)) -> ExportError {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    let said = said.unwrap_or("it does not say why");
    ExportError::TemporaryFile {
        folder: std::env::temp_dir(),
        // The system says it in better words.
        source: try_to_write()
            .err()
            .unwrap_or_else(|| io::Error::other(said.to_owned())),
    }
}

/// Writes more than a buffer holds.
fn try_to_write() -> io::Result<()> {
    let mut file = tempfile::tempfile()?;
    file.write_all(&vec![0; 1 << 20])?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_words() {
        let silent = |work: fn()| {
            with_temporary_files(|| {
                assert!(is_panic_caught());
                work();
                Ok(())
            })
        };
        assert!(silent(|| ()).is_ok());
        let error = silent(|| std::panic::panic_any("no room".to_owned())).unwrap_err();
        assert!(
            error.to_string().ends_with("could not be written: no room"),
            "{error}"
        );
        assert!(!is_panic_caught());
    }
}
