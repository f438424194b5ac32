//! `brimful batch`: the commands of a file, a line for every outcome.

mod file;

use std::path::PathBuf;

use brimful::{Batch, BatchReply, OnError};
use clap::Args;
use serde::Serialize;
use tokio::time::Instant;

use crate::args::{PortalOption, RateOption, method};
use crate::commands::connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{self, counted};
use crate::input;
use crate::interrupt::Interrupts;
use crate::outcome::{self, Kind, Tally};
use crate::output::{Destination, Output, OutputError, Piece};
use crate::printer::Printer;
use crate::pump;
use file::Command;

/// Run the commands of a file, 50 in a request; later ones may use results of earlier ones
///
/// FILE is a JSON object of commands by their names, which run in its order. A command is "method?query" with a query
/// as in an address, or {"method": …, "params": {…}}, or [method, params]. $result[NAME][ID] in a value is what the
/// command NAME has returned; NAME has to go out in the same request, which is 50 commands. Every command gets a line:
/// {"name":…,"outcome":"done","result":…}, or "failed" with the portal's error, "not_run" where it certainly did not
/// run, "unknown" where it may have. If not all are done, the exit code is 3.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful batch commands.json
  brimful batch commands.json --halt -o outcomes.jsonl
  echo '{\"me\": \"user.current\", \"my\": \"crm.deal.list?filter[ASSIGNED_BY_ID]=$result[me][ID]\"}' | brimful batch -")]
pub(crate) struct BatchArgs {
    /// The commands; - reads them from standard input
    pub(crate) file: PathBuf,
    /// Run nothing after a command that failed
    #[arg(long)]
    pub(crate) halt: bool,
    /// Write the outcomes to this file; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: Destination,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    #[command(flatten)]
    pub(crate) limit: RateOption,
}

/// What stands before an outcome.
#[derive(Serialize)]
struct Head<'a> {
    name: &'a str,
}

pub(crate) async fn run(args: &BatchArgs, printer: Printer) -> Result<Exit, Failure> {
    let started = Instant::now();
    input::apart(&args.file, &args.output)?;
    let commands = file::read(&input::read(&args.file)?).map_err(|why| {
        Failure::usage(format!("{} is not a batch: {why}", input::name(&args.file)))
    })?;
    for command in &commands {
        if let Some(warning) = method::warning_if_unknown(&command.method) {
            printer.warning(&warning);
        }
    }
    let batch = batch(commands, args)?;
    let mut interrupts = Interrupts::catch()?;
    let connection = connect(&args.portal, args.limit.rate, printer).await?;
    let mut output = Output::open(&args.output)?;
    let count = batch.len() as u64;
    let mut running = std::pin::pin!(connection.client.batch(batch));
    let mut signals = 0;
    let reply = loop {
        tokio::select! {
            reply = &mut running => break reply,
            exit = interrupts.next() => {
                signals += 1;
                if signals > 1 {
                    pump::leave(output).await;
                    return Err(Failure::new(exit, format!(
                        "interrupted: it is unknown which of the {} ran", counted(count, "commands")
                    )));
                }
                printer.note("waiting for the outcomes; press Ctrl-C again to stop waiting: then it is unknown what ran");
            }
        }
    };
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => {
            pump::leave(output).await;
            return Err(Failure::of(&error));
        }
    };
    let (lines, tally) = lines(&reply, args);
    let written = match output.write(Piece::Lines(lines, count)).await {
        Ok(()) => output.finish().await,
        Err(error) => Err(error),
    };
    match written {
        Ok(_) => {}
        Err(error) if error.is_closed() => {}
        Err(error) => {
            let failure = Failure::new(
                Exit::Incomplete,
                format!("{error}; the commands were called: {tally}"),
            );
            return Err(match error {
                OutputError::Short {
                    rows,
                    left: Some(left),
                    ..
                } => failure.kept(format!("{} in {}", counted(rows, "outcomes"), left.name)),
                _ => failure,
            });
        }
    }
    printer.note(&format!(
        "{} in {}, {}: {tally}",
        counted(count, "commands"),
        counted(connection.client.stats().requests, "requests"),
        format::duration(started.elapsed()),
    ));
    match reply.stopped() {
        Some(error) => {
            let mut failure = Failure::of(error);
            failure.exit = Exit::Incomplete;
            Err(failure)
        }
        None if tally.is_done() => Ok(Exit::Done),
        None => Ok(Exit::Incomplete),
    }
}

fn batch(commands: Vec<Command>, args: &BatchArgs) -> Result<Batch, Failure> {
    let mut batch = Batch::new().on_error(if args.halt {
        OnError::Halt
    } else {
        OnError::Continue
    });
    for command in commands {
        batch
            .add(command.name, command.method, command.params)
            .map_err(|error| Failure::of(&error))?;
    }
    Ok(batch)
}

fn lines(reply: &BatchReply, args: &BatchArgs) -> (Vec<u8>, Tally) {
    let why = if args.halt {
        "a command before it is not done"
    } else {
        "a command that it refers to has no result, or the portal could not be reached"
    };
    let mut lines = Vec::new();
    let mut tally = Tally::default();
    for (name, outcome) in reply.iter() {
        tally.add(Kind::of(outcome));
        outcome::write(&mut lines, &Head { name }, outcome, why);
    }
    (lines, tally)
}
