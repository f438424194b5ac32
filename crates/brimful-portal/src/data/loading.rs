//! Rows that a portal is given: which table they belong to, and how they become records.

use brimful_protocol::{Array, Value};

use super::entities::{COMPANY, CONTACT, DEAL, ENTITIES, LEAD, QUOTE};
use super::links::Link;
use super::schema::{ID, Schema};
use super::source::Source;
use super::table::Record;
use super::{DataError, Load, PortalData};

/// The type of invoices.
pub(super) const INVOICE: u32 = 31;

/// Where loaded rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoadTarget {
    /// The table of an entity.
    Table(usize),
    /// The links from records of one entity to those of another.
    Links(usize, usize),
    /// The funnels.
    Categories,
}

/// Where rows of `name` go, if that is not a table.
pub(super) fn target(name: &str) -> Option<LoadTarget> {
    let name = name.trim().to_ascii_lowercase();
    Some(match name.strip_prefix("crm.").unwrap_or(&name) {
        "lead.contact" => LoadTarget::Links(LEAD, CONTACT),
        "deal.contact" => LoadTarget::Links(DEAL, CONTACT),
        "quote.contact" => LoadTarget::Links(QUOTE, CONTACT),
        "company.contact" => LoadTarget::Links(COMPANY, CONTACT),
        "contact.company" => LoadTarget::Links(CONTACT, COMPANY),
        "category" | "categories" => LoadTarget::Categories,
        _ => return None,
    })
}

/// The entity behind a list method, where its rows are modelled with all that can be asked of them.
pub(super) fn entity_of(method: &str) -> Option<&'static str> {
    Some(match method.trim().to_ascii_lowercase().as_str() {
        "crm.lead.list" => "lead",
        "crm.deal.list" => "deal",
        "crm.contact.list" => "contact",
        "crm.company.list" => "company",
        "crm.quote.list" => "quote",
        "crm.activity.list" => "activity",
        "crm.status.list" => "status",
        "tasks.task.list" | "api/tasks.task.list" => "task",
        "api/main.eventlog.list" | "main.eventlog.list" => "eventlog",
        "user.get" => "user",
        "department.get" => "department",
        _ => return None,
    })
}

/// The place of the entity `name`; smart processes that are not built in get one.
pub(super) fn place(name: &str, types: &mut Vec<u32>) -> Option<usize> {
    let name = name.trim().to_ascii_lowercase();
    // `crm.lead` and `tasks.task` are what the methods call them.
    let name = name.rsplit('.').next().unwrap_or_default().to_owned();
    let singular = name.strip_suffix("ies").map_or_else(
        || name.strip_suffix('s').unwrap_or(&name).to_owned(),
        |stem| format!("{stem}y"),
    );
    let known = |entity: &super::entities::Entity| entity.name == name || entity.name == singular;
    if let Some(at) = ENTITIES.iter().position(known) {
        return Some(at);
    }
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let entity_type: u32 = digits
        .parse()
        .ok()
        .filter(|&id| id >= 128 || id == INVOICE)?;
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

impl PortalData {
    pub(super) fn load(&mut self, to: LoadTarget, load: Load) -> Result<(), DataError> {
        match to {
            LoadTarget::Table(at) => self.load_rows(at, load),
            LoadTarget::Links(from, to) => self.load_links(from, to, load),
            LoadTarget::Categories => {
                let rows = load.rows.into_iter().map(serde_json::Value::Object);
                let rows = rows.map(Value::from).filter_map(into_array);
                self.categories.load(rows);
                Ok(())
            }
        }
    }

    fn load_rows(&mut self, at: usize, load: Load) -> Result<(), DataError> {
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
            if let Some((field, number)) = type_of(&table.schema, table.entity_type, &record) {
                record.set(field, Value::Int(number));
            }
            for (one, all) in [("CONTACT_ID", "CONTACT_IDS"), ("COMPANY_ID", "COMPANY_IDS")] {
                if let (Some(one), Some(all)) = (table.schema.legacy(one), table.schema.item(all))
                    && record.get(all).is_none()
                    && let Some(end) = record.get(one).filter(|end| end.to_int() > 0)
                {
                    let end = end.to_int();
                    record.set(all, std::iter::once(end).collect());
                }
            }
            record.shrink();
            rows.push((id, record));
        }
        // In the order of IDs every row goes to the end.
        rows.sort_by_key(|(id, _)| *id);
        let twice = rows.windows(2).find(|pair| pair[0].0 == pair[1].0);
        if let Some(pair) = twice {
            return Err(DataError::DuplicateId {
                entity: load.entity,
                id: pair[0].0,
            });
        }
        for (id, record) in rows {
            table.put(id, record);
        }
        Ok(())
    }

    /// The links of a record are those that are loaded for it, in their order and as they are: a real portal has
    /// records with two primary contacts.
    fn load_links(&mut self, from: usize, to: usize, load: Load) -> Result<(), DataError> {
        let owner = format!("{}_ID", ENTITIES[from].name.to_ascii_uppercase());
        let other = format!("{}_ID", ENTITIES[to].name.to_ascii_uppercase());
        for (row, fields) in load.rows.into_iter().enumerate() {
            let number = |name: &str| {
                let value = fields.get(name).cloned().map(Value::from);
                value.map_or(0, |value| value.to_int())
            };
            let id = |names: &[&str]| {
                let found = names.iter().map(|name| number(name)).find(|&id| id > 0);
                found.and_then(|id| u64::try_from(id).ok())
            };
            let (Some(record), Some(linked)) = (id(&["ID", &owner, "OWNER_ID"]), id(&[&other]))
            else {
                return Err(DataError::NoId {
                    entity: load.entity,
                    row: row + 1,
                });
            };
            let link = Link {
                id: linked,
                sort: number("SORT"),
                role: number("ROLE_ID"),
                primary: fields.get("IS_PRIMARY").is_some_and(|flag| flag == "Y"),
            };
            let links = self.links.get(from, record, to).unwrap_or_default();
            let links = links.iter().cloned().chain([link]).collect();
            self.links.set(from, record, to, links);
        }
        Ok(())
    }
}

fn into_array(value: Value) -> Option<Array> {
    match value {
        Value::Array(array) => Some(array),
        _ => None,
    }
}

/// The `ENTITY_TYPE_ID` that a record lacks, where all rows of its table have one.
fn type_of(schema: &Schema, entity_type: u32, record: &Record) -> Option<(usize, i64)> {
    let field = schema.item("ENTITY_TYPE_ID")?;
    let Source::Number(usual) = schema.get(field).source else {
        return None;
    };
    record.get(field).is_none().then_some((
        field,
        if entity_type == 0 {
            usual
        } else {
            i64::from(entity_type)
        },
    ))
}
