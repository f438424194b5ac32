//! `disk.*`: what is in folders and storages, by a true offset in `start`.

use brimful_protocol::Value;

use super::crm::legacy_filter;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::DISK_OBJECT;
use crate::data::list::condition::{Condition, Operand};
use crate::data::list::paging::Paging;
use crate::data::list::plan::Plan;
use crate::data::list::query::{Query, Work};
use crate::data::list::shape::Shape;

/// The root folder of the one storage.
const ROOT: i64 = 1;

/// `disk.folder.getChildren`
pub(crate) fn folder_children(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let folder = object(state, call)?;
    children(state, call, folder as i64)
}

/// `disk.storage.getChildren`
pub(crate) fn storage_children(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    if call.params.get_ignoring_case("id").map_or(0, Value::to_int) == 1 {
        children(state, call, ROOT)
    } else {
        Err(not_found())
    }
}

fn children(state: &PortalData, call: &mut Call<'_>, folder: i64) -> Result<Output, MethodError> {
    let table = state.table(DISK_OBJECT);
    let schema = &table.schema;
    let at = schema.legacy("PARENT_ID");
    let inside = at.map_or(Condition::Never, |at| {
        Condition::equal(at, Operand::Int(folder))
    });
    let filter = legacy_filter::condition(schema, call.legacy_array("filter"), call.seconds());
    let order = legacy_filter::order(schema, call.legacy_array("order"));
    let start = call.start();
    let page = Paging::Offset.page(&Query::new(table, filter.and(inside), order), start, call);
    let plan = Plan::new(table, Shape::Task, 0..schema.fields().len()).with_upper_names();
    Ok(page.lift(plan.output(None, &page.ids)))
}

/// `disk.folder.get` and `disk.file.get`
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(DISK_OBJECT);
    let row = table.row(object(state, call)?);
    Work {
        rows: 1,
        ..Work::default()
    }
    .charge(call);
    let mut out = Vec::new();
    Plan::new(table, Shape::Task, 0..table.schema.fields().len())
        .with_upper_names()
        .write(&mut out, &row);
    Ok(Output::json(out))
}

fn object(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    let table = state.table(DISK_OBJECT);
    u64::try_from(id)
        .ok()
        .filter(|&id| table.contains(id))
        .ok_or_else(not_found)
}

fn not_found() -> MethodError {
    MethodError::new(400, "ERROR_NOT_FOUND", "Could not find entity with id.")
}
