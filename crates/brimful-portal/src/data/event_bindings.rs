//! The handlers that applications have bound to events, and the queue of those that fetch them.

use brimful_protocol::Value;
use serde_json::{Map, Value as Json};

use super::PortalData;
use super::entities::OFFLINE_EVENT;
use super::events::Occurrence;
use super::fixtures::collection::text;
use super::records;
use super::table::Record;
use crate::context::moment;

/// The kind of records that bindings are.
pub(crate) const BINDINGS: &str = "event";

/// By which an event is found again in the queue of offline events.
pub(super) fn queue_key(application: &str, connector: &str, event: &str, data: &Json) -> String {
    format!("{application}\n{connector}\n{event}\n{data}")
}

/// So many entries for events that are gone do no harm.
const FEW: usize = 1_000;

/// A handler of an event.
#[derive(Debug, Clone)]
pub(crate) struct EventBinding<'d> {
    pub(crate) number: u64,
    /// In upper case.
    pub(crate) event: &'d str,
    /// Where events are posted to; empty for those that wait to be fetched.
    pub(crate) handler: &'d str,
    /// The user whose rights the handler gets; 0 for the one who caused the event.
    pub(crate) auth_type: i64,
    pub(crate) is_offline: bool,
    pub(crate) connector: &'d str,
    pub(crate) application: &'d str,
    options: Option<&'d Json>,
}

impl<'d> EventBinding<'d> {
    fn of(number: u64, row: &'d Map<String, Json>) -> Self {
        let text_of = |name: &str| row.get(name).and_then(Json::as_str).unwrap_or_default();
        Self {
            number,
            event: text_of("event"),
            handler: text_of("handler"),
            auth_type: text(row.get("auth_type")).parse().unwrap_or(0),
            is_offline: row.get("offline").and_then(Json::as_i64) == Some(1),
            connector: text_of("connector_id"),
            application: text_of("application"),
            options: row.get("options"),
        }
    }

    /// Seconds between two notices that events wait.
    pub(crate) fn min_timeout(&self) -> f64 {
        let given = self.options.and_then(|options| options.get("minTimeout"));
        given.map_or(1.0, |given| text(Some(given)).parse().unwrap_or(1.0))
    }
}

impl PortalData {
    /// All bindings, in the order in which they were made.
    pub(crate) fn event_bindings(&self) -> impl Iterator<Item = EventBinding<'_>> {
        let table = records::place(BINDINGS).map(|place| &self.records[place]);
        let rows = table.into_iter().flat_map(records::RecordTable::rows);
        rows.map(|(number, row)| EventBinding::of(number, row))
    }

    /// Puts an event into the queue of an application and its connector. One that waits there already gets the new time:
    /// the queue says what has changed, and not how often.
    pub(crate) fn queue_offline(
        &mut self,
        occurrence: &Occurrence,
        application: &str,
        connector: &str,
        now: i64,
    ) {
        let table = &self.tables[OFFLINE_EVENT];
        let schema = &table.schema;
        let data = Value::from(occurrence.data.clone());
        let name = Value::from(&*occurrence.name);
        let values = [
            ("EVENT_NAME", name),
            ("EVENT_DATA", data),
            ("APPLICATION", Value::from(application)),
            ("CONNECTOR_ID", Value::from(connector)),
            ("ERROR", Value::Int(0)),
        ];
        let values = values
            .into_iter()
            .filter_map(|(name, value)| Some((schema.item(name)?, value)));
        let values: Vec<(usize, Value)> = values.collect();
        let key = queue_key(application, connector, &occurrence.name, &occurrence.data);
        let is_set_aside = |id: u64| {
            let process = schema.item("PROCESS_ID");
            process.is_some_and(|at| table.record(id).and_then(|row| row.get(at)).is_some())
        };
        let known = self.waiting_offline.get(&key).copied();
        let waiting = known.filter(|&id| table.record(id).is_some() && !is_set_aside(id));
        let time = schema
            .item("TIMESTAMP_X")
            .map(|field| (field, Value::Text(moment::text(now))));
        let message = schema.item("MESSAGE_ID");
        let table = &mut self.tables[OFFLINE_EVENT];
        if let Some(id) = waiting {
            table.update(id, time);
            return;
        }
        let mut record = Record::default();
        for (field, value) in values.into_iter().chain(time) {
            record.set(field, value);
        }
        let id = table.insert(record);
        if let Some(field) = message {
            table.update(id, [(field, Value::Text(id.to_string()))]);
        }
        self.waiting_offline.insert(key, id);
        // Those that were fetched are not looked for, so they are forgotten when they are many.
        let table = &self.tables[OFFLINE_EVENT];
        if self.waiting_offline.len() > 2 * table.written().len() + FEW {
            self.waiting_offline
                .retain(|_, id| table.record(*id).is_some());
        }
    }
}
