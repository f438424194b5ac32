//! What the portal says of a list's fields, and what people call the codes in them: stages, users, list values.
//!
//! Fields and dictionaries come in one request. Dictionaries of more than a page (users), and the items that links of
//! smart processes lead to, are read as lists.

use std::collections::HashMap;
use std::sync::Arc;

use brimful::protocol::list_fields;
use brimful::{Batch, BatchReply, Client, Error, ErrorKind, Field, FieldKind, Fields, FieldsCall};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::schema::Dictionary;

/// Links with a type below this are deals, contacts and the like: as dictionaries they would be too large.
const FIRST_SMART_PROCESS: u64 = 128;

/// The type of deals.
const DEAL: u64 = 2;

/// Entities with a method that lists their user fields.
const USER_FIELDS_OF: [&str; 5] = [
    "crm.lead",
    "crm.deal",
    "crm.contact",
    "crm.company",
    "crm.quote",
];
/// The command of the batch that asks for user fields with codes of a dictionary.
const STATUS_FIELDS: &str = "status_fields";

/// What the portal says of the fields of a list.
#[derive(Debug, Default)]
pub struct Description {
    /// The fields, by the names that rows have; empty where the portal has no method that tells them.
    pub fields: Fields,
    /// The same as the portal wrote it, if it is the answer by which a list checks names.
    pub checked_by: Option<Value>,
    /// What people call the codes of a field, by the field's name.
    pub labels: HashMap<String, Arc<Dictionary>>,
    /// Fields that have no labels although they have codes, and why.
    pub doubts: Vec<String>,
}

/// A dictionary, and where it is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum DictionarySource {
    /// Entries of the CRM's dictionary of this name.
    Statuses(String),
    Users,
    Categories,
    Currencies,
    Departments,
    /// Workgroups and projects.
    Groups,
    /// Titles of the items of a smart process.
    Items(u64),
    /// Values that are the same in every portal, by the type of the fields that have them.
    Fixed(&'static str),
}

/// Types of fields whose values are told by a method of their own, and the method.
const FIXED: [(&str, &str); 6] = [
    ("crm_enum_ownertype", "crm.enum.ownertype"),
    ("crm_enum_activitytype", "crm.enum.activitytype"),
    ("crm_enum_activitystatus", "crm.enum.activitystatus"),
    ("crm_enum_activitypriority", "crm.enum.activitypriority"),
    ("crm_enum_activitydirection", "crm.enum.activitydirection"),
    ("crm_enum_activitynotifytype", "crm.enum.activitynotifytype"),
];

impl DictionarySource {
    /// The command of the batch that reads it, or its first page.
    fn command(&self) -> Option<&'static str> {
        Some(match self {
            Self::Statuses(_) => "statuses",
            Self::Users => "users",
            Self::Categories => "categories",
            Self::Currencies => "currencies",
            Self::Departments => "departments",
            Self::Groups => "groups",
            Self::Fixed(type_name) => type_name,
            Self::Items(_) => return None,
        })
    }

    /// Whether every portal has entries of it, so that an empty one is a mistake.
    fn is_never_empty(&self, reply: &BatchReply) -> bool {
        match self {
            Self::Users | Self::Currencies => true,
            // One that nobody uses may be empty, and not all of them.
            Self::Statuses(_) => {
                let all: Option<Value> = reply.result("statuses").ok();
                all.is_some_and(|all| all.as_array().is_some_and(Vec::is_empty))
            }
            Self::Categories
            | Self::Departments
            | Self::Groups
            | Self::Items(_)
            | Self::Fixed(_) => false,
        }
    }
}

