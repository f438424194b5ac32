//! The runtime on which the thread that writes to a server waits for its answers.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// A runtime that can be dropped anywhere. One of tokio's cannot be dropped where another one runs.
pub(crate) struct WriterRuntime {
    /// `None` while it is dropped.
    runtime: Option<Runtime>,
}

impl Drop for WriterRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl WriterRuntime {
    /// A runtime that runs while it is waited for, and no longer.
    #[cfg(any(feature = "clickhouse", feature = "s3"))]
    pub(crate) fn on_this_thread() -> io::Result<Self> {
        Self::build(&mut Builder::new_current_thread())
    }

    /// A runtime whose tasks, such as a connection, run all the time.
    #[cfg(feature = "postgres")]
    pub(crate) fn in_background() -> io::Result<Self> {
        Self::build(Builder::new_multi_thread().worker_threads(1))
    }

    fn build(builder: &mut Builder) -> io::Result<Self> {
        let runtime = Some(builder.enable_all().build()?);
        Ok(Self { runtime })
    }

    fn running(&self) -> io::Result<&Runtime> {
        let runtime = self.runtime.as_ref();
        runtime.ok_or_else(|| io::Error::other("the connection is closed"))
    }

    /// Waits for a future.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        Ok(self.running()?.block_on(work))
    }

    /// Waits for some time.
    pub(crate) fn sleep(&self, time: Duration) -> io::Result<()> {
        self.wait(async { tokio::time::sleep(time).await })
    }

    /// Starts a task that runs while other things are done.
    #[cfg(feature = "postgres")]
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<tokio::task::JoinHandle<T>> {
        Ok(self.running()?.spawn(work))
    }
}

/// An error and its causes, in one line.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a string does not fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
