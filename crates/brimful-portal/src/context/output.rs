//! What a method returns: JSON text, and the rows of a list in it.

use std::cell::OnceCell;

use brimful_protocol::{Array, Key, Value, json};
use bytes::Bytes;

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
    pub(crate) rows: ListRows,
    /// What is answered in the place of JSON.
    pub(crate) file: Option<ReturnedFile>,
    value: OnceCell<Value>,
}

/// A file that a method returns. In a batch, where nothing but JSON has a place, it is `null`.
pub(crate) struct ReturnedFile {
    pub(crate) name: String,
    pub(crate) content: Bytes,
}

/// The rows of a list inside [`Output::json`].
#[derive(Default)]
pub(crate) struct ListRows {
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
            rows: ListRows::default(),
            file: None,
            value: OnceCell::new(),
        }
    }

    /// A file in the place of a result.
    pub(crate) fn file(name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self {
            file: Some(ReturnedFile {
                name: name.into(),
                content: content.into(),
            }),
            ..Self::json(b"null".to_vec())
        }
    }

    pub(crate) fn value(value: &Value) -> Self {
        let mut out = Vec::new();
        json::write(&mut out, value);
        Self::json(out)
    }

    /// The same list with these rows in the place of its own; `next` and `total` stay as they are.
    pub(crate) fn with_rows(self, rows: &Value) -> Self {
        let mut out = vec![b'['];
        let mut starts = Vec::new();
        for row in rows.as_array().into_iter().flat_map(Array::values) {
            if !starts.is_empty() {
                out.push(b',');
            }
            starts.push(out.len() as u32);
            json::write(&mut out, row);
        }
        let end = out.len() as u32;
        out.push(b']');
        Self {
            json: out,
            rows: ListRows {
                key: None,
                starts,
                end,
                ids: self.rows.ids,
            },
            value: OnceCell::new(),
            ..self
        }
    }

    /// The same result written in another way: the places of its rows are `starts`, and `end` is that of the bracket which
    /// closes the list.
    pub(crate) fn with_json(self, json: Vec<u8>, starts: Vec<u32>, end: u32) -> Self {
        Self {
            json,
            rows: ListRows {
                starts,
                end,
                ..self.rows
            },
            value: OnceCell::new(),
            ..self
        }
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
        let rows = ListRows {
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

impl Output {
    /// The rule for every method: a `next` that is not null and any `total` in what it returns leave it for the
    /// envelope, as integers. Methods that have set them are done already, and lists of rows are not searched.
    pub(crate) fn lifted(self) -> Self {
        if !(self.says(b"\"next\":") || self.says(b"\"total\":")) {
            return self;
        }
        let Value::Array(array) = self.to_value() else {
            return self;
        };
        let next = array.get("next").filter(|next| **next != Value::Null);
        if next.is_none() && array.get("total").is_none() {
            return self;
        }
        let mut rest = array.clone();
        let mut take = |key: &str| rest.remove(key).map(|count| count.to_int());
        let next = next.and_then(|_| take("next"));
        let total = take("total");
        let mut output = Self::value(&Value::Array(rest));
        (output.next, output.total) = (next.or(self.next), total.or(self.total));
        output
    }

    /// The error that a method returned as if it were its result: `error` and `error_description`, neither empty.
    pub(crate) fn error(&self) -> Option<Array> {
        if !self.says(b"\"error_description\"") {
            return None;
        }
        let array = self.to_value().as_array()?;
        let given = |key| array.get(key).is_some_and(Value::is_truthy);
        (given("error") && given("error_description")).then(|| array.clone())
    }

    /// Whether a key may be in it: a cheap look before a dear one.
    fn says(&self, key: &[u8]) -> bool {
        self.rows.starts.is_empty()
            && self.json.starts_with(b"{")
            && memchr::memmem::find(&self.json, key).is_some()
    }
}
