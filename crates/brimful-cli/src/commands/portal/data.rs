//! The data of the emulator on the command line: `crm.deal=1000000`, `crm.lead=leads.jsonl`, `sale.shipment.list=orders.jsonl`.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::str::FromStr;

use brimful_portal::LoadedRows;
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
    /// Whether the rows stand behind a list method, and are no entity's: its name has three parts at least, or ends as
    /// lists do.
    pub(crate) fn is_of_method(&self) -> bool {
        let name = self.entity.to_ascii_lowercase();
        let links = name.ends_with(".contact") || name.ends_with(".company");
        let lists = ["list", "get", "getlist", "getchildren"];
        let ends_as_lists = name
            .rsplit('.')
            .next()
            .is_some_and(|end| lists.contains(&end));
        name.contains('.') && (ends_as_lists || (name.matches('.').count() > 1 && !links))
    }

    /// Reads the file: a JSON object on every line, empty lines aside.
    pub(crate) fn read(&self) -> Result<LoadedRows, Failure> {
        let name = self.path.display();
        let unreadable = |error: &dyn std::fmt::Display| {
            Failure::usage(format!("could not read {name}: {error}"))
        };
        let file = File::open(&self.path).map_err(|error| unreadable(&error))?;
        let mut rows = LoadedRows::default();
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            if input::read_line(&mut reader, &mut line).map_err(|error| unreadable(&error))? == 0 {
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let row: Map<String, Value> = serde_json::from_slice(&line).map_err(|error| {
                // Its place is in this file, not in the line.
                let error = error.to_string();
                let error = error.split(" at line ").next().unwrap_or_default();
                Failure::usage(format!(
                    "line {number} of {name} is not a JSON object: {error}"
                ))
                .hint("every line holds one row, as an export writes it")
            })?;
            rows.push(&row);
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_list_method_is_no_entity() {
        for (name, is_method) in [
            ("lead", false),
            ("crm.lead", false),
            ("1032", false),
            ("crm.company.contact", false),
            ("crm.lead.list", true),
            ("user.get", true),
            ("sale.shipment.list", true),
            ("api/mail.mailbox.list", true),
            ("disk.folder.getChildren", true),
        ] {
            let load: LoadArg = format!("{name}=rows.jsonl").parse().unwrap();
            assert_eq!(load.is_of_method(), is_method, "{name}");
        }
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
