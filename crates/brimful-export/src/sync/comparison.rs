//! Which rows of the store are gone from the portal: what to count, what to read, and whether to believe it. Without I/O.

/// Rows of a page.
const ROWS_OF_A_PAGE: usize = 50;
/// Rows that one request reads.
const ROWS_OF_A_REQUEST: u64 = 2_500;
/// Ranges that one request counts.
pub(crate) const RANGES_OF_A_REQUEST: usize = 50;
/// Rows of the store in a range whose IDs come with its count, also where the portal has some more there.
const ROWS_OF_A_SMALL_RANGE: u64 = 40;
/// Requests that a list takes beside those that are full of rows.
const REQUESTS_AT_THE_ENDS_OF_A_LIST: u64 = 2;
/// So many rows may go at once whatever the size of the table: a twelfth of a small dictionary is no disaster.
const FEW: u64 = 3;
/// The share of rows that may go at once: one in so many.
const ONE_IN: u64 = 20;

/// IDs above `after` and up to `up_to`, and how many live rows the store has there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IdRange {
    pub(crate) after: u64,
    pub(crate) up_to: u64,
    pub(crate) rows: u64,
}

impl IdRange {
    /// Whether a page of the portal may be the first one of the range: it has the IDs that the store has there. A page
    /// that is not full of ascending IDs proves nothing: rows may be hidden from it.
    pub(crate) fn may_begin_with(self, all: &[u64], page: &[u64]) -> bool {
        let ids = self.ids(all);
        let is_full = page.len() == ids.len().min(ROWS_OF_A_PAGE);
        let ascends = page.is_sorted_by(|a, b| a < b);
        !is_full || !ascends || ids.starts_with(page)
    }

    /// The range of all rows of the store, whose IDs ascend; `None` without rows.
    pub(crate) fn of_all(ids: &[u64]) -> Option<Self> {
        let last = *ids.last()?;
        Some(Self {
            after: 0,
            up_to: last,
            rows: ids.len() as u64,
        })
    }

    /// The range above all rows of the store. What the portal has there did not come although it should have: rows whose
    /// time of change lies before the cursor, such as those of a list that was empty by mistake or is shown only now.
    pub(crate) fn above(ids: &[u64]) -> Self {
        Self {
            after: ids.last().copied().unwrap_or(0),
            up_to: u64::MAX,
            rows: 0,
        }
    }

    /// The range of all IDs that there can be.
    pub(crate) fn everything(ids: &[u64]) -> Self {
        Self {
            after: 0,
            up_to: u64::MAX,
            rows: ids.len() as u64,
        }
    }

    /// Whether it has no end.
    pub(crate) fn is_open(self) -> bool {
        self.up_to == u64::MAX
    }

    fn ids(self, all: &[u64]) -> &[u64] {
        let from = all.partition_point(|id| *id <= self.after);
        let to = all.partition_point(|id| *id <= self.up_to);
        all.get(from..to).unwrap_or_default()
    }

    /// Cuts it into ranges of at most `size` rows of the store.
    fn split(self, all: &[u64], size: u64) -> Vec<Self> {
        let ids = self.ids(all);
        let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
        let mut after = self.after;
        let chunks = ids.chunks(size);
        let last = chunks.len().saturating_sub(1);
        chunks
            .enumerate()
            .map(|(place, chunk)| {
                let up_to = if place == last {
                    self.up_to
                } else {
                    chunk.last().copied().unwrap_or(self.up_to)
                };
                let range = Self {
                    after,
                    up_to,
                    rows: chunk.len() as u64,
                };
                after = up_to;
                range
            })
            .collect()
    }
}

