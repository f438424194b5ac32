//! What applications give to the BI Builder: connectors, sources and datasets. And the services of their AI.

use super::{
    Answer, MISSING_PARAMETER, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, Spelling,
    method,
};

/// What the methods of all three have in common.
const BI: RecordKind = RecordKind {
    scope: "biconnector",
    id: "id",
    key: &["id"],
    spelling: Spelling::Typed,
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

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "biconnector.connector",
        methods: &[
            method("biconnector.connector.add", RecordVerb::Add).answers(Answer::IdUnder("id")),
            method("biconnector.connector.update", RecordVerb::Update),
            method("biconnector.connector.get", RecordVerb::Get).answers(Answer::Under("item")),
            method("biconnector.connector.list", RecordVerb::List).paged(RecordPaging::Whole),
            method("biconnector.connector.delete", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "CONNECTOR_NOT_FOUND",
            text: "Connector was not found.",
        },
        ..BI
    },
    RecordKind {
        name: "biconnector.source",
        methods: &[
            method("biconnector.source.add", RecordVerb::Add).answers(Answer::IdUnder("id")),
            method("biconnector.source.update", RecordVerb::Update),
            method("biconnector.source.list", RecordVerb::List).paged(RecordPaging::Whole),
            method("biconnector.source.delete", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "SOURCE_NOT_FOUND",
            text: "Source was not found.",
        },
        ..BI
    },
    RecordKind {
        name: "biconnector.dataset",
        methods: &[
            method("biconnector.dataset.add", RecordVerb::Add).answers(Answer::IdUnder("id")),
            method("biconnector.dataset.update", RecordVerb::Update),
            method("biconnector.dataset.get", RecordVerb::Get).answers(Answer::Under("item")),
            method("biconnector.dataset.list", RecordVerb::List).paged(RecordPaging::Whole),
            method("biconnector.dataset.delete", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "DATASET_NOT_FOUND",
            text: "Dataset was not found.",
        },
        ..BI
    },
    RecordKind {
        name: "ai.engine",
        scope: "ai_admin",
        id: "id",
        key: &["code"],
        spelling: Spelling::Typed,
        methods: &[
            method("ai.engine.register", RecordVerb::Add).flat(),
            method("ai.engine.list", RecordVerb::List).paged(RecordPaging::Whole),
            method("ai.engine.unregister", RecordVerb::Delete).by("code"),
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
        name: "landing.site",
        scope: "landing",
        methods: &[
            method("landing.site.add", RecordVerb::Add),
            method("landing.site.update", RecordVerb::Update).by("id"),
            method("landing.site.getlist", RecordVerb::List)
                .nested("params")
                .paged(RecordPaging::LimitOffset),
            method("landing.site.delete", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "SITE_NOT_FOUND",
            text: "Site not found",
        },
        unnamed: Refusal {
            code: "MISSING_PARAMS",
            text: "Required top-level parameter `{}` is not provided.",
        },
        ..OLDER
    },
    RecordKind {
        name: "landing.landing",
        scope: "landing",
        methods: &[
            method("landing.landing.add", RecordVerb::Add),
            method("landing.landing.update", RecordVerb::Update).by("lid"),
            method("landing.landing.getlist", RecordVerb::List)
                .nested("params")
                .paged(RecordPaging::LimitOffset),
            method("landing.landing.delete", RecordVerb::Delete).by("lid"),
        ],
        not_found: Refusal {
            code: "LANDING_NOT_EXIST",
            text: "The page is not found, deleted, or unavailable to the current user.",
        },
        unnamed: Refusal {
            code: "MISSING_PARAMS",
            text: "Required top-level parameter `{}` is not provided.",
        },
        ..OLDER
    },
    RecordKind {
        name: "crm.timeline.note",
        scope: "crm",
        id: "id",
        key: &["ownerTypeId", "ownerId", "itemType", "itemId"],
        spelling: Spelling::Typed,
        methods: &[
            method("crm.timeline.note.save", RecordVerb::Put)
                .flat()
                .answers(Answer::True),
            method("crm.timeline.note.get", RecordVerb::Get).flat(),
            method("crm.timeline.note.delete", RecordVerb::Delete).flat(),
        ],
        unnamed: MISSING_PARAMETER,
        required: MISSING_PARAMETER,
        not_found: Refusal {
            code: "NOT_FOUND",
            text: "Element not found",
        },
        ..OLDER
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
                .by("eventId")
                .answers(Answer::Value("status"))
                .or_else("\"Q\""),
        ],
        unnamed: Refusal {
            code: "",
            text: "The required parameter \"{}\" for the method \"{method}\" is not set",
        },
        required: Refusal {
            code: "",
            text: "The required parameter \"{}\" for the method \"{method}\" is not set",
        },
        ..OLDER
    },
    RecordKind {
        name: "crm.activity.layout.blocks",
        scope: "crm",
        id: "id",
        key: &["entityTypeId", "entityId", "activityId"],
        spelling: Spelling::Typed,
        methods: &[
            method("crm.activity.layout.blocks.set", RecordVerb::Put)
                .flat()
                .answers(Answer::Constant("{\"success\":true}")),
            method("crm.activity.layout.blocks.get", RecordVerb::Get)
                .flat()
                .or_else("{\"layout\":null}"),
            method("crm.activity.layout.blocks.delete", RecordVerb::Delete)
                .flat()
                .answers(Answer::Constant("{\"success\":true}")),
        ],
        unnamed: MISSING_PARAMETER,
        required: MISSING_PARAMETER,
        not_found: Refusal {
            code: "NOT_FOUND",
            text: "The activity was not found",
        },
        ..OLDER
    },
    RecordKind {
        name: "crm.activity.configurable",
        scope: "crm",
        id: "id",
        key: &["id"],
        spelling: Spelling::Typed,
        beside: &["ownerTypeId", "ownerId", "layout"],
        methods: &[
            method("crm.activity.configurable.add", RecordVerb::Add)
                .flat()
                .answers(Answer::Under("activity")),
            method("crm.activity.configurable.update", RecordVerb::Update)
                .flat()
                .answers(Answer::Under("activity")),
            method("crm.activity.configurable.get", RecordVerb::Get)
                .answers(Answer::Under("activity")),
        ],
        unnamed: MISSING_PARAMETER,
        required: MISSING_PARAMETER,
        not_found: Refusal {
            code: "NOT_FOUND",
            text: "Element not found",
        },
        ..OLDER
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
                .by("ID")
                .answers(Answer::Constant("{\"result\":true}")),
        ],
        unnamed: Refusal {
            code: "CONNECTOR_ID_REQUIRED",
            text: "Connector ID required",
        },
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
        unnamed: Refusal {
            code: "ERROR_ARGUMENT",
            text: "Argument '{}' is null or empty",
        },
        required: Refusal {
            code: "ERROR_ARGUMENT",
            text: "Argument '{}' is null or empty",
        },
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
