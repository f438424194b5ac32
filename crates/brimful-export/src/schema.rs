//! The columns of a list: which there are, in what order, and what type each has.
//!
//! Types come from the portal's field metadata. Where that says too little, two small tables here say more: fields of
//! users, whose metadata has titles alone, and the names of amounts, which portals call `double`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use brimful::protocol::rows::FieldValue;
use brimful::{Field, FieldKind, Fields, Page};
use indexmap::IndexSet;

use crate::column_names::ColumnNames;
use crate::error::ExportError;
use crate::row::{RawFields, for_each_field, read_fields};

/// The type of columns with labels, currencies and the like.
const TEXT: ColumnType = ColumnType::Scalar(ScalarType::Text);

/// Stands between the name of a field and what its second column has: `STAGE_ID__LABEL`.
const JOINT: &str = "__";
/// What is behind the name of a field in the name of the column with its labels.
pub(crate) const LABEL: &str = "__LABEL";

impl ColumnType {
    /// Whether its values say a day.
    #[cfg(feature = "parquet")]
    pub(crate) fn is_date(self) -> bool {
        matches!(self, Self::Scalar(ScalarType::Date | ScalarType::DateTime))
    }
}

/// The type of single values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarType {
    /// A whole number.
    Int64,
    /// An exact amount: 20 digits, of which 4 are behind the point.
    Decimal,
    /// A number.
    Float64,
    /// Yes or no.
    Boolean,
    /// A day.
    Date,
    /// A moment.
    DateTime,
    /// A text.
    Text,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Single values.
    Scalar(ScalarType),
    /// Any number of values.
    List(ScalarType),
    /// Phones, mails and their like: a list of structures.
    Multifield,
    /// A text as it is, and anything else as JSON.
    Any,
}

/// What a column takes from its field.
#[derive(Debug, Clone)]
pub enum Source {
    /// Its value.
    Value,
    /// The first value of a multifield.
    First,
    /// The currency of an amount such as `100.00|RUB`.
    Currency,
    /// What people call its value.
    Label(Arc<Dictionary>),
}

/// What people call the codes of a field.
pub type Dictionary = HashMap<String, String>;

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// The name in the file or store.
    pub name: String,
    /// What people call the field.
    pub title: Option<String>,
    /// The type of the values.
    pub kind: ColumnType,
    /// What it takes from its field.
    pub source: Source,
    /// The place of its field in [`Schema::fields`].
    pub field: usize,
    /// What people call its codes, where labels have no columns of their own.
    pub labels: Option<Arc<Dictionary>>,
}

impl Column {
    /// Has values as texts, or as JSON where they are none.
    #[cfg(feature = "stores")]
    pub(crate) fn take_as_text(&mut self) {
        // A part of a field is a text anyway.
        if matches!(self.source, Source::Value) {
            self.kind = ColumnType::Any;
        }
    }
}

/// The columns of a list, in order.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<Column>,
    /// The fields that they are made of.
    pub fields: IndexSet<String>,
    /// Fields that are known and not wanted.
    pub(crate) left_out: HashSet<String>,
    /// The column of the ID, if there is one.
    pub key: Option<usize>,
    /// The place of the ID in [`Schema::fields`], if rows have one.
    pub id_field: Option<usize>,
}

/// Whether columns have types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Types {
    /// The types of the portal's field metadata.
    #[default]
    Portal,
    /// Text in all of them.
    Strings,
}

/// A column that the caller wants, by the name it would have, and its new name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnChoice {
    /// The name it would have.
    pub column: String,
    /// The name that it gets instead.
    pub name: Option<String>,
}

impl std::str::FromStr for ColumnChoice {
    type Err = String;

    /// `TITLE`, or `TITLE=Name of the deal`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (column, name) = match text.split_once('=') {
            Some((column, name)) => (column.trim(), Some(name.trim().to_owned())),
            None => (text.trim(), None),
        };
        if column.is_empty() || name.as_deref() == Some("") {
            return Err("a column is FIELD or FIELD=NAME".to_owned());
        }
        Ok(Self {
            column: column.to_owned(),
            name,
        })
    }
}

impl ColumnChoice {
    /// Whether it is the column with the labels of a field.
    pub fn is_label(&self) -> bool {
        let upper = self.column.to_ascii_uppercase();
        upper.ends_with(LABEL)
    }

