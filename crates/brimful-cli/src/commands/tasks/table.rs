//! Tasks as a table for a terminal: what was selected, the title last, since it may be long.

use brimful::Page;
use brimful::tasks::{Field, Priority, Status};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::printer::clean;
use crate::table;

/// No column but the last is wider.
const WIDEST: usize = 28;

/// The columns, and how wide they are: as the first page needs them.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<Field>,
    widths: Vec<usize>,
}

impl Table {
    /// Of the fields. All of them at once make no table: then it is the usual ones.
    pub(super) fn new(select: &[Field]) -> Self {
        let everything = |field: &&Field| **field == Field::ALL || **field == Field::USER_FIELDS;
        let chosen: Vec<Field> = if select.iter().any(|field| everything(&field)) {
            Field::USUAL.into()
        } else {
            select.to_vec()
        };
        let mut columns = vec![Field::ID];
        let titled = chosen.contains(&Field::TITLE);
        columns.extend(
            chosen
                .into_iter()
                .filter(|field| *field != Field::ID && *field != Field::TITLE),
        );
        columns.extend(titled.then_some(Field::TITLE));
        Self {
            columns,
            widths: Vec::new(),
        }
    }

    /// The fields that are shown.
    pub(super) fn columns(&self) -> &[Field] {
        &self.columns
    }

    /// The lines of a page in at most `width` places; before the first one those of the head.
    pub(super) fn lines(&mut self, page: &Page, width: usize) -> Result<String, Failure> {
        let mut rows: Vec<Vec<String>> = page
            .iter()
            .map(|row| {
                let row: Map<String, Value> = row.parse().map_err(|error| {
                    Failure::failed(format!("a row is not a JSON object: {error}"))
                })?;
                Ok(self.columns.iter().map(|field| cell(field, &row)).collect())
            })
            .collect::<Result<_, Failure>>()?;
        if self.widths.is_empty() {
            let head = self.columns.iter().map(|field| field.name().to_owned());
            rows.insert(0, head.collect());
            let mut widths = table::widths(&rows);
            if let Some((last, others)) = widths.split_last_mut() {
                for width in others {
                    *width = (*width).min(WIDEST);
                }
                // Later pages may have longer titles.
                *last = (*last).max(WIDEST);
            }
            self.widths = table::fitted(widths, width);
        }
        let taken: usize = self
            .widths
            .iter()
            .rev()
            .skip(1)
            .map(|width| width + 2)
            .sum();
        if let Some(last) = self.widths.last_mut() {
            *last = width.saturating_sub(taken).max(*last);
        }
        let lines = rows.iter().map(|row| table::line(row, &self.widths) + "\n");
        Ok(lines.collect())
    }
}

fn cell(field: &Field, row: &Map<String, Value>) -> String {
    let value = row.get(&field.key()).unwrap_or(&Value::Null);
    let shown = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            items.join(", ")
        }
        Value::Object(map) => {
            let items: Vec<String> = map.values().map(plain).collect();
            items.join(", ")
        }
        other => other.to_string(),
    };
    let name = |key: &str| {
        let person = row.get(key)?.as_object()?;
        Some(person.get("name")?.as_str()?.to_owned()).filter(|name| !name.is_empty())
    };
    let better = match field.name() {
        "STATUS" => shown
            .parse::<Status>()
            .ok()
            .map(|status| status.to_string()),
        "PRIORITY" => shown
            .parse::<Priority>()
            .ok()
            .map(|priority| priority.to_string()),
        "RESPONSIBLE_ID" => name("responsible"),
        "CREATED_BY" => name("creator"),
        "GROUP_ID" if shown == "0" => Some(String::new()),
        "GROUP_ID" => name("group"),
        _ if is_moment(&shown) => Some(format!("{} {}", &shown[..10], &shown[11..16])),
        _ => None,
    };
    // What a portal sent must not steer the terminal.
    clean(&better.unwrap_or(shown))
}

/// What stands for one of several things: a text, a number, or the title of an object.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => map
            .get("title")
            .or_else(|| map.get("name"))
            .map_or_else(|| value.to_string(), plain),
        other => other.to_string(),
    }
}

fn is_moment(text: &str) -> bool {
    text.len() == 25 && text.is_ascii() && text.parse::<brimful::tasks::Moment>().is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(rows: &[Value]) -> Page {
        rows.iter().map(|row| (Some(1), row.to_string())).collect()
    }

    #[test]
    fn a_table_has_words_for_codes_names_for_people_and_the_title_last() {
        let mut table = Table::new(&[
            Field::TITLE,
            Field::STATUS,
            Field::DEADLINE,
            Field::RESPONSIBLE_ID,
            Field::GROUP_ID,
            Field::TAGS,
        ]);
        let rows = page(&[
            json!({"id": "7", "title": "Call Ann", "status": "3", "deadline": "2026-12-01T18:00:00+03:00",
                "responsibleId": "5", "responsible": {"id": "5", "name": "Ann Kim"}, "groupId": "0", "group": [],
                "tags": {"1": {"id": 1, "title": "hot"}, "2": {"id": 2, "title": "q4"}}}),
            json!({"id": "12", "title": "a\u{1b}[2Jb", "status": "99", "deadline": null, "responsibleId": "5",
                "groupId": "3", "tags": []}),
        ]);
        let lines = table.lines(&rows, usize::MAX).unwrap();
        assert_eq!(
            lines,
            "\
ID  STATUS       DEADLINE          RESPONSIBLE_ID  GROUP_ID  TAGS     TITLE
7   in-progress  2026-12-01 18:00  Ann Kim                   hot, q4  Call Ann
12  99                             5               3                  a [2Jb
"
        );
        let next = table
            .lines(&page(&[json!({"id": "13", "title": "x"})]), usize::MAX)
            .unwrap();
        assert_eq!(next.lines().count(), 1);
    }

    #[test]
    fn everything_at_once_is_the_usual_table() {
        let table = Table::new(&[Field::ALL, Field::USER_FIELDS]);
        assert_eq!(table.columns().len(), Field::USUAL.len());
        assert_eq!(table.columns().last(), Some(&Field::TITLE));
    }
}
