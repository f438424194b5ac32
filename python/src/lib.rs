//! The native part of the Python package: the Rust client, with JSON texts going in and out. Shapes, names and the
//! exceptions of Python are made on the other side, in `brimful/`.
//!
//! Every operation starts on a runtime of its own and comes back as a [`Pending`]: Python waits for it with the
//! interpreter free, or is called when it is done.

mod client;
mod files;
mod frames;
mod list;
mod oauth;
mod outcomes;
mod pending;
mod portal;
mod program;
mod rest3;
mod rows;
mod runtime;
mod settings;

use pyo3::prelude::*;

use crate::client::Client;
use crate::files::OpenedFile;
use crate::frames::{Batch, Frame, Frames};
use crate::list::List;
use crate::oauth::OAuth;
use crate::outcomes::{Each, Found, Listed};
use crate::pending::Pending;
use crate::portal::TestPortal;
use crate::rest3::Rest3;

#[pymodule(gil_used = true)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<Client>()?;
    module.add_class::<List>()?;
    module.add_class::<Each>()?;
    module.add_class::<Found>()?;
    module.add_class::<Listed>()?;
    module.add_class::<Rest3>()?;
    module.add_class::<OAuth>()?;
    module.add_class::<OpenedFile>()?;
    module.add_class::<Pending>()?;
    module.add_class::<Batch>()?;
    module.add_class::<Frame>()?;
    module.add_class::<Frames>()?;
    module.add_class::<TestPortal>()?;
    module.add_function(wrap_pyfunction!(program::run_program, module)?)?;
    module.add_function(wrap_pyfunction!(client::returns_rows, module)?)?;
    module.add_function(wrap_pyfunction!(client::takes_parameter, module)?)?;
    Ok(())
}
