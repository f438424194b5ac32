//! What a store's table needs before the rows of a schema go into it.

#[cfg(any(
    feature = "clickhouse",
    feature = "mysql",
    feature = "postgres",
    feature = "sqlite"
))]
use super::DELETED_AT;
use super::{ChangedTypes, run_state::RunState};
use crate::error::ExportError;
use crate::schema::{ColumnType, ScalarType, Schema};

/// What is done about the table of a schema.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TablePlan {
    /// There is none: it is made.
    Create,
    /// It is there.
    Change {
        /// The places of the columns that it lacks.
        added: Vec<usize>,
        /// The places of the columns that are to be made texts.
        to_text: Vec<usize>,
    },
}

/// Why a table cannot take the rows.
#[derive(Debug)]
pub(crate) enum TableProblem {
    /// It holds other rows.
    OtherRows(String),
    /// Columns have other types there.
    OtherTypes(String),
}

impl TableProblem {
    /// The error of a store, which is shown as `store`.
    pub(crate) fn of(self, store: &str) -> ExportError {
        let store = store.to_owned();
        match self {
            Self::OtherRows(message) => ExportError::UnfitTable { store, message },
            Self::OtherTypes(message) => ExportError::OtherTypes { store, message },
        }
    }
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
    /// The table cannot take the rows: without the column of the IDs it holds other rows, and a column of another type
    /// would change or refuse the values.
    pub(crate) fn new(
        schema: &Schema,
        state: &RunState,
        existing: &[(String, String)],
        is_name: impl Fn(&str, &str) -> bool,
        mut compare: impl FnMut(usize, &str) -> Result<(), TypeConflict>,
    ) -> Result<Self, TableProblem> {
        let table = &state.table;
        if existing.is_empty() {
            return Ok(Self::Create);
        }
        let (mut added, mut to_text, mut conflicts) = (Vec::new(), Vec::new(), Vec::new());
        for (place, column) in schema.columns.iter().enumerate() {
            let mut stored = existing.iter();
            match stored.find(|(name, _)| is_name(name, &column.name)) {
                Some((name, found)) => {
                    let Err(conflict) = compare(place, found) else {
                        continue;
                    };
                    if state.changed_types == ChangedTypes::Text
                        && Some(place) != schema.key
                        && is_text(column.kind)
                    {
                        to_text.push(place);
                    } else {
                        conflicts.push((name.as_str(), found.as_str(), conflict));
                    }
                }
                None if Some(place) == schema.key => {
                    let why = holds_other_rows(table, &column.name);
                    return Err(TableProblem::OtherRows(why));
                }
                None => added.push(place),
            }
        }
        if conflicts.is_empty() {
            return Ok(Self::Change { added, to_text });
        }
        let why = have_other_types(table, &conflicts);
        Err(TableProblem::OtherTypes(why))
    }

    /// The places of the columns that a table which is there lacks, and of those that are to be made texts.
    #[cfg(any(
        feature = "adbc",
        feature = "clickhouse",
        feature = "mysql",
        feature = "postgres"
    ))]
    pub(crate) fn changes(&self) -> (&[usize], &[usize]) {
        match self {
            Self::Create => (&[], &[]),
            Self::Change { added, to_text } => (added, to_text),
        }
    }
}

fn is_text(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Any | ColumnType::Scalar(ScalarType::Text))
}

/// The places of the columns whose type in the store is not the one that they would be made with. The arguments are those
/// of [`TablePlan::new`].
pub(crate) fn of_other_types(
    schema: &Schema,
    existing: &[(String, String)],
    is_name: impl Fn(&str, &str) -> bool,
    mut compare: impl FnMut(usize, &str) -> Result<(), TypeConflict>,
) -> Vec<usize> {
    let columns = schema.columns.iter().enumerate();
    let others = columns.filter(|(place, column)| {
        let mut stored = existing.iter();
        let stored = stored.find(|(name, _)| is_name(name, &column.name));
        stored.is_some_and(|(_, found)| compare(*place, found).is_err())
    });
    others.map(|(place, _)| place).collect()
}

/// The query of a view with more columns, each as a SELECT has it, before the others. `definition` is the statement that
/// makes the view, or its query. None are added where it has all columns of its table anyway. `None`: there is no query.
#[cfg(any(test, feature = "adbc", feature = "clickhouse", feature = "mysql"))]
pub(crate) fn with_columns(definition: &str, columns: &[String]) -> Option<String> {
    const SELECT: &str = "SELECT";
    let upper = definition.to_ascii_uppercase();
    // Columns may be named before it, and one of them may have the word in its name.
    let begins_query = |start: &usize| {
        let before = &upper[..*start];
        let is_word = before.trim_end().len() < before.len();
        before.trim().is_empty() || is_word && before.trim_end().ends_with("AS")
    };
    let mut words = upper.match_indices(SELECT).map(|(start, _)| start);
    let start = words.find(begins_query)?;
    let rest = definition[start + SELECT.len()..].trim_end_matches([';', '\n', ' ']);
    let has_all = ["*", "t.*"]
        .iter()
        .any(|all| rest.trim_start().starts_with(all));
    let columns = columns.iter().filter(|_| !has_all);
    let columns: Vec<String> = columns.map(|column| format!(" {column},")).collect();
    let columns = columns.concat();
    Some(format!("{SELECT}{columns}{rest}"))
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
    fn a_view_gets_more_columns_before_those_that_it_has() {
        let more = ["t.\"b\"".to_owned()];
        let definition =
            "CREATE VIEW v (selected, c) AS select t.a, (SELECT l FROM ls) AS c FROM t t;\n";
        assert_eq!(
            with_columns(definition, &more).unwrap(),
            "SELECT t.\"b\", t.a, (SELECT l FROM ls) AS c FROM t t"
        );
        let of_all = "CREATE VIEW v AS SELECT *, 1 FROM t";
        assert_eq!(with_columns(of_all, &more).unwrap(), "SELECT *, 1 FROM t");
        assert_eq!(with_columns("CREATE TABLE t (a)", &more), None);
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
