//! Processes of the older automation: their stages, their elements, and what happened to those.

use super::Portal;

/// A portal with a process that has three stages.
fn portal() -> Portal {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    portal.json(
        "rpa.type.add",
        "fields[title]=Papers&fields[image]=list&fields[permissions][0][accessCode]=UA&fields[permissions][0][permission]=X&fields[permissions][0][action]=ITEMS_CREATE",
    );
    for stage in [
        "name]=Launch",
        "name]=Done&fields[semantic]=SUCCESS",
        "name]=Check",
    ] {
        portal.json("rpa.stage.add", &format!("fields[typeId]=1&fields[{stage}"));
    }
    portal
}

#[test]
fn a_process_has_stages_of_which_one_means_success() {
    let mut portal = portal();
    portal.steps(&[
        ("rpa.type.add", "fields[image]=list", "!0 Required fields: title"),
        (
            "rpa.type.get",
            "id=1",
            r#"{"type":{"id":1,"title":"Papers","createdBy":1,"settings":[],
                "permissions":[{"id":"1","entity":"TYPE","entityId":"1","accessCode":"UA","action":"ITEMS_CREATE","permission":"X"}]}}"#,
        ),
        ("rpa.type.get", "id=9", "!NOT_FOUND"),
        ("rpa.type.update", "id=1&fields[title]=Forms", r#"{"type":{"title":"Forms"}}"#),
        ("rpa.type.list", "", r#"{"types":[{"id":1}]}"#),
        ("rpa.stage.add", "fields[typeId]=9&fields[name]=x", "!NOT_FOUND"),
        ("rpa.stage.add", "fields[typeId]=1", "!0 Required fields: name"),
        (
            "rpa.stage.add",
            "fields[typeId]=1&fields[name]=x&fields[semantic]=SUCCESS",
            "!0 The process already has a successful stage",
        ),
        (
            "rpa.stage.get",
            "id=1",
            r#"{"stage":{"name":"Launch","sort":1000,"semantic":null,"isFirst":true,"isSuccess":false,
                "possibleNextStages":[1,3,2],"robotsCount":0,"tasks":[]}}"#,
        ),
        (
            "rpa.stage.listForType",
            "typeId=1",
            r#"{"stages":[{"id":1},{"id":3},{"id":2,"isSuccess":true}]}"#,
        ),
        ("rpa.stage.update", "id=2&fields[semantic]=FAIL", "!0"),
        ("rpa.stage.update", "id=1&fields[color]=22B9FF", r#"{"stage":{"color":"22B9FF"}}"#),
        ("rpa.stage.delete", "id=2", "!0 The successful stage can't be deleted"),
        ("rpa.stage.delete", "id=3", "null"),
        ("rpa.type.delete", "id=1", "null"),
        ("rpa.stage.get", "id=1", "!NOT_FOUND"),
    ]);
}

#[test]
fn an_element_goes_from_stage_to_stage_and_its_timeline_tells_of_it() {
    let mut portal = portal();
    let update = "typeId=1&id=1&fields[stageId]=3&fields[UF_RPA_1_NAME]=New";
    portal.steps(&[
        ("rpa.item.add", "typeId=9", "!NOT_FOUND"),
        (
            "rpa.item.add",
            "typeId=1&fields[UF_RPA_1_NAME]=Old&fields[other]=x",
            r#"{"item":{"id":1,"name":"Old","stageId":1,"typeId":1,"createdBy":1,"detailUrl":"/rpa/item/1/1/",
                "tasksCounter":0,"users":{"1":{"id":"1"}}}}"#,
        ),
        ("rpa.item.add", "typeId=1&fields[UF_RPA_1_NAME]=Two", r#"{"item":{"id":2}}"#),
        ("rpa.item.update", "typeId=1&id=1&fields[stageId]=9", "!0 Stage not found"),
        (
            "rpa.item.update",
            update,
            r#"{"item":{"name":"New","stageId":3,"previousStageId":1,"movedBy":1}}"#,
        ),
        ("rpa.item.list", "typeId=1&filter[=stageId]=3", r#"{"items":[{"id":1}]}"#),
        (
            "rpa.item.list",
            "typeId=1&filter[logic]=or&filter[0][=UF_RPA_1_NAME]=New&filter[1][=UF_RPA_1_NAME]=Two&order[id]=DESC",
            r#"{"items":[{"id":2},{"id":1}]}"#,
        ),
        ("rpa.item.list", "typeId=1&filter[tasks]=has_tasks", r#"{"items":[]}"#),
        (
            "rpa.timeline.listForItem",
            "typeId=1&itemId=1",
            r#"{"timeline":[
                {"action":"update","data":{"stageFrom":{"id":1,"name":"Launch"},"stageTo":{"id":3,"name":"Check"},
                 "fields":[{"name":"UF_RPA_1_NAME"}],"item":{"name":"New"}}},
                {"action":"create"}]}"#,
        ),
        ("rpa.stage.delete", "id=3", "!0 The stage has elements"),
        ("rpa.item.delete", "typeId=1&id=1", "null"),
        ("rpa.item.get", "typeId=1&id=1", "!NOT_FOUND"),
        ("rpa.timeline.listForItem", "typeId=1&itemId=1", "!NOT_FOUND"),
    ]);
}

