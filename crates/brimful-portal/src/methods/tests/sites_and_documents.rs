//! Sites, the document generator, checklists of templates, members of workgroups, and what else belongs to a record.

use serde_json::json;

use super::*;

#[test]
fn a_site_is_deleted_and_published_by_actions_of_its_own() {
    let mut portal = Portal::with(&[]);
    let site = portal.json("landing.site.add", "fields[TITLE]=One&fields[CODE]=one");
    let named = format!("id={site}");
    assert_eq!(portal.json("landing.site.publication", &named), site);
    assert_eq!(portal.json("landing.site.markDelete", &named), site);
    let row = portal.json("landing.site.getList", "")[0].clone();
    assert_eq!(
        (&row["ACTIVE"], &row["DELETED"]),
        (&json!("Y"), &json!("Y"))
    );
    portal.json("landing.site.markUnDelete", &named);
    portal.json("landing.site.unpublic", &named);
    let row = portal.json("landing.site.getList", "")[0].clone();
    assert_eq!(
        (&row["ACTIVE"], &row["DELETED"]),
        (&json!("N"), &json!("N"))
    );
    assert_eq!(
        portal.error("landing.site.publication", "id=99").1,
        "ACCESS_DENIED"
    );
    assert_eq!(
        portal.error("landing.site.markDelete", "").1,
        "MISSING_PARAMS"
    );
}

#[test]
fn folders_of_a_site_are_listed_until_they_are_marked_as_deleted() {
    let mut portal = Portal::with(&[]);
    let folder = portal.json("landing.site.addFolder", "siteId=3&fields[TITLE]=News");
    portal.json(
        "landing.site.updateFolder",
        &format!("siteId=3&folderId={folder}&fields[TITLE]=Events"),
    );
    let row = portal.json("landing.site.getFolders", "siteId=3")[0].clone();
    assert_eq!(row["TITLE"], "Events");
    assert_eq!(
        portal.json("landing.site.getFolders", "siteId=4"),
        json!([])
    );
    portal.json("landing.site.markFolderDelete", &format!("id={folder}"));
    let row = portal.json("landing.site.getFolders", "siteId=3")[0].clone();
    assert_eq!(row["DELETED"], "Y");
    assert_eq!(
        portal
            .error("landing.site.publicationFolder", "folderId=99")
            .1,
        "ACCESS_DENIED"
    );
}

#[test]
fn blocks_are_on_the_page_that_they_were_added_to() {
    let mut portal = Portal::with(&[]);
    let page = portal.json("landing.landing.add", "fields[TITLE]=One&fields[SITE_ID]=1");
    let on_page = format!("lid={page}");
    let block = portal.json(
        "landing.landing.addblock",
        &format!("{on_page}&fields[CODE]=02.three_cols_big_1"),
    );
    let named = format!("{on_page}&block={block}");
    assert_eq!(portal.json("landing.landing.hideblock", &named), true);
    portal.json(
        "landing.block.updatecontent",
        &format!("{named}&content=<p>One</p>"),
    );
    let row = portal.json("landing.block.getlist", &on_page)[0].clone();
    assert_eq!(row["active"], false);
    let shown = portal.json("landing.block.getcontent", &named);
    assert_eq!(shown["content"], "<p>One</p>");
    portal.json(
        "landing.block.addcard",
        &format!("{named}&selector=.card@0&content=card"),
    );
    let shown = portal.json("landing.block.getcontent", &named);
    assert_eq!(shown["content"], "<p>One</p>");
    for (method, params, code) in [
        (
            "landing.landing.hideblock",
            format!("lid=99&block={block}"),
            "LANDING_NOT_EXIST",
        ),
        (
            "landing.landing.hideblock",
            format!("{on_page}&block=99"),
            "BLOCK_NOT_FOUND",
        ),
        ("landing.block.updatenodes", named.clone(), "MISSING_PARAMS"),
    ] {
        assert_eq!(portal.error(method, &params).1, code, "{method}?{params}");
    }
    portal.json("landing.landing.deleteblock", &named);
    assert_eq!(portal.json("landing.block.getlist", &on_page), json!([]));
}

