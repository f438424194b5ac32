//! The rows of every entity and every kind of records, their changes, and the limits as they stand.

use brimful_protocol::{Value, query};
use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value as Json, json};

use super::Refusal;
use crate::calls::Backend;
use crate::context::limits::Entity;
use crate::context::moment;
use crate::context::settings::Scopes;
use crate::data::PortalData;
use crate::data::records::table::RecordTable;
use crate::data::table::{Row, Table};

/// So many rows are shown at once.
const PAGE: usize = 50;
/// So many rows are searched at once: the data can't be changed meanwhile.
const MOST_SEARCHED: usize = 5_000;

/// A parameter of the query.
pub(super) fn param(request: &Request<Bytes>, name: &str) -> Option<String> {
    let params = query::decode(request.uri().query().unwrap_or_default().as_bytes());
    params.get(name).map(Value::to_text)
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

/// The rows of an entity or of a kind of records.
enum Listed<'d> {
    Table(&'d Table),
    Records(&'d RecordTable),
}

impl<'d> Listed<'d> {
    fn find(data: &'d PortalData, name: &str) -> Result<Self, Refusal> {
        if let Some(table) = data.tables.iter().find(|table| table.name() == name) {
            return Ok(Self::Table(table));
        }
        let table = data.records.iter().find(|table| table.kind.name == name);
        table.map(Self::Records).ok_or_else(|| {
            Refusal::wrong(format!(
                "there is no entity \"{name}\": /_portal/entities lists them"
            ))
        })
    }

    fn total(&self) -> usize {
        match self {
            Self::Table(table) => table.count(1, u64::MAX) as usize,
            Self::Records(table) => table.rows().count(),
        }
    }

    /// The row with this number.
    fn row(&self, id: u64) -> Option<Json> {
        match self {
            Self::Table(table) => table.get(id).map(row),
            Self::Records(table) => table.get(id).map(|row| Json::Object(row.clone())),
        }
    }

    /// Rows from a place on, by their numbers.
    fn rows(
        &self,
        start: usize,
        is_newest_first: bool,
    ) -> Box<dyn Iterator<Item = (u64, Json)> + '_> {
        let total = self.total();
        match self {
            Self::Table(_) if start >= total => Box::new(std::iter::empty()),
            Self::Table(table) if is_newest_first => {
                let last = table.of_rank((total - start) as u64);
                let ids = table.ids(0, last).rev();
                Box::new(ids.map(|id| (id, row(table.row(id)))))
            }
            Self::Table(table) => {
                let first = table.of_rank(start as u64 + 1);
                let ids = table.ids(first, u64::MAX);
                Box::new(ids.map(|id| (id, row(table.row(id)))))
            }
            Self::Records(table) => {
                let shown = |(id, row): (u64, &Map<String, Json>)| (id, Json::Object(row.clone()));
                let mut numbers: Vec<u64> = table.rows().map(|(id, _)| id).collect();
                if is_newest_first {
                    numbers.reverse();
                }
                let rows = numbers.into_iter().skip(start);
                Box::new(rows.filter_map(move |id| Some(shown((id, table.get(id)?)))))
            }
        }
    }
}

/// A page of rows: `?entity=deal&start=50`, `&order=newest` to have those with the highest IDs first, `&search=text` for
/// those that have a text; `?entity=deal&id=5` for one row.
pub(super) fn page(backend: &Backend, request: &Request<Bytes>) -> Result<Json, Refusal> {
    let name = param(request, "entity").unwrap_or_default();
    let number = |name| param(request, name).and_then(|number| number.parse().ok());
    let data = backend.data.read();
    let listed = Listed::find(&data, &name)?;
    let total = listed.total();
    if let Some(id) = param(request, "id") {
        let row = id.parse().ok().and_then(|id| listed.row(id));
        let rows: Vec<Json> = row.into_iter().collect();
        return Ok(json!({ "entity": name, "total": total, "rows": rows }));
    }
    let start: usize = number("start").unwrap_or(0);
    let is_newest_first = param(request, "order").is_some_and(|order| order == "newest");
    let rows = listed.rows(start, is_newest_first);
    let search = param(request, "search").unwrap_or_default().to_lowercase();
    if search.is_empty() {
        let (ids, rows): (Vec<u64>, Vec<Json>) = rows.take(PAGE).unzip();
        return Ok(json!({ "entity": name, "total": total, "ids": ids, "rows": rows }));
    }
    let (mut ids, mut found) = (Vec::new(), Vec::new());
    let mut looked_at = 0;
    for (id, row) in rows.take(MOST_SEARCHED) {
        looked_at += 1;
        if id.to_string() == search || has_text(&row, &search) {
            ids.push(id);
            found.push(row);
            if found.len() == PAGE {
                break;
            }
        }
    }
    let next = start + looked_at;
    let next = (next < total).then_some(next);
    Ok(json!({ "entity": name, "total": total, "ids": ids, "rows": found, "next": next }))
}

/// Whether a value, or one inside it, has a text in lower case.
fn has_text(value: &Json, text: &str) -> bool {
    match value {
        Json::String(value) => value.to_lowercase().contains(text),
        Json::Array(values) => values.iter().any(|value| has_text(value, text)),
        Json::Object(values) => values.values().any(|value| has_text(value, text)),
        Json::Null => false,
        Json::Bool(_) | Json::Number(_) => format!("{value}") == text,
    }
}

fn row(row: Row<'_>) -> Json {
    let fields = row.table.schema.fields().iter().enumerate();
    let fields = fields.filter_map(|(at, field)| match row.json(at) {
        Json::Null => None,
        value => Some((field.name.to_string(), value)),
    });
    Json::Object(fields.collect())
}

/// The last changes of rows, the newest first: `?entity=deal&id=5` for those of one row, `&limit=100` for so many.
pub(super) fn changes(backend: &Backend, request: &Request<Bytes>) -> Result<Json, Refusal> {
    let number = |name: &str| match param(request, name) {
        None => Ok(None),
        Some(text) => match text.parse::<u64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Refusal::wrong(format!(
                "{name} is not a number: \"{text}\""
            ))),
        },
    };
    let (id, limit) = (number("id")?, number("limit")?);
    let entity = param(request, "entity");
    if let Some(name) = &entity {
        Listed::find(&backend.data.read(), name)?;
    }
    let limit = limit.map_or(PAGE, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let newest = backend.context.row_history.newest(limit, |change| {
        entity
            .as_ref()
            .is_none_or(|name| change.row.entity == *name)
            && id.is_none_or(|id| change.row.id == id)
    });
    let shown = newest.into_iter().map(|change| {
        let row = change.row;
        json!({
            "number": change.number,
            "time": moment::text(change.at as i64),
            "entity": row.entity,
            "id": row.id,
            "change": row.change,
            "method": change.method,
            "user": change.user,
            "fields": row.fields,
        })
    });
    Ok(shown.collect())
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
