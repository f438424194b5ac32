//! The older task methods take their parameters by their order, whatever they are called, and page by `NAV_PARAMS`.

use brimful_protocol::{Array, Key, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::TASK;

/// The parameters in their order. What the server takes itself is none, nor is a text with the name of the method in it.
pub(super) fn arguments<'c>(call: &'c Call<'_>) -> Vec<&'c Value> {
    let is_argument = |(key, value): &(&Key, &Value)| {
        let named = value
            .as_str()
            .is_some_and(|text| text.to_ascii_lowercase().contains(&*call.method));
        key.to_text() != "start" && !named
    };
    let arguments = call.params.iter().filter(is_argument);
    arguments.map(|(_, value)| value).collect()
}

/// The parameters without the task that may come first: one that is not an array.
pub(super) fn after_task<'a, 'c>(
    arguments: &'a [&'c Value],
) -> (Option<&'c Value>, &'a [&'c Value]) {
    match arguments {
        [first, rest @ ..] if first.as_array().is_none() => (Some(*first), rest),
        all => (None, all),
    }
}

/// The array at a place.
pub(super) fn array<'c>(arguments: &[&'c Value], place: usize) -> Option<&'c Array> {
    arguments.get(place)?.as_array()
}

/// The row of a table that belongs to tasks: the one that the second parameter names, of the task that the first does.
pub(super) fn of_task(
    state: &PortalData,
    entity: usize,
    arguments: &[&Value],
) -> Result<u64, MethodError> {
    let task = task(state, arguments.first().copied())?;
    let table = state.table(entity);
    let id = arguments.get(1).map_or(0, |id| id.to_int());
    let at = table.schema.legacy("TASK_ID");
    u64::try_from(id)
        .ok()
        .filter(|&id| {
            let row = table.get(id);
            let of = row.and_then(|row| row.cell(at?).to_int());
            of == i64::try_from(task).ok()
        })
        .ok_or_else(|| failed("not found or not accessible"))
}

/// The task that a parameter names.
pub(super) fn task(state: &PortalData, named: Option<&Value>) -> Result<u64, MethodError> {
    let id = named.map_or(0, Value::to_int);
    let id = u64::try_from(id)
        .ok()
        .filter(|&id| state.table(TASK).contains(id));
    id.ok_or_else(|| failed("not found or not accessible"))
}

/// Refuses a task that is named by no number; `class` is the server's name of what the method is of.
pub(super) fn check_task_number(named: Option<&Value>, class: &str) -> Result<(), MethodError> {
    let is_number = named.is_none_or(|named| named.to_text().trim().parse::<i64>().is_ok());
    if is_number {
        return Ok(());
    }
    let text = format!(
        "TASKS_ERROR_EXCEPTION_#256; Param #0 (taskId) for method {class}::add() expected to be of type \"integer\", but given something else.; 256/TE/WRONG_ARGUMENTS"
    );
    Err(MethodError::new(400, "ERROR_CORE", text))
}

/// The error of all these methods. The documentation shows its form; which words stand in it when, it does not.
pub(super) fn failed(why: &str) -> MethodError {
    let description = format!("TASKS_ERROR_EXCEPTION_#8; Action failed; {why}; 8/TE/ACTION_FAILED");
    MethodError::new(400, "ERROR_CORE", description)
}

/// The parameters in their order, which have these names; without one of them the call is refused.
pub(super) fn given<'c>(call: &'c Call<'_>, names: &[&str]) -> Result<Vec<&'c Value>, MethodError> {
    let arguments = arguments(call);
    if let Some(name) = names.get(arguments.len()) {
        let place = arguments.len();
        let mut method = call.method.to_string();
        for (branch, class) in [
            ("task.checklistitem.", "ctaskchecklistitem::"),
            ("task.commentitem.", "ctaskcommentitem::"),
            ("task.elapseditem.", "ctaskelapseditem::"),
            ("task.item.", "ctaskitem::"),
            ("task.logitem.", "ctasklogitem::"),
        ] {
            method = method.replace(branch, class);
        }
        let text = format!(
            "TASKS_ERROR_EXCEPTION_#256; Param #{place} ({name}) expected by method {method}(), but not given.; 256/TE/WRONG_ARGUMENTS<br>"
        );
        return Err(MethodError::new(400, "ERROR_CORE", text));
    }
    Ok(arguments)
}

/// Whether an action, of those from 1 to `actions`, may be done with a row that belongs to a task.
pub(super) fn allowed(
    state: &PortalData,
    call: &Call<'_>,
    entity: usize,
    actions: i64,
) -> Result<Output, MethodError> {
    let arguments = given(call, &["taskId", "itemId", "actionId"])?;
    let action = arguments.get(2).map_or(0, |action| action.to_int());
    let is_there = of_task(state, entity, &arguments).is_ok();
    let is_allowed = is_there && (1..=actions).contains(&action);
    Ok(Output::value(&Value::Bool(is_allowed)))
}
