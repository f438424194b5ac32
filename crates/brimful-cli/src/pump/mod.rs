//! Passes on what a portal answers to the output, until it ends or is interrupted: one loop for every command that reads
//! or writes many things.
//!
//! A command brings a [`Source`], such as the pages of a list, and a [`Sink`]; rows go to an [`Output`] by [`to_output`].
//! `progress` shows how far it is, `summary` says what it came to.

pub(crate) mod progress;
pub(crate) mod run_report;
pub(crate) mod summary;

use std::time::Duration;

use brimful::{Error, ErrorKind, Page};
use brimful_protocol::rows::Identity;
use tokio::time::{Instant, sleep_until, timeout};

use crate::exit::Exit;
use crate::failure::{Failure, MORE_TIME};
use crate::format::counted;
use crate::interrupt::Interrupts;
use crate::output::{Output, OutputError, Piece, Written};

/// A reader that has stopped reading must not hold up Ctrl-C.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// A reader that takes nothing for so long is waited for. One that reads is given the rows that have come.
const BLOCKED: Duration = Duration::from_millis(250);

/// Where things come from.
pub(crate) trait Source {
    type Item;

    /// The next one; `None` at the end. What has not come yet when the returned future is dropped comes with the next
    /// call.
    async fn next(&mut self) -> Result<Option<Self::Item>, Error>;

    /// Somebody wants to stop: how long what is on its way is waited for. A second signal ends the waiting.
    fn interrupted(&mut self) -> Option<Duration> {
        None
    }
}

/// Where things go.
pub(crate) trait Sink<Item> {
    async fn put(&mut self, item: Item) -> Result<(), OutputError>;

    /// Whether a signal may cut `put` short: it waits for a reader who may never read.
    fn may_wait_for_a_reader(&self) -> bool {
        true
    }

    /// Whether the end of the time of a run may cut `put` short too. What is written to a disk is written to its end.
    fn has_reader(&self) -> bool;
}

/// Why nothing is passed on any more.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The source has come to its end.
    Complete,
    ByPortal(Error),
    ByOutput(OutputError),
    BySignal(Exit),
    /// The time of `--deadline` passed: what was waited for, in words.
    ByDeadline(&'static str),
}

/// What is said where [`Stopped::ByDeadline`] ended a run that waited for the reader of its output.
const UNREAD: &str = "the time of --deadline has passed while what reads the output was waited for";

/// Passes things on until they end, or cannot be passed on.
pub(crate) async fn pump<S: Source>(
    source: &mut S,
    sink: &mut impl Sink<S::Item>,
    interrupts: &mut Interrupts,
) -> Stopped {
    let mut signalled: Option<(Exit, Instant)> = None;
    loop {
        let next = tokio::select! {
            next = source.next() => next,
            exit = interrupts.next() => match source.interrupted() {
                Some(patience) if signalled.is_none() => {
                    signalled = Some((exit, Instant::now() + patience));
                    continue;
                }
                _ => return Stopped::BySignal(exit),
            },
            exit = over(signalled) => return Stopped::BySignal(exit),
        };
        let item = match (next, signalled) {
            (Ok(Some(item)), _) => item,
            (_, Some((exit, _))) => return Stopped::BySignal(exit),
            (Ok(None), None) => return Stopped::Complete,
            (Err(error), None) => return Stopped::ByPortal(error),
        };
        let (may_wait, has_reader) = (sink.may_wait_for_a_reader(), sink.has_reader());
        let put = tokio::select! {
            put = sink.put(item) => put,
            () = interrupts.deadline(BLOCKED), if has_reader => return Stopped::ByDeadline(UNREAD),
            exit = interrupts.next(), if may_wait => return Stopped::BySignal(exit),
        };
        if let Err(error) = put {
            return Stopped::ByOutput(error);
        }
    }
}

/// Waits until the time is over for what was on its way when the signal came.
pub(crate) async fn over(signalled: Option<(Exit, Instant)>) -> Exit {
    match signalled {
        Some((exit, until)) => {
            sleep_until(until).await;
            exit
        }
        None => std::future::pending().await,
    }
}

/// The first `left` rows of a page; what is left is lowered by as many.
pub(crate) fn first_rows(mut page: Page, left: &mut u64) -> Page {
    if let Some(rest) = left.checked_sub(page.len() as u64) {
        *left = rest;
        return page;
    }
    page.retain_ids(|_| {
        let keep = *left > 0;
        *left = left.saturating_sub(1);
        keep
    });
    page
}

/// What was handed to the output.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Passed {
    pub(crate) rows: u64,
    pub(crate) last_id: Option<u64>,
    /// Rows of pages that have no ID: whether one of them came twice cannot be told.
    pub(crate) without_id: u64,
}

/// Rows that have no ID of any kind. A text or a negative number is one.
fn without_id(page: &Page) -> u64 {
    if page.ids().all(|id| id.is_some()) {
        return 0;
    }
    let has_none = |identity: &Identity| matches!(identity, Identity::Content(_));
    page.identities().filter(has_none).count() as u64
}

struct OutputSink<'a> {
    output: &'a mut Output,
    passed: Passed,
}

impl Sink<Piece> for OutputSink<'_> {
    async fn put(&mut self, piece: Piece) -> Result<(), OutputError> {
        let (rows, last_id, without_id) = match &piece {
            Piece::Page(page) => (
                page.len() as u64,
                page.ids().next_back().flatten(),
                without_id(page),
            ),
            Piece::Lines(_, count) => (*count, None, 0),
            Piece::KnownHidden(_) => (0, None, 0),
        };
        self.output.write(piece).await?;
        self.passed.without_id += without_id;
        self.passed.rows += rows;
        self.passed.last_id = last_id.or(self.passed.last_id);
        Ok(())
    }

    fn has_reader(&self) -> bool {
        self.output.has_reader()
    }
}

