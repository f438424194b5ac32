//! The outcomes on disk, as [`OutcomeLog`] keeps them: a line for every call that was made or may have been.
//!
//! A run that resumes an earlier one adds its outcomes after the existing ones. In the end both are merged in the
//! order of the lines, and the newer outcome of a line is taken.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::items::Call;
use super::previous::{PreviousOutcome, PreviousOutcomes, content};
use crate::failure::Failure;
use crate::outcome;
use crate::output::atomic::{create_merged, merged_path};
use crate::output::outcome_log::OutcomeLog;
use crate::output::partial::{PartialFile, named, target_name};
use crate::output::{Leftover, OutputError, Written};

/// Outcomes of calls, and calls that are on their way.
#[derive(Debug)]
pub(super) struct OutcomeFile {
    log: OutcomeLog,
    /// Where the outcomes of earlier runs end.
    before: u64,
    flying: VecDeque<Call>,
}

/// What earlier runs have left, and how to treat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    /// It is resumed.
    Resume,
    /// There may be none: its calls would be made twice.
    Refuse,
}

impl OutcomeFile {
    pub(super) fn open(path: &Path, earlier: Earlier) -> Result<Self, Failure> {
        let mut partial = PartialFile::open(path, Leftover::Keep)?;
        let left = size(partial.path());
        let whole = size(partial.target());
        if earlier == Earlier::Refuse {
            let there = [(left, partial.path()), (whole, partial.target())];
            let there = there.into_iter().find(|(size, _)| *size > 0);
            if let Some(there) = there.map(|(_, there)| target_name(there)) {
                // A partial file that was made just now goes again.
                let _ = partial.leave();
                return Err(
                    Failure::usage(format!("{there} has the outcomes of an earlier run")).hint(
                        "--resume calls the lines that are not done yet; remove it to call all lines again",
                    ),
                );
            }
        } else if left == 0 && whole > 0 {
            content(partial.target(), whole)?;
            let from = partial.target().to_owned();
            if let Err(failure) = copy(&mut partial, &from) {
                let _ = partial.leave();
                return Err(failure);
            }
        } else if left > 0 {
            let content = content(partial.path(), left)?;
            if let Some(at) = content.descent {
                merge(&mut partial, at, content.end)?;
            } else {
                partial.end_at(content.end)?;
            }
        }
        let before = size(partial.path());
        Ok(Self {
            log: OutcomeLog::new(partial, before),
            before,
            flying: VecDeque::new(),
        })
    }

    /// Its name until it is complete.
    pub(super) fn place(&self) -> String {
        target_name(self.log.partial.path())
    }

    /// Whether calls stand in it whose outcome has not come.
    pub(super) fn has_calls_in_flight(&self) -> bool {
        !self.flying.is_empty()
    }

    /// The outcomes of earlier runs.
    pub(super) fn previous(&self) -> Result<PreviousOutcomes, Failure> {
        PreviousOutcomes::open(self.log.partial.path(), 0, self.before)
    }

    /// These calls are about to be made. When this is done they are on the disk as unknown.
    pub(super) fn send(&mut self, calls: &[Call]) -> Result<(), OutputError> {
        let known = self.flying.len();
        self.flying.extend(calls.iter().cloned());
        let put = self.put(&[]).and_then(|()| self.log.partial.sync());
        if put.is_err() {
            // They will not be made.
            self.flying.truncate(known);
        }
        put
    }

    /// The first `count` of the calls on their way have these outcomes.
    pub(super) fn settle(&mut self, count: usize, lines: &[u8]) -> Result<(), OutputError> {
        let settled: Vec<Call> = self.flying.drain(..count.min(self.flying.len())).collect();
        let put = self.put(lines);
        if put.is_err() {
            // They stand there as unknown, and so they stay.
            for call in settled.into_iter().rev() {
                self.flying.push_front(call);
            }
        }
        put
    }

    /// Writes outcomes, and behind them the calls on their way.
    fn put(&mut self, lines: &[u8]) -> Result<(), OutputError> {
        let mut unanswered = Vec::new();
        for call in &self.flying {
            outcome::write_unanswered(&mut unanswered, call);
        }
        self.log.put(lines, &unanswered)
    }

    /// Every line has its outcome: the file gets its name.
    pub(super) fn complete(mut self) -> Result<Written, Failure> {
        self.end()?;
        let bytes = size(self.log.partial.path());
        let name = self.log.partial.complete()?;
        Ok(Written::file(name, bytes))
    }

    /// The run has ended before that. The outcomes so far stay in the partial file, if there are any.
    pub(super) fn leave(mut self) -> Result<Option<Written>, Failure> {
        if self.log.settled() == 0 && self.flying.is_empty() {
            return self
                .log
                .partial
                .leave()
                .map(|_| None)
                .map_err(Failure::from);
        }
        self.end()?;
        let bytes = size(self.log.partial.path());
        let name = self.log.partial.leave()?;
        Ok(name.map(|name| Written::file(name, bytes)))
    }

    /// Nothing is behind the outcomes but the calls on their way, and all of it is in the order of the lines.
    fn end(&mut self) -> Result<(), Failure> {
        let end = self.log.end(!self.flying.is_empty())?;
        if self.before > 0 && end > self.before {
            merge(&mut self.log.partial, self.before, end)?;
        }
        Ok(())
    }
}

/// Joins the outcomes before `middle` with those behind it, which are newer. If that fails both stay as they are.
fn merge(partial: &mut PartialFile, middle: u64, end: u64) -> Result<(), Failure> {
    let mut older = PreviousOutcomes::open(partial.path(), 0, middle)?;
    let mut newer = PreviousOutcomes::open(partial.path(), middle, end)?;
    let path = partial.path().to_owned();
    let failed = |error| Failure::from(named(&merged_path(&path), error));
    let mut out = BufWriter::new(create_merged(&path).map_err(failed)?);
    join(&mut older, &mut newer, &mut out, &path)?;
    let file = out
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    Ok(partial.replace(file)?)
}

fn join(
    older: &mut PreviousOutcomes,
    newer: &mut PreviousOutcomes,
    out: &mut impl Write,
    path: &Path,
) -> Result<(), Failure> {
    let (mut old, mut new) = (older.next()?, newer.next()?);
    loop {
        let line = |earlier: &Option<PreviousOutcome>| {
            earlier.as_ref().map_or(u64::MAX, |earlier| earlier.line)
        };
        if old.is_none() && new.is_none() {
            return Ok(());
        }
        let takes_new = new.is_some() && line(&new) <= line(&old);
        let from = if takes_new { &*newer } else { &*older };
        out.write_all(from.line())
            .map_err(|error| named(path, error))?;
        let both = line(&new) == line(&old);
        if takes_new {
            new = newer.next()?;
        }
        if !takes_new || both {
            old = older.next()?;
        }
    }
}

/// Copies the outcomes of a completed run into the partial file, to resume from them.
fn copy(partial: &mut PartialFile, from: &Path) -> Result<(), Failure> {
    let path = merged_path(partial.path());
    let failed = |error| Failure::from(named(&path, error));
    let mut file = create_merged(partial.path()).map_err(failed)?;
    let mut from = File::open(from).map_err(failed)?;
    std::io::copy(&mut from, file.as_file_mut()).map_err(failed)?;
    Ok(partial.replace(file)?)
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}
