//! The SQL of PostgreSQL: names, texts and types, the statements that make tables, and those that bring rows into them.

use std::fmt::Write as _;

use super::super::statements::{clearing, label_values};
use super::super::table_plan::{
    TablePlan, TypeConflict, definition, lacking_deleted_at, quoted_names,
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

    /// The statements that make the table, or add the columns that it lacks, and describe them.
    pub(super) fn table_statements(
        &self,
        schema: &Schema,
        existing: &[(String, String)],
    ) -> Result<String, ExportError> {
        let table = quoted(&self.state.table);
        let names = quoted_names(schema, quoted);
        let plan = TablePlan::new(
            schema,
            &self.state.table,
            existing,
            |stored, column| stored == column.to_lowercase(),
            |place, found| {
                let (name, wanted) = (&names[place], type_name(schema.columns[place].kind));
                if found == wanted {
                    return Ok(());
                }
                // A view keeps the types of its columns; the next run makes it again.
                let view = quoted(&format!("{}_labeled", self.state.table));
                Err(TypeConflict {
                    wanted: wanted.to_owned(),
                    remedy: format!(
                        "DROP VIEW IF EXISTS {view}; ALTER TABLE {table} ALTER {name} TYPE {wanted} USING {name}::{wanted}"
                    ),
                })
            },
        );
        let definition = |place: usize| {
            let kind = type_name(schema.columns[place].kind);
            definition(schema, place, &names[place], kind)
        };
        let deleted_at = lacking_deleted_at(&self.state, existing, "timestamp with time zone");
        let mut sql = String::new();
        // Writing to a string does not fail.
        match plan.map_err(|message| self.failed(message).because_of_table())? {
            TablePlan::Create => {
                let columns = (0..names.len()).map(definition);
                let columns: Vec<String> = deleted_at.into_iter().chain(columns).collect();
                let _ = writeln!(sql, "CREATE TABLE {table} ({});", columns.join(", "));
            }
            TablePlan::AddColumns(places) => {
                for place in places {
                    let _ = writeln!(sql, "ALTER TABLE {table} ADD COLUMN {};", definition(place));
                }
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
        Ok(sql)
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
    /// both. A view that has these columns stays: others may have been made of it.
    pub(super) fn label_statements(
        &self,
        schema: &Schema,
        existing: &[(String, String)],
    ) -> Result<String, ExportError> {
        let labelled = labelled(schema);
        let mut sql = String::new();
        if labelled.is_empty() {
            return Ok(sql);
        }
        let labels = quoted(&format!("{}_labels", self.state.table));
        let view = format!("{}_labeled", self.state.table);
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
        let mut wanted: Vec<String> = existing.iter().map(|(name, _)| name.clone()).collect();
        for column in &schema.columns {
            let name = column.name.to_lowercase();
            if !wanted.contains(&name) {
                wanted.push(name);
            }
        }
        let mut select = "SELECT t.*".to_owned();
        for (column, _) in &labelled {
            let (name, field) = (quoted(&column.name), literal(&column.name.to_lowercase()));
            let label = label_name(&NAMES, schema, column);
            wanted.push(label.to_lowercase());
            let found =
                format!("SELECT l.label FROM {labels} l WHERE l.field = {field} AND l.code =");
            let _ = match column.kind {
                ColumnType::List(_) => write!(
                    select,
                    ",\n  CASE WHEN t.{name} IS NOT NULL THEN ARRAY(SELECT ({found} c.code::text) FROM unnest(t.{name}) \
                     WITH ORDINALITY c (code, place) ORDER BY c.place) END AS {}",
                    quoted(&label)
                ),
                _ => write!(
                    select,
                    ",\n  ({found} t.{name}::text) AS {}",
                    quoted(&label)
                ),
            };
        }
        let found = self.columns_of(&view)?;
        let is_same = found.iter().map(|(name, _)| name).eq(&wanted);
        if !is_same {
            let (view, table) = (quoted(&view), quoted(&self.state.table));
            let _ = writeln!(
                sql,
                "DROP VIEW IF EXISTS {view};\nCREATE VIEW {view} AS {select}\nFROM {table} t;"
            );
        }
        Ok(sql)
    }
}
