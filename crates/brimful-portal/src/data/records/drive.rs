//! Storages of the drive. The folders and files in them are rows of an entity.

use super::{OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, method};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "disk.attachedobject",
        scope: "disk",
        ..OLDER
    },
    RecordKind {
        name: "disk.storage",
        scope: "disk",
        methods: &[
            method("disk.storage.get", RecordVerb::Get),
            method("disk.storage.getlist", RecordVerb::List).paged(RecordPaging::Offset),
        ],
        not_found: Refusal {
            code: "ERROR_NOT_FOUND",
            text: "Could not find entity with id `{}`",
        },
        unnamed: Refusal {
            code: "ERROR_ARGUMENT",
            text: "Invalid value of parameter {Parameter #0}",
        },
        ..OLDER
    },
];
