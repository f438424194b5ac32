//! The search for a page of rows.
//!
//! Lists in the order of IDs are the hot path: the walk starts at the bound that the filter sets and stops after a page,
//! however many rows there are. Everything else looks at all rows that the bounds leave, as the portal's database would.

use std::cell::OnceCell;
use std::cmp::Ordering;

use super::condition::{Condition, SortKey, Span};
use crate::context::Call;
use crate::data::schema::ID;
use crate::data::table::Table;

/// One key of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sort {
    pub(crate) field: usize,
    pub(crate) direction: Direction,
}

/// Which way a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

/// A list that is asked for.
#[derive(Debug)]
pub(crate) struct Query<'t> {
    pub(crate) table: &'t Table,
    span: Span,
    /// What is left to ask of the rows in the span.
    rest: Condition,
    order: Vec<Sort>,
    /// The matching IDs in ascending order, once they were counted and are no more than a few.
    matched: OnceCell<Vec<u64>>,
}

/// Matching IDs that are kept from counting them to choosing the page of them.
const FEW: usize = 1 << 16;

impl<'t> Query<'t> {
    /// Rows of `table` that `filter` admits. Rows that are equal in `order` come by ID.
    pub(crate) fn new(table: &'t Table, filter: Condition, order: Vec<Sort>) -> Self {
        let (span, rest) = filter.split();
        Self {
            table,
            span,
            rest,
            order,
            matched: OnceCell::new(),
        }
    }

    /// How many rows there are.
    pub(crate) fn count(&self) -> u64 {
        if let (None, Condition::Always) = (&self.span.only, &self.rest) {
            self.table.count(self.span.low, self.span.high)
        } else {
            let mut count = 0;
            let mut matched = Vec::new();
            self.visit(Direction::Ascending, None, |id| {
                count += 1;
                if matched.len() < FEW {
                    matched.push(id);
                }
                true
            });
            if count == matched.len() as u64 {
                // Counted twice they are the same.
                let _ = self.matched.set(matched);
            }
            count
        }
    }

    /// The IDs of `limit` rows after the first `offset`.
    pub(crate) fn page(&self, offset: u64, limit: u64) -> Vec<u64> {
        let direction = match self.order.first() {
            None => Some(Direction::Ascending),
            Some(Sort {
                field: ID,
                direction,
            }) => Some(*direction),
            Some(_) => None,
        };
        match direction {
            Some(direction) => self.walk(direction, offset, limit),
            None => self.sorted(offset, limit),
        }
    }

    fn walk(&self, direction: Direction, offset: u64, limit: u64) -> Vec<u64> {
        let mut ids = Vec::new();
        let mut skip = offset;
        let mut from = None;
        if skip > 0 && self.span.only.is_none() && self.rest == Condition::Always {
            // Nothing to ask: the place of the first row is known.
            let count = self.count();
            if skip >= count {
                return ids;
            }
            let below = self.table.rank(self.span.low.saturating_sub(1));
            from = Some(self.table.of_rank(match direction {
                Direction::Ascending => below + skip + 1,
                Direction::Descending => below + count - skip,
            }));
            skip = 0;
        }
        if limit == 0 {
            return ids;
        }
        self.visit(direction, from, |id| {
            if skip > 0 {
                skip -= 1;
            } else {
                ids.push(id);
            }
            (ids.len() as u64) < limit
        });
        ids
    }

    /// Calls `each` with the matching IDs in ascending order until it says that it has enough.
    pub(crate) fn each(&self, each: impl FnMut(u64) -> bool) {
        self.visit(Direction::Ascending, None, each);
    }

    /// Calls `each` with the matching IDs until it says that it has enough.
    fn visit(&self, direction: Direction, from: Option<u64>, mut each: impl FnMut(u64) -> bool) {
        if let Some(matched) = self.matched.get() {
            let mut matched = matched.iter().copied();
            match direction {
                Direction::Ascending => matched.all(each),
                Direction::Descending => matched.rev().all(each),
            };
            return;
        }
        let mut scratch = String::new();
        let mut look = |id: u64| {
            let matches = self.rest == Condition::Always
                || self.rest.holds(&self.table.row(id), &mut scratch);
            !matches || each(id)
        };
        if let Some(only) = &self.span.only {
            let mut existing = only.iter().copied().filter(|&id| self.table.contains(id));
            match direction {
                Direction::Ascending => existing.all(look),
                Direction::Descending => existing.rev().all(look),
            };
            return;
        }
        match direction {
            Direction::Ascending => {
                let low = from.map_or(self.span.low, |from| self.span.low.max(from));
                self.table.ids(low, self.span.high).all(look)
            }
            Direction::Descending => {
                let high = from.map_or(self.span.high, |from| self.span.high.min(from));
                self.table.ids(self.span.low, high).rev().all(&mut look)
            }
        };
    }

    /// Keeps no more rows than twice what is asked for, however many match.
    fn sorted(&self, offset: u64, limit: u64) -> Vec<u64> {
        let keep = usize::try_from(offset.saturating_add(limit)).unwrap_or(usize::MAX);
        if keep == 0 {
            return Vec::new();
        }
        let schema = &self.table.schema;
        let classes: Vec<_> = self
            .order
            .iter()
            .map(|sort| schema.get(sort.field).kind.class())
            .collect();
        let by_order = |a: &(Vec<SortKey>, u64), b: &(Vec<SortKey>, u64)| {
            let mut ordering = Ordering::Equal;
            for (i, sort) in self.order.iter().enumerate() {
                ordering = match sort.direction {
                    Direction::Ascending => a.0[i].compare(&b.0[i]),
                    Direction::Descending => b.0[i].compare(&a.0[i]),
                };
                if ordering != Ordering::Equal {
                    break;
                }
            }
            ordering.then(a.1.cmp(&b.1))
        };
        let mut best: Vec<(Vec<SortKey>, u64)> = Vec::new();
        self.visit(Direction::Ascending, None, |id| {
            let row = self.table.row(id);
            let keys = self
                .order
                .iter()
                .zip(&classes)
                .map(|(sort, &class)| SortKey::of(row.cell(sort.field), class))
                .collect();
            best.push((keys, id));
            if best.len() >= keep.saturating_mul(2) {
                best.select_nth_unstable_by(keep - 1, by_order);
                best.truncate(keep);
            }
            true
        });
        best.sort_unstable_by(by_order);
        let end = best.len().min(keep);
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(end);
        best[start..end].iter().map(|(_, id)| *id).collect()
    }
}

/// What a list costs in simulated time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Work {
    pub(crate) rows: u64,
    pub(crate) counted: u64,
    pub(crate) skipped: u64,
}

impl Work {
    /// Charges a call for it.
    pub(crate) fn charge(self, call: &mut Call<'_>) {
        let costs = call.costs;
        for (each, times) in [
            (costs.row, self.rows),
            (costs.count, self.counted),
            (costs.skip, self.skipped),
        ] {
            let nanos = each.as_nanos().saturating_mul(u128::from(times));
            let cost = std::time::Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
            *call.cost = call.cost.saturating_add(cost);
        }
    }
}
