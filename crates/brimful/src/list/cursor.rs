//! Lists that are gone through by a cursor: each page says where the next one begins, so they are read one by one, in
//! the direction in which the server orders them.
//!
//! - A walk by IDs, up (a `tail`) or down (messages), has every row that was there throughout exactly once: each page
//!   begins at the last ID that really came. Going up, the list is complete up to each row that came; going down, as
//!   soon as its end was reached, up to the first one.
//! - An empty page ends a list where the one before it was short. Elsewhere it is a claim, and asked for once more.
//! - A page that brings nothing new is asked for a bounded number of times ([`IDLE_PAGES`]); a cursor that comes again is
//!   an error, and so is a list that has not ended after [`MOST_PAGES`].

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use brimful_protocol::rows::{Identity, Page, PageOutcome};
use serde_json::{Map, Value, json};

use super::report::Proof;
use super::seen::{Sighting, Sightings};
use super::strategy::{
    Extent, ListCommand, NextAction, PageMeta, ReadAhead, StallCounter, Strategy, StrategyError,
    Ticket,
};
use super::walk::TAIL_REQUESTS;

/// Rows of a page of messages and notifications.
const PAGE: u64 = 50;
/// Rows of a page of REST 3.0.
const PAGE_OF_REST_3: u64 = 1000;
/// So many pages in a row without a new row end the list.
const IDLE_PAGES: u32 = 20;
/// More pages than these a list does not have: it may grow faster than it is read.
const MOST_PAGES: u32 = 100_000;

/// The cursors that methods have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Family {
    /// `LAST_ID`: rows below an ID, from the highest down (`im.dialog.messages.get`).
    BelowId,
    /// `LAST_ID`, and `LAST_TYPE` where rows have a type: rows before a row (`im.notify.get`).
    LastId,
    /// REST 3.0: `cursor: {field, value, order, limit}` of a `tail`.
    Tail { field: String },
    /// REST 3.0: `nextCursor` of the result goes to `pagination.afterCursor`.
    AfterCursor,
    /// `nextOffset` of the result goes to `offset`.
    NextOffset,
}

impl Family {
    /// Whether the walk goes by IDs, so that it can leave out those up to one.
    pub(crate) fn is_by_id(&self) -> bool {
        matches!(self, Self::BelowId | Self::Tail { .. })
    }

    /// Whether pages come in the order of IDs, from the lowest.
    fn ascends(&self) -> bool {
        matches!(self, Self::Tail { .. })
    }
}

#[derive(Debug)]
pub(crate) struct CursorPages {
    family: Family,
    params: Map<String, Value>,
    /// Rows up to this ID are left out, where the walk goes by IDs.
    above: u64,
    at: Option<At>,
    seen: Sightings,
    /// Hashes of the cursors that were named, and of pages of rows without IDs.
    named: HashSet<u64>,
    stalls: StallCounter,
    state: State,
    ready: Option<Page>,
    /// A short page that is asked for once more.
    doubtful: Option<Page>,
    /// The rows of the longest page, and pages that were not as long as pages get: those of rows that have just been
    /// added.
    longest: usize,
    short: u32,
    pages: u32,
    /// Pages in a row without a new row.
    idle: u32,
    /// The page before was as long as pages get, or there was none.
    was_full: bool,
    /// The ID of the row handed out last where pages ascend, of the first one where they descend.
    handed_to: u64,
}

/// Where the next page begins.
#[derive(Debug, Clone, PartialEq)]
enum At {
    Id(u64),
    /// The last row of the page before, and its type.
    Row(u64, Option<Value>),
    Said(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Wanted,
    Flying,
    Ended,
}

/// What follows a page.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    To(At),
    /// It was empty although others should have followed: it is asked for once more.
    Doubted,
    End,
}

impl CursorPages {
    /// `above`: rows up to this ID are left out, where the walk goes by IDs.
    pub(crate) fn new(family: Family, params: Map<String, Value>, above: u64) -> Self {
        Self {
            at: family.ascends().then_some(At::Id(above)),
            family,
            params,
            above,
            seen: Sightings::default(),
            named: HashSet::new(),
            stalls: StallCounter::default(),
            state: State::Wanted,
            ready: None,
            doubtful: None,
            longest: 0,
            short: 0,
            pages: 0,
            idle: 0,
            was_full: true,
            handed_to: above,
        }
    }

