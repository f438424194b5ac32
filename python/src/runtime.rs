//! The runtime that all clients of a process share. A process that was forked off gets one of its own: threads do not
//! come along.

use std::process;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

static SHARED: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);

/// The runtime of this process.
pub(crate) fn shared() -> PyResult<Arc<Runtime>> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let here = process::id();
    if let Some((process, runtime)) = &*shared
        && *process == here
    {
        return Ok(Arc::clone(runtime));
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("brimful")
        .enable_all()
        .build()
        .map_err(|error| PyRuntimeError::new_err(format!("no threads can be started: {error}")))?;
    let runtime = Arc::new(runtime);
    if let Some((_, parents)) = shared.replace((here, Arc::clone(&runtime))) {
        // Its threads are those of the parent process: there is nothing here to end.
        std::mem::forget(parents);
    }
    Ok(runtime)
}
