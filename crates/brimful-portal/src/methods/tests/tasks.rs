//! Tasks.

use super::Portal;

fn tasks() -> Portal {
    Portal::loaded(
        "task",
        r#"[
            {"ID": 1, "TITLE": "Call Ann", "STATUS": 2, "CREATED_BY": 1, "RESPONSIBLE_ID": 2, "GROUP_ID": 0,
             "DEADLINE": "2026-01-01T10:00:00+03:00", "CREATED_DATE": "2025-01-01T10:00:00+03:00", "NOT_VIEWED": "N"},
            {"ID": 2, "TITLE": "call bob", "STATUS": 2, "CREATED_BY": 2, "RESPONSIBLE_ID": 1, "GROUP_ID": 10,
             "DEADLINE": "2030-01-01T10:00:00+03:00", "CREATED_DATE": "2025-02-01T10:00:00+03:00", "NOT_VIEWED": "Y",
             "CHANGED_DATE": "2026-02-01T10:00:00+03:00", "TAGS": ["hot", "client"], "UF_CRM_TASK": ["D_7", "C_2"]},
            {"ID": 3, "TITLE": "Report", "STATUS": 5, "CREATED_BY": 3, "RESPONSIBLE_ID": 3, "GROUP_ID": 11,
             "DEADLINE": "2026-05-04T20:00:00+03:00", "CREATED_DATE": "2026-03-01T10:00:00+03:00",
             "ACCOMPLICES": [1, 4]},
            {"ID": 4, "TITLE": "Invoice", "STATUS": 3, "CREATED_BY": 3, "RESPONSIBLE_ID": 4, "GROUP_ID": 11,
             "DEADLINE": "2026-05-04T20:00:00+03:00", "CREATED_DATE": "2026-04-01T10:00:00+03:00", "AUDITORS": ["1"],
             "PARENT_ID": 3}
        ]"#,
    )
}

#[test]
fn tasks_are_listed_newest_first() {
    assert_eq!(
        tasks().page("tasks.task.list", ""),
        (vec![4, 3, 2, 1], None, Some(4))
    );
}

#[test]
fn filters_understand_prefixes_and_the_names_for_several_fields() {
    let mut portal = tasks();
    for (filter, expected) in [
        ("filter[>ID]=2", vec![4, 3]),
        ("filter[ID][]=1&filter[ID][]=4", vec![4, 1]),
        ("filter[!ID]=1", vec![4, 3, 2]),
        ("filter[><ID][]=2&filter[><ID][]=3", vec![3, 2]),
        ("filter[!><ID][]=2&filter[!><ID][]=3", vec![4, 1]),
        ("filter[TITLE]=call", vec![2, 1]),
        ("filter[=TITLE]=call ann", vec![1]),
        ("filter[%25TITLE]=PORT", vec![3]),
        ("filter[GROUP_ID]=11", vec![4, 3]),
        ("filter[GROUP_ID][]=10&filter[GROUP_ID][]=11", vec![4, 3, 2]),
        ("filter[GROUP_ID]=0", vec![1]),
        ("filter[REAL_STATUS]=2", vec![2, 1]),
        (
            "filter[REAL_STATUS][]=3&filter[REAL_STATUS][]=5",
            vec![4, 3],
        ),
        ("filter[!REAL_STATUS]=5", vec![4, 2, 1]),
        ("filter[STATUS]=-1", vec![1]),
        ("filter[STATUS]=-2", vec![2]),
        ("filter[STATUS]=-3", vec![4]),
        ("filter[STATUS]=5", vec![3]),
        ("filter[STATUS]=2", vec![]),
        ("filter[<STATUS]=0", vec![4, 2, 1]),
        ("filter[MEMBER]=1", vec![4, 3, 2, 1]),
        ("filter[MEMBER]=4", vec![4, 3]),
        ("filter[DOER]=1", vec![3, 2]),
        ("filter[ACCOMPLICE]=4", vec![3]),
        ("filter[AUDITOR]=1", vec![4]),
        ("filter[ROLE]=R", vec![2]),
        ("filter[ROLE]=O", vec![1]),
        ("filter[ROLE]=A", vec![3]),
        ("filter[ROLE]=U", vec![4]),
        ("filter[TAG]=HOT", vec![2]),
        ("filter[UF_CRM_TASK]=D_7", vec![2]),
        ("filter[PARENT_ID]=3", vec![4]),
        ("filter[ONLY_ROOT_TASKS]=Y", vec![3, 2, 1]),
        (
            "filter[>CREATED_DATE]=2026-01-01T00:00:00+03:00",
            vec![4, 3],
        ),
        (
            "filter[>=CHANGED_DATE]=2026-02-01T10:00:00+03:00",
            vec![4, 3, 2],
        ),
        (
            "filter[>CHANGED_DATE]=2026-03-15&filter[<ACTIVITY_DATE]=2000-01-01",
            vec![4],
        ),
        ("filter[NO_SUCH]=1", vec![4, 3, 2, 1]),
        ("filter[id]=1", vec![4, 3, 2, 1]),
        (
            "filter[0][::LOGIC]=OR&filter[0][ID]=1&filter[0][GROUP_ID]=10",
            vec![2, 1],
        ),
        (
            "filter[::SUBFILTER-ROLE][::LOGIC]=OR&filter[::SUBFILTER-ROLE][CREATED_BY]=1&filter[::SUBFILTER-ROLE][AUDITOR]=1",
            vec![4, 1],
        ),
        (
            "filter[::LOGIC]=OR&filter[ID]=1&filter[GROUP_ID]=10",
            vec![],
        ),
        ("filter[>ID][0][id]=3", vec![4, 3, 2]),
    ] {
        assert_eq!(portal.ids("tasks.task.list", filter), expected, "{filter}");
    }
}

