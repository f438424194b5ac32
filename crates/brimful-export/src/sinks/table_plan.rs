//! What a store's table needs before the rows of a schema go into it.

#[cfg(any(
    feature = "clickhouse",
    feature = "mysql",
    feature = "postgres",
    feature = "sqlite"
))]
use super::{DELETED_AT, run_state::RunState};
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
        let (mut lacking, mut conflicts) = (Vec::new(), Vec::new());
        for (place, column) in schema.columns.iter().enumerate() {
            let mut stored = existing.iter();
            match stored.find(|(name, _)| is_name(name, &column.name)) {
                Some((name, found)) => {
                    if let Err(conflict) = compare(place, found) {
                        conflicts.push((name.as_str(), found.as_str(), conflict));
                    }
                }
                None if Some(place) == schema.key => {
                    return Err(holds_other_rows(table, &column.name));
                }
                None => lacking.push(place),
            }
        }
        if conflicts.is_empty() {
            return Ok(Self::AddColumns(lacking));
        }
        Err(have_other_types(table, &conflicts))
    }
}

/// The message of columns with other types in the store: their names, their types there, and what is wanted.
fn have_other_types(table: &str, conflicts: &[(&str, &str, TypeConflict)]) -> String {
    if let [(name, found, TypeConflict { wanted, remedy })] = conflicts {
        return format!(
            "the column {name} of the table {table} is {found} there and {wanted} here; to change it: {remedy}"
        );
    }
    let columns = conflicts.iter();
    let columns: Vec<String> = columns
        .map(|(name, found, conflict)| {
            format!("{name} is {found} there and {} here", conflict.wanted)
        })
        .collect();
    let mut remedies: Vec<&str> = Vec::new();
    for statement in conflicts
        .iter()
        .flat_map(|(.., conflict)| conflict.remedy.split("; "))
    {
        if !remedies.contains(&statement) {
            remedies.push(statement);
        }
    }
    format!(
        "{} columns of the table {table} have other types there: {}; to change them: {}",
        conflicts.len(),
        columns.join(", "),
        remedies.join("; ")
    )
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

/// The definition of a column of a table with a key: `kind` is its declared type.
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
pub(crate) fn definition(schema: &Schema, place: usize, name: &str, kind: &str) -> String {
    let is_key = Some(place) == schema.key;
    let key = if is_key { " PRIMARY KEY" } else { "" };
    format!("{name} {kind}{key}")
}

/// The definition of the column that says since when a row is no longer in the portal, where the table is kept in sync
/// and lacks it.
#[cfg(any(
    feature = "clickhouse",
    feature = "mysql",
    feature = "postgres",
    feature = "sqlite"
))]
pub(crate) fn lacking_deleted_at(
    state: &RunState,
    existing: &[(String, String)],
    kind: &str,
) -> Option<String> {
    state.sync.as_ref()?;
    let is_there = existing.iter().any(|(name, _)| name == DELETED_AT);
    (!is_there).then(|| format!("{DELETED_AT} {kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conflict(remedy: &str) -> TypeConflict {
        TypeConflict {
            wanted: "text".to_owned(),
            remedy: remedy.to_owned(),
        }
    }

    #[test]
    fn all_columns_of_other_types_are_named_together_with_each_statement_once() {
        let conflicts = [
            ("a", "bigint", conflict("DROP VIEW v; ALTER a")),
            ("b", "date", conflict("DROP VIEW v; ALTER b")),
        ];
        assert_eq!(
            have_other_types("t", &conflicts),
            "2 columns of the table t have other types there: a is bigint there and text here, b is date there and text \
             here; to change them: DROP VIEW v; ALTER a; ALTER b"
        );
        assert_eq!(
            have_other_types("t", &conflicts[..1]),
            "the column a of the table t is bigint there and text here; to change it: DROP VIEW v; ALTER a"
        );
    }
}
