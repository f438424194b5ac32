//! `crm.{lead,deal,company}.contact.*` and `crm.contact.company.*`: who belongs to what. Contacts and companies have the
//! same links, seen from either side.

use std::collections::BTreeSet;

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{COMPANY, CONTACT, DEAL, LEAD};
use crate::data::links::Link;
use crate::data::list::condition::{Condition, Operand};
use crate::data::list::query::Query;
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
    let links = match whose::<FROM>(state, call, "ownerEntityID")? {
        Some(id) => links(state, FROM, id, TO),
        None if tells_of_missing(FROM) => return Err(not_found(FROM, call)),
        None => Vec::new(),
    };
    let rows = links.into_iter().map(|link| {
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
    let id = whose::<FROM>(state, call, "ownerEntityID")?;
    let Some(items) = call.legacy_array("items") else {
        return Err(legacy_error("The parameter items must be array."));
    };
    let id = id.ok_or_else(|| not_found(FROM, call))?;
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
    let id = whose::<FROM>(state, call, "'ownerEntityID'")?;
    let new = link_of_call(call, TO, "fields")?;
    let id = id.ok_or_else(|| not_found(FROM, call))?;
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
    let id = whose::<FROM>(state, call, "'ownerEntityID'")?;
    // Only this method calls them so, but for contacts.
    let called = if FROM == CONTACT { "fields" } else { "item" };
    let gone = link_of_call(call, TO, called)?;
    let id = id.ok_or_else(|| not_found(FROM, call))?;
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
    match whose::<FROM>(state, call, "ownerEntityID")? {
        Some(id) => keep(state, FROM, id, TO, Vec::new()),
        None if tells_of_missing(FROM) => return Err(not_found(FROM, call)),
        None => {}
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// The record that a call names, if it is there. `called` is what a refusal calls the parameter.
fn whose<const FROM: usize>(
    state: &PortalData,
    call: &Call<'_>,
    called: &str,
) -> Result<Option<u64>, MethodError> {
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    let id = u64::try_from(id).ok().filter(|&id| id > 0);
    let id = id.ok_or_else(|| {
        legacy_error(&format!(
            "The parameter {called} is invalid or not defined."
        ))
    })?;
    let id = Some(id).filter(|&id| state.table(FROM).contains(id));
    if let Some(id) = id {
        call.check_record(state, state.table(FROM), id)?;
    }
    Ok(id)
}

/// Whether all links of a record that is not there are refused. Others have none.
const fn tells_of_missing(from: usize) -> bool {
    matches!(from, LEAD | DEAL)
}

/// How a record that is not there is refused.
fn not_found(from: usize, call: &Call<'_>) -> MethodError {
    let code = if from == LEAD { "NOT_FOUND" } else { "" };
    let text = if from == DEAL && call.method.ends_with("items.delete") {
        "Not found"
    } else {
        "Not found."
    };
    MethodError::new(400, code, text)
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

/// The link that the parameter `fields` describes; `called` is what a refusal calls it where it is not an array.
fn link_of_call(call: &Call<'_>, to: usize, called: &str) -> Result<Link, MethodError> {
    let fields = call.legacy_array("fields");
    let fields =
        fields.ok_or_else(|| legacy_error(&format!("The parameter '{called}' must be array.")))?;
    link(fields, to)
}

fn link(fields: &Array, to: usize) -> Result<Link, MethodError> {
    let int = |name: &str| fields.get_ignoring_case(name).map_or(0, Value::to_int);
    let id = u64::try_from(int(key(to))).ok().filter(|&id| id > 0);
    let id = id.ok_or_else(|| legacy_error("The parameter 'fields' is not valid."))?;
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

/// The links of a record: those that calls made, or the one in its field. A company has the contacts that name it.
fn links(state: &PortalData, from: usize, id: u64, to: usize) -> Vec<Link> {
    if let Some(links) = state.links.get(from, id, to) {
        return links.to_vec();
    }
    let table = state.table(from);
    let ends = if (from, to) == (COMPANY, CONTACT) {
        contacts_that_name(state, id)
    } else {
        let at = table.schema.legacy(key(to));
        let one = at.and_then(|field| table.row(id).cell(field).to_int());
        let one = one.and_then(|id| u64::try_from(id).ok());
        one.filter(|&id| id > 0).into_iter().collect()
    };
    let mut links = Vec::new();
    for id in ends {
        join(&mut links, Link::to(id));
    }
    links
}

/// The contacts of a company whose links no call has changed, by what is known of the contacts.
fn contacts_that_name(state: &PortalData, company: u64) -> BTreeSet<u64> {
    let contacts = state.table(CONTACT);
    let Some(at) = contacts.schema.legacy(key(COMPANY)) else {
        return BTreeSet::new();
    };
    let is_it = Condition::equal(at, Operand::Int(company as i64));
    let first = Query::new(contacts, is_it, Vec::new()).page(0, u64::MAX);
    let names = |contact: u64| {
        let links = state.links.get(CONTACT, contact, COMPANY);
        links.is_some_and(|links| links.iter().any(|link| link.id == company))
    };
    let further = state.links.all().filter_map(|(from, contact, to)| {
        ((from, to) == (CONTACT, COMPANY) && names(contact)).then_some(contact)
    });
    first.into_iter().chain(further).collect()
}

/// Takes note of the links of a record before its fields are written, so that the other side can follow.
pub(super) fn remember(state: &mut PortalData, entity: usize, id: u64, written: &[usize]) {
    let Some(to) = other_side(entity) else { return };
    let schema = &state.table(entity).schema;
    let mut fields = [schema.legacy(key(to)), schema.item(list_key(to))].into_iter();
    if fields.any(|at| at.is_some_and(|at| written.contains(&at))) {
        let before = links(state, entity, id, to);
        state.links.set(entity, id, to, before);
    }
}

/// Takes a record that is about to be deleted out of the links of the others.
pub(super) fn unlink(state: &mut PortalData, entity: usize, id: u64) {
    let Some(to) = other_side(entity) else { return };
    // Contacts name their company in a field, and finding them all would take a look at every contact.
    let known = state.links.get(entity, id, to).map(<[Link]>::to_vec);
    let before = match known {
        None if entity == CONTACT => links(state, entity, id, to),
        known => known.unwrap_or_default(),
    };
    follow_on_the_other_side(state, (entity, id), to, &before, &[]);
}

/// What has the same links, seen from the other side.
const fn other_side(entity: usize) -> Option<usize> {
    match entity {
        CONTACT => Some(COMPANY),
        COMPANY => Some(CONTACT),
        _ => None,
    }
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
            join(&mut links, Link::to(id));
        }
    }
    keep(state, entity, id, to, links);
}

/// Keeps the links of a record, and those of the records that it is linked to.
fn keep(state: &mut PortalData, from: usize, id: u64, to: usize, new: Vec<Link>) {
    if other_side(from) == Some(to) {
        let before = links(state, from, id, to);
        follow_on_the_other_side(state, (from, id), to, &before, &new);
    }
    let (values, links) = kept(state, from, to, new);
    state.table_mut(from).update(id, values);
    state.links.set(from, id, to, links);
}

/// Adds a record to the links of those that it is linked to now, and takes it from those that it was linked to `before`.
/// Nobody is told of their change.
fn follow_on_the_other_side(
    state: &mut PortalData,
    (from, id): (usize, u64),
    to: usize,
    before: &[Link],
    after: &[Link],
) {
    let is_among = |links: &[Link], id: u64| links.iter().any(|link| link.id == id);
    let gone = before.iter().filter(|link| !is_among(after, link.id));
    for other in gone.chain(after).map(|link| link.id) {
        // Companies without links of their own have the contacts that name them.
        let is_derived = to == COMPANY && state.links.get(to, other, from).is_none();
        if is_derived || !state.table(to).contains(other) {
            continue;
        }
        let mut theirs = links(state, to, other, from);
        match (is_among(after, other), is_among(&theirs, id)) {
            (true, false) => join(&mut theirs, Link::to(id)),
            (false, true) => theirs.retain(|link| link.id != id),
            _ => continue,
        }
        let (values, theirs) = kept(state, to, from, theirs);
        state.table_mut(to).rewrite(other, values);
        state.links.set(to, other, from, theirs);
    }
}

/// Links as they are kept, one of them the first, and what the fields of the record say of them.
fn kept(
    state: &PortalData,
    from: usize,
    to: usize,
    mut links: Vec<Link>,
) -> (Vec<(usize, Value)>, Vec<Link>) {
    if !links.is_empty() && links.iter().all(|link| !link.primary) {
        links[0].primary = true;
    }
    let primary = links.iter().find(|link| link.primary);
    let primary = primary.map_or(Value::Null, |link| Value::Int(link.id as i64));
    let schema = &state.table(from).schema;
    let mut values = Vec::new();
    if let Some(field) = schema.legacy(key(to))
        && matches!(schema.get(field).kind, Kind::Crm(..))
    {
        values.push((field, primary));
    }
    if let Some(field) = schema.item(list_key(to)) {
        let all: Value = links.iter().map(|link| link.id as i64).collect();
        values.push((field, all));
    }
    (values, links)
}
