//! `brimful tasks list`: lists tasks, as a table or as JSON Lines.

use std::io::{self, IsTerminal};

use brimful::tasks::{
    Condition, Direction, Field, Filter, OrderBy, RestVersion, TaskList, TaskPages, TaskReport,
    YesNo,
};
use brimful::{Error, KnownHidden, Page};
use serde_json::{Map, Value, json};

use super::args::{DateArg, OrderArg, StatusArg, TaskFilterArgs, TaskListArgs};
use super::dates::Dates;
use super::table::Table;
use crate::commands::resume::{FileRun, ResumeArg, Started};
use crate::commands::show;
use crate::commands::{connect, resume};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::counted;
use crate::interrupt::Interrupts;
use crate::output::content::Content;
use crate::output::{Destination, Output, Piece};
use crate::printer::Printer;
use crate::pump::progress::{self, ProgressLine};
use crate::pump::summary::RowsBefore;
use crate::pump::{self, Source, Stopped, first_rows, summary};
use crate::table::terminal_width;

const METHOD: &str = "tasks.task.list";
const NOUN: &str = "tasks";

pub(super) async fn run(args: &TaskListArgs, printer: Printer) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::catch()?;
    let connection = connect(&args.portal, args.limit.limits(), printer)
        .await?
        .ending_with(args.deadline, &mut interrupts);
    let select: Vec<Field> = if args.select.is_empty() {
        Field::USUAL.into()
    } else {
        args.select.clone()
    };
    let mut dates = Dates::new(&connection.client, args.filter.zone);
    let filter = filter(&args.filter, &mut dates);
    let filter = interrupts.during(METHOD, filter).await??;
    let asked = json!({
        "portal": resume::portal_of_record(&args.portal, &connection.client),
        "method": METHOD,
        "params": {
            "filter": filter.to_json().map_err(|error| Failure::of(&error))?,
            "select": select.iter().map(Field::name).collect::<Vec<_>>(),
            "order": args.order.iter().map(|one| format!("{} {:?}", one.by.name(), one.direction)).collect::<Vec<_>>(),
        },
        "top": args.top,
    });
    let mut list = connection.client.tasks().list().filter(filter);
    for order in &args.order {
        list = list.order(order.by, order.direction);
    }
    if let Some(rest) = args.rest.wanted() {
        list = list.rest_version(rest);
    }
    let table = args.output.is_none() && io::stdout().is_terminal() && args.resume.is_none();
    if table {
        tokio::select! {
            end = on_terminal(list, args, &select, printer) => end,
            exit = interrupts.next() => Err(Failure::new(exit, format!("{METHOD}: interrupted"))),
        }
    } else {
        as_lines(list, asked, args, &select, &mut interrupts, printer).await
    }
}

async fn filter(args: &TaskFilterArgs, dates: &mut Dates<'_>) -> Result<Filter, Failure> {
    let mut filter = Filter::new();
    let if_given = |given: &[u64]| (!given.is_empty()).then(|| given.to_vec());
    if let Some(users) = if_given(&args.responsible) {
        filter = filter.responsible(is_or_one_of(users));
    }
    if let Some(users) = if_given(&args.creator) {
        filter = filter.created_by(is_or_one_of(users));
    }
    if let Some(users) = if_given(&args.accomplice) {
        filter = filter.accomplice(users);
    }
    if let Some(users) = if_given(&args.auditor) {
        filter = filter.auditor(users);
    }
    if let Some(users) = if_given(&args.member) {
        filter = filter.member(users);
    }
    if let Some(users) = if_given(&args.doer) {
        filter = filter.doer(users);
    }
    if let Some(groups) = if_given(&args.group) {
        filter = filter.group_id(is_or_one_of(groups));
    }
    if let Some(parents) = if_given(&args.parent) {
        filter = filter.parent(is_or_one_of(parents));
    }
    if !args.priority.is_empty() {
        filter = filter.priority(is_or_one_of(args.priority.clone()));
    }
    filter = by_status(filter, &args.status);
    if !args.tag.is_empty() {
        filter = filter.tag(args.tag.iter().map(String::as_str));
    }
    if let Some(title) = &args.title {
        filter = filter.title_contains(title.as_str());
    }
    if let Some(element) = &args.crm {
        filter = filter.crm(element.as_str());
    }
    for (field, value) in &args.user_field {
        filter = filter.user_field(field, Condition::Is(value));
    }
    if args.favorite {
        filter = filter.favorite(YesNo::Yes);
    }
    if args.no_deadline {
        filter = filter.without_deadline();
    }
    if let Some(id) = args.after {
        filter = filter.id(Condition::Above(id));
    }
    add_dates(filter, args, dates).await
}

