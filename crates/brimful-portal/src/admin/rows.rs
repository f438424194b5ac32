//! The rows of every entity and every kind of records, and the limits as they stand.

use brimful_protocol::{Value, query};
use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value as Json, json};

use super::Refusal;
use crate::calls::Backend;
use crate::context::limits::Entity;
use crate::context::settings::Scopes;
use crate::data::cell::Cell;
use crate::data::entities::ENTITIES;
use crate::data::fixtures::collection::to_json;
use crate::data::table::Table;

/// So many rows are shown at once.
const PAGE: usize = 50;

/// A parameter of the query.
pub(super) fn param(request: &Request<Bytes>, name: &str) -> Option<String> {
    let params = query::decode(request.uri().query().unwrap_or_default().as_bytes());
    params.get(name).map(Value::to_text)
}

fn name_of(table: &Table) -> String {
    ENTITIES.get(table.entity).map_or_else(
        || table.entity_type.to_string(),
        |entity| entity.name.to_owned(),
    )
}

/// All entities and kinds of records that have rows, and how many.
pub(super) fn entities(backend: &Backend) -> Json {
    let data = backend.data.read();
    let records = data.records.iter();
    let records = records.map(|table| (table.kind.name.to_owned(), table.rows().count() as u64));
    data.row_counts()
        .into_iter()
        .chain(records)
        .filter(|(_, rows)| *rows > 0)
        .map(|(name, rows)| json!({ "name": name, "rows": rows }))
        .collect()
}

/// A page of rows: `?entity=deal&start=50`.
pub(super) fn page(backend: &Backend, request: &Request<Bytes>) -> Result<Json, Refusal> {
    let name = param(request, "entity").unwrap_or_default();
    let start = param(request, "start").and_then(|start| start.parse().ok());
    let start: usize = start.unwrap_or(0);
    let data = backend.data.read();
    if let Some(table) = data.tables.iter().find(|table| name_of(table) == name) {
        let first = table.of_rank(start as u64 + 1);
        let total = table.count(1, u64::MAX);
        let ids = table.ids(first, u64::MAX).take(PAGE);
        let rows: Vec<Json> = ids.map(|id| row(table, id)).collect();
        let rows = if start as u64 >= total {
            Vec::new()
        } else {
            rows
        };
        return Ok(json!({ "entity": name, "total": total, "rows": rows }));
    }
    let table = data.records.iter().find(|table| table.kind.name == name);
    let table = table.ok_or_else(|| {
        Refusal::wrong(format!(
            "there is no entity \"{name}\": /_portal/entities lists them"
        ))
    })?;
    let rows: Vec<&Map<String, Json>> = table
        .rows()
        .skip(start)
        .take(PAGE)
        .map(|(_, row)| row)
        .collect();
    Ok(json!({ "entity": name, "total": table.rows().count(), "rows": rows }))
}

fn row(table: &Table, id: u64) -> Json {
    let row = table.row(id);
    let fields = table.schema.fields().iter().enumerate();
    let fields = fields.filter_map(|(at, field)| {
        let value = match row.cell(at) {
            Cell::Stored(value) => to_json(value),
            cell => match cell.to_text() {
                Some(text) => json!(text),
                None => return None,
            },
        };
        Some((field.name.to_string(), value))
    });
    Json::Object(fields.collect())
}

/// The bucket of each address, and the operating time of each method.
pub(super) fn limits(backend: &Backend) -> Json {
    let context = &backend.context;
    let buckets = context.buckets.lock();
    let rate = buckets.limit().map(|limit| {
        let levels: Vec<Json> = buckets
            .levels(context.elapsed())
            .map(|(peer, level)| json!({ "peer": peer, "level": level }))
            .collect();
        json!({ "capacity": limit.capacity, "leak": limit.leak, "levels": levels })
    });
    drop(buckets);
    let now = context.now();
    let mut operating = context.operating();
    let used: Vec<Json> = operating
        .used(now)
        .into_iter()
        .map(|(entity, method, seconds, banned_until)| {
            let caller = match entity {
                Entity::Client(client) => client.to_string(),
                Entity::Webhook(place) => format!("webhook {}", place + 1),
                Entity::Nobody => "batch".to_owned(),
            };
            json!({ "caller": caller, "method": method, "seconds": seconds, "banned_until": banned_until })
        })
        .collect();
    json!({
        "rate": rate,
        "operating_limit": operating.limit().map(|limit| limit.time.as_secs_f64()),
        "operating": used,
    })
}

/// The webhooks, without their codes.
pub(super) fn webhooks(backend: &Backend) -> Json {
    let webhooks = backend.callers.webhooks().iter();
    webhooks
        .map(|hook| {
            let scopes = match &hook.scopes {
                Scopes::All => Json::Null,
                Scopes::Only(scopes) => json!(scopes),
            };
            json!({ "user": hook.user, "address": format!("/rest/{}/***/", hook.user), "scopes": scopes })
        })
        .collect()
}
