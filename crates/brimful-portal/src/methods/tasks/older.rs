//! `task.item.list` and `task.items.getlist`: the lists of tasks before `tasks.task.list`.

use brimful_protocol::{Array, Value};

use super::filter::{self, Reader};
use super::positional::{arguments, array};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::TASK;
use crate::data::list::PAGE;
use crate::data::list::paging::Slice;
use crate::data::list::plan::Plan;
use crate::data::list::query::Query;
use crate::data::list::shape::Shape;
use crate::methods::crm::legacy_filter;
use crate::methods::params::strings;

/// `task.item.list(ORDER, FILTER, PARAMS, SELECT)`: 50 tasks at most, by `PARAMS.NAV_PARAMS`.
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let places = Places {
        navigation: 2,
        select: 3,
    };
    page(state, call, places)
}

/// `task.items.getlist(ORDER, FILTER, TASKDATA, NAV_PARAMS)`: the third parameter names the fields.
pub(crate) fn get_list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let places = Places {
        navigation: 3,
        select: 2,
    };
    page(state, call, places)
}

/// Where among its parameters a method has what.
#[derive(Clone, Copy)]
struct Places {
    navigation: usize,
    select: usize,
}

fn page(state: &PortalData, call: &mut Call<'_>, places: Places) -> Result<Output, MethodError> {
    let arguments = arguments(call);
    let select = strings(arguments.get(places.select).copied());
    let navigation = arguments.get(places.navigation).copied();
    let table = state.table(TASK);
    let empty = Array::new();
    let reader = Reader::of(call);
    let condition = filter::condition(
        &table.schema,
        array(&arguments, 1).unwrap_or(&empty),
        reader,
    )
    .and(call.sees_tasks(state, table));
    let order = filter::order(&table.schema, array(&arguments, 0).unwrap_or(&empty))?;
    // `NAV_PARAMS` may stand by itself, without the parameter around it.
    let bare =
        navigation.filter(|params| params.get("nPageSize").or(params.get("iNumPage")).is_some());
    let around = bare.map(|nav| Value::Array(Array::from_iter([("NAV_PARAMS", nav.clone())])));
    let first = Slice {
        offset: 0,
        limit: PAGE,
    };
    let slice = Slice::of_nav_params(around.as_ref().or(navigation)).unwrap_or(first);
    let fields = legacy_filter::select(&table.schema, &select);
    let page = slice.counted(&Query::new(table, condition, order), call);
    let plan = Plan::new(table, Shape::Task, fields).with_upper_names();
    Ok(page.with_pagination_fields(plan.output(None, &page.ids)))
}
