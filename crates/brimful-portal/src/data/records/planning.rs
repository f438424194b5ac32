//! What teams plan with: sprints, backlogs, stages, flows, templates and results of tasks.

use super::{
    Answer, MISSING_PARAMETER, OLDER, RecordKind, RecordPaging, RecordVerb, Refusal, Spelling,
    method,
};

/// What the methods of scrum have in common.
const SCRUM: RecordKind = RecordKind {
    id: "id",
    key: &["id"],
    spelling: Spelling::Typed,
    unnamed: MISSING_PARAMETER,
    required: Refusal {
        code: "0",
        text: "{} not found",
    },
    ..OLDER
};

/// Stages, whose numbers are texts.
const SCRUM_TEXTS: RecordKind = RecordKind {
    spelling: Spelling::Texts,
    ..SCRUM
};

const FLOW: RecordKind = RecordKind {
    required: MISSING_PARAMETER,
    ..SCRUM
};

const STAGES: RecordKind = RecordKind {
    id: "ID",
    key: &["ID"],
    required: Refusal {
        code: "EMPTY_TITLE",
        text: "The {} is not set",
    },
    spelling: Spelling::Texts,
    ..SCRUM
};

const TEMPLATE: RecordKind = RecordKind {
    required: MISSING_PARAMETER,
    ..STAGES
};

const RESULT: RecordKind = RecordKind {
    required: MISSING_PARAMETER,
    ..SCRUM
};

