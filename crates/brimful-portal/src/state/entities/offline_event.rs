//! Events that wait for an application to fetch them.

use super::{DEAL, Kind, Source, Spec, field};

pub(super) const FIELDS: &[Spec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("TIMESTAMP_X", Kind::DateTime, Source::Created, "Время"),
    field(
        "EVENT_NAME",
        Kind::Text,
        Source::Pick(&["ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALDELETE"]),
        "Событие",
    ),
    // The record that it happened to.
    field("OBJECT_ID", Kind::Integer, Source::One(DEAL, 100), "Объект").items_only(),
    field("EVENT_DATA", Kind::Any, Source::Nothing, "Данные"),
    field("EVENT_ADDITIONAL", Kind::Any, Source::Nothing, "Прочее"),
    field("MESSAGE_ID", Kind::Text, Source::Guid, "Сообщение"),
    // Set while somebody has fetched the event and not said what became of it.
    field("PROCESS_ID", Kind::Text, Source::Nothing, "Процесс").items_only(),
];
