//! `brimful call METHOD --each`: a call for every line of a file, and an outcome for every call.
//!
//! - `items` are the lines of the input,
//! - `previous` are the outcomes of earlier runs,
//! - `feed` hands lines to the client, a handful at a time,
//! - `record` and `outcome_file` keep what is on its way and what came of it.

mod feed;
mod items;
mod outcome_file;
mod previous;
mod record;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use brimful::{Client, Effect, Error, ErrorKind, ItemOutcome, NotRun, Outcome};
use brimful_protocol::KnownCode;
use futures_util::stream::ReadyChunks;
use futures_util::{Stream, StreamExt};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use super::{checks, connect_with, resume};
use crate::args::method;
use crate::args::params::CallParams;
use crate::commands::call::CallArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{self, count, counted};
use crate::input;
use crate::interrupt::Interrupts;
use crate::outcome::{self, Kind, Tally};
use crate::output::{Destination, OutputError, Written};
use crate::printer::Printer;
use crate::pump::progress::{ProgressLine, Snapshot};
use crate::pump::{self, Sink, Source, Stopped};
use feed::{Ended, feed};
use items::{Items, Setting, UnknownOutcomes};
use outcome_file::Earlier;
use record::{EndError, Left, Record, Rescued, UnansweredCalls, paging};

/// How long calls on their way are waited for when the run is to end.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Outcomes that are written at a time.
const AT_ONCE: usize = 100;

pub(crate) async fn run(args: &CallArgs, file: &Path, printer: Printer) -> Result<Exit, Failure> {
    let started = Instant::now();
    input::refuse_stdin_twice(file, args.params.json.as_deref())?;
    let common = common(args)?;
    if let Some(warning) = method::warning_if_unknown(&args.method, None) {
        printer.warning(&warning);
    }
    let destination = args.each.output.as_ref().unwrap_or(&Destination::Stdout);
    input::refuse_same_file(file, destination)?;
    input::refuse_json_as_output(args.params.json.as_deref(), Some(destination))?;
    let mut interrupts = Interrupts::catch()?;
    let checks = checks(args.no_check);
    let connection = connect_with(&args.portal, args.limit.limits(), checks, printer)
        .await?
        .ending_with(args.deadline, &mut interrupts);
    let (record, items) = open(args, file, destination, common).await?;
    let client = &connection.client;
    let CalledLines {
        stopped,
        settled,
        ended,
        record,
        tally,
        in_flight,
    } = call_lines(args, client, record, items, &mut interrupts, printer).await?;
    EachSummary {
        method: &args.method,
        client,
        started,
        tally,
        in_flight,
        untold: settled.untold,
        cut_lists: settled.cut_lists,
        printer,
    }
    .close(stopped, ended, record)
    .await
}

/// Whether a call that may have run may be made again.
fn is_repeatable(args: &CallArgs) -> bool {
    args.idempotent || Effect::of(&args.method) == Effect::Read
}

/// Opens the record of outcomes, and the lines that are to be called.
async fn open(
    args: &CallArgs,
    file: &Path,
    destination: &Destination,
    common: Map<String, Value>,
) -> Result<(Record, Items), Failure> {
    let earlier = if args.each.resume {
        Earlier::Resume
    } else {
        Earlier::Refuse
    };
    let record =
        tokio::task::block_in_place(|| Record::open(destination, earlier, is_repeatable(args)))?;
    match Items::open(file, setting(args, common, &record)?) {
        Ok(items) => Ok((record, items)),
        Err(failure) => {
            record.leave().await?;
            Err(failure)
        }
    }
}

/// What the calls of a file came to.
struct CalledLines {
    stopped: EachStopped,
    settled: Settled,
    ended: Ended,
    record: Record,
    tally: Tally,
    /// Calls that had no answer when it ended.
    in_flight: u64,
}

