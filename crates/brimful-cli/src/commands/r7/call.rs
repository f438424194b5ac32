//! `brimful r7 call`: one request, its reply on standard output.

use brimful::Effect;
use brimful_r7::Item;
use brimful_r7::protocol::form;
use serde_json::Value;

use super::{connect, failure};
use crate::args::params::{CallParams, read_json};
use crate::commands::show::{check_stdout_for, reply};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::{Interrupts, answer_of_call};
use crate::printer::Printer;
use crate::r7_args::R7CallArgs;

pub(crate) async fn run(args: &R7CallArgs, printer: Printer) -> Result<Exit, Failure> {
    let item = item(args)?;
    let effect = match args.verb.as_str() {
        "GET" => Effect::Read,
        _ => Effect::Write,
    };
    check_stdout_for(effect)?;
    let mut interrupts = match effect {
        Effect::Read => Interrupts::never(),
        Effect::Write => Interrupts::catch()?,
    };
    let connection = connect(&args.portal, printer).await?;
    let called = format!("{} {}", args.verb, args.path);
    let answer = connection.client.send(item);
    let came = answer_of_call(&mut interrupts, &called, answer).await?;
    let came = came.map_err(|error| match effect {
        Effect::Read => failure(&error),
        Effect::Write => failure(&error).of_write(&called, &error),
    })?;
    let json = match (args.result, came.raw()) {
        (true, Some(response)) => response.get().as_bytes(),
        _ => came.body(),
    };
    reply(&called, effect, json, printer)
}

fn item(args: &R7CallArgs) -> Result<Item, Failure> {
    let params = CallParams {
        params: &args.params,
        ..CallParams::default()
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
    let in_query = reads || data.is_some();
    let form = if none {
        String::new()
    } else {
        form::encode(&params).map_err(|error| {
            let hint = if in_query {
                "leave it out"
            } else {
                "send the body as JSON with --data"
            };
            Failure::usage(format!("{error}; {hint}"))
        })?
    };
    if !none && in_query {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(&form);
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
