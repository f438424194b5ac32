//! Online booking: resources, their types, bookings and the waiting list.

use super::{
    Answer, MISSING_PARAMETER, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, Spelling,
    method,
};

const BOOKING: RecordKind = RecordKind {
    id: "id",
    key: &["id"],
    spelling: Spelling::Typed,
    unnamed: MISSING_PARAMETER,
    required: Refusal {
        code: "0",
        text: "Required fields: {}",
    },
    ..OLDER
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "booking.v1.resource",
        scope: "booking",
        methods: &[
            method("booking.v1.resource.add", RecordVerb::Add).answers(Answer::IdUnder("id")),
            method("booking.v1.resource.get", RecordVerb::Get).answers(Answer::Under("resource")),
            method("booking.v1.resource.list", RecordVerb::List)
                .answers(Answer::Under("resource"))
                .paged(RecordPaging::Whole),
            method("booking.v1.resource.update", RecordVerb::Update),
            method("booking.v1.resource.delete", RecordVerb::Delete),
            method("booking.v1.resource.slots.set", RecordVerb::Update)
                .flat()
                .id_param("resourceId"),
            method("booking.v1.resource.slots.list", RecordVerb::Get)
                .id_param("resourceId")
                .answers(Answer::ValueUnder("slots", "slots")),
            method("booking.v1.resource.slots.unset", RecordVerb::Update)
                .sets(&[("slots", "[]")])
                .id_param("resourceId"),
        ],
        not_found: Refusal {
            code: "1041",
            text: "Resource not found",
        },
        ..BOOKING
    },
    RecordKind {
        name: "booking.v1.resourcetype",
        scope: "booking",
        methods: &[
            method("booking.v1.resourcetype.add", RecordVerb::Add).answers(Answer::IdUnder("id")),
            method("booking.v1.resourcetype.get", RecordVerb::Get)
                .answers(Answer::Under("resourceType")),
            method("booking.v1.resourcetype.list", RecordVerb::List)
                .answers(Answer::Under("resource"))
                .paged(RecordPaging::Whole),
            method("booking.v1.resourcetype.update", RecordVerb::Update),
            method("booking.v1.resourcetype.delete", RecordVerb::Delete),
        ],
        not_found: Refusal {
            code: "1051",
            text: "Resource type not found",
        },
        ..BOOKING
    },
    RecordKind {
        name: "booking.v1.booking",
        scope: "booking",
        methods: &[
            method("booking.v1.booking.add", RecordVerb::Add).answers(Answer::IdUnder("id")),
            method("booking.v1.booking.get", RecordVerb::Get).answers(Answer::Under("booking")),
            method("booking.v1.booking.list", RecordVerb::List)
                .answers(Answer::Under("booking"))
                .paged(RecordPaging::Whole),
            method("booking.v1.booking.update", RecordVerb::Update),
            method("booking.v1.booking.delete", RecordVerb::Delete),
            method("booking.v1.booking.createfromwaitlist", RecordVerb::Add)
                .flat()
                .answers(Answer::Id),
            method("booking.v1.booking.client.set", RecordVerb::Update)
                .flat()
                .id_param("bookingId"),
            method("booking.v1.booking.client.list", RecordVerb::Get)
                .id_param("bookingId")
                .answers(Answer::ValueUnder("bookingClient", "clients")),
            method("booking.v1.booking.client.unset", RecordVerb::Update)
                .sets(&[("clients", "[]")])
                .id_param("bookingId"),
            method("booking.v1.booking.externaldata.set", RecordVerb::Update)
                .flat()
                .id_param("bookingId"),
            method("booking.v1.booking.externaldata.list", RecordVerb::Get)
                .id_param("bookingId")
                .answers(Answer::ValueUnder("externalData", "externalData")),
            method("booking.v1.booking.externaldata.unset", RecordVerb::Update)
                .sets(&[("externalData", "[]")])
                .id_param("bookingId"),
        ],
        not_found: Refusal {
            code: "1011",
            text: "Booking not found",
        },
        ..BOOKING
    },
    RecordKind {
        name: "booking.v1.waitlist",
        scope: "booking",
        methods: &[
            method("booking.v1.waitlist.add", RecordVerb::Add).answers(Answer::IdUnder("id")),
            method("booking.v1.waitlist.get", RecordVerb::Get).answers(Answer::Under("waitList")),
            method("booking.v1.waitlist.list", RecordVerb::List)
                .answers(Answer::Under("waitList"))
                .paged(RecordPaging::Whole),
            method("booking.v1.waitlist.update", RecordVerb::Update),
            method("booking.v1.waitlist.delete", RecordVerb::Delete),
            method("booking.v1.waitlist.createfrombooking", RecordVerb::Add)
                .flat()
                .answers(Answer::Id),
            method("booking.v1.waitlist.client.set", RecordVerb::Update)
                .flat()
                .id_param("waitListId"),
            method("booking.v1.waitlist.client.list", RecordVerb::Get)
                .id_param("waitListId")
                .answers(Answer::ValueUnder("waitListClient", "clients")),
            method("booking.v1.waitlist.client.unset", RecordVerb::Update)
                .sets(&[("clients", "[]")])
                .id_param("waitListId"),
            method("booking.v1.waitlist.externaldata.set", RecordVerb::Update)
                .flat()
                .id_param("waitListId"),
            method("booking.v1.waitlist.externaldata.list", RecordVerb::Get)
                .id_param("waitListId")
                .answers(Answer::ValueUnder("externalData", "externalData")),
            method("booking.v1.waitlist.externaldata.unset", RecordVerb::Update)
                .sets(&[("externalData", "[]")])
                .id_param("waitListId"),
        ],
        not_found: Refusal {
            code: "1021",
            text: "Wait list item not found",
        },
        ..BOOKING
    },
];
