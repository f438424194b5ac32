//! The portal's data: what every entity holds, generated rows and changed ones alike.
//!
//! A generated row is a pure function of (seed, entity, field, ID): ten million of them cost nothing until somebody
//! reads one. Methods are elsewhere; they see rows as [`cell::Cell`]s.

pub(crate) mod cell;
pub(crate) mod comments;
pub(crate) mod entities;
pub(crate) mod files;
mod hash;
pub(crate) mod links;
pub(crate) mod moment;
mod presence;
pub(crate) mod schema;
mod source;
pub(crate) mod stages;
pub(crate) mod table;
mod words;

use std::sync::Arc;

use brimful_protocol::Value;
use comments::Comments;
use entities::ENTITIES;
use files::Files;
use links::Links;
use presence::Presence;
use schema::{ID, Schema};
use source::{Source, World};
use table::{Record, Table};

/// What a portal starts with.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// Generated rows differ from seed to seed.
    pub seed: u64,
    /// Rows to generate.
    pub rows: Vec<Rows>,
    /// Rows to take as they are.
    pub loads: Vec<Load>,
}

/// Rows to generate for one entity.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_field_names, reason = "rows is what they are called")]
pub struct Rows {
    /// `lead`, `deal`, `contact`, `company`, `task`, `user`, `department`, `eventlog`, `activity`, or an `entityTypeId`
    /// from 128 on.
    pub entity: String,
    /// How many rows there are, exactly.
    pub rows: u64,
    /// The share of IDs that are missing between them, from 0 to 0.99.
    pub gaps: f64,
}

/// Rows of one entity to take as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// As in [`Rows::entity`].
    pub entity: String,
    /// The rows, in any order. `ID` or `id` is a number or a string of digits; fields that a row lacks are empty.
    pub rows: Vec<serde_json::Map<String, serde_json::Value>>,
}

/// Why a portal cannot start with some data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is no such entity.
    #[error(
        "no entity \"{0}\": there are lead, deal, contact, company, task, user, department, eventlog, activity and entityTypeIds from 128 on"
    )]
    UnknownEntity(String),
    /// A loaded row has no ID.
    #[error("row {row} of \"{entity}\" has no ID: give every row an ID from 1 on")]
    NoId {
        /// The entity.
        entity: String,
        /// The row, counted from 1.
        row: usize,
    },
    /// A generated entity is larger than IDs go.
    #[error("{rows} rows of \"{entity}\" are too many: at most {MOST_ROWS} can be generated")]
    TooManyRows {
        /// The entity.
        entity: String,
        /// The rows asked for.
        rows: u64,
    },
}

/// At most so many rows of an entity are generated.
const MOST_ROWS: u64 = 1_000_000_000;

/// All that the portal holds.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) tables: Vec<Table>,
    pub(crate) links: Links,
    pub(crate) comments: Comments,
    pub(crate) files: Files,
    /// The ID that the next phone, e-mail or other multifield gets.
    next_multifield: u64,
}

