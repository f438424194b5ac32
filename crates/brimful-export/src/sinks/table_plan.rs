//! What a store's table needs before the rows of a schema go into it.

use crate::schema::Schema;

/// What is done about the table of a schema.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TablePlan {
    /// There is none: it is made.
    Create,
    /// It is there and lacks the columns at these places of the schema.
    AddColumns(Vec<usize>),
}

/// A column is of another type in the store than it would be made with.
#[derive(Debug)]
pub(crate) struct TypeConflict {
    /// The type that it would be made with.
    pub(crate) wanted: String,
    /// The statement that changes the type in the store.
    pub(crate) remedy: String,
}

impl TablePlan {
    /// `existing` are the names and types of the columns in the store, none where there is no table. `is_name` says
    /// whether a name there is that of a column. `compare` is asked for the column at a place of the schema and its type
    /// in the store.
    ///
    /// # Errors
    ///
    /// The message of a table that cannot take the rows: without the column of the IDs it holds other rows, and a column
    /// of another type would change or refuse the values.
    pub(crate) fn new(
        schema: &Schema,
        table: &str,
        existing: &[(String, String)],
        is_name: impl Fn(&str, &str) -> bool,
        mut compare: impl FnMut(usize, &str) -> Result<(), TypeConflict>,
    ) -> Result<Self, String> {
        if existing.is_empty() {
            return Ok(Self::Create);
        }
        let mut lacking = Vec::new();
        for (place, column) in schema.columns.iter().enumerate() {
            let mut stored = existing.iter();
            match stored.find(|(name, _)| is_name(name, &column.name)) {
                Some((name, found)) => compare(place, found).map_err(|TypeConflict { wanted, remedy }| {
                    format!(
                        "the column {name} of the table {table} is {found} there and {wanted} here; to change it: {remedy}"
                    )
                })?,
                None if Some(place) == schema.key => {
                    return Err(holds_other_rows(table, &column.name));
                }
                None => lacking.push(place),
            }
        }
        Ok(Self::AddColumns(lacking))
    }
}

/// The message of a table without a column that each table of such rows has.
pub(crate) fn holds_other_rows(table: &str, column: &str) -> String {
    format!("the table {table} is there and has no column {column}, so it holds other rows")
}

/// The names of the columns as statements have them.
pub(crate) fn quoted_names(schema: &Schema, quoted: fn(&str) -> String) -> Vec<String> {
    let columns = schema.columns.iter();
    columns.map(|column| quoted(&column.name)).collect()
}
