//! What a method of the REST API is to the portal: a function from a call to an output or an error.

use std::cell::OnceCell;
use std::time::Duration;

use brimful_protocol::{Array, Value, json};

use crate::rights::Rights;
use crate::state::State;

/// A method as the registry holds it. Readers run side by side, writers alone.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    Read(fn(&State, &mut Call<'_>) -> Result<Output, MethodError>),
    Write(fn(&mut State, &mut Call<'_>) -> Result<Output, MethodError>),
}

/// A method and the scope it needs.
#[derive(Clone, Copy)]
pub(crate) struct Method {
    /// The name in lower case, as the portal looks it up first.
    pub(crate) name: &'static str,
    /// The scope; empty for methods that everybody may call.
    pub(crate) scope: &'static str,
    pub(crate) handler: Handler,
}

/// One call of a method, alone or as a command of a batch.
pub(crate) struct Call<'a> {
    /// The method, in lower case.
    pub(crate) method: &'static str,
    /// The parameters, without those that the server itself takes (`auth`, `start` stays).
    pub(crate) params: Array,
    /// The user who calls.
    pub(crate) user: u64,
    /// Whether an application calls for the user, and no webhook.
    pub(crate) by_application: bool,
    /// What of the records the user may see.
    pub(crate) rights: Rights,
    /// The portal's clock, in Unix seconds.
    pub(crate) now: f64,
    /// What this call costs in simulated time; the handler adds to it, the executor sleeps it.
    pub(crate) cost: &'a mut Duration,
    /// The cost model in force.
    pub(crate) costs: &'a Costs,
}

/// The simulated time of the work that is dear on a real portal (facts: a counted page over millions of rows costs
/// seconds, a page by ID milliseconds).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Costs {
    /// Of every call of a method, batch commands included.
    pub call: Duration,
    /// Of every row returned.
    pub row: Duration,
    /// Of every row counted for `total`.
    pub count: Duration,
    /// Of every row skipped to reach an offset.
    pub skip: Duration,
}

/// What a method returns. The result is JSON text, written once: rows are never built as values, and a reference into
/// them reads only the row it names.
pub(crate) struct Output {
    /// The result as JSON in PHP's spelling.
    pub(crate) json: Vec<u8>,
    /// `next`, lifted to the envelope.
    pub(crate) next: Option<i64>,
    /// `total`, lifted to the envelope.
    pub(crate) total: Option<i64>,
    /// Where the rows of a list begin in `json`, and the key they are under (`None`: the result is the list).
    pub(crate) rows: Rows,
    value: OnceCell<Value>,
}

/// The rows of a list inside [`Output::json`].
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) key: Option<&'static str>,
    pub(crate) starts: Vec<u32>,
}

impl Output {
    pub(crate) fn json(json: Vec<u8>) -> Self {
        Self {
            json,
            next: None,
            total: None,
            rows: Rows::default(),
            value: OnceCell::new(),
        }
    }

    pub(crate) fn value(value: &Value) -> Self {
        let mut out = Vec::new();
        json::write(&mut out, value);
        Self::json(out)
    }

    /// The result as a value, parsed when first asked for.
    pub(crate) fn to_value(&self) -> &Value {
        self.value
            .get_or_init(|| serde_json::from_slice(&self.json).unwrap_or_default())
    }

    /// The deepest value that `path` reaches in the result.
    pub(crate) fn deepest(&self, path: &[&str]) -> Value {
        let inside = match (self.rows.key, path) {
            (None, path) => Some(path),
            (Some(key), [first, rest @ ..]) if *first == key => Some(rest),
            _ => None,
        };
        if let Some([index, rest @ ..]) = inside
            && let Ok(index) = index.parse::<usize>()
            && let Some(&start) = self.rows.starts.get(index)
        {
            let mut row = serde_json::Deserializer::from_slice(&self.json[start as usize..])
                .into_iter::<Value>();
            if let Some(Ok(row)) = row.next() {
                return row.deepest(rest);
            }
        }
        self.to_value().deepest(path)
    }
}

/// The error that a method answers with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MethodError {
    /// The HTTP status of a single call; a batch answers 200 whatever its commands say.
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) description: String,
    /// Further keys of the error envelope, such as `argument`.
    pub(crate) extra: Array,
}

impl MethodError {
    pub(crate) fn new(status: u16, code: &str, description: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            description: description.into(),
            extra: Array::new(),
        }
    }
}
