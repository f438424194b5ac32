//! The thread on which a blocking client's work is done.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Handle};

use crate::Error;

/// A thread that does the work of blocking clients.
#[derive(Debug)]
pub struct Runtime(Option<tokio::runtime::Runtime>);

impl Runtime {
    /// Starts the thread.
    pub fn new() -> Result<Self, Error> {
        Self::start().map_err(|error| {
            Error::config("the thread of the blocking client could not be started")
                .with_source(error)
        })
    }

    fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("brimful")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Waits for `work`, wherever the caller is.
    pub fn wait<F>(&self, work: F) -> F::Output
    where
        F: Future + Send,
        F::Output: Send,
    {
        let handle = self.handle();
        if Handle::try_current().is_err() {
            return handle.block_on(work);
        }
        // Inside another runtime a thread must not wait for this one; a thread of its own may.
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| handle.block_on(work));
            match waiting.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Does `work` where it can start tasks.
    pub fn within<R>(&self, work: impl FnOnce() -> R) -> R {
        let _entered = self.handle().enter();
        work()
    }

    fn handle(&self) -> Handle {
        match &self.0 {
            Some(runtime) => runtime.handle().clone(),
            None => unreachable!("it is taken only when this is dropped"),
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // A runtime must not be dropped inside another one, where it would wait for its tasks.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
