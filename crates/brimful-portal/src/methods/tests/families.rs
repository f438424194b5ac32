//! Every family of paging has a method with generated rows.

use brimful_protocol::{Array, Value};

use super::Portal;

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// Parameters by their order, as a JSON list has them.
fn positional(json: &str) -> Array {
    value(json).as_array().unwrap().clone()
}

fn called(portal: &mut Portal, method: &str, params: &str) -> serde_json::Value {
    let output = portal.call_with(method, positional(params));
    let output = output.unwrap_or_else(|error| panic!("{method}: {error:?}"));
    serde_json::from_slice(&output.json).unwrap()
}

fn ids_of(rows: &serde_json::Value, id: &str) -> Vec<u64> {
    let number = |row: &serde_json::Value| match &row[id] {
        serde_json::Value::String(text) => text.parse().unwrap(),
        other => other.as_u64().unwrap(),
    };
    rows.as_array().unwrap().iter().map(number).collect()
}

#[test]
fn elapsed_time_is_paged_by_nav_params_and_start_counts_for_nothing() {
    let mut portal = Portal::with(&[("task", 3, 0.0), ("elapsed", 120, 0.0)]);
    let page = |number: u32| {
        format!(
            r#"[{{"ID":"asc"}},{{">ID":0}},["ID"],{{"NAV_PARAMS":{{"nPageSize":50,"iNumPage":{number}}}}}]"#
        )
    };
    let mut all = Vec::new();
    for number in 1..=3 {
        let output = portal
            .call_with("task.elapseditem.getlist", positional(&page(number)))
            .unwrap();
        assert_eq!((output.total, output.next), (Some(120), None));
        let rows: serde_json::Value = serde_json::from_slice(&output.json).unwrap();
        all.extend(ids_of(&rows, "ID"));
    }
    assert_eq!(all, (1..=120).collect::<Vec<u64>>());
    assert_eq!(
        portal.page("task.elapseditem.getlist", "start=50").0.len(),
        50
    );
    assert_eq!(portal.ids("task.elapseditem.getlist", "start=50")[0], 1);
}

#[test]
fn a_page_has_50_rows_at_most_and_all_of_one_task_come_without_pages() {
    let mut portal = Portal::with(&[("task", 1, 0.0), ("elapsed", 120, 0.0)]);
    let large = r#"[{},{},[],{"NAV_PARAMS":{"nPageSize":500,"iNumPage":1}}]"#;
    let rows = called(&mut portal, "task.elapseditem.getlist", large);
    assert_eq!(rows.as_array().unwrap().len(), 50);
    let rows = called(&mut portal, "task.elapseditem.getlist", "[1]");
    assert_eq!(rows.as_array().unwrap().len(), 120);
    assert_eq!(rows[0]["TASK_ID"], "1");
}

#[test]
fn time_that_is_added_belongs_to_its_task() {
    let mut portal = Portal::with(&[("task", 2, 0.0)]);
    let id = called(
        &mut portal,
        "task.elapseditem.add",
        r#"[2,{"SECONDS":120,"COMMENT_TEXT":"call"}]"#,
    );
    let of = |portal: &mut Portal, task: u32| {
        called(portal, "task.elapseditem.getlist", &format!("[{task}]"))
    };
    assert_eq!(of(&mut portal, 2)[0]["ID"], id.to_string());
    assert_eq!(of(&mut portal, 2)[0]["MINUTES"], "2");
    assert_eq!(of(&mut portal, 1), serde_json::json!([]));
    assert_eq!(portal.error("task.elapseditem.getlist", "TASKID=7").0, 400);
}

#[test]
fn the_older_list_of_tasks_takes_its_parameters_by_their_order_and_shows_upper_case_names() {
    let mut portal = Portal::with(&[("task", 70, 0.0)]);
    let second =
        r#"[{"ID":"asc"},{">ID":0},{"NAV_PARAMS":{"nPageSize":50,"iNumPage":2}},["ID","TITLE"]]"#;
    let rows = called(&mut portal, "task.item.list", second);
    assert_eq!(ids_of(&rows, "ID"), (51..=70).collect::<Vec<u64>>());
    assert_eq!(rows[0].as_object().unwrap().len(), 2);
}