/// The ranges that are counted first: all rows, in as many pieces as one request counts beside the range above them. A
/// request counts fifty ranges as soon as one, and where a row is gone and another one has come back, only counts of
/// ranges between the two show it. The bounds move by a page with each turn, and the first rows of each range come with
/// its count, so in time all IDs are compared.
pub(crate) fn first_ranges(ids: &[u64], turn: u64) -> Vec<IdRange> {
    let Some(all) = IdRange::of_all(ids) else {
        return Vec::new();
    };
    // One piece is cut in two by the bounds that move.
    let size = ids
        .len()
        .div_ceil(RANGES_OF_A_REQUEST - 2)
        .max(ROWS_OF_A_PAGE);
    let pages = size.div_ceil(ROWS_OF_A_PAGE);
    let moved = usize::try_from(turn % pages as u64).unwrap_or(0) * ROWS_OF_A_PAGE;
    let (first, rest) = ids.split_at(moved.min(ids.len()));
    let mut ranges: Vec<IdRange> = Vec::new();
    for chunk in std::iter::once(first).chain(rest.chunks(size)) {
        if let Some(last) = chunk.last() {
            let after = ranges.last().map_or(all.after, |before| before.up_to);
            ranges.push(IdRange {
                after,
                up_to: *last,
                rows: chunk.len() as u64,
            });
        }
    }
    ranges
}

/// What a count has told of a range, whose first IDs come with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RangeFinding {
    /// The store has what the portal has there, as far as a count tells.
    Same,
    /// All IDs of the range have come with its count.
    Compared(Difference),
    Differs(DifferingRange),
}

/// A range in which the portal has other rows than the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DifferingRange {
    range: IdRange,
    /// By how many rows the counts differ, one at the least.
    by: u64,
}

impl IdRange {
    /// What `counted` rows in the portal mean, of which the first have the IDs `page`. `ids` are those of the store. What
    /// was not counted differs, and is read.
    pub(crate) fn compare(
        self,
        ids: &[u64],
        counted: Option<u64>,
        page: Option<&[u64]>,
    ) -> RangeFinding {
        let may_be_same = page.is_none_or(|page| self.may_begin_with(ids, page));
        if counted == Some(self.rows) && may_be_same {
            return RangeFinding::Same;
        }
        // Nothing at all is not an answer where the store has rows: such ranges are read, and lists don't believe one
        // page.
        let is_whole = |page: &&[u64]| {
            !page.is_empty()
                && counted == Some(page.len() as u64)
                && self.rows <= ROWS_OF_A_PAGE as u64
                && page.is_sorted_by(|a, b| a < b)
                && page.iter().all(|id| *id > self.after && *id <= self.up_to)
        };
        match page.filter(is_whole) {
            Some(page) => RangeFinding::Compared(Difference::within(self, ids, page)),
            None => RangeFinding::Differs(DifferingRange {
                range: self,
                by: counted
                    .map_or(self.rows, |counted| counted.abs_diff(self.rows))
                    .max(1),
            }),
        }
    }
}

/// What is done next about ranges that differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct NextComparison {
    /// The counts of these tell where the difference is.
    pub(crate) count: Vec<IdRange>,
    /// The IDs of these are read.
    pub(crate) read: Vec<IdRange>,
}

/// Cuts ranges that differ into smaller ones, as long as counting those costs less than reading all their IDs: deletions
/// that lie far from each other leave most of the small ranges as they were. The smallest ones show all their IDs with
/// their count.
pub(crate) fn narrow(differing: &[DifferingRange], ids: &[u64]) -> NextComparison {
    let is_small = |one: &&DifferingRange| one.range.rows <= ROWS_OF_A_PAGE as u64;
    let (small, large): (Vec<DifferingRange>, Vec<DifferingRange>) =
        differing.iter().partition(is_small);
    let mut next = NextComparison {
        count: Vec::new(),
        // Their count has not shown all that there is.
        read: small.iter().map(|one| one.range).collect(),
    };
    let ranges: Vec<IdRange> = large.iter().map(|one| one.range).collect();
    let rows: u64 = ranges.iter().map(|range| range.rows).sum();
    let lists = joined(ranges.clone()).len() as u64;
    let to_read = rows.div_ceil(ROWS_OF_A_REQUEST) + lists * REQUESTS_AT_THE_ENDS_OF_A_LIST;
    let size = size_of_pieces(rows, differences(&large));
    // How many pieces will differ is a guess, so that reading has to cost clearly more.
    if !large.is_empty() && requests_to_count(&large, size) * 4 < to_read * 3 {
        let pieces = ranges.iter().flat_map(|range| range.split(ids, size));
        next.count = pieces.collect();
    } else {
        next.read.extend(ranges);
    }
    next
}

