//! `brimful call`: one call, its reply on standard output.

use brimful::Effect;

use super::show::reply;
use super::{connect, each};
use crate::cli::CallArgs;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::method;
use crate::params::Given;
use crate::printer::Printer;

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
    let came = if args.idempotent {
        client.call_idempotent(&args.method, params).await
    } else {
        client.call(&args.method, params).await
    };
    let came = came.map_err(|error| match Effect::of(&args.method) {
        Effect::Read => Failure::of(&error),
        Effect::Write => Failure::of(&error).of_write(&args.method, &error),
    })?;
    let json = if args.result {
        came.raw().get().as_bytes()
    } else {
        came.body()
    };
    reply(&args.method, json, printer)
}
