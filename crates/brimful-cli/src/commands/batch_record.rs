//! Where the outcomes of a batch go, and what is known of them while it runs: a batch that writes leaves a line for every
//! command that may have run, even if the program is killed.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use super::show::nothing_sent;
use crate::failure::Failure;
use crate::format;
use crate::output::atomic::create_merged;
use crate::output::outcome_log::OutcomeLog;
use crate::output::partial::{PartialFile, named, target_name};
use crate::output::{Destination, Leftover, Output, OutputError, Piece, named_file, rescue};
use crate::pump;

/// Appends the line of a command that is about to be sent: what it says is true if the run ends before its answer comes.
pub(super) type UnansweredLine = fn(&mut Vec<u8>, &str);

pub(super) enum BatchRecord {
    /// The outcomes are kept where they belong while the batch runs.
    File(CommandLog),
    /// They are written when it has ended.
    AtEnd {
        output: Output,
        /// Of a batch that writes: the outcomes on the disk until they are written.
        rescue: Option<Rescue>,
    },
}

/// Outcomes in a folder of the system's temporary files. A killed run leaves it behind.
pub(super) struct Rescue {
    log: CommandLog,
    /// It goes away with this.
    folder: TempDir,
}

impl BatchRecord {
    /// `unanswered` writes the lines of the record, if the batch `writes`.
    pub(super) async fn open(
        destination: &Destination,
        writes: bool,
        unanswered: UnansweredLine,
    ) -> Result<Self, Failure> {
        if writes
            && let Destination::File(path) = destination
            && named_file(path)?.is_none_or(|found| found.is_file())
        {
            return CommandLog::open(path, unanswered).map(Self::File);
        }
        let mut output = Output::open(destination)?;
        if !writes {
            return Ok(Self::AtEnd {
                output,
                rescue: None,
            });
        }
        output = output.ready().await.map_err(nothing_sent)?;
        let folder = rescue::folder().map_err(|error| {
            Failure::failed(format!("could not make a folder for the outcomes: {error}"))
                .hint("-o FILE keeps them in a file")
        })?;
        let log = CommandLog::open(&folder.path().join("outcomes.jsonl"), unanswered)?;
        let rescue = Some(Rescue { log, folder });
        Ok(Self::AtEnd { output, rescue })
    }

    /// What is to be told of the requests.
    pub(super) fn log(&self) -> Option<CommandLog> {
        match self {
            Self::File(log) => Some(log.clone()),
            Self::AtEnd { rescue, .. } => rescue.as_ref().map(|rescue| rescue.log.clone()),
        }
    }

    pub(super) fn is_of_writes(&self) -> bool {
        self.log().is_some()
    }

    /// The batch has ended, and these are the lines of all commands in their order. If they cannot be written to a
    /// file, what was recorded stays beside it.
    pub(super) async fn complete(self, lines: &[u8], count: u64) -> Result<(), OutputError> {
        match self {
            Self::File(log) => tokio::task::block_in_place(|| log.complete(lines)),
            Self::AtEnd { mut output, .. } => {
                output.write(Piece::Lines(lines.to_vec(), count)).await?;
                output.finish().await.map(drop)
            }
        }
    }

    /// No command has run.
    pub(super) async fn discard(self) {
        match self {
            Self::File(log) => log.discard(),
            Self::AtEnd { output, .. } => drop(pump::leave(output).await),
        }
    }

    /// The batch was given up while commands were on their way. Returns where the record is, if there is anything in it.
    pub(super) async fn leave(self) -> Option<String> {
        match self {
            Self::File(log) => log.leave(),
            Self::AtEnd { output, rescue } => {
                drop(pump::leave(output).await);
                let Rescue { log, folder } = rescue?;
                let place = log.leave()?;
                // The record is of no use without its folder.
                let _ = folder.keep();
                Some(place)
            }
        }
    }
}

/// What is known of the commands while the batch runs.
#[derive(Clone)]
pub(super) struct CommandLog(Arc<Mutex<CommandLogState>>);

