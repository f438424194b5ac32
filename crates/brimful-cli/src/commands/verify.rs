//! `brimful verify`: holds the tables that are kept in sync against the portal.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use brimful::{Client, Effect};
use brimful_export::Store;
use brimful_export::sync::{
    GoneBecause, RowDifference, SyncEntity, SyncError, SyncRun, TableStatus, TableVerification,
    status, verify,
};
use clap::Args;

use super::connect;
use super::show;
use super::sync::{Overrides, failure_of, file_in_place_of_store, store};
use crate::args::portal::PortalArg;
use crate::args::{DeadlineOption, EXIT_CODES, PortalLimits, PortalOption, RateOption};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{self, counted};
use crate::printer::Printer;
use crate::pump::progress::{ProgressLine, ProgressSource, Snapshot};
use crate::table::{Table, terminal_width};

/// Differences that are named.
const SHOWN: usize = 5;

/// Compare the tables that brimful sync keeps with the portal: counts, IDs, and a sample of rows
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  brimful verify --to sqlite:portal.db --portal demo
  brimful verify --to postgres://me@host/bi crm.deal --sample 5000
  brimful verify

{EXIT_CODES}"))]
pub(crate) struct VerifyArgs {
    /// The entities; all that are kept in sync there if none is named
    #[arg(value_name = "ENTITY")]
    entities: Vec<String>,
    /// The database, such as sqlite:portal.db
    #[arg(long, value_name = "STORE")]
    to: Option<String>,
    /// The schema of PostgreSQL that the tables are in
    #[arg(long, value_name = "NAME", requires = "to")]
    schema: Option<String>,
    /// Take portals and databases from this file; brimful.toml is read where no database is given
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    config: Option<PathBuf>,
    #[command(flatten)]
    portal: PortalOption,
    /// Compare so many rows of each table field by field, spread over its IDs
    #[arg(long, value_name = "N", default_value_t = 500)]
    sample: usize,
    #[command(flatten)]
    limit: RateOption,
    #[command(flatten)]
    deadline: DeadlineOption,
}

/// A portal, and a store that is held against it.
struct Side {
    /// The name of the portal in the file, where that has several.
    name: Option<String>,
    portal: PortalOption,
    limits: PortalLimits,
    deadline: DeadlineOption,
    store: Store,
}

impl VerifyArgs {
    fn sides(&self) -> Result<Vec<Side>, Failure> {
        if let Some(to) = &self.to {
            return Ok(vec![Side {
                name: None,
                portal: self.portal.clone(),
                limits: self.limit.limits(),
                deadline: self.deadline,
                store: store(to, self.schema.as_deref())?,
            }]);
        }
        let file = file_in_place_of_store(self.config.as_deref())?;
        let jobs = file.jobs(&Overrides {
            deadline: self.deadline.deadline,
            ..Overrides::default()
        })?;
        let sides = jobs.into_iter().map(|job| Side {
            name: job.name,
            portal: job.portal,
            limits: job.limits,
            deadline: job.deadline,
            store: job.store,
        });
        Ok(sides.collect())
    }
}

pub(crate) async fn run(args: &VerifyArgs, printer: Printer) -> Result<Exit, Failure> {
    show::check_stdout_for(Effect::Read)?;
    let mut exit = Exit::Done;
    let sides = args.sides()?;
    let has_several = sides.len() > 1;
    for mut side in sides {
        let name = side.name.take().filter(|_| has_several);
        match (verify_store(args, side, printer).await, name) {
            (Ok(Exit::Incomplete), _) => exit = Exit::Incomplete,
            (Ok(_), _) => {}
            // The other portals have results anyway.
            (Err(mut failure), Some(name)) => {
                failure.message = format!("{name}: {}", failure.message);
                printer.failure(&failure);
                exit = Exit::Incomplete;
            }
            (Err(failure), None) => return Err(failure),
        }
    }
    Ok(exit)
}

