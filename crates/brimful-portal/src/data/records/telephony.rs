//! Calls and lines of telephony.

use super::{Answer, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, method};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "telephony.externalline",
        scope: "telephony",
        key: &["NUMBER"],
        methods: &[
            method("telephony.externalline.add", RecordVerb::Add)
                .flat()
                .answers(Answer::IdUnder("ID")),
            method("telephony.externalline.update", RecordVerb::Update)
                .flat()
                .id_param("NUMBER")
                .answers(Answer::IdTextUnder("ID")),
            method("telephony.externalline.delete", RecordVerb::Delete)
                .id_param("NUMBER")
                .answers(Answer::Nothing),
            method("telephony.externalline.get", RecordVerb::List).paged(RecordPaging::Whole),
        ],
        not_found: Refusal {
            code: "ERROR_CORE",
            text: "Could not find line with number {}",
        },
        unnamed: Refusal {
            code: "ERROR_CORE",
            text: "{} should not be empty",
        },
        required: Refusal {
            code: "ERROR_CORE",
            text: "{} should not be empty",
        },
        taken: Refusal {
            code: "ERROR_CORE",
            text: "Line already exists",
        },
        ..OLDER
    },
    RecordKind {
        name: "telephony.externalcall",
        scope: "telephony",
        key: &["CALL_ID"],
        methods: &[],
        ..OLDER
    },
    RecordKind {
        name: "voximplant.statistic",
        scope: "telephony",
        methods: &[method("voximplant.statistic.get", RecordVerb::List).paged(RecordPaging::Offset)],
        ..OLDER
    },
];
