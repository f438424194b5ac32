//! What calls by telephony leave in the CRM.

use super::*;

const CALL: &str = "USER_ID=1&TYPE=2&CALL_START_DATE=2026-05-04T11:00:00%2B03:00";

#[test]
fn a_call_of_a_number_that_a_contact_has_is_an_activity_of_the_contact() {
    let mut portal = Portal::with(&[("user", 2, 0.0)]);
    let contact = "fields[NAME]=Ann&fields[PHONE][0][VALUE]=%2B79990001122";
    assert_eq!(portal.json("crm.contact.add", contact), 1);
    let begun = portal.json(
        "telephony.externalcall.register",
        &format!("{CALL}&PHONE_NUMBER=%2B79990001122&CRM_CREATE=1"),
    );
    assert_eq!(begun["CRM_ENTITY_TYPE"], "CONTACT");
    assert_eq!(begun["CRM_ENTITY_ID"], 1);
    assert_eq!(begun["CRM_CREATED_LEAD"], serde_json::Value::Null);
    assert_eq!(begun["CRM_CREATED_ENTITIES"], serde_json::json!([]));
    let id = begun["CALL_ID"].as_str().unwrap();
    let ended = portal.json(
        "telephony.externalcall.finish",
        &format!("CALL_ID={id}&USER_ID=1&DURATION=95&VOTE=5"),
    );
    assert_eq!(ended["CRM_ACTIVITY_ID"], 1);
    assert_eq!(ended["CALL_START_DATE"], serde_json::json!({}));
    assert_eq!(ended["CALL_VOTE"], 5);
    portal.steps(&[
        (
            "crm.activity.get",
            "id=1",
            r#"{"OWNER_TYPE_ID":"3","OWNER_ID":"1","TYPE_ID":"2","PROVIDER_ID":"VOXIMPLANT_CALL","DIRECTION":"1",
                "COMPLETED":"Y","START_TIME":"2026-05-04T11:00:00+03:00","END_TIME":"2026-05-04T11:01:35+03:00"}"#,
        ),
        (
            "voximplant.statistic.get",
            "",
            r#"[{"CRM_ACTIVITY_ID":"1","CRM_ENTITY_TYPE":"CONTACT","CRM_ENTITY_ID":"1","CALL_DURATION":"95"}]"#,
        ),
    ]);
}

#[test]
fn a_call_of_an_unknown_number_makes_a_lead_if_it_is_asked_to() {
    let mut portal = Portal::with(&[("user", 2, 0.0)]);
    let call = format!("{CALL}&PHONE_NUMBER=%2B79990003344");
    let quiet = portal.json("telephony.externalcall.register", &call);
    assert_eq!(quiet["CRM_ENTITY_TYPE"], serde_json::Value::Null);
    let id = quiet["CALL_ID"].as_str().unwrap();
    let ended = portal.json(
        "telephony.externalcall.finish",
        &format!("CALL_ID={id}&USER_ID=1"),
    );
    assert_eq!(ended["CRM_ACTIVITY_ID"], serde_json::Value::Null);
    let begun = portal.json(
        "telephony.externalcall.register",
        &format!("{call}&CRM_CREATE=1&CRM_SOURCE=WEB"),
    );
    assert_eq!(begun["CRM_CREATED_LEAD"], 1);
    assert_eq!(
        begun["CRM_CREATED_ENTITIES"],
        serde_json::json!([{"ENTITY_TYPE": "LEAD", "ENTITY_ID": 1}])
    );
    let id = begun["CALL_ID"].as_str().unwrap().to_owned();
    portal.steps(&[
        (
            "crm.lead.get",
            "id=1",
            r#"{"SOURCE_ID":"WEB","ASSIGNED_BY_ID":"1","PHONE":[{"VALUE":"+79990003344"}]}"#,
        ),
        (
            "telephony.externalcall.finish",
            &format!("CALL_ID={id}&USER_ID=1"),
            r#"{"CRM_ENTITY_TYPE":"LEAD","CRM_ACTIVITY_ID":1,"CALL_FAILED_CODE":"304"}"#,
        ),
        (
            "crm.activity.get",
            "id=1",
            r#"{"OWNER_TYPE_ID":"1","OWNER_ID":"1","COMPLETED":"N"}"#,
        ),
    ]);
    let again = portal.json(
        "telephony.externalcall.register",
        &format!("{call}&CRM_CREATE=1"),
    );
    assert_eq!(again["CRM_CREATED_LEAD"], serde_json::Value::Null);
    assert_eq!(again["CRM_ENTITY_ID"], 1, "the lead has the number now");
}

#[test]
fn items_have_observers() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    portal.steps(&[
        (
            "crm.item.add",
            "entityTypeId=2&fields[title]=a&fields[observers][]=1&fields[observers][]=2",
            r#"{"item":{"id":1,"observers":[1,2]}}"#,
        ),
        (
            "crm.item.add",
            "entityTypeId=2&fields[title]=b",
            r#"{"item":{"id":2,"observers":[]}}"#,
        ),
        (
            "crm.item.list",
            "entityTypeId=2&filter[observers]=2",
            r#"{"items":[{"id":1}]}"#,
        ),
        (
            "crm.item.update",
            "entityTypeId=2&id=1&fields[observers][]=3",
            r#"{"item":{"observers":[3]}}"#,
        ),
        (
            "crm.item.fields",
            "entityTypeId=1",
            r#"{"fields":{"observers":{"type":"user","isMultiple":true,"upperName":"OBSERVERS"}}}"#,
        ),
    ]);
}
