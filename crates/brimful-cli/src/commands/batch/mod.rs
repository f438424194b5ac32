//! `brimful batch`: the commands of a file, a line for every outcome.

mod file;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use brimful::{
    AnsweredCommand, Batch, BatchRecorder, BatchReply, Client, Effect, Error, OnError, Outcome,
    References,
};
use clap::Args;
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::args::{DeadlineOption, PortalOption, RateOption, method};
use crate::commands::batch_record::{BatchRecord, CommandLog};
use crate::commands::names::{self, ListCall};
use crate::commands::{checks, connect_with};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{self, counted};
use crate::input;
use crate::interrupt::Interrupts;
use crate::outcome::{self, Kind, Paging, Tally};
use crate::output::{Destination, rescue};
use crate::printer::Printer;
use crate::pump;
use file::Command;

/// Run the commands of a file, 50 in a request; later ones may use results of earlier ones
///
/// FILE is a JSON object of commands by their names, which run in its order. A command is "method?query" with a query
/// as in an address, or {"method": …, "params": {…}}, or [method, params]. $result[NAME][ID] in a value is what the
/// command NAME before it has returned. A command that writes and refers to another one waits for its result: it is sent
/// in a later request with the value in place, and is not run if the value is missing, null, or a list where an ID
/// belongs. Every command gets a line: {"name":…,"outcome":"done","result":…}, or "failed" with the portal's error or the
/// reason, "not_run" with the reason where it certainly did not run, "unknown" where it may have. A result that is one
/// page of a list has "total" and "next". If not all are done, the exit code is 3.
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
    /// Leave references to the portal, all in one request; where one finds nothing, the portal runs the command with the
    /// parent of the missing value, and a write changes another record
    #[arg(long)]
    pub(crate) portal_references: bool,
    /// Send names and values as they are: don't refuse what cannot be meant, such as a list in the place of an ID
    #[arg(long)]
    pub(crate) no_check: bool,
    /// Write the outcomes to this file; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: Destination,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    #[command(flatten)]
    pub(crate) limit: RateOption,
    #[command(flatten)]
    pub(crate) deadline: DeadlineOption,
}

/// What stands before an outcome.
#[derive(Serialize)]
struct Head<'a> {
    name: &'a str,
}

/// Puts the outcomes of a batch on record while it runs.
struct OutcomeRecorder {
    log: CommandLog,
    /// The methods of the commands, by their names.
    methods: Arc<HashMap<String, String>>,
}

impl BatchRecorder for OutcomeRecorder {
    fn before_sending(&mut self, labels: &[&str]) -> io::Result<()> {
        self.log.before_sending(labels)
    }

    fn answered(&mut self, commands: &[AnsweredCommand<'_>]) {
        let mut lines = Vec::new();
        for command in commands {
            let method = self.methods.get(command.label).map_or("", String::as_str);
            let kind = kind_of(method, command.outcome);
            let paging = Paging {
                total: command.total,
                next: command.next,
            };
            let head = Head {
                name: command.label,
            };
            outcome::write_as(&mut lines, &head, kind, command.outcome, paging);
        }
        let names: Vec<&str> = commands.iter().map(|command| command.label).collect();
        self.log.answered(&names, &lines);
    }
}

pub(crate) async fn run(args: &BatchArgs, printer: Printer) -> Result<Exit, Failure> {
    let started = Instant::now();
    input::refuse_same_file(&args.file, &args.output)?;
    let commands = commands(args, printer)?;
    let methods: HashMap<String, String> = commands
        .iter()
        .map(|command| (command.name.clone(), command.method.clone()))
        .collect();
    let lists = lists(&commands, args);
    let batch = batch(commands, args)?;
    let mut interrupts = Interrupts::catch()?;
    let checks = checks(args.no_check);
    let connection = connect_with(&args.portal, args.limit.limits(), checks, printer)
        .await?
        .ending(args.deadline);
    let checking = names::check(&connection.client, &lists);
    interrupts.during("batch", checking).await??;
    let methods = Arc::new(methods);
    let has_writes = methods
        .values()
        .any(|method| Effect::of(method) == Effect::Write);
    let unanswered = |out: &mut Vec<u8>, name: &str| outcome::write_unanswered(out, &Head { name });
    let record = BatchRecord::open(&args.output, has_writes, unanswered).await?;
    let batch = match record.log() {
        Some(log) => batch.record_with(OutcomeRecorder {
            log,
            methods: Arc::clone(&methods),
        }),
        None => batch,
    };
    let count = batch.len() as u64;
    let (reply, interrupted) = reply_of(&connection.client, batch, &mut interrupts, printer).await;
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => {
            record.discard().await;
            return Err(Failure::of(&error));
        }
    };
    let (lines, tally) = lines(&reply, &methods, printer);
    let writes = record.is_of_writes();
    match record.complete(&lines, count).await {
        Ok(()) => {}
        Err(error) if error.is_closed() && !writes => {}
        Err(error) => {
            let failure = Failure::new(
                Exit::Incomplete,
                format!("{error}; the commands were called: {tally}"),
            );
            return Err(rescue::rescued(failure, "their outcomes", &lines));
        }
    }
    printer.note(&format!(
        "{} in {}, {}: {tally}",
        counted(count, "commands"),
        counted(connection.client.stats().requests, "requests"),
        format::duration(started.elapsed()),
    ));
    match reply.stopped() {
        _ if interrupted.is_some() => Err(Failure::new(
            interrupted.unwrap_or(Exit::Interrupted),
            format!("interrupted: {tally}"),
        )),
        Some(error) => {
            let mut failure = Failure::of(error);
            failure.exit = Exit::Incomplete;
            Err(failure)
        }
        None if tally.is_done() => Ok(Exit::Done),
        None => Ok(Exit::Incomplete),
    }
}

