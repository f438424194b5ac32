//! Records of REST 3.0: the structure of a company, the notes, results of tasks.

use super::{
    Answer, MISSING_PARAMETER, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, Spelling,
    method,
};

/// What methods of REST 3.0 have in common.
const REST3: RecordKind = RecordKind {
    id: "id",
    key: &["id"],
    rest3: true,
    spelling: Spelling::Typed,
    unnamed: Refusal {
        code: "BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUIREDFIELDINREQUESTEXCEPTION",
        text: "Required field `{}` is missing in the request",
    },
    required: Refusal {
        code: "BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTVALIDATIONEXCEPTION",
        text: "Field `{}` is required",
    },
    ..OLDER
};

/// How the link to personnel systems refuses whatever it can't do.
const OPERATION_FAILED: Refusal = Refusal {
    code: "510",
    text: "Operation failed",
};

/// The files of documents of knowledge bases.
pub(crate) const NOTE_FILES: &str = "note.file";
/// What is known of calls with video when they are over.
pub(crate) const CALL_FOLLOWUPS: &str = "call.followup";
/// The chats, channels and collabs of departments and teams.
pub(crate) const COMMUNICATIONS: &str = "humanresources.node.communication";

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "humanresources.node",
        scope: "humanresources",
        methods: &[
            method("humanresources.node.add", RecordVerb::Add).answers(Answer::Rows),
            method("humanresources.node.get", RecordVerb::Get).answers(Answer::Under("item")),
            method("humanresources.node.list", RecordVerb::List)
                .narrowed_by(&[("type", "type")])
                .answers(Answer::Under("items"))
                .paged(RecordPaging::LimitOffset),
            method("humanresources.node.edit", RecordVerb::Update).answers(Answer::Rows),
            method("humanresources.node.move", RecordVerb::Update)
                .answers(Answer::Rows)
                .flat(),
            method("humanresources.node.search", RecordVerb::List)
                .answers(Answer::Under("items"))
                .paged(RecordPaging::LimitOffset),
        ],
        not_found: Refusal {
            code: "BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION",
            text: "Node {} was not found",
        },
        ..REST3
    },
    RecordKind {
        name: "humanresources.hcmlink.company",
        scope: "humanresources.hcmlink",
        methods: &[
            method("humanresources.hcmlink.company.add", RecordVerb::Add),
            method("humanresources.hcmlink.company.list", RecordVerb::List)
                .paged(RecordPaging::LimitOffset),
            method("humanresources.hcmlink.company.update", RecordVerb::Update),
            method("humanresources.hcmlink.company.delete", RecordVerb::Delete),
        ],
        required: OPERATION_FAILED,
        unnamed: MISSING_PARAMETER,
        not_found: OPERATION_FAILED,
        rest3: false,
        ..REST3
    },
    RecordKind {
        name: "note.collection",
        scope: "note",
        methods: &[
            method("note.collection.add", RecordVerb::Add).answers(Answer::Under("item")),
            method("note.collection.get", RecordVerb::Get).answers(Answer::Under("item")),
            method("note.collection.update", RecordVerb::Update).answers(Answer::Under("item")),
            method("note.collection.delete", RecordVerb::Delete)
                .answers(Answer::Constant(r#"{"result":true}"#)),
            method("note.collection.archive", RecordVerb::Update)
                .sets(&[])
                .answers(Answer::Constant(r#"{"result":true}"#)),
        ],
        not_found: Refusal {
            code: "BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION",
            text: "Collection {} was not found",
        },
        ..REST3
    },
    RecordKind {
        name: "note.document",
        scope: "note",
        methods: &[
            method("note.document.add", RecordVerb::Add).answers(Answer::Under("item")),
            method("note.document.get", RecordVerb::Get).answers(Answer::Under("item")),
            method("note.document.update", RecordVerb::Update).answers(Answer::Under("item")),
            method("note.document.delete", RecordVerb::Delete)
                .answers(Answer::Constant(r#"{"result":true}"#)),
            method("note.document.archive", RecordVerb::Update)
                .sets(&[])
                .answers(Answer::Constant(r#"{"result":true}"#)),
        ],
        not_found: Refusal {
            code: "BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION",
            text: "Document {} was not found",
        },
        ..REST3
    },
    RecordKind {
        name: "tasks.task.result.rest3",
        scope: "tasks",
        methods: &[
            method("tasks.task.result.add", RecordVerb::Add).answers(Answer::Under("item")),
            method("tasks.task.result.update", RecordVerb::Update).answers(Answer::Under("item")),
            method("tasks.task.result.delete", RecordVerb::Delete)
                .answers(Answer::Constant(r#"{"result":true}"#)),
            method("tasks.task.result.addfromchatmessage", RecordVerb::Add)
                .answers(Answer::Under("item")),
        ],
        not_found: Refusal {
            code: "BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION",
            text: "Result {} was not found",
        },
        ..REST3
    },
    // `methods/rest3/note_files.rs`, `call_followups.rs` and `communications.rs` have the methods of these.
    RecordKind {
        name: NOTE_FILES,
        scope: "note",
        ..REST3
    },
    RecordKind {
        name: CALL_FOLLOWUPS,
        scope: "call",
        id: "callId",
        key: &["callId"],
        methods: &[method("call.followup.list", RecordVerb::List)
            .answers(Answer::Under("items"))
            .paged(RecordPaging::LimitOffset)],
        ..REST3
    },
    RecordKind {
        name: COMMUNICATIONS,
        scope: "humanresources",
        ..REST3
    },
    // `methods/rest3/mail.rs` carries them out.
    RecordKind {
        name: "mail.message",
        scope: "mail",
        methods: &[
            method("mail.message.list", RecordVerb::List)
                .answers(Answer::Under("items"))
                .paged(RecordPaging::LimitOffset),
            method("mail.message.get", RecordVerb::Get).answers(Answer::Under("item")),
        ],
        ..REST3
    },
    RecordKind {
        name: "mail.mailbox",
        scope: "mail",
        methods: &[
            method("mail.mailbox.list", RecordVerb::List)
                .answers(Answer::Under("items"))
                .paged(RecordPaging::LimitOffset),
            method("mail.mailbox.get", RecordVerb::Get).answers(Answer::Under("item")),
        ],
        not_found: Refusal {
            code: "BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION",
            text: "Entity with ID = `{}` is not found",
        },
        ..REST3
    },
    RecordKind {
        name: "mail.sender",
        scope: "mail",
        methods: &[method("mail.mailbox.senders", RecordVerb::List)
            .answers(Answer::Under("items"))
            .paged(RecordPaging::LimitOffset)],
        ..REST3
    },
];
