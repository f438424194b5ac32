//! Reading replies: the envelope and the batch are walked, rows are only stepped over.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::cursor::{Broken, Cursor, Quoted};
use super::id::skip_row;
use super::page::{Page, Span};
use super::{BatchOfLists, ListReply, PageOutcome, PagingHints, Place, RowsError};
use crate::envelope::{ApiError, Envelope};
use crate::scalar;
use crate::time::Time;

/// Reads the reply to one list call.
///
/// ```
/// use brimful_protocol::rows::{Place, read_list};
/// let body = br#"{"result":{"tasks":[{"id":"7","title":"Call"}]},"next":50,"total":2513}"#[..].into();
/// let reply = read_list(&body, Place { key: Some("tasks"), id: Some("ID") }).unwrap();
/// assert_eq!((reply.page.len(), reply.next, reply.total), (1, Some(50), Some(2513)));
/// assert_eq!(reply.page.iter().next().unwrap().id, Some(7));
/// ```
pub fn read_list(body: &Bytes, place: Place<'_>) -> Result<ListReply, RowsError> {
    let mut result = None;
    let mut reply = ListReply {
        page: Page::default(),
        next: None,
        total: None,
        paging: PagingHints::default(),
        time: None,
    };
    let walked = walk(body, |cursor, key| {
        match key {
            "result" => result = Some(list(cursor, place)?),
            "next" => reply.next = scalar::parse_count(cursor.value()?),
            "total" => reply.total = scalar::parse_count(cursor.value()?),
            "time" => reply.time = lenient(cursor.value()?),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    match (walked.error, result) {
        (false, Some(Ok(found))) => {
            reply.page = Page::new(body.clone(), found.rows, walked.line_breaks);
            reply.paging = found.paging;
        }
        (false, Some(Err(shape))) => return Err(RowsError::NoRows(shape.to_owned())),
        (true, _) | (_, None) => return Err(no_result(body)),
    }
    Ok(reply)
}

/// Reads the reply to a batch of lists, one outcome for each of `labels`.
///
/// A command whose result is not a list fails the whole reply, unless the portal also names an error for it: it would
/// mean that `place` is wrong, and rows would be lost in silence.
pub fn read_batch(
    body: &Bytes,
    labels: &[String],
    place: Place<'_>,
) -> Result<BatchOfLists, RowsError> {
    let mut slots = Vec::new();
    slots.resize_with(labels.len(), Slot::default);
    let mut commands = Commands {
        labels,
        slots,
        place,
    };
    let mut is_batch = None;
    let mut time = None;
    let walked = walk(body, |cursor, key| {
        match key {
            "result" => is_batch = Some(commands.read(cursor)?),
            "time" => time = lenient(cursor.value()?),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    match (walked.error, is_batch) {
        (false, Some(true)) => {}
        (false, Some(false)) => {
            return Err(RowsError::NoRows(
                "the result is not that of a batch".to_owned(),
            ));
        }
        (true, _) | (_, None) => return Err(no_result(body)),
    }
    let mut outcomes = Vec::with_capacity(labels.len());
    let mut times = Vec::with_capacity(labels.len());
    for (slot, label) in commands.slots.into_iter().zip(labels) {
        times.push(slot.time);
        outcomes.push(match (slot.error, slot.rows) {
            (Some(error), _) => PageOutcome::Error(error),
            (None, Some(Ok(found))) => PageOutcome::Page {
                page: Page::new(body.clone(), found.rows, walked.line_breaks),
                next: slot.next,
                total: slot.total,
                paging: found.paging,
            },
            (None, Some(Err(shape))) => {
                return Err(RowsError::NoRows(format!("command {label}: {shape}")));
            }
            (None, None) => PageOutcome::NotRun,
        });
    }
    Ok(BatchOfLists {
        outcomes,
        time,
        times,
    })
}

/// Reads the reply to a batch of REST 3.0, whose result has one list for each of `commands` calls, in their order.
///
/// ```
/// use brimful_protocol::rows::{PageOutcome, Place, read_lists};
/// let body = br#"{"result":[{"items":[{"id":1}]},{"items":[]}],"time":{"start":1}}"#[..].into();
/// let reply = read_lists(&body, 2, Place { key: Some("items"), id: Some("id") }).unwrap();
/// let rows = reply.outcomes.iter().map(|outcome| match outcome {
///     PageOutcome::Page { page, .. } => page.len(),
///     _ => 0,
/// });
/// assert_eq!(rows.collect::<Vec<_>>(), [1, 0]);
/// ```
///
/// # Errors
/// The error of the first call that failed: the portal answers nothing else then. Or a result that is not so many lists:
/// rows would be lost in silence.
pub fn read_lists(
    body: &Bytes,
    commands: usize,
    place: Place<'_>,
) -> Result<BatchOfLists, RowsError> {
    let mut lists: Option<Vec<ListRows>> = None;
    let mut time = None;
    let walked = walk(body, |cursor, key| {
        match key {
            "result" if cursor.peek()? == b'[' => {
                let mut found = Vec::with_capacity(commands.min(body.len()));
                cursor.array(|cursor| {
                    found.push(list(cursor, place)?);
                    Ok(())
                })?;
                lists = Some(found);
            }
            "time" => time = lenient(cursor.value()?),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    let (false, Some(lists)) = (walked.error, lists) else {
        return Err(no_result(body));
    };
    if lists.len() != commands {
        let found = lists.len();
        return Err(RowsError::NoRows(format!(
            "{found} results for {commands} calls"
        )));
    }
    let mut outcomes = Vec::with_capacity(commands);
    for (at, found) in lists.into_iter().enumerate() {
        let found = found.map_err(|shape| RowsError::NoRows(format!("call {at}: {shape}")))?;
        outcomes.push(PageOutcome::Page {
            page: Page::new(body.clone(), found.rows, walked.line_breaks),
            next: None,
            total: None,
            paging: found.paging,
        });
    }
    let times = outcomes.iter().map(|_| None).collect();
    Ok(BatchOfLists {
        outcomes,
        time,
        times,
    })
}

/// What is known of a reply that was walked to its end.
struct Walked {
    /// It has an error.
    error: bool,
    /// It has line breaks between its tokens.
    line_breaks: bool,
}

/// Walks the envelope.
fn walk<'a>(
    body: &'a Bytes,
    mut each: impl FnMut(&mut Cursor<'a>, &str) -> Result<(), Broken>,
) -> Result<Walked, RowsError> {
    if u32::try_from(body.len()).is_err() {
        return Err(RowsError::TooLarge(body.len()));
    }
    let Ok(text) = simdutf8::basic::from_utf8(body) else {
        return Err(no_result(body));
    };
    let mut cursor = Cursor::new(text);
    let mut error = false;
    cursor
        .object(|cursor, key| match &*key.decoded() {
            "error" => {
                error = cursor.value()? != "null";
                Ok(())
            }
            key => each(cursor, key),
        })
        .and_then(|()| {
            if cursor.is_at_end() {
                Ok(Walked {
                    error,
                    line_breaks: cursor.line_breaks(),
                })
            } else {
                Err(Broken)
            }
        })
        .map_err(|Broken| no_result(body))
}

/// What a body is that is not a reply with a result. Not worth being fast.
fn no_result(body: &[u8]) -> RowsError {
    match Envelope::parse(body) {
        Ok(Envelope {
            error: Some(error), ..
        }) => RowsError::Api(error),
        Ok(_) => RowsError::NoRows("a reply that cannot be walked".to_owned()),
        Err(error) => RowsError::Envelope(error),
    }
}

/// The rows and what stands beside them, or what stands there instead of them.
type ListRows = Result<Found, &'static str>;

#[derive(Default)]
struct Found {
    rows: Vec<Span>,
    paging: PagingHints,
}

impl From<Vec<Span>> for Found {
    fn from(rows: Vec<Span>) -> Self {
        Self {
            rows,
            paging: PagingHints::default(),
        }
    }
}

/// Reads the result of one list: the rows themselves, or an object that holds them.
fn list(cursor: &mut Cursor<'_>, place: Place<'_>) -> Result<ListRows, Broken> {
    match cursor.peek()? {
        b'[' => items(cursor, place.id).map(|rows| Ok(rows.into())),
        b'{' => object_with_list(cursor, place),
        other => {
            cursor.skip()?;
            Ok(Err(kind(other)))
        }
    }
}

/// Finds the rows in an object: under the key, or else in the one list there is, or else in the one object of rows by
/// their IDs, or else the object itself is the list with gaps in its numbering, which PHP does not write as an array.
fn object_with_list(cursor: &mut Cursor<'_>, place: Place<'_>) -> Result<ListRows, Broken> {
    let mut named: Option<ListRows> = None;
    let mut only: Option<ListRows> = None;
    let mut by_id: Option<ListRows> = None;
    let mut numbered = Some(Vec::new());
    let mut paging = PagingHints::default();
    cursor.object(|cursor, key| {
        if place.key.is_some_and(|wanted| key.decoded() == wanted) {
            named = Some(match cursor.peek()? {
                b'[' => Ok(items(cursor, place.id)?.into()),
                b'{' => Ok(entries(cursor, place.id)?.into()),
                other => {
                    cursor.skip()?;
                    Err(kind(other))
                }
            });
            return Ok(());
        }
        if says_more(cursor, key, &mut paging)? {
            numbered = None;
            return Ok(());
        }
        match cursor.peek()? {
            b'[' if only.is_none() => only = Some(Ok(items(cursor, place.id)?.into())),
            b'[' => {
                only = Some(Err("several lists: name the key of the rows"));
                cursor.skip()?;
            }
            b'{' if !is_number(key) => {
                if let Some(rows) = rows_by_id(cursor, place.id)? {
                    by_id = Some(match by_id {
                        None => Ok(rows.into()),
                        Some(_) => Err("several lists: name the key of the rows"),
                    });
                }
            }
            b'{' if is_number(key) => {
                let row = row(cursor, place.id)?;
                if let Some(rows) = &mut numbered {
                    rows.push(row);
                }
                return Ok(());
            }
            _ => cursor.skip()?,
        }
        numbered = None;
        Ok(())
    })?;
    let found = named
        .or(only)
        .or(by_id)
        .or(numbered.map(|rows| Ok(rows.into())))
        .unwrap_or(Err("an object without a list"));
    Ok(found.map(|found| Found { paging, ..found }))
}

/// Takes what a key beside the rows says of more of them; `false` where it says nothing of that.
fn says_more(
    cursor: &mut Cursor<'_>,
    key: Quoted<'_>,
    paging: &mut PagingHints,
) -> Result<bool, Broken> {
    match &*key.decoded() {
        "hasMore" | "HAS_MORE" => paging.more = lenient_flag(cursor.value()?),
        "nextCursor" | "afterCursor" | "nextOffset" => {
            let value = cursor.value()?;
            if value != "null" && paging.cursor.is_none() {
                paging.cursor = lenient(value);
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// A boolean as portals write it: `true`, `"Y"`, `1`.
fn lenient_flag(json: &str) -> Option<bool> {
    match json {
        "true" | "\"Y\"" | "\"1\"" | "1" => Some(true),
        "false" | "\"N\"" | "\"0\"" | "0" => Some(false),
        _ => None,
    }
}

fn is_number(key: Quoted<'_>) -> bool {
    let digits = key.inside();
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The rows of an array.
fn items(cursor: &mut Cursor<'_>, id: Option<&str>) -> Result<Vec<Span>, Broken> {
    let mut rows = Vec::new();
    cursor.array(|cursor| {
        if rows.is_empty() {
            rows.reserve(50);
        }
        rows.push(row(cursor, id)?);
        Ok(())
    })?;
    Ok(rows)
}

/// The rows of an object keyed by ID.
fn entries(cursor: &mut Cursor<'_>, id: Option<&str>) -> Result<Vec<Span>, Broken> {
    let mut rows = Vec::new();
    cursor.object(|cursor, _| {
        rows.push(row(cursor, id)?);
        Ok(())
    })?;
    Ok(rows)
}

/// Steps over an object; its values, if it has any and they are all objects by numbers.
fn rows_by_id(cursor: &mut Cursor<'_>, id: Option<&str>) -> Result<Option<Vec<Span>>, Broken> {
    let mut rows = Some(Vec::new());
    cursor.object(|cursor, key| {
        if !is_number(key) || cursor.peek()? != b'{' {
            rows = None;
        }
        match &mut rows {
            Some(rows) => rows.push(row(cursor, id)?),
            None => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(rows.filter(|rows| !rows.is_empty()))
}

fn row(cursor: &mut Cursor<'_>, field: Option<&str>) -> Result<Span, Broken> {
    let (range, id) = skip_row(cursor, field)?;
    Ok(Span::found(&range, id))
}

fn kind(first: u8) -> &'static str {
    match first {
        b'"' => "a string",
        b't' | b'f' => "a boolean",
        b'n' => "null",
        _ => "a number",
    }
}

/// What a batch reply says of one command.
#[derive(Default)]
struct Slot {
    rows: Option<ListRows>,
    error: Option<ApiError>,
    next: Option<u64>,
    total: Option<u64>,
    time: Option<Time>,
}

struct Commands<'l, 'p> {
    labels: &'l [String],
    slots: Vec<Slot>,
    place: Place<'p>,
}

#[derive(Clone, Copy)]
enum Part {
    Result,
    Error,
    Total,
    Next,
    Time,
}

impl Commands<'_, '_> {
    /// Reads the result of the batch; `false` where it is something else.
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, Broken> {
        if cursor.peek()? != b'{' {
            cursor.skip()?;
            return Ok(false);
        }
        let mut is_batch = false;
        cursor.object(|cursor, key| {
            let part = match &*key.decoded() {
                "result" => Part::Result,
                "result_error" => Part::Error,
                "result_total" => Part::Total,
                "result_next" => Part::Next,
                "result_time" => Part::Time,
                _ => return cursor.skip(),
            };
            is_batch = true;
            self.part(cursor, part)
        })?;
        Ok(is_batch)
    }

    /// One part of it: an object by label, or an array where the labels are `0..n` or where there are none.
    fn part(&mut self, cursor: &mut Cursor<'_>, part: Part) -> Result<(), Broken> {
        let mut expected = 0;
        match cursor.peek()? {
            b'{' => cursor.object(|cursor, label| {
                let label = label.decoded();
                let slot = self.find(&mut expected, |asked| asked == label);
                self.entry(cursor, part, slot)
            }),
            b'[' => {
                let mut index = 0;
                cursor.array(|cursor| {
                    let slot = self.find(&mut expected, |asked| spells(asked, index));
                    index += 1;
                    self.entry(cursor, part, slot)
                })
            }
            _ => cursor.skip(),
        }
    }

    /// The slot of a label. Portals answer in the order of the commands, so the next one is nearly always right.
    fn find(&self, expected: &mut usize, is: impl Fn(&str) -> bool) -> Option<usize> {
        let slot = match self.labels.get(*expected) {
            Some(label) if is(label) => *expected,
            _ => self.labels.iter().position(|label| is(label))?,
        };
        *expected = slot + 1;
        Some(slot)
    }

    fn entry(
        &mut self,
        cursor: &mut Cursor<'_>,
        part: Part,
        slot: Option<usize>,
    ) -> Result<(), Broken> {
        let Some(slot) = slot.and_then(|slot| self.slots.get_mut(slot)) else {
            return cursor.skip(); // Nobody asked for it.
        };
        match part {
            Part::Result => slot.rows = Some(list(cursor, self.place)?),
            Part::Error => slot.error = command_error(cursor.value()?),
            Part::Total => slot.total = scalar::parse_count(cursor.value()?),
            Part::Next => slot.next = scalar::parse_count(cursor.value()?),
            Part::Time => slot.time = lenient(cursor.value()?),
        }
        Ok(())
    }
}

/// Whether `label` is `index` in decimal digits.
fn spells(label: &str, index: usize) -> bool {
    let canonical = label == "0" || !label.starts_with(['0', '+']);
    canonical && label.parse() == Ok(index)
}

/// A command that failed stays failed, however oddly the portal words it.
fn command_error(json: &str) -> Option<ApiError> {
    (json != "null").then(|| serde_json::from_str(json).unwrap_or_else(|_| ApiError::new("", json)))
}

/// A value, or `None` where it is of another shape: a list is not lost because its `time` is odd.
fn lenient<T: DeserializeOwned>(json: &str) -> Option<T> {
    serde_json::from_str(json).ok()
}
