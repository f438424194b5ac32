//! Guess the list behind recorded pages, and the parameters that ask the emulator for each of them.

use brimful_portal::PortalConfig;
use serde_json::{Map, Value as Json, json};

use crate::setting::Row;

const PAGE_ROWS: usize = 50;

/// Where the rows of a list are loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowSource {
    /// An entity of the portal.
    Entity(String),
    /// Nothing but the method.
    Method(String),
}

/// The rows behind a list.
#[derive(Debug, Clone)]
pub(crate) struct ListFixture {
    pub(crate) source: RowSource,
    /// The ID of a row, and its name in filters and orders.
    pub(crate) id: &'static str,
    pub(crate) filter_id: &'static str,
    pub(crate) rows: Vec<Row>,
    /// How many rows the portal said it has.
    pub(crate) total: usize,
}

/// One page of a list, as it was replied.
#[derive(Debug, Clone)]
pub(crate) struct RecordedPage {
    /// The place of the list in the setting.
    pub(crate) list: usize,
    /// Its rows by their ID.
    ids: Vec<u64>,
    rows: usize,
    next: Option<usize>,
    total: Option<i64>,
    /// The fields to sort by, where the rows do not come by their ID.
    sort: Option<(String, bool)>,
}

/// How many rows there are and which page comes next, as a reply says it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) next: Option<i64>,
    pub(crate) total: Option<i64>,
}

impl ListFixture {
    /// Adds a page of rows, if they can be a page of a list in the order of IDs or of some field.
    pub(crate) fn add(
        &mut self,
        place: usize,
        rows: &[Row],
        counts: Counts,
    ) -> Option<RecordedPage> {
        let ids: Vec<u64> = rows.iter().filter_map(|row| id_of(row, self.id)).collect();
        let next = counts.next.and_then(|next| usize::try_from(next).ok());
        let sort = match &self.source {
            // Rows that were merely given come in the order in which they are.
            RowSource::Method(_) => None,
            RowSource::Entity(_) if ids.len() < rows.len() => return None,
            RowSource::Entity(_) => Some(sorted_by(rows, self.id, self.filter_id)?),
        };
        for row in rows {
            let id = id_of(row, self.id);
            let has_id = |other: &&Row| id.is_some() && id_of(other, self.id) == id;
            if self.rows.iter().find(has_id).is_none() {
                self.rows.push(row.clone());
            }
        }
        let total = counts.total.and_then(|total| usize::try_from(total).ok());
        self.total = self.total.max(total.unwrap_or(0));
        Some(RecordedPage {
            list: place,
            ids,
            rows: rows.len(),
            next,
            total: counts.total,
            sort,
        })
    }

    /// Whether these rows are the last page of the list: with them it has as many rows as it is said to have.
    pub(crate) fn completes(&self, rows: &[Row], total: Option<i64>) -> bool {
        let known = |row: &&Row| {
            let id = id_of(row, self.id);
            id.is_some() && self.rows.iter().any(|other| id_of(other, self.id) == id)
        };
        let further = rows.len() - rows.iter().filter(known).count();
        let total = total.and_then(|total| usize::try_from(total).ok());
        total == Some(self.rows.len() + further)
    }

    /// Rows that nobody saw, as many as the portal said there are beyond those that came; they come last.
    fn with_filler(&self) -> Vec<Row> {
        let mut rows = self.rows.clone();
        let ids = || self.rows.iter().filter_map(|row| id_of(row, self.id));
        let ascends = rows.len() < 2 || ids().is_sorted();
        let (low, high) = (ids().min().unwrap_or(1), ids().max().unwrap_or(0));
        for place in 0..self.total.saturating_sub(rows.len()) as u64 {
            let id = if ascends {
                high + 1 + place
            } else {
                low.saturating_sub(1 + place)
            };
            let mut filler = self.rows.first().cloned().unwrap_or_default();
            let is_text = filler.get(self.id).is_some_and(Json::is_string);
            let id = if is_text {
                json!(id.to_string())
            } else {
                json!(id)
            };
            filler.insert(self.id.to_owned(), id);
            rows.push(filler);
        }
        rows
    }

