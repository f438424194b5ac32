//! `brimful export`: a whole list, from the portal to a file.

use std::time::Duration;

use brimful::list::{Tail, Walk};
use brimful::{Error, ErrorKind, List, Pages};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use tokio::time::timeout;

use super::connect;
use crate::args::method;
use crate::args::params::Given;
use crate::args::{EXIT_CODES, ParamsOption, PortalOption, RateArg, filter};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{count, counted};
use crate::interrupt::Interrupts;
use crate::output::{Destination, Output, OutputError, Written};
use crate::printer::Printer;
use crate::pump::progress::Bar;
use crate::pump::summary;

/// Export a whole list to a file, in the order of its IDs
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  brimful export crm.lead.list --portal demo -o leads.jsonl
  brimful export crm.deal.list --select ID,TITLE --filter '>ID=100' -o deals.jsonl
  brimful export crm.item.list --param entityTypeId=128 -o items.jsonl
  brimful export tasks.task.list --filter '@STATUS=2,3' -o - | jq .title

{EXIT_CODES}"))]
pub(crate) struct ExportArgs {
    /// The method of the list, such as crm.lead.list
    #[arg(value_parser = method::parse)]
    pub(crate) method: String,
    /// Where the rows go; - is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Destination,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    /// The fields of the rows, with commas between them; the ID is always among them
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// A condition: a prefix, a field, = and a value; @FIELD=A,B is one of several
    #[arg(long, value_name = "CONDITION", value_parser = filter::parse)]
    pub(crate) filter: Vec<filter::Condition>,
    #[command(flatten)]
    pub(crate) params: ParamsOption,
    /// How the rows are written
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    pub(crate) format: Format,
    /// How the list is walked
    #[arg(long, value_name = "WALK", default_value_t = Walk::Auto, value_parser = walk())]
    pub(crate) walk: Walk,
    /// Leave out rows that appear above the highest ID of the start
    #[arg(long)]
    pub(crate) no_tail: bool,
    /// What the portal allows: requests at once and requests a second, or the name of a tariff
    ///
    /// standard is 50,2 and holds for all cloud tariffs but enterprise, which has 250,5; a self-hosted portal has none:
    /// off. The portal `demo` takes the same limit.
    #[arg(long, value_name = "X,Y|TARIFF|off", default_value = "50,2")]
    pub(crate) limit: RateArg,
}

/// The formats of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// JSON Lines: every row is a line, as the portal wrote it
    Jsonl,
}

/// A reader that has stopped reading must not hold up Ctrl-C.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was handed to the writer so far.
#[derive(Debug, Default)]
struct Passed {
    rows: u64,
    last_id: Option<u64>,
}

/// Why the rows stopped coming.
enum Stopped {
    /// They are all there.
    Complete,
    ByPortal(Error),
    ByOutput(OutputError),
    BySignal(Exit),
}

pub(crate) async fn run(args: &ExportArgs, printer: Printer) -> Result<Exit, Failure> {
    let Format::Jsonl = args.format;
    let params = Given {
        json: args.params.json.as_deref(),
        params: &args.params.params,
        select: &args.select,
        filter: &args.filter,
    }
    .assemble()?;
    if let Some(doubt) = method::doubt(&args.method) {
        printer.warning(&doubt);
    }
    let mut interrupts = Interrupts::catch()
        .map_err(|error| Failure::failed(format!("signals cannot be caught: {error}")))?;
    let connection = connect(&args.portal, args.limit, printer).await?;
    let list = how(connection.client.list(&args.method).params(params), args);
    // The list is asked for as soon as there are pages, so the output comes first.
    let mut output = Output::open(&args.output).map_err(|error| unwritable(&error))?;
    let mut pages = match list.pages() {
        Ok(pages) => pages,
        Err(error) => {
            leave(output).await;
            return Err(Failure::of(&error));
        }
    };
    let bar = Bar::show(&args.method, args.limit, pages.watch(), printer);

    let mut passed = Passed::default();
    let stopped = tokio::select! {
        stopped = pass(&mut pages, &mut output, &mut passed) => stopped,
        exit = interrupts.next() => Stopped::BySignal(exit),
    };
    let end = match stopped {
        Stopped::Complete => tokio::select! {
            written = output.finish() => match written {
                Ok(written) => Ok(written),
                Err(OutputError::Closed) => return Ok(Exit::Done),
                Err(error) => Err(unwritten(&args.method, &error, &passed)),
            },
            // All rows have come, but whoever is to read them does not.
            exit = interrupts.next() => Err(interrupted(exit, &args.method, &passed, None)),
        },
        // Whoever reads has had enough: that is no failure.
        Stopped::ByOutput(OutputError::Closed) => return Ok(Exit::Done),
        Stopped::ByOutput(error) => Err(unwritten(&args.method, &error, &passed)),
        Stopped::ByPortal(error) => Err(unfinished(
            &args.method,
            &error,
            &passed,
            leave(output).await,
        )),
        Stopped::BySignal(exit) => Err(interrupted(
            exit,
            &args.method,
            &passed,
            leave(output).await,
        )),
    };
    drop(bar);
    let written = end?;
    if let Some(report) = pages.report() {
        for line in summary::account(&args.method, report, &written) {
            printer.note(&line);
        }
    }
    Ok(Exit::Done)
}

