//! The data of the R7-Office side: generated rows, which are a function of the seed and their number, and those that
//! were loaded or changed.

use std::collections::{BTreeMap, BTreeSet};

use brimful_portal::DataError;
use brimful_portal::extension::{ExtensionSetup, samples};
use brimful_r7_protocol::Moment;
use serde_json::{Value as Json, json};

use crate::config::R7Config;
use crate::guid;
use crate::row::Row;

/// The data of the emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entity {
    Person,
    Group,
    Contact,
    Opportunity,
    CrmTask,
    Case,
    Project,
    Task,
    Milestone,
}

const ENTITIES: [(Entity, &[&str]); 9] = [
    (Entity::Person, &["people", "person", "user", "users"]),
    (Entity::Group, &["group", "groups"]),
    (Entity::Contact, &["contact", "contacts"]),
    (Entity::Opportunity, &["opportunity", "opportunities"]),
    (Entity::CrmTask, &["crmtask", "crmtasks"]),
    (Entity::Case, &["case", "cases"]),
    (Entity::Project, &["project", "projects"]),
    (Entity::Task, &["task", "tasks"]),
    (Entity::Milestone, &["milestone", "milestones"]),
];

/// The most rows of an entity that are generated.
const MOST_ROWS: u64 = 1_000_000_000;

/// 2024-01-01T09:00:00+03:00, when the first thing was made.
const BEGAN: i64 = 1_704_088_800;

/// All that there is.
#[derive(Debug)]
pub(super) struct Store {
    seed: u64,
    /// Minutes east of Greenwich.
    offset: i16,
    tables: Vec<Table>,
    generate: Generate,
}

/// Makes the row of an entity with a number.
pub(super) type Generate = fn(&Store, Entity, u64) -> Row;

#[derive(Debug, Default)]
struct Table {
    generated: u64,
    last: u64,
    changed: BTreeMap<u64, Row>,
    deleted: BTreeSet<u64>,
    /// Numbers of loaded rows that brought a GUID of their own.
    guids: BTreeMap<String, u64>,
}

impl Store {
    /// The rows that a configuration asks for.
    pub(super) fn new(
        config: &R7Config,
        setup: ExtensionSetup,
        generate: Generate,
    ) -> Result<Self, DataError> {
        let mut store = Self {
            seed: setup.seed,
            offset: (setup.zone / 60) as i16,
            tables: ENTITIES.iter().map(|_| Table::default()).collect(),
            generate,
        };
        let mut requested = [None; ENTITIES.len()];
        for (name, rows) in &config.rows {
            if *rows > MOST_ROWS {
                return Err(DataError::TooManyRows {
                    entity: full_name(name),
                    rows: *rows,
                });
            }
            requested[named(name)? as usize] = Some(*rows);
        }
        for (name, _) in &config.loads {
            requested[named(name)? as usize].get_or_insert(0);
        }
        // Other rows refer to these: people have groups, tasks have projects.
        let people = requested[Entity::Person as usize].unwrap_or(1);
        let tasks = requested[Entity::Task as usize].unwrap_or(0);
        for (entity, rows) in [
            (Entity::Person, 1),
            (Entity::Group, (people / 25).clamp(1, 64)),
            (
                Entity::Project,
                (tasks / 50).min(200) + u64::from(tasks > 0),
            ),
        ] {
            requested[entity as usize].get_or_insert(rows);
        }
        for (table, rows) in store.tables.iter_mut().zip(requested) {
            table.generated = rows.unwrap_or(0);
            table.last = table.generated;
        }
        for (name, rows) in &config.loads {
            let entity = named(name)?;
            for (row, number) in rows.iter().zip(1..) {
                if !store.load(entity, row.clone()) {
                    return Err(DataError::NoId {
                        entity: full_name(name),
                        row: number,
                    });
                }
            }
        }
        Ok(store)
    }

