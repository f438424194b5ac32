//! What applications give to the BI Builder: connectors, sources and datasets. And the services of their AI.

use super::{
    Answer, MISSING_PARAMETER, NO_ARGUMENT, NOT_SET, OLDER, OwnerRule, RecordKind, RecordPaging,
    RecordVerb, Refusal, Spelling, method,
};

/// How a call that names no connector is refused.
const NO_CONNECTOR: Refusal = Refusal {
    code: "CONNECTOR_ID_REQUIRED",
    text: "Connector ID required",
};

/// How a note of what is not there is refused.
const NO_ELEMENT: Refusal = Refusal {
    code: "NOT_FOUND",
    text: "Element not found",
};

/// What the methods of all three have in common.
const BI: RecordKind = RecordKind {
    scope: "biconnector",
    id: "id",
    key: &["id"],
    spelling: Spelling::Typed,
    no_fields: Some(Refusal {
        code: "VALIDATION_FIELDS_NOT_PROVIDED",
        text: "Fields not provided.",
    }),
    unnamed: Refusal {
        code: "VALIDATION_ID_NOT_PROVIDED",
        text: "ID is missing.",
    },
    required: Refusal {
        code: "VALIDATION_REQUIRED_FIELD_MISSING",
        text: "Field \"{}\" is required.",
    },
    ..OLDER
};

/// A kind of the BI Builder with its usual methods. `get` is named where it returns the record as it is.
macro_rules! bi_kind {
    ($name:literal, $($get:ident,)? $not_found:literal, $text:literal) => {
        RecordKind {
            name: $name,
            methods: &[
                method(concat!($name, ".add"), RecordVerb::Add).answers(Answer::IdUnder("id")),
                method(concat!($name, ".update"), RecordVerb::Update),
                $(
                    method(concat!($name, ".", stringify!($get)), RecordVerb::Get)
                        .answers(Answer::Under("item")),
                )?
                method(concat!($name, ".list"), RecordVerb::List).paged(RecordPaging::Whole),
                method(concat!($name, ".delete"), RecordVerb::Delete),
            ],
            not_found: Refusal {
                code: $not_found,
                text: $text,
            },
            ..BI
        }
    };
}

/// What records have in common that controllers of the CRM keep.
const CRM: RecordKind = RecordKind {
    scope: "crm",
    id: "id",
    spelling: Spelling::Typed,
    unnamed: MISSING_PARAMETER,
    required: MISSING_PARAMETER,
    ..OLDER
};

pub(super) const KINDS: &[RecordKind] = &[
    bi_kind!(
        "biconnector.connector",
        get,
        "CONNECTOR_NOT_FOUND",
        "Connector was not found."
    ),
    bi_kind!(
        "biconnector.source",
        "SOURCE_NOT_FOUND",
        "Source was not found."
    ),
    bi_kind!(
        "biconnector.dataset",
        get,
        "DATASET_NOT_FOUND",
        "Dataset was not found."
    ),
    RecordKind {
        name: "ai.engine",
        scope: "ai_admin",
        id: "id",
        key: &["code"],
        spelling: Spelling::Typed,
        methods: &[
            method("ai.engine.register", RecordVerb::Add).flat(),
            method("ai.engine.list", RecordVerb::List).paged(RecordPaging::Whole),
            method("ai.engine.unregister", RecordVerb::Delete).id_param("code"),
        ],
        required: Refusal {
            code: "ENGINE_REGISTER_ERROR",
            text: "The `{}` key with a string value is required",
        },
        taken: Refusal {
            code: "ENGINE_REGISTER_ERROR_CODE_UNIQUE",
            text: "A record with this `code` already exists",
        },
        unnamed: MISSING_PARAMETER,
        ..OLDER
    },
    RecordKind {
        name: "crm.timeline.note",
        owner: Some(OwnerRule {
            type_field: "ownerTypeId",
            id_field: "ownerId",
            types: &[],
            unknown_type: NO_ELEMENT,
            not_found: NO_ELEMENT,
        }),
        // An entry of the history, or an activity.
        choices: &[("itemType", &["1", "2"], NO_ELEMENT)],
        key: &["ownerTypeId", "ownerId", "itemType", "itemId"],
        methods: &[
            method("crm.timeline.note.save", RecordVerb::Put)
                .flat()
                .answers(Answer::True),
            method("crm.timeline.note.get", RecordVerb::Get).flat(),
            method("crm.timeline.note.delete", RecordVerb::Delete).flat(),
        ],
        not_found: NO_ELEMENT,
        ..CRM
    },
    RecordKind {
        name: "calendar.meeting.status",
        scope: "calendar",
        id: "id",
        key: &["eventId"],
        spelling: Spelling::Typed,
        methods: &[
            method("calendar.meeting.status.set", RecordVerb::Put)
                .flat()
                .answers(Answer::True),
            method("calendar.meeting.status.get", RecordVerb::Get)
                .id_param("eventId")
                .answers(Answer::Value("status"))
                .reply_if_missing("\"Q\""),
        ],
        unnamed: NOT_SET,
        required: NOT_SET,
        ..OLDER
    },
    RecordKind {
        name: "crm.activity.layout.blocks",
        key: &["entityTypeId", "entityId", "activityId"],
        methods: &[
            method("crm.activity.layout.blocks.set", RecordVerb::Put)
                .flat()
                .answers(Answer::Constant("{\"success\":true}")),
            method("crm.activity.layout.blocks.get", RecordVerb::Get)
                .flat()
                .reply_if_missing("{\"layout\":null}"),
            method("crm.activity.layout.blocks.delete", RecordVerb::Delete)
                .flat()
                .answers(Answer::Constant("{\"success\":true}")),
        ],
        not_found: Refusal {
            code: "NOT_FOUND",
            text: "The activity was not found",
        },
        ..CRM
    },
    RecordKind {
        name: "imconnector",
        scope: "imconnector",
        id: "NUMBER",
        key: &["ID"],
        methods: &[
            method("imconnector.register", RecordVerb::Put)
                .flat()
                .answers(Answer::Constant("{\"result\":true}")),
            method("imconnector.unregister", RecordVerb::Delete)
                .id_param("ID")
                .answers(Answer::Constant("{\"result\":true}")),
        ],
        unnamed: NO_CONNECTOR,
        refusals_by_field: &[("ID", NO_CONNECTOR)],
        required: Refusal {
            code: "{}_REQUIRED",
            text: "{} required",
        },
        ..OLDER
    },
    RecordKind {
        name: "imconnector.line",
        scope: "imconnector",
        id: "NUMBER",
        key: &["CONNECTOR", "LINE"],
        methods: &[method("imconnector.activate", RecordVerb::Put)
            .flat()
            .answers(Answer::True)],
        unnamed: NO_ARGUMENT,
        required: NO_ARGUMENT,
        ..OLDER
    },
    RecordKind {
        name: "bizproc.workflow",
        scope: "bizproc",
        id: "NUMBER",
        key: &["ID"],
        ..OLDER
    },
];
