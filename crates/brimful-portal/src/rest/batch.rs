//! The method `batch`: commands one after the other, each of which may refer to what those before it returned.

use brimful_protocol::batch::{MAX_COMMANDS, parse_command};
use brimful_protocol::reference::{Accumulators, substitute};
use brimful_protocol::{Array, Key, Value, json};
use indexmap::IndexMap;

use crate::bodies::MOST_RETURNED;
use crate::bodies::envelope;
use crate::bodies::request;
use crate::bodies::request_body;
use crate::calls::Backend;
use crate::calls::callers::Caller;
use crate::calls::executor::{Executor, Outcome};
use crate::calls::timing::Timing;
use crate::context::Context;
use crate::context::errors;
use crate::context::request_log::CommandOutcomes;
use crate::context::{MethodError, Output};
use crate::methods::registry::CallTarget;

/// Methods that may not be commands.
const FORBIDDEN: [&str; 3] = ["batch", "download", "upload"];

/// What the commands have come to so far, by label, in their order.
pub(crate) struct Results<'c> {
    context: &'c Context,
    /// How many commands ran or were refused.
    seen: usize,
    /// The bytes of what the commands returned.
    returned: usize,
    done: IndexMap<Key, Command>,
    failed: IndexMap<Key, Array>,
}

struct Command {
    output: Output,
    timing: Timing,
}

/// Runs the commands in `params`, until the end, the first failure with `halt`, or the time is up. If they return more
/// than a portal can hold, nothing comes of them.
pub(crate) async fn run<'c>(
    backend: &'c Backend,
    caller: &Caller,
    executor: &mut Executor<'_>,
    params: Array,
) -> Result<Results<'c>, MethodError> {
    executor.begin_batch();
    let halt = params
        .get_ignoring_case("halt")
        .is_some_and(Value::is_truthy);
    let commands = params.get_ignoring_case("cmd").and_then(Value::as_array);
    let mut results = Results {
        context: &backend.context,
        seen: 0,
        returned: 0,
        done: IndexMap::new(),
        failed: IndexMap::new(),
    };
    for (index, (label, command)) in commands.into_iter().flat_map(Array::iter).enumerate() {
        results.seen = index + 1;
        // Anything else than a string is passed over in silence, and still counts towards fifty.
        let Value::Text(command) = command else {
            continue;
        };
        let failure = if index < MAX_COMMANDS {
            backend.context.counters.count(|stats| stats.commands += 1);
            one(backend, caller, executor, &mut results, label, command)
                .await
                .err()
        } else {
            let error = MethodError::new(
                400,
                "ERROR_BATCH_LENGTH_EXCEEDED",
                "Max batch length exceeded",
            );
            Some(envelope::error_array(&error))
        };
        if let Some(error) = failure {
            results.failed.insert(label.clone(), error);
            if halt {
                break;
            }
        }
        if results.returned > MOST_RETURNED {
            return Err(errors::too_large());
        }
        if executor.is_over() {
            break;
        }
    }
    Ok(results)
}

/// Runs one command and keeps its output.
async fn one(
    backend: &Backend,
    caller: &Caller,
    executor: &mut Executor<'_>,
    results: &mut Results<'_>,
    label: &Key,
    command: &str,
) -> Result<(), Array> {
    if request_body::values_in_form(command.as_bytes()) > request_body::MOST_VALUES {
        return Err(envelope::error_array(&errors::too_large()));
    }
    let (path, mut params) = parse_command(command);
    let name = path.unwrap_or_default();
    request::strip_reserved(&mut params);
    let mut params = Value::Array(params);
    substitute(&mut params, results);
    let params = match params {
        Value::Array(params) => params,
        _ => Array::new(),
    };
    let method = match backend.registry.find(&name) {
        _ if FORBIDDEN.contains(&name.as_str()) => return Err(not_allowed()),
        // In other letters it slips past the list above, and is a batch in a batch anyway.
        Some(CallTarget::Batch) => return Err(not_allowed()),
        Some(CallTarget::Method(method)) => method,
        None => {
            backend.context.say_if_unmodelled(&name);
            return Err(envelope::error_array(&errors::method_not_found()));
        }
    };
    if let Err(mut error) = executor.permit(method, &caller.batch_entity) {
        if error.code == "insufficient_scope" {
            error.description.clear();
        }
        return Err(envelope::error_array(&error));
    }
    let (outcome, timing) = executor.run(method, params, &caller.batch_entity).await;
    match outcome {
        Outcome::Done(output) => {
            let output = output.lifted();
            results.returned += output.json.len();
            results
                .done
                .insert(label.clone(), Command { output, timing });
            Ok(())
        }
        Outcome::Failed(error) => Err(envelope::error_array(&error)),
        Outcome::ErrorAsData(error) => Err(error),
    }
}

