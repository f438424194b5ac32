//! The pages of a list: by index, several in a request, several requests at once.
//!
//! The next page begins where the received rows end, never where the server's `nextIndex` says (it is one too far). The
//! first page tells `total` and how many rows the server really gives to a page; from these the starts of the other pages
//! are planned. If a page turns out otherwise (short, or with another `total`), the pages planned behind it are dropped and
//! requested again from where the rows really end. When `total` falls, rows were deleted and others moved up over the
//! border: the walk goes back by as many, and rows that come again are dropped by their IDs. Some lists say `total` only
//! while it is above the size of a page: where it vanishes at the end, the list is read again from its beginning.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use brimful::Error;
use brimful::client_parts::decode;
use brimful::protocol::rows::Page;
use brimful_r7_protocol::{ListPage, read_page};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesOrdered, Stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tracing::debug;

use crate::client::Client;
use crate::item::Item;
use crate::outcome::BodyError;

/// What a list took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListReport {
    /// Rows returned, each once.
    pub rows: u64,
    /// Requests for pages that were answered.
    pub requests: u64,
    /// How many rows match, as the portal last said.
    pub total: Option<u64>,
    /// Rows that came again and were dropped: rows were inserted while the list was read, or the walk went back.
    pub repeated: u64,
    /// How often `total` fell or vanished and the walk went back: rows were deleted while the list was read.
    pub steps_back: u64,
}

/// The pages of a list, in its order. Memory holds those in flight, and 20 to 40 bytes for each row read.
pub struct Pages {
    client: Client,
    query: String,
    paging: Paging,
    /// Where the received rows end.
    position: u64,
    /// Where the requested pages end.
    planned: u64,
    started: bool,
    done: bool,
    in_flight: FuturesOrdered<BoxFuture<'static, Result<Vec<ExpectedPage>, Error>>>,
    ready: VecDeque<Page>,
    seen: SeenIds,
    /// How many rows were known when the list was last read again from its beginning.
    known_at_restart: Option<usize>,
    report: ListReport,
}

/// How pages are requested.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paging {
    /// The rows of a page: as many as the list asks for, until the first page shows how many the server returns.
    pub(super) size: u64,
    pub(super) pages_per_request: usize,
    pub(super) concurrent_requests: usize,
}

/// A page, and the index it was requested at.
struct ExpectedPage {
    start: u64,
    page: ListPage,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages")
            .field("query", &self.query)
            .field("position", &self.position)
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

impl Pages {
    pub(super) fn new(client: Client, query: String, paging: Paging) -> Self {
        Self {
            client,
            query,
            paging,
            position: 0,
            planned: 0,
            started: false,
            done: false,
            in_flight: FuturesOrdered::new(),
            ready: VecDeque::new(),
            seen: SeenIds::default(),
            known_at_restart: None,
            report: ListReport::default(),
        }
    }

    /// The next page; `None` after the last one. After an error there is no more.
    pub async fn next_page(&mut self) -> Result<Option<Page>, Error> {
        let page = self.step().await;
        if page.is_err() {
            self.done = true;
            self.in_flight = FuturesOrdered::new();
        }
        page
    }

    /// The next page, or the error that the list ends with; `None` after the last one. The same as
    /// [`next_page`](Self::next_page), in the shape of a stream.
    pub async fn next(&mut self) -> Option<Result<Page, Error>> {
        self.next_page().await.transpose()
    }

    async fn step(&mut self) -> Result<Option<Page>, Error> {
        loop {
            if let Some(page) = self.ready.pop_front() {
                self.report.rows += page.len() as u64;
                return Ok(Some(page));
            }
            if self.done {
                return Ok(None);
            }
            self.request_ahead();
            let Some(answered) = self.in_flight.next().await else {
                self.done = true;
                continue;
            };
            self.report.requests += 1;
            for expected in answered? {
                self.receive(expected)?;
            }
        }
    }

    /// The pages one by one, as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Page, Error>> + Send {
        stream::try_unfold(self, |mut pages| async move {
            Ok(pages.next_page().await?.map(|page| (page, pages)))
        })
    }

    /// All rows as a type, in memory.
    pub async fn collect<T: DeserializeOwned>(mut self) -> Result<Vec<T>, Error> {
        let mut rows = Vec::new();
        while let Some(page) = self.next_page().await? {
            for row in page.iter() {
                let id = row.id.map_or_else(String::new, |id| format!(" {id}"));
                let what = format!("the row{id} of {}", self.query.trim_end_matches(['?', '&']));
                rows.push(decode(row.json, &what)?);
            }
        }
        Ok(rows)
    }

    /// What the list took so far.
    pub fn report(&self) -> &ListReport {
        &self.report
    }

    /// Requests pages ahead, as far as the list is known to go.
    fn request_ahead(&mut self) {
        if !self.started {
            // The length of the list is not known yet: one page alone.
            self.started = true;
            self.request(vec![0]);
            return;
        }
        if self.in_flight.is_empty() {
            self.planned = self.position;
        }
        while self.in_flight.len() < self.paging.concurrent_requests {
            let end = match self.report.total {
                Some(total) => total,
                // Without a total there is one request at a time.
                None if self.in_flight.is_empty() => u64::MAX,
                None => return,
            };
            let starts: Vec<u64> = (0..self.paging.pages_per_request as u64)
                .map_while(|page| {
                    let start = self.planned.checked_add(page * self.paging.size)?;
                    (start < end).then_some(start)
                })
                .collect();
            if starts.is_empty() {
                return;
            }
            self.request(starts);
        }
    }

