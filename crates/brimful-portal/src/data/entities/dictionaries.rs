//! Entries of dictionaries, and the stages that records went through.

use super::shared::entity_type;
use super::{DEAL, FieldSpec, Kind, Source, field};

/// Entries of dictionaries: stages, sources, types. None are generated: a portal begins with those of [`crate::data::dictionary`].
pub(super) const STATUS_FIELDS: &[FieldSpec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("ENTITY_ID", Kind::Text, Source::Blank, "Тип справочника")
        .required()
        .immutable(),
    field("STATUS_ID", Kind::Text, Source::Blank, "Статус")
        .required()
        .immutable(),
    field("NAME", Kind::Text, Source::Blank, "Название").required(),
    field("NAME_INIT", Kind::Text, Source::Blank, "Исходное название").read_only(),
    field("SORT", Kind::Integer, Source::Number(10), "Сортировка"),
    field("SYSTEM", Kind::Char, Source::Flag(0), "Системный").read_only(),
    field("COLOR", Kind::Text, Source::Nothing, "Цвет"),
    field(
        "SEMANTICS",
        Kind::Json("char"),
        Source::Nothing,
        "Семантика",
    )
    .immutable(),
    field("CATEGORY_ID", Kind::Integer, Source::Nothing, "Воронка").immutable(),
];

/// The stages that records went through. Generated entries are of deals.
pub(super) const STAGE_HISTORY_FIELDS: &[FieldSpec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    // 1 the record was made, 2 an intermediate stage, 3 a final one, 5 another funnel.
    field(
        "TYPE_ID",
        Kind::Integer,
        Source::Between(1, 3),
        "Тип записи",
    ),
    field("OWNER_ID", Kind::Integer, Source::One(DEAL, 100), "Элемент"),
    field("CREATED_TIME", Kind::DateTime, Source::Created, "Время"),
    field("CATEGORY_ID", Kind::Integer, Source::Category, "Воронка"),
    field(
        "STAGE_SEMANTIC_ID",
        Kind::Text,
        Source::DealSemantic,
        "Семантика",
    ),
    field("STAGE_ID", Kind::Text, Source::DealStage, "Стадия"),
    entity_type(2),
];
