//! What applications give to a portal and set in it, family by family: a documented call, a documented refusal, and
//! what is there afterwards.

use super::Portal;

#[test]
fn an_analytics_source_belongs_to_a_connector_and_is_read_in_three_parts() {
    let mut portal = Portal::with(&[]);
    let connector = portal.json(
        "biconnector.connector.add",
        "fields[title]=a&fields[logo]=l&fields[urlCheck]=u&fields[urlData]=u&fields[urlTableList]=u&fields[urlTableDescription]=u&fields[settings][0][code]=login",
    );
    let id = connector["id"].as_u64().unwrap();
    let source = portal.json(
        "biconnector.source.add",
        &format!("fields[title]=s&fields[connectorId]={id}&fields[settings][login]=x"),
    );
    let read = portal.json("biconnector.source.get", &format!("id={}", source["id"]));
    assert_eq!(read["item"]["connection"]["title"], "s");
    assert_eq!(read["item"]["connection"]["active"], true);
    assert_eq!(read["item"]["connectorId"], id);
    assert_eq!(
        portal
            .error("biconnector.connector.add", "fields[title]=a")
            .1,
        "VALIDATION_REQUIRED_FIELD_MISSING"
    );
    portal.json("biconnector.connector.delete", &format!("id={id}"));
    assert_eq!(
        portal.error("biconnector.connector.get", &format!("id={id}")),
        (
            400,
            "CONNECTOR_NOT_FOUND".to_owned(),
            "Connector was not found.".to_owned()
        )
    );
    assert_eq!(
        portal.error("biconnector.dataset.get", "").1,
        "VALIDATION_ID_NOT_PROVIDED"
    );
}

#[test]
fn a_field_of_a_list_is_added_read_changed_and_deleted() {
    let mut portal = Portal::with(&[]);
    let list = portal.json(
        "lists.add",
        "IBLOCK_TYPE_ID=lists&IBLOCK_CODE=c&FIELDS[NAME]=a",
    );
    let in_list = format!("IBLOCK_TYPE_ID=lists&IBLOCK_ID={list}");
    let add = format!(
        "{in_list}&FIELDS[NAME]=Kind&FIELDS[TYPE]=L&FIELDS[CODE]=KIND&FIELDS[LIST][0][VALUE]=x"
    );
    let field = portal.json("lists.field.add", &add);
    let id = field.as_str().unwrap();
    assert!(id.starts_with("PROPERTY_"), "{id}");
    let one = format!("{in_list}&FIELD_ID={id}");
    let read = portal.json("lists.field.get", &one);
    assert_eq!(
        (&read["L"]["NAME"], &read["L"]["CODE"]),
        (&"Kind".into(), &"KIND".into())
    );
    assert_eq!(
        read["L"]["DISPLAY_VALUES_FORM"].as_object().unwrap().len(),
        1
    );
    let again = portal.error("lists.field.add", &add);
    assert_eq!(
        (again.1.as_str(), again.2.as_str()),
        ("ERROR_SAVE_FIELD", "Property already exists")
    );
    portal.json(
        "lists.field.update",
        &format!("{one}&FIELDS[NAME]=Sort&FIELDS[TYPE]=S"),
    );
    let read = portal.json("lists.field.get", &one);
    assert_eq!(
        (&read["L"]["NAME"], &read["L"]["TYPE"]),
        (&"Sort".into(), &"L".into())
    );
    portal.json("lists.field.delete", &one);
    let all = portal.json("lists.field.get", &in_list);
    let names: Vec<&String> = all.as_object().unwrap().keys().collect();
    assert_eq!(names, ["NAME"]);
    assert_eq!(
        portal
            .error("lists.field.get", "IBLOCK_TYPE_ID=lists&IBLOCK_ID=99")
            .1,
        "ERROR_IBLOCK_NOT_FOUND"
    );
    assert_eq!(portal.json("lists.get.iblock.type.id", &in_list), "lists");
}

#[test]
fn the_base_currency_and_the_ways_of_writing_a_currency_can_be_changed() {
    let mut portal = Portal::with(&[]);
    assert_eq!(portal.json("crm.currency.base.get", ""), "RUB");
    portal.json("crm.currency.base.set", "id=USD");
    assert_eq!(portal.json("crm.currency.base.get", ""), "USD");
    assert_eq!(portal.json("crm.currency.get", "id=RUB")["BASE"], "N");
    portal.json(
        "crm.currency.localizations.set",
        "id=USD&localizations[de][FULL_NAME]=US-Dollar&localizations[de][DECIMALS]=2",
    );
    let read = portal.json("crm.currency.localizations.get", "id=USD");
    assert_eq!(read["de"]["FULL_NAME"], "US-Dollar");
    portal.json("crm.currency.localizations.delete", "id=USD&lids[0]=de");
    let read = portal.json("crm.currency.localizations.get", "id=USD");
    assert!(read.get("de").is_none());
    assert_eq!(
        portal.error("crm.currency.localizations.get", "id=QQQ").2,
        "The parameter id is invalid or not defined."
    );
}

