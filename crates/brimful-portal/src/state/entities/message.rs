//! Messages of chats.

use super::{CHAT, Kind, Source, Spec, USER, field, words};

pub(super) const FIELDS: &[Spec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("CHAT_ID", Kind::Integer, Source::One(CHAT, 100), "Чат"),
    field("AUTHOR_ID", Kind::User, Source::One(USER, 100), "Автор"),
    field("DATE", Kind::DateTime, Source::Created, "Время"),
    field("TEXT", Kind::Text, Source::Prose(words::COMMENTS), "Текст"),
    field("UNREAD", Kind::Boolean, Source::Flag(5), "Не прочитано"),
    field("UUID", Kind::Text, Source::Guid, "UUID"),
];
