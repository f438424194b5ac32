//! Which way a list is walked: from the catalogue and the parameters.

use brimful_protocol::catalogue::{self, Keyset, Method, Paging, Shape};
use brimful_protocol::query;
use brimful_protocol::rows::Place;
use serde_json::{Map, Value};

use super::bounds::Bounds;
use super::lanes::{Lanes, Tail};
use super::offset::OffsetPages;
use super::strategy::Strategy;
use crate::error::Error;

/// How a list is to be walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Walk {
    /// By ID lanes where the method filters and sorts by ID, by counted pages otherwise.
    #[default]
    Auto,
    /// By ID lanes, whatever the catalogue says.
    Lanes,
    /// By pages with `start`.
    Pages,
}

/// Where the rows are in a reply, for as long as a list takes.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnedPlace {
    pub(crate) key: Option<String>,
    pub(crate) id: Option<String>,
}

impl OwnedPlace {
    pub(crate) fn as_place(&self) -> Place<'_> {
        Place {
            key: self.key.as_deref(),
            id: self.id.as_deref(),
        }
    }
}

pub(crate) struct Plan {
    pub(crate) strategy: Box<dyn Strategy>,
    pub(crate) place: OwnedPlace,
    /// What to walk by if the method turns out not to filter or sort by ID.
    pub(crate) fallback: Option<Box<dyn Strategy>>,
}

/// Makes the plan for `method`.
pub(crate) fn plan(
    method: &str,
    mut params: Map<String, Value>,
    walk: Walk,
    tail: Tail,
) -> Result<Plan, Error> {
    let known = catalogue::find(method);
    check(method, known, &params)?;
    canonical(&mut params);
    let sorted = params.contains_key("order") || params.contains_key("sort");
    let keyset = match walk {
        Walk::Auto if sorted => None,
        Walk::Auto => known.and_then(|method| method.keyset),
        Walk::Lanes if sorted => {
            return Err(Error::config(
                "ID lanes walk in the order of the ID: leave the order out, or walk by pages",
            ));
        }
        Walk::Lanes => Some(known.and_then(|method| method.keyset).unwrap_or(Keyset {
            filter: "ID",
            row: known.and_then(|method| method.id).unwrap_or("ID"),
            key: known.and_then(|method| method.key),
        })),
        Walk::Pages => None,
    };
    let place = OwnedPlace {
        key: known.and_then(|method| method.key).map(str::to_owned),
        id: Some(
            keyset
                .map(|keyset| keyset.row)
                .or(known.and_then(|method| method.id))
                .unwrap_or("ID")
                .to_owned(),
        ),
    };
    let Some(keyset) = keyset else {
        return Ok(Plan {
            strategy: Box::new(OffsetPages::new(params)),
            place,
            fallback: None,
        });
    };
    select_id(&mut params, keyset.filter);
    let by_pages = OffsetPages::new(params.clone());
    let bounds = match params.get_mut("filter") {
        Some(Value::Object(filter)) => {
            Bounds::lift(filter, keyset.filter).map_err(Error::config)?
        }
        _ => Bounds::default(),
    };
    let lanes = Lanes::new(keyset, params, bounds, tail);
    let fallback = (walk == Walk::Auto).then(|| Box::new(by_pages) as Box<dyn Strategy>);
    Ok(Plan {
        strategy: Box::new(lanes),
        place,
        fallback,
    })
}

fn check(method: &str, known: Option<&Method>, params: &Map<String, Value>) -> Result<(), Error> {
    if params.keys().any(|key| key.eq_ignore_ascii_case("start")) {
        return Err(Error::config(
            "a whole list has no start: leave it out, or call the method once",
        ));
    }
    for (name, value) in params {
        if name.eq_ignore_ascii_case("filter")
            && let Some((what, place)) = query::vanishing(value)
        {
            return Err(Error::config(format!(
                "{what} as {name}{place} would vanish on the way and the condition with it: the list would not be filtered by it"
            )));
        }
    }
    let Some(known) = known else { return Ok(()) };
    let refuse = |how: &str| {
        Err(Error::config(format!(
            "the list of {method} is paged {how}, which is not walked yet: call it page by page"
        )))
    };
    match known.paging {
        Paging::Pagination => refuse("by the pagination of REST 3.0"),
        Paging::NavParams => refuse("by NAV_PARAMS"),
        Paging::LimitOffset => refuse("by LIMIT and OFFSET"),
        _ if matches!(known.shape, Shape::Scalar) => {
            Err(Error::config(format!("{method} does not return a list")))
        }
        _ => Ok(()),
    }
}

/// One spelling of the parameters that the planner has to know: old methods take them in any case.
fn canonical(params: &mut Map<String, Value>) {
    for name in ["filter", "select", "order"] {
        let other = params
            .keys()
            .find(|key| key.as_str() != name && key.eq_ignore_ascii_case(name))
            .cloned();
        if let Some(other) = other
            && let Some(value) = params.shift_remove(&other)
        {
            params.entry(name).or_insert(value);
        }
    }
    if params
        .get("filter")
        .and_then(Value::as_object)
        .is_some_and(Map::is_empty)
    {
        params.shift_remove("filter");
    }
    if params
        .get("order")
        .and_then(Value::as_object)
        .is_some_and(Map::is_empty)
    {
        params.shift_remove("order");
    }
}

/// The lanes need the ID of every row, so it is selected even where the caller did not ask for it.
fn select_id(params: &mut Map<String, Value>, id: &str) {
    if let Some(Value::Array(fields)) = params.get_mut("select") {
        let there = |field: &Value| {
            field
                .as_str()
                .is_some_and(|f| f == "*" || f.eq_ignore_ascii_case(id))
        };
        if !fields.is_empty() && !fields.iter().any(there) {
            fields.insert(0, Value::from(id));
        }
    }
}
