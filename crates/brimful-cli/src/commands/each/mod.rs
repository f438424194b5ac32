//! `brimful call METHOD --each`: a call for every line of a file, and an outcome for every call.
//!
//! - `items` are the lines of the input,
//! - `previous` are the outcomes of earlier runs,
//! - `feed` hands lines to the client, a handful at a time,
//! - `record` and `outcome_file` keep what is on its way and what came of it,
//! - `bar` shows how far it is.

mod bar;
mod feed;
mod items;
mod outcome_file;
mod previous;
mod record;

use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use brimful::{Client, Effect, Outcome};
use brimful_protocol::KnownCode;
use futures_util::StreamExt;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep_until};

use super::connect;
use crate::args::method;
use crate::args::params::Given;
use crate::commands::call::{CallArgs, EachOption};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{self, count, counted};
use crate::input;
use crate::interrupt::Interrupts;
use crate::outcome::{Kind, Tally};
use crate::output::{Destination, OutputError, Written};
use crate::printer::Printer;
use bar::Bar;
use feed::{Ended, feed};
use items::{Items, OfUnknown, Setting};
use outcome_file::Earlier;
use record::{Flight, Record};

/// How long calls on their way are waited for when the run is to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// Outcomes that are written at a time.
const AT_ONCE: usize = 100;

/// Why no more lines were called.
enum Stopped {
    /// They came to their end, which [`Ended`] tells.
    AtEnd,
    BySignal(Exit),
    /// The portal takes no calls.
    ByPortal(String),
    ByOutput(OutputError),
}

pub(crate) async fn run(args: &CallArgs, file: &Path, printer: Printer) -> Result<Exit, Failure> {
    let started = Instant::now();
    input::once(file, args.params.json.as_deref())?;
    let common = common(args)?;
    if let Some(doubt) = method::doubt(&args.method) {
        printer.warning(&doubt);
    }
    let EachOption {
        output,
        resume,
        retry_unknown,
        ..
    } = &args.each;
    let destination = output.as_ref().unwrap_or(&Destination::Stdout);
    input::apart(file, destination)?;
    let earlier = if *resume {
        Earlier::Resume
    } else {
        Earlier::Refuse
    };
    let mut interrupts = Interrupts::catch()
        .map_err(|error| Failure::failed(format!("signals cannot be caught: {error}")))?;
    let connection = connect(&args.portal, args.limit.rate, printer).await?;
    let record = tokio::task::block_in_place(|| Record::open(destination, earlier))?;
    let items = Items::open(
        file,
        Setting {
            method: args.method.clone(),
            common,
            previous: record.previous()?,
            of_unknown: if *retry_unknown {
                OfUnknown::Repeat
            } else {
                OfUnknown::Keep
            },
        },
    );
    let items = match items {
        Ok(items) => items,
        Err(failure) => {
            record.leave().await?;
            return Err(failure);
        }
    };
    let bar = Bar::show(&args.method, &items, printer);
    let streams = matches!(record, Record::Stream(_));

    let record = Arc::new(Mutex::new(record));
    let flight = Flight::default();
    let (stop, stops) = watch::channel(false);
    let (lines, end) = feed(items, Arc::clone(&record), flight.clone(), stops);
    let mut calls = connection.client.call_each_of(&args.method, lines);
    if args.idempotent {
        calls = calls.idempotent();
    }
    let mut run = Run {
        repeatable: args.idempotent || Effect::of(&args.method) == Effect::Read,
        flight: flight.clone(),
        record: Arc::clone(&record),
        tally: Tally::default(),
        bar,
    };
    let mut outcomes = calls.outcomes().ready_chunks(AT_ONCE);
    let mut stopped = Stopped::AtEnd;
    let mut patience: Option<Instant> = None;
    loop {
        tokio::select! {
            some = outcomes.next() => {
                let Some(some) = some else { break };
                let taken = tokio::select! {
                    taken = run.take(some) => taken,
                    // Whoever is to read the outcomes does not. A file takes them at once.
                    exit = interrupts.next(), if streams => {
                        stopped = Stopped::BySignal(exit);
                        break;
                    }
                };
                match taken {
                    Ok(None) => {}
                    Ok(Some(why)) => {
                        let _ = stop.send(true);
                        if let Stopped::AtEnd = stopped {
                            stopped = Stopped::ByPortal(why);
                        }
                    }
                    Err(error) => {
                        stopped = Stopped::ByOutput(error);
                        break;
                    }
                }
            }
            exit = interrupts.next() => {
                stopped = Stopped::BySignal(exit);
                if patience.is_some() || flight.len() == 0 {
                    break;
                }
                let _ = stop.send(true);
                patience = Some(Instant::now() + PATIENCE);
                printer.note(&format!(
                    "waiting for {} on their way; once more and they are left as unknown",
                    counted(flight.len() as u64, "calls")
                ));
            }
            () = until(patience) => break,
        }
    }
    // What is still on its way is not waited for.
    drop(outcomes);
    let tally = run.tally;
    drop(run);
    let left = Tally {
        unknown: flight.len() as u64,
        ..Tally::default()
    };
    let ended = std::mem::take(&mut *end.lock().unwrap_or_else(PoisonError::into_inner));
    let record = match Arc::try_unwrap(record) {
        Ok(record) => record.into_inner(),
        Err(_) => return Err(Failure::failed("the outcomes are still being written")),
    };
    Account {
        method: &args.method,
        client: &connection.client,
        started,
        tally,
        left,
        printer,
    }
    .close(stopped, ended, record)
    .await
}

