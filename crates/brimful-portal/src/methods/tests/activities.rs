//! Activities, whichever method makes them.

use super::*;

const TODO: &str = "ownerTypeId=2&ownerId=1&deadline=2026-06-01T10:00:00%2B03:00";

#[test]
fn a_to_do_is_an_activity_with_an_id_of_the_same_run() {
    let mut portal = Portal::with(&[("deal", 3, 0.0)]);
    let todo = format!("{TODO}&title=Call&description=Soon&pingOffsets[]=15&colorId=2");
    portal.steps(&[
        ("crm.activity.todo.add", &todo, r#"{"id":1}"#),
        (
            "crm.activity.get",
            "id=1",
            r#"{"ID":"1","OWNER_ID":"1","OWNER_TYPE_ID":"2","TYPE_ID":"6","PROVIDER_ID":"CRM_TODO",
                "PROVIDER_TYPE_ID":"TODO","SUBJECT":"Call","DESCRIPTION":"Soon","COMPLETED":"N",
                "DEADLINE":"2026-06-01T10:00:00+03:00","RESPONSIBLE_ID":"1"}"#,
        ),
        (
            "crm.activity.list",
            "filter[PROVIDER_ID]=CRM_TODO",
            r#"[{"ID":"1"}]"#,
        ),
    ]);
    let call = "fields[OWNER_TYPE_ID]=2&fields[OWNER_ID]=1&fields[TYPE_ID]=2&fields[SUBJECT]=a\
                &fields[COMMUNICATIONS][0][VALUE]=1&fields[RESPONSIBLE_ID]=1";
    assert_eq!(portal.json("crm.activity.add", call), 2, "one run of IDs");
    portal.steps(&[
        ("crm.activity.todo.add", TODO, r#"{"id":3}"#),
        ("crm.activity.delete", "id=3", "true"),
        ("crm.activity.get", "id=3", "! Not found"),
    ]);
}

#[test]
fn a_to_do_is_changed_until_it_is_done() {
    let mut portal = Portal::with(&[("deal", 3, 0.0)]);
    let named = "id=1&ownerTypeId=2&ownerId=1";
    let with = |more: &str| format!("{named}&{more}");
    portal.steps(&[
        ("crm.activity.todo.add", TODO, r#"{"id":1}"#),
        (
            "crm.activity.todo.updateDeadline",
            &with("value=2026-07-01T10:00:00%2B03:00"),
            r#"{"id":1}"#,
        ),
        (
            "crm.activity.todo.updateDescription",
            &with("value=Later"),
            r#"{"id":1}"#,
        ),
        (
            "crm.activity.todo.updateResponsibleUser",
            &with("responsibleId=2"),
            r#"{"id":1}"#,
        ),
        (
            "crm.activity.todo.updateColor",
            &with("colorId=3"),
            r#"{"id":1}"#,
        ),
        (
            "crm.activity.get",
            "id=1",
            r#"{"DEADLINE":"2026-07-01T10:00:00+03:00","DESCRIPTION":"Later","RESPONSIBLE_ID":"2",
                "SETTINGS":{"COLOR":"3"}}"#,
        ),
        (
            "crm.activity.todo.updateColor",
            &with("colorId=9"),
            "!CAN_NOT_UPDATE_WRONG_COLOR_TODO",
        ),
        (
            "crm.activity.todo.updateResponsibleUser",
            &with("responsibleId=-1"),
            "!INVALID_ARG_VALUE",
        ),
        (
            "crm.activity.todo.updateDeadline",
            &with("value=nonsense"),
            "!WRONG_DATETIME_FORMAT",
        ),
        ("crm.activity.todo.updateDeadline", named, "!100"),
        (
            "crm.activity.todo.updateDeadline",
            "id=9&ownerTypeId=2&ownerId=1&value=2026-07-01",
            "!NOT_FOUND",
        ),
        (
            "crm.activity.todo.updateDeadline",
            "id=1&ownerTypeId=2&ownerId=2&value=2026-07-01",
            "!NOT_FOUND",
        ),
        ("crm.activity.update", "id=1&fields[COMPLETED]=Y", "true"),
        (
            "crm.activity.todo.update",
            &with("deadline=2026-08-01"),
            "!CAN_NOT_UPDATE_COMPLETED_TODO",
        ),
        (
            "crm.activity.todo.updateColor",
            &with("colorId=1"),
            "!CAN_NOT_UPDATE_COLOR_COMPLETED_TODO",
        ),
        (
            "crm.activity.todo.updateResponsibleUser",
            &with("responsibleId=1"),
            "!CAN_NOT_UPDATE_RESPONSIBLE_USER_COMPLETED_TODO",
        ),
    ]);
}

#[test]
fn a_to_do_without_a_deadline_or_an_owner_is_refused() {
    let mut portal = Portal::with(&[("deal", 3, 0.0)]);
    for (params, code) in [
        ("ownerTypeId=2&ownerId=1", "100"),
        ("ownerId=1&deadline=2026-06-01", "100"),
        (
            "ownerTypeId=2&ownerId=1&deadline=nonsense",
            "WRONG_DATETIME_FORMAT",
        ),
        (
            "ownerTypeId=2&ownerId=99&deadline=2026-06-01",
            "OWNER_NOT_FOUND",
        ),
    ] {
        assert_eq!(portal.error("crm.activity.todo.add", params).1, code);
    }
    assert_eq!(portal.json("crm.activity.list", ""), serde_json::json!([]));
}

const LAYOUT: &str = "layout[icon][code]=call-completed&layout[header][title]=Incoming";

#[test]
fn a_configurable_activity_is_an_activity_too() {
    let mut portal = Portal::with(&[("deal", 3, 0.0)]);
    let add = format!(
        "ownerTypeId=2&ownerId=1&fields[typeId]=CONFIGURABLE&fields[completed]=N&fields[badgeCode]=B\
         &fields[deadline]=2026-06-01T10:00:00%2B03:00&fields[pingOffsets][]=300&{LAYOUT}"
    );
    portal.steps(&[
        (
            "crm.activity.configurable.add",
            &add,
            r#"{"activity":{"id":1}}"#,
        ),
        (
            "crm.activity.get",
            "id=1",
            r#"{"ID":"1","PROVIDER_ID":"CONFIGURABLE_REST_APP","PROVIDER_TYPE_ID":"CONFIGURABLE","SUBJECT":"Incoming",
                "OWNER_ID":"1","COMPLETED":"N"}"#,
        ),
        (
            "crm.activity.configurable.get",
            "id=1",
            r#"{"activity":{"id":1,"ownerTypeId":2,"ownerId":1,
                "fields":{"typeId":"CONFIGURABLE","completed":false,"deadline":"2026-06-01T10:00:00+03:00",
                    "pingOffsets":["300"],"isIncomingChannel":false,"responsibleId":1,"badgeCode":"B",
                    "originatorId":null,"originId":null},
                "layout":{"icon":{"code":"call-completed"},"header":{"title":"Incoming"}}}}"#,
        ),
        (
            "crm.activity.configurable.update",
            "id=1&fields[completed]=Y&fields[originId]=7",
            r#"{"activity":{"id":1}}"#,
        ),
        (
            "crm.activity.configurable.get",
            "id=1",
            r#"{"activity":{"fields":{"completed":true,"originId":"7","badgeCode":"B"},
                "layout":{"header":{"title":"Incoming"}}}}"#,
        ),
        ("crm.activity.todo.add", TODO, r#"{"id":2}"#),
        ("crm.activity.configurable.get", "id=2", "!NOT_FOUND"),
        ("crm.activity.delete", "id=1", "true"),
        ("crm.activity.configurable.get", "id=1", "!NOT_FOUND"),
    ]);
}

