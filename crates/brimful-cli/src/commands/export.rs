//! `brimful export`: writes a whole list to a file.

use std::path::PathBuf;
use std::sync::Arc;

use brimful::list::{List, Tail, Walk};
use brimful::{Client, Effect, Error, ErrorKind, KnownHidden, ListReport, Pages, Progress};
use brimful_export::Plan;
use brimful_protocol::catalogue;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde_json::Value;
use tokio::sync::watch;

use super::columns::{ColumnArgs, ExportTarget, Run};
use super::resume::{self, ResumeArg};
use super::{checks, connect_with};
use crate::args::params::CallParams;
use crate::args::{
    DeadlineOption, EXIT_CODES, ParamsOption, PortalOption, RateOption, filter, method,
    whole_number,
};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{self, counted};
use crate::input;
use crate::interrupt::Interrupts;
use crate::output::{Destination, Output, OutputError, Piece, Written};
use crate::printer::Printer;
use crate::pump::progress::{self, ProgressLine, ProgressSource};
use crate::pump::run_report::{self, Ending, Recorder};
use crate::pump::summary::RowsBefore;
use crate::pump::{self, Source, Stopped, first_rows, summary};
use crate::stdout;

/// Export a whole list to a file or a database, in the order of its IDs
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  brimful export crm.lead.list --portal demo -o leads.jsonl
  brimful export crm.deal.list --columns ID,TITLE,OPPORTUNITY=Amount -o deals.csv
  brimful export crm.deal.list --to sqlite:portal.db
  brimful export crm.deal.list --format singer --state state.json | target-jsonl >> state.json
  brimful export crm.deal.list --select ID,TITLE --filter '>ID=100' -o deals.jsonl
  brimful export crm.item.list --param entityTypeId=128 -o items.jsonl
  brimful export tasks.task.list --filter '@STATUS=2,3' -o - | jq .title
  brimful export crm.lead.list -o leads.jsonl --resume

{EXIT_CODES}"))]
pub(crate) struct ExportArgs {
    /// The method of the list, such as crm.lead.list
    #[arg(value_parser = method::parse)]
    pub(crate) method: String,
    /// Write the rows to this file; its ending says in which format: .jsonl, .csv, .tsv, .xlsx, .parquet, .arrow, or one
    /// of the first three with .gz or .zst behind; - is standard output
    #[arg(short, long, value_name = "FILE", required_unless_present_any = ["to", "format"], conflicts_with = "to", value_parser = Destination::in_any_format)]
    pub(crate) output: Option<Destination>,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    /// Ask for these fields only, with commas between them; the ID is always among them
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Ask for the rows that meet a condition: a prefix, a field, = and a value; @FIELD=A,B is one of several
    #[arg(long, value_name = "CONDITION", value_parser = filter::parse)]
    pub(crate) filter: Vec<filter::Condition>,
    #[command(flatten)]
    pub(crate) params: ParamsOption,
    /// Don't check the names and values of filter, select and order against the fields of the entity
    #[arg(long)]
    pub(crate) no_check: bool,
    /// Stop after so many rows
    #[arg(long, value_name = "N", value_parser = whole_number)]
    pub(crate) top: Option<u64>,
    /// Resume an interrupted run of the same command behind its last row
    #[arg(long, value_name = "WHEN", value_enum, num_args = 0..=1, default_missing_value = "auto")]
    pub(crate) resume: Option<ResumeArg>,
    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
    /// Read the list in this way
    #[arg(long, value_name = "WALK", default_value_t = Walk::Auto, value_parser = walk())]
    pub(crate) walk: Walk,
    /// Leave out rows that appear above the highest ID of the start
    #[arg(long)]
    pub(crate) no_tail: bool,
    /// Have the portal count the rows by range of IDs, and read again what differs
    #[arg(long)]
    pub(crate) verify: bool,
    /// Write what happened when to this file: a page to look at, or the same as JSON if its name ends with .json
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) limit: RateOption,
    #[command(flatten)]
    pub(crate) deadline: DeadlineOption,
}

/// The ways to read a list, each with its description.
fn walk() -> impl TypedValueParser<Value = Walk> {
    let described = Walk::ALL.map(|walk| PossibleValue::new(walk.name()).help(describe(walk)));
    PossibleValuesParser::new(described).try_map(|name| name.parse::<Walk>())
}

