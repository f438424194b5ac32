//! What the document generator does beside keeping records: documents that were made elsewhere, and who has which role.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json, json};

use super::chats::refused;
use super::disk::decoded;
use super::records as described_records;
use super::{owners, record_rows};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::params::missing;

const DOCUMENTS: &str = "crm.documentgenerator.document";
const TEMPLATES: &str = "crm.documentgenerator.template";
const ROLE_ACCESSES: &str = "documentgenerator.role.access";

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("crm", "crm.documentgenerator.document.add", write_document),
        write!(
            "crm",
            "crm.documentgenerator.document.update",
            write_document
        ),
        write!(
            "documentgenerator",
            "documentgenerator.document.add",
            write_document
        ),
        write!(
            "documentgenerator",
            "documentgenerator.document.update",
            write_document
        ),
        read!(
            "documentgenerator",
            "documentgenerator.document.getfields",
            fields_of_document
        ),
        write!("crm", "crm.documentgenerator.template.add", write_template),
        write!(
            "crm",
            "crm.documentgenerator.template.update",
            write_template
        ),
        write!(
            "documentgenerator",
            "documentgenerator.template.add",
            write_template
        ),
        write!(
            "documentgenerator",
            "documentgenerator.template.update",
            write_template
        ),
        write!(
            "documentgenerator",
            "documentgenerator.numerator.add",
            add_numerator
        ),
        write!(
            "documentgenerator",
            "documentgenerator.role.add",
            write_role
        ),
        write!(
            "documentgenerator",
            "documentgenerator.role.update",
            write_role
        ),
        write!("crm", "crm.documentgenerator.document.upload", upload),
        write!(
            "documentgenerator",
            "documentgenerator.role.fillaccesses",
            replace_accesses
        ),
    ]
    .into_iter()
}

/// The kind of what a call writes, and the number of what it has written.
fn written(call: &Call<'_>, output: &Output, key: &str) -> (String, u64) {
    let kind = call
        .method
        .rsplit_once('.')
        .map(|(kind, _)| kind.to_owned());
    let id = output.to_value().deepest(&[key, "id"]).to_text();
    (kind.unwrap_or_default(), id.trim().parse().unwrap_or(0))
}

