//! Tasks as a table for a terminal: what was selected, the title last, since it may be long.

use brimful::Page;
use brimful::tasks::{Field, Priority, Status};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::printer::clean;
use crate::table;

/// No column but the last is wider.
const WIDEST: usize = 28;

/// A title that is cut shorter says too little.
const TITLE_READABLE: usize = 20;

/// Columns of the usual ones that are left out where the terminal has no room for them, the first of these first.
const LEFT_OUT: [Field; 8] = [
    Field::CLOSED_DATE,
    Field::CHANGED_DATE,
    Field::CREATED_DATE,
    Field::CREATED_BY,
    Field::GROUP_ID,
    Field::PRIORITY,
    Field::RESPONSIBLE_ID,
    Field::DEADLINE,
];

/// The columns, and how wide they are: as the first page needs them.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<Field>,
    layout: Option<Layout>,
}

/// How the rows are shown.
#[derive(Debug, Clone)]
enum Layout {
    /// A line for each, with cells of these widths.
    Lines(Vec<usize>),
    /// Lines of names and values for each, because there are more columns than a line has room for.
    Blocks,
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
            layout: None,
        }
    }

    /// The fields that are shown.
    pub(super) fn columns(&self) -> &[Field] {
        &self.columns
    }

    /// The lines of a page in at most `width` places; before the first one those of the head.
    pub(super) fn lines(&mut self, page: &Page, width: usize) -> Result<String, Failure> {
        let tasks = page
            .iter()
            .map(|row| {
                row.parse().map_err(|error| {
                    Failure::failed(format!("a row is not a JSON object: {error}"))
                })
            })
            .collect::<Result<Vec<Map<String, Value>>, Failure>>()?;
        let is_first = self.layout.is_none();
        let layout = match self.layout.take() {
            Some(layout) => layout,
            None => self.fit(&tasks, width),
        };
        self.layout = Some(layout.clone());
        let mut rows = self.cells(&tasks);
        let head = self.columns.iter().map(|field| field.name().to_owned());
        Ok(match layout {
            Layout::Lines(mut widths) => {
                if is_first {
                    rows.insert(0, head.collect());
                }
                give_rest_to_last(&mut widths, width);
                rows.iter()
                    .map(|row| table::line(row, &widths) + "\n")
                    .collect()
            }
            Layout::Blocks => {
                let gap = if is_first || rows.is_empty() {
                    ""
                } else {
                    "\n"
                };
                let names: Vec<String> = head.collect();
                format!("{gap}{}\n", table::blocks(&names, &rows, width))
            }
        })
    }

    /// Chooses the layout as these tasks need it, and leaves columns out where only the usual ones are shown.
    fn fit(&mut self, tasks: &[Map<String, Value>], width: usize) -> Layout {
        let is_usual = self.columns.len() == Field::USUAL.len()
            && self
                .columns
                .iter()
                .all(|column| Field::USUAL.contains(column));
        let mut left_out = LEFT_OUT.iter().filter(|_| is_usual);
        loop {
            let mut rows = self.cells(tasks);
            rows.push(
                self.columns
                    .iter()
                    .map(|field| field.name().to_owned())
                    .collect(),
            );
            let mut wanted = table::widths(&rows);
            if let Some((last, others)) = wanted.split_last_mut() {
                for width in others {
                    *width = (*width).min(WIDEST);
                }
                // Later pages may have longer titles.
                *last = (*last).max(WIDEST);
            }
            let widths = table::fitted(wanted.clone(), width);
            let is_read =
                |(wanted, given): (&usize, &usize)| *given >= table::READABLE.min(*wanted);
            let (title, title_wanted) = (widths.last(), wanted.last());
            let has_title = title
                .zip(title_wanted)
                .is_none_or(|(given, wanted)| *given >= TITLE_READABLE.min(*wanted));
            if has_title && wanted.iter().zip(&widths).all(is_read) {
                return Layout::Lines(widths);
            }
            match left_out.next() {
                Some(field) => self.columns.retain(|column| column != field),
                None if is_usual => return Layout::Lines(widths),
                None => return Layout::Blocks,
            }
        }
    }

    fn cells(&self, tasks: &[Map<String, Value>]) -> Vec<Vec<String>> {
        tasks
            .iter()
            .map(|task| self.columns.iter().map(|field| cell(field, task)).collect())
            .collect()
    }
}

/// The title has the places that the other columns leave.
fn give_rest_to_last(widths: &mut [usize], width: usize) {
    let taken: usize = widths.iter().rev().skip(1).map(|width| width + 2).sum();
    if let Some(last) = widths.last_mut() {
        *last = width.saturating_sub(taken).max(*last);
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
    fn a_narrow_terminal_has_the_columns_that_matter_most() {
        let task = json!({"id": "12", "title": "Prepare the contract for Fabrikam", "status": "3", "priority": "1",
            "deadline": "2026-12-01T18:00:00+03:00", "responsibleId": "5", "responsible": {"name": "Ann Kim"},
            "createdBy": "6", "creator": {"name": "Oscar Lee"}, "groupId": "3", "group": {"name": "Sales"},
            "createdDate": "2026-11-01T18:00:00+03:00", "changedDate": "2026-11-02T18:00:00+03:00",
            "closedDate": null});
        let shown = |select: &[Field], width| {
            let rows = page(std::slice::from_ref(&task));
            Table::new(select).lines(&rows, width).unwrap()
        };
        assert_eq!(
            shown(&Field::USUAL, 40),
            "ID  STATUS       TITLE\n12  in-progress  Prepare the contract f…\n"
        );
        let at_80 = shown(&Field::USUAL, 80);
        assert!(at_80.starts_with("ID  STATUS"), "{at_80}");
        assert!(at_80.contains("DEADLINE"), "{at_80}");
        for text in ["RESPONS", "Prepare the contract"] {
            assert!(at_80.contains(text), "{at_80}");
        }
        for line in at_80.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(shown(&Field::USUAL, 200).contains("CLOSED_DATE"));
        // What was asked for by name is shown, whatever the terminal has room for.
        let chosen = [
            Field::TITLE,
            Field::DEADLINE,
            Field::CREATED_DATE,
            Field::CREATED_BY,
        ];
        assert_eq!(
            shown(&chosen, 40),
            "ID            12\nDEADLINE      2026-12-01 18:00\nCREATED_DATE  2026-11-01 18:00\n\
             CREATED_BY    Oscar Lee\nTITLE         Prepare the contract for …\n"
        );
    }

    #[test]
    fn everything_at_once_is_the_usual_table() {
        let table = Table::new(&[Field::ALL, Field::USER_FIELDS]);
        assert_eq!(table.columns().len(), Field::USUAL.len());
        assert_eq!(table.columns().last(), Some(&Field::TITLE));
    }
}
