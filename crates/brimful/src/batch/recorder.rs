//! Tells the caller of a batch what is about to be sent, and the outcomes as they come.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::{CommandAnswer, Outcome};
use crate::error::{Error, ErrorKind, Execution};

/// Is told what a batch is about to send, and its outcomes as they come, to keep a record that outlives the program: see
/// [`Batch::record_with`](super::Batch::record_with).
pub trait BatchRecorder: Send {
    /// The commands with these labels are about to be sent; no others are on their way. Commands that were refused for a
    /// limit come again.
    ///
    /// # Errors
    /// They could not be recorded: they are not sent, and the batch ends.
    fn before_sending(&mut self, labels: &[&str]) -> io::Result<()>;

    /// These commands have their outcomes; [`Outcome::Unknown`] where the answer to their request was lost.
    fn answered(&mut self, commands: &[AnsweredCommand<'_>]);
}

/// A command whose outcome has come.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AnsweredCommand<'a> {
    /// Its label.
    pub label: &'a str,
    /// Whether it ran, and its result or error.
    pub outcome: &'a Outcome,
    /// How many rows its list has, if it is one page of a list.
    pub total: Option<u64>,
    /// Before which row the next page begins, if there is one.
    pub next: Option<u64>,
}

/// The caller's recorder, if there is one.
#[derive(Default)]
pub(super) struct Recording(Option<Mutex<Box<dyn BatchRecorder>>>);

impl Recording {
    pub(super) fn with(recorder: Option<Box<dyn BatchRecorder>>) -> Self {
        Self(recorder.map(Mutex::new))
    }

    /// # Errors
    /// The commands may not be sent.
    pub(super) fn before_sending(&self, labels: &[&str]) -> Result<(), Error> {
        let Some(recorder) = &self.0 else {
            return Ok(());
        };
        let mut recorder = recorder.lock().unwrap_or_else(PoisonError::into_inner);
        recorder.before_sending(labels).map_err(|error| {
            let what = format!("what is about to be sent could not be recorded: {error}");
            Error::new(ErrorKind::Io, Execution::NotRun, what)
        })
    }

    pub(super) fn answered<'a>(
        &self,
        answers: impl Iterator<Item = (&'a Arc<str>, &'a CommandAnswer)>,
    ) {
        let Some(recorder) = &self.0 else {
            return;
        };
        let commands: Vec<AnsweredCommand<'_>> = answers
            .map(|(label, answer)| AnsweredCommand {
                label,
                outcome: &answer.outcome,
                total: answer.total,
                next: answer.next,
            })
            .collect();
        if !commands.is_empty() {
            let mut recorder = recorder.lock().unwrap_or_else(PoisonError::into_inner);
            recorder.answered(&commands);
        }
    }
}
