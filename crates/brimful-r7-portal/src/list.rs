//! Lists: which rows match, in which order, and which part of them is a page.
//!
//! All that is said about a list is in the query: `count`, `startIndex`, `sortBy`, `sortOrder`, `filterBy`, `filterOp`,
//! `filterValue`, `fields`, `updatedSince`.

use std::cmp::Ordering;

use serde_json::Value as Json;

use crate::api_failure::ApiFailure;
use crate::params;
use crate::row::{Row, time};
use crate::store::{Entity, Store};

/// What the query says.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) count: u64,
    pub(super) start: u64,
    sort: Vec<String>,
    descending: bool,
    filter_field: Option<String>,
    filter_op: FilterOp,
    filter_values: Vec<String>,
    fields: Vec<String>,
    updated_since: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FilterOp {
    Contains,
    Equals,
    StartsWith,
    EndsWith,
    Present,
}

/// What a list does of its own accord.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListBehaviour {
    /// The properties that text is searched in; empty where `filterValue` is not a search.
    pub(super) search: &'static [&'static str],
    /// The newest first, unless an order is asked for.
    pub(super) newest_first: bool,
    /// Whether `total` is told even where all rows are in the page.
    pub(super) total: bool,
    /// Whether `nextIndex` is ever told.
    pub(super) next: bool,
}

/// A list that the server filters and counts in its database.
pub(super) const COUNTED: ListBehaviour = ListBehaviour {
    search: &[],
    newest_first: false,
    total: true,
    next: true,
};

/// A list that is cut in memory.
pub(super) const IN_MEMORY: ListBehaviour = ListBehaviour {
    search: &[],
    newest_first: false,
    total: false,
    next: true,
};

/// What a row must meet, beside the filters that every list has.
pub(super) type Conditions<'c> = Vec<Box<dyn Fn(&Row) -> bool + 'c>>;

/// A page of a list.
#[derive(Debug, Default)]
pub(super) struct ListSlice {
    pub(super) rows: Vec<Json>,
    pub(super) start: u64,
    pub(super) next: u64,
    pub(super) total: u64,
}

impl Query {
    pub(super) fn read(query: &Json, largest: u64) -> Result<Self, ApiFailure> {
        let count = params::number(query, "count")?
            .and_then(|count| u64::try_from(count).ok())
            .filter(|count| *count > 0);
        let start = params::number(query, "startIndex")?.unwrap_or(0);
        let op = params::text(query, "filterOp").unwrap_or_default();
        Ok(Self {
            count: count.unwrap_or(largest).min(largest),
            start: u64::try_from(start).unwrap_or(0),
            sort: params::list(query, "sortBy"),
            descending: params::text(query, "sortOrder").as_deref() == Some("descending"),
            filter_field: params::text(query, "filterBy"),
            filter_op: match op.to_ascii_lowercase().as_str() {
                "contains" => FilterOp::Contains,
                "startswith" => FilterOp::StartsWith,
                "endswith" => FilterOp::EndsWith,
                "present" => FilterOp::Present,
                _ => FilterOp::Equals,
            },
            filter_values: params::list(query, "filterValue"),
            fields: params::list(query, "fields"),
            updated_since: params::date(query, "updatedSince")?,
        })
    }

    /// The property that is filtered by.
    pub(super) fn filter_field(&self) -> Option<&str> {
        self.filter_field.as_deref()
    }

    /// Takes the filter out, for a list that applies it itself: the values that are filtered by.
    pub(super) fn take_filter(&mut self) -> Vec<String> {
        self.filter_field = None;
        std::mem::take(&mut self.filter_values)
    }

    /// Whether a row passes the filters that every list has.
    fn passes(&self, row: &Row, search: &[&str]) -> bool {
        if let Some(since) = self.updated_since {
            let changed = if row.contains_key("updated") {
                "updated"
            } else {
                "created"
            };
            if time(row, changed).is_none_or(|changed| changed < since) {
                return false;
            }
        }
        match &self.filter_field {
            Some(path) => self.matches(&at(row, path)),
            // Lists that search take the text before the first comma, which the values were split at.
            None => match self.filter_values.first() {
                Some(text) if !search.is_empty() => {
                    let text = text.to_lowercase();
                    search.iter().any(|path| {
                        params::scalar(&at(row, path))
                            .to_lowercase()
                            .contains(&text)
                    })
                }
                _ => true,
            },
        }
    }

    fn matches(&self, value: &Json) -> bool {
        if self.filter_op == FilterOp::Present {
            return !matches!(value, Json::Null) && *value != Json::String(String::new());
        }
        if let Json::Array(items) = value {
            return items.iter().any(|item| self.matches(item));
        }
        let text = params::scalar(value).to_lowercase();
        self.filter_values.iter().any(|wanted| {
            let wanted = wanted.to_lowercase();
            match self.filter_op {
                FilterOp::Contains => text.contains(&wanted),
                FilterOp::StartsWith => text.starts_with(&wanted),
                FilterOp::EndsWith => text.ends_with(&wanted),
                FilterOp::Equals | FilterOp::Present => text == wanted,
            }
        })
    }

    fn has_filter(&self, search: &[&str]) -> bool {
        self.updated_since.is_some()
            || self.filter_field.is_some()
            || (!search.is_empty() && !self.filter_values.is_empty())
    }

