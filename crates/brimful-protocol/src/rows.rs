//! Rows of lists, cut out of a reply in one pass and never parsed: a row is a slice of the body and its ID.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use crate::envelope::{ApiError, Envelope, EnvelopeError};
use crate::scalar;
use crate::time::Time;

/// Where the rows of a list are in its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place<'a> {
    /// The key of `result` that holds them; `None`: `result` itself is the list, or holds exactly one.
    pub key: Option<&'a str>,
    /// The ID field of a row, found in any case of its letters.
    pub id: Option<&'a str>,
}

/// One page of a list. The rows share the body they came in.
#[derive(Clone, Default)]
pub struct Page {
    body: Bytes,
    rows: Vec<Span>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
    id: Option<u64>,
}

/// A row: raw JSON, and the ID if the row has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// The ID, if the row has one that is a number.
    pub id: Option<u64>,
    /// The row as the portal wrote it.
    pub json: &'a str,
}

impl<'a> Row<'a> {
    /// Reads the row as a type.
    pub fn parse<T: Deserialize<'a>>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.json)
    }
}

impl Page {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Row<'_>> + ExactSizeIterator {
        self.rows.iter().map(|span| Row {
            id: span.id,
            json: std::str::from_utf8(&self.body[span.range()]).unwrap_or_default(),
        })
    }

    /// The raw bytes of the rows in order.
    pub fn raw(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.rows.iter().map(|span| &self.body[span.range()])
    }

    /// The IDs of the rows in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = Option<u64>> + ExactSizeIterator {
        self.rows.iter().map(|span| span.id)
    }

    /// The bytes of the rows, without what stands between them.
    pub fn bytes(&self) -> usize {
        self.rows.iter().map(|span| span.range().len()).sum()
    }

    /// Keeps the rows whose ID passes.
    pub fn retain_ids(&mut self, mut keep: impl FnMut(Option<u64>) -> bool) {
        self.rows.retain(|span| keep(span.id));
    }

    /// Turns the order of the rows round.
    pub fn reverse(&mut self) {
        self.rows.reverse();
    }

    /// Copies the rows out of the body they share, so that a few kept rows do not hold a whole reply in memory.
    #[must_use]
    pub fn detached(&self) -> Self {
        let mut body = Vec::with_capacity(self.bytes());
        let rows = self
            .rows
            .iter()
            .map(|span| {
                let start = body.len() as u32;
                body.extend_from_slice(&self.body[span.range()]);
                Span {
                    start,
                    end: body.len() as u32,
                    id: span.id,
                }
            })
            .collect();
        Self {
            body: body.into(),
            rows,
        }
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.ids().collect();
        f.debug_struct("Page")
            .field("rows", &self.rows.len())
            .field("ids", &ids)
            .finish()
    }
}

impl Span {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The reply to one list call.
#[derive(Debug)]
pub struct ListReply {
    /// The rows.
    pub page: Page,
    /// `start` of the next page.
    pub next: Option<u64>,
    /// How many rows match in all.
    pub total: Option<u64>,
    /// The portal's clock and counters.
    pub time: Option<Time>,
}

/// What became of one command of a batch of lists.
#[derive(Debug)]
pub enum PageOutcome {
    /// A page.
    Page {
        /// The rows.
        page: Page,
        /// `start` of the next page.
        next: Option<u64>,
        /// How many rows match in all.
        total: Option<u64>,
    },
    /// The command failed.
    Error(ApiError),
    /// The reply has neither a result nor an error for it.
    NotRun,
}

/// The reply to a batch of lists.
#[derive(Debug)]
pub struct BatchOfLists {
    /// One outcome for each label asked for, in that order.
    pub outcomes: Vec<PageOutcome>,
    /// The time of the whole request.
    pub time: Option<Time>,
    /// The times of its commands, where the portal reports them.
    pub times: Vec<Option<Time>>,
}

/// Why a reply is no list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowsError {
    /// The body is no envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The portal answered with an error.
    #[error(transparent)]
    Api(ApiError),
    /// The result holds no rows where rows were expected.
    #[error("a result without rows: {0}")]
    NoRows(String),
    /// The body is over 4 GiB.
    #[error("a reply of {0} bytes, over the limit of 4 GiB")]
    TooLarge(usize),
}

impl RowsError {
    fn of(body: &[u8], error: &serde_json::Error) -> Self {
        if error.is_data() {
            // The JSON is sound but not of the shape: say what it is.
            return match Envelope::parse(body) {
                Ok(Envelope {
                    error: Some(error), ..
                }) => Self::Api(error),
                Ok(_) => Self::NoRows(error.to_string()),
                Err(error) => Self::Envelope(error),
            };
        }
        Self::Envelope(EnvelopeError::of(body, error))
    }
}

