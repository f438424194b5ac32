//! Answers that the vendor's documentation shows, and that were once given otherwise.

use super::*;

#[test]
fn a_task_that_is_not_there_is_an_empty_list_to_get_and_an_error_to_actions() {
    let mut portal = Portal::with(&[("task", 3, 0.0)]);
    assert_eq!(
        portal.json("tasks.task.get", "taskId=99999999").to_string(),
        "[]"
    );
    let action = "Action on the task is not allowed";
    for (method, code, description) in [
        ("tasks.task.complete", "0", action),
        ("tasks.task.start", "0", action),
        ("tasks.task.pause", "1048582", action),
        ("tasks.task.renew", "1048582", action),
        ("tasks.task.defer", "1048582", action),
        ("tasks.task.approve", "1048582", action),
        ("tasks.task.disapprove", "1048582", action),
        (
            "tasks.task.delete",
            "1048582",
            "No access to delete the task",
        ),
        (
            "tasks.task.favorite.add",
            "1",
            "Task not found or not accessible",
        ),
        (
            "tasks.task.favorite.remove",
            "1",
            "Task not found or not accessible",
        ),
        ("tasks.task.startwatch", "1048584", "a:0:{}"),
        ("tasks.task.stopwatch", "1048584", "a:0:{}"),
    ] {
        let expected = (400, code.to_owned(), description.to_owned());
        assert_eq!(
            portal.error(method, "taskId=99999999"),
            expected,
            "{method}"
        );
        assert_eq!(
            portal.error(method, "taskId=x").2,
            "wrong task id",
            "{method}"
        );
        assert_eq!(portal.error(method, "").1, "100", "{method}");
    }
}

#[test]
fn a_task_is_named_by_id_as_well_and_has_a_chat() {
    let mut portal = Portal::with(&[("task", 3, 0.0)]);
    let task = portal.json("tasks.task.get", "id=1")["task"].clone();
    assert_eq!(task["id"], "1");
    assert!(task["chatId"].is_u64());
    assert_ne!(
        task["chatId"],
        portal.json("tasks.task.get", "taskId=2")["task"]["chatId"]
    );
    let chosen = portal.json("tasks.task.get", "taskId=1&select[]=CHAT_ID")["task"].clone();
    assert_eq!(chosen["chatId"], task["chatId"]);
    let without = portal.json("tasks.task.get", "taskId=1&select[]=TITLE")["task"].clone();
    assert_eq!(without.get("chatId"), None);
}

#[test]
fn what_is_written_to_tasks_has_to_be_there() {
    let mut portal = Portal::with(&[("task", 5, 0.0), ("user", 5, 0.0)]);
    let mut refused = |method: &str, params: &str| {
        let (status, code, description) = portal.error(method, params);
        assert_eq!(
            (status, code.as_str()),
            (400, "ERROR_CORE"),
            "{method} {params}"
        );
        description
    };
    assert_eq!(
        refused("tasks.task.add", "fields[RESPONSIBLE_ID]=1"),
        "Task title is not specified<br>"
    );
    assert_eq!(
        refused("tasks.task.add", "fields[TITLE]=t"),
        "Responsible person not specified<br>"
    );
    for wrong in [
        "fields[RESPONSIBLE_ID]=99",
        "fields[RESPONSIBLE_ID]=1&fields[PARENT_ID]=99",
        "fields[RESPONSIBLE_ID]=1&fields[STATUS]=99",
    ] {
        refused("tasks.task.add", &format!("fields[TITLE]=t&{wrong}"));
    }
    for wrong in [
        "fields[RESPONSIBLE_ID]=99",
        "fields[STATUS]=x",
        "fields[PARENT_ID]=99",
        "fields[PARENT_ID]=1",
    ] {
        refused("tasks.task.update", &format!("taskId=1&{wrong}"));
    }
    portal.json("tasks.task.update", "taskId=2&fields[PARENT_ID]=1");
    assert_eq!(
        portal
            .error("tasks.task.update", "taskId=1&fields[PARENT_ID]=2")
            .2,
        "Creating cyclic links in tasks is prohibited<br>"
    );
    assert_eq!(portal.error("tasks.task.list", "filter=abc").1, "100");
    for name in ["filter", "order", "select"] {
        let params = format!("entityTypeId=2&{name}=abc");
        assert_eq!(portal.error("crm.item.list", &params).1, "100", "{name}");
    }
    assert_eq!(portal.error("tasks.task.get", "taskId=1&select=").1, "100");
}