#[test]
fn documents_are_made_of_templates() {
    let mut portal = Portal::with(&[]);
    let template = portal.json(
        "crm.documentgenerator.template.add",
        "fields[name]=Contract&fields[region]=ru&fields[numeratorId]=1&fields[entityTypeId][]=2",
    );
    let id = template["template"]["id"].as_str().unwrap().to_owned();
    let all = portal.json("crm.documentgenerator.template.list", "");
    assert_eq!(all["templates"][&id]["name"], "Contract");
    let document = portal.json(
        "crm.documentgenerator.document.add",
        &format!("templateId={id}&entityTypeId=2&entityId=1&values[Total]=5"),
    );
    let number = document["document"]["id"].as_str().unwrap().to_owned();
    assert_eq!(document["document"]["templateId"], id.as_str());
    assert_eq!(document["document"]["createdBy"], "1");
    let read = portal.json(
        "crm.documentgenerator.document.get",
        &format!("id={number}"),
    );
    assert_eq!(
        read["document"]["values"],
        json!({ "productsTableVariant": "", "_creationMethod": "rest", "stampsEnabled": false, "Total": "5" })
    );
    let fields = portal.json(
        "crm.documentgenerator.document.getfields",
        &format!("id={number}"),
    );
    assert!(fields["documentFields"]["DocumentTitle"].is_object());
    for (method, params, code) in [
        (
            "crm.documentgenerator.template.add",
            "fields[name]=One",
            "0",
        ),
        ("crm.documentgenerator.template.get", "id=99", "0"),
        (
            "crm.documentgenerator.document.add",
            "entityTypeId=2",
            "100",
        ),
        ("crm.documentgenerator.document.get", "", "100"),
    ] {
        assert_eq!(portal.error(method, params).1, code, "{method}?{params}");
    }
    let named = format!("id={number}");
    assert_eq!(
        portal.json("crm.documentgenerator.document.delete", &named),
        json!(null)
    );
    let gone = portal.error("crm.documentgenerator.document.get", &named);
    assert_eq!(gone.2, "Document not found");
}