    /// The field that the column is made of.
    pub fn field(&self) -> &str {
        self.column
            .split_once(JOINT)
            .map_or(self.column.as_str(), |(field, _)| field)
    }
}

/// What is known of a list before its first row.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The entity, such as `crm.deal`: some of them have fields that the portal says too little of.
    pub entity: String,
    /// The portal's metadata, by the names that rows have; empty if there is none.
    pub fields: Fields,
    /// The field with the ID of a row.
    pub id_field: String,
    /// The fields that were selected; `*` and the like are passed over.
    pub select: Vec<String>,
    /// Whether rows may lack fields that they have no value of, although all were asked for.
    pub sparse: bool,
    /// Fields that are columns of the table already: a row that lacks one has NULL there.
    pub known: Vec<String>,
    /// Whether a user field that the metadata lacks, and that is not among `known`, has no column yet: it may have been
    /// added since the metadata was asked for, and then the next run knows its type.
    pub waits_for_new_fields: bool,
    /// Whether columns have types.
    pub types: Types,
    /// The columns that are wanted, in their order; all if empty.
    pub columns: Vec<ColumnChoice>,
    /// What people call the codes of a field, by the field's name.
    pub labels: HashMap<String, Arc<Dictionary>>,
    /// Labels have no columns: a store has a table of them, and a view with both.
    pub label_tables: bool,
    /// What the names of columns have to be where the rows go. A writer knows it.
    pub names: ColumnNames,
}

impl Plan {
    /// Refuses columns of fields that the portal does not have, before anything is asked for.
    pub fn check(&self) -> Result<(), ExportError> {
        let known = |name: &str| {
            let mut names = self.fields.keys();
            name == self.id_field || names.any(|known| known.eq_ignore_ascii_case(name))
        };
        for choice in &self.columns {
            if !self.fields.is_empty() && !known(choice.field()) {
                return Err(ExportError::Columns(format!(
                    "there is no field {} for a column",
                    choice.field()
                )));
            }
            let mut labelled = self.labels.keys();
            let has_labels = labelled.any(|known| known.eq_ignore_ascii_case(choice.field()));
            if choice.is_label() && !self.fields.is_empty() && !has_labels {
                return Err(ExportError::Columns(format!(
                    "the field {} has no labels for a column",
                    choice.field()
                )));
            }
        }
        self.check_names_are_different()
    }

    /// Refuses columns that would have one name.
    fn check_names_are_different(&self) -> Result<(), ExportError> {
        let mut seen = HashSet::new();
        for choice in &self.columns {
            let mut known = self.fields.keys();
            let known = known.find(|known| known.eq_ignore_ascii_case(&choice.column));
            let name = choice.name.as_ref().or(known).unwrap_or(&choice.column);
            if !seen.insert(name) {
                return Err(two_columns(name));
            }
        }
        Ok(())
    }

    /// The columns, when the first rows are known: a list has a column for every field that was selected or is in the
    /// first rows.
    pub fn schema(&self, first: Option<&Page>) -> Result<Schema, ExportError> {
        let mut names: IndexSet<String> = IndexSet::new();
        let known = |name: &str| self.fields.contains_key(name);
        names.extend(self.select.iter().filter(|name| known(name)).cloned());
        let mut fields = Vec::new();
        for row in first.into_iter().flat_map(Page::iter) {
            read_fields(row.json, &mut fields)?;
            for (name, _) in fields.drain(..) {
                if !names.contains(name.as_ref()) {
                    names.insert(name.into_owned());
                }
            }
        }
        names.retain(|name| !self.is_too_new(name));
        names.extend(self.known.iter().cloned());
        if self.sparse || names.is_empty() {
            names.extend(self.fields.keys().cloned());
        }
        let chosen = self.columns.iter().map(ColumnChoice::field);
        names.extend(chosen.filter(|name| known(name)).map(str::to_owned));
        // The ID comes first.
        if let Some(place) = names.get_index_of(&self.id_field) {
            names.move_index(place, 0);
        }
        let mut schema = Schema::default();
        for name in names {
            self.add(&mut schema, &name);
        }
        if !self.columns.is_empty() {
            self.choose(&mut schema)?;
        }
        self.settle_names(&mut schema.columns, 0);
        schema.id_field = schema.fields.get_index_of(&self.id_field);
        schema.key = Self::key(&schema);
        Ok(schema)
    }