/// The tables of the store that the command line means, each as it is kept, and what is wrong with those whose entity is
/// not known.
async fn kept_entities(
    args: &VerifyArgs,
    store: &Store,
) -> Result<(Vec<SyncEntity>, Vec<String>), SyncError> {
    let tables = status(store).await?;
    if args.entities.is_empty() {
        let (known, unknown): (Vec<_>, Vec<_>) =
            tables.iter().partition(|table| !table.entity.is_empty());
        let known: Result<_, _> = known.into_iter().map(TableStatus::sync_entity).collect();
        let troubles = unknown.into_iter().filter_map(|table| {
            let trouble = table.trouble.as_ref()?;
            Some(format!("{}: {trouble}", table.table))
        });
        return Ok((known?, troubles.collect()));
    }
    let named = args.entities.iter().map(|name| {
        let named: SyncEntity = name.parse()?;
        let table = tables.iter().find(|table| table.entity == named.name);
        table.map_or(Ok(named), TableStatus::sync_entity)
    });
    let named: Result<_, _> = named.collect();
    Ok((named?, Vec::new()))
}

async fn verify_store(args: &VerifyArgs, side: Side, printer: Printer) -> Result<Exit, Failure> {
    let (entities, troubles) = kept_entities(args, &side.store)
        .await
        .map_err(|error| failure_of(&error))?;
    let connection = connect(&side.portal, side.limits, printer)
        .await?
        .ending(side.deadline);
    let is_folder = matches!(side.store, Store::Dataset { .. });
    let mut run = SyncRun::new(connection.client.clone(), side.store, entities);
    if side.portal.address().is_some_and(PortalArg::is_demo) {
        run = run.portal("demo");
    }
    let line = progress_line(&connection.client, printer);
    let results = verify(&run, args.sample)
        .await
        .map_err(|error| failure_of(&error))?;
    drop(line);
    let mut table = Table::new(&["ENTITY", "STORE", "PORTAL", "COMPARED", "RESULT"]);
    let mut all_explained = troubles.is_empty();
    let mut differs = false;
    for (name, result) in &results {
        match result {
            Ok(verification) => {
                all_explained &= verification.is_explained();
                // What files have lost comes with the next sync by itself.
                differs |= verification.trouble.is_none() && lacks_or_differs(verification);
                table.row([
                    name.clone(),
                    format::count(verification.in_store),
                    format::count(verification.in_portal),
                    format::count(verification.compared),
                    described(verification),
                ]);
            }
            Err(error) => {
                all_explained = false;
                let unknown = || "-".to_owned();
                table.row([
                    name.clone(),
                    unknown(),
                    unknown(),
                    unknown(),
                    error.to_string(),
                ]);
            }
        }
    }
    show::print(&table.text(terminal_width()), printer)?;
    for (name, result) in &results {
        for line in result.as_ref().map_or_else(|_| Vec::new(), details) {
            printer.note(&format!("{name}: {line}"));
        }
    }
    for trouble in &troubles {
        printer.note(trouble);
    }
    if differs {
        let how = if is_folder {
            "remove the folder of the table"
        } else {
            "UPDATE _brimful_state SET sync = NULL in the store"
        };
        printer.hint(&format!(
            "what differs without a reason is repaired by reading everything once more: {how}, and brimful sync"
        ));
    }
    Ok(if all_explained {
        Exit::Done
    } else {
        Exit::Incomplete
    })
}

/// What is waited for: how much is to be read is not known before it is there.
fn progress_line(client: &Client, printer: Printer) -> Option<ProgressLine> {
    let client = client.clone();
    let source: ProgressSource = Arc::new(move || {
        let requests = client.stats().requests;
        Snapshot {
            count: requests,
            label: format!("{}, comparing", counted(requests, "requests")),
            requests,
            ..Snapshot::default()
        }
    });
    ProgressLine::show("verify", None, source, printer)
}