#[test]
fn values_of_documents_are_fields_and_roles_permit_in_lower_case() {
    let mut portal = Portal::with(&[]);
    portal.steps(&[
        (
            "documentgenerator.template.add",
            "fields[name]=Contract&fields[region]=ru&fields[numeratorId]=1&fields[users][]=UA",
            r#"{"template":{"users":{"UA":"UA"}}}"#,
        ),
        (
            "documentgenerator.document.add",
            "templateId=1&value=x&providerClassName=y&values[ClientName]=Daisy&stampsEnabled=1",
            r#"{"document":{"stampsEnabled":true,"createdBy":"1","values":{"stampsEnabled":true,"ClientName":"Daisy"}}}"#,
        ),
        (
            "documentgenerator.document.getfields",
            "id=1",
            r#"{"documentFields":{"ClientName":{"value":"Daisy","default":""},"DocumentTitle":{}}}"#,
        ),
        ("documentgenerator.document.getfields", "id=9", "!0 Document not found"),
        (
            "documentgenerator.numerator.add",
            "fields[name]=N&fields[template]=N-{NUMBER}&fields[settings][S][isDirectNumeration]=0&fields[settings][S][start]=1",
            r#"{"numerator":{"id":1,"settings":{"S":{"isDirectNumeration":false,"start":"1"}}}}"#,
        ),
        ("documentgenerator.numerator.get", "id=1", r#"{"numerator":{"id":"1"}}"#),
        (
            "documentgenerator.role.add",
            "fields[name]=Editors&fields[permissions][SETTINGS][MODIFY]=X",
            r#"{"role":{"permissions":{"settings":{"modify":"X"}}}}"#,
        ),
    ]);
}

#[test]
fn points_of_a_templates_checklist_are_completed_and_renewed() {
    let mut portal = Portal::with(&[]);
    let template = portal.json(
        "tasks.template.add",
        "fields[TITLE]=One&fields[RESPONSIBLE_ID]=1",
    );
    let id = template["id"].as_u64().or(template.as_u64()).unwrap_or(1);
    let of = format!("templateId={id}");
    let point = portal.json(
        "tasks.template.checklist.add",
        &format!("{of}&fields[TITLE]=Ask"),
    );
    let point = point["checkListItem"]["id"].clone();
    let named = format!("{of}&checkListItemId={point}");
    let done = portal.json("tasks.template.checklist.complete", &named);
    assert_eq!(done["checkListItem"]["isComplete"], true);
    let open = portal.json("tasks.template.checklist.renew", &named);
    assert_eq!(open["checkListItem"]["isComplete"], false);
    let missing = portal.error("tasks.template.checklist.moveAfter", &named);
    assert_eq!(missing.1, "100");
    portal.json("tasks.template.checklist.delete", &named);
    assert_eq!(portal.error("tasks.template.checklist.get", &named).1, "0");
}

#[test]
fn a_workgroup_has_members_beside_its_owner() {
    let mut portal = Portal::with(&[("user", 5, 0.0)]);
    let group = portal.json("sonet_group.create", "NAME=Sales");
    let of = format!("GROUP_ID={group}");
    let added = portal.json(
        "sonet_group.user.add",
        &format!("{of}&USER_ID[]=2&USER_ID[]=3"),
    );
    assert_eq!(added, json!(["2", "3"]));
    portal.json("sonet_group.user.update", &format!("{of}&USER_ID=3&ROLE=E"));
    portal.json("sonet_group.user.delete", &format!("{of}&USER_ID=2"));
    let members = portal.json("sonet_group.user.get", &format!("ID={group}"));
    assert_eq!(
        members,
        json!([{"USER_ID": "1", "ROLE": "A"}, {"USER_ID": "3", "ROLE": "E"}])
    );
    assert_eq!(
        portal.json("sonet_group.setowner", &format!("{of}&USER_ID=3")),
        true
    );
    let members = portal.json("sonet_group.user.get", &format!("ID={group}"));
    assert_eq!(
        members,
        json!([{"USER_ID": "3", "ROLE": "A"}, {"USER_ID": "1", "ROLE": "E"}])
    );
    let own = portal.json("sonet_group.user.groups", "");
    assert_eq!(
        (&own[0]["GROUP_NAME"], &own[0]["ROLE"]),
        (&json!("Sales"), &json!("E"))
    );
    for (method, params, text) in [
        (
            "sonet_group.user.get",
            "ID=0".to_owned(),
            "Wrong socialnetwork group ID",
        ),
        (
            "sonet_group.user.get",
            "ID=99".to_owned(),
            "Socialnetwork group not found",
        ),
        (
            "sonet_group.user.add",
            format!("{of}&USER_ID=99"),
            "Wrong user IDs",
        ),
        (
            "sonet_group.user.update",
            format!("{of}&USER_ID=1&ROLE=Q"),
            "Incorrect role code",
        ),
        (
            "sonet_group.user.request",
            of.clone(),
            "Cannot request to join group",
        ),
    ] {
        assert_eq!(portal.error(method, &params).2, text, "{method}?{params}");
    }
}

#[test]
fn a_call_list_shows_whom_to_call() {
    let mut portal = Portal::with(&[]);
    let list = portal.json(
        "crm.calllist.add",
        "ENTITY_TYPE=CONTACT&ENTITIES[]=7&ENTITIES[]=9",
    );
    let items = portal.json("crm.calllist.items.get", &format!("LIST_ID={list}"));
    assert_eq!(
        items[1],
        json!({"ID": 9, "STATUS": "IN_WORK", "ENTITY_TYPE": 3})
    );
    let row = portal.json("crm.calllist.get", &format!("ID={list}"));
    assert_eq!(
        (&row["ENTITY_TYPE_ID"], row.get("ENTITIES")),
        (&json!("3"), None)
    );
    let done = portal.json(
        "crm.calllist.items.get",
        &format!("LIST_ID={list}&FILTER[STATUS]=SUCCESS"),
    );
    assert_eq!(done, json!([]));
    for (params, code) in [
        (String::new(), "ERROR_ARGUMENT"),
        ("LIST_ID=99".to_owned(), "LIST_ID_ERROR"),
        (format!("LIST_ID={list}&FILTER[STATUS]=NO"), "STATUS_ERROR"),
    ] {
        assert_eq!(
            portal.error("crm.calllist.items.get", &params).1,
            code,
            "{params}"
        );
    }
}

#[test]
fn an_activity_moves_from_one_deal_to_another() {
    let mut portal = Portal::with(&[("deal", 3, 0.0)]);
    portal.json(
        "crm.activity.binding.add",
        "activityId=1&entityTypeId=2&entityId=1",
    );
    let from = "activityId=1&sourceEntityTypeId=2&sourceEntityId=1&targetEntityTypeId=2";
    let to = format!("{from}&targetEntityId=2");
    assert_eq!(portal.json("crm.activity.binding.move", &to), true);
    let bound = portal.json("crm.activity.binding.list", "activityId=1");
    assert_eq!(
        (bound.as_array().unwrap().len(), &bound[0]["entityId"]),
        (1, &json!(2))
    );
    for (params, code) in [
        (to.clone(), "BINDING_NOT_FOUND"),
        (
            format!("{from}&targetEntityId=1"),
            "SOURCE_AND_TARGET_ENTITY_ID_ARE_EQUAL_ERROR",
        ),
        (format!("{from}&targetEntityId=99"), "OWNER_NOT_FOUND"),
        (from.to_owned(), "100"),
    ] {
        assert_eq!(
            portal.error("crm.activity.binding.move", &params).1,
            code,
            "{params}"
        );
    }
}

#[test]
fn a_pay_system_has_the_settings_of_its_handler_until_others_are_written() {
    let mut portal = Portal::with(&[]);
    portal.json(
        "sale.paysystem.handler.add",
        "NAME=Rest&CODE=rest&SETTINGS[CODES][MODE][DEFAULT][PROVIDER_VALUE]=TEST&SETTINGS[CODES][KEY][NAME]=k",
    );
    let system = portal.json(
        "sale.paysystem.add",
        "NAME=Card&PERSON_TYPE_ID=1&BX_REST_HANDLER=rest&ENTITY_REGISTRY_TYPE=ORDER&SETTINGS[KEY]=abc",
    );
    let settings = portal.json(
        "sale.paysystem.settings.get",
        &format!("ID={system}&PERSON_TYPE_ID=1"),
    );
    assert_eq!(settings, json!({"MODE": "TEST", "KEY": "abc"}));
    let missing = portal.error("sale.paysystem.settings.get", "ID=99&PERSON_TYPE_ID=1");
    assert_eq!(
        (missing.1.as_str(), missing.2.as_str()),
        ("ERROR_CHECK_FAILURE", "Pay system not found")
    );
}

#[test]
fn a_delivery_service_has_the_profiles_of_its_handler() {
    let mut portal = Portal::with(&[]);
    portal.json(
        "sale.delivery.handler.add",
        "NAME=Taxi&CODE=taxi&SETTINGS[CALCULATE_URL]=https://one.test&PROFILES[0][NAME]=Cargo&PROFILES[0][CODE]=CARGO",
    );
    let added = portal.json("sale.delivery.add", "REST_CODE=taxi&NAME=Taxi&CURRENCY=RUB");
    let parent = added["parent"]["ID"].clone();
    assert_eq!(added["profiles"][0]["NAME"], "Cargo");
    assert_eq!(added["profiles"][0]["PARENT_ID"], parent);
    let all = portal.json("sale.delivery.getlist", "");
    let profile = all
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["NAME"] == "Cargo");
    assert_eq!(profile.unwrap()["PARENT_ID"], parent);
}