    /// Whether a field may be newer than the metadata, so that its type is not known.
    pub(crate) fn is_too_new(&self, name: &str) -> bool {
        let is_user_field = || {
            let rest = name.strip_prefix("UF_").or(name.strip_prefix("uf"));
            rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        };
        self.waits_for_new_fields
            && !self.fields.is_empty()
            && !self.fields.contains_key(name)
            && !self.known.iter().any(|known| known == name)
            && is_user_field()
    }

    /// Adds the columns of a field that a row has and no row before it had.
    pub(crate) fn grow(&self, schema: &mut Schema, name: &str) {
        let first_new = schema.columns.len();
        self.add(schema, name);
        self.settle_names(&mut schema.columns, first_new);
    }

    /// Gives the columns from a place on names that they can have and that no other column has. A column that is made of
    /// a part of a field gives way to that of a field.
    fn settle_names(&self, columns: &mut [Column], first_new: usize) {
        let (old, new) = columns.split_at_mut(first_new.min(columns.len()));
        let old = old.iter().map(|column| self.names.compared(&column.name));
        let mut taken: HashSet<String> = old.collect();
        // Rows may have their fields in another order in the next run, and a name is to be of the same field then.
        let mut new: Vec<&mut Column> = new.iter_mut().collect();
        new.sort_by(|a, b| a.name.cmp(&b.name));
        for of_whole_field in [true, false] {
            for column in &mut new {
                if matches!(column.source, Source::Value) != of_whole_field {
                    continue;
                }
                let name = self.names.unique(&column.name, &taken);
                taken.insert(self.names.compared(&name));
                if name != column.name {
                    let whole = std::mem::replace(&mut column.name, name);
                    column.title.get_or_insert(whole);
                }
            }
        }
    }

    /// Adds the columns of a field.
    fn add(&self, schema: &mut Schema, name: &str) {
        let (field, _) = schema.fields.insert_full(name.to_owned());
        let known = self.fields.get(name);
        let kind = match self.types {
            Types::Strings => ColumnType::Any,
            // Some methods leave out of their description what rows have: `priceAccount` of product rows.
            Types::Portal if known.is_none() && !self.fields.is_empty() && is_amount(name) => {
                ColumnType::Scalar(ScalarType::Decimal)
            }
            Types::Portal => column_type(&self.entity, name, &self.id_field, known),
        };
        let title = known
            .and_then(|known| known.title.clone())
            .filter(|title| !title.is_empty());
        let column = |suffix: &str, kind: ColumnType, source: Source| Column {
            name: format!("{name}{suffix}"),
            title: title.as_ref().map(|title| match suffix {
                "" => title.clone(),
                _ => format!(
                    "{title} ({})",
                    suffix.trim_start_matches('_').to_lowercase()
                ),
            }),
            kind,
            source,
            field,
            labels: None,
        };
        let labels = self.labels.get(name);
        schema.columns.push(Column {
            labels: labels.filter(|_| self.label_tables).cloned(),
            ..column("", kind, Source::Value)
        });
        let is_money = known.is_some_and(|known| known.kind == FieldKind::Money);
        match kind {
            ColumnType::Multifield => {
                schema.columns.push(column("__FIRST", TEXT, Source::First));
            }
            ColumnType::Scalar(ScalarType::Decimal) if is_money => {
                let currency = column("__CURRENCY", TEXT, Source::Currency);
                schema.columns.push(currency);
            }
            _ => {}
        }
        if let Some(dictionary) = labels.filter(|_| !self.label_tables) {
            let is_list =
                matches!(kind, ColumnType::List(_)) || known.is_some_and(|known| known.is_multiple);
            let kind = if is_list {
                ColumnType::List(ScalarType::Text)
            } else {
                TEXT
            };
            let source = Source::Label(Arc::clone(dictionary));
            schema.columns.push(column(LABEL, kind, source));
        }
    }

    fn key(schema: &Schema) -> Option<usize> {
        let field = schema.id_field?;
        schema
            .columns
            .iter()
            .position(|column| column.field == field && matches!(column.source, Source::Value))
    }