#[test]
fn a_note_of_the_timeline_is_written_over_and_deleted() {
    let mut portal = Portal::with(&[("deal", 1, 0.0)]);
    let to = "ownerTypeId=2&ownerId=1&itemType=1&itemId=7";
    for wrong in ["ownerTypeId=99", "ownerId=9", "itemType=3"] {
        let (name, _) = wrong.split_once('=').unwrap();
        let of = to.split('&').map(|part| {
            if part.starts_with(&format!("{name}=")) {
                wrong
            } else {
                part
            }
        });
        let of: Vec<&str> = of.collect();
        let refused = portal.error(
            "crm.timeline.note.save",
            &format!("{}&text=a", of.join("&")),
        );
        assert_eq!(
            (refused.1.as_str(), refused.2.as_str()),
            ("NOT_FOUND", "Element not found")
        );
    }
    for text in ["a", "b"] {
        let saved = portal.json("crm.timeline.note.save", &format!("{to}&text={text}"));
        assert_eq!(saved, true);
    }
    assert_eq!(portal.json("crm.timeline.note.get", to)["text"], "b");
    assert_eq!(portal.error("crm.timeline.note.save", to).1, "100");
    portal.json("crm.timeline.note.delete", to);
    assert_eq!(portal.error("crm.timeline.note.get", to).1, "NOT_FOUND");
}

#[test]
fn settings_are_read_as_they_were_set() {
    let mut portal = Portal::with(&[]);
    portal.json("calendar.user.settings.set", "settings[view]=week");
    let read = portal.json("calendar.user.settings.get", "");
    assert_eq!(
        (&read["view"], &read["showTasks"]),
        (&"week".into(), &"Y".into())
    );
    assert_eq!(portal.error("calendar.user.settings.set", "").0, 400);
    portal.json(
        "timeman.timecontrol.settings.set",
        "MINIMUM_IDLE_FOR_REPORT=30&OTHER=1",
    );
    let read = portal.json("timeman.timecontrol.settings.get", "");
    assert_eq!(read["minimum_idle_for_report"], "30");
    assert!(read.get("other").is_none());
    assert_eq!(
        portal.error("timeman.networkrange.set", "RANGES=x").1,
        "INVALID_FORMAT"
    );
    portal.json(
        "timeman.networkrange.set",
        "RANGES[0][ip_range]=10.0.0.0-10.0.0.9&RANGES[0][name]=a",
    );
    let read = portal.json("timeman.networkrange.get", "");
    assert_eq!(read.as_array().unwrap().len(), 1);
    portal.json("calendar.meeting.status.set", "eventId=5&status=Y");
    assert_eq!(portal.json("calendar.meeting.status.get", "eventId=5"), "Y");
    assert_eq!(portal.json("calendar.meeting.status.get", "eventId=6"), "Q");
    assert!(
        portal
            .error("calendar.meeting.status.get", "")
            .2
            .contains("\"eventId\"")
    );
}

#[test]
fn notifications_are_listed_and_searched_for_whom_they_are() {
    let mut portal = Portal::with(&[]);
    let first = portal.json("im.notify.personal.add", "USER_ID=1&MESSAGE=invoice 5");
    portal.json("im.notify.system.add", "USER_ID=2&MESSAGE=invoice 6");
    let read = portal.json("im.notify.get", "");
    assert_eq!(read["total_count"], 1);
    assert_eq!(read["notifications"][0]["id"], first);
    let found = portal.json("im.notify.history.search", "SEARCH_TEXT=INVOICE");
    assert_eq!(
        (&found["total_results"], &found["notifications"][0]["id"]),
        (&1.into(), &first)
    );
    assert_eq!(
        portal.error("im.notify.history.search", "SEARCH_TEXT=in").1,
        "SEARCH_TEXT_ERROR"
    );
    assert_eq!(
        portal.error("im.notify.get", "LAST_ID=5").1,
        "LAST_ID_AND_LAST_TYPE"
    );
    assert_eq!(
        portal.error("im.notify.answer", "NOTIFY_ID=5").1,
        "ANSWER_TEXT_ERROR"
    );
}