#[test]
fn what_users_may_do_with_a_task_is_told_for_each() {
    let mut portal = Portal::with(&[("task", 2, 0.0), ("user", 3, 0.0)]);
    let allowed = portal.json("tasks.task.getaccess", "taskId=1&users[]=1&users[]=99");
    let allowed = &allowed["allowedActions"];
    assert_eq!(allowed["1"]["EDIT"], true);
    assert_eq!(allowed["99"]["EDIT"], false);
    assert_eq!(allowed["1"]["CHECKLIST_ADD_ITEMS"], true);
    let nothing = portal.json("tasks.task.getaccess", "taskId=99");
    assert_eq!(nothing["allowedActions"], json!([]));
    assert_eq!(
        portal.error("tasks.task.getaccess", "taskId=1&users=5").1,
        "100"
    );
    assert_eq!(portal.error("tasks.task.getaccess", "taskId=x").1, "0");
}

#[test]
fn comments_come_newest_first_and_are_sorted_and_filtered() {
    let mut portal = Portal::with(&[("task", 1, 0.0), ("user", 3, 0.0)]);
    let mut add = |author: u64| {
        let params = format!("0=1&1[POST_MESSAGE]=One&1[AUTHOR_ID]={author}");
        portal.json("task.commentitem.add", &params)
    };
    let (first, second) = (add(1), add(2));
    let mut ids = |params: &str| {
        let rows = portal.json("task.commentitem.getlist", params);
        let ids = rows.as_array().unwrap().iter().map(|row| row["ID"].clone());
        ids.collect::<Vec<_>>()
    };
    let (first, second) = (json!(first.to_string()), json!(second.to_string()));
    assert_eq!(ids("0=1"), [second.clone(), first.clone()]);
    assert_eq!(ids("0=1&1[ID]=asc"), [first.clone(), second.clone()]);
    assert_eq!(ids("0=1&1[ID]=asc&2[AUTHOR_ID]=2"), [second]);
    assert_eq!(
        ids("0=1&1[ID]=asc&2[>=POST_DATE]=2090-01-01"),
        Vec::<serde_json::Value>::new()
    );
    let refused = portal.error("task.commentitem.getlist", "0=1&1[NOPE]=asc");
    assert_eq!(refused.1, "ERROR_CORE");
}

