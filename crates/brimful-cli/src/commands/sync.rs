//! `brimful sync`: keeps the tables of a store equal to lists of the portal.

use std::time::Duration;

use brimful_export::Store;
use brimful_export::sync::{
    Deletes, EntityReport, SyncEntity, SyncError, SyncEvent, SyncOptions, SyncReport, SyncRun,
    entities,
};
use clap::{Args, ValueEnum};
use tokio::time::{Instant, sleep_until};

use super::connect;
use super::show;
use crate::args::portal::PortalArg;
use crate::args::{EXIT_CODES, PortalOption, RateOption, time};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{self, counted};
use crate::interrupt::Interrupts;
use crate::printer::Printer;
use crate::table::{Table, terminal_width};

/// Mirror lists of the portal into database tables: what has changed comes in, what is deleted is marked
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  brimful sync --portal demo --to sqlite:portal.db crm.deal crm.lead tasks users
  brimful sync --to postgres://me@host/bi crm.deal crm.contact crm.item:128 stages --labels
  brimful sync --to sqlite:portal.db crm.deal calls --every 15m
  brimful sync --list

{EXIT_CODES}"))]
pub(crate) struct SyncArgs {
    /// The entities, such as crm.deal, crm.item:128 or tasks, or the methods of lists; --list shows them
    #[arg(value_name = "ENTITY", required_unless_present = "list")]
    entities: Vec<String>,
    /// The database, such as sqlite:portal.db
    #[arg(long, value_name = "STORE", required_unless_present = "list")]
    to: Option<String>,
    #[command(flatten)]
    portal: PortalOption,
    /// Choose what becomes of rows that the portal no longer has
    #[arg(long, value_enum, value_name = "HOW", default_value_t = DeletesArg::Soft)]
    deletes: DeletesArg,
    /// Believe that rows are deleted, however many are gone at once
    #[arg(long)]
    accept_deletes: bool,
    /// Store what people call stages, statuses, users, list values and other codes too: a table of labels and a view for
    /// each table
    #[arg(long)]
    labels: bool,
    /// Keep running, and sync again at this interval, such as 15m
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    every: Option<Duration>,
    /// Show the entities that are known, and end
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    limit: RateOption,
}

/// What becomes of rows that the portal no longer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeletesArg {
    /// They stay, and _deleted_at says since when they are gone
    Soft,
    /// They are deleted in the store too
    Hard,
    /// They stay as they are, and the portal is not asked
    Off,
}

impl From<DeletesArg> for Deletes {
    fn from(deletes: DeletesArg) -> Self {
        match deletes {
            DeletesArg::Soft => Self::Soft,
            DeletesArg::Hard => Self::Hard,
            DeletesArg::Off => Self::Off,
        }
    }
}

pub(crate) async fn run(args: &SyncArgs, printer: Printer) -> Result<Exit, Failure> {
    if args.list {
        return list(printer);
    }
    let store = store(args.to.as_deref())?;
    let wanted: Result<Vec<SyncEntity>, SyncError> =
        args.entities.iter().map(|name| name.parse()).collect();
    let wanted = wanted.map_err(|error| failure_of(&error))?;
    let mut interrupts = Interrupts::catch()?;
    let connection = connect(&args.portal, args.limit.rate, printer).await?;
    let mut run = SyncRun::new(connection.client.clone(), store.clone(), wanted)
        .options(SyncOptions {
            deletes: args.deletes.into(),
            accept_deletes: args.accept_deletes,
            labels: args.labels,
        })
        .observe(move |event| tell(event, printer));
    if args.portal.address() == Some(&PortalArg::Demo) {
        run = run.portal("demo");
    }
    let Some(every) = args.every else {
        let report = tokio::select! {
            report = run.run() => report,
            signal = interrupts.next() => return Ok(interrupted(signal, printer)),
        };
        let report = report.map_err(|error| failure_of(&error))?;
        return Ok(summarize(&report, &store, printer));
    };
    loop {
        let next = Instant::now() + every;
        let report = tokio::select! {
            report = run.run() => report,
            signal = interrupts.next() => return Ok(interrupted(signal, printer)),
        };
        match report {
            Ok(report) => {
                summarize(&report, &store, printer);
            }
            Err(error @ SyncError::Usage(_)) => return Err(failure_of(&error)),
            // It is tried again when its time comes.
            Err(error) => printer.failure(&failure_of(&error)),
        }
        tokio::select! {
            () = sleep_until(next) => {}
            _ = interrupts.next() => return Ok(Exit::Done),
        }
    }
}

