//! Records of the CRM.

use super::{
    Answer, MISSING_PARAMETER, OLDER, RecordKind, RecordVerb, Refusal, method, usual_methods,
};

/// How requisites and what belongs to them refuse a call without a field.
const NOT_DEFINED: Refusal = Refusal {
    code: "",
    text: "{} is not defined or invalid.",
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "crm.timeline.comment",
        scope: "crm",
        methods: &[
            method("crm.timeline.comment.fields", RecordVerb::Fields),
            method("crm.timeline.comment.list", RecordVerb::List)
                .filtered_by(&["ENTITY_ID", "ENTITY_TYPE"]),
            method("crm.timeline.comment.get", RecordVerb::Get),
            method("crm.timeline.comment.add", RecordVerb::Add),
            method("crm.timeline.comment.update", RecordVerb::Update),
            method("crm.timeline.comment.delete", RecordVerb::Delete).answers(Answer::Null),
        ],
        not_found: Refusal {
            code: "NOT_FOUND",
            text: "Not found.",
        },
        required: MISSING_PARAMETER,
        ..OLDER
    },
    RecordKind {
        name: "crm.requisite",
        scope: "crm",
        methods: usual_methods!("crm.requisite"),
        not_found: Refusal {
            code: "",
            text: "The Requisite with ID '{}' is not found",
        },
        required: NOT_DEFINED,
        ..OLDER
    },
    RecordKind {
        name: "crm.requisite.bankdetail",
        scope: "crm",
        methods: usual_methods!("crm.requisite.bankdetail"),
        not_found: Refusal {
            code: "",
            text: "The RequisiteBankDetail with ID '{}' is not found",
        },
        required: NOT_DEFINED,
        ..OLDER
    },
    RecordKind {
        name: "crm.address",
        scope: "crm",
        key: &["TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID"],
        methods: &[
            method("crm.address.fields", RecordVerb::Fields),
            method("crm.address.list", RecordVerb::List),
            method("crm.address.add", RecordVerb::Add).answers(Answer::True),
            method("crm.address.update", RecordVerb::Update),
            method("crm.address.delete", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "",
            text: "TypeAddress not found.",
        },
        unnamed: NOT_DEFINED,
        required: NOT_DEFINED,
        taken: Refusal {
            code: "",
            text: "TypeAddress exists.",
        },
        ..OLDER
    },
];
