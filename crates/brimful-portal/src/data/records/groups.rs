//! Workgroups, posts of the feed, stages of tasks.

use super::{Answer, OLDER, RecordKind, RecordVerb, Refusal, method};

const WRONG_DESTINATIONS: Refusal = Refusal {
    code: "",
    text: "Wrong destinations",
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "sonet_group",
        scope: "sonet_group",
        methods: &[
            method("sonet_group.create", RecordVerb::Add).flat(),
            method("sonet_group.update", RecordVerb::Update)
                .flat()
                .id_param("GROUP_ID")
                .answers(Answer::Id),
            method("sonet_group.delete", RecordVerb::Delete).id_param("GROUP_ID"),
            method("sonet_group.get", RecordVerb::List).narrowed_by(&[("GROUP_ID", "ID")]),
        ],
        not_found: Refusal {
            code: "",
            text: "Socialnetwork group not found",
        },
        unnamed: Refusal {
            code: "",
            text: "Wrong group ID",
        },
        required: Refusal {
            code: "",
            text: "Cannot create group",
        },
        ..OLDER
    },
    RecordKind {
        name: "sonet_group.user",
        scope: "sonet_group",
        ..OLDER
    },
    RecordKind {
        name: "log.blogpost",
        scope: "log",
        methods: &[
            method("log.blogpost.add", RecordVerb::Add).flat(),
            method("log.blogpost.update", RecordVerb::Update)
                .flat()
                .id_param("POST_ID")
                .answers(Answer::Id),
            method("log.blogpost.delete", RecordVerb::Delete).id_param("POST_ID"),
            method("log.blogpost.get", RecordVerb::List).narrowed_by(&[("POST_ID", "ID")]),
            method("log.blogpost.share", RecordVerb::Update)
                .sets(&[])
                .params(&[("DEST", WRONG_DESTINATIONS)])
                .id_param("POST_ID"),
        ],
        not_found: Refusal {
            code: "100",
            text: "Wrong post ID",
        },
        unnamed: Refusal {
            code: "100",
            text: "Wrong post ID",
        },
        required: Refusal {
            code: "SONET_CONTROLLER_LIVEFEED_BLOGPOST_ADD_ERROR",
            text: "Blog post hasn't been added",
        },
        ..OLDER
    },
    RecordKind {
        name: "log.blogcomment",
        scope: "log",
        methods: &[
            method("log.blogcomment.add", RecordVerb::Add).flat(),
            method("log.blogcomment.delete", RecordVerb::Delete).id_param("COMMENT_ID"),
        ],
        not_found: Refusal {
            code: "100",
            text: "Wrong comment ID",
        },
        unnamed: Refusal {
            code: "100",
            text: "Wrong comment ID",
        },
        required: Refusal {
            code: "100",
            text: "Wrong {}",
        },
        ..OLDER
    },
];
