//! What applications register, write and keep.

use super::*;

#[test]
fn a_call_stands_in_the_statistics_when_it_is_finished() {
    let mut portal = Portal::with(&[]);
    let registered = portal.json(
        "telephony.externalcall.register",
        "USER_ID=1&PHONE_NUMBER=79001112233&TYPE=2&CRM_ENTITY_TYPE=CONTACT&CRM_ENTITY_ID=7&LINE_NUMBER=3",
    );
    let call = registered["CALL_ID"].as_str().unwrap().to_owned();
    assert!(call.starts_with("externalCall."), "{call}");
    assert_eq!(registered["CRM_ENTITY_ID"], 7);
    let named = format!("CALL_ID={call}");
    assert_eq!(portal.json("telephony.externalcall.show", &named), true);
    assert_eq!(
        portal
            .json("voximplant.statistic.get", "")
            .as_array()
            .unwrap()
            .len(),
        0
    );
    let finish = format!("{named}&USER_ID=1&DURATION=95&VOTE=5");
    let finished = portal.json("telephony.externalcall.finish", &finish);
    assert_eq!(finished["CALL_FAILED_CODE"], "200");
    let rows = portal.json("voximplant.statistic.get", "FILTER[>CALL_DURATION]=90");
    assert_eq!(rows[0]["CALL_ID"], call.as_str());
    assert_eq!(rows[0]["CALL_DURATION"], "95");
    assert_eq!(rows[0]["CRM_ENTITY_ID"], "7");
    assert_eq!(portal.json("telephony.externalcall.hide", &named), false);
    let again = portal.error("telephony.externalcall.finish", &finish);
    assert_eq!(again.1, "ERROR_CORE");
    for wrong in [
        "PHONE_NUMBER=7&TYPE=2",
        "USER_ID=1&TYPE=2",
        "USER_ID=1&PHONE_NUMBER=7&TYPE=9",
        "USER_ID=999&PHONE_NUMBER=7&TYPE=1",
    ] {
        let refused = portal.error("telephony.externalcall.register", wrong);
        assert_eq!(refused.1, "ERROR_CORE", "{wrong}");
    }
}

#[test]
fn statistics_are_sorted_by_a_field_and_a_direction_in_two_parameters() {
    let mut portal = Portal::with(&[]);
    for duration in [5, 1, 3] {
        let call = portal.json(
            "telephony.externalcall.register",
            "USER_ID=1&PHONE_NUMBER=7&TYPE=1",
        );
        let call = call["CALL_ID"].as_str().unwrap().to_owned();
        portal.json(
            "telephony.externalcall.finish",
            &format!("CALL_ID={call}&USER_ID=1&DURATION={duration}"),
        );
    }
    let rows = portal.json("voximplant.statistic.get", "SORT=CALL_DURATION&ORDER=DESC");
    let durations: Vec<&str> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["CALL_DURATION"].as_str().unwrap())
        .collect();
    assert_eq!(durations, ["5", "3", "1"]);
}

#[test]
fn a_message_is_read_in_its_dialog_until_it_is_deleted() {
    let mut portal = Portal::with(&[]);
    let chat = portal.json("im.chat.add", "TITLE=Deals&TYPE=OPEN");
    let dialog = format!("DIALOG_ID=chat{chat}");
    let message = portal.json("im.message.add", &format!("{dialog}&MESSAGE=Hello"));
    let read = portal.json("im.dialog.messages.get", &dialog);
    assert_eq!(read["messages"][0]["id"], message);
    assert_eq!(read["messages"][0]["text"], "Hello");
    let named = format!("MESSAGE_ID={message}");
    portal.json("im.message.update", &format!("{named}&MESSAGE=Bye"));
    let read = portal.json("im.dialog.messages.get", &dialog);
    assert_eq!(read["messages"][0]["text"], "Bye");
    portal.json("im.message.delete", &named);
    assert_eq!(
        portal.error("im.message.delete", &named).1,
        "CANT_EDIT_MESSAGE"
    );
    for (params, code) in [
        ("DIALOG_ID=chat1", "MESSAGE_EMPTY"),
        ("DIALOG_ID=999999&MESSAGE=x", "USER_NOT_FOUND"),
        ("MESSAGE=x", "USER_ID_EMPTY"),
        ("DIALOG_ID=chat999999&MESSAGE=x", "ACCESS_ERROR"),
    ] {
        assert_eq!(portal.error("im.message.add", params).1, code, "{params}");
    }
}

