//! What a sync asks the portal beside the rows: fields and the time, counts by range, IDs.

use brimful::protocol::catalogue;
use brimful::{Batch, BatchReply, Client, Error, ErrorKind, Fields, FieldsCall, Outcome};
use serde_json::{Map, Value, json};

use super::SyncError;
use super::comparison::IdRange;
use super::entities::SyncEntity;
use super::state::PortalTime;

/// IDs in one condition of a filter: a page has as many rows.
const IDS_OF_A_PAGE: usize = 50;

/// What the portal says of the entities of a run.
pub(crate) struct Described {
    /// The portal's time before anything was read.
    pub(crate) now: PortalTime,
    fields: Vec<Result<Fields, Error>>,
}

impl Described {
    /// The fields of the entity in this place; none where no method tells them.
    pub(crate) fn of(&self, place: usize) -> Result<Fields, SyncError> {
        match self.fields.get(place) {
            Some(Ok(fields)) => Ok(fields.clone()),
            Some(Err(error)) => Err(error.clone().into()),
            None => Ok(Fields::default()),
        }
    }
}

/// Asks for the portal's time and the fields of all entities: one request for up to 49 of them.
pub(crate) async fn describe_all(
    client: &Client,
    entities: &[SyncEntity],
) -> Result<Described, SyncError> {
    const NOW: &str = "now";
    let mut batch = Batch::new();
    batch.add(NOW, "server.time", json!({}))?;
    let calls: Vec<Option<FieldsCall>> = entities.iter().map(fields_call).collect();
    for (place, (call, entity)) in calls.iter().zip(entities).enumerate() {
        if let Some(call) = call {
            let mut params = Map::new();
            if let Some(value) = entity.params.get("entityTypeId") {
                params.insert("entityTypeId".to_owned(), value.clone());
            }
            batch.add(place.to_string(), &call.method, params)?;
        }
    }
    let reply = client.batch(batch).await?;
    let now = time_of(&reply, NOW).ok_or_else(|| {
        let why = match reply.get(NOW) {
            Some(Outcome::Failed(error)) => error.to_string(),
            _ => "its reply has no time".to_owned(),
        };
        SyncError::UnusablePortal(format!(
            "the portal does not tell its time, by which changes are found: {why}"
        ))
    })?;
    let fields = calls.iter().zip(entities).enumerate();
    let fields = fields.map(|(place, (call, entity))| match call {
        Some(call) => match reply.result::<Value>(place.to_string()) {
            Ok(result) => call.read(&result).map(|fields| entity.kept(fields)),
            // A portal of another version: the columns are those of the rows.
            Err(error) if error.kind() == ErrorKind::MethodNotFound => Ok(Fields::default()),
            Err(error) => Err(error),
        },
        None => Ok(Fields::default()),
    });
    Ok(Described {
        now,
        fields: fields.collect(),
    })
}

/// When the portal began with a command.
fn time_of(reply: &BatchReply, label: &str) -> Option<PortalTime> {
    let time = reply.time(label)?;
    PortalTime::parse(time.date_start.as_deref()?)
}

/// The call that tells the fields of the list, if the catalogue has it.
fn fields_call(entity: &SyncEntity) -> Option<FieldsCall> {
    let call = FieldsCall::of(&entity.method);
    catalogue::find(&call.method).is_some().then_some(call)
}

/// The conditions on the ID for a range.
fn within(entity: &SyncEntity, range: IdRange) -> Vec<(String, Value)> {
    let id = entity.id_filter_field();
    let mut conditions = Vec::new();
    if !range.is_open() {
        conditions.push((format!("<={id}"), json!(range.up_to)));
    }
    if range.after > 0 {
        conditions.push((format!(">{id}"), json!(range.after)));
    }
    conditions
}

/// Keeps the ranges that have another number of rows in the portal, or whose first rows are others. `ids` are those of
/// the store, ascending. The first rows come with the count anyway.
pub(crate) async fn differing(
    client: &Client,
    entity: &SyncEntity,
    ranges: Vec<IdRange>,
    ids: &[u64],
) -> Result<Vec<IdRange>, SyncError> {
    let mut batch = Batch::new();
    for (place, range) in ranges.iter().enumerate() {
        let mut params = entity.id_params(&within(entity, *range));
        params.insert("start".to_owned(), json!(0));
        entity.order_by_id(&mut params);
        batch.add(place.to_string(), &entity.method, params)?;
    }
    let reply = client.batch(batch).await?;
    let mut differing = Vec::new();
    for (place, range) in ranges.into_iter().enumerate() {
        let label = place.to_string();
        let result: Value = reply.result(&label)?;
        // What is not counted is read.
        let is_same_count = reply.total(&label) == Some(range.rows);
        let first: Option<Vec<u64>> = rows_of(entity, &result)
            .map(|row| number(row.get(entity.id_field())?))
            .collect();
        if !is_same_count || first.is_some_and(|first| !range.may_begin_with(ids, &first)) {
            differing.push(range);
        }
    }
    Ok(differing)
}

/// The IDs that the portal has in a range, ascending.
pub(crate) async fn ids_within(
    client: &Client,
    entity: &SyncEntity,
    range: IdRange,
) -> Result<Vec<u64>, SyncError> {
    let params = entity.id_params(&within(entity, range));
    let mut pages = client.list(&entity.method).params(params).pages()?;
    let mut ids = Vec::new();
    while let Some(page) = pages.next_page().await? {
        ids.extend(page.ids().flatten());
    }
    ids.sort_unstable();
    Ok(ids)
}

/// Those of `ids` that the portal has after all, when asked for each of them.
pub(crate) async fn still_there(
    client: &Client,
    entity: &SyncEntity,
    ids: &[u64],
) -> Result<Vec<u64>, SyncError> {
    let field = entity.id_filter_field();
    let row_field = entity.id_field();
    let mut there = Vec::new();
    // As many as one request has commands.
    for ids in ids.chunks(IDS_OF_A_PAGE * IDS_OF_A_PAGE) {
        let mut batch = Batch::new();
        for (place, ids) in ids.chunks(IDS_OF_A_PAGE).enumerate() {
            let params = entity.id_params(&[(field.to_owned(), json!(ids))]);
            batch.add(place.to_string(), &entity.method, params)?;
        }
        let reply = client.batch(batch).await?;
        for (_, outcome) in reply.iter() {
            let result: Value = outcome.result()?;
            let rows = rows_of(entity, &result);
            there.extend(rows.filter_map(|row| number(row.get(row_field)?)));
        }
    }
    Ok(there)
}

/// The rows of a page of the entity's list.
fn rows_of<'r>(entity: &SyncEntity, result: &'r Value) -> impl Iterator<Item = &'r Value> {
    let rows = match catalogue::find(&entity.method).and_then(|method| method.key) {
        Some(key) => result.get(key),
        None => Some(result),
    };
    rows.and_then(Value::as_array).into_iter().flatten()
}

/// A number, which may be written as a text.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
