//! A value whose functions wait, used from asynchronous code: each call runs in a thread that may wait.

use super::SyncError;

/// A value that is moved to a waiting thread for each call. After a call that was broken off it is gone.
pub(crate) struct InThread<T>(Option<T>);

impl<T: Send + 'static> InThread<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// Runs `work` on the value.
    pub(crate) async fn call<R: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut T) -> Result<R, SyncError> + Send + 'static,
    ) -> Result<R, SyncError> {
        let mut value = self.0.take().ok_or(SyncError::BrokenOff)?;
        let done = blocking(move || {
            let result = work(&mut value);
            Ok((value, result))
        });
        let (value, result) = done.await?;
        self.0 = Some(value);
        result
    }
}

/// Runs `work` in a thread that may wait.
pub(crate) async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, SyncError> + Send + 'static,
) -> Result<R, SyncError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(SyncError::BrokenOff),
    }
}