#[test]
fn checklists_come_all_at_once_and_without_a_total() {
    let mut portal = Portal::with(&[("task", 1, 0.0), ("checklist", 130, 0.0)]);
    let output = portal
        .call_with("task.checklistitem.getlist", positional("[1]"))
        .unwrap();
    assert_eq!((output.total, output.next), (None, None));
    assert_eq!(output.rows.starts.len(), 130);
}

#[test]
fn recent_chats_come_by_limit_and_offset_the_latest_first() {
    let mut portal = Portal::with(&[("chat", 120, 0.0)]);
    let mut all = Vec::new();
    for offset in [0, 50, 100] {
        let page = portal.json("im.recent.list", &format!("LIMIT=50&OFFSET={offset}"));
        assert_eq!(page["hasMore"], offset < 100);
        all.extend(ids_of(&page["items"], "chat_id"));
    }
    assert_eq!(all, (1..=120).rev().collect::<Vec<u64>>());
}

#[test]
fn messages_are_read_backwards_from_the_last_id() {
    let mut portal = Portal::with(&[("chat", 1, 0.0), ("message", 90, 0.0)]);
    let mut seen = Vec::new();
    let mut last = String::new();
    loop {
        let page = portal.json(
            "im.dialog.messages.get",
            &format!("DIALOG_ID=chat1&LIMIT=50{last}"),
        );
        let ids = ids_of(&page["messages"], "id");
        let Some(end) = ids.last() else { break };
        last = format!("&LAST_ID={end}");
        seen.extend(ids);
    }
    assert_eq!(seen, (1..=90).rev().collect::<Vec<u64>>());
    let forwards = portal.json("im.dialog.messages.get", "DIALOG_ID=chat1&FIRST_ID=0");
    assert_eq!(
        ids_of(&forwards["messages"], "id"),
        (1..=20).collect::<Vec<u64>>()
    );
}

#[test]
fn what_is_in_a_folder_is_paged_by_a_true_offset() {
    let mut portal = Portal::with(&[("diskobject", 131, 0.0)]);
    let (ids, next, total) = portal.page("disk.folder.getchildren", "id=1&start=10");
    assert_eq!(
        (ids.len(), ids[0], next, total),
        (50, 12, Some(60), Some(130))
    );
    let (ids, next, total) = portal.page("disk.folder.getchildren", "id=1&start=500");
    assert_eq!((ids.len(), next, total), (0, None, None));
}

#[test]
fn offline_events_are_gone_once_read_or_set_aside_under_a_process() {
    let mut portal = Portal::with(&[("deal", 5, 0.0), ("offlineevent", 70, 0.0)]);
    let first = portal.json("event.offline.get", "");
    assert_eq!(first["process_id"], serde_json::Value::Null);
    assert_eq!(
        ids_of(&first["events"], "ID"),
        (1..=50).collect::<Vec<u64>>()
    );
    let aside = portal.json("event.offline.get", "clear=0&limit=15");
    let process = aside["process_id"].as_str().unwrap().to_owned();
    assert_eq!(process.len(), 32);
    assert_eq!(
        ids_of(&aside["events"], "ID"),
        (51..=65).collect::<Vec<u64>>()
    );
    let rest = portal.json("event.offline.get", "clear=0");
    assert_eq!(
        ids_of(&rest["events"], "ID"),
        (66..=70).collect::<Vec<u64>>()
    );
    assert_eq!(portal.page("event.offline.list", "").2, Some(20));
    portal.json("event.offline.clear", &format!("process_id={process}"));
    assert_eq!(portal.page("event.offline.list", "").2, Some(5));
    assert_eq!(
        portal.error("event.offline.get", "limit=0").1,
        "ERROR_ARGUMENT"
    );
}

