//! Where outcomes go: a file that a later run can go on with, or whoever reads standard output.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use brimful::ItemOutcome;

use super::items::Call;
use super::outcome_file::{Earlier, OutcomeFile};
use super::previous::PreviousOutcomes;
use crate::failure::Failure;
use crate::outcome::{self, Kind, Paging};
use crate::output::{Destination, Output, OutputError, Piece, Prober, Written, named_file};
use crate::pump::leave;

/// Outcomes on their way out.
#[derive(Debug)]
pub(super) enum Record {
    File(Box<OutcomeFile>),
    Stream(Output),
}

/// The calls that are on their way, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Flight(Arc<Mutex<VecDeque<Call>>>);

impl Flight {
    pub(super) fn send(&self, calls: Vec<Call>) {
        self.lock().extend(calls);
    }

    /// The first calls, which have come back.
    pub(super) fn land(&self, count: usize) -> Vec<Call> {
        let mut flying = self.lock();
        let count = count.min(flying.len());
        flying.drain(..count).collect()
    }

    /// The first calls have come back, but what came of them is not on record.
    pub(super) fn unland(&self, calls: Vec<Call>) {
        let mut flying = self.lock();
        for call in calls.into_iter().rev() {
            flying.push_front(call);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    pub(super) fn open(destination: &Destination, earlier: Earlier) -> Result<Self, Failure> {
        if let Destination::File(path) = destination
            && named_file(path)?.is_none_or(|found| found.is_file())
        {
            return OutcomeFile::open(path, earlier).map(|file| Self::File(Box::new(file)));
        }
        if earlier == Earlier::Resume {
            return Err(Failure::usage(
                "--resume continues a file, and -o names none",
            ));
        }
        Ok(Self::Stream(Output::open(destination)?))
    }

    /// The file that keeps them until every line has its outcome.
    pub(super) fn place(&self) -> Option<String> {
        match self {
            Self::File(file) => Some(file.place()),
            Self::Stream(_) => None,
        }
    }

    /// Where outcomes go to a reader: whether they can be written.
    pub(super) fn prober(&self) -> Option<Prober> {
        match self {
            Self::File(_) => None,
            Self::Stream(output) => Some(output.prober()),
        }
    }

    /// Why outcomes cannot be written.
    pub(super) async fn error(self) -> Option<OutputError> {
        match self {
            Self::File(_) => None,
            Self::Stream(output) => output.finish().await.err(),
        }
    }

    /// The outcomes of earlier runs.
    pub(super) fn previous(&self) -> Result<Option<PreviousOutcomes>, Failure> {
        match self {
            Self::File(file) => file.previous().map(Some),
            Self::Stream(_) => Ok(None),
        }
    }

    /// These calls are about to be made.
    pub(super) fn send(&mut self, calls: &[Call]) -> Result<(), OutputError> {
        match self {
            Self::File(file) => file.send(calls),
            Self::Stream(_) => Ok(()),
        }
    }

    /// These calls have these outcomes.
    pub(super) async fn settle(
        &mut self,
        settled: &[(Call, ItemOutcome, Kind)],
    ) -> Result<(), OutputError> {
        let mut lines = Vec::new();
        for (call, item, kind) in settled {
            outcome::write_as(&mut lines, call, *kind, &item.outcome, paging(item));
        }
        match self {
            Self::File(file) => file.settle(settled.len(), &lines),
            Self::Stream(output) => {
                output
                    .write(Piece::Lines(lines, settled.len() as u64))
                    .await
            }
        }
    }

    /// Every line has its outcome.
    pub(super) async fn complete(self) -> Result<Option<Written>, Failure> {
        match self {
            Self::File(file) => tokio::task::block_in_place(|| file.complete()).map(Some),
            Self::Stream(output) => match output.finish().await {
                Ok(written) => Ok(Some(written)),
                Err(error) if error.is_closed() => Ok(None),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// The run has ended before that.
    pub(super) async fn leave(self) -> Result<Option<Written>, Failure> {
        match self {
            Self::File(file) => tokio::task::block_in_place(|| file.leave()),
            Self::Stream(output) => Ok(leave(output).await),
        }
    }
}

/// Where the result of a call stands in its list.
pub(super) fn paging(item: &ItemOutcome) -> Paging {
    Paging {
        total: item.total,
        next: item.next,
    }
}