#[test]
fn a_bot_writes_messages_once_it_is_registered() {
    let mut portal = Portal::with(&[]);
    let write = "DIALOG_ID=1&MESSAGE=Hello";
    assert_eq!(portal.error("imbot.message.add", write).1, "BOT_ID_ERROR");
    let bot = portal.json(
        "imbot.register",
        "CODE=helper&EVENT_HANDLER=https://bot.test/&PROPERTIES[NAME]=Helper",
    );
    let bots = portal.json("imbot.bot.list", "");
    assert_eq!(bots[bot.to_string()]["NAME"], "Helper");
    assert!(
        portal
            .json("imbot.message.add", &format!("BOT_ID={bot}&{write}"))
            .is_u64()
    );
    portal.json("imbot.unregister", &format!("BOT_ID={bot}"));
    assert_eq!(portal.error("imbot.message.add", write).1, "BOT_ID_ERROR");
}

#[test]
fn options_are_kept_for_all_users_and_for_each() {
    let mut portal = Portal::with(&[]);
    assert_eq!(
        portal.error("app.option.set", "").1,
        "ArgumentNullException"
    );
    portal.json("app.option.set", "options[a]=1&options[b]=2");
    portal.json("app.option.set", "options[b]=3");
    assert_eq!(
        portal.json("app.option.get", ""),
        serde_json::json!({"a": "1", "b": "3"})
    );
    assert_eq!(portal.json("app.option.get", "option=b"), "3");
    assert_eq!(portal.json("user.option.get", ""), serde_json::json!([]));
}

#[test]
fn options_of_applications_have_nothing_of_what_users_set_in_the_portal() {
    let mut portal = Portal::with(&[]);
    portal.json("im.user.status.set", "STATUS=dnd");
    portal.json("crm.deal.details.configuration.set", "data[0][name]=main");
    assert_eq!(portal.json("user.option.get", ""), serde_json::json!([]));
}

#[test]
fn handlers_of_events_are_bound_once_and_unbound_by_what_is_said_of_them() {
    let mut portal = Portal::with(&[]);
    let bind = "event=ONCRMLEADADD&handler=https://example.org/a";
    portal.json("event.bind", bind);
    assert_eq!(portal.error("event.bind", bind).0, 400);
    portal.json(
        "event.bind",
        "event=ONCRMLEADADD&handler=https://example.org/b",
    );
    let bound = portal.json("event.get", "");
    assert_eq!(bound.as_array().unwrap().len(), 2);
    assert_eq!(
        bound[0],
        serde_json::json!({
            "event": "ONCRMLEADADD", "handler": "https://example.org/a", "auth_type": "0", "offline": 0
        })
    );
    assert_eq!(
        portal.json("event.unbind", bind),
        serde_json::json!({"count": 1})
    );
    assert_eq!(
        portal.json("event.unbind", "event=ONCRMLEADADD"),
        serde_json::json!({"count": 1})
    );
}

#[test]
fn elements_belong_to_a_list_that_is_there_and_have_its_properties() {
    let mut portal = Portal::with(&[]);
    let missing = portal.error("lists.element.get", "IBLOCK_TYPE_ID=lists&IBLOCK_ID=9");
    assert_eq!(missing.1, "ERROR_IBLOCK_NOT_FOUND");
    let list = portal.json(
        "lists.add",
        "IBLOCK_TYPE_ID=lists&IBLOCK_CODE=stock&FIELDS[NAME]=Stock",
    );
    let of = format!("IBLOCK_TYPE_ID=lists&IBLOCK_ID={list}");
    for (code, colour) in [("a", "red"), ("b", "blue")] {
        portal.json(
            "lists.element.add",
            &format!("{of}&ELEMENT_CODE={code}&FIELDS[NAME]=Box&FIELDS[PROPERTY_100]={colour}"),
        );
    }
    let rows = portal.json("lists.element.get", &of);
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert_eq!(rows[0]["CODE"], "a");
    assert_eq!(rows[0]["PROPERTY_100"], serde_json::json!({"101": "red"}));
    let blue = portal.json(
        "lists.element.get",
        &format!("{of}&FILTER[=PROPERTY_100]=blue"),
    );
    assert_eq!(blue.as_array().unwrap().len(), 1);
    assert_eq!(blue[0]["CODE"], "b");
    portal.json("lists.element.delete", &format!("{of}&ELEMENT_ID=1"));
    let gone = portal.error("lists.element.delete", &format!("{of}&ELEMENT_ID=1"));
    assert_eq!(gone.1, "ERROR_ELEMENT_NOT_FOUND");
}

