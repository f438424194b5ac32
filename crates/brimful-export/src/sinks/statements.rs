//! Parts of statements that are alike in all databases with SQL. `literal` and `quoted` say how one of them writes a text
//! and a name.

use super::run_state::RunState;
#[cfg(any(feature = "adbc", feature = "mysql"))]
use crate::misfit::Misfit;
use crate::schema::Schema;

/// The values of labels as INSERT has them, for a column of this name.
#[cfg(any(feature = "adbc", feature = "mysql", feature = "postgres"))]
pub(crate) fn label_values(
    column: &str,
    labels: &[(&str, &str)],
    literal: fn(&str) -> String,
) -> String {
    let field = literal(column);
    let values = labels
        .iter()
        .map(|(code, label)| format!("({field}, {}, {})", literal(code), literal(label)));
    values.collect::<Vec<_>>().join(", ")
}

/// Values that did not fit as INSERT has them: the table, the ID, the field, the value and the reason.
#[cfg(any(feature = "adbc", feature = "mysql"))]
pub(crate) fn misfit_values(
    table: &str,
    misfits: &[Misfit],
    literal: fn(&str) -> String,
) -> String {
    let table = literal(table);
    let values = misfits.iter().map(|misfit| {
        let id = misfit.id_text();
        format!(
            "({table}, {}, {}, {}, {})",
            id.map_or_else(|| "NULL".to_owned(), |id| literal(&id)),
            literal(&misfit.field),
            literal(misfit.value.get()),
            literal(misfit.reason)
        )
    });
    values.collect::<Vec<_>>().join(", ")
}

/// The statements that clear what is left of earlier runs, for a run that resumes none.
pub(crate) fn clearing(
    schema: &Schema,
    state: &RunState,
    quoted: fn(&str) -> String,
    literal: fn(&str) -> String,
) -> Vec<String> {
    let (column, table) = (quoted("table"), literal(&state.table));
    let mut statements = vec![format!(
        "DELETE FROM _brimful_errors WHERE {column} = {table}"
    )];
    if schema.key.is_none() {
        // Without IDs nothing tells a row of this run from one of an earlier run.
        statements.push(format!("DELETE FROM {}", quoted(&state.table)));
    }
    statements
}
