//! One request of commands: how it is written and read.

use std::sync::Arc;

use brimful_protocol::batch::{self, BatchReply};
use brimful_protocol::rows::RowsError;
use brimful_protocol::{Envelope, EnvelopeError, Time, query, scalar};
use bytes::Bytes;
use indexmap::IndexMap;
use serde_json::Value;

use super::{Command, CommandAnswer, NotRun, OnError, Outcome, references};
use crate::batch_request::{BatchRequest, note_times};
use crate::client::Client;
use crate::effect::Effect;
use crate::error::Error;
use crate::session::Effort;

/// A command as it goes out.
#[derive(Debug)]
pub(super) struct OutgoingCommand {
    pub(super) command: Command,
    /// `method?query`.
    pub(super) text: String,
}

impl OutgoingCommand {
    pub(super) fn new(command: Command) -> Self {
        let text = batch::command(&command.method, &command.params);
        Self { command, text }
    }

    /// The bytes that it adds to the body of a request.
    pub(super) fn size(&self) -> usize {
        // `"label":"text",`
        self.text.len() + self.command.label.len() + 6
    }
}

/// The most values that a command has in a batch. PHP drops what is beyond `max_input_vars`, 1,000 unless a server is
/// set up otherwise, without a word.
const MOST_VALUES: usize = 1000;
/// The most names that stand in each other in a query string: PHP drops what is deeper than 64.
const DEEPEST: usize = 60;

/// Whether parameters need a JSON body of their own. A command of a batch is a query string: a null in it would vanish,
/// and with it what the caller wants cleared; positional parameters would lose their order; a text like `$result` would
/// be replaced; and some names and great numbers of values don't arrive as they were.
pub(crate) fn needs_own_body(params: &Value) -> bool {
    query::vanishing(params).is_some() || is_altered_by_a_query(params)
}

/// The same of parameters of which one that is empty as a whole counts as absent.
pub(super) fn is_altered_by_a_query(params: &Value) -> bool {
    let inside = |value| query::vanishing(value).is_some_and(|(_, place)| !place.is_empty());
    params.is_array()
        || params
            .as_object()
            .is_some_and(|params| params.values().any(inside))
        || references::any(params)
        || !arrives(params, 0, &mut 0)
}

fn arrives(value: &Value, depth: usize, values: &mut usize) -> bool {
    if depth > DEEPEST {
        return false;
    }
    match value {
        Value::Object(fields) => fields.iter().all(|(name, value)| {
            let altered = |c: char| match c {
                '[' | ']' | '\0' => true,
                '.' | ' ' => depth == 0,
                _ => false,
            };
            let sound = !name.is_empty()
                && !name.starts_with(char::is_whitespace)
                && !name.contains(altered);
            sound && arrives(value, depth + 1, values)
        }),
        Value::Array(items) => items.iter().all(|item| arrives(item, depth + 1, values)),
        _ => {
            *values += 1;
            *values <= MOST_VALUES
        }
    }
}

impl Client {
    /// Sends commands in one request; an answer for each, and what it took.
    pub(super) async fn send_commands(
        &self,
        commands: &[OutgoingCommand],
        on_error: OnError,
        effect: Effect,
    ) -> (Result<Vec<CommandAnswer>, Error>, Effort) {
        let mut request = BatchRequest::new();
        for OutgoingCommand { command, text } in commands {
            request.add(&command.label, &command.method, text.clone());
        }
        let call = request.into_call(on_error == OnError::Halt, effect, self.options());
        let charged = Arc::clone(&call.charges);
        let labels: Arc<[(Arc<str>, String)]> = commands
            .iter()
            .map(|c| (Arc::clone(&c.command.label), c.command.method.clone()))
            .collect();
        let (came, effort) = self
            .session()
            .run_spawned(call, move |body| read(body, &labels))
            .await;
        let ParsedReply {
            answers,
            time,
            times,
        } = match came {
            Ok(read) => read,
            Err(error) => return (Err(error), effort),
        };
        let times = times.iter().map(|(method, time)| (method.as_str(), time));
        note_times(&self.session().ledger, &charged, time.as_ref(), times);
        (Ok(answers), effort)
    }

    /// Sends one command in a body of its own, as a call.
    pub(crate) async fn run_alone(
        &self,
        method: &str,
        params: Value,
        effect: Effect,
    ) -> Result<CommandAnswer, Error> {
        let reply = Box::pin(self.call_as(method, params, effect)).await?;
        Ok(CommandAnswer {
            outcome: Outcome::Done(reply.raw().to_owned()),
            total: reply.total(),
            next: reply.next_start(),
            time: reply.time().cloned(),
        })
    }
}

/// What a reply says.
struct ParsedReply {
    answers: Vec<CommandAnswer>,
    time: Option<Time>,
    /// The last that each method's commands say of their operating time.
    times: IndexMap<String, Time>,
}

/// Reads the reply to commands of these labels and methods.
fn read(body: &Bytes, commands: &[(Arc<str>, String)]) -> Result<ParsedReply, RowsError> {
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
                raw.and_then(|raw| scalar::parse_count(raw.get()))
            };
            let outcome = if let Some(error) = reply.result_error.get(label) {
                Outcome::Failed(error.clone())
            } else if let Some(&result) = reply.result.get(label) {
                Outcome::Done(result.to_owned())
            } else {
                Outcome::NotRun(NotRun::PassedOver)
            };
            CommandAnswer {
                outcome,
                total: count(reply.result_total.get(label)),
                next: count(reply.result_next.get(label)),
                time: reply.result_time.get(label).cloned(),
            }
        })
        .collect();
    Ok(ParsedReply {
        answers,
        time: envelope.time,
        times,
    })
}
