//! Business processes: templates, robots and activities of applications, and senders of messages.

use super::{Answer, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, method};

/// What robots and activities have in common: a code, and a handler of an application.
const HANDLER: RecordKind = RecordKind {
    scope: "bizproc",
    key: &["CODE"],
    not_found: Refusal {
        code: "ERROR_ACTIVITY_NOT_FOUND",
        text: "Activity or Robot not found!",
    },
    unnamed: Refusal {
        code: "ERROR_ACTIVITY_VALIDATION_FAILURE",
        text: "Empty activity code!",
    },
    required: Refusal {
        code: "ERROR_ACTIVITY_VALIDATION_FAILURE",
        text: "Empty activity {}!",
    },
    taken: Refusal {
        code: "ERROR_ACTIVITY_ALREADY_INSTALLED",
        text: "Activity or Robot already installed!",
    },
    ..OLDER
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "bizproc.robot",
        methods: &[
            method("bizproc.robot.add", RecordVerb::Add)
                .flat()
                .answers(Answer::True),
            method("bizproc.robot.update", RecordVerb::Update)
                .fields_param("FIELDS")
                .id_param("CODE"),
            method("bizproc.robot.delete", RecordVerb::Delete).id_param("CODE"),
            method("bizproc.robot.list", RecordVerb::List)
                .answers(Answer::Values("CODE"))
                .paged(RecordPaging::Whole),
        ],
        ..HANDLER
    },
    RecordKind {
        name: "bizproc.activity",
        methods: &[
            method("bizproc.activity.add", RecordVerb::Add)
                .flat()
                .answers(Answer::True),
            method("bizproc.activity.update", RecordVerb::Update)
                .fields_param("FIELDS")
                .id_param("CODE"),
            method("bizproc.activity.delete", RecordVerb::Delete).id_param("CODE"),
            method("bizproc.activity.list", RecordVerb::List)
                .answers(Answer::Values("CODE"))
                .paged(RecordPaging::Whole),
        ],
        ..HANDLER
    },
    RecordKind {
        name: "bizproc.workflow.template",
        scope: "bizproc",
        methods: &[
            method("bizproc.workflow.template.add", RecordVerb::Add).flat(),
            method("bizproc.workflow.template.update", RecordVerb::Update)
                .fields_param("FIELDS")
                .answers(Answer::Id),
            method("bizproc.workflow.template.delete", RecordVerb::Delete).answers(Answer::Null),
            method("bizproc.workflow.template.list", RecordVerb::List),
        ],
        not_found: Refusal {
            code: "ERROR_TEMPLATE_NOT_FOUND",
            text: "Workflow template not found.",
        },
        unnamed: Refusal {
            code: "ERROR_TEMPLATE_NOT_FOUND",
            text: "Workflow template not found.",
        },
        required: Refusal {
            code: "ERROR_TEMPLATE_VALIDATION_FAILURE",
            text: "Empty template {}!",
        },
        ..OLDER
    },
    RecordKind {
        name: "messageservice.sender",
        scope: "messageservice",
        key: &["CODE"],
        methods: &[
            method("messageservice.sender.add", RecordVerb::Add)
                .flat()
                .answers(Answer::True),
            method("messageservice.sender.update", RecordVerb::Update)
                .flat()
                .id_param("CODE"),
            method("messageservice.sender.delete", RecordVerb::Delete).id_param("CODE"),
            method("messageservice.sender.list", RecordVerb::List)
                .answers(Answer::Values("CODE"))
                .paged(RecordPaging::Whole),
        ],
        not_found: Refusal {
            code: "ERROR_SENDER_NOT_FOUND",
            text: "Sender not found!",
        },
        unnamed: Refusal {
            code: "ERROR_SENDER_VALIDATION_FAILURE",
            text: "Empty sender code!",
        },
        required: Refusal {
            code: "ERROR_SENDER_VALIDATION_FAILURE",
            text: "Empty sender {}!",
        },
        taken: Refusal {
            code: "ERROR_SENDER_ALREADY_INSTALLED",
            text: "Sender already installed!",
        },
        ..OLDER
    },
];
