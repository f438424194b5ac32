//! `brimful get`: fetches items by their IDs, a line for each.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use brimful::{Client, Effect, Error, ErrorKind, IdOutcome, ItemId, Outcome, Progress};
use brimful_protocol::catalogue;
use clap::Args;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, ReadyChunks};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{checks, connect_with, resume};
use crate::args::params::{CallParams, Param};
use crate::args::{DeadlineOption, ParamsOption, PortalOption, RateOption, filter, method, params};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{self, counted};
use crate::interrupt::Interrupts;
use crate::outcome::{self, Kind, Tally};
use crate::output::{Destination, Output, Piece, Written};
use crate::printer::Printer;
use crate::pump::progress::{ProgressLine, Snapshot};
use crate::pump::{self, Ended, Source, Stopped};
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
    /// Fetch these IDs, with commas or spaces between them
    #[arg(value_name = "ID", value_delimiter = ',')]
    pub(crate) given: Vec<String>,
    /// Read IDs from a file, one a line; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub(crate) ids: Option<PathBuf>,
    /// Fetch the items of a list, such as crm.deal.list, while it is read
    #[arg(long, value_name = "METHOD", conflicts_with = "given", value_parser = method::parse)]
    pub(crate) from: Option<String>,
    /// Ask that list for the rows that meet a condition, as in export
    #[arg(long, value_name = "CONDITION", requires = "from", value_parser = filter::parse)]
    pub(crate) filter: Vec<filter::Condition>,
    /// Give that list another parameter
    #[arg(long, value_name = "NAME=VALUE", requires = "from", value_parser = params::parse)]
    pub(crate) from_param: Vec<Param>,
    /// Send names and values as they are: don't refuse IDs and conditions that cannot be meant
    #[arg(long)]
    pub(crate) no_check: bool,
    /// Write the lines to this file; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: Destination,
    /// Write results alone; what failed is said on standard error
    #[arg(long)]
    pub(crate) result: bool,
    /// Put the ID into this parameter, where it is not the usual one
    #[arg(long, value_name = "NAME")]
    pub(crate) id_param: Option<String>,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    #[command(flatten)]
    pub(crate) params: ParamsOption,
    #[command(flatten)]
    pub(crate) limit: RateOption,
    #[command(flatten)]
    pub(crate) deadline: DeadlineOption,
}

/// Items without a result that are named one by one.
const MOST_WARNINGS: u64 = 20;

/// Items that are written at a time.
const AT_ONCE: usize = 200;

type FoundItems = BoxStream<'static, Result<IdOutcome, Error>>;

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

pub(crate) async fn run(args: &GetArgs, printer: Printer) -> Result<Exit, Failure> {
    check_methods(args, printer)?;
    if let Some(file) = &args.ids {
        input::refuse_stdin_twice(file, args.params.json.as_deref())?;
    }
    input::refuse_json_as_output(args.params.json.as_deref(), Some(&args.output))?;
    let params = CallParams {
        json: args.params.json.as_deref(),
        params: &args.params.params,
        ..CallParams::default()
    }
    .assemble()?;
    let ids = ids(args)?;
    let mut interrupts = Interrupts::catch()?;
    let checks = checks(args.no_check);
    let connection = connect_with(&args.portal, args.limit.limits(), checks, printer)
        .await?
        .ending_with(args.deadline, &mut interrupts);
    let client = &connection.client;
    let listed = Arc::new(Mutex::new(Progress::default()));
    let wanted = ids.len() as u64;
    // The list of --from is asked for as soon as there is somewhere to write.
    let output = Output::open(&args.output)?;
    let found = match found(args, client, params, ids, &listed) {
        Ok(found) => found,
        Err(failure) => {
            pump::leave(output).await;
            return Err(failure);
        }
    };
    let mut items = Items {
        args,
        printer,
        found: found.ready_chunks(AT_ONCE),
        tally: Tally::default(),
        count: Arc::default(),
        failed: None,
        is_whole: true,
        last_of_whole: None,
        warned: 0,
        started: Instant::now(),
    };
    let source = {
        let (client, count) = (client.clone(), Arc::clone(&items.count));
        Arc::new(move || {
            let listed = listed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            how_far(count.load(Ordering::Relaxed), wanted, &listed, &client)
        })
    };
    let line = ProgressLine::show(&args.method, args.limit.rate.limit(), source, printer);
    let ended = pump::to_output(&mut items, output, Items::may_be_complete, &mut interrupts).await;
    drop(line);
    finish(args, ended, &items, printer)
}