#[test]
fn the_state_of_a_sip_line_is_told_by_its_registration() {
    let mut portal = Portal::with(&[]);
    let line = portal.json("voximplant.sip.add", "SERVER=sip.one.test&LOGIN=one");
    let status = portal.json(
        "voximplant.sip.status",
        &format!("REG_ID={}", line["REG_ID"]),
    );
    assert_eq!(
        (&status["REG_ID"], &status["STATUS_RESULT"]),
        (&line["REG_ID"], &json!("success"))
    );
    assert_eq!(
        portal.error("voximplant.sip.status", "REG_ID=99").1,
        "REG_ID_NOT_FOUND"
    );
}

#[test]
fn working_days_of_one_employee_are_listed_by_when_they_began() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    portal.json("timeman.open", "USER_ID=2");
    let of = "filter[0][]=userId&filter[0][]=2";
    let days = portal.json("timeman.record.list", of);
    assert_eq!(days["items"][0]["userId"], 2);
    assert_eq!(days["items"][0]["state"], "OPENED");
    let later = format!("{of}&filter[1][]=startTime&filter[1][]=>&filter[1][]=2090-01-01");
    assert_eq!(
        portal.json("timeman.record.list", &later)["items"],
        json!([])
    );
    let selected = portal.json("timeman.record.list", &format!("{of}&select[]=id"));
    assert_eq!(selected["items"], json!([{"id": 2}]));
    let refused = portal.error("timeman.record.list", "");
    assert!(refused.1.contains("REQUESTVALIDATION"), "{refused:?}");
}

#[test]
fn mailboxes_and_the_fields_of_objects_of_rest_3_are_listed() {
    let mut portal = Portal::with(&[]);
    let boxes = portal.json("mail.mailbox.list", "");
    assert_eq!(boxes["items"][0]["id"], 1);
    assert_eq!(
        portal.json("mail.mailbox.get", "id=1")["item"],
        boxes["items"][0]
    );
    let refused = portal.error("mail.mailbox.get", "id=99");
    assert!(refused.1.contains("ENTITYNOTFOUND"), "{refused:?}");
    let fields = portal.json("mail.mailbox.field.list", "select[]=name&select[]=type");
    assert_eq!(fields["items"][0], json!({"name": "id", "type": "int"}));
    let field = portal.json("timeman.record.field.get", "name=userId");
    assert_eq!(field["item"]["filterable"], true);
}

#[test]
fn every_portal_has_an_open_line_and_takes_more() {
    let mut portal = Portal::with(&[]);
    let line = portal.json("imopenlines.config.add", "PARAMS[LINE_NAME]=Sales");
    let lines = portal.json("imopenlines.config.list.get", "");
    assert_eq!(lines.as_array().unwrap().len(), 2);
    let named = format!("CONFIG_ID={line}");
    portal.json(
        "imopenlines.config.update",
        &format!("{named}&PARAMS[ACTIVE]=N"),
    );
    let read = portal.json("imopenlines.config.get", &named);
    assert_eq!(
        (&read["LINE_NAME"], &read["ACTIVE"]),
        (&json!("Sales"), &json!("N"))
    );
    portal.json("imopenlines.config.delete", &named);
    assert_eq!(portal.json("imopenlines.config.get", &named), json!(false));
    assert_eq!(
        portal.error("imopenlines.config.get", "").1,
        "CONFIG_ID_EMPTY"
    );
}
