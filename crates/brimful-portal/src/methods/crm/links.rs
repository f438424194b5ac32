//! `crm.{lead,deal,company}.contact.*` and `crm.contact.company.*`: who belongs to what.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{COMPANY, CONTACT};
use crate::data::links::Link;
use crate::data::schema::Kind;
use crate::methods::params::legacy_error;

/// The name of the ID of the other end.
const fn key(to: usize) -> &'static str {
    if to == CONTACT {
        "CONTACT_ID"
    } else {
        "COMPANY_ID"
    }
}

/// The name in `crm.item.*` of the field that has all of them.
const fn list_key(to: usize) -> &'static str {
    if to == CONTACT {
        "CONTACT_IDS"
    } else {
        "COMPANY_IDS"
    }
}

pub(crate) fn get<const FROM: usize, const TO: usize>(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = super::legacy::existing(state.table(FROM), call)?;
    let rows = links(state, FROM, id, TO).into_iter().map(|link| {
        let mut row = Array::new();
        row.insert(key(TO), link.id as i64);
        row.insert("SORT", link.sort);
        row.insert("ROLE_ID", link.role);
        row.insert("IS_PRIMARY", if link.primary { "Y" } else { "N" });
        row
    });
    Ok(Output::value(&rows.collect::<Value>()))
}

pub(crate) fn set<const FROM: usize, const TO: usize>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = super::legacy::existing(state.table(FROM), call)?;
    let Some(items) = call.legacy_array("items") else {
        return Err(legacy_error("The parameter 'items' must be array."));
    };
    let mut links = Vec::new();
    for item in items.values().filter_map(Value::as_array) {
        join(&mut links, link(item, TO)?);
    }
    keep(state, FROM, id, TO, links);
    Ok(Output::value(&Value::Bool(true)))
}

pub(crate) fn add<const FROM: usize, const TO: usize>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = super::legacy::existing(state.table(FROM), call)?;
    let new = link_of_call(call, TO)?;
    let mut links = links(state, FROM, id, TO);
    if links.iter().any(|link| link.id == new.id) {
        return Ok(Output::value(&Value::Bool(false)));
    }
    join(&mut links, new);
    keep(state, FROM, id, TO, links);
    Ok(Output::value(&Value::Bool(true)))
}

pub(crate) fn remove<const FROM: usize, const TO: usize>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = super::legacy::existing(state.table(FROM), call)?;
    let gone = link_of_call(call, TO)?;
    let mut links = links(state, FROM, id, TO);
    let before = links.len();
    links.retain(|link| link.id != gone.id);
    let removed = links.len() < before;
    keep(state, FROM, id, TO, links);
    Ok(Output::value(&Value::Bool(removed)))
}

pub(crate) fn clear<const FROM: usize, const TO: usize>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = super::legacy::existing(state.table(FROM), call)?;
    keep(state, FROM, id, TO, Vec::new());
    Ok(Output::value(&Value::Bool(true)))
}

pub(crate) fn fields<const TO: usize>(
    _: &PortalData,
    _: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let mut map = Array::new();
    let other = if TO == CONTACT {
        "Контакт"
    } else {
        "Компания"
    };
    for (name, type_name, required, title) in [
        ("SORT", "integer", false, "Сортировка"),
        ("IS_PRIMARY", "char", false, "Первичный"),
        (key(TO), "integer", true, other),
    ] {
        let mut field = Array::new();
        field.insert("type", type_name);
        field.insert("isRequired", required);
        for flag in ["isReadOnly", "isImmutable", "isMultiple", "isDynamic"] {
            field.insert(flag, false);
        }
        field.insert("title", title);
        map.insert(name, field);
    }
    Ok(Output::value(&Value::Array(map)))
}

/// The link that the parameter `fields` describes.
fn link_of_call(call: &Call<'_>, to: usize) -> Result<Link, MethodError> {
    let fields = call.legacy_array("fields");
    let fields = fields.ok_or_else(|| legacy_error("The parameter 'fields' must be array."))?;
    link(fields, to)
}

