//! A portal that serves a list by the places of its pages, and does to it what its manners say.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use brimful_protocol::rows::{BatchOfLists, Place, read_batch};
use serde_json::Value;

use super::manners::{ChangeManner, IdManner, Manners, PagingManner, TotalManner};
use crate::list::simulation::Exclusions;
use crate::list::strategy::{ListCommand, label};

/// A row: what tells it apart in the model, and whether it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ModelRow {
    pub(super) key: u64,
    pub(super) hidden: bool,
}

pub(super) struct Portal {
    pub(super) manners: Manners,
    pub(super) rows: Vec<ModelRow>,
    pub(super) next_key: u64,
    /// So many rows there were at the most.
    pub(super) most_rows: usize,
    pub(super) random: fastrand::Rng,
    pub(super) commands: usize,
    pub(super) requests: usize,
    /// So often the last row is still to be left out.
    pub(super) lacking: usize,
    /// Whether a count with an upper bound was right, and whether one was too low.
    pub(super) counts: [bool; 2],
    /// Rows that are there from the start to the end.
    pub(super) lasting: BTreeSet<u64>,
}

impl Portal {
    pub(super) fn new(manners: Manners, seed: u64) -> Self {
        let mut portal = Self {
            manners,
            rows: Vec::new(),
            next_key: 0,
            most_rows: 0,
            random: fastrand::Rng::with_seed(seed),
            commands: 0,
            requests: 0,
            lacking: manners.lacking,
            counts: [false; 2],
            lasting: BTreeSet::new(),
        };
        for at in 0..manners.rows {
            portal.insert(at);
        }
        for row in portal.rows.iter_mut().take(manners.hidden_first) {
            row.hidden = true;
        }
        portal.lasting = portal.rows.iter().map(|row| row.key).collect();
        portal
    }

    pub(super) fn insert(&mut self, at: usize) {
        let hidden = self.random.u32(..100) < self.manners.hidden;
        let key = self.next_key;
        self.next_key += 1;
        self.rows.insert(at, ModelRow { key, hidden });
        self.most_rows = self.most_rows.max(self.rows.len());
    }

    pub(super) fn delete(&mut self, at: usize) {
        let gone = self.rows.remove(at);
        self.lasting.remove(&gone.key);
    }

    pub(super) fn change(&mut self) {
        let manners = self.manners;
        for _ in 0..manners.growth {
            self.insert(self.rows.len());
        }
        if self.commands >= manners.quiet_from || self.random.u32(..100) >= manners.changes {
            return;
        }
        let len = self.rows.len();
        match manners.change {
            ChangeManner::Any if self.random.bool() || len == 0 => {
                let at = self.random.usize(..=len);
                self.insert(at);
            }
            ChangeManner::Any => {
                let at = self.random.usize(..len);
                self.delete(at);
            }
            _ if len == 0 => {}
            ChangeManner::Equal => {
                let (from, to) = (self.random.usize(..len), self.random.usize(..len));
                self.delete(from);
                self.insert(to);
            }
            ChangeManner::Moves => {
                let (from, to) = (self.random.usize(..len), self.random.usize(..len));
                let row = self.rows.remove(from);
                self.rows.insert(to, row);
            }
            ChangeManner::Feed => {
                self.insert(0);
                if self.random.bool() {
                    self.delete(len);
                }
            }
        }
    }

