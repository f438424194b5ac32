//! `brimful r7 batch`: the requests of a file, a line of JSON for every reply.

use brimful::{ErrorKind, Execution};
use brimful_protocol::rows::{Place, read_list};
use brimful_r7::BatchReply;
use serde_json::{Value, json};

use super::{connect, items};
use crate::commands::show::nothing_sent;
use crate::exit::Exit;
use crate::failure::{Failure, MORE_TIME};
use crate::format::counted;
use crate::input;
use crate::interrupt::{Interrupts, answer_of_call};
use crate::output::{Output, Piece, rescue};
use crate::printer::Printer;
use crate::pump;
use crate::r7_args::R7BatchArgs;

/// What messages call the requests of a file.
const REQUESTS: &str = "some of the requests";

pub(crate) async fn run(args: &R7BatchArgs, printer: Printer) -> Result<Exit, Failure> {
    input::refuse_same_file(&args.file, &args.output)?;
    let text = input::read(&args.file)?;
    let writes = items::write(&text);
    let items = items::read(&text).map_err(|why| {
        Failure::usage(format!(
            "{} is not a batch: {why}",
            input::display_name(&args.file)
        ))
    })?;
    let mut interrupts = if writes {
        Interrupts::catch()?
    } else {
        Interrupts::never()
    };
    let connection = connect(&args.portal, printer).await?;
    let output = Output::open(&args.output)?;
    let mut output = output.ready().await.map_err(nothing_sent)?;
    let batch = connection.client.batch().items(items);
    let batch = batch.concurrent_requests(args.at_once.into());
    let replies = answer_of_call(&mut interrupts, REQUESTS, batch.send()).await;
    let replies = replies.and_then(|replies| {
        replies.map_err(|error| {
            let failure = Failure::of(&error);
            if writes {
                failure.of_write(REQUESTS, &error)
            } else {
                failure
            }
        })
    });
    let replies = match replies {
        Ok(replies) => replies,
        Err(failure) => {
            pump::leave(output).await;
            return Err(failure);
        }
    };
    let lines = lines(&replies);
    let saved = || {
        lines
            .iter()
            .fold(String::new(), |text, line| format!("{text}{line}\n"))
    };
    let body = json!({ "result": lines }).to_string();
    let rows = read_list(&body.into_bytes().into(), Place::default())
        .map_err(|error| Failure::failed(format!("the replies cannot be written: {error}")))?;
    let written = match output.write(Piece::Page(rows.page)).await {
        Ok(()) => output.finish().await,
        Err(error) => Err(error),
    };
    match written {
        Ok(_) => {}
        Err(error) if error.is_closed() && !writes => {}
        Err(error) => {
            let mut failure = Failure::from(error);
            failure.exit = Exit::Incomplete;
            failure.message += "; the requests were sent";
            return Err(rescue::rescued(
                failure,
                "their replies",
                saved().as_bytes(),
            ));
        }
    }
    account(&replies, writes, printer)
}

/// What became of the items: the reply as JSON where it is JSON, or the error and whether it ran.
fn lines(replies: &BatchReply) -> Vec<Value> {
    let line = |(name, outcome): (&str, Result<&brimful_r7::Reply, &brimful::Error>)| match outcome
    {
        Ok(reply) => {
            let data: Value = serde_json::from_slice(reply.body())
                .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(reply.body())));
            json!({ "name": name, "status": reply.status(), "data": data })
        }
        Err(error) => {
            let ran = match error.execution() {
                Execution::Ran => "yes",
                Execution::NotRun => "no",
                Execution::Unknown => "unknown",
            };
            let status = error.api_error().map(|said| said.code.to_string());
            let status = status.and_then(|status| status.parse::<u16>().ok());
            json!({ "name": name, "status": status, "error": error.to_string(), "did_it_run": ran })
        }
    };
    replies.iter().map(line).collect()
}

fn account(replies: &BatchReply, writes: bool, printer: Printer) -> Result<Exit, Failure> {
    let failed = replies.iter().filter(|(_, outcome)| outcome.is_err());
    let (all, failed) = (replies.len(), failed.count());
    // To read once more does no harm.
    let unknown: Vec<&str> = replies.unknown().filter(|_| writes).collect();
    let is_late = replies
        .iter()
        .any(|(_, outcome)| outcome.is_err_and(|error| error.kind() == ErrorKind::Deadline));
    if failed == 0 {
        printer.note(&format!(
            "{} in {}",
            counted(all as u64, "items"),
            counted(replies.requests().into(), "requests")
        ));
        return Ok(Exit::Done);
    }
    let exit = if unknown.is_empty() && !is_late {
        Exit::Failed
    } else {
        Exit::Incomplete
    };
    let failure = Failure::new(
        exit,
        format!("{failed} of {} failed", counted(all as u64, "items")),
    );
    Err(match unknown.as_slice() {
        [] if is_late => failure.hint(MORE_TIME),
        [] => failure,
        unknown => failure.hint(format!(
            "these may have run, so look before sending them again: {}",
            unknown.join(", ")
        )),
    })
}
