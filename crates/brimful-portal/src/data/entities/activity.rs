//! Activities: calls, meetings and the like, each of which belongs to a record.

use super::{DEAL, FieldSpec, Kind, Source, USER, field, sample_words};
use crate::data::source::Raw;

pub(super) const FIELDS: &[FieldSpec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field(
        "OWNER_ID",
        Kind::Integer,
        Source::One(DEAL, 100),
        "Владелец",
    )
    .immutable(),
    field(
        "OWNER_TYPE_ID",
        Kind::Listed("crm_enum_ownertype"),
        Source::Number(2),
        "Тип владельца",
    )
    .immutable(),
    field(
        "TYPE_ID",
        Kind::Listed("crm_enum_activitytype"),
        Source::RowNumber(&[6, 2, 1, 4, 6, 3]),
        "Тип",
    )
    .required()
    .immutable(),
    field(
        "PROVIDER_ID",
        Kind::Text,
        Source::RowWord(&[
            "CRM_TODO",
            "VOXIMPLANT_CALL",
            "CRM_MEETING",
            "CRM_EMAIL",
            "CRM_TODO",
            "CRM_TASKS_TASK",
        ]),
        "Идентификатор провайдера",
    ),
    field(
        "PROVIDER_TYPE_ID",
        Kind::Text,
        Source::RowWord(&["TODO", "CALL", "MEETING", "EMAIL", "TODO", "TASKS_TASK"]),
        "Тип провайдера",
    ),
    field(
        "PROVIDER_GROUP_ID",
        Kind::Text,
        Source::Nothing,
        "Тип коннектора",
    ),
    field(
        "ASSOCIATED_ENTITY_ID",
        Kind::Integer,
        Source::Number(0),
        "Связанный объект",
    )
    .read_only(),
    field("SUBJECT", Kind::Text, Source::Chore, "Тема").required(),
    field("CREATED", Kind::DateTime, Source::Created, "Создано").read_only(),
    field(
        "LAST_UPDATED",
        Kind::DateTime,
        Source::Modified,
        "Дата изменения",
    )
    .read_only(),
    field(
        "START_TIME",
        Kind::DateTime,
        Source::After(20),
        "Время начала",
    ),
    field(
        "END_TIME",
        Kind::DateTime,
        Source::After(20),
        "Время завершения",
    ),
    field(
        "DEADLINE",
        Kind::DateTime,
        Source::After(60),
        "Крайний срок",
    ),
    field("COMPLETED", Kind::Char, Source::Flag(60), "Завершено"),
    field(
        "STATUS",
        Kind::Listed("crm_enum_activitystatus"),
        Source::Between(1, 2),
        "Статус",
    ),
    field(
        "RESPONSIBLE_ID",
        Kind::User,
        Source::One(USER, 100),
        "Ответственный",
    )
    .required(),
    field(
        "PRIORITY",
        Kind::Listed("crm_enum_activitypriority"),
        Source::Between(1, 3),
        "Приоритет",
    ),
    field(
        "NOTIFY_TYPE",
        Kind::Listed("crm_enum_activitynotifytype"),
        Source::Number(0),
        "Вид напоминания",
    ),
    field(
        "NOTIFY_VALUE",
        Kind::Integer,
        Source::Number(0),
        "Параметр напоминания",
    ),
    field(
        "DESCRIPTION",
        Kind::Text,
        Source::Prose(sample_words::COMMENTS),
        "Описание",
    ),
    field(
        "DESCRIPTION_TYPE",
        Kind::Listed("crm_enum_contenttype"),
        Source::Number(1),
        "Тип описания",
    ),
    field(
        "DIRECTION",
        Kind::Listed("crm_enum_activitydirection"),
        Source::Between(0, 2),
        "Направление",
    ),
    field("LOCATION", Kind::Text, Source::Blank, "Место"),
    field("AUTHOR_ID", Kind::User, Source::One(USER, 100), "Автор").read_only(),
    field("EDITOR_ID", Kind::User, Source::One(USER, 100), "Редактор").read_only(),
    field(
        "SETTINGS",
        Kind::Json("object"),
        Source::Raw(Raw::EmptyList),
        "Настройки",
    ),
    field("ORIGIN_ID", Kind::Text, Source::Nothing, "Внешний код"),
    field(
        "ORIGINATOR_ID",
        Kind::Text,
        Source::Nothing,
        "Внешний источник",
    ),
    field(
        "RESULT_STATUS",
        Kind::Integer,
        Source::Number(0),
        "RESULT_STATUS",
    ),
    field(
        "RESULT_STREAM",
        Kind::Integer,
        Source::Number(0),
        "RESULT_STREAM",
    ),
    field(
        "RESULT_SOURCE_ID",
        Kind::Text,
        Source::Nothing,
        "RESULT_SOURCE_ID",
    ),
    field(
        "PROVIDER_PARAMS",
        Kind::Json("object"),
        Source::Raw(Raw::EmptyList),
        "Параметры провайдера",
    ),
    field(
        "PROVIDER_DATA",
        Kind::Text,
        Source::Nothing,
        "Данные провайдера",
    ),
    field(
        "RESULT_MARK",
        Kind::Integer,
        Source::Number(0),
        "RESULT_MARK",
    ),
    field(
        "RESULT_VALUE",
        Kind::Double,
        Source::Nothing,
        "RESULT_VALUE",
    ),
    field("RESULT_SUM", Kind::Double, Source::Nothing, "RESULT_SUM"),
    field(
        "RESULT_CURRENCY_ID",
        Kind::Text,
        Source::Nothing,
        "RESULT_CURRENCY_ID",
    ),
    field(
        "AUTOCOMPLETE_RULE",
        Kind::Integer,
        Source::Number(0),
        "Автозавершение",
    ),
    field(
        "BINDINGS",
        Kind::Json("crm_activity_binding"),
        Source::Raw(Raw::EmptyList),
        "Привязки",
    )
    .read_only()
    .multiple()
    .on_request(),
    field(
        "COMMUNICATIONS",
        Kind::Json("crm_activity_communication"),
        Source::Raw(Raw::EmptyList),
        "Канал связи",
    )
    .required()
    .multiple()
    .on_request(),
    field(
        "FILES",
        Kind::Json("diskfile"),
        Source::Raw(Raw::EmptyList),
        "Файлы",
    )
    .multiple()
    .on_request(),
    field(
        "WEBDAV_ELEMENTS",
        Kind::Json("diskfile"),
        Source::Raw(Raw::EmptyList),
        "Добавленные файлы",
    )
    .multiple()
    .on_request(),
    field(
        "IS_INCOMING_CHANNEL",
        Kind::Char,
        Source::Flag(0),
        "IS_INCOMING_CHANNEL",
    )
    .read_only(),
];
