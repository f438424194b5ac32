//! The outcomes of many calls on their way.

use std::sync::Arc;

use brimful::Error;
use futures_util::FutureExt;
use pyo3::prelude::*;
use tokio::sync::Mutex as AsyncMutex;

use crate::pending::{Output, Pending};

/// Outcomes are handed to Python so many at a time.
const OUTCOMES: usize = 500;

/// The outcomes of many calls on their way, in the order of the items.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Each(pub(crate) Arc<AsyncMutex<brimful::Outcomes<'static>>>);

#[pymethods]
impl Each {
    /// The next outcomes; nothing after the last.
    fn next_outcomes(&self) -> PyResult<Pending> {
        let each = Arc::clone(&self.0);
        Pending::start(async move {
            let mut each = each.lock().await;
            let mut outcomes = Vec::new();
            while outcomes.len() < OUTCOMES {
                // What has come is not held back for what is on its way.
                let next = if outcomes.is_empty() {
                    each.next().await
                } else {
                    match each.next().now_or_never() {
                        Some(next) => next,
                        None => break,
                    }
                };
                let Some(item) = next else { break };
                outcomes.push((Some(item.index.to_string()), item.outcome));
            }
            Ok(Output::outcomes(outcomes))
        })
    }
}

/// What comes for many IDs, in their order.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Found(pub(crate) Arc<AsyncMutex<brimful::IdOutcomes<'static>>>);

#[pymethods]
impl Found {
    /// The next outcomes, each under its ID; nothing after the last.
    fn next_outcomes(&self) -> PyResult<Pending> {
        let found = Arc::clone(&self.0);
        Pending::start(async move {
            let mut found = found.lock().await;
            let mut outcomes = Vec::new();
            while outcomes.len() < OUTCOMES {
                let next = if outcomes.is_empty() {
                    found.next().await
                } else {
                    match found.next().now_or_never() {
                        Some(next) => next,
                        None => break,
                    }
                };
                let Some(one) = next else { break };
                outcomes.push((Some(one.id.to_string()), one.outcome));
            }
            Ok(Output::outcomes(outcomes))
        })
    }
}

/// What comes for the IDs of a list, in their order, while the list is read.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Listed(pub(crate) Arc<AsyncMutex<ListedOutcomes>>);

/// The outcomes, and the error that the list has ended with behind them.
pub(crate) struct ListedOutcomes {
    pub(crate) found: brimful::ListedIdOutcomes,
    pub(crate) failed: Option<Error>,
}

#[pymethods]
impl Listed {
    /// The next outcomes, each under its ID; nothing after the last.
    fn next_outcomes(&self) -> PyResult<Pending> {
        let listed = Arc::clone(&self.0);
        Pending::start(async move {
            let mut listed = listed.lock().await;
            if let Some(error) = listed.failed.take() {
                return Err(error.into());
            }
            let mut outcomes = Vec::new();
            while outcomes.len() < OUTCOMES {
                let next = if outcomes.is_empty() {
                    listed.found.next().await
                } else {
                    match listed.found.next().now_or_never() {
                        Some(next) => next,
                        None => break,
                    }
                };
                match next {
                    Some(Ok(one)) => outcomes.push((Some(one.id.to_string()), one.outcome)),
                    Some(Err(error)) if outcomes.is_empty() => return Err(error.into()),
                    Some(Err(error)) => {
                        listed.failed = Some(error);
                        break;
                    }
                    None => break,
                }
            }
            Ok(Output::outcomes(outcomes))
        })
    }
}
