//! Events: the log that administrators read, and those that wait for an application.

use super::{DEAL, FieldSpec, Kind, Source, USER, field};

/// The event log. Generated entries are sign-ins and changes of users, as an old portal is full of them.
pub(super) const EVENT_LOG_FIELDS: &[FieldSpec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("TIMESTAMP_X", Kind::DateTime, Source::Created, "Время"),
    field(
        "SEVERITY",
        Kind::Text,
        Source::Pick(&["SECURITY", "SECURITY", "SECURITY", "WARNING"]),
        "Важность",
    ),
    field(
        "AUDIT_TYPE_ID",
        Kind::Text,
        Source::Pick(&[
            "USER_AUTHORIZE",
            "USER_AUTHORIZE",
            "USER_AUTHORIZE",
            "USER_LOGOUT",
            "USER_EDIT",
            "USER_INFO",
        ]),
        "Событие",
    ),
    field("MODULE_ID", Kind::Text, Source::Always("main"), "Модуль"),
    field("ITEM_ID", Kind::Text, Source::One(USER, 100), "Объект"),
    field(
        "REMOTE_ADDR",
        Kind::Text,
        Source::Pick(&["192.0.2.10", "192.0.2.11", "198.51.100.7"]),
        "IP",
    ),
    field(
        "USER_AGENT",
        Kind::Text,
        Source::Pick(&["Mozilla/5.0", "Bitrix24.Disk/6.0"]),
        "User-Agent",
    ),
    field("REQUEST_URI", Kind::Text, Source::Always("/auth/"), "URL"),
    field("SITE_ID", Kind::Text, Source::Always("s1"), "Сайт"),
    field(
        "USER_ID",
        Kind::User,
        Source::One(USER, 100),
        "Пользователь",
    ),
    field("GUEST_ID", Kind::Integer, Source::Nothing, "Гость"),
    field(
        "DESCRIPTION",
        Kind::Text,
        Source::Prose(&[r#"{"method":"external"}"#, r#"{"method":"password"}"#]),
        "Описание",
    ),
];

/// Events that wait for an application to fetch them.
pub(super) const OFFLINE_EVENT_FIELDS: &[FieldSpec] = &[
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
    // Set while somebody has fetched the event and has not said how it was handled.
    field("PROCESS_ID", Kind::Text, Source::Nothing, "Процесс"),
    // Whose queue it is in; generated events are in that of every application.
    field("APPLICATION", Kind::Text, Source::Nothing, "Приложение").items_only(),
    field("CONNECTOR_ID", Kind::Text, Source::Nothing, "Коннектор").items_only(),
    // Whether somebody fetched it and then said that it could not be worked on.
    field("ERROR", Kind::Integer, Source::Number(0), "Ошибка"),
];
