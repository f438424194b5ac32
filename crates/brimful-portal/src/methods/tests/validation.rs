//! Writes that are refused, with the codes and texts of the documentation.

use super::*;

#[test]
fn an_item_is_refused_a_value_that_its_field_cannot_have() {
    let mut portal = Portal::with(&[("deal", 2, 0.0), ("user", 3, 0.0)]);
    for (field, value) in [
        ("begindate", "nonsense"),
        ("assignedById", "987654"),
        ("opportunity", "abc"),
        ("sourceId", "NOPE"),
    ] {
        for (method, named) in [("crm.item.add", ""), ("crm.item.update", "id=1&")] {
            let params = format!("{named}entityTypeId=2&fields[{field}]={value}");
            let (_, code, text) = portal.error(method, &params);
            assert_eq!(code, "CRM_FIELD_ERROR_VALUE_NOT_VALID", "{method} {field}");
            assert_eq!(text, format!("Invalid value for field \"{field}\""));
        }
    }
    let right = "entityTypeId=2&fields[begindate]=2026-05-01&fields[assignedById]=2\
                 &fields[opportunity]=12.5&fields[sourceId]=CALL";
    let added = portal.json("crm.item.add", right);
    assert_eq!(added["item"]["opportunity"], 12.5);
    assert_eq!(added["item"]["assignedById"], 2);
}