    fn command(&self) -> ListCommand {
        let mut params = self.params.clone();
        match (&self.family, &self.at) {
            (Family::BelowId, at) => {
                if let Some(At::Id(id)) = at {
                    params.insert("LAST_ID".to_owned(), json!(id));
                }
                params.entry("LIMIT").or_insert(json!(PAGE));
            }
            (Family::LastId, at) => {
                if let Some(At::Row(id, of_type)) = at {
                    params.insert("LAST_ID".to_owned(), json!(id));
                    if let Some(of_type) = of_type {
                        params.insert("LAST_TYPE".to_owned(), of_type.clone());
                    }
                }
                params.entry("LIMIT").or_insert(json!(PAGE));
            }
            (Family::Tail { field }, at) => {
                let id = match at {
                    Some(At::Id(id)) => *id,
                    _ => 0,
                };
                let cursor =
                    json!({"field": field, "value": id, "order": "ASC", "limit": PAGE_OF_REST_3});
                params.insert("cursor".to_owned(), cursor);
            }
            (Family::AfterCursor, at) => {
                let pagination = params
                    .entry("pagination")
                    .or_insert_with(|| json!({ "limit": PAGE }));
                if let (Some(At::Said(cursor)), Value::Object(pagination)) = (at, pagination) {
                    pagination.insert("afterCursor".to_owned(), cursor.clone());
                }
            }
            (Family::NextOffset, at) => {
                if let Some(At::Said(offset)) = at {
                    params.insert("offset".to_owned(), offset.clone());
                }
            }
        }
        ListCommand {
            params: Value::Object(params),
        }
    }

    /// Whether a page is short, so that rows may be missing in it of which nothing else tells. It is asked for once more.
    fn is_doubtful(&self, page: &Page) -> bool {
        let by_id = matches!(self.family, Family::BelowId | Family::Tail { .. });
        // A portal may serve smaller pages than it is asked for.
        let full = if self.longest == 0 {
            self.full()
        } else {
            self.full().min(self.longest)
        };
        by_id && !page.is_empty() && page.len() < full
    }

    /// Rows of a full page, as far as it is known.
    fn full(&self) -> usize {
        let limit = match self.family {
            Family::Tail { .. } => PAGE_OF_REST_3,
            _ => self
                .params
                .get("LIMIT")
                .and_then(Value::as_u64)
                .unwrap_or(PAGE),
        };
        usize::try_from(limit).unwrap_or(usize::MAX)
    }

    /// Takes a page; the rows that are new, and what follows.
    fn step(&mut self, page: Page, meta: &PageMeta) -> Result<(Page, Step), StrategyError> {
        let came = page.len();
        let is_full = came >= self.full() || (self.pages > 1 && came > 0 && came >= self.longest);
        let was_full = std::mem::replace(&mut self.was_full, is_full);
        let (page, next) = match &self.family {
            Family::BelowId | Family::Tail { .. } => self.step_by_id(page)?,
            Family::LastId => self.step_by_row(page)?,
            Family::AfterCursor | Family::NextOffset => {
                return self.step_by_said(page, meta);
            }
        };
        let step = match next {
            Some(next) => Step::To(next),
            None if came == 0 && was_full => Step::Doubted,
            None => Step::End,
        };
        Ok((page, step))
    }