#[test]
fn a_configurable_activity_that_makes_no_sense_is_refused() {
    let mut portal = Portal::with(&[("deal", 3, 0.0)]);
    let owner = "ownerTypeId=2&ownerId=1";
    for (params, code) in [
        (format!("{owner}&{LAYOUT}"), "100"),
        (format!("{owner}&fields[completed]=N"), "100"),
        (
            format!("{owner}&fields[completed]=N&layout="),
            "ERROR_EMPTY_LAYOUT",
        ),
        (
            format!("{owner}&fields[deadline]=soon&{LAYOUT}"),
            "WRONG_FIELD_VALUE",
        ),
        (
            format!("{owner}&fields[typeId]=OTHER&{LAYOUT}"),
            "WRONG_FIELD_VALUE",
        ),
        (
            format!("{owner}&fields[isIncomingChannel]=Y&fields[deadline]=2026-06-01&{LAYOUT}"),
            "INCOMING_ACTIVITY_CAN_NOT_BE_WITH_DEADLINE",
        ),
    ] {
        let refused = portal.error("crm.activity.configurable.add", &params);
        assert_eq!(refused.1, code, "{params}");
    }
    let registered = "fields[TYPE_ID]=OTHER&fields[NAME]=a&fields[IS_CONFIGURABLE_TYPE]=Y";
    assert_eq!(portal.json("crm.activity.type.add", registered), true);
    let add = format!("{owner}&fields[typeId]=OTHER&{LAYOUT}");
    let added = portal.json("crm.activity.configurable.add", &add);
    assert_eq!(added["activity"]["id"], 1);
}