/// The ways to walk a list, each with what it does.
fn walk() -> impl TypedValueParser<Value = Walk> {
    let described = Walk::ALL.map(|walk| PossibleValue::new(walk.name()).help(describe(walk)));
    PossibleValuesParser::new(described).try_map(|name| name.parse::<Walk>())
}

fn describe(walk: Walk) -> &'static str {
    match walk {
        Walk::Auto => {
            "By ID where the method filters and sorts by ID, by its own kind of pages otherwise"
        }
        Walk::Lanes => "By ID, in several chains of pages at once",
        Walk::Chain => "By ID, in one chain of pages",
        Walk::Windows => "By ID, in windows that hold no more rows than a page",
        Walk::Pages => {
            "By the place of the pages: start, NAV_PARAMS, LIMIT and OFFSET, or pagination"
        }
        Walk::Next => "By next, one page after the other",
        Walk::NavParams => "By pages with NAV_PARAMS, where the catalogue does not know the method",
        Walk::LimitOffset => {
            "By pages with LIMIT and OFFSET, where the catalogue does not know the method"
        }
        Walk::Cursor => "By the cursor that each page gives for the next one",
        Walk::Whole => "By one call, whose rows are the list",
        _ => "",
    }
}

fn how(list: List, args: &ExportArgs) -> List {
    let list = list.walk(args.walk);
    if args.no_tail {
        list.tail(Tail::Leave)
    } else {
        list
    }
}

/// Passes pages on until they stop coming.
async fn pass(pages: &mut Pages, output: &mut Output, passed: &mut Passed) -> Stopped {
    loop {
        let page = match pages.next_page().await {
            Ok(Some(page)) => page,
            Ok(None) => return Stopped::Complete,
            Err(error) => return Stopped::ByPortal(error),
        };
        let rows = page.len() as u64;
        let last_id = page.ids().next_back().flatten();
        if let Err(error) = output.write(page).await {
            return Stopped::ByOutput(error);
        }
        passed.rows += rows;
        passed.last_id = last_id.or(passed.last_id);
    }
}

/// What is left of an export that has no end.
pub(super) async fn leave(output: Output) -> Option<Written> {
    timeout(PATIENCE, output.abandon())
        .await
        .ok()?
        .ok()
        .flatten()
}

/// The list stopped before its end.
fn unfinished(method: &str, error: &Error, passed: &Passed, left: Option<Written>) -> Failure {
    let mut failure = Failure::of(error);
    if passed.rows > 0 || error.kind() == ErrorKind::Incomplete {
        failure.exit = Exit::Incomplete;
    }
    if let Some(left) = left {
        failure = failure.kept(kept(method, passed, &left));
    }
    let Some(resume) = error.report().and_then(|report| report.resume.as_ref()) else {
        return failure;
    };
    if error.kind() == ErrorKind::Incomplete && failure.hint.is_none() {
        // It does not filter or sort by ID as it should: the rest is not to be had by ID either.
        return failure.hint("--walk pages reads the list in another way");
    }
    let rest = match (passed.last_id, &resume.filter) {
        (Some(id), Some(filter)) => {
            format!("the rest is to be had with --filter '{filter}={id}'")
        }
        _ => return failure,
    };
    let hint = match failure.hint.take() {
        Some(hint) => format!("{hint}; {rest}"),
        None => rest,
    };
    failure.hint(hint)
}

fn interrupted(exit: Exit, method: &str, passed: &Passed, left: Option<Written>) -> Failure {
    let failure = Failure::new(exit, format!("{method}: interrupted"));
    match left {
        Some(left) => failure.kept(kept(method, passed, &left)),
        None => failure,
    }
}

fn kept(method: &str, passed: &Passed, left: &Written) -> String {
    let rows = counted(passed.rows, method::noun(method));
    let up_to = passed.last_id.map_or_else(String::new, |id| {
        format!(", the last with ID {}", count(id))
    });
    format!("{rows} in {}{up_to}", left.name)
}

/// Rows had come when the output failed.
fn unwritten(method: &str, error: &OutputError, passed: &Passed) -> Failure {
    let mut failure = unwritable(error);
    if let OutputError::Short {
        rows,
        last_id,
        left,
        ..
    } = error
    {
        failure.exit = Exit::Incomplete;
        let passed = Passed {
            rows: *rows,
            last_id: *last_id,
        };
        return failure.kept(kept(method, &passed, left));
    }
    if passed.rows > 0 {
        failure.exit = Exit::Incomplete;
    }
    failure
}

pub(super) fn unwritable(error: &OutputError) -> Failure {
    let failure = Failure::failed(error.to_string());
    match error {
        OutputError::Busy(_) => failure.hint("wait for the other run, or write to another file"),
        _ => failure,
    }
}
