//! What is known of a table and its parts without reading them: the content of `_brimful_state.json`.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_schema::{DataType, Field, Schema as ArrowSchema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cell::Cell;

/// How many IDs a part is for. A part is written as a whole whatever changes in it.
const IDS_OF_A_PART: u64 = 25_000;

/// What rows are found by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RowKey {
    Number(u64),
    Text(String),
}

impl RowKey {
    pub(super) fn of_cell(cell: &Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => None,
            Cell::Int(id) => Some(match u64::try_from(*id) {
                Ok(id) => Self::Number(id),
                Err(_) => Self::Text(id.to_string()),
            }),
            other => {
                let mut text = String::new();
                other.write_text(&mut text);
                Some(Self::Text(text))
            }
        }
    }

    /// The key of an ID that is written as text. `is_number`: the column of the IDs has whole numbers.
    pub(super) fn of_text(text: &str, is_number: bool) -> Self {
        let number = is_number.then(|| text.parse().ok()).flatten();
        number.map_or_else(|| Self::Text(text.to_owned()), Self::Number)
    }

    /// The ID as text.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Number(id) => id.to_string(),
            Self::Text(id) => id,
        }
    }

    /// The keys of a column.
    pub(super) fn of_array(array: &dyn Array) -> Vec<Self> {
        let rows = 0..array.len();
        match array.data_type() {
            DataType::Int64 => {
                let numbers = array.as_primitive::<Int64Type>();
                rows.map(|row| match u64::try_from(numbers.value(row)) {
                    Ok(id) => Self::Number(id),
                    Err(_) => Self::Text(numbers.value(row).to_string()),
                })
                .collect()
            }
            _ => match array.as_string_opt::<i32>() {
                Some(texts) => rows
                    .map(|row| Self::Text(texts.value(row).to_owned()))
                    .collect(),
                None => Vec::new(),
            },
        }
    }

    /// The number of the part that it is in.
    pub(super) fn part(&self) -> u64 {
        match self {
            Self::Number(id) => id / IDS_OF_A_PART,
            Self::Text(_) => 0,
        }
    }
}

/// IDs, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct IdList {
    /// First and last of those side by side.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ranges: Vec<(u64, u64)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) texts: Vec<String>,
}

impl IdList {
    pub(super) fn push(&mut self, key: &RowKey) {
        match (key, self.ranges.last_mut()) {
            (RowKey::Number(id), Some((_, last))) if *last + 1 == *id => *last = *id,
            (RowKey::Number(id), _) => self.ranges.push((*id, *id)),
            (RowKey::Text(id), _) => self.texts.push(id.clone()),
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = RowKey> {
        let numbers = self.ranges.iter().flat_map(|(first, last)| *first..=*last);
        let texts = self.texts.iter().cloned().map(RowKey::Text);
        numbers.map(RowKey::Number).chain(texts)
    }

    /// The highest one that is a number.
    pub(super) fn highest(&self) -> Option<u64> {
        let texts = self.texts.iter().filter_map(|text| text.parse().ok());
        texts.chain(self.ranges.last().map(|(_, last)| *last)).max()
    }

    pub(super) fn len(&self) -> u64 {
        let ranges = self.ranges.iter().map(|(first, last)| last - first + 1);
        ranges.sum::<u64>() + self.texts.len() as u64
    }
}

/// What a part has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct PartRecord {
    /// How many of the table's columns it has: the first ones.
    pub(super) columns: usize,
    pub(super) live: IdList,
    pub(super) deleted: IdList,
    /// The stamp of its file, by which one that somebody else has put there is told; empty where an earlier version wrote
    /// it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) stamp: String,
    /// The checksum (CRC-32) of its bytes: a file that was copied has another stamp and the same content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) checksum: Option<u32>,
}

impl PartRecord {
    /// How many rows it has, those that are marked as deleted too.
    pub(super) fn rows(&self) -> u64 {
        self.live.len() + self.deleted.len()
    }
}

/// The checksum of a file.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let mut checksum = flate2::Crc::new();
    checksum.update(bytes);
    checksum.sum()
}

/// What is known of the table: the content of `_brimful_state.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SyncedRecord {
    pub(crate) command: String,
    /// How far the table is.
    pub(crate) sync: Value,
    /// What was loaded when, by what it was.
    pub(crate) coverage: BTreeMap<String, Value>,
    /// Values that did not fit.
    pub(crate) misfits: u64,
    /// The names and types of the table's columns, in their order: no file has to be there to know them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns: Vec<(String, String)>,
    pub(super) parts: BTreeMap<u64, PartRecord>,
    /// Parts that are being written: what they have is not known until they are looked into.
    pub(super) pending: BTreeSet<u64>,
    /// Whether files had lost or gained rows, and `sync` does not say yet that everything is read again.
    #[serde(skip_serializing_if = "is_false")]
    pub(super) is_mending: bool,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_false(is: &bool) -> bool {
    !is
}

impl SyncedRecord {
    pub(crate) fn live(&self) -> u64 {
        self.parts.values().map(|part| part.live.len()).sum()
    }

    /// The columns of the table; `None` where an earlier version did not note them, or a later one has types that this one
    /// doesn't know.
    pub(super) fn schema(&self) -> Option<ArrowSchema> {
        let fields = self.columns.iter().map(|(name, kind)| {
            let kind: DataType = kind.parse().ok()?;
            Some(Field::new(name, kind, true))
        });
        let fields: Option<Vec<Field>> = fields.collect();
        fields
            .filter(|fields| !fields.is_empty())
            .map(ArrowSchema::new)
    }

    pub(super) fn note_columns(&mut self, schema: &ArrowSchema) {
        let fields = schema.fields().iter();
        self.columns = fields
            .map(|field| (field.name().clone(), field.data_type().to_string()))
            .collect();
    }

    /// The JSON of how far the table is; an empty one where no run has come so far as to say it.
    pub(crate) fn state_json(&self) -> String {
        match &self.sync {
            Value::Null => "{}".to_owned(),
            state => state.to_string(),
        }
    }

    /// Whether the table is there, though its files may be lost.
    pub(crate) fn exists(&self) -> bool {
        !(self.parts.is_empty() && self.columns.is_empty())
    }

    pub(crate) fn deleted(&self) -> u64 {
        self.parts.values().map(|part| part.deleted.len()).sum()
    }
}
