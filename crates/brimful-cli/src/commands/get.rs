//! `brimful get`: items by their IDs, a line for each.

use std::io::IsTerminal;
use std::path::PathBuf;

use brimful::{Effect, Found, ItemId, Outcome};
use clap::Args;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::connect;
use super::export::{leave, unwritable};
use crate::args::params::Given;
use crate::args::params::Param;
use crate::args::{ParamsOption, PortalOption, RateOption, filter, method, params};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{self, counted};
use crate::interrupt::Interrupts;
use crate::outcome::{self, Kind, Tally};
use crate::output::{Destination, Output, OutputError, Written};
use crate::printer::Printer;
use crate::{input, json_text};

/// Fetch items by their IDs, 50 in a request
///
/// Every ID gets a line, in the order given; an ID that is given twice is asked for once. The line is
/// {"id":7,"outcome":"done","result":…} with the result as the portal wrote it, or {"id":8,"outcome":"failed",
/// "error":…,"error_description":…}. With --result a line is the result alone, and what failed is said on standard
/// error. If not all IDs have a result, the exit code is 3.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful get crm.deal.get 7 12 40
  brimful get crm.deal.get 7,12,40 --result | jq -r .TITLE
  brimful get crm.lead.get --ids ids.txt -o leads.jsonl
  brimful get tasks.task.get 7 --param 'select[]=ID' --param 'select[]=TITLE'
  brimful get crm.activity.list 7 8 --id-param 'filter[OWNER_ID]' --param 'filter[OWNER_TYPE_ID]=2'
  brimful get crm.deal.productrows.get --from crm.deal.list --filter STAGE_ID=WON -o rows.jsonl
  brimful get crm.item.get --from crm.item.list --from-param entityTypeId=128 --param entityTypeId=128")]
pub(crate) struct GetArgs {
    /// The method, such as crm.deal.get
    #[arg(value_parser = method::parse)]
    pub(crate) method: String,
    /// The IDs, with commas or spaces between them
    #[arg(value_name = "ID", value_delimiter = ',')]
    pub(crate) given: Vec<String>,
    /// IDs from a file, one a line; - reads them from standard input
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub(crate) ids: Option<PathBuf>,
    /// The IDs are those of a list, such as crm.deal.list: items are fetched while it is read
    #[arg(long, value_name = "METHOD", conflicts_with = "given", value_parser = method::parse)]
    pub(crate) from: Option<String>,
    /// A condition of that list, as in export
    #[arg(long, value_name = "CONDITION", requires = "from", value_parser = filter::parse)]
    pub(crate) filter: Vec<filter::Condition>,
    /// Another parameter of that list
    #[arg(long, value_name = "NAME=VALUE", requires = "from", value_parser = params::parse)]
    pub(crate) from_param: Vec<Param>,
    /// Where the lines go; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: Destination,
    /// Lines are results alone; what failed is said on standard error
    #[arg(long)]
    pub(crate) result: bool,
    /// The parameter that takes the ID, where it is not the usual one
    #[arg(long, value_name = "NAME")]
    pub(crate) id_param: Option<String>,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    #[command(flatten)]
    pub(crate) params: ParamsOption,
    #[command(flatten)]
    pub(crate) limit: RateOption,
}

/// Items that are written at a time.
const AT_ONCE: usize = 200;

type Items = BoxStream<'static, Result<Found, brimful::Error>>;

/// What stands before an outcome.
#[derive(Serialize)]
struct Head<'a> {
    id: Id<'a>,
}

/// An ID is a number where it is one that no reader of JSON rounds.
#[derive(Serialize)]
#[serde(untagged)]
enum Id<'a> {
    Number(u64),
    Text(&'a str),
}

impl<'a> Id<'a> {
    fn of(id: &'a ItemId) -> Self {
        match id.as_str().parse::<u64>() {
            Ok(number) if number < 1 << 53 && number.to_string() == id.as_str() => {
                Self::Number(number)
            }
            _ => Self::Text(id.as_str()),
        }
    }
}