    /// Leaves the columns that are wanted, in the order in which they are.
    fn choose(&self, schema: &mut Schema) -> Result<(), ExportError> {
        let mut chosen: Vec<Column> = Vec::with_capacity(self.columns.len());
        let mut push = |column: Column| {
            if chosen.iter().any(|other| other.name == column.name) {
                return Err(two_columns(&column.name));
            }
            chosen.push(column);
            Ok(())
        };
        for choice in &self.columns {
            let found = schema
                .columns
                .iter()
                .find(|column| column.name.eq_ignore_ascii_case(&choice.column));
            let Some(found) = found else {
                return Err(no_column(&choice.column, schema));
            };
            let mut column = found.clone();
            if let Some(name) = &choice.name {
                column.name.clone_from(name);
                column.title = Some(name.clone());
            }
            let (field, name) = (column.field, column.name.clone());
            let is_value = matches!(column.source, Source::Value);
            push(column)?;
            // Labels come with their codes, unless they have a place of their own.
            let label = schema.columns.iter().find(|other| {
                is_value && other.field == field && matches!(other.source, Source::Label(_))
            });
            let is_chosen = |label: &Column| {
                let mut others = self.columns.iter();
                others.any(|other| other.column.eq_ignore_ascii_case(&label.name))
            };
            if let Some(label) = label.filter(|label| !is_chosen(label)) {
                push(Column {
                    name: format!("{name}{LABEL}"),
                    ..label.clone()
                })?;
            }
        }
        for (place, name) in schema.fields.iter().enumerate() {
            if !chosen.iter().any(|column| column.field == place) {
                schema.left_out.insert(name.clone());
            }
        }
        schema.columns = chosen;
        Ok(())
    }
}

fn two_columns(name: &str) -> ExportError {
    ExportError::Columns(format!(
        "two columns are called {name}; give one of them another name with FIELD=NAME"
    ))
}

fn no_column(name: &str, schema: &Schema) -> ExportError {
    let names: Vec<&str> = schema
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    ExportError::Columns(format!(
        "there is no column {name}; there are {}",
        names.join(", ")
    ))
}

/// Amounts, which portals call numbers.
fn is_amount(name: &str) -> bool {
    const AMOUNTS: [&str; 18] = [
        "opportunity",
        "opportunityaccount",
        "taxvalue",
        "taxvalueaccount",
        "revenue",
        "price",
        "priceexclusive",
        "pricenetto",
        "pricebrutto",
        "priceaccount",
        "basepricebrutto",
        "baseprice",
        "discountsum",
        "taxsum",
        "sum",
        "totalcost",
        "purchasingprice",
        "resultsum",
    ];
    let bare: String = name
        .chars()
        .filter(|c| *c != '_')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    AMOUNTS.contains(&bare.as_str())
}

/// Fields of users and departments, of which the portal tells the titles alone.
fn of_people(name: &str) -> Option<ColumnType> {
    use ScalarType::{Boolean, Date, DateTime, Int64};
    Some(match name {
        "ID" | "PARENT" | "UF_HEAD" | "SORT" | "TIME_ZONE_OFFSET" => ColumnType::Scalar(Int64),
        "ACTIVE" | "IS_ONLINE" => ColumnType::Scalar(Boolean),
        "LAST_LOGIN" | "DATE_REGISTER" | "TIMESTAMP_X" | "LAST_ACTIVITY_DATE" => {
            ColumnType::Scalar(DateTime)
        }
        "PERSONAL_BIRTHDAY" | "UF_EMPLOYMENT_DATE" => ColumnType::Scalar(Date),
        "UF_DEPARTMENT" => ColumnType::List(Int64),
        _ => return None,
    })
}