/// Calls line after line, and puts the outcomes into the record, until the lines end or something stops them.
async fn call_lines(
    args: &CallArgs,
    client: &Client,
    record: Record,
    items: Items,
    interrupts: &mut Interrupts,
    printer: Printer,
) -> Result<CalledLines, Failure> {
    let streams = matches!(record, Record::Stream { .. });
    let prober = record.prober();
    let tally = Arc::new(std::sync::Mutex::new(Tally::default()));
    let line = progress_line(args, &items, client, &tally, printer);
    let record = Arc::new(Mutex::new(record));
    let flight = UnansweredCalls::default();
    let (stop, stops) = watch::channel(false);
    let (lines, end) = feed(items, Arc::clone(&record), prober, flight.clone(), stops);
    let mut calls = client
        .call_each_of(&args.method, lines)
        .check_names(!args.no_check);
    if args.idempotent {
        calls = calls.idempotent();
    }
    let mut calls = CallsInFlight {
        outcomes: calls.outcomes().ready_chunks(AT_ONCE),
        stop: stop.clone(),
        flight: flight.clone(),
        printer,
    };
    let mut settling = Settling {
        repeatable: is_repeatable(args),
        streams,
        flight: flight.clone(),
        record: Arc::clone(&record),
        tally: Arc::clone(&tally),
        stop,
        settled: Settled::default(),
    };
    let stopped = pump::pump(&mut calls, &mut settling, interrupts).await;
    // What is still in flight is not waited for.
    drop(calls);
    drop(line);
    let mut settled = std::mem::take(&mut settling.settled);
    drop(settling);
    let ended = std::mem::take(&mut *end.lock().unwrap_or_else(PoisonError::into_inner));
    let Ok(record) = Arc::try_unwrap(record) else {
        return Err(Failure::failed("the outcomes are still being written"));
    };
    let tally = *tally.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(CalledLines {
        stopped: EachStopped::of(stopped, settled.broken.take(), settled.refused.take()),
        settled,
        ended,
        record: record.into_inner(),
        tally,
        in_flight: flight.len() as u64,
    })
}

/// Why no more lines were called.
enum EachStopped {
    /// They came to their end, which [`Ended`] tells.
    AtEnd,
    BySignal(Exit),
    /// The portal takes no calls.
    ByPortal(String),
    ByOutput(OutputError),
}

impl EachStopped {
    /// `broken` is why outcomes could not be written, `refused` why the portal takes no calls.
    fn of(stopped: Stopped, broken: Option<OutputError>, refused: Option<String>) -> Self {
        match (stopped, broken, refused) {
            (_, Some(error), _) | (Stopped::ByOutput(error), ..) => Self::ByOutput(error),
            (Stopped::BySignal(exit), ..) => Self::BySignal(exit),
            (Stopped::ByDeadline(why), ..) => Self::ByPortal(why.to_owned()),
            (_, _, Some(why)) => Self::ByPortal(why),
            _ => Self::AtEnd,
        }
    }
}

/// How the lines of the file become calls.
fn setting(
    args: &CallArgs,
    common: Map<String, Value>,
    record: &Record,
) -> Result<Setting, Failure> {
    Ok(Setting {
        method: args.method.clone(),
        common,
        previous: record.previous()?,
        of_unknown: if args.each.retry_unknown {
            UnknownOutcomes::Repeat
        } else {
            UnknownOutcomes::Keep
        },
    })
}

/// The share of the input that is read, and what came of it.
fn progress_line(
    args: &CallArgs,
    items: &Items,
    client: &Client,
    tally: &Arc<std::sync::Mutex<Tally>>,
    printer: Printer,
) -> Option<ProgressLine> {
    let (read, size) = (Arc::clone(&items.read), items.size.filter(|&size| size > 0));
    let (client, tally) = (client.clone(), Arc::clone(tally));
    let source = Arc::new(move || {
        let tally = *tally.lock().unwrap_or_else(PoisonError::into_inner);
        let share = |size: u64| read.load(Ordering::Relaxed) as f64 / size as f64;
        Snapshot {
            count: tally.all(),
            label: tally.to_string(),
            done: size.map(share).filter(|_| tally.all() > 0),
            requests: client.stats().requests,
            ..Snapshot::default()
        }
    });
    ProgressLine::show(&args.method, None, source, printer)
}

