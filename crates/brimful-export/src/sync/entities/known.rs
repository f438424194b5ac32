//! The entities that are known beforehand.

use super::{ActivityFields, Argument, ChangeCursor, EntityDescription};
use crate::sync::parents::{ParentDescription, TypeNames};

const ENTITY: EntityDescription = EntityDescription {
    name: "",
    other_names: &[],
    title: "",
    method: "",
    argument: None,
    select: &[],
    cursor: ChangeCursor::Full,
    activity: None,
    undated: &[],
    is_dictionary: false,
    parents: None,
    fields: &[],
};

const DICTIONARY: EntityDescription = EntityDescription {
    is_dictionary: true,
    ..ENTITY
};

const OF_TYPE: Argument = Argument {
    parameter: "entityTypeId",
    example: "128",
};

/// Fields of records of the CRM. Without a select the older lists leave the fields out that a portal has added.
const WITH_USER_FIELDS: &[&str] = &["*", "UF_*"];
const WITH_CONTACTS: &[&str] = &["*", "UF_*", "PHONE", "EMAIL", "WEB", "IM"];
const MODIFIED: ChangeCursor = ChangeCursor::time("DATE_MODIFY", "DATE_MODIFY");

const LAST_ACTIVITY: Option<ActivityFields> = Some(ActivityFields {
    filter: "LAST_ACTIVITY_TIME",
    row: "LAST_ACTIVITY_TIME",
    is_beside_changed: true,
});
/// What belongs to a record of the CRM and is written beside it. Its product rows change the sums.
const BESIDE_RECORD: &[&str] = &[
    "LAST_ACTIVITY_BY",
    "LAST_ACTIVITY_TIME",
    "LAST_COMMUNICATION_TIME",
    "OPPORTUNITY",
    "TAX_VALUE",
    "HAS_EMAIL",
    "HAS_IMOL",
    "HAS_PHONE",
];

/// Records of the CRM and what belongs to them.
const OF_CRM: ParentDescription = ParentDescription {
    entity: "crm.item",
    changed: &["updatedTime", "lastActivityTime"],
    parameter: "",
    type_parameter: None,
    field: "",
};

/// Tasks and what belongs to them: what does not change a task itself counts as activity.
const OF_TASKS: ParentDescription = ParentDescription {
    entity: "tasks",
    changed: &["CHANGED_DATE", "ACTIVITY_DATE"],
    parameter: "TASKID",
    type_parameter: None,
    field: "TASK_ID",
};

