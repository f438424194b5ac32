//! `brimful call`: one call, its reply on standard output.

use std::path::PathBuf;

use brimful::{Client, Effect, Error};
use clap::Args;
use serde_json::Value;

use super::names::{self, ListCall};
use super::show::{check_stdout_for, reply};
use super::{checks, connect_with, each};
use crate::args::method;
use crate::args::params::CallParams;
use crate::args::{DeadlineOption, ParamsOption, PortalOption, RateOption};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::interrupt::{Interrupts, answer_of_call};
use crate::output::{Destination, Output, Piece, rescue};
use crate::printer::Printer;
use crate::pump::leave;

/// Call a method once and print its reply, or once for every line of a file
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful call user.current
  brimful call crm.lead.get --param id=42 --result
  brimful call crm.lead.add --param 'fields[TITLE]=From the command line'
  brimful call task.elapseditem.getlist --json '[{\"ID\":\"asc\"}]'
  brimful call crm.lead.add --each leads.jsonl -o outcomes.jsonl --param 'fields[SOURCE_ID]=WEB'
  brimful call crm.lead.delete --each ids.jsonl -o outcomes.jsonl --resume")]
pub(crate) struct CallArgs {
    /// The method, such as crm.lead.get
    #[arg(value_parser = method::parse)]
    pub(crate) method: String,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    #[command(flatten)]
    pub(crate) params: ParamsOption,
    /// Print the result alone, without total, next and time
    #[arg(long, conflicts_with = "each")]
    pub(crate) result: bool,
    /// Retry the call where it may have run: making it twice does no harm
    #[arg(long)]
    pub(crate) idempotent: bool,
    /// Send names and values as they are: don't refuse what cannot be meant, such as a list in the place of an ID
    #[arg(long)]
    pub(crate) no_check: bool,
    #[command(flatten)]
    pub(crate) limit: RateOption,
    #[command(flatten)]
    pub(crate) deadline: DeadlineOption,
    #[command(flatten)]
    pub(crate) each: EachOption,
}

/// What `brimful call` knows of many calls.
#[derive(Debug, Args)]
#[command(next_help_heading = "Many calls")]
pub(crate) struct EachOption {
    /// Call the method for every line of a file, which has the parameters as a JSON object; - is standard input
    ///
    /// --param and --json are common to all calls; a line overrides them. Every line gets its outcome, in the
    /// order of the lines: {"line":1,"call":…,"outcome":"done","result":…}, or "failed" with the portal's error,
    /// "not_run" where it certainly did not run, "unknown" where it may have. If not all are done, the exit code is 3.
    #[arg(long, value_name = "FILE", requires = "output")]
    pub(crate) each: Option<PathBuf>,
    /// Write the reply, or the outcomes of --each, to this file; - is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<Destination>,
    /// Resume with the outcomes in the file: call only lines that are not done
    #[arg(long, requires = "each")]
    pub(crate) resume: bool,
    /// Call lines again that may have run
    #[arg(long, requires = "resume")]
    pub(crate) retry_unknown: bool,
}

pub(crate) async fn run(args: &CallArgs, printer: Printer) -> Result<Exit, Failure> {
    if let Some(file) = &args.each.each {
        return each::run(args, file, printer).await;
    }
    input::refuse_json_as_output(args.params.json.as_deref(), args.each.output.as_ref())?;
    let params = CallParams {
        json: args.params.json.as_deref(),
        params: &args.params.params,
        ..CallParams::default()
    }
    .assemble()?;
    if let Some(warning) = method::warning_if_unknown(&args.method, None) {
        printer.warning(&warning);
    }
    let effect = Effect::of(&args.method);
    let mut interrupts = match effect {
        // A signal ends the program at once.
        Effect::Read => Interrupts::never(),
        Effect::Write => Interrupts::catch()?,
    };
    let checks = checks(args.no_check);
    let connection = connect_with(&args.portal, args.limit.limits(), checks, printer)
        .await?
        .ending(args.deadline);
    // A call is made only where its reply can be written.
    let output = match &args.each.output {
        Some(file @ Destination::File(_)) => Some(Output::open(file)?),
        Some(Destination::Stdout) | None => None,
    };
    if output.is_none() {
        check_stdout_for(effect)?;
    }
    let client = &connection.client;
    if let Err(failure) = check_names(args, &params, client, &mut interrupts).await {
        if let Some(output) = output {
            leave(output).await;
        }
        return Err(failure);
    }
    let call = async {
        if args.idempotent {
            client.call_idempotent(&args.method, params).await
        } else {
            client.call(&args.method, params).await
        }
    };
    let came = answer_of_call(&mut interrupts, &args.method, call).await;
    let came = match came.and_then(|came| came.map_err(|error| failed(&args.method, &error))) {
        Ok(came) => came,
        Err(failure) => {
            if let Some(output) = output {
                leave(output).await;
            }
            return Err(failure);
        }
    };
    let json = if args.result {
        came.raw().get().as_bytes()
    } else {
        came.body()
    };
    match output {
        Some(output) => write_reply(&args.method, json, output).await,
        None => reply(&args.method, effect, json, printer),
    }
}

/// Holds the names of a list's parameters against its fields.
async fn check_names(
    args: &CallArgs,
    params: &Value,
    client: &Client,
    interrupts: &mut Interrupts,
) -> Result<(), Failure> {
    if args.no_check || !names::can_be_checked(&args.method) {
        return Ok(());
    }
    let call = ListCall {
        command: None,
        method: args.method.clone(),
        params: params.clone(),
    };
    interrupts
        .during(&args.method, names::check(client, &[call]))
        .await?
}

fn failed(method: &str, error: &Error) -> Failure {
    match Effect::of(method) {
        Effect::Read => Failure::of(error),
        Effect::Write => Failure::of(error).of_write(method, error),
    }
}

/// Writes the reply to a file.
async fn write_reply(called: &str, json: &[u8], mut output: Output) -> Result<Exit, Failure> {
    let mut line = json.trim_ascii_end().to_vec();
    line.push(b'\n');
    let written = match output.write(Piece::Lines(line.clone(), 1)).await {
        Ok(()) => output.finish().await,
        Err(error) => Err(error),
    };
    match written {
        Ok(_) => Ok(Exit::Done),
        Err(error) => Err(rescue::rescued(
            Failure::new(
                Exit::Incomplete,
                format!("{called} was called, but its reply could not be written: {error}"),
            ),
            "the reply",
            &line,
        )),
    }
}