/// Says how it has ended, and how to get the rest.
fn finish(
    args: &GetArgs,
    ended: Ended,
    items: &Items<'_>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let lacks_some = matches!(ended.stopped, Stopped::Complete) && !items.may_be_complete();
    let kept = ended.written.as_ref().map(|written| written.name.clone());
    let rest = rest_hint(args, &ended.stopped, items, kept.as_deref());
    items.warn_of_more();
    let result = if lacks_some {
        Err(Failure::new(
            Exit::Incomplete,
            format!("{}: not all IDs have a result", args.method),
        ))
    } else {
        ended.result(&args.method, "items", Failure::of)
    };
    let result = result.map_err(|failure| match &rest {
        Some(rest) => failure.and_hint(rest),
        None => failure,
    });
    match result {
        Ok(Some(written)) => {
            let exit = items.close(&written);
            if let Some(rest) = &rest {
                printer.hint(rest);
            }
            Ok(exit)
        }
        Ok(None) => Ok(items.exit()),
        Err(failure) => Err(match kept {
            Some(name) => failure.kept(format!(
                "{} in {name}: {}",
                counted(items.tally.all(), "items"),
                items.tally
            )),
            None => failure,
        }),
    }
}

/// How to get the items that did not come: those of a list from behind the last one before the first that is missing,
/// those of given IDs by what the file says of them.
fn rest_hint(
    args: &GetArgs,
    stopped: &Stopped,
    items: &Items,
    kept: Option<&str>,
) -> Option<String> {
    match stopped {
        Stopped::ByOutput(error) if error.is_closed() => return None,
        Stopped::ByPortal(error) if error.kind() == ErrorKind::Config => return None,
        // What the portal has refused it would refuse again.
        Stopped::Complete if items.tally.is_settled() => return None,
        _ => {}
    }
    let file = match &args.output {
        Destination::File(path) => Some(path),
        Destination::Stdout => None,
    };
    let rest = file.map(|path| path.with_extension("rest.jsonl"));
    if let Some(list) = &args.from {
        let again = || {
            let name = format::shell_word(kept?);
            Some(format!("to start again, remove what is there: rm {name}"))
        };
        let keyset = catalogue::find(list).and_then(|known| known.keyset);
        let is_ordered = |param: &Param| {
            let name = param.first_name().unwrap_or_default();
            ["order", "sort"]
                .iter()
                .any(|order| name.eq_ignore_ascii_case(order))
        };
        let keyset = keyset.filter(|_| !args.from_param.iter().any(is_ordered));
        let (Some(keyset), Some(last)) = (keyset, items.last_of_whole) else {
            return again();
        };
        let condition = format!(">{}={last}", keyset.filter);
        let key = format!(">{}", keyset.filter);
        if args.filter.iter().any(|given| given.key == key) {
            return again();
        }
        return Some(match &rest {
            Some(rest) => resume::command_to(rest, &["--filter", &condition]),
            None => resume::command_hint(&["--filter", &condition]),
        });
    }
    if args.result || !args.given.is_empty() {
        return None;
    }
    let (kept, rest) = (kept?, rest?);
    resume::command_of_missing(kept, &rest)
}

/// `get crm.deal.delete 7` is a slip of the hand that nobody can undo.
fn check_methods(args: &GetArgs, printer: Printer) -> Result<(), Failure> {
    if Effect::of(&args.method) == Effect::Write {
        let failure = method::refusal(&args.method, "get", "get is for methods that read");
        let other = "brimful call METHOD --each calls any method for every line of a file";
        return Err(match failure.hint {
            Some(_) => failure,
            None => failure.hint(other),
        });
    }
    if let Some(list) = &args.from
        && !args.no_check
    {
        method::check_conditions(
            list,
            &args.filter,
            &args.from_param,
            "--from-param",
            printer,
        )?;
    }
    for method in std::iter::once(&args.method).chain(&args.from) {
        if let Some(warning) = method::warning_if_unknown(method, Some("get")) {
            printer.warning(&warning);
        }
    }
    Ok(())
}