    fn request(&mut self, starts: Vec<u64>) {
        if let Some(last) = starts.last() {
            self.planned = last.saturating_add(self.paging.size);
        }
        let path = |start: &u64| {
            format!(
                "{}count={}&startIndex={start}",
                self.query, self.paging.size
            )
        };
        let items: Vec<Item> = starts
            .iter()
            .map(|start| Item::get(path(start)).name(format!("page {start}")))
            .collect();
        let client = self.client.clone();
        self.in_flight.push_back(Box::pin(async move {
            let pages = match items.as_slice() {
                [only] => vec![client.read(only, page).await?],
                _ => client.read_all(&items, page).await?,
            };
            let expected = starts.into_iter().zip(pages);
            Ok(expected
                .map(|(start, page)| ExpectedPage { start, page })
                .collect())
        }));
    }

    fn receive(&mut self, expected: ExpectedPage) -> Result<(), Error> {
        let ExpectedPage { start, page } = expected;
        if self.done || start != self.position {
            return Ok(());
        }
        if let (Some(before), Some(now)) = (self.report.total, page.total)
            && now < before
            && start > 0
        {
            self.report.total = Some(now);
            self.report.steps_back += 1;
            self.position = start.saturating_sub(before - now);
            self.replan();
            return Ok(());
        }
        let mut rows = page.page;
        let received = rows.len() as u64;
        if received == 0 && page.total.is_none() && self.may_restart() {
            debug!(
                total = self.report.total,
                "the portal no longer says how many rows there are: reading them again"
            );
            self.known_at_restart = Some(self.seen.ids.len());
            self.report.total = None;
            self.report.steps_back += 1;
            self.position = 0;
            self.replan();
            return Ok(());
        }
        let first = start == 0 && self.report.total.is_none();
        self.report.total = page.total.or(self.report.total);
        self.position += received;
        let before = rows.len();
        rows.retain(|row| self.seen.is_new(row.json));
        self.report.repeated += (before - rows.len()) as u64;
        if !rows.is_empty() {
            self.ready.push_back(rows);
        }
        let more = match page.total.or(self.report.total) {
            Some(total) => self.position < total,
            None => page.more || received >= self.paging.size,
        };
        if !more {
            self.done = true;
            self.in_flight = FuturesOrdered::new();
            return Ok(());
        }
        if received == 0 {
            return Err(Error::incomplete(format!(
                "the portal counts {} rows but returns none from index {} on",
                self.report.total.unwrap_or(0),
                self.position
            )));
        }
        if received < self.paging.size && first {
            // The server gives fewer rows to a page than requested.
            self.paging.size = received;
            self.replan();
        } else if self.position != start + self.paging.size || self.planned < self.position {
            self.replan();
        }
        Ok(())
    }

    /// Whether reading the list from its beginning may bring rows that moved up, and brings no others twice: the portal has
    /// said how many rows there are, all rows have IDs, and the last time it brought new ones.
    fn may_restart(&self) -> bool {
        let brought_new = self
            .known_at_restart
            .is_none_or(|known| known < self.seen.ids.len());
        self.report.total.is_some() && !self.seen.any_without_id && brought_new
    }

    /// Drops the pages in flight and plans again from where the rows end.
    fn replan(&mut self) {
        self.in_flight = FuturesOrdered::new();
        self.planned = self.position;
    }
}

fn page(body: &Bytes) -> Result<ListPage, BodyError> {
    Ok(read_page(body)?)
}

/// The IDs of rows, each in 16 bytes.
#[derive(Debug, Default)]
struct SeenIds {
    ids: HashSet<u128>,
    any_without_id: bool,
}

impl SeenIds {
    /// Whether a row comes for the first time. One without an ID always does.
    fn is_new(&mut self, row: &str) -> bool {
        #[derive(Deserialize)]
        struct WithId<'a> {
            #[serde(borrow, default)]
            id: Option<&'a RawValue>,
        }
        if let Ok(WithId { id: Some(id) }) = serde_json::from_str(row) {
            self.ids.insert(key(id.get().trim_matches('"')))
        } else {
            self.any_without_id = true;
            true
        }
    }
}

/// Numbers and GUIDs are themselves; anything else is a hash of 128 bits.
fn key(id: &str) -> u128 {
    let digits: String = id.chars().filter(|c| *c != '-').collect();
    if digits.len() == 32
        && let Ok(guid) = u128::from_str_radix(&digits, 16)
    {
        return guid;
    }
    if let Ok(number) = id.parse::<u64>() {
        return u128::from(number);
    }
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        id.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_new_once_and_one_without_an_id_always() {
        let mut seen = SeenIds::default();
        for row in [
            r#"{"id":7}"#,
            r#"{"title":"a","id":"293bb997-28d8-4be0-8547-6eb50add1f3c"}"#,
            r#"{"id":"anna.kim"}"#,
        ] {
            assert!(seen.is_new(row), "{row}");
            assert!(!seen.is_new(row), "{row}");
        }
        assert!(seen.is_new(r#"{"title":"a"}"#));
        assert!(seen.is_new(r#"{"title":"a"}"#));
    }
}
