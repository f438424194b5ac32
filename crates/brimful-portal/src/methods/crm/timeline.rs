//! `crm.timeline.item.pin` and `.unpin`: what stays on top of the timeline of a record.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::entities::{ACTIVITY, COMPANY, CONTACT, DEAL, LEAD, QUOTE};
use crate::data::fixtures::filter::Test;
use crate::data::records::{self, table::Writer};
use crate::methods::params::missing;

const PINS: &str = "crm.timeline.pin";

/// A timeline has so many pinned entries at most.
const MOST: usize = 3;

fn refused(code: &str, text: &str) -> MethodError {
    MethodError::new(400, code, text)
}

/// The entry and the record that a call names: the key of what is pinned.
fn named(state: &PortalData, call: &Call<'_>) -> Result<[u64; 3], MethodError> {
    let number = |name: &str| {
        let value = call
            .params
            .get_ignoring_case(name)
            .filter(|value| !value.to_text().is_empty());
        let value = value.ok_or_else(|| missing(name))?;
        Ok(u64::try_from(value.to_int()).unwrap_or(0))
    };
    let (item, kind, owner) = (number("id")?, number("ownerTypeId")?, number("ownerId")?);
    let table = match kind {
        1 => Some(state.table(LEAD)),
        2 => Some(state.table(DEAL)),
        3 => Some(state.table(CONTACT)),
        4 => Some(state.table(COMPANY)),
        7 => Some(state.table(QUOTE)),
        _ => state
            .tables
            .iter()
            .find(|table| u64::from(table.entity_type) == kind),
    };
    if !table.is_some_and(|table| table.contains(owner)) {
        return Err(refused("OWNER_NOT_FOUND", "Owner not found"));
    }
    let kinds = [
        "crm.timeline.comment",
        "crm.timeline.logmessage",
        "crm.timeline.note",
    ];
    let is_entry = kinds.iter().any(|kind| {
        let place = records::place(kind);
        place.is_some_and(|place| state.records[place].get(item).is_some())
    });
    if !is_entry && !state.table(ACTIVITY).contains(item) {
        return Err(refused("NOT_FOUND", "Not found."));
    }
    Ok([kind, owner, item])
}

fn place() -> Result<usize, MethodError> {
    records::place(PINS).ok_or_else(errors::method_not_found)
}

/// `crm.timeline.item.pin(id, ownerTypeId, ownerId)`
pub(crate) fn pin(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let [kind, owner, item] = named(state, call)?;
    let table = &mut state.records[place()?];
    let of_owner = [("ownerTypeId", kind), ("ownerId", owner)].map(|(name, value)| {
        let value = Value::Int(value as i64);
        Test::new(
            name.to_owned(),
            crate::data::fixtures::filter::TestOperation::OneOf,
            &value,
        )
    });
    let key = [kind, owner, item].map(|number| number.to_string());
    if table.find(&key, &[]).is_none() {
        if table.ids(&of_owner, &[]).len() >= MOST {
            return Err(refused("0", "Only three events can be added to favorites"));
        }
        let given = Array::from_iter([
            ("ownerTypeId", kind as i64),
            ("ownerId", owner as i64),
            ("itemId", item as i64),
        ]);
        let writer = Writer {
            user: call.user,
            now: call.seconds(),
        };
        table.add(&given, writer);
    }
    Ok(Output::value(&Value::Null))
}

/// `crm.timeline.item.unpin(id, ownerTypeId, ownerId)`
pub(crate) fn unpin(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let key = named(state, call)?.map(|number| number.to_string());
    let table = &mut state.records[place()?];
    let id = table.find(&key, &[]);
    let id =
        id.ok_or_else(|| refused("CAN_NOT_CHANGE_PINNED", "Unable to perform the operation"))?;
    table.delete(id);
    Ok(Output::value(&Value::Null))
}
