//! The fields of several rows by their places in the schema, for those who take the values of a column one after the
//! other.

use std::borrow::Cow;

use brimful::protocol::rows::FieldValue;

use crate::decode::Reason;
use crate::misfit::Misfits;
use crate::row::RawFields;
use crate::schema::Schema;

/// Rows whose fields are found and not read yet.
pub(crate) struct PickedRows<'a> {
    /// Fields of a row.
    width: usize,
    rows: usize,
    /// Row by row.
    values: Vec<Option<FieldValue<'a>>>,
}

impl<'a> PickedRows<'a> {
    /// No rows yet, with the fields of the schema.
    pub(crate) fn new(schema: &Schema) -> Self {
        Self {
            width: schema.fields.len(),
            rows: 0,
            values: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Forgets the rows.
    pub(crate) fn clear(&mut self) {
        self.rows = 0;
        self.values.clear();
    }

    /// Adds a row. What it has and the schema does not have goes to `others`.
    ///
    /// # Errors
    /// The row is not an object, and is not among the rows.
    pub(crate) fn push(
        &mut self,
        schema: &Schema,
        row: &'a str,
        others: &mut RawFields<'a>,
    ) -> Result<(), serde_json::Error> {
        let start = self.values.len();
        self.values.resize(start + self.width, None);
        let places = &mut self.values[start..];
        let picked = schema.for_each_place(row, |place, name, value| match place {
            Some(place) => places[place] = Some(value),
            None => others.push((name, value.json())),
        });
        match picked {
            Ok(()) => self.rows += 1,
            Err(_) => self.values.truncate(start),
        }
        picked
    }

    /// What a row has of a field.
    pub(crate) fn value(&self, row: usize, field: usize) -> Option<FieldValue<'a>> {
        self.values
            .get(row * self.width..)?
            .get(field)
            .copied()
            .flatten()
    }

    /// What each row has of a field.
    #[inline]
    pub(crate) fn column(&self, field: usize) -> impl Iterator<Item = Option<FieldValue<'a>>> {
        let values = self.values.get(field..).unwrap_or_default();
        values.iter().step_by(self.width.max(1)).copied()
    }
}

/// A value that does not fit.
pub(crate) struct Unfit<'a> {
    /// The place of its row among those that were picked.
    pub(crate) row: usize,
    pub(crate) place: Place<'a>,
    pub(crate) json: &'a str,
    pub(crate) reason: Reason,
}

/// Where a value does not fit.
pub(crate) enum Place<'a> {
    /// There is no column for this field.
    Nowhere(Cow<'a, str>),
    Column(usize),
}

/// Records values that do not fit row by row, although they were found column by column.
pub(crate) fn record(
    unfit: &mut Vec<Unfit<'_>>,
    rows: &PickedRows<'_>,
    schema: &Schema,
    misfits: &mut Misfits,
) {
    unfit.sort_by_key(|unfit| {
        let column = match unfit.place {
            Place::Nowhere(_) => None,
            Place::Column(column) => Some(column),
        };
        (unfit.row, column)
    });
    for Unfit {
        row,
        place,
        json,
        reason,
    } in unfit.drain(..)
    {
        let id = schema.id_field.and_then(|field| rows.value(row, field));
        let field = match &place {
            Place::Nowhere(field) => field.as_ref(),
            Place::Column(column) => &schema.fields[schema.columns[*column].field],
        };
        misfits.add(id.map(FieldValue::json), field, json, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Plan;

    fn schema(fields: &[&str]) -> Schema {
        Schema {
            fields: fields.iter().map(|name| (*name).to_owned()).collect(),
            id_field: Some(0),
            ..Schema::default()
        }
    }

    #[test]
    fn fields_are_found_by_their_names_in_any_order_and_the_last_of_two_counts() {
        let schema = schema(&["ID", "TITLE", "A_FIELD_WITH_A_LONG_NAME"]);
        let mut rows = PickedRows::new(&schema);
        let mut others = Vec::new();
        for row in [
            r#"{"ID":"1","TITLE":"a","A_FIELD_WITH_A_LONG_NAME":null}"#,
            r#"{"A_FIELD_WITH_A_LONG_NAMF":"x","TITLE":"b","ID":"2"}"#,
            r#"{"ID":"3","TITLE":"c","TITLE":"d"}"#,
        ] {
            rows.push(&schema, row, &mut others).unwrap();
        }
        assert!(
            rows.push(&schema, r#"{"ID":"4","TITLE""#, &mut others)
                .is_err()
        );
        let column = |field| -> Vec<_> {
            let column = rows.column(field);
            column.map(|value| value.map(FieldValue::json)).collect()
        };
        assert_eq!(rows.len(), 3);
        assert_eq!(column(0), [Some(r#""1""#), Some(r#""2""#), Some(r#""3""#)]);
        assert_eq!(column(1), [Some(r#""a""#), Some(r#""b""#), Some(r#""d""#)]);
        assert_eq!(column(2), [Some("null"), None, None]);
        assert_eq!(others, [(Cow::from("A_FIELD_WITH_A_LONG_NAMF"), r#""x""#)]);
        assert_eq!(rows.value(1, 1).and_then(FieldValue::plain_text), Some("b"));
        assert_eq!(rows.value(3, 1), None);
        rows.clear();
        assert_eq!((rows.len(), rows.column(0).count()), (0, 0));
    }

    #[test]
    fn what_does_not_fit_is_recorded_row_by_row_with_the_id_of_its_row() {
        let fields = schema(&["ID", "SUM"]);
        let plan = Plan::default();
        let page = [r#"{"ID":"1","SUM":"x"}"#, r#"{"ID":"2","SUM":"y"}"#];
        let first = page.iter().map(|row| (None, (*row).to_owned())).collect();
        let schema = Schema {
            columns: plan.schema(Some(&first)).unwrap().columns,
            ..fields
        };
        let mut rows = PickedRows::new(&schema);
        for row in page {
            rows.push(&schema, row, &mut Vec::new()).unwrap();
        }
        let unfit = |row, place, json| Unfit {
            row,
            place,
            json,
            reason: "it is odd",
        };
        let mut found = vec![
            unfit(1, Place::Nowhere(Cow::from("PRICE")), "5"),
            unfit(0, Place::Column(0), "1"),
            unfit(1, Place::Column(1), "6"),
            unfit(0, Place::Column(1), "2"),
        ];
        let mut misfits = Misfits::default();
        record(&mut found, &rows, &schema, &mut misfits);
        let recorded = misfits.0.iter().map(|misfit| {
            let id = misfit.id.as_ref().map_or("", |id| id.get());
            (id, misfit.field.as_str(), misfit.value.get())
        });
        let recorded: Vec<_> = recorded.collect();
        let [one, two] = [r#""1""#, r#""2""#];
        let expected = [
            (one, "ID", "1"),
            (one, "SUM", "2"),
            (two, "PRICE", "5"),
            (two, "SUM", "6"),
        ];
        assert_eq!(recorded, expected);
        assert!(found.is_empty());
    }
}
