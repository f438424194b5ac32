//! One field of an entity, of whichever shape its properties come in.

mod kind;

use brimful_protocol::scalar;
use serde::Deserialize;
use serde_json::{Map, Value};

pub use kind::FieldKind;

/// A field of an entity.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let fields = client.fields("crm.lead", serde_json::json!({})).await?;
/// let required = fields.values().filter(|field| field.is_required);
/// for field in required {
///     println!("{} ({:?})", field.name, field.kind);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the portal's own flags"
)]
pub struct Field {
    /// The name as the portal lists it: what filters, orders and `fields` of writes are written with.
    pub name: String,
    /// The name in upper case, where the entity has both (`crm.item`).
    pub upper_name: Option<String>,
    /// What people call it.
    pub title: Option<String>,
    /// The kind of its values.
    pub kind: FieldKind,
    /// The portal's own name of the type.
    pub type_name: Option<String>,
    /// It has to be given when a row is added.
    pub is_required: bool,
    /// It cannot be written.
    pub is_read_only: bool,
    /// It cannot be changed once a row was added.
    pub is_immutable: bool,
    /// It has any number of values.
    pub is_multiple: bool,
    /// Users have made it.
    pub is_dynamic: bool,
    /// It should not be used any more.
    pub is_deprecated: bool,
    /// The dictionary of its values, where [`FieldKind::Status`].
    pub status_type: Option<String>,
    /// Its values, where they are a list.
    pub choices: Vec<Choice>,
    /// Everything that the portal says of it.
    pub properties: Value,
}

/// One of a list of values.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let fields = client.fields("crm.lead", serde_json::json!({})).await?;
/// for choice in &fields["UF_CRM_SIZE"].choices {
///     println!("{}: {}", choice.id, choice.value);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What rows have.
    pub id: String,
    /// What people see.
    pub value: String,
}

impl Field {
    pub(crate) fn read(name: &str, properties: &Value) -> Self {
        let text = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| properties.get(*name)?.as_str())
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let yes = |names: &[&str]| {
            names
                .iter()
                .any(|name| properties.get(*name).is_some_and(is_yes))
        };
        let type_name = text(&["type"]);
        // Some list labels only.
        let label = properties.as_str().map(str::to_owned);
        Self {
            name: name.to_owned(),
            upper_name: text(&["upperName"]),
            // A user's field has its name as its title, and what people call it elsewhere.
            title: text(&["formLabel", "listLabel"])
                .or_else(|| text(&["title"]))
                .or(label),
            kind: type_name
                .as_deref()
                .map_or(FieldKind::Unknown, FieldKind::of),
            type_name,
            is_required: yes(&["isRequired", "required"]),
            is_read_only: yes(&["isReadOnly", "readonly", "readOnly"])
                || properties.get("editable") == Some(&Value::Bool(false)),
            is_immutable: yes(&["isImmutable"]),
            is_multiple: yes(&["isMultiple", "multiple"]),
            is_dynamic: yes(&["isDynamic", "userField"])
                || name.to_ascii_uppercase().starts_with("UF_"),
            is_deprecated: yes(&["isDeprecated"]),
            status_type: text(&["statusType"]),
            choices: choices(properties),
            properties: properties.clone(),
        }
    }
}

fn is_yes(value: &Value) -> bool {
    #[derive(Deserialize)]
    struct Flag(#[serde(deserialize_with = "scalar::flag")] Option<bool>);
    Flag::deserialize(value).is_ok_and(|Flag(flag)| flag == Some(true))
}

fn choices(properties: &Value) -> Vec<Choice> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let of_item = |item: &Value| {
        Some(Choice {
            id: text(item.get("ID").or_else(|| item.get("id"))?),
            value: text(item.get("VALUE").or_else(|| item.get("value"))?),
        })
    };
    match (properties.get("items"), properties.get("values")) {
        (Some(Value::Array(items)), _) => items.iter().filter_map(of_item).collect(),
        (_, Some(Value::Object(values))) => values
            .iter()
            .map(|(id, value)| Choice {
                id: id.clone(),
                value: text(value),
            })
            .collect(),
        (_, Some(Value::Array(values))) => values
            .iter()
            .map(|value| Choice {
                id: text(value),
                value: text(value),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The fields in a result: bare, or nested under one key (`fields`, `product`, …).
pub(crate) fn listed(result: &Value) -> Option<&Map<String, Value>> {
    let map = result.as_object()?;
    // What describes a single field says its type; a field may be called `type` too.
    let describes = |inner: &Map<String, Value>| inner.get("type").is_some_and(Value::is_string);
    let nested = match map.values().next() {
        Some(Value::Object(inner)) if map.len() == 1 && !describes(inner) => Some(inner),
        _ => None,
    };
    Some(nested.unwrap_or(map))
}

/// `RESPONSIBLE_ID` as rows of tasks have it: `responsibleId`. Digits lose their underscore: `UF_AUTO_1` is `ufAuto1`.
pub(crate) fn lower_camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    for (i, part) in name
        .to_ascii_lowercase()
        .split('_')
        .filter(|part| !part.is_empty())
        .enumerate()
    {
        let mut chars = part.chars();
        match chars.next() {
            Some(first) if i > 0 => {
                camel.extend(first.to_uppercase());
                camel.push_str(chars.as_str());
            }
            _ => camel.push_str(part),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn flags_come_as_booleans_as_letters_and_as_numbers() {
        for flag in [json!(true), json!("Y"), json!(1), json!("1")] {
            assert!(
                Field::read("X", &json!({"type": "string", "isRequired": flag})).is_required,
                "{flag}"
            );
        }
        for flag in [json!(false), json!("N"), json!(0), json!(null)] {
            assert!(
                !Field::read("X", &json!({"type": "string", "isRequired": flag})).is_required,
                "{flag}"
            );
        }
    }

    #[test]
    fn fields_under_a_key_are_found_also_where_one_is_called_type() {
        let field = json!({"type": "integer"});
        for fields in [json!({"id": field}), json!({"id": field, "type": field})] {
            let nested = json!({"fields": fields});
            assert_eq!(listed(&nested), fields.as_object());
        }
        let single = json!({"id": field});
        assert_eq!(listed(&single), single.as_object());
    }

    #[test]
    fn names_of_tasks_are_those_of_their_rows() {
        for (name, row) in [
            ("ID", "id"),
            ("RESPONSIBLE_ID", "responsibleId"),
            ("UF_AUTO_123", "ufAuto123"),
            ("TIME_SPENT_IN_LOGS", "timeSpentInLogs"),
        ] {
            assert_eq!(lower_camel(name), row);
        }
    }

    #[test]
    fn a_label_is_a_field_without_a_type() {
        let field = Field::read("EMAIL", &json!("E-Mail"));
        assert_eq!(
            (field.title.as_deref(), field.kind),
            (Some("E-Mail"), FieldKind::Unknown)
        );
    }
}