#[test]
fn the_first_item_of_a_task_brings_its_checklist_along() {
    let mut portal = Portal::with(&[("task", 2, 0.0)]);
    let rows = |portal: &mut Portal, task: u64| {
        let list = portal.json("task.checklistitem.getlist", &format!("0={task}"));
        let row = |row: &serde_json::Value| {
            let text = |name: &str| {
                row[name]
                    .as_str()
                    .map_or_else(|| row[name].to_string(), str::to_owned)
            };
            (text("ID"), text("PARENT_ID"), text("TITLE"))
        };
        list.as_array().unwrap().iter().map(row).collect::<Vec<_>>()
    };
    let first = portal
        .json("task.checklistitem.add", "0=1&1[TITLE]=a")
        .to_string();
    let list = rows(&mut portal, 1);
    assert_eq!(list.len(), 2);
    assert_eq!(
        (list[0].1.as_str(), list[0].2.as_str()),
        ("0", "BX_CHECKLIST_1")
    );
    assert_eq!(list[1], (first.clone(), list[0].0.clone(), "a".to_owned()));
    portal.json("task.checklistitem.add", "0=1&1[TITLE]=b");
    assert_eq!(rows(&mut portal, 1)[2].1, list[0].0, "beside the first one");
    portal.json("task.checklistitem.add", "0=1&1[TITLE]=List&1[PARENT_ID]=0");
    assert_eq!(rows(&mut portal, 1)[3].1, "0");
    portal.json(
        "task.checklistitem.add",
        &format!("0=1&1[TITLE]=below&1[PARENT_ID]={first}"),
    );
    assert_eq!(rows(&mut portal, 1)[4].1, first);
    portal.json(
        "task.checklistitem.add",
        "0=1&1[TITLE]=lost&1[PARENT_ID]=999",
    );
    assert_eq!(rows(&mut portal, 1)[5].1, "0");
    assert!(rows(&mut portal, 2).is_empty());
    portal.json("task.checklistitem.delete", &format!("0=1&1={}", list[0].0));
    let left: Vec<String> = rows(&mut portal, 1).into_iter().map(|row| row.2).collect();
    assert_eq!(left, ["a", "b", "List", "below", "lost"]);
    assert_eq!(
        portal.error("task.checklistitem.add", "0=1").1,
        "ERROR_CORE"
    );
}

#[test]
fn departments_have_a_root_and_numbers_to_sort_by_and_no_empty_fields() {
    let mut portal = Portal::with(&[("department", 5, 0.0)]);
    let root = portal.json("department.get", "PARENT=0");
    assert_eq!(root.as_array().unwrap().len(), 1);
    assert_eq!(
        (&root[0]["ID"], &root[0]["SORT"]),
        (&"1".into(), &500.into())
    );
    assert_eq!(root[0].get("PARENT"), None);
    let all = portal.json("department.get", "");
    let rows = all.as_array().unwrap();
    assert!(rows.iter().all(|row| {
        row.as_object()
            .unwrap()
            .values()
            .all(|value| !value.is_null())
    }));
    assert!(rows[1]["PARENT"].is_string());
    let expected = |text: &str| (400, "ERROR_CORE".to_owned(), text.to_owned());
    assert_eq!(
        portal.error("department.add", "PARENT=1"),
        expected("Department name not provided.<br>")
    );
    let second = expected("There can only be one top-level department in the company structure");
    assert_eq!(portal.error("department.add", "NAME=n"), second);
    assert_eq!(portal.error("department.add", "NAME=n&PARENT=99"), second);
    assert_eq!(
        portal.error("department.update", "ID=99&NAME=n"),
        expected("Department not found")
    );
    assert_eq!(
        portal.error("department.delete", "ID=99"),
        expected("Department not found")
    );
}

