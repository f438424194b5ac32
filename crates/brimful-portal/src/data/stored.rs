//! The data as rows of a store: what a file keeps of them, and how they come back.
//!
//! Everything is a row: those of entities and records, with the fields that somebody wrote; values that are changed as a
//! whole, such as options (`document:…`); and the highest IDs ever given (`counter:…`). Generated rows are not among
//! them: they come back from the seed.

use std::collections::{BTreeMap, HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brimful_protocol::{Array, Value, json as php};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::changes::Changes;
use super::comments::Comment;
use super::entities::{ENTITIES, EVENT_LOG, OFFLINE_EVENT, SMART_FIELDS, STAGE_HISTORY};
use super::files::{FileVersion, StoredFile};
use super::fixtures::collection::to_json;
use super::history::Change;
use super::links::Link;
use super::schema::{Field, Schema};
use super::table::{Record, Table};
use super::{Data, DataError, Fields, Load, PortalData, Recorded, Rows};

/// A row of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredRow {
    /// What it is a row of: `entity:deal`, `record:crm.requisite`, `document:options`.
    pub(crate) store: String,
    pub(crate) id: u64,
    /// JSON; `None` for a row that is gone.
    pub(crate) body: Option<String>,
}

/// What generated rows come from.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Base {
    pub(super) seed: u64,
    pub(super) until: Option<i64>,
    /// The entity, how many rows are generated, and the share of IDs that are missing: of all tables.
    pub(super) rows: Vec<(String, u64, f64)>,
    pub(super) fields: Vec<(String, Map<String, Json>)>,
    /// The list method of each collection, and the field that has the ID of its rows.
    pub(super) collections: Vec<(String, String)>,
    /// The kinds of records whose rows were loaded.
    pub(super) loaded: Vec<String>,
}

/// A field of a schema.
#[derive(Debug, Serialize, Deserialize)]
struct StoredField {
    name: String,
    item: String,
    camel: String,
    title: String,
    #[serde(rename = "type")]
    type_name: String,
    is_read_only: bool,
    is_required: bool,
    is_multiple: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Json>,
}

#[derive(Serialize, Deserialize)]
struct StoredComment {
    task: u64,
    author: u64,
    posted: i64,
    message: String,
}

#[derive(Serialize, Deserialize)]
struct StoredContent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<(u64, u64)>,
    name: String,
    author: u64,
    created: i64,
    /// Base64.
    content: String,
}

const BASE: &str = "document:base";
/// Whole values, by their names in the store.
const DOCUMENTS: &[&str] = &[
    "document:options",
    "document:preferences",
    "document:types",
    "document:chat_members",
    "document:workdays",
    "document:categories",
];

fn row(store: impl Into<String>, id: u64, body: impl Into<String>) -> StoredRow {
    StoredRow {
        store: store.into(),
        id,
        body: Some(body.into()),
    }
}

fn gone(store: impl Into<String>, id: u64) -> StoredRow {
    StoredRow {
        store: store.into(),
        id,
        body: None,
    }
}

fn counter(store: &str, last: u64) -> StoredRow {
    row(format!("counter:{store}"), 0, last.to_string())
}

fn wrong(store: &str, id: u64, why: impl std::fmt::Display) -> DataError {
    DataError::Stored(format!("row {id} of {store} can't be read: {why}"))
}

fn text_of<T: Serialize>(value: &T) -> String {
    // Only maps with keys that are not texts can't be written, and there are none.
    serde_json::to_string(value).unwrap_or_default()
}

fn of_array(array: &Array) -> Json {
    to_json(&Value::Array(array.clone()))
}

fn array(json: Json) -> Array {
    match Value::from(json) {
        Value::Array(array) => array,
        _ => Array::new(),
    }
}

impl PortalData {
    fn table_name(&self, at: usize) -> String {
        ENTITIES.get(at).map_or_else(
            || format!("entity:{}", self.tables[at].entity_type),
            |entity| format!("entity:{}", entity.name),
        )
    }

