//! The first request of a walk by ID: the first page, and the last one for the highest ID. What they show decides
//! whether the list can be walked by ID at all, and in which way.

use std::collections::BTreeSet;

use brimful_protocol::rows::{Page, PageOutcome};
use serde_json::{Map, Value};

use super::pages::{Count, Direction, KeysetPages};
use crate::list::strategy::{ListCommand, NextAction, PageMeta, StallCounter, StrategyError};

/// The first and last page of a list, asked for until both are there; and once more, counted, where they leave open what
/// the list is like.
#[derive(Debug, Default)]
pub(crate) struct FirstAndLast {
    first: End,
    last: End,
    /// What the request on its way asks for, in the order of its commands.
    issued: Vec<EndCommand>,
    /// The pages of the first round, where there is a second one.
    before: Option<(Page, Page)>,
}

#[derive(Debug, Default)]
enum End {
    #[default]
    Wanted,
    InFlight,
    Here(Page, PageMeta),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndCommand {
    Page(Direction),
    /// The count of the list if the last page is short; see [`KeysetPages::count_if_short`].
    CountIfShort,
}

/// Rows of a page on portals that serve fewer than 50.
const SMALLER_PAGES: [usize; 5] = [10, 20, 25, 30, 40];

/// What both pages show.
#[derive(Debug)]
pub(crate) enum Shown {
    /// Both pages have the same rows: that is the list.
    Whole {
        page: Page,
        /// So many more rows are counted and not shown.
        hidden: u64,
        /// Something but the lack of rows says that there are none.
        is_proven: bool,
    },
    /// Both pages are full.
    Full(FullEnds),
    /// A page is short although there are other rows: pages of this list are short for reasons of their own.
    Short(ShortEnds),
}

/// The pages at both ends of which one is short.
#[derive(Debug)]
pub(crate) struct ShortEnds {
    /// Both pages, ascending.
    pub(crate) first: Page,
    pub(crate) last: Page,
    /// The lowest ID that the first page showed.
    pub(crate) lowest: Option<u64>,
    /// The highest ID that the last page showed.
    pub(crate) highest: Option<u64>,
    pub(crate) counted: Option<u64>,
    /// The first page is full: then only rows at the end may not be shown.
    pub(crate) is_first_full: bool,
    /// The IDs in `(from, to]` that each of the pages covers.
    pub(crate) spans: Vec<(u64, u64)>,
    /// Rows of a full page, where the portal has named the place behind one.
    pub(crate) page_size: Option<u64>,
    /// Fewer rows are counted than are shown.
    pub(crate) counts_are_wrong: bool,
    /// The last page shows one row, so it is unknown whether it was sorted.
    pub(crate) is_order_unknown: bool,
}

/// A full page at either end.
#[derive(Debug)]
pub(crate) struct FullEnds {
    pub(crate) first: Page,
    /// The lowest ID, and the last one of the first page.
    pub(crate) first_ids: (u64, u64),
    /// The rows of the last page that are not in the first one, ascending.
    pub(crate) last: Page,
    /// The lowest ID of the whole last page.
    pub(crate) last_from: u64,
    /// The highest ID.
    pub(crate) horizon: u64,
    /// Rows of a full page.
    pub(crate) full: usize,
    /// Rows of the whole list, where they were counted.
    pub(crate) counted: Option<u64>,
}

impl FirstAndLast {
    /// The commands that are still to be sent, at most `room`; they come back together. The first of them is at `place` in
    /// its request.
    pub(crate) fn next(
        &mut self,
        room: usize,
        place: usize,
        pages: &KeysetPages,
    ) -> Option<Vec<ListCommand>> {
        // One request at a time: so the outcomes belong to what was issued last.
        if !self.issued.is_empty() {
            return None;
        }
        let count = if self.before.is_some() {
            Count::Wanted
        } else {
            Count::Spared
        };
        let mut commands = Vec::new();
        for direction in [Direction::Ascending, Direction::Descending] {
            if commands.len() == room.max(1) {
                break;
            }
            let end = self.at(direction);
            if matches!(end, End::Wanted) {
                *end = End::InFlight;
                self.issued.push(EndCommand::Page(direction));
                let is_counted =
                    direction == Direction::Descending && room > 2 && pages.counts_at_once();
                let count = if is_counted { Count::Wanted } else { count };
                commands.push(pages.end(direction, count));
            }
        }
        if commands.len() == 2 && room > 2 && count == Count::Spared {
            let command = pages.count_if_short(place + 1);
            if command.is_some() {
                self.issued.push(EndCommand::CountIfShort);
            }
            commands.extend(command);
        }
        (!commands.is_empty()).then_some(commands)
    }