#[test]
fn entries_and_comments_are_written_into_the_timeline_of_an_element() {
    let mut portal = portal();
    portal.json("rpa.item.add", "typeId=1&fields[UF_RPA_1_NAME]=One");
    let element = "typeId=1&itemId=1";
    portal.steps(&[
        ("rpa.timeline.add", "typeId=1&itemId=9&fields[title]=x", "!NOT_FOUND"),
        (
            "rpa.timeline.add",
            &format!("{element}&fields[title]=From%20REST&fields[description]=text"),
            r#"{"timeline":{"id":2,"title":"From REST","action":false,"isFixed":false,"data":{"scope":"rest"},
                "createdTimestamp":1777885200000,"users":{"1":{"id":"1"}}}}"#,
        ),
        ("rpa.timeline.update", "id=2&fields[title]=Changed", r#"{"timeline":{"title":"Changed","description":"text"}}"#),
        ("rpa.timeline.updateIsFixed", "id=2&isFixed=Y", r#"{"timeline":{"id":2}}"#),
        (
            "rpa.comment.add",
            &format!("{element}&fields[description]=Look&fields[files][0][0]=a.pdf&fields[files][0][1]=aGk="),
            r#"{"comment":{"id":3,"action":"comment","title":"Comment","description":"Look","data":{"files":[1]},"textDescription":"Look"}}"#,
        ),
        ("rpa.comment.add", element, "!100"),
        (
            "rpa.comment.update",
            "id=3&fields[description]=Seen&fields[files][0][id]=1&fields[files][1][0]=b.pdf",
            r#"{"comment":{"description":"Seen","data":{"files":[1,2]}}}"#,
        ),
        ("rpa.comment.update", "id=2&fields[description]=x", "!NOT_FOUND"),
        ("rpa.comment.delete", "id=3", "null"),
        (
            "rpa.timeline.listForItem",
            element,
            r#"{"timeline":[{"id":2,"isFixed":true},{"id":1}]}"#,
        ),
        ("rpa.timeline.delete", "id=2", "null"),
        ("rpa.timeline.delete", "id=2", "!NOT_FOUND"),
    ]);
}

#[test]
fn fields_are_shown_as_the_settings_say() {
    portal().steps(&[
        ("rpa.fields.getSettings", "typeId=9", "!NOT_FOUND"),
        ("rpa.fields.getSettings", "typeId=1", r#"{"fields":[]}"#),
        (
            "rpa.fields.setSettings",
            "typeId=1&fields[kanban][]=createdBy&fields[create][]=UF_RPA_1_NAME",
            r#"{"fields":{"kanban":{"createdBy":true},"create":{"UF_RPA_1_NAME":true}}}"#,
        ),
        (
            "rpa.fields.setVisibilitySettings",
            "typeId=1&visibility=kanban&fields[]=id",
            r#"{"fields":{"kanban":{"id":true},"create":{"UF_RPA_1_NAME":true}}}"#,
        ),
        (
            "rpa.fields.setVisibilitySettings",
            "typeId=1&fields[]=id",
            "!100",
        ),
        (
            "rpa.fields.getSettings",
            "typeId=1&stageId=2",
            r#"{"fields":[]}"#,
        ),
    ]);
}

#[test]
fn users_are_added_to_tasks_and_do_them() {
    let mut portal = portal();
    portal.json("rpa.item.add", "typeId=1&fields[UF_RPA_1_NAME]=One");
    let task = r#"[{"id":93,"typeId":1,"itemId":1,"stageId":1,"robotName":"A1","type":"RpaRequestActivity","title":"Sign","users":[{"id":1,"status":0}]}]"#;
    let place = crate::data::records::place("rpa.task").unwrap();
    portal.state.records[place].load(serde_json::from_str(task).unwrap());
    let rule = "typeId=1&stageId=1&robotName=A1";
    portal.steps(&[
        (
            "rpa.item.getTasks",
            "typeId=1&id=1",
            r#"{"tasks":[{"id":"93","title":"Sign","userId":1,"data":{"type":"RpaRequestActivity","isMine":true,"url":"/rpa/task/id/93/"}}]}"#,
        ),
        ("rpa.task.addUser", "typeId=1&stageId=1&robotName=B2&userValue=x%20[2]", "!NOT_FOUND"),
        ("rpa.task.addUser", &format!("{rule}&userValue=Nobody%20[99]"), "!0 User not found"),
        ("rpa.task.addUser", &format!("{rule}&userValue=Ann%20Lee%20[2]"), "true"),
        (
            "rpa.item.get",
            "typeId=1&id=1",
            r#"{"item":{"tasksCounter":1,"tasksFaces":{"completed":[],"running":[1,2],"all":[1,2]}}}"#,
        ),
        ("rpa.stage.get", "id=1", r#"{"stage":{"robotsCount":1,"tasks":[{"robotName":"A1"}]}}"#),
        ("rpa.task.do", "taskId=93", "true"),
        ("rpa.item.getTasks", "typeId=1&id=1", r#"{"tasks":[]}"#),
        ("rpa.task.delete", rule, "null"),
        ("rpa.task.delete", rule, "!NOT_FOUND"),
    ]);
}
