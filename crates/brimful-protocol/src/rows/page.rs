//! One page of a list.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;

use super::id::{FoundId, Identity};

/// One page of a list. The rows share the body they came in.
///
/// ```no_run
/// # fn example(page: brimful_protocol::rows::Page) {
/// for row in page.iter() {
///     println!("{:?}: {}", row.id, row.json);
/// }
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Page {
    body: Bytes,
    rows: Vec<Span>,
    may_have_line_breaks: bool,
}

/// Where a row lies in the body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    start: u32,
    end: u32,
    id: FoundId,
}

/// A row: raw JSON, and the ID if the row has one.
///
/// ```no_run
/// # fn example(page: brimful_protocol::rows::Page) -> Result<(), serde_json::Error> {
/// #[derive(serde::Deserialize)]
/// struct Lead<'a> {
///     #[serde(rename = "ID")]
///     id: &'a str,
/// }
///
/// for row in page.iter() {
///     println!("{}", row.parse::<Lead>()?.id);
/// }
/// # Ok(())
/// # }
/// ```
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
    pub(crate) fn new(body: Bytes, rows: Vec<Span>, may_have_line_breaks: bool) -> Self {
        Self {
            body,
            rows,
            may_have_line_breaks,
        }
    }

    /// A page of the rows at these places of a body of less than 4 GiB, each with its ID.
    pub fn of_places(
        body: Bytes,
        rows: impl IntoIterator<Item = (Range<usize>, Option<u64>)>,
    ) -> Self {
        let rows = rows.into_iter().map(|(place, id)| Span::new(&place, id));
        Self::new(body, rows.collect(), true)
    }

    /// Whether there may be line breaks within rows, between their tokens. If not, each row is one line.
    ///
    /// ```
    /// use brimful_protocol::rows::{Place, read_list};
    /// let read = |body: &'static str| read_list(&body.into(), Place::default()).unwrap().page;
    /// assert!(!read(r#"{"result": [{"ID": "7", "TITLE": "two\nlines"}]}"#).may_have_line_breaks());
    /// assert!(read("{\"result\": [{\"ID\":\n\"7\"}]}").may_have_line_breaks());
    /// ```
    pub fn may_have_line_breaks(&self) -> bool {
        self.may_have_line_breaks
    }

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
        self.rows.iter().map(|span| span.row(&self.body))
    }

    /// The row at `index`.
    pub fn get(&self, index: usize) -> Option<Row<'_>> {
        self.iter().nth(index)
    }

    /// The raw bytes of the rows in order.
    pub fn raw(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.rows.iter().map(|span| &self.body[span.range()])
    }

    /// The IDs of the rows in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = Option<u64>> + ExactSizeIterator {
        self.rows.iter().map(|span| span.number(&self.body))
    }

    /// What tells the rows apart, in order: IDs of any kind, or the content of rows without an ID.
    pub fn identities(&self) -> impl DoubleEndedIterator<Item = Identity> + ExactSizeIterator {
        self.rows
            .iter()
            .map(|span| span.id.identity(&self.body[span.range()]))
    }

    /// The bytes of the rows, without what stands between them.
    pub fn bytes(&self) -> usize {
        self.rows.iter().map(|span| span.range().len()).sum()
    }

    /// Keeps the rows whose ID passes.
    pub fn retain_ids(&mut self, mut keep: impl FnMut(Option<u64>) -> bool) {
        let body = &self.body;
        self.rows.retain(|span| keep(span.number(body)));
    }

    /// Keeps the rows that pass.
    pub fn retain(&mut self, mut keep: impl FnMut(Row<'_>) -> bool) {
        let body = &self.body;
        self.rows.retain(|span| keep(span.row(body)));
    }

    /// Turns the order of the rows round.
    pub fn reverse(&mut self) {
        self.rows.reverse();
    }

    /// Puts the rows in the order of their IDs; rows without one come last, as they came.
    pub fn sort_by_id(&mut self) {
        let body = &self.body;
        self.rows
            .sort_by_key(|span| span.number(body).map_or((1, 0), |id| (0, id)));
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
            may_have_line_breaks: self.may_have_line_breaks,
        }
    }
}

/// Rows in another shape than they came in: their IDs, and their JSON.
impl FromIterator<(Option<u64>, String)> for Page {
    fn from_iter<I: IntoIterator<Item = (Option<u64>, String)>>(rows: I) -> Self {
        let mut body = Vec::new();
        let rows = rows
            .into_iter()
            .map(|(id, json)| {
                let start = body.len();
                body.extend_from_slice(json.as_bytes());
                Span::new(&(start..body.len()), id)
            })
            .collect();
        Self::new(body.into(), rows, true)
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.ids().collect();
        f.debug_struct("Page")
            .field("rows", &self.rows.len())
            .field("ids", &ids)
            .finish_non_exhaustive()
    }
}

impl Span {
    /// The span of a row in a body of less than 4 GiB.
    pub(crate) fn new(range: &Range<usize>, id: Option<u64>) -> Self {
        Self::found(range, id.map_or(FoundId::Nowhere, FoundId::Number))
    }

    pub(super) fn found(range: &Range<usize>, id: FoundId) -> Self {
        Self {
            start: range.start as u32,
            end: range.end as u32,
            id,
        }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    #[inline]
    fn number(self, body: &[u8]) -> Option<u64> {
        match self.id {
            FoundId::Number(id) => Some(id),
            id => id.number(&body[self.range()]),
        }
    }

    fn row(self, body: &[u8]) -> Row<'_> {
        Row {
            id: self.number(body),
            json: simdutf8::basic::from_utf8(&body[self.range()]).unwrap_or_default(),
        }
    }
}
