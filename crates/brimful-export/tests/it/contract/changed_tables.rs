//! Tables of every database that are not as a run would make them: fields have other types, there are new ones, or
//! another run was interrupted.

use std::collections::HashMap;
use std::sync::Arc;

use brimful::FieldKind;
use brimful_export::{ChangedTypes, ExportError, RowWriter, Store};

use super::*;
#[cfg(feature = "adbc")]
use crate::adbc_reader::AdbcDriver;
use crate::databases;

type Ask = Box<dyn Fn(&str) -> Vec<String>>;

/// A database of a test, and how it is asked: the first values of the rows of a query, as texts.
struct AskedDatabase {
    kind: &'static str,
    store: Store,
    ask: Ask,
}

impl AskedDatabase {
    /// The one value of a query.
    fn one(&self, sql: &str) -> String {
        let values = (self.ask)(sql);
        assert_eq!(values.len(), 1, "{}: {sql}", self.store);
        values.into_iter().next().unwrap()
    }

    /// A name as its statements have it.
    fn name(&self, name: &str) -> String {
        match self.kind {
            "postgres" => name.to_lowercase(),
            "mysql" | "clickhouse" => format!("`{name}`"),
            _ => format!("\"{name}\""),
        }
    }

    fn open(&self, command: &str, plan: Plan) -> Result<RowWriter, ExportError> {
        self.open_with(ChangedTypes::Stop, command, plan)
    }

    fn open_with(
        &self,
        changed_types: ChangedTypes,
        command: &str,
        plan: Plan,
    ) -> Result<RowWriter, ExportError> {
        let options = StoreOptions {
            command: command.to_owned(),
            changed_types,
            ..options("contract_changed")
        };
        self.store.open(options, plan)
    }

    fn write(
        &self,
        changed_types: ChangedTypes,
        plan: Plan,
        page: &Page,
    ) -> Result<RowWriter, ExportError> {
        let mut writer = self.open_with(changed_types, "crm.deal.list", plan)?;
        writer.write_page(page, &mut Vec::new())?;
        writer.finish(&mut std::io::sink())?;
        writer.make_indexes()?;
        Ok(writer)
    }
}

/// An empty database of each kind that is there.
fn databases(folder: &tempfile::TempDir, name: &str) -> Vec<AskedDatabase> {
    let mut databases = Vec::new();
    let file = |ending: &str| folder.path().join(format!("{name}.{ending}"));
    #[cfg(feature = "sqlite")]
    databases.push(sqlite(&file("db")));
    #[cfg(feature = "adbc")]
    databases.extend(duckdb(&file("duckdb")));
    for (kind, found) in [
        ("postgres", databases::postgres(name)),
        ("mysql", databases::mysql(name)),
    ] {
        databases.extend(found.map(|database| AskedDatabase {
            kind,
            store: database.store.clone(),
            ask: Box::new(move |sql| database.ask(sql)),
        }));
    }
    #[cfg(feature = "clickhouse")]
    databases.extend(clickhouse(name));
    databases
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &std::path::Path) -> AskedDatabase {
    let store = format!("sqlite:{}", path.display()).parse().unwrap();
    let path = path.to_owned();
    let ask = move |sql: &str| {
        let connection = rusqlite::Connection::open(&path).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| {
            Ok(match row.get_ref(0)? {
                rusqlite::types::ValueRef::Null => "NULL".to_owned(),
                rusqlite::types::ValueRef::Integer(value) => value.to_string(),
                rusqlite::types::ValueRef::Real(value) => value.to_string(),
                other => other.as_str()?.to_owned(),
            })
        });
        rows.unwrap().map(Result::unwrap).collect()
    };
    AskedDatabase {
        kind: "sqlite",
        store,
        ask: Box::new(ask),
    }
}

#[cfg(feature = "adbc")]
fn duckdb(path: &std::path::Path) -> Option<AskedDatabase> {
    let library = std::env::var_os("BRIMFUL_DUCKDB_LIBRARY")?;
    let store = format!("duckdb:{}", path.display()).parse().unwrap();
    let path = path.to_owned();
    let ask = move |sql: &str| {
        let sql = format!("SELECT coalesce(CAST(COLUMNS(*) AS VARCHAR), 'NULL') FROM ({sql}) q");
        let rows = AdbcDriver::duckdb(std::path::Path::new(&library)).rows(&path, &sql);
        rows.into_iter()
            .filter_map(|row| row.into_iter().next()?)
            .collect()
    };
    Some(AskedDatabase {
        kind: "duckdb",
        store,
        ask: Box::new(ask),
    })
}