fn column_type(entity: &str, name: &str, id_field: &str, field: Option<&Field>) -> ColumnType {
    let scalar = field.and_then(scalar_type);
    let is_of_people = matches!(entity, "user" | "department");
    let kind = match (field, scalar) {
        // What a file has is JSON, and a field without one has PHP's `false`.
        (Some(field), None) if field.kind == FieldKind::File || is_disk_file(field) => return TEXT,
        // Portals call it a flag, and it says S for a stage that is won and F for one that is lost.
        _ if entity == "crm.status" && name == "SEMANTICS" => return TEXT,
        // Portals call it a whole number (`tasks.task.getFields` as documented), and show Y or N (`tasks.task.list`).
        _ if matches!(name, "matchWorkTime" | "MATCH_WORK_TIME") => ScalarType::Boolean,
        // Portals call them arrays: they are IDs of users.
        _ if entity.starts_with("tasks.")
            && matches!(
                name,
                "auditors" | "accomplices" | "AUDITORS" | "ACCOMPLICES"
            ) =>
        {
            return ColumnType::List(ScalarType::Int64);
        }
        _ if is_of_people && of_people(name).is_some() => {
            return of_people(name).unwrap_or(ColumnType::Any);
        }
        (Some(field), _) if field.kind == FieldKind::Multifield => return ColumnType::Multifield,
        (Some(field), Some(ScalarType::Float64)) if !field.is_multiple && is_amount(name) => {
            ScalarType::Decimal
        }
        (_, Some(kind)) => kind,
        // The portal says nothing of it, and an ID is a number wherever lists are read by it.
        (None, None) if name == id_field => ScalarType::Int64,
        _ => return ColumnType::Any,
    };
    match field {
        // An amount among several has its currency with it.
        Some(field) if field.is_multiple && kind == ScalarType::Decimal => {
            ColumnType::List(ScalarType::Text)
        }
        Some(field) if field.is_multiple => ColumnType::List(kind),
        _ => ColumnType::Scalar(kind),
    }
}

/// Whether a field has files of the disk.
fn is_disk_file(field: &Field) -> bool {
    let is_one =
        |name: &str| matches!(name.to_ascii_lowercase().as_str(), "diskfile" | "disk_file");
    field.type_name.as_deref().is_some_and(is_one)
}

/// The type of single values of a field, where they have one.
fn scalar_type(field: &Field) -> Option<ScalarType> {
    if is_disk_file(field) {
        return None;
    }
    Some(match field.kind {
        FieldKind::Integer => ScalarType::Int64,
        FieldKind::Double => ScalarType::Float64,
        FieldKind::Boolean => ScalarType::Boolean,
        FieldKind::Date => ScalarType::Date,
        FieldKind::DateTime => ScalarType::DateTime,
        FieldKind::Money => ScalarType::Decimal,
        FieldKind::Text | FieldKind::Status => ScalarType::Text,
        FieldKind::Enumeration => {
            let all = |is: fn(&str) -> bool| {
                !field.choices.is_empty() && field.choices.iter().all(|choice| is(&choice.id))
            };
            if all(|id| matches!(id, "Y" | "N")) {
                ScalarType::Boolean
            } else if all(|id| id.parse::<i64>().is_ok()) {
                ScalarType::Int64
            } else {
                ScalarType::Text
            }
        }
        _ => return None,
    })
}

impl Schema {
    /// What a row has of the schema's fields, and the fields that the schema does not have.
    ///
    /// # Errors
    /// The row is not an object.
    pub(crate) fn pick<'a>(
        &self,
        row: &'a str,
        picked: &mut Vec<Option<&'a str>>,
        others: &mut RawFields<'a>,
    ) -> Result<(), serde_json::Error> {
        picked.clear();
        picked.resize(self.fields.len(), None);
        others.clear();
        self.for_each_place(row, |place, name, value| match place {
            Some(place) => picked[place] = Some(value.json()),
            None => others.push((name, value.json())),
        })
    }

    /// Gives `take` every field of a row with its place in [`Self::fields`]; `None` where the schema does not have it.
    ///
    /// # Errors
    /// The row is not an object; some of its fields may have been given.
    #[inline]
    pub(crate) fn for_each_place<'a>(
        &self,
        row: &'a str,
        mut take: impl FnMut(Option<usize>, Cow<'a, str>, FieldValue<'a>),
    ) -> Result<(), serde_json::Error> {
        let mut expected = self.fields.iter().enumerate();
        for_each_field(row, |name, value| {
            // Rows nearly always have their fields in the order of the first one.
            let place = match expected.next() {
                Some((place, expected)) if is_same(expected, &name) => Some(place),
                _ => self.fields.get_index_of(name.as_ref()),
            };
            take(place, name, value);
        })
    }
}

/// Whether two names are the same. Names are so short that a call to compare them costs more than comparing them: their
/// first and last bytes are compared, which overlap or have the rest between them.
#[inline]
fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    match ends::<8>(a).zip(ends::<8>(b)) {
        Some((a_ends, b_ends)) if a.len() <= 16 => a_ends == b_ends,
        Some((a_ends, b_ends)) => a_ends == b_ends && a == b,
        None => match ends::<4>(a).zip(ends::<4>(b)) {
            Some((a_ends, b_ends)) => a_ends == b_ends,
            None => a.iter().zip(b).all(|(a, b)| a == b),
        },
    }
}

