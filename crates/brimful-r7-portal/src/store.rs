//! The data of the R7-Office side: generated rows, which are a function of the seed and their number, and those that
//! were loaded or changed.

use std::collections::{BTreeMap, BTreeSet};

use brimful_portal::DataError;
use brimful_portal::extension::{ExtensionSetup, samples};
use brimful_r7_protocol::Moment;
use serde_json::{Map, Value as Json, json};

use super::config::R7Config;
use super::{crm, group, guid, people, project};

/// A row: the properties of a thing in the order in which they are written.
pub(super) type Row = Map<String, Json>;

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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

const KINDS: [(Kind, &[&str]); 9] = [
    (Kind::Person, &["people", "person", "user", "users"]),
    (Kind::Group, &["group", "groups"]),
    (Kind::Contact, &["contact", "contacts"]),
    (Kind::Opportunity, &["opportunity", "opportunities"]),
    (Kind::CrmTask, &["crmtask", "crmtasks"]),
    (Kind::Case, &["case", "cases"]),
    (Kind::Project, &["project", "projects"]),
    (Kind::Task, &["task", "tasks"]),
    (Kind::Milestone, &["milestone", "milestones"]),
];

/// At most so many rows of a kind are generated.
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
}

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
    pub(super) fn new(config: &R7Config, setup: ExtensionSetup) -> Result<Self, DataError> {
        let mut store = Self {
            seed: setup.seed,
            offset: (setup.zone / 60) as i16,
            tables: KINDS.iter().map(|_| Table::default()).collect(),
        };
        let mut asked = [None; KINDS.len()];
        for (entity, rows) in &config.rows {
            let kind = named(entity)?;
            if *rows > MOST_ROWS {
                return Err(DataError::TooManyRows {
                    entity: full_name(entity),
                    rows: *rows,
                });
            }
            asked[kind as usize] = Some(*rows);
        }
        for (entity, _) in &config.loads {
            asked[named(entity)? as usize].get_or_insert(0);
        }
        // What stands in other rows is there too: people have groups, tasks have projects.
        let people = asked[Kind::Person as usize].unwrap_or(1);
        let tasks = asked[Kind::Task as usize].unwrap_or(0);
        for (kind, otherwise) in [
            (Kind::Person, 1),
            (Kind::Group, (people / 25).clamp(1, 64)),
            (Kind::Project, (tasks / 50).min(200) + u64::from(tasks > 0)),
        ] {
            asked[kind as usize].get_or_insert(otherwise);
        }
        for (kind, _) in KINDS {
            let rows = asked[kind as usize].unwrap_or(0);
            let table = &mut store.tables[kind as usize];
            table.generated = rows;
            table.last = rows;
        }
        for (entity, rows) in &config.loads {
            let kind = named(entity)?;
            for (row, number) in rows.iter().zip(1..) {
                if !store.load(kind, row.clone()) {
                    return Err(DataError::NoId {
                        entity: full_name(entity),
                        row: number,
                    });
                }
            }
        }
        Ok(store)
    }

    fn load(&mut self, kind: Kind, mut row: Row) -> bool {
        if kind.has_guid() {
            let number = self.tables[kind as usize].last + 1;
            match row.get("id").and_then(Json::as_str) {
                Some(id) => {
                    let id = id.to_lowercase();
                    self.tables[kind as usize].guids.insert(id, number);
                }
                None => {
                    row.insert("id".to_owned(), self.guid(kind, number).into());
                }
            }
            self.put(kind, number, row);
            return true;
        }
        let id = row.get("id").or_else(|| row.get("ID"));
        let id = id.and_then(|id| id.as_u64().or_else(|| id.as_str()?.parse().ok()));
        match id {
            Some(id) if id > 0 => {
                self.put(kind, id, row);
                true
            }
            _ => false,
        }
    }

    /// How many there are.
    pub(super) fn len(&self, kind: Kind) -> u64 {
        let table = &self.tables[kind as usize];
        let made = table.changed.range(table.generated + 1..).count() as u64;
        table.generated + made - table.deleted.len() as u64
    }

    /// The numbers of all that there are, ascending.
    pub(super) fn numbers(&self, kind: Kind) -> impl DoubleEndedIterator<Item = u64> {
        let table = &self.tables[kind as usize];
        (1..=table.generated)
            .chain(table.changed.range(table.generated + 1..).map(|(n, _)| *n))
            .filter(|number| !table.deleted.contains(number))
    }

    /// Whether the numbers are 1, 2, 3 and so on without a gap.
    pub(super) fn is_plain(&self, kind: Kind) -> bool {
        let table = &self.tables[kind as usize];
        table.deleted.is_empty() && table.last == table.generated
    }

    /// The thing with this number.
    pub(super) fn get(&self, kind: Kind, number: u64) -> Option<Row> {
        let table = &self.tables[kind as usize];
        if table.deleted.contains(&number) {
            return None;
        }
        if let Some(row) = table.changed.get(&number) {
            return Some(row.clone());
        }
        if number == 0 || number > table.generated {
            return None;
        }
        Some(match kind {
            Kind::Person => people::generate(self, number),
            Kind::Group => group::generate(self, number),
            Kind::Contact => crm::contact(self, number),
            Kind::Opportunity => crm::opportunity(self, number),
            Kind::CrmTask => crm::task(self, number),
            Kind::Case => crm::case(self, number),
            Kind::Project => project::generate(self, number),
            Kind::Task => project::task(self, number),
            Kind::Milestone => project::milestone(self, number),
        })
    }

    /// The number of the thing with this ID, a GUID or a number.
    pub(super) fn find(&self, kind: Kind, id: &str) -> Option<u64> {
        let number = if kind.has_guid() {
            let loaded = self.tables[kind as usize].guids.get(&id.to_lowercase());
            loaded
                .copied()
                .or_else(|| guid::number(self.key(kind), id))?
        } else {
            id.parse().ok()?
        };
        let table = &self.tables[kind as usize];
        let there = !table.deleted.contains(&number)
            && ((1..=table.generated).contains(&number) || table.changed.contains_key(&number));
        there.then_some(number)
    }

    pub(super) fn put(&mut self, kind: Kind, number: u64, row: Row) {
        let table = &mut self.tables[kind as usize];
        table.last = table.last.max(number);
        table.deleted.remove(&number);
        table.changed.insert(number, row);
    }

    /// The number that the next new thing gets.
    pub(super) fn next(&self, kind: Kind) -> u64 {
        self.tables[kind as usize].last + 1
    }

    pub(super) fn delete(&mut self, kind: Kind, number: u64) {
        let table = &mut self.tables[kind as usize];
        table.changed.remove(&number);
        if number <= table.generated {
            table.deleted.insert(number);
        }
    }

    /// The ID of the thing with this number as JSON has it.
    pub(super) fn guid(&self, kind: Kind, number: u64) -> String {
        guid::of(self.key(kind), number)
    }

    fn key(&self, kind: Kind) -> u64 {
        samples::mix(self.seed ^ samples::salt("r7") ^ samples::mix(kind as u64 + 1))
    }

    /// A number below `below` that belongs to a property of a row.
    pub(super) fn draw(&self, kind: Kind, number: u64, property: &str, below: u64) -> u64 {
        let row = samples::mix(self.key(kind) ^ number);
        samples::below(samples::mix(row ^ samples::salt(property)), below)
    }

    /// One of the words, for a property of a row.
    pub(super) fn pick<'w>(
        &self,
        kind: Kind,
        number: u64,
        property: &str,
        words: &[&'w str],
    ) -> &'w str {
        words[self.draw(kind, number, property, words.len() as u64) as usize]
    }

    /// The number of a person who is there at the start, for a property of a row; 0 where there is none.
    pub(super) fn person_of(&self, kind: Kind, number: u64, property: &str) -> u64 {
        match self.tables[Kind::Person as usize].generated {
            0 => 0,
            people => 1 + self.draw(kind, number, property, people),
        }
    }

    /// How many were generated.
    pub(super) fn generated(&self, kind: Kind) -> u64 {
        self.tables[kind as usize].generated
    }

    /// When the thing with this number was made: later things later.
    pub(super) fn made_at(&self, kind: Kind, number: u64) -> i64 {
        BEGAN + number as i64 * 600 + self.draw(kind, number, "second", 500) as i64
    }

    /// A moment as the server writes it.
    pub(super) fn moment(&self, unix: i64) -> Json {
        let moment = Moment::from_unix(unix).in_offset(self.offset);
        moment.to_string().into()
    }

    /// A person as other things name them.
    pub(super) fn person(&self, number: u64) -> Json {
        let Some(row) = self.get(Kind::Person, number) else {
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

impl Kind {
    fn has_guid(self) -> bool {
        matches!(self, Self::Person | Self::Group)
    }
}

/// The name of an entity as the portal's user knows it.
fn full_name(entity: &str) -> String {
    format!("r7.{entity}")
}

fn named(entity: &str) -> Result<Kind, DataError> {
    let name = entity.trim().to_ascii_lowercase();
    KINDS
        .iter()
        .find(|(_, names)| names.contains(&name.as_str()))
        .map(|(kind, _)| *kind)
        .ok_or_else(|| {
            DataError::Extension(format!(
                "no {:?}: there are r7.people, r7.group, r7.contact, r7.opportunity, r7.crmtask, r7.case, r7.project, r7.task and r7.milestone",
                full_name(&name)
            ))
        })
}