#[test]
fn types_are_filtered_and_sorted_by_their_fields_alone() {
    let mut portal = Portal::with(&[("128", 1, 0.0), ("1032", 1, 0.0)]);
    let mut error = |params: &str| portal.error("crm.type.list", params);
    let expected = |text: &str| (400, "INVALID_ARG_VALUE".to_owned(), text.to_owned());
    assert_eq!(
        error("filter[nope]=1"),
        expected("Invalid filter: field 'nope' is not allowed in filter")
    );
    assert_eq!(error("filter[0][>nope]=1").1, "INVALID_ARG_VALUE");
    assert_eq!(
        error("order[nope]=ASC"),
        expected("Invalid order: field 'nope' is not allowed in order")
    );
    assert_eq!(
        error("order[id]=up"),
        expected(
            "Invalid order: allowed sort directions are ASC, DESC. But got 'up' for field 'id'"
        )
    );
    let mut types = |params: &str| -> Vec<i64> {
        let list = portal.json("crm.type.list", params);
        let types = list["types"].as_array().unwrap().iter();
        types
            .map(|row| row["entityTypeId"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(types("filter[entityTypeId]=1032"), [1032]);
    assert_eq!(types("filter[@entityTypeId][]=1032"), [1032]);
    assert!(!types("filter[!entityTypeId]=1032").contains(&1032));
    assert_eq!(
        types("filter[0][logic]=OR&filter[0][0][entityTypeId]=1032&filter[0][1][entityTypeId]=128"),
        types("filter[@entityTypeId][]=1032&filter[@entityTypeId][]=128")
    );
    assert!(types("filter[%title]=no such title").is_empty());
}

#[test]
fn every_portal_has_invoices_and_a_type_that_is_not_there_is_not_found() {
    let mut portal = Portal::with(&[]);
    assert_eq!(
        portal.json("crm.item.list", "entityTypeId=31")["items"].to_string(),
        "[]"
    );
    let added = portal.json("crm.item.add", "entityTypeId=31&fields[title]=Invoice");
    assert_eq!(added["item"]["entityTypeId"], 31);
    assert_eq!(
        portal.error("crm.item.list", "entityTypeId=9999").1,
        "NOT_FOUND"
    );
    assert_eq!(
        portal.error("crm.item.list", "entityTypeId=5").1,
        "ENTITY_TYPE_NOT_SUPPORTED"
    );
    let owners = portal.json("crm.enum.ownertype", "");
    let ids: Vec<i64> = owners
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["ID"].as_i64().unwrap())
        .collect();
    for id in [5, 7, 8, 31, 36, 39] {
        assert_eq!(ids.iter().filter(|other| **other == id).count(), 1, "{id}");
    }
    assert!(
        portal.json("crm.type.list", "")["types"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["entityTypeId"] != 31)
    );
}

#[test]
fn the_portal_says_what_scopes_and_fields_there_are() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    let all = portal.json("scope", "full=true");
    let all = all.as_array().unwrap();
    assert!(all.len() > 40, "{}", all.len());
    for scope in ["crm", "task", "user_basic", "sale", "bizproc", "im"] {
        assert!(all.contains(&scope.into()), "{scope}");
    }
    assert!(portal.json("app.info", "")["ID"].is_u64());
    assert_eq!(
        portal.json("user.fields", "").as_object().unwrap().len(),
        62
    );
    let me = portal.json("user.current", "");
    assert_eq!(me["LAST_ACTIVITY_DATE"], "2026-05-04 12:00:00");
    assert_eq!(
        portal.json("user.get", "ID=1")[0]["LAST_ACTIVITY_DATE"],
        serde_json::json!({})
    );
}

#[test]
fn every_text_but_three_is_yes_in_a_filter_of_users() {
    let mut portal = Portal::loaded(
        "user",
        r#"[{"ID":"1","ACTIVE":true,"WORK_POSITION":"Head of sales"},{"ID":"2","ACTIVE":false}]"#,
    );
    for (value, ids) in [
        ("false", [1]),
        ("true", [1]),
        ("Y", [1]),
        ("no", [1]),
        ("n", [1]),
        ("N", [2]),
        ("0", [2]),
        ("", [2]),
    ] {
        assert_eq!(
            portal.ids("user.get", &format!("FILTER[ACTIVE]={value}")),
            ids,
            "{value}"
        );
    }
    let filter = Array::from_iter([("ACTIVE", Value::Bool(false))]);
    assert_eq!(portal.ids_with("user.get", "FILTER", filter), [2]);
    for word in ["Head", "sales", "sal", "of sales"] {
        assert_eq!(
            portal.ids("user.search", &format!("FIND={word}")),
            [1],
            "{word}"
        );
    }
    assert!(portal.ids("user.search", "FIND=ales").is_empty());
}

#[test]
fn what_is_sold_has_prices_and_makes_the_amount_of_its_deal() {
    let mut portal = Portal::with(&[("deal", 3, 0.0)]);
    portal.json(
        "crm.deal.productrows.set",
        "id=1&rows[0][PRODUCT_NAME]=p&rows[0][PRICE]=100&rows[0][QUANTITY]=2",
    );
    let rows = portal.json("crm.deal.productrows.get", "id=1");
    for (name, value) in [
        ("PRODUCT_NAME", serde_json::json!("p")),
        ("ORIGINAL_PRODUCT_NAME", serde_json::json!("p")),
        ("PRICE", serde_json::json!(100)),
        ("PRICE_EXCLUSIVE", serde_json::json!(100)),
        ("PRICE_NETTO", serde_json::json!(100)),
        ("PRICE_BRUTTO", serde_json::json!(100)),
        ("PRICE_ACCOUNT", serde_json::json!("100.00")),
        ("QUANTITY", serde_json::json!(2)),
        ("DISCOUNT_TYPE_ID", serde_json::json!(2)),
        ("DISCOUNT_RATE", serde_json::json!(0)),
        ("DISCOUNT_SUM", serde_json::json!(0)),
        ("TAX_RATE", serde_json::json!(null)),
        ("MEASURE_CODE", serde_json::json!(796)),
        ("STORE_ID", serde_json::json!(0)),
        ("RESERVE_ID", serde_json::json!(null)),
    ] {
        let got = &rows[0][name];
        let same = match (got.as_f64(), value.as_f64()) {
            (Some(got), Some(value)) => (got - value).abs() < 1e-9,
            _ => *got == value,
        };
        assert!(same, "{name}: {got}");
    }
    let amount = portal.json("crm.deal.get", "id=1")["OPPORTUNITY"].clone();
    assert_eq!(
        amount.as_str().and_then(|it| it.parse::<f64>().ok()),
        Some(200.0)
    );
    portal.json(
        "crm.deal.productrows.set",
        "id=1&rows[0][PRICE]=899.1&rows[0][DISCOUNT_TYPE_ID]=2&rows[0][DISCOUNT_RATE]=10",
    );
    let row = portal.json("crm.deal.productrows.get", "id=1")[0].clone();
    assert_eq!(
        (row["PRICE_NETTO"].as_f64(), row["DISCOUNT_SUM"].as_f64()),
        (Some(999.0), Some(99.9))
    );
    assert_eq!(
        row["PRODUCT_NAME"],
        format!("[{}]", row["ID"].as_str().unwrap())
    );
    for wrong in [
        "[DISCOUNT_TYPE_ID]=2",
        "[DISCOUNT_TYPE_ID]=1",
        "[DISCOUNT_TYPE_ID]=2&rows[0][DISCOUNT_RATE]=100",
    ] {
        let error = portal.error("crm.deal.productrows.set", &format!("id=1&rows[0]{wrong}"));
        assert_eq!((error.0, error.1.as_str()), (400, ""), "{wrong}");
    }
    assert_eq!(
        portal
            .json("crm.deal.productrows.get", "id=1")
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_move_to_another_stage_is_in_the_history() {
    let mut portal = Portal::with(&[]);
    let history = |portal: &mut Portal, params: &str| {
        let list = portal.json("crm.stagehistory.list", params);
        list["items"].as_array().unwrap().clone()
    };
    let deal = portal.json("crm.deal.add", "fields[TITLE]=t").to_string();
    portal.json(
        "crm.deal.update",
        &format!("id={deal}&fields[STAGE_ID]=PREPARATION"),
    );
    portal.json("crm.deal.update", &format!("id={deal}&fields[TITLE]=other"));
    portal.json(
        "crm.deal.update",
        &format!("id={deal}&fields[STAGE_ID]=WON"),
    );
    let moves = history(
        &mut portal,
        &format!("entityTypeId=2&filter[OWNER_ID]={deal}"),
    );
    let told: Vec<(i64, &str, &str)> = moves
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap();
            (
                one["TYPE_ID"].as_i64().unwrap(),
                text("STAGE_ID"),
                text("STAGE_SEMANTIC_ID"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(1, "NEW", "P"), (2, "PREPARATION", "P"), (3, "WON", "S")]
    );
    let lead = portal.json("crm.lead.add", "fields[TITLE]=t").to_string();
    portal.json(
        "crm.lead.update",
        &format!("id={lead}&fields[STATUS_ID]=JUNK"),
    );
    let moves = history(&mut portal, "entityTypeId=1&filter[STATUS_ID]=JUNK");
    assert_eq!(
        (moves.len(), &moves[0]["STATUS_SEMANTIC_ID"]),
        (1, &"F".into())
    );
    assert_eq!(moves[0].get("STAGE_ID"), None);
    assert_eq!(moves[0].get("CATEGORY_ID"), None);
    for (params, code) in [
        ("entityTypeId=2&filter[nope]=1", "INVALID_ARG_VALUE"),
        ("entityTypeId=2&order[nope]=ASC", "INVALID_ARG_VALUE"),
        ("entityTypeId=2&order[ID]=up", "INVALID_ARG_VALUE"),
        ("entityTypeId=3", "ENTITY_TYPE_NOT_SUPPORTED"),
        ("entityTypeId=9999", "ENTITY_TYPE_NOT_SUPPORTED"),
    ] {
        assert_eq!(
            portal.error("crm.stagehistory.list", params).1,
            code,
            "{params}"
        );
    }
}

#[test]
fn values_that_no_record_can_have_are_refused_with_the_documented_codes() {
    let mut portal = Portal::with(&[
        ("deal", 3, 0.0),
        ("lead", 3, 0.0),
        ("contact", 3, 0.0),
        ("company", 3, 0.0),
        ("128", 2, 0.0),
    ]);
    let currency = "Invalid value for the \"Currency\" field";
    let email = "The field \"Work e-mail\" contains an invalid address";
    let stage = "Invalid value for field \"stageId\"";
    for (method, params, code, text) in [
        ("crm.deal.add", "fields[CURRENCY_ID]=QQQ", "", currency),
        (
            "crm.deal.update",
            "id=1&fields[CURRENCY_ID]=RU",
            "",
            currency,
        ),
        (
            "crm.contact.add",
            "fields[EMAIL][0][VALUE]=no&fields[EMAIL][0][VALUE_TYPE]=WORK",
            "ERROR_CORE",
            email,
        ),
        (
            "crm.company.update",
            "id=1&fields[EMAIL][0][VALUE]=a@b&fields[EMAIL][0][VALUE_TYPE]=WORK",
            "ERROR_CORE",
            "The \"E-mail\" field contains an invalid address",
        ),
        (
            "crm.item.add",
            "entityTypeId=2&fields[stageId]=QQQ",
            "CRM_FIELD_ERROR_VALUE_NOT_VALID",
            stage,
        ),
        (
            "crm.item.update",
            "entityTypeId=1&id=1&fields[stageId]=WON",
            "CRM_FIELD_ERROR_VALUE_NOT_VALID",
            stage,
        ),
        (
            "crm.item.add",
            "entityTypeId=128&fields[stageId]=NEW",
            "CRM_FIELD_ERROR_VALUE_NOT_VALID",
            stage,
        ),
        (
            "crm.deal.list",
            "filter=abc",
            "",
            "Parameter 'filter' must be array.",
        ),
        (
            "crm.company.list",
            "order=ID",
            "",
            "Parameter 'order' must be array.",
        ),
    ] {
        let expected = (400, code.to_owned(), text.to_owned());
        assert_eq!(portal.error(method, params), expected, "{method} {params}");
    }
    for (method, params) in [
        ("crm.deal.add", "fields[CURRENCY_ID]=BYN"),
        ("crm.deal.add", "fields[CURRENCY_ID]="),
        (
            "crm.contact.add",
            "fields[EMAIL][0][VALUE]=a.b@mail.example.com",
        ),
        ("crm.item.add", "entityTypeId=2&fields[stageId]=C1:NEW"),
        ("crm.item.add", "entityTypeId=1&fields[stageId]=IN_PROCESS"),
        ("crm.item.add", "entityTypeId=128&fields[title]=a"),
        ("crm.deal.list", "filter="),
    ] {
        portal.json(method, params);
    }
    // The stages of a funnel that was made.
    let made = portal.json("crm.category.add", "entityTypeId=2&fields[name]=Lease");
    let id = made["category"]["id"].clone();
    portal.json(
        "crm.item.add",
        &format!("entityTypeId=2&fields[categoryId]={id}&fields[stageId]=C{id}:NEW"),
    );
}

#[test]
fn an_activity_names_the_provider_of_its_type() {
    let mut portal = Portal::with(&[("deal", 1, 0.0)]);
    for (kind, provider, kind_of_provider) in [
        (1, "CRM_MEETING", "MEETING"),
        (2, "VOXIMPLANT_CALL", "CALL"),
        (4, "CRM_EMAIL", "EMAIL"),
    ] {
        let id = portal.json(
            "crm.activity.add",
            &format!(
                "fields[OWNER_ID]=1&fields[OWNER_TYPE_ID]=2&fields[TYPE_ID]={kind}&fields[SUBJECT]=x\
                 &fields[RESPONSIBLE_ID]=1&fields[COMMUNICATIONS][0][VALUE]=+7"
            ),
        );
        let got = portal.json("crm.activity.get", &format!("id={id}"));
        assert_eq!(got["PROVIDER_ID"], provider);
        assert_eq!(got["PROVIDER_TYPE_ID"], kind_of_provider);
    }
}

#[test]
fn calls_without_what_they_need_are_refused_as_documented() {
    let parameter = |name: &str| format!("!100 Could not find value for parameter {{{name}}}");
    let missing = "!ERROR_REQUIRED_PARAMETERS_MISSING Required parameter `FIELDS` is missing";
    Portal::with(&[("deal", 2, 0.0)]).steps(&[
        (
            "crm.timeline.comment.get",
            "",
            "! ID is not defined or invalid.",
        ),
        ("crm.timeline.comment.get", "id=9", "! Not found."),
        ("crm.timeline.comment.delete", "", &parameter("id")),
        (
            "crm.timeline.comment.delete",
            "id=9",
            "!NOT_FOUND Not found.",
        ),
        (
            "crm.timeline.comment.add",
            "fields[ENTITY_TYPE]=deal&fields[ENTITY_ID]=1&fields[COMMENT]=",
            "!INVALID_ARG_VALUE Empty comment",
        ),
        (
            "crm.timeline.logmessage.list",
            "entityTypeId=2",
            &parameter("entityId"),
        ),
        (
            "crm.timeline.layout.blocks.get",
            "",
            &parameter("entityTypeId"),
        ),
        ("crm.activity.binding.list", "", &parameter("activityId")),
        (
            "crm.item.payment.list",
            "entityId=1",
            &parameter("entityTypeId"),
        ),
        ("crm.item.payment.product.list", "", &parameter("paymentId")),
        (
            "crm.item.payment.delivery.list",
            "",
            &parameter("paymentId"),
        ),
        ("catalog.productImage.list", "", &parameter("productId")),
        ("tasks.task.result.list", "", &parameter("taskId")),
        (
            "tasks.api.scrum.kanban.getStages",
            "",
            &parameter("sprintId"),
        ),
        ("userfieldconfig.getTypes", "", &parameter("moduleId")),
        (
            "crm.item.details.configuration.get",
            "",
            "! Parameter 'entityTypeId' is not defined",
        ),
        (
            "crm.automation.trigger.add",
            "NAME=a",
            "! Empty trigger code!",
        ),
        (
            "crm.automation.trigger.add",
            "CODE=a",
            "! Empty trigger name!",
        ),
        (
            "crm.automation.trigger.delete",
            "CODE=a",
            "! Trigger not found",
        ),
        (
            "crm.automation.trigger.execute",
            "CODE=a",
            "! Incorrect parameter OWNER_TYPE_ID.",
        ),
        (
            "crm.automation.trigger.execute",
            "CODE=a&OWNER_TYPE_ID=2&OWNER_ID=1",
            "! Trigger with code a is not registered.",
        ),
        (
            "im.department.get",
            "",
            "!INVALID_FORMAT A wrong format for the ID field is passed",
        ),
        (
            "imconnector.register",
            "",
            r#"{"result":false,"error":"CONNECTOR_ID_REQUIRED"}"#,
        ),
        (
            "landing.role.enable",
            "",
            "!MISSING_PARAMS Not enough parameters for the call, missing: mode",
        ),
        ("landing.site.add", "", "!MISSING_PARAMS"),
        (
            "biconnector.source.add",
            "",
            "!VALIDATION_FIELDS_NOT_PROVIDED Fields not provided.",
        ),
        (
            "lists.get",
            "",
            "!ERROR_REQUIRED_PARAMETERS_MISSING Required parameter `IBLOCK_TYPE_ID` is missing",
        ),
        ("lists.add", "IBLOCK_TYPE_ID=lists&IBLOCK_CODE=a", missing),
    ]);
}