struct CommandLogState {
    /// `None` when the batch has ended.
    log: Option<OutcomeLog>,
    unanswered_line: UnansweredLine,
    /// The names of the commands that are on their way.
    unanswered: Vec<String>,
}

impl CommandLog {
    fn open(path: &Path, unanswered_line: UnansweredLine) -> Result<Self, Failure> {
        let partial = match PartialFile::open(path, Leftover::Refuse) {
            Err(OutputError::Leftover(name)) => {
                let message = format!(
                    "{name} has the outcomes of a run that was interrupted: its commands may have run"
                );
                return Err(Failure::usage(message).hint(format!(
                    "look there for what has run and take it out of the batch; then remove the file: rm {}",
                    format::shell_word(&name)
                )));
            }
            opened => opened?,
        };
        if std::fs::metadata(partial.target()).is_ok_and(|found| found.len() > 0) {
            let name = target_name(partial.target());
            // It was made just now.
            partial.discard();
            return Err(earlier_outcomes(&name));
        }
        Ok(Self(Arc::new(Mutex::new(CommandLogState {
            log: Some(OutcomeLog::new(partial, 0)),
            unanswered_line,
            unanswered: Vec::new(),
        }))))
    }

    fn lock(&self) -> MutexGuard<'_, CommandLogState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These commands are about to be sent. When this is done they are on the disk as commands that may have run.
    pub(super) fn before_sending(&self, names: &[&str]) -> io::Result<()> {
        let mut state = self.lock();
        // One whose outcome could not be written down stays one that may have run.
        let is_sent_again = |name: &String| names.contains(&name.as_str());
        state.unanswered.retain(|name| !is_sent_again(name));
        let sent = names.iter().map(|&name| name.to_owned());
        state.unanswered.extend(sent);
        let put = state.put(&[]).and_then(|()| match &state.log {
            Some(log) => tokio::task::block_in_place(|| log.partial.sync()),
            None => Ok(()),
        });
        put.map_err(|error| io::Error::other(error.to_string()))
    }

    /// These commands have their outcomes, which are written in `lines`.
    pub(super) fn answered(&self, names: &[&str], lines: &[u8]) {
        let mut state = self.lock();
        let is_answered = |name: &String| names.contains(&name.as_str());
        let before = state.unanswered.clone();
        state.unanswered.retain(|name| !is_answered(name));
        if state.put(lines).is_err() {
            // They stand there as commands that may have run, and so they stay.
            state.unanswered = before;
        }
    }

    /// The lines of all commands take the place of what was recorded, and the file gets its name.
    fn complete(self, lines: &[u8]) -> Result<(), OutputError> {
        let Some(log) = self.lock().log.take() else {
            return Ok(());
        };
        let mut partial = log.partial;
        let path = partial.path().to_owned();
        let failed = |error: io::Error| named(&path, error);
        let mut whole = create_merged(&path).map_err(failed)?;
        whole.write_all(lines).map_err(failed)?;
        partial.replace(whole)?;
        partial.complete().map(drop)
    }

    fn discard(self) {
        if let Some(log) = self.lock().log.take() {
            log.partial.discard();
        }
    }

    fn leave(self) -> Option<String> {
        let log = self.lock().log.take()?;
        // What cannot be synced is there anyway.
        let place = target_name(log.partial.path());
        log.partial.leave().unwrap_or(Some(place))
    }
}

/// A batch that writes begins over the file of one that has ended: its commands would run twice.
fn earlier_outcomes(name: &str) -> Failure {
    Failure::usage(format!("{name} has the outcomes of an earlier run")).hint(format!(
        "name another file with -o; to run all commands again, remove it first: rm {}",
        format::shell_word(name)
    ))
}

impl CommandLogState {
    fn put(&mut self, lines: &[u8]) -> Result<(), OutputError> {
        let mut unanswered = Vec::new();
        for name in &self.unanswered {
            (self.unanswered_line)(&mut unanswered, name);
        }
        match &mut self.log {
            Some(log) => log.put(lines, &unanswered),
            None => Ok(()),
        }
    }
}
