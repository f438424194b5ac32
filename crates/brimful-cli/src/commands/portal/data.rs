//! The data of the emulator on the command line: `crm.deal=1000000`, `crm.lead=leads.jsonl`, `sale.shipment.list=orders.jsonl`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::str::FromStr;

use brimful_portal::{LoadedRows, with_fake_names};
use clap::Args;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::input;

/// So many rows of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowsArg {
    pub(crate) entity: String,
    pub(crate) rows: u64,
}

/// The rows of an entity, or behind a list method, in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoadArg {
    pub(crate) entity: String,
    pub(crate) path: PathBuf,
}

/// The rows that are loaded.
#[derive(Debug, Args)]
pub(crate) struct LoadOptions {
    /// The rows of an entity, or those behind a list method such as sale.shipment.list, from a file in JSON Lines, or with
    /// columns (.csv, .tsv)
    #[arg(
        long = "load",
        value_name = "ENTITY|METHOD=FILE",
        help_heading = "Data"
    )]
    pub(crate) files: Vec<LoadArg>,
    /// Replace names, phones, addresses and texts of the rows of --load; IDs, numbers, dates and codes stay
    #[arg(long, requires = "files", help_heading = "Data")]
    pub(crate) fake_names: bool,
}

/// What a method answers, in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplyArg {
    pub(crate) method: String,
    pub(crate) path: PathBuf,
}

/// The name of an entity of R7-Office: what follows `r7.`, or `people`, which Bitrix24 does not have.
pub(crate) fn r7_entity(entity: &str) -> Option<&str> {
    let entity = entity.trim();
    match entity.split_once('.') {
        _ if !cfg!(feature = "r7") => None,
        Some((prefix, name)) => prefix.eq_ignore_ascii_case("r7").then_some(name),
        None => entity.eq_ignore_ascii_case("people").then_some(entity),
    }
}

impl FromStr for RowsArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let how = "an entity and a number, such as crm.deal=1000000";
        let (entity, rows) = text.split_once('=').ok_or(how)?;
        let rows = rows.replace(['_', ','], "").parse().map_err(|_| how)?;
        Ok(Self {
            entity: entity.to_owned(),
            rows,
        })
    }
}

impl FromStr for LoadArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((entity, path)) if !path.is_empty() => Ok(Self {
                entity: entity.to_owned(),
                path: path.into(),
            }),
            _ => Err("an entity and a file, such as crm.lead=leads.jsonl".to_owned()),
        }
    }
}

impl FromStr for ReplyArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((method, path)) if !path.is_empty() && method.contains('.') => Ok(Self {
                method: method.to_owned(),
                path: path.into(),
            }),
            _ => Err("a method and a file, such as crm.lead.fields=fields.json".to_owned()),
        }
    }
}

impl ReplyArg {
    /// Reads the file: one JSON value.
    pub(crate) fn read(&self) -> Result<Value, Failure> {
        let name = self.path.display();
        let text = input::read(&self.path)?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::usage(format!("{name} is not JSON: {error}")))
    }
}

impl LoadArg {
    /// Reads the file: a JSON object on every line, or columns with a line of names above them (`.csv`, `.tsv`).
    /// `fake_names`: without the people in it.
    pub(crate) fn read(&self, fake_names: bool) -> Result<LoadedRows, Failure> {
        let name = self.path.display();
        let file = File::open(&self.path)
            .map_err(|error| Failure::usage(format!("could not read {name}: {error}")))?;
        let mut reader = BufReader::new(file);
        self.pass_mark(&mut reader)?;
        let mut rows = LoadedRows::default();
        let mut take = |mut row: Map<String, Value>| {
            if fake_names {
                with_fake_names(&self.entity, &mut row);
            }
            rows.push(&row);
        };
        let ending = self.path.extension().unwrap_or_default();
        if ending.eq_ignore_ascii_case("csv") || ending.eq_ignore_ascii_case("tsv") {
            self.read_columns(reader, &mut take)?;
        } else {
            self.read_lines(reader, &mut take)?;
        }
        Ok(rows)
    }

    /// Passes the mark that programs on Windows write at the beginning of a text.
    fn pass_mark(&self, reader: &mut impl BufRead) -> Result<(), Failure> {
        let start = reader.fill_buf().map_err(|error| self.unreadable(&error))?;
        if start.starts_with("\u{feff}".as_bytes()) {
            reader.consume("\u{feff}".len());
        }
        Ok(())
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) -> Failure {
        Failure::usage(format!("could not read {}: {error}", self.path.display()))
    }

    fn read_lines(
        &self,
        mut reader: impl BufRead,
        take: &mut impl FnMut(Map<String, Value>),
    ) -> Result<(), Failure> {
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let read = input::read_line(&mut reader, &mut line);
            if read.map_err(|error| self.unreadable(&error))? == 0 {
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            take(serde_json::from_slice(&line).map_err(|error| {
                // Its place is in this file, not in the line.
                let error = error.to_string();
                let error = error.split(" at line ").next().unwrap_or_default();
                Failure::usage(format!(
                    "line {number} of {} is not a JSON object: {error}",
                    self.path.display()
                ))
                .hint("every line holds one row, as an export writes it; a file of columns ends with .csv or .tsv")
            })?);
        }
        Ok(())
    }