    /// What was asked for is to be asked for again.
    pub(crate) fn give_back(&mut self) {
        for command in std::mem::take(&mut self.issued) {
            if let EndCommand::Page(direction) = command {
                *self.at(direction) = End::Wanted;
            }
        }
    }

    fn at(&mut self, direction: Direction) -> &mut End {
        match direction {
            Direction::Ascending => &mut self.first,
            Direction::Descending => &mut self.last,
        }
    }

    /// Takes the outcomes of a request; `Ok(Ok(…))` once it is clear what the list is like. `reads_on`: the rows above
    /// the last page are read too, so that it does not matter whether it lacks some.
    pub(crate) fn accept(
        &mut self,
        outcomes: Vec<PageOutcome>,
        pages: &KeysetPages,
        stalls: &mut StallCounter,
        reads_on: bool,
    ) -> Result<Result<Shown, NextAction>, StrategyError> {
        let mut then = NextAction::GoOn;
        let mut if_short = PageMeta::default();
        for (command, outcome) in std::mem::take(&mut self.issued).into_iter().zip(outcomes) {
            let EndCommand::Page(direction) = command else {
                // A method that refuses it is a method that does not count here.
                if let PageOutcome::Page { next, total, .. } = outcome {
                    (if_short.next, if_short.total) = (next, total);
                }
                continue;
            };
            *self.at(direction) = match stalls.page(outcome)? {
                Ok((page, meta)) => End::Here(page, meta),
                Err(wait) => {
                    then = wait;
                    End::Wanted
                }
            };
        }
        match (
            std::mem::take(&mut self.first),
            std::mem::take(&mut self.last),
        ) {
            (End::Here(first, meta), End::Here(last, also_meta)) => {
                let (counted, also_counted) = (meta.total, also_meta.total);
                let is_last_short = last.len() < pages.full;
                let if_short = if is_last_short {
                    if_short
                } else {
                    PageMeta::default()
                };
                // Where more rows follow, the portal names the place behind a full page.
                let page_size = meta.next.or(also_meta.next).or(if_short.next);
                let again = self.before.take();
                let counted = match again {
                    Some(_) => counted.max(also_counted),
                    None if pages.counts_at_once() => also_counted,
                    None => if_short.total,
                };
                let shown_at_once = first.len().max(last.len()) as u64;
                let is_miscounted =
                    again.is_none() && counted.is_some_and(|counted| counted < shown_at_once);
                // A count below what is shown is no count. Of two that differ one is wrong, and too many are looked for.
                let counted = counted.filter(|counted| *counted >= shown_at_once);
                let shown = shown(&first, &last, again.as_ref(), counted, page_size, pages)?;
                // The same rows at both ends are the list only if no others are counted.
                let shown =
                    shown.filter(|shown| !(is_miscounted && matches!(shown, Shown::Whole { .. })));
                let is_short = matches!(shown, Some(Shown::Short(_)));
                let is_asked_again = is_short && again.is_none() && !reads_on;
                Ok(shown.filter(|_| !is_asked_again).ok_or_else(|| {
                    self.before = Some((first, last));
                    then
                }))
            }
            (first, last) => {
                (self.first, self.last) = (first, last);
                Ok(Err(then))
            }
        }
    }
}

/// The pages at both ends of the list, as the last request brought them.
#[derive(Debug)]
struct EndPages<'a> {
    first: &'a Page,
    /// Ascending, as it is kept.
    last: Page,
    /// The lowest and the highest ID of either page; `None` for a page without rows.
    first_ids: Option<(u64, u64)>,
    last_ids: Option<(u64, u64)>,
    /// Both pages show the same rows.
    are_same: bool,
    /// The pages of the first round, where this is the second one.
    before: Option<&'a (Page, Page)>,
    counted: Option<u64>,
    page_size: Option<u64>,
    pages: &'a KeysetPages,
}

/// What the pages show; `None`: they are to be asked for once more.
fn shown(
    first: &Page,
    last: &Page,
    before: Option<&(Page, Page)>,
    counted: Option<u64>,
    page_size: Option<u64>,
    pages: &KeysetPages,
) -> Result<Option<Shown>, StrategyError> {
    let ends = EndPages::new(first, last, before, counted, page_size, pages)?;
    if ends.are_hidden_and_uncounted() {
        return Err(StrategyError::Misbehaves(
            "the portal says that there are rows, shows none at either end and does not count them"
                .to_owned(),
        ));
    }
    if let Some(whole) = ends.whole_list() {
        return Ok(Some(whole));
    }
    if let Some(full) = ends.full()? {
        return Ok(Some(Shown::Full(full)));
    }
    Ok((!ends.are_asked_again()).then(|| Shown::Short(ends.short())))
}

