//! `brimful tasks list`: a list of tasks, as a table or as JSON Lines.

use std::io::{self, IsTerminal};

use brimful::tasks::{Field, Filter, Is, Rest, TaskList, TaskPages, TaskReport, Test};
use brimful::{Error, ErrorKind, Page};
use serde_json::{Map, Value};

use super::args::{DateArg, StatusArg, TaskListArgs};
use super::dates::Dates;
use super::failed;
use super::table::Table;
use crate::commands::connect;
use crate::commands::export::{leave, unwritable};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{count, counted};
use crate::interrupt::Interrupts;
use crate::output::{Destination, Output, OutputError, Written};
use crate::printer::Printer;
use crate::pump::progress::Bar;
use crate::pump::summary;

const METHOD: &str = "tasks.task.list";

/// Why the rows stopped coming.
enum Stopped {
    /// They are all there, or as many as were asked for.
    Complete,
    ByPortal(Error),
    ByOutput(OutputError),
    BySignal(Exit),
}

/// What was handed on so far.
#[derive(Debug, Default)]
struct Passed {
    rows: u64,
    last_id: Option<u64>,
}

pub(super) async fn run(args: &TaskListArgs, printer: Printer) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::catch()
        .map_err(|error| Failure::failed(format!("signals cannot be caught: {error}")))?;
    let connection = connect(&args.portal, args.limit, printer).await?;
    let select: Vec<Field> = if args.select.is_empty() {
        Field::USUAL.into()
    } else {
        args.select.clone()
    };
    let mut dates = Dates::new(&connection.client, args.zone);
    let mut list = connection
        .client
        .tasks()
        .list()
        .filter(filter(args, &mut dates).await?);
    for order in &args.order {
        list = list.order(order.by, order.direction);
    }
    if let Some(rest) = args.rest.wanted() {
        list = list.by(rest);
    }
    let table = args.output.is_none() && io::stdout().is_terminal();
    if table {
        tokio::select! {
            end = on_terminal(list, args, &select, printer) => end,
            exit = interrupts.next() => Err(Failure::new(exit, format!("{METHOD}: interrupted"))),
        }
    } else {
        as_lines(list, args, &select, &mut interrupts, printer).await
    }
}

