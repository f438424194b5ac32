//! What fields an entity has: one table of data for each entity, and no code of its own.

use std::borrow::Cow;
use std::collections::HashMap;

use brimful_protocol::{Array, Value, json};
use serde_json::{Map, Value as Json};

use super::hash;
use super::source::Source;

/// What a field holds; the type names are those of `*.fields`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Integer,
    Double,
    Text,
    /// `Y` or `N`.
    Char,
    Date,
    DateTime,
    User,
    /// An entry of a dictionary of `crm.status.list`.
    Status(&'static str),
    Currency,
    Category,
    /// The ID of a CRM record, by its type name and `entityTypeId`.
    Crm(&'static str, u32),
    Multifield,
    /// A user field that is yes or no: `1`/`0` in legacy lists, `Y`/`N` in items.
    Boolean,
    Enumeration(&'static [(i64, &'static str)]),
    Money,
    Url,
    /// Links from a task to CRM records.
    CrmLinks,
    /// JSON that is passed through as it is.
    Any,
    /// The same under a type name of its own.
    Json(&'static str),
    /// A number of one of the lists of `crm.enum.*`, by its type name.
    Listed(&'static str),
    /// A file of a record.
    File,
    /// Unknown: only loaded rows have the field.
    Found,
}

/// The type of fields that name a record of another type, where that is not a lead, deal, contact or company.
pub(crate) const PARENT_TYPE: &str = "crm_entity";

/// How values of a kind are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Integer,
    Number,
    Time,
    Text,
}

impl Kind {
    pub(crate) fn class(self) -> Class {
        match self {
            Self::Integer
            | Self::Listed(_)
            | Self::User
            | Self::Category
            | Self::Crm(..)
            | Self::Boolean
            | Self::Enumeration(_) => Class::Integer,
            Self::Double => Class::Number,
            Self::Date | Self::DateTime => Class::Time,
            _ => Class::Text,
        }
    }

    /// The kind of a field that `*.fields` gives this type; dictionaries and the like are text.
    fn of_type(type_name: &str) -> Self {
        match type_name {
            "integer" | "int" => Self::Integer,
            "double" | "float" => Self::Double,
            "char" => Self::Char,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "user" | "employee" => Self::User,
            "crm_currency" => Self::Currency,
            "crm_category" => Self::Category,
            "crm_multifield" => Self::Multifield,
            "boolean" => Self::Boolean,
            "enumeration" => Self::Enumeration(&[]),
            "money" => Self::Money,
            "url" => Self::Url,
            "crm" => Self::CrmLinks,
            "file" => Self::File,
            _ => Self::Text,
        }
    }

    /// Whether values are passed through as JSON.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Self::Any | Self::Json(_))
    }

    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Double => "double",
            Self::Text | Self::Found => "string",
            Self::Char => "char",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::User => "user",
            Self::Status(_) => "crm_status",
            Self::Currency => "crm_currency",
            Self::Category => "crm_category",
            Self::Crm(name, _) | Self::Json(name) | Self::Listed(name) => name,
            Self::Multifield => "crm_multifield",
            Self::Boolean => "boolean",
            Self::Enumeration(_) => "enumeration",
            Self::Money => "money",
            Self::Url => "url",
            Self::CrmLinks => "crm",
            Self::Any => "array",
            Self::File => "file",
        }
    }
}

/// A field as the tables of the entities state it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldSpec {
    name: &'static str,
    item: &'static str,
    kind: Kind,
    source: Source,
    title: &'static str,
    traits: Traits,
}

/// What may be done with a field.
#[derive(Debug, Clone, Copy, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "they are independent of each other"
)]
pub(crate) struct Traits {
    pub(crate) read_only: bool,
    pub(crate) required: bool,
    pub(crate) multiple: bool,
    /// `*` leaves it out; it has to be named, or comes with a single record.
    pub(crate) on_request: bool,
    /// It is set when a record is made and stays as it is.
    pub(crate) immutable: bool,
    /// Only `crm.item.*` knows the field.
    pub(crate) items_only: bool,
}

