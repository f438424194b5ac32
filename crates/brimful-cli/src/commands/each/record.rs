//! Where outcomes go: a file that a later run can resume, or standard output.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use brimful::ItemOutcome;
use tempfile::TempDir;
use tokio::time::timeout;

use super::items::Call;
use super::outcome_file::{Earlier, OutcomeFile};
use super::previous::PreviousOutcomes;
use crate::failure::Failure;
use crate::outcome::{self, Kind, Paging};
use crate::output::{Destination, Output, OutputError, Piece, Prober, Written, named_file, rescue};
use crate::pump::PATIENCE;

/// Outcomes on their way out.
#[derive(Debug)]
pub(super) enum Record {
    File(Box<OutcomeFile>),
    Stream {
        output: Output,
        /// The same outcomes on the disk until all of them have reached standard output: calls that write must not be
        /// forgotten because a reader goes away or the run is killed.
        rescue: Option<Rescue>,
    },
}

/// Outcomes in a folder of the system's temporary files, which goes away when they are not needed.
#[derive(Debug)]
pub(super) struct Rescue {
    file: OutcomeFile,
    folder: TempDir,
}

impl Rescue {
    fn open() -> Result<Self, Failure> {
        let folder = rescue::folder().map_err(|error| {
            Failure::failed(format!("could not make a folder for the outcomes: {error}"))
                .hint("-o FILE keeps them in a file")
        })?;
        let file = OutcomeFile::open(&folder.path().join("outcomes.jsonl"), Earlier::Refuse)?;
        Ok(Self { file, folder })
    }

    /// They stay, to be continued with. Returns the name to continue with, if there is anything in it.
    fn keep(self) -> Result<Option<Rescued>, Failure> {
        let path = self.folder.path().join("outcomes.jsonl");
        let Some(written) = self.file.leave()? else {
            return Ok(None);
        };
        let _ = self.folder.keep();
        Ok(Some(Rescued {
            partial: written.name,
            path,
        }))
    }
}

/// Outcomes that could not all be written to standard output.
#[derive(Debug)]
pub(super) struct Rescued {
    /// The file that they are in.
    pub(super) partial: String,
    /// What `-o` is to name, to continue with them.
    pub(super) path: PathBuf,
}

/// Why the outcomes of all lines are not where they should be.
#[derive(Debug)]
pub(super) enum EndError {
    /// Standard output did not take all of them.
    Output(OutputError),
    /// Those in a file are still in the partial file.
    File(Failure),
}

/// What is there of a run that has ended.
#[derive(Debug)]
pub(super) enum Left {
    Nothing,
    File(Written),
    Rescued(Rescued),
}

/// The calls that are on their way, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct UnansweredCalls(Arc<Mutex<VecDeque<Call>>>);

impl UnansweredCalls {
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
    /// `repeatable` calls may be made again, so their outcomes need no place on the disk.
    pub(super) fn open(
        destination: &Destination,
        earlier: Earlier,
        repeatable: bool,
    ) -> Result<Self, Failure> {
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
        let output = Output::open(destination)?;
        let rescue = if repeatable {
            None
        } else {
            Some(Rescue::open()?)
        };
        Ok(Self::Stream { output, rescue })
    }

    /// The file that keeps them until every line has its outcome.
    pub(super) fn place(&self) -> Option<String> {
        match self {
            Self::File(file) => Some(file.place()),
            Self::Stream { .. } => None,
        }
    }

    /// Where outcomes go to a reader: whether they can be written.
    pub(super) fn prober(&self) -> Option<Prober> {
        match self {
            Self::File(_) => None,
            Self::Stream { output, .. } => Some(output.prober()),
        }
    }

    /// Why outcomes cannot be written, and what is left of them.
    pub(super) async fn error(self) -> Result<(Option<OutputError>, Left), Failure> {
        match self {
            Self::File(_) => Ok((None, Left::Nothing)),
            Self::Stream { output, rescue } => {
                let error = output.finish().await.err();
                Ok((error, kept(rescue)?))
            }
        }
    }

    /// The outcomes of earlier runs.
    pub(super) fn previous(&self) -> Result<Option<PreviousOutcomes>, Failure> {
        match self {
            Self::File(file) => file.previous().map(Some),
            Self::Stream { .. } => Ok(None),
        }
    }

    /// These calls are about to be made.
    pub(super) fn send(&mut self, calls: &[Call]) -> Result<(), OutputError> {
        match self {
            Self::File(file) => file.send(calls),
            Self::Stream { rescue, .. } => match rescue {
                Some(rescue) => rescue.file.send(calls),
                None => Ok(()),
            },
        }
    }

    /// These calls have these outcomes.
    pub(super) async fn settle(
        &mut self,
        settled: &[(Call, ItemOutcome, Kind)],
    ) -> Result<(), OutputError> {
        let lines = lines(settled);
        match self {
            Self::File(file) => file.settle(settled.len(), &lines),
            Self::Stream { output, rescue } => {
                if let Some(rescue) = rescue {
                    rescue.file.settle(settled.len(), &lines)?;
                }
                output
                    .write(Piece::Lines(lines, settled.len() as u64))
                    .await
            }
        }
    }

    /// These calls have these outcomes, and standard output takes no more.
    pub(super) fn settle_aside(
        &mut self,
        settled: &[(Call, ItemOutcome, Kind)],
    ) -> Result<(), OutputError> {
        let Self::Stream {
            rescue: Some(rescue),
            ..
        } = self
        else {
            return Ok(());
        };
        rescue.file.settle(settled.len(), &lines(settled))
    }

    /// Every line has its outcome.
    pub(super) async fn complete(self) -> Result<Written, (EndError, Left)> {
        match self {
            Self::File(file) => tokio::task::block_in_place(|| file.complete())
                .map_err(|failure| (EndError::File(failure), Left::Nothing)),
            Self::Stream { output, rescue } => match output.finish().await {
                Ok(written) => Ok(written),
                Err(error) => Err(match kept(rescue) {
                    Ok(left) => (EndError::Output(error), left),
                    Err(failure) => (EndError::File(failure), Left::Nothing),
                }),
            },
        }
    }

    /// The run has ended before that.
    pub(super) async fn leave(self) -> Result<Left, Failure> {
        match self {
            Self::File(file) => tokio::task::block_in_place(|| file.leave())
                .map(|written| written.map_or(Left::Nothing, Left::File)),
            Self::Stream { output, rescue } => {
                let is_told = timeout(PATIENCE, output.abandon())
                    .await
                    .is_ok_and(|left| left.is_ok());
                // Calls on their way stand in the file alone.
                kept(rescue.filter(|rescue| !is_told || rescue.file.has_calls_in_flight()))
            }
        }
    }
}

/// The outcomes stay on the disk, if there are any.
fn kept(rescue: Option<Rescue>) -> Result<Left, Failure> {
    let rescued = rescue.map(Rescue::keep).transpose()?.flatten();
    Ok(rescued.map_or(Left::Nothing, Left::Rescued))
}

/// A line for every outcome.
fn lines(settled: &[(Call, ItemOutcome, Kind)]) -> Vec<u8> {
    let mut lines = Vec::new();
    for (call, item, kind) in settled {
        outcome::write_as(&mut lines, call, *kind, &item.outcome, paging(item));
    }
    lines
}

/// Where the result of a call stands in its list.
pub(super) fn paging(item: &ItemOutcome) -> Paging {
    Paging {
        total: item.total,
        next: item.next,
    }
}
