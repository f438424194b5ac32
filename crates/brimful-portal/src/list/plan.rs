//! Which fields a list writes, decided once per call: the rows are then written without looking anything up.

use super::shape::Shape;
use crate::method::{Output, Rows};
use crate::state::schema::{Field, Kind};
use crate::state::table::{Row, Table};

/// The fields of a row and the text before each.
#[derive(Debug)]
pub(crate) struct Plan<'t> {
    table: &'t Table,
    shape: Shape,
    columns: Vec<Column<'t>>,
}

#[derive(Debug)]
struct Column<'t> {
    at: usize,
    field: &'t Field,
    /// `,"NAME":`
    prefix: &'t [u8],
}

impl<'t> Plan<'t> {
    /// A plan that writes `fields`, in that order.
    pub(crate) fn new(
        table: &'t Table,
        shape: Shape,
        fields: impl IntoIterator<Item = usize>,
    ) -> Self {
        let mut seen = vec![false; table.schema.fields().len()];
        let mut columns: Vec<Column<'t>> = Vec::with_capacity(16);
        for at in fields {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            let field = table.schema.get(at);
            let prefix = match shape {
                Shape::Legacy | Shape::User => &field.name_prefix,
                Shape::Item | Shape::Task => &field.camel_prefix,
            };
            columns.push(Column { at, field, prefix });
        }
        Self {
            table,
            shape,
            columns,
        }
    }

    /// Writes the names of user fields as the schema has them, not in camel case.
    pub(crate) fn with_original_user_fields(mut self) -> Self {
        for column in &mut self.columns {
            if column.field.is_user_field() {
                column.prefix = &column.field.name_prefix;
            }
        }
        self
    }

    /// Writes all names as older methods do.
    pub(crate) fn with_upper_names(mut self) -> Self {
        for column in &mut self.columns {
            column.prefix = &column.field.name_prefix;
        }
        self
    }

    /// Writes the row without the brace that closes it. Legacy rows lack the phones and the like that they have none of.
    pub(crate) fn write_open(&self, out: &mut Vec<u8>, row: &Row<'_>) {
        let open = out.len();
        for column in &self.columns {
            let cell = row.cell(column.at);
            if column.field.kind == Kind::Multifield
                && self.shape == Shape::Legacy
                && cell.is_empty()
            {
                continue;
            }
            out.extend_from_slice(column.prefix);
            self.shape.write(out, column.field, cell);
        }
        match out.get_mut(open) {
            Some(comma) => *comma = b'{',
            None => out.push(b'{'),
        }
    }

    /// Writes the row.
    pub(crate) fn write(&self, out: &mut Vec<u8>, row: &Row<'_>) {
        self.write_open(out, row);
        out.push(b'}');
    }

    /// Writes a list of rows, under `key` if there is one.
    pub(crate) fn output(&self, key: Option<&'static str>, ids: &[u64]) -> Output {
        list(key, ids, |out, id| self.write(out, &self.table.row(id)))
    }
}

/// An output that is a list of the rows with these IDs, under `key` if there is one; `each` writes a row.
pub(crate) fn list(
    key: Option<&'static str>,
    ids: &[u64],
    each: impl FnMut(&mut Vec<u8>, u64),
) -> Output {
    let mut output = list_of_places(key, ids, each);
    output.rows.ids = ids.to_vec();
    output
}

/// An output that is a list of rows which are found by something else than their IDs.
pub(crate) fn list_of_places(
    key: Option<&'static str>,
    ids: &[u64],
    mut each: impl FnMut(&mut Vec<u8>, u64),
) -> Output {
    let mut out = Vec::with_capacity(64 + ids.len() * 512);
    if let Some(key) = key {
        out.extend_from_slice(b"{\"");
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
    }
    out.push(b'[');
    let mut starts = Vec::with_capacity(ids.len());
    for (i, &id) in ids.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        starts.push(out.len() as u32);
        each(&mut out, id);
    }
    let end = out.len() as u32;
    out.push(b']');
    if key.is_some() {
        out.push(b'}');
    }
    let mut output = Output::json(out);
    output.rows = Rows {
        key,
        starts,
        end,
        ids: Vec::new(),
    };
    output
}
