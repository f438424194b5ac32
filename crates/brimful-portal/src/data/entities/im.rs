//! Chats and their messages.

use super::{CHAT, FieldSpec, Kind, Source, USER, field, sample_words};

/// Chats, as the list of recent ones shows them. The later one has the higher ID.
pub(super) const CHAT_FIELDS: &[FieldSpec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("TITLE", Kind::Text, Source::Chore, "Название"),
    field("OWNER", Kind::User, Source::One(USER, 100), "Владелец"),
    field("COUNTER", Kind::Integer, Source::Number(0), "Непрочитанные"),
    field("PINNED", Kind::Boolean, Source::Flag(5), "Закреплён"),
    field("UNREAD", Kind::Boolean, Source::Flag(10), "Не прочитан"),
    field("DATE_CREATE", Kind::DateTime, Source::Created, "Создан"),
    field(
        "DATE_UPDATE",
        Kind::DateTime,
        Source::Modified,
        "Последнее сообщение",
    ),
    field(
        "TEXT",
        Kind::Text,
        Source::Prose(sample_words::COMMENTS),
        "Текст",
    ),
];

/// Messages of chats.
pub(super) const MESSAGE_FIELDS: &[FieldSpec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("CHAT_ID", Kind::Integer, Source::One(CHAT, 100), "Чат"),
    field("AUTHOR_ID", Kind::User, Source::One(USER, 100), "Автор"),
    field("DATE", Kind::DateTime, Source::Created, "Время"),
    field(
        "TEXT",
        Kind::Text,
        Source::Prose(sample_words::COMMENTS),
        "Текст",
    ),
    field("UNREAD", Kind::Boolean, Source::Flag(5), "Не прочитано"),
    field("UUID", Kind::Text, Source::Guid, "UUID"),
];