/// The parameters that all lines have.
fn common(args: &CallArgs) -> Result<Map<String, Value>, Failure> {
    let given = CallParams {
        json: args.params.json.as_deref(),
        params: &args.params.params,
        ..CallParams::default()
    };
    match given.assemble()? {
        Value::Object(common) => Ok(common),
        _ => Err(Failure::usage(
            "--json gives parameters by position, and every line has parameters of its own",
        )),
    }
}

/// Calls whose outcomes come back.
struct CallsInFlight<S: Stream<Item = ItemOutcome>> {
    outcomes: ReadyChunks<S>,
    stop: watch::Sender<bool>,
    flight: UnansweredCalls,
    printer: Printer,
}

impl<S: Stream<Item = ItemOutcome> + Unpin> Source for CallsInFlight<S> {
    type Item = Vec<ItemOutcome>;

    async fn next(&mut self) -> Result<Option<Vec<ItemOutcome>>, Error> {
        Ok(self.outcomes.next().await)
    }

    fn interrupted(&mut self) -> Option<Duration> {
        let in_flight = self.flight.len() as u64;
        if in_flight == 0 {
            return None;
        }
        let _ = self.stop.send(true);
        self.printer.note(&format!(
            "waiting for {} in flight; press Ctrl-C again to stop waiting: they will be recorded as unknown",
            counted(in_flight, "calls")
        ));
        Some(PATIENCE)
    }
}

/// Writes outcomes down.
struct Settling {
    /// Whether a call that may have run may be made again.
    repeatable: bool,
    /// Whether outcomes go to a reader, and not to a file.
    streams: bool,
    flight: UnansweredCalls,
    record: Arc<Mutex<Record>>,
    tally: Arc<std::sync::Mutex<Tally>>,
    stop: watch::Sender<bool>,
    settled: Settled,
}

/// What was seen while outcomes were written down.
#[derive(Default)]
struct Settled {
    /// Why the portal takes no calls at all.
    refused: Option<String>,
    /// Why outcomes cannot be written to their reader.
    broken: Option<OutputError>,
    /// Lines whose outcomes came after that.
    untold: Vec<(u64, Kind)>,
    /// Results that are a page of several.
    cut_lists: u64,
}

impl Sink<Vec<ItemOutcome>> for Settling {
    async fn put(&mut self, outcomes: Vec<ItemOutcome>) -> Result<(), OutputError> {
        let calls = self.flight.land(outcomes.len());
        let settled: Vec<_> = calls
            .into_iter()
            .zip(outcomes)
            .map(|(call, item)| {
                let kind = self.kind(&item.outcome);
                (call, item, kind)
            })
            .collect();
        let put = match self.settled.broken {
            None => self.record.lock().await.settle(&settled).await,
            Some(_) => self.record.lock().await.settle_aside(&settled),
        };
        match put {
            Err(error) if self.streams => {
                // The outcomes of calls in flight are still waited for, to tell them in another way.
                let _ = self.stop.send(true);
                self.settled.broken.get_or_insert(error);
            }
            Err(error) => {
                let calls = settled.into_iter().map(|(call, ..)| call);
                self.flight.unland(calls.collect());
                return Err(error);
            }
            Ok(()) => {}
        }
        if self.settled.broken.is_some() {
            let lines = settled.iter().map(|(call, _, kind)| (call.line, *kind));
            self.settled.untold.extend(lines);
        }
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        for (call, item, kind) in &settled {
            tally.add(*kind);
            self.settled.cut_lists += u64::from(paging(item).is_cut(&item.outcome));
            if self.settled.refused.is_none()
                && let Some(why) = of_all(&item.outcome)
            {
                self.settled.refused = Some(format!("line {}: {why}", call.line));
                let _ = self.stop.send(true);
            }
        }
        Ok(())
    }

    /// A file takes outcomes at once, and all of them or none.
    fn may_wait_for_a_reader(&self) -> bool {
        self.streams
    }

    fn has_reader(&self) -> bool {
        self.streams
    }
}

impl Settling {
    fn kind(&self, outcome: &Outcome) -> Kind {
        match outcome {
            // The portal broke down over it, perhaps after the work.
            Outcome::Failed(error)
                if error.code.known() == KnownCode::Internal && !self.repeatable =>
            {
                Kind::Unknown
            }
            outcome => Kind::of(outcome),
        }
    }
}

