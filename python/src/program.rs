//! The program, and its exports.

use std::ffi::OsString;

use brimful_cli::embedded;
use pyo3::prelude::*;

/// Runs the program with a command line, the name of the program first; its exit code.
#[pyfunction]
pub(crate) fn run_program(py: Python<'_>, command_line: Vec<OsString>) -> u8 {
    py.detach(|| brimful_cli::run(command_line).code())
}

pub(crate) use embedded::{ExportFailure, Exported, export};
