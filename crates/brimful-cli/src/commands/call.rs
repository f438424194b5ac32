//! `brimful call`: one call, its reply on standard output.

use std::io::{self, IsTerminal};

use brimful::{DidItRun, Effect, Error};

use super::{connect, each};
use crate::cli::CallArgs;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::params::Given;
use crate::printer::Printer;
use crate::{json_text, method};

pub(crate) async fn run(args: &CallArgs, printer: Printer) -> Result<Exit, Failure> {
    if let Some(file) = &args.each.each {
        return each::run(args, file, printer).await;
    }
    let params = Given {
        json: args.params.json.as_deref(),
        params: &args.params.params,
        ..Given::default()
    }
    .assemble()?;
    if let Some(doubt) = method::doubt(&args.method) {
        printer.warning(&doubt);
    }
    let connection = connect(&args.portal, args.limit.rate, printer).await?;
    let client = &connection.client;
    let reply = if args.idempotent {
        client.call_idempotent(&args.method, params).await
    } else {
        client.call(&args.method, params).await
    };
    let reply = reply.map_err(|error| failure(&args.method, &error))?;
    let json = if args.result {
        reply.raw().get().as_bytes()
    } else {
        reply.body()
    };
    let printed = if io::stdout().is_terminal() {
        printer.data(&json_text::pretty(json))
    } else {
        printer.data(json.trim_ascii_end())
    };
    match printed {
        // Whoever takes it for a call that failed makes it twice.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::Incomplete,
            format!(
                "{} was called, but its reply could not be written to standard output: {error}",
                args.method
            ),
        )),
        _ => Ok(Exit::Done),
    }
}

/// Whoever takes a call that may have run for one that failed makes it twice.
fn failure(method: &str, error: &Error) -> Failure {
    let failure = Failure::of(error);
    if Effect::of(method) == Effect::Read || error.did_it_run() != DidItRun::Unknown {
        return failure;
    }
    Failure {
        exit: Exit::Incomplete,
        ..failure
    }
    .hint(format!(
        "{method} may have run all the same: look in the portal before it is called again"
    ))
}
