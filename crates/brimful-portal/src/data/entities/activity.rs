//! Activities: calls, meetings and the like, each of which belongs to a record.

use super::{DEAL, Kind, Source, Spec, USER, field, words};

pub(super) const FIELDS: &[Spec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field(
        "OWNER_ID",
        Kind::Integer,
        Source::One(DEAL, 100),
        "Владелец",
    )
    .required(),
    field(
        "OWNER_TYPE_ID",
        Kind::Integer,
        Source::Number(2),
        "Тип владельца",
    )
    .required(),
    field("TYPE_ID", Kind::Integer, Source::Between(1, 3), "Тип").required(),
    field(
        "PROVIDER_ID",
        Kind::Text,
        Source::Always("CRM_TODO"),
        "Идентификатор провайдера",
    ),
    field(
        "PROVIDER_TYPE_ID",
        Kind::Text,
        Source::Always("TODO"),
        "Тип провайдера",
    ),
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
    field("STATUS", Kind::Integer, Source::Between(1, 2), "Статус"),
    field(
        "RESPONSIBLE_ID",
        Kind::User,
        Source::One(USER, 100),
        "Ответственный",
    ),
    field(
        "PRIORITY",
        Kind::Integer,
        Source::Between(1, 3),
        "Приоритет",
    ),
    field(
        "DESCRIPTION",
        Kind::Text,
        Source::Prose(words::COMMENTS),
        "Описание",
    ),
    field(
        "DESCRIPTION_TYPE",
        Kind::Integer,
        Source::Number(1),
        "Тип описания",
    ),
    field(
        "DIRECTION",
        Kind::Integer,
        Source::Between(0, 2),
        "Направление",
    ),
    field("LOCATION", Kind::Text, Source::Blank, "Место"),
    field("AUTHOR_ID", Kind::User, Source::One(USER, 100), "Автор").read_only(),
    field("EDITOR_ID", Kind::User, Source::One(USER, 100), "Редактор").read_only(),
    field("ORIGIN_ID", Kind::Text, Source::Nothing, "ORIGIN_ID"),
];