/// Reads the reply to one list call.
pub fn read_list(body: &Bytes, place: Place<'_>) -> Result<ListReply, RowsError> {
    let text = check(body)?;
    let mut reply = ListReply {
        page: Page::default(),
        next: None,
        total: None,
        time: None,
    };
    let mut found = Found::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = ListEnvelope {
        base: text,
        place,
        reply: &mut reply,
        found: &mut found,
    };
    seed.deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| RowsError::of(body, &error))?;
    found.check(body)?;
    reply.page.body = body.clone();
    Ok(reply)
}

/// Reads the reply to a batch of lists, one outcome for each of `labels`.
pub fn read_batch(
    body: &Bytes,
    labels: &[String],
    place: Place<'_>,
) -> Result<BatchOfLists, RowsError> {
    let text = check(body)?;
    let mut batch = Commands {
        labels,
        slots: Vec::new(),
        time: None,
    };
    batch.slots.resize_with(labels.len(), Slot::default);
    let mut found = Found::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = BatchEnvelope {
        base: text,
        place,
        batch: &mut batch,
        found: &mut found,
    };
    seed.deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| RowsError::of(body, &error))?;
    found.check(body)?;
    let mut times = Vec::with_capacity(labels.len());
    let outcomes = batch
        .slots
        .into_iter()
        .map(|slot| {
            times.push(slot.time);
            match (slot.error, slot.rows) {
                (Some(error), _) => PageOutcome::Error(error),
                (None, Some(rows)) => {
                    let page = Page {
                        body: body.clone(),
                        rows,
                    };
                    PageOutcome::Page {
                        page,
                        next: slot.next,
                        total: slot.total,
                    }
                }
                (None, None) => PageOutcome::NotRun,
            }
        })
        .collect();
    Ok(BatchOfLists {
        outcomes,
        time: batch.time,
        times,
    })
}

fn check(body: &Bytes) -> Result<&str, RowsError> {
    if u32::try_from(body.len()).is_err() {
        return Err(RowsError::TooLarge(body.len()));
    }
    std::str::from_utf8(body).map_err(|error| {
        let start = String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned();
        RowsError::Envelope(EnvelopeError::NotJson {
            reason: error.to_string(),
            start,
        })
    })
}

/// What the envelope turned out to hold.
#[derive(Default)]
struct Found {
    result: bool,
    error: bool,
}

impl Found {
    fn check(&self, body: &[u8]) -> Result<(), RowsError> {
        if self.result && !self.error {
            return Ok(());
        }
        match Envelope::parse(body)? {
            Envelope {
                error: Some(error), ..
            } => Err(RowsError::Api(error)),
            Envelope {
                result: Some(result),
                ..
            } => Err(RowsError::NoRows(result.get().chars().take(120).collect())),
            Envelope { .. } => Err(RowsError::NoRows(String::new())),
        }
    }
}

struct ListEnvelope<'a, 'o> {
    base: &'a str,
    place: Place<'a>,
    reply: &'o mut ListReply,
    found: &'o mut Found,
}

impl<'de, 'a: 'de> DeserializeSeed<'de> for ListEnvelope<'a, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, 'a: 'de> Visitor<'de> for ListEnvelope<'a, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reply")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<&str>()? {
            match key {
                "result" => {
                    let seed = ResultSeed {
                        base: self.base,
                        place: self.place,
                    };
                    self.reply.page.rows = entries.next_value_seed(seed)?;
                    self.found.result = true;
                }
                "next" => self.reply.next = entries.next_value::<Count>()?.0,
                "total" => self.reply.total = entries.next_value::<Count>()?.0,
                "time" => self.reply.time = entries.next_value::<Lenient<Time>>()?.0,
                "error" => self.found.error |= entries.next_value::<&RawValue>()?.get() != "null",
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Slot {
    rows: Option<Vec<Span>>,
    error: Option<ApiError>,
    next: Option<u64>,
    total: Option<u64>,
    time: Option<Time>,
}

struct Commands<'l> {
    labels: &'l [String],
    slots: Vec<Slot>,
    time: Option<Time>,
}

impl Commands<'_> {
    /// The slot of `label`. Portals answer in the order of the commands, so the next one is nearly always right.
    fn slot(&mut self, label: &str, expected: &mut usize) -> Option<&mut Slot> {
        if self.labels.get(*expected).is_none_or(|l| l != label) {
            *expected = self.labels.iter().position(|l| l == label)?;
        }
        *expected += 1;
        self.slots.get_mut(*expected - 1)
    }
}

struct BatchEnvelope<'a, 'o, 'l> {
    base: &'a str,
    place: Place<'a>,
    batch: &'o mut Commands<'l>,
    found: &'o mut Found,
}

