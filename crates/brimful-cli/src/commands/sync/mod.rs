//! `brimful sync`: keeps the tables of a store equal to lists of the portal.

pub(super) use config::{Overrides, SyncFile};
pub(super) use job::Job;
use job::SettingPlace;

pub(super) mod config;
mod job;
mod report;
mod rows;
mod summary;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use brimful::{Error, ErrorKind};
use brimful_export::sync::{
    Deletes, EntityReport, SyncEntity, SyncError, SyncEvent, SyncOptions, entities,
};
use brimful_export::{ExportError, Store};
use clap::{Args, ValueEnum};
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::Map;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use super::show;
use crate::args::filter::{self, Condition};
use crate::args::portal;
use crate::args::rate::operating_seconds;
use crate::args::{DeadlineOption, EXIT_CODES, PortalLimits, PortalOption, RateArg, time};
use crate::env_vars;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{self, counted};
use crate::interrupt::Interrupts;
use crate::printer::Printer;
use crate::pump::progress::{ProgressLine, ProgressSource};
use crate::pump::run_report;
use crate::table::{Table, terminal_width};
use config::{USUAL_NAME, with_settings};
use job::RunningJob;
use report::RunReport;
use rows::RowsRead;

/// Portals that are read at once, if nothing else is said: each takes about 20 MiB.
const PORTALS_AT_ONCE: NonZeroUsize = NonZeroUsize::new(16).expect("it is not zero");

/// Mirror lists of the portal into database tables: what has changed comes in, what is deleted is marked
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  brimful sync --portal demo --to sqlite:portal.db crm.deal crm.lead tasks users
  brimful sync --to postgres://me@host/bi crm.deal crm.contact crm.item:128 stages --labels
  brimful sync --to sqlite:portal.db crm.deal calls --every 15m
  brimful sync --to sqlite:portal.db crm.deal --filter 'crm.deal >=DATE_CREATE=2026-01-01'
  brimful sync
  brimful sync --list

Without entities, everything is taken from brimful.toml, which `brimful init` writes.

{EXIT_CODES}"))]
pub(crate) struct SyncArgs {
    /// The entities, such as crm.deal, crm.item:128 or tasks, or the methods of lists; --list shows them
    #[arg(value_name = "ENTITY")]
    entities: Vec<String>,
    /// The database, such as sqlite:portal.db
    #[arg(long, value_name = "STORE")]
    to: Option<String>,
    /// Keep the tables in this schema of PostgreSQL
    #[arg(
        long,
        value_name = "NAME",
        requires = "entities",
        conflicts_with = "config"
    )]
    schema: Option<String>,
    /// Take portals, entities and the database from this file, and of its entities those that are named, if any are;
    /// brimful.toml is read where no entity is given
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    portal: PortalOption,
    /// Keep only the rows of an entity that meet a condition, such as 'crm.deal >=DATE_CREATE=2026-01-01'
    #[arg(long = "filter", value_name = "ENTITY CONDITION", value_parser = entity_condition, requires = "entities", conflicts_with = "config")]
    filters: Vec<EntityCondition>,
    /// Keep only these fields of an entity, such as 'crm.deal TITLE,OPPORTUNITY'
    #[arg(long = "select", value_name = "ENTITY FIELDS", value_parser = entity_fields, requires = "entities", conflicts_with = "config")]
    selects: Vec<EntityFields>,
    /// Keep an entity in this table, such as 'crm.deal deals'
    #[arg(long = "table", value_name = "ENTITY NAME", value_parser = entity_table, requires = "entities", conflicts_with = "config")]
    tables: Vec<EntityTable>,
    /// Choose what becomes of rows that the portal no longer has; soft if not given
    #[arg(long, value_enum, value_name = "HOW")]
    deletes: Option<DeletesArg>,
    #[command(flatten)]
    believed: BelievedArgs,
    /// Store what people call stages, statuses, users, list values and other codes too: a table of labels and a view for
    /// each table
    #[arg(long)]
    labels: bool,
    /// Keep running, and sync again at this interval, such as 15m
    #[arg(long, value_name = "TIME", value_parser = time::parse_interval)]
    every: Option<Duration>,
    /// Write what the run has done for each entity to this file: a page, or JSON if it ends with .json
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Read so many of the portals of brimful.toml at once, if it has more: 16 if not given
    #[arg(long, value_name = "N")]
    portals_at_once: Option<NonZeroUsize>,
    /// Show the entities that are known, and end
    #[arg(long)]
    list: bool,
    /// The portal's rate limit: a burst of X requests and Y more per second, standard, enterprise or off; 50,2 if not given
    #[arg(long, value_name = "X,Y|TARIFF|off", alias = "limit")]
    rate: Option<RateArg>,
    /// The operating time that a method may use in ten minutes, in seconds: 480 if not given
    #[arg(long, value_name = "SECONDS", value_parser = operating_seconds)]
    operating_limit: Option<Duration>,
    // Of each run, where they are repeated.
    #[command(flatten)]
    deadline: DeadlineOption,
}

