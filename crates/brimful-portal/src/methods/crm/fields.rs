//! What the CRM says about its fields.

use brimful_protocol::{Array, Value};

use super::user_fields;
use crate::data::entities::{COMPANY, CONTACT};
use crate::data::schema::{Field, Kind, Schema};

/// Whether a field has all contacts or companies of a record. Older methods write them and say so, but don't show them.
pub(crate) fn is_list_of_links(field: &Field) -> bool {
    field.traits.items_only && field.traits.multiple && matches!(field.kind, Kind::Crm(..))
}

/// `crm.*.fields`: a map by upper-case name.
pub(crate) fn legacy(schema: &Schema) -> Array {
    let fields = schema
        .fields()
        .iter()
        .filter(|field| !field.traits.items_only || is_list_of_links(field));
    let has = |name: &str| schema.item(name).is_some();
    fields
        .map(|field| {
            let mut description = describe(field);
            // One of many, where older programs look for the only one.
            let is_deprecated = match field.name.as_ref() {
                "CONTACT_ID" => has("CONTACT_IDS"),
                "COMPANY_ID" => has("EXPORT"),
                "WEBDAV_ELEMENTS" => true,
                _ => false,
            };
            if is_deprecated && field.description.is_none() {
                description.insert("isDeprecated", true);
            }
            (field.name.as_ref(), description)
        })
        .collect()
}

/// What `crm.company.fields` and `crm.contact.fields` have of the other entity: those that it is linked with.
pub(super) fn linked(entity: usize) -> Option<(&'static str, Array)> {
    let (name, kind, title) = match entity {
        COMPANY => ("CONTACT_ID", "crm_contact", "Контакт"),
        CONTACT => ("COMPANY_IDS", "crm_company", "COMPANY_IDS"),
        _ => return None,
    };
    let mut description = plain(kind, title);
    description.insert("isMultiple", true);
    Some((name, description))
}

/// `crm.item.fields`: a map by camel-case name, or by the upper-case name for user fields if `original` names are asked
/// for.
pub(crate) fn items(schema: &Schema, original: bool) -> Array {
    let fields = schema
        .fields()
        .iter()
        .filter(|field| field.kind != Kind::Multifield);
    let mut map: Array = fields
        .map(|field| {
            let mut description = describe(field);
            description.insert("upperName", field.item.as_ref());
            let name = if original && field.is_user_field() {
                field.name.as_ref()
            } else {
                field.camel.as_str()
            };
            (name, description)
        })
        .collect();
    if schema
        .fields()
        .iter()
        .any(|field| field.kind == Kind::Multifield)
    {
        let mut fm = Array::new();
        fm.insert("type", "crm_multifield");
        flags(&mut fm, [false, false, false, true, false]);
        fm.insert("title", "FM");
        fm.insert("upperName", "FM");
        map.insert("fm", fm);
    }
    map
}

/// The description of a field that no row has.
pub(super) fn plain(type_name: &str, title: &str) -> Array {
    let mut map = Array::new();
    map.insert("type", type_name);
    flags(&mut map, [false; 5]);
    map.insert("title", title);
    map
}

fn flags(into: &mut Array, flags: [bool; 5]) {
    let names = [
        "isRequired",
        "isReadOnly",
        "isImmutable",
        "isMultiple",
        "isDynamic",
    ];
    for (name, flag) in names.into_iter().zip(flags) {
        into.insert(name, flag);
    }
}

fn describe(field: &Field) -> Array {
    if let Some(description) = &field.description {
        return description.clone();
    }
    let traits = field.traits;
    let dynamic = field.is_user_field();
    let mut map = Array::new();
    map.insert("type", user_fields::type_name(field));
    flags(
        &mut map,
        [
            traits.required,
            traits.read_only,
            traits.immutable,
            traits.multiple,
            dynamic,
        ],
    );
    if let Kind::Status(dictionary) = field.kind {
        map.insert("statusType", dictionary);
    }
    if let Some(items) = user_fields::choices(field) {
        map.insert("items", items);
    } else if let Kind::Enumeration(items) = field.kind {
        let items: Value = items
            .iter()
            .map(|(id, value)| {
                Array::from_iter([("ID", id.to_string()), ("VALUE", (*value).to_owned())])
            })
            .collect();
        map.insert("items", items);
    }
    map.insert(
        "title",
        if dynamic {
            field.name.as_ref()
        } else {
            field.title.as_ref()
        },
    );
    if dynamic {
        for label in ["listLabel", "formLabel", "filterLabel"] {
            map.insert(label, field.title.as_ref());
        }
    }
    if let Kind::Crm(_, entity_type) = field.kind {
        map.insert(
            "settings",
            Array::from_iter([("parentEntityTypeId", i64::from(entity_type))]),
        );
    }
    map
}