    fn load(&mut self, entity: Entity, mut row: Row) -> bool {
        if entity.has_guid() {
            let number = self.tables[entity as usize].last + 1;
            match row.get("id").and_then(Json::as_str) {
                Some(id) => {
                    let id = id.to_lowercase();
                    self.tables[entity as usize].guids.insert(id, number);
                }
                None => {
                    row.insert("id".to_owned(), self.guid(entity, number).into());
                }
            }
            self.put(entity, number, row);
            return true;
        }
        let id = row.get("id").or_else(|| row.get("ID"));
        let id = id.and_then(|id| id.as_u64().or_else(|| id.as_str()?.parse().ok()));
        match id {
            Some(id) if id > 0 => {
                self.put(entity, id, row);
                true
            }
            _ => false,
        }
    }

    /// How many there are.
    pub(super) fn len(&self, entity: Entity) -> u64 {
        let table = &self.tables[entity as usize];
        let made = table.changed.range(table.generated + 1..).count() as u64;
        table.generated + made - table.deleted.len() as u64
    }

    /// The numbers of all that there are, ascending.
    pub(super) fn numbers(&self, entity: Entity) -> impl DoubleEndedIterator<Item = u64> {
        let table = &self.tables[entity as usize];
        (1..=table.generated)
            .chain(table.changed.range(table.generated + 1..).map(|(n, _)| *n))
            .filter(|number| !table.deleted.contains(number))
    }

    /// Whether the numbers are 1, 2, 3 and so on without a gap.
    pub(super) fn has_no_gaps(&self, entity: Entity) -> bool {
        let table = &self.tables[entity as usize];
        table.deleted.is_empty() && table.last == table.generated
    }

    /// The thing with this number.
    pub(super) fn get(&self, entity: Entity, number: u64) -> Option<Row> {
        let table = &self.tables[entity as usize];
        if table.deleted.contains(&number) {
            return None;
        }
        if let Some(row) = table.changed.get(&number) {
            return Some(row.clone());
        }
        if number == 0 || number > table.generated {
            return None;
        }
        Some((self.generate)(self, entity, number))
    }

    /// The number of the thing with this ID, a GUID or a number.
    pub(super) fn find(&self, entity: Entity, id: &str) -> Option<u64> {
        let number = if entity.has_guid() {
            let loaded = self.tables[entity as usize].guids.get(&id.to_lowercase());
            loaded
                .copied()
                .or_else(|| guid::number(self.key(entity), id))?
        } else {
            id.parse().ok()?
        };
        let table = &self.tables[entity as usize];
        let there = !table.deleted.contains(&number)
            && ((1..=table.generated).contains(&number) || table.changed.contains_key(&number));
        there.then_some(number)
    }

    pub(super) fn put(&mut self, entity: Entity, number: u64, row: Row) {
        let table = &mut self.tables[entity as usize];
        table.last = table.last.max(number);
        table.deleted.remove(&number);
        table.changed.insert(number, row);
    }

    /// The number that the next new thing gets.
    pub(super) fn next(&self, entity: Entity) -> u64 {
        self.tables[entity as usize].last + 1
    }

    pub(super) fn delete(&mut self, entity: Entity, number: u64) {
        let table = &mut self.tables[entity as usize];
        table.changed.remove(&number);
        if number <= table.generated {
            table.deleted.insert(number);
        }
    }

    /// The ID of the thing with this number as JSON has it.
    pub(super) fn guid(&self, entity: Entity, number: u64) -> String {
        guid::of(self.key(entity), number)
    }

    fn key(&self, entity: Entity) -> u64 {
        samples::mix(self.seed ^ samples::salt("r7") ^ samples::mix(entity as u64 + 1))
    }

