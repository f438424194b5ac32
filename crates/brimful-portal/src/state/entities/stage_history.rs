//! The stages that records went through. Generated entries are of deals.

use super::{DEAL, Kind, Source, Spec, entity_type, field};

pub(super) const FIELDS: &[Spec] = &[
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