pub(crate) const fn field(
    name: &'static str,
    kind: Kind,
    source: Source,
    title: &'static str,
) -> FieldSpec {
    let traits = Traits {
        read_only: false,
        required: false,
        multiple: false,
        on_request: false,
        immutable: false,
        items_only: false,
    };
    FieldSpec {
        name,
        item: name,
        kind,
        source,
        title,
        traits,
    }
}

impl FieldSpec {
    pub(crate) const fn read_only(mut self) -> Self {
        self.traits.read_only = true;
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.traits.required = true;
        self
    }

    pub(crate) const fn multiple(mut self) -> Self {
        self.traits.multiple = true;
        self
    }

    pub(crate) const fn on_request(mut self) -> Self {
        self.traits.on_request = true;
        self
    }

    pub(crate) const fn immutable(mut self) -> Self {
        self.traits.immutable = true;
        self
    }

    pub(crate) const fn items_only(mut self) -> Self {
        self.traits.items_only = true;
        self
    }

    /// The name in `crm.item.*`, where it differs, in upper case.
    pub(crate) const fn item(mut self, name: &'static str) -> Self {
        self.item = name;
        self
    }
}

/// A field of an entity of this portal.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// `ASSIGNED_BY_ID`
    pub(crate) name: Cow<'static, str>,
    /// The upper-case name in `crm.item.*`.
    pub(crate) item: Cow<'static, str>,
    /// `assignedById`
    pub(crate) camel: String,
    /// `,"ASSIGNED_BY_ID":`
    pub(crate) name_prefix: Box<[u8]>,
    /// `,"assignedById":`
    pub(crate) camel_prefix: Box<[u8]>,
    pub(crate) kind: Kind,
    pub(crate) source: Source,
    pub(crate) title: Cow<'static, str>,
    pub(crate) traits: Traits,
    pub(crate) salt: u64,
    /// What `*.fields` says of it, where the portal was told.
    pub(crate) description: Option<Array>,
    /// What `*.userfield.get` says of a field that a call has added.
    pub(crate) user_settings: Option<Array>,
}

impl Field {
    fn new(spec: &FieldSpec) -> Self {
        Self {
            name: Cow::Borrowed(spec.name),
            item: Cow::Borrowed(spec.item),
            name_prefix: prefix(spec.name),
            camel_prefix: prefix(&camel(spec.item)),
            camel: camel(spec.item),
            kind: spec.kind,
            source: spec.source,
            title: Cow::Borrowed(spec.title),
            traits: spec.traits,
            salt: hash::salt(spec.name),
            description: None,
            user_settings: None,
        }
    }

    /// A field that only loaded or added rows fill. Its name may be spelled as `crm.item.*` spells it.
    fn found(name: &str) -> Self {
        let upper = upper(name);
        let camel = if upper == name {
            camel(name)
        } else {
            name.to_owned()
        };
        Self {
            camel_prefix: prefix(&camel),
            camel,
            name_prefix: prefix(&upper),
            name: Cow::Owned(upper.clone()),
            item: Cow::Owned(upper),
            kind: Kind::Found,
            source: Source::Nothing,
            title: Cow::Owned(name.to_owned()),
            traits: Traits::default(),
            salt: 0,
            description: None,
            user_settings: None,
        }
    }

    /// A user field that a call adds.
    pub(crate) fn of_user(name: &str, type_name: &str, title: &str) -> Self {
        Self {
            kind: Kind::of_type(type_name),
            title: Cow::Owned(title.to_owned()),
            ..Self::found(name)
        }
    }

    /// A field that names the record of another type which a record belongs to.
    pub(crate) fn of_parent(name: &str, entity_type: u32, title: &str) -> Self {
        Self {
            kind: Kind::Crm(PARENT_TYPE, entity_type),
            title: Cow::Owned(title.to_owned()),
            ..Self::found(name)
        }
    }

