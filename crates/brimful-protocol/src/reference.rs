//! References: `$result[label][path]…` in a later command of a batch stands for what an earlier one returned.
//!
//! [`Reference`] writes them. [`substitute`] is what the portal does with them, quirks included, as the replies of
//! portals to batches show them: the emulator runs on it, and a client can use it to foretell what a portal will do.

use std::fmt;

use crate::value::Value;

/// A reference to the result of an earlier command of the same batch.
///
/// ```
/// use brimful_protocol::Reference;
/// let last = Reference::result("page0").unwrap().index(49).field("ID").unwrap();
/// assert_eq!(last.to_string(), "$result[page0][49][ID]");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference(String);

/// A step of a reference that the portal could not follow.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{0:?} cannot be part of a reference: a step is not empty, and the portal ends it at white space and at brackets"
)]
pub struct BadStep(String);

impl Reference {
    /// A reference to the whole result of the command `label`.
    pub fn result(label: &str) -> Result<Self, BadStep> {
        Self("$result".to_owned()).field(label)
    }

    /// A reference to the `total` of the command `label`.
    pub fn total(label: &str) -> Result<Self, BadStep> {
        Self("$total".to_owned()).field(label)
    }

    /// A reference to the `next` of the command `label`.
    pub fn next(label: &str) -> Result<Self, BadStep> {
        Self("$next".to_owned()).field(label)
    }

    /// The entry `name` of what it refers to so far.
    pub fn field(mut self, name: &str) -> Result<Self, BadStep> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == ']' || c == '[') {
            return Err(BadStep(name.to_owned()));
        }
        self.0.push('[');
        self.0.push_str(name);
        self.0.push(']');
        Ok(self)
    }

    /// The row at `index`, from 0. There is no way to name the last one.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push('[');
        self.0.push_str(&index.to_string());
        self.0.push(']');
        self
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Reference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl From<Reference> for serde_json::Value {
    fn from(reference: Reference) -> Self {
        Self::String(reference.0)
    }
}

/// The results so far, as the evaluator sees them.
pub trait Accumulators {
    /// Whether there is an accumulator of this name (lower case): `result`, `next`, `total`, `time`, `error`, …
    fn has(&self, name: &str) -> bool;

    /// The deepest value that `path` reaches in the accumulator `name`: see [`Value::deepest`].
    fn deepest(&self, name: &str, path: &[&str]) -> Value;
}

/// Accumulators held as one array: `{result: {…}, next: {…}, …}`.
impl Accumulators for crate::value::Array {
    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn deepest(&self, name: &str, path: &[&str]) -> Value {
        self.get(name)
            .map_or(Value::Null, |value| value.deepest(path))
    }
}

/// What the references of one command may bring in, in bytes. A portal has only so much memory, and commands that each
/// double what the one before wrote would need all there is: past this, references stay as they are written.
pub const MOST_BROUGHT_IN: usize = 16 << 20;

/// Replaces the references in every string value below `value`. Keys are never touched.
pub fn substitute(value: &mut Value, results: &dyn Accumulators) {
    let mut left = MOST_BROUGHT_IN;
    substitute_within(value, results, &mut left);
}

fn substitute_within(value: &mut Value, results: &dyn Accumulators, left: &mut usize) {
    match value {
        Value::Array(array) => array
            .values_mut()
            .for_each(|item| substitute_within(item, results, left)),
        Value::Text(text) if text.contains('$') => {
            if let Some(replaced) = substitute_text(text, results, left) {
                *value = replaced;
            }
        }
        _ => {}
    }
}

fn substitute_text(text: &str, results: &dyn Accumulators, left: &mut usize) -> Option<Value> {
    let mut out = String::new();
    let mut rest = text;
    let mut changed = false;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let token = if *left > 0 {
            token(from, results)
        } else {
            None
        };
        let Some((name, run)) = token else {
            out.push('$');
            rest = &from[1..];
            continue;
        };
        let path = steps(&run[1 + name.len()..]);
        // The name is found in any case, but looked up as it is written: `$Result[…]` is null.
        let found = if results.has(name) {
            results.deepest(name, &path)
        } else {
            Value::Null
        };
        *left = left.saturating_sub(found.weight());
        if *left == 0 {
            out.push('$');
            rest = &from[1..];
            continue;
        }
        if run.len() == text.len() {
            return Some(found);
        }
        match found {
            Value::Text(s) => out.push_str(&s),
            Value::Int(_) | Value::Float(_) => out.push_str(&found.to_text()),
            _ => out.push_str(run),
        }
        changed = true;
        rest = &from[run.len()..];
    }
    out.push_str(rest);
    changed.then_some(Value::Text(out))
}

/// The accumulator's name and the whole run up to white space, if a reference starts here.
fn token<'t>(from: &'t str, results: &dyn Accumulators) -> Option<(&'t str, &'t str)> {
    const NAMES: [&str; 6] = [
        "result",
        "next",
        "total",
        "time",
        "error_description",
        "error",
    ];
    let end = from
        .find(|c: char| c.is_ascii_whitespace() || c == '\x0b')
        .unwrap_or(from.len());
    let run = &from[..end];
    let name = NAMES.iter().filter(|name| results.has(name)).find(|name| {
        run.get(1..=name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    })?;
    Some((&run[1..=name.len()], run))
}

/// All `[…]` groups in order; text between and after them is ignored.
fn steps(mut run: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    while let Some(open) = run.find('[') {
        let Some(length) = run[open + 1..].find(']') else {
            break;
        };
        steps.push(&run[open + 1..open + 1 + length]);
        run = &run[open + 1 + length + 1..];
    }
    steps
}
