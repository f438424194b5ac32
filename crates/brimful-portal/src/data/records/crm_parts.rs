//! What belongs to deals and other items of the CRM: payments, orders, fields of requisites, signs of the timeline.

use super::{
    Answer, MISSING_PARAMETER, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, Spelling,
    method,
};

/// What controllers of the CRM have in common.
const CRM_TYPED: RecordKind = RecordKind {
    id: "id",
    key: &["id"],
    spelling: Spelling::Typed,
    unnamed: MISSING_PARAMETER,
    required: MISSING_PARAMETER,
    ..OLDER
};

/// Controllers that name all missing fields.
const CONTROLLER_CRM: RecordKind = RecordKind {
    required: Refusal {
        code: "0",
        text: "Required fields: {}",
    },
    ..CRM_TYPED
};

/// Older methods whose numbers are numbers.
const CRM_NUMBERS: RecordKind = RecordKind {
    spelling: Spelling::Typed,
    required: Refusal {
        code: "",
        text: "{} is not defined or invalid.",
    },
    ..OLDER
};

const NO_PRESET: Refusal = Refusal {
    code: "",
    text: "The Preset with ID '{}' is not found",
};

/// How a trigger without a code is refused.
const NO_TRIGGER_CODE: Refusal = Refusal {
    code: "",
    text: "Empty trigger code!",
};

/// How a parameter with a value that cannot be is refused.
const WRONG_PARAMETER: Refusal = Refusal {
    code: "",
    text: "Incorrect parameter {}.",
};

/// What was said in calls, by activity.
pub(crate) const TRANSCRIPTS: &str = "crm.activity.transcript";

/// What fields of records and comments of the timeline have as files.
pub(crate) const FILES: &str = "crm.file";