/// How a link between tasks that is not there is refused.
const NO_LINK: Refusal = Refusal {
    code: "ILLEGAL_NEW_LINK",
    text: "The dependency between tasks does not exist",
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: "tasks.api.scrum.sprint",
        scope: "task",
        methods: &[
            method("tasks.api.scrum.sprint.add", RecordVerb::Add).answers(Answer::Rows),
            method("tasks.api.scrum.sprint.get", RecordVerb::Get),
            method("tasks.api.scrum.sprint.update", RecordVerb::Update).answers(Answer::Rows),
            method("tasks.api.scrum.sprint.delete", RecordVerb::Delete).answers(Answer::Nothing),
            method("tasks.api.scrum.sprint.start", RecordVerb::Update)
                .answers(Answer::Rows)
                .sets(&[("status", r#""active""#)]),
            method("tasks.api.scrum.sprint.complete", RecordVerb::Update)
                .answers(Answer::Rows)
                .sets(&[("status", r#""completed""#)]),
            method("tasks.api.scrum.sprint.list", RecordVerb::List).paged(RecordPaging::Whole),
            method("tasks.api.scrum.sprint.getfields", RecordVerb::Fields)
                .answers(Answer::Types("fields")),
        ],
        not_found: Refusal {
            code: "0",
            text: "Sprint not found",
        },
        ..SCRUM
    },
    RecordKind {
        name: "tasks.api.scrum.backlog",
        scope: "task",
        methods: &[
            method("tasks.api.scrum.backlog.add", RecordVerb::Add).answers(Answer::Rows),
            method("tasks.api.scrum.backlog.get", RecordVerb::Get).id_param("id"),
            method("tasks.api.scrum.backlog.update", RecordVerb::Update)
                .answers(Answer::Rows)
                .id_param("id"),
            method("tasks.api.scrum.backlog.delete", RecordVerb::Delete)
                .id_param("id")
                .answers(Answer::Nothing),
            method("tasks.api.scrum.backlog.getfields", RecordVerb::Fields)
                .answers(Answer::Types("fields")),
        ],
        key: &["groupId"],
        not_found: Refusal {
            code: "0",
            text: "Backlog not found",
        },
        ..SCRUM
    },
    RecordKind {
        name: "tasks.api.scrum.epic",
        scope: "task",
        methods: &[
            method("tasks.api.scrum.epic.add", RecordVerb::Add).answers(Answer::Rows),
            method("tasks.api.scrum.epic.get", RecordVerb::Get),
            method("tasks.api.scrum.epic.list", RecordVerb::List).paged(RecordPaging::Whole),
            method("tasks.api.scrum.epic.update", RecordVerb::Update).answers(Answer::Rows),
            method("tasks.api.scrum.epic.delete", RecordVerb::Delete).answers(Answer::Nothing),
            method("tasks.api.scrum.epic.getfields", RecordVerb::Fields)
                .answers(Answer::Types("fields")),
        ],
        not_found: Refusal {
            code: "0",
            text: "Epic not found",
        },
        ..SCRUM
    },
    RecordKind {
        name: "tasks.api.scrum.kanban",
        scope: "task",
        methods: &[
            method("tasks.api.scrum.kanban.addstage", RecordVerb::Add).answers(Answer::Id),
            method("tasks.api.scrum.kanban.updatestage", RecordVerb::Update).id_param("stageId"),
            method("tasks.api.scrum.kanban.deletestage", RecordVerb::Delete).id_param("stageId"),
            method("tasks.api.scrum.kanban.getstages", RecordVerb::List)
                .params(&[("sprintId", MISSING_PARAMETER)])
                .narrowed_by(&[("sprintId", "sprintId")])
                .paged(RecordPaging::Whole),
            method("tasks.api.scrum.kanban.getfields", RecordVerb::Fields)
                .answers(Answer::Types("fields")),
        ],
        not_found: Refusal {
            code: "0",
            text: "Stage not found",
        },
        ..SCRUM_TEXTS
    },
    RecordKind {
        name: "tasks.flow.flow",
        scope: "task",
        methods: &[
            method("tasks.flow.flow.create", RecordVerb::Add)
                .answers(Answer::Rows)
                .fields_param("flowData"),
            method("tasks.flow.flow.get", RecordVerb::Get).id_param("flowId"),
            method("tasks.flow.flow.update", RecordVerb::Update)
                .answers(Answer::Rows)
                .fields_param("flowData")
                .id_param("id"),
            method("tasks.flow.flow.delete", RecordVerb::Delete)
                .fields_param("flowData")
                .id_param("id")
                .answers(Answer::Constant(r#"{"deleted":true}"#)),
            method("tasks.flow.flow.activate", RecordVerb::Update)
                .sets(&[("active", "true")])
                .id_param("flowId"),
            method("tasks.flow.flow.pin", RecordVerb::Update)
                .sets(&[])
                .id_param("flowId"),
            method("tasks.flow.flow.isexists", RecordVerb::Get)
                .fields_param("flowData")
                .id_param("id")
                .reply_if_missing(r#"{"exists":false}"#)
                .answers(Answer::Constant(r#"{"exists":true}"#)),
        ],
        not_found: Refusal {
            code: "0",
            text: "Flow not found",
        },
        ..FLOW
    },
    RecordKind {
        name: "task.stages",
        scope: "task",
        methods: &[
            method("task.stages.add", RecordVerb::Add),
            method("task.stages.get", RecordVerb::List).answers(Answer::ById("")),
            method("task.stages.update", RecordVerb::Update),
            method("task.stages.delete", RecordVerb::Delete),
            method("task.stages.movetask", RecordVerb::Update)
                .sets(&[])
                .id_param("stageId"),
        ],
        not_found: Refusal {
            code: "0",
            text: "Stage not found",
        },
        ..STAGES
    },
    RecordKind {
        name: "task.dependence",
        scope: "task",
        id: "number",
        key: &["taskIdFrom", "taskIdTo"],
        methods: &[method("task.dependence.delete", RecordVerb::Delete)
            .flat()
            .answers(Answer::Nothing)],
        not_found: NO_LINK,
        unnamed: NO_LINK,
        ..STAGES
    },
    RecordKind {
        name: "tasks.template",
        scope: "task",
        methods: &[
            method("tasks.template.add", RecordVerb::Add).id_param("id"),
            method("tasks.template.get", RecordVerb::Get).id_param("templateId"),
            method("tasks.template.update", RecordVerb::Update).id_param("templateId"),
            method("tasks.template.delete", RecordVerb::Delete)
                .id_param("templateId")
                .answers(Answer::Constant("false")),
        ],
        not_found: Refusal {
            code: "0",
            text: "Template not found",
        },
        ..TEMPLATE
    },
    RecordKind {
        name: "tasks.template.checklist",
        scope: "task",
        methods: &[
            method("tasks.template.checklist.add", RecordVerb::Add)
                .answers(Answer::Under("checkListItem")),
            method("tasks.template.checklist.get", RecordVerb::Get)
                .id_param("checkListItemId")
                .answers(Answer::Under("checkListItem")),
            method("tasks.template.checklist.list", RecordVerb::List)
                .answers(Answer::ById("checkListItems"))
                .paged(RecordPaging::Whole),
            method("tasks.template.checklist.update", RecordVerb::Update)
                .id_param("checkListItemId")
                .answers(Answer::Under("checkListItem")),
            method("tasks.template.checklist.delete", RecordVerb::Delete)
                .id_param("checkListItemId"),
            method("tasks.template.checklist.complete", RecordVerb::Update)
                .sets(&[("isComplete", "true")])
                .id_param("checkListItemId")
                .answers(Answer::Under("checkListItem")),
            method("tasks.template.checklist.renew", RecordVerb::Update)
                .sets(&[("isComplete", "false")])
                .id_param("checkListItemId")
                .answers(Answer::Under("checkListItem")),
            method("tasks.template.checklist.moveafter", RecordVerb::Update)
                .sets(&[])
                .params(&[("afterItemId", MISSING_PARAMETER)])
                .id_param("checkListItemId")
                .answers(Answer::Under("checkListItem")),
            method("tasks.template.checklist.movebefore", RecordVerb::Update)
                .sets(&[])
                .params(&[("beforeItemId", MISSING_PARAMETER)])
                .id_param("checkListItemId")
                .answers(Answer::Under("checkListItem")),
            method(
                "tasks.template.checklist.addattachmentbycontent",
                RecordVerb::Update,
            )
            .sets(&[])
            .params(&[("attachmentParameters", MISSING_PARAMETER)])
            .id_param("checkListItemId")
            .answers(Answer::Under("checkListItem")),
            method(
                "tasks.template.checklist.addattachmentsfromdisk",
                RecordVerb::Update,
            )
            .sets(&[])
            .params(&[("filesIds", MISSING_PARAMETER)])
            .id_param("checkListItemId")
            .answers(Answer::Under("checkListItem")),
            method(
                "tasks.template.checklist.removeattachments",
                RecordVerb::Update,
            )
            .sets(&[])
            .params(&[("attachmentsIds", MISSING_PARAMETER)])
            .id_param("checkListItemId")
            .answers(Answer::Under("checkListItem")),
        ],
        id: "id",
        key: &["id"],
        parent_fields: &["templateId"],
        parent: Some((
            "tasks.template",
            Refusal {
                code: "0",
                text: "Template not found",
            },
        )),
        not_found: Refusal {
            code: "0",
            text: "Checklist item not found",
        },
        spelling: Spelling::Typed,
        ..TEMPLATE
    },
    RecordKind {
        name: "tasks.task.result",
        scope: "task",
        methods: &[
            method("tasks.task.result.addfromcomment", RecordVerb::Add)
                .answers(Answer::Rows)
                .flat(),
            method("tasks.task.result.list", RecordVerb::List)
                .params(&[("taskId", MISSING_PARAMETER)])
                .narrowed_by(&[("taskId", "taskId")])
                .newest_first()
                .paged(RecordPaging::Whole),
            method("tasks.task.result.deletefromcomment", RecordVerb::Delete)
                .id_param("commentId")
                .answers(Answer::Null),
        ],
        key: &["commentId"],
        // The first result was of a task that the portal came with.
        first: 2,
        not_found: Refusal {
            code: "0",
            text: "Result not found",
        },
        ..RESULT
    },
];
