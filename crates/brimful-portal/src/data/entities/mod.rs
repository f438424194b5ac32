//! The entities of the portal, as data.

mod activity;
mod company;
mod contact;
mod deal;
mod dictionaries;
mod disk_object;
mod events;
mod im;
mod lead;
mod people;
mod product_row;
mod quote;
mod shared;
pub(crate) mod smart;
mod task;
mod task_parts;

use super::sample_words;
use super::schema::{FieldSpec, Kind, field};
use super::source::Source;

pub(crate) const LEAD: usize = 0;
pub(crate) const DEAL: usize = 1;
pub(crate) const CONTACT: usize = 2;
pub(crate) const COMPANY: usize = 3;
pub(crate) const TASK: usize = 4;
pub(crate) const USER: usize = 5;
pub(crate) const DEPARTMENT: usize = 6;
pub(crate) const EVENT_LOG: usize = 7;
pub(crate) const ACTIVITY: usize = 8;
pub(crate) const QUOTE: usize = 9;
pub(crate) const STATUS: usize = 10;
pub(crate) const STAGE_HISTORY: usize = 11;
pub(crate) const ELAPSED: usize = 12;
pub(crate) const CHECKLIST: usize = 13;
pub(crate) const PRODUCT_ROW: usize = 14;
pub(crate) const DISK_OBJECT: usize = 15;
pub(crate) const CHAT: usize = 16;
pub(crate) const MESSAGE: usize = 17;
pub(crate) const OFFLINE_EVENT: usize = 18;
/// Smart processes begin here.
pub(crate) const SMART: usize = 19;

/// An entity that every portal has.
pub(crate) struct Entity {
    /// The name that rows are asked for by.
    pub(crate) name: &'static str,
    /// `entityTypeId`; 0 outside the CRM.
    pub(crate) type_id: u32,
    pub(crate) fields: &'static [FieldSpec],
    /// How many rows a portal has that nobody asked for.
    pub(crate) rows: u64,
}

/// The entities in the order of their constants.
pub(crate) const ENTITIES: &[Entity] = &[
    Entity {
        name: "lead",
        type_id: 1,
        fields: lead::FIELDS,
        rows: 0,
    },
    Entity {
        name: "deal",
        type_id: 2,
        fields: deal::FIELDS,
        rows: 0,
    },
    Entity {
        name: "contact",
        type_id: 3,
        fields: contact::FIELDS,
        rows: 0,
    },
    Entity {
        name: "company",
        type_id: 4,
        fields: company::FIELDS,
        rows: 0,
    },
    Entity {
        name: "task",
        type_id: 0,
        fields: task::FIELDS,
        rows: 0,
    },
    Entity {
        name: "user",
        type_id: 0,
        fields: people::USER_FIELDS,
        rows: 12,
    },
    Entity {
        name: "department",
        type_id: 0,
        fields: people::DEPARTMENT_FIELDS,
        rows: 5,
    },
    Entity {
        name: "eventlog",
        type_id: 0,
        fields: events::EVENT_LOG_FIELDS,
        rows: 100,
    },
    Entity {
        name: "activity",
        // It has a number as an owner, but is not an item.
        type_id: 0,
        fields: activity::FIELDS,
        rows: 0,
    },
    Entity {
        name: "quote",
        type_id: 7,
        fields: quote::FIELDS,
        rows: 0,
    },
    Entity {
        name: "status",
        type_id: 0,
        fields: dictionaries::STATUS_FIELDS,
        rows: 0,
    },
    Entity {
        name: "stagehistory",
        type_id: 0,
        fields: dictionaries::STAGE_HISTORY_FIELDS,
        rows: 0,
    },
    Entity {
        name: "elapsed",
        type_id: 0,
        fields: task_parts::ELAPSED_FIELDS,
        rows: 0,
    },
    Entity {
        name: "checklist",
        type_id: 0,
        fields: task_parts::CHECKLIST_FIELDS,
        rows: 0,
    },
    Entity {
        name: "productrow",
        type_id: 0,
        fields: product_row::FIELDS,
        rows: 0,
    },
    Entity {
        name: "diskobject",
        type_id: 0,
        fields: disk_object::FIELDS,
        rows: 0,
    },
    Entity {
        name: "chat",
        type_id: 0,
        fields: im::CHAT_FIELDS,
        rows: 0,
    },
    Entity {
        name: "message",
        type_id: 0,
        fields: im::MESSAGE_FIELDS,
        rows: 0,
    },
    Entity {
        name: "offlineevent",
        type_id: 0,
        fields: events::OFFLINE_EVENT_FIELDS,
        rows: 0,
    },
    Entity {
        name: "128",
        type_id: 128,
        fields: smart::FIELDS_128,
        rows: 0,
    },
    Entity {
        name: "191",
        type_id: 191,
        fields: smart::FIELDS_191,
        rows: 0,
    },
];

/// The fields of a smart process that is not built in.
pub(crate) const SMART_FIELDS: &[FieldSpec] = smart::FIELDS;