/// Why items stopped coming.
enum Stopped {
    Complete,
    ByPortal(brimful::Error),
    ByOutput(OutputError),
    BySignal(Exit),
}

pub(crate) async fn run(args: &GetArgs, printer: Printer) -> Result<Exit, Failure> {
    // `get crm.deal.delete 7` is a slip of the hand that nobody can undo.
    if Effect::of(&args.method) == Effect::Write {
        return Err(Failure::usage(format!(
            "{} may write: get is for methods that read",
            args.method
        ))
        .hint("brimful call METHOD --each calls any method for every line of a file"));
    }
    if let Some(file) = &args.ids {
        input::once(file, args.params.json.as_deref())?;
    }
    let params = Given {
        json: args.params.json.as_deref(),
        params: &args.params.params,
        ..Given::default()
    }
    .assemble()?;
    let ids = ids(args)?;
    for method in std::iter::once(&args.method).chain(&args.from) {
        if let Some(doubt) = method::doubt(method) {
            printer.warning(&doubt);
        }
    }
    let mut interrupts = Interrupts::catch()
        .map_err(|error| Failure::failed(format!("signals cannot be caught: {error}")))?;
    let connection = connect(&args.portal, args.limit.rate, printer).await?;
    let items = items(args, &connection.client, params, ids)?;
    let mut output = Output::open(&args.output).map_err(|error| unwritable(&error))?;
    let mut run = Run {
        args,
        printer,
        tally: Tally::default(),
        started: Instant::now(),
    };
    let stopped = tokio::select! {
        stopped = run.pass(items, &mut output) => stopped,
        exit = interrupts.next() => Stopped::BySignal(exit),
    };
    let failure = match stopped {
        Stopped::ByOutput(OutputError::Closed) => return Ok(run.exit()),
        // With results alone a file that lacks some would look whole.
        Stopped::Complete if run.tally.is_done() || !args.result => {
            let written = tokio::select! {
                written = output.finish() => written,
                exit = interrupts.next() => return Err(run.interrupted(exit)),
            };
            return match written {
                Ok(written) => Ok(run.close(&written)),
                Err(OutputError::Closed) => Ok(run.exit()),
                Err(error) => Err(unwritable(&error)),
            };
        }
        Stopped::Complete => Failure::new(
            Exit::Incomplete,
            format!("{}: not all IDs have a result", args.method),
        ),
        Stopped::ByPortal(error) => Failure::of(&error),
        Stopped::ByOutput(error) => return Err(run.broken(unwritable(&error), None)),
        Stopped::BySignal(exit) => run.interrupted(exit),
    };
    Err(run.broken(failure, leave(output).await))
}

/// What was asked for, in its order.
fn items(
    args: &GetArgs,
    client: &brimful::Client,
    params: Value,
    ids: Vec<ItemId>,
) -> Result<Items, Failure> {
    let Some(list) = &args.from else {
        let mut get = client.get_by_id(&args.method, ids).params(params);
        if let Some(name) = &args.id_param {
            get = get.id_field(name);
        }
        let found = get.stream().map_err(|error| Failure::of(&error))?;
        return Ok(found.map(Ok).boxed());
    };
    let of_list = Given {
        params: &args.from_param,
        filter: &args.filter,
        ..Given::default()
    }
    .assemble()?;
    let mut get = client.list_and_get(list, &args.method).list(|list| {
        let fields = of_list.as_object().into_iter().flatten();
        fields.fold(list, |list, (name, value)| list.param(name, value.clone()))
    });
    let Value::Object(params) = params else {
        return Err(Failure::usage(
            "the parameters beside an ID are an object, and --json gives them by position",
        ));
    };
    for (name, value) in params {
        get = get.param(name, value);
    }
    if let Some(name) = &args.id_param {
        get = get.id_field(name);
    }
    let found = get.stream().map_err(|error| Failure::of(&error))?;
    Ok(found.boxed())
}

