//! Tasks by address: every filter, order, select and page that the article tells of.

use serde_json::json;

use crate::support::{Caller, config, ids, rows};

fn team() -> Caller {
    Caller::new(
        config()
            .load(
                "user",
                rows(json!([
                    { "ID": 1, "NAME": "Ann", "LAST_NAME": "One", "WORK_POSITION": "Lead" },
                    { "ID": 5, "NAME": "Bob", "LAST_NAME": "Five", "WORK_POSITION": "Printer" },
                ])),
            )
            .load(
                "task",
                rows(json!([
                    { "ID": 50, "TITLE": "Тест печати", "STATUS": 2, "CREATED_BY": 1, "RESPONSIBLE_ID": 1, "GROUP_ID": 5,
                      "CREATED_DATE": "2023-10-20T10:00:00+03:00", "CHANGED_DATE": "2023-10-25T10:00:00+03:00",
                      "NOT_VIEWED": "N", "TAGS": ["альфа"], "FAVORITE": "Y" },
                    { "ID": 100, "TITLE": "Отчет за год", "STATUS": 2, "CREATED_BY": 5, "RESPONSIBLE_ID": 5, "GROUP_ID": 10,
                      "CREATED_DATE": "2023-11-01T00:00:00+03:00", "CHANGED_DATE": "2023-11-15T00:00:00+03:00",
                      "DEADLINE": "2023-12-01T10:00:00+03:00", "NOT_VIEWED": "N", "TAGS": ["бета"] },
                    { "ID": 150, "TITLE": "Paper", "STATUS": 3, "CREATED_BY": 3, "RESPONSIBLE_ID": 5, "GROUP_ID": 10,
                      "CREATED_DATE": "2023-11-02T00:00:00+03:00", "DEADLINE": "2030-01-01T10:00:00+03:00",
                      "NOT_VIEWED": "N", "ACCOMPLICES": [7] },
                    { "ID": 200, "TITLE": "Ink", "STATUS": 2, "CREATED_BY": 1, "RESPONSIBLE_ID": 7, "GROUP_ID": 1,
                      "CREATED_DATE": "2023-11-03T00:00:00+03:00", "DEADLINE": "2030-01-02T10:00:00+03:00",
                      "NOT_VIEWED": "Y", "AUDITORS": [3], "UF_CRM_TASK": ["123", "D_4"] },
                    { "ID": 300, "TITLE": "Тест краски", "STATUS": 5, "CREATED_BY": 5, "RESPONSIBLE_ID": 5, "GROUP_ID": 10,
                      "CREATED_DATE": "2023-09-01T00:00:00+03:00", "CHANGED_DATE": "2023-09-02T00:00:00+03:00",
                      "DEADLINE": "2029-01-01T10:00:00+03:00", "NOT_VIEWED": "N", "TAGS": ["альфа", "гамма"] },
                ])),
            ),
    )
}