/// The first and the last bytes of a name that has so many.
#[inline]
fn ends<const N: usize>(name: &[u8]) -> Option<([u8; N], [u8; N])> {
    name.first_chunk().copied().zip(name.last_chunk().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: &[&str]) -> Page {
        rows.iter().map(|row| (None, (*row).to_owned())).collect()
    }

    fn plan() -> Plan {
        Plan {
            entity: "crm.deal".to_owned(),
            id_field: "ID".to_owned(),
            ..Plan::default()
        }
    }

    fn names(schema: &Schema) -> Vec<&str> {
        schema
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect()
    }

    #[test]
    fn columns_are_those_of_the_first_rows_with_the_id_in_front() {
        let page = page(&[
            r#"{"TITLE":"a","ID":"1"}"#,
            r#"{"ID":"2","TITLE":"b","UF_X":"c"}"#,
        ]);
        let schema = plan().schema(Some(&page)).unwrap();
        assert_eq!(names(&schema), ["ID", "TITLE", "UF_X"]);
        assert_eq!(schema.key, Some(0));
    }

    #[test]
    fn names_that_differ_by_case_alone_are_of_the_same_fields_in_whatever_order_rows_have_them() {
        let mut plan = plan();
        plan.names = ColumnNames {
            in_any_case: true,
            ..ColumnNames::default()
        };
        let field_and_name = |row: &str| {
            let schema = plan.schema(Some(&page(&[row]))).unwrap();
            let columns = schema.columns.iter();
            let mut names: Vec<(String, String)> = columns
                .map(|column| (schema.fields[column.field].clone(), column.name.clone()))
                .collect();
            names.sort();
            names
        };
        let names = field_and_name(r#"{"ID":"1","Title":"a","TITLE":"b","title":"c"}"#);
        assert_eq!(names[1], ("TITLE".to_owned(), "TITLE".to_owned()));
        assert!(names[2].1.starts_with("Title_"), "{names:?}");
        let other = field_and_name(r#"{"title":"c","TITLE":"b","ID":"1","Title":"a"}"#);
        assert_eq!(other, names);
    }

    #[test]
    fn a_task_says_yes_or_no_where_the_portal_declares_a_whole_number() {
        let whole_number = serde_json::json!({"type": "integer"});
        let fields =
            serde_json::json!({"matchWorkTime": whole_number, "MATCH_WORK_TIME": whole_number});
        let mut plan = plan();
        plan.fields = brimful::FieldsCall::of("crm.deal").read(&fields).unwrap();
        let schema = plan.schema(None).unwrap();
        assert_eq!(names(&schema), ["matchWorkTime", "MATCH_WORK_TIME"]);
        for column in &schema.columns {
            assert_eq!(column.kind, ColumnType::Scalar(ScalarType::Boolean));
        }
    }

    #[test]
    fn chosen_columns_have_their_order_and_their_new_names() {
        let plan = Plan {
            columns: vec!["TITLE=Name".parse().unwrap(), "id".parse().unwrap()],
            ..plan()
        };
        let schema = plan
            .schema(Some(&page(&[r#"{"ID":"1","TITLE":"a","X":1}"#])))
            .unwrap();
        assert_eq!(names(&schema), ["Name", "ID"]);
        assert!(schema.left_out.contains("X"));
        assert_eq!(schema.key, Some(1));
    }

    #[test]
    fn a_column_that_is_not_there_is_refused_with_those_that_are() {
        let plan = Plan {
            columns: vec!["TITEL".parse().unwrap()],
            ..plan()
        };
        let error = plan
            .schema(Some(&page(&[r#"{"ID":"1","TITLE":"a"}"#])))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no column TITEL; there are ID, TITLE"
        );
    }

    #[test]
    fn amounts_are_told_by_their_names() {
        for name in [
            "OPPORTUNITY",
            "opportunity",
            "TAX_VALUE",
            "priceBrutto",
            "RESULT_SUM",
        ] {
            assert!(is_amount(name), "{name}");
        }
        assert!(!is_amount("PROBABILITY"));
    }
}