    /// The part of an entity's rows that is asked for, of those that meet the conditions.
    pub(super) fn select(
        &self,
        store: &Store,
        entity: Entity,
        behaviour: ListBehaviour,
        conditions: &Conditions<'_>,
    ) -> ListSlice {
        let all = conditions.is_empty() && !self.has_filter(behaviour.search);
        if all && self.sort.is_empty() {
            return self.select_by_position(store, entity, behaviour);
        }
        let numbers = store.numbers(entity);
        let numbers: Box<dyn Iterator<Item = u64>> = if behaviour.newest_first {
            Box::new(numbers.rev())
        } else {
            Box::new(numbers)
        };
        let rows = numbers
            .filter_map(|number| store.get(entity, number))
            .filter(|row| conditions.iter().all(|meets| meets(row)))
            .filter(|row| self.passes(row, behaviour.search));
        if !self.sort.is_empty() {
            return self.page_of(self.sorted(rows.collect()), behaviour);
        }
        // Only the rows of the page are kept in memory.
        let mut total = 0;
        let mut page = Vec::new();
        for row in rows {
            if total >= self.start && (page.len() as u64) < self.count {
                page.push(row);
            }
            total += 1;
        }
        self.page(page, total, behaviour)
    }

    /// The part that is asked for where nothing is filtered or sorted: no other rows are looked at.
    fn select_by_position(
        &self,
        store: &Store,
        entity: Entity,
        behaviour: ListBehaviour,
    ) -> ListSlice {
        let total = store.len(entity);
        let (start, numbers) = (self.start, store.numbers(entity));
        let numbers: Box<dyn Iterator<Item = u64>> =
            match (store.has_no_gaps(entity), behaviour.newest_first) {
                (true, false) => Box::new(start + 1..=total),
                (true, true) => Box::new((1..=total.saturating_sub(start)).rev()),
                (false, false) => Box::new(numbers.skip(start as usize)),
                (false, true) => Box::new(numbers.rev().skip(start as usize)),
            };
        let rows = numbers.take(self.count as usize);
        let rows = rows.filter_map(|number| store.get(entity, number));
        self.page(rows.collect(), total, behaviour)
    }

    /// The part that is asked for of rows that the store does not hold.
    pub(super) fn select_from(&self, mut rows: Vec<Row>, behaviour: ListBehaviour) -> ListSlice {
        rows.retain(|row| self.passes(row, behaviour.search));
        self.page_of(self.sorted(rows), behaviour)
    }

    fn page_of(&self, rows: Vec<Row>, behaviour: ListBehaviour) -> ListSlice {
        let total = rows.len() as u64;
        let page = rows.into_iter().skip(self.start as usize);
        self.page(page.take(self.count as usize).collect(), total, behaviour)
    }

    fn sorted(&self, mut rows: Vec<Row>) -> Vec<Row> {
        if !self.sort.is_empty() {
            rows.sort_by(|a, b| {
                let order = self
                    .sort
                    .iter()
                    .map(|path| compare(&at(a, path), &at(b, path)))
                    .find(|order| order.is_ne())
                    .unwrap_or(Ordering::Equal);
                if self.descending {
                    order.reverse()
                } else {
                    order
                }
            });
        }
        rows
    }

    fn page(&self, rows: Vec<Row>, total: u64, behaviour: ListBehaviour) -> ListSlice {
        let more = self.start + (rows.len() as u64) < total;
        ListSlice {
            rows: rows.into_iter().map(|row| self.cut(row)).collect(),
            start: self.start,
            // One too far, as the server counts.
            next: if more && behaviour.next {
                self.start + self.count + 1
            } else {
                0
            },
            total: if behaviour.total || total > self.count {
                total
            } else {
                0
            },
        }
    }

    /// The properties that were asked for.
    fn cut(&self, mut row: Row) -> Json {
        if !self.fields.is_empty() {
            row.retain(|name, _| {
                self.fields
                    .iter()
                    .any(|field| field.eq_ignore_ascii_case(name))
            });
        }
        Json::Object(row)
    }
}

/// What is at a dotted path.
fn at(row: &Row, path: &str) -> Json {
    let mut value: Option<&Json> = None;
    for (depth, step) in path.split('.').enumerate() {
        let members = match (depth, value) {
            (0, _) => Some(row),
            (_, Some(Json::Object(members))) => Some(members),
            (_, Some(Json::Array(items))) => {
                // A path into a list is at all of its items.
                let rest: Vec<&str> = path.split('.').skip(depth).collect();
                let rest = rest.join(".");
                return items
                    .iter()
                    .filter_map(Json::as_object)
                    .map(|item| at(item, &rest))
                    .collect();
            }
            _ => None,
        };
        value = members.and_then(|members| {
            members
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(step.trim()))
                .map(|(_, value)| value)
        });
    }
    value.cloned().unwrap_or_default()
}

fn compare(a: &Json, b: &Json) -> Ordering {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a
            .as_f64()
            .unwrap_or(0.0)
            .total_cmp(&b.as_f64().unwrap_or(0.0)),
        (a, b) => params::scalar(a)
            .to_lowercase()
            .cmp(&params::scalar(b).to_lowercase()),
    }
}
