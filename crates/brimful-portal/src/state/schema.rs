//! What fields an entity has: one table of data for each entity, and no code of its own.

use std::borrow::Cow;
use std::collections::HashMap;

use brimful_protocol::json;

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
}

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

    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Double => "double",
            Self::Text => "string",
            Self::Char => "char",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::User => "user",
            Self::Status(_) => "crm_status",
            Self::Currency => "crm_currency",
            Self::Category => "crm_category",
            Self::Crm(name, _) => name,
            Self::Multifield => "crm_multifield",
            Self::Boolean => "boolean",
            Self::Enumeration(_) => "enumeration",
            Self::Money => "money",
            Self::Url => "url",
            Self::CrmLinks => "crm",
            Self::Any => "array",
        }
    }
}

/// A field as the tables of the entities state it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
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
    /// Only `crm.item.*` knows the field.
    pub(crate) items_only: bool,
}

pub(crate) const fn field(
    name: &'static str,
    kind: Kind,
    source: Source,
    title: &'static str,
) -> Spec {
    let traits = Traits {
        read_only: false,
        required: false,
        multiple: false,
        items_only: false,
    };
    Spec {
        name,
        item: name,
        kind,
        source,
        title,
        traits,
    }
}

impl Spec {
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
}

impl Field {
    fn new(spec: &Spec) -> Self {
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
        }
    }

    /// A field that only loaded or added rows fill.
    fn found(name: &str) -> Self {
        Self {
            name: Cow::Owned(name.to_owned()),
            item: Cow::Owned(name.to_owned()),
            name_prefix: prefix(name),
            camel_prefix: prefix(&camel(name)),
            camel: camel(name),
            kind: Kind::Text,
            source: Source::Nothing,
            title: Cow::Owned(name.to_owned()),
            traits: Traits::default(),
            salt: 0,
        }
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
    pub(crate) fn new(specs: &[Spec]) -> Self {
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

    fn push(&mut self, field: Field) -> usize {
        let at = self.fields.len();
        self.by_name.insert(field.name.to_string(), at);
        for name in [&*field.name, &*field.item, &*field.camel] {
            self.by_item.entry(name.to_owned()).or_insert(at);
        }
        self.fields.push(field);
        at
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
}