    /// Columns as `brimful export` and Excel write them. A cell without text is a value that the row does not have.
    fn read_columns(
        &self,
        mut reader: impl BufRead,
        take: &mut impl FnMut(Map<String, Value>),
    ) -> Result<(), Failure> {
        let start = reader.fill_buf().map_err(|error| self.unreadable(&error))?;
        let delimiter = delimiter_of(start);
        let mut columns = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .from_reader(reader);
        let names = columns
            .headers()
            .map_err(|error| self.unreadable(&error))?
            .clone();
        for row in columns.records() {
            let row = row.map_err(|error| self.unreadable(&error))?;
            let cells = names.iter().zip(&row).filter(|(name, text)| {
                // What an export adds to the fields of the portal.
                !name.contains("__") && !text.is_empty()
            });
            take(
                cells
                    .map(|(name, text)| (name.to_owned(), value_of(text)))
                    .collect(),
            );
        }
        Ok(())
    }
}

/// What stands between the names of the first line: a comma, a semicolon as in Excel of many countries, or a tab.
fn delimiter_of(start: &[u8]) -> u8 {
    let line = start
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |delimiter: u8| memchr::memchr_iter(delimiter, line).count();
    // Of equal ones the last is taken.
    *[b'\t', b';', b',']
        .iter()
        .max_by_key(|&&delimiter| count(delimiter))
        .unwrap_or(&b',')
}

/// The value of a cell: phones and other lists are JSON, as an export writes them; the rest is text, as portals have it.
fn value_of(text: &str) -> Value {
    let is_json = text.starts_with(['[', '{']);
    let json = is_json.then(|| serde_json::from_str(text).ok()).flatten();
    json.unwrap_or_else(|| Value::from(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The rows of a file with this name and content.
    fn read(name: &str, content: &str, fake_names: bool) -> Result<Value, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let load: LoadArg = format!("crm.lead={}", path.display()).parse().unwrap();
        let rows = load.read(fake_names)?;
        Ok(rows.into_iter().map(Value::Object).collect())
    }

    #[test]
    fn rows_are_lines_of_json_or_columns_and_may_begin_with_a_mark() {
        let rows = json!([
            {"ID": "1", "TITLE": "One; two", "PHONE": [{"VALUE": "+1"}]},
            {"ID": "2", "PHONE": "[no JSON"},
        ]);
        let json = concat!(
            "\u{feff}{\"ID\":\"1\",\"TITLE\":\"One; two\",\"PHONE\":[{\"VALUE\":\"+1\"}]}\n\n",
            "{\"ID\":\"2\",\"PHONE\":\"[no JSON\"}\n",
        );
        assert_eq!(read("leads.jsonl", json, false).unwrap(), rows);
        let columns = concat!(
            "ID,TITLE,TITLE__LABEL,PHONE\n",
            "1,One; two,x,\"[{\"\"VALUE\"\": \"\"+1\"\"}]\"\n",
            "2,,y,[no JSON\n",
        );
        assert_eq!(read("leads.csv", columns, false).unwrap(), rows);
        let of_excel = "\u{feff}ID;TITLE;PHONE\r\n1;\"One; two\";\"[{\"\"VALUE\"\":\"\"+1\"\"}]\"\r\n2;;[no JSON\r\n";
        assert_eq!(read("leads.CSV", of_excel, false).unwrap(), rows);
        let tabs = "ID\tTITLE\tPHONE\n1\tOne; two\t[{\"VALUE\":\"+1\"}]\n2\t\t[no JSON\n";
        assert_eq!(
            read("leads.tsv", &tabs.replace('"', ""), false).unwrap()[1],
            rows[1]
        );
    }

    #[test]
    fn a_file_of_columns_with_a_short_row_is_refused_with_its_line() {
        let failure = read("leads.csv", "ID,TITLE\n1,One\n2\n", false).unwrap_err();
        assert!(failure.message.contains("line: 3"), "{}", failure.message);
        let failure = read("leads.jsonl", "ID,TITLE\n1,One\n", false).unwrap_err();
        assert!(failure.message.contains("line 1 of"), "{}", failure.message);
    }

    #[test]
    fn names_are_replaced_where_that_is_asked_for() {
        let columns = "ID,NAME,LAST_NAME,STATUS_ID\n1,Пётр,Иванов,NEW\n";
        let rows = read("leads.csv", columns, true).unwrap();
        assert_eq!(
            (&rows[0]["ID"], &rows[0]["STATUS_ID"]),
            (&json!("1"), &json!("NEW"))
        );
        assert!(!rows.to_string().contains("Пётр"), "{rows}");
    }

    #[test]
    fn a_reply_is_a_methods() {
        assert!("crm.lead.fields=fields.json".parse::<ReplyArg>().is_ok());
        assert!("lead=fields.json".parse::<ReplyArg>().is_err());
        assert!("crm.lead.fields=".parse::<ReplyArg>().is_err());
    }

    #[test]
    fn rows_are_an_entity_and_a_number() {
        let rows = |text: &str| text.parse::<RowsArg>();
        assert_eq!(
            rows("crm.deal=1_000_000").unwrap(),
            RowsArg {
                entity: "crm.deal".to_owned(),
                rows: 1_000_000
            }
        );
        assert!(rows("crm.deal").is_err());
        assert!(rows("crm.deal=many").is_err());
    }
}