/// What was asked for, in its order. `listed` follows the list that IDs come from.
fn found(
    args: &GetArgs,
    client: &Client,
    params: Value,
    ids: Vec<ItemId>,
    listed: &Arc<Mutex<Progress>>,
) -> Result<FoundItems, Failure> {
    let Some(list) = &args.from else {
        let mut get = client.get_by_id(&args.method, ids).params(params);
        if let Some(name) = &args.id_param {
            get = get.id_field(name);
        }
        let found = get.stream().map_err(|error| not_begun(&error, args))?;
        return Ok(found.map(Ok).boxed());
    };
    let of_list = CallParams {
        list: Some(list),
        params: &args.from_param,
        filter: &args.filter,
        ..CallParams::default()
    }
    .assemble()?;
    let listed = Arc::clone(listed);
    let mut get = client.list_and_get(list, &args.method).list(|list| {
        let fields = of_list.as_object().into_iter().flatten();
        let list = list.check_names(!args.no_check);
        let list = fields.fold(list, |list, (name, value)| list.param(name, value.clone()));
        list.on_progress(move |progress| {
            *listed.lock().unwrap_or_else(PoisonError::into_inner) = progress.clone();
        })
    });
    let Value::Object(params) = params else {
        return Err(Failure::usage(
            "--json gives parameters by position, and --from needs named ones beside the ID",
        ));
    };
    for (name, value) in params {
        get = get.param(name, value);
    }
    if let Some(name) = &args.id_param {
        get = get.id_field(name);
    }
    let found = get.stream().map_err(|error| not_begun(&error, args))?;
    Ok(found.boxed())
}

/// Nothing was asked for: with the option that may be missing.
fn not_begun(error: &Error, args: &GetArgs) -> Failure {
    let failure = Failure::of(error);
    let takes_none = catalogue::find(&args.method).is_some_and(|known| known.id_param.is_none());
    if takes_none && args.id_param.is_none() {
        failure.hint("name it with --id-param, such as --id-param 'FILTER[ID]'")
    } else {
        failure
    }
}

/// Of the IDs that were given, or of the list that they come from.
fn how_far(count: u64, wanted: u64, listed: &Progress, client: &Client) -> Snapshot {
    let share = |whole: u64| (whole > 0).then(|| count as f64 / whole as f64);
    let done = match wanted {
        0 => share(listed.rows)
            .zip(listed.extent.done)
            .map(|(share, done)| share * done),
        wanted => share(wanted),
    };
    Snapshot {
        count,
        label: counted(count, "items"),
        done: done.filter(|&done| done > 0.0),
        requests: client.stats().requests,
        in_flight: listed.in_flight,
        waited: listed.waited,
        waiting: listed.waiting.clone(),
    }
}

