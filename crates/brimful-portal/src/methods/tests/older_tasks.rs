//! `task.item.*` and its like: what they write, `tasks.task.*` reads, and the other way round.

use super::Portal;

fn portal() -> Portal {
    Portal::with(&[("user", 5, 0.0)])
}

#[test]
fn an_older_method_does_to_a_task_what_the_newer_does() {
    portal().steps(&[
        (
            "task.item.add",
            "0[TITLE]=Call&0[RESPONSIBLE_ID]=2&0[DESCRIPTION]=One\nTwo",
            "1",
        ),
        (
            "tasks.task.get",
            "taskId=1",
            r#"{"task":{"title":"Call","status":"2"}}"#,
        ),
        (
            "task.item.getdata",
            "TASKID=1",
            r#"{"ID":"1","TITLE":"Call","RESPONSIBLE_ID":"2"}"#,
        ),
        (
            "task.item.getdescription",
            "TASKID=1&FORMAT=1",
            r#""One\nTwo""#,
        ),
        (
            "task.item.update",
            "TASKID=1&TASKDATA[DESCRIPTION]=<b>1</b> < 2",
            "null",
        ),
        (
            "task.item.getdescription",
            "TASKID=1&FORMAT=3",
            r#""1 < 2""#,
        ),
        ("task.item.update", "TASKID=1&TASKDATA[TITLE]=Write", "null"),
        ("task.item.startexecution", "TASKID=1", "null"),
        (
            "task.item.startexecution",
            "TASKID=1",
            "!ERROR_CORE Action on the task is not allowed",
        ),
        (
            "tasks.task.get",
            "taskId=1",
            r#"{"task":{"title":"Write","status":"3"}}"#,
        ),
        ("task.item.isactionallowed", "TASKID=1&ACTIONID=17", "true"),
        ("task.item.isactionallowed", "TASKID=1&ACTIONID=6", "false"),
        (
            "task.item.getallowedactions",
            "TASKID=1",
            "[3,7,8,9,10,12,13,14,15,17]",
        ),
        (
            "task.item.getallowedtaskactionsasstrings",
            "TASKID=1",
            r#"{"ACTION_PAUSE":true,"ACTION_START":false,"ACTION_APPROVE":false}"#,
        ),
        ("task.item.complete", "TASKID=1", "null"),
        ("task.item.renew", "TASKID=1", "null"),
        ("task.item.defer", "TASKID=1", "null"),
        ("tasks.task.get", "taskId=1", r#"{"task":{"status":"6"}}"#),
        ("task.item.delegate", "TASKID=1&USERID=3", "null"),
        ("task.item.getdata", "TASKID=1", r#"{"RESPONSIBLE_ID":"3"}"#),
        ("task.item.addtofavorite", "TASK_ID=1", "true"),
        (
            "tasks.task.get",
            "taskId=1&select[]=FAVORITE",
            r#"{"task":{"favorite":"Y"}}"#,
        ),
        ("task.item.deletefromfavorite", "TASK_ID=1", "true"),
        (
            "tasks.task.get",
            "taskId=1&select[]=FAVORITE",
            r#"{"task":{"favorite":"N"}}"#,
        ),
        ("task.item.delete", "TASKID=1", "null"),
        ("tasks.task.get", "taskId=1", "[]"),
        (
            "task.item.getdata",
            "TASKID=1",
            "!ERROR_CORE TASKS_ERROR_EXCEPTION_#8",
        ),
        (
            "task.item.getdata",
            "",
            "!ERROR_CORE Param #0 (taskId) expected by method ctaskitem::getdata()",
        ),
    ]);
}

#[test]
fn comments_files_and_links_of_a_task_are_those_that_other_methods_write() {
    portal().steps(&[
        ("task.item.add", "0[TITLE]=Call&0[RESPONSIBLE_ID]=2", "1"),
        ("task.item.add", "0[TITLE]=Ask first&0[RESPONSIBLE_ID]=2", "2"),
        ("task.dependence.add", "taskIdFrom=2&taskIdTo=1&linkType=2", "[]"),
        ("task.item.getdependson", "TASKID=1", "[2]"),
        ("task.item.getdependson", "TASKID=2", "[]"),
        ("task.comment.add", "TASKID=1&COMMENTTEXT=Done", "2"),
        ("task.commentitem.getlist", "TASKID=1", r#"[{"POST_MESSAGE":"Done"}]"#),
        ("task.commentitem.isactionallowed", "TASKID=1&ITEMID=2&ACTIONID=2", "true"),
        ("task.commentitem.isactionallowed", "TASKID=1&ITEMID=9&ACTIONID=2", "false"),
        ("task.commentitem.isactionallowed", "TASKID=1&ITEMID=0&ACTIONID=1", "true"),
        (
            "task.commentitem.isactionallowed",
            "TASKID=1&ITEMID=9",
            "!ERROR_CORE Param #2 (actionId) expected by method ctaskcommentitem::isactionallowed()",
        ),
        ("task.logitem.list", "ID=1", r#"[{"FIELD":"NEW","TASK_ID":"1"},{"FIELD":"COMMENT","TO_VALUE":"2"}]"#),
        ("task.item.addfile", "TASK_ID=1&FILE[NAME]=a.txt&FILE[CONTENT]=SGVsbG8=", r#"{"ATTACHMENT_ID":1}"#),
        ("task.item.getfiles", "TASK_ID=1", r#"[{"NAME":"a.txt","SIZE":"5","ATTACHMENT_ID":"1"}]"#),
        ("disk.attachedobject.get", "id=1", r#"{"NAME":"a.txt"}"#),
        ("task.item.deletefile", "TASK_ID=1&ATTACHMENT_ID=1", "true"),
        ("task.item.getfiles", "TASK_ID=1", "[]"),
        ("task.item.deletefile", "TASK_ID=1&ATTACHMENT_ID=1", "!ERROR_CORE"),
    ]);
}

#[test]
fn results_of_a_task_come_newest_first() {
    let mut portal = Portal::with(&[("task", 2, 0.0), ("user", 1, 0.0)]);
    let mut results = Vec::new();
    for text in ["one", "two"] {
        let given = format!("TASKID=2&FIELDS[POST_MESSAGE]={text}");
        let comment = portal.json("task.commentitem.add", &given);
        let named = format!("commentId={comment}");
        results.push(portal.json("tasks.task.result.addFromComment", &named)["id"].clone());
    }
    let listed = portal.json("tasks.task.result.list", "taskId=2");
    let ids: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["id"])
        .collect();
    assert_eq!(ids, [&results[1], &results[0]]);
    assert!(results[0].as_u64() > Some(1));
}

#[test]
fn fields_of_tasks_have_defaults_and_no_title_where_the_page_has_none() {
    let mut portal = Portal::with(&[]);
    let fields = portal.json("tasks.task.getFields", "")["fields"].clone();
    let described = |name: &str| fields[name].to_string();
    let new_comments = r#"{"title":null,"type":"integer","default":0}"#;
    assert_eq!(described("NEW_COMMENTS_COUNT"), new_comments);
    assert_eq!(fields["FORKED_BY_TEMPLATE_ID"]["type"], "enum");
    assert_eq!(fields["MATCH_WORK_TIME"]["type"], "integer");
    assert_eq!(fields["PRIORITY"]["default"], 1);
    assert_eq!(
        fields["MARK"].get("default"),
        Some(&serde_json::Value::Null)
    );
    assert!(fields["TITLE"].get("default").is_none());
    for name in ["TAGS", "DESCRIPTION_IN_BBCODE"] {
        assert!(fields.get(name).is_none(), "{name}");
    }
}