/// What an outcome says about every other call too: then the lines that follow are not worth a try.
fn of_all(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::NotRun(NotRun::NotReached(why) | NotRun::Ended(why)) => {
            if why.kind() == ErrorKind::Deadline {
                return Some("the time of --deadline has passed".to_owned());
            }
            Some(format!("the portal could not be reached: {why}"))
        }
        Outcome::Failed(error) => matches!(
            error.code.known(),
            KnownCode::QueryLimitExceeded
                | KnownCode::OperationTimeLimit
                | KnownCode::OverloadLimit
                | KnownCode::ExpiredToken
                | KnownCode::Auth
                | KnownCode::InsufficientScope
                | KnownCode::MethodNotFound
                | KnownCode::PortalDeleted
        )
        .then(|| format!("the portal answered: {error}")),
        _ => None,
    }
}

/// What is said at the end.
struct EachSummary<'a> {
    method: &'a str,
    client: &'a Client,
    started: Instant,
    tally: Tally,
    /// Calls whose outcome was not waited for.
    in_flight: u64,
    /// Lines whose outcome could not be written.
    untold: Vec<(u64, Kind)>,
    /// Results that are a page of several.
    cut_lists: u64,
    printer: Printer,
}

/// Completes the record of outcomes, or leaves it as it is. What stops the run may only be seen now.
async fn close_record(
    stopped: EachStopped,
    is_unwritable: bool,
    is_whole: bool,
    record: Record,
) -> (EachStopped, Result<Left, Failure>) {
    match stopped {
        EachStopped::AtEnd if is_unwritable => match record.error().await {
            Ok((Some(error), left)) => (EachStopped::ByOutput(error), Ok(left)),
            Ok((None, left)) => (EachStopped::AtEnd, Ok(left)),
            Err(failure) => (EachStopped::AtEnd, Err(failure)),
        },
        EachStopped::AtEnd if is_whole => match record.complete().await {
            Ok(written) => (EachStopped::AtEnd, Ok(Left::File(written))),
            Err((EndError::Output(error), left)) => (EachStopped::ByOutput(error), Ok(left)),
            Err((EndError::File(failure), _)) => (EachStopped::AtEnd, Err(failure)),
        },
        other => (other, record.leave().await),
    }
}

