//! The SQL of PostgreSQL: names, texts and types, the statements that make tables, and those that bring rows into them.

use std::fmt::Write as _;

use indexmap::{IndexMap, IndexSet};
use tokio_postgres::types::Type;

use super::super::statements::{clearing, label_values};
use super::super::table_plan::{
    TablePlan, TypeConflict, definition, lacking_deleted_at, of_other_types, quoted_names,
};
use super::super::{DELETED_AT, label_name, labelled};
use super::{NAMES, PostgresSink, STAGE};
use crate::cell::Cell;
use crate::error::ExportError;
use crate::schema::{ColumnType, ScalarType, Schema};

/// The statements that make the tables of what did not fit and of how far runs are.
pub(super) const OWN_TABLES: &str = "\
CREATE TABLE IF NOT EXISTS _brimful_errors (\"table\" text NOT NULL, id text, field text NOT NULL, value text, \
reason text, at timestamp with time zone NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS _brimful_state (\"table\" text PRIMARY KEY, command text NOT NULL, rows bigint NOT NULL, \
last_id bigint, finished boolean NOT NULL, at timestamp with time zone NOT NULL DEFAULT now());
";

/// Nobody wants to quote names in PostgreSQL, so they are lower case.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.to_lowercase().replace('"', "\"\""))
}

/// A text as a statement has it.
pub(crate) fn literal(text: &str) -> String {
    let text = text.replace('\0', "").replace('\\', "\\\\");
    format!("E'{}'", text.replace('\'', "''"))
}

pub(super) fn type_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Scalar(ScalarType::Int64) => "bigint",
        ColumnType::Scalar(ScalarType::Decimal) => "numeric",
        ColumnType::Scalar(ScalarType::Float64) => "double precision",
        ColumnType::Scalar(ScalarType::Boolean) => "boolean",
        ColumnType::Scalar(ScalarType::Date) => "date",
        ColumnType::Scalar(ScalarType::DateTime) => "timestamp with time zone",
        ColumnType::Scalar(ScalarType::Text) | ColumnType::Any => "text",
        ColumnType::List(ScalarType::Int64) => "bigint[]",
        ColumnType::List(ScalarType::Decimal) => "numeric[]",
        ColumnType::List(ScalarType::Float64) => "double precision[]",
        ColumnType::List(ScalarType::Boolean) => "boolean[]",
        ColumnType::List(ScalarType::Date) => "date[]",
        ColumnType::List(ScalarType::DateTime) => "timestamp with time zone[]",
        ColumnType::List(ScalarType::Text) => "text[]",
        ColumnType::Multifield => "jsonb",
    }
}

/// A list as PostgreSQL writes arrays.
pub(super) fn array(items: &[Cell<'_>]) -> String {
    let mut text = "{".to_owned();
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        if let Cell::Null = item {
            text.push_str("NULL");
            continue;
        }
        let mut one = String::new();
        item.write_text(&mut one);
        text.push('"');
        text.push_str(&one.replace('\\', "\\\\").replace('"', "\\\""));
        text.push('"');
    }
    text.push('}');
    text
}

impl PostgresSink {
    /// The statement that takes down how far the run is.
    pub(super) fn state_statement(&self, finished: bool) -> String {
        let last_id = self.state.last_id_text();
        format!(
            "INSERT INTO _brimful_state (\"table\", command, rows, last_id, finished) VALUES ({}, {}, {}, {last_id}, \
             {finished}) ON CONFLICT (\"table\") DO UPDATE SET command = excluded.command, rows = excluded.rows, \
             last_id = excluded.last_id, finished = excluded.finished, at = now();\n",
            literal(&self.state.table),
            literal(&self.state.command),
            self.state.rows(),
        )
    }