impl<'a> EndPages<'a> {
    /// Takes both pages, if the method has kept to their order and bounds.
    fn new(
        first: &'a Page,
        last: &Page,
        before: Option<&'a (Page, Page)>,
        counted: Option<u64>,
        page_size: Option<u64>,
        pages: &'a KeysetPages,
    ) -> Result<Self, StrategyError> {
        let bounds = pages.bounds;
        let first_ids = ascending(first, bounds.above).map_err(StrategyError::WrongStrategy)?;
        if first.len() > pages.full {
            return Err(StrategyError::WrongStrategy(format!(
                "its first page has more than {} rows",
                pages.full
            )));
        }
        let is_bounded = |page: &Page| match bounds.up_to {
            Some(up_to) => page.ids().flatten().all(|id| id <= up_to),
            None => true,
        };
        if !is_bounded(first) || !is_bounded(last) {
            return Err(StrategyError::WrongStrategy(
                "it ignores the upper bound of the ID".to_owned(),
            ));
        }
        let mut last = last.clone();
        last.reverse();
        let last_ids = ascending(&last, bounds.above).map_err(|_| {
            StrategyError::WrongStrategy("it does not sort by ID descending".to_owned())
        })?;
        Ok(Self {
            are_same: first.ids().eq(last.ids()),
            first,
            last,
            first_ids,
            last_ids,
            before,
            counted,
            page_size,
            pages,
        })
    }

    /// Nothing was counted, although the list was asked for its count.
    fn is_uncounted(&self) -> bool {
        self.counted.is_none() && self.before.is_some() && self.pages.counts()
    }

    /// A place behind a full page is named, and neither a row nor a count came.
    fn are_hidden_and_uncounted(&self) -> bool {
        let are_empty = self.first.is_empty() && self.last.is_empty();
        are_empty && self.is_uncounted() && self.page_size.is_some()
    }

    /// The whole list, if both pages have the same rows and nothing says that there are others.
    fn whole_list(&self) -> Option<Shown> {
        let (first, counted) = (self.first, self.counted);
        // An empty list is asked for twice, and nothing may have been shown or counted either time.
        let nothing_else = self.before.is_none_or(|(first_before, last_before)| {
            let mut ids = first_before.ids().chain(last_before.ids());
            ids.all(|id| first.ids().any(|shown| shown == id))
        });
        // One row is in every order, so it does not show that the method sorts: it is counted, or asked for twice too.
        let is_the_only_row = first.len() == 1 && counted == Some(1);
        // Two different pages show the same rows where enough of them are hidden, so the rows are counted too.
        let is_counted = !self.pages.counts() || counted.is_some();
        let is_sorted = self.before.is_some() || first.len() > 1 && is_counted || is_the_only_row;
        if !self.are_same || !nothing_else || first.len() >= self.pages.full || !is_sorted {
            return None;
        }
        let hidden = counted.unwrap_or(0).saturating_sub(first.len() as u64);
        // More than a page holds is counted and not shown: rows may be shown between those that are not.
        let fits = !first.is_empty() && first.len() as u64 + hidden <= self.pages.full as u64;
        (hidden == 0 || fits).then(|| Shown::Whole {
            page: first.clone(),
            hidden,
            is_proven: !(first.is_empty() && self.is_uncounted()),
        })
    }

    /// Both pages, if both are full.
    fn full(&self) -> Result<Option<FullEnds>, StrategyError> {
        let (first, last) = (self.first, &self.last);
        let (Some(first_ids), Some((last_from, horizon))) = (self.first_ids, self.last_ids) else {
            return Ok(None);
        };
        if first.len() != last.len()
            || first.len() != self.pages.full && !self.are_of_a_smaller_size()
        {
            return Ok(None);
        }
        if horizon < first_ids.1 {
            return Err(StrategyError::WrongStrategy(
                "its last page lies before its first one".to_owned(),
            ));
        }
        let mut behind_first = last.clone();
        behind_first.retain_ids(|id| id.is_some_and(|id| id > first_ids.1));
        Ok(Some(FullEnds {
            first: first.clone(),
            first_ids,
            last: behind_first,
            last_from,
            horizon,
            full: first.len(),
            counted: self.counted,
        }))
    }