#[cfg(feature = "clickhouse")]
fn clickhouse(name: &str) -> Option<AskedDatabase> {
    let server = clickhouse::Server::find("contract_changed")?;
    server.text(&format!("DROP DATABASE IF EXISTS {name}"));
    server.text(&format!("CREATE DATABASE {name}"));
    let store = server.in_database(name);
    let name = name.to_owned();
    let ask = move |sql: &str| {
        let sql = sql.replace("FROM contract", &format!("FROM {name}.contract"));
        let answer = server.text(&sql).replace("\\N", "NULL");
        answer.lines().map(str::to_owned).collect()
    };
    Some(AskedDatabase {
        kind: "clickhouse",
        store,
        ask: Box::new(ask),
    })
}

fn page(rows: &[serde_json::Value]) -> Page {
    let rows = rows.iter().map(|row| {
        let id = row["ID"].as_str().and_then(|id| id.parse().ok());
        (id, row.to_string())
    });
    rows.collect()
}

/// The plan of deals after fields have become texts.
fn plan_with_texts(fields: &[&str]) -> Plan {
    let mut plan = plan();
    for name in fields {
        let field = plan.fields.get_mut(*name).unwrap();
        field.kind = FieldKind::Text;
        field.is_multiple = false;
    }
    plan
}

#[test]
fn a_column_whose_field_has_another_type_is_refused_or_becomes_text_with_its_values() {
    let folder = tempfile::tempdir().unwrap();
    let new = page(&[json!({"ID": "10", "OPPORTUNITY": "much", "CLOSEDATE": "soon"})]);
    for database in databases(&folder, "contract_changed_types") {
        let value = |column: &str, id: &str| {
            let id_column = database.name("ID");
            let column = database.name(column);
            database.one(&format!(
                "SELECT {column} FROM contract_changed WHERE {id_column} = {id}"
            ))
        };
        database.write(ChangedTypes::Stop, plan(), &rows()).unwrap();
        let changed = || plan_with_texts(&["OPPORTUNITY", "CLOSEDATE"]);
        let refused = database
            .write(ChangedTypes::Stop, changed(), &new)
            .unwrap_err();
        let said = refused.to_string().to_uppercase();
        assert!(matches!(refused, ExportError::OtherTypes { .. }), "{said}");
        assert!(
            said.contains("OPPORTUNITY") && said.contains("CLOSEDATE"),
            "{said}"
        );
        let mut writer = database.write(ChangedTypes::Text, changed(), &new).unwrap();
        let mut made = writer.take_columns_made_text();
        made.sort();
        assert_eq!(made, ["CLOSEDATE", "OPPORTUNITY"], "{}", database.store);
        drop(writer);
        let old = value("OPPORTUNITY", "1");
        assert!(old.starts_with("100.1"), "{}: {old}", database.store);
        assert_eq!(value("CLOSEDATE", "1"), "2026-02-03", "{}", database.store);
        assert_eq!(value("CLOSEDATE", "2"), "NULL", "{}", database.store);
        assert_eq!(value("OPPORTUNITY", "10"), "much", "{}", database.store);
        assert_eq!(value("CLOSEDATE", "10"), "soon", "{}", database.store);
        // The fields are of their first types again: their columns stay texts.
        let mut writer = database.write(ChangedTypes::Text, plan(), &rows()).unwrap();
        assert!(
            writer.take_columns_made_text().is_empty(),
            "{}",
            database.store
        );
        assert_eq!(writer.misfits(), 0, "{}", database.store);
    }
}

#[test]
fn a_list_that_has_become_a_text_keeps_its_values_or_is_refused_by_name() {
    const FIELD: &str = "UF_CRM_1700000000007";
    let folder = tempfile::tempdir().unwrap();
    let new = page(&[json!({"ID": "10", FIELD: "many"})]);
    for database in databases(&folder, "contract_changed_lists") {
        database.write(ChangedTypes::Stop, plan(), &rows()).unwrap();
        match database.write(ChangedTypes::Text, plan_with_texts(&[FIELD]), &new) {
            Ok(_) => {
                let (field, id) = (database.name(FIELD), database.name("ID"));
                let sql = format!(
                    "SELECT {field} FROM contract_changed WHERE {id} IN (1, 10) ORDER BY {id}"
                );
                let values: Vec<String> = (database.ask)(&sql)
                    .iter()
                    .map(|value| value.replace(' ', ""))
                    .collect();
                assert_eq!(values, ["[1,2]", "many"], "{}", database.store);
            }
            Err(error) => {
                assert_eq!(database.kind, "clickhouse", "{error}");
                assert!(error.to_string().contains(FIELD), "{error}");
            }
        }
    }
}