/// The commands of the file.
fn commands(args: &BatchArgs, printer: Printer) -> Result<Vec<Command>, Failure> {
    let commands = file::read(&input::read(&args.file)?).map_err(|why| {
        Failure::usage(format!(
            "{} is not a batch: {why}",
            input::display_name(&args.file)
        ))
    })?;
    for command in &commands {
        if let Some(warning) = method::warning_if_unknown(&command.method, None) {
            printer.warning(&warning);
        }
    }
    Ok(commands)
}

/// The commands whose names are held against the fields of their lists.
fn lists(commands: &[Command], args: &BatchArgs) -> Vec<ListCall> {
    let lists = commands
        .iter()
        .filter(|command| !args.no_check && names::can_be_checked(&command.method));
    lists
        .map(|command| ListCall {
            command: Some(command.name.clone()),
            method: command.method.clone(),
            params: command.params.clone(),
        })
        .collect()
}

/// Runs the batch. Of two signals the first lets what is on its way come to its end, and the second, which is returned,
/// does not.
async fn reply_of(
    client: &Client,
    batch: Batch,
    interrupts: &mut Interrupts,
    printer: Printer,
) -> (Result<BatchReply, Error>, Option<Exit>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let mut stop = Some(stop);
    let batch = batch.stop_on(async {
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    });
    let mut running = std::pin::pin!(client.batch(batch));
    let mut interrupted = None;
    let mut first: Option<(Exit, Instant)> = None;
    let reply = loop {
        let ends = tokio::select! {
            reply = &mut running => break reply,
            exit = pump::over(first) => exit,
            exit = interrupts.next() => {
                if first.is_none() {
                    first = Some((exit, Instant::now() + crate::commands::each::PATIENCE));
                    printer.note("waiting for the outcomes; press Ctrl-C again to stop waiting: commands on their way will be unknown");
                    continue;
                }
                exit
            }
        };
        first = None;
        interrupted = Some(ends);
        if let Some(stop) = stop.take() {
            let _ = stop.send(());
        }
    };
    (reply, interrupted)
}

fn batch(commands: Vec<Command>, args: &BatchArgs) -> Result<Batch, Failure> {
    let mut batch = Batch::new().on_error(if args.halt {
        OnError::Halt
    } else {
        OnError::Continue
    });
    if args.portal_references {
        batch = batch.references(References::Portal);
    }
    for command in commands {
        batch
            .add(command.name, command.method, command.params)
            .map_err(|error| Failure::of(&error))?;
    }
    Ok(batch)
}

/// The word for the outcome of a command.
fn kind_of(method: &str, outcome: &Outcome) -> Kind {
    match outcome {
        // What it changed is not known.
        Outcome::EmptyReference(_) if Effect::of(method) == Effect::Write => Kind::Unknown,
        outcome => Kind::of(outcome),
    }
}

/// The line of every command. What is to be noticed is said too.
fn lines(
    reply: &BatchReply,
    methods: &HashMap<String, String>,
    printer: Printer,
) -> (Vec<u8>, Tally) {
    let mut lines = Vec::new();
    let mut tally = Tally::default();
    let mut cut: Vec<&str> = Vec::new();
    for (name, outcome) in reply.iter() {
        let method = methods.get(name).map_or("", String::as_str);
        let kind = kind_of(method, outcome);
        if let (Outcome::EmptyReference(empty), Kind::Unknown) = (outcome, kind) {
            printer.warning(&format!("{name} ({method}) has written: {empty}"));
        }
        tally.add(kind);
        let paging = Paging {
            total: reply.total(name),
            next: reply.next(name),
        };
        if paging.is_cut(outcome) {
            cut.push(method);
        }
        outcome::write_as(&mut lines, &Head { name }, kind, outcome, paging);
    }
    let one_method = cut.iter().all(|method| Some(method) == cut.first());
    let method = cut.first().copied().filter(|_| one_method);
    if let Some(warning) = outcome::cut_lists(cut.len() as u64, method) {
        printer.warning(&warning);
    }
    (lines, tally)
}
