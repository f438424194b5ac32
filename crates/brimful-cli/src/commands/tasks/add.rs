//! `brimful tasks add`: makes a task.

use brimful::tasks::TaskFields;

use super::args::TaskAddArgs;
use super::dates::Dates;

use crate::args::RateArg;
use crate::commands::connect;
use crate::commands::show::check_stdout;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::{Interrupts, answer_of_call};
use crate::printer::Printer;

/// What is called.
const METHOD: &str = "tasks.task.add";

pub(super) async fn run(args: &TaskAddArgs, printer: Printer) -> Result<Exit, Failure> {
    let connection = connect(&args.portal, RateArg::STANDARD, printer).await?;
    let mut fields = TaskFields::new()
        .title(args.title.as_str())
        .responsible(args.responsible);
    if let Some(description) = &args.description {
        fields = fields.description(description.as_str());
    }
    if let Some(deadline) = &args.deadline {
        let mut dates = Dates::new(&connection.client, args.zone);
        fields = fields.deadline(dates.moment(deadline).await?);
    }
    if let Some(priority) = args.priority {
        fields = fields.priority(priority);
    }
    if let Some(group) = args.group {
        fields = fields.group(group);
    }
    if let Some(parent) = args.parent {
        fields = fields.parent(parent);
    }
    if !args.accomplice.is_empty() {
        fields = fields.accomplices(args.accomplice.iter().copied());
    }
    if !args.auditor.is_empty() {
        fields = fields.auditors(args.auditor.iter().copied());
    }
    if !args.tag.is_empty() {
        fields = fields.tags(args.tag.iter().map(String::as_str));
    }
    for (field, value) in &args.user_field {
        fields = fields.set(field, value.clone());
    }
    check_stdout()?;
    let mut interrupts = Interrupts::catch()?;
    let tasks = connection.client.tasks();
    let task = answer_of_call(&mut interrupts, METHOD, tasks.add(fields))
        .await?
        .map_err(|error| Failure::of(&error).of_write(METHOD, &error))?;
    match printer.data(task.id.to_string().as_bytes()) {
        Err(error) => Err(Failure::new(
            Exit::Incomplete,
            format!(
                "task {} was made, and its ID could not be written to standard output: {error}",
                task.id
            ),
        )),
        Ok(()) => Ok(Exit::Done),
    }
}