impl<'de, 'a: 'de> DeserializeSeed<'de> for BatchEnvelope<'a, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, 'a: 'de> Visitor<'de> for BatchEnvelope<'a, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reply to batch")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<&str>()? {
            match key {
                "result" => {
                    let seed = BatchResult {
                        base: self.base,
                        place: self.place,
                        batch: self.batch,
                    };
                    entries.next_value_seed(seed)?;
                    self.found.result = true;
                }
                "time" => self.batch.time = entries.next_value::<Lenient<Time>>()?.0,
                "error" => self.found.error |= entries.next_value::<&RawValue>()?.get() != "null",
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct BatchResult<'a, 'o, 'l> {
    base: &'a str,
    place: Place<'a>,
    batch: &'o mut Commands<'l>,
}

impl<'de, 'a: 'de> DeserializeSeed<'de> for BatchResult<'a, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, 'a: 'de> Visitor<'de> for BatchResult<'a, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the result of batch")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<&str>()? {
            let part = match key {
                "result" => Part::Result,
                "result_error" => Part::Error,
                "result_total" => Part::Total,
                "result_next" => Part::Next,
                "result_time" => Part::Time,
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            entries.next_value_seed(PartSeed {
                base: self.base,
                place: self.place,
                part,
                batch: self.batch,
            })?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Part {
    Result,
    Error,
    Total,
    Next,
    Time,
}

/// One part of the result of `batch`: an object by label, or an array where the labels are `0..n` or there are none.
struct PartSeed<'a, 'o, 'l> {
    base: &'a str,
    place: Place<'a>,
    part: Part,
    batch: &'o mut Commands<'l>,
}

impl<'a> PartSeed<'a, '_, '_> {
    /// Reads one entry, through `read`, which deserializes the value by the seed it is given.
    fn entry<'de, E>(
        &mut self,
        label: &str,
        expected: &mut usize,
        read: impl FnOnce(EntrySeed<'a>) -> Result<Entry, E>,
    ) -> Result<(), E> {
        let entry = read(EntrySeed {
            base: self.base,
            place: self.place,
            part: self.part,
        })?;
        let Some(slot) = self.batch.slot(label, expected) else {
            return Ok(());
        };
        match entry {
            Entry::Rows(rows) => slot.rows = Some(rows),
            Entry::Error(error) => slot.error = Some(error),
            Entry::Total(total) => slot.total = total,
            Entry::Next(next) => slot.next = next,
            Entry::Time(time) => slot.time = time,
        }
        Ok(())
    }
}

impl<'de, 'a: 'de> DeserializeSeed<'de> for PartSeed<'a, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, 'a: 'de> Visitor<'de> for PartSeed<'a, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a PHP array keyed by command")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let mut expected = 0;
        let mut index = 0;
        loop {
            let mut more = true;
            let label = index.to_string();
            self.entry(&label, &mut expected, |seed| {
                match items.next_element_seed(seed)? {
                    Some(entry) => Ok(entry),
                    None => {
                        more = false;
                        Ok(Entry::Next(None))
                    }
                }
            })?;
            if !more {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        let mut expected = 0;
        while let Some(label) = entries.next_key::<std::borrow::Cow<'de, str>>()? {
            self.entry(&label, &mut expected, |seed| entries.next_value_seed(seed))?;
        }
        Ok(())
    }
}

enum Entry {
    Rows(Vec<Span>),
    Error(ApiError),
    Total(Option<u64>),
    Next(Option<u64>),
    Time(Option<Time>),
}

struct EntrySeed<'a> {
    base: &'a str,
    place: Place<'a>,
    part: Part,
}

impl<'de, 'a: 'de> DeserializeSeed<'de> for EntrySeed<'a> {
    type Value = Entry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entry, D::Error> {
        Ok(match self.part {
            Part::Result => Entry::Rows(
                ResultSeed {
                    base: self.base,
                    place: self.place,
                }
                .deserialize(deserializer)?,
            ),
            Part::Error => Entry::Error(ApiError::deserialize(deserializer)?),
            Part::Total => Entry::Total(Count::deserialize(deserializer)?.0),
            Part::Next => Entry::Next(Count::deserialize(deserializer)?.0),
            Part::Time => Entry::Time(<Lenient<Time>>::deserialize(deserializer)?.0),
        })
    }
}

/// The result of one list: the rows themselves, or an object that holds them under a key.
struct ResultSeed<'a> {
    base: &'a str,
    place: Place<'a>,
}

