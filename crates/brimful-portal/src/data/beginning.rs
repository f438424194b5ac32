//! Which tables a portal begins with, and how many rows of each are generated.

use std::collections::HashMap;
use std::sync::Arc;

use super::entities::{self, ENTITIES};
use super::existing_ids::{ExistingIds, SPARSEST};
use super::loading::{self, LoadTarget, entity_of, place, target};
use super::records::{self, RecordTable};
use super::schema::Schema;
use super::source::AllRows;
use super::table::Table;
use super::{Data, DataError, Fields, Load, MOST_ROWS, Rows, hash};

/// How many rows are generated, and the share of IDs that are missing between them.
type Generated = (u64, f64);

/// The tables to be.
#[derive(Debug)]
pub(super) struct Beginning {
    /// `entityTypeId`s by the places of their tables.
    types: Vec<u32>,
    /// What was asked for of each table; `None` where nothing was.
    asked: Vec<Option<Generated>>,
}

impl Beginning {
    /// The tables that every portal has, and those that `rows` are of.
    pub(super) fn new(rows: &[Rows]) -> Result<Self, DataError> {
        let mut types: Vec<u32> = ENTITIES.iter().map(|entity| entity.type_id).collect();
        // Every portal has invoices, which are items like those of smart processes.
        types.push(loading::INVOICE);
        let mut beginning = Self {
            types,
            asked: Vec::new(),
        };
        for Rows { entity, rows, gaps } in rows {
            let at = beginning.place(entity)?;
            if *rows > MOST_ROWS {
                return Err(DataError::TooManyRows {
                    entity: entity.clone(),
                    rows: *rows,
                });
            }
            if !(0.0..=SPARSEST).contains(gaps) {
                return Err(DataError::WrongGaps {
                    entity: entity.clone(),
                    gaps: gaps.to_string(),
                });
            }
            *beginning.asked_of(at) = Some((*rows, *gaps));
        }
        Ok(beginning)
    }

    fn place(&mut self, entity: &str) -> Result<usize, DataError> {
        place(entity, &mut self.types).ok_or_else(|| DataError::UnknownEntity(entity.to_owned()))
    }

    fn asked_of(&mut self, at: usize) -> &mut Option<Generated> {
        self.asked.resize(self.asked.len().max(at + 1), None);
        &mut self.asked[at]
    }

    /// Whether a name is that of a kind of records, and of no entity.
    pub(super) fn is_kind(&self, name: &str) -> bool {
        let is_entity = || place(name, &mut self.types.clone()).is_some();
        records::place(name.trim()).is_some() && target(name).is_none() && !is_entity()
    }

    /// Where each of the loads goes. A table whose rows are loaded generates none unless that was asked for too.
    pub(super) fn targets(
        &mut self,
        loads: impl Iterator<Item = Load>,
    ) -> Result<Vec<(LoadTarget, Load)>, DataError> {
        let mut targets = Vec::new();
        for load in loads {
            let to = match target(&load.entity) {
                Some(to) => to,
                None => LoadTarget::Table(self.place(&load.entity)?),
            };
            if let LoadTarget::Table(at) = to {
                self.asked_of(at).get_or_insert((0, 0.0));
            }
            targets.push((to, load));
        }
        Ok(targets)
    }

    /// Whether rows of this table were asked for, or loaded.
    pub(super) fn is_asked(&self, at: usize) -> bool {
        self.asked.get(at).is_some_and(Option::is_some)
    }

    fn generated(&self, at: usize) -> Generated {
        let usual = || ENTITIES.get(at).map_or(0, |entity| entity.rows);
        let asked = self.asked.get(at).copied().flatten();
        asked.unwrap_or_else(|| (usual(), 0.0))
    }

    /// The tables with their generated rows.
    pub(super) fn tables(&mut self, data: &Data) -> Result<Vec<Table>, DataError> {
        let mut described = HashMap::new();
        for Fields { entity, fields } in &data.fields {
            described.insert(self.place(entity)?, fields);
        }
        let key = |at: usize| hash::mix(data.seed ^ hash::mix(at as u64 + 1));
        let presences = (0..self.types.len()).map(|at| {
            let (rows, gaps) = self.generated(at);
            ExistingIds::new(key(at), rows, gaps)
        });
        let all_rows = Arc::new(AllRows::new(presences.collect(), data.until));
        let tables = self.types.iter().enumerate().map(|(at, &entity_type)| {
            let fields = ENTITIES
                .get(at)
                .map_or(entities::SMART_FIELDS, |entity| entity.fields);
            let schema = match described.get(&at) {
                Some(description) => Schema::described(fields, description),
                None => Schema::new(fields),
            };
            Table::new(at, entity_type, schema, Arc::clone(&all_rows), key(at))
        });
        Ok(tables.collect())
    }

    /// The name of each table, and how many rows of it are generated.
    pub(super) fn generated_rows(&self) -> Vec<(String, u64, f64)> {
        let names = self.types.iter().enumerate().map(|(at, entity_type)| {
            ENTITIES
                .get(at)
                .map_or_else(|| entity_type.to_string(), |entity| entity.name.to_owned())
        });
        names
            .enumerate()
            .map(|(at, name)| {
                let (rows, gaps) = self.generated(at);
                (name, rows, gaps)
            })
            .collect()
    }
}

/// Rows behind list methods, by what has them.
#[derive(Debug)]
pub(super) struct LoadsByOwner {
    /// Of lists of entities, with the entity's name.
    pub(super) entities: Vec<Load>,
    /// The kinds of records, with the rows that were loaded for them.
    pub(super) records: Vec<RecordTable>,
    /// Of lists that nothing models.
    pub(super) unmodelled: Vec<Load>,
}

/// The kind of records that a name means: one of their list, or their own.
fn kind_of(name: &str) -> Option<usize> {
    records::listed(name).or_else(|| records::place(name.trim()))
}

impl LoadsByOwner {
    /// Takes the loads out of the data of a portal. Rows of a kind of records go by its name too.
    pub(super) fn take(data: &mut Data, beginning: &Beginning) -> Self {
        let kinds = records::kinds().iter();
        let mut records: Vec<RecordTable> = kinds.map(|kind| RecordTable::new(kind)).collect();
        let loads = std::mem::take(&mut data.loads).into_iter();
        let (of_kinds, mut entities): (Vec<Load>, Vec<Load>) =
            loads.partition(|load| beginning.is_kind(&load.entity));
        let served = std::mem::take(&mut data.served).into_iter();
        let mut unmodelled = Vec::new();
        for load in served.chain(of_kinds) {
            if let Some(entity) = entity_of(&load.entity) {
                entities.push(Load {
                    entity: entity.to_owned(),
                    rows: load.rows,
                });
            } else if let Some(place) = kind_of(&load.entity) {
                records[place].replace(load.rows.to_maps());
            } else {
                unmodelled.push(load);
            }
        }
        Self {
            entities,
            records,
            unmodelled,
        }
    }
}
