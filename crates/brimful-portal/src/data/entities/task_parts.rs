//! What belongs to tasks: their checklists, and the time spent on them.

use super::{FieldSpec, Kind, Source, TASK, USER, field, sample_words};

use crate::data::source::Raw;

/// Items of the checklists of tasks.
pub(super) const CHECKLIST_FIELDS: &[FieldSpec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("TASK_ID", Kind::Integer, Source::One(TASK, 100), "Задача").read_only(),
    field("PARENT_ID", Kind::Integer, Source::Number(0), "Родитель"),
    field(
        "CREATED_BY",
        Kind::User,
        Source::One(USER, 100),
        "Кем создан",
    )
    .read_only(),
    field("TITLE", Kind::Text, Source::Chore, "Текст").required(),
    field("SORT_INDEX", Kind::Integer, Source::Id, "Порядок"),
    field("IS_COMPLETE", Kind::Char, Source::Flag(40), "Выполнен"),
    field("IS_IMPORTANT", Kind::Char, Source::Flag(10), "Важный"),
    field("TOGGLED_BY", Kind::User, Source::Nothing, "Кем отмечен").read_only(),
    field(
        "TOGGLED_DATE",
        Kind::DateTime,
        Source::Nothing,
        "Когда отмечен",
    )
    .read_only(),
    field(
        "MEMBERS",
        Kind::Any,
        Source::Raw(Raw::EmptyList),
        "Участники",
    ),
    field(
        "ATTACHMENTS",
        Kind::Any,
        Source::Raw(Raw::EmptyList),
        "Вложения",
    )
    .read_only(),
];

/// Time spent on tasks.
pub(super) const ELAPSED_FIELDS: &[FieldSpec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("TASK_ID", Kind::Integer, Source::One(TASK, 100), "Задача").read_only(),
    field(
        "USER_ID",
        Kind::User,
        Source::One(USER, 100),
        "Пользователь",
    ),
    field(
        "COMMENT_TEXT",
        Kind::Text,
        Source::Prose(sample_words::COMMENTS),
        "Комментарий",
    ),
    field(
        "SECONDS",
        Kind::Integer,
        Source::Between(60, 28_800),
        "Секунды",
    ),
    field("MINUTES", Kind::Integer, Source::Between(1, 480), "Минуты"),
    field("SOURCE", Kind::Integer, Source::Number(2), "Источник"),
    field("CREATED_DATE", Kind::DateTime, Source::Created, "Создано"),
    field("DATE_START", Kind::DateTime, Source::Created, "Начало").read_only(),
    field("DATE_STOP", Kind::DateTime, Source::After(1), "Конец").read_only(),
];