#[test]
fn messages_of_a_chat_are_found_by_a_part_of_their_text() {
    let mut portal = Portal::with(&[]);
    let chat = portal.json("im.chat.add", "TITLE=a");
    for text in ["the report", "other"] {
        portal.json(
            "im.message.add",
            &format!("DIALOG_ID=chat{chat}&MESSAGE={text}"),
        );
    }
    let found = portal.json(
        "im.dialog.messages.search",
        &format!("CHAT_ID={chat}&SEARCH_MESSAGE=report"),
    );
    assert_eq!(found["messages"].as_array().unwrap().len(), 1);
    assert_eq!(found["messages"][0]["text"], "the report");
    assert_eq!(
        portal.error("im.dialog.messages.search", "").1,
        "CHAT_ID_EMPTY"
    );
    assert_eq!(
        portal.error("im.dialog.messages.search", "CHAT_ID=99").0,
        403
    );
}

#[test]
fn pages_of_sites_are_added_listed_and_deleted() {
    let mut portal = Portal::with(&[]);
    let site = portal.json("landing.site.add", "fields[TITLE]=a&fields[CODE]=a");
    portal.json(
        "landing.landing.add",
        &format!("fields[TITLE]=p&fields[SITE_ID]={site}"),
    );
    let listed = portal.json(
        "landing.landing.getList",
        &format!("params[filter][SITE_ID]={site}&params[select][0]=TITLE"),
    );
    assert_eq!(listed, serde_json::json!([{"ID": "1", "TITLE": "p"}]));
    portal.json("landing.landing.delete", "lid=1");
    assert_eq!(
        portal.json("landing.landing.getList", ""),
        serde_json::json!([])
    );
    assert_eq!(
        portal.error("landing.landing.delete", "lid=1").1,
        "LANDING_NOT_EXIST"
    );
}

#[test]
fn user_fields_are_listed_in_the_order_that_is_asked_for() {
    let mut portal = Portal::with(&[]);
    let ids = |portal: &mut Portal, order: &str| portal.ids("crm.deal.userfield.list", order);
    let up = ids(&mut portal, "order[ID]=ASC");
    let mut down = ids(&mut portal, "order[ID]=DESC");
    assert!(up.len() > 2 && up.is_sorted());
    down.reverse();
    assert_eq!(up, down);
}

#[test]
fn a_workflow_is_started_from_a_template_and_ended() {
    let mut portal = Portal::with(&[]);
    let template = portal.json(
        "bizproc.workflow.template.add",
        "DOCUMENT_TYPE[0]=crm&DOCUMENT_TYPE[1]=CCrmDocumentLead&DOCUMENT_TYPE[2]=LEAD&NAME=a&TEMPLATE_DATA[0]=x",
    );
    let start = |template: &str, entity: &str| {
        format!(
            "TEMPLATE_ID={template}&DOCUMENT_ID[0]=crm&DOCUMENT_ID[1]={entity}&DOCUMENT_ID[2]=LEAD_1"
        )
    };
    let template = template.to_string();
    let id = portal.json(
        "bizproc.workflow.start",
        &start(&template, "CCrmDocumentLead"),
    );
    let running = portal.json("bizproc.workflow.instances", "filter[DOCUMENT_ID]=LEAD_1");
    assert_eq!(running[0]["ID"], id);
    assert_eq!(
        portal.error("bizproc.workflow.start", &start("99", "CCrmDocumentLead")),
        (
            400,
            "ERROR_WRONG_WORKFLOW_ID".to_owned(),
            "Template not found".to_owned()
        )
    );
    assert_eq!(
        portal
            .error(
                "bizproc.workflow.start",
                &start(&template, "CCrmDocumentDeal")
            )
            .2,
        "Template type and DOCUMENT_ID mismatch!"
    );
    let end = format!("ID={}", id.as_str().unwrap());
    assert_eq!(portal.json("bizproc.workflow.terminate", &end), true);
    assert_eq!(
        portal.json("bizproc.workflow.instances", ""),
        serde_json::json!([])
    );
    assert_eq!(portal.error("bizproc.workflow.terminate", &end).0, 400);
}

