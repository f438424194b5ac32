//! Lines of telephony, phones of users, automatic calls.

use serde_json::json;

use super::*;

#[test]
fn lines_are_listed_and_the_first_is_for_outgoing_calls_until_another_is_chosen() {
    let mut portal = Portal::with(&[]);
    assert_eq!(portal.json("voximplant.line.get", ""), json!([]));
    assert_eq!(portal.json("voximplant.line.outgoing.get", ""), json!(null));
    portal.json(
        "voximplant.sip.add",
        "SERVER=sip.example&LOGIN=one&TITLE=Main",
    );
    portal.json(
        "voximplant.sip.add",
        "SERVER=sip.example&LOGIN=two&TYPE=office",
    );
    let lines = json!({"reg1": "Main", "sip2": "Office PBX (2)"});
    assert_eq!(portal.json("voximplant.line.get", ""), lines);
    assert_eq!(portal.json("voximplant.line.outgoing.get", ""), "reg1");
    // A line that is not there changes nothing.
    assert_eq!(
        portal.json("voximplant.line.outgoing.set", "LINE_ID=reg77"),
        1
    );
    assert_eq!(portal.json("voximplant.line.outgoing.get", ""), "reg1");
    assert_eq!(
        portal.json("voximplant.line.outgoing.sip.set", "CONFIG_ID=2"),
        1
    );
    assert_eq!(portal.json("voximplant.line.outgoing.get", ""), "sip2");
    let error = portal.error("voximplant.line.outgoing.sip.set", "CONFIG_ID=9");
    assert_eq!(
        (error.1.as_str(), error.2.as_str()),
        ("ERROR_ARGUMENT", "Specified CONFIG_ID is not found")
    );
}

#[test]
fn the_phone_of_a_user_is_switched_on_and_off() {
    let mut portal = Portal::with(&[("user", 5, 0.0)]);
    assert_eq!(portal.json("voximplant.user.activatePhone", "USER_ID=2"), 1);
    let users = portal.json(
        "voximplant.user.get",
        "USER_ID[]=2&USER_ID[]=3&USER_ID[]=99",
    );
    assert_eq!(users.as_array().unwrap().len(), 2);
    assert_eq!(users[0]["PHONE_ENABLED"], "Y");
    assert_eq!(users[1]["PHONE_ENABLED"], "N");
    portal.json("voximplant.user.deactivatePhone", "USER_ID=2");
    assert_eq!(
        portal.json("voximplant.user.get", "USER_ID=2")[0]["PHONE_ENABLED"],
        "N"
    );
    for method in ["voximplant.user.get", "voximplant.user.activatePhone"] {
        assert_eq!(portal.error(method, "").2, "Parameter USER_ID is not set");
    }
}

#[test]
fn an_automatic_call_needs_a_line_and_a_number() {
    let mut portal = Portal::with(&[]);
    portal.json("voximplant.sip.add", "SERVER=sip.example&LOGIN=one");
    let to = "TO_NUMBER=79991112233&TEXT_TO_PRONOUNCE=Hello";
    let call = portal.json(
        "voximplant.infocall.startwithtext",
        &format!("FROM_LINE=reg1&{to}"),
    );
    assert_eq!(call["RESULT"], true);
    assert!(call["CALL_ID"].as_str().unwrap().starts_with("infocall."));
    let error = portal.error(
        "voximplant.infocall.startwithsound",
        &format!("FROM_LINE=reg5&{to}"),
    );
    assert_eq!(error.2, "Could not find config for number reg5");
    let error = portal.error(
        "voximplant.infocall.startwithtext",
        "FROM_LINE=reg1&TO_NUMBER=1",
    );
    assert_eq!(error.2, "Phone number is not correct");
}

#[test]
fn a_call_back_needs_a_line_and_a_number() {
    let mut portal = Portal::with(&[]);
    portal.json("voximplant.sip.add", "SERVER=sip.example&LOGIN=one");
    let answer = portal.json(
        "voximplant.callback.start",
        "FROM_LINE=reg1&TO_NUMBER=74951112233&TEXT_TO_PRONOUNCE=Hello",
    );
    assert_eq!(answer["RESULT"], true);
    assert!(answer["CALL_ID"].as_str().unwrap().starts_with("callback."));
    portal.steps(&[(
        "voximplant.callback.start",
        "FROM_LINE=reg5&TO_NUMBER=74951112233",
        "!ERROR_CORE Could not find line reg5",
    )]);
}
