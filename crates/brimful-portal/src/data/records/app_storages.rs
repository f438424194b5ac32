//! Storages of applications (`entity.*`).

use super::{Answer, NO_ARGUMENT, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, method};

/// How a storage that is not there is refused.
const NO_STORAGE: Refusal = Refusal {
    code: "ERROR_ENTITY_NOT_FOUND",
    text: "Entity not found",
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "entity",
        scope: "entity",
        key: &["ENTITY"],
        methods: &[
            method("entity.add", RecordVerb::Add)
                .flat()
                .answers(Answer::True),
            method("entity.update", RecordVerb::Update)
                .flat()
                .id_param("ENTITY"),
            method("entity.delete", RecordVerb::Delete).id_param("ENTITY"),
            method("entity.get", RecordVerb::GetOrList)
                .id_param("ENTITY")
                .paged(RecordPaging::Whole),
        ],
        not_found: NO_STORAGE,
        unnamed: NO_ARGUMENT,
        required: NO_ARGUMENT,
        taken: Refusal {
            code: "ERROR_ENTITY_ALREADY_EXISTS",
            text: "Entity already exists",
        },
        ..OLDER
    },
    RecordKind {
        name: "entity.item",
        scope: "entity",
        parent_fields: &["ENTITY"],
        parent: Some(("entity", NO_STORAGE)),
        methods: &[
            method("entity.item.add", RecordVerb::Add).flat(),
            method("entity.item.update", RecordVerb::Update).flat(),
            method("entity.item.delete", RecordVerb::Delete),
            method("entity.item.get", RecordVerb::List).sorted_by("SORT"),
        ],
        not_found: Refusal {
            code: "ERROR_ITEM_NOT_FOUND",
            text: "Item not found",
        },
        unnamed: NO_ARGUMENT,
        required: NO_ARGUMENT,
        ..OLDER
    },
    RecordKind {
        name: "entity.section",
        scope: "entity",
        parent_fields: &["ENTITY"],
        parent: Some(("entity", NO_STORAGE)),
        methods: &[
            method("entity.section.add", RecordVerb::Add).flat(),
            method("entity.section.update", RecordVerb::Update).flat(),
            method("entity.section.delete", RecordVerb::Delete),
            method("entity.section.get", RecordVerb::List).sorted_by("SORT"),
        ],
        not_found: Refusal {
            code: "ERROR_SECTION_NOT_FOUND",
            text: "Section not found",
        },
        unnamed: NO_ARGUMENT,
        required: NO_ARGUMENT,
        ..OLDER
    },
    RecordKind {
        name: "entity.item.property",
        scope: "entity",
        key: &["PROPERTY"],
        parent_fields: &["ENTITY"],
        parent: Some(("entity", NO_STORAGE)),
        methods: &[
            method("entity.item.property.add", RecordVerb::Add)
                .flat()
                .answers(Answer::True),
            method("entity.item.property.update", RecordVerb::Update)
                .flat()
                .id_param("PROPERTY"),
            method("entity.item.property.delete", RecordVerb::Delete).id_param("PROPERTY"),
            method("entity.item.property.get", RecordVerb::GetOrList)
                .id_param("PROPERTY")
                .paged(RecordPaging::Whole),
        ],
        not_found: Refusal {
            code: "ERROR_PROPERTY_NOT_FOUND",
            text: "Property not found",
        },
        unnamed: NO_ARGUMENT,
        required: NO_ARGUMENT,
        taken: Refusal {
            code: "ERROR_PROPERTY_ALREADY_EXISTS",
            text: "Property already exists",
        },
        ..OLDER
    },
];
