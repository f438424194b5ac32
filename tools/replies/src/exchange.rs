//! Replies of one conversation: what was asked, and whether a portal that is asked the same answers the same.

use std::collections::BTreeSet;
use std::fmt;

use brimful_portal::{Portal, PortalConfig, RateLimit};
use brimful_protocol::batch;
use serde_json::{Map, Value as Json, json};

use crate::compare::{self, Rules};
use crate::folder::Recording;
use crate::page::Counts;
use crate::setting::Setting;
use crate::single::{self, Command, How, Plan};
use crate::{batch as batches, catalogue, portal, told};

/// The outcome of a recording.
pub(crate) enum Verdict {
    /// The same, the weakest way in which a reply came about, and what a document leaves out.
    Same(How, Vec<String>),
    Differs(String),
    NotKnown(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same(how, left_out) if left_out.is_empty() => write!(f, "same ({how})"),
            Self::Same(how, left_out) => {
                let left_out = left_out.join(", ");
                write!(f, "same ({how}; the document leaves out {left_out})")
            }
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
    how: How,
}

/// A reply, taken apart.
enum Part<'r> {
    Single(Box<Command<'r>>),
    Batch(Vec<Command<'r>>, Vec<batches::FailedCommand>),
    Failing(Call),
}

/// Works out what was asked, and what the portal held.
pub(crate) fn work_out(recording: &Recording, modelled: &[String]) -> Result<Exchange, Verdict> {
    let mut replayed = BTreeSet::new();
    loop {
        let mut setting = Setting::new(modelled.to_vec(), replayed.clone());
        let (config, calls) = calls(recording, &mut setting)?;
        let mixed = setting.mixed();
        if mixed.is_empty() {
            let config = setting.config(config);
            return Ok(Exchange { config, calls });
        }
        replayed.extend(mixed);
    }
}

/// The calls, and what the portal is like; what it holds goes into the setting.
fn calls(
    recording: &Recording,
    setting: &mut Setting,
) -> Result<(PortalConfig, Vec<Call>), Verdict> {
    let mut config = told::portal(&recording.replies);
    let mut parts = Vec::new();
    for reply in &recording.replies {
        parts.push(part(recording, reply, setting, &mut config)?);
    }
    let mut commands: Vec<&mut Command<'_>> = Vec::new();
    for part in &mut parts {
        match part {
            Part::Single(command) => commands.push(command),
            Part::Batch(batch, _) => commands.extend(batch),
            Part::Failing(_) => {}
        }
    }
    for (place, command) in commands.iter_mut().enumerate() {
        command.place = place;
    }
    // The last page of a list is known by the pages before it, wherever in the conversation they stand.
    commands.sort_by_key(|command| (command.is_last_page(), command.place));
    let mut plans = Vec::new();
    for command in commands {
        plans.push((command.place, single::settle(setting, command)?));
    }
    plans.sort_by_key(|(place, _)| *place);
    let mut plans = plans.into_iter().map(|(_, plan)| plan);
    let calls = parts
        .into_iter()
        .map(|part| call(part, &mut plans, recording, setting));
    let calls = calls.collect::<Result<_, Verdict>>()?;
    Ok((config, calls))
}

fn part<'r>(
    recording: &Recording,
    reply: &'r Json,
    setting: &Setting,
    config: &mut PortalConfig,
) -> Result<Part<'r>, Verdict> {
    let Some(result) = reply.get("result") else {
        let call = failing(reply, config).map_err(Verdict::NotKnown)?;
        return Ok(Part::Failing(call));
    };
    if compare::is_batch(result) {
        let commands =
            batches::commands(recording, result, &setting.modelled).map_err(Verdict::NotKnown)?;
        return Ok(Part::Batch(commands.done, commands.failed));
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
        place: 0,
        label: None,
        given: asked.map(|asked| asked.params.clone()).unwrap_or_default(),
        result,
        counts,
    };
    Ok(Part::Single(Box::new(command)))
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
        how: How::Modelled,
    })
}

