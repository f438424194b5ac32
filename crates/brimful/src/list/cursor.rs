//! Lists that are gone through by a cursor: each page says where the next one begins, so they are read one by one.

use brimful_protocol::rows::{Page, PageOutcome};
use serde_json::{Map, Value, json};

use super::report::Proof;
use super::seen::Seen;
use super::strategy::{Ahead, Beside, Extent, ListCommand, Stalls, Strategy, Stuck, Then, Ticket};
use super::tail::TAIL_REQUESTS;

/// Rows of a page of messages and notifications.
const PAGE: u64 = 50;
/// Rows of a page of REST 3.0.
const PAGE_OF_REST_3: u64 = 1000;

/// The cursors that methods have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Family {
    /// `FIRST_ID`: rows above an ID (`im.dialog.messages.get`).
    FirstId,
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
    /// Whether pages come in the order of IDs, from the lowest.
    pub(crate) fn ascends(&self) -> bool {
        matches!(self, Self::FirstId | Self::Tail { .. })
    }
}

#[derive(Debug)]
pub(crate) struct CursorPages {
    family: Family,
    params: Map<String, Value>,
    /// Where the walk began, where it goes by IDs.
    above: u64,
    at: Option<At>,
    seen: Seen,
    stalls: Stalls,
    state: State,
    ready: Option<Page>,
    /// The rows of the longest page, and pages that were not as long as pages get: those of rows that have just been
    /// added.
    longest: usize,
    short: u32,
    /// The highest ID handed out, where pages ascend.
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

impl CursorPages {
    /// `above`: rows up to this ID are left out, where the walk goes by IDs.
    pub(crate) fn new(family: Family, params: Map<String, Value>, above: u64) -> Self {
        Self {
            at: family.ascends().then_some(At::Id(above)),
            family,
            params,
            above,
            seen: Seen::default(),
            stalls: Stalls::default(),
            state: State::Wanted,
            ready: None,
            longest: 0,
            short: 0,
            handed_to: above,
        }
    }

