//! The portal's data: what every entity holds, generated rows and changed ones alike.
//!
//! A generated row is a pure function of (seed, entity, field, ID): ten million of them cost nothing until somebody
//! reads one. Methods are elsewhere; they see rows as [`cell::Cell`]s.

mod beginning;
pub(crate) mod bot_posts;
pub(crate) mod categories;
pub(crate) mod cell;
pub(crate) mod changes;
pub(crate) mod comments;
mod dictionary;
pub(crate) mod entities;
pub(crate) mod event_bindings;
pub(crate) mod events;
mod existing_ids;
mod fake_names;
pub(crate) mod files;
pub(crate) mod fixtures;
pub(crate) mod hash;
pub(crate) mod hidden_ids;
pub(crate) mod history;
pub(crate) mod links;
pub(crate) mod list;
mod loaded_rows;
mod loading;
pub(crate) mod new_id;
pub(crate) mod records;
mod row_differences;
pub(crate) mod sample_words;
pub(crate) mod schema;
pub(crate) mod source;
pub(crate) mod stages;
pub(crate) mod stored;
pub(crate) mod table;
mod tracked;
mod twins;
pub(crate) mod workdays;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use brimful_protocol::Array;

use beginning::{Beginning, LoadsByOwner};
use categories::Categories;
use changes::Changes;
use comments::Comments;
use entities::{
    CHECKLIST, COMPANY, CONTACT, DEAL, ELAPSED, ENTITIES, EVENT_LOG, LEAD, PRODUCT_ROW, QUOTE,
    STAGE_HISTORY, STATUS, TASK,
};
use existing_ids::SPARSEST;
use files::Files;
use history::History;
use links::Links;
use loading::{LoadTarget, place};
use records::RecordTable;
use stored::Base;
use table::{Record, Table};
use tracked::Tracked;
use workdays::Workday;

use crate::data::fixtures::Fixtures;
use crate::data::hidden_ids::HiddenIds;

pub use fake_names::with_fake_names;
pub use loaded_rows::LoadedRows;

/// What a portal starts with.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// Generated rows differ from seed to seed.
    pub seed: u64,
    /// Rows to generate.
    pub rows: Vec<Rows>,
    /// When the last of them were made, in Unix seconds; at the end of 2024 if not set.
    pub until: Option<i64>,
    /// Rows to take as they are.
    pub loads: Vec<Load>,
    /// Fields that entities have in the place of their usual ones.
    pub fields: Vec<Fields>,
    /// Rows behind list methods that no entity stands behind, by the name of the method.
    pub served: Vec<Load>,
    /// What methods answer.
    pub replies: Vec<Recorded>,
}

/// What a method answers, whatever it is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// Its result, or its whole reply.
    pub reply: serde_json::Value,
}

/// The fields of one entity, as `crm.lead.fields` and the like describe them.
#[derive(Debug, Clone, PartialEq)]
pub struct Fields {
    /// As in [`Rows::entity`].
    pub entity: String,
    /// What is said of each field, by its name. An empty object leaves a known field as it is.
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// The entities of which rows can be generated, by their names.
pub const ENTITY_NAMES: &str = "lead, deal, contact, company, quote, task, user, department, eventlog, activity, status, \
                                stagehistory, elapsed, checklist, productrow, diskobject, chat, message, offlineevent";

/// Rows to generate for one entity.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_field_names, reason = "rows is what they are called")]
pub struct Rows {
    /// One of [`ENTITY_NAMES`], or an `entityTypeId` from 128 on.
    pub entity: String,
    /// How many rows there are, exactly.
    pub rows: u64,
    /// The share of IDs that are missing between them, from 0 to 0.99.
    pub gaps: f64,
}

/// Rows of one entity to take as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// As in [`Rows::entity`], or `category` (funnels), or one of `lead.contact`, `deal.contact`, `quote.contact`,
    /// `company.contact` and `contact.company` (who belongs to what).
    pub entity: String,
    /// The rows, in any order. `ID` or `id` is a number or a string of digits; fields that a row lacks are empty.
    pub rows: LoadedRows,
}