#[test]
fn currencies_go_by_their_code() {
    let mut portal = Portal::with(&[]);
    assert_eq!(portal.json("crm.currency.get", "id=RUB")["BASE"], "Y");
    let add = "fields[CURRENCY]=CNY&fields[AMOUNT_CNT]=10&fields[AMOUNT]=123.5";
    assert_eq!(portal.json("crm.currency.add", add), "CNY");
    assert_eq!(portal.error("crm.currency.add", add).1, "ERROR_CORE");
    portal.json("crm.currency.update", "id=CNY&fields[SORT]=5");
    let rows = portal.json("crm.currency.list", "order[SORT]=ASC");
    assert_eq!(rows[0]["CURRENCY"], "CNY");
    portal.json("crm.currency.delete", "id=CNY");
    assert_eq!(portal.error("crm.currency.get", "id=CNY").2, "Not found");
}

#[test]
fn robots_are_listed_by_their_codes() {
    let mut portal = Portal::with(&[]);
    let robot = "CODE=ring&HANDLER=https://example.org/r&NAME=Ring";
    portal.json("bizproc.robot.add", robot);
    assert_eq!(
        portal.error("bizproc.robot.add", robot).1,
        "ERROR_ACTIVITY_ALREADY_INSTALLED"
    );
    assert_eq!(
        portal.json("bizproc.robot.list", ""),
        serde_json::json!(["ring"])
    );
}

#[test]
fn a_controller_wraps_what_it_returns() {
    let mut portal = Portal::with(&[]);
    let added = portal.json("catalog.vat.add", "fields[name]=VAT&fields[rate]=13");
    assert_eq!(added["vat"]["rate"], 13.0);
    // Every portal has the rates 1 and 3.
    assert_eq!(added["vat"]["id"], 4);
    let rows = portal.json("catalog.vat.list", "filter[<rate]=20&filter[>=rate]=10");
    assert_eq!(rows["vats"][0]["name"], "VAT");
    assert_eq!(
        portal.json("catalog.vat.getfields", "")["vat"]["id"],
        serde_json::json!({
            "type": "integer", "isRequired": false, "isReadOnly": true, "isImmutable": false
        })
    );
    assert_eq!(portal.json("catalog.vat.delete", "id=4"), true);
    assert_eq!(portal.error("catalog.vat.get", "id=4").1, "200800000000");
}

