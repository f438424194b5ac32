//! `brimful limits`: what a portal allows, and how much of it is used.

use std::io::IsTerminal;
use std::time::Duration;

use brimful::{Client, Effect, LimitsSnapshot};
use clap::Args;
use serde_json::{Value, json};

use super::connect;
use super::show::{self, print};
use crate::args::{PortalOption, RateArg, RateOption, method};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format;
use crate::printer::Printer;
use crate::table::{Table, terminal_width};

/// Show what a portal allows and how much of it is used
///
/// One call asks for the user, and one for the scopes. The portal tells the operating time of a method with its
/// replies: name methods that only read, and each is called once without parameters. If one fails, the exit code is 3.
/// A table on a terminal, a JSON object in a pipe.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful limits
  brimful limits crm.deal.list tasks.task.list
  brimful limits crm.deal.list tasks.task.list | jq '.methods[] | select(.operating > 240)'")]
pub(crate) struct LimitsArgs {
    /// Methods whose operating time is asked for
    #[arg(value_name = "METHOD", value_parser = method::parse)]
    pub(crate) methods: Vec<String>,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    #[command(flatten)]
    pub(crate) limit: RateOption,
}

pub(crate) async fn run(args: &LimitsArgs, printer: Printer) -> Result<Exit, Failure> {
    for name in &args.methods {
        if Effect::of(name) == Effect::Write {
            let limit = "only methods that read are called to see their time";
            return Err(method::refusal(name, "list", limit));
        }
    }
    show::check_stdout_for(Effect::Read)?;
    let connection = connect(&args.portal, args.limit.limits(), printer).await?;
    let client = &connection.client;
    let ask = async |method: &str| {
        let reply = client.call(method, json!({})).await?;
        reply.result::<Value>()
    };
    let profile = ask("profile").await.map_err(|error| Failure::of(&error))?;
    let scopes = ask("scope").await.map_err(|error| Failure::of(&error))?;
    let mut failed = serde_json::Map::new();
    for method in &args.methods {
        // An error carries no operating time.
        if let Err(error) = ask(method).await {
            printer.warning(&error.to_string());
            failed.insert(method.clone(), error.to_string().into());
        }
    }
    let is_complete = failed.is_empty();
    let snapshot = client.limits().snapshot();
    let text = if std::io::stdout().is_terminal() {
        table(client, &profile, &scopes, &snapshot)
    } else {
        let mut json = json_of(client, &profile, &scopes, &snapshot);
        json["failed"] = failed.into();
        json.to_string()
    };
    let printed = print(&text, printer)?;
    Ok(if is_complete {
        printed
    } else {
        Exit::Incomplete
    })
}

/// Who calls, in a few words, as `profile` says it.
pub(super) fn describe_user(profile: &Value, user: Option<u64>) -> String {
    let text = |name: &str| profile[name].as_str().unwrap_or_default();
    let name = format!("{} {}", text("NAME"), text("LAST_NAME"));
    let id = match &profile["ID"] {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => user.map(|user| user.to_string()),
    };
    let mut parts = vec![name.trim().to_owned()];
    parts.extend(id.map(|id| format!("user {id}")));
    if profile["ADMIN"] == true {
        parts.push("administrator".to_owned());
    }
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() {
        "unknown user".to_owned()
    } else {
        parts.join(", ")
    }
}

fn table(client: &Client, profile: &Value, scopes: &Value, snapshot: &LimitsSnapshot) -> String {
    let rate = match snapshot.limit {
        None => "off".to_owned(),
        Some(limit) => format!(
            "{}; {} could be sent now",
            RateArg::Rate {
                burst: limit.burst,
                per_second: snapshot.rate.unwrap_or(limit.per_second),
            },
            snapshot.free.unwrap_or(limit.burst).floor()
        ),
    };
    let scopes: Vec<&str> = scopes
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut head = Table::new(&["portal", &client.portal()]);
    head.row(["user".to_owned(), describe_user(profile, None)]);
    head.row(["scopes".to_owned(), scopes.join(", ")]);
    head.row(["rate".to_owned(), rate]);
    head.row(["refused".to_owned(), format::count(snapshot.refusals)]);
    if snapshot.methods.is_empty() {
        head.row([
            "time".to_owned(),
            "the portal reports no operating time".to_owned(),
        ]);
        return head.text(terminal_width());
    }
    let mut methods = Table::new(&["METHOD", "OPERATING", "LIMIT", "FREED IN", "BLOCKED FOR"]);
    let time = |time: Option<Duration>| time.map_or_else(String::new, format::duration);
    for method in &snapshot.methods {
        methods.row([
            method.method.clone(),
            format!("{:.1} s", method.operating.as_secs_f64()),
            format::duration(snapshot.operating_time),
            time(method.resets_in),
            time(method.blocked_for),
        ]);
    }
    format!(
        "{}\n\n{}",
        head.text(terminal_width()),
        methods.text(terminal_width())
    )
}

fn json_of(client: &Client, profile: &Value, scopes: &Value, snapshot: &LimitsSnapshot) -> Value {
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
    let methods: Vec<Value> = snapshot
        .methods
        .iter()
        .map(|method| {
            json!({
                "method": method.method,
                "operating": method.operating.as_secs_f64(),
                "freed_in": seconds(method.resets_in),
                "blocked_for": seconds(method.blocked_for),
            })
        })
        .collect();
    json!({
        "portal": client.portal(),
        "user": profile,
        "scopes": scopes,
        "burst": snapshot.limit.map(|limit| limit.burst),
        "per_second": snapshot.rate,
        "free": snapshot.free,
        "refused": snapshot.refusals,
        "operating_limit": snapshot.operating_time.as_secs_f64(),
        "methods": methods,
    })
}