/// What was found, in a few words.
fn described(verification: &TableVerification) -> String {
    let hidden_in_portal = usize::try_from(verification.hidden).unwrap_or(usize::MAX);
    let not_shown_to_user = "counted by the portal and not shown to this user";
    if verification.is_equal() && hidden_in_portal == 0 {
        return "equal".to_owned();
    }
    if verification.is_equal() {
        let hidden = format::count(verification.hidden);
        return format!("equal; {hidden} more {not_shown_to_user}");
    }
    let changed = verification
        .differing
        .iter()
        .filter(|row| row.changed_since)
        .count();
    let undated = undated(verification).count();
    let gone = verification.gone.len();
    let hidden = hidden_in_portal.min(gone);
    let changed_how = if verification.changes_are_dated {
        "changed since the last sync"
    } else {
        "changed in the portal or in the store since the last sync"
    };
    let gone_why = match &verification.gone_because {
        GoneBecause::Kept => "gone from the portal, which a sync with --deletes off leaves",
        GoneBecause::FailedSync(_) => "gone from the portal, and the last sync has failed",
        _ => "deleted since the last sync",
    };
    let added = usize::try_from(verification.added_by_others).unwrap_or(usize::MAX);
    let not_shown = usize::try_from(verification.records_not_shown).unwrap_or(usize::MAX);
    let parts = [
        (verification.new.len(), "new since the last sync"),
        (changed, changed_how),
        (gone - hidden, gone_why),
        (hidden, not_shown_to_user),
        (added, "put into the store by others"),
        (not_shown, "records whose rows the portal does not show"),
        (verification.missing.len(), "missing without a reason"),
        (undated, "changed in fields that nothing dates"),
        (
            verification.differing.len() - changed - undated,
            "different without a reason",
        ),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", format::count(*count as u64)))
        .collect();
    if parts.is_empty() {
        return "equal, but for files in the folder".to_owned();
    }
    parts.join(", ")
}

/// The first of the rows that differ without a reason.
fn details(verification: &TableVerification) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(trouble) = &verification.trouble {
        lines.push(trouble.clone());
    }
    if let (GoneBecause::FailedSync(error), false) =
        (&verification.gone_because, verification.gone.is_empty())
    {
        lines.push(format!("the last sync has failed: {error}"));
    }
    if verification.added_by_others > 0 {
        let rows = counted(verification.added_by_others, "rows");
        let mut line = format!("{rows} more than the last sync left");
        // Where other rows are gone too, or the portal has those as well, the IDs don't tell which they are.
        if verification.gone.len() as u64 == verification.added_by_others {
            let ids = shown(&verification.gone);
            line = format!("{line}; the portal has no ID {ids}");
        }
        lines.push(line);
    }
    if !verification.missing.is_empty() {
        let rows = counted(verification.missing.len() as u64, "rows");
        lines.push(format!(
            "{rows} missing: ID {}",
            shown(&verification.missing)
        ));
    }
    if let Some(line) = undated_fields(verification) {
        lines.push(line);
    }
    let unexplained = verification
        .differing
        .iter()
        .filter(|row| !row.is_explained());
    for row in unexplained.take(SHOWN) {
        lines.push(format!(
            "ID {} differs in {}",
            row.id,
            row.columns.join(", ")
        ));
    }
    lines
}

/// Whether rows are missing or differ, and nothing that has happened since explains it.
fn lacks_or_differs(verification: &TableVerification) -> bool {
    let mut differing = verification.differing.iter();
    !verification.missing.is_empty() || differing.any(|row| !row.is_explained())
}

/// The rows that differ in nothing but fields whose changes no time tells of.
fn undated(verification: &TableVerification) -> impl Iterator<Item = &RowDifference> {
    let differing = verification.differing.iter();
    differing.filter(|row| row.is_undated && !row.changed_since)
}

/// The fields that rows differ in although nothing dates their changes.
fn undated_fields(verification: &TableVerification) -> Option<String> {
    let fields: BTreeSet<&str> = undated(verification)
        .flat_map(|row| row.columns.iter().map(String::as_str))
        .collect();
    let fields: Vec<&str> = fields.into_iter().collect();
    (!fields.is_empty()).then(|| {
        format!(
            "{} differ in rows whose last change is older: no time tells when they change, so a sync brings them with the \
             next change of the row",
            fields.join(", ")
        )
    })
}

/// The first of these IDs.
fn shown(ids: &[String]) -> String {
    let first: Vec<&str> = ids.iter().take(SHOWN).map(String::as_str).collect();
    first.join(", ")
}