    /// Compares the column at a place of the schema with its type in the store.
    fn compare(&self, schema: &Schema, place: usize, found: &str) -> Result<(), TypeConflict> {
        let column = &schema.columns[place];
        let (name, wanted) = (quoted(&column.name), type_name(column.kind));
        if found == wanted {
            return Ok(());
        }
        // A view keeps the types of its columns; the next run makes it again.
        let view = quoted(&format!("{}_labeled", self.state.table));
        let table = quoted(&self.state.table);
        Err(TypeConflict {
            wanted: wanted.to_owned(),
            remedy: format!(
                "DROP VIEW IF EXISTS {view}; ALTER TABLE {table} ALTER {name} TYPE {wanted} USING {name}::{wanted}"
            ),
        })
    }

    /// The places of the columns that have another type in the store.
    pub(super) fn others(&self, schema: &Schema, existing: &[(String, String)]) -> Vec<usize> {
        of_other_types(schema, existing, is_name, |place, found| {
            self.compare(schema, place, found)
        })
    }

    /// What is done about the table.
    pub(super) fn plan(
        &self,
        schema: &Schema,
        existing: &[(String, String)],
    ) -> Result<TablePlan, ExportError> {
        let plan = TablePlan::new(schema, &self.state, existing, is_name, |place, found| {
            self.compare(schema, place, found)
        });
        plan.map_err(|problem| problem.of(&self.store))
    }

    /// The statements that make the table, or add the columns that it lacks, and describe them.
    pub(super) fn table_statements(
        &self,
        schema: &Schema,
        existing: &[(String, String)],
        plan: &TablePlan,
    ) -> String {
        let table = quoted(&self.state.table);
        let names = quoted_names(schema, quoted);
        let definition = |place: usize| {
            let kind = type_name(schema.columns[place].kind);
            definition(schema, place, &names[place], kind)
        };
        let deleted_at = lacking_deleted_at(&self.state, existing, "timestamp with time zone");
        let mut sql = String::new();
        // Writing to a string does not fail.
        match plan {
            TablePlan::Create => {
                let columns = (0..names.len()).map(definition);
                let columns: Vec<String> = deleted_at.into_iter().chain(columns).collect();
                let _ = writeln!(sql, "CREATE TABLE {table} ({});", columns.join(", "));
            }
            TablePlan::Change { added, to_text } => {
                for place in added {
                    let column = definition(*place);
                    let _ = writeln!(sql, "ALTER TABLE {table} ADD COLUMN {column};");
                }
                sql += &self.text_statements(schema, existing, to_text);
                if let Some(column) = deleted_at {
                    let _ = writeln!(
                        sql,
                        "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column};"
                    );
                }
            }
        }
        for (name, column) in names.iter().zip(&schema.columns) {
            if let Some(title) = &column.title {
                let title = literal(title);
                let _ = writeln!(sql, "COMMENT ON COLUMN {table}.{name} IS {title};");
            }
        }
        sql
    }

    /// The statements that make columns of texts, with the values that they have. Lists become JSON, as they are in other
    /// columns of texts.
    fn text_statements(
        &self,
        schema: &Schema,
        existing: &[(String, String)],
        places: &[usize],
    ) -> String {
        let (table, mut sql) = (quoted(&self.state.table), String::new());
        if places.is_empty() {
            return sql;
        }
        // A view keeps the types of its columns.
        let view = quoted(&format!("{}_labeled", self.state.table));
        let _ = writeln!(sql, "DROP VIEW IF EXISTS {view};");
        for place in places {
            let name = quoted(&schema.columns[*place].name);
            let value = if is_list(existing, &schema.columns[*place].name) {
                format!("array_to_json({name})")
            } else {
                name.clone()
            };
            let _ = writeln!(
                sql,
                "ALTER TABLE {table} ALTER {name} TYPE text USING {value}::text;"
            );
        }
        sql
    }

    /// The statements that begin a run that does not resume another one: what is left of earlier runs is cleared.
    pub(super) fn clearing_statements(&self, schema: &Schema) -> String {
        let mut sql = self.state_statement(false);
        for statement in clearing(schema, &self.state, quoted, literal) {
            let _ = writeln!(sql, "{statement};");
        }
        sql
    }