/// The call behind a part; its commands have the next plans.
fn call(
    part: Part<'_>,
    plans: &mut impl Iterator<Item = Plan>,
    recording: &Recording,
    setting: &Setting,
) -> Result<Call, Verdict> {
    let no_plan = || Verdict::NotKnown("how a command is made".to_owned());
    Ok(match part {
        Part::Failing(call) => call,
        Part::Single(command) => {
            let plan = plans.next().ok_or_else(no_plan)?;
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
            let mut how = How::Modelled;
            let mut rules = Rules {
                values: true,
                ..Rules::default()
            };
            let mut labelled = Vec::new();
            for failed in failed {
                labelled.push((failed.label, failed.command));
            }
            for command in commands {
                let plan = plans.next().ok_or_else(no_plan)?;
                let params =
                    Json::Object(plan.params(&command, setting).map_err(Verdict::Differs)?);
                rules.values &= plan.rules.values;
                how = how.min(plan.how);
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
        let mut how = How::Modelled;
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
            how = how.min(call.how);
        }
        Verdict::Same(how, left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time() -> Json {
        json!({
            "start": 1_772_348_400, "finish": 1_772_348_400.5, "duration": 0.5, "processing": 0,
            "date_start": "2026-03-01T10:00:00+03:00", "date_finish": "2026-03-01T10:00:00+03:00",
            "operating_reset_at": 1_772_349_000, "operating": 0,
        })
    }

    fn recording(name: &str, replies: Vec<Json>) -> Recording {
        Recording {
            name: name.to_owned(),
            request: None,
            replies,
            method: None,
            documented: false,
        }
    }

    /// A command of a batch: its label, its result, its next and its total.
    type RecordedCommand<'l> = (&'l str, Json, Option<u64>, Option<u64>);

    /// The reply to a batch of these commands.
    fn batch(commands: &[RecordedCommand<'_>]) -> Json {
        let part = |value: &dyn Fn(&RecordedCommand<'_>) -> Option<Json>| {
            let entries = commands
                .iter()
                .filter_map(|command| Some((command.0.to_owned(), value(command)?)));
            let entries: Map<String, Json> = entries.collect();
            if entries.is_empty() {
                json!([])
            } else {
                Json::Object(entries)
            }
        };
        let result = json!({
            "result": part(&|command| Some(command.1.clone())),
            "result_error": [],
            "result_total": part(&|command| command.3.map(Json::from)),
            "result_next": part(&|command| command.2.map(Json::from)),
            "result_time": part(&|_| Some(time())),
        });
        json!({ "result": result, "time": time() })
    }

    fn orders(ids: std::ops::RangeInclusive<u64>) -> Json {
        let row = |id: u64| json!({ "id": id, "price": id * 2 });
        json!({ "orders": ids.map(row).collect::<Vec<Json>>() })
    }

    async fn verdict(recording: &Recording) -> Verdict {
        match work_out(recording, &portal::modelled().await) {
            Ok(exchange) => exchange.verdict(recording).await,
            Err(verdict) => verdict,
        }
    }

    #[tokio::test]
    async fn the_last_page_of_a_batch_is_served_from_the_rows_like_the_pages_before_it() {
        let pages = [
            ("p0", orders(1..=50), Some(50), Some(120)),
            ("p1", orders(51..=100), Some(100), Some(120)),
            ("p2", orders(101..=120), None, Some(120)),
        ];
        let forwards = batch(&pages);
        let [first, second, last] = pages;
        let mixed = batch(&[last, first, second]);
        for reply in [forwards, mixed] {
            let verdict = verdict(&recording("sale_order_list", vec![reply])).await;
            assert!(
                matches!(verdict, Verdict::Same(How::RowsServed, _)),
                "{verdict}"
            );
        }
    }

    #[tokio::test]
    async fn a_last_page_without_the_pages_before_it_is_replayed() {
        let reply = batch(&[("p2", orders(101..=120), None, Some(120))]);
        let verdict = verdict(&recording("sale_order_list", vec![reply])).await;
        assert!(
            matches!(verdict, Verdict::Same(How::Replayed, _)),
            "{verdict}"
        );
    }

    #[tokio::test]
    async fn several_recordings_of_one_method_are_replayed_in_their_order() {
        let reply = batch(&[
            ("a", json!({ "x": 1 }), None, None),
            ("b", json!({ "x": "two" }), None, None),
        ]);
        let single = json!({ "result": { "y": true }, "time": time() });
        let verdict = verdict(&recording("app_option_get", vec![reply, single])).await;
        assert!(
            matches!(verdict, Verdict::Same(How::Replayed, _)),
            "{verdict}"
        );
    }

    #[tokio::test]
    async fn a_method_of_which_one_reply_is_not_a_list_is_replayed_as_a_whole() {
        let reply = batch(&[
            ("rows", orders(1..=3), None, Some(3)),
            ("odd", json!({ "orders": [], "more": 1 }), None, Some(0)),
        ]);
        let verdict = verdict(&recording("sale_order_list", vec![reply])).await;
        assert!(
            matches!(verdict, Verdict::Same(How::Replayed, _)),
            "{verdict}"
        );
    }
}
