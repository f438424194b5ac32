//! Records of the CRM.

use super::{
    Answer, ExtraFields, MISSING_PARAMETER, NO_ARGUMENT, OLDER, OwnerRule, RecordKind,
    RecordPaging, RecordVerb, Refusal, Spelling, method, usual_methods,
};

/// How requisites and what belongs to them refuse a call without a field.
const NOT_DEFINED: Refusal = Refusal {
    code: "",
    text: "{} is not defined or invalid.",
};

/// What controllers of the CRM have in common.
const TYPED: RecordKind = RecordKind {
    id: "id",
    key: &["id"],
    spelling: Spelling::Typed,
    unnamed: MISSING_PARAMETER,
    required: MISSING_PARAMETER,
    ..OLDER
};

/// How entries of a timeline are refused whose record is not there.
const NO_OWNER: Refusal = Refusal {
    code: "OWNER_NOT_FOUND",
    text: "Owner was not found",
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "crm.timeline.comment",
        scope: "crm",
        methods: &[
            method("crm.timeline.comment.fields", RecordVerb::Fields),
            method("crm.timeline.comment.list", RecordVerb::List)
                .filtered_by(&["ENTITY_ID", "ENTITY_TYPE"]),
            method("crm.timeline.comment.get", RecordVerb::Get).not_found(Refusal {
                code: "",
                text: "Not found.",
            }),
            method("crm.timeline.comment.add", RecordVerb::Add),
            method("crm.timeline.comment.update", RecordVerb::Update)
                .params(&[("id", MISSING_PARAMETER)])
                .answers(Answer::Id),
            method("crm.timeline.comment.delete", RecordVerb::Delete)
                .params(&[("id", MISSING_PARAMETER)])
                .answers(Answer::Null),
        ],
        refusals_by_field: &[(
            "COMMENT",
            Refusal {
                code: "INVALID_ARG_VALUE",
                text: "Empty comment",
            },
        )],
        owner: Some(OwnerRule {
            type_field: "ENTITY_TYPE",
            id_field: "ENTITY_ID",
            types: &[],
            unknown_type: NO_OWNER,
            not_found: NO_OWNER,
        }),
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
        owner: Some(OwnerRule {
            type_field: "ENTITY_TYPE_ID",
            id_field: "ENTITY_ID",
            types: &["3", "4"],
            unknown_type: NOT_DEFINED,
            not_found: Refusal {
                code: "",
                text: "Entity not found.",
            },
        }),
        extra_fields: ExtraFields::UserFields,
        not_found: Refusal {
            code: "",
            text: "The Requisite with ID '{}' is not found",
        },
        required: NOT_DEFINED,
        ..OLDER
    },
    // Its methods are its own: a field is checked as the fields of other entities are.
    RecordKind {
        name: "crm.requisite.userfield",
        scope: "crm",
        methods: &[],
        ..OLDER
    },
    RecordKind {
        name: "crm.requisite.bankdetail",
        scope: "crm",
        methods: usual_methods!("crm.requisite.bankdetail"),
        // The first ones are those of the portal's own company.
        first: 2,
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
        choices: &[
            ("TYPE_ID", &["1", "4", "6", "8", "9", "11"], NOT_DEFINED),
            ("ENTITY_TYPE_ID", &["1", "3", "4", "8"], NOT_DEFINED),
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
    RecordKind {
        name: "crm.requisite.preset",
        scope: "crm",
        methods: usual_methods!("crm.requisite.preset"),
        not_found: Refusal {
            code: "",
            text: "The Preset with ID '{}' is not found",
        },
        required: NOT_DEFINED,
        ..OLDER
    },
    RecordKind {
        name: "crm.currency",
        scope: "crm",
        key: &["CURRENCY"],
        methods: &[
            method("crm.currency.fields", RecordVerb::Fields),
            method("crm.currency.list", RecordVerb::List).paged(RecordPaging::Counted),
            method("crm.currency.get", RecordVerb::Get),
            method("crm.currency.add", RecordVerb::Add).answers(Answer::Value("CURRENCY")),
            method("crm.currency.update", RecordVerb::Update),
            method("crm.currency.delete", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "",
            text: "Not found",
        },
        unnamed: Refusal {
            code: "",
            text: "The parameter id is invalid or not defined.",
        },
        required: Refusal {
            code: "ERROR_CORE",
            text: "{} is not specified",
        },
        taken: Refusal {
            code: "ERROR_CORE",
            text: "Currency {} already exists",
        },
        ..OLDER
    },
    RecordKind {
        name: "crm.deal.recurring",
        scope: "crm",
        methods: usual_methods!("crm.deal.recurring"),
        not_found: Refusal {
            code: "",
            text: "Recurring deal is not found",
        },
        unnamed: Refusal {
            code: "",
            text: "id is not defined or invalid",
        },
        required: Refusal {
            code: "",
            text: "Deal id is empty",
        },
        ..OLDER
    },
    RecordKind {
        name: "crm.vat",
        scope: "crm",
        methods: &[
            method("crm.vat.fields", RecordVerb::Fields),
            method("crm.vat.list", RecordVerb::List),
            method("crm.vat.get", RecordVerb::Get),
            method("crm.vat.add", RecordVerb::Add),
            method("crm.vat.update", RecordVerb::Update).answers(Answer::Id),
            method("crm.vat.delete", RecordVerb::Delete),
        ],
        ..OLDER
    },
    RecordKind {
        name: "crm.measure",
        scope: "crm",
        methods: usual_methods!("crm.measure"),
        ..OLDER
    },
    RecordKind {
        name: "crm.catalog",
        scope: "crm",
        methods: &[
            method("crm.catalog.fields", RecordVerb::Fields),
            method("crm.catalog.list", RecordVerb::List),
            method("crm.catalog.get", RecordVerb::Get),
        ],
        ..OLDER
    },
    RecordKind {
        name: "crm.product",
        scope: "crm",
        methods: usual_methods!("crm.product"),
        // Elements of other blocks have numbers of the same sequence.
        first: 2,
        not_found: Refusal {
            code: "",
            text: "Product is not found",
        },
        required: Refusal {
            code: "",
            text: "The field {} is required.",
        },
        ..OLDER
    },
    RecordKind {
        name: "crm.productsection",
        scope: "crm",
        methods: usual_methods!("crm.productsection"),
        not_found: Refusal {
            code: "",
            text: "Product section is not found",
        },
        required: Refusal {
            code: "",
            text: "The field {} is required.",
        },
        ..OLDER
    },
    RecordKind {
        name: "crm.timeline.bindings",
        scope: "crm",
        key: &["OWNER_ID", "ENTITY_ID", "ENTITY_TYPE"],
        methods: &[
            method("crm.timeline.bindings.fields", RecordVerb::Fields),
            method("crm.timeline.bindings.list", RecordVerb::List).filtered_by(&["OWNER_ID"]),
            method("crm.timeline.bindings.bind", RecordVerb::Add).answers(Answer::True),
            method("crm.timeline.bindings.unbind", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "",
            text: "Not found.",
        },
        unnamed: NOT_DEFINED,
        required: NOT_DEFINED,
        ..OLDER
    },
    RecordKind {
        name: "crm.requisite.link",
        scope: "crm",
        key: &["ENTITY_TYPE_ID", "ENTITY_ID"],
        methods: &[
            method("crm.requisite.link.fields", RecordVerb::Fields),
            method("crm.requisite.link.list", RecordVerb::List),
            method("crm.requisite.link.register", RecordVerb::Add).answers(Answer::True),
            method("crm.requisite.link.get", RecordVerb::Get).flat(),
            method("crm.requisite.link.unregister", RecordVerb::Delete).flat(),
        ],
        unnamed: NOT_DEFINED,
        required: NOT_DEFINED,
        ..OLDER
    },
    RecordKind {
        name: "crm.calllist",
        scope: "crm",
        methods: &[
            method("crm.calllist.list", RecordVerb::List),
            method("crm.calllist.get", RecordVerb::Get),
            method("crm.calllist.add", RecordVerb::Add).flat(),
            method("crm.calllist.update", RecordVerb::Update)
                .flat()
                .id_param("LIST_ID"),
        ],
        not_found: Refusal {
            code: "LIST_ID_ERROR",
            text: "Call list not found",
        },
        unnamed: NO_ARGUMENT,
        required: NO_ARGUMENT,
        ..OLDER
    },
    RecordKind {
        name: "crm.timeline.logmessage",
        scope: "crm",
        methods: &[
            method("crm.timeline.logmessage.add", RecordVerb::Add)
                .answers(Answer::Under("logMessage")),
            method("crm.timeline.logmessage.get", RecordVerb::Get)
                .answers(Answer::Under("logMessage")),
            method("crm.timeline.logmessage.list", RecordVerb::List)
                .params(&[
                    ("entityTypeId", MISSING_PARAMETER),
                    ("entityId", MISSING_PARAMETER),
                ])
                .narrowed_by(&[("entityTypeId", "entityTypeId"), ("entityId", "entityId")])
                .paged(RecordPaging::Controller),
            method("crm.timeline.logmessage.delete", RecordVerb::Delete),
        ],
        owner: Some(OwnerRule {
            type_field: "entityTypeId",
            id_field: "entityId",
            types: &[],
            unknown_type: NO_OWNER,
            not_found: NO_OWNER,
        }),
        not_found: Refusal {
            code: "NOT_FOUND",
            text: "Not found.",
        },
        ..TYPED
    },
    RecordKind {
        name: "crm.automatedsolution",
        refuses_unknown_names: true,
        scope: "crm",
        methods: &[
            method("crm.automatedsolution.fields", RecordVerb::Fields),
            method("crm.automatedsolution.get", RecordVerb::Get)
                .answers(Answer::Under("automatedSolution")),
            method("crm.automatedsolution.add", RecordVerb::Add)
                .answers(Answer::Under("automatedSolution")),
            method("crm.automatedsolution.update", RecordVerb::Update)
                .answers(Answer::Under("automatedSolution")),
            method("crm.automatedsolution.list", RecordVerb::List)
                .answers(Answer::Under("automatedSolutions"))
                .paged(RecordPaging::Controller),
            method("crm.automatedsolution.delete", RecordVerb::Delete).answers(Answer::Null),
        ],
        not_found: Refusal {
            code: "NOT_FOUND",
            text: "Not found.",
        },
        required: Refusal {
            code: "BX_EMPTY_REQUIRED",
            text: "{} is empty",
        },
        ..TYPED
    },
    RecordKind {
        name: "userfieldconfig",
        scope: "userfieldconfig",
        id: "id",
        key: &["id"],
        methods: &[
            method("userfieldconfig.get", RecordVerb::Get)
                .fields_param("field")
                .answers(Answer::Under("field")),
            method("userfieldconfig.add", RecordVerb::Add)
                .fields_param("field")
                .answers(Answer::Under("field")),
            method("userfieldconfig.update", RecordVerb::Update)
                .fields_param("field")
                .answers(Answer::Under("field")),
            method("userfieldconfig.list", RecordVerb::List)
                .answers(Answer::Under("fields"))
                .paged(RecordPaging::Controller),
            method("userfieldconfig.delete", RecordVerb::Delete).answers(Answer::Null),
        ],
        not_found: Refusal {
            code: "",
            text: "The user field is not found",
        },
        unnamed: MISSING_PARAMETER,
        required: Refusal {
            code: "",
            text: "{} is required",
        },
        ..OLDER
    },
    RecordKind {
        name: "crm.activity.badge",
        scope: "crm",
        key: &["code"],
        methods: &[
            method("crm.activity.badge.add", RecordVerb::Add)
                .flat()
                .answers(Answer::Under("badge")),
            method("crm.activity.badge.get", RecordVerb::Get)
                .id_param("code")
                .answers(Answer::Under("badge")),
            method("crm.activity.badge.list", RecordVerb::List)
                .answers(Answer::Under("badges"))
                .paged(RecordPaging::Whole),
            method("crm.activity.badge.delete", RecordVerb::Delete).id_param("code"),
        ],
        required: Refusal {
            code: "REQUIRED_ARG_MISSING",
            text: "{} is required",
        },
        not_found: Refusal {
            code: "NOT_FOUND",
            text: "Not found.",
        },
        ..TYPED
    },
    RecordKind {
        name: "crm.activity.type",
        scope: "crm",
        key: &["TYPE_ID"],
        methods: &[
            method("crm.activity.type.add", RecordVerb::Add).answers(Answer::True),
            method("crm.activity.type.list", RecordVerb::List).paged(RecordPaging::Whole),
            method("crm.activity.type.delete", RecordVerb::Delete).id_param("TYPE_ID"),
        ],
        not_found: Refusal {
            code: "INVALID_ARG_VALUE",
            text: "Custom activity type '{}' is not found",
        },
        ..OLDER
    },
    RecordKind {
        name: "crm.activity.binding",
        scope: "crm",
        key: &["activityId", "entityTypeId", "entityId"],
        methods: &[
            method("crm.activity.binding.add", RecordVerb::Add)
                .flat()
                .answers(Answer::True),
            method("crm.activity.binding.list", RecordVerb::List)
                .params(&[("activityId", MISSING_PARAMETER)])
                .narrowed_by(&[("activityId", "activityId")])
                .paged(RecordPaging::Whole),
            method("crm.activity.binding.delete", RecordVerb::Delete).flat(),
        ],
        not_found: Refusal {
            code: "NOT_FOUND",
            text: "Not found.",
        },
        ..TYPED
    },
];
