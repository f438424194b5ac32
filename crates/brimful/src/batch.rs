//! Batches of the caller's own commands: any number, sent 50 at a time, one outcome for each, in their order.

use std::collections::HashSet;

use brimful_protocol::batch::{BatchReply, MAX_COMMANDS, command};
use brimful_protocol::rows::RowsError;
use brimful_protocol::{ApiError, Envelope, EnvelopeError};
use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::client::Client;
use crate::effect::{self, Effect};
use crate::error::Error;
use crate::session::Call;

/// One command of a batch.
#[derive(Debug, Clone)]
pub struct Command {
    label: String,
    method: String,
    params: Value,
}

impl Command {
    /// A command under a label, by which later commands of the same batch may refer to its result.
    pub fn new(label: impl Into<String>, method: impl Into<String>, params: Value) -> Self {
        Self {
            label: label.into(),
            method: method.into(),
            params,
        }
    }

    /// The label.
    pub fn label(&self) -> &str {
        &self.label
    }
}

/// What became of one command.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It ran; this is its result.
    Done(Box<RawValue>),
    /// The portal answered it with an error.
    Failed(ApiError),
    /// It did not run: a command before it failed and the batch was to halt, or the request never reached the portal.
    NotRun,
    /// It may have run or not: the request was sent, and no proper answer came.
    Unknown(String),
}

impl Outcome {
    /// The result, if there is one.
    pub fn done(&self) -> Option<&RawValue> {
        match self {
            Self::Done(result) => Some(result),
            _ => None,
        }
    }
}

/// Whether a batch goes on after a command has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// The other commands run all the same.
    #[default]
    Continue,
    /// The commands after it are not run.
    Halt,
}

impl Client {
    /// Runs commands, 50 in a request. The outcomes are in the order of the commands; an error of one command is its
    /// outcome and touches no other.
    ///
    /// # Errors
    /// Two commands with one label, a label that no reference could name, a reference to a command that goes out in an
    /// earlier request, and a first request that fails as a whole.
    pub async fn batch(
        &self,
        commands: Vec<Command>,
        on_error: OnError,
    ) -> Result<Vec<Outcome>, Error> {
        check(&commands)?;
        let mut outcomes = Vec::with_capacity(commands.len());
        let mut halted = false;
        for chunk in commands.chunks(MAX_COMMANDS) {
            if halted {
                outcomes.extend(chunk.iter().map(|_| Outcome::NotRun));
                continue;
            }
            match self.batch_request(chunk, on_error).await {
                Ok(results) => {
                    halted = on_error == OnError::Halt
                        && results.iter().any(|o| !matches!(o, Outcome::Done(_)));
                    outcomes.extend(results);
                }
                // Nothing ran yet: the error is the answer.
                Err(error) if outcomes.is_empty() => return Err(error),
                // What ran before is not thrown away.
                Err(error) => {
                    let unknown = error.did_it_run() != crate::DidItRun::No;
                    halted = on_error == OnError::Halt;
                    outcomes.extend(chunk.iter().map(|_| {
                        if unknown {
                            Outcome::Unknown(error.to_string())
                        } else {
                            Outcome::NotRun
                        }
                    }));
                }
            }
        }
        Ok(outcomes)
    }

    async fn batch_request(
        &self,
        commands: &[Command],
        on_error: OnError,
    ) -> Result<Vec<Outcome>, Error> {
        let reads = commands
            .iter()
            .all(|c| effect::of(&c.method) == Effect::Read);
        let effect = if reads { Effect::Read } else { Effect::Write };
        self.send_batch(commands, on_error, effect).await
    }

    /// One request of commands whose effect the caller knows.
    pub(crate) async fn batch_of(
        &self,
        commands: &[Command],
        effect: Effect,
    ) -> Result<Vec<Outcome>, Error> {
        self.send_batch(commands, OnError::Continue, effect).await
    }

    async fn send_batch(
        &self,
        commands: &[Command],
        on_error: OnError,
        effect: Effect,
    ) -> Result<Vec<Outcome>, Error> {
        let cmd: Map<String, Value> = commands
            .iter()
            .map(|c| {
                (
                    c.label.clone(),
                    Value::String(command(&c.method, &c.params)),
                )
            })
            .collect();
        let halt = u8::from(on_error == OnError::Halt);
        let body = serde_json::json!({ "halt": halt, "cmd": cmd });
        let call = Call {
            method: "batch".to_owned(),
            subject: "batch".to_owned(),
            effect,
            body: body.to_string().into(),
        };
        self.session()
            .run(&call, None, |body| read(body, commands))
            .await
            .0
    }
}

fn read(body: &Bytes, commands: &[Command]) -> Result<Vec<Outcome>, RowsError> {
    let envelope = Envelope::parse(body)?;
    if let Some(error) = envelope.error {
        return Err(RowsError::Api(error));
    }
    let result = envelope
        .result
        .ok_or_else(|| EnvelopeError::NoResult(String::new()))?;
    let reply = BatchReply::parse(result).map_err(|error| RowsError::NoRows(error.to_string()))?;
    Ok(commands
        .iter()
        .map(|command| {
            if let Some(error) = reply.result_error.get(&command.label) {
                Outcome::Failed(error.clone())
            } else if let Some(&result) = reply.result.get(&command.label) {
                Outcome::Done(result.to_owned())
            } else {
                Outcome::NotRun
            }
        })
        .collect())
}

fn check(commands: &[Command]) -> Result<(), Error> {
    let mut labels = HashSet::new();
    for command in commands {
        if command.label.is_empty()
            || command
                .label
                .chars()
                .any(|c| c.is_whitespace() || matches!(c, '[' | ']'))
        {
            return Err(Error::config(format!(
                "the label {:?} of a batch command is empty or has white space or brackets in it: no reference could name it",
                command.label
            )));
        }
        if !labels.insert(command.label.as_str()) {
            return Err(Error::config(format!(
                "two commands of the batch have the label {:?}",
                command.label
            )));
        }
        if command.method.eq_ignore_ascii_case("batch") {
            return Err(Error::config(
                "batch cannot be a command of a batch: portals refuse it",
            ));
        }
    }
    for (number, chunk) in commands.chunks(MAX_COMMANDS).enumerate().skip(1) {
        for command in chunk {
            let text = command.params.to_string();
            let earlier = commands[..number * MAX_COMMANDS].iter().find(|c| {
                ["result", "next", "total", "time", "error"]
                    .iter()
                    .any(|a| text.contains(&format!("${a}[{}]", c.label)))
            });
            if let Some(earlier) = earlier {
                return Err(Error::config(format!(
                    "the command {:?} refers to {:?}, which goes out in an earlier request: put them within {MAX_COMMANDS} commands of each other",
                    command.label, earlier.label
                )));
            }
        }
    }
    Ok(())
}