fn describe(walk: Walk) -> &'static str {
    match walk {
        Walk::Auto => {
            "By ID where the method filters and sorts by ID, by its own kind of pages otherwise"
        }
        Walk::Lanes => "By ID, in several ranges of IDs at once",
        Walk::Chain => "By ID, one page after the other",
        Walk::Windows => "By ID, in ranges of as many IDs as a page has rows",
        Walk::Pages => "By offset: start, NAV_PARAMS, LIMIT and OFFSET, or pagination",
        Walk::Next => "By next, one page after the other",
        Walk::NavParams => "By pages with NAV_PARAMS, for methods that the catalogue does not have",
        Walk::LimitOffset => {
            "By pages with LIMIT and OFFSET, for methods that the catalogue does not have"
        }
        Walk::Cursor => "By the cursor that each page gives for the next one",
        Walk::Whole => "By one call, whose rows are the list",
        _ => "",
    }
}

/// The pages of a list, as many rows of them as are wanted.
struct ListPages {
    pages: Pages,
    left: u64,
    /// What is known of hidden rows, to be passed on behind the rows.
    known_hidden: Option<KnownHidden>,
}

impl Source for ListPages {
    type Item = Piece;

    async fn next(&mut self) -> Result<Option<Piece>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        if let Some(known) = self.known_hidden.take() {
            return Ok(Some(Piece::KnownHidden(known)));
        }
        let Some(page) = self.pages.next_page().await? else {
            return Ok(None);
        };
        let page = first_rows(page, &mut self.left);
        // Of rows that were left out nothing is known.
        self.known_hidden = self.pages.known_hidden().filter(|_| self.left > 0);
        Ok(Some(Piece::Page(page)))
    }
}

pub(crate) async fn run(args: &ExportArgs, printer: Printer) -> Result<Exit, Failure> {
    let prepared = prepare(args, printer)?;
    let mut interrupts = Interrupts::catch()?;
    let checks = checks(args.no_check);
    let connection = connect_with(&args.portal, args.limit.limits(), checks, printer)
        .await?
        .ending_with(args.deadline, &mut interrupts);
    write(args, prepared, &connection.client, &mut interrupts, printer).await?;
    Ok(Exit::Done)
}

/// What the arguments ask for, as far as it can be told without the portal.
pub(crate) struct Prepared {
    target: ExportTarget,
    select: Vec<String>,
    params: Value,
}

/// Looks at the arguments, before anything is asked for.
pub(crate) fn prepare(args: &ExportArgs, printer: Printer) -> Result<Prepared, Failure> {
    let target = ExportTarget::of(args.output.as_ref(), &args.columns)?;
    let is_file = matches!(args.output, Some(Destination::File(_)));
    if !is_file && args.columns.to.is_none() {
        stdout::check_open().map_err(OutputError::of_stdout)?;
    }
    target.check_resume(args.resume)?;
    if Effect::of(&args.method) == Effect::Write {
        return Err(method::refusal(&args.method, "list", "export is for lists"));
    }
    if let Some(path) = &args.report {
        run_report::check_place(path, &target.files())?;
    }
    if !args.no_check {
        let params = &args.params.params;
        method::check_conditions(&args.method, &args.filter, params, "--param", printer)?;
    }
    input::refuse_json_as_output(args.params.json.as_deref(), args.output.as_ref())?;
    let select = args.columns.selected(&args.method, &args.select);
    let params = CallParams {
        list: Some(&args.method),
        json: args.params.json.as_deref(),
        params: &args.params.params,
        select: &select,
        filter: &args.filter,
    }
    .assemble()?;
    if let Some(warning) = method::warning_if_unknown(&args.method, Some("list")) {
        printer.warning(&warning);
    }
    if let Some(warning) = order_warning(args, &params) {
        printer.warning(&warning);
    }
    Ok(Prepared {
        target,
        select,
        params,
    })
}

/// What an export has written.
#[derive(Debug, Clone)]
pub struct Exported {
    /// Rows, those of an interrupted run that was resumed among them.
    pub rows: u64,
    /// The file or store.
    pub name: String,
    /// The size of the file; `None` for a store.
    pub bytes: Option<u64>,
    /// How many values did not fit their columns, and where they are written down.
    pub misfits: Option<(u64, String)>,
    /// The account of the list; `None` if only its first rows were wanted.
    pub report: Option<ListReport>,
}