    /// What the store has to do after these changes.
    pub(crate) fn stored(&self, changes: &Changes) -> Vec<StoredRow> {
        let mut rows = Vec::with_capacity(changes.rows.len() + changes.records.len() + 2);
        for &at in &changes.schemas {
            rows.push(self.schema_row(at));
        }
        self.push_table_rows(changes, &mut rows);
        self.push_records(changes, &mut rows);
        for &(task, id, _) in &changes.comments {
            let found = self.comments.of(task).iter().find(|one| one.id == id);
            rows.push(match found {
                Some(comment) => comment_row(task, comment),
                None => gone("comment", id),
            });
            rows.push(counter("comment", self.comments.last()));
        }
        for &task in &changes.history {
            rows.push(self.history_row(task));
            rows.push(counter("history", self.history.last()));
        }
        for &(from, id, to) in &changes.links {
            rows.push(self.link_row(from, id, to));
        }
        for &id in &changes.files.current {
            rows.push(match self.files.get(id) {
                Some(stored) => row("file", id, text_of(&content(stored, None))),
                None => gone("file", id),
            });
        }
        for &id in &changes.files.versions {
            rows.push(match self.files.version(id) {
                Some(version) => version_row(id, version),
                None => gone("file_version", id),
            });
            rows.push(counter("file_version", self.files.last_version()));
        }
        for &(kind, id) in &changes.files.of_records {
            let store = store_of_files(kind);
            rows.push(match self.files.of_record((kind, id)) {
                Some(stored) => row(store, id, text_of(&content(stored, None))),
                None => gone(store, id),
            });
        }
        for &(at, number) in &changes.collections {
            let store = format!("collection:{at}");
            let collection = &self.fixtures.collections[at];
            rows.push(match collection.numbered(number) {
                Some(body) => row(&store, number, text_of(body)),
                None => gone(&store, number),
            });
            rows.push(counter(&store, collection.last()));
        }
        rows.extend(changes.documents.iter().map(|name| self.document(name)));
        if changes.multifields {
            rows.push(counter("multifield", self.next_multifield));
        }
        rows
    }

    /// Adds the rows of entities that have changed, and the highest ID of each entity.
    fn push_table_rows(&self, changes: &Changes, rows: &mut Vec<StoredRow>) {
        let mut counted = Vec::new();
        for &(at, id, _) in &changes.rows {
            let (store, table) = (self.table_name(at), self.table(at));
            rows.push(match table_body(table, id) {
                Some(body) => row(store, id, body),
                None => gone(store, id),
            });
            if !counted.contains(&at) {
                counted.push(at);
            }
        }
        for at in counted {
            rows.push(counter(&self.table_name(at), self.table(at).last()));
        }
    }

    /// Adds the records that have changed, and the highest ID of each kind.
    fn push_records(&self, changes: &Changes, rows: &mut Vec<StoredRow>) {
        let mut counted = Vec::new();
        for &(at, id, _) in &changes.records {
            let table = &self.records[at];
            let store = format!("record:{}", table.kind.name);
            rows.push(match table.get(id) {
                Some(body) => row(store, id, text_of(body)),
                None => gone(store, id),
            });
            if !counted.contains(&at) {
                counted.push(at);
            }
        }
        for at in counted {
            let table = &self.records[at];
            rows.push(counter(
                &format!("record:{}", table.kind.name),
                table.last(),
            ));
        }
    }

    /// All rows of the store.
    pub(crate) fn stored_whole(&self) -> Vec<StoredRow> {
        let mut rows = vec![row(BASE, 0, text_of(&self.base))];
        rows.extend(DOCUMENTS.iter().map(|name| self.document(name)));
        rows.push(counter("multifield", self.next_multifield));
        for (at, table) in self.tables.iter().enumerate() {
            if at >= ENTITIES.len() && table.entity_type == 0 {
                // A smart process that is gone.
                continue;
            }
            rows.push(self.schema_row(at));
            let store = self.table_name(at);
            rows.push(counter(&store, table.last()));
            let touched = table.touched();
            rows.extend(touched.filter_map(|id| Some(row(&*store, id, table_body(table, id)?))));
        }
        for table in &self.records {
            let store = format!("record:{}", table.kind.name);
            rows.push(counter(&store, table.last()));
            rows.extend(
                table
                    .rows()
                    .map(|(id, body)| row(&*store, id, text_of(body))),
            );
        }
        for (task, comment) in self.comments.all() {
            rows.push(comment_row(task, comment));
        }
        rows.push(counter("comment", self.comments.last()));
        rows.extend(self.history.tasks().map(|task| self.history_row(task)));
        rows.push(counter("history", self.history.last()));
        let links = self.links.all();
        rows.extend(links.map(|(from, id, to)| self.link_row(from, id, to)));
        let files = self.files.all();
        rows.extend(files.map(|(id, stored)| row("file", id, text_of(&content(stored, None)))));
        let versions = self.files.all_versions();
        rows.extend(versions.map(|(id, version)| version_row(id, version)));
        rows.push(counter("file_version", self.files.last_version()));
        let of_records = self.files.all_of_records();
        rows.extend(of_records.map(|((kind, id), stored)| {
            row(store_of_files(kind), id, text_of(&content(stored, None)))
        }));
        for (at, collection) in self.fixtures.collections.iter().enumerate() {
            let store = format!("collection:{at}");
            rows.push(counter(&store, collection.last()));
            let all = collection.all();
            rows.extend(all.map(|(number, body)| row(&*store, number, text_of(body))));
        }
        rows
    }

