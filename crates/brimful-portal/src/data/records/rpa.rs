//! Processes of the older automation (`rpa.*`): their stages, their elements, and what happened to those. `methods/rpa`
//! has the methods of most.

use super::{Answer, CONTROLLER, RecordKind, RecordPaging, RecordVerb, Refusal, method};

/// The processes.
pub(crate) const TYPES: &str = "rpa.type";
/// Their stages.
pub(crate) const STAGES: &str = "rpa.stage";
/// Their elements.
pub(crate) const ITEMS: &str = "rpa.item";
/// What people have to do for an element to go on.
pub(crate) const TASKS: &str = "rpa.task";
/// What happened to elements, and comments on them.
pub(crate) const TIMELINE: &str = "rpa.timeline";
/// Which fields are shown where.
pub(crate) const VISIBILITY: &str = "rpa.fields";

const OF_PROCESS: RecordKind = RecordKind {
    scope: "rpa",
    not_found: Refusal {
        code: "NOT_FOUND",
        text: "Element not found",
    },
    ..CONTROLLER
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: TYPES,
        methods: &[
            method("rpa.type.list", RecordVerb::List)
                .answers(Answer::Under("types"))
                .paged(RecordPaging::Controller),
            method("rpa.type.get", RecordVerb::Get).answers(Answer::Under("type")),
        ],
        ..OF_PROCESS
    },
    RecordKind {
        name: STAGES,
        methods: &[method("rpa.stage.listfortype", RecordVerb::List)
            .answers(Answer::Under("stages"))
            .paged(RecordPaging::Controller)],
        ..OF_PROCESS
    },
    RecordKind {
        name: ITEMS,
        methods: &[method("rpa.item.list", RecordVerb::List)
            .answers(Answer::Under("items"))
            .paged(RecordPaging::Controller)],
        extra_fields: super::ExtraFields::UserFields,
        ..OF_PROCESS
    },
    RecordKind {
        name: TASKS,
        ..OF_PROCESS
    },
    RecordKind {
        name: TIMELINE,
        methods: &[method("rpa.timeline.listforitem", RecordVerb::List)
            .answers(Answer::Under("timeline"))
            .paged(RecordPaging::Controller)],
        ..OF_PROCESS
    },
    RecordKind {
        name: VISIBILITY,
        ..OF_PROCESS
    },
];
