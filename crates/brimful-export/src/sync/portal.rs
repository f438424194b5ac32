//! What a sync asks the portal beside the rows: fields and the time, counts by range, IDs.

use brimful::protocol::{catalogue, list_fields};
use brimful::{
    Batch, BatchReply, Client, Error, ErrorKind, Execution, Fields, FieldsCall, Outcome, Page,
    list::check_names,
};
use futures_util::{StreamExt, stream};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::comparison::{IdRange, RANGES_OF_A_REQUEST, RangeFinding};
use super::entities::SyncEntity;
use super::parents::{ChildRows, Parents, rows_within};
use super::state::PortalTime;
use super::{NarrowedBy, SyncError};
use crate::row::read_fields;

/// IDs in one condition of a filter: a page has as many rows.
pub(crate) const IDS_OF_A_PAGE: usize = 50;
/// Requests with counts that are on their way at the same time.
const REQUESTS_AT_ONCE: usize = 4;

/// What the portal says of the entities of a run.
pub(crate) struct Described {
    /// The portal's time before anything was read.
    pub(crate) now: PortalTime,
    entities: Vec<Result<DescribedEntity, Error>>,
}

/// What the portal says of an entity.
#[derive(Default)]
struct DescribedEntity {
    fields: Fields,
    /// By what it is narrowed that does not fit the fields of the portal, and how.
    unfit: Option<(NarrowedBy, Error)>,
}

impl Described {
    /// The fields of the entity in this place; none where no method tells them.
    pub(crate) fn of(&self, place: usize) -> Result<Fields, SyncError> {
        match self.entities.get(place) {
            Some(Ok(entity)) => Ok(entity.fields.clone()),
            Some(Err(error)) => Err(error.clone().into()),
            None => Ok(Fields::default()),
        }
    }

