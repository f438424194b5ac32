//! What the caller may do with a task: the `action` of a task that is shown alone, as documented. A user who sees a
//! task here may do all that its status allows.

use brimful_protocol::{Array, Key};

use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::TASK;

const WAITING: i64 = 2;
const RUNNING: i64 = 3;
const UNDER_CONTROL: i64 = 4;
const DONE: i64 = 5;
const DEFERRED: i64 = 6;

/// The actions that older methods know by numbers from 1 on: their names, and what they are called here.
pub(super) const NUMBERED: [(&str, &str); 18] = [
    ("ACTION_ACCEPT", "accept"),
    ("ACTION_DECLINE", "decline"),
    ("ACTION_COMPLETE", "complete"),
    ("ACTION_APPROVE", "approve"),
    ("ACTION_DISAPPROVE", "disapprove"),
    ("ACTION_START", "start"),
    ("ACTION_DELEGATE", "delegate"),
    ("ACTION_REMOVE", "remove"),
    ("ACTION_EDIT", "edit"),
    ("ACTION_DEFER", "defer"),
    ("ACTION_RENEW", "renew"),
    ("ACTION_CREATE", "create"),
    ("ACTION_CHANGE_DEADLINE", "changeDeadline"),
    ("ACTION_CHECKLIST_ADD_ITEMS", "checklistAddItems"),
    ("ACTION_ELAPSED_TIME_ADD", "elapsedtime.add"),
    ("ACTION_CHANGE_DIRECTOR", "edit.originator"),
    ("ACTION_PAUSE", "pause"),
    ("ACTION_START_TIME_TRACKING", "dayplan.timer.toggle"),
];

/// Whether the status of a task allows an action.
pub(super) fn may(state: &PortalData, id: u64, action: &str) -> bool {
    let mut actions = actions(state, id).into_iter();
    actions.any(|(name, may)| name == action && may)
}

/// What `tasks.task.access.get` says, and the action of each; without one it is allowed to every user who sees the
/// task.
const RIGHTS: &[(&str, &str)] = &[
    ("read", ""),
    ("watch", ""),
    ("mute", ""),
    ("createSubtask", ""),
    ("createResult", ""),
    ("edit", "edit"),
    ("remove", "remove"),
    ("complete", "complete"),
    ("approve", "approve"),
    ("disapprove", "disapprove"),
    ("start", "start"),
    ("take", "take"),
    ("delegate", "delegate"),
    ("defer", "defer"),
    ("renew", "renew"),
    ("deadline", "changeDeadline"),
    ("datePlan", "edit.plan"),
    ("changeDirector", "edit.originator"),
    ("changeResponsible", ""),
    ("changeAccomplices", ""),
    ("pause", "pause"),
    ("timeTracking", "dayplan.timer.toggle"),
    ("mark", ""),
    ("changeStatus", ""),
    ("reminder", ""),
    ("addAuditors", ""),
    ("elapsedTime", ""),
    ("favorite", ""),
    ("checklistAdd", ""),
    ("checklistEdit", ""),
    ("checklistSave", ""),
    ("checklistToggle", ""),
    ("automate", ""),
    ("resultEdit", ""),
    ("completeResult", ""),
    ("removeResult", ""),
    ("resultRead", ""),
    ("admin", ""),
    ("copy", ""),
    ("saveAsTemplate", ""),
    ("attachFile", ""),
    ("detachFile", ""),
    ("detachParent", ""),
    ("createGanttDependence", ""),
    ("sort", ""),
];

/// What the caller may do with a task, as `tasks.task.access.get` says it.
pub(in crate::methods) fn rights(state: &PortalData, id: u64) -> Array {
    let may = |action: &str| action.is_empty() || may(state, id, action);
    RIGHTS
        .iter()
        .map(|(name, action)| (*name, may(action)))
        .collect()
}

/// Appends the object.
pub(super) fn write(out: &mut Vec<u8>, state: &PortalData, id: u64) {
    out.push(b'{');
    for (place, (name, may)) in actions(state, id).into_iter().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        out.extend_from_slice(format!("{comma}\"{name}\":{may}").as_bytes());
    }
    out.push(b'}');
}

/// The actions as `tasks.task.getaccess` writes them: `CHANGE_DEADLINE`. Nobody who is not there may do anything.
pub(super) fn in_capitals(state: &PortalData, id: u64, is_there: bool) -> Array {
    let capitals = |name: &str| {
        let mut text = String::with_capacity(name.len() + 4);
        for letter in name.chars() {
            if letter.is_ascii_uppercase() {
                text.push('_');
            }
            text.push(letter.to_ascii_uppercase());
        }
        text
    };
    let actions = actions(state, id).into_iter();
    actions
        .map(|(name, may)| (Key::from(capitals(name).as_str()), may && is_there))
        .collect()
}

/// The actions, and whether the status of a task allows each.
fn actions(state: &PortalData, id: u64) -> [(&'static str, bool); 27] {
    let table = state.table(TASK);
    let row = table.row(id);
    let cell = |name: &str| table.schema.legacy(name).map(|at| row.cell(at));
    let status = cell("STATUS").and_then(Cell::to_int);
    let status = status.unwrap_or(WAITING);
    let favorite = cell("FAVORITE").and_then(Cell::to_text);
    let favorite = favorite.as_deref() == Some("Y");
    let open = !matches!(status, UNDER_CONTROL | DONE);
    let start = matches!(status, WAITING | DEFERRED);
    [
        ("accept", false),
        ("decline", false),
        ("complete", open),
        ("approve", status == UNDER_CONTROL),
        ("disapprove", status == UNDER_CONTROL),
        ("start", start),
        ("pause", status == RUNNING),
        ("delegate", open),
        ("remove", true),
        ("edit", true),
        ("defer", open && status != DEFERRED),
        ("renew", matches!(status, DONE | DEFERRED)),
        ("create", true),
        ("changeDeadline", open),
        ("checklistAddItems", true),
        ("addFavorite", !favorite),
        ("deleteFavorite", favorite),
        ("rate", true),
        ("take", false),
        ("edit.originator", false),
        ("checklist.reorder", true),
        ("elapsedtime.add", true),
        ("dayplan.timer.toggle", start),
        ("edit.plan", true),
        ("checklist.add", true),
        ("favorite.add", !favorite),
        ("favorite.delete", favorite),
    ]
}