#[test]
fn loaded_rows_of_a_list_are_records_like_those_that_are_written() {
    let rows = serde_json::json!([{"ID": "40", "NAME": "Old"}, {"ID": "7", "NAME": "Older"}]);
    let rows: Vec<serde_json::Map<_, _>> = serde_json::from_value(rows).unwrap();
    let mut portal = Portal::new(Data {
        served: vec![Load {
            entity: "crm.requisite.list".to_owned(),
            rows: rows.into(),
        }],
        ..Data::default()
    });
    portal.json("crm.company.add", "fields[TITLE]=One");
    let add = "fields[ENTITY_TYPE_ID]=4&fields[ENTITY_ID]=1&fields[PRESET_ID]=1&fields[NAME]=New";
    assert_eq!(portal.json("crm.requisite.add", add), 41);
    let rows = portal.json("crm.requisite.list", "select[]=NAME");
    let names: Vec<&str> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["NAME"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Old", "Older", "New"]);
}

#[test]
fn a_working_day_is_opened_interrupted_and_closed() {
    let mut portal = Portal::with(&[]);
    let status = |portal: &mut Portal| portal.json("timeman.status", "")["STATUS"].clone();
    assert_eq!(status(&mut portal), "CLOSED");
    portal.json("timeman.open", "");
    assert_eq!(status(&mut portal), "OPENED");
    portal.json("timeman.pause", "");
    assert_eq!(status(&mut portal), "PAUSED");
    portal.json("timeman.open", "");
    assert_eq!(status(&mut portal), "OPENED");
    let closed = portal.json("timeman.close", "");
    assert_eq!(closed["STATUS"], "CLOSED");
    assert_eq!(closed["TIME_START"], "2026-05-04T12:00:00+03:00");
    assert_eq!(
        portal.error("timeman.status", "USER_ID=999").2,
        "User not found"
    );
}

#[test]
fn users_of_the_messenger_are_found_by_id_by_name_and_by_department() {
    let mut portal = Portal::with(&[]);
    let me = portal.json("im.user.get", "");
    assert_eq!(me["id"], 1);
    assert_eq!(portal.json("im.user.list.get", "ID[]=1")["1"]["id"], 1);
    let name = me["last_name"].as_str().unwrap().to_lowercase();
    let found = portal.json("im.search.user.list", &format!("FIND={name}"));
    assert_eq!(found["1"]["last_name"], me["last_name"]);
    assert_eq!(
        portal.error("im.search.user.list", "FIND=a").1,
        "FIND_SHORT"
    );
    let department = me["departments"][0].clone();
    let employees = portal.json("im.department.employees.get", &format!("ID[]={department}"));
    let employees = employees[department.to_string()]
        .as_array()
        .unwrap()
        .clone();
    assert!(employees.contains(&serde_json::json!(1)));
    assert_eq!(
        portal.error("im.user.status.set", "STATUS=asleep").1,
        "STATUS_ERROR"
    );
    portal.json("im.user.status.set", "STATUS=dnd");
    assert_eq!(portal.json("im.user.get", "ID=1")["status"], "dnd");
}

#[test]
fn members_of_a_chat_are_its_owner_and_those_who_were_added() {
    let mut portal = Portal::with(&[]);
    let chat = portal.json("im.chat.add", "TITLE=Deals");
    let of = format!("CHAT_ID={chat}");
    portal.json("im.chat.user.add", &format!("{of}&USERS[]=3&USERS[]=2"));
    assert_eq!(
        portal.json("im.chat.user.list", &of),
        serde_json::json!([1, 2, 3])
    );
    portal.json("im.chat.user.delete", &format!("{of}&USER_ID=2"));
    assert_eq!(
        portal.json("im.chat.user.list", &of),
        serde_json::json!([1, 3])
    );
    assert_eq!(
        portal.error("im.chat.user.list", "CHAT_ID=99999").1,
        "ACCESS_ERROR"
    );
}

#[test]
fn the_layout_of_a_card_is_kept_for_each_user_and_for_all() {
    let mut portal = Portal::with(&[]);
    let card = |verb: &str| format!("crm.deal.details.configuration.{verb}");
    let sections = "data[0][name]=main&data[0][title]=Main";
    assert_eq!(portal.json(&card("get"), ""), serde_json::Value::Null);
    portal.json(&card("set"), sections);
    portal.json(&card("set"), &format!("scope=C&{sections}"));
    assert_eq!(portal.json(&card("get"), "")[0]["name"], "main");
    assert_eq!(
        portal.json(&card("get"), "extras[dealCategoryId]=3"),
        serde_json::Value::Null
    );
    portal.json(&card("forcecommonscopeforall"), "");
    assert_eq!(portal.json(&card("get"), ""), serde_json::Value::Null);
    assert_eq!(portal.json(&card("get"), "scope=C")[0]["title"], "Main");
}

#[test]
fn a_method_says_whether_it_exists() {
    let mut portal = Portal::with(&[]);
    let known = serde_json::json!({"isExisting": true, "isAvailable": true});
    assert_eq!(portal.json("method.get", "name=crm.deal.get"), known);
    let unknown = serde_json::json!({"isExisting": false, "isAvailable": false});
    assert_eq!(portal.json("method.get", "name=no.such"), unknown);
}
