//! `crm.stagehistory.list`: the stages that records went through.

use brimful_protocol::Value;

use super::legacy_filter;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::STAGE_HISTORY;
use crate::data::list::condition::{Condition, Operand};
use crate::data::list::paging::Paging;
use crate::data::list::plan::Plan;
use crate::data::list::query::Query;
use crate::data::list::shape::Shape;
use crate::methods::params::strings;

/// A controller with the names of older methods. Its IDs are numbers, as documented; portals of 2022 had strings.
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(STAGE_HISTORY);
    let schema = &table.schema;
    let entity_type = Operand::Int(call.required("entityTypeId")?.to_int());
    let at = schema.item("ENTITY_TYPE_ID");
    let of = at.map_or(Condition::Always, |at| Condition::equal(at, entity_type));
    let array = |name: &str| call.params.get(name).and_then(Value::as_array);
    let filter = legacy_filter::condition(schema, array("filter"), call.seconds());
    let order = legacy_filter::order(schema, array("order"));
    let select = legacy_filter::select(schema, &strings(call.params.get("select")));
    let start = call.start();
    let page = Paging::Controller.page(&Query::new(table, filter.and(of), order), start, call);
    let plan = Plan::new(table, Shape::Item, select).with_upper_names();
    Ok(page.lift(plan.output(Some("items"), &page.ids)))
}
