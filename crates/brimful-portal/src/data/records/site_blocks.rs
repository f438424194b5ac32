//! Blocks of sites that applications register.

use super::{OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, method};

const LANDING: RecordKind = RecordKind {
    required: Refusal {
        code: "MISSING_PARAMS",
        text: "Missing parameters: {}",
    },
    unnamed: Refusal {
        code: "MISSING_PARAMS",
        text: "Missing parameters: {}",
    },
    ..OLDER
};

pub(super) const KINDS: &[RecordKind] = &[RecordKind {
    name: "landing.repo",
    scope: "landing",
    methods: &[
        method("landing.repo.register", RecordVerb::Add),
        method("landing.repo.getlist", RecordVerb::List)
            .nested("params")
            .paged(RecordPaging::Whole),
        method("landing.repo.unregister", RecordVerb::Delete).id_param("code"),
    ],
    key: &["XML_ID"],
    ..LANDING
}];
