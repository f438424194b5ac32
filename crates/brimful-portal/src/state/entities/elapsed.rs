//! Time spent on tasks.

use super::{Kind, Source, Spec, TASK, USER, field, words};

pub(super) const FIELDS: &[Spec] = &[
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
        Source::Prose(words::COMMENTS),
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
