//! Files and folders of the drive.

use super::{FieldSpec, Kind, Source, USER, field};

pub(super) const FIELDS: &[FieldSpec] = &[
    field("ID", Kind::Integer, Source::Id, "ID").read_only(),
    field("NAME", Kind::Text, Source::Chore, "Название").required(),
    field("CODE", Kind::Text, Source::Nothing, "Символьный код"),
    field("STORAGE_ID", Kind::Integer, Source::Number(1), "Хранилище").read_only(),
    field(
        "TYPE",
        Kind::Text,
        Source::Pick(&["folder", "file", "file", "file"]),
        "Тип",
    )
    .read_only(),
    field(
        "REAL_OBJECT_ID",
        Kind::Integer,
        Source::Id,
        "Настоящий объект",
    )
    .read_only(),
    // The first object is the root, and all others lie in it.
    field("PARENT_ID", Kind::Integer, Source::Below(1), "Папка").read_only(),
    field("DELETED_TYPE", Kind::Integer, Source::Number(0), "Удалён").read_only(),
    field(
        "GLOBAL_CONTENT_VERSION",
        Kind::Integer,
        Source::Number(1),
        "Версия",
    )
    .read_only(),
    field(
        "SIZE",
        Kind::Integer,
        Source::Between(100, 9_000_000),
        "Размер",
    )
    .read_only(),
    field("CREATE_TIME", Kind::DateTime, Source::Created, "Создан").read_only(),
    field("UPDATE_TIME", Kind::DateTime, Source::Modified, "Изменён").read_only(),
    field("DELETE_TIME", Kind::DateTime, Source::Nothing, "Удалён").read_only(),
    field(
        "CREATED_BY",
        Kind::User,
        Source::One(USER, 100),
        "Кем создан",
    )
    .read_only(),
    field(
        "UPDATED_BY",
        Kind::User,
        Source::One(USER, 100),
        "Кем изменён",
    )
    .read_only(),
    field("DELETED_BY", Kind::Integer, Source::Number(0), "Кем удалён").read_only(),
    field("DETAIL_URL", Kind::Text, Source::Blank, "Адрес").read_only(),
];