#[test]
fn a_user_needs_an_address_of_email_that_nobody_has() {
    let mut portal = Portal::with(&[("user", 2, 0.0)]);
    portal.steps(&[
        ("user.add", "NAME=a", "!ERROR_ARGUMENT wrong_email"),
        ("user.add", "EMAIL=bad", "!ERROR_ARGUMENT wrong_email"),
        ("user.add", "EMAIL=new@example.com", "3"),
        (
            "user.add",
            "EMAIL=New@example.com",
            "!ERROR_ARGUMENT A user with this email already exists",
        ),
        (
            "user.add",
            "EMAIL=other@example.com&EXTRANET=Y",
            "!ERROR_ARGUMENT no_extranet_field",
        ),
        ("user.update", "ID=99&NAME=a", "!ERROR_CORE access_denied"),
        ("user.get", "ID=3", r#"[{"EMAIL":"new@example.com"}]"#),
    ]);
    assert_eq!(
        portal.page("user.get", "").2,
        Some(3),
        "nobody else was added"
    );
}

#[test]
fn a_lead_says_when_it_was_closed() {
    let mut portal = Portal::with(&[]);
    portal.steps(&[
        ("crm.lead.add", "fields[TITLE]=a", "1"),
        ("crm.lead.get", "id=1", r#"{"DATE_CLOSED":""}"#),
        (
            "crm.lead.update",
            "id=1&fields[STATUS_ID]=CONVERTED",
            "true",
        ),
        (
            "crm.lead.get",
            "id=1",
            r#"{"DATE_CLOSED":"2026-05-04T12:00:00+03:00"}"#,
        ),
        ("crm.lead.update", "id=1&fields[STATUS_ID]=NEW", "true"),
        ("crm.lead.get", "id=1", r#"{"DATE_CLOSED":""}"#),
        ("crm.lead.add", "fields[STATUS_ID]=JUNK", "2"),
        (
            "crm.lead.get",
            "id=2",
            r#"{"DATE_CLOSED":"2026-05-04T12:00:00+03:00"}"#,
        ),
    ]);
}

#[test]
fn a_quote_begins_as_a_draft() {
    let mut portal = Portal::with(&[]);
    portal.steps(&[
        ("crm.quote.add", "fields[TITLE]=a", "1"),
        (
            "crm.quote.get",
            "id=1",
            r#"{"STATUS_ID":"DRAFT","CLOSED":"N"}"#,
        ),
    ]);
}

#[test]
fn a_message_with_parts_that_are_none_is_refused_and_not_sent() {
    let mut portal = Portal::with(&[("user", 2, 0.0)]);
    let to = "DIALOG_ID=2&MESSAGE=a";
    let long = format!("{to}&ATTACH[0][MESSAGE]={}", "x".repeat(61_000));
    for (params, code, text) in [
        (
            format!("{to}&KEYBOARD=x"),
            "KEYBOARD_ERROR",
            "Incorrect keyboard params",
        ),
        (
            format!("{to}&MENU=x"),
            "MENU_ERROR",
            "Incorrect menu params",
        ),
        (
            format!("{to}&ATTACH=x"),
            "ATTACH_ERROR",
            "Incorrect attach params",
        ),
        (long, "ATTACH_OVERSIZE", "You have exceeded"),
    ] {
        let (_, refused, said) = portal.error("im.message.add", &params);
        assert_eq!(refused, code);
        assert!(said.starts_with(text), "{said}");
    }
    let notified = portal.error("im.notify.personal.add", "USER_ID=1&MESSAGE=a&ATTACH=x");
    assert_eq!(notified.1, "ATTACH_ERROR");
    let sent = portal.json("im.dialog.messages.get", "DIALOG_ID=2");
    assert_eq!(sent["messages"], serde_json::json!([]));
    let right = format!("{to}&ATTACH[0][MESSAGE]=b&KEYBOARD[BUTTONS][0][TEXT]=c&MENU=");
    assert!(portal.json("im.message.add", &right).is_u64());
}

#[test]
fn an_element_of_a_list_has_a_code_that_no_other_has() {
    let mut portal = Portal::with(&[]);
    let list = portal.json(
        "lists.add",
        "IBLOCK_TYPE_ID=lists&IBLOCK_CODE=stock&FIELDS[NAME]=Stock",
    );
    let of = format!("IBLOCK_TYPE_ID=lists&IBLOCK_ID={list}");
    let missing = "!ERROR_REQUIRED_PARAMETERS_MISSING Required parameter";
    portal.steps(&[
        (
            "lists.element.add",
            &format!("{of}&FIELDS[NAME]=a"),
            &format!("{missing} `ELEMENT_CODE` is missing"),
        ),
        (
            "lists.element.add",
            &format!("IBLOCK_ID={list}&ELEMENT_CODE=a&FIELDS[NAME]=a"),
            &format!("{missing} `IBLOCK_TYPE_ID` is missing"),
        ),
        (
            "lists.element.add",
            &format!("{of}&ELEMENT_CODE=a&FIELDS=none"),
            "!ERROR_ADD_ELEMENT",
        ),
        (
            "lists.element.add",
            &format!("{of}&ELEMENT_CODE=b&FIELDS[NAME]=b"),
            "1",
        ),
        (
            "lists.element.add",
            &format!("{of}&ELEMENT_CODE=b&FIELDS[NAME]=c"),
            "!ERROR_ELEMENT_ALREADY_EXISTS Element already exists",
        ),
    ]);
    let rows = portal.json("lists.element.get", &of);
    assert_eq!(rows.as_array().unwrap().len(), 1);
}

#[test]
fn a_bot_says_its_name_and_where_its_events_go_and_is_registered_once() {
    let mut portal = Portal::with(&[]);
    let url = "https://bot.test/";
    let separate =
        format!("EVENT_MESSAGE_ADD={url}&EVENT_WELCOME_MESSAGE={url}&EVENT_BOT_DELETE={url}");
    let named = "CODE=a&PROPERTIES[NAME]=A";
    portal.steps(&[
        (
            "imbot.register",
            named,
            "!EVENT_MESSAGE_ADD_ERROR Handler for \"Message add\" event isn't specified",
        ),
        (
            "imbot.register",
            &format!("{named}&EVENT_MESSAGE_ADD={url}"),
            "!EVENT_WELCOME_MESSAGE_ERROR",
        ),
        (
            "imbot.register",
            &format!("{named}&EVENT_MESSAGE_ADD=nope"),
            "!EVENT_MESSAGE_ADD_ERROR Wrong handler URL",
        ),
        (
            "imbot.register",
            &format!("PROPERTIES[NAME]=A&{separate}"),
            "!CODE_ERROR",
        ),
        (
            "imbot.register",
            &format!("CODE=a&PROPERTIES[COLOR]=RED&{separate}"),
            "!NAME_ERROR Bot name isn't specified",
        ),
    ]);
    let bot = portal.json("imbot.register", &format!("{named}&{separate}"));
    let again = format!("{named}&EVENT_HANDLER={url}");
    assert_eq!(portal.json("imbot.register", &again), bot);
    let bots = portal.json("imbot.bot.list", "");
    assert_eq!(bots.as_object().unwrap().len(), 1);
}