    pub(super) fn json(&self, row: ModelRow) -> String {
        let key = row.key;
        let manner = match self.manners.ids {
            IdManner::Mixed => match key % 6 {
                0 => IdManner::Numbers,
                1 => IdManner::Huge,
                2 => IdManner::Negative,
                3 => IdManner::Texts,
                _ => IdManner::None,
            },
            manner => manner,
        };
        match manner {
            IdManner::Numbers | IdManner::Mixed => format!(r#"{{"ID":"{key}","k":{key}}}"#),
            IdManner::Huge if key.is_multiple_of(2) => {
                format!(r#"{{"ID":{},"k":{key}}}"#, u64::MAX - key)
            }
            IdManner::Huge => format!(r#"{{"ID":"9{key:025}","k":{key}}}"#),
            IdManner::Negative => format!(r#"{{"id":-{},"k":{key}}}"#, key + 1),
            IdManner::Texts => format!(r#"{{"ID":"D_{key}","k":{key}}}"#),
            IdManner::None => format!(r#"{{"k":{key}}}"#),
            IdManner::Equal => format!(r#"{{"k":{}}}"#, key / 3),
        }
    }

    /// What of a row the walk can know.
    pub(super) fn shown_as(&self, key: u64) -> u64 {
        match self.manners.ids {
            IdManner::Equal => key / 3,
            _ => key,
        }
    }

    /// The parts of a reply to one command: rows, `next`, `total`.
    pub(super) fn answer(&mut self, params: &Value) -> (String, Option<usize>, Option<usize>) {
        self.change();
        let manners = self.manners;
        if params["newest"].as_bool() == Some(true) {
            self.commands += 1;
            return (self.newest_rows(), None, None);
        }
        let in_question = self.rows_in_question(params);
        let of_all = in_question.is_none();
        let rows = in_question.unwrap_or_else(|| self.rows.clone());
        let number = |name: &str| params[name].as_u64().map(|n| n as usize);
        let (asked, limit) = match manners.paging {
            PagingManner::LimitOffset { .. } => (
                number("OFFSET").unwrap(),
                number("LIMIT").unwrap().min(manners.page),
            ),
            _ => (number("start").unwrap(), manners.page),
        };
        let len = rows.len();
        let start = match manners.paging {
            _ if manners.ignores_start => 0,
            PagingManner::Legacy if asked >= len.next_multiple_of(limit).max(1) => 0,
            PagingManner::Legacy | PagingManner::Controller => asked / limit * limit,
            _ => asked,
        };
        let cut = rows.iter().skip(start).take(limit);
        let mut shown: Vec<ModelRow> = cut.filter(|row| !row.hidden).copied().collect();
        let mut next = (start + limit < len).then_some(start + limit + manners.next_skips);
        if manners.next_for_ever {
            next = Some(start.max(asked) + limit);
        }
        let mut total = match manners.total {
            TotalManner::Right => Some(len + manners.counted_too_many),
            TotalManner::None => None,
            TotalManner::Shown => Some(rows.iter().filter(|row| !row.hidden).count()),
            TotalManner::OfThePage => Some(shown.len()),
            TotalManner::Capped(most) => {
                self.counts[usize::from(len > most)] |= of_all;
                Some(len.min(most))
            }
        };
        if !manners.names_next {
            next = None;
        }
        let is_last = start + limit >= len;
        if self.lose_rows(&mut shown, is_last) {
            if manners.total == TotalManner::OfThePage {
                total = Some(shown.len());
            }
            if !manners.hiccup_tells {
                (next, total) = (None, None);
            }
        }
        self.commands += 1;
        let rows: Vec<String> = shown.into_iter().map(|row| self.json(row)).collect();
        let mut result = format!("[{}]", rows.join(","));
        if let PagingManner::LimitOffset { has_more: true } = manners.paging {
            result = format!(r#"{{"items":{result},"hasMore":{}}}"#, start + limit < len);
        }
        (result, next, total)
    }

    /// The page of the rows that were added last.
    fn newest_rows(&self) -> String {
        let shown = self.rows.iter().filter(|row| !row.hidden);
        let mut rows: Vec<_> = shown.copied().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.key));
        rows.truncate(self.manners.page);
        let rows: Vec<String> = rows.into_iter().map(|row| self.json(row)).collect();
        format!("[{}]", rows.join(","))
    }

    /// Leaves out rows of a page that it has. Returns whether the page comes empty or cut short by a hiccup.
    fn lose_rows(&mut self, shown: &mut Vec<ModelRow>, is_last: bool) -> bool {
        if self.lacking > 0 && is_last && shown.len() > 1 {
            self.lacking -= 1;
            shown.remove(shown.len() / 2);
        }
        let hiccups = self.manners.hiccups.contains(&self.commands);
        if hiccups {
            let left = if self.random.bool() {
                0
            } else {
                shown.len() / 2
            };
            shown.truncate(left);
        }
        hiccups
    }

    /// The rows in the order of their IDs that a question about IDs asks for.
    pub(super) fn rows_in_question(&self, params: &Value) -> Option<Vec<ModelRow>> {
        let direction = params["order"]["ID"].as_str()?;
        let filter = &params["filter"];
        let bound = |name: &str| filter[name].as_u64();
        let excluded = filter["!@ID"].as_array();
        let excluded = excluded.filter(|_| self.manners.exclusions != Exclusions::Ignored);
        let excluded: BTreeSet<u64> = excluded
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .collect();
        let mut rows = self.rows.clone();
        rows.retain(|row| {
            bound(">ID").is_none_or(|above| row.key > above)
                && bound("<=ID").is_none_or(|up_to| row.key <= up_to)
                && !excluded.contains(&row.key)
        });
        if self.manners.exclusions == Exclusions::MatchNothing && !excluded.is_empty() {
            rows.clear();
        }
        rows.sort_by_key(|row| row.key);
        if direction == "DESC" {
            rows.reverse();
        }
        Some(rows)
    }

    pub(super) fn answers(&mut self, commands: &[ListCommand]) -> BatchOfLists {
        self.requests += 1;
        let mut parts = [const { String::new() }; 4];
        let [result, next, total, error] = &mut parts;
        let put = |part: &mut String, place: usize, value: &str| {
            let comma = if part.is_empty() { "" } else { "," };
            write!(part, r#"{comma}"p{place}":{value}"#).unwrap();
        };
        for (place, command) in commands.iter().enumerate() {
            if self.random.u32(..100) < self.manners.failing {
                put(error, place, r#"{"error":"QUERY_LIMIT_EXCEEDED"}"#);
                continue;
            }
            let excludes = command.params["filter"]["!@ID"].is_array();
            if excludes && self.manners.exclusions == Exclusions::Refused {
                put(
                    error,
                    place,
                    r#"{"error":"ERROR_CORE","error_description":"Unknown filter"}"#,
                );
                continue;
            }
            let answer = self.answer(&command.params);
            put(result, place, &answer.0);
            if let Some(n) = answer.1 {
                put(next, place, &n.to_string());
            }
            if let Some(n) = answer.2 {
                put(total, place, &n.to_string());
            }
        }
        let body = format!(
            r#"{{"result":{{"result":{{{result}}},"result_next":{{{next}}},"result_total":{{{total}}},"result_error":{{{error}}}}}}}"#
        );
        let labels: Vec<String> = (0..commands.len()).map(label).collect();
        let place = Place {
            key: None,
            id: Some("ID"),
        };
        read_batch(&body.into(), &labels, place).unwrap()
    }
}
