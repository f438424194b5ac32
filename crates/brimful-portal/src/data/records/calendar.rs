//! Calendars: sections, events, resources.

use super::{Answer, NOT_SET, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, method};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "calendar.event",
        scope: "calendar",
        // `methods/calendar_events.rs` has these, but for the last two.
        methods: &[
            method("calendar.event.add", RecordVerb::Add).flat(),
            method("calendar.event.update", RecordVerb::Update)
                .flat()
                .answers(Answer::Id),
            method("calendar.event.get.nearest", RecordVerb::List).paged(RecordPaging::Whole),
            method("calendar.event.get", RecordVerb::List).paged(RecordPaging::Whole),
            method("calendar.event.delete", RecordVerb::Delete),
            method("calendar.event.getbyid", RecordVerb::Get),
        ],
        unix_time_params: &[("from_ts", "from"), ("to_ts", "to")],
        not_found: Refusal {
            code: "",
            text: "Event not found",
        },
        unnamed: NOT_SET,
        required: NOT_SET,
        ..OLDER
    },
    RecordKind {
        name: "calendar.section",
        scope: "calendar",
        parent_fields: &["CAL_TYPE", "OWNER_ID"],
        methods: &[
            method("calendar.section.add", RecordVerb::Add).flat(),
            method("calendar.section.update", RecordVerb::Update)
                .flat()
                .answers(Answer::Id),
            method("calendar.section.delete", RecordVerb::Delete),
            method("calendar.section.get", RecordVerb::List).paged(RecordPaging::Whole),
        ],
        not_found: Refusal {
            code: "",
            text: "Access denied",
        },
        unnamed: Refusal {
            code: "",
            text: "Section ID is not set",
        },
        required: NOT_SET,
        ..OLDER
    },
    RecordKind {
        name: "calendar.resource",
        scope: "calendar",
        methods: &[
            method("calendar.resource.add", RecordVerb::Add).flat(),
            method("calendar.resource.update", RecordVerb::Update)
                .flat()
                .id_param("resourceId")
                .answers(Answer::Id),
            method("calendar.resource.delete", RecordVerb::Delete).id_param("resourceId"),
            method("calendar.resource.list", RecordVerb::List).paged(RecordPaging::Whole),
        ],
        not_found: Refusal {
            code: "",
            text: "Access denied",
        },
        unnamed: NOT_SET,
        required: NOT_SET,
        ..OLDER
    },
];