#[test]
fn a_sort_by_what_is_not_sortable_is_an_error_with_the_code_0() {
    let mut portal = tasks();
    for order in [
        "order[NO_SUCH]=asc",
        "order[CREATED_BY_USER.NAME]=asc",
        "order[DESCRIPTION]=asc",
    ] {
        let (status, code, _) = portal.error("tasks.task.list", order);
        assert_eq!((status, code.as_str()), (400, "0"), "{order}");
    }
    assert_eq!(
        portal.ids("tasks.task.list", "order[CREATED_BY]=asc&order[ID]=desc"),
        [1, 2, 4, 3]
    );
    assert_eq!(portal.ids("tasks.task.list", "order[ID]=asc"), [1, 2, 3, 4]);
}

#[test]
fn a_task_has_strings_in_camel_case_and_lists_where_objects_are_empty() {
    let mut portal = tasks();
    let task = portal.json(
        "tasks.task.list",
        "filter[ID]=1&select[]=ID&select[]=STATUS",
    )["tasks"][0]
        .clone();
    assert_eq!(
        task.to_string(),
        r#"{"id":"1","status":"2","group":[],"subStatus":"-1"}"#
    );
    let task = portal.json(
        "tasks.task.get",
        "taskId=2&select[]=TAGS&select[]=GROUP_ID&select[]=CREATED_BY&select[]=UF_CRM_TASK",
    );
    let task = &task["task"];
    assert_eq!((&task["id"], &task["groupId"]), (&"2".into(), &"10".into()));
    assert_eq!(task["tags"]["1"]["title"], "hot");
    assert_eq!(task["group"]["id"], "10");
    assert_eq!(task["creator"]["id"], "2");
    assert_eq!(task["creator"]["link"], "/company/personal/user/2/");
    assert_eq!(task["ufCrmTask"].to_string(), r#"["D_7","C_2"]"#);
    let none = portal.json("tasks.task.get", "taskId=1&select[]=TAGS&select[]=AUDITORS");
    assert_eq!(
        (&none["task"]["tags"], &none["task"]["auditorsData"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
}

#[test]
fn a_star_has_no_user_fields_and_a_select_without_a_valid_name_is_the_default() {
    let mut portal = Portal::with(&[("task", 3, 0.0)]);
    let mut keys = |select: &str| -> Vec<String> {
        portal.json("tasks.task.list", select)["tasks"][0]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let default = keys("");
    assert!(
        default.contains(&"createdBy".to_owned())
            && !default.iter().any(|name| name.starts_with("uf"))
    );
    assert_eq!(keys("select[]=*"), default);
    assert_eq!(keys("select[]=UF_*"), default);
    assert_eq!(keys("select[]=title"), default);
    assert!(keys("select[]=*&select[]=UF_*").contains(&"ufAuto101".to_owned()));
}

#[test]
fn all_scalars_of_a_generated_task_are_strings() {
    let mut portal = Portal::with(&[("task", 20, 0.0)]);
    for task in portal.json("tasks.task.list", "select[]=*")["tasks"]
        .as_array()
        .unwrap()
    {
        for (name, value) in task.as_object().unwrap() {
            assert!(!value.is_number() && !value.is_boolean(), "{name}: {value}");
        }
    }
}

#[test]
fn tasks_are_added_changed_completed_and_deleted() {
    let mut portal = tasks();
    assert_eq!(
        portal.error("tasks.task.add", "").2,
        "Could not find value for parameter {fields}"
    );
    assert_eq!(
        portal.error("tasks.task.get", "").2,
        "CTaskItem All parameters in the constructor must have real class type"
    );
    let task = portal.json(
        "tasks.task.add",
        "fields[TITLE]=New&fields[RESPONSIBLE_ID]=2&fields[DEADLINE]=2026-06-01",
    )["task"]
        .clone();
    assert_eq!(
        (&task["id"], &task["status"], &task["deadline"]),
        (
            &"5".into(),
            &"2".into(),
            &"2026-06-01T00:00:00+03:00".into()
        )
    );
    portal.json("tasks.task.update", "taskId=5&fields[TITLE]=Newer");
    let task = portal.json("tasks.task.complete", "taskId=5")["task"].clone();
    assert_eq!(
        (&task["title"], &task["status"]),
        (&"Newer".into(), &"5".into())
    );
    assert!(task["closedDate"].is_string());
    assert_eq!(
        portal.json("tasks.task.delete", "taskId=5").to_string(),
        r#"{"task":true}"#
    );
    assert_eq!(
        portal.json("tasks.task.get", "taskId=5").to_string(),
        "[]",
        "a task that is not there is no error"
    );
}

#[test]
fn a_changed_task_shows_its_checklists_as_items_and_as_a_tree() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    portal.steps(&[
        (
            "tasks.task.add",
            "fields[TITLE]=One&fields[RESPONSIBLE_ID]=2",
            r#"{"task":{"id":"1","checklist":[],"newCommentsCount":0,"checkListCanAdd":true,
                "checkListTree":{"nodeId":0,"fields":{"id":null,"userId":1,"title":"","completedCount":0},
                                 "action":[],"descendants":[]}}}"#,
        ),
        (
            "task.checklistitem.add",
            "0=1&1[TITLE]=Plan&1[PARENT_ID]=0",
            "1",
        ),
        (
            "task.checklistitem.add",
            "0=1&1[TITLE]=Call&1[PARENT_ID]=1&1[IS_COMPLETE]=Y",
            "2",
        ),
        (
            "tasks.task.start",
            "taskId=1",
            r#"{"task":{"status":"3",
                "checklist":{"1":{"id":"1","taskId":"1","parentId":0,"title":"Plan","isComplete":"N","action":{"modify":true}},
                             "2":{"parentId":"1","title":"Call","isComplete":"Y"}},
                "checkListTree":{"descendants":[{"nodeId":1,"fields":{"id":1,"displaySortIndex":"","completedCount":1},
                    "descendants":[{"nodeId":2,"fields":{"id":2,"parentId":1,"displaySortIndex":"1"},"descendants":[]}]}]}}}"#,
        ),
        ("tasks.task.pause", "taskId=99", "!1048582"),
    ]);
    let task = portal.json("tasks.task.get", "taskId=1");
    assert!(task["task"].get("checkListTree").is_none(), "{task}");
}

