//! Items of the checklists of tasks.

use super::{Kind, Source, Spec, TASK, USER, field};

pub(super) const FIELDS: &[Spec] = &[
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
];