    /// A field that a store has and the program does not know.
    pub(crate) fn restored(name: &str, item: &str, camel: String, type_name: &str) -> Self {
        let parent = name
            .strip_prefix("PARENT_ID_")
            .and_then(|id| id.parse().ok());
        let kind = match (Kind::of_type(type_name), parent) {
            (_, Some(parent)) if type_name == PARENT_TYPE => Kind::Crm(PARENT_TYPE, parent),
            (Kind::Text, _) => Kind::Found,
            (kind, _) => kind,
        };
        Self {
            name_prefix: prefix(name),
            camel_prefix: prefix(&camel),
            camel,
            name: Cow::Owned(name.to_owned()),
            item: Cow::Owned(item.to_owned()),
            kind,
            ..Self::found(name)
        }
    }

    /// A field as `*.fields` describes it; what is not said stays as it is.
    fn described(mut self, description: &Map<String, Json>) -> Self {
        let flag = |name: &str| description.get(name).and_then(Json::as_bool);
        if let Some(Json::String(type_name)) = description.get("type")
            && self.kind == Kind::Found
        {
            self.kind = Kind::of_type(type_name);
        }
        if let Some(Json::String(title)) = description.get("title") {
            self.title = Cow::Owned(title.clone());
        }
        let traits = &mut self.traits;
        traits.read_only = flag("isReadOnly").unwrap_or(traits.read_only);
        traits.required = flag("isRequired").unwrap_or(traits.required);
        traits.multiple = flag("isMultiple").unwrap_or(traits.multiple);
        if !description.is_empty() {
            let description = Value::from(Json::Object(description.clone()));
            self.description = description.as_array().cloned();
        }
        self
    }

    /// Whether it is a user field: those are left out of `*`.
    pub(crate) fn is_user_field(&self) -> bool {
        self.name.starts_with("UF_")
    }
}

/// The fields of an entity. The ID is field 0.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    fields: Vec<Field>,
    by_name: HashMap<String, usize>,
    by_item: HashMap<String, usize>,
}

/// The place of the ID in every schema.
pub(crate) const ID: usize = 0;

impl Schema {
    pub(crate) fn new(specs: &[FieldSpec]) -> Self {
        let mut schema = Self {
            fields: Vec::new(),
            by_name: HashMap::new(),
            by_item: HashMap::new(),
        };
        for spec in specs {
            schema.push(Field::new(spec));
        }
        schema
    }

    /// The fields that a description as of `*.fields` names, and no others but the ID. Those of `specs` keep what they
    /// are.
    pub(crate) fn described(specs: &[FieldSpec], fields: &Map<String, Json>) -> Self {
        let known = Self::new(specs);
        let mut schema = Self::new(&specs[..specs.len().min(1)]);
        for (name, description) in fields {
            let field = match known.item(name) {
                Some(at) => known.get(at).clone(),
                None => Field::found(name),
            };
            let field = match description {
                Json::Object(description) => field.described(description),
                _ => field,
            };
            match schema.item(name) {
                Some(at) => schema.fields[at] = field,
                None => {
                    schema.push(field);
                }
            }
        }
        schema
    }

    /// Adds a field and gives its place.
    pub(crate) fn push(&mut self, field: Field) -> usize {
        let at = self.fields.len();
        self.by_name.insert(field.name.to_string(), at);
        for name in [&*field.name, &*field.item, &*field.camel] {
            self.by_item.entry(name.to_owned()).or_insert(at);
        }
        self.fields.push(field);
        at
    }

    /// Takes a field out; those after it move up by one place.
    pub(crate) fn remove(&mut self, at: usize) {
        let fields: Vec<Field> = std::mem::take(&mut self.fields);
        self.by_name.clear();
        self.by_item.clear();
        for (place, field) in fields.into_iter().enumerate() {
            if place != at {
                self.push(field);
            }
        }
    }

    /// A field that is to be changed, but neither its name nor its kind.
    pub(crate) fn get_mut(&mut self, at: usize) -> &mut Field {
        &mut self.fields[at]
    }