#[test]
fn a_selected_description_comes_with_how_it_is_written_and_a_task_with_its_favourite_flag() {
    let mut portal = tasks();
    portal.steps(&[
        (
            "tasks.task.get",
            "taskId=1&select[]=DESCRIPTION",
            r#"{"task":{"id":"1","description":"*","descriptionInBbcode":"*","favorite":"*"}}"#,
        ),
        (
            "tasks.task.get",
            "taskId=1&select[]=NOTHING",
            r#"{"task":{"id":"1","title":"Call Ann"}}"#,
        ),
    ]);
    let task = portal.json("tasks.task.get", "taskId=1&select[]=TITLE");
    assert!(task["task"].get("descriptionInBbcode").is_none(), "{task}");
}

#[test]
fn a_new_task_has_a_guid_of_its_own_and_its_comments_what_is_attached_to_them() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    let mut guids = Vec::new();
    for _ in 0..2 {
        let task = portal.json(
            "tasks.task.add",
            "fields[TITLE]=One&fields[RESPONSIBLE_ID]=2",
        );
        guids.push(task["task"]["guid"].as_str().unwrap().to_owned());
    }
    assert_ne!(guids[0], guids[1]);
    assert!(
        guids[0].len() == 38 && guids[0].starts_with('{'),
        "{guids:?}"
    );
    portal.json("task.commentitem.add", "0=1&1[POST_MESSAGE]=Hello");
    portal.steps(&[(
        "task.commentitem.getlist",
        "0=1",
        r#"[{"POST_MESSAGE":"Hello","ATTACHED_OBJECTS":[]}]"#,
    )]);
}