    fn step_by_id(&self, mut page: Page) -> Result<(Page, Option<At>), StrategyError> {
        let at = match self.at {
            Some(At::Id(id)) => Some(id),
            _ => None,
        };
        if page.ids().any(|id| id.is_none()) {
            return Err(StrategyError::Misbehaves("a row has no ID".to_owned()));
        }
        // Within a page the rows of some methods are in no order.
        page.sort_by_id();
        // Some lists give the row at the cursor once more.
        page.retain_ids(|id| id != at || id.is_none());
        let mut last = None;
        for id in page.ids().flatten() {
            let is_beyond = match (self.family.ascends(), at) {
                (true, at) => at.is_none_or(|at| id > at),
                (false, at) => at.is_none_or(|at| id < at),
            };
            if !is_beyond || last == Some(id) {
                let (at, wanted) = (
                    at.unwrap_or(0),
                    if self.family.ascends() {
                        "above"
                    } else {
                        "below"
                    },
                );
                return Err(StrategyError::Misbehaves(format!(
                    "{wanted} ID {at} came ID {id}: the cursor does not advance"
                )));
            }
            last = Some(id);
        }
        if self.family.ascends() {
            return Ok((page, last.map(At::Id)));
        }
        let lowest = page.ids().next().flatten();
        page.retain_ids(|id| id.is_some_and(|id| id > self.above));
        page.reverse();
        // Behind the lowest one that is wanted there is nothing to ask for.
        let next = lowest.filter(|lowest| *lowest > self.above.saturating_add(1));
        Ok((page, next.map(At::Id)))
    }

    fn step_by_row(&mut self, mut page: Page) -> Result<(Page, Option<At>), StrategyError> {
        if page.ids().any(|id| id.is_none()) {
            return Err(StrategyError::Misbehaves("a row has no ID".to_owned()));
        }
        let last = page.iter().next_back().and_then(|row| {
            let json: Value = serde_json::from_str(row.json).ok()?;
            let of_type = json.get("notify_type").cloned();
            Some(At::Row(row.id?, of_type))
        });
        let came = page.len();
        self.drop_seen(&mut page);
        if page.is_empty() && came > 1 {
            return Err(StrategyError::Misbehaves(
                "a page has only rows that came before: the cursor does not advance".to_owned(),
            ));
        }
        let next = if page.is_empty() { None } else { last };
        Ok((page, next))
    }

    fn step_by_said(
        &mut self,
        mut page: Page,
        meta: &PageMeta,
    ) -> Result<(Page, Step), StrategyError> {
        let misbehaves = |why: String| Err(StrategyError::Misbehaves(why));
        let came = page.len();
        let more = meta.paging.more;
        let said: Option<Value> = meta
            .paging
            .cursor
            .as_ref()
            .and_then(|cursor| serde_json::from_str(cursor.get()).ok());
        let repeated = self.drop_seen(&mut page);
        let is_same = said.is_some() && self.at == said.clone().map(At::Said);
        match said {
            _ if more == Some(false) => Ok((page, Step::End)),
            _ if repeated => misbehaves(
                "a page has only rows that came before: the cursor does not advance".to_owned(),
            ),
            // Where nothing is new the cursor stays.
            Some(_) if came == 0 && is_same && more.is_none() => Ok((page, self.doubt())),
            Some(_) if came == 0 && self.at.is_none() && more.is_none() => Ok((page, self.doubt())),
            Some(said) if !self.named.insert(hash_of(said.to_string())) => {
                misbehaves(format!("the portal names the cursor {said} twice"))
            }
            Some(said) => Ok((page, Step::To(At::Said(said)))),
            None if more == Some(true) => misbehaves(
                "the portal says that there are more rows and not where they begin".to_owned(),
            ),
            None if self.at.is_none() && more.is_none() && came as u64 >= PAGE => misbehaves(
                "the first page is full, and the portal does not say whether there are more rows"
                    .to_owned(),
            ),
            None if came == 0 && more.is_none() => Ok((page, self.doubt())),
            None => Ok((page, Step::End)),
        }
    }

    /// Nothing is asked for without end.
    fn check_bounds(&self) -> Result<(), StrategyError> {
        let why = if self.idle >= IDLE_PAGES {
            format!(
                "{IDLE_PAGES} pages in a row have no new row, and the portal says that more follow"
            )
        } else if self.pages >= MOST_PAGES {
            format!("it has not ended after {MOST_PAGES} pages: it may grow faster than it is read")
        } else {
            return Ok(());
        };
        Err(StrategyError::Misbehaves(why))
    }

    /// An empty page is asked for once more, and then believed.
    fn doubt(&self) -> Step {
        if self.idle == 0 {
            Step::Doubted
        } else {
            Step::End
        }
    }

