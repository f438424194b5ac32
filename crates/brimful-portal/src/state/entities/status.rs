//! Entries of dictionaries: stages, sources, types. None are generated: a portal begins with those of
//! [`super::super::dictionary`].

use super::{Kind, Source, Spec, field};

pub(super) const FIELDS: &[Spec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("ENTITY_ID", Kind::Text, Source::Blank, "Тип справочника").required(),
    field("STATUS_ID", Kind::Text, Source::Blank, "Статус").required(),
    field("NAME", Kind::Text, Source::Blank, "Название").required(),
    field("NAME_INIT", Kind::Text, Source::Blank, "Исходное название").read_only(),
    field("SORT", Kind::Integer, Source::Number(10), "Сортировка"),
    field("SYSTEM", Kind::Char, Source::Flag(0), "Системный").read_only(),
    field("COLOR", Kind::Text, Source::Nothing, "Цвет"),
    field("SEMANTICS", Kind::Text, Source::Nothing, "Семантика"),
    field("CATEGORY_ID", Kind::Integer, Source::Nothing, "Воронка"),
];