/// Writes the list. Nothing comes back where the reader of standard output has had enough.
pub(crate) async fn write(
    args: &ExportArgs,
    prepared: Prepared,
    client: &Client,
    interrupts: &mut Interrupts,
    printer: Printer,
) -> Result<Option<Exported>, Failure> {
    let noun = method::noun(&args.method);
    let portal = resume::portal_of_record(&args.portal, client);
    let OpenList {
        pages,
        output,
        before,
        hidden_before,
    } = match open(args, prepared, &portal, client, interrupts, printer).await {
        Ok(open) => open,
        Err(failure) => {
            return fail_before_first_row(args, portal, noun, failure, client, printer).await;
        }
    };
    let rows_before = before.map_or(0, |(rows, _)| rows);
    let whole = progress::of_list(pages.watch(), noun);
    let progress: ProgressSource = match args.top {
        Some(top) => Arc::new(move || whole().of_first_rows(top, rows_before)),
        None => whole,
    };
    let recorder = args.report.as_ref().map(|_| Recorder::start(pages.watch()));
    let line = ProgressLine::show(&args.method, args.limit.rate.limit(), progress, printer);
    let mut source = ListPages {
        pages,
        left: args.top.unwrap_or(u64::MAX).saturating_sub(rows_before),
        known_hidden: None,
    };
    let mut ended = pump::to_output(&mut source, output, |_| true, interrupts).await;
    drop(line);
    let rows = ended.passed.rows;
    let without_id = ended.passed.without_id;
    ended.passed.rows += rows_before;
    let last_before = before.map(|(_, last_id)| last_id);
    ended.passed.last_id = ended.passed.last_id.or(last_before);
    let partial = match &ended.stopped {
        Stopped::ByPortal(error) => error.report().cloned(),
        _ => None,
    };
    let hint = unfinished_hint(&ended.stopped, args, ended.passed.last_id);
    let written = ended.result(&args.method, noun, Failure::of);
    let written = written.map_err(|failure| match hint {
        Some(hint) => failure.and_hint(hint),
        None => failure,
    });
    let finished = Finished {
        args,
        portal,
        noun,
        rows,
        before: RowsBefore {
            rows: rows_before,
            hidden: hidden_before,
        },
        without_id,
        written,
        report: source.pages.report().or(partial.as_ref()),
    };
    finished.tell(recorder.as_ref(), client, printer).await
}

/// Ends an export that failed before its first row. It has a report anyway.
async fn fail_before_first_row(
    args: &ExportArgs,
    portal: String,
    noun: &'static str,
    failure: Failure,
    client: &Client,
    printer: Printer,
) -> Result<Option<Exported>, Failure> {
    let (_, nothing) = watch::channel(Progress::default());
    let recorder = args.report.as_ref().map(|_| Recorder::start(nothing));
    let finished = Finished {
        args,
        portal,
        noun,
        rows: 0,
        before: RowsBefore::default(),
        without_id: 0,
        written: Err(failure),
        report: None,
    };
    let ending = finished.ending();
    let report = finished.write_report(&ending, recorder.as_ref(), client, printer);
    report.await;
    finished.written.map(|_| None)
}

/// A list that is asked for, and where it goes.
struct OpenList {
    pages: Pages,
    output: Output,
    /// How many rows an interrupted run had left, and the last of them.
    before: Option<(u64, u64)>,
    /// Rows that are hidden before those to come, where that is known.
    hidden_before: Option<u64>,
}

/// Plans the columns, opens the output, and begins to read.
async fn open(
    args: &ExportArgs,
    prepared: Prepared,
    portal: &str,
    client: &Client,
    interrupts: &mut Interrupts,
    printer: Printer,
) -> Result<OpenList, Failure> {
    let Prepared {
        target,
        select,
        params,
    } = prepared;
    let planning = args
        .columns
        .plan(&target, client, &args.method, &params, &select);
    let planned = interrupts.during(&args.method, planning).await??;
    for doubt in &planned.doubts {
        printer.warning(doubt);
    }
    let mut list = list_of(args, &params, client);
    if let Some(fields) = planned.checked_by {
        list = list.known_fields(fields);
    }
    let run = Run {
        args: &args.columns,
        portal,
        method: &args.method,
        params: &params,
        top: args.top,
        mode: args.resume,
        by_id: is_by_id(args) && order_warning(args, &params).is_none(),
        noun: method::noun(&args.method),
    };
    // The list is asked for as soon as there are pages, so the output comes first.
    let opening = target.open(&run, planned.plan);
    let started = interrupts.during(&args.method, opening).await??;
    if let Some(note) = &started.note {
        printer.note(note);
    }
    if let Some((_, last_id)) = started.before {
        let up_to = started.hidden_before.map(|hidden| hidden.up_to);
        list = list.resume_after(up_to.unwrap_or(last_id));
    }
    match list.pages() {
        Ok(pages) => Ok(OpenList {
            pages,
            output: started.output,
            before: started.before,
            hidden_before: started.hidden_before.map(|hidden| hidden.rows),
        }),
        Err(error) => {
            pump::leave(started.output).await;
            Err(cannot_be_read(&error, args))
        }
    }
}