/// Puts values into what a call has written, and shows all of it.
fn completed(
    state: &mut PortalData,
    (kind, id): &(String, u64),
    key: &str,
    values: &[(&'static str, Json)],
) -> Output {
    record_rows::put(state, kind, *id, values);
    let row = record_rows::row(state, kind, *id).cloned();
    let row = Value::from(Json::Object(row.unwrap_or_default()));
    Output::value(&Value::Array(Array::from_iter([(key, row)])))
}

/// Adds or changes a document. Its values say how it was made too.
fn write_document(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let output = described_records::write(state, call)?;
    let of = written(call, &output, "document");
    let row = record_rows::row(state, &of.0, of.1).cloned();
    let row = row.unwrap_or_default();
    let stamps = row.get("stampsEnabled").cloned().unwrap_or_default();
    let mut values = Map::new();
    values.insert("productsTableVariant".to_owned(), "".into());
    values.insert("_creationMethod".to_owned(), "rest".into());
    values.insert("stampsEnabled".to_owned(), stamps);
    if let Some(Json::Object(given)) = row.get("values") {
        let given = given.iter().filter(|(name, _)| *name != "stampsEnabled");
        values.extend(given.map(|(name, value)| (name.clone(), value.clone())));
    }
    let creator = Json::from(record_rows::text(&row, "createdBy"));
    let values = [("values", Json::Object(values)), ("createdBy", creator)];
    Ok(completed(state, &of, "document", &values))
}

/// What an integration has put into a document is a field of it, beside its number and its title.
fn fields_of_document(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const SERVICE: [&str; 3] = ["productsTableVariant", "_creationMethod", "stampsEnabled"];
    let described = described_records::read(state, call)?;
    let mut answer = described.to_value().clone();
    let id = record_rows::given_number(call, "id");
    let row = record_rows::row(state, "documentgenerator.document", id);
    let values = row.and_then(|row| row.get("values")?.as_object());
    if let Value::Array(answer) = &mut answer
        && let Some(Value::Array(mut fields)) = answer.get("documentFields").cloned()
    {
        for (name, value) in values.into_iter().flatten() {
            if !SERVICE.contains(&name.as_str()) {
                let mut field = Array::from_iter([("value", Value::from(value.clone()))]);
                field.insert("default", "");
                fields.insert(name.as_str(), field);
            }
        }
        answer.insert("documentFields", fields);
    }
    Ok(Output::value(&answer))
}

/// Adds or changes a template. Those who may use it are shown by their codes.
fn write_template(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let output = described_records::write(state, call)?;
    let of = written(call, &output, "template");
    let row = record_rows::row(state, &of.0, of.1);
    let users = row.and_then(|row| row.get("users")?.as_array());
    let users = users.map(|users| {
        let codes = users.iter().filter_map(Json::as_str);
        let codes = codes.map(|code| (code.to_owned(), Json::from(code)));
        ("users", Json::Object(codes.collect()))
    });
    let users: Vec<(&'static str, Json)> = users.into_iter().collect();
    Ok(completed(state, &of, "template", &users))
}

/// `documentgenerator.numerator.add(fields)`
fn add_numerator(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let output = described_records::write(state, call)?;
    let of = written(call, &output, "numerator");
    let row = record_rows::row(state, &of.0, of.1);
    let mut values = Vec::new();
    if let Some(Json::Object(settings)) = row.and_then(|row| row.get("settings")) {
        let mut settings = settings.clone();
        for generator in settings.values_mut() {
            if let Some(flag) = generator.get_mut("isDirectNumeration") {
                let said = Value::from(flag.clone()).to_text();
                *flag = Json::from(!matches!(said.as_str(), "" | "0" | "N" | "false"));
            }
        }
        values.push(("settings", Json::Object(settings)));
    }
    let shown = completed(state, &of, "numerator", &values);
    let mut shown = shown.to_value().clone();
    // A new one has its number as a number, and is read with it as a text.
    if let Value::Array(answer) = &mut shown
        && let Some(Value::Array(mut numerator)) = answer.get("numerator").cloned()
    {
        numerator.insert("id", of.1 as i64);
        answer.insert("numerator", numerator);
    }
    Ok(Output::value(&shown))
}

/// Adds or changes a role. What it permits is shown in lower case.
fn write_role(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let output = described_records::write(state, call)?;
    let of = written(call, &output, "role");
    let row = record_rows::row(state, &of.0, of.1);
    let permissions = row.and_then(|row| row.get("permissions")).cloned();
    let permissions = permissions.map(|permissions| ("permissions", with_small_keys(permissions)));
    let permissions: Vec<(&'static str, Json)> = permissions.into_iter().collect();
    Ok(completed(state, &of, "role", &permissions))
}

fn with_small_keys(value: Json) -> Json {
    match value {
        Json::Object(map) => {
            let small =
                |(name, value): (String, Json)| (name.to_lowercase(), with_small_keys(value));
            Json::Object(map.into_iter().map(small).collect())
        }
        other => other,
    }
}

/// The fields of an uploaded document, or why they are refused.
fn uploaded(call: &Call<'_>) -> Result<Array, MethodError> {
    const NEEDED: [&str; 4] = ["entityTypeId", "fileContent", "region", "entityId"];
    let fields = match call.params.get("fields") {
        None | Some(Value::Null) => return Err(missing("fields")),
        Some(Value::Array(fields)) => fields.clone(),
        Some(_) => {
            let text =
                "Invalid value {} to match with parameter {fields}. Should be value of type array.";
            return Err(refused("100", text));
        }
    };
    let is_missing = |name: &&&str| fields.get(name).is_none_or(|value| !value.is_truthy());
    let absent: Vec<&str> = NEEDED.iter().filter(is_missing).copied().collect();
    if absent.is_empty() {
        return Ok(fields);
    }
    let text = format!("Empty required fields: {}", absent.join(", "));
    Err(refused("0", &text))
}

/// `crm.documentgenerator.document.upload(fields)`: the document. It has a template of its own, which no list shows.
fn upload(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = uploaded(call)?;
    let text = |name: &str| fields.get(name).map(Value::to_text).unwrap_or_default();
    let kind: i64 = text("entityTypeId").trim().parse().unwrap_or(0);
    if kind <= 0 {
        return Err(refused("0", "Wrong \"entityTypeId\" field value"));
    }
    if !owners::is_type(state, &kind.to_string()) {
        return Err(refused("0", &format!("No provider for {kind}")));
    }
    let owner: u64 = text("entityId").trim().parse().unwrap_or(0);
    let is_there = state
        .by_type(kind)
        .is_none_or(|table| table.contains(owner));
    if owner == 0 || !is_there {
        return Err(refused("0", "Wrong \"entityId\" field value"));
    }
    if decoded(&text("fileContent")).is_none() {
        return Err(refused("0", "Missing file content"));
    }
    let template = Array::from_iter([("name", "Uploaded")]);
    let template = record_rows::add(state, call, TEMPLATES, &template);
    record_rows::delete(state, TEMPLATES, template);
    let mut given = Array::new();
    for name in ["title", "number", "entityTypeId", "entityId"] {
        if let Some(value) = fields.get(name) {
            given.insert(name, value.clone());
        }
    }
    given.insert("templateId", template as i64);
    let id = record_rows::add(state, call, DOCUMENTS, &given);
    // Converted files come later, and only where a file of them was sent.
    for (urls, content) in [
        (["pdfUrl", "pdfUrlMachine"], "pdfContent"),
        (["imageUrl", "imageUrlMachine"], "imageContent"),
    ] {
        if text(content).is_empty() {
            let none = urls.map(|url| (url, Json::Null));
            record_rows::put(state, DOCUMENTS, id, &none);
        }
    }
    let values = [
        ("updatedBy", Json::Null),
        ("createdBy", Json::from(call.user.to_string())),
        (
            "values",
            json!({ "productsTableVariant": "", "_creationMethod": "rest" }),
        ),
    ];
    record_rows::set(state, call, DOCUMENTS, id, &values);
    let row = record_rows::row(state, DOCUMENTS, id).cloned();
    let mut row = row.unwrap_or_default();
    let is_converted = |name: &str| name.starts_with("pdf") || name.starts_with("image");
    row.retain(|name, value| !(value.is_null() && is_converted(name)));
    let document = Value::from(Json::Object(row));
    Ok(Output::value(&Value::Array(Array::from_iter([(
        "document", document,
    )]))))
}

/// `documentgenerator.role.fillaccesses(accesses)`: who has which role, in the place of all that was said before.
fn replace_accesses(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let accesses = call.params.get("accesses").and_then(Value::as_array);
    let Some(accesses) = accesses.cloned() else {
        return Ok(Output::value(&Value::Null));
    };
    for access in accesses.values() {
        for (param, field) in [("roleId", "ROLE_ID"), ("accessCode", "ACCESS_CODE")] {
            let value = access.as_array().and_then(|access| access.get(param));
            if value.is_none_or(|value| !value.is_truthy()) {
                let text = format!("Required field \"{field}\" is not filled");
                return Err(refused("BX_EMPTY_REQUIRED", &text));
            }
        }
    }
    record_rows::delete_where(state, ROLE_ACCESSES, |_| true);
    for access in accesses.values().filter_map(Value::as_array) {
        record_rows::add(state, call, ROLE_ACCESSES, access);
    }
    Ok(Output::value(&Value::Null))
}