/// What a run doubts, and somebody answers for.
#[derive(Debug, Args)]
struct BelievedArgs {
    /// Believe that rows are deleted, however many are gone at once
    #[arg(long)]
    accept_deletes: bool,
    /// Take the rows of a portal at another address for this portal's: it has moved
    #[arg(long)]
    same_portal: bool,
}

/// A condition of an entity.
#[derive(Debug, Clone)]
struct EntityCondition {
    entity: SyncEntity,
    condition: Condition,
}

/// The fields of an entity.
#[derive(Debug, Clone)]
struct EntityFields {
    entity: SyncEntity,
    fields: Vec<String>,
}

/// The table of an entity.
#[derive(Debug, Clone)]
struct EntityTable {
    entity: SyncEntity,
    table: String,
}

/// An entity, and what stands behind it.
fn entity_and_rest(text: &str) -> Result<(SyncEntity, &str), String> {
    let (entity, rest) = text
        .trim()
        .split_once(char::is_whitespace)
        .ok_or("write the entity, a space, and what is for it: 'crm.deal …'")?;
    let entity = entity
        .parse()
        .map_err(|error: SyncError| error.to_string())?;
    Ok((entity, rest.trim()))
}

fn entity_condition(text: &str) -> Result<EntityCondition, String> {
    let (entity, rest) = entity_and_rest(text)?;
    let condition = filter::parse(rest)?;
    Ok(EntityCondition { entity, condition })
}

fn entity_fields(text: &str) -> Result<EntityFields, String> {
    let (entity, rest) = entity_and_rest(text)?;
    let fields = rest.split(',').map(|field| field.trim().to_owned());
    let fields: Vec<String> = fields.filter(|field| !field.is_empty()).collect();
    Ok(EntityFields { entity, fields })
}

fn entity_table(text: &str) -> Result<EntityTable, String> {
    let (entity, rest) = entity_and_rest(text)?;
    let table = rest.to_owned();
    Ok(EntityTable { entity, table })
}

/// What becomes of rows that the portal no longer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// What the command line and the file of settings say.
struct Settings {
    /// What is to be done, one portal after the other.
    jobs: Vec<Job>,
    /// How often.
    every: Option<Duration>,
    /// Where it is written down what a run has done.
    report: Option<PathBuf>,
    portals_at_once: NonZeroUsize,
}

