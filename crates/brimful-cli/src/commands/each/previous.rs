//! Outcomes of earlier runs: read line by line, in the order of the input's lines.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::Failure;
use crate::input;
use crate::outcome::Kind;

/// What is needed of the outcome of a line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct PreviousOutcome {
    pub(super) line: u64,
    /// The method and the parameters, as [`super::items::Call`] has them.
    pub(super) call: String,
    #[serde(rename = "outcome")]
    pub(super) kind: Kind,
}

/// Outcomes in a stretch of a file, with their own lines.
#[derive(Debug)]
pub(super) struct PreviousOutcomes {
    reader: BufReader<std::io::Take<File>>,
    path: PathBuf,
    /// The line of the file.
    number: u64,
    line: Vec<u8>,
    /// The outcome that comes next.
    ahead: Option<PreviousOutcome>,
}

impl PreviousOutcomes {
    /// Those in the bytes from `start` to `end`.
    pub(super) fn open(path: &Path, start: u64, end: u64) -> Result<Self, Failure> {
        let opened = File::open(path).and_then(|mut file| {
            file.seek(SeekFrom::Start(start))?;
            Ok(file)
        });
        let file = opened.map_err(|error| unreadable(path, &error))?;
        Ok(Self {
            reader: BufReader::new(file.take(end.saturating_sub(start))),
            path: path.to_owned(),
            number: 0,
            line: Vec::new(),
            ahead: None,
        })
    }

    /// The next outcome. Its own line is at [`PreviousOutcomes::line`].
    pub(super) fn next(&mut self) -> Result<Option<PreviousOutcome>, Failure> {
        loop {
            self.line.clear();
            input::read_line(&mut self.reader, &mut self.line)
                .map_err(|error| unreadable(&self.path, &error))?;
            if self.line.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            if self.line.trim_ascii().is_empty() {
                continue;
            }
            let earlier = serde_json::from_slice(&self.line)
                .ok()
                .filter(|_| self.line.ends_with(b"\n"));
            return earlier.map(Some).ok_or_else(|| {
                let name = self.path.display();
                Failure::usage(format!("line {} of {name} is not an outcome", self.number)).hint(
                    "it is not the -o of an earlier run, or the machine broke down while it was written: then look in \
                     the portal for what came of the lines after it",
                )
            });
        }
    }

    /// The line of the outcome that was read last, with its end.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    /// The outcome of a line of the input, where there is one. Lines are asked for in ascending order.
    pub(super) fn of(&mut self, line: u64) -> Result<Option<PreviousOutcome>, Failure> {
        if self.ahead.is_none() {
            self.ahead = self.next()?;
        }
        match &self.ahead {
            Some(earlier) if earlier.line <= line => {
                let earlier = self.ahead.take();
                // A line that was passed over is not there any more.
                match earlier {
                    Some(earlier) if earlier.line < line => Err(self.misses(earlier.line)),
                    earlier => Ok(earlier),
                }
            }
            _ => Ok(None),
        }
    }

    /// The input has ended.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        if self.ahead.is_none() {
            self.ahead = self.next()?;
        }
        match &self.ahead {
            Some(earlier) => Err(self.misses(earlier.line)),
            None => Ok(()),
        }
    }

    fn misses(&self, line: u64) -> Failure {
        Failure::usage(format!(
            "{} has an outcome of line {line}, and no call is there",
            self.path.display()
        ))
        .hint(
            "--resume continues with the same file of calls: lines that are done stay where they are",
        )
    }
}

/// What a file of outcomes has in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// Where the outcomes of a run begin that went on with earlier ones and was killed: the first line that goes back.
    pub(super) descent: Option<u64>,
    /// Where the last outcome ends. A run that was killed may leave spaces behind it.
    pub(super) end: u64,
}

/// Looks a file of outcomes through.
pub(super) fn content(path: &Path, end: u64) -> Result<Content, Failure> {
    let mut previous = PreviousOutcomes::open(path, 0, end)?;
    let (mut at, mut last) = (0, 0);
    let mut found = None;
    while let Some(earlier) = previous.next()? {
        if earlier.line <= last {
            if found.is_some() {
                let name = path.display();
                return Err(Failure::usage(format!(
                    "the outcomes in {name} are not in the order of their lines"
                )));
            }
            found = Some(at);
        }
        last = earlier.line;
        at = end - previous.reader.get_ref().limit() - previous.reader.buffer().len() as u64;
    }
    Ok(Content {
        descent: found,
        end: at,
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("could not read {}: {error}", path.display()))
}
