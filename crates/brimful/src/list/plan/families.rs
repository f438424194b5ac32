//! What the families of methods want to be told: where a page is, and where the next one begins.

use brimful_protocol::catalogue::{Method, Paging};
use serde_json::{Map, Value, json};

use crate::auth::Api;
use crate::error::Error;
use crate::list::cursor::Family;
use crate::list::position::Position;

/// Rows of a page by `LIMIT` where neither the caller nor the catalogue says.
const LIMIT: u64 = 50;

/// Older task methods, and the order of their parameters. They are told where the page is in `PARAMS`.
const NAV: [(&str, &[&str]); 3] = [
    (
        "task.elapseditem.getlist",
        &["TASKID", "ORDER", "FILTER", "SELECT", "PARAMS"],
    ),
    ("task.item.list", &["ORDER", "FILTER", "PARAMS", "SELECT"]),
    (
        "task.items.getlist",
        &["ORDER", "FILTER", "SELECT", "PARAMS"],
    ),
];

/// Whether a method is known to be told its page by `NAV_PARAMS`.
pub(crate) fn nav(method: &str) -> bool {
    NAV.iter()
        .any(|(name, _)| name.eq_ignore_ascii_case(method))
}

/// The positional parameters of an older task method, from names or from positions. A method that is not known has those
/// of `task.elapseditem.getlist`.
pub(crate) fn nav_params(method: &str, params: Value) -> Result<Position, Error> {
    let names = NAV
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(method))
        .map_or(NAV[0].1, |(_, names)| names);
    // The task is the one parameter that is no array; without it the others move up.
    let mut slots: Vec<(&str, Option<Value>)> = names.iter().map(|name| (*name, None)).collect();
    match params {
        Value::Object(given) => {
            for (key, value) in given {
                let slot = slots
                    .iter_mut()
                    .find(|(name, _)| super::params::is_named(&key, name))
                    .ok_or_else(|| {
                        Error::config(format!(
                            "{method} has no parameter {key}: it takes {}",
                            names.join(", ")
                        ))
                    })?;
                slot.1 = Some(value);
            }
        }
        Value::Array(given) => {
            let with_task = given
                .first()
                .is_some_and(|first| !first.is_object() && !first.is_array());
            let skip = usize::from(!with_task && names[0] == "TASKID");
            if given.len() > slots.len() - skip {
                return Err(Error::config(format!(
                    "{method} takes {}, and {} parameters were given",
                    names.join(", "),
                    given.len()
                )));
            }
            for (slot, value) in slots.iter_mut().skip(skip).zip(given) {
                slot.1 = Some(value);
            }
        }
        Value::Null => {}
        other => {
            return Err(Error::config(format!(
                "the parameters of {method} are {other}, neither an object nor a list"
            )));
        }
    }
    let (mut before, mut after, mut inside) = (Vec::new(), Vec::new(), None);
    for (name, value) in slots {
        let filled = match (name, value) {
            ("TASKID", None | Some(Value::Null)) => continue,
            ("PARAMS", value) => {
                inside = Some(match value {
                    Some(Value::Object(params)) => params,
                    _ => Map::new(),
                });
                continue;
            }
            // Pages that have no order have no place either.
            ("ORDER", None | Some(Value::Null)) => json!({"ID": "ASC"}),
            ("SELECT", None) => json!([]),
            (_, value) => value.unwrap_or_else(|| json!({})),
        };
        if inside.is_none() {
            before.push(filled);
        } else {
            after.push(filled);
        }
    }
    Ok(Position::NavParams {
        before,
        params: inside.unwrap_or_default(),
        after,
    })
}

/// Whether a list without a filter has all rows of its kind, so that a row comes into it by being added alone. Tasks,
/// workgroups and processes are lists of what a user takes part in.
pub(crate) fn holds_all_rows(method: &str) -> bool {
    const KINDS: [&str; 5] = ["crm.", "catalog.", "sale.", "lists.", "user.get"];
    let method = method.to_ascii_lowercase();
    KINDS.iter().any(|kind| method.starts_with(kind))
}

/// How a method is paged; some of which the data says that they are not take `limit` and `offset`.
pub(crate) fn paging(known: &Method) -> Paging {
    let by_limit = known.parameter("limit").is_some() && known.parameter("offset").is_some();
    match known.paging {
        Paging::None if by_limit => Paging::LimitOffset,
        // Without the parameter there is nothing to page by.
        Paging::Pagination if known.parameter("pagination").is_none() => Paging::None,
        paging => paging,
    }
}

