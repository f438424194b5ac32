//! Spawns work as a task that is aborted when its caller drops it.
//!
//! A future that waits before the gate, or has a request in flight, may be left unpolled for as long as its caller likes:
//! as the next one of a buffered stream, or a branch of a `select!`. As a part of the caller it would keep its place
//! before the gate meanwhile, and with it everybody behind it, the caller included; and an answer that has come would
//! time out unread. As a task it takes its turn, and its result waits.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::JoinHandle;
use tracing::Instrument;

/// A task that is aborted when this is dropped.
#[derive(Debug)]
pub(crate) struct Spawned<T>(JoinHandle<T>);

/// Begins `work` as a task. Must be called inside a Tokio runtime.
pub(crate) fn spawn<F>(work: F) -> Spawned<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Spawned(tokio::spawn(work.in_current_span()))
}

impl<T> Future for Spawned<T> {
    /// `None`: the runtime was shut down before the work was done.
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        Poll::Ready(match ready!(Pin::new(&mut self.0).poll(context)) {
            Ok(done) => Some(done),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => None,
            },
        })
    }
}

impl<T> Drop for Spawned<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
