//! One request of commands: how it is written and read.

use std::sync::Arc;
use std::time::Duration;

use brimful_protocol::batch::{BatchReply, command};
use brimful_protocol::rows::RowsError;
use brimful_protocol::{Envelope, EnvelopeError, Time, scalar};
use bytes::Bytes;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::{Answer, Command, OnError, Outcome};
use crate::client::Client;
use crate::effect::Effect;
use crate::error::Error;
use crate::session::Call;

impl Client {
    /// Sends commands in one request; an answer for each, and how long the last attempt took.
    pub(super) async fn send_commands(
        &self,
        commands: &[Command],
        on_error: OnError,
        effect: Effect,
    ) -> (Result<Vec<Answer>, Error>, Duration) {
        let cmd: Map<String, Value> = commands
            .iter()
            .map(|c| {
                let command = command(&c.method, &c.params);
                (c.label.to_string(), Value::String(command))
            })
            .collect();
        let halt = u8::from(on_error == OnError::Halt);
        let body = json!({ "halt": halt, "cmd": cmd }).to_string();
        let mut counts: IndexMap<&str, u32> = IndexMap::from([("batch", 1)]);
        for command in commands {
            *counts.entry(&command.method).or_default() += 1;
        }
        let call = Call {
            charges: counts.iter().map(|(m, n)| ((*m).into(), *n)).collect(),
            ..Call::new("batch", effect, body, self.options())
        };
        let labels: Arc<[(Arc<str>, String)]> = commands
            .iter()
            .map(|c| (Arc::clone(&c.label), c.method.clone()))
            .collect();
        let (came, effort) = self
            .session()
            .run_spawned(call, move |body| read(body, &labels))
            .await;
        let ReadReply {
            answers,
            time,
            times,
        } = match came {
            Ok(read) => read,
            Err(error) => return (Err(error), effort.took),
        };
        let ledger = &self.session().ledger;
        // Some portals charge the batch itself, some its commands, some both: each is noted under its own name.
        if let Some(time) = &time {
            ledger.note("batch", time, 1);
        }
        for (method, time) in &times {
            ledger.note(
                method,
                time,
                counts.get(method.as_str()).copied().unwrap_or(1),
            );
        }
        (Ok(answers), effort.took)
    }
}

/// What a reply says.
struct ReadReply {
    answers: Vec<Answer>,
    time: Option<Time>,
    /// The last that each method's commands say of their operating time.
    times: IndexMap<String, Time>,
}

/// Reads the reply to commands of these labels and methods.
fn read(body: &Bytes, commands: &[(Arc<str>, String)]) -> Result<ReadReply, RowsError> {
    let envelope = Envelope::parse(body)?;
    if let Some(error) = envelope.error {
        return Err(RowsError::Api(error));
    }
    let result = envelope
        .result
        .ok_or_else(|| EnvelopeError::NoResult(String::new()))?;
    let reply = BatchReply::parse(result).map_err(|error| RowsError::NoRows(error.to_string()))?;
    let mut times = IndexMap::new();
    let answers = commands
        .iter()
        .map(|(label, method)| {
            let label = &**label;
            if let Some(time) = reply
                .result_time
                .get(label)
                .filter(|t| t.operating.is_some())
            {
                times.insert(method.clone(), time.clone());
            }
            let count = |raw: Option<&&serde_json::value::RawValue>| {
                raw.and_then(|raw| scalar::count(raw.get()))
            };
            let outcome = if let Some(error) = reply.result_error.get(label) {
                Outcome::Failed(error.clone())
            } else if let Some(&result) = reply.result.get(label) {
                Outcome::Done(result.to_owned())
            } else {
                Outcome::NotRun
            };
            Answer {
                outcome,
                total: count(reply.result_total.get(label)),
                next: count(reply.result_next.get(label)),
                time: reply.result_time.get(label).cloned(),
            }
        })
        .collect();
    Ok(ReadReply {
        answers,
        time: envelope.time,
        times,
    })
}