/// Why a portal cannot start with some data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is no such entity.
    #[error("no entity \"{0}\": there are {ENTITY_NAMES}, and entityTypeIds from 128 on")]
    UnknownEntity(String),
    /// The data of an API from another crate makes no sense; the text says why.
    #[error("{0}")]
    Extension(String),
    /// A loaded row has no ID.
    #[error("row {row} of \"{entity}\" has no ID: give every row an ID from 1 on")]
    NoId {
        /// The entity.
        entity: String,
        /// The row, counted from 1.
        row: usize,
    },
    /// Two rows have the same ID.
    #[error("two rows of \"{entity}\" have the ID {id}: give every row an ID of its own")]
    DuplicateId {
        /// The entity.
        entity: String,
        /// The ID.
        id: u64,
    },
    /// A store makes no sense.
    #[error("{0}")]
    Stored(String),
    /// The file of the data can't be used; the text says why.
    #[error("{0}")]
    File(String),
    /// A generated entity is larger than IDs go.
    #[error("{rows} rows of \"{entity}\" are too many: at most {MOST_ROWS} can be generated")]
    TooManyRows {
        /// The entity.
        entity: String,
        /// The rows asked for.
        rows: u64,
    },
    /// More IDs are to be missing than can be counted, or it is not a share.
    #[error(
        "the gaps of \"{entity}\" are {gaps}: the share of missing IDs is from 0 to {SPARSEST}"
    )]
    WrongGaps {
        /// The entity.
        entity: String,
        /// The share asked for.
        gaps: String,
    },
}

/// At most so many rows of an entity are generated.
const MOST_ROWS: u64 = 1_000_000_000;

/// All that the portal holds.
#[derive(Debug)]
pub(crate) struct PortalData {
    pub(crate) tables: Vec<Table>,
    pub(crate) links: Links,
    pub(crate) comments: Comments,
    /// The history of tasks since the portal began.
    pub(crate) history: History,
    pub(crate) categories: Tracked<Categories>,
    /// What is served as it was given.
    pub(crate) fixtures: Fixtures,
    pub(crate) files: Files,
    /// A table for each kind of [`records::kinds`].
    pub(crate) records: Vec<RecordTable>,
    /// What applications keep, for all users and for each.
    pub(crate) options: Tracked<BTreeMap<Option<u64>, Array>>,
    /// What users have set in the portal itself, such as their status in the messenger and the layout of cards, for all
    /// and for each.
    pub(crate) preferences: Tracked<BTreeMap<Option<u64>, Array>>,
    /// What is known of smart processes that calls have made or changed, by their `entityTypeId`.
    pub(crate) type_settings: Tracked<BTreeMap<u32, Array>>,
    /// Who was added to chats, beside their owners.
    pub(crate) chat_members: Tracked<BTreeMap<u64, BTreeSet<u64>>>,
    /// The working day of each user who has begun one.
    pub(crate) workdays: Tracked<BTreeMap<u64, Workday>>,
    /// Rows that lists count and do not show.
    pub(crate) hidden: HiddenIds,
    /// What the generated rows come from.
    base: Base,
    /// What happened since the last time that no row tells of.
    told: Vec<events::Occurrence>,
    /// What bots are to be told, each at its own address.
    bot_posts: Vec<bot_posts::BotPost>,
    /// The ID that the next phone, e-mail or other multifield gets, and what a store was told of it.
    next_multifield: u64,
    stored_multifield: u64,
    /// Where in the queue of offline events those of a change are, by application, connector, event and data.
    waiting_offline: HashMap<String, u64>,
    /// The entries of the event log that calls made, the oldest first.
    entered: VecDeque<u64>,
    /// The moves from stage to stage that calls made, the oldest first.
    moves: VecDeque<u64>,
}

/// So many changes that calls made are held in the event log, and so many moves in the history of stages; the oldest go.
pub(crate) const MOST_ENTERED: usize = 10_000;

impl PortalData {
    /// A portal with `data` and nothing else.
    pub(crate) fn new(mut data: Data) -> Result<Self, DataError> {
        let mut beginning = Beginning::new(&data.rows)?;
        let LoadsByOwner {
            entities,
            records,
            unmodelled,
        } = LoadsByOwner::take(&mut data, &beginning);
        let loads = beginning.targets(entities.into_iter())?;
        let tables = beginning.tables(&data)?;
        let collections: Vec<String> = unmodelled.iter().map(|load| load.entity.clone()).collect();
        let fixtures = Fixtures::new(unmodelled, data.replies);
        let base = Base {
            seed: data.seed,
            until: data.until,
            rows: beginning.generated_rows(),
            fields: data
                .fields
                .into_iter()
                .map(|fields| (fields.entity, fields.fields))
                .collect(),
            collections: collections
                .into_iter()
                .zip(&fixtures.collections)
                .map(|(name, collection)| (name, collection.style.id.clone()))
                .collect(),
            loaded: records
                .iter()
                .filter(|table| table.is_loaded)
                .map(|table| table.kind.name.to_owned())
                .collect(),
        };
        let mut state = Self {
            tables,
            links: Links::default(),
            comments: Comments::default(),
            history: History::default(),
            categories: Tracked::default(),
            fixtures,
            files: Files::default(),
            records,
            options: Tracked::default(),
            preferences: Tracked::default(),
            type_settings: Tracked::default(),
            chat_members: Tracked::default(),
            workdays: Tracked::default(),
            hidden: HiddenIds::default(),
            base,
            told: Vec::new(),
            bot_posts: Vec::new(),
            next_multifield: 1 << 32,
            stored_multifield: 1 << 32,
            waiting_offline: HashMap::new(),
            entered: VecDeque::new(),
            moves: VecDeque::new(),
        };
        let has_statuses = loads.iter().any(|(to, _)| *to == LoadTarget::Table(STATUS));
        if !has_statuses && !beginning.is_asked(STATUS) {
            state.begin_dictionary();
        }
        for (to, load) in loads {
            state.load(to, load)?;
        }
        state.begin_drive();
        state.begin_twins();
        state.take_changes();
        Ok(state)
    }