    /// The statement that takes the rows of the session's table into the real one. Of rows with the same ID the last one
    /// counts; a sync does not touch rows that are equal.
    pub(super) fn merge_statement(&self, schema: &Schema) -> String {
        let table = quoted(&self.state.table);
        let names = quoted_names(schema, quoted);
        let columns = names.join(", ");
        let Some(key) = schema.key else {
            return format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {STAGE}");
        };
        let key = &names[key];
        let others = || names.iter().filter(|name| *name != key);
        let mut updates: Vec<String> = others()
            .map(|name| format!("{name} = excluded.{name}"))
            .collect();
        let mut condition = String::new();
        if self.state.sync.is_some() {
            updates.push(format!("{DELETED_AT} = NULL"));
            condition = format!(" WHERE {table}.{DELETED_AT} IS NOT NULL");
            for name in others() {
                let _ = write!(
                    condition,
                    " OR {table}.{name} IS DISTINCT FROM excluded.{name}"
                );
            }
        }
        let action = if updates.is_empty() {
            "NOTHING".to_owned()
        } else {
            format!("UPDATE SET {}{condition}", updates.join(", "))
        };
        format!(
            "INSERT INTO {table} ({columns}) SELECT DISTINCT ON ({key}) {columns} FROM {STAGE} \
             WHERE {key} IS NOT NULL ORDER BY {key}, ctid DESC ON CONFLICT ({key}) DO {action}"
        )
    }

    /// The statements that store what people call the codes in a table of its own, and make a view of the rows with
    /// both. Others may have been made of it, so it gets further columns behind those that it has.
    pub(super) fn label_statements(
        &self,
        schema: &Schema,
        existing: &[(String, String)],
        plan: &TablePlan,
    ) -> Result<String, ExportError> {
        let labelled = labelled(schema);
        if labelled.is_empty() {
            return self.renewed_view(schema, existing, plan);
        }
        let mut sql = String::new();
        let labels = quoted(&format!("{}_labels", self.state.table));
        let _ = writeln!(
            sql,
            "CREATE TABLE IF NOT EXISTS {labels} (field text NOT NULL, code text NOT NULL, label text NOT NULL, \
             PRIMARY KEY (field, code));\nDELETE FROM {labels};"
        );
        for (column, entries) in &labelled {
            let field = column.name.to_lowercase();
            for entries in entries.chunks(1_000) {
                let values = label_values(&field, entries, literal);
                let _ = writeln!(sql, "INSERT INTO {labels} VALUES {values};");
            }
        }
        let columns = schema
            .columns
            .iter()
            .map(|column| column.name.to_lowercase());
        let existing = existing.iter().map(|(name, _)| name.clone());
        let deleted_at = self.state.sync.as_ref().map(|_| DELETED_AT.to_owned());
        let columns: IndexSet<String> = existing.chain(deleted_at).chain(columns).collect();
        let columns = columns.into_iter().map(|name| {
            let value = format!("t.{}", quoted_as_it_is(&name));
            (name, value)
        });
        let mut wanted: Vec<(String, String)> = columns.collect();
        for (column, _) in &labelled {
            let (name, field) = (quoted(&column.name), literal(&column.name.to_lowercase()));
            let label = label_name(&NAMES, schema, column).to_lowercase();
            let found =
                format!("SELECT l.label FROM {labels} l WHERE l.field = {field} AND l.code =");
            let value = match column.kind {
                ColumnType::List(_) => format!(
                    "CASE WHEN t.{name} IS NOT NULL THEN ARRAY(SELECT ({found} c.code::text) FROM unnest(t.{name}) \
                     WITH ORDINALITY c (code, place) ORDER BY c.place) END"
                ),
                _ => format!("({found} t.{name}::text)"),
            };
            wanted.push((label, value));
        }
        sql += &self.view_statement(wanted, plan)?;
        Ok(sql)
    }