impl<'de, 'a: 'de> DeserializeSeed<'de> for ResultSeed<'a> {
    type Value = Vec<Span>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Span>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, 'a: 'de> Visitor<'de> for ResultSeed<'a> {
    type Value = Vec<Span>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows, or an object that holds one")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Vec<Span>, A::Error> {
        rows(self.base, self.place.id, items)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Vec<Span>, A::Error> {
        let mut found: Option<Vec<Span>> = None;
        let mut exact = false;
        while let Some(key) = entries.next_key::<std::borrow::Cow<'de, str>>()? {
            let wanted = self.place.key.is_some_and(|k| k == key);
            if exact || (!wanted && found.is_some()) {
                let raw = entries.next_value::<&RawValue>()?;
                if !exact && self.place.key.is_none() && raw.get().starts_with('[') {
                    return Err(A::Error::custom(
                        "several lists in one result: name the key of the rows",
                    ));
                }
                continue;
            }
            let seed = Inner {
                base: self.base,
                id: self.place.id,
                map_is_rows: wanted,
            };
            if let Some(rows) = entries.next_value_seed(seed)? {
                found = Some(rows);
                exact = wanted;
            }
        }
        found.ok_or_else(|| A::Error::custom("an object without a list in it"))
    }
}

/// The value under a key of the result: rows if it is a list, or, under the right key, an object keyed by ID.
struct Inner<'a> {
    base: &'a str,
    id: Option<&'a str>,
    map_is_rows: bool,
}

impl<'de, 'a: 'de> DeserializeSeed<'de> for Inner<'a> {
    type Value = Option<Vec<Span>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, 'a: 'de> Visitor<'de> for Inner<'a> {
    type Value = Option<Vec<Span>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        rows(self.base, self.id, items).map(Some)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut spans = Vec::new();
        while let Some((_, raw)) = entries.next_entry::<IgnoredAny, &'de RawValue>()? {
            if self.map_is_rows {
                spans.push(span(self.base, raw, self.id));
            }
        }
        Ok(self.map_is_rows.then_some(spans))
    }
}

fn rows<'de, A: SeqAccess<'de>>(
    base: &str,
    id: Option<&str>,
    mut items: A,
) -> Result<Vec<Span>, A::Error> {
    let mut spans = Vec::with_capacity(50);
    while let Some(raw) = items.next_element::<&'de RawValue>()? {
        spans.push(span(base, raw, id));
    }
    Ok(spans)
}

fn span(base: &str, raw: &RawValue, id: Option<&str>) -> Span {
    let start = raw.get().as_ptr().addr() - base.as_ptr().addr();
    let end = start + raw.get().len();
    Span {
        start: start as u32,
        end: end as u32,
        id: id.and_then(|field| row_id(raw.get(), field)),
    }
}

/// The ID of a row, from the field `field` in any case of its letters: a number or a string of digits.
pub fn row_id(row: &str, field: &str) -> Option<u64> {
    if let Some(id) = leading_id(row.as_bytes(), field.as_bytes()) {
        return Some(id);
    }
    let mut found = None;
    let mut deserializer = serde_json::Deserializer::from_str(row);
    // The visitor leaves the row unfinished once it has the ID, so the deserializer's own verdict is of no interest.
    let _ = deserializer.deserialize_map(FindId {
        field,
        found: &mut found,
    });
    found
}

/// The ID where it is the first field, as it nearly always is: `{"ID":"123"` or `{"ID":123`.
fn leading_id(row: &[u8], field: &[u8]) -> Option<u64> {
    let rest = row.strip_prefix(b"{\"")?;
    let (name, rest) = rest.split_at_checked(field.len())?;
    let rest = if name.eq_ignore_ascii_case(field) {
        rest.strip_prefix(b"\":")?
    } else {
        return None;
    };
    let (quoted, rest) = match rest.strip_prefix(b"\"") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let closes = if quoted {
        rest.get(digits) == Some(&b'"')
    } else {
        matches!(rest.get(digits), Some(b',' | b'}'))
    };
    if digits == 0 || digits > 18 || !closes {
        return None;
    }
    Some(
        rest[..digits]
            .iter()
            .fold(0, |id, b| id * 10 + u64::from(b - b'0')),
    )
}

struct FindId<'o> {
    field: &'o str,
    found: &'o mut Option<u64>,
}

impl<'de> Visitor<'de> for FindId<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<std::borrow::Cow<'de, str>>()? {
            if key.eq_ignore_ascii_case(self.field) {
                *self.found = entries.next_value::<OptionalId>()?.0;
                return Ok(());
            }
            entries.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct OptionalId(#[serde(deserialize_with = "scalar::optional_id")] Option<u64>);

/// A count that may be a string, or nonsense.
struct Count(Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(raw.get().trim_matches('"').parse().ok()))
    }
}

/// A value, or `None` where it is of another shape: a list is not lost because its `time` is odd.
struct Lenient<T>(Option<T>);

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}
