//! Leave to send a request: a token, operating time, and a slot of the portal's rate.

use std::task::Poll;

use tokio::time::Instant;

use super::{CallOptions, Effort, Session};
use crate::auth::{Pass, TokenFailure};
use crate::error::{Error, ErrorKind, Execution};
use crate::limits::{Calls, Charge, HeldBack, Slot, WaitReporters};
use crate::waits::{ShownWait, WaitReason, in_words};

/// Leave to send one request.
#[derive(Debug)]
pub(crate) struct Permit {
    granted: Result<Granted, NoPermit>,
}

#[derive(Debug)]
struct Granted {
    pass: Pass,
    slot: Slot,
    /// Told to the ledger as long as it lives.
    charge: Charge,
}

/// Why a request may not be sent at all.
#[derive(Debug)]
pub(crate) enum NoPermit {
    NoToken(TokenFailure),
    /// It was held back for its operating time until the deadline.
    HeldBack(HeldBack, Deadline),
}

/// The deadline that a wait ended at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deadline {
    Job,
    Retry,
}

impl NoPermit {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::NoToken(failure) => failure.into_error("there is no access token"),
            Self::HeldBack(HeldBack { method, waited }, deadline) => {
                let waited = in_words(waited);
                let (kind, message) = match deadline {
                    Deadline::Job => (
                        ErrorKind::Deadline,
                        format!(
                            "{method} has used up its operating time, and the deadline of the job comes before it has some again"
                        ),
                    ),
                    Deadline::Retry => (
                        ErrorKind::OperationTimeLimit,
                        format!(
                            "{method} has used up its operating time, and waited {waited} for it: longer than a call is tried"
                        ),
                    ),
                };
                Error::new(kind, Execution::NotRun, message)
            }
        }
    }
}

/// A request on its way: its place among those in flight, and its charge in the ledger.
#[derive(Debug)]
pub(crate) struct InFlight {
    _slot: Slot,
    _charge: Charge,
}

impl Permit {
    /// The request goes out with so many calls of `method`, where it was admitted with more.
    pub(crate) fn lower(&mut self, method: &str, calls: usize) {
        if let Ok(granted) = &mut self.granted {
            granted.charge.lower(method, calls as u32);
        }
    }

    /// What lets the request in, which goes out now. It is in flight until the second part is dropped.
    pub(crate) fn used(self) -> Result<(Pass, InFlight), NoPermit> {
        let Granted {
            pass,
            mut slot,
            charge,
        } = self.granted?;
        slot.spend();
        let in_flight = InFlight {
            _slot: slot,
            _charge: charge,
        };
        Ok((pass, in_flight))
    }
}

impl Session {
    /// Waits until the operating time of what is called and the portal's rate allow a request. Nothing is held while
    /// operating time is waited for.
    pub(crate) async fn permit(
        &self,
        charges: &Calls,
        options: &CallOptions,
        effort: &mut Effort,
    ) -> Permit {
        let granted = self.grant(charges, options, effort).await;
        Permit { granted }
    }

    async fn grant(
        &self,
        charges: &Calls,
        options: &CallOptions,
        effort: &mut Effort,
    ) -> Result<Granted, NoPermit> {
        let subject = charges.last().map_or("", |(method, _)| method);
        loop {
            let pass = self.auth.pass();
            let pass = shown_if_pending(pass, || {
                options.waits.show(subject, WaitReason::AccessToken, None)
            });
            pass.await.map_err(NoPermit::NoToken)?;
            let asked = Instant::now();
            let charge = self.admit(charges, options).await;
            let admitted = Instant::now();
            effort.held_back += admitted - asked;
            let charge = charge?;
            let slot = self.gate.slot(&options.rank);
            let slot = shown_if_pending(slot, || {
                options.waits.show(subject, WaitReason::RateLimit, None)
            });
            let slot = slot.await;
            effort.waited += admitted.elapsed();
            // A token that was refused meanwhile is being renewed: the slot goes back, since slots that are kept until
            // then would be used all at once, which is not what the gate has counted with.
            if let Some(pass) = self.auth.pass_at_hand() {
                return Ok(Granted { pass, slot, charge });
            }
        }
    }

    /// Waits for operating time, no longer than the job has and than a call is tried.
    async fn admit(&self, charges: &Calls, options: &CallOptions) -> Result<Charge, NoPermit> {
        let of_retry = Instant::now().checked_add(self.retry.deadline);
        let (give_up, deadline) = match (options.deadline, of_retry) {
            (Some(job), Some(retry)) if retry < job => (Some(retry), Deadline::Retry),
            (Some(job), _) => (Some(job), Deadline::Job),
            (None, retry) => (retry, Deadline::Retry),
        };
        let reporters = WaitReporters {
            log: &self.wait_log,
            board: &options.waits,
        };
        self.ledger
            .admit(
                charges,
                options.call_count,
                give_up,
                deadline == Deadline::Job,
                &reporters,
            )
            .await
            .map_err(|held_back| NoPermit::HeldBack(held_back, deadline))
    }
}

/// Waits for `work`, and shows so if it is not ready at once.
async fn shown_if_pending<T>(work: impl Future<Output = T>, show: impl FnOnce() -> ShownWait) -> T {
    tokio::pin!(work);
    let at_once = std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context)));
    if let Poll::Ready(done) = at_once.await {
        return done;
    }
    let _shown = show();
    work.await
}