    /// What calls have changed since the last time.
    pub(crate) fn take_changes(&mut self) -> Changes {
        self.write_twins();
        let mut changes = Changes::default();
        for table in &mut self.tables {
            let entity = table.entity;
            let earlier = table.earlier.take().into_iter();
            changes
                .earlier_rows
                .extend(earlier.map(|(id, row)| (entity, id, row)));
            if table.schema.take_change() {
                changes.schemas.push(entity);
            }
            let rows = table.changes.take().into_iter();
            changes
                .rows
                .extend(rows.map(|(id, change)| (entity, id, change)));
        }
        for (place, table) in self.records.iter_mut().enumerate() {
            let earlier = table.earlier.take().into_iter();
            changes
                .earlier_records
                .extend(earlier.map(|(id, row)| (place, id, row)));
            let gone = table.take_gone().into_iter();
            changes.gone.extend(gone.map(|(id, row)| (place, id, row)));
            let records = table.changes.take().into_iter();
            changes
                .records
                .extend(records.map(|(id, change)| (place, id, change)));
        }
        changes.told = std::mem::take(&mut self.told);
        changes.bot_posts = std::mem::take(&mut self.bot_posts);
        changes.comments = self.comments.take_changes();
        changes.history = self.history.take_changed();
        changes.links = self.links.take_touched();
        changes.files = self.files.take_changed();
        for (place, collection) in self.fixtures.collections.iter_mut().enumerate() {
            let numbers = collection.take_changed().into_iter();
            changes
                .collections
                .extend(numbers.map(|number| (place, number)));
        }
        let whole = [
            ("document:options", self.options.take_change()),
            ("document:preferences", self.preferences.take_change()),
            ("document:types", self.type_settings.take_change()),
            ("document:chat_members", self.chat_members.take_change()),
            ("document:workdays", self.workdays.take_change()),
            ("document:categories", self.categories.take_change()),
        ];
        let whole = whole.into_iter().filter(|(_, is_changed)| *is_changed);
        changes.documents = whole.map(|(name, _)| name).collect();
        changes.multifields = self.next_multifield != self.stored_multifield;
        self.stored_multifield = self.next_multifield;
        changes
    }

    /// Says that something happened that no row tells of: the event, and what it says of it.
    pub(crate) fn tell(&mut self, event: String, fields: &serde_json::Value) {
        self.told.push(events::Occurrence {
            name: event.into(),
            scope: "crm",
            data: serde_json::json!({ "FIELDS": fields }),
        });
    }

    /// Has a bot be told of something.
    pub(crate) fn post_to_bot(&mut self, post: bot_posts::BotPost) {
        self.bot_posts.push(post);
    }

    /// Adds an entry to the event log. Of those that were added so, the oldest are dropped.
    pub(crate) fn enter(&mut self, record: Record) {
        let table = &mut self.tables[EVENT_LOG];
        self.entered.push_back(table.insert(record));
        if self.entered.len() > MOST_ENTERED
            && let Some(oldest) = self.entered.pop_front()
        {
            table.delete(oldest);
        }
    }

    /// Adds a move to the history of stages. Of those that were added so, the oldest are dropped.
    pub(crate) fn note_stage(&mut self, record: Record) {
        let table = &mut self.tables[STAGE_HISTORY];
        self.moves.push_back(table.insert(record));
        if self.moves.len() > MOST_ENTERED
            && let Some(oldest) = self.moves.pop_front()
        {
            table.delete(oldest);
        }
    }