#[test]
fn a_channel_is_registered_connected_to_a_line_and_listed() {
    let mut portal = Portal::with(&[]);
    portal.json(
        "imconnector.register",
        "ID=mine&NAME=My&ICON[DATA_IMAGE]=x&PLACEMENT_HANDLER=https://a.test",
    );
    assert_eq!(portal.json("imconnector.list", "")["mine"], "My");
    let of_line = "CONNECTOR=mine&LINE=3";
    assert_eq!(portal.json("imconnector.status", of_line)["STATUS"], false);
    portal.json("imconnector.activate", &format!("{of_line}&ACTIVE=1"));
    let status = portal.json("imconnector.status", of_line);
    assert_eq!(
        (&status["STATUS"], &status["LINE"]),
        (&true.into(), &3.into())
    );
    assert_eq!(
        portal.error("imconnector.status", "LINE=3").1,
        "ERROR_ARGUMENT"
    );
    assert_eq!(
        portal.error("imconnector.send.messages", of_line).1,
        "ERROR_ARGUMENT"
    );
    portal.json("imconnector.unregister", "ID=mine");
    assert!(portal.json("imconnector.list", "").get("mine").is_none());
}

#[test]
fn records_are_found_by_a_phone_and_only_a_finished_call_takes_a_recording() {
    let mut portal = Portal::with(&[]);
    let contact = portal.json(
        "crm.contact.add",
        "fields[NAME]=Anna&fields[PHONE][0][VALUE]=79001234567&fields[PHONE][0][VALUE_TYPE]=WORK",
    );
    let found = portal.json(
        "telephony.externalCall.searchCrmEntities",
        "PHONE_NUMBER=79001234567",
    );
    assert_eq!(
        (&found[0]["CRM_ENTITY_TYPE"], &found[0]["CRM_ENTITY_ID"]),
        (&"CONTACT".into(), &contact)
    );
    assert_eq!(
        portal
            .error("telephony.externalCall.searchCrmEntities", "")
            .2,
        "PHONE_NUMBER is empty"
    );
    let call = portal.json(
        "telephony.externalCall.register",
        "USER_ID=1&PHONE_NUMBER=79001234567&TYPE=1",
    );
    let id = call["CALL_ID"].as_str().unwrap().to_owned();
    let record = format!("CALL_ID={id}&FILENAME=a.mp3&FILE_CONTENT=YQ%3D%3D");
    assert_eq!(
        portal
            .error("telephony.externalCall.attachRecord", &record)
            .1,
        "ERROR_CORE"
    );
    portal.json(
        "telephony.externalCall.finish",
        &format!("CALL_ID={id}&USER_ID=1&DURATION=5"),
    );
    assert!(portal.json("telephony.externalCall.attachRecord", &record)["FILE_ID"].is_u64());
}

#[test]
fn workgroups_are_shown_by_newer_methods_too() {
    let mut portal = Portal::with(&[]);
    let id = portal.json("sonet_group.create", "NAME=a&KEYWORDS=red,%20blue");
    let listed = portal.json("socialnetwork.api.workgroup.list", "filter[NAME]=a");
    assert_eq!(listed["workgroups"][0]["id"], id.to_string());
    let read = portal.json(
        "socialnetwork.api.workgroup.get",
        &format!("params[groupId]={id}"),
    );
    assert_eq!(read["ID"], id);
    for (name, value) in [
        ("MEMBERS", serde_json::json!([1])),
        ("NUMBER_OF_MODERATORS", 1.into()),
        ("ORDINARY_MEMBERS", serde_json::json!([])),
        ("SITE_IDS", serde_json::json!(["s1"])),
        ("TAGS", serde_json::json!(["blue", "red"])),
        ("SEARCH_INDEX", "a blue #blue red #red".into()),
    ] {
        assert_eq!(read[name], value, "{name}: {read}");
    }
    assert_eq!(
        portal
            .error("socialnetwork.api.workgroup.get", "params[groupId]=99")
            .1,
        "SONET_CONTROLLER_WORKGROUP_NOT_FOUND"
    );
}

#[test]
fn the_chat_of_an_object_is_found_and_events_of_one_scope_are_listed() {
    let mut portal = Portal::with(&[]);
    let chat = portal.json("im.chat.add", "TITLE=a&ENTITY_TYPE=CRM&ENTITY_ID=DEAL|5");
    assert_eq!(
        portal.json("im.chat.get", "ENTITY_TYPE=CRM&ENTITY_ID=DEAL|5")["ID"],
        chat
    );
    assert_eq!(
        portal.json("im.chat.get", "ENTITY_TYPE=CRM&ENTITY_ID=DEAL|6"),
        serde_json::Value::Null
    );
    let events = portal.json("events", "SCOPE=crm");
    let events = events.as_array().unwrap();
    assert!(!events.is_empty());
    assert!(
        events
            .iter()
            .all(|name| name.as_str().unwrap().starts_with("ONCRM"))
    );
}