fn link(fields: &Array, to: usize) -> Result<Link, MethodError> {
    let int = |name: &str| fields.get_ignoring_case(name).map_or(0, Value::to_int);
    let id = u64::try_from(int(key(to))).ok().filter(|&id| id > 0);
    let id = id.ok_or_else(|| legacy_error(&format!("{} is not defined or invalid.", key(to))))?;
    let primary = fields
        .get_ignoring_case("IS_PRIMARY")
        .is_some_and(|flag| flag.to_text() == "Y");
    Ok(Link {
        id,
        sort: int("SORT"),
        role: int("ROLE_ID"),
        primary,
    })
}

/// One link is the first one.
fn join(links: &mut Vec<Link>, mut new: Link) {
    if new.primary {
        for link in links.iter_mut() {
            link.primary = false;
        }
    } else if links.is_empty() {
        new.primary = true;
    }
    if new.sort == 0 {
        new.sort = links.iter().map(|link| link.sort).max().unwrap_or(0) + 10;
    }
    links.push(new);
}

/// The links of a record: those that calls made, or the one in its field.
fn links(state: &PortalData, from: usize, id: u64, to: usize) -> Vec<Link> {
    if let Some(links) = state.links.get(from, id, to) {
        return links.to_vec();
    }
    let table = state.table(from);
    let one = table
        .schema
        .legacy(key(to))
        .and_then(|field| table.row(id).cell(field).to_int());
    let one = one
        .and_then(|id| u64::try_from(id).ok())
        .filter(|&id| id > 0);
    one.map(|id| Link {
        id,
        sort: 10,
        role: 0,
        primary: true,
    })
    .into_iter()
    .collect()
}

/// What follows for the links of a record when its fields were written: `contactIds` are all its contacts and the first
/// of them is the one in `CONTACT_ID`; that field alone is its only contact. So it is with the companies of a contact.
pub(super) fn follow(state: &mut PortalData, entity: usize, id: u64, written: &[usize]) {
    for to in [CONTACT, COMPANY] {
        follow_to(state, entity, id, to, written);
    }
}

fn follow_to(state: &mut PortalData, entity: usize, id: u64, to: usize, written: &[usize]) {
    let schema = &state.table(entity).schema;
    let is_written = |at: Option<usize>| at.filter(|at| written.contains(at));
    let Some(all) = schema.item(list_key(to)) else {
        return;
    };
    let numbers = |at: usize| {
        let mut ids = Vec::new();
        state.table(entity).row(id).cell(at).any(|cell| {
            let number = cell.to_int().and_then(|id| u64::try_from(id).ok());
            ids.extend(number.filter(|&id| id > 0));
            false
        });
        ids
    };
    let ends = match (is_written(Some(all)), is_written(schema.legacy(key(to)))) {
        (Some(all), _) => numbers(all),
        (None, Some(one)) => numbers(one),
        (None, None) => return,
    };
    let mut links = Vec::new();
    for id in ends {
        if links.iter().all(|link: &Link| link.id != id) {
            let new = Link {
                id,
                sort: 0,
                role: 0,
                primary: false,
            };
            join(&mut links, new);
        }
    }
    keep(state, entity, id, to, links);
}

/// Keeps the links, and the first of them in the field of the record.
fn keep(state: &mut PortalData, from: usize, id: u64, to: usize, mut links: Vec<Link>) {
    if !links.is_empty() && links.iter().all(|link| !link.primary) {
        links[0].primary = true;
    }
    let primary = links
        .iter()
        .find(|link| link.primary)
        .map(|link| link.id as i64);
    let table = state.table_mut(from);
    if let Some(field) = table.schema.legacy(key(to))
        && matches!(table.schema.get(field).kind, Kind::Crm(..))
    {
        table.update(id, [(field, primary.map_or(Value::Null, Value::Int))]);
    }
    if let Some(field) = table.schema.item(list_key(to)) {
        let all: Value = links.iter().map(|link| link.id as i64).collect();
        table.update(id, [(field, all)]);
    }
    state.links.set(from, id, to, links);
}
