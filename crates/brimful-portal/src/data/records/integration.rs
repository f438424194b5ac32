//! What applications register in a portal: handlers of events and widgets, bots and their commands, mail services.

use super::{
    Answer, ExtraFields, NO_ARGUMENT, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal,
    Spelling, method,
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "userconsent.consent",
        scope: "userconsent",
        methods: &[method("userconsent.consent.add", RecordVerb::Add).flat()],
        required: Refusal {
            code: "ERROR_ARGUMENT",
            text: "Parameter `{}` required",
        },
        refusals_by_field: &[(
            "AGREEMENT_ID",
            Refusal {
                code: "ERROR_ARGUMENT",
                text: "Parameter `Agreement ID` required",
            },
        )],
        ..OLDER
    },
    RecordKind {
        name: "event",
        scope: "",
        id: "id",
        key: &["event", "handler", "auth_type"],
        // `methods/events.rs` has its methods.
        methods: &[],
        ..OLDER
    },
    RecordKind {
        name: "placement",
        scope: "placement",
        id: "id",
        key: &["placement", "handler", "userId"],
        spelling: Spelling::Typed,
        methods: &[
            method("placement.bind", RecordVerb::Add)
                .flat()
                .answers(Answer::True),
            method("placement.unbind", RecordVerb::DeleteMatching).narrowed_by(&[
                ("PLACEMENT", "placement"),
                ("HANDLER", "handler"),
                ("USER_ID", "userId"),
            ]),
            method("placement.get", RecordVerb::List).paged(RecordPaging::Whole),
        ],
        required: NO_ARGUMENT,
        taken: Refusal {
            code: "ERROR_CORE",
            text: "Unable to set placement handler: Handler already binded",
        },
        ..OLDER
    },
    RecordKind {
        name: "userfieldtype",
        scope: "placement",
        key: &["USER_TYPE_ID"],
        methods: &[
            method("userfieldtype.add", RecordVerb::Add)
                .flat()
                .answers(Answer::True),
            method("userfieldtype.update", RecordVerb::Update)
                .flat()
                .id_param("USER_TYPE_ID"),
            method("userfieldtype.delete", RecordVerb::Delete).id_param("USER_TYPE_ID"),
            method("userfieldtype.list", RecordVerb::List).paged(RecordPaging::Counted),
        ],
        not_found: Refusal {
            code: "ERROR_NOT_FOUND",
            text: "User Field Type not found",
        },
        unnamed: NO_ARGUMENT,
        required: NO_ARGUMENT,
        taken: Refusal {
            code: "ERROR_CORE",
            text: "Unable to set placement handler: Handler already binded",
        },
        ..OLDER
    },
    RecordKind {
        name: "mailservice",
        scope: "mailservice",
        methods: &[
            method("mailservice.add", RecordVerb::Add).flat(),
            method("mailservice.update", RecordVerb::Update).flat(),
            method("mailservice.delete", RecordVerb::Delete),
            method("mailservice.get", RecordVerb::Get),
            method("mailservice.list", RecordVerb::List).paged(RecordPaging::Whole),
        ],
        not_found: Refusal {
            code: "ERROR_CORE",
            text: "Mail service not found.",
        },
        unnamed: Refusal {
            code: "ERROR_CORE",
            text: "Parameter ID is required.",
        },
        required: Refusal {
            code: "ERROR_CORE",
            text: "Parameter {} is required.",
        },
        ..OLDER
    },
    RecordKind {
        name: "imbot",
        scope: "imbot",
        // A bot is a user too: its number is none that a user has.
        first: 1_000_001,
        extra_fields: ExtraFields::Yes,
        methods: &[
            method("imbot.register", RecordVerb::Add).flat(),
            method("imbot.update", RecordVerb::Update)
                .fields_param("FIELDS")
                .id_param("BOT_ID"),
            method("imbot.unregister", RecordVerb::Delete).id_param("BOT_ID"),
        ],
        not_found: Refusal {
            code: "BOT_ID_ERROR",
            text: "Bot not found",
        },
        unnamed: Refusal {
            code: "BOT_ID_ERROR",
            text: "Bot not found",
        },
        required: Refusal {
            code: "{}_ERROR",
            text: "{} is not specified",
        },
        ..OLDER
    },
    RecordKind {
        name: "imbot.command",
        scope: "imbot",
        methods: &[
            method("imbot.command.register", RecordVerb::Add).flat(),
            method("imbot.command.update", RecordVerb::Update)
                .fields_param("FIELDS")
                .id_param("COMMAND_ID"),
            method("imbot.command.unregister", RecordVerb::Delete).id_param("COMMAND_ID"),
        ],
        not_found: Refusal {
            code: "COMMAND_ID_ERROR",
            text: "Command not found",
        },
        unnamed: Refusal {
            code: "COMMAND_ID_ERROR",
            text: "Command not found",
        },
        required: Refusal {
            code: "{}_ERROR",
            text: "{} is not specified",
        },
        ..OLDER
    },
    RecordKind {
        name: "imopenlines.config",
        scope: "imopenlines",
        methods: &[
            method("imopenlines.config.add", RecordVerb::Add).fields_param("PARAMS"),
            method("imopenlines.config.get", RecordVerb::Get)
                .id_param("CONFIG_ID")
                .reply_if_missing("false"),
            method("imopenlines.config.list.get", RecordVerb::List)
                .nested("PARAMS")
                .paged(RecordPaging::LimitOffset),
            method("imopenlines.config.update", RecordVerb::Update)
                .fields_param("PARAMS")
                .id_param("CONFIG_ID"),
            method("imopenlines.config.delete", RecordVerb::Delete).id_param("CONFIG_ID"),
        ],
        unnamed: Refusal {
            code: "CONFIG_ID_EMPTY",
            text: "Config id can't be empty",
        },
        not_found: Refusal {
            code: "CONFIG_ID_EMPTY",
            text: "Config id can't be empty",
        },
        ..OLDER
    },
];
