//! Values that do not fit their columns. None is lost: each is recorded with its row and field.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

/// A value that does not fit its column.
#[derive(Debug, Clone, Serialize)]
pub struct Misfit {
    /// The ID of the row as the portal wrote it.
    pub id: Option<Box<RawValue>>,
    /// The name of the field.
    pub field: String,
    /// The value as the portal wrote it.
    pub value: Box<RawValue>,
    /// Why it does not fit.
    pub reason: &'static str,
}

impl Misfit {
    /// The ID of the row as stores have it; `None` if the row has none.
    #[cfg(feature = "sync")]
    pub(crate) fn id_text(&self) -> Option<String> {
        let id = self.id.as_ref()?.get();
        match serde_json::from_str(id).ok()? {
            serde_json::Value::Null => None,
            serde_json::Value::String(id) => Some(id),
            _ => Some(id.to_owned()),
        }
    }

    /// Appends it as a line of JSON.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        // Writing to memory does not fail, and raw JSON stays what it is.
        let _ = serde_json::to_writer(&mut *out, self);
        out.push(b'\n');
    }
}

/// The values that do not fit, and how many there were of each kind so far.
#[derive(Debug, Default)]
pub(crate) struct Misfits(
    pub(crate) Vec<Misfit>,
    pub(crate) BTreeMap<(String, &'static str), u64>,
);

impl Misfits {
    pub(crate) fn add(&mut self, id: Option<&str>, field: &str, value: &str, reason: &'static str) {
        *self.1.entry((field.to_owned(), reason)).or_default() += 1;
        self.0.push(Misfit {
            id: id.map(raw),
            field: field.to_owned(),
            value: raw(value),
            reason,
        });
    }
}

/// JSON of a row that was read, as it is.
fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap_or_default()
}
