//! `brimful r7 export`: writes a whole list to a file.

use brimful::Error;
use brimful_r7::{Filter, List, Pages};
use tokio::time::Instant;

use super::{connect, failure};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{self, counted};
use crate::interrupt::Interrupts;
use crate::output::{Output, Piece, Written};
use crate::printer::Printer;
use crate::pump::{self, Source};
use crate::r7_args::{Comparison, R7ExportArgs};

impl Source for Pages {
    type Item = Piece;

    async fn next(&mut self) -> Result<Option<Piece>, Error> {
        Ok(self.next_page().await?.map(Piece::Page))
    }
}

pub(crate) async fn run(args: &R7ExportArgs, printer: Printer) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::catch()?;
    interrupts.set_deadline(args.portal.deadline);
    let connection = connect(&args.portal, printer).await?;
    let list = connection.client.list(&args.path);
    let mut pages = how(list, args).pages().map_err(|error| failure(&error))?;
    let output = Output::open(&args.output)?;
    let started = Instant::now();
    let ended = pump::to_output(&mut pages, output, |_| true, &mut interrupts).await;
    if let Some(written) = ended.result(&args.path, "rows", failure)? {
        account(&pages, &written, started, printer);
    }
    Ok(Exit::Done)
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

fn account(pages: &Pages, written: &Written, started: Instant, printer: Printer) {
    let report = pages.report();
    printer.note(&format!(
        "{} in {}: {}",
        counted(report.rows, "rows"),
        format::duration(started.elapsed()),
        written.description()
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