/// The IDs of the command line, or of a file.
fn ids(args: &GetArgs) -> Result<Vec<ItemId>, Failure> {
    let mut ids: Vec<ItemId> = Vec::new();
    for id in args.given.iter().flat_map(|given| given.split_whitespace()) {
        if !is_one_id(id) {
            return Err(Failure::usage(format!("{id:?} is not an ID"))
                .hint("write IDs with commas or spaces between them: 1,2,3"));
        }
        takes_whole(&args.method, id)?;
        ids.push(id.into());
    }
    if let Some(path) = &args.ids {
        input::refuse_same_file(path, &args.output)?;
        if input::is_stdin(path) && std::io::stdin().is_terminal() {
            return Err(Failure::usage("standard input is the terminal")
                .hint("pipe IDs into it, or give them behind the method"));
        }
        let (text, name) = (input::read(path)?, input::display_name(path));
        for (line, number) in text.lines().zip(1..) {
            let id = line.trim().trim_end_matches(',');
            if id.is_empty() {
                continue;
            }
            if !is_one_id(id) {
                return Err(Failure::usage(format!(
                    "line {number} of {name} has more in it than an ID"
                ))
                .hint("every line is one ID: jq -r .ID makes such lines of an export"));
            }
            takes_whole(&args.method, id)?;
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

/// Refuses what a portal would cut to the digits at its beginning, where IDs are numbers: `1.5` and `12abc` would show
/// the records 1 and 12.
fn takes_whole(method: &str, id: &str) -> Result<(), Failure> {
    let method = method.to_ascii_lowercase();
    let are_numbers = ["crm.", "tasks.", "task.", "user.", "department."]
        .iter()
        .any(|family| method.starts_with(family));
    let digits = id.trim_start_matches(|c: char| c.is_ascii_digit());
    if are_numbers && digits.len() < id.len() && !digits.is_empty() {
        let cut = &id[..id.len() - digits.len()];
        return Err(Failure::usage(format!(
            "{id:?} is not an ID: the portal would show the record {cut}"
        ))
        .hint("write IDs with commas or spaces between them: 1,2,3"));
    }
    Ok(())
}

/// Whether a text is one ID and not several.
fn is_one_id(text: &str) -> bool {
    !text.contains([' ', '\t', ',', ';', '{', '"'])
}

/// Items as they come, and what came of them.
struct Items<'a> {
    args: &'a GetArgs,
    printer: Printer,
    found: ReadyChunks<FoundItems>,
    tally: Tally,
    /// As many as the tally has, for the progress line.
    count: Arc<AtomicU64>,
    /// The end of the list, which comes after the items before it.
    failed: Option<Error>,
    /// No item has come without a result so far.
    is_whole: bool,
    /// The last item before the first one that has no result.
    last_of_whole: Option<u64>,
    /// Warnings of items without a result.
    warned: u64,
    started: Instant,
}

impl Source for Items<'_> {
    type Item = Piece;

    async fn next(&mut self) -> Result<Option<Piece>, Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let Some(chunk) = self.found.next().await else {
            return Ok(None);
        };
        let mut lines = Vec::new();
        let mut count = 0;
        for found in chunk {
            match found {
                Ok(found) => count += self.write(&mut lines, &found),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        self.count.store(self.tally.all(), Ordering::Relaxed);
        Ok(Some(Piece::Lines(lines, count)))
    }
}

impl Items<'_> {
    /// Whether the output may pass for a complete one: with results alone a file that lacks some would look whole.
    fn may_be_complete(&self) -> bool {
        self.tally.is_done() || !self.args.result
    }

    /// Writes the line of an item, if it has one.
    fn write(&mut self, lines: &mut Vec<u8>, found: &IdOutcome) -> u64 {
        self.tally.add(Kind::of(&found.outcome));
        self.follow(found);
        match (&found.outcome, self.args.result) {
            (Outcome::Done(result), true) => json_text::write_line(lines, result.get().as_bytes()),
            (outcome, true) => {
                let what = match outcome {
                    Outcome::Failed(error) => format!("the portal answered: {error}"),
                    Outcome::Unknown(why) => why.clone(),
                    Outcome::NotRun(why) => why.to_string(),
                    _ => "there is no result".to_owned(),
                };
                let (method, id) = (&self.args.method, &found.id);
                self.warned += 1;
                if self.warned <= MOST_WARNINGS {
                    self.printer.warning(&format!("{method} {id}: {what}"));
                }
                return 0;
            }
            (outcome, false) => {
                let head = Head {
                    id: Id::of(&found.id),
                };
                outcome::write(lines, &head, outcome);
            }
        }
        1
    }

    /// Takes note of how far the items are whole.
    fn follow(&mut self, found: &IdOutcome) {
        self.is_whole &= found.outcome.done().is_some();
        if self.is_whole {
            self.last_of_whole = found.id.as_str().parse().ok();
        }
    }

    fn warn_of_more(&self) {
        if self.warned > MOST_WARNINGS {
            let more = counted(self.warned - MOST_WARNINGS, "items");
            self.printer.warning(&format!(
                "{}: {more} more have no result; without --result each has a line that says why",
                self.args.method
            ));
        }
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
            "{} in {}: {}; {}",
            counted(self.tally.all(), "items"),
            format::duration(self.started.elapsed()),
            self.tally,
            written.description()
        ));
        self.exit()
    }
}