    /// Drops the rows that came before; whether all of them did. Rows without an ID may be equal, pages of them not.
    fn drop_seen(&mut self, page: &mut Page) -> bool {
        let rows: Vec<Identity> = page.identities().collect();
        let is_content = |row: &Identity| matches!(row, Identity::Content(_));
        if !rows.is_empty() && rows.iter().all(is_content) {
            return !self.named.insert(hash_of(&rows));
        }
        let keep: Vec<bool> = rows
            .iter()
            .map(|row| is_content(row) || self.seen.see(*row, 0) == Sighting::New)
            .collect();
        let mut keep = keep.into_iter();
        page.retain(|_| keep.next().unwrap_or(false));
        page.is_empty() && !rows.is_empty()
    }
}

/// The rows of `page`, and those of `other` that it does not have, by their IDs.
fn with_rows_of(page: &Page, other: &Page) -> Page {
    let there: HashSet<Option<u64>> = page.ids().collect();
    let others = other.iter().filter(|row| !there.contains(&row.id));
    page.iter()
        .chain(others)
        .map(|row| (row.id, row.json.to_owned()))
        .collect()
}

fn hash_of(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

impl Strategy for CursorPages {
    fn name(&self) -> &'static str {
        match self.family {
            Family::Tail { .. } => "tail",
            _ => "pages by cursor",
        }
    }

    fn next(&mut self, _: usize, _: ReadAhead) -> Option<(Ticket, Vec<ListCommand>)> {
        if self.state != State::Wanted || self.ready.is_some() {
            return None;
        }
        self.state = State::Flying;
        Some((Ticket::default(), vec![self.command()]))
    }

    fn accept(
        &mut self,
        _: Ticket,
        outcomes: Vec<PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        let outcome = outcomes.into_iter().next().unwrap_or(PageOutcome::NotRun);
        let (page, meta) = match self.stalls.page(outcome)? {
            Ok(came) => came,
            Err(then) => {
                self.state = State::Wanted;
                return Ok(then);
            }
        };
        let page = match self.doubtful.take() {
            Some(before) => with_rows_of(&page, &before),
            None if self.is_doubtful(&page) => {
                self.doubtful = Some(page);
                self.state = State::Wanted;
                return Ok(NextAction::GoOn);
            }
            None => page,
        };
        let came = page.len();
        self.pages += 1;
        self.longest = self.longest.max(came);
        self.short += u32::from(came < self.longest || !came.is_multiple_of(50));
        let (page, step) = self.step(page, &meta)?;
        self.idle = if page.is_empty() { self.idle + 1 } else { 0 };
        // A portal that inserts faster than we read does not hold us for ever.
        let enough = self.family.ascends() && self.short >= TAIL_REQUESTS;
        self.state = if step == Step::End || enough {
            State::Ended
        } else {
            State::Wanted
        };
        if self.state == State::Wanted {
            self.check_bounds()?;
        }
        if let Step::To(at) = step {
            self.at = Some(at);
        }
        if !page.is_empty() {
            self.ready = Some(page);
        }
        Ok(NextAction::GoOn)
    }

    fn give_back(&mut self, _: Ticket) {
        self.state = State::Wanted;
    }

    fn pop(&mut self) -> Option<Page> {
        let page = self.ready.take()?;
        if self.family.is_by_id()
            && let Some(highest) = page.ids().flatten().max()
        {
            self.handed_to = self.handed_to.max(highest);
        }
        Some(page)
    }

    fn is_done(&self) -> bool {
        self.state == State::Ended && self.ready.is_none()
    }

    fn buffered(&self) -> usize {
        self.ready.as_ref().map_or(0, Page::bytes)
    }

    fn extent(&self) -> Extent {
        let ended = self.is_done();
        Extent {
            done: ended.then_some(1.0),
            complete_to: (ended && self.family.is_by_id()).then_some(self.handed_to),
        }
    }

    fn proof(&self) -> Proof {
        match self.family {
            Family::Tail { .. } => {
                Proof::by_id(self.extent().complete_to, self.handed_to, self.above)
            }
            // Going down, nothing is complete before the end.
            Family::BelowId => Proof::by_id(self.extent().complete_to, self.above, self.above),
            _ => Proof::None,
        }
    }

    fn reached(&self) -> Option<u64> {
        let is_known = self.family.ascends() || (self.family.is_by_id() && self.is_done());
        is_known.then_some(self.handed_to)
    }
}