    fn schema_row(&self, at: usize) -> StoredRow {
        let table = self.table(at);
        let fields: Vec<StoredField> = table.schema.fields().iter().map(stored_field).collect();
        let store = self.table_name(at).replacen("entity:", "fields:", 1);
        row(store, 0, text_of(&fields))
    }

    fn history_row(&self, task: u64) -> StoredRow {
        let changes: Vec<Json> = self
            .history
            .of(task)
            .map(|change| {
                let (from, to) = (to_json(&change.from), to_json(&change.to));
                json!([change.id, change.at, change.user, change.field, from, to])
            })
            .collect();
        if changes.is_empty() {
            return gone("history", task);
        }
        row("history", task, text_of(&changes))
    }

    fn link_row(&self, from: usize, id: u64, to: usize) -> StoredRow {
        let store = format!("links:{}:{}", ENTITIES[from].name, ENTITIES[to].name);
        let Some(links) = self.links.get(from, id, to) else {
            return gone(store, id);
        };
        let links: Vec<Json> = links
            .iter()
            .map(|link| json!([link.id, link.sort, link.role, link.primary]))
            .collect();
        row(store, id, text_of(&links))
    }

    /// A value that is stored as a whole.
    fn document(&self, name: &str) -> StoredRow {
        let of_users = |options: &BTreeMap<Option<u64>, Array>| {
            let entries = options.iter().map(|(user, options)| {
                let user = user.map_or_else(String::new, |user| user.to_string());
                (user, of_array(options))
            });
            Json::Object(entries.collect())
        };
        let document = match name {
            "document:options" => of_users(&self.options),
            "document:preferences" => of_users(&self.preferences),
            "document:types" => {
                let settings = self.type_settings.iter();
                let settings = settings.map(|(id, settings)| (id.to_string(), of_array(settings)));
                let types: Vec<u32> = self.tables.iter().map(|table| table.entity_type).collect();
                json!({ "tables": types, "settings": settings.collect::<Map<_, _>>() })
            }
            "document:chat_members" => json!(*self.chat_members),
            "document:workdays" => json!(*self.workdays),
            "document:categories" => self.categories.rows().iter().map(of_array).collect(),
            _ => Json::Null,
        };
        row(name, 0, document.to_string())
    }

    /// The data that a store has; what methods answer is given, and not stored.
    pub(crate) fn restored(rows: &[StoredRow], replies: Vec<Recorded>) -> Result<Self, DataError> {
        let mut by_store: HashMap<&str, Vec<(u64, &str)>> = HashMap::new();
        let mut seen = HashSet::with_capacity(rows.len());
        for one in rows {
            if !seen.insert((one.store.as_str(), one.id)) {
                return Err(DataError::DuplicateId {
                    entity: one.store.clone(),
                    id: one.id,
                });
            }
            let Some(body) = &one.body else { continue };
            by_store
                .entry(&one.store)
                .or_default()
                .push((one.id, body.as_str()));
        }
        drop(seen);
        for rows in by_store.values_mut() {
            rows.sort_unstable_by_key(|(id, _)| *id);
        }
        let stored = Store { by_store };
        let base: Base = stored
            .document(BASE)?
            .ok_or_else(|| DataError::Stored(format!("{BASE} is missing")))?;
        let mut state = Self::new(base.data(replies))?;
        state.base.loaded.clone_from(&base.loaded);
        state.restore_documents(&stored)?;
        state.restore_tables(&stored)?;
        state.restore_records(&stored)?;
        state.restore_parts(&stored)?;
        state.entered = state.tables[EVENT_LOG].written().iter().copied().collect();
        state.moves = state.tables[STAGE_HISTORY]
            .written()
            .iter()
            .copied()
            .collect();
        state.index_offline();
        state.take_changes();
        Ok(state)
    }