    /// The portal with these rows.
    pub(crate) fn load(&self, config: PortalConfig) -> PortalConfig {
        let rows = self.with_filler();
        match &self.source {
            RowSource::Entity(entity) => config.load(entity.as_str(), rows),
            RowSource::Method(method) => config.load_rows_of(method.as_str(), rows),
        }
    }
}

impl RecordedPage {
    /// Forgets the order: the page is asked for as the list comes.
    pub(crate) fn clear_sort(&mut self) {
        self.sort = None;
    }

    /// The parameters that ask for the page.
    pub(crate) fn params(&self, list: &ListFixture, pages_end_empty: bool) -> Result<Row, String> {
        let mut params = Map::new();
        if let Some((field, descends)) = &self.sort {
            let way = if *descends { "DESC" } else { "ASC" };
            params.insert("order".to_owned(), json!({ field.as_str(): way }));
        }
        let at = |id: u64| {
            let has_id = |row: &Row| id_of(row, list.id) == Some(id);
            list.rows.iter().position(has_id)
        };
        let first = self.ids.first().and_then(|&id| at(id)).unwrap_or(0);
        let contiguous = self.ids.is_empty()
            || self
                .ids
                .iter()
                .enumerate()
                .all(|(place, &id)| at(id) == Some(first + place));
        let all = list.total.max(list.rows.len());
        let uncounted = match self.total {
            Some(total) => total == 0 && self.rows > 0,
            None => pages_end_empty,
        };
        let shown = usize::try_from(self.total.unwrap_or(0)).unwrap_or(0);
        if uncounted && first == 0 {
            // Lists that are asked for so count nothing.
            params.insert("start".to_owned(), json!(-1));
        } else if contiguous && (self.total.is_none() || shown == all) {
            // Rows that stand side by side in the list are a page by their place.
            let start = match self.next {
                Some(next) if self.rows == PAGE_ROWS => next.saturating_sub(PAGE_ROWS),
                Some(next) => next.saturating_sub(self.rows),
                None => first,
            };
            // A page that is not the last one is full, and the last one ends with the list.
            if self.total.is_some() && self.next.is_none() && start + self.rows != all {
                let end = (start / PAGE_ROWS * PAGE_ROWS + PAGE_ROWS).min(all);
                let due = end.saturating_sub(start);
                return Err(format!(
                    "result: expected {} rows, got {due} of {all}",
                    self.rows
                ));
            }
            if start > 0 {
                params.insert("start".to_owned(), json!(start));
            }
        } else {
            // The others came by a filter that the recording does not show: their IDs select the same rows.
            params.insert("filter".to_owned(), json!({ list.filter_id: self.ids }));
        }
        Ok(params)
    }
}

/// The ID of a row.
pub(crate) fn id_of(row: &Row, key: &str) -> Option<u64> {
    match row.get(key)? {
        Json::Number(id) => id.as_u64(),
        Json::String(id) => id.parse().ok(),
        _ => None,
    }
}

/// The field that rows are sorted by, and whether downwards: the ID if it is that, or else any; rows that are equal in
/// it come by their ID.
fn sorted_by(rows: &[Row], id: &str, filter_id: &str) -> Option<(String, bool)> {
    let ids: Vec<Option<u64>> = rows.iter().map(|row| id_of(row, id)).collect();
    if ids.is_sorted() {
        return Some((filter_id.to_owned(), false));
    }
    if ids.iter().rev().is_sorted() {
        return Some((filter_id.to_owned(), true));
    }
    let fields = rows.first()?.keys();
    let text = |row: &Row, key: &str| match row.get(key) {
        Some(Json::String(text)) => text.to_lowercase(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    for field in fields {
        let sorts = |descends: bool| {
            rows.windows(2).zip(ids.windows(2)).all(|(pair, ids)| {
                let (a, b) = (text(&pair[0], field), text(&pair[1], field));
                let (a, b) = if descends { (b, a) } else { (a, b) };
                a < b || (a == b && ids[0] < ids[1])
            })
        };
        if let Some(descends) = [false, true].into_iter().find(|&descends| sorts(descends)) {
            return Some((field.clone(), descends));
        }
    }
    None
}
