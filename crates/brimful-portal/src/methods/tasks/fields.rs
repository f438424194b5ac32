//! `tasks.task.getFields`

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::TASK;
use crate::data::schema::{Class, Field, ID, Kind};

pub(crate) fn get_fields(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = state.table(TASK).schema.fields().iter().enumerate();
    let map: Array = fields
        .map(|(at, field)| (field.name.as_ref(), describe(at, field)))
        .collect();
    Ok(Output::value(&Value::Array(Array::from_iter([(
        "fields", map,
    )]))))
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
        _ if field.kind == Kind::Char => &[("Y", "Да"), ("N", "Нет")],
        _ => &[],
    };
    let mut map = Array::new();
    map.insert("title", field.title.as_ref());
    let type_name = match field.kind {
        Kind::CrmLinks => "crm",
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
    map
}