    fn restore_documents(&mut self, stored: &Store<'_>) -> Result<(), DataError> {
        let of_users = |document: Option<Map<String, Json>>| {
            let entries = document.into_iter().flatten();
            entries
                .map(|(user, options)| (user.parse().ok(), array(options)))
                .collect()
        };
        *self.options = of_users(stored.document("document:options")?);
        *self.preferences = of_users(stored.document("document:preferences")?);
        *self.chat_members = stored
            .document("document:chat_members")?
            .unwrap_or_default();
        *self.workdays = stored.document("document:workdays")?.unwrap_or_default();
        let categories: Option<Vec<Json>> = stored.document("document:categories")?;
        let categories = categories.into_iter().flatten().map(array);
        self.categories.restore(categories.collect());
        let types: Option<Json> = stored.document("document:types")?;
        let types = types.unwrap_or_default();
        let tables = types["tables"].as_array().cloned().unwrap_or_default();
        for (at, entity_type) in tables.iter().enumerate() {
            let entity_type = entity_type.as_u64().and_then(|id| u32::try_from(id).ok());
            let entity_type = entity_type.unwrap_or(0);
            if at >= self.tables.len() {
                let schema = Schema::new(SMART_FIELDS);
                let table = self.tables[0].empty(at, entity_type, schema);
                self.tables.push(table);
            }
            self.tables[at].entity_type = entity_type;
        }
        let settings = types["settings"].as_object().cloned().unwrap_or_default();
        *self.type_settings = settings
            .into_iter()
            .filter_map(|(id, settings)| Some((id.parse().ok()?, array(settings))))
            .collect();
        if let Some(next) = stored.counter("multifield") {
            self.next_multifield = next;
        }
        Ok(())
    }

    fn restore_tables(&mut self, stored: &Store<'_>) -> Result<(), DataError> {
        for at in 0..self.tables.len() {
            if at >= ENTITIES.len() && self.tables[at].entity_type == 0 {
                continue;
            }
            let store = self.table_name(at);
            let fields: Option<Vec<StoredField>> =
                stored.document(&store.replacen("entity:", "fields:", 1))?;
            let table = &mut self.tables[at];
            if let Some(fields) = fields {
                let schema = restored_schema(&table.schema, fields);
                *table.schema = schema;
            }
            // Another version of the program may know entities that the file does not.
            let Some(last) = stored.counter(&store) else {
                continue;
            };
            table.forget_written(last);
            for &(id, body) in stored.rows(&store) {
                let body: Option<Map<String, Json>> =
                    serde_json::from_str(body).map_err(|error| wrong(&store, id, error))?;
                let Some(mut body) = body else {
                    table.delete(id);
                    continue;
                };
                let is_written = body.contains_key("written");
                let mut record = Record::default();
                if let Some(Json::Object(fields)) = body.remove("fields") {
                    for (name, value) in fields {
                        // The field may have been deleted since.
                        if let Some(field) = table.schema.stored_name(&name) {
                            record.set(field, Value::from(value));
                        }
                    }
                }
                if is_written {
                    table.put(id, record);
                } else {
                    table.update(id, record.into_values());
                }
            }
        }
        Ok(())
    }

    fn restore_records(&mut self, stored: &Store<'_>) -> Result<(), DataError> {
        let loaded = self.base.loaded.clone();
        for table in &mut self.records {
            let store = format!("record:{}", table.kind.name);
            table.is_loaded = loaded.iter().any(|kind| kind == table.kind.name);
            let Some(last) = stored.counter(&store) else {
                continue;
            };
            table.forget(last);
            for &(id, body) in stored.rows(&store) {
                let body = serde_json::from_str(body).map_err(|error| wrong(&store, id, error))?;
                table.put(id, body);
            }
        }
        for (at, collection) in self.fixtures.collections.iter_mut().enumerate() {
            let store = format!("collection:{at}");
            collection.forget(stored.counter(&store).unwrap_or(0));
            for &(number, body) in stored.rows(&store) {
                let body =
                    serde_json::from_str(body).map_err(|error| wrong(&store, number, error))?;
                collection.restore(number, body);
            }
        }
        Ok(())
    }