#[test]
fn the_history_of_stages_is_a_controller_with_upper_case_names() {
    let mut portal = Portal::with(&[("deal", 5, 0.0), ("stagehistory", 60, 0.0)]);
    let (ids, next, total) = portal.page("crm.stagehistory.list", "entityTypeId=2");
    assert_eq!((ids.len(), next, total), (50, Some(50), Some(60)));
    let rest = portal.page(
        "crm.stagehistory.list",
        "entityTypeId=2&filter[>ID]=50&start=-1",
    );
    assert_eq!(rest, ((51..=60).collect(), None, None));
    assert!(
        portal
            .ids("crm.stagehistory.list", "entityTypeId=1")
            .is_empty()
    );
    assert_eq!(portal.error("crm.stagehistory.list", "").1, "100");
}

#[test]
fn all_funnels_come_at_once_however_many_there_are() {
    let rows: Vec<String> = (0..60)
        .map(|id| {
            format!(r#"{{"id":{id},"name":"N{id}","sort":100,"entityTypeId":2,"isDefault":"N"}}"#)
        })
        .collect();
    let mut portal = Portal::loaded("category", &format!("[{}]", rows.join(",")));
    let (ids, next, total) = portal.page("crm.category.list", "entityTypeId=2");
    assert_eq!((ids.len(), next, total), (60, None, Some(60)));
    let one = portal.json("crm.category.get", "entityTypeId=2&id=7");
    assert_eq!(one["category"]["name"], "N7");
    assert_eq!(portal.page("crm.dealcategory.list", "").2, Some(59));
}

#[test]
fn entries_of_a_dictionary_have_a_sort_in_numbers_and_their_list_has_strings() {
    let mut portal = Portal::with(&[]);
    let items = portal.json("crm.status.entity.items", "entityId=SOURCE");
    assert_eq!(
        items[0],
        serde_json::json!({"NAME": "Звонок", "SORT": 10, "STATUS_ID": "CALL"})
    );
    let list = portal.json("crm.status.list", "filter[ENTITY_ID]=SOURCE");
    assert_eq!(list[0]["SORT"], "10");
    assert_eq!(
        portal.json("crm.dealcategory.stage.list", "ID=5")[0]["STATUS_ID"],
        "C5:NEW"
    );
    let new = "fields[ENTITY_ID]=SOURCE&fields[STATUS_ID]=SHOP&fields[NAME]=Shop";
    assert!(portal.json("crm.status.add", new).is_i64());
    assert_eq!(portal.error("crm.status.add", new).1, "ERROR_CORE");
    assert_eq!(
        portal
            .json("crm.status.entity.items", "entityId=SOURCE")
            .as_array()
            .unwrap()
            .len(),
        11
    );
}

#[test]
fn rows_of_products_are_those_that_were_set() {
    let mut portal = Portal::with(&[("deal", 3, 0.0)]);
    let set = "id=2&rows[0][PRODUCT_NAME]=Tea&rows[0][PRICE]=99.5&rows[1][PRODUCT_NAME]=Cup";
    assert_eq!(portal.json("crm.deal.productrows.set", set), true);
    let rows = portal.json("crm.deal.productrows.get", "id=2");
    assert_eq!(rows[0]["PRICE"], 99.5);
    assert_eq!(rows[0]["OWNER_ID"], "2");
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert_eq!(
        portal.json("crm.deal.productrows.get", "id=1"),
        serde_json::json!([])
    );
    assert_eq!(
        portal.page("crm.productrow.list", "filter[OWNER_ID]=2").2,
        Some(2)
    );
}

#[test]
fn a_user_field_that_was_added_can_be_written_and_listed() {
    let mut portal = Portal::with(&[("deal", 3, 0.0)]);
    let before = portal.page("crm.deal.userfield.list", "").2.unwrap();
    let id = portal.json(
        "crm.deal.userfield.add",
        "fields[FIELD_NAME]=HEIGHT&fields[USER_TYPE_ID]=double&fields[LABEL]=Height",
    );
    assert_eq!(
        portal.page("crm.deal.userfield.list", "").2,
        Some(before + 1)
    );
    let field = portal.json("crm.deal.userfield.get", &format!("id={id}"));
    assert_eq!(field["FIELD_NAME"], "UF_CRM_HEIGHT");
    portal.json("crm.deal.update", "id=1&fields[UF_CRM_HEIGHT]=1.5");
    assert_eq!(portal.ids("crm.deal.list", "filter[>UF_CRM_HEIGHT]=1"), [1]);
    assert_eq!(
        portal.json("crm.deal.fields", "")["UF_CRM_HEIGHT"]["type"],
        "double"
    );
}

#[test]
fn contact_ids_of_an_item_are_its_links() {
    let mut portal = Portal::with(&[("deal", 20, 0.0), ("contact", 9, 0.0)]);
    let added = portal.json(
        "crm.item.add",
        "entityTypeId=2&fields[contactIds][]=3&fields[contactIds][]=5",
    );
    assert_eq!(added["item"]["contactIds"], serde_json::json!([3, 5]));
    assert_eq!(added["item"]["contactId"], 3);
    let links = portal.json("crm.deal.contact.items.get", "id=21");
    assert_eq!(ids_of(&links, "CONTACT_ID"), [3, 5]);
    let found = portal.ids(
        "crm.item.list",
        "entityTypeId=2&filter[contactIds]=5&filter[>id]=20",
    );
    assert_eq!(found, [21]);
    portal.json("crm.deal.contact.add", "id=21&fields[CONTACT_ID]=7");
    let item = portal.json("crm.item.get", "entityTypeId=2&id=21");
    assert_eq!(item["item"]["contactIds"], serde_json::json!([3, 5, 7]));
    portal.json("crm.deal.update", "id=21&fields[CONTACT_ID]=8");
    let item = portal.json("crm.item.get", "entityTypeId=2&id=21");
    assert_eq!(item["item"]["contactIds"], serde_json::json!([8]));
    // A generated deal with a contact has that one.
    let page = portal.json("crm.item.list", "entityTypeId=2&filter[!contactId]=0");
    for item in page["items"].as_array().unwrap() {
        assert_eq!(item["contactIds"], serde_json::json!([item["contactId"]]));
    }
}

#[test]
fn a_task_that_is_shown_alone_says_what_may_be_done_with_it() {
    let mut portal = Portal::loaded("task", r#"[{"id":1,"status":3},{"id":2,"status":5}]"#);
    let actions = |portal: &mut Portal, id: u32| {
        portal.json("tasks.task.get", &format!("taskId={id}"))["task"]["action"].clone()
    };
    let running = actions(&mut portal, 1);
    assert_eq!(
        (&running["pause"], &running["renew"]),
        (&true.into(), &false.into())
    );
    let done = actions(&mut portal, 2);
    assert_eq!(
        (&done["pause"], &done["renew"]),
        (&false.into(), &true.into())
    );
    assert!(
        portal.json("tasks.task.list", "")["tasks"][0]
            .get("action")
            .is_none()
    );
}

#[test]
fn a_user_field_keeps_what_was_said_of_it() {
    let mut portal = Portal::with(&[("lead", 3, 0.0)]);
    let id = portal.json(
        "crm.lead.userfield.add",
        "fields[FIELD_NAME]=uf_colour&fields[USER_TYPE_ID]=enumeration&fields[LABEL]=Colour\
         &fields[XML_ID]=ext1&fields[SORT]=250&fields[MULTIPLE]=Y&fields[SHOW_FILTER]=Y\
         &fields[EDIT_FORM_LABEL][ru]=Цвет&fields[HELP_MESSAGE]=Pick\
         &fields[LIST][0][VALUE]=red&fields[LIST][0][XML_ID]=r&fields[LIST][0][DEF]=Y\
         &fields[LIST][1][VALUE]=&fields[LIST][2][VALUE]=blue&fields[LIST][2][SORT]=20",
    );
    let field = portal.json("crm.lead.userfield.get", &format!("id={id}"));
    for (name, value) in [
        ("FIELD_NAME", "UF_CRM_COLOUR"),
        ("USER_TYPE_ID", "enumeration"),
        ("XML_ID", "ext1"),
        ("SORT", "250"),
        ("MULTIPLE", "Y"),
        ("MANDATORY", "N"),
        ("SHOW_FILTER", "Y"),
    ] {
        assert_eq!(field[name], value, "{name}");
    }
    assert_eq!(field["EDIT_FORM_LABEL"]["ru"], "Цвет");
    assert_eq!(field["EDIT_FORM_LABEL"]["en"], "Colour");
    assert_eq!(field["LIST_COLUMN_LABEL"]["de"], "Colour");
    assert_eq!(field["HELP_MESSAGE"]["vn"], "Pick");
    let list = field["LIST"].as_array().unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(
        (&list[0]["VALUE"], &list[0]["DEF"]),
        (&"red".into(), &"Y".into())
    );
    assert_eq!(
        (&list[1]["VALUE"], &list[1]["SORT"]),
        (&"blue".into(), &"20".into())
    );
    let fields = portal.json("crm.lead.fields", "");
    assert_eq!(fields["UF_CRM_COLOUR"]["items"][1]["VALUE"], "blue");
}

#[test]
fn a_user_field_that_no_portal_takes_is_refused() {
    let mut portal = Portal::with(&[("lead", 3, 0.0)]);
    for (fields, code, text) in [
        ("fields[USER_TYPE_ID]=string", "", "'FIELD_NAME'"),
        ("fields[FIELD_NAME]=A", "", "'USER_TYPE_ID'"),
        (
            "fields[FIELD_NAME]=A&fields[USER_TYPE_ID]=strong",
            "ERROR_CORE",
            "custom type",
        ),
        (
            "fields[FIELD_NAME]=A-B&fields[USER_TYPE_ID]=string",
            "ERROR_CORE",
            "invalid characters",
        ),
        (
            "fields[FIELD_NAME]=A23456789012345678901234567890123456789012345&fields[USER_TYPE_ID]=string",
            "ERROR_CORE",
            "too long",
        ),
        (
            "fields[FIELD_NAME]=A&fields[USER_TYPE_ID]=enumeration&fields[LIST][0][VALUE]=a&fields[LIST][0][XML_ID]=x&fields[LIST][1][VALUE]=b&fields[LIST][1][XML_ID]=x",
            "ERROR_CORE",
            "XML_ID=x already exists",
        ),
    ] {
        let (_, given, description) = portal.error("crm.lead.userfield.add", fields);
        assert_eq!(given, code, "{fields}");
        assert!(description.contains(text), "{fields}: {description}");
    }
}

#[test]
fn the_fields_of_entities_are_those_of_the_documentation() {
    let mut portal = Portal::with(&[("company", 3, 0.0), ("contact", 3, 0.0)]);
    for (method, field, type_name) in [
        ("crm.company.fields", "LOGO", "file"),
        ("crm.company.fields", "REG_ADDRESS_POSTAL_CODE", "string"),
        ("crm.company.fields", "REG_ADDRESS_LOC_ADDR_ID", "integer"),
        ("crm.company.fields", "ADDRESS_LEGAL", "string"),
        ("crm.contact.fields", "PHOTO", "file"),
        ("crm.activity.fields", "OWNER_TYPE_ID", "crm_enum_ownertype"),
        ("crm.activity.fields", "STATUS", "crm_enum_activitystatus"),
        ("crm.activity.fields", "SETTINGS", "object"),
        ("crm.activity.fields", "BINDINGS", "crm_activity_binding"),
        ("crm.activity.fields", "RESULT_VALUE", "double"),
        ("crm.status.fields", "EXTRA", "crm_status_extra"),
        ("crm.status.fields", "SEMANTICS", "char"),
    ] {
        let fields = portal.json(method, "");
        assert_eq!(fields[field]["type"], type_name, "{method} {field}");
    }
    let fields = portal.json("crm.activity.fields", "");
    assert_eq!(fields["TYPE_ID"]["isImmutable"], true);
    assert_eq!(fields["COMMUNICATIONS"]["isRequired"], true);
    assert_eq!(fields["COMMUNICATIONS"]["isMultiple"], true);
    assert_eq!(
        portal.json("crm.status.fields", "")["ENTITY_ID"]["isImmutable"],
        true
    );
}

#[test]
fn an_activity_has_its_bindings_and_communications_and_is_refused_without_what_it_needs() {
    let mut portal = Portal::with(&[("deal", 9, 0.0), ("activity", 3, 0.0)]);
    let whole = "fields[OWNER_TYPE_ID]=2&fields[OWNER_ID]=7&fields[TYPE_ID]=2&fields[SUBJECT]=Call\
                 &fields[RESPONSIBLE_ID]=1&fields[COMMUNICATIONS][0][VALUE]=%2B7495&fields[COMMUNICATIONS][0][TYPE]=PHONE";
    let id = portal.json("crm.activity.add", whole);
    let activity = portal.json("crm.activity.get", &format!("id={id}"));
    assert_eq!(
        activity["BINDINGS"],
        serde_json::json!([{"OWNER_ID": "7", "OWNER_TYPE_ID": "2"}])
    );
    assert_eq!(activity["COMMUNICATIONS"][0]["VALUE"], "+7495");
    assert_eq!(activity["SETTINGS"], serde_json::json!([]));
    assert_eq!(activity["AUTOCOMPLETE_RULE"], "0");
    let listed = portal.json("crm.activity.list", "filter[ID]=1");
    assert!(listed[0].get("BINDINGS").is_none());
    assert_eq!(listed[0]["PROVIDER_ID"], "CRM_TODO");
    for (left_out, field) in [
        ("fields[TYPE_ID]=2&", "TYPE_ID"),
        ("fields[SUBJECT]=Call&", "SUBJECT"),
        (
            "fields[COMMUNICATIONS][0][VALUE]=%2B7495&fields[COMMUNICATIONS][0][TYPE]=PHONE",
            "COMMUNICATIONS",
        ),
    ] {
        let (status, _, description) =
            portal.error("crm.activity.add", &whole.replace(left_out, ""));
        assert_eq!(status, 400);
        assert!(
            description.starts_with(&format!("The field {field} is not defined")),
            "{description}"
        );
    }
}

#[test]
fn an_activity_of_a_type_or_with_an_owner_of_a_type_that_is_not_there_is_refused() {
    let whole = "fields[OWNER_TYPE_ID]=2&fields[OWNER_ID]=7&fields[TYPE_ID]=2&fields[SUBJECT]=Call\
                 &fields[RESPONSIBLE_ID]=1&fields[COMMUNICATIONS][0][VALUE]=%2B7495";
    let of_type = |kind: &str| whole.replace("[TYPE_ID]=2", &format!("[TYPE_ID]={kind}"));
    let no_type = "! The field TYPE_ID is not defined or invalid.";
    let no_provider = "! The custom activity without provider is not supported in current context.";
    let no_owner = "! Could not build binding.";
    Portal::with(&[("deal", 9, 0.0)]).steps(&[
        ("crm.activity.add", &of_type("99"), no_type),
        ("crm.activity.add", &of_type("-1"), no_type),
        ("crm.activity.add", &of_type("6"), no_provider),
        ("crm.activity.add", &of_type("3"), no_provider),
        (
            "crm.activity.add",
            &of_type("6&fields[PROVIDER_ID]=CONFIGURABLE_REST_APP"),
            "! Use crm.activity.configurable.add for this activity provider.",
        ),
        (
            "crm.activity.add",
            &of_type("6&fields[PROVIDER_ID]=REST_APP"),
            "1",
        ),
        (
            "crm.activity.add",
            &whole.replace("OWNER_TYPE_ID]=2", "OWNER_TYPE_ID]=99"),
            no_owner,
        ),
    ]);
}