/// The store that is named on the command line.
pub(super) fn store(name: Option<&str>) -> Result<Store, Failure> {
    name.unwrap_or_default()
        .parse()
        .map_err(|error: brimful_export::ExportError| Failure::usage(error.to_string()))
}

fn interrupted(signal: Exit, printer: Printer) -> Exit {
    printer.note("interrupted; what is stored stays, and the next run continues there");
    signal
}

/// A failure of a run, or of one of its entities.
pub(super) fn failure_of(error: &SyncError) -> Failure {
    match error {
        SyncError::Portal(error) => Failure::of(error),
        SyncError::Usage(text) => Failure::usage(text.clone()),
        other => Failure::failed(other.to_string()),
    }
}

/// The entities, as a table.
fn list(printer: Printer) -> Result<Exit, Failure> {
    let mut table = Table::new(&["NAME", "LIST", "CHANGES BY", "WHAT"]);
    for entity in entities() {
        table.row([
            entity.usage(),
            entity.method.to_owned(),
            changes_by(entity.cursor).to_owned(),
            entity.title.to_owned(),
        ]);
    }
    show::print(&table.text(terminal_width()), printer)?;
    printer
        .note("any other list of `brimful methods` can be named by its method; it is read in full");
    Ok(Exit::Done)
}

fn changes_by(cursor: brimful_export::sync::ChangeCursor) -> &'static str {
    use brimful_export::sync::ChangeCursor;
    match cursor {
        ChangeCursor::Time { filter, .. } => filter,
        ChangeCursor::Id => "ID",
        _ => "reading all",
    }
}

/// Says what happens while a run goes on.
fn tell(event: &SyncEvent<'_>, printer: Printer) {
    match event {
        SyncEvent::Begun {
            entity,
            resumed_after: Some(id),
            ..
        } => printer.note(&format!("{entity}: resuming after ID {id}")),
        SyncEvent::Ended {
            entity,
            result: Ok(report),
        } => printer.note(&format!("{entity}: {}", described(report))),
        SyncEvent::Ended {
            entity,
            result: Err(error),
        } => {
            let mut failure = failure_of(error);
            failure.message = format!("{entity}: {}", failure.message);
            printer.failure(&failure);
        }
        SyncEvent::Doubt { entity, text } => printer.warning(&format!("{entity}: {text}")),
        _ => {}
    }
}

fn described(report: &EntityReport) -> String {
    let mut parts = vec![format!(
        "{} read{}, {} new or changed",
        counted(report.read, "rows"),
        if report.is_full { " (all)" } else { "" },
        format::count(report.written)
    )];
    if report.deleted > 0 {
        parts.push(format!("{} deleted", format::count(report.deleted)));
    }
    parts.push(format!("{} now", counted(report.rows, "rows")));
    if report.misfits > 0 {
        let values = counted(report.misfits, "values");
        parts.push(format!("{values} did not fit, _brimful_errors has them"));
    }
    parts.join("; ")
}

/// Says what the run has done, and which entities are behind.
fn summarize(report: &SyncReport, store: &Store, printer: Printer) -> Exit {
    let behind: Vec<_> = report
        .entities
        .iter()
        .filter_map(|(name, result)| Some((name, result.as_ref().err()?)))
        .collect();
    let requests = counted(report.requests, "requests");
    if behind.is_empty() {
        printer.note(&format!(
            "{} up to date in {store}, {requests}",
            counted(report.entities.len() as u64, "entities")
        ));
        return Exit::Done;
    }
    printer.note(&format!(
        "{} of {} up to date in {store}, {requests}; behind are:",
        report.entities.len() - behind.len(),
        counted(report.entities.len() as u64, "entities")
    ));
    let mut table = Table::new(&["ENTITY", "WHY"]);
    for (name, error) in behind {
        table.row([name.clone(), error.to_string()]);
    }
    for line in table.text(terminal_width()).lines() {
        printer.note(line);
    }
    Exit::Incomplete
}
