//! Records of methods that newer ones have replaced: invoices before smart processes, and the properties of products before
//! the catalogue. And what belongs to the timeline and the documents of the CRM.

use super::{
    Answer, ExtraFields, MISSING_PARAMETER, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal,
    Spelling, method, usual_methods,
};

const NOT_FOUND: Refusal = Refusal {
    code: "",
    text: "Not found",
};

/// What controllers of the CRM have in common.
const TYPED: RecordKind = RecordKind {
    scope: "crm",
    id: "id",
    key: &["id"],
    spelling: Spelling::Typed,
    unnamed: MISSING_PARAMETER,
    required: MISSING_PARAMETER,
    ..OLDER
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "crm.invoice",
        scope: "crm",
        extra_fields: ExtraFields::UserFields,
        // `methods/crm/invoices.rs` adds and changes them: the amount follows from the rows.
        methods: usual_methods!("crm.invoice"),
        not_found: NOT_FOUND,
        ..OLDER
    },
    RecordKind {
        name: "crm.invoice.recurring",
        scope: "crm",
        methods: usual_methods!("crm.invoice.recurring"),
        not_found: NOT_FOUND,
        required: Refusal {
            code: "",
            text: "Invoice id is empty",
        },
        ..OLDER
    },
    // Its methods are those of `crm.requisite.userfield`.
    RecordKind {
        name: "crm.invoice.userfield",
        scope: "crm",
        ..OLDER
    },
    RecordKind {
        name: "crm.paysystem",
        scope: "crm",
        methods: &[
            method("crm.paysystem.fields", RecordVerb::Fields),
            method("crm.paysystem.list", RecordVerb::List).paged(RecordPaging::Counted),
        ],
        ..OLDER
    },
    RecordKind {
        name: "crm.persontype",
        scope: "crm",
        methods: &[
            method("crm.persontype.fields", RecordVerb::Fields),
            method("crm.persontype.list", RecordVerb::List).paged(RecordPaging::Counted),
        ],
        ..OLDER
    },
    RecordKind {
        name: "crm.product.property",
        scope: "crm",
        methods: usual_methods!("crm.product.property"),
        not_found: Refusal {
            code: "",
            text: "Product property is not found",
        },
        ..OLDER
    },
    RecordKind {
        name: "crm.timeline.layout",
        key: &["entityTypeId", "entityId", "timelineId"],
        methods: &[
            method("crm.timeline.layout.blocks.set", RecordVerb::Put)
                .flat()
                .answers(Answer::Constant(r#"{"success":true}"#)),
            method("crm.timeline.layout.blocks.get", RecordVerb::Get)
                .flat()
                .answers(Answer::ValueUnder("layout", "layout")),
            method("crm.timeline.layout.blocks.delete", RecordVerb::Delete)
                .flat()
                .answers(Answer::Constant(r#"{"success":true}"#)),
        ],
        not_found: Refusal {
            code: "NOT_FOUND",
            text: "Not found.",
        },
        ..TYPED
    },
    // What is pinned in a timeline; `methods/crm/timeline.rs` has its methods.
    RecordKind {
        name: "crm.timeline.pin",
        key: &["ownerTypeId", "ownerId", "itemId"],
        ..TYPED
    },
    RecordKind {
        name: "crm.tracking.trace",
        scope: "crm",
        methods: &[
            method("crm.tracking.trace.add", RecordVerb::Add).flat(),
            method("crm.tracking.trace.delete", RecordVerb::Delete).answers(Answer::Null),
        ],
        required: Refusal {
            code: "ERROR_CORE",
            text: "Parameter `{}` required.",
        },
        unnamed: Refusal {
            code: "ERROR_CORE",
            text: "Parameter `{}` required.",
        },
        not_found: Refusal {
            code: "ERROR_CORE",
            text: "Trace not found.",
        },
        ..OLDER
    },
    // `methods/bizproc.rs` ends and hands on these.
    RecordKind {
        name: "bizproc.task",
        scope: "bizproc",
        methods: &[method("bizproc.task.list", RecordVerb::List)],
        ..OLDER
    },
    // `methods/scrum.rs` has its methods.
    RecordKind {
        name: "tasks.api.scrum.task",
        scope: "task",
        key: &["taskId"],
        ..TYPED
    },
    RecordKind {
        name: "landing.repowidget",
        scope: "landing",
        key: &["XML_ID"],
        methods: &[
            method("landing.repowidget.register", RecordVerb::Put),
            method("landing.repowidget.unregister", RecordVerb::Delete).id_param("code"),
            method("landing.repowidget.getlist", RecordVerb::List)
                .nested("params")
                .paged(RecordPaging::Whole),
        ],
        outer_fields: &["XML_ID"],
        unnamed: Refusal {
            code: "MISSING_PARAMS",
            text: "Invalid parameters for the method call; missing: {}",
        },
        not_found: Refusal {
            code: "WIDGET_NOT_FOUND",
            text: "Widget not found",
        },
        required: Refusal {
            code: "REQUIRED_FIELD_NO_EXISTS",
            text: "Required field `{}` does not exist",
        },
        ..OLDER
    },
    // What is set of sites, pages and roles; `methods/site_settings.rs` has its methods.
    RecordKind {
        name: "landing.setting",
        scope: "landing",
        key: &["kind", "owner", "name"],
        ..TYPED
    },
];
