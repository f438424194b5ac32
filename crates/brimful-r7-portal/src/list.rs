//! Lists: which rows match, in which order, and which part of them is a page.
//!
//! All that is said about a list is in the query: `count`, `startIndex`, `sortBy`, `sortOrder`, `filterBy`, `filterOp`,
//! `filterValue`, `fields`, `updatedSince`.

use std::cmp::Ordering;

use brimful_r7_protocol::Moment;
use serde_json::Value as Json;

use super::failure::Failure;
use super::params;
use super::store::{Kind, Row, Store};

/// What the query says.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) count: u64,
    pub(super) start: u64,
    sort: Vec<String>,
    descending: bool,
    by: Option<String>,
    op: Op,
    values: Vec<String>,
    fields: Vec<String>,
    since: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Contains,
    Equals,
    StartsWith,
    EndsWith,
    Present,
}

/// What a list does of its own accord.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// The properties that text is searched in; empty where `filterValue` is no search.
    pub(super) search: &'static [&'static str],
    /// The newest first, unless an order is asked for.
    pub(super) newest_first: bool,
    /// Whether `total` is told even where all rows are in the page.
    pub(super) total: bool,
    /// Whether `nextIndex` is ever told.
    pub(super) next: bool,
}

/// A list that the server filters and counts in its database.
pub(super) const COUNTED: Manner = Manner {
    search: &[],
    newest_first: false,
    total: true,
    next: true,
};

/// A list that is cut in memory.
pub(super) const IN_MEMORY: Manner = Manner {
    search: &[],
    newest_first: false,
    total: false,
    next: true,
};

/// A page.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) rows: Vec<Json>,
    pub(super) start: u64,
    pub(super) next: u64,
    pub(super) total: u64,
}

impl Query {
    pub(super) fn read(query: &Json, largest: u64) -> Result<Self, Failure> {
        let count = params::number(query, "count")?
            .and_then(|count| u64::try_from(count).ok())
            .filter(|count| *count > 0);
        let start = params::number(query, "startIndex")?.unwrap_or(0);
        let op = params::text(query, "filterOp").unwrap_or_default();
        let since = match params::text(query, "updatedSince") {
            None => None,
            Some(text) => match text.parse::<Moment>() {
                Ok(moment) => Some(moment.unix()),
                Err(_) => return Err(Failure::conversion("updatedSince", &text)),
            },
        };
        Ok(Self {
            count: count.unwrap_or(largest).min(largest),
            start: u64::try_from(start).unwrap_or(0),
            sort: params::several(query, "sortBy"),
            descending: params::text(query, "sortOrder").as_deref() == Some("descending"),
            by: params::text(query, "filterBy"),
            op: match op.to_ascii_lowercase().as_str() {
                "contains" => Op::Contains,
                "startswith" => Op::StartsWith,
                "endswith" => Op::EndsWith,
                "present" => Op::Present,
                _ => Op::Equals,
            },
            values: params::several(query, "filterValue"),
            fields: params::several(query, "fields"),
            since,
        })
    }

    /// The property that is filtered by.
    pub(super) fn by(&self) -> Option<&str> {
        self.by.as_deref()
    }

    /// The values that are filtered by.
    pub(super) fn values(&self) -> &[String] {
        &self.values
    }

    /// The property that is filtered by is dealt with.
    pub(super) fn filtered(&mut self) {
        self.by = None;
        self.values.clear();
    }

    /// Whether a row passes what is generic.
    fn passes(&self, row: &Row, search: &[&str]) -> bool {
        if let Some(since) = self.since {
            let changed = row.get("updated").or_else(|| row.get("created"));
            let moment = changed.and_then(|text| text.as_str()?.parse::<Moment>().ok());
            if moment.is_none_or(|moment| moment.unix() < since) {
                return false;
            }
        }
        match &self.by {
            Some(path) => self.compares(&at(row, path)),
            // Lists that search take the text before the first comma, which the values were split at.
            None => match self.values.first() {
                Some(text) if !search.is_empty() => {
                    let text = text.to_lowercase();
                    search
                        .iter()
                        .any(|path| params::plain(&at(row, path)).to_lowercase().contains(&text))
                }
                _ => true,
            },
        }
    }