#[tokio::test]
async fn every_filter_of_the_article_finds_what_it_says() {
    let portal = team();
    for (filter, expected) in [
        ("filter[>ID]=100", vec![150, 200, 300]),
        ("filter[=ID]=50", vec![50]),
        ("filter[<ID]=200", vec![50, 100, 150]),
        ("filter[>=ID]=150", vec![150, 200, 300]),
        ("filter[<=ID]=250", vec![50, 100, 150, 200]),
        ("filter[!ID]=300", vec![50, 100, 150, 200]),
        ("filter[%TITLE]=тест", vec![50, 300]),
        ("filter[!%TITLE]=отчет", vec![50, 150, 200, 300]),
        // The status by the clock: 100 is overdue. 200 has not been looked at, and is the caller's own.
        ("filter[STATUS]=2", vec![50, 200]),
        ("filter[REAL_STATUS]=2", vec![50, 100, 200]),
        (
            "filter[>=CREATED_DATE]=2023-11-01T00:00:00%2B03:00",
            vec![100, 150, 200],
        ),
        // Tasks that were never changed count by their creation.
        (
            "filter[<CHANGED_DATE]=2023-11-15T00:00:00%2B03:00",
            vec![50, 150, 200, 300],
        ),
        ("filter[GROUP_ID]=5", vec![50]),
        ("filter[RESPONSIBLE_ID]=1", vec![50]),
        ("filter[MEMBER]=3", vec![150, 200]),
        ("filter[DOER]=7", vec![150, 200]),
        ("filter[TAG]=альфа", vec![50, 300]),
        // A comma is a letter of a tag, whatever the article says; of a list all are asked for.
        ("filter[TAG]=бета,гамма", vec![]),
        ("filter[TAG][]=альфа&filter[TAG][]=гамма", vec![300]),
        ("filter[::SUBFILTER-PARAMS][FAVORITE]=Y", vec![50]),
        (
            "filter[::SUBFILTER-PARAMS][VIEWED]=1",
            vec![50, 100, 150, 300],
        ),
        ("filter[::SUBFILTER-PARAMS][DEADLINE]=", vec![50]),
        ("filter[::SUBFILTER-ROLEID][=CREATED_BY]=1", vec![50, 200]),
        (
            "filter[::SUBFILTER-ROLEID][=RESPONSIBLE_ID]=5",
            vec![100, 150, 300],
        ),
        ("filter[::SUBFILTER-ROLEID][=ACCOMPLICE]=7", vec![150]),
        ("filter[::SUBFILTER-ROLEID][=AUDITOR]=3", vec![200]),
        ("filter[::SUBFILTER-PROBLEM][VIEWED]=0", vec![200]),
        ("filter[::SUBFILTER-PROBLEM][STATUS]=-1", vec![100]),
        ("filter[::SUBFILTER-BINDINGS][UF_CRM_TASK]=D_4", vec![200]),
        ("filter[UF_CRM_TASK]=123", vec![200]),
    ] {
        let call =
            format!("tasks.task.list.json?{filter}&order[ID]=ASC&select[0]=ID&select[1]=TITLE");
        let tasks = portal.get(&call).await.result()["tasks"].clone();
        assert_eq!(ids(&tasks), expected, "{filter}");
    }
}

#[tokio::test]
async fn a_bare_equals_sign_in_a_name_ends_it_and_the_filter_is_lost() {
    let heard = team()
        .address("/rest/1/demo/tasks.task.list.json?filter[=ID]=50")
        .await;
    assert_eq!(
        ids(&heard.result()["tasks"]),
        [300, 200, 150, 100, 50],
        "as parse_str of PHP has it"
    );
}

