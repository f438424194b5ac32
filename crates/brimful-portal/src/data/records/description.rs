//! What a program can read of the kinds of records: their methods and fields.

use super::{Answer, ExtraFields, RecordField, RecordKind, RecordMethod, RecordVerb};

/// A kind of records: rows that exist only because somebody wrote them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordDescription {
    /// The name of the kind.
    pub name: &'static str,
    /// The field that has the number which the portal gives to each record.
    pub id: &'static str,
    /// The fields by which callers name a record; mostly [`RecordDescription::id`] alone.
    pub key: &'static [&'static str],
    /// Fields that every call names beside the record, such as the list that an element belongs to.
    pub parent_fields: &'static [&'static str],
    /// Fields that a call gives beside the parameter with the others.
    pub outer_fields: &'static [&'static str],
    /// The kind that has to have a record with the first of [`RecordDescription::parent_fields`].
    pub parent: Option<&'static str>,
    /// Whether the methods belong to REST 3.0.
    pub rest3: bool,
    /// Whether rows also take fields that are not described.
    pub takes_other_fields: bool,
    /// The methods, by their names in lower case.
    pub methods: Vec<RecordMethodDescription>,
    /// The fields, in the order in which rows have them.
    pub fields: Vec<RecordFieldDescription>,
}

/// A method of a kind of records.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordMethodDescription {
    /// Its name in lower case.
    pub name: &'static str,
    /// What it does with records.
    pub verb: RecordVerb,
    /// The parameter that has the fields; empty if they are parameters themselves.
    pub fields: &'static str,
    /// The parameter that names the record.
    pub id: &'static str,
    /// The key of the result under which the record, the records or the ID stand; `None` if they are the result.
    pub under: Option<&'static str>,
    /// Whether the result has the record or the records, and not an ID, `true` or a constant.
    pub returns_rows: bool,
    /// The one field that the result has of a record.
    pub value_of: Option<&'static str>,
    /// Whether the result has the ID.
    pub returns_id: bool,
    /// Parameters that the call needs beside the record.
    pub params: Vec<&'static str>,
    /// Fields that the filter of a list has to name.
    pub required_filters: &'static [&'static str],
    /// The parameter that has the filter of a list; empty if the filter is a parameter itself.
    pub nested: &'static str,
}

/// A field of a kind of records.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the flags of field metadata"
)]
pub struct RecordFieldDescription {
    /// Its name in rows.
    pub name: &'static str,
    /// What calls name it by; mostly its name.
    pub param: &'static str,
    /// The `type` in field metadata.
    pub type_name: &'static str,
    /// Whether a new record needs it.
    pub required: bool,
    /// Whether only the portal writes it.
    pub read_only: bool,
    /// Whether it is written once, when the record is added.
    pub immutable: bool,
    /// Whether it has a list of values.
    pub multiple: bool,
}

/// All kinds of records that portals model.
#[must_use]
pub fn record_kinds() -> Vec<RecordDescription> {
    super::kinds().iter().map(|kind| described(kind)).collect()
}

fn described(kind: &RecordKind) -> RecordDescription {
    RecordDescription {
        name: kind.name,
        id: kind.id,
        key: kind.key,
        parent_fields: kind.parent_fields,
        outer_fields: kind.outer_fields,
        parent: kind.parent.map(|(parent, _)| parent),
        rest3: kind.rest3,
        takes_other_fields: kind.extra_fields != ExtraFields::No,
        methods: kind.methods.iter().map(method).collect(),
        fields: super::fields(kind.name).iter().map(field).collect(),
    }
}

fn method(method: &RecordMethod) -> RecordMethodDescription {
    let under = match method.answer {
        Answer::Under(key)
        | Answer::UnderWith(key, _)
        | Answer::Types(key)
        | Answer::IdUnder(key)
        | Answer::IdTextUnder(key)
        | Answer::ById(key)
            if !key.is_empty() =>
        {
            Some(key)
        }
        Answer::ValueUnder(key, _) => Some(key),
        _ => None,
    };
    RecordMethodDescription {
        name: method.name,
        verb: method.verb,
        fields: method.fields,
        id: method.id,
        under,
        returns_rows: matches!(
            method.answer,
            Answer::Rows | Answer::Under(_) | Answer::UnderWith(..) | Answer::ById(_)
        ),
        value_of: match method.answer {
            Answer::Value(field) | Answer::ValueUnder(_, field) => Some(field),
            _ => None,
        },
        returns_id: matches!(
            method.answer,
            Answer::Id | Answer::IdUnder(_) | Answer::IdTextUnder(_)
        ),
        params: method.params.iter().map(|(name, _)| *name).collect(),
        required_filters: method.required_filters,
        nested: method.nested,
    }
}

fn field(field: &RecordField) -> RecordFieldDescription {
    RecordFieldDescription {
        name: field.name,
        param: field.param,
        type_name: field.type_name,
        required: field.required,
        read_only: field.read_only,
        immutable: field.immutable,
        multiple: field.multiple,
    }
}