/// By how many rows the ranges differ. What a portal counts may be any number.
fn differences(ranges: &[DifferingRange]) -> u64 {
    let sum = |sum: u64, one: &DifferingRange| sum.saturating_add(one.by);
    ranges.iter().fold(0, sum)
}

/// Into pieces of how many rows ranges are cut that have so many rows and differ by so many. Smaller pieces are more to
/// count now, larger ones more to count next: the sum is least where both are as many. One request counts fifty pieces as
/// soon as one.
fn size_of_pieces(rows: u64, by: u64) -> u64 {
    let balanced = (ROWS_OF_A_SMALL_RANGE * rows / by.max(1)).isqrt();
    let of_one_request = rows.div_ceil(RANGES_OF_A_REQUEST as u64);
    balanced.min(of_one_request).max(ROWS_OF_A_SMALL_RANGE)
}

/// Requests that it takes to find all differences by counts, if the ranges are cut into pieces of `size` rows first.
fn requests_to_count(differing: &[DifferingRange], size: u64) -> u64 {
    let requests = |ranges: u64| ranges.div_ceil(RANGES_OF_A_REQUEST as u64);
    let pieces = |one: &DifferingRange| one.range.rows.div_ceil(size);
    let now = differing.iter().map(pieces).sum();
    if size <= ROWS_OF_A_SMALL_RANGE {
        return requests(now);
    }
    let that_differ: u64 = differing.iter().map(|one| one.by.min(pieces(one))).sum();
    requests(now) + requests(that_differ * size.div_ceil(ROWS_OF_A_SMALL_RANGE))
}

/// Ranges side by side as one.
pub(crate) fn joined(mut ranges: Vec<IdRange>) -> Vec<IdRange> {
    ranges.sort_by_key(|range| range.after);
    let mut joined: Vec<IdRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(before) if before.up_to == range.after => {
                before.up_to = range.up_to;
                before.rows += range.rows;
            }
            _ => joined.push(range),
        }
    }
    joined
}

/// How the IDs of a range differ: those that the store has alone, and those that the portal has alone.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) gone: Vec<u64>,
    pub(crate) lacking: Vec<u64>,
}

impl Difference {
    /// Adds that of another range.
    pub(crate) fn extend(&mut self, other: Self) {
        self.gone.extend(other.gone);
        self.lacking.extend(other.lacking);
    }

    /// Compares the IDs of the store within a range with those that the portal has there; both ascend.
    pub(crate) fn within(range: IdRange, store: &[u64], portal: &[u64]) -> Self {
        let mut difference = Self::default();
        let mut portal = portal.iter().copied().peekable();
        for id in range.ids(store).iter().copied() {
            while let Some(other) = portal.next_if(|other| *other < id) {
                difference.lacking.push(other);
            }
            if portal.next_if_eq(&id).is_none() {
                difference.gone.push(id);
            }
        }
        difference.lacking.extend(portal);
        difference
    }
}

