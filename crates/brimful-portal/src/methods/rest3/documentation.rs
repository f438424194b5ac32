//! What the portal says about REST 3.0 itself: its methods as an `OpenAPI` document, and their scopes.

use brimful_protocol::{Array, Value};
use indexmap::IndexMap;

use super::dto::{Dto, Field, Kind};
use super::endpoint::{ALL, Endpoint};
use super::event_log::EVENT_LOG_DTO;
use super::fields::FIELD_DTO;
use super::params::under;
use super::task_fields::{FLOW_DTO, GROUP_DTO, STAGE_DTO, TASK_DTO, USER_DTO};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;

#[allow(clippy::unnecessary_wraps, reason = "a handler returns a result")]
pub(super) fn openapi(_: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let mut info = Array::new();
    info.insert("title", "Bitrix24 REST V3 API");
    info.insert("version", "1.0.0");
    let mut modules: Vec<&str> = ALL.iter().map(|one| parts(one).0).collect();
    modules.dedup();
    let tag = |module: &str| {
        let mut tag = Array::new();
        tag.insert("name", module);
        tag.insert("description", format!("{module} module methods"));
        Value::Array(tag)
    };
    let mut document = Array::new();
    document.insert("openapi", "3.0.0");
    document.insert("info", info);
    document.insert("tags", modules.into_iter().map(tag).collect::<Value>());
    let mut paths = Array::new();
    for endpoint in ALL {
        let path = format!("/{}", endpoint.method.name);
        paths.insert(path.as_str(), under("post", operation(endpoint)));
    }
    document.insert("paths", paths);
    let schemas = [
        &TASK_DTO,
        &USER_DTO,
        &GROUP_DTO,
        &STAGE_DTO,
        &FLOW_DTO,
        &EVENT_LOG_DTO,
        &FIELD_DTO,
    ];
    let schemas: Array = schemas
        .map(|dto| (dto.name, schema(dto)))
        .into_iter()
        .collect();
    document.insert("components", under("schemas", schemas));
    Ok(Output::value(&Value::Array(document)))
}

fn operation(endpoint: &Endpoint) -> Array {
    let mut operation = Array::new();
    operation.insert("tags", [parts(endpoint).0].into_iter().collect::<Value>());
    operation.insert("summary", endpoint.title);
    if !endpoint.params.is_empty() {
        let properties: Array = endpoint
            .params
            .iter()
            .map(|param| (param.name, under("type", param.kind)))
            .collect();
        let required = endpoint.params.iter().filter(|param| param.required);
        let required: Value = required.map(|param| param.name).collect();
        let mut body = Array::new();
        body.insert("type", "object");
        body.insert("properties", properties);
        if required.is_truthy() {
            body.insert("required", required);
        }
        operation.insert("requestBody", content(body));
    }
    let result = match endpoint.dto {
        Some(dto) => under("$ref", format!("#/components/schemas/{}", dto.name)),
        None => under("type", "object"),
    };
    let mut response = Array::new();
    response.insert("description", "Success");
    if let Value::Array(content) = content(result) {
        for (key, value) in content {
            response.insert(key, value);
        }
    }
    operation.insert("responses", under("200", response));
    operation
}

fn content(schema: impl Into<Value>) -> Value {
    under(
        "content",
        under("application/json", under("schema", schema)),
    )
}

fn schema(dto: &Dto) -> Array {
    let mut schema = Array::new();
    schema.insert("type", "object");
    let properties: Array = dto
        .fields
        .iter()
        .map(|field| (field.name, property(field)))
        .collect();
    schema.insert("properties", properties);
    schema
}

fn property(field: &Field) -> Value {
    let reference = |dto: &Dto| under("$ref", format!("#/components/schemas/{}", dto.name));
    match field.related() {
        Some(dto) if !field.is_multiple() => return reference(dto),
        _ => {}
    }
    let mut property = Array::new();
    property.insert("type", field.kind.schema_name());
    match field.kind {
        Kind::Moment => property.insert("format", "date-time"),
        Kind::Words(words) => {
            property.insert(
                "enum",
                words.iter().map(|(_, word)| *word).collect::<Value>(),
            );
        }
        Kind::List => {
            let items = field
                .related()
                .map_or_else(|| under("type", "string"), reference);
            property.insert("items", items);
        }
        _ => {}
    }
    Value::Array(property)
}

/// The module, the controller and the action of a method.
fn parts(endpoint: &Endpoint) -> (&str, &str, &str) {
    let name = &*endpoint.method.name;
    let (module, rest) = name.split_once('.').unwrap_or((name, ""));
    let (controller, action) = rest.rsplit_once('.').unwrap_or(("", rest));
    (module, controller, action)
}

/// Modules, in them controllers, in them methods.
#[allow(clippy::unnecessary_wraps, reason = "a handler returns a result")]
pub(super) fn scopes(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let wanted = |filter: &str, part: &str| match call.params.get(filter) {
        None | Some(Value::Null) => true,
        Some(value) => value.to_text().eq_ignore_ascii_case(part),
    };
    let mut modules: IndexMap<&str, IndexMap<&str, Array>> = IndexMap::new();
    for endpoint in ALL {
        let (module, controller, action) = parts(endpoint);
        if !(wanted("filterModule", module)
            && wanted("filterController", controller)
            && wanted("filterMethod", action))
        {
            continue;
        }
        let mut method = Array::new();
        method.insert("scope", &*endpoint.method.name);
        method.insert("title", endpoint.title);
        method.insert("description", endpoint.title);
        method.insert("fields", Value::Null);
        let controllers = modules.entry(module).or_default();
        controllers
            .entry(controller)
            .or_default()
            .insert(action, method);
    }
    let modules: Array = modules
        .into_iter()
        .map(|(module, controllers)| (module, controllers.into_iter().collect::<Array>()))
        .collect();
    Ok(Output::value(&Value::Array(modules)))
}