impl State {
    /// A portal with `data` and nothing else.
    pub(crate) fn new(data: Data) -> Result<Self, DataError> {
        let mut types: Vec<u32> = ENTITIES.iter().map(|entity| entity.type_id).collect();
        let mut place = |name: &str| {
            place(name, &mut types).ok_or_else(|| DataError::UnknownEntity(name.to_owned()))
        };
        let mut asked: Vec<Option<(u64, f64)>> = Vec::new();
        for Rows { entity, rows, gaps } in &data.rows {
            let at = place(entity)?;
            if *rows > MOST_ROWS {
                return Err(DataError::TooManyRows {
                    entity: entity.clone(),
                    rows: *rows,
                });
            }
            asked.resize(asked.len().max(at + 1), None);
            asked[at] = Some((*rows, *gaps));
        }
        let mut loads = Vec::new();
        for load in data.loads {
            let at = place(&load.entity)?;
            asked.resize(asked.len().max(at + 1), None);
            // Loaded rows are alone unless generated ones were asked for too.
            asked[at].get_or_insert((0, 0.0));
            loads.push((at, load));
        }
        asked.resize(types.len(), None);
        let key = |at: usize| hash::mix(data.seed ^ hash::mix(at as u64 + 1));
        let presences = asked.iter().enumerate().map(|(at, asked)| {
            let (rows, gaps) =
                asked.unwrap_or((ENTITIES.get(at).map_or(0, |entity| entity.rows), 0.0));
            Presence::new(key(at), rows, gaps)
        });
        let world = Arc::new(World::new(presences.collect()));
        let tables = types.iter().enumerate().map(|(at, &entity_type)| {
            let fields = ENTITIES
                .get(at)
                .map_or(entities::SMART_FIELDS, |entity| entity.fields);
            Table::new(
                at,
                entity_type,
                Schema::new(fields),
                Arc::clone(&world),
                key(at),
            )
        });
        let mut state = Self {
            tables: tables.collect(),
            links: Links::default(),
            comments: Comments::default(),
            files: Files::default(),
            next_multifield: 1 << 32,
        };
        for (at, load) in loads {
            state.load(at, load)?;
        }
        Ok(state)
    }

    fn load(&mut self, at: usize, load: Load) -> Result<(), DataError> {
        let table = &mut self.tables[at];
        let mut rows = Vec::with_capacity(load.rows.len());
        for (row, fields) in load.rows.into_iter().enumerate() {
            let mut record = Record::default();
            let mut id = 0;
            for (name, value) in fields {
                let field = table.schema.ensure(&name);
                let value = Value::from(value);
                if field == ID {
                    id = u64::try_from(value.to_int()).unwrap_or(0);
                } else {
                    record.set(field, value);
                }
            }
            if id == 0 {
                return Err(DataError::NoId {
                    entity: load.entity,
                    row: row + 1,
                });
            }
            if let (Some(field), true) = (
                table.schema.item("ENTITY_TYPE_ID"),
                record_lacks_type(&table.schema, &record),
            ) {
                record.set(field, Value::Int(i64::from(table.entity_type)));
            }
            rows.push((id, record));
        }
        // In the order of IDs every row goes to the end; of rows with one ID the last one stays.
        rows.sort_by_key(|(id, _)| *id);
        for (id, record) in rows {
            table.put(id, record);
        }
        Ok(())
    }

    /// The place of the entity `name`, if the portal has it.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        let mut types: Vec<u32> = self.tables.iter().map(|table| table.entity_type).collect();
        place(name, &mut types).filter(|&at| at < self.tables.len())
    }

    pub(crate) fn table(&self, entity: usize) -> &Table {
        &self.tables[entity]
    }

    pub(crate) fn table_mut(&mut self, entity: usize) -> &mut Table {
        &mut self.tables[entity]
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

fn record_lacks_type(schema: &Schema, record: &Record) -> bool {
    schema.item("ENTITY_TYPE_ID").is_some_and(|field| {
        matches!(schema.get(field).source, Source::Number(_)) && record.get(field).is_none()
    })
}

/// The place of the entity `name`; smart processes that are not built in get one.
fn place(name: &str, types: &mut Vec<u32>) -> Option<usize> {
    let name = name.trim().to_ascii_lowercase();
    // `crm.lead` and `tasks.task` are what the methods call them.
    let name = name.rsplit('.').next().unwrap_or_default().to_owned();
    let singular = name.strip_suffix("ies").map_or_else(
        || name.strip_suffix('s').unwrap_or(&name).to_owned(),
        |stem| format!("{stem}y"),
    );
    if let Some(at) = ENTITIES.iter().position(|entity| entity.name == singular) {
        return Some(at);
    }
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let entity_type: u32 = digits.parse().ok().filter(|&id| id >= 128)?;
    Some(
        types
            .iter()
            .position(|&other| other == entity_type)
            .unwrap_or_else(|| {
                types.push(entity_type);
                types.len() - 1
            }),
    )
}