/// Asks for the fields of a list's rows, and for labels if they are wanted: of the fields in `select`, or of all if it is
/// empty. `params` are those of the list.
///
/// # Errors
/// The fields cannot be had. A dictionary that cannot be had is a doubt.
pub async fn describe(
    client: &Client,
    list: &str,
    params: &Value,
    select: &[String],
    labels: bool,
) -> Result<Description, Error> {
    let call = FieldsCall::of(list);
    let known = list_fields::find(list).filter(|known| known.fields == Some(&call.method));
    let passed_on = |name: &str| {
        known.map_or(name.eq_ignore_ascii_case("entityTypeId"), |known| {
            let mut names = known.passed_on.iter();
            names.any(|known| known.eq_ignore_ascii_case(name))
        })
    };
    let wanted: Map<String, Value> = params
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| passed_on(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut batch = Batch::new();
    let (result, reply) = if labels {
        batch.add("fields", &call.method, Value::Object(wanted))?;
        add_dictionaries(&mut batch, list, params)?;
        let reply = client.batch(batch).await?;
        let result = reply.result::<Box<RawValue>>("fields");
        (result.and_then(|raw| call.value(&raw)), reply)
    } else {
        let reply = client.call(&call.method, Value::Object(wanted)).await;
        let result = reply.and_then(|reply| call.value(reply.raw()));
        (result, BatchReply::default())
    };
    let result = match result {
        Ok(result) => result,
        Err(error) if error.kind() == ErrorKind::MethodNotFound => {
            let mut description = Description::default();
            let known = undescribed(list, params);
            read_dictionaries(client, known, &reply, &mut description).await;
            return Ok(description);
        }
        Err(error) => return Err(error),
    };
    let mut description = Description {
        fields: call.read(&result)?,
        checked_by: known.is_some().then_some(result),
        ..Description::default()
    };
    if labels {
        read_labels(client, list, select, &reply, &mut description).await;
    }
    Ok(description)
}

/// Adds a command for each dictionary that fields of the list may have.
fn add_dictionaries(batch: &mut Batch, list: &str, params: &Value) -> Result<(), Error> {
    if is_of(list, "crm") {
        batch.add("statuses", "crm.status.list", json!({}))?;
        batch.add("currencies", "crm.currency.list", json!({}))?;
        let given = params.as_object().and_then(|params| {
            let mut params = params.iter();
            params.find(|(name, _)| name.eq_ignore_ascii_case("entityTypeId"))
        });
        let entity_type = match given {
            Some((_, value)) => Some(value.clone()),
            None if is_of(list, "crm.deal") => Some(json!(DEAL)),
            None => None,
        };
        if let Some(entity_type) = entity_type {
            let params = json!({"entityTypeId": entity_type});
            batch.add("categories", "crm.category.list", params)?;
        }
    }
    if is_of(list, "crm.activity") {
        for (type_name, method) in FIXED {
            batch.add(type_name, method, json!({}))?;
        }
    }
    if let Some(entity) = USER_FIELDS_OF.iter().find(|entity| is_of(list, entity)) {
        let params = json!({"filter": {"USER_TYPE_ID": "crm_status"}});
        batch.add(STATUS_FIELDS, format!("{entity}.userfield.list"), params)?;
    }
    if is_of(list, "tasks") {
        batch.add("groups", "sonet_group.get", json!({"ORDER": {"ID": "ASC"}}))?;
    }
    let by_id = json!({"sort": "ID", "order": "ASC"});
    batch.add("users", "user.get", by_id.clone())?;
    batch.add("departments", "department.get", by_id)?;
    Ok(())
}

/// Whether a method or entity belongs to `branch`: `crm.deal.list` to `crm` and to `crm.deal`.
fn is_of(name: &str, branch: &str) -> bool {
    name.to_ascii_lowercase()
        .strip_prefix(branch)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

async fn read_labels(
    client: &Client,
    list: &str,
    select: &[String],
    reply: &BatchReply,
    description: &mut Description,
) {
    let is_wanted = |name: &str| {
        select.is_empty()
            || select
                .iter()
                .any(|selected| selected.contains('*') || bare(selected) == bare(name))
    };
    let mut by_source: Vec<(DictionarySource, Vec<String>)> = Vec::new();
    for (name, field) in &description.fields {
        if !is_wanted(name) {
            continue;
        }
        if let Some(choices) = of_choices(field) {
            description.labels.insert(name.clone(), Arc::new(choices));
        } else if let Some(source) =
            source(list, name, field).or_else(|| of_user_field(name, field, reply))
        {
            match by_source.iter_mut().find(|(known, _)| *known == source) {
                Some((_, names)) => names.push(name.clone()),
                None => by_source.push((source, vec![name.clone()])),
            }
        }
    }
    read_dictionaries(client, by_source, reply, description).await;
}

/// The codes in rows of a list whose fields no method tells.
fn undescribed(list: &str, params: &Value) -> Vec<(DictionarySource, Vec<String>)> {
    if !is_of(list, "crm.stagehistory") {
        return Vec::new();
    }
    let entity_type = params.as_object().into_iter().flatten();
    let mut entity_type = entity_type.filter(|(name, _)| name.eq_ignore_ascii_case("entityTypeId"));
    let entity_type = entity_type.next().map(|(_, value)| value.to_string());
    let of = |source, field: &str| (source, vec![field.to_owned()]);
    let stages = |dictionary: &str| DictionarySource::Statuses(dictionary.to_owned());
    match entity_type.as_deref().map(|id| id.trim_matches('"')) {
        Some("1") => vec![of(stages("STATUS"), "STATUS_ID")],
        Some("2") => vec![
            of(stages("DEAL_STAGE"), "STAGE_ID"),
            of(DictionarySource::Categories, "CATEGORY_ID"),
        ],
        Some("7") => vec![of(stages("QUOTE_STATUS"), "STATUS_ID")],
        Some(other) => vec![
            of(
                stages(&if other == "31" {
                    "SMART_INVOICE_STAGE".to_owned()
                } else {
                    format!("DYNAMIC_{other}_STAGE")
                }),
                "STAGE_ID",
            ),
            of(DictionarySource::Categories, "CATEGORY_ID"),
        ],
        None => Vec::new(),
    }
}

/// The dictionary of a user field: that is among its settings.
fn of_user_field(name: &str, field: &Field, reply: &BatchReply) -> Option<DictionarySource> {
    if field.kind != FieldKind::Status || !field.is_dynamic {
        return None;
    }
    let in_field = field
        .properties
        .get("settings")
        .and_then(|settings| text(settings, "ENTITY_TYPE"));
    let dictionary = in_field.or_else(|| {
        let rows: Vec<Value> = reply.result(STATUS_FIELDS).ok()?;
        let mut rows = rows.iter();
        let row = rows
            .find(|row| text(row, "FIELD_NAME").is_some_and(|found| bare(&found) == bare(name)))?;
        text(row.get("SETTINGS")?, "ENTITY_TYPE")
    });
    dictionary.map(DictionarySource::Statuses)
}

/// Reads the dictionaries of fields.
async fn read_dictionaries(
    client: &Client,
    by_source: Vec<(DictionarySource, Vec<String>)>,
    reply: &BatchReply,
    description: &mut Description,
) {
    for (source, names) in by_source {
        let found = match read(client, &source, reply).await {
            Ok(None) => continue,
            Ok(Some(found)) => {
                if found.is_empty() && source.is_never_empty(reply) {
                    let fields = names.join(", ");
                    let doubt =
                        format!("no labels for {fields}: the portal's list of them is empty");
                    description.doubts.push(doubt);
                }
                Arc::new(found)
            }
            Err(error) => {
                let doubt = format!("no labels for {}: {error}", names.join(", "));
                description.doubts.push(doubt);
                Arc::new(Dictionary::new())
            }
        };
        // Without entries too: whether a column of labels is there does not depend on one reply.
        let labels = names.into_iter().map(|name| (name, Arc::clone(&found)));
        description.labels.extend(labels);
    }
}

/// `STAGE_ID` and `stageId` are one name in two spellings.
fn bare(name: &str) -> String {
    let letters = name.chars().filter(|c| *c != '_');
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// The values of a list field; of yes and no there is nothing to be said.
fn of_choices(field: &Field) -> Option<Dictionary> {
    let is_flag = field
        .choices
        .iter()
        .all(|choice| matches!(choice.id.as_str(), "Y" | "N"));
    if is_flag {
        return None;
    }
    let choices = field.choices.iter();
    Some(
        choices
            .map(|choice| (choice.id.clone(), choice.value.clone()))
            .collect(),
    )
}

/// The dictionary of a field.
fn source(list: &str, name: &str, field: &Field) -> Option<DictionarySource> {
    let bare = bare(name);
    if let Some(entity_type) = bare.strip_prefix("parentid") {
        let entity_type = entity_type.parse().ok();
        let entity_type = entity_type.filter(|id: &u64| *id >= FIRST_SMART_PROCESS)?;
        return Some(DictionarySource::Items(entity_type));
    }
    if field.kind == FieldKind::Status {
        return field.status_type.clone().map(DictionarySource::Statuses);
    }
    let type_name = field.type_name.as_deref().unwrap_or_default();
    match type_name.to_ascii_lowercase().as_str() {
        "user" | "employee" => return Some(DictionarySource::Users),
        "crm_currency" => return Some(DictionarySource::Currencies),
        "crm_category" => return Some(DictionarySource::Categories),
        _ => {}
    }
    if let Some((type_name, _)) = FIXED
        .iter()
        .find(|(fixed, _)| type_name.eq_ignore_ascii_case(fixed))
    {
        return Some(DictionarySource::Fixed(type_name));
    }
    // Tasks, users, departments, activities and invoices are described without such types.
    match bare.as_str() {
        "groupid" if is_of(list, "tasks") => Some(DictionarySource::Groups),
        "resultcurrencyid" if is_of(list, "crm.activity") => Some(DictionarySource::Currencies),
        "currency" if is_of(list, "crm.invoice") => Some(DictionarySource::Currencies),
        "statusid" if is_of(list, "crm.invoice") => {
            Some(DictionarySource::Statuses("INVOICE_STATUS".to_owned()))
        }
        "createdby" | "responsibleid" | "changedby" | "closedby" | "statuschangedby"
        | "accomplices" | "auditors"
            if is_of(list, "tasks") =>
        {
            Some(DictionarySource::Users)
        }
        "ufhead" if is_of(list, "department") => Some(DictionarySource::Users),
        "parent" if is_of(list, "department") => Some(DictionarySource::Departments),
        "ufdepartment" => Some(DictionarySource::Departments),
        _ => None,
    }
}

/// Reads a dictionary: out of the reply to the batch, or, where that has its first page only, as a list. `None` if it was
/// not asked for.
async fn read(
    client: &Client,
    source: &DictionarySource,
    reply: &BatchReply,
) -> Result<Option<Dictionary>, Error> {
    let Some(command) = source.command() else {
        let DictionarySource::Items(entity_type) = source else {
            return Ok(None);
        };
        let list = client
            .list("crm.item.list")
            .param("entityTypeId", *entity_type)
            .select(["id", "title"]);
        let rows = list.collect::<Value>().await?;
        return Ok(Some(entries(source, &rows)));
    };
    if reply.get(command).is_none() {
        return Ok(None);
    }
    if reply.next(command).is_some() {
        let method = match source {
            DictionarySource::Users => "user.get",
            DictionarySource::Departments => "department.get",
            DictionarySource::Currencies => "crm.currency.list",
            DictionarySource::Groups => "sonet_group.get",
            _ => "crm.status.list",
        };
        let rows = client.list(method).collect::<Value>().await?;
        return Ok(Some(entries(source, &rows)));
    }
    let result: Value = reply.result(command)?;
    // Categories are in a list of their own inside.
    let rows = result.get("categories").unwrap_or(&result);
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(Some(entries(source, rows)))
}

/// Codes and labels of the rows of a dictionary.
fn entries(source: &DictionarySource, rows: &[Value]) -> Dictionary {
    let (code, label): (&str, fn(&Value) -> Option<String>) = match source {
        DictionarySource::Statuses(_) => ("STATUS_ID", |row| text(row, "NAME")),
        DictionarySource::Users => ("ID", person),
        DictionarySource::Categories => ("id", |row| text(row, "name")),
        DictionarySource::Currencies => ("CURRENCY", |row| {
            text(row, "FULL_NAME").or_else(|| text(row, "CURRENCY"))
        }),
        DictionarySource::Departments | DictionarySource::Groups => ("ID", |row| text(row, "NAME")),
        DictionarySource::Items(_) => ("id", |row| text(row, "title")),
        DictionarySource::Fixed(_) => ("ID", |row| text(row, "NAME")),
    };
    let is_of_source = |row: &Value| match source {
        DictionarySource::Statuses(dictionary) => {
            text(row, "ENTITY_ID").is_some_and(|entity| is_part(&entity, dictionary))
        }
        _ => true,
    };
    rows.iter()
        .filter(|row| is_of_source(row))
        .filter_map(|row| Some((text(row, code)?, label(row)?)))
        .collect()
}

/// Stages are told for one funnel, and rows are of all: `DEAL_STAGE_5` is a part of `DEAL_STAGE`.
fn is_part(entity: &str, dictionary: &str) -> bool {
    let end = dictionary.find("_STAGE").map(|at| at + "_STAGE".len());
    match end {
        Some(end) => entity
            .strip_prefix(&dictionary[..end])
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_')),
        None => entity == dictionary,
    }
}

/// A user as people call them.
fn person(row: &Value) -> Option<String> {
    let names = [text(row, "NAME"), text(row, "LAST_NAME")];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return text(row, "EMAIL").or_else(|| text(row, "LOGIN"));
    }
    Some(name)
}

/// A text or number that is not empty.
fn text(row: &Value, name: &str) -> Option<String> {
    let text = match row.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(list: &str, result: &Value) -> Fields {
        FieldsCall::of(list).read(result).unwrap()
    }

    #[test]
    fn the_type_of_a_field_names_its_dictionary() {
        let fields = fields(
            "crm.deal.list",
            &json!({
                "STAGE_ID": {"type": "crm_status", "statusType": "DEAL_STAGE"},
                "ASSIGNED_BY_ID": {"type": "user"},
                "CURRENCY_ID": {"type": "crm_currency"},
                "CATEGORY_ID": {"type": "crm_category"},
                "PARENT_ID_1036": {"type": "crm_entity"},
                "PARENT_ID_2": {"type": "crm_deal"},
                "TITLE": {"type": "string"},
            }),
        );
        let of = |name: &str| source("crm.deal.list", name, &fields[name]);
        assert_eq!(
            of("STAGE_ID"),
            Some(DictionarySource::Statuses("DEAL_STAGE".to_owned()))
        );
        assert_eq!(of("ASSIGNED_BY_ID"), Some(DictionarySource::Users));
        assert_eq!(of("CURRENCY_ID"), Some(DictionarySource::Currencies));
        assert_eq!(of("CATEGORY_ID"), Some(DictionarySource::Categories));
        assert_eq!(of("PARENT_ID_1036"), Some(DictionarySource::Items(1036)));
        assert_eq!(of("PARENT_ID_2"), None);
        assert_eq!(of("TITLE"), None);
    }

    #[test]
    fn people_of_tasks_are_told_by_the_names_of_their_fields() {
        let fields = fields(
            "tasks.task.list",
            &json!({"RESPONSIBLE_ID": {"type": "integer"}, "STATUS": {"type": "enum", "values": {"2": "Pending"}}}),
        );
        let found = source("tasks.task.list", "responsibleId", &fields["responsibleId"]);
        assert_eq!(found, Some(DictionarySource::Users));
        let choices = of_choices(&fields["status"]).unwrap();
        assert_eq!(choices["2"], "Pending");
    }

    #[test]
    fn codes_of_invoices_activities_and_groups_of_tasks_are_told_by_the_names_of_their_fields() {
        let text = json!({"type": "string"});
        let described = json!({
            "STATUS_ID": text, "CURRENCY": text, "RESULT_CURRENCY_ID": text, "GROUP_ID": {"type": "integer"},
        });
        let of =
            |list: &str, name: &str| source(list, name, &fields("crm.deal.list", &described)[name]);
        let statuses = DictionarySource::Statuses("INVOICE_STATUS".to_owned());
        assert_eq!(of("crm.invoice.list", "STATUS_ID"), Some(statuses));
        for (list, name) in [
            ("crm.invoice.list", "CURRENCY"),
            ("crm.activity.list", "RESULT_CURRENCY_ID"),
        ] {
            assert_eq!(of(list, name), Some(DictionarySource::Currencies), "{list}");
        }
        assert_eq!(
            of("tasks.task.list", "GROUP_ID"),
            Some(DictionarySource::Groups)
        );
        assert_eq!(of("crm.deal.list", "STATUS_ID"), None);
    }

    #[test]
    fn stages_of_all_funnels_are_one_dictionary() {
        let rows = [
            json!({"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "NEW", "NAME": "New"}),
            json!({"ENTITY_ID": "DEAL_STAGE_5", "STATUS_ID": "C5:NEW", "NAME": "Заявка"}),
            json!({"ENTITY_ID": "SOURCE", "STATUS_ID": "WEB", "NAME": "Site"}),
        ];
        let stages = DictionarySource::Statuses("DEAL_STAGE".to_owned());
        let found = entries(&stages, &rows);
        assert_eq!((found.len(), found["C5:NEW"].as_str()), (2, "Заявка"));
        assert!(is_part("DYNAMIC_128_STAGE_9", "DYNAMIC_128_STAGE_7"));
        assert!(!is_part("DYNAMIC_1280_STAGE_9", "DYNAMIC_128_STAGE_7"));
        assert!(!is_part("SOURCES", "SOURCE"));
    }

    #[test]
    fn a_user_without_a_name_has_their_mail() {
        let rows = [
            json!({"ID": "1", "NAME": "Анна", "LAST_NAME": "Орлова"}),
            json!({"ID": 2, "NAME": "", "LAST_NAME": null, "EMAIL": "a@example.com"}),
        ];
        let found = entries(&DictionarySource::Users, &rows);
        assert_eq!(found["1"], "Анна Орлова");
        assert_eq!(found["2"], "a@example.com");
    }
}