async fn until(patience: Option<Instant>) {
    match patience {
        Some(patience) => sleep_until(patience).await,
        None => std::future::pending().await,
    }
}

/// The parameters that all lines have.
fn common(args: &CallArgs) -> Result<Map<String, Value>, Failure> {
    let given = Given {
        json: args.params.json.as_deref(),
        params: &args.params.params,
        ..Given::default()
    };
    match given.assemble()? {
        Value::Object(common) => Ok(common),
        _ => Err(Failure::usage(
            "--json gives parameters by position, and every line has parameters of its own",
        )),
    }
}

/// Calls that come back.
struct Run {
    /// Whether a call that may have run may be made again.
    repeatable: bool,
    flight: Flight,
    record: Arc<Mutex<Record>>,
    tally: Tally,
    bar: Option<Bar>,
}

impl Run {
    /// Writes outcomes. If they show that the portal takes no calls at all, it says why.
    async fn take(&mut self, outcomes: Vec<Outcome>) -> Result<Option<String>, OutputError> {
        let calls = self.flight.land(outcomes.len());
        let settled: Vec<_> = calls
            .into_iter()
            .zip(outcomes)
            .map(|(call, outcome)| {
                let kind = self.kind(&outcome);
                (call, outcome, kind)
            })
            .collect();
        let put = self.record.lock().await.settle(&settled).await;
        if let Err(error) = put {
            let calls = settled.into_iter().map(|(call, ..)| call);
            self.flight.unland(calls.collect());
            return Err(error);
        }
        let mut refused = None;
        for (call, outcome, kind) in &settled {
            self.tally.add(*kind);
            if refused.is_none() {
                refused = of_all(outcome).map(|why| format!("line {}: {why}", call.line));
            }
        }
        if let Some(bar) = &self.bar {
            bar.note(self.tally);
        }
        Ok(refused)
    }

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
        Outcome::NotRun => Some("the portal could not be reached".to_owned()),
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
struct Account<'a> {
    method: &'a str,
    client: &'a Client,
    started: Instant,
    tally: Tally,
    /// Calls whose outcome was not waited for.
    left: Tally,
    printer: Printer,
}

impl Account<'_> {
    async fn close(self, stopped: Stopped, ended: Ended, record: Record) -> Result<Exit, Failure> {
        let whole = ended.whole && self.left.unknown == 0;
        let place = record.place();
        let closed = match &stopped {
            Stopped::ByOutput(OutputError::Closed) => {
                self.printer.warning(&format!(
                    "standard output was closed after {}: no more lines were called",
                    counted(self.tally.all() + self.left.unknown, "calls")
                ));
                return Ok(Exit::Incomplete);
            }
            Stopped::AtEnd if whole => record.complete().await,
            _ => record.leave().await,
        };
        let (written, unwritten) = match closed {
            Ok(written) => (written, None),
            Err(failure) => (None, Some(failure)),
        };
        // What could not be brought to its end is there all the same.
        let name = match &unwritten {
            Some(_) => place,
            None => written.as_ref().map(|written| written.name.clone()),
        };
        let failure = match (stopped, ended.failure) {
            (Stopped::BySignal(exit), _) => {
                Failure::new(exit, format!("{}: interrupted", self.method))
            }
            (Stopped::ByOutput(error), _) => super::export::unwritable(&error),
            (Stopped::ByPortal(why), _) => {
                Failure::failed(format!("{}: {why}; no more lines were called", self.method))
            }
            (Stopped::AtEnd, Some(failure)) => failure,
            (Stopped::AtEnd, None) => match unwritten {
                Some(failure) => failure,
                None => return Ok(self.summary(ended.kept, written.as_ref())),
            },
        };
        Err(self.unfinished(failure, name))
    }

    /// The run that stopped before its end.
    fn unfinished(&self, mut failure: Failure, name: Option<String>) -> Failure {
        let mut tally = self.tally;
        tally.unknown += self.left.unknown;
        if tally.all() > 0 && !matches!(failure.exit, Exit::Interrupted | Exit::Terminated) {
            failure.exit = Exit::Incomplete;
        }
        let Some(name) = name else { return failure };
        let calls = counted(tally.all(), "calls");
        let failure = failure.kept(format!("{calls} in {name}: {tally}"));
        let goes_on = "--resume goes on from there";
        let hint = match &failure.hint {
            Some(hint) => format!("{hint}; {goes_on}"),
            None => goes_on.to_owned(),
        };
        failure.hint(hint)
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
            parts.push(format!(
                "{} ({})",
                written.name,
                format::bytes(written.bytes)
            ));
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