/// Where a method takes `LIMIT` and `OFFSET`: among its parameters, or inside of `params`.
pub(crate) fn limit_offset(
    known: Option<&Method>,
    mut params: Map<String, Value>,
) -> Result<Position, Error> {
    let inside = known.filter(|known| known.parameter("limit").is_none());
    let within = inside.and_then(|known| {
        known.field("limit")?;
        known.parameter("params")
    });
    let spelt = |name: &'static str, usual: &'static str| {
        let spelling = known.and_then(|known| match within {
            Some(_) => known.field(name),
            None => known.parameter(name),
        });
        spelling.unwrap_or(usual).to_owned()
    };
    let (limit_name, offset_name) = (spelt("limit", "LIMIT"), spelt("offset", "OFFSET"));
    let place = match within {
        None => Some(&mut params),
        Some(name) => params.get_mut(name).and_then(Value::as_object_mut),
    };
    let mut limit = known.and_then(|known| known.page).map_or(LIMIT, u64::from);
    if let Some(place) = place {
        let taken = |place: &mut Map<String, Value>, name: &str| {
            let key = place.keys().find(|key| key.eq_ignore_ascii_case(name));
            let key = key.cloned()?;
            place.shift_remove(&key)
        };
        if taken(place, "offset").is_some() {
            return Err(Error::config(
                "a whole list has no offset: leave it out, or call the method once",
            ));
        }
        if let Some(given) = taken(place, "limit") {
            limit = given
                .as_u64()
                .or_else(|| given.as_str()?.parse().ok())
                .filter(|limit| (1..=1000).contains(limit))
                .ok_or_else(|| {
                    Error::config(format!(
                        "the limit is {given}: it is the number of rows of a page, from 1 to 1000"
                    ))
                })?;
        }
    }
    Ok(Position::LimitOffset {
        params,
        within: within.map(str::to_owned),
        limit: (limit_name, limit),
        offset: offset_name,
    })
}

/// The cursor of a method, and where its rows are.
pub(crate) struct Found {
    pub(crate) family: Family,
    pub(crate) key: Option<&'static str>,
    pub(crate) id: Option<&'static str>,
}

/// The cursor that a method is known to have.
pub(crate) fn cursor(method: &str, api: Api) -> Option<Found> {
    let found = |family, key, id| {
        Some(Found {
            family,
            key: Some(key),
            id: Some(id),
        })
    };
    match method.to_ascii_lowercase().as_str() {
        "im.dialog.messages.get" => found(Family::BelowId, "messages", "id"),
        "im.dialog.messages.search" => found(Family::LastId, "messages", "id"),
        "im.notify.get" | "im.notify.history.search" => {
            found(Family::LastId, "notifications", "id")
        }
        "log.blogcomment.user.get" => found(Family::LastId, "comments", "id"),
        "im.v2.event.get" | "imbot.v2.event.get" => found(Family::NextOffset, "events", "eventId"),
        "note.collection.list" => found(Family::AfterCursor, "items", "id"),
        "call.followup.list" => found(Family::AfterCursor, "items", "callId"),
        name if api == Api::Rest3 && name.rsplit('.').next() == Some("tail") => {
            let field = "id".to_owned();
            found(Family::Tail { field }, "items", "id")
        }
        _ => None,
    }
}

/// The cursor that an unknown method may have.
pub(crate) fn likely_cursor(api: Api) -> Found {
    let family = match api {
        Api::Rest => Family::NextOffset,
        Api::Rest3 => Family::AfterCursor,
    };
    Found {
        family,
        key: None,
        id: None,
    }
}

/// The ID above which a walk by IDs has its rows: what the caller's own cursor says is taken out of the parameters.
pub(crate) fn begin(params: &mut Map<String, Value>, family: &Family) -> Result<u64, Error> {
    let whole = |value: &Value| {
        value
            .as_u64()
            .or_else(|| value.as_str()?.trim().parse().ok())
            .ok_or_else(|| Error::config(format!("the cursor is {value}, not the ID of a row")))
    };
    match family {
        Family::BelowId => {
            let key = |name: &str| {
                let found = params.keys().find(|key| key.eq_ignore_ascii_case(name));
                found.cloned()
            };
            if key("LAST_ID").is_some() {
                return Err(Error::config(
                    "the list goes down from its last row to FIRST_ID: leave LAST_ID out, or call the method once",
                ));
            }
            let key = key("FIRST_ID");
            key.and_then(|key| params.shift_remove(&key))
                .map_or(Ok(0), |first| whole(&first))
        }
        Family::Tail { field } => {
            let Some(cursor) = params.shift_remove("cursor") else {
                return Ok(0);
            };
            let other = cursor["field"].as_str().is_some_and(|given| given != field);
            let down = cursor["order"]
                .as_str()
                .is_some_and(|order| !order.eq_ignore_ascii_case("asc"));
            if other || down {
                return Err(Error::config(format!(
                    "a whole tail goes up the field {field}: its cursor is {cursor}"
                )));
            }
            if cursor["value"].is_null() {
                return Ok(0);
            }
            whole(&cursor["value"])
        }
        _ => Ok(0),
    }
}
