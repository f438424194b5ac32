//! The walk through a list: pages by index, several in a request, several requests at once.
//!
//! The next page begins where the received rows end, never where the server's `nextIndex` says (it is one too far). The
//! first page tells `total` and how many rows the server really gives; from these the starts of the other pages are
//! foreseen. A page that turns out otherwise (short, or with another `total`) makes what was foreseen behind it worthless:
//! it is dropped and asked for anew from where the rows really end. When `total` falls, rows were deleted and others have
//! moved up over the border: the walk goes back by as many, and rows that come again are dropped by their IDs.

use std::collections::VecDeque;

use brimful::protocol::rows::Page;
use brimful_r7_protocol::{ListPage, read_page};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesOrdered, Stream};
use serde::de::DeserializeOwned;

use super::client::Client;
use super::item::Item;
use super::list::List;
use super::seen::Seen;
use super::verdict::Unread;
use brimful::Error;

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
    /// Rows that came again and were dropped: others inserted some meanwhile.
    pub repeated: u64,
    /// How often `total` fell and the walk went back: others deleted some meanwhile.
    pub steps_back: u64,
}

/// The pages of a list, in its order; memory holds only those that are on their way.
pub struct Pages {
    client: Client,
    list: List,
    query: String,
    /// How many rows a page really has.
    size: u64,
    /// Where the received rows end.
    position: u64,
    /// Where the pages that were asked for end.
    planned: u64,
    begun: bool,
    done: bool,
    asked: FuturesOrdered<BoxFuture<'static, Result<Vec<Foreseen>, Error>>>,
    ready: VecDeque<Page>,
    seen: Seen,
    report: ListReport,
}

/// A page, and the index that it was asked for.
struct Foreseen {
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
    pub(super) fn new(client: Client, list: List, query: String) -> Self {
        Self {
            client,
            size: list.page_size,
            list,
            query,
            position: 0,
            planned: 0,
            begun: false,
            done: false,
            asked: FuturesOrdered::new(),
            ready: VecDeque::new(),
            seen: Seen::default(),
            report: ListReport::default(),
        }
    }

    /// The next page; `None` after the last one. After an error there is no more.
    pub async fn next_page(&mut self) -> Result<Option<Page>, Error> {
        let page = self.step().await;
        if page.is_err() {
            self.done = true;
            self.asked = FuturesOrdered::new();
        }
        page
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
            self.ask();
            let Some(came) = self.asked.next().await else {
                self.done = true;
                continue;
            };
            self.report.requests += 1;
            for foreseen in came? {
                self.take(foreseen)?;
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
                rows.push(
                    serde_json::from_str(row.json)
                        .map_err(|error| Error::of_another_type("of a row", &error))?,
                );
            }
        }
        Ok(rows)
    }

    /// What the list took so far.
    pub fn report(&self) -> &ListReport {
        &self.report
    }

    /// Asks for pages ahead, as far as it is known that there are any.
    fn ask(&mut self) {
        if !self.begun {
            // How long the list is nobody knows yet: one page alone.
            self.begun = true;
            self.request(vec![0]);
            return;
        }
        if self.asked.is_empty() {
            self.planned = self.position;
        }
        while self.asked.len() < self.list.requests_at_once {
            let end = match self.report.total {
                Some(total) => total,
                // Without a total one request is asked for at a time.
                None if self.asked.is_empty() => u64::MAX,
                None => return,
            };
            let starts: Vec<u64> = (0..self.list.pages_a_request as u64)
                .map_while(|page| {
                    let start = self.planned.checked_add(page * self.size)?;
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
            self.planned = last.saturating_add(self.size);
        }
        let path = |start: &u64| format!("{}count={}&startIndex={start}", self.query, self.size);
        let items: Vec<Item> = starts
            .iter()
            .map(|start| Item::get(path(start)).name(format!("page {start}")))
            .collect();
        let client = self.client.clone();
        self.asked.push_back(Box::pin(async move {
            let pages = match items.as_slice() {
                [only] => vec![client.read(only, page).await?],
                _ => client.read_all(&items, page).await?,
            };
            let foreseen = starts.into_iter().zip(pages);
            Ok(foreseen
                .map(|(start, page)| Foreseen { start, page })
                .collect())
        }));
    }

    fn take(&mut self, foreseen: Foreseen) -> Result<(), Error> {
        let Foreseen { start, page } = foreseen;
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
            self.anew();
            return Ok(());
        }
        let mut rows = page.page;
        let received = rows.len() as u64;
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
            None => page.more || received >= self.size,
        };
        if !more {
            self.done = true;
            self.asked = FuturesOrdered::new();
            return Ok(());
        }
        if received == 0 {
            if page.total.is_none() {
                self.done = true;
                return Ok(());
            }
            return Err(Error::incomplete(format!(
                "the portal says that there are {} rows and gives none from {} on",
                self.report.total.unwrap_or(0),
                self.position
            )));
        }
        if received < self.size && first {
            // The server gives fewer rows to a page than were asked for.
            self.size = received;
            self.anew();
        } else if self.position != start + self.size || self.planned < self.position {
            self.anew();
        }
        Ok(())
    }

    /// What was foreseen is not so: on from where the rows end.
    fn anew(&mut self) {
        self.asked = FuturesOrdered::new();
        self.planned = self.position;
    }
}

fn page(body: &Bytes) -> Result<ListPage, Unread> {
    Ok(read_page(body)?)
}
