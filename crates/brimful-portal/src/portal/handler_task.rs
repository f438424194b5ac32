//! A request that is handled to its end, although nobody may wait for it any more.
//!
//! A request runs where its connection is served, which costs nothing. If the connection goes first, what is left of the
//! work goes on in a task of its own, as it does behind a web server.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that is not cancelled by being dropped once it has begun.
pub(crate) struct HandlerTask<T: Send + 'static> {
    left: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    begun: bool,
}

/// The work fell over.
#[derive(Debug)]
pub(crate) struct HandlerPanicked;

impl<T: Send + 'static> HandlerTask<T> {
    pub(crate) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self {
            left: Some(Box::pin(work)),
            begun: false,
        }
    }
}

impl<T: Send + 'static> Future for HandlerTask<T> {
    type Output = Result<T, HandlerPanicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.begun = true;
        let Some(work) = &mut self.left else {
            return Poll::Ready(Err(HandlerPanicked));
        };
        // Nothing of the work is looked at after a panic.
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        let done = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(done)) => Ok(done),
            Err(_) => Err(HandlerPanicked),
        };
        self.left = None;
        Poll::Ready(done)
    }
}

impl<T: Send + 'static> Drop for HandlerTask<T> {
    fn drop(&mut self) {
        if let Some(work) = self.left.take()
            && self.begun
            && let Ok(runtime) = Handle::try_current()
        {
            drop(runtime.spawn(work));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use super::*;

    fn slow(done: &Arc<AtomicU32>) -> HandlerTask<u32> {
        let done = Arc::clone(done);
        HandlerTask::new(async move {
            sleep(Duration::from_secs(5)).await;
            done.fetch_add(1, Ordering::Relaxed)
        })
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_has_begun_goes_on_when_nobody_waits_and_is_done_once() {
        let done = Arc::new(AtomicU32::new(0));
        assert!(timeout(Duration::from_secs(1), slow(&done)).await.is_err());
        assert_eq!(done.load(Ordering::Relaxed), 0);
        sleep(Duration::from_secs(5)).await;
        assert_eq!(done.load(Ordering::Relaxed), 1);
        assert_eq!(slow(&done).await.unwrap(), 1);
        sleep(Duration::from_secs(10)).await;
        assert_eq!(done.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_has_not_begun_never_does() {
        let done = Arc::new(AtomicU32::new(0));
        drop(slow(&done));
        sleep(Duration::from_secs(10)).await;
        assert_eq!(done.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn work_that_panics_says_so() {
        let work: HandlerTask<()> = HandlerTask::new(async { panic!("on purpose") });
        assert!(work.await.is_err());
    }
}
