//! Tasks: one of them read, made, changed, deleted.

use super::*;

async fn get_task(portal: &Portal, id: u64) -> Json {
    let heard = v3(portal, "tasks.task.get", json!({ "id": id })).await;
    assert_eq!(heard.status, 200, "{}", heard.body);
    heard.result()["item"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_task_has_types_and_words_where_the_older_version_has_strings_and_numbers() {
    let task = get_task(&tasks(), 2).await;
    for (name, expected) in [
        ("id", json!(2)),
        ("status", json!("in_progress")),
        ("priority", json!("high")),
        ("mark", json!("positive")),
        ("needsControl", json!(false)),
        ("deadline", json!(null)),
        ("crmItemIds", json!(["D_7"])),
        ("inFavorite", json!([1])),
        ("inPin", json!([])),
        ("plannedDuration", json!(0)),
        ("link", json!("/company/personal/user/1/tasks/task/view/2/")),
    ] {
        assert_eq!(task[name], expected, "{name}");
    }
    assert!(
        task.get("responsible").is_none() && task.get("responsibleId").is_none(),
        "relations come where they are asked for"
    );
    assert_eq!(
        get_task(&tasks(), 1).await["deadline"],
        "2026-01-01T10:00:00+03:00"
    );
}

#[tokio::test(start_paused = true)]
async fn the_id_is_a_number_and_of_a_task() {
    let portal = tasks();
    let get = async |body: Json| v3(&portal, "tasks.task.get", body).await;
    assert_eq!(complained_of(&get(json!({})).await), "id");
    let heard = get(json!({"id": "1"})).await;
    assert_eq!(complained_of(&heard), "id");
    assert_eq!(
        heard.json()["error"]["validation"][0]["message"],
        "Field `id` requires data type `int` for this request"
    );
    for id in [3, 0, -1] {
        let heard = get(json!({ "id": id })).await;
        assert_eq!(error(&heard), (400, "ENTITYNOTFOUND".to_owned()), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_task_is_there_in_both_versions() {
    let portal = tasks();
    let heard = v3(
        &portal,
        "tasks.task.add",
        json!({"fields": {"title": "New", "creatorId": 3, "responsibleId": 2, "needsControl": true,
                          "deadline": "2026-12-31T23:59:59+02:00", "status": "deferred", "mark": "negative",
                          "accomplices": [4], "crmItemIds": ["L_1"], "parentId": 5}}),
    )
    .await;
    let item = heard.result()["item"].clone();
    assert_eq!(
        (&item["id"], &item["title"], &item["needsControl"]),
        (&json!(10), &json!("New"), &json!(true))
    );
    assert_eq!(item["deadline"], "2027-01-01T00:59:59+03:00");
    let older = call(
        &portal,
        "tasks.task.get",
        json!({"taskId": 10, "select": ["*", "UF_CRM_TASK"]}),
    )
    .await;
    let older = older.result()["task"].clone();
    for (name, expected) in [
        ("title", json!("New")),
        ("createdBy", json!("3")),
        ("responsibleId", json!("2")),
        ("status", json!("6")),
        ("mark", json!("N")),
        ("taskControl", json!("Y")),
        ("ufCrmTask", json!(["L_1"])),
        ("parentId", json!("5")),
    ] {
        assert_eq!(older[name], expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_task_needs_a_title_a_creator_and_an_assignee_who_exist() {
    let portal = tasks();
    let add = async |fields: Json| v3(&portal, "tasks.task.add", json!({ "fields": fields })).await;
    assert_eq!(
        complained_of(&v3(&portal, "tasks.task.add", json!({})).await),
        "fields"
    );
    let heard = add(json!({"title": " "})).await;
    let validation = heard.json()["error"]["validation"].clone();
    let fields: Vec<&str> = validation
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["title", "creatorId", "responsibleId"]);
    let with = |name: &str, value: Json| {
        let mut fields = json!({"title": "New", "creatorId": 1, "responsibleId": 1});
        fields[name] = value;
        fields
    };
    for (name, value) in [
        ("responsibleId", json!(999)),
        ("responsibleId", json!("1")),
        ("creatorId", json!(999)),
        ("parentId", json!(3)),
        ("deadline", json!("soon")),
        ("deadline", json!(1)),
        ("needsControl", json!("yes")),
        ("status", json!("5")),
        ("id", json!(5)),
        ("created", json!("2026-01-01")),
        ("responsible", json!({"id": 1})),
    ] {
        let heard = add(with(name, value.clone())).await;
        assert_eq!(complained_of(&heard), name, "{value}");
    }
    let heard = add(with("TITLE", json!("x"))).await;
    assert_eq!(error(&heard), (400, "UNKNOWNDTOPROPERTY".to_owned()));
    assert_eq!(ids(&portal, "tasks.task.list", json!({})).await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_change_is_true_and_not_of_who_made_the_task() {
    let portal = tasks();
    let update = async |body: Json| v3(&portal, "tasks.task.update", body).await;
    let heard =
        update(json!({"id": 1, "fields": {"title": "Called Ann", "status": "completed"}})).await;
    assert_eq!(heard.result(), json!({"result": true}));
    let task = get_task(&portal, 1).await;
    assert_eq!(
        (&task["title"], &task["status"], &task["closed"]),
        (
            &json!("Called Ann"),
            &json!("completed"),
            &json!("2026-03-01T10:00:00+03:00")
        )
    );
    let heard = update(json!({"id": 1, "fields": {"creatorId": 2}})).await;
    assert_eq!(complained_of(&heard), "creatorId");
    assert_eq!(
        heard.json()["error"]["validation"][0]["message"],
        "In DTO `TaskDto`, field `creatorId` requires the `Editable` attribute for this request"
    );
    let heard = update(json!({"id": 5, "fields": {"parentId": 5}})).await;
    assert_eq!(complained_of(&heard), "parentId");
    let heard = update(json!({"id": 1})).await;
    assert_eq!(complained_of(&heard), "fields");
    let heard = update(json!({"id": 3, "fields": {"title": "x"}})).await;
    assert_eq!(error(&heard), (403, "ACCESSDENIED".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_task_is_gone_from_both_versions() {
    let portal = tasks();
    let heard = v3(&portal, "tasks.task.delete", json!({"id": 5})).await;
    assert_eq!(heard.result(), json!({"result": true}));
    assert_eq!(ids(&portal, "tasks.task.list", json!({})).await, [1, 2, 9]);
    let older = call(&portal, "tasks.task.get", json!({"taskId": 5})).await;
    assert_eq!((older.status, older.result()), (200, json!([])));
    let heard = v3(&portal, "tasks.task.delete", json!({"id": 5})).await;
    assert_eq!(error(&heard), (403, "ACCESSDENIED".to_owned()));
}
