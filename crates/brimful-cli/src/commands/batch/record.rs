//! Where the outcomes of a batch go, and what is known of them while it runs: a batch that writes leaves a line for every
//! command that may have run, even if the program is killed.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use brimful::{AnsweredCommand, BatchRecorder, Effect};
use tempfile::TempDir;

use super::{BatchArgs, Head, kind_of};
use crate::commands::show::nothing_sent;
use crate::failure::Failure;
use crate::format;
use crate::outcome::{self, Paging};
use crate::output::atomic::create_merged;
use crate::output::outcome_log::OutcomeLog;
use crate::output::partial::{PartialFile, named};
use crate::output::{Destination, Leftover, Output, OutputError, Piece, named_file, rescue};
use crate::pump;

/// The methods of the commands, by their names.
type Methods = Arc<HashMap<String, String>>;

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
    _folder: TempDir,
}

impl BatchRecord {
    pub(super) async fn open(args: &BatchArgs, methods: &Methods) -> Result<Self, Failure> {
        let writes = methods
            .values()
            .any(|method| Effect::of(method) == Effect::Write);
        if !writes {
            let output = Output::open(&args.output)?;
            return Ok(Self::AtEnd {
                output,
                rescue: None,
            });
        }
        if let Destination::File(path) = &args.output
            && named_file(path)?.is_none_or(|found| found.is_file())
        {
            return CommandLog::open(path, methods).map(Self::File);
        }
        let output = Output::open(&args.output)?;
        let output = output.ready().await.map_err(nothing_sent)?;
        let folder = rescue::folder().map_err(|error| {
            Failure::failed(format!("could not make a folder for the outcomes: {error}"))
                .hint("-o FILE keeps them in a file")
        })?;
        let log = CommandLog::open(&folder.path().join("outcomes.jsonl"), methods)?;
        let rescue = Some(Rescue {
            log,
            _folder: folder,
        });
        Ok(Self::AtEnd { output, rescue })
    }

    /// What is to be told of the requests.
    pub(super) fn recorder(&self) -> Option<CommandLog> {
        match self {
            Self::File(log) => Some(log.clone()),
            Self::AtEnd { rescue, .. } => rescue.as_ref().map(|rescue| rescue.log.clone()),
        }
    }

    pub(super) fn is_of_writes(&self) -> bool {
        self.recorder().is_some()
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
}

/// What is known of the commands while the batch runs.
#[derive(Clone)]
pub(super) struct CommandLog(Arc<Mutex<CommandLogState>>);

struct CommandLogState {
    /// `None` when the batch has ended.
    log: Option<OutcomeLog>,
    methods: Methods,
    /// The names of the commands that are on their way.
    unanswered: Vec<String>,
}

impl CommandLog {
    fn open(path: &Path, methods: &Methods) -> Result<Self, Failure> {
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
        Ok(Self(Arc::new(Mutex::new(CommandLogState {
            log: Some(OutcomeLog::new(partial, 0)),
            methods: Arc::clone(methods),
            unanswered: Vec::new(),
        }))))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, CommandLogState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
}

impl CommandLogState {
    fn put(&mut self, lines: &[u8]) -> Result<(), OutputError> {
        let mut unanswered = Vec::new();
        for name in &self.unanswered {
            outcome::write_unanswered(&mut unanswered, &Head { name });
        }
        match &mut self.log {
            Some(log) => log.put(lines, &unanswered),
            None => Ok(()),
        }
    }
}

impl BatchRecorder for CommandLog {
    fn before_sending(&mut self, labels: &[&str]) -> io::Result<()> {
        let mut state = self.lock();
        // One whose outcome could not be written down stays one that may have run.
        let is_sent_again = |name: &String| labels.contains(&name.as_str());
        state.unanswered.retain(|name| !is_sent_again(name));
        let sent = labels.iter().map(|&label| label.to_owned());
        state.unanswered.extend(sent);
        let put = state.put(&[]).and_then(|()| match &state.log {
            Some(log) => tokio::task::block_in_place(|| log.partial.sync()),
            None => Ok(()),
        });
        put.map_err(|error| io::Error::other(error.to_string()))
    }

    fn answered(&mut self, commands: &[AnsweredCommand<'_>]) {
        let mut state = self.lock();
        let mut lines = Vec::new();
        for command in commands {
            let method = state.methods.get(command.label).map_or("", String::as_str);
            let kind = kind_of(method, command.outcome);
            let paging = Paging {
                total: command.total,
                next: command.next,
            };
            let head = Head {
                name: command.label,
            };
            outcome::write_as(&mut lines, &head, kind, command.outcome, paging);
        }
        let is_answered = |name: &String| commands.iter().any(|command| command.label == name);
        let before = state.unanswered.clone();
        state.unanswered.retain(|name| !is_answered(name));
        if state.put(&lines).is_err() {
            // They stand there as commands that may have run, and so they stay.
            state.unanswered = before;
        }
    }
}