impl SyncArgs {
    fn settings(&self) -> Result<Settings, Failure> {
        if !self.entities.is_empty() && self.config.is_none() {
            return Ok(Settings {
                jobs: vec![self.own_job()?],
                every: self.every,
                report: self.report.clone(),
                portals_at_once: NonZeroUsize::MIN,
            });
        }
        let Some(file) = SyncFile::find(self.config.as_deref())? else {
            return Err(Failure::usage(format!(
                "no entity is given, and there is no {USUAL_NAME} here"
            ))
            .hint(
                "name entities and a database, as in brimful sync crm.deal tasks --to sqlite:portal.db, or write the file: \
                 brimful init",
            ));
        };
        let jobs = file.jobs(&Overrides {
            portal: self.given_portal(),
            to: self.to.as_deref(),
            labels: self.labels.then_some(true),
            deletes: self.deletes,
            accept_deletes: self.believed.accept_deletes,
            same_portal: self.believed.same_portal,
            rate: self.rate,
            operating_limit: self.operating_limit,
            deadline: self.deadline.deadline,
            entities: self.known_entities()?,
        })?;
        Ok(Settings {
            jobs,
            every: match self.every {
                Some(every) => Some(every),
                None => file.every()?,
            },
            report: self.report.clone().or_else(|| file.report()),
            portals_at_once: self
                .portals_at_once
                .or_else(|| file.portals_at_once())
                .unwrap_or(PORTALS_AT_ONCE),
        })
    }

    /// The portal of the command line. That of the environment is for where the file names none.
    fn given_portal(&self) -> Option<&PortalOption> {
        let address = self.portal.address();
        let of_environment =
            env_vars::read(env_vars::PORTAL).and_then(|address| portal::parse(&address).ok());
        let is_given = self.portal.token_file.is_some()
            || address.is_some_and(|address| Some(address) != of_environment.as_ref());
        is_given.then_some(&self.portal)
    }

    /// The entities of the command line as they are known.
    fn known_entities(&self) -> Result<Vec<SyncEntity>, Failure> {
        let known: Result<Vec<SyncEntity>, SyncError> =
            self.entities.iter().map(|name| name.parse()).collect();
        known.map_err(|error| failure_of(&error))
    }

    /// What the command line alone says.
    fn own_job(&self) -> Result<Job, Failure> {
        let Some(to) = &self.to else {
            let hint = if Path::new(USUAL_NAME).exists() {
                format!(
                    "name one with --to, such as --to sqlite:portal.db, or take the settings of {USUAL_NAME}: --config {USUAL_NAME}"
                )
            } else {
                "name one with --to, such as --to sqlite:portal.db".to_owned()
            };
            return Err(Failure::usage("no database is given").hint(hint));
        };
        let store = store(to, self.schema.as_deref())?;
        let wanted = self.entities.iter().map(|name| {
            let entity: SyncEntity = name.parse()?;
            let conditions = self.filters.iter().filter(|one| one.entity == entity);
            let conditions: Map<_, _> = conditions
                .map(|one| (one.condition.key.clone(), one.condition.value.clone()))
                .collect();
            let select = self.selects.iter().filter(|one| one.entity == entity);
            let select: Vec<String> = select.flat_map(|one| one.fields.clone()).collect();
            let table = self.tables.iter().rfind(|one| one.entity == entity);
            with_settings(
                entity,
                (!conditions.is_empty()).then_some(conditions),
                (!select.is_empty()).then_some(select),
                table.map(|one| one.table.as_str()),
            )
        });
        let wanted: Result<Vec<SyncEntity>, SyncError> = wanted.collect();
        let entities = wanted.map_err(|error| failure_of(&error))?;
        let known = self.known_entities()?;
        let filters = self.filters.iter().map(|one| ("--filter", &one.entity));
        let selects = self.selects.iter().map(|one| ("--select", &one.entity));
        let tables = self.tables.iter().map(|one| ("--table", &one.entity));
        for (option, entity) in filters.chain(selects).chain(tables) {
            if !known.contains(entity) {
                return Err(Failure::usage(format!(
                    "{option} is for {0}, which is not among the entities",
                    entity.name
                ))
                .hint(format!("add {} to the command", entity.name)));
            }
        }
        Ok(Job {
            name: None,
            portal: self.portal.clone(),
            limits: PortalLimits {
                rate: self.rate.unwrap_or(RateArg::STANDARD),
                operating: self.operating_limit,
            },
            deadline: self.deadline,
            store,
            entities,
            options: SyncOptions {
                deletes: self.deletes.unwrap_or(DeletesArg::Soft).into(),
                accept_deletes: self.believed.accept_deletes,
                same_portal: self.believed.same_portal,
                labels: self.labels,
            },
            places: Vec::new(),
        })
    }
}