impl EachSummary<'_> {
    async fn close(
        self,
        stopped: EachStopped,
        ended: Ended,
        record: Record,
    ) -> Result<Exit, Failure> {
        let whole = ended.whole && self.in_flight == 0;
        let place = record.place();
        if let Some(warning) = outcome::cut_lists(self.cut_lists, Some(self.method)) {
            self.printer.warning(&warning);
        }
        let (stopped, closed) = close_record(stopped, ended.unwritable, whole, record).await;
        if let EachStopped::ByOutput(error) = &stopped
            && error.is_closed()
        {
            // Of calls that read, the reader has had enough, and nothing is lost.
            if Effect::of(self.method) == Effect::Read && !matches!(closed, Ok(Left::Rescued(_))) {
                return Ok(Exit::Done);
            }
            let failure = Failure::new(
                Exit::Incomplete,
                format!(
                    "standard output was closed after {}: no more lines were called",
                    counted(self.tally.all() + self.in_flight, "calls")
                ),
            );
            if let Ok(Left::Rescued(rescued)) = &closed {
                return Err(self.with_rescued(failure, rescued));
            }
            self.printer.warning(&failure.message);
            self.warn_of_untold();
            return Ok(failure.exit);
        }
        if !matches!(closed, Ok(Left::Rescued(_))) {
            self.warn_of_untold();
        }
        let (left, unwritten) = match closed {
            Ok(left) => (left, None),
            Err(failure) => (Left::Nothing, Some(failure)),
        };
        let (written, rescued) = match left {
            Left::Nothing => (None, None),
            Left::File(written) => (Some(written), None),
            Left::Rescued(rescued) => (None, Some(rescued)),
        };
        // What could not be brought to its end is there anyway.
        let name = match &unwritten {
            Some(_) => place,
            None => written.as_ref().map(|written| written.name.clone()),
        };
        let failure = match (stopped, ended.failure) {
            (EachStopped::BySignal(exit), _) => {
                Failure::new(exit, format!("{}: interrupted", self.method))
            }
            (EachStopped::ByOutput(error), _) => error.into(),
            (EachStopped::ByPortal(why), _) => {
                Failure::failed(format!("{}: {why}; no more lines were called", self.method))
            }
            (EachStopped::AtEnd, Some(failure)) => failure,
            (EachStopped::AtEnd, None) => match unwritten {
                Some(failure) => failure,
                None => return Ok(self.summary(ended.kept, written.as_ref())),
            },
        };
        let failure = self.unfinished(failure, name);
        Err(match rescued {
            Some(rescued) => self.with_rescued(failure, &rescued),
            None => failure,
        })
    }

    /// Names the lines whose outcomes are written nowhere.
    fn warn_of_untold(&self) {
        if !self.untold.is_empty() {
            self.printer.warning(&format!(
                "these outcomes could not be written: {}",
                ranges(&self.untold)
            ));
        }
    }

    /// Where the outcomes are that standard output did not take.
    fn with_rescued(&self, failure: Failure, rescued: &Rescued) -> Failure {
        let mut tally = self.tally;
        tally.unknown += self.in_flight;
        let calls = counted(tally.all(), "calls");
        failure
            .kept(format!("{calls} in {}: {tally}", rescued.partial))
            .and_hint(resume::command_to(&rescued.path, &["--resume"]))
    }

    /// The run that stopped before its end.
    fn unfinished(&self, mut failure: Failure, name: Option<String>) -> Failure {
        let mut tally = self.tally;
        tally.unknown += self.in_flight;
        if tally.all() > 0 && !failure.exit.is_by_signal() {
            failure.exit = Exit::Incomplete;
        }
        let Some(name) = name else { return failure };
        let calls = counted(tally.all(), "calls");
        failure
            .kept(format!("{calls} in {name}: {tally}"))
            .and_hint(resume::command_hint(&["--resume"]))
    }

    fn summary(&self, kept: Tally, written: Option<&Written>) -> Exit {
        let mut parts = vec![format!(
            "{} in {}: {}",
            counted(self.tally.all(), "calls"),
            format::duration(self.started.elapsed()),
            self.tally
        )];
        if kept.all() > 0 {
            parts.push(format!("{} done before", count(kept.done)));
        }
        if kept.unknown > 0 {
            parts.push(format!(
                "{} unknown as before, which --retry-unknown calls again",
                count(kept.unknown)
            ));
        }
        if let Some(written) = written {
            parts.push(written.description());
        }
        self.printer.note(&parts.join("; "));
        let stats = self.client.stats();
        self.printer.note(&format!(
            "{}, {}",
            counted(stats.requests, "requests"),
            counted(stats.repeats, "retries")
        ));
        if self.tally.is_done() && kept.is_done() {
            Exit::Done
        } else {
            Exit::Incomplete
        }
    }
}

/// Lines and their outcomes: `1-450 done, 451 failed`.
fn ranges(lines: &[(u64, Kind)]) -> String {
    let mut lines = lines.to_vec();
    lines.sort_unstable_by_key(|(line, _)| *line);
    let mut ranges: Vec<(u64, u64, Kind)> = Vec::new();
    for (line, kind) in lines {
        match ranges.last_mut() {
            Some((_, last, of)) if *last + 1 == line && *of == kind => *last = line,
            _ => ranges.push((line, line, kind)),
        }
    }
    let texts: Vec<String> = ranges
        .into_iter()
        .map(|(first, last, kind)| {
            if first == last {
                format!("{first} {}", kind.name())
            } else {
                format!("{first}-{last} {}", kind.name())
            }
        })
        .collect();
    format!("lines {}", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_told_by_ranges_of_lines() {
        let lines = [
            (7, Kind::Failed),
            (1, Kind::Done),
            (2, Kind::Done),
            (4, Kind::Done),
            (3, Kind::Done),
        ];
        assert_eq!(ranges(&lines), "lines 1-4 done, 7 failed");
    }
}