    /// The statement that makes the view of columns, each with its name and its value; none where it has these columns.
    fn view_statement(
        &self,
        wanted: Vec<(String, String)>,
        plan: &TablePlan,
    ) -> Result<String, ExportError> {
        let view = format!("{}_labeled", self.state.table);
        let is_dropped = !plan.changes().1.is_empty();
        let found = if is_dropped {
            Vec::new()
        } else {
            self.columns_of(&view)?
        };
        let mut wanted: IndexMap<String, String> = wanted.into_iter().collect();
        let (view, table) = (quoted(&view), quoted(&self.state.table));
        let mut sql = String::new();
        if found.iter().all(|(name, _)| wanted.contains_key(name)) {
            if found.len() == wanted.len() {
                return Ok(sql);
            }
            for (place, (name, _)) in found.iter().enumerate() {
                if let Some(at) = wanted.get_index_of(name) {
                    wanted.move_index(at, place);
                }
            }
        } else {
            sql = format!("DROP VIEW IF EXISTS {view};\n");
        }
        let values = wanted
            .iter()
            .map(|(name, value)| format!("{value} AS {}", quoted_as_it_is(name)));
        let values: Vec<String> = values.collect();
        let _ = writeln!(
            sql,
            "CREATE OR REPLACE VIEW {view} AS SELECT {}\nFROM {table} t;",
            values.join(",\n  ")
        );
        Ok(sql)
    }

    /// The statement that gives the view of an earlier run with labels the columns that this run without them adds.
    fn renewed_view(
        &self,
        schema: &Schema,
        existing: &[(String, String)],
        plan: &TablePlan,
    ) -> Result<String, ExportError> {
        let (added, to_text) = plan.changes();
        if added.is_empty() && to_text.is_empty() {
            return Ok(String::new());
        }
        let view = quoted(&format!("{}_labeled", self.state.table));
        let found = self.wait(self.client.query_typed(
            "SELECT pg_get_viewdef(to_regclass($1)) WHERE to_regclass($1) IS NOT NULL",
            &[(&view, Type::TEXT)],
        ))?;
        let Some(definition) = found
            .first()
            .and_then(|row| row.get::<_, Option<String>>(0))
        else {
            return Ok(String::new());
        };
        let is_ours = definition.contains(&format!("{}_labels", self.state.table.to_lowercase()));
        if !is_ours && to_text.is_empty() {
            return Ok(String::new());
        }
        let names = |places: &[usize]| {
            let places = places.iter();
            let names = places.map(|place| schema.columns[*place].name.clone());
            names.collect::<Vec<_>>()
        };
        let lists = names(to_text).into_iter();
        let lists: Vec<String> = lists.filter(|name| is_list(existing, name)).collect();
        if definition.contains("unnest(") && !lists.is_empty() {
            return Err(self.failed(format!(
                "the view {view} has labels of lists, and {} becomes text; run it with labels, which makes the view again",
                lists.join(", ")
            )));
        }
        let added = if is_ours { names(added) } else { Vec::new() };
        let added: Vec<String> = added
            .iter()
            .map(|name| format!("t.{}", quoted(name)))
            .collect();
        let query = behind(&definition, &added);
        Ok(format!("CREATE OR REPLACE VIEW {view} AS {query};\n"))
    }
}

/// The query of a view with columns behind those that it has: others may have been made of it, and keep theirs.
fn behind(definition: &str, columns: &[String]) -> String {
    let definition = definition.trim_end().trim_end_matches(';');
    let from = definition.rfind("FROM ").unwrap_or(definition.len());
    let (select, from) = definition.split_at(from);
    let columns: Vec<String> = columns.iter().map(|column| format!(", {column}")).collect();
    let columns = columns.concat();
    format!("{}{columns} {from}", select.trim_end())
}

/// Whether a name in the store is that of a column.
fn is_name(stored: &str, column: &str) -> bool {
    stored == column.to_lowercase()
}

/// Whether a column of the table is a list.
fn is_list(existing: &[(String, String)], column: &str) -> bool {
    let mut existing = existing.iter();
    existing.any(|(name, kind)| is_name(name, column) && kind.ends_with("[]"))
}

/// A name of the store in quotes, which may have capital letters where others have given it.
fn quoted_as_it_is(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
