//! `brimful r7 export`: a whole list, from the portal to a file.

use brimful::{Error, ErrorKind};
use brimful_r7::{Filter, List, Pages};
use tokio::time::Instant;

use super::{connect, failure};
use crate::commands::export::{leave, unwritable};
use crate::exit::Exit;
use crate::figures::{self, counted};
use crate::hint::Failure;
use crate::interrupt::Interrupts;
use crate::output::{Output, OutputError, Written};
use crate::printer::Printer;
use crate::r7_args::{Comparison, R7ExportArgs};

/// Why the rows stopped coming.
enum Stopped {
    /// They are all there.
    Complete,
    ByPortal(Error),
    ByOutput(OutputError),
    BySignal(Exit),
}

pub(crate) async fn run(args: &R7ExportArgs, printer: Printer) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::catch()
        .map_err(|error| Failure::failed(format!("signals cannot be caught: {error}")))?;
    let connection = connect(&args.portal, printer).await?;
    let list = connection.client.list(&args.path);
    let mut pages = how(list, args).pages().map_err(|error| failure(&error))?;
    let mut output = Output::open(&args.output).map_err(|error| unwritable(&error))?;
    let started = Instant::now();
    let mut stopped = tokio::select! {
        stopped = pass(&mut pages, &mut output) => stopped,
        exit = interrupts.next() => Stopped::BySignal(exit),
    };
    let mut written = None;
    if let Stopped::Complete = stopped {
        let finished = tokio::select! {
            finished = output.finish() => finished,
            // All rows have come, but whoever is to read them does not.
            exit = interrupts.next() => {
                return Err(Failure::new(exit, format!("{}: interrupted", args.path)));
            }
        };
        match finished {
            Ok(whole) => written = Some(whole),
            Err(error) => stopped = Stopped::ByOutput(error),
        }
        return end(stopped, args, &pages, written.as_ref(), started, printer);
    }
    let left = leave(output).await;
    end(stopped, args, &pages, left.as_ref(), started, printer)
}

fn end(
    stopped: Stopped,
    args: &R7ExportArgs,
    pages: &Pages,
    written: Option<&Written>,
    started: Instant,
    printer: Printer,
) -> Result<Exit, Failure> {
    let rows = pages.report().rows;
    let kept = |failure: Failure, left: Option<&Written>| match left {
        Some(left) => failure.kept(format!("{} in {}", counted(rows, "rows"), left.name)),
        None => failure,
    };
    match stopped {
        Stopped::Complete => {
            if let Some(written) = written {
                account(pages, written, started, printer);
            }
            Ok(Exit::Done)
        }
        // Whoever reads has had enough: that is no failure.
        Stopped::ByOutput(OutputError::Closed) => Ok(Exit::Done),
        Stopped::ByOutput(error) => {
            let mut failure = unwritable(&error);
            if let OutputError::Short { rows, left, .. } = &error {
                failure = failure.kept(format!("{} in {}", counted(*rows, "rows"), left.name));
            }
            if rows > 0 {
                failure.exit = Exit::Incomplete;
            }
            Err(failure)
        }
        Stopped::ByPortal(error) => {
            let mut failure = failure(&error);
            if rows > 0 || error.kind() == ErrorKind::Incomplete {
                failure.exit = Exit::Incomplete;
            }
            Err(kept(failure, written))
        }
        Stopped::BySignal(exit) => {
            let failure = Failure::new(exit, format!("{}: interrupted", args.path));
            Err(kept(failure, written))
        }
    }
}

fn how(mut list: List, args: &R7ExportArgs) -> List {
    if !args.fields.is_empty() {
        list = list.fields(args.fields.iter().map(|field| field.trim()));
    }
    if !args.sort.is_empty() {
        list = list.sort_by(args.sort.iter().map(|field| field.trim()));
    }
    if args.descending {
        list = list.descending();
    }
    for (name, value) in &args.params {
        list = list.param(name.as_str(), value.as_str());
    }
    if let Some(text) = &args.search {
        list = list.filter(Filter::search(text.as_str()));
    }
    if let Some((field, values)) = &args.filter {
        let mut values = values.split(',').map(str::trim);
        let first = values.next().unwrap_or_default();
        let filter = match args.compare {
            Comparison::Equals => Filter::equals(field.as_str(), first),
            Comparison::Contains => Filter::contains(field.as_str(), first),
            Comparison::StartsWith => Filter::starts_with(field.as_str(), first),
            Comparison::EndsWith => Filter::ends_with(field.as_str(), first),
        };
        list = list.filter(values.fold(filter, Filter::or));
    }
    list
}

/// Passes pages on until they stop coming.
async fn pass(pages: &mut Pages, output: &mut Output) -> Stopped {
    loop {
        match pages.next_page().await {
            Ok(Some(page)) => {
                if let Err(error) = output.write(page).await {
                    return Stopped::ByOutput(error);
                }
            }
            Ok(None) => return Stopped::Complete,
            Err(error) => return Stopped::ByPortal(error),
        }
    }
}

fn account(pages: &Pages, written: &Written, started: Instant, printer: Printer) {
    let report = pages.report();
    printer.note(&format!(
        "{} in {}: {} ({})",
        counted(report.rows, "rows"),
        figures::duration(started.elapsed()),
        written.name,
        figures::bytes(written.bytes)
    ));
    let mut effort = vec![counted(report.requests, "requests")];
    if report.repeated > 0 {
        effort.push(format!(
            "{} came twice and were dropped",
            counted(report.repeated, "rows")
        ));
    }
    if report.steps_back > 0 {
        let steps = counted(report.steps_back, "times");
        effort.push(format!(
            "the list became shorter {steps}, and was read again from there"
        ));
    }
    printer.note(&effort.join("; "));
}
