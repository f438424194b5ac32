//! Lines of SIP telephony.

use super::{Answer, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, Spelling, method};

const SIP: RecordKind = RecordKind {
    required: Refusal {
        code: "ERROR_ARGUMENT",
        text: "Argument '{}' is null or empty",
    },
    unnamed: Refusal {
        code: "ERROR_ARGUMENT",
        text: "Argument '{}' is null or empty",
    },
    ..OLDER
};

pub(super) const KINDS: &[RecordKind] = &[RecordKind {
    name: "voximplant.sip",
    scope: "telephony",
    methods: &[
        method("voximplant.sip.add", RecordVerb::Add)
            .answers(Answer::Rows)
            .flat(),
        method("voximplant.sip.get", RecordVerb::List).paged(RecordPaging::Counted),
        method("voximplant.sip.update", RecordVerb::Update)
            .flat()
            .id_param("CONFIG_ID")
            .answers(Answer::Constant("1")),
        method("voximplant.sip.delete", RecordVerb::Delete)
            .id_param("CONFIG_ID")
            .answers(Answer::Constant("1")),
        method("voximplant.sip.status", RecordVerb::Get)
            .id_param("REG_ID")
            .not_found(Refusal {
                code: "REG_ID_NOT_FOUND",
                text: "Settings not found",
            })
            .answers(Answer::Template(concat!(
                r#"{"REG_ID":{REG_ID},"LAST_UPDATED":"2026-01-12 09:10:51","ERROR_MESSAGE":"","#,
                r#""STATUS_CODE":200,"STATUS_RESULT":"success"}"#
            ))),
    ],
    id: "ID",
    key: &["CONFIG_ID"],
    spelling: Spelling::Typed,
    refusals_by_field: &[
        (
            "SERVER",
            Refusal {
                code: "CHECK_FIELDS_ERROR",
                text: "Server address not specified",
            },
        ),
        (
            "LOGIN",
            Refusal {
                code: "CHECK_FIELDS_ERROR",
                text: "Login for connecting to the server not specified",
            },
        ),
    ],
    not_found: Refusal {
        code: "ERROR_NOT_FOUND",
        text: "Specified CONFIG_ID is not found",
    },
    ..SIP
}];
