//! Replies of one conversation: what was asked, and whether a portal that is asked the same answers the same.

use std::fmt;

use brimful_portal::{Portal, PortalConfig, RateLimit};
use brimful_protocol::batch;
use serde_json::{Map, Value as Json, json};

use crate::compare::{self, Rules};
use crate::folder::Recording;
use crate::page::Counts;
use crate::setting::Setting;
use crate::single::{self, Command, Plan};
use crate::{batch as batches, catalogue, portal, told};

/// What became of a recording.
pub(crate) enum Verdict {
    Same(String),
    Differs(String),
    NotKnown(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same(how) => write!(f, "same ({how})"),
            Self::Differs(where_to) => write!(f, "differs: {where_to}"),
            Self::NotKnown(what) => write!(f, "not known: {what}"),
        }
    }
}

/// A portal, and what it is asked.
pub(crate) struct Exchange {
    config: PortalConfig,
    calls: Vec<Call>,
}

struct Call {
    method: String,
    params: Json,
    rules: Rules,
    how: &'static str,
}

/// A reply, taken apart.
enum Part<'r> {
    Single(Box<(Command<'r>, Plan)>),
    Batch(Vec<(Command<'r>, Plan)>, Vec<batches::Failed>),
    Failing(Call),
}

/// Works out what was asked, and what the portal held.
pub(crate) async fn work_out(recording: &Recording) -> Result<Exchange, Verdict> {
    let mut setting = Setting::new(portal::modelled().await);
    let mut config = told::portal(&recording.replies);
    let mut parts = Vec::new();
    for reply in &recording.replies {
        parts.push(part(recording, reply, &mut setting, &mut config)?);
    }
    let mut calls = Vec::new();
    for part in parts {
        calls.push(call(part, recording, &setting)?);
    }
    Ok(Exchange {
        config: setting.config(config),
        calls,
    })
}

fn part<'r>(
    recording: &Recording,
    reply: &'r Json,
    setting: &mut Setting,
    config: &mut PortalConfig,
) -> Result<Part<'r>, Verdict> {
    let Some(result) = reply.get("result") else {
        let call = failing(reply, config).map_err(Verdict::NotKnown)?;
        return Ok(Part::Failing(call));
    };
    if compare::is_batch(result) {
        let commands =
            batches::commands(recording, result, &setting.modelled).map_err(Verdict::NotKnown)?;
        let mut settled = Vec::new();
        for command in commands.done {
            let plan = single::settle(setting, &command)?;
            settled.push((command, plan));
        }
        return Ok(Part::Batch(settled, commands.failed));
    }
    let count = |name: &str| reply.get(name).and_then(Json::as_i64);
    let counts = Counts {
        next: count("next"),
        total: count("total"),
    };
    let asked = recording.request.as_ref();
    let method = recording
        .method
        .as_deref()
        .or(asked.map(|asked| asked.method.as_str()))
        .or_else(|| catalogue::named(&recording.name, &setting.modelled))
        .or_else(|| catalogue::shaped(result, counts.total.is_some()))
        .ok_or_else(|| Verdict::NotKnown("the method".to_owned()))?
        .to_owned();
    let command = Command {
        method,
        label: None,
        given: asked.map(|asked| asked.params.clone()).unwrap_or_default(),
        result,
        counts,
    };
    let plan = single::settle(setting, &command)?;
    Ok(Part::Single(Box::new((command, plan))))
}

/// A call that fails as the reply says.
fn failing(reply: &Json, config: &mut PortalConfig) -> Result<Call, String> {
    let text = |key: &str| reply.get(key).and_then(Json::as_str).unwrap_or_default();
    let (method, params) = match (text("error"), text("error_description")) {
        ("", "Not found") => ("crm.lead.get", json!({ "ID": i64::MAX })),
        ("", "ID is not defined or invalid.") => ("crm.lead.get", json!({})),
        ("ERROR_METHOD_NOT_FOUND", _) => ("no.such.method", json!({})),
        ("QUERY_LIMIT_EXCEEDED", _) => {
            *config = config.clone().rate_limit(RateLimit::new(0.0, 1.0));
            ("profile", json!({}))
        }
        (error, _) => return Err(format!("how a call fails with {error:?}")),
    };
    Ok(Call {
        method: method.to_owned(),
        params,
        rules: Rules {
            values: true,
            ..Rules::default()
        },
        how: "modelled",
    })
}

fn call(part: Part<'_>, recording: &Recording, setting: &Setting) -> Result<Call, Verdict> {
    Ok(match part {
        Part::Failing(call) => call,
        Part::Single(single) => {
            let (command, plan) = *single;
            let params = plan.params(&command, setting);
            Call {
                params: Json::Object(params.map_err(Verdict::Differs)?),
                method: plan.method,
                rules: plan.rules,
                how: plan.how,
            }
        }
        Part::Batch(commands, failed) => {
            let asked = recording.request.as_ref();
            let mut how = "modelled";
            let mut rules = Rules {
                values: true,
                ..Rules::default()
            };
            let mut labelled = Vec::new();
            for failed in failed {
                labelled.push((failed.label, failed.command));
            }
            for (command, plan) in commands {
                let params =
                    Json::Object(plan.params(&command, setting).map_err(Verdict::Differs)?);
                rules.values &= plan.rules.values;
                if plan.how != "modelled" {
                    how = plan.how;
                }
                let label = command.label.unwrap_or_default();
                labelled.push((label, batch::command(&plan.method, &params)));
            }
            let cmd: Map<String, Json> = labelled
                .into_iter()
                .map(|(label, command)| (label, Json::from(command)))
                .collect();
            let params = match asked {
                Some(asked) => Json::Object(asked.params.clone()),
                None => json!({ "halt": 0, "cmd": cmd }),
            };
            Call {
                method: "batch".to_owned(),
                params,
                rules,
                how,
            }
        }
    })
}

impl Exchange {
    /// Makes the calls and compares what comes with what was recorded.
    pub(crate) async fn verdict(self, recording: &Recording) -> Verdict {
        let portal = match Portal::new(self.config) {
            Ok(portal) => portal,
            Err(error) => return Verdict::NotKnown(error.to_string()),
        };
        let mut how = "";
        let mut left_out = Vec::new();
        for (call, expected) in self.calls.iter().zip(&recording.replies) {
            let got = match portal::ask(&portal, &call.method, &call.params).await {
                Ok(got) => got,
                Err(error) => return Verdict::Differs(error),
            };
            let rules = Rules {
                may_leave_out: recording.documented,
                ..call.rules
            };
            match compare::replies(expected, &got, rules) {
                Ok(missing) => left_out.extend(missing),
                Err(where_to) => return Verdict::Differs(where_to),
            }
            how = call.how;
        }
        if left_out.is_empty() {
            Verdict::Same(how.to_owned())
        } else {
            let left_out = left_out.join(", ");
            Verdict::Same(format!("{how}; the document leaves out {left_out}"))
        }
    }
}