async fn filter(args: &TaskListArgs, dates: &mut Dates<'_>) -> Result<Filter, Failure> {
    let mut filter = Filter::new();
    let people = |given: &[u64]| (!given.is_empty()).then(|| given.to_vec());
    if let Some(users) = people(&args.responsible) {
        filter = filter.responsible(several(users));
    }
    if let Some(users) = people(&args.creator) {
        filter = filter.created_by(several(users));
    }
    if let Some(users) = people(&args.accomplice) {
        filter = filter.accomplice(users);
    }
    if let Some(users) = people(&args.auditor) {
        filter = filter.auditor(users);
    }
    if let Some(users) = people(&args.member) {
        filter = filter.member(users);
    }
    if let Some(users) = people(&args.doer) {
        filter = filter.doer(users);
    }
    if let Some(groups) = people(&args.group) {
        filter = filter.group_id(several(groups));
    }
    if let Some(parents) = people(&args.parent) {
        filter = filter.parent(several(parents));
    }
    if !args.priority.is_empty() {
        filter = filter.priority(several(args.priority.clone()));
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
        filter = filter.user_field(field, value.clone());
    }
    if args.favorite {
        filter = filter.favorite(Is::Yes);
    }
    if args.no_deadline {
        filter = filter.without_deadline();
    }
    if let Some(id) = args.after {
        filter = filter.id(Test::Above(id));
    }
    let mut between = async |from: &Option<DateArg>, before: &Option<DateArg>| {
        let mut tests = Vec::new();
        if let Some(from) = from {
            tests.push(Test::AtLeast(dates.moment(from).await?));
        }
        if let Some(before) = before {
            tests.push(Test::Below(dates.moment(before).await?));
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

fn several<T>(mut values: Vec<T>) -> Test<T> {
    match values.pop() {
        Some(one) if values.is_empty() => Test::Is(one),
        Some(last) => {
            values.push(last);
            Test::OneOf(values)
        }
        None => Test::OneOf(values),
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
        (false, true) => filter.real_status(several(stored)),
        (true, false) => filter.status(several(by_clock)),
        (false, false) => filter.group(
            Filter::any()
                .real_status(several(stored))
                .status(several(by_clock)),
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
        list = list.by(Rest::Two);
    }
    let mut pages = list.pages().await.map_err(|error| failed(&error))?;
    let mut left = args.top.unwrap_or(u64::MAX);
    while left > 0 {
        let page = match pages.next_page().await {
            Ok(Some(page)) => cut(page, left),
            Ok(None) => break,
            Err(error) => return Err(failed(&error)),
        };
        left -= page.len() as u64;
        let lines = table.lines(&page)?;
        match printer.data(lines.trim_end_matches('\n').as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::Done),
            Err(error) => {
                return Err(Failure::failed(format!(
                    "could not write to standard output: {error}"
                )));
            }
            Ok(()) => {}
        }
    }
    if let Some(report) = pages.report() {
        printer.note(&counted(report.list.rows, "tasks"));
    }
    Ok(Exit::Done)
}

async fn as_lines(
    list: TaskList,
    args: &TaskListArgs,
    select: &[Field],
    interrupts: &mut Interrupts,
    printer: Printer,
) -> Result<Exit, Failure> {
    let destination = args.output.clone().unwrap_or(Destination::Stdout);
    let mut output = Output::open(&destination).map_err(|error| unwritable(&error))?;
    let mut passed = Passed::default();
    let asked = tokio::select! {
        pages = list.select(select.iter().cloned()).pages() => pages.map_err(Stopped::ByPortal),
        exit = interrupts.next() => Err(Stopped::BySignal(exit)),
    };
    let mut pages = match asked {
        Ok(pages) => pages,
        Err(stopped) => {
            let left = leave(output).await;
            return end(stopped, args, &passed, left.as_ref());
        }
    };
    let bar = Bar::show(METHOD, args.limit, pages.watch(), printer);
    let mut stopped = tokio::select! {
        stopped = pass(&mut pages, &mut output, &mut passed, args.top, select) => stopped,
        exit = interrupts.next() => Stopped::BySignal(exit),
    };
    drop(bar);
    if let Stopped::Complete = stopped {
        let finished = tokio::select! {
            finished = output.finish() => finished,
            // All rows have come, but whoever is to read them does not.
            exit = interrupts.next() => return end(Stopped::BySignal(exit), args, &passed, None),
        };
        match finished {
            Ok(written) => {
                account(pages.report(), &passed, &written, printer);
                return Ok(Exit::Done);
            }
            Err(error) => stopped = Stopped::ByOutput(error),
        }
        return end(stopped, args, &passed, None);
    }
    let left = leave(output).await;
    end(stopped, args, &passed, left.as_ref())
}

/// Passes pages on until they stop coming.
async fn pass(
    pages: &mut TaskPages,
    output: &mut Output,
    passed: &mut Passed,
    top: Option<u64>,
    select: &[Field],
) -> Stopped {
    let mut left = top.unwrap_or(u64::MAX);
    while left > 0 {
        let page = match pages.next_page().await {
            Ok(Some(page)) => cut(page, left),
            Ok(None) => return Stopped::Complete,
            Err(error) => return Stopped::ByPortal(error),
        };
        let (rows, last_id) = (page.len() as u64, page.ids().next_back().flatten());
        if let Err(error) = output.write(selected(page, select)).await {
            return Stopped::ByOutput(error);
        }
        left -= rows;
        passed.rows += rows;
        passed.last_id = last_id.or(passed.last_id);
    }
    Stopped::Complete
}

fn cut(mut page: Page, most: u64) -> Page {
    let mut left = most;
    page.retain(|_| {
        let keep = left > 0;
        left = left.saturating_sub(1);
        keep
    });
    page
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

fn end(
    stopped: Stopped,
    args: &TaskListArgs,
    passed: &Passed,
    left: Option<&Written>,
) -> Result<Exit, Failure> {
    let kept = |mut failure: Failure, left: Option<&Written>| {
        if let Some(left) = left {
            let up_to = passed.last_id.map_or_else(String::new, |id| {
                format!(", the last with ID {}", count(id))
            });
            let rows = counted(passed.rows, "tasks");
            failure = failure.kept(format!("{rows} in {}{up_to}", left.name));
        }
        failure
    };
    match stopped {
        // Whoever reads has had enough: that is no failure.
        Stopped::Complete | Stopped::ByOutput(OutputError::Closed) => Ok(Exit::Done),
        Stopped::ByOutput(error) => {
            let mut failure = unwritable(&error);
            if let OutputError::Short { left, .. } = &error {
                failure = kept(failure, Some(left));
            }
            if passed.rows > 0 {
                failure.exit = Exit::Incomplete;
            }
            Err(failure)
        }
        Stopped::ByPortal(error) => {
            let mut failure = kept(failed(&error), left);
            if passed.rows > 0 || error.kind() == ErrorKind::Incomplete {
                failure.exit = Exit::Incomplete;
            }
            let by_id = args.order.is_empty();
            if let Some(id) = passed.last_id.filter(|_| by_id) {
                let rest = format!("the rest is to be had with --after {id}");
                let hint = match failure.hint.take() {
                    Some(hint) => format!("{hint}; {rest}"),
                    None => rest,
                };
                failure = failure.hint(hint);
            }
            Err(failure)
        }
        Stopped::BySignal(exit) => {
            let failure = Failure::new(exit, format!("{METHOD}: interrupted"));
            Err(kept(failure, left))
        }
    }
}

fn account(report: Option<&TaskReport>, passed: &Passed, written: &Written, printer: Printer) {
    let Some(report) = report else {
        printer.note(&format!(
            "the first {}: {}",
            counted(passed.rows, "tasks"),
            written.name
        ));
        return;
    };
    for line in summary::account(METHOD, &report.list, written) {
        printer.note(&line);
    }
    let by = match report.rest {
        Rest::Three => "by REST 3.0".to_owned(),
        Rest::Two => format!("by REST 2: {}", report.why),
    };
    printer.note(&by);
}