pub(super) const KINDS: &[RecordKind] = &[
    // `methods/crm/transcripts.rs` reads them.
    RecordKind {
        name: TRANSCRIPTS,
        scope: "crm",
        id: "activityId",
        key: &["activityId"],
        spelling: Spelling::Typed,
        ..OLDER
    },
    RecordKind {
        name: "crm.item.payment",
        scope: "crm",
        methods: &[
            method("crm.item.payment.add", RecordVerb::Add)
                .flat()
                .answers(Answer::Id),
            method("crm.item.payment.get", RecordVerb::Get),
            method("crm.item.payment.list", RecordVerb::List)
                .params(&[
                    ("entityId", MISSING_PARAMETER),
                    ("entityTypeId", MISSING_PARAMETER),
                ])
                .paged(RecordPaging::Whole),
            method("crm.item.payment.update", RecordVerb::Update),
            method("crm.item.payment.delete", RecordVerb::Delete),
            method("crm.item.payment.pay", RecordVerb::Update).sets(&[("paid", r#""Y""#)]),
            method("crm.item.payment.unpay", RecordVerb::Update).sets(&[("paid", r#""N""#)]),
        ],
        not_found: Refusal {
            code: "0",
            text: "Payment has not been found",
        },
        ..CRM_TYPED
    },
    RecordKind {
        name: "crm.item.payment.product",
        scope: "crm",
        methods: &[
            method("crm.item.payment.product.add", RecordVerb::Add)
                .flat()
                .answers(Answer::Id),
            method("crm.item.payment.product.list", RecordVerb::List)
                .params(&[("paymentId", MISSING_PARAMETER)])
                .narrowed_by(&[("paymentId", "paymentId")])
                .paged(RecordPaging::Whole),
            method("crm.item.payment.product.delete", RecordVerb::Delete),
            method("crm.item.payment.product.setquantity", RecordVerb::Update).flat(),
        ],
        not_found: Refusal {
            code: "0",
            text: "Product has not been found",
        },
        ..CRM_TYPED
    },
    RecordKind {
        name: "crm.item.payment.delivery",
        scope: "crm",
        methods: &[
            method("crm.item.payment.delivery.add", RecordVerb::Add)
                .flat()
                .answers(Answer::Id),
            method("crm.item.payment.delivery.list", RecordVerb::List)
                .params(&[("paymentId", MISSING_PARAMETER)])
                .narrowed_by(&[("paymentId", "paymentId")])
                .paged(RecordPaging::Whole),
            method("crm.item.payment.delivery.delete", RecordVerb::Delete),
            method("crm.item.payment.delivery.setdelivery", RecordVerb::Update).flat(),
        ],
        not_found: Refusal {
            code: "0",
            text: "Delivery has not been found",
        },
        ..CRM_TYPED
    },
    RecordKind {
        name: "crm.orderentity",
        scope: "crm",
        methods: &[
            method("crm.orderentity.add", RecordVerb::Add).answers(Answer::Under("dealOrder")),
            method("crm.orderentity.list", RecordVerb::List)
                .answers(Answer::Under("orderEntity"))
                .paged(RecordPaging::Controller),
            method("crm.orderentity.deletebyfilter", RecordVerb::Delete),
            method("crm.orderentity.getfields", RecordVerb::Fields)
                .answers(Answer::Under("orderEntity")),
        ],
        id: "number",
        key: &["orderId", "ownerId", "ownerTypeId"],
        not_found: Refusal {
            code: "0",
            text: "Binding was not found",
        },
        ..CONTROLLER_CRM
    },
    RecordKind {
        name: "crm.requisite.preset.field",
        scope: "crm",
        methods: &[
            method("crm.requisite.preset.field.fields", RecordVerb::Fields),
            method("crm.requisite.preset.field.list", RecordVerb::List)
                .paged(RecordPaging::Counted),
            method("crm.requisite.preset.field.get", RecordVerb::Get).id_param("id"),
            method("crm.requisite.preset.field.add", RecordVerb::Add),
            method("crm.requisite.preset.field.update", RecordVerb::Update),
            method("crm.requisite.preset.field.delete", RecordVerb::Delete),
        ],
        parent_fields: &["PRESET_ID"],
        parent: Some(("crm.requisite.preset", NO_PRESET)),
        not_found: Refusal {
            code: "",
            text: "The PresetField with ID '{}' is not found",
        },
        ..CRM_NUMBERS
    },
    RecordKind {
        name: "crm.timeline.icon",
        scope: "crm",
        methods: &[
            method("crm.timeline.icon.add", RecordVerb::Add)
                .flat()
                .answers(Answer::Under("icon")),
            method("crm.timeline.icon.get", RecordVerb::Get)
                .id_param("code")
                .answers(Answer::Under("icon")),
            method("crm.timeline.icon.list", RecordVerb::List)
                .answers(Answer::Under("icons"))
                .paged(RecordPaging::Counted),
            method("crm.timeline.icon.delete", RecordVerb::Delete).id_param("code"),
        ],
        id: "number",
        key: &["code"],
        not_found: Refusal {
            code: "NOT_FOUND",
            text: "Element not found",
        },
        ..CRM_TYPED
    },
    RecordKind {
        name: "crm.timeline.logo",
        scope: "crm",
        methods: &[
            method("crm.timeline.logo.add", RecordVerb::Add)
                .flat()
                .answers(Answer::Under("logo")),
            method("crm.timeline.logo.get", RecordVerb::Get)
                .id_param("code")
                .answers(Answer::Under("logo")),
            method("crm.timeline.logo.list", RecordVerb::List)
                .answers(Answer::Under("logos"))
                .paged(RecordPaging::Counted),
            method("crm.timeline.logo.delete", RecordVerb::Delete).id_param("code"),
        ],
        id: "number",
        key: &["code"],
        not_found: Refusal {
            code: "NOT_FOUND",
            text: "Element not found",
        },
        ..CRM_TYPED
    },
    RecordKind {
        // `methods/crm/record_files.rs` writes and reads them.
        name: FILES,
        scope: "crm",
        id: "id",
        key: &["id"],
        methods: &[],
        ..CRM_TYPED
    },
    RecordKind {
        name: "crm.duplicate.volatiletype",
        scope: "crm",
        methods: &[
            method("crm.duplicate.volatiletype.register", RecordVerb::Add)
                .flat()
                .answers(Answer::IdUnder("id")),
            method("crm.duplicate.volatiletype.unregister", RecordVerb::Delete),
            method("crm.duplicate.volatiletype.list", RecordVerb::List).paged(RecordPaging::Whole),
        ],
        not_found: Refusal {
            code: "0",
            text: "Type not found",
        },
        ..CRM_TYPED
    },
    RecordKind {
        name: "crm.automation.trigger",
        scope: "crm",
        methods: &[
            method("crm.automation.trigger.add", RecordVerb::Add)
                .flat()
                .answers(Answer::True),
            method("crm.automation.trigger.list", RecordVerb::List).paged(RecordPaging::Whole),
            method("crm.automation.trigger.delete", RecordVerb::Delete).id_param("CODE"),
            method("crm.automation.trigger.execute", RecordVerb::Update)
                .sets(&[])
                .params(&[
                    ("CODE", NO_TRIGGER_CODE),
                    ("OWNER_TYPE_ID", WRONG_PARAMETER),
                    ("OWNER_ID", WRONG_PARAMETER),
                ])
                .not_found(Refusal {
                    code: "",
                    text: "Trigger with code {} is not registered.",
                })
                .id_param("CODE"),
        ],
        id: "number",
        key: &["CODE"],
        refusals_by_field: &[
            ("CODE", NO_TRIGGER_CODE),
            (
                "NAME",
                Refusal {
                    code: "",
                    text: "Empty trigger name!",
                },
            ),
        ],
        unnamed: NO_TRIGGER_CODE,
        not_found: Refusal {
            code: "",
            text: "Trigger not found",
        },
        ..CRM_TYPED
    },
];
