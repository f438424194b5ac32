//! What a method of the REST API is to the portal: a function from a call to an output or an error.

use std::cell::OnceCell;
use std::time::Duration;

use brimful_protocol::{Array, Key, Value, json};

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
    /// Where each row begins.
    pub(crate) starts: Vec<u32>,
    /// Where the bracket is that closes the list.
    pub(crate) end: u32,
    /// The ID of each row, if the list was written by IDs.
    pub(crate) ids: Vec<u64>,
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

    /// Whether it is a list of rows, and not an empty one.
    pub(crate) fn is_list(&self) -> bool {
        !self.rows.starts.is_empty() || self.rows_in_value().is_some()
    }

    /// How many rows there are in the list.
    pub(crate) fn row_count(&self) -> usize {
        match self.rows.starts.len() {
            0 => self.rows_in_value().map_or(0, |(_, rows)| rows.len()),
            rows => rows,
        }
    }

    /// The same list without the rows that `is_dropped` names by their place and, if they have one, their ID. `next` and
    /// `total` stay as they are. Anything but a list stays whole.
    pub(crate) fn without_rows(self, is_dropped: impl Fn(usize, Option<u64>) -> bool) -> Self {
        if self.rows.starts.is_empty() {
            return self.without_rows_of_value(is_dropped);
        }
        let rows = &self.rows;
        let row = |place: usize| {
            let end = match rows.starts.get(place + 1) {
                Some(next) => next - 1,
                None => rows.end,
            };
            &self.json[rows.starts[place] as usize..end as usize]
        };
        let id = |place: usize| match rows.ids.get(place) {
            Some(id) => Some(*id),
            None => id_of(&serde_json::from_slice(row(place)).unwrap_or_default()),
        };
        let count = rows.starts.len();
        let kept: Vec<usize> = (0..count).filter(|&at| !is_dropped(at, id(at))).collect();
        if kept.len() == count {
            return self;
        }
        let mut json = self.json[..rows.starts[0] as usize].to_vec();
        let mut starts = Vec::with_capacity(kept.len());
        for (place, &at) in kept.iter().enumerate() {
            if place > 0 {
                json.push(b',');
            }
            starts.push(json.len() as u32);
            json.extend_from_slice(row(at));
        }
        let end = json.len() as u32;
        json.extend_from_slice(&self.json[rows.end as usize..]);
        let ids = kept.iter().filter_map(|&at| rows.ids.get(at).copied());
        let rows = Rows {
            key: rows.key,
            starts,
            end,
            ids: ids.collect(),
        };
        Self {
            rows,
            ..self.replaced(json)
        }
    }

    fn without_rows_of_value(self, is_dropped: impl Fn(usize, Option<u64>) -> bool) -> Self {
        let Some((key, rows)) = self.rows_in_value() else {
            return self;
        };
        let kept = rows.iter().enumerate();
        let kept = kept.filter(|(place, (_, row))| !is_dropped(*place, id_of(row)));
        let kept = kept.map(|(_, (key, row))| (key.clone(), row.clone()));
        let rows: Value = if rows.is_list() {
            kept.map(|(_, row)| row).collect()
        } else {
            Value::Array(kept.collect())
        };
        let value = match (key, self.to_value()) {
            (Some(key), Value::Array(result)) => {
                let mut result = result.clone();
                result.insert(key.clone(), rows);
                Value::Array(result)
            }
            _ => rows,
        };
        let mut json = Vec::new();
        json::write(&mut json, &value);
        self.replaced(json)
    }

    /// With another result, and `next` and `total` as they are.
    fn replaced(&self, json: Vec<u8>) -> Self {
        Self {
            next: self.next,
            total: self.total,
            ..Self::json(json)
        }
    }

    /// The rows of a list that was not written row by row, and the key that they are under: a list of objects with an
    /// ID, or a map of them by ID.
    fn rows_in_value(&self) -> Option<(Option<&Key>, &Array)> {
        fn has_rows(array: &Array) -> bool {
            let is_list = array.is_list();
            let is_row = |(key, row): (&Key, &Value)| {
                let id = row.as_array().and_then(|row| row.get_ignoring_case("id"));
                id.is_some_and(|id| is_list || id.to_text() == key.to_text())
            };
            !array.is_empty() && array.iter().all(is_row)
        }
        let result = self.to_value().as_array()?;
        if has_rows(result) {
            return Some((None, result));
        }
        // The lists inside a record are not the result's.
        if result.get_ignoring_case("id").is_some() {
            return None;
        }
        let mut parts = result.iter();
        parts.find_map(|(key, part)| {
            Some((Some(key), part.as_array().filter(|part| has_rows(part))?))
        })
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

fn id_of(row: &Value) -> Option<u64> {
    let id = row.as_array()?.get_ignoring_case("id")?;
    u64::try_from(id.to_int()).ok()
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