/// The IDs of the command line, or of a file.
fn ids(args: &GetArgs) -> Result<Vec<ItemId>, Failure> {
    let mut ids: Vec<ItemId> = args
        .given
        .iter()
        .flat_map(|given| given.split_whitespace())
        .map(ItemId::from)
        .collect();
    if let Some(path) = &args.ids {
        input::apart(path, &args.output)?;
        if input::is_stdin(path) && std::io::stdin().is_terminal() {
            return Err(Failure::usage("standard input is the terminal")
                .hint("pipe IDs into it, or give them behind the method"));
        }
        let (text, name) = (input::read(path)?, input::name(path));
        for (line, number) in text.lines().zip(1..) {
            let id = line.trim().trim_end_matches(',');
            if id.is_empty() {
                continue;
            }
            if id.contains([' ', '\t', ',', ';', '{', '"']) {
                return Err(Failure::usage(format!(
                    "line {number} of {name} has more in it than an ID"
                ))
                .hint("every line is one ID: jq -r .ID makes such lines of an export"));
            }
            ids.push(id.into());
        }
    }
    if ids.is_empty() && args.from.is_none() && args.ids.is_none() {
        return Err(Failure::usage("no ID is given").hint(
            "give IDs behind the method, in a file with --ids, or those of a list with --from",
        ));
    }
    Ok(ids)
}

struct Run<'a> {
    args: &'a GetArgs,
    printer: Printer,
    tally: Tally,
    started: Instant,
}

impl Run<'_> {
    /// Passes items on until they stop coming.
    async fn pass(&mut self, items: Items, output: &mut Output) -> Stopped {
        let mut items = items.ready_chunks(AT_ONCE);
        while let Some(some) = items.next().await {
            let mut lines = Vec::new();
            let mut count = 0;
            let mut broke = None;
            for found in some {
                match found {
                    Ok(found) => count += self.write(&mut lines, &found),
                    Err(error) => {
                        broke = Some(error);
                        break;
                    }
                }
            }
            if let Err(error) = output.write_lines(lines, count).await {
                return Stopped::ByOutput(error);
            }
            if let Some(error) = broke {
                return Stopped::ByPortal(error);
            }
        }
        Stopped::Complete
    }

    /// Writes the line of an item, if it has one.
    fn write(&mut self, lines: &mut Vec<u8>, found: &Found) -> u64 {
        self.tally.add(Kind::of(&found.outcome));
        let unreached = "the portal could not be reached";
        match (&found.outcome, self.args.result) {
            (Outcome::Done(result), true) => json_text::write_line(lines, result.get().as_bytes()),
            (outcome, true) => {
                let what = match outcome {
                    Outcome::Failed(error) => format!("the portal answered: {error}"),
                    Outcome::Unknown(why) => why.clone(),
                    _ => unreached.to_owned(),
                };
                let (method, id) = (&self.args.method, &found.id);
                self.printer.warning(&format!("{method} {id}: {what}"));
                return 0;
            }
            (outcome, false) => {
                let head = Head {
                    id: Id::of(&found.id),
                };
                outcome::write(lines, &head, outcome, unreached);
            }
        }
        1
    }

    fn exit(&self) -> Exit {
        if self.tally.is_done() {
            Exit::Done
        } else {
            Exit::Incomplete
        }
    }

    fn close(&self, written: &Written) -> Exit {
        self.printer.note(&format!(
            "{} in {}: {}; {} ({})",
            counted(self.tally.all(), "items"),
            format::duration(self.started.elapsed()),
            self.tally,
            written.name,
            format::bytes(written.bytes)
        ));
        self.exit()
    }

    fn interrupted(&self, exit: Exit) -> Failure {
        Failure::new(exit, format!("{}: interrupted", self.args.method))
    }

    fn broken(&self, mut failure: Failure, left: Option<Written>) -> Failure {
        if self.tally.done > 0 && failure.exit == Exit::Failed {
            failure.exit = Exit::Incomplete;
        }
        match left {
            Some(left) => failure.kept(format!(
                "{} in {}: {}",
                counted(self.tally.all(), "items"),
                left.name,
                self.tally
            )),
            None => failure,
        }
    }
}