    /// The place of the field `name`, which becomes a string field if it is new.
    pub(crate) fn ensure(&mut self, name: &str) -> usize {
        match self.item(name) {
            Some(at) => at,
            None => self.push(Field::found(name)),
        }
    }

    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    pub(crate) fn get(&self, at: usize) -> &Field {
        &self.fields[at]
    }

    /// A field by its legacy name, in the case it is written in.
    pub(crate) fn legacy(&self, name: &str) -> Option<usize> {
        self.by_name
            .get(name)
            .copied()
            .filter(|&at| !self.fields[at].traits.items_only)
    }

    /// A field by the name that it has in a store.
    pub(crate) fn stored_name(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// A field by any of its names in `crm.item.*`.
    pub(crate) fn item(&self, name: &str) -> Option<usize> {
        self.by_item.get(name).copied()
    }

    /// A field by its name in any case.
    pub(crate) fn ignoring_case(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_ascii_uppercase()).copied()
    }
}

/// What stands before the value of a field in JSON.
fn prefix(name: &str) -> Box<[u8]> {
    let mut prefix = vec![b','];
    json::write_string(&mut prefix, name);
    prefix.push(b':');
    prefix.into()
}

/// `ASSIGNED_BY_ID` → `assignedById`; user fields keep an underscore before their number
/// (`UF_CRM_1639…` → `ufCrm_1639…`, `UF_CRM_11_1639…` → `ufCrm11_1639…`).
pub(crate) fn camel(name: &str) -> String {
    if let Some(tail) = name.strip_prefix("UF_CRM_") {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match tail.split_once('_') {
            None if digits(tail) => return format!("ufCrm_{tail}"),
            Some((kind, number)) if digits(kind) && digits(number) => {
                return format!("ufCrm{kind}_{number}");
            }
            _ => {}
        }
    }
    let mut text = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        if letter == '_' {
            upper = !text.is_empty();
        } else if upper {
            text.push(letter.to_ascii_uppercase());
            upper = false;
        } else {
            text.push(letter.to_ascii_lowercase());
        }
    }
    text
}

/// The upper-case name of a field that `crm.item.*` calls `ufCrm11_1712074666` or `parentId128`; a name that is not in
/// camel case is as it should be.
fn upper(name: &str) -> String {
    let camel_case = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && (name.contains(|c: char| c.is_ascii_uppercase()) || !name.contains('_'));
    if !camel_case {
        return name.to_owned();
    }
    let mut text = String::with_capacity(name.len() + 4);
    let mut last = 'a';
    for letter in name.chars() {
        let starts_number = letter.is_ascii_digit() && last.is_ascii_alphabetic();
        if (letter.is_ascii_uppercase() || starts_number) && last != '_' {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
        last = letter;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_names_are_camel_case_and_user_fields_keep_their_number_apart() {
        for (upper, expected) in [
            ("ID", "id"),
            ("ASSIGNED_BY_ID", "assignedById"),
            ("ADDRESS_2", "address2"),
            ("PARENT_ID_2", "parentId2"),
            ("UF_CRM_1594289616952", "ufCrm_1594289616952"),
            ("UF_CRM_11_1712074666", "ufCrm11_1712074666"),
            ("UF_CRM_REGION_CODE", "ufCrmRegionCode"),
            ("UF_AUTO_123", "ufAuto123"),
        ] {
            assert_eq!(camel(upper), expected);
        }
    }

    #[test]
    fn names_of_items_have_an_upper_case_name_to_go_with_them() {
        for (item, expected) in [
            ("id", "ID"),
            ("assignedById", "ASSIGNED_BY_ID"),
            ("parentId128", "PARENT_ID_128"),
            ("ufCrm_1594289616952", "UF_CRM_1594289616952"),
            ("ufCrm11_1712074666", "UF_CRM_11_1712074666"),
            ("UF_CRM_1", "UF_CRM_1"),
            ("snake_case", "snake_case"),
        ] {
            assert_eq!(upper(item), expected);
        }
    }
}