    fn command(&self) -> ListCommand {
        let mut params = self.params.clone();
        match (&self.family, &self.at) {
            (Family::FirstId, at) => {
                let id = match at {
                    Some(At::Id(id)) => *id,
                    _ => 0,
                };
                params.insert("FIRST_ID".to_owned(), json!(id));
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

    /// Takes a page; the rows that are new, and where the next page begins.
    fn step(&mut self, mut page: Page, beside: &Beside) -> Result<(Page, Option<At>), Stuck> {
        let misbehaves = |why: String| Err(Stuck::Misbehaves(why));
        let came = page.len();
        match &self.family {
            Family::FirstId | Family::Tail { .. } => {
                let Some(At::Id(above)) = self.at else {
                    return Ok((page, None));
                };
                if page.ids().any(|id| id.is_none()) {
                    return misbehaves("a row has no ID".to_owned());
                }
                // Within a page the rows of some methods descend.
                page.sort_by_id();
                // Some lists give the row at the cursor once more.
                page.retain_ids(|id| id != Some(above));
                let mut last = above;
                for id in page.ids().flatten() {
                    if id <= last {
                        return misbehaves(format!(
                            "above ID {above} came ID {id}: the cursor does not advance"
                        ));
                    }
                    last = id;
                }
                let next = (last > above).then_some(At::Id(last));
                Ok((page, next))
            }
            Family::LastId => {
                if page.ids().any(|id| id.is_none()) {
                    return misbehaves("a row has no ID".to_owned());
                }
                let last = page.iter().next_back().and_then(|row| {
                    let json: Value = serde_json::from_str(row.json).ok()?;
                    let of_type = json.get("notify_type").cloned();
                    Some(At::Row(row.id?, of_type))
                });
                let seen = &mut self.seen;
                page.retain_ids(|id| id.is_some_and(|id| seen.insert(id)));
                if page.is_empty() && came > 1 {
                    return misbehaves(
                        "a page has only rows that came before: the cursor does not advance"
                            .to_owned(),
                    );
                }
                let next = if page.is_empty() { None } else { last };
                Ok((page, next))
            }
            Family::AfterCursor | Family::NextOffset => {
                let more = beside.onward.more;
                let said = beside
                    .onward
                    .cursor
                    .as_ref()
                    .and_then(|cursor| serde_json::from_str(cursor.get()).ok());
                if page.ids().all(|id| id.is_some()) {
                    let seen = &mut self.seen;
                    page.retain_ids(|id| id.is_some_and(|id| seen.insert(id)));
                }
                let repeated = page.is_empty() && came > 0;
                match said {
                    _ if more == Some(false) => Ok((page, None)),
                    _ if repeated => misbehaves(
                        "a page has only rows that came before: the cursor does not advance"
                            .to_owned(),
                    ),
                    Some(said) if self.at == Some(At::Said(Value::clone(&said))) && came > 0 => {
                        misbehaves(format!("the portal names the cursor {said} twice"))
                    }
                    Some(_) if came == 0 && more.is_none() => Ok((page, None)),
                    Some(said) => Ok((page, Some(At::Said(said)))),
                    None if more == Some(true) => misbehaves(
                        "the portal says that there are more rows and not where they begin"
                            .to_owned(),
                    ),
                    None if self.at.is_none() && more.is_none() && came as u64 >= PAGE => {
                        misbehaves(
                            "the first page is full, and the portal does not say whether there are more rows"
                                .to_owned(),
                        )
                    }
                    None => Ok((page, None)),
                }
            }
        }
    }
}

impl Strategy for CursorPages {
    fn name(&self) -> &'static str {
        match self.family {
            Family::Tail { .. } => "tail",
            _ => "pages by cursor",
        }
    }

    fn next(&mut self, _: usize, _: Ahead) -> Option<(Ticket, Vec<ListCommand>)> {
        if self.state != State::Wanted || self.ready.is_some() {
            return None;
        }
        self.state = State::Flying;
        Some((Ticket::default(), vec![self.command()]))
    }

    fn accept(&mut self, _: Ticket, outcomes: Vec<PageOutcome>) -> Result<Then, Stuck> {
        let outcome = outcomes.into_iter().next().unwrap_or(PageOutcome::NotRun);
        let (page, beside) = match self.stalls.page(outcome)? {
            Ok(came) => came,
            Err(then) => {
                self.state = State::Wanted;
                return Ok(then);
            }
        };
        let came = page.len();
        self.longest = self.longest.max(came);
        self.short += u32::from(came < self.longest || !came.is_multiple_of(50));
        let (page, next) = self.step(page, &beside)?;
        // A portal that inserts faster than we read does not hold us for ever.
        let endless = self.family.ascends() && self.short >= TAIL_REQUESTS;
        self.state = if next.is_some() && !endless {
            State::Wanted
        } else {
            State::Ended
        };
        if next.is_some() {
            self.at = next;
        }
        if !page.is_empty() {
            self.ready = Some(page);
        }
        Ok(Then::GoOn)
    }

    fn give_back(&mut self, _: Ticket) {
        self.state = State::Wanted;
    }

    fn pop(&mut self) -> Option<Page> {
        let page = self.ready.take()?;
        if self.family.ascends()
            && let Some(id) = page.ids().next_back().flatten()
        {
            self.handed_to = id;
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
            done: if ended { 1.0 } else { 0.0 },
            complete_to: (ended && self.family.ascends()).then_some(self.handed_to),
        }
    }

    fn proof(&self) -> Proof {
        if self.family.ascends() {
            Proof::by_id(self.extent().complete_to, self.handed_to, self.above)
        } else {
            Proof::None
        }
    }

    fn reached(&self) -> Option<u64> {
        self.family.ascends().then_some(self.handed_to)
    }
}