    fn compares(&self, value: &Json) -> bool {
        if self.op == Op::Present {
            return !matches!(value, Json::Null) && *value != Json::String(String::new());
        }
        if let Json::Array(items) = value {
            return items.iter().any(|item| self.compares(item));
        }
        let text = params::plain(value).to_lowercase();
        self.values.iter().any(|wanted| {
            let wanted = wanted.to_lowercase();
            match self.op {
                Op::Contains => text.contains(&wanted),
                Op::StartsWith => text.starts_with(&wanted),
                Op::EndsWith => text.ends_with(&wanted),
                Op::Equals | Op::Present => text == wanted,
            }
        })
    }

    fn filters(&self, search: &[&str]) -> bool {
        self.since.is_some() || self.by.is_some() || (!search.is_empty() && !self.values.is_empty())
    }

    /// The page of rows of one kind that pass `keep`.
    pub(super) fn run(
        &self,
        store: &Store,
        kind: Kind,
        manner: Manner,
        keep: Option<&dyn Fn(&Row) -> bool>,
    ) -> Listed {
        let plain = keep.is_none() && self.sort.is_empty() && !self.filters(manner.search);
        if plain {
            return self.plain(store, kind, manner);
        }
        let numbers = store.numbers(kind);
        let numbers: Box<dyn Iterator<Item = u64>> = if manner.newest_first {
            Box::new(numbers.rev())
        } else {
            Box::new(numbers)
        };
        let rows = numbers
            .filter_map(|number| store.get(kind, number))
            .filter(|row| keep.is_none_or(|keep| keep(row)) && self.passes(row, manner.search));
        if self.sort.is_empty() {
            let mut total = 0;
            let mut page = Vec::new();
            for row in rows {
                if total >= self.start && (page.len() as u64) < self.count {
                    page.push(row);
                }
                total += 1;
            }
            return self.page(page, total, manner);
        }
        let rows = self.sorted(rows.collect());
        let total = rows.len() as u64;
        let page = rows.into_iter().skip(self.start as usize);
        self.page(page.take(self.count as usize).collect(), total, manner)
    }

    /// Nothing is asked for but a part of what there is.
    fn plain(&self, store: &Store, kind: Kind, manner: Manner) -> Listed {
        let total = store.len(kind);
        let count = self.count as usize;
        let get = |number| store.get(kind, number);
        let page = match (store.is_plain(kind), manner.newest_first) {
            (true, false) => (self.start + 1..=total)
                .take(count)
                .filter_map(get)
                .collect(),
            (true, true) => (1..=total.saturating_sub(self.start))
                .rev()
                .take(count)
                .filter_map(get)
                .collect(),
            (false, false) => {
                let numbers = store.numbers(kind).skip(self.start as usize);
                numbers.take(count).filter_map(get).collect()
            }
            (false, true) => {
                let numbers = store.numbers(kind).rev().skip(self.start as usize);
                numbers.take(count).filter_map(get).collect()
            }
        };
        self.page(page, total, manner)
    }

    /// Things that are made for the list and are of no kind.
    pub(super) fn run_over(&self, rows: Vec<Row>, manner: Manner) -> Listed {
        let rows = rows
            .into_iter()
            .filter(|row| self.passes(row, manner.search));
        let rows = self.sorted(rows.collect());
        let total = rows.len() as u64;
        let page = rows.into_iter().skip(self.start as usize);
        self.page(page.take(self.count as usize).collect(), total, manner)
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

    fn page(&self, rows: Vec<Row>, total: u64, manner: Manner) -> Listed {
        let more = self.start + (rows.len() as u64) < total;
        Listed {
            rows: rows.into_iter().map(|row| self.cut(row)).collect(),
            start: self.start,
            // One too far, as the server counts.
            next: if more && manner.next {
                self.start + self.count + 1
            } else {
                0
            },
            total: if manner.total || total > self.count {
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
        (a, b) => params::plain(a)
            .to_lowercase()
            .cmp(&params::plain(b).to_lowercase()),
    }
}