/// Adds the conditions of moments.
async fn add_dates(
    mut filter: Filter,
    args: &TaskFilterArgs,
    dates: &mut Dates<'_>,
) -> Result<Filter, Failure> {
    let mut between = async |from: &Option<DateArg>, before: &Option<DateArg>| {
        let mut tests = Vec::new();
        if let Some(from) = from {
            tests.push(Condition::AtLeast(dates.moment(from).await?));
        }
        if let Some(before) = before {
            tests.push(Condition::Below(dates.moment(before).await?));
        }
        Ok::<_, Failure>(tests)
    };
    for test in between(&args.deadline_from, &args.deadline_before).await? {
        filter = filter.deadline(test);
    }
    for test in between(&args.created_from, &args.created_before).await? {
        filter = filter.created(test);
    }
    for test in between(&args.changed_from, &args.changed_before).await? {
        filter = filter.changed(test);
    }
    for test in between(&args.closed_from, &args.closed_before).await? {
        filter = filter.closed(test);
    }
    Ok(filter)
}

fn is_or_one_of<T>(mut values: Vec<T>) -> Condition<T> {
    match values.pop() {
        Some(one) if values.is_empty() => Condition::Is(one),
        Some(last) => {
            values.push(last);
            Condition::OneOf(values)
        }
        None => Condition::OneOf(values),
    }
}

/// Statuses that are stored, and those that follow from the clock, are asked for under different names.
fn by_status(filter: Filter, statuses: &[StatusArg]) -> Filter {
    let mut stored = Vec::new();
    let mut by_clock = Vec::new();
    for status in statuses {
        match status {
            StatusArg::Stored(status) => stored.push(*status),
            StatusArg::ByClock(status) => by_clock.push(*status),
        }
    }
    match (stored.is_empty(), by_clock.is_empty()) {
        (true, true) => filter,
        (false, true) => filter.real_status(is_or_one_of(stored)),
        (true, false) => filter.status(is_or_one_of(by_clock)),
        (false, false) => filter.group(
            Filter::any()
                .real_status(is_or_one_of(stored))
                .status(is_or_one_of(by_clock)),
        ),
    }
}

/// A table; people and projects by their names, which the older REST sends along.
async fn on_terminal(
    mut list: TaskList,
    args: &TaskListArgs,
    select: &[Field],
    printer: Printer,
) -> Result<Exit, Failure> {
    let mut table = Table::new(select);
    list = list.select(table.columns().iter().cloned());
    if args.rest.wanted().is_none() {
        list = list.rest_version(RestVersion::Rest2);
    }
    let mut pages = list.pages().await.map_err(|error| Failure::of(&error))?;
    let mut left = args.top.unwrap_or(u64::MAX);
    let mut last_id = None;
    while left > 0 {
        let page = match pages.next_page().await {
            Ok(Some(page)) => first_rows(page, &mut left),
            Ok(None) => break,
            Err(error) => {
                let failure = Failure::of(&error);
                let hint = unfinished_hint(&Stopped::ByPortal(error), args, last_id);
                return Err(match hint {
                    Some(hint) => failure.and_hint(hint),
                    None => failure,
                });
            }
        };
        last_id = page.ids().next_back().flatten().or(last_id);
        let lines = table.lines(&page, terminal_width())?;
        match printer.data(lines.trim_end_matches('\n').as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::Done),
            Err(error) => return Err(show::unwritable(error)),
            Ok(()) => {}
        }
    }
    if let Some(report) = pages.report() {
        printer.note(&counted(report.list.rows, NOUN));
    }
    Ok(Exit::Done)
}

/// The pages of a list of tasks, with the fields and as many rows as are wanted.
struct TaskSource<'a> {
    pages: TaskPages,
    select: &'a [Field],
    remaining: u64,
    /// What is known of hidden rows, to be passed on behind the rows.
    known_hidden: Option<KnownHidden>,
}

impl Source for TaskSource<'_> {
    type Item = Piece;

    async fn next(&mut self) -> Result<Option<Piece>, Error> {
        if self.remaining == 0 {
            return Ok(None);
        }
        if let Some(known) = self.known_hidden.take() {
            return Ok(Some(Piece::KnownHidden(known)));
        }
        let Some(page) = self.pages.next_page().await? else {
            return Ok(None);
        };
        let page = first_rows(page, &mut self.remaining);
        // Of rows that were left out nothing is known.
        self.known_hidden = self.pages.known_hidden().filter(|_| self.remaining > 0);
        Ok(Some(Piece::Page(selected(page, self.select))))
    }
}

/// Opens the output; in a file it goes on behind what the same command has left.
fn open(args: &TaskListArgs, asked: Value) -> Result<Started, Failure> {
    let destination = args.output.as_ref().unwrap_or(&Destination::Stdout);
    if let Some(path) = resume::ordinary_file(destination) {
        return FileRun {
            path,
            list: asked,
            mode: args.resume,
            by_id: is_by_id(args),
            is_json_lines: true,
            id_field: "id",
            noun: NOUN,
        }
        .open(Content::default());
    }
    if matches!(args.resume, Some(ResumeArg::Auto | ResumeArg::Only)) {
        return Err(Failure::usage(
            "--resume continues a file, and -o names none",
        ));
    }
    Ok(Started {
        output: Output::open(destination)?,
        before: None,
        hidden_before: None,
        note: None,
    })
}