/// Whether so many rows of a table may be taken for deleted at once.
pub(crate) fn is_believable(gone: u64, live: u64) -> bool {
    // Nothing left at all is a portal that answers nothing, until somebody says otherwise.
    gone < live && (gone <= FEW || gone.saturating_mul(ONE_IN) <= live)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `narrow` leads to with a portal that has `portal`: the requests that it costs, and the IDs that are gone.
    fn play(store: &[u64], portal: &[u64]) -> (u64, Vec<u64>) {
        let (mut requests, mut gone, mut to_read) = (0, Vec::new(), Vec::new());
        let mut ranges = first_ranges(store, 7);
        while !ranges.is_empty() {
            requests += ranges.len().div_ceil(RANGES_OF_A_REQUEST) as u64;
            let mut differing = Vec::new();
            for range in ranges {
                let there = range.ids(portal);
                let page = there.get(..ROWS_OF_A_PAGE).unwrap_or(there);
                match range.compare(store, Some(there.len() as u64), Some(page)) {
                    RangeFinding::Same => {}
                    RangeFinding::Compared(difference) => gone.extend(difference.gone),
                    RangeFinding::Differs(one) => differing.push(one),
                }
            }
            let next = narrow(&differing, store);
            to_read.extend(next.read);
            ranges = next.count;
        }
        for range in joined(to_read) {
            let found = range.ids(portal);
            requests += (found.len() as u64).div_ceil(ROWS_OF_A_REQUEST) + 2;
            gone.extend(Difference::within(range, store, found).gone);
        }
        gone.sort_unstable();
        (requests, gone)
    }

    #[test]
    fn the_first_ranges_are_all_rows_and_in_time_each_row_is_in_the_first_page_of_one() {
        for rows in [1_u64, 49, 50, 51, 2_400, 2_401, 20_000] {
            let ids: Vec<u64> = (1..=rows).map(|id| id * 3).collect();
            let mut seen: std::collections::BTreeSet<u64> = std::collections::BTreeSet::new();
            for turn in 0..=20_000_u64.div_ceil(48 * 50) {
                let ranges = first_ranges(&ids, turn);
                assert!(ranges.len() < RANGES_OF_A_REQUEST, "{rows}");
                assert_eq!(ranges.iter().map(|range| range.rows).sum::<u64>(), rows);
                for range in &ranges {
                    let there = range.ids(&ids);
                    assert_eq!(there.len() as u64, range.rows);
                    seen.extend(there.iter().take(ROWS_OF_A_PAGE));
                }
                assert_eq!(
                    joined(ranges.clone()),
                    IdRange::of_all(&ids).into_iter().collect::<Vec<_>>()
                );
            }
            assert_eq!(seen.len() as u64, rows);
        }
        assert_eq!(first_ranges(&[], 3), []);
    }

    #[test]
    fn a_page_with_other_ids_shows_that_rows_went_and_came() {
        let ids: Vec<u64> = (1..=200).collect();
        let range = IdRange {
            after: 100,
            up_to: 180,
            rows: 80,
        };
        let page: Vec<u64> = (101..=150).collect();
        assert!(range.may_begin_with(&ids, &page));
        let other: Vec<u64> = (102..=151).collect();
        assert!(!range.may_begin_with(&ids, &other));
        // A row that is hidden, and a portal that passes the order over.
        assert!(range.may_begin_with(&ids, &other[..49]));
        let backwards: Vec<u64> = page.iter().rev().copied().collect();
        assert!(range.may_begin_with(&ids, &backwards));
    }

    #[test]
    fn no_change_costs_one_count() {
        let ids: Vec<u64> = (1..=1_000_000).collect();
        assert_eq!(play(&ids, &ids), (1, Vec::new()));
    }

    #[test]
    fn one_deleted_row_of_a_million_is_found_in_a_few_requests() {
        let store: Vec<u64> = (1..=1_000_000).map(|id| id * 3).collect();
        let mut portal = store.clone();
        portal.remove(777_777);
        let (requests, gone) = play(&store, &portal);
        assert_eq!(gone, [store[777_777]]);
        assert!(requests <= 3, "{requests}");
    }

    #[test]
    fn many_deleted_rows_cost_no_more_than_reading_all_ids() {
        let store: Vec<u64> = (1..=1_000_000).collect();
        for one_in in [7, 29, 150, 199, 200, 230, 400, 1_000] {
            let is_there = |id: &u64| !id.is_multiple_of(one_in);
            let portal: Vec<u64> = store.iter().copied().filter(is_there).collect();
            let (requests, gone) = play(&store, &portal);
            assert_eq!(gone.len() as u64, 1_000_000 / one_in);
            assert!(requests <= 1_000_000 / 2_500 + 5, "{one_in}: {requests}");
        }
    }

    #[test]
    fn deletions_far_from_each_other_are_found_by_counts_alone() {
        let store: Vec<u64> = (1..=1_000_000).map(|id| id * 2).collect();
        for (deleted, most) in [(2, 5), (10, 15), (100, 70), (1_000, 230)] {
            let is_there = |id: &u64| !id.is_multiple_of(2_000_000 / deleted);
            let portal: Vec<u64> = store.iter().copied().filter(is_there).collect();
            let (requests, gone) = play(&store, &portal);
            assert_eq!(gone.len() as u64, deleted);
            assert!(requests <= most, "{deleted}: {requests}");
        }
    }

    #[test]
    fn a_page_that_came_with_a_count_is_compared_only_where_it_is_all_that_is_counted() {
        let ids: Vec<u64> = (1..=200).collect();
        let range = IdRange {
            after: 100,
            up_to: 140,
            rows: 40,
        };
        let page: Vec<u64> = (101..=140).filter(|id| *id != 120).collect();
        let compared = |page: &[u64], counted| range.compare(&ids, counted, Some(page));
        let gone = Difference {
            gone: vec![120],
            lacking: Vec::new(),
        };
        assert_eq!(compared(&page, Some(39)), RangeFinding::Compared(gone));
        let differs = |by| RangeFinding::Differs(DifferingRange { range, by });
        // A row is hidden, nothing is counted, nothing is shown, or what is shown lies elsewhere.
        assert_eq!(compared(&page[1..], Some(39)), differs(1));
        assert_eq!(compared(&page, None), differs(40));
        assert_eq!(compared(&[], Some(0)), differs(40));
        let elsewhere: Vec<u64> = (90..129).collect();
        assert_eq!(compared(&elsewhere, Some(39)), differs(1));
    }

    #[test]
    fn what_is_gone_is_found_wherever_it_was() {
        let mut random = 1_u64;
        let mut next = |below: u64| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        for rows in [1, 2, 49, 50, 51, 2_500, 2_501, 20_000] {
            let mut store: Vec<u64> = (0..rows).map(|_| next(rows * 4) + 1).collect();
            store.sort_unstable();
            store.dedup();
            let deleted = next(5) + 1;
            let portal: Vec<u64> = store
                .iter()
                .copied()
                .filter(|_| next(rows) >= deleted)
                .collect();
            let gone: Vec<u64> = store
                .iter()
                .copied()
                .filter(|id| portal.binary_search(id).is_err())
                .collect();
            assert_eq!(play(&store, &portal).1, gone, "{rows}");
        }
    }

    #[test]
    fn rows_that_the_store_lacks_are_told_from_those_that_are_gone() {
        let range = IdRange {
            after: 2,
            up_to: 9,
            rows: 3,
        };
        let difference = Difference::within(range, &[1, 2, 3, 5, 9, 12], &[3, 4, 8, 9]);
        assert_eq!(difference.gone, [5]);
        assert_eq!(difference.lacking, [4, 8]);
    }

    #[test]
    fn a_twentieth_of_the_rows_may_go_at_once_and_never_all() {
        for (gone, live, is) in [
            (0, 10, true),
            (1, 10, true),
            (3, 12, true),
            (4, 12, false),
            (50, 1_000, true),
            (51, 1_000, false),
            (1, 1, false),
            (3, 3, false),
        ] {
            assert_eq!(is_believable(gone, live), is, "{gone} of {live}");
        }
    }
}