pub(crate) async fn run(args: &SyncArgs, printer: Printer) -> Result<Exit, Failure> {
    if args.list {
        return list(printer);
    }
    let Settings {
        jobs,
        every,
        report,
        portals_at_once,
    } = args.settings()?;
    if let Some(path) = &report {
        let stores: Vec<PathBuf> = jobs
            .iter()
            .filter_map(|job| job.store.file().map(PathBuf::from))
            .collect();
        run_report::check_place(path, &stores)?;
    }
    let mut interrupts = Interrupts::catch()?;
    let mut jobs: Vec<RunningJob> = jobs.into_iter().map(RunningJob::new).collect();
    loop {
        let began = Instant::now();
        let rows = Arc::new(RowsRead::default());
        let line = progress_line(&rows, printer);
        let runs = jobs.iter_mut().map(|job| {
            let rows = Arc::clone(&rows);
            job.run(printer, move |job, event| {
                rows.note(job.name.as_deref().unwrap_or_default(), event);
                tell(job, event, printer);
            })
        });
        let results = tokio::select! {
            results = all_in_turns(runs, portals_at_once) => results,
            signal = interrupts.next() => return Ok(interrupted(signal, printer)),
        };
        drop(line);
        let named: Vec<&Job> = jobs.iter().map(|running| &*running.job).collect();
        if let Some(path) = &report
            && let Err(error) = RunReport::of(&named, &results, began.elapsed()).write(path)
        {
            printer.warning(&format!(
                "could not write the report {}: {error}",
                path.display()
            ));
        }
        let has_stored = rows.snapshot().count > 0;
        let exit = summary::tell(&named, results, every.is_some(), has_stored, printer)?;
        let Some(every) = every else {
            return Ok(exit);
        };
        tokio::select! {
            () = sleep_until(began + every) => {}
            _ = interrupts.next() => return Ok(Exit::Done),
        }
    }
}

/// The results of all of them in their order, of which so many are under way at once.
async fn all_in_turns<F: Future>(
    futures: impl IntoIterator<Item = F>,
    at_once: NonZeroUsize,
) -> Vec<F::Output> {
    let turns = Semaphore::new(at_once.get());
    let in_turn = futures.into_iter().map(|future| async {
        // It is never closed, so that this is a turn.
        let _turn = turns.acquire().await;
        future.await
    });
    join_all(in_turn).await
}

fn progress_line(rows: &Arc<RowsRead>, printer: Printer) -> Option<ProgressLine> {
    let rows = Arc::clone(rows);
    let source: ProgressSource = Arc::new(move || rows.snapshot());
    ProgressLine::show("sync", None, source, printer)
}

/// The file of settings where no database is named on the command line.
pub(super) fn file_in_place_of_store(config: Option<&Path>) -> Result<SyncFile, Failure> {
    SyncFile::find(config)?.ok_or_else(|| {
        Failure::usage(format!(
            "no database is given, and there is no {USUAL_NAME} here"
        ))
        .hint("name one with --to, such as --to sqlite:portal.db")
    })
}

/// The store that is named on the command line, with the schema of its tables.
pub(super) fn store(name: &str, schema: Option<&str>) -> Result<Store, Failure> {
    let store = name.parse::<Store>().and_then(|store| match schema {
        Some(schema) => store.in_schema(schema),
        None => Ok(store),
    });
    store.map_err(|error| Failure::of_export(Exit::Usage, &error))
}

fn interrupted(signal: Exit, printer: Printer) -> Exit {
    printer.note("interrupted; what is stored stays, and the next run continues there");
    signal
}

