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

#[test]
fn a_product_is_refused_what_there_is_not_and_the_code_of_another() {
    let mut portal = Portal::with(&[("user", 2, 0.0)]);
    for (field, code, text) in [
        ("iblockId]=9999", "200040300000", "Information block"),
        ("iblockSectionId]=77", "0", "Section with"),
        ("vatId]=77", "0", "VAT rate with"),
        (
            "purchasingCurrency]=XXX",
            "0",
            "The specified purchasing price currency",
        ),
        (
            "createdBy]=77",
            "0",
            "User with the specified identifier who created",
        ),
        (
            "modifiedBy]=77",
            "0",
            "User with the specified identifier who modified",
        ),
    ] {
        let params = format!("fields[iblockId]=14&fields[name]=a&fields[{field}");
        let error = portal.error("catalog.product.add", &params);
        assert_eq!((error.0, error.1.as_str()), (400, code), "{field}");
        assert!(error.2.starts_with(text), "{error:?}");
    }
    portal.steps(&[
        ("catalog.product.list", "select[]=id&select[]=iblockId", r#"{"products":[]}"#),
        (
            "catalog.product.add",
            "fields[iblockId]=14&fields[name]=a&fields[code]=chair&fields[vatId]=1&fields[createdBy]=2",
            r#"{"element":{"code":"chair"}}"#,
        ),
        (
            "catalog.product.add",
            "fields[iblockId]=14&fields[name]=b&fields[code]=chair",
            "!0 Product with the specified symbolic code already exists",
        ),
        (
            "catalog.product.offer.add",
            "fields[iblockId]=15&fields[name]=b&fields[code]=chair",
            r#"{"offer":{"code":"chair"}}"#,
        ),
    ]);
    let rows = portal.json("catalog.product.list", "select[]=id&select[]=iblockId");
    let id = rows["products"][0]["id"].clone();
    let same = format!("id={id}&fields[code]=chair&fields[name]=c");
    assert_eq!(
        portal.json("catalog.product.update", &same)["element"]["name"],
        "c"
    );
    let wrong = format!("id={id}&fields[vatId]=77");
    assert_eq!(portal.error("catalog.product.update", &wrong).1, "0");
}

#[test]
fn a_place_is_refused_an_unknown_name_a_user_and_a_second_handler() {
    let mut portal = Portal::with(&[("user", 2, 0.0)]);
    let handler = "HANDLER=https://example.com/h";
    portal.steps(&[
        (
            "placement.bind",
            &format!("PLACEMENT=NOPE&{handler}"),
            "!ERROR_PLACEMENT_NOT_FOUND",
        ),
        (
            "placement.bind",
            &format!("PLACEMENT=CRM_DEAL_DETAIL_TAB&USER_ID=1&{handler}"),
            "!ERROR_PLACEMENT_USER_MODE User mode is not available",
        ),
        (
            "placement.bind",
            &format!("PLACEMENT=PAGE_BACKGROUND_WORKER&{handler}"),
            "!EMPTY_ERROR_HANDLER_URL",
        ),
        (
            "placement.bind",
            &format!("PLACEMENT=REST_APP_URI&{handler}"),
            "true",
        ),
        (
            "placement.bind",
            &format!("PLACEMENT=REST_APP_URI&{handler}2"),
            "!ERROR_PLACEMENT_MAX_COUNT",
        ),
        (
            "placement.bind",
            &format!("PLACEMENT=CRM_DYNAMIC_183_DETAIL_TAB&{handler}"),
            "true",
        ),
    ]);
    let bound = portal.json("placement.get", "");
    assert_eq!(bound.as_array().unwrap().len(), 2, "{bound}");
}

#[test]
fn what_is_wrong_with_a_connector_is_the_result_of_its_registration() {
    let mut portal = Portal::with(&[]);
    let right = "ID=shop&NAME=Shop&ICON[DATA_IMAGE]=data:x&PLACEMENT_HANDLER=https://example.com/";
    for (lacking, code) in [
        ("ID", "CONNECTOR_ID_REQUIRED"),
        ("NAME", "NAME_REQUIRED"),
        ("ICON", "ICON_REQUIRED"),
        ("PLACEMENT_HANDLER", "NO_PLACEMENT_HANDLER"),
    ] {
        let rest = right.split('&').filter(|param| !param.starts_with(lacking));
        let rest: Vec<&str> = rest.collect();
        let told = portal.json("imconnector.register", &rest.join("&"));
        assert_eq!(
            (&told["result"], &told["error"]),
            (&false.into(), &code.into())
        );
    }
    portal.steps(&[
        (
            "imconnector.register",
            &right.replace("ID=shop", "ID=my.shop"),
            r#"{"error":"APPLICATION_REGISTRATION_ERROR_POINT"}"#,
        ),
        ("imconnector.register", right, r#"{"result":true}"#),
        (
            "imconnector.activate",
            "CONNECTOR=shop&LINE=1",
            "!ERROR_ARGUMENT Argument 'ACTIVE' is null or empty",
        ),
        (
            "imconnector.status",
            "CONNECTOR=shop&LINE=1",
            r#"{"STATUS":false}"#,
        ),
        (
            "imconnector.activate",
            "CONNECTOR=shop&LINE=1&ACTIVE=1",
            "true",
        ),
        (
            "imconnector.status",
            "CONNECTOR=shop&LINE=1",
            r#"{"STATUS":true}"#,
        ),
    ]);
}

#[test]
fn tasks_are_refused_nothing_at_all_an_empty_title_and_people_that_there_are_not() {
    let mut portal = Portal::with(&[("user", 2, 0.0)]);
    portal.steps(&[
        (
            "tasks.task.add",
            "fields[]=",
            "!ERROR_CORE",
        ),
        ("tasks.task.add", "", "!100 Could not find value for parameter {fields}"),
        (
            "tasks.task.add",
            "fields[TITLE]=a&fields[RESPONSIBLE_ID]=1",
            r#"{"task":{"id":"1"}}"#,
        ),
        (
            "tasks.task.update",
            "taskId=1&fields[TITLE]=",
            "!ERROR_CORE Task title is not specified",
        ),
        (
            "tasks.task.delegate",
            "taskId=1&userId=987654",
            "!ERROR_CORE The user specified in the \"Responsible\" field was not found",
        ),
        (
            "tasks.task.get",
            "taskId=1",
            r#"{"task":{"title":"a","responsibleId":"1"}}"#,
        ),
        (
            "task.commentitem.add",
            "TASKID=abc&FIELDS[POST_MESSAGE]=a",
            "!ERROR_CORE TASKS_ERROR_EXCEPTION_#256; Param #0 (taskId) for method ctaskcommentitem::add()",
        ),
        (
            "task.commentitem.add",
            "TASKID=1&FIELDS[POST_MESSAGE]=a&FIELDS[NOPE]=1",
            "!ERROR_CORE TASKS_ERROR_EXCEPTION_#256; Param #1 (arFields) for method ctaskcommentitem::add() must not contain key \"NOPE\"",
        ),
        (
            "task.checklistitem.add",
            "TASKID=x&FIELDS[TITLE]=a",
            "!ERROR_CORE TASKS_ERROR_EXCEPTION_#256; Param #0 (taskId) for method ctaskchecklistitem::add()",
        ),
        ("task.commentitem.getlist", "TASKID=1", "[]"),
    ]);
}

#[test]
fn an_activity_keeps_its_subject_a_requisite_needs_a_template_and_won_deals_are_the_last_stage() {
    let mut portal = Portal::with(&[("deal", 2, 0.0), ("company", 2, 0.0), ("user", 2, 0.0)]);
    let requisite = "fields[ENTITY_TYPE_ID]=4&fields[ENTITY_ID]=1&fields[NAME]=a";
    portal.steps(&[
        (
            "crm.activity.add",
            "fields[OWNER_TYPE_ID]=2&fields[OWNER_ID]=1&fields[TYPE_ID]=2&fields[SUBJECT]=a&fields[RESPONSIBLE_ID]=1&fields[COMMUNICATIONS][0][VALUE]=%2B7",
            "1",
        ),
        (
            "crm.activity.update",
            "id=1&fields[SUBJECT]=",
            "! The field SUBJECT is not defined or empty.",
        ),
        ("crm.activity.get", "id=1", r#"{"SUBJECT":"a"}"#),
        (
            "crm.requisite.add",
            &format!("{requisite}&fields[PRESET_ID]=999"),
            "! PRESET_ID is not defined or invalid.",
        ),
        ("crm.requisite.add", &format!("{requisite}&fields[PRESET_ID]=1"), "1"),
        (
            "crm.status.add",
            "fields[ENTITY_ID]=DEAL_STAGE&fields[STATUS_ID]=MORE&fields[NAME]=a&fields[SORT]=900",
            "! Cannot create more stages after the final stage",
        ),
        (
            "crm.deal.productrows.set",
            "id=0&rows[0][PRICE]=1",
            "! The parameter id is invalid or not defined.",
        ),
        (
            "crm.deal.productrows.set",
            "id=1&rows[0][PRICE]=1&rows[0][DISCOUNT_TYPE_ID]=2",
            "! Discount Rate (DISCOUNT_RATE) is required if Percentage Discount Type (DISCOUNT_TYPE_ID) is defined",
        ),
    ]);
    let early =
        "fields[ENTITY_ID]=DEAL_STAGE&fields[STATUS_ID]=MORE&fields[NAME]=a&fields[SORT]=15";
    assert!(portal.json("crm.status.add", early).is_i64());
}
