//! Bookings that are made of entries of the waiting list, and entries that are made of bookings.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::Value as Json;

use super::chats::refused;
use super::record_rows::{add, given_number, row, set};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::methods::method::{Handler, Method, write};
use crate::methods::params::missing;

const BOOKINGS: &str = "booking.v1.booking";
const WAITLIST: &str = "booking.v1.waitlist";
const RESOURCES: &str = "booking.v1.resource";

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!(
            "booking",
            "booking.v1.booking.createfromwaitlist",
            book_waiting
        ),
        write!("booking", "booking.v1.waitlist.createfrombooking", put_back),
    ]
    .into_iter()
}

/// What is kept of a record for the one that is made of it.
type KeptFields = [(&'static str, Json); 2];

/// The number that a call names a record by, and what is kept of its clients and its origin.
fn source(
    state: &PortalData,
    call: &Call<'_>,
    kind: &str,
    param: &str,
    not_found: (&str, &str),
) -> Result<(u64, KeptFields), MethodError> {
    call.required(param)?;
    let id = given_number(call, param);
    let found = row(state, kind, id).ok_or_else(|| refused(not_found.0, not_found.1))?;
    let kept = ["clients", "externalData"];
    Ok((
        id,
        kept.map(|name| (name, found.get(name).cloned().unwrap_or_default())),
    ))
}

/// `booking.v1.booking.createfromwaitlist(waitListId, fields)`: the booking, for the clients of the entry.
fn book_waiting(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let not_found = ("1038", "wait list item not found");
    let (_, kept) = source(state, call, WAITLIST, "waitListId", not_found)?;
    let fields = call.params.get("fields").and_then(Value::as_array);
    let fields = fields.cloned().ok_or_else(|| missing("fields"))?;
    for name in ["resourceIds", "datePeriod"] {
        let value = fields.get(name).and_then(Value::as_array);
        if value.is_none_or(Array::is_empty) {
            return Err(refused("0", &format!("Required fields: {name}")));
        }
    }
    let resources = super::record_rows::numbers(fields.get("resourceIds"));
    if resources
        .iter()
        .any(|id| row(state, RESOURCES, *id).is_none())
    {
        return Err(refused(not_found.0, not_found.1));
    }
    let ends = |side: &str| {
        fields
            .get("datePeriod")?
            .as_array()?
            .get(side)?
            .as_array()?
            .get("timestamp")
    };
    let [from, to] = ["from", "to"].map(|side| ends(side).map(Value::to_int));
    if from.is_none() || from >= to {
        return Err(refused("422", "Invalid date period"));
    }
    let id = add(state, call, BOOKINGS, &fields);
    set(state, call, BOOKINGS, id, &kept);
    Ok(Output::value(&Value::Int(id as i64)))
}

/// `booking.v1.waitlist.createfrombooking(bookingId)`: the entry, for the clients of the booking.
fn put_back(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let not_found = ("1037", "booking not found");
    let (booking, kept) = source(state, call, BOOKINGS, "bookingId", not_found)?;
    let note = row(state, BOOKINGS, booking).and_then(|row| row.get("description"));
    let note = note.cloned().map(Value::from).unwrap_or_default();
    let id = add(state, call, WAITLIST, &Array::from_iter([("note", note)]));
    set(state, call, WAITLIST, id, &kept);
    Ok(Output::value(&Value::Int(id as i64)))
}
