//! Lists: `select`, `filter`, `order`, `pagination`.

use super::*;

async fn tasks_by(portal: &Portal, filter: Json) -> Vec<u64> {
    ids(portal, "tasks.task.list", json!({ "filter": filter })).await
}

async fn refused(portal: &Portal, method: &str, body: Json) -> (u16, String) {
    error(&v3(portal, method, body).await)
}

#[tokio::test(start_paused = true)]
async fn a_filter_is_a_list_of_triples_and_pairs_that_all_hold() {
    let portal = tasks();
    for (filter, expected) in [
        (json!([]), vec![1, 2, 5, 9]),
        (json!([["id", "=", 5]]), vec![5]),
        (json!([["id", 5]]), vec![5]),
        (json!([["id", "!=", 5]]), vec![1, 2, 9]),
        (json!([["id", ">", 2]]), vec![5, 9]),
        (json!([["id", ">=", 2]]), vec![2, 5, 9]),
        (json!([["id", "<", 2]]), vec![1]),
        (json!([["id", "<=", 2]]), vec![1, 2]),
        (json!([["id", "in", [1, 9, 77]]]), vec![1, 9]),
        (json!([["id", [1, 9]]]), vec![1, 9]),
        (json!([["id", "in", []]]), vec![]),
        (json!([["id", "between", [2, 5]]]), vec![2, 5]),
        (json!([["id", ">", 1], ["id", "<", 9]]), vec![2, 5]),
    ] {
        assert_eq!(
            tasks_by(&portal, filter.clone()).await,
            expected,
            "{filter}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn groups_have_a_logic_and_may_be_negative() {
    let portal = tasks();
    for (filter, expected) in [
        (
            json!([["id", ">", 1], {"logic": "or", "conditions": [["id", [1, 2]], ["id", "=", 9]]}]),
            vec![2, 9],
        ),
        (
            json!([{"logic": "OR", "conditions": [["id", 1], {"logic": "and", "conditions": [["id", ">", 2], ["id", "<", 9]]}]}]),
            vec![1, 5],
        ),
        (
            json!([{"logic": "and", "negative": true, "conditions": [["id", ">", 1], ["id", "<", 9]]}]),
            vec![1, 9],
        ),
        (
            json!({"logic": "or", "conditions": [["id", 2], ["id", 5]]}),
            vec![2, 5],
        ),
        (json!([{"logic": "or", "conditions": []}]), vec![1, 2, 5, 9]),
    ] {
        assert_eq!(
            tasks_by(&portal, filter.clone()).await,
            expected,
            "{filter}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_a_filter_is_an_error_with_a_class_of_its_own() {
    let portal = tasks();
    for (filter, class) in [
        (json!({">id": 100}), "INVALIDFILTER"),
        (json!("id"), "INVALIDFILTER"),
        (json!(["id", ">", 1]), "INVALIDFILTER"),
        (json!([["id"]]), "INVALIDFILTER"),
        (json!([["id", ">", 1, 2]]), "INVALIDFILTER"),
        (
            json!([{"logic": "xor", "conditions": [["id", 1]]}]),
            "INVALIDFILTER",
        ),
        (json!([{"logic": "or"}]), "INVALIDFILTER"),
        (json!([["id", "~", 1]]), "UNKNOWNFILTEROPERATOR"),
        (json!([["ID", ">", 1]]), "UNKNOWNDTOPROPERTY"),
        (json!([["id", ">", "1"]]), "VALIDATION_REQUESTVALIDATION"),
        (json!([["id", "in", 1]]), "VALIDATION_REQUESTVALIDATION"),
        (
            json!([["id", "between", [1]]]),
            "VALIDATION_REQUESTVALIDATION",
        ),
        (
            json!([["title", "=", "Report"]]),
            "VALIDATION_REQUESTVALIDATION",
        ),
        (
            json!([["responsible", "=", 1]]),
            "VALIDATION_REQUESTVALIDATION",
        ),
    ] {
        assert_eq!(
            refused(&portal, "tasks.task.list", json!({ "filter": filter })).await,
            (400, class.to_owned()),
            "{filter}"
        );
    }
    let heard = v3(
        &portal,
        "tasks.task.list",
        json!({"filter": [["title", "=", "Report"]]}),
    )
    .await;
    assert_eq!(
        heard.json()["error"]["validation"],
        json!([{"message": "In DTO `TaskDto`, field `title` requires the `Filterable` attribute for this request", "field": "title"}])
    );
}

#[tokio::test(start_paused = true)]
async fn an_order_names_sortable_fields_and_directions() {
    let portal = tasks();
    let ordered =
        async |order: Json| ids(&portal, "tasks.task.list", json!({ "order": order })).await;
    assert_eq!(ordered(json!({"id": "DESC"})).await, [9, 5, 2, 1]);
    assert_eq!(ordered(json!({"title": "asc"})).await, [1, 2, 9, 5]);
    assert_eq!(
        ordered(json!({"creatorId": "DESC", "id": "DESC"})).await,
        [9, 5, 2, 1]
    );
    assert_eq!(ordered(json!({"deadline": "ASC"})).await, [2, 9, 1, 5]);
    for order in [
        json!({"description": "ASC"}),
        json!({"no": "ASC"}),
        json!({"id": "up"}),
        json!({"id": 1}),
        json!("id"),
        json!(["id"]),
    ] {
        assert_eq!(
            refused(&portal, "tasks.task.list", json!({ "order": order })).await,
            (400, "INVALIDORDER".to_owned()),
            "{order}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn fifty_rows_come_unless_asked_otherwise_and_never_more_than_a_thousand() {
    let portal = portal(PortalConfig::unlimited().rows("task", 2500));
    let page = async |pagination: Json| {
        ids(
            &portal,
            "tasks.task.list",
            json!({ "pagination": pagination }),
        )
        .await
    };
    assert_eq!(page(json!({})).await, (1..=50).collect::<Vec<_>>());
    assert_eq!(page(json!({"limit": 5000})).await.len(), 1000);
    assert_eq!(page(json!({"limit": "3"})).await, [1, 2, 3]);
    assert_eq!(page(json!({"limit": 2, "offset": 10})).await, [11, 12]);
    assert_eq!(page(json!({"limit": 2, "page": 3})).await, [5, 6]);
    for first in [0, 1] {
        let asked = json!({"page": first, "limit": 60});
        assert_eq!(page(asked).await, (1..=60).collect::<Vec<_>>());
    }
    assert_eq!(
        page(json!({"limit": 2, "page": 3, "offset": 100})).await,
        [5, 6],
        "a page overrides the offset"
    );
    assert_eq!(
        page(json!({"limit": 1000, "page": 3})).await.len(),
        500,
        "the last page is short"
    );
    assert_eq!(
        page(json!({"page": 100})).await,
        [0_u64; 0],
        "and behind it is nothing"
    );
    assert_eq!(
        page(json!({"page": u32::MAX, "limit": 1000})).await,
        [0_u64; 0]
    );
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_not_a_number_is_an_error() {
    let portal = tasks();
    for pagination in [
        json!({"limit": 0}),
        json!({"limit": -1}),
        json!({"limit": "abc"}),
        json!({"limit": 1.5}),
        json!({"offset": -1}),
        json!(7),
    ] {
        assert_eq!(
            refused(
                &portal,
                "tasks.task.list",
                json!({ "pagination": pagination })
            )
            .await,
            (400, "INVALIDPAGINATION".to_owned()),
            "{pagination}"
        );
    }
    let heard = v3(
        &portal,
        "tasks.task.list",
        json!({"pagination": {"limit": "abc"}}),
    )
    .await;
    assert_eq!(
        heard.json()["error"]["message"],
        r#"Unable to recognize pagination parameter `{"limit":"abc"}`"#
    );
}

#[tokio::test(start_paused = true)]
async fn tasks_without_a_select_are_their_ids() {
    let heard = v3(&tasks(), "tasks.task.list", json!({"filter": [["id", 1]]})).await;
    assert_eq!(heard.result()["items"], json!([{"id": 1}]));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_field_of_the_object_is_left_out_and_one_of_a_relation_is_an_error() {
    let portal = tasks();
    let selected = async |select: Json| {
        let body = json!({"filter": [["id", 2]], "select": select});
        v3(&portal, "tasks.task.list", body).await
    };
    assert_eq!(
        selected(json!(["id", "TITLE", "nothing"])).await.result()["items"],
        json!([{"id": 2}])
    );
    let heard = selected(json!(["title", "status", "responsibleId", "priority"])).await;
    assert_eq!(
        heard.result()["items"],
        json!([{"id": 2, "title": "Call Bob", "status": "in_progress", "responsibleId": 1, "priority": "high"}])
    );
    let heard = selected(json!(["responsible.stageId"])).await;
    assert_eq!(error(&heard), (400, "UNKNOWNDTOPROPERTY".to_owned()));
    assert_eq!(
        heard.json()["error"]["message"],
        "Unknown field `stageId` for entity `UserDto`"
    );
    for select in [
        json!(["no.such"]),
        json!(["title.length"]),
        json!(["parent.parent.parent.parent.id"]),
    ] {
        assert_eq!(error(&selected(select).await).1, "UNKNOWNDTOPROPERTY");
    }
    for select in [json!("id"), json!([1]), json!([["id"]])] {
        assert_eq!(error(&selected(select).await).1, "INVALIDSELECT");
    }
}

#[tokio::test(start_paused = true)]
async fn related_objects_come_in_the_same_reply() {
    let portal = tasks();
    let users = call(&portal, "user.get", json!({"ID": 1})).await.result();
    let heard = v3(
        &portal,
        "tasks.task.list",
        json!({"filter": [["id", "in", [2, 9]]],
               "select": ["responsible.email", "responsible.id", "group.name", "accomplices.id", "parent.title"]}),
    )
    .await;
    let items = heard.result()["items"].clone();
    assert_eq!(
        items[0]["responsible"],
        json!({"email": users[0]["EMAIL"], "id": 1})
    );
    assert_eq!(items[0]["group"], json!({"name": "Проект 10"}));
    assert_eq!(items[0]["accomplices"], json!([{"id": 3}, {"id": 4}]));
    assert_eq!(items[0]["parent"], Json::Null);
    assert_eq!(items[1]["parent"], json!({"title": "Report"}));
    assert_eq!(items[1]["group"], Json::Null);
    assert_eq!(items[1]["accomplices"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_walk_by_id_meets_every_task_once() {
    let portal = portal(PortalConfig::unlimited().sparse_rows("task", 3210, 0.4));
    let (mut last, mut seen) = (0, Vec::new());
    loop {
        let page = ids(
            &portal,
            "tasks.task.list",
            json!({"filter": [["id", ">", last]], "order": {"id": "ASC"}, "pagination": {"limit": 1000}}),
        )
        .await;
        let Some(&end) = page.last() else { break };
        last = end;
        seen.extend(page);
    }
    assert_eq!(seen.len(), 3210);
    assert!(seen.is_sorted());
}
