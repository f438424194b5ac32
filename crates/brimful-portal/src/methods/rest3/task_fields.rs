//! The fields of tasks, and of what tasks relate to.

use brimful_protocol::{Array, Value};

use super::dto::{Dto, Kind, Source, always, column, made, relation};
use super::item::{Item, is_yes};
use crate::data::entities::{TASK, USER};
use crate::methods::record_rows::{number, rows};
use crate::methods::tasks::chat_of;

pub(super) const STATUSES: &[(&str, &str)] = &[
    ("2", "pending"),
    ("3", "in_progress"),
    ("4", "supposedly_completed"),
    ("5", "completed"),
    ("6", "deferred"),
    ("7", "declined"),
];

pub(super) const PRIORITIES: &[(&str, &str)] = &[("1", "average"), ("0", "low"), ("2", "high")];

pub(super) const MARKS: &[(&str, &str)] = &[("", "none"), ("P", "positive"), ("N", "negative")];

const PERSON: Kind = Kind::Object;

/// The user in a column.
const fn user(column: &'static str) -> Source {
    Source::Row(&USER_DTO, column, USER)
}

/// A task. What is `on_demand` comes only where it is asked for.
pub(super) static TASK_DTO: Dto = Dto {
    name: "TaskDto",
    fields: &[
        column("id", Kind::Int, "ID").filterable().sortable(),
        column("title", Kind::Text, "TITLE").sortable().editable(),
        column("description", Kind::Text, "DESCRIPTION").editable(),
        column("creatorId", Kind::Int, "CREATED_BY")
            .sortable()
            .on_demand(),
        relation("creator", PERSON, user("CREATED_BY")),
        column("created", Kind::Moment, "CREATED_DATE")
            .sortable()
            .on_demand(),
        column("responsibleId", Kind::Int, "RESPONSIBLE_ID")
            .sortable()
            .editable()
            .on_demand(),
        relation("responsible", PERSON, user("RESPONSIBLE_ID")),
        column("deadline", Kind::Moment, "DEADLINE")
            .sortable()
            .editable(),
        column("needsControl", Kind::Flag, "TASK_CONTROL").editable(),
        column("startPlan", Kind::Moment, "START_DATE_PLAN")
            .sortable()
            .editable(),
        column("endPlan", Kind::Moment, "END_DATE_PLAN")
            .sortable()
            .editable(),
        always("fileIds", Kind::List, "null"),
        always("checklist", Kind::List, "[]"),
        column("groupId", Kind::Int, "GROUP_ID")
            .sortable()
            .editable()
            .on_demand(),
        relation("group", Kind::Object, Source::Built(&GROUP_DTO, group)),
        column("stageId", Kind::Int, "STAGE_ID")
            .editable()
            .on_demand(),
        relation("stage", Kind::Object, Source::Built(&STAGE_DTO, stage)),
        always("epicId", Kind::Int, "null"),
        always("storyPoints", Kind::Int, "null"),
        column("flowId", Kind::Int, "FLOW_ID")
            .editable()
            .on_demand(),
        relation("flow", Kind::Object, Source::Built(&FLOW_DTO, flow)),
        column("priority", Kind::Words(PRIORITIES), "PRIORITY")
            .sortable()
            .editable(),
        column("status", Kind::Words(STATUSES), "STATUS")
            .sortable()
            .editable(),
        column("statusChanged", Kind::Moment, "STATUS_CHANGED_DATE"),
        relation(
            "accomplices",
            Kind::List,
            Source::Rows(&USER_DTO, "ACCOMPLICES", USER),
        )
        .editable(),
        relation(
            "auditors",
            Kind::List,
            Source::Rows(&USER_DTO, "AUDITORS", USER),
        )
        .editable(),
        column("parentId", Kind::Int, "PARENT_ID").editable(),
        relation(
            "parent",
            Kind::Object,
            Source::Row(&TASK_DTO, "PARENT_ID", TASK),
        ),
        always("containsChecklist", Kind::Flag, "false"),
        always("containsSubTasks", Kind::Flag, "false"),
        always("containsRelatedTasks", Kind::Flag, "false"),
        always("containsGanttLinks", Kind::Flag, "false"),
        always("containsPlacements", Kind::Flag, "true"),
        always("containsResults", Kind::Flag, "false"),
        always("numberOfReminders", Kind::Int, "0"),
        made("chatId", Kind::Int, chat),
        column("plannedDuration", Kind::Count, "DURATION_PLAN").editable(),
        column("actualDuration", Kind::Count, "DURATION_FACT"),
        column("durationType", Kind::Text, "DURATION_TYPE").editable(),
        column("started", Kind::Moment, "DATE_START").sortable(),
        column("estimatedTime", Kind::Count, "TIME_ESTIMATE")
            .sortable()
            .editable(),
        column("replicate", Kind::Flag, "REPLICATE").editable(),
        column("changed", Kind::Moment, "CHANGED_DATE").sortable(),
        column("changedById", Kind::Int, "CHANGED_BY").on_demand(),
        relation("changedBy", PERSON, user("CHANGED_BY")),
        column("statusChangedById", Kind::Int, "STATUS_CHANGED_BY").on_demand(),
        relation("statusChangedBy", PERSON, user("STATUS_CHANGED_BY")),
        column("closedById", Kind::Int, "CLOSED_BY").on_demand(),
        relation("closedBy", PERSON, user("CLOSED_BY")),
        column("closed", Kind::Moment, "CLOSED_DATE").sortable(),
        column("activity", Kind::Moment, "ACTIVITY_DATE").sortable(),
        column("guid", Kind::Text, "GUID"),
        column("xmlId", Kind::Text, "XML_ID").editable(),
        column("exchangeId", Kind::Text, "EXCHANGE_ID"),
        column("exchangeModified", Kind::Moment, "EXCHANGE_MODIFIED"),
        column("outlookVersion", Kind::Int, "OUTLOOK_VERSION"),
        column("mark", Kind::Words(MARKS), "MARK")
            .sortable()
            .editable(),
        column("allowsChangeDeadline", Kind::Flag, "ALLOW_CHANGE_DEADLINE")
            .sortable()
            .editable(),
        column("allowsTimeTracking", Kind::Flag, "ALLOW_TIME_TRACKING")
            .sortable()
            .editable(),
        column("matchesWorkTime", Kind::Flag, "MATCH_WORK_TIME").editable(),
        column("addInReport", Kind::Flag, "ADD_IN_REPORT").editable(),
        column("isMultitask", Kind::Flag, "MULTITASK").editable(),
        column("siteId", Kind::Text, "SITE_ID").editable(),
        column("forkedByTemplateId", Kind::Int, "FORKED_BY_TEMPLATE_ID").on_demand(),
        always("deadlineCount", Kind::Int, "null"),
        always("declineReason", Kind::Text, "null"),
        column("forumTopicId", Kind::Int, "FORUM_TOPIC_ID"),
        made("link", Kind::Text, link),
        made("rights", Kind::List, rights),
        made("archiveLink", Kind::Text, archive_link),
        column("crmItemIds", Kind::List, "UF_CRM_TASK").editable(),
        always("requireResult", Kind::Flag, "false"),
        always("matchesSubTasksTime", Kind::Flag, "false"),
        always("autocompleteSubTasks", Kind::Flag, "false"),
        always("allowsChangeDatePlan", Kind::Flag, "false"),
        always("maxDeadlineChangeDate", Kind::Moment, "null"),
        always("maxDeadlineChanges", Kind::Int, "null"),
        always("requireDeadlineChangeReason", Kind::Flag, "false"),
        made("inFavorite", Kind::List, in_favorite),
        made("inPin", Kind::List, in_pin),
        made("inGroupPin", Kind::List, in_group_pin),
        made("inMute", Kind::List, in_mute),
        always("dependsOn", Kind::List, "[]"),
        always("scenarios", Kind::List, r#"["default"]"#),
    ],
};

/// A user in a task.
pub(super) static USER_DTO: Dto = Dto {
    name: "UserDto",
    fields: &[
        column("id", Kind::Int, "ID"),
        made("name", Kind::Text, full_name),
        always("role", Kind::Text, "null"),
        always("image", Kind::Object, "null"),
        column("gender", Kind::Text, "PERSONAL_GENDER"),
        column("email", Kind::Text, "EMAIL"),
        always("externalAuthId", Kind::Text, "null"),
        always("rights", Kind::List, "[]"),
    ],
};

/// The project of a task.
pub(super) static GROUP_DTO: Dto = Dto {
    name: "GroupDto",
    fields: &[
        always("id", Kind::Int, "null"),
        always("name", Kind::Text, "null"),
        always("image", Kind::Object, "null"),
        always("type", Kind::Text, "null"),
        always("isVisible", Kind::Flag, "true"),
    ],
};

/// The stage of a task in its project.
pub(super) static STAGE_DTO: Dto = Dto {
    name: "StageDto",
    fields: &[
        always("id", Kind::Int, "null"),
        always("title", Kind::Text, "null"),
        always("color", Kind::Text, "null"),
    ],
};

/// The flow of a task.
pub(super) static FLOW_DTO: Dto = Dto {
    name: "FlowDto",
    fields: &[
        always("id", Kind::Int, "null"),
        always("name", Kind::Text, "null"),
    ],
};

fn numbered(item: &Item<'_>, column: &str) -> Option<i64> {
    item.cell(column).to_int().filter(|&id| id > 0)
}

fn group(item: &Item<'_>) -> Option<Array> {
    let id = numbered(item, "GROUP_ID")?;
    let mut group = Array::new();
    group.insert("id", id);
    group.insert("name", format!("Проект {id}"));
    group.insert("type", "group");
    group.insert("isVisible", true);
    Some(group)
}

fn stage(item: &Item<'_>) -> Option<Array> {
    let id = numbered(item, "STAGE_ID")?;
    let mut stage = Array::new();
    stage.insert("id", id);
    stage.insert("title", format!("Стадия {id}"));
    stage.insert("color", "00C4FB");
    Some(stage)
}

fn flow(item: &Item<'_>) -> Option<Array> {
    let id = numbered(item, "FLOW_ID")?;
    let mut flow = Array::new();
    flow.insert("id", id);
    flow.insert("name", format!("Поток {id}"));
    Some(flow)
}

fn full_name(item: &Item<'_>) -> Value {
    let text = |name| item.cell(name).to_text().unwrap_or_default();
    let name = format!("{} {}", text("NAME"), text("LAST_NAME"));
    Value::from(name.trim())
}

fn link(item: &Item<'_>) -> Value {
    let (user, id) = (item.user, item.row.id);
    format!("/company/personal/user/{user}/tasks/task/view/{id}/").into()
}

fn archive_link(item: &Item<'_>) -> Value {
    let id = item.row.id;
    format!(
        "/bitrix/tools/disk/uf.php?entityId={id}&entity=TASKS_TASK&fieldName=UF_TASK_WEBDAV_FILES\
         &action=downloadArchiveByEntity&ncc=1"
    )
    .into()
}

/// The chat of a task.
fn chat(item: &Item<'_>) -> Value {
    i64::try_from(chat_of(item.row.id)).map_or(Value::Null, Value::Int)
}

/// What the reader may do with the task: all that its status and its results leave to do.
fn rights(item: &Item<'_>) -> Value {
    const NAMES: [&str; 45] = [
        "read",
        "watch",
        "mute",
        "createResult",
        "edit",
        "remove",
        "complete",
        "approve",
        "disapprove",
        "start",
        "take",
        "delegate",
        "defer",
        "renew",
        "deadline",
        "datePlan",
        "changeDirector",
        "changeResponsible",
        "changeAccomplices",
        "pause",
        "timeTracking",
        "mark",
        "changeStatus",
        "reminder",
        "addAuditors",
        "elapsedTime",
        "favorite",
        "checklistAdd",
        "checklistEdit",
        "checklistSave",
        "checklistToggle",
        "automate",
        "resultEdit",
        "completeResult",
        "removeResult",
        "resultRead",
        "admin",
        "createSubtask",
        "copy",
        "saveAsTemplate",
        "attachFile",
        "detachFile",
        "detachParent",
        "createGanttDependence",
        "sort",
    ];
    let status = item.cell("STATUS").to_int().unwrap_or(2);
    let is_granted = |right: &str| match right {
        "complete" => !matches!(status, 4 | 5),
        "approve" | "disapprove" => status == 4,
        "start" => matches!(status, 2 | 6),
        "pause" => status == 3,
        "defer" => matches!(status, 2 | 3),
        "renew" => matches!(status, 5 | 6),
        "timeTracking" => is_yes(item.cell("ALLOW_TIME_TRACKING")),
        "resultEdit" | "removeResult" | "resultRead" => has_results(item),
        // Nobody takes tasks of flows here, changes who gave a task, or sorts.
        "take" | "changeDirector" | "sort" => false,
        _ => true,
    };
    let rights = NAMES.into_iter().map(|right| (right, is_granted(right)));
    Value::Array(rights.collect())
}

fn has_results(item: &Item<'_>) -> bool {
    let task = item.row.id;
    let mut results = rows(item.state, "tasks.task.result.rest3");
    results.any(|(_, result)| number(result, "taskId") == task)
}

/// The reader, if the flag is set.
fn reader_if(item: &Item<'_>, column: &str) -> Value {
    let set = is_yes(item.cell(column));
    set.then_some(item.user as i64).into_iter().collect()
}

fn in_favorite(item: &Item<'_>) -> Value {
    reader_if(item, "FAVORITE")
}

fn in_pin(item: &Item<'_>) -> Value {
    reader_if(item, "IS_PINNED")
}

fn in_group_pin(item: &Item<'_>) -> Value {
    reader_if(item, "IS_PINNED_IN_GROUP")
}

fn in_mute(item: &Item<'_>) -> Value {
    reader_if(item, "IS_MUTED")
}