    /// Both pages are as long as this method's pages get, where more rows were asked for.
    fn are_of_a_smaller_size(&self) -> bool {
        let rows = self.first.len();
        let is_page_size = self.page_size.is_none_or(|size| size == rows as u64);
        let was_the_same = self
            .before
            .is_some_and(|(first, last)| first.len() == rows && last.len() == rows);
        !self.are_same
            && is_page_size
            && (rows.is_multiple_of(50)
                || self.page_size.is_some()
                || rows.is_multiple_of(10) && was_the_same)
    }

    /// A page is short, and a second reading of both may tell more.
    fn are_asked_again(&self) -> bool {
        let (first, last, counted) = (self.first, &self.last, self.counted);
        let is_page_size = first.len() == last.len() && SMALLER_PAGES.contains(&first.len());
        // Elsewhere windows find out what is hidden.
        let shows_order = last.len() > 1 && (self.pages.counts() || first.len() > 1);
        let is_told = shows_order && !self.are_same && !is_page_size;
        let is_counted = counted.is_some_and(|counted| counted > 1)
            && !first.is_empty()
            && (self.page_size.is_some() || !is_page_size);
        // More rows than both pages hold, and none of them is shown: to ask for both again would show nothing either.
        let are_both_ends_hidden = first.is_empty()
            && last.is_empty()
            && counted.is_some_and(|counted| counted > 2 * self.pages.full as u64);
        self.before.is_none() && !is_told && !is_counted && !are_both_ends_hidden
    }

    /// What both pages have shown, with those of the round before, where one of them is short.
    fn short(&self) -> ShortEnds {
        let (first_before, last_before) = self.before.map(|(first, last)| (first, last)).unzip();
        let full = self.page_size.unwrap_or(self.pages.full as u64);
        let spans = [self.first_ids, self.last_ids].into_iter().flatten();
        let shown = ids_of([Some(self.first), Some(&self.last)]);
        let nothing = Page::default();
        let mut last_read_before = last_before.unwrap_or(&nothing).clone();
        last_read_before.reverse();
        ShortEnds {
            counts_are_wrong: self
                .counted
                .is_some_and(|counted| counted < shown.len() as u64),
            lowest: ids_of([Some(self.first), first_before]).first().copied(),
            highest: ids_of([Some(&self.last), last_before]).last().copied(),
            counted: self.counted,
            is_first_full: self.first.len() as u64 == full,
            spans: spans.map(|(first, last)| (first - 1, last)).collect(),
            page_size: self.page_size,
            is_order_unknown: self.last.len() == 1,
            first: united(self.first, first_before.unwrap_or(&nothing), full as usize),
            last: united(&self.last, &last_read_before, full as usize),
        }
    }
}

fn ids_of(pages: [Option<&Page>; 2]) -> BTreeSet<u64> {
    let pages = pages.into_iter().flatten();
    pages.flat_map(Page::ids).flatten().collect()
}

/// The rows that the two readings of a page have shown together, ascending, if a page has room for them.
fn united(page: &Page, before: &Page, full: usize) -> Page {
    let rows = page.iter().chain(before.iter());
    let mut rows: Vec<(Option<u64>, String)> =
        rows.map(|row| (row.id, row.json.to_owned())).collect();
    rows.sort_by_key(|(id, _)| *id);
    rows.dedup_by_key(|(id, _)| *id);
    if page.len() >= full || rows.len() == page.len() || rows.len() >= full {
        return page.clone();
    }
    Page::from_iter(rows)
}

/// The first and last ID of a page whose IDs all lie above `above` and ascend; `None` for an empty page.
pub(crate) fn ascending(page: &Page, above: u64) -> Result<Option<(u64, u64)>, String> {
    let mut first = None;
    let mut last = above;
    for id in page.ids() {
        let Some(id) = id else {
            return Err("a row has no ID".to_owned());
        };
        if id <= last {
            return Err(format!("after ID {last} came ID {id}"));
        }
        first.get_or_insert(id);
        last = id;
    }
    Ok(first.map(|first| (first, last)))
}

/// The same for a page of which no ID may lie above `up_to` either.
pub(crate) fn ascending_to(
    page: &Page,
    above: u64,
    up_to: u64,
) -> Result<Option<(u64, u64)>, String> {
    match ascending(page, above)? {
        Some((_, last)) if last > up_to => Err(format!(
            "ID {last} came where none above {up_to} was asked for"
        )),
        ids => Ok(ids),
    }
}

/// How a row spells the field `name`: references are case-sensitive, documentation is not.
pub(crate) fn spelling(row: &str, name: &str) -> Option<String> {
    let row: Map<String, Value> = serde_json::from_str(row).ok()?;
    row.keys()
        .find(|key| key.eq_ignore_ascii_case(name))
        .cloned()
}
