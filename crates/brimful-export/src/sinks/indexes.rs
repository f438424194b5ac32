//! Indexes of the columns that rows are picked and joined by.

use std::collections::HashSet;

use super::{Dialect, StoreSink};
use crate::error::ExportError;
use crate::schema::{Column, ColumnType, ScalarType, Schema, Source};

/// Fields of what happened last. They change with every touch of a record, and are rarely asked for.
const LAST_TOUCH: [&str; 8] = [
    "LAST",
    "MOVED",
    "MODIFY_BY",
    "UPDATED_BY",
    "CHANGED_BY",
    "CLOSED_BY",
    "STATUS_CHANGED",
    "VIEWED",
];

/// Makes the indexes that the table lacks. A column that is the first of any index has one.
pub(crate) fn make(store: &mut dyn StoreSink, schema: &Schema) -> Result<(), ExportError> {
    let Some(dialect) = store.dialect() else {
        return Ok(());
    };
    let table = store.state().table.clone();
    let Some(query) = dialect.columns_with_index(&table) else {
        return Ok(());
    };
    let mut present = HashSet::new();
    store.query(&query, &mut |row| {
        let name = row.first().and_then(Option::as_ref);
        present.extend(name.map(|name| name.to_lowercase()));
    })?;
    let lacking = indexed(schema).filter(|column| !present.contains(&column.name.to_lowercase()));
    let lacking: Vec<&str> = lacking.map(|column| &*column.name).collect();
    for statement in dialect.index_statements(&table, &lacking) {
        store.query(&statement, &mut |_| {})?;
    }
    Ok(())
}

#[cfg_attr(
    not(any(feature = "mysql", feature = "postgres", feature = "sqlite")),
    allow(unused_variables, reason = "DuckDB has no use for indexes")
)]
impl Dialect {
    /// The query for the names of the columns that an index begins with. `None` where indexes are of no use: DuckDB keeps
    /// the least and the highest value of each part of a column anyway, and updates tables with indexes slowly.
    fn columns_with_index(self, table: &str) -> Option<String> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => Some(format!(
                "SELECT c.name FROM pragma_index_list({}) i, pragma_index_info(i.name) c WHERE c.seqno = 0",
                self.literal(table)
            )),
            #[cfg(feature = "postgres")]
            Self::Postgres => Some(format!(
                "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
                 WHERE i.indrelid = to_regclass({})",
                self.literal(&self.quoted(table))
            )),
            #[cfg(feature = "mysql")]
            Self::Mysql => Some(format!(
                "SELECT column_name FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = {} \
                 AND seq_in_index = 1",
                self.literal(table)
            )),
            #[cfg(feature = "adbc")]
            Self::Duckdb => None,
        }
    }

    /// The statements that make an index of each column.
    fn index_statements(self, table: &str, columns: &[&str]) -> Vec<String> {
        let name = self.quoted(table);
        let quoted = columns.iter().map(|column| (*column, self.quoted(column)));
        match self {
            // Names of indexes are those of tables too.
            #[cfg(feature = "sqlite")]
            Self::Sqlite => quoted
                .map(|(column, quoted)| {
                    let index = self.quoted(&format!("{table}__{column}__index"));
                    format!("CREATE INDEX IF NOT EXISTS {index} ON {name} ({quoted})")
                })
                .collect(),
            // The server finds a name that is free.
            #[cfg(feature = "postgres")]
            Self::Postgres => quoted
                .map(|(_, quoted)| format!("CREATE INDEX ON {name} ({quoted})"))
                .collect(),
            // All in one statement, so that the rows are read once.
            #[cfg(feature = "mysql")]
            Self::Mysql => {
                let added: Vec<String> = quoted
                    .map(|(_, quoted)| format!("ADD INDEX ({quoted})"))
                    .collect();
                let statement = format!("ALTER TABLE {name} {}", added.join(", "));
                (!added.is_empty())
                    .then_some(statement)
                    .into_iter()
                    .collect()
            }
            #[cfg(feature = "adbc")]
            Self::Duckdb => Vec::new(),
        }
    }
}

/// The columns of days and moments, and those with the ID of another record. User fields are left out: a portal may have
/// hundreds of them, and each index slows down every write.
fn indexed(schema: &Schema) -> impl Iterator<Item = &Column> {
    let columns = schema.columns.iter().enumerate();
    columns
        .filter(|(place, column)| Some(*place) != schema.key && is_indexed(schema, column))
        .map(|(_, column)| column)
}

fn is_indexed(schema: &Schema, column: &Column) -> bool {
    let Some(field) = schema.fields.get_index(column.field) else {
        return false;
    };
    let name = snake_case(field);
    let is_last_touch = LAST_TOUCH.iter().any(|begin| name.starts_with(begin));
    if !matches!(column.source, Source::Value) || name.starts_with("UF_") || is_last_touch {
        return false;
    }
    match column.kind {
        ColumnType::Scalar(ScalarType::Date | ScalarType::DateTime) => true,
        ColumnType::Scalar(ScalarType::Int64) => is_link(&name),
        _ => false,
    }
}

/// Whether a number is the ID of another record: `COMPANY_ID`, `PARENT_ID_128`, `CREATED_BY`. Types of records are few.
fn is_link(name: &str) -> bool {
    (name.ends_with("_ID") && !name.ends_with("_TYPE_ID"))
        || name.ends_with("_BY")
        || name.starts_with("PARENT_ID_")
}

/// A name as older methods write it: `createdBy` is `CREATED_BY`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut before = None;
    for c in name.chars() {
        let is_hump =
            c.is_ascii_uppercase() && before.is_some_and(|c: char| c.is_ascii_lowercase());
        if is_hump {
            snake.push('_');
        }
        snake.push(c.to_ascii_uppercase());
        before = Some(c);
    }
    snake
}

#[cfg(test)]
mod tests {
    use brimful::FieldsCall;
    use serde_json::json;

    use super::*;
    use crate::schema::Plan;

    #[test]
    fn dates_and_links_have_an_index_and_nothing_else() {
        let described = json!({
            "ID": {"type": "integer"}, "TITLE": {"type": "string"}, "OPPORTUNITY": {"type": "double"},
            "DATE_CREATE": {"type": "datetime"}, "CLOSEDATE": {"type": "date"}, "PROBABILITY": {"type": "integer"},
            "ASSIGNED_BY_ID": {"type": "user"}, "MODIFY_BY_ID": {"type": "user"}, "MOVED_TIME": {"type": "datetime"},
            "COMPANY_ID": {"type": "crm_company"}, "CONTACT_IDS": {"type": "crm_contact", "isMultiple": true},
            "LAST_ACTIVITY_TIME": {"type": "datetime"}, "UF_CRM_1": {"type": "date"}, "createdBy": {"type": "user"},
            "PARENT_ID_128": {"type": "crm_entity"},
            "ENTITY_TYPE_ID": {"type": "integer"},
        });
        let plan = Plan {
            fields: FieldsCall::of("crm.deal").read(&described).unwrap(),
            sparse: true,
            ..Plan::of_list("crm.deal.list")
        };
        let schema = plan.schema(None).unwrap();
        let mut names: Vec<&str> = indexed(&schema).map(|column| &*column.name).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "ASSIGNED_BY_ID",
                "CLOSEDATE",
                "COMPANY_ID",
                "DATE_CREATE",
                "PARENT_ID_128",
                "createdBy",
            ]
        );
    }
}
