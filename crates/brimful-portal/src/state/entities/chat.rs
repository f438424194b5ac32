//! Chats, as the list of recent ones shows them. The later one has the higher ID.

use super::{Kind, Source, Spec, USER, field, words};

pub(super) const FIELDS: &[Spec] = &[
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
    field("TEXT", Kind::Text, Source::Prose(words::COMMENTS), "Текст"),
];