#[test]
fn events_in_the_calendar_of_a_user_say_when_he_is_busy() {
    let mut portal = Portal::with(&[]);
    portal.json(
        "calendar.event.add",
        "type=user&ownerId=1&name=a&from=2026-05-10T10:00:00%2B03:00&to=2026-05-10T11:00:00%2B03:00",
    );
    let asked = |days: &str| format!("users[0]=1&users[1]=2&{days}");
    let busy = portal.json(
        "calendar.accessibility.get",
        &asked("from=2026-05-10&to=2026-05-10"),
    );
    assert_eq!(busy["1"][0]["NAME"], "a");
    assert_eq!(busy["2"], serde_json::json!([]));
    let free = portal.json(
        "calendar.accessibility.get",
        &asked("from=2026-05-12&to=2026-05-13"),
    );
    assert_eq!(free["1"], serde_json::json!([]));
    assert!(
        portal
            .error("calendar.accessibility.get", "users[0]=1&to=2026-05-12")
            .2
            .contains("\"from\"")
    );
}

#[test]
fn reports_tell_of_the_working_days_of_users_and_networks_of_addresses() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    portal.json("timeman.open", "USER_ID=2");
    let of = "USER_ID=2&MONTH=5&YEAR=2026";
    portal.steps(&[
        (
            "timeman.timecontrol.reports.get",
            of,
            r#"{"report":{"date_start":"2026-05-01T00:00:00+03:00","date_finish":"2026-05-31T23:59:59+03:00","days":[
                {"index":"20260504","workday_complete":false,"workday_duration_config":28800,"reports":[{"type":"TM_START"}]}
            ]},"user":{"id":2}}"#,
        ),
        ("timeman.timecontrol.reports.get", "USER_ID=2&MONTH=6&YEAR=2026", r#"{"report":{"days":[]}}"#),
        ("timeman.timecontrol.reports.get", "USER_ID=99&MONTH=5&YEAR=2026", "!USER_ACCESS_ERROR"),
        ("timeman.timecontrol.reports.get", "USER_ID=2&MONTH=13&YEAR=2026", "!ACCESS_ERROR"),
        ("timeman.timecontrol.reports.users.get", "", r#"[{"id":1,"first_name":"*","last_activity_date":"*"}]"#),
        (
            "timeman.networkrange.check",
            "IP=10.10.255.255",
            r#"{"ip":"10.10.255.255","range":"10.0.0.0-10.255.255.255","name":"10.x.x.x"}"#,
        ),
        ("timeman.networkrange.check", "IP=8.8.8.8", "false"),
        ("timeman.networkrange.check", "", "false"),
    ]);
}

#[test]
fn files_of_an_element_have_addresses() {
    let mut portal = Portal::with(&[]);
    let list = "IBLOCK_TYPE_ID=lists&IBLOCK_CODE=docs&FIELDS[NAME]=Docs";
    let list = portal.json("lists.add", list).to_string();
    let element = format!(
        "IBLOCK_TYPE_ID=lists&IBLOCK_ID={list}&ELEMENT_CODE=one&FIELDS[NAME]=One&FIELDS[PROPERTY_7]=n5"
    );
    let element = portal.json("lists.element.add", &element).to_string();
    let of = format!("IBLOCK_TYPE_ID=lists&IBLOCK_ID={list}&ELEMENT_ID={element}");
    let url = format!(
        r#"["/company/lists/{list}/file/0/{element}/PROPERTY_7/{element}01/?ncc=y&download=y"]"#
    );
    let unknown = format!("IBLOCK_ID={list}&ELEMENT_ID=99&FIELD_ID=7");
    portal.steps(&[
        (
            "lists.element.get.file.url",
            &format!("{of}&FIELD_ID=7"),
            &url,
        ),
        (
            "lists.element.get.file.url",
            &format!("{of}&FIELD_ID=8"),
            "[]",
        ),
        (
            "lists.element.get.file.url",
            &of,
            "!ERROR_REQUIRED_PARAMETERS_MISSING",
        ),
        (
            "lists.element.get.file.url",
            &unknown,
            "!ERROR_ELEMENT_NOT_FOUND",
        ),
        (
            "lists.element.get.file.url",
            "IBLOCK_ID=99&ELEMENT_ID=1&FIELD_ID=7",
            "!ERROR_IBLOCK_NOT_FOUND",
        ),
    ]);
}