    fn restore_parts(&mut self, stored: &Store<'_>) -> Result<(), DataError> {
        for &(id, body) in stored.rows("comment") {
            let comment: StoredComment =
                serde_json::from_str(body).map_err(|error| wrong("comment", id, error))?;
            let restored = Comment {
                id,
                author: comment.author,
                posted: comment.posted,
                message: comment.message,
            };
            self.comments.restore(comment.task, restored);
        }
        self.comments
            .set_last(stored.counter("comment").unwrap_or(0));
        for &(task, body) in stored.rows("history") {
            let changes: Vec<(u64, i64, u64, String, Json, Json)> =
                serde_json::from_str(body).map_err(|error| wrong("history", task, error))?;
            let changes = changes.into_iter();
            let changes = changes.map(|(id, at, user, field, from, to)| Change {
                id,
                at,
                user,
                field,
                from: Value::from(from),
                to: Value::from(to),
            });
            self.history.restore(task, changes.collect());
        }
        self.history
            .set_last(stored.counter("history").unwrap_or(0));
        for (store, rows) in &stored.by_store {
            let Some((from, to)) = store
                .strip_prefix("links:")
                .and_then(|ends| ends.split_once(':'))
            else {
                continue;
            };
            let place = |name: &str| ENTITIES.iter().position(|entity| entity.name == name);
            let (Some(from), Some(to)) = (place(from), place(to)) else {
                continue;
            };
            for &(id, body) in rows {
                let links: Vec<(u64, i64, i64, bool)> =
                    serde_json::from_str(body).map_err(|error| wrong(store, id, error))?;
                let links = links.into_iter().map(|(id, sort, role, primary)| Link {
                    id,
                    sort,
                    role,
                    primary,
                });
                self.links.set(from, id, to, links.collect());
            }
        }
        let mut files = Vec::new();
        for store in ["file", "file_version"] {
            for &(id, body) in stored.rows(store) {
                let (version, file) = restored_file(store, id, body)?;
                files.push((id, version, file));
            }
        }
        let mut of_records = Vec::new();
        for table in &self.records {
            let kind = table.kind.name;
            let store = store_of_files(kind);
            for &(id, body) in stored.rows(&store) {
                let (_, file) = restored_file(&store, id, body)?;
                of_records.push(((kind, id), file));
            }
        }
        let last = stored.counter("file_version").unwrap_or(0);
        self.files.restore(files, of_records, last);
        Ok(())
    }

    /// Finds again what waits in the queues of offline events.
    fn index_offline(&mut self) {
        let table = &self.tables[OFFLINE_EVENT];
        let field = |name: &str| table.schema.item(name);
        let (Some(name), Some(data), Some(application), Some(connector)) = (
            field("EVENT_NAME"),
            field("EVENT_DATA"),
            field("APPLICATION"),
            field("CONNECTOR_ID"),
        ) else {
            return;
        };
        let text = |record: &Record, field| record.get(field).map(Value::to_text);
        let key = |&id: &u64| {
            let record = table.record(id)?;
            let (application, connector) = (text(record, application)?, text(record, connector)?);
            let data = to_json(record.get(data)?);
            let name = text(record, name)?;
            Some((
                super::event_bindings::queue_key(&application, &connector, &name, &data),
                id,
            ))
        };
        self.waiting_offline = table.written().iter().filter_map(key).collect();
    }
}

impl Base {
    /// What a portal with these rows starts with.
    fn data(&self, replies: Vec<Recorded>) -> Data {
        let rows = self.rows.iter().map(|(entity, rows, gaps)| Rows {
            entity: entity.clone(),
            rows: *rows,
            gaps: *gaps,
        });
        let fields = self.fields.iter().map(|(entity, fields)| Fields {
            entity: entity.clone(),
            fields: fields.clone(),
        });
        // A row that has the field of the ID says which one that is.
        let served = self.collections.iter().map(|(method, id)| Load {
            entity: method.clone(),
            rows: vec![Map::from_iter([(id.clone(), json!(0))])].into(),
        });
        Data {
            seed: self.seed,
            until: self.until,
            rows: rows.collect(),
            fields: fields.collect(),
            served: served.collect(),
            replies,
            ..Data::default()
        }
    }
}

/// The rows of a store, each store's by their IDs.
struct Store<'r> {
    by_store: HashMap<&'r str, Vec<(u64, &'r str)>>,
}