    /// Whether the entity in this place can be read.
    pub(crate) fn check(&self, place: usize) -> Result<(), SyncError> {
        match self.entities.get(place) {
            Some(Ok(DescribedEntity {
                unfit: Some((setting, error)),
                ..
            })) => Err(SyncError::UnfitNames {
                setting: *setting,
                error: Box::new(error.clone()),
            }),
            Some(Err(error)) => Err(error.clone().into()),
            _ => Ok(()),
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
    let described = calls.iter().zip(entities).enumerate();
    let described = described.map(|(place, (call, entity))| match call {
        None => {
            let fields = entity.described_fields();
            let fields = fields.unwrap_or_else(|| Ok(Fields::default()))?;
            Ok(DescribedEntity {
                fields,
                unfit: None,
            })
        }
        Some(call) => match reply.result::<Box<RawValue>>(place.to_string()) {
            Ok(result) => describe(entity, call, &result),
            // A portal of another version: the columns are those of the rows.
            Err(error) if error.kind() == ErrorKind::MethodNotFound => {
                Ok(DescribedEntity::default())
            }
            Err(error) => Err(error),
        },
    });
    Ok(Described {
        now,
        entities: described.collect(),
    })
}

/// What the portal says of an entity: of its fields those that are kept, and whether the names that narrow it include
/// unknown ones.
fn describe(
    entity: &SyncEntity,
    call: &FieldsCall,
    result: &RawValue,
) -> Result<DescribedEntity, Error> {
    let names_them = list_fields::find(&entity.method);
    let names_them = names_them.is_some_and(|list| list.fields == Some(&call.method));
    let narrowed_by = entity.narrowed_by().into_iter();
    let mut narrowed_by = narrowed_by.filter(|_| names_them);
    let unfit = narrowed_by.find_map(|(setting, params)| {
        let all: Value = serde_json::from_str(result.get()).unwrap_or_default();
        let error = check_names(&entity.method, &params, &all).err()?;
        Some((setting, error))
    });
    let fields = call.read(&call.value(result)?)?;
    Ok(DescribedEntity {
        fields: entity.kept(fields),
        unfit,
    })
}

/// When the portal began with a command.
fn time_of(reply: &BatchReply, label: &str) -> Option<PortalTime> {
    let time = reply.time(label)?;
    PortalTime::parse(time.date_start.as_deref()?)
}

/// The call that tells the fields of the list, if the catalogue has it and they are not known.
fn fields_call(entity: &SyncEntity) -> Option<FieldsCall> {
    if entity.described_fields().is_some() {
        return None;
    }
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

/// Compares ranges with the portal by their counts, and by the IDs of the first rows, which come with the count anyway.
/// `ids` are those of the store, ascending.
pub(crate) async fn count_ranges(
    client: &Client,
    entity: &SyncEntity,
    ranges: &[IdRange],
    ids: &[u64],
) -> Result<Vec<RangeFinding>, SyncError> {
    let requests = ranges.chunks(RANGES_OF_A_REQUEST);
    let counting = requests.map(|ranges| count_some_ranges(client, entity, ranges, ids));
    let mut found: Vec<RangeFinding> = Vec::new();
    let mut counted = stream::iter(counting).buffered(REQUESTS_AT_ONCE);
    while let Some(of_request) = counted.next().await {
        found.extend(of_request?);
    }
    Ok(found)
}

async fn count_some_ranges(
    client: &Client,
    entity: &SyncEntity,
    ranges: &[IdRange],
    ids: &[u64],
) -> Result<Vec<RangeFinding>, SyncError> {
    let mut batch = Batch::new();
    for (place, range) in ranges.iter().enumerate() {
        let mut params = entity.id_params(&within(entity, *range));
        params.insert("start".to_owned(), json!(0));
        entity.order_by_id(&mut params);
        batch.add(place.to_string(), &entity.method, params)?;
    }
    let reply = client.batch(batch).await?;
    let mut found = Vec::new();
    for (place, range) in ranges.iter().enumerate() {
        let label = place.to_string();
        let result: Value = reply.result(&label)?;
        let first: Option<Vec<u64>> = rows_of(entity, &result)
            .map(|row| number(row.get(entity.id_field())?))
            .collect();
        found.push(range.compare(ids, reply.total(&label), first.as_deref()));
    }
    Ok(found)
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

/// The rows with these IDs: those of fifty pages in a request.
pub(crate) async fn rows_by_ids(
    client: &Client,
    entity: &SyncEntity,
    ids: &[String],
) -> Result<Vec<Page>, SyncError> {
    let field = entity.id_filter_field();
    let key = catalogue::find(&entity.method).and_then(|method| method.key);
    let params = |ids: &[String]| entity.params_with(&[(field.to_owned(), json!(ids))]);
    let mut found = Vec::new();
    for ids in ids.chunks(IDS_OF_A_PAGE * IDS_OF_A_PAGE) {
        let mut batch = Batch::new();
        for (place, ids) in ids.chunks(IDS_OF_A_PAGE).enumerate() {
            batch.add(place.to_string(), &entity.method, params(ids))?;
        }
        let reply = client.batch(batch).await?;
        for (place, ids) in ids.chunks(IDS_OF_A_PAGE).enumerate() {
            let label = place.to_string();
            let result: Box<RawValue> = reply.result(&label)?;
            let rows = rows_within(result.get(), key).map_err(|error| {
                SyncError::UnusablePortal(format!("{}: {error}", entity.method))
            })?;
            if reply
                .total(&label)
                .is_none_or(|total| total <= rows.len() as u64)
            {
                found.push(page_of(&rows, entity.id_field()));
                continue;
            }
            // A page that is short may have left rows out: lists find that out.
            let mut pages = client.list(&entity.method).params(params(ids)).pages()?;
            while let Some(page) = pages.next_page().await? {
                found.push(page);
            }
        }
    }
    Ok(found)
}

/// Rows as a page.
fn page_of(rows: &[&RawValue], id_field: &str) -> Page {
    let mut fields = Vec::new();
    let rows = rows.iter().map(|row| {
        let is_object = read_fields(row.get(), &mut fields).is_ok();
        let id = fields
            .iter()
            .find(|(name, _)| is_object && name == id_field);
        let id = id.and_then(|(_, json)| json.trim_matches('"').parse().ok());
        (id, row.get().to_owned())
    });
    rows.collect()
}

/// What the lists of records have shown.
#[derive(Debug, Default)]
pub(crate) struct ShownRows {
    pub(crate) rows: ChildRows,
    /// Records of which fewer rows were shown than counted, or whose count changed between two pages.
    pub(crate) incomplete: Vec<u64>,
    /// Records whose list was refused.
    pub(crate) refused: Vec<u64>,
    /// Why the first of them was.
    pub(crate) refusal: Option<Error>,
}

/// A list of a record that is read page by page.
struct ListOfParent {
    parent: u64,
    /// Where its next page begins.
    start: u64,
    /// Rows that have come.
    rows: u64,
    /// How many rows the page before counted.
    total: Option<u64>,
}

/// Reads the rows of records: fifty lists a request, and the further pages of long lists in requests behind it.
pub(crate) async fn rows_of_parents(
    client: &Client,
    entity: &SyncEntity,
    parents: &Parents,
    ids: &[u64],
) -> Result<ShownRows, SyncError> {
    let known = catalogue::find(&entity.method);
    let key = known.and_then(|method| method.key);
    let mut shown = ShownRows::default();
    let first_page = |parent: &u64| ListOfParent {
        parent: *parent,
        start: 0,
        rows: 0,
        total: None,
    };
    let mut wanted: Vec<ListOfParent> = ids.iter().map(first_page).collect();
    while !wanted.is_empty() {
        let mut batch = Batch::new();
        for (place, list) in wanted.iter().enumerate() {
            let params = parents.params_of(&entity.params, list.parent, list.start);
            batch.add(place.to_string(), &entity.method, params)?;
        }
        let reply = client.batch(batch).await?;
        let mut further = Vec::new();
        for (place, list) in wanted.into_iter().enumerate() {
            let parent = list.parent;
            let label = place.to_string();
            let result: Box<RawValue> = match reply.result(&label) {
                Ok(result) => result,
                Err(error) if is_refusal(&error) => {
                    shown.refused.push(parent);
                    shown.refusal.get_or_insert(error);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let taken = (parents.field(), parent);
            let rows = shown.rows.take(&result, key, entity.id_field(), taken);
            let rows = list.rows
                + rows.map_err(|why| {
                    SyncError::UnusablePortal(format!("{}: {why}", entity.method))
                })?;
            let total = reply.total(&label);
            // Pages are cut by place: where a row has gone between two of them, another one is in neither.
            if list.start > 0 && total != list.total {
                shown.incomplete.push(parent);
                continue;
            }
            match reply.next(&label) {
                Some(start) if start > list.start => further.push(ListOfParent {
                    parent,
                    start,
                    rows,
                    total,
                }),
                _ if total.is_some_and(|total| total > rows) => shown.incomplete.push(parent),
                _ => {}
            }
        }
        wanted = further;
    }
    shown.incomplete.sort_unstable();
    shown.refused.sort_unstable();
    Ok(shown)
}

/// Whether the portal has answered that it does not show rows: those of a record, or those that meet a condition.
pub(crate) fn is_refusal(error: &Error) -> bool {
    let kind = error.kind();
    let of_record = matches!(
        kind,
        ErrorKind::AccessDenied | ErrorKind::NotFound | ErrorKind::Api
    );
    of_record && error.execution() != Execution::NotRun
}

/// The IDs of all records, or of those that have changed since a time, ascending and each once.
pub(crate) async fn parents_changed_since(
    client: &Client,
    parents: &Parents,
    since: Option<PortalTime>,
    after: u64,
) -> Result<Vec<u64>, SyncError> {
    let list = &*parents.list;
    let conditions: Vec<Vec<(String, Value)>> = match since {
        Some(since) => parents
            .changed()
            .iter()
            .map(|field| vec![(format!(">={field}"), json!(since.to_string()))])
            .collect(),
        None => vec![Vec::new()],
    };
    let mut ids = Vec::new();
    for (place, conditions) in conditions.iter().enumerate() {
        let mut pages = client.list(&list.method).params(list.id_params(conditions));
        if after > 0 {
            pages = pages.resume_after(after);
        }
        let mut pages = pages.pages()?;
        loop {
            match pages.next_page().await {
                Ok(Some(page)) => ids.extend(page.ids().flatten()),
                Ok(None) => break,
                // Not all records have the second time.
                Err(error) if place > 0 && is_refusal(&error) => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// The IDs of the first records behind `after`, `pages` pages of them.
pub(crate) async fn parents_behind(
    client: &Client,
    parents: &Parents,
    after: u64,
    pages: usize,
) -> Result<Vec<u64>, SyncError> {
    let list = &*parents.list;
    let behind = (format!(">{}", list.id_filter_field()), json!(after));
    let mut params = list.id_params(&[behind]);
    list.order_by_id(&mut params);
    let mut batch = Batch::new();
    for place in 0..pages {
        params.insert("start".to_owned(), json!(place * IDS_OF_A_PAGE));
        batch.add(place.to_string(), &list.method, &params)?;
    }
    let reply = client.batch(batch).await?;
    let mut ids = Vec::new();
    for (_, outcome) in reply.iter() {
        let result: Value = outcome.result()?;
        let rows = rows_of(list, &result);
        ids.extend(rows.filter_map(|row| number(row.get(list.id_field())?)));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
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