/// A failure of a run, or of one of its entities.
pub(super) fn failure_of(error: &SyncError) -> Failure {
    match error {
        SyncError::Portal(error) => failure_of_portal(error),
        SyncError::UnfitNames { error, .. } => Failure::of(error).hint(hint_about_fields(error)),
        SyncError::Usage(text) => Failure::usage(text.clone()),
        SyncError::UnknownEntity { .. } => {
            Failure::usage(error.to_string()).hint("brimful sync --list shows the entities")
        }
        SyncError::UnfitTable { entity, .. } => Failure::usage(error.to_string()).hint(format!(
            "to keep the entity in another table: --table '{entity} NAME'"
        )),
        SyncError::OtherPortal { .. } => Failure::usage(error.to_string())
            .hint("if it is the same portal at another address, say so once with --same-portal"),
        SyncError::TooManyGone { .. } | SyncError::TooManyParentsGone { .. } => {
            Failure::failed(error.to_string())
                .hint("if they are deleted, run it again with --accept-deletes")
        }
        SyncError::Store(ExportError::UnfitTable { .. } | ExportError::OtherTypes { .. }) => {
            Failure::failed(error.to_string())
                .hint("to keep the entity in another table: --table 'ENTITY NAME'")
        }
        SyncError::Store(ExportError::TooManyColumns { .. }) => Failure::failed(error.to_string())
            .hint("choose some fields of the entity: --select 'ENTITY FIELD,FIELD'"),
        SyncError::Store(error) => Failure::of_export(Exit::Failed, error),
        other => Failure::failed(other.to_string()),
    }
}

/// An error of the portal or of the way to it. What the fields of a list do not fit stands in a filter or a select, which
/// a sync never sends unchecked.
fn failure_of_portal(error: &Error) -> Failure {
    let failure = Failure::of(error);
    if error.kind() != ErrorKind::Config || error.report().is_none() {
        return failure;
    }
    failure.hint(hint_about_fields(error))
}

/// Which command shows the fields of the list that an error is about.
fn hint_about_fields(error: &Error) -> String {
    let message = error.to_string();
    let list = message.split(':').next().unwrap_or_default();
    format!(
        "brimful fields {list} shows the fields that --filter and --select, or filter and select in {USUAL_NAME}, may name"
    )
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
        ChangeCursor::Parents => "its record",
        _ => "reading all",
    }
}

/// Says what happens while a run goes on.
fn tell(job: &Job, event: &SyncEvent<'_>, printer: Printer) {
    match event {
        SyncEvent::Begun {
            entity,
            resumed_after: Some(id),
            ..
        } => printer.note(&job.named(&format!("{entity}: resuming after ID {id}"))),
        SyncEvent::Ended {
            entity,
            result: Ok(report),
        } => printer.note(&job.named(&format!("{entity}: {}", described(report)))),
        SyncEvent::Ended {
            entity,
            result: Err(error),
        } => {
            let mut failure = failure_of(error);
            if matches!(error, SyncError::UnfitNames { .. }) {
                failure.message = job.explain(entity, error);
            }
            failure.message = job.named(&format!("{entity}: {}", failure.message));
            printer.failure(&failure);
        }
        SyncEvent::Warning { entity, text } => {
            printer.warning(&job.named(&format!("{entity}: {text}")));
        }
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
    if report.hidden > 0 {
        let rows = counted(report.hidden, "rows");
        parts.push(format!(
            "{rows} {} counted but not shown to this user (rights?)",
            if report.hidden == 1 { "is" } else { "are" }
        ));
    }
    if report.misfits > 0 {
        let values = counted(report.misfits, "values");
        parts.push(format!("{values} did not fit, _brimful_errors has them"));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn no_more_runs_are_under_way_at_once_than_may_be_and_results_keep_their_order() {
        let (under_way, most) = (Cell::new(0), Cell::new(0));
        let runs = (0..10).map(|number| {
            let (under_way, most) = (&under_way, &most);
            async move {
                under_way.set(under_way.get() + 1);
                most.set(most.get().max(under_way.get()));
                // Later ones take less.
                for _ in number..10 {
                    tokio::task::yield_now().await;
                }
                under_way.set(under_way.get() - 1);
                number
            }
        });
        let results = all_in_turns(runs, NonZeroUsize::new(3).unwrap()).await;
        assert_eq!(results, (0..10).collect::<Vec<_>>());
        assert_eq!(most.get(), 3);
    }
}
