//! Relations of smart processes with other types: a type that is a child of another has a field `PARENT_ID_…` for it.

use std::collections::BTreeSet;

use brimful_protocol::{Array, Value};

use super::types;
use crate::data::PortalData;
use crate::data::schema::{Field, Kind, PARENT_TYPE};

/// A child and its parent, by their `entityTypeId`.
pub(super) type Relation = (i64, i64);

/// What the relations of a type are, as `crm.type.get` shows them.
pub(super) fn of(row: &Array, entity_type: i64) -> BTreeSet<Relation> {
    let side = |name: &str| {
        let links = row
            .get("relations")
            .and_then(|relations| relations.get(name)?.as_array());
        let links = links.into_iter().flat_map(Array::values);
        links
            .filter_map(|link| link.get("entityTypeId"))
            .map(Value::to_int)
            .collect::<Vec<i64>>()
    };
    let parents = side("parent")
        .into_iter()
        .map(|parent| (entity_type, parent));
    let children = side("child").into_iter().map(|child| (child, entity_type));
    parents.chain(children).collect()
}

/// Gives children the fields of their new parents, and takes those of records that are no longer their parents.
pub(super) fn change(
    state: &mut PortalData,
    before: &BTreeSet<Relation>,
    after: &BTreeSet<Relation>,
) {
    for (child, parent) in before.difference(after) {
        let name = format!("PARENT_ID_{parent}");
        let Some(table) = place(state, *child).map(|place| state.table_mut(place)) else {
            continue;
        };
        if let Some(at) = table.schema.legacy(&name)
            && is_of_relation(table.schema.get(at).kind)
        {
            table.remove_field(at);
        }
    }
    for (child, parent) in after.difference(before) {
        let Ok(parent) = u32::try_from(*parent) else {
            continue;
        };
        let title = types::title(state, parent);
        let name = format!("PARENT_ID_{parent}");
        let Some(table) = place(state, *child).map(|place| state.table_mut(place)) else {
            continue;
        };
        if table.schema.legacy(&name).is_none() {
            table.schema.push(Field::of_parent(&name, parent, &title));
        }
    }
}

/// Whether a field was made for a relation; others are there in every portal.
fn is_of_relation(kind: Kind) -> bool {
    matches!(kind, Kind::Crm(PARENT_TYPE, _))
}

fn place(state: &PortalData, entity_type: i64) -> Option<usize> {
    state.by_type(entity_type).map(|table| table.entity)
}