    /// Deletes a row and what belongs to it alone: its links, what was sold with it; of a task its checklists, the time
    /// spent on it, its comments and its history.
    pub(crate) fn delete_row(&mut self, entity: usize, id: u64) {
        self.tables[entity].delete(id);
        for to in [CONTACT, COMPANY] {
            self.links.forget(entity, id, to);
        }
        match entity {
            TASK => {
                self.history.forget(id);
                self.comments.forget(id);
                for part in [CHECKLIST, ELAPSED] {
                    self.delete_parts(part, "TASK_ID", id, None);
                }
            }
            LEAD => self.delete_parts(PRODUCT_ROW, "OWNER_ID", id, Some("L")),
            DEAL => self.delete_parts(PRODUCT_ROW, "OWNER_ID", id, Some("D")),
            QUOTE => self.delete_parts(PRODUCT_ROW, "OWNER_ID", id, Some("Q")),
            _ => {}
        }
    }

    /// Deletes the rows that were written for an owner. Those that are generated take no memory and stay.
    fn delete_parts(&mut self, part: usize, owner_field: &str, owner: u64, letter: Option<&str>) {
        let table = &self.tables[part];
        let Some(at) = table.schema.legacy(owner_field) else {
            return;
        };
        let of_type = |id: u64| {
            let at = table.schema.legacy("OWNER_TYPE");
            let kind = at.and_then(|at| table.row(id).cell(at).to_text());
            letter.is_none_or(|letter| kind.as_deref() == Some(letter))
        };
        let is_owned = |id: &u64| {
            let of = table.row(*id).cell(at).to_int();
            of == i64::try_from(owner).ok() && of_type(*id)
        };
        let going: Vec<u64> = table.written().iter().copied().filter(is_owned).collect();
        for id in going {
            self.tables[part].delete(id);
        }
    }

    /// How many entries are held for what calls have written and deleted.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        let tables: usize = self.tables.iter().map(Table::entries).sum();
        tables
            + self.links.entries()
            + self.comments.entries()
            + self.history.entries()
            + self.entered.len()
            + self.moves.len()
    }

    /// How many rows the entities have that have any, by the names that rows are asked for by.
    pub(crate) fn row_counts(&self) -> Vec<(String, u64)> {
        let tables = self.tables.iter().map(|table| {
            let name = ENTITIES.get(table.entity).map_or_else(
                || table.entity_type.to_string(),
                |entity| entity.name.to_owned(),
            );
            (name, table.count(1, u64::MAX))
        });
        tables.filter(|(_, rows)| *rows > 0).collect()
    }

    /// The seed of the generated rows.
    pub(crate) fn seed(&self) -> u64 {
        self.base.seed
    }

    /// The place of the entity `name`, if the portal has it.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        let mut types: Vec<u32> = self.tables.iter().map(|table| table.entity_type).collect();
        place(name, &mut types).filter(|&at| at < self.tables.len())
    }

    pub(crate) fn table(&self, entity: usize) -> &Table {
        &self.tables[entity]
    }

    /// The rows of the kind of records with this name.
    pub(crate) fn record_table(&self, kind: &str) -> Option<&RecordTable> {
        records::place(kind).map(|place| &self.records[place])
    }

    pub(crate) fn table_mut(&mut self, entity: usize) -> &mut Table {
        &mut self.tables[entity]
    }

    /// The place of the entity whose rows a call returns, if it is one of those with tables.
    pub(crate) fn entity_of_call(
        &self,
        method: &str,
        params: &brimful_protocol::Array,
    ) -> Option<usize> {
        let name = match method {
            "disk.folder.getchildren" | "disk.storage.getchildren" => "diskobject",
            "im.recent.list" => "chat",
            "im.dialog.messages.get" => "message",
            _ => match method.rsplit_once('.')?.0 {
                "crm.item" => {
                    let entity_type = params.get("entityTypeId")?.to_int();
                    return self.by_type(entity_type).map(|table| table.entity);
                }
                "task.elapseditem" => "elapsed",
                "task.checklistitem" => "checklist",
                "task.item" | "task.items" => "task",
                "event.offline" => "offlineevent",
                name => name,
            },
        };
        self.place(name)
    }

    /// The CRM entity with this `entityTypeId`.
    pub(crate) fn by_type(&self, entity_type: i64) -> Option<&Table> {
        self.tables
            .iter()
            .find(|table| table.entity_type != 0 && i64::from(table.entity_type) == entity_type)
    }

    /// The smart processes.
    pub(crate) fn smart(&self) -> &[Table] {
        &self.tables[entities::SMART..]
    }

    /// An ID for a phone, e-mail or other multifield.
    pub(crate) fn new_multifield(&mut self) -> u64 {
        self.next_multifield += 2;
        self.next_multifield
    }
}
