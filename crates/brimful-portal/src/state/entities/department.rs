//! Departments.

use super::{Kind, Source, Spec, USER, field, words};

pub(super) const FIELDS: &[Spec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field(
        "NAME",
        Kind::Text,
        Source::Pick(words::DEPARTMENTS),
        "Название подразделения",
    )
    .required(),
    field("SORT", Kind::Integer, Source::Number(500), "Сортировка"),
    field(
        "PARENT",
        Kind::Integer,
        Source::Parent(1),
        "Вышестоящее подразделение",
    ),
    field(
        "UF_HEAD",
        Kind::User,
        Source::Seldom(70, &Source::One(USER, 100)),
        "Руководитель",
    ),
];