/// All entities that are known beforehand.
pub(super) const ENTITIES: &[EntityDescription] = &[
    EntityDescription {
        name: "crm.deal",
        other_names: &["deals"],
        title: "Deals",
        method: "crm.deal.list",
        select: WITH_USER_FIELDS,
        cursor: MODIFIED,
        activity: LAST_ACTIVITY,
        undated: BESIDE_RECORD,
        ..ENTITY
    },
    EntityDescription {
        name: "crm.lead",
        other_names: &["leads"],
        title: "Leads",
        method: "crm.lead.list",
        select: WITH_CONTACTS,
        cursor: MODIFIED,
        activity: LAST_ACTIVITY,
        undated: BESIDE_RECORD,
        ..ENTITY
    },
    EntityDescription {
        name: "crm.contact",
        other_names: &["contacts"],
        title: "Contacts",
        method: "crm.contact.list",
        select: WITH_CONTACTS,
        cursor: MODIFIED,
        activity: LAST_ACTIVITY,
        undated: BESIDE_RECORD,
        ..ENTITY
    },
    EntityDescription {
        name: "crm.company",
        other_names: &["companies"],
        title: "Companies",
        method: "crm.company.list",
        select: WITH_CONTACTS,
        cursor: MODIFIED,
        activity: LAST_ACTIVITY,
        undated: BESIDE_RECORD,
        ..ENTITY
    },
    EntityDescription {
        name: "crm.quote",
        other_names: &["quotes"],
        title: "Quotes",
        method: "crm.quote.list",
        select: WITH_USER_FIELDS,
        cursor: MODIFIED,
        activity: LAST_ACTIVITY,
        undated: BESIDE_RECORD,
        ..ENTITY
    },
    EntityDescription {
        name: "crm.item",
        other_names: &["items"],
        title: "Items of a smart process, by its type; 31 are invoices",
        method: "crm.item.list",
        argument: Some(OF_TYPE),
        select: &["*"],
        cursor: ChangeCursor::time("updatedTime", "updatedTime"),
        activity: Some(ActivityFields {
            filter: "lastActivityTime",
            row: "lastActivityTime",
            is_beside_changed: true,
        }),
        undated: &[
            "lastActivityBy",
            "lastActivityTime",
            "lastCommunicationTime",
            "opportunity",
            "taxValue",
        ],
        ..ENTITY
    },
    EntityDescription {
        name: "crm.productrow",
        other_names: &["productrows"],
        title: "Product rows of leads, deals and quotes",
        method: "crm.productrow.list",
        ..ENTITY
    },
    EntityDescription {
        name: "crm.item.productrow",
        title: "Product rows of records of a type: 1 leads, 2 deals, 7 quotes, 31 invoices, smart processes",
        method: "crm.item.productrow.list",
        argument: Some(Argument {
            example: "2",
            ..OF_TYPE
        }),
        cursor: ChangeCursor::Parents,
        parents: Some(ParentDescription {
            parameter: "filter.=ownerId",
            type_parameter: Some(("filter.=ownerType", TypeNames::Letters)),
            field: "ownerId",
            ..OF_CRM
        }),
        ..ENTITY
    },
    EntityDescription {
        name: "crm.timeline.comment",
        other_names: &["comments"],
        title: "Comments in the timeline of records of a type",
        method: "crm.timeline.comment.list",
        argument: Some(Argument {
            example: "2",
            ..OF_TYPE
        }),
        cursor: ChangeCursor::Parents,
        parents: Some(ParentDescription {
            parameter: "filter.ENTITY_ID",
            type_parameter: Some(("filter.ENTITY_TYPE", TypeNames::Words)),
            field: "ENTITY_ID",
            ..OF_CRM
        }),
        ..ENTITY
    },
    EntityDescription {
        name: "crm.activity",
        other_names: &["activities"],
        title: "Activities of the CRM: calls, mails, meetings, to-dos",
        method: "crm.activity.list",
        select: &["*"],
        cursor: ChangeCursor::time("LAST_UPDATED", "LAST_UPDATED"),
        ..ENTITY
    },
    EntityDescription {
        name: "crm.stagehistory",
        other_names: &["stagehistory"],
        title: "When records entered their stages, by type of record",
        method: "crm.stagehistory.list",
        argument: Some(Argument {
            example: "2",
            ..OF_TYPE
        }),
        cursor: ChangeCursor::Id,
        ..ENTITY
    },
    EntityDescription {
        name: "tasks",
        other_names: &["tasks.task"],
        title: "Tasks",
        method: "tasks.task.list",
        select: WITH_USER_FIELDS,
        cursor: ChangeCursor::time("CHANGED_DATE", "changedDate"),
        activity: Some(ActivityFields {
            filter: "ACTIVITY_DATE",
            row: "activityDate",
            is_beside_changed: false,
        }),
        undated: &[
            "activityDate",
            "commentsCount",
            "favorite",
            "isMuted",
            "isPinned",
            "isPinnedInGroup",
            "newCommentsCount",
            "serviceCommentsCount",
            "timeSpentInLogs",
            "viewedDate",
        ],
        ..ENTITY
    },
    EntityDescription {
        name: "elapsed",
        other_names: &["task.elapseditem"],
        title: "Time spent on tasks",
        method: "task.elapseditem.getlist",
        fields: &[
            ("ID", "integer"),
            ("TASK_ID", "integer"),
            ("USER_ID", "integer"),
            ("COMMENT_TEXT", "string"),
            ("SECONDS", "integer"),
            ("MINUTES", "integer"),
            ("SOURCE", "integer"),
            ("CREATED_DATE", "datetime"),
            ("DATE_START", "datetime"),
            ("DATE_STOP", "datetime"),
        ],
        ..ENTITY
    },
    EntityDescription {
        name: "checklists",
        other_names: &["task.checklistitem"],
        title: "Checklists of tasks and their items",
        method: "task.checklistitem.getlist",
        cursor: ChangeCursor::Parents,
        parents: Some(OF_TASKS),
        fields: &[
            ("ID", "integer"),
            ("TASK_ID", "integer"),
            ("PARENT_ID", "integer"),
            ("CREATED_BY", "integer"),
            ("TITLE", "string"),
            ("SORT_INDEX", "integer"),
            ("IS_COMPLETE", "char"),
            ("IS_IMPORTANT", "char"),
            ("TOGGLED_BY", "integer"),
            ("TOGGLED_DATE", "datetime"),
        ],
        ..ENTITY
    },
    EntityDescription {
        name: "taskcomments",
        other_names: &["task.commentitem"],
        title: "Comments of tasks of the older kind; newer tasks have a chat",
        method: "task.commentitem.getlist",
        cursor: ChangeCursor::Parents,
        parents: Some(OF_TASKS),
        fields: &[
            ("ID", "integer"),
            ("TASK_ID", "integer"),
            ("AUTHOR_ID", "integer"),
            ("AUTHOR_NAME", "string"),
            ("AUTHOR_EMAIL", "string"),
            ("POST_DATE", "datetime"),
            ("POST_MESSAGE", "string"),
        ],
        ..ENTITY
    },
    EntityDescription {
        name: "taskhistory",
        other_names: &["tasks.task.history"],
        title: "What was changed in tasks, by whom and when",
        method: "tasks.task.history.list",
        cursor: ChangeCursor::Parents,
        parents: Some(ParentDescription {
            parameter: "taskId",
            field: "taskId",
            ..OF_TASKS
        }),
        fields: &[
            ("id", "integer"),
            ("taskId", "integer"),
            ("createdDate", "datetime"),
            ("field", "string"),
            ("value", "object"),
            ("user", "object"),
        ],
        ..ENTITY
    },
    EntityDescription {
        name: "calls",
        other_names: &["voximplant.statistic"],
        title: "Calls of telephony",
        method: "voximplant.statistic.get",
        cursor: ChangeCursor::Id,
        ..ENTITY
    },
    EntityDescription {
        name: "users",
        other_names: &["user"],
        title: "Users, those that were dismissed among them",
        method: "user.get",
        ..DICTIONARY
    },
    EntityDescription {
        name: "departments",
        other_names: &["department"],
        title: "Departments",
        method: "department.get",
        ..DICTIONARY
    },
    EntityDescription {
        name: "statuses",
        other_names: &["crm.status", "stages"],
        title: "Stages, statuses, sources and other dictionaries of the CRM",
        method: "crm.status.list",
        ..DICTIONARY
    },
    EntityDescription {
        name: "categories",
        other_names: &["crm.category"],
        title: "Categories of deals (2), contacts (3) or a smart process",
        method: "crm.category.list",
        argument: Some(Argument {
            example: "2",
            ..OF_TYPE
        }),
        ..DICTIONARY
    },
    EntityDescription {
        name: "currencies",
        other_names: &["crm.currency"],
        title: "Currencies",
        method: "crm.currency.list",
        ..DICTIONARY
    },
    EntityDescription {
        name: "crm.type",
        other_names: &["types"],
        title: "Types of smart processes",
        method: "crm.type.list",
        ..DICTIONARY
    },
    EntityDescription {
        name: "crm.deal.userfield",
        title: "User fields of deals, with their list values",
        method: "crm.deal.userfield.list",
        ..DICTIONARY
    },
    EntityDescription {
        name: "crm.lead.userfield",
        title: "User fields of leads, with their list values",
        method: "crm.lead.userfield.list",
        ..DICTIONARY
    },
    EntityDescription {
        name: "crm.contact.userfield",
        title: "User fields of contacts, with their list values",
        method: "crm.contact.userfield.list",
        ..DICTIONARY
    },
    EntityDescription {
        name: "crm.company.userfield",
        title: "User fields of companies, with their list values",
        method: "crm.company.userfield.list",
        ..DICTIONARY
    },
    EntityDescription {
        name: "workgroups",
        other_names: &["sonet_group"],
        title: "Workgroups and projects",
        method: "sonet_group.get",
        ..DICTIONARY
    },
    EntityDescription {
        name: "lists.element",
        title: "Elements of a list, by its information block",
        method: "lists.element.get",
        argument: Some(Argument {
            parameter: "IBLOCK_ID",
            example: "37",
        }),
        ..ENTITY
    },
    EntityDescription {
        name: "catalog.product",
        other_names: &["products"],
        title: "Products of a catalogue, by its information block",
        method: "catalog.product.list",
        argument: Some(Argument {
            parameter: "filter.iblockId",
            example: "23",
        }),
        select: &["id", "iblockId", "*"],
        ..ENTITY
    },
];