#[test]
fn a_task_with_a_creator_or_dates_that_cannot_be_is_refused() {
    let early = "! The end date specified in the scheduling is earlier than the start date<br>";
    let early = early.replacen('!', "!ERROR_CORE", 1);
    let plan = |start: &str, end: &str| {
        format!("taskId=1&fields[START_DATE_PLAN]={start}&fields[END_DATE_PLAN]={end}")
    };
    Portal::with(&[("task", 1, 0.0), ("user", 3, 0.0)]).steps(&[
        (
            "tasks.task.add",
            "fields[TITLE]=a&fields[RESPONSIBLE_ID]=1&fields[CREATED_BY]=99",
            "!ERROR_CORE The user specified in the \"Creator\" field was not found<br>",
        ),
        (
            "tasks.task.add",
            "fields[TITLE]=a&fields[RESPONSIBLE_ID]=1&fields[DEADLINE]=soon",
            "!ERROR_CORE Invalid date in the \"Deadline\" field<br>",
        ),
        (
            "tasks.task.update",
            &plan("2026-05-02", "2026-05-01"),
            &early,
        ),
        (
            "tasks.task.update",
            &plan("2026-05-02", "2126-05-01"),
            "!ERROR_CORE The duration of the task specified in the scheduling is too long<br>",
        ),
        (
            "tasks.task.update",
            &plan("2026-05-02", "2026-05-03"),
            r#"{"task":{"id":"1"}}"#,
        ),
        (
            "tasks.task.update",
            "taskId=1&fields[END_DATE_PLAN]=2026-05-01",
            &early,
        ),
    ]);
}

#[test]
fn an_item_of_a_checklist_shows_who_takes_part_and_the_task_has_them_too() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    portal.json("tasks.task.add", "fields[TITLE]=a&fields[RESPONSIBLE_ID]=1");
    let item = "TASKID=1&FIELDS[TITLE]=b&FIELDS[MEMBERS][2][TYPE]=A&FIELDS[MEMBERS][3][TYPE]=U&FIELDS[MEMBERS][99][TYPE]=A";
    let id = portal.json("task.checklistitem.add", item);
    portal.steps(&[
        (
            "task.checklistitem.get",
            &format!("TASKID=1&ITEMID={id}"),
            r#"{"TITLE":"b","MEMBERS":[{"ID":"2","TYPE":"A","IS_COLLABER":false},{"ID":"3","TYPE":"U"}],"ATTACHMENTS":[]}"#,
        ),
        (
            "tasks.task.get",
            "taskId=1&select[]=ACCOMPLICES&select[]=AUDITORS",
            r#"{"task":{"accomplices":["2"],"auditors":["3"]}}"#,
        ),
    ]);
}

#[test]
fn a_list_of_tasks_says_more_where_it_is_asked_for() {
    let mut portal = Portal::with(&[("user", 2, 0.0)]);
    let task = "fields[TITLE]=a&fields[RESPONSIBLE_ID]=1&fields[DESCRIPTION]=b&fields[DEADLINE]=2026-05-01T10:00:00%2B03:00";
    portal.json("tasks.task.add", task);
    let plain = portal.json("tasks.task.list", "select[]=ID");
    assert!(plain["tasks"][0].get("timeElapsed").is_none(), "{plain}");
    portal.steps(&[(
        "tasks.task.list",
        "select[]=ID&select[]=COUNTERS&params[WITH_RESULT_INFO]=1&params[WITH_TIMER_INFO]=1&params[WITH_PARSED_DESCRIPTION]=1",
        r#"{"tasks":[{"taskHasResult":"N","timeElapsed":null,"timerIsRunningForCurrentUser":"N","parsedDescription":"b",
            "counter":{"counters":{"expired":1,"newComments":0},"color":"danger","value":1}}]}"#,
    )]);
}