impl Store<'_> {
    fn rows(&self, store: &str) -> &[(u64, &str)] {
        self.by_store.get(store).map_or(&[], Vec::as_slice)
    }

    fn document<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<Option<T>, DataError> {
        let found = self.rows(name).first();
        found
            .map(|(id, body)| serde_json::from_str(body).map_err(|error| wrong(name, *id, error)))
            .transpose()
    }

    fn counter(&self, store: &str) -> Option<u64> {
        let (_, body) = self.rows(&format!("counter:{store}")).first()?;
        body.parse().ok()
    }
}

/// What is stored of a row of a table; nothing of one that nobody has touched.
fn table_body(table: &Table, id: u64) -> Option<String> {
    let is_written = table.written().binary_search(&id).is_ok();
    let record = table.record(id);
    if record.is_none() && !is_written {
        return table.is_deleted(id).then(|| "null".to_owned());
    }
    let mut body = Vec::with_capacity(256);
    body.extend_from_slice(if is_written {
        b"{\"written\":true,\"fields\":{"
    } else {
        b"{\"fields\":{"
    });
    let values = record.into_iter().flat_map(Record::values);
    for (place, (field, value)) in values.enumerate() {
        if place > 0 {
            body.push(b',');
        }
        php::write_string(&mut body, &table.schema.get(field).name);
        body.push(b':');
        php::write(&mut body, value);
    }
    body.extend_from_slice(b"}}");
    Some(String::from_utf8_lossy(&body).into_owned())
}

fn stored_field(field: &Field) -> StoredField {
    StoredField {
        name: field.name.to_string(),
        item: field.item.to_string(),
        camel: field.camel.clone(),
        title: field.title.to_string(),
        type_name: field.kind.type_name().to_owned(),
        is_read_only: field.traits.read_only,
        is_required: field.traits.required,
        is_multiple: field.traits.multiple,
        description: field.description.as_ref().map(of_array),
        settings: field.user_settings.as_ref().map(of_array),
    }
}

/// The stored fields; those that the program knows keep what is code of them. Fields that only the program knows, since
/// it is newer than the file, come last.
fn restored_schema(known: &Schema, fields: Vec<StoredField>) -> Schema {
    let mut schema = Schema::new(&[]);
    for stored in fields {
        let mut field = match known.stored_name(&stored.name) {
            Some(at) => known.get(at).clone(),
            None => Field::restored(&stored.name, &stored.item, stored.camel, &stored.type_name),
        };
        field.title = stored.title.into();
        field.traits.read_only = stored.is_read_only;
        field.traits.required = stored.is_required;
        field.traits.multiple = stored.is_multiple;
        field.description = stored.description.map(array);
        field.user_settings = stored.settings.map(array);
        schema.push(field);
    }
    for field in known.fields() {
        let is_new = schema.stored_name(&field.name).is_none();
        if is_new && !field.is_user_field() {
            schema.push(field.clone());
        }
    }
    schema
}

fn comment_row(task: u64, comment: &Comment) -> StoredRow {
    let stored = StoredComment {
        task,
        author: comment.author,
        posted: comment.posted,
        message: comment.message.clone(),
    };
    row("comment", comment.id, text_of(&stored))
}

fn content(stored: &StoredFile, file: Option<(u64, u64)>) -> StoredContent {
    StoredContent {
        file,
        name: stored.name.clone(),
        author: stored.author,
        created: stored.created,
        content: STANDARD.encode(&stored.content),
    }
}

/// Of what the files of records of a kind are rows.
fn store_of_files(kind: &str) -> String {
    format!("file:{kind}")
}

/// A file as it was stored; of a version also its file and its number there.
fn restored_file(
    store: &str,
    id: u64,
    body: &str,
) -> Result<(Option<(u64, u64)>, StoredFile), DataError> {
    let content: StoredContent =
        serde_json::from_str(body).map_err(|error| wrong(store, id, error))?;
    let bytes = STANDARD
        .decode(&content.content)
        .map_err(|error| wrong(store, id, error))?;
    let stored = StoredFile {
        name: content.name,
        content: bytes.into(),
        author: content.author,
        created: content.created,
    };
    Ok((content.file, stored))
}

fn version_row(id: u64, version: &FileVersion) -> StoredRow {
    let content = content(&version.stored, Some((version.file, version.number)));
    row("file_version", id, text_of(&content))
}
