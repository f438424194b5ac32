//! `main.eventlog.*`: what happened on the portal, for administrators.

use brimful_protocol::{Value, json};

use super::cursor::Cursor;
use super::dto::{Dto, Kind, column};
use super::filter::Filter;
use super::item::Item;
use super::pagination::Pagination;
use super::params::{self, under};
use super::select::Selection;
use super::{error, order};
use crate::list::plan::list as write_list;
use crate::list::query::{Query, Work};
use crate::method::{Call, MethodError, Output};
use crate::rights::Rights;
use crate::state::State;
use crate::state::entities::EVENT_LOG;

/// An entry of the event log.
pub(super) static EVENT_LOG_DTO: Dto = Dto {
    name: "EventLogDto",
    fields: &[
        column("id", Kind::Int, "ID").filterable().sortable(),
        column("timestampX", Kind::Moment, "TIMESTAMP_X")
            .filterable()
            .sortable(),
        column("severity", Kind::Text, "SEVERITY"),
        column("auditTypeId", Kind::Text, "AUDIT_TYPE_ID")
            .filterable()
            .sortable(),
        column("moduleId", Kind::Text, "MODULE_ID"),
        column("itemId", Kind::Text, "ITEM_ID"),
        column("remoteAddr", Kind::Text, "REMOTE_ADDR"),
        column("userAgent", Kind::Text, "USER_AGENT"),
        column("requestUri", Kind::Text, "REQUEST_URI"),
        column("siteId", Kind::Text, "SITE_ID"),
        column("userId", Kind::Int, "USER_ID")
            .filterable()
            .sortable(),
        column("guestId", Kind::Int, "GUEST_ID")
            .filterable()
            .sortable(),
        column("description", Kind::Text, "DESCRIPTION"),
    ],
};

fn for_administrators(call: &Call<'_>) -> Result<(), MethodError> {
    if call.rights == Rights::All {
        Ok(())
    } else {
        Err(error::access_denied())
    }
}

fn selection(call: &Call<'_>) -> Result<Selection, MethodError> {
    let selection = Selection::parse(&EVENT_LOG_DTO, call.params.get("select"))?;
    Ok(selection.unwrap_or_else(|| Selection::base(&EVENT_LOG_DTO)))
}

pub(super) fn list(state: &State, call: &mut Call<'_>) -> Result<Output, MethodError> {
    for_administrators(call)?;
    let selection = selection(call)?;
    let table = state.table(EVENT_LOG);
    let filter = Filter {
        dto: &EVENT_LOG_DTO,
        schema: &table.schema,
        now: call.seconds(),
        taken: None,
    };
    let condition = filter.parse(call.params.get("filter"))?;
    let order = order::parse(&EVENT_LOG_DTO, &table.schema, call.params.get("order"))?;
    let pagination = Pagination::parse(call.params.get("pagination"))?;
    let ids = Query::new(table, condition, order).page(pagination.offset, pagination.limit);
    Ok(items(
        state,
        EVENT_LOG,
        &selection,
        &ids,
        pagination.offset,
        call,
    ))
}

pub(super) fn tail(state: &State, call: &mut Call<'_>) -> Result<Output, MethodError> {
    for_administrators(call)?;
    let selection = selection(call)?;
    let table = state.table(EVENT_LOG);
    let now = call.seconds();
    let cursor = Cursor::parse(
        &EVENT_LOG_DTO,
        &table.schema,
        call.params.get("cursor"),
        now,
    )?;
    let filter = Filter {
        dto: &EVENT_LOG_DTO,
        schema: &table.schema,
        now,
        taken: Some(cursor.field),
    };
    let condition = filter.parse(call.params.get("filter"))?;
    let query = Query::new(table, cursor.beyond.and(condition), vec![cursor.sort]);
    let ids = query.page(0, cursor.limit);
    Ok(items(state, EVENT_LOG, &selection, &ids, 0, call))
}

pub(super) fn get(state: &State, call: &mut Call<'_>) -> Result<Output, MethodError> {
    for_administrators(call)?;
    let selection = selection(call)?;
    let id = params::id(call)?;
    if state.hidden.contains(EVENT_LOG, id) {
        return Err(error::access_denied());
    }
    let row = state
        .table(EVENT_LOG)
        .get(id)
        .ok_or_else(|| error::entity_not_found(&id.to_string()))?;
    let item = Item {
        state,
        row,
        user: call.user,
    };
    Ok(Output::value(&under("item", item.read(&selection))))
}

/// `{items: […]}`, charged to the call.
pub(super) fn items(
    state: &State,
    entity: usize,
    selection: &Selection,
    ids: &[u64],
    skipped: u64,
    call: &mut Call<'_>,
) -> Output {
    Work {
        rows: ids.len() as u64,
        skipped,
        ..Work::default()
    }
    .charge(call);
    let table = state.table(entity);
    write_list(Some("items"), ids, |out, id| {
        let item = Item {
            state,
            row: table.row(id),
            user: call.user,
        };
        json::write(out, &Value::Array(item.read(selection)));
    })
}
