//! The lines of the input: each the parameters of a call.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use serde_json::{Map, Value};

use super::previous::PreviousOutcomes;
use crate::exact_json;
use crate::failure::Failure;
use crate::input;
use crate::outcome::{Kind, Tally};

/// A line, by its number and what it calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Call {
    pub(super) line: u64,
    /// Of the method and the parameters: by it an outcome is known to be that of this line, and not of one that has
    /// taken its place.
    pub(super) call: String,
}

/// A call that is to be made.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) call: Call,
    pub(super) params: Value,
}

/// Whether lines that may have run are called again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnknownOutcomes {
    Keep,
    Repeat,
}

/// What every call has, and what was called before.
pub(super) struct Setting {
    pub(super) method: String,
    /// The parameters that are common to all lines.
    pub(super) common: Map<String, Value>,
    pub(super) previous: Option<PreviousOutcomes>,
    pub(super) of_unknown: UnknownOutcomes,
}

/// The calls of a file, one after the other.
pub(super) struct Items {
    reader: Box<dyn BufRead + Send>,
    name: String,
    number: u64,
    line: Vec<u8>,
    setting: Setting,
    /// Bytes read, and how many there are, for the bar.
    pub(super) read: Arc<AtomicU64>,
    pub(super) size: Option<u64>,
    /// The outcomes of earlier runs that stay.
    pub(super) kept: Tally,
}

impl Items {
    pub(super) fn open(path: &Path, setting: Setting) -> Result<Self, Failure> {
        let name = input::display_name(path);
        let (reader, size): (Box<dyn BufRead + Send>, _) = if input::is_stdin(path) {
            (Box::new(BufReader::new(input::stdin()?)), None)
        } else {
            let file = File::open(path).map_err(|error| input::unreadable(path, &error))?;
            let found = file.metadata().ok().filter(std::fs::Metadata::is_file);
            let size = found.map(|found| found.len());
            (Box::new(BufReader::new(file)), size)
        };
        Ok(Self {
            reader,
            name,
            number: 0,
            line: Vec::new(),
            setting,
            read: Arc::default(),
            size,
            kept: Tally::default(),
        })
    }

    /// The next call that is to be made.
    pub(super) fn next(&mut self) -> Result<Option<Item>, Failure> {
        loop {
            self.line.clear();
            let read = input::read_line(&mut *self.reader, &mut self.line).map_err(|error| {
                Failure::failed(format!(
                    "could not read line {} of {}: {error}",
                    self.number + 1,
                    self.name
                ))
            })?;
            if read == 0 {
                if let Some(previous) = &mut self.setting.previous {
                    previous.end()?;
                }
                return Ok(None);
            }
            self.read.fetch_add(read as u64, Ordering::Relaxed);
            self.number += 1;
            if self.number == 1 {
                input::strip_byte_order_mark(&mut self.line);
            }
            if self.line.trim_ascii().is_empty() {
                continue;
            }
            let params = self.params()?;
            let call = Call {
                line: self.number,
                call: fingerprint(&self.setting.method, &params),
            };
            if self.is_over(&call)? {
                continue;
            }
            return Ok(Some(Item { call, params }));
        }
    }

    /// Whether an earlier run has made the call, so that it is not made again.
    fn is_over(&mut self, call: &Call) -> Result<bool, Failure> {
        let Some(previous) = &mut self.setting.previous else {
            return Ok(false);
        };
        let Some(past) = previous.of(call.line)? else {
            return Ok(false);
        };
        let stays = match past.kind {
            Kind::Done => true,
            Kind::Unknown => self.setting.of_unknown == UnknownOutcomes::Keep,
            Kind::Failed | Kind::NotRun => false,
        };
        let ran = matches!(past.kind, Kind::Done | Kind::Unknown);
        if ran && past.call != call.call {
            return Err(Failure::usage(format!(
                "line {} of {} is not the call that there is an outcome of",
                call.line, self.name
            ))
            .hint("--resume continues with the same method, parameters and file of calls; lines that are done stay as they are"));
        }
        if stays {
            self.kept.add(past.kind);
        }
        Ok(stays)
    }

    fn params(&self) -> Result<Value, Failure> {
        let given = exact_json::read(&self.line).map_err(|error| {
            // Its place is in this file, not in the line.
            let error = error.to_string();
            let error = error.split(" at line ").next().unwrap_or_default();
            self.wrong(error)
        })?;
        let common = &self.setting.common;
        match given {
            Value::Object(given) => Ok(Value::Object(over(common.clone(), given))),
            Value::Array(_) if !common.is_empty() => Err(self.wrong(
                "has parameters by position, which cannot be joined with those of --param and --json",
            )),
            // Methods of the old tasks API alone take parameters by position.
            Value::Array(_) if self.setting.method.to_ascii_lowercase().starts_with("task.") => {
                Ok(given)
            }
            Value::Array(_) => Err(Failure::usage(format!(
                "line {} of {} is a JSON array, and a line is the parameters of one call",
                self.number, self.name
            ))
            .hint("jq -c '.[]' makes a line of every item")),
            _ => Err(self.wrong("is not an object of parameters")),
        }
    }

    fn wrong(&self, what: &str) -> Failure {
        Failure::usage(format!("line {} of {} {what}", self.number, self.name))
            .hint("every line is a JSON object with the parameters of one call")
    }
}

/// `given` over `common`: objects are joined, everything else is replaced.
fn over(mut common: Map<String, Value>, given: Map<String, Value>) -> Map<String, Value> {
    for (name, value) in given {
        let joined = match (common.remove(&name), value) {
            (Some(Value::Object(common)), Value::Object(given)) => {
                Value::Object(over(common, given))
            }
            (_, value) => value,
        };
        common.insert(name, joined);
    }
    common
}

/// 64 bits of FNV-1a: enough to tell a line from another that was put in its place.
fn fingerprint(method: &str, params: &Value) -> String {
    let text = format!("{} {params}", method.to_ascii_lowercase());
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_lies_over_what_is_common_to_all() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let joined = over(
            map(json!({"fields": {"SOURCE_ID": "WEB", "TITLE": "x"}, "params": {"A": "N"}})),
            map(json!({"fields": {"TITLE": "y"}, "id": 7})),
        );
        assert_eq!(
            Value::Object(joined),
            json!({"fields": {"SOURCE_ID": "WEB", "TITLE": "y"}, "params": {"A": "N"}, "id": 7})
        );
    }

    #[test]
    fn a_call_is_known_by_its_method_and_parameters() {
        let of = |method: &str, params: Value| fingerprint(method, &params);
        assert_eq!(
            of("crm.lead.add", json!({"a": 1})),
            of("CRM.Lead.Add", json!({"a": 1}))
        );
        assert_ne!(
            of("crm.lead.add", json!({"a": 1})),
            of("crm.lead.add", json!({"a": 2}))
        );
        assert_ne!(
            of("crm.lead.add", json!({"a": 1})),
            of("crm.deal.add", json!({"a": 1}))
        );
    }
}
