//! Which rows of the store are gone from the portal: what to count, what to read, and whether to believe it. Without I/O.

/// Rows of a page.
const ROWS_OF_A_PAGE: usize = 50;
/// Rows that one request reads.
const ROWS_OF_A_REQUEST: u64 = 2_500;
/// Ranges that one request counts.
const RANGES_OF_A_REQUEST: usize = 50;
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

    /// Cuts it into ranges of about as many rows each.
    fn split(self, all: &[u64], pieces: usize) -> Vec<Self> {
        let ids = self.ids(all);
        let size = ids.len().div_ceil(pieces.max(1)).max(1);
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

/// What is done next about ranges whose counts differ.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Narrowing {
    /// The counts of these tell where the difference is.
    Count(Vec<IdRange>),
    /// The IDs of these are read.
    Read(Vec<IdRange>),
}

/// Narrows ranges down whose counts differ, as long as counting costs less than reading them. `counted` is how many rows
/// the ranges had that were counted last.
pub(crate) fn narrow(differing: &[IdRange], counted: u64, ids: &[u64]) -> Narrowing {
    let rows: u64 = differing.iter().map(|range| range.rows).sum();
    let to_read = rows.div_ceil(ROWS_OF_A_REQUEST);
    // Where most ranges differ, finer ones do too.
    if differing.len() > 1 && rows.saturating_mul(2) > counted {
        return Narrowing::Read(joined(differing));
    }
    // One request counts 50 ranges; what is left to read is a fiftieth of it where the difference is in one place.
    let to_count = (differing.len() as u64) * 2;
    if to_read <= to_count {
        return Narrowing::Read(joined(differing));
    }
    let pieces = differing
        .iter()
        .flat_map(|range| range.split(ids, RANGES_OF_A_REQUEST));
    Narrowing::Count(pieces.collect())
}

/// Ranges side by side as one.
fn joined(ranges: &[IdRange]) -> Vec<IdRange> {
    let mut joined: Vec<IdRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(before) if before.up_to == range.after => {
                before.up_to = range.up_to;
                before.rows += range.rows;
            }
            _ => joined.push(*range),
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
        let count = |range: &IdRange| range.ids(portal).len() as u64;
        let mut requests = 1;
        let mut differing = first_ranges(store, 7);
        let mut counted = store.len() as u64;
        differing.retain(|range| count(range) != range.rows);
        loop {
            if differing.is_empty() {
                return (requests, Vec::new());
            }
            match narrow(&differing, counted, store) {
                Narrowing::Count(ranges) => {
                    requests += ranges.len().div_ceil(RANGES_OF_A_REQUEST) as u64;
                    counted = ranges.iter().map(|range| range.rows).sum();
                    differing = ranges;
                    differing.retain(|range| count(range) != range.rows);
                }
                Narrowing::Read(ranges) => {
                    let mut gone = Vec::new();
                    for range in ranges {
                        let found = range.ids(portal);
                        requests += (found.len() as u64).div_ceil(ROWS_OF_A_REQUEST).max(1);
                        gone.extend(Difference::within(range, store, found).gone);
                    }
                    return (requests, gone);
                }
            }
        }
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
                    joined(&ranges),
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
        assert!(requests <= 5, "{requests}");
    }

    #[test]
    fn many_deleted_rows_cost_no_more_than_reading_all_ids() {
        let store: Vec<u64> = (1..=1_000_000).collect();
        let portal: Vec<u64> = store.iter().copied().filter(|id| id % 29 != 0).collect();
        let (requests, gone) = play(&store, &portal);
        assert_eq!(gone.len(), 1_000_000 / 29);
        assert!(requests <= 1_000_000 / 2_500 + 5, "{requests}");
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
