//! Names and values of filters, selects and orders are held against the fields of the entity.

use brimful::{Error, ErrorKind, ListReport, ParameterProblem, TransportErrorKind};
use brimful_portal::{Portal, PortalConfig};
use serde_json::{Value, json};

use crate::line::Line;
use crate::support::{WEBHOOK, portal, scripted, unlimited};

const PORTAL: &str = "https://portal.test";

async fn list_with_checked_names(
    portal: &Portal,
    method: &str,
    params: Value,
) -> Result<(Vec<Value>, ListReport), Error> {
    let list = unlimited(portal).list(method).params(params);
    list.check_names(true).collect_with_report().await
}

async fn refusal_message(portal: &Portal, method: &str, params: Value) -> String {
    let error = match list_with_checked_names(portal, method, params.clone()).await {
        Ok((rows, _)) => panic!("{method} {params} gave {} rows", rows.len()),
        Err(error) => error,
    };
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    error.to_string()
}

fn portal_with_entities() -> Portal {
    portal(
        PortalConfig::unlimited()
            .rows("deal", 200)
            .rows("contact", 60)
            .rows("task", 200)
            .rows("user", 60)
            .rows("department", 10),
    )
}

/// Lists, parameters that have a name the list does not know, and the nearest name.
const UNKNOWN_NAMES: [(&str, &str, &str); 16] = [
    (
        "crm.deal.list",
        r#"{"filter": {"stage_id": "WON"}}"#,
        "STAGE_ID",
    ),
    (
        "crm.deal.list",
        r#"{"filter": {"!@stageId": ["WON"]}}"#,
        "STAGE_ID",
    ),
    (
        "crm.deal.list",
        r#"{"filter": {">= DATE_CREATE": "2020-01-01"}}"#,
        "DATE_CREATE",
    ),
    ("crm.deal.list", r#"{"select": ["id", "title"]}"#, "TITLE"),
    (
        "crm.deal.list",
        r#"{"order": {"date_create": "ASC"}}"#,
        "DATE_CREATE",
    ),
    ("crm.deal.list", r#"{"order": {"id": "DESC"}}"#, "ID"),
    ("crm.deal.list", r#"{"select": ["ID", "UF_CRM_*"]}"#, "UF_*"),
    (
        "crm.item.list",
        r#"{"entityTypeId": 3, "select": ["id", "ufCrm_*"]}"#,
        "UF_*",
    ),
    (
        "tasks.task.list",
        r#"{"filter": {"responsibleId": 1}}"#,
        "RESPONSIBLE_ID",
    ),
    (
        "tasks.task.list",
        r#"{"filter": {"0": {"::LOGIC": "OR", "titel": "a", "ID": 5}}}"#,
        "TITLE",
    ),
    (
        "crm.item.list",
        r#"{"entityTypeId": 2, "select": ["id", "stage"]}"#,
        "stageId",
    ),
    ("user.get", r#"{"filter": {"LASTNAME": "a"}}"#, "LAST_NAME"),
    ("user.get", r#"{"LASTNAME": "a"}"#, "LAST_NAME"),
    ("department.get", r#"{"PARENTS": 1}"#, "PARENT"),
    (
        "crm.deal.list",
        r#"{"filters": {"STAGE_ID": "WON"}}"#,
        "filter",
    ),
    (
        "crm.deal.list",
        r#"{"where": {"STAGE_ID": "WON"}}"#,
        "filter",
    ),
];

#[tokio::test(start_paused = true)]
async fn an_unknown_name_is_refused_with_the_nearest_one() {
    let portal = portal_with_entities();
    for (method, params, near) in UNKNOWN_NAMES {
        let read: Value = serde_json::from_str(params).unwrap();
        let said = refusal_message(&portal, method, read).await;
        assert!(
            said.contains(&format!("did you mean {near}?")),
            "{params}: {said}"
        );
    }
    let said = refusal_message(
        &portal,
        "crm.deal.list",
        json!({"select": ["id", "COLOUR"]}),
    )
    .await;
    assert!(
        said.contains("id, which is not a field (did you mean ID?)"),
        "{said}"
    );
    assert!(said.contains("COLOUR, which is not a field"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn names_that_lists_take_beside_the_fields_pass() {
    let portal = portal_with_entities();
    for (method, params) in [
        (
            "crm.deal.list",
            json!({"filter": {"CHECK_PERMISSIONS": "N", "!=%TITLE": "x%", ">=ID": 5, "@STAGE_ID": ["WON"]}}),
        ),
        (
            "crm.deal.list",
            json!({"select": ["*", "UF_*"], "filter": {"CATEGORY_ID": 0}}),
        ),
        (
            "crm.contact.list",
            json!({"filter": {"PHONE": "1", "EMAIL": "a@b"}, "select": ["PHONE"]}),
        ),
        (
            "crm.item.list",
            json!({"entityTypeId": 2, "filter": {"0": {"logic": "OR", "stageId": "WON", "STAGE_ID": "LOSE"}, "!=title": ""}}),
        ),
        (
            "crm.item.list",
            json!({"entityTypeId": 3, "select": ["id", "fm", "UF_*"]}),
        ),
        (
            "tasks.task.list",
            json!({"filter": {"MEMBER": 1, "TAG": "a", "REAL_STATUS": 2, "SEARCH_INDEX": "a", "::SUBFILTER-PARAMS": {"FAVORITE": "Y"}}}),
        ),
        (
            "tasks.task.list",
            json!({"select": ["ID", "TAGS", "COUNTERS"], "order": {"CREATED_BY_LAST_NAME": "asc"}}),
        ),
        (
            "user.get",
            json!({"filter": {"NAME_SEARCH": "a", "IS_ONLINE": "N", "USER_TYPE": "employee", "UF_DEPARTMENT": 1}}),
        ),
        (
            "user.get",
            json!({"filter": {"ACTIVE": true, "ADMIN": "Y", "UF_MADE_UP": 1}, "sort": "LAST_NAME", "order": "ASC"}),
        ),
        (
            "crm.deal.list",
            json!({"order": {"id": "asc"}, "select": ["ID", "TITLE"]}),
        ),
        ("user.search", json!({"filter": {"FIND": "a"}})),
        (
            "department.get",
            json!({"PARENT": 1, "sort": "NAME", "order": "DESC"}),
        ),
    ] {
        if let Err(error) = list_with_checked_names(&portal, method, params.clone()).await {
            panic!("{method} {params}: {error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_fields_come_in_a_request_that_goes_out_anyway() {
    let portal = portal_with_entities();
    let line = Line::to(PORTAL, &portal);
    let client = brimful::Client::builder(WEBHOOK)
        .transport(line.clone())
        .limit(None)
        .build()
        .unwrap();
    let list = || {
        client
            .list("crm.deal.list")
            .filter(json!({">OPPORTUNITY": 0}))
    };
    let (_, unchecked) = list().collect_with_report::<Value>().await.unwrap();
    let (_, checked) = list()
        .check_names(true)
        .collect_with_report::<Value>()
        .await
        .unwrap();
    assert_eq!(unchecked.requests, checked.requests);
    let asked = |body: &[u8]| String::from_utf8_lossy(body).contains("crm.deal.fields");
    let asking = line
        .noted()
        .iter()
        .filter(|request| asked(&request.body))
        .count();
    assert_eq!(asking, 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_needs_no_fields_does_not_ask_for_them() {
    let portal = portal_with_entities();
    let line = Line::to(PORTAL, &portal);
    let client = brimful::Client::builder(WEBHOOK)
        .transport(line.clone())
        .limit(None)
        .build()
        .unwrap();
    let list = client
        .list("crm.deal.list")
        .select(["ID"])
        .filter(json!({">ID": 5}));
    list.check_names(true)
        .collect_with_report::<Value>()
        .await
        .unwrap();
    for request in line.noted() {
        assert!(!String::from_utf8_lossy(&request.body).contains("fields"));
    }
}

#[tokio::test(start_paused = true)]
async fn without_fields_a_list_goes_on_unchecked() {
    let refused = json!({"error": "ACCESS_DENIED", "error_description": "Access denied."});
    let portal = portal(
        PortalConfig::unlimited()
            .rows("deal", 200)
            .reply("crm.deal.fields", refused),
    );
    let params = json!({"filter": {"stage_id": "WON"}});
    let (rows, _) = list_with_checked_names(&portal, "crm.deal.list", params)
        .await
        .unwrap();
    assert_eq!(rows.len(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_breaks_down_over_the_fields_is_asked_for_the_rows_alone() {
    let client = scripted(|_, body| {
        let labels = body["cmd"].as_object().into_iter().flatten();
        let labels: Vec<&String> = labels.map(|(label, _)| label).collect();
        if labels.iter().any(|label| *label == "fields") {
            return Err(TransportErrorKind::Broken);
        }
        let of_each = |value: Value| -> Value {
            labels.iter().map(|label| ((*label).clone(), value.clone())).collect::<serde_json::Map<_, _>>().into()
        };
        let reply = json!({"result": {
            "result": of_each(json!([{"ID": "1"}])), "result_error": [], "result_total": of_each(json!(1)),
            "result_next": [], "result_time": [],
        }});
        Ok((200, reply.to_string()))
    })
    .build()
    .unwrap();
    let list = client
        .list("crm.deal.list")
        .select(["TITEL"])
        .check_names(true);
    let rows = list.collect::<Value>().await.unwrap();
    assert_eq!(rows.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_describes_no_fields_proves_nothing() {
    let rows = json!([{"ID": "1", "TITLE": "a"}, {"ID": "2", "TITLE": "b"}]);
    let client = scripted(move |_, body| {
        let labels = body["cmd"].as_object().into_iter().flatten();
        let result: serde_json::Map<String, Value> =
            labels.map(|(label, _)| (label.clone(), rows.clone())).collect();
        let totals: serde_json::Map<String, Value> =
            result.keys().map(|label| (label.clone(), json!(2))).collect();
        let reply = json!({"result": {"result": result, "result_error": [], "result_total": totals, "result_next": [], "result_time": []}});
        Ok((200, reply.to_string()))
    })
    .build()
    .unwrap();
    let list = client
        .list("crm.deal.list")
        .select(["TITEL"])
        .check_names(true);
    let rows = list.collect::<Value>().await.unwrap();
    assert_eq!(rows.len(), 2);
}

/// Lists, filters with a value that the field cannot have, and what is said of it.
const IMPOSSIBLE_VALUES: [(&str, &str, &str); 26] = [
    (
        "crm.deal.list",
        r#"{">OPPORTUNITY": "1 000 000"}"#,
        "1000000",
    ),
    (
        "crm.deal.list",
        r#"{"STAGE_ID": "WON, LOSE"}"#,
        "@STAGE_ID=WON,LOSE",
    ),
    (
        "crm.deal.list",
        r#"{">=DATE_CREATE": "вчера"}"#,
        "not a date",
    ),
    ("crm.deal.list", r#"{"CLOSED": "true"}"#, "write Y"),
    ("crm.deal.list", r#"{"CLOSED": true}"#, "write Y"),
    ("crm.deal.list", r#"{"=>ID": 5}"#, "write >=ID"),
    ("crm.deal.list", r#"{"><ID": [1, 5]}"#, ">=ID and <=ID"),
    ("crm.deal.list", r#"{"ID": "1;2"}"#, "not a number"),
    ("crm.deal.list", r#"{"ID": 1.5}"#, "not a whole number"),
    ("crm.deal.list", r#"{">OPPORTUNITY": [1, 2]}"#, "has a list"),
    ("crm.deal.list", r#"{">DATE_CREATE": ""}"#, "no value"),
    ("crm.deal.list", r#"{"CONTACT.NAME": "a"}"#, "not a field"),
    ("crm.deal.list", r#"{"PHONE": "1"}"#, "not a field"),
    (
        "crm.deal.list",
        r#"{"DATE_CREATE": {"from": "2020-01-01"}}"#,
        "one value",
    ),
    (
        "crm.deal.list",
        r#"{"@STAGE_ID": "NEW,WON"}"#,
        r#"write the values as a list, ["NEW","WON"]"#,
    ),
    (
        "crm.deal.list",
        r#"{">DATE_CREATE": "1700000000"}"#,
        "write it as 2023-11-14T22:13:20+00:00",
    ),
    (
        "crm.deal.list",
        r#"{">DATE_CREATE": 1700000000000}"#,
        "write it as 2023-11-14T22:13:20+00:00",
    ),
    (
        "crm.deal.list",
        r#"{">DATE_CREATE": "20260101"}"#,
        "write it as 2026-01-01",
    ),
    (
        "crm.deal.list",
        r#"{">DATE_CREATE": "01.12.25 10:00"}"#,
        "write it as 2025-12-01 10:00",
    ),
    (
        "crm.deal.list",
        r#"{"ASSIGNED_BY_ID": true}"#,
        "no field of yes or no",
    ),
    (
        "crm.activity.list",
        r#"{"OWNER_TYPE_ID": "deal"}"#,
        "write 2",
    ),
    (
        "tasks.task.list",
        r#"{"STATUS": "in-progress"}"#,
        "not a number",
    ),
    (
        "user.get",
        r#"{"UF_DEPARTMENT": "1,2"}"#,
        "@UF_DEPARTMENT=1,2",
    ),
    ("user.get", r#"{"ACTIVE": "false"}"#, "write N"),
    (
        "department.get",
        r#"{"NAME": "Sales"}"#,
        "conditions as parameters of their own: NAME=Sales",
    ),
    (
        "crm.deal.list",
        r#"{"0": {"STAGE_ID": "WON"}}"#,
        "no groups of conditions",
    ),
];

#[tokio::test(start_paused = true)]
async fn values_that_a_field_cannot_have_are_refused() {
    let portal = portal_with_entities();
    for (method, filter, right) in IMPOSSIBLE_VALUES {
        let filter: Value = serde_json::from_str(filter).unwrap();
        let said = refusal_message(&portal, method, json!({"filter": filter})).await;
        assert!(said.contains(right), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn false_in_a_filter_is_the_same_in_a_list_as_in_a_call() {
    let rows = (1..=130).map(|id| {
        let value = if id % 3 == 0 {
            Value::Null
        } else {
            json!("abc")
        };
        let row = json!({"ID": id.to_string(), "NAME": "e", "PROPERTY_5": value});
        row.as_object().unwrap().clone()
    });
    let portal =
        portal(PortalConfig::unlimited().load_rows_of("lists.element.get", rows.collect()));
    let client = unlimited(&portal);
    for (key, count) in [("PROPERTY_5", 43), ("!PROPERTY_5", 87)] {
        let params = json!({"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 7, "FILTER": {key: false}});
        let called = client
            .call("lists.element.get", params.clone())
            .await
            .unwrap();
        assert_eq!(called.total(), Some(count));
        let list = client.list("lists.element.get").params(params);
        let rows = list.collect::<Value>().await.unwrap();
        assert_eq!(rows.len() as u64, count, "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_list_names_its_problems_for_programs() {
    use ParameterProblem::{BooleanForLetter, PassedOver, UnknownInFilter};
    let portal = portal(PortalConfig::unlimited().rows("lead", 60));
    for (params, problems) in [
        (
            json!({"filter": {"stage": 1, "OPENED": true}, "select": ["title"]}),
            vec![
                UnknownInFilter("stage".to_owned()),
                BooleanForLetter("OPENED".to_owned()),
            ],
        ),
        (
            json!({"filter": {"OPENED": ["Y", false]}}),
            vec![BooleanForLetter("OPENED".to_owned())],
        ),
        (
            json!({"filter": {"=>ID": 5}}),
            vec![PassedOver("=>ID".to_owned())],
        ),
        (
            json!({"filter": {"LOGIC": "OR", "0": {"TITLE": "x"}}}),
            vec![PassedOver("LOGIC".to_owned())],
        ),
        (
            json!({"STAGE_ID": "NEW"}),
            vec![PassedOver("STAGE_ID".to_owned())],
        ),
        (json!({"select": ["ID", "NOPE"]}), Vec::new()),
        (json!({"filter": {"OPPORTUNITY": "1 000"}}), Vec::new()),
    ] {
        let error = list_with_checked_names(&portal, "crm.lead.list", params.clone())
            .await
            .unwrap_err();
        assert_eq!(error.problems(), problems, "{params}: {error}");
    }
}