/// Whether the tasks come in the order of their IDs, so that the list can be resumed.
fn is_by_id(args: &TaskListArgs) -> bool {
    let by_id = |one: &OrderArg| one.by == OrderBy::Id && one.direction == Direction::Ascending;
    args.order.iter().all(by_id)
}

async fn as_lines(
    mut list: TaskList,
    asked: Value,
    args: &TaskListArgs,
    select: &[Field],
    interrupts: &mut Interrupts,
    printer: Printer,
) -> Result<Exit, Failure> {
    let started = open(args, asked)?;
    if let Some(note) = &started.note {
        printer.note(note);
    }
    let (rows_before, last_before) = started.before.unzip();
    let rows_before = rows_before.unwrap_or(0);
    if let Some(last_id) = last_before {
        let up_to = started.hidden_before.map(|hidden| hidden.up_to);
        list = list.resume_after(up_to.unwrap_or(last_id));
    }
    let output = started.output;
    let pages = tokio::select! {
        pages = list.select(select.iter().cloned()).pages() => pages.map_err(|error| Failure::of(&error)),
        exit = interrupts.next() => Err(Failure::new(exit, format!("{METHOD}: interrupted"))),
    };
    let pages = match pages {
        Ok(pages) => pages,
        Err(failure) => {
            pump::leave(output).await;
            return Err(failure);
        }
    };
    let source = progress::of_list(pages.watch(), NOUN);
    let line = ProgressLine::show(METHOD, args.limit.rate.limit(), source, printer);
    let mut tasks = TaskSource {
        pages,
        select,
        remaining: args.top.unwrap_or(u64::MAX).saturating_sub(rows_before),
        known_hidden: None,
    };
    let mut ended = pump::to_output(&mut tasks, output, |_| true, interrupts).await;
    drop(line);
    let rows = ended.passed.rows;
    ended.passed.rows += rows_before;
    ended.passed.last_id = ended.passed.last_id.or(last_before);
    let hint = unfinished_hint(&ended.stopped, args, ended.passed.last_id);
    let written = ended.result(METHOD, NOUN, Failure::of);
    let written = written.map_err(|failure| match hint {
        Some(hint) => failure.and_hint(hint),
        None => failure,
    })?;
    let Some(written) = written else {
        return Ok(Exit::Done);
    };
    match tasks.pages.report() {
        Some(report) => {
            let before = RowsBefore {
                rows: rows_before,
                hidden: started.hidden_before.map(|hidden| hidden.rows),
            };
            for line in summary::lines(NOUN, &report.list, before, &written, usize::MAX) {
                printer.note(&line);
            }
            printer.note(&which_rest(report));
        }
        None => {
            for line in summary::first_rows(rows, NOUN, &written, usize::MAX) {
                printer.note(&line);
            }
        }
    }
    Ok(Exit::Done)
}

/// The fields that were asked for, without what a portal adds to some of them.
fn selected(page: Page, select: &[Field]) -> Page {
    let wild = |field: &Field| *field == Field::ALL || *field == Field::USER_FIELDS;
    if select.iter().any(wild) {
        return page;
    }
    let mut keys = vec![Field::ID.key()];
    keys.extend(
        select
            .iter()
            .filter(|field| **field != Field::ID)
            .map(Field::key),
    );
    page.iter()
        .map(|row| {
            let Ok(mut given) = row.parse::<Map<String, Value>>() else {
                return (row.id, row.json.to_owned());
            };
            let chosen: Map<String, Value> = keys
                .iter()
                .filter_map(|key| Some((key.clone(), given.get_mut(key)?.take())))
                .collect();
            (row.id, Value::Object(chosen).to_string())
        })
        .collect()
}

/// How to get the tasks that did not come. Without an order of its own the list comes by ID.
fn unfinished_hint(stopped: &Stopped, args: &TaskListArgs, last_id: Option<u64>) -> Option<String> {
    match stopped {
        Stopped::Complete => return None,
        Stopped::ByOutput(error) if error.is_closed() => return None,
        _ => {}
    }
    let id = last_id?;
    match &args.output {
        Some(Destination::File(_)) if is_by_id(args) => Some(resume::command_hint(&["--resume"])),
        Some(Destination::File(path)) => Some(resume::not_by_id_hint(path)),
        // --after would begin to count the rows of --top again.
        _ if is_by_id(args) && args.top.is_none() => {
            Some(resume::command_hint(&["--after", &id.to_string()]))
        }
        _ => None,
    }
}

fn which_rest(report: &TaskReport) -> String {
    match report.rest {
        RestVersion::Rest3 => "read by REST 3.0".to_owned(),
        RestVersion::Rest2 => format!("read by REST 2, because {}", report.why),
    }
}