fn not_allowed() -> Array {
    let description = "Method is not allowed for batch usage";
    envelope::error_array(&MethodError::new(
        405,
        "ERROR_BATCH_METHOD_NOT_ALLOWED",
        description,
    ))
}

impl Results<'_> {
    /// The outcomes of the commands, for the log of requests.
    pub(crate) fn outcomes(&self) -> CommandOutcomes {
        let failed = self.failed.iter().map(|(label, error)| {
            let code = error.get("error").map(Value::to_text).unwrap_or_default();
            (label.to_text(), code)
        });
        CommandOutcomes {
            seen: self.seen,
            failed: failed.collect(),
        }
    }

    /// The bytes that [`Results::write`] will write, about.
    pub(crate) fn size(&self) -> usize {
        let done: usize = self
            .done
            .values()
            .map(|command| command.output.json.len() + 384)
            .sum();
        done + self.failed.len() * 128
    }

    /// Writes the five parts. Each is a PHP array by label: a JSON list if it is empty or its labels are 0, 1, 2…
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"result\":");
        let done = || self.done.iter();
        part(out, done(), |out, command| {
            out.extend_from_slice(&command.output.json);
        });
        out.extend_from_slice(b",\"result_error\":");
        part(out, self.failed.iter(), |out, error| {
            json::write(out, &Value::Array(error.clone()));
        });
        out.extend_from_slice(b",\"result_total\":");
        part(out, counts(done(), |output| output.total), json::write_int);
        out.extend_from_slice(b",\"result_next\":");
        part(out, counts(done(), |output| output.next), json::write_int);
        out.extend_from_slice(b",\"result_time\":");
        part(out, done(), |out, command| {
            command.timing.write(out, self.context);
        });
        out.push(b'}');
    }
}

fn counts<'r>(
    done: impl Iterator<Item = (&'r Key, &'r Command)> + Clone,
    count: impl Fn(&Output) -> Option<i64> + Clone,
) -> impl Iterator<Item = (&'r Key, i64)> + Clone {
    done.filter_map(move |(label, command)| Some((label, count(&command.output)?)))
}

fn part<'r, T>(
    out: &mut Vec<u8>,
    entries: impl Iterator<Item = (&'r Key, T)> + Clone,
    write: impl Fn(&mut Vec<u8>, T),
) {
    let is_list = entries
        .clone()
        .enumerate()
        .all(|(i, (label, _))| *label == Key::Int(i as i64));
    out.push(if is_list { b'[' } else { b'{' });
    for (i, (label, entry)) in entries.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        if !is_list {
            json::write_key(out, label);
            out.push(b':');
        }
        write(out, entry);
    }
    out.push(if is_list { b']' } else { b'}' });
}

impl Accumulators for Results<'_> {
    fn has(&self, name: &str) -> bool {
        match name {
            "result" | "next" | "total" | "time" | "error" => true,
            "error_description" => !self.failed.is_empty(),
            _ => false,
        }
    }

    /// Rows are looked up in the output where they are; only a walk that ends above a command builds a whole part.
    fn deepest(&self, name: &str, path: &[&str]) -> Value {
        if name == "result"
            && let [label, inside @ ..] = path
            && let Some(command) = self.done.get(&Key::new(label))
            && command.output.json != b"null"
        {
            return command.output.deepest(inside);
        }
        let count = |count: Option<i64>| count.map(Value::Int);
        let of_done = |value: &dyn Fn(&Command) -> Option<Value>| -> Array {
            self.done
                .iter()
                .filter_map(|(label, command)| Some((label.clone(), value(command)?)))
                .collect()
        };
        let of_failed = |value: &dyn Fn(&Array) -> Option<Value>| -> Array {
            self.failed
                .iter()
                .filter_map(|(label, error)| Some((label.clone(), value(error)?)))
                .collect()
        };
        let accumulator = match name {
            "next" => of_done(&|command| count(command.output.next)),
            "total" => of_done(&|command| count(command.output.total)),
            "time" => of_done(&|command| {
                let mut time = Vec::new();
                command.timing.write(&mut time, self.context);
                serde_json::from_slice(&time).ok()
            }),
            "error" => of_failed(&|error| Some(Value::Array(error.clone()))),
            "error_description" => of_failed(&|error| error.get("error_description").cloned()),
            _ => of_done(&|command| Some(command.output.to_value().clone())),
        };
        Value::Array(accumulator).deepest(path)
    }
}