#[tokio::test]
async fn a_select_brings_what_it_names_and_a_star_all_standard_fields() {
    let portal = team();
    let named = portal
        .get("tasks.task.list.json?filter[ID]=150&select[0]=ID&select[1]=TITLE")
        .await
        .result();
    assert_eq!(
        named["tasks"],
        json!([{ "id": "150", "title": "Paper", "group": [] }])
    );
    let all = portal
        .get("tasks.task.list.json?filter[ID]=200&select[0]=*&select[1]=UF_CRM_TASK")
        .await
        .result();
    let task = &all["tasks"][0];
    assert_eq!(task["ufCrmTask"], json!(["123", "D_4"]));
    assert!(
        task.get("ufTaskWebdavFiles").is_none(),
        "a star has no user fields"
    );
    for name in [
        "id",
        "title",
        "status",
        "createdDate",
        "responsibleId",
        "deadline",
    ] {
        assert!(task.get(name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn people_come_with_the_fields_that_name_them() {
    let portal = team();
    let call = "tasks.task.list.json?filter[ID]=100&select[0]=*&select[1]=CREATED_BY_USER.NAME\
                &select[2]=RESPONSIBLE.WORK_POSITION";
    let task = portal.get(call).await.result()["tasks"][0].clone();
    assert_eq!(task["creator"]["name"], "Bob Five");
    assert_eq!(task["responsible"]["workPosition"], "Printer");
}

#[tokio::test]
async fn tasks_of_a_group_by_status_newest_first() {
    let portal = team();
    let call = "tasks.task.list.json?filter[GROUP_ID]=10&filter[>STATUS]=1&order[ID]=DESC&select[0]=*&start=0";
    let body = portal.get(call).await.json();
    assert_eq!(ids(&body["result"]["tasks"]), [300, 150]);
    assert_eq!((&body["total"], body.get("next")), (&json!(2), None));
}

#[tokio::test]
async fn the_article_s_large_example_is_answered() {
    let portal = team();
    let call = "tasks.task.list?filter[GROUP_ID]=10&filter[::SUBFILTER-ROLEID][=RESPONSIBLE_ID]=5\
                &filter[>CREATED_DATE]=2023-10-01T00:00:00%2B03:00&select[0]=*&select[1]=CREATED_BY_USER.NAME\
                &order[DEADLINE]=ASC&start=0";
    let body = portal.get(call).await.json();
    let tasks = &body["result"]["tasks"];
    assert_eq!(ids(tasks), [100, 150]);
    assert_eq!(tasks[0]["creator"]["name"], "Bob Five");
}

#[tokio::test]
async fn tasks_are_sorted_by_the_fields_that_the_article_names() {
    let portal = team();
    for (order, expected) in [
        ("order[ID]=ASC", [50, 100, 150, 200, 300]),
        ("order[CREATED_DATE]=DESC", [200, 150, 100, 50, 300]),
    ] {
        let call = format!("tasks.task.list.json?{order}&select[0]=ID");
        let tasks = portal.get(&call).await.result()["tasks"].clone();
        assert_eq!(ids(&tasks), expected, "{order}");
    }
}

#[tokio::test]
async fn pages_are_of_fifty_and_a_start_of_minus_one_counts_nothing() {
    let portal = Caller::new(config().rows("task", 120));
    let page = async |start: i32| {
        let call =
            format!("tasks.task.list.json?order[ID]=ASC&select[0]=ID&start={start}&limit=50");
        portal.get(&call).await.json()
    };
    let mut all = Vec::new();
    for (start, next) in [(0, Some(50)), (50, Some(100)), (100, None)] {
        let body = page(start).await;
        assert_eq!(body["total"], 120);
        assert_eq!(body.get("next").and_then(serde_json::Value::as_u64), next);
        all.extend(ids(&body["result"]["tasks"]));
    }
    assert_eq!(all, (1..=120).collect::<Vec<u64>>());
    let uncounted = page(-1).await;
    assert_eq!(
        ids(&uncounted["result"]["tasks"]),
        (1..=50).collect::<Vec<u64>>()
    );
    assert_eq!(
        (uncounted.get("total"), uncounted.get("next")),
        (None, None)
    );
}

#[tokio::test]
async fn one_task_is_got_by_its_id() {
    let portal = team();
    let task = portal
        .get("tasks.task.get.json?taskId=150&select[0]=*")
        .await
        .result()["task"]
        .clone();
    assert_eq!(
        (&task["id"], &task["title"]),
        (&json!("150"), &json!("Paper"))
    );
    let none = portal
        .get("tasks.task.get.json?taskId=123&select[0]=*")
        .await;
    assert_eq!(none.status, 200);
    assert_eq!(none.result(), json!([]));
}

#[tokio::test]
async fn the_fields_are_described_with_types_titles_and_values() {
    let fields = team().get("tasks.task.getFields.json").await.result()["fields"].clone();
    for name in ["ID", "TITLE", "STATUS", "DEADLINE", "UF_CRM_TASK"] {
        assert!(fields[name]["type"].is_string(), "{name}");
        assert!(fields[name]["title"].is_string(), "{name}");
    }
    assert!(fields["STATUS"]["values"].is_object());
    assert_eq!(fields["DURATION_TYPE"]["values"][0], "secs");
}

#[tokio::test]
async fn a_wrong_call_has_an_error_in_it() {
    let heard = team()
        .get("tasks.task.list.json?order[CREATED_BY_USER.NAME]=ASC")
        .await;
    assert_eq!((heard.status, &heard.json()["error"]), (400, &json!("0")));
}