/// An export that has come to an end, whole or not.
struct Finished<'a> {
    args: &'a ExportArgs,
    portal: String,
    noun: &'static str,
    /// Rows of this run.
    rows: u64,
    /// What an interrupted run had left.
    before: RowsBefore,
    /// Rows of this run that have no ID of any kind.
    without_id: u64,
    written: Result<Option<Written>, Failure>,
    /// The account of the list; `None` if only its first rows were wanted.
    report: Option<&'a ListReport>,
}

impl Finished<'_> {
    /// Says how it has ended, in the summary, the log and the report.
    async fn tell(
        self,
        recorder: Option<&Recorder>,
        client: &Client,
        printer: Printer,
    ) -> Result<Option<Exported>, Failure> {
        let ending = self.ending();
        let lines = self.lines(printer.width());
        printer.event("summary", ending.event(self.report));
        self.write_report(&ending, recorder, client, printer).await;
        let Some(written) = self.written? else {
            return Ok(None);
        };
        if let Some(warning) = id_warning(&self.args.method, self.without_id) {
            printer.warning(&warning);
        }
        if !printer.shows_events() {
            for line in &lines {
                printer.note(line);
            }
        }
        Ok(Some(Exported {
            rows: self.rows + self.before.rows,
            name: written.name,
            bytes: written.bytes,
            misfits: written.misfits,
            report: self.report.cloned(),
        }))
    }

    /// Writes the report, if one is wanted.
    async fn write_report(
        &self,
        ending: &Ending,
        recorder: Option<&Recorder>,
        client: &Client,
        printer: Printer,
    ) {
        if let (Some(path), Some(recorder)) = (&self.args.report, recorder)
            && let Err(error) = run_report::write(path, recorder, ending, client).await
        {
            printer.warning(&format!(
                "could not write the report {}: {error}",
                path.display()
            ));
        }
    }

    /// The lines of the summary; those of a run that failed say why.
    fn lines(&self, width: usize) -> Vec<String> {
        match (&self.written, self.report) {
            (Ok(None), _) => Vec::new(),
            (Ok(Some(written)), Some(report)) => {
                summary::lines(self.noun, report, self.before, written, width)
            }
            (Ok(Some(written)), None) => summary::first_rows(self.rows, self.noun, written, width),
            (Err(failure), _) => {
                let more = [&failure.kept, &failure.hint];
                let more = more.into_iter().flatten().cloned();
                [failure.message.clone()].into_iter().chain(more).collect()
            }
        }
    }

    fn ending(&self) -> Ending {
        let there = self.written.as_ref().ok().and_then(Option::as_ref);
        let report = self.report;
        Ending {
            method: self.args.method.clone(),
            portal: self.portal.clone(),
            output: there.map(|written| written.name.clone()),
            bytes: there.and_then(|written| written.bytes),
            columns: there.and_then(|written| written.columns),
            seconds: report.map(|report| format::seconds(report.elapsed)),
            rows: self.rows,
            rows_before: self.before.rows,
            summary: self.lines(usize::MAX),
            failed: self.written.is_err(),
            retries: report.map(|report| report.retries),
            commands: report.map(|report| report.commands),
            waited_for_limit: report.map(|report| format::seconds(report.waited_for_limit)),
            waited_for_operating: report.map(|report| format::seconds(report.waited_for_operating)),
            misfits: there.map_or_else(Vec::new, |written| written.misfits_by_field.clone()),
        }
    }
}

