//! `tasks.task.getFields`

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::TASK;
use crate::data::schema::{Class, Field, ID, Kind};

pub(crate) fn get_fields(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = state.table(TASK).schema.fields().iter().enumerate();
    let map: Array = fields
        .filter(|(_, field)| !UNDESCRIBED.contains(&field.name.as_ref()))
        .map(|(at, field)| (field.name.as_ref(), describe(at, field)))
        .collect();
    Ok(Output::value(&Value::Array(Array::from_iter([(
        "fields", map,
    )]))))
}

/// Tasks have them, and the method does not say so.
const UNDESCRIBED: [&str; 2] = ["DESCRIPTION_IN_BBCODE", "TAGS"];

/// Fields whose title is null.
const UNTITLED: [&str; 15] = [
    "NOT_VIEWED",
    "CREATED_DATE",
    "ACCOMPLICES",
    "AUDITORS",
    "ACTIVITY_DATE",
    "SERVICE_COMMENTS_COUNT",
    "NEW_COMMENTS_COUNT",
    "ALLOW_CHANGE_DEADLINE",
    "ALLOW_TIME_TRACKING",
    "FAVORITE",
    "CHECKLIST",
    "IS_MUTED",
    "IS_PINNED",
    "IS_PINNED_IN_GROUP",
    "UF_MAIL_MESSAGE",
];

/// What a task has if nobody says otherwise; not all fields name it.
fn default_value(name: &str) -> Option<Value> {
    Some(match name {
        "PARENT_ID"
        | "GROUP_ID"
        | "STAGE_ID"
        | "SPRINT_ID"
        | "BACKLOG_ID"
        | "FLOW_ID"
        | "COMMENTS_COUNT"
        | "SERVICE_COMMENTS_COUNT"
        | "NEW_COMMENTS_COUNT" => 0.into(),
        "PRIORITY" => 1.into(),
        "STATUS" => 2.into(),
        "MULTITASK"
        | "NOT_VIEWED"
        | "REPLICATE"
        | "TASK_CONTROL"
        | "ADD_IN_REPORT"
        | "ALLOW_CHANGE_DEADLINE"
        | "ALLOW_TIME_TRACKING"
        | "FORKED_BY_TEMPLATE_ID"
        | "IS_MUTED"
        | "IS_PINNED"
        | "IS_PINNED_IN_GROUP" => "N".into(),
        "MARK" | "CLOSED_BY" | "CLOSED_DATE" | "ACTIVITY_DATE" | "DATE_START" | "DEADLINE"
        | "START_DATE_PLAN" | "END_DATE_PLAN" | "GUID" | "XML_ID" | "SUBORDINATE" | "FAVORITE"
        | "EXCHANGE_MODIFIED" | "EXCHANGE_ID" | "OUTLOOK_VERSION" => Value::Null,
        "DURATION_TYPE" => "days".into(),
        _ => return None,
    })
}

fn describe(at: usize, field: &Field) -> Array {
    let values: &[(&str, &str)] = match &*field.name {
        "STATUS" => &[
            ("2", "Ждет выполнения"),
            ("3", "Выполняется"),
            ("4", "Ожидает контроля"),
            ("5", "Завершена"),
            ("6", "Отложена"),
        ],
        "PRIORITY" => &[("2", "Высокий"), ("1", "Средний"), ("0", "Низкий")],
        "MARK" => &[("N", "Отрицательная"), ("P", "Положительная")],
        "MATCH_WORK_TIME" => &[],
        _ if field.kind == Kind::Char || &*field.name == "FORKED_BY_TEMPLATE_ID" => {
            &[("Y", "Да"), ("N", "Нет")]
        }
        _ => &[],
    };
    let mut map = Array::new();
    let has_title = !UNTITLED.contains(&&*field.name);
    map.insert(
        "title",
        if has_title {
            field.title.as_ref().into()
        } else {
            Value::Null
        },
    );
    let type_name = match field.kind {
        Kind::CrmLinks => "crm",
        _ if &*field.name == "MATCH_WORK_TIME" => "integer",
        _ if &*field.name == "UF_TASK_WEBDAV_FILES" => "disk_file",
        _ if &*field.name == "UF_MAIL_MESSAGE" => "mail_message",
        _ if !values.is_empty() || &*field.name == "DURATION_TYPE" => "enum",
        _ if field.traits.multiple || field.kind == Kind::Any => "array",
        kind => match kind.class() {
            Class::Integer => "integer",
            Class::Number => "double",
            Class::Time => "datetime",
            Class::Text => "string",
        },
    };
    map.insert("type", type_name);
    if at == ID {
        map.insert("primary", true);
    }
    if field.traits.required {
        map.insert("required", true);
    }
    if &*field.name == "DURATION_TYPE" {
        let units = ["secs", "mins", "hours", "days", "weeks", "months", "years"];
        map.insert("values", units.into_iter().collect::<Value>());
    } else if !values.is_empty() {
        map.insert(
            "values",
            values
                .iter()
                .map(|(id, text)| (*id, *text))
                .collect::<Array>(),
        );
    }
    if let Some(value) = default_value(&field.name) {
        map.insert("default", value);
    }
    map
}
