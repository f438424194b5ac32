//! `brimful r7 call`: one request, its reply on standard output.

use std::io::{self, IsTerminal};

use brimful::r7::Item;
use brimful_protocol::r7::form;
use serde_json::Value;

use super::{connect, failure};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::json_text;
use crate::params::{Given, read_json};
use crate::printer::Printer;
use crate::r7_args::R7CallArgs;

pub(crate) async fn run(args: &R7CallArgs, printer: Printer) -> Result<Exit, Failure> {
    let item = item(args)?;
    let connection = connect(&args.portal, printer).await?;
    let reply = connection
        .client
        .send(item)
        .await
        .map_err(|error| failure(&error))?;
    let json = match (args.result, reply.raw()) {
        (true, Some(response)) => response.get().as_bytes(),
        _ => reply.body(),
    };
    let printed = if io::stdout().is_terminal() {
        printer.data(&json_text::pretty(json))
    } else {
        printer.data(json.trim_ascii_end())
    };
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(format!(
            "could not write to standard output: {error}"
        ))),
        _ => Ok(Exit::Done),
    }
}

fn item(args: &R7CallArgs) -> Result<Item, Failure> {
    let params = Given {
        params: &args.params,
        ..Given::default()
    }
    .assemble()?;
    let data = args
        .data
        .as_deref()
        .map(|data| read_json(data, "--data"))
        .transpose()?;
    let reads = matches!(args.verb.as_str(), "GET" | "DELETE");
    let none = params.as_object().is_none_or(serde_json::Map::is_empty);
    let mut path = args.path.clone();
    if !none && (reads || data.is_some()) {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(&form::encode(&params));
    }
    let item = match args.verb.as_str() {
        "POST" => Item::post(path),
        "PUT" => Item::put(path),
        "DELETE" => Item::delete(path),
        _ => Item::get(path),
    };
    Ok(match data {
        Some(Value::Null) => return Err(Failure::usage("--data is null, not a body")),
        Some(data) => item.json(data),
        None if reads || none => item,
        None => item.form(params),
    })
}