/// The list that the arguments ask for.
fn list_of(args: &ExportArgs, params: &Value, client: &Client) -> List {
    let list = client
        .list(&args.method)
        .params(params)
        .walk(args.walk)
        .check_names(!args.no_check);
    let list = if args.no_tail {
        list.tail(Tail::Leave)
    } else {
        list
    };
    if args.verify { list.verify() } else { list }
}

/// What to say of rows without an ID, where rows of the list have one.
fn id_warning(method: &str, without_id: u64) -> Option<String> {
    let has_no_id = catalogue::find(method)
        .is_some_and(|known| known.list && known.id.is_none() && known.keyset.is_none());
    (without_id > 0 && !has_no_id).then(|| {
        format!(
            "{} came without {}, so it cannot be told whether one came twice: add it to --select",
            counted(without_id, method::noun(method)),
            Plan::id_field_of_list(method)
        )
    })
}

/// Whether the list can be read in the order of its IDs, so that it can be resumed.
fn is_by_id(args: &ExportArgs) -> bool {
    let by_id = matches!(
        args.walk,
        Walk::Auto | Walk::Lanes | Walk::Chain | Walk::Windows
    );
    by_id && catalogue::find(&args.method).is_some_and(|known| known.keyset.is_some())
}

/// An order of the caller's costs the walk by ID.
fn order_warning(args: &ExportArgs, params: &Value) -> Option<String> {
    let params = params.as_object()?;
    let (_, order) = params.iter().find(|(name, _)| {
        name.eq_ignore_ascii_case("order") || name.eq_ignore_ascii_case("sort")
    })?;
    let other = order
        .as_object()?
        .keys()
        .find(|field| !field.eq_ignore_ascii_case("id"))?;
    let is_filtered = params
        .keys()
        .any(|name| name.to_ascii_lowercase().ends_with("filter"));
    let cost = if is_filtered {
        ", and with a filter the list is read twice to prove that it is whole"
    } else {
        ", so this list can't be resumed"
    };
    is_by_id(args).then(|| {
        format!(
            "sorting by {other} needs offset pages{cost}. Leave the order out and sort the file afterwards, such as with \
             jq -s 'sort_by(.{other})[]'"
        )
    })
}

/// The list cannot be read in this way.
fn cannot_be_read(error: &Error, args: &ExportArgs) -> Failure {
    let failure = Failure::of(error);
    if !matches!(args.resume, Some(ResumeArg::Auto | ResumeArg::Only)) {
        return failure;
    }
    let Some(Destination::File(path)) = &args.output else {
        return failure;
    };
    failure.and_hint(format!(
        "start again: rm {} and leave --resume out",
        resume::partial_name(path)
    ))
}

/// How to get the rows that did not come.
fn unfinished_hint(stopped: &Stopped, args: &ExportArgs, last_id: Option<u64>) -> Option<String> {
    match stopped {
        Stopped::Complete => return None,
        Stopped::ByOutput(error) if error.is_closed() => return None,
        Stopped::ByPortal(error) if error.kind() == ErrorKind::Config => return None,
        Stopped::ByPortal(error) if error.kind() == ErrorKind::Incomplete => {
            // It does not filter or sort by ID as it should: the rest cannot be listed by ID either.
            let by_id = error.report().is_some_and(|report| report.resume.is_some());
            return by_id.then(|| "--walk pages reads the list in another way".to_owned());
        }
        _ => {}
    }
    let by_id = match stopped {
        Stopped::ByPortal(error) => error.report().is_some_and(|report| report.resume.is_some()),
        _ => is_by_id(args),
    };
    let Some(output) = &args.output else {
        if args.columns.to.is_none() {
            return last_id.map(|_| {
                "run the same command again with the state that the target has printed: --state FILE".to_owned()
            });
        }
        return last_id.map(|_| {
            if by_id {
                "run the same command again: it continues behind the last row".to_owned()
            } else {
                "run the same command again: rows that are in the table already are updated"
                    .to_owned()
            }
        });
    };
    match output {
        Destination::File(_) if by_id => last_id.map(|_| resume::command_hint(&["--resume"])),
        Destination::File(path) => last_id.map(|_| resume::not_by_id_hint(path)),
        Destination::Stdout => {
            let id = last_id.filter(|_| by_id)?;
            let keyset = catalogue::find(&args.method)?.keyset?;
            let condition = format!(">{}={id}", keyset.filter);
            Some(resume::command_hint(&["--filter", &condition]))
        }
    }
}
