//! `brimful tasks get`: tasks by their IDs.

use std::io::{self, IsTerminal};

use brimful::Effect;
use brimful::tasks::Field;
use serde_json::{Map, Value};

use super::args::TaskGetArgs;

use crate::args::RateArg;
use crate::commands::connect;
use crate::commands::show;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json_text;
use crate::printer::Printer;

pub(super) async fn run(args: &TaskGetArgs, printer: Printer) -> Result<Exit, Failure> {
    let mut select: Vec<&str> = args.select.iter().map(Field::name).collect();
    if select.is_empty() {
        select = vec!["*", "UF_*", "TAGS"];
    } else if !select.contains(&"ID") && !select.contains(&"*") {
        select.insert(0, "ID");
    }
    show::check_stdout_for(Effect::Read)?;
    let connection = connect(&args.portal, RateArg::STANDARD, printer).await?;
    let found = connection
        .client
        .get_by_id("tasks.task.get", args.tasks.clone())
        .id_field("taskId")
        .param("select", select)
        .collect()
        .await
        .map_err(|error| Failure::of(&error))?;
    let mut missing = None;
    for (id, _) in found.iter() {
        let task = found
            .result::<Map<String, Value>>(id.clone())
            .map(|mut result| result.shift_remove("task").unwrap_or_default());
        match task {
            Ok(task) => print(&task, printer)?,
            Err(error) => {
                let failure = Failure::of(&error);
                missing = Some(Failure {
                    message: format!("task {id}: {}", failure.message),
                    ..failure
                });
                if args.tasks.len() > 1
                    && let Some(missing) = &missing
                {
                    printer.warning(&missing.message);
                }
            }
        }
    }
    match missing {
        Some(failure) if args.tasks.len() == 1 => Err(failure),
        Some(_) => Err(Failure::failed("not all of the tasks could be had")),
        None => Ok(Exit::Done),
    }
}

fn print(task: &Value, printer: Printer) -> Result<(), Failure> {
    let text = task.to_string();
    let printed = if io::stdout().is_terminal() {
        printer.data(&json_text::pretty(text.as_bytes()))
    } else {
        printer.data(text.as_bytes())
    };
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(show::unwritable(error)),
        _ => Ok(()),
    }
}