#[test]
fn the_key_of_a_table_never_becomes_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let new = page(&[json!({"ID": "10"})]);
    for database in databases(&folder, "contract_changed_key") {
        database.write(ChangedTypes::Stop, plan(), &rows()).unwrap();
        let plan = Plan {
            types: brimful_export::Types::Strings,
            ..plan()
        };
        let refused = database.write(ChangedTypes::Text, plan, &new).unwrap_err();
        assert!(
            matches!(refused, ExportError::OtherTypes { .. }),
            "{refused}"
        );
    }
}

#[test]
fn a_view_of_labels_gets_the_columns_that_a_run_without_labels_adds() {
    let folder = tempfile::tempdir().unwrap();
    let types = HashMap::from([("SALE".to_owned(), "Sale".to_owned())]);
    let labelled = Plan {
        labels: HashMap::from([("TYPE_ID".to_owned(), Arc::new(types))]),
        ..plan()
    };
    let row = |more: serde_json::Value| {
        let mut row = json!({"ID": "1", "TYPE_ID": "SALE", "CLOSEDATE": "2026-02-03"});
        row.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        page(&[row])
    };
    for database in databases(&folder, "contract_changed_view") {
        let shown = |column: &str| {
            let column = database.name(column);
            database.one(&format!("SELECT {column} FROM contract_changed_labeled"))
        };
        let first = row(json!({}));
        database
            .write(ChangedTypes::Stop, labelled.clone(), &first)
            .unwrap();
        assert_eq!(shown("TYPE_ID__LABEL"), "Sale", "{}", database.store);
        let later = row(json!({"UF_LATE": "x", "CLOSEDATE": "soon"}));
        let changed = plan_with_texts(&["CLOSEDATE"]);
        database.write(ChangedTypes::Text, changed, &later).unwrap();
        assert_eq!(shown("UF_LATE"), "x", "{}", database.store);
        assert_eq!(shown("CLOSEDATE"), "soon", "{}", database.store);
        assert_eq!(shown("TYPE_ID__LABEL"), "Sale", "{}", database.store);
        // Once more, with labels.
        let last = row(json!({"UF_LATE": "y", "UF_LATER": "z"}));
        database
            .write(ChangedTypes::Text, labelled.clone(), &last)
            .unwrap();
        assert_eq!(shown("UF_LATER"), "z", "{}", database.store);
        assert_eq!(shown("TYPE_ID__LABEL"), "Sale", "{}", database.store);
    }
}

#[test]
fn an_interrupted_run_of_another_command_is_not_dropped_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    for database in databases(&folder, "contract_changed_command") {
        let mut writer = database.open("crm.deal.list of all", plan()).unwrap();
        writer.write_page(&rows(), &mut Vec::new()).unwrap();
        writer.pause().unwrap();
        drop(writer);
        let refused = database.open("crm.deal.list of some", plan()).unwrap_err();
        assert!(
            matches!(refused, ExportError::InterruptedRun { .. }),
            "{refused}"
        );
        assert!(refused.to_string().contains("3 rows"), "{refused}");
        let writer = database.open("crm.deal.list of all", plan()).unwrap();
        assert_eq!(
            writer.resumed().map(|(rows, _)| rows),
            Some(3),
            "{}",
            database.store
        );
        drop(writer);
        let options = StoreOptions {
            command: "crm.deal.list of some".to_owned(),
            drop_interrupted: true,
            ..options("contract_changed")
        };
        let mut writer = database.store.open(options, plan()).unwrap();
        assert_eq!(writer.resumed(), None, "{}", database.store);
        writer.write_page(&rows(), &mut Vec::new()).unwrap();
        writer.finish(&mut std::io::sink()).unwrap();
        drop(writer);
        // That one is finished, so nothing is lost.
        database.open("crm.deal.list of others", plan()).unwrap();
    }
}