    /// What the properties of a generated row are drawn from.
    pub(super) fn sample(&self, entity: Entity, number: u64) -> Sample<'_> {
        Sample {
            store: self,
            entity,
            number,
        }
    }

    /// The rows there are, ascending.
    pub(super) fn rows(&self, entity: Entity) -> impl Iterator<Item = Row> {
        self.numbers(entity)
            .filter_map(move |number| self.get(entity, number))
    }

    /// How many were generated.
    pub(super) fn generated(&self, entity: Entity) -> u64 {
        self.tables[entity as usize].generated
    }

    /// A moment as the server writes it.
    pub(super) fn moment(&self, unix: i64) -> Json {
        let moment = Moment::from_unix(unix).in_offset(self.offset);
        moment.to_string().into()
    }

    /// A person as other things name them.
    pub(super) fn person(&self, number: u64) -> Json {
        let Some(row) = self.get(Entity::Person, number) else {
            return Json::Null;
        };
        let take = |name: &str| row.get(name).cloned().unwrap_or_default();
        json!({
            "id": take("id"),
            "displayName": take("displayName"),
            "title": take("title"),
            "avatarSmall": take("avatarSmall"),
            "profileUrl": take("profileUrl"),
        })
    }
}

/// Draws the properties of one generated row: a function of the seed, the row and the property's name.
#[derive(Clone, Copy)]
pub(super) struct Sample<'s> {
    pub(super) store: &'s Store,
    pub(super) number: u64,
    entity: Entity,
}

impl Sample<'_> {
    /// A number below `below`.
    pub(super) fn draw(self, property: &str, below: u64) -> u64 {
        let row = samples::mix(self.store.key(self.entity) ^ self.number);
        samples::below(samples::mix(row ^ samples::salt(property)), below)
    }

    /// One of the words.
    pub(super) fn pick<'w>(self, property: &str, words: &[&'w str]) -> &'w str {
        words[self.draw(property, words.len() as u64) as usize]
    }

    /// A first and a last name.
    pub(super) fn name<'w>(self, first: &[&'w str], last: &[&'w str]) -> (&'w str, &'w str) {
        (self.pick("first", first), self.pick("last", last))
    }

    /// The user name of a person.
    pub(super) fn user_name(self) -> String {
        let (first, last) = self.name(samples::FIRST_LATIN, samples::LAST_LATIN);
        format!("{first}.{last}.{}", self.number)
    }

    /// A title: what it is about, and for which company.
    pub(super) fn title(self, subjects: &[&str]) -> String {
        let subject = self.pick("about", subjects);
        format!("{subject}{}", self.pick("whom", samples::COMPANIES))
    }

    /// The number of one of the generated people, if there are any.
    pub(super) fn person_number(self, property: &str) -> Option<u64> {
        match self.store.generated(Entity::Person) {
            0 => None,
            people => Some(1 + self.draw(property, people)),
        }
    }

    /// One of the generated people as other rows show them; null if there are none.
    pub(super) fn person(self, property: &str) -> Json {
        let number = self.person_number(property);
        number.map_or(Json::Null, |number| self.store.person(number))
    }

    /// When the row was made, in Unix seconds: later rows later.
    pub(super) fn made_at(self) -> i64 {
        BEGAN + self.number as i64 * 600 + self.draw("second", 500) as i64
    }
}

impl Entity {
    fn has_guid(self) -> bool {
        matches!(self, Self::Person | Self::Group)
    }
}

/// The name of an entity as the portal's user knows it.
fn full_name(entity: &str) -> String {
    format!("r7.{entity}")
}

fn named(entity: &str) -> Result<Entity, DataError> {
    let name = entity.trim().to_ascii_lowercase();
    ENTITIES
        .iter()
        .find(|(_, names)| names.contains(&name.as_str()))
        .map(|(entity, _)| *entity)
        .ok_or_else(|| {
            DataError::Extension(format!(
                "no {:?}: there are r7.people, r7.group, r7.contact, r7.opportunity, r7.crmtask, r7.case, r7.project, r7.task and r7.milestone",
                full_name(&name)
            ))
        })
}
