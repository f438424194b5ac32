//! `brimful r7 batch`: the requests of a file, a line of JSON for every reply.

use std::io;

use brimful::{Error, ErrorKind, Execution};
use brimful_r7::{BatchRecorder, BatchReply, Reply};
use serde_json::{Value, json};

use super::{connect, items};
use crate::commands::batch_record::{BatchRecord, CommandLog};
use crate::exit::Exit;
use crate::failure::{Failure, MORE_TIME};
use crate::format::counted;
use crate::input;
use crate::interrupt::{Interrupts, answer_of_call};
use crate::output::rescue;
use crate::printer::Printer;
use crate::r7_args::R7BatchArgs;
use crate::redact::redact;

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
    let record = BatchRecord::open(&args.output, writes, unanswered).await?;
    let batch = connection.client.batch().items(items);
    let batch = batch.concurrent_requests(args.at_once.into());
    let batch = match record.log() {
        Some(log) => batch.record_with(ReplyRecorder(log)),
        None => batch,
    };
    let replies = match answer_of_call(&mut interrupts, REQUESTS, batch.send()).await {
        Ok(Ok(replies)) => replies,
        // Nothing was sent.
        Ok(Err(error)) => {
            record.discard().await;
            return Err(Failure::of(&error));
        }
        Err(failure) => {
            return Err(match record.leave().await {
                Some(place) => failure.kept(format!("what is known of each item in {place}")),
                None => failure,
            });
        }
    };
    let lines = lines(replies.iter());
    match record.complete(&lines, replies.len() as u64).await {
        Ok(()) => {}
        Err(error) if error.is_closed() && !writes => {}
        Err(error) => {
            let mut failure = Failure::from(error);
            failure.exit = Exit::Incomplete;
            failure.message += "; the requests were sent";
            return Err(rescue::rescued(failure, "their replies", &lines));
        }
    }
    account(&replies, writes, printer)
}

/// Puts the replies of a batch on record while it runs.
struct ReplyRecorder(CommandLog);

impl BatchRecorder for ReplyRecorder {
    fn before_sending(&mut self, names: &[&str]) -> io::Result<()> {
        self.0.before_sending(names)
    }

    fn answered(&mut self, items: &[(&str, Result<&Reply, &Error>)]) {
        let names: Vec<&str> = items.iter().map(|(name, _)| *name).collect();
        self.0.answered(&names, &lines(items.iter().copied()));
    }
}

/// The outcome of the items: the reply as JSON where it is JSON, or the error and whether it ran.
fn lines<'a>(items: impl Iterator<Item = (&'a str, Result<&'a Reply, &'a Error>)>) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, outcome) in items {
        let line = match outcome {
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
                let error = redact(&error.to_string());
                json!({ "name": name, "status": status, "error": error, "did_it_run": ran })
            }
        };
        put_line(&mut lines, &line);
    }
    lines
}

/// The line of an item that is about to be sent.
fn unanswered(out: &mut Vec<u8>, name: &str) {
    let why = "the run ended before its answer came";
    put_line(
        out,
        &json!({ "name": name, "status": null, "error": why, "did_it_run": "unknown" }),
    );
}

fn put_line(out: &mut Vec<u8>, line: &Value) {
    out.extend_from_slice(line.to_string().as_bytes());
    out.push(b'\n');
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