/// How a run to an [`Output`] has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) stopped: Stopped,
    pub(crate) passed: Passed,
    /// The complete file, or what is kept of it.
    pub(crate) written: Option<Written>,
}

/// Passes rows on to the output, and completes it when `is_whole` says at the end that nothing is missing.
pub(crate) async fn to_output<S: Source<Item = Piece>>(
    source: &mut S,
    mut output: Output,
    is_whole: impl Fn(&S) -> bool,
    interrupts: &mut Interrupts,
) -> Ended {
    let has_reader = output.has_reader();
    let mut sink = OutputSink {
        output: &mut output,
        passed: Passed::default(),
    };
    let mut stopped = pump(source, &mut sink, interrupts).await;
    let mut passed = sink.passed;
    let mut written = None;
    match stopped {
        Stopped::Complete if is_whole(source) => {
            let finished = tokio::select! {
                finished = output.finish() => finished.map_err(Stopped::ByOutput),
                () = interrupts.deadline(PATIENCE), if has_reader => Err(Stopped::ByDeadline(UNREAD)),
                // All rows have come, but the reader does not read them.
                exit = interrupts.next() => Err(Stopped::BySignal(exit)),
            };
            match finished {
                Ok(whole) => written = Some(whole),
                Err(instead) => stopped = instead,
            }
        }
        Stopped::ByOutput(_) => {}
        _ => written = leave(output).await,
    }
    if let Stopped::ByOutput(OutputError::Short {
        rows,
        last_id,
        left,
        ..
    }) = &mut stopped
    {
        passed = Passed {
            rows: *rows,
            last_id: *last_id,
            ..passed
        };
        written = left.take();
    }
    Ended {
        stopped,
        passed,
        written,
    }
}

/// What is left of an output that does not come to its end.
pub(crate) async fn leave(output: Output) -> Option<Written> {
    timeout(PATIENCE, output.abandon())
        .await
        .ok()?
        .ok()
        .flatten()
}

impl Ended {
    /// The file of a run that is complete; `None` where the reader of standard output has had enough, which is no
    /// failure. `name` is what was read, such as a method, `noun` what its rows are called, and `failed` says what an
    /// error of the portal means.
    pub(crate) fn result(
        self,
        name: &str,
        noun: &str,
        failed: impl Fn(&Error) -> Failure,
    ) -> Result<Option<Written>, Failure> {
        let Passed { rows, last_id, .. } = self.passed;
        let mut failure = match self.stopped {
            Stopped::Complete => return Ok(self.written),
            Stopped::ByOutput(error) if error.is_closed() => return Ok(None),
            Stopped::ByOutput(error) => error.into(),
            Stopped::ByPortal(error) => {
                let mut failure = failed(&error);
                if error.kind() == ErrorKind::Incomplete {
                    failure.exit = Exit::Incomplete;
                }
                failure
            }
            Stopped::BySignal(exit) => Failure::new(exit, format!("{name}: interrupted")),
            Stopped::ByDeadline(why) => {
                Failure::new(Exit::Incomplete, format!("{name}: {why}")).hint(MORE_TIME)
            }
        };
        if rows > 0 && failure.exit == Exit::Failed {
            failure.exit = Exit::Incomplete;
        }
        if let Some(left) = self.written {
            let last = last_id.map_or_else(String::new, |id| format!(", the last with ID {id}"));
            failure = failure.kept(format!("{} in {}{last}", counted(rows, noun), left.name));
        }
        Err(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without end.
    struct Numbers(u64);

    impl Source for Numbers {
        type Item = u64;

        async fn next(&mut self) -> Result<Option<u64>, Error> {
            self.0 += 1;
            Ok(Some(self.0))
        }
    }

    /// Takes so many things, and is read no more.
    struct ReadNoMore {
        takes: u64,
        has_reader: bool,
        slowness: Duration,
    }

    impl Sink<u64> for ReadNoMore {
        async fn put(&mut self, item: u64) -> Result<(), OutputError> {
            if item > self.takes {
                tokio::time::sleep(self.slowness).await;
            }
            Ok(())
        }

        fn has_reader(&self) -> bool {
            self.has_reader
        }
    }

    async fn pumped(within: u64, mut sink: ReadNoMore) -> (Stopped, Duration) {
        let mut interrupts = Interrupts::never();
        interrupts.set_deadline(Some(Duration::from_secs(within)));
        let started = Instant::now();
        let stopped = pump(&mut Numbers(0), &mut sink, &mut interrupts).await;
        (stopped, started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_does_not_read_does_not_outlast_the_deadline() {
        let never = Duration::from_secs(1_000_000);
        for takes in [0, 1, 1_000] {
            let (stopped, took) = pumped(
                30,
                ReadNoMore {
                    takes,
                    has_reader: true,
                    slowness: never,
                },
            )
            .await;
            assert!(matches!(stopped, Stopped::ByDeadline(_)), "{stopped:?}");
            assert_eq!(took.as_secs(), 30, "{takes}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_reads_is_given_what_there_is_after_the_deadline_too() {
        let slow = ReadNoMore {
            takes: 0,
            has_reader: true,
            slowness: Duration::from_millis(200),
        };
        let pumping = tokio::time::timeout(Duration::from_secs(20), pumped(1, slow));
        // What ends it is its source, which has no end here.
        assert!(pumping.await.is_err());
    }
}
