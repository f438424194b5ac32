//! The SQL of MySQL and MariaDB: names, texts and types, the statements that make tables, and those that bring rows into
//! them.

use std::fmt::Write as _;

use mysql::prelude::Queryable;

use super::super::statements::{clearing, label_values, misfit_values};
use super::super::table_plan::{
    TablePlan, TypeConflict, definition, lacking_deleted_at, of_other_types, quoted_names,
    with_columns,
};
use super::super::{DELETED_AT, label_name, labelled};
use super::connection::said;
use super::{MysqlSink, NAMES, STAGE};
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::{ColumnType, ScalarType, Schema};

/// The type of an ID that is a text, such as the code of a currency.
const TEXT_KEY: &str = "VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
/// Characters of a comment of a column.
const COMMENT_CHARACTERS: usize = 1_024;

/// The statements that make the tables of what did not fit and of how far runs are.
pub(super) const OWN_TABLES: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS _brimful_errors (`table` VARCHAR(191) NOT NULL, id VARCHAR(191), \
     field LONGTEXT NOT NULL, value LONGTEXT, reason LONGTEXT, at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP) \
     DEFAULT CHARSET utf8mb4",
    "CREATE TABLE IF NOT EXISTS _brimful_state (`table` VARCHAR(191) PRIMARY KEY, command LONGTEXT NOT NULL, \
     `rows` BIGINT NOT NULL, last_id BIGINT UNSIGNED, finished BOOLEAN NOT NULL, \
     at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin",
];

pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text as a statement has it.
pub(crate) fn literal(text: &str) -> String {
    let mut literal = "'".to_owned();
    for c in text.chars() {
        match c {
            '\\' => literal.push_str("\\\\"),
            '\'' => literal.push_str("\\'"),
            '\0' => literal.push_str("\\0"),
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}

/// The statements that store the values that did not fit.
pub(super) fn misfit_statements(table: &str, misfits: &Misfits) -> Vec<String> {
    misfits
        .0
        .chunks(500)
        .map(|misfits| {
            format!(
                "INSERT INTO _brimful_errors (`table`, id, field, value, reason) VALUES {}",
                misfit_values(table, misfits, literal)
            )
        })
        .collect()
}

/// The declared type of a column, and the name of it in the catalogue of the server.
fn type_name(kind: ColumnType) -> (&'static str, &'static [&'static str]) {
    match kind {
        ColumnType::Scalar(ScalarType::Int64) => ("BIGINT", &["bigint"]),
        ColumnType::Scalar(ScalarType::Decimal) => ("DECIMAL(20,4)", &["decimal"]),
        ColumnType::Scalar(ScalarType::Float64) => ("DOUBLE", &["double"]),
        ColumnType::Scalar(ScalarType::Boolean) => ("BOOLEAN", &["tinyint"]),
        ColumnType::Scalar(ScalarType::Date) => ("DATE", &["date"]),
        ColumnType::Scalar(ScalarType::DateTime) => ("DATETIME", &["datetime"]),
        ColumnType::Scalar(ScalarType::Text) | ColumnType::Any => ("LONGTEXT", &["longtext"]),
        // MariaDB has them as texts.
        ColumnType::List(_) | ColumnType::Multifield => ("JSON", &["json", "longtext"]),
    }
}

/// The type that a column is made with.
fn declared(schema: &Schema, place: usize) -> &'static str {
    match type_name(schema.columns[place].kind).0 {
        // A text of any length cannot be a key.
        "LONGTEXT" if Some(place) == schema.key => TEXT_KEY,
        kind => kind,
    }
}

impl MysqlSink {
    /// The statement that takes down how far the run is.
    pub(super) fn state_statement(&self, finished: bool) -> String {
        let last_id = self.state.last_id_text();
        format!(
            "REPLACE INTO _brimful_state (`table`, command, `rows`, last_id, finished) VALUES ({}, {}, {}, {last_id}, \
             {finished})",
            literal(&self.state.table),
            literal(&self.state.command),
            self.state.rows(),
        )
    }

    /// Makes the table, or adds the columns that it lacks.
    pub(super) fn make_table(&mut self, schema: &Schema) -> Result<TablePlan, ExportError> {
        let table = quoted(&self.state.table);
        let existing = self.existing()?;
        let names = quoted_names(schema, quoted);
        let is_name = str::eq_ignore_ascii_case;
        let plan = TablePlan::new(schema, &self.state, &existing, is_name, |place, found| {
            self.compare(schema, place, found)
        });
        let plan = plan.map_err(|problem| problem.of(&self.store))?;
        let with_comment = |place: usize| {
            let column = definition(schema, place, &names[place], declared(schema, place));
            let title = schema.columns[place].title.as_ref();
            let comment = title.map_or_else(String::new, |title| {
                let title: String = title.chars().take(COMMENT_CHARACTERS).collect();
                format!(" COMMENT {}", literal(&title))
            });
            column + &comment
        };
        let deleted_at = lacking_deleted_at(&self.state, &existing, "DATETIME");
        match &plan {
            TablePlan::Create => {
                let columns = (0..names.len()).map(with_comment);
                let columns: Vec<String> = deleted_at.into_iter().chain(columns).collect();
                let columns = columns.join(", ");
                self.execute(&format!(
                    "CREATE TABLE {table} ({columns}) DEFAULT CHARSET utf8mb4"
                ))?;
            }
            TablePlan::Change { added, to_text } => {
                let added = added.iter().copied().map(with_comment).chain(deleted_at);
                let added = added.map(|column| format!("ADD COLUMN {column}"));
                let mut changes: Vec<String> = added.collect();
                for place in to_text {
                    changes.extend(self.index_drops(&schema.columns[*place].name)?);
                    changes.push(format!("MODIFY {} LONGTEXT", names[*place]));
                }
                if !changes.is_empty() {
                    self.execute(&format!("ALTER TABLE {table} {}", changes.join(", ")))?;
                }
                self.retitle(schema)?;
            }
        }
        Ok(plan)
    }

    /// The columns of the table and their types, by name; empty if there is no table.
    fn existing(&mut self) -> Result<Vec<(String, String)>, ExportError> {
        let table = self.state.table.clone();
        let mut existing = self.columns_of(&table)?;
        let version: mysql::Result<Option<String>> =
            self.connection.query_first("SELECT VERSION()");
        let version = version.map_err(|error| self.failed(said(&error)))?;
        if !version.is_some_and(|version| version.contains("MariaDB")) {
            return Ok(existing);
        }
        // JSON is a text with a check there.
        let checked: mysql::Result<Vec<String>> = self.connection.exec(
            "SELECT constraint_name FROM information_schema.check_constraints WHERE constraint_schema = DATABASE() \
             AND table_name = ? AND check_clause LIKE 'json_valid(%'",
            (&table,),
        );
        let checked = checked.map_err(|error| self.failed(said(&error)))?;
        for (name, kind) in &mut existing {
            if checked.contains(name) {
                "json".clone_into(kind);
            }
        }
        Ok(existing)
    }

    /// The places of the columns that have another type in the store.
    pub(super) fn others(&mut self, schema: &Schema) -> Result<Vec<usize>, ExportError> {
        let existing = self.existing()?;
        let is_name = str::eq_ignore_ascii_case;
        Ok(of_other_types(
            schema,
            &existing,
            is_name,
            |place, found| self.compare(schema, place, found),
        ))
    }

    /// Compares the column at a place of the schema with its type in the store.
    fn compare(&self, schema: &Schema, place: usize, found: &str) -> Result<(), TypeConflict> {
        let column = &schema.columns[place];
        let (wanted, known_as) = (declared(schema, place), type_name(column.kind).1);
        if known_as.contains(&found) || wanted == TEXT_KEY && found == "varchar" {
            return Ok(());
        }
        let (table, name) = (quoted(&self.state.table), quoted(&column.name));
        Err(TypeConflict {
            wanted: wanted.to_owned(),
            remedy: format!("ALTER TABLE {table} MODIFY {name} {wanted}"),
        })
    }

    /// What drops the indexes of a column that becomes a text: texts of any length have none.
    fn index_drops(&mut self, column: &str) -> Result<Vec<String>, ExportError> {
        let found: mysql::Result<Vec<String>> = self.connection.exec(
            "SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_schema = DATABASE() \
             AND table_name = ? AND column_name = ?",
            (&self.state.table, column),
        );
        let found = found.map_err(|error| self.failed(said(&error)))?;
        let drops = found
            .iter()
            .map(|name| format!("DROP INDEX {}", quoted(name)));
        Ok(drops.collect())
    }

    /// Gives the view of labels of an earlier run the columns that this run without labels adds.
    fn renew_view(&mut self, schema: &Schema, plan: &TablePlan) -> Result<(), ExportError> {
        let (added, _) = plan.changes();
        if added.is_empty() {
            return Ok(());
        }
        let view = format!("{}_labeled", self.state.table);
        let found: mysql::Result<Option<String>> = self.connection.exec_first(
            "SELECT view_definition FROM information_schema.views WHERE table_schema = DATABASE() AND table_name = ?",
            (&view,),
        );
        let found = found.map_err(|error| self.failed(said(&error)))?;
        let labels = format!("{}_labels", self.state.table);
        let Some(definition) = found.filter(|definition| definition.contains(&labels)) else {
            return Ok(());
        };
        let added = added.iter().map(|place| &schema.columns[*place].name);
        let added: Vec<String> = added.map(|name| format!("t.{}", quoted(name))).collect();
        let Some(query) = with_columns(&definition, &added) else {
            return Ok(());
        };
        self.execute(&format!(
            "CREATE OR REPLACE VIEW {} AS {query}",
            quoted(&view)
        ))
    }

    /// Gives columns the titles that their fields have now, as comments. Columns that somebody has given more than a type
    /// keep their comments: a statement that changes a comment has to say the whole column.
    fn retitle(&mut self, schema: &Schema) -> Result<(), ExportError> {
        // JSON is a check of a text in MariaDB, which such a statement would drop.
        let found: Result<Vec<(String, String, String)>, _> = self.connection.exec(
            "SELECT column_name, column_comment, concat(column_type, \
             coalesce(concat(' CHARACTER SET ', character_set_name, ' COLLATE ', collation_name), ''), \
             CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE ' NULL' END) \
             FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? AND extra = '' \
             AND (column_default IS NULL OR column_default = 'NULL') AND lower(data_type) <> 'json'",
            (&self.state.table,),
        );
        let found = found.map_err(|error| self.failed(said(&error)))?;
        let columns = schema.columns.iter().filter_map(|column| {
            let is_json = matches!(column.kind, ColumnType::List(_) | ColumnType::Multifield);
            let title = column.title.as_ref().filter(|_| !is_json)?;
            let title: String = title.chars().take(COMMENT_CHARACTERS).collect();
            let (name, comment, definition) = found
                .iter()
                .find(|(name, ..)| name.eq_ignore_ascii_case(&column.name))?;
            let name = quoted(name);
            (*comment != title)
                .then(|| format!("MODIFY {name} {definition} COMMENT {}", literal(&title)))
        });
        let columns: Vec<String> = columns.collect();
        if columns.is_empty() {
            return Ok(());
        }
        let table = quoted(&self.state.table);
        self.execute(&format!("ALTER TABLE {table} {}", columns.join(", ")))
    }

    /// Begins a run that does not resume another one: what is left of earlier runs is cleared.
    pub(super) fn clear(&mut self, schema: &Schema) -> Result<(), ExportError> {
        self.execute("START TRANSACTION")?;
        let state = self.state_statement(false);
        self.execute(&state)?;
        for statement in clearing(schema, &self.state, quoted, literal) {
            self.execute(&statement)?;
        }
        self.execute("COMMIT")
    }

    /// The statement that takes the rows of the session's table into the real one.
    pub(super) fn merge_statement(&self, schema: &Schema) -> String {
        let table = quoted(&self.state.table);
        let names = quoted_names(schema, quoted);
        let columns = names.join(", ");
        let insert = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {STAGE}");
        let Some(key) = schema.key.map(|key| &names[key]) else {
            return insert;
        };
        let others = names.iter().filter(|name| *name != key);
        let mut updates: Vec<String> = others
            .map(|name| format!("{name} = VALUES({name})"))
            .collect();
        if self.state.sync.is_some() {
            updates.push(format!("{DELETED_AT} = NULL"));
        }
        if updates.is_empty() {
            updates.push(format!("{table}.{key} = {table}.{key}"));
        }
        format!(
            "{insert} WHERE {key} IS NOT NULL ON DUPLICATE KEY UPDATE {}",
            updates.join(", ")
        )
    }

    /// The query that counts the rows of the session's table that are new or differ: a sync tells them.
    pub(super) fn count_statement(&self, schema: &Schema) -> Option<String> {
        self.state.sync.as_ref()?;
        let names = quoted_names(schema, quoted);
        let key = &names[schema.key?];
        let table = quoted(&self.state.table);
        let equal: Vec<String> = names
            .iter()
            .map(|name| format!("t.{name} <=> s.{name}"))
            .collect();
        Some(format!(
            "SELECT count(*) FROM {STAGE} s LEFT JOIN {table} t ON t.{key} = s.{key} WHERE s.{key} IS NOT NULL AND NOT \
             (t.{key} IS NOT NULL AND t.{DELETED_AT} IS NULL AND {equal})",
            equal = equal.join(" AND ")
        ))
    }

    /// Stores what people call the codes in a table of its own, and makes a view of the rows with both.
    pub(super) fn store_labels(
        &mut self,
        schema: &Schema,
        plan: &TablePlan,
    ) -> Result<(), ExportError> {
        let labelled = labelled(schema);
        if labelled.is_empty() {
            return self.renew_view(schema, plan);
        }
        let labels = quoted(&format!("{}_labels", self.state.table));
        let view = quoted(&format!("{}_labeled", self.state.table));
        self.execute(&format!(
            "CREATE TABLE IF NOT EXISTS {labels} (field VARCHAR(191) NOT NULL, code VARCHAR(191) NOT NULL, \
             label LONGTEXT NOT NULL, PRIMARY KEY (field, code)) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin"
        ))?;
        self.execute("START TRANSACTION")?;
        self.execute(&format!("DELETE FROM {labels}"))?;
        let mut select = "SELECT t.*".to_owned();
        for (column, entries) in &labelled {
            let (name, field) = (quoted(&column.name), literal(&column.name));
            for entries in entries.chunks(1_000) {
                let values = label_values(&column.name, entries, literal);
                self.execute(&format!("INSERT INTO {labels} VALUES {values}"))?;
            }
            let label = quoted(&label_name(&NAMES, schema, column));
            // Writing to a string does not fail.
            let _ = match column.kind {
                ColumnType::List(_) => write!(
                    select,
                    ", CASE WHEN t.{name} IS NOT NULL THEN (SELECT JSON_ARRAYAGG(l.label) FROM JSON_TABLE(t.{name}, '$[*]' \
                     COLUMNS (code VARCHAR(191) PATH '$')) c LEFT JOIN {labels} l ON l.field = {field} AND l.code = c.code) \
                     END AS {label}"
                ),
                _ => write!(
                    select,
                    ", (SELECT l.label FROM {labels} l WHERE l.field = {field} AND l.code = CAST(t.{name} AS CHAR)) AS \
                     {label}"
                ),
            };
        }
        self.execute("COMMIT")?;
        self.execute(&format!(
            "CREATE OR REPLACE VIEW {view} AS {select} FROM {} t",
            quoted(&self.state.table)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_statements_have_no_end_of_their_own() {
        assert_eq!(literal("it's \\ a\0"), "'it\\'s \\\\ a\\0'");
        assert_eq!(quoted("a`b"), "`a``b`");
    }
}
