//! Results of tasks, follow-ups of calls, files of notes, and the chats of departments.

use super::*;

#[tokio::test]
async fn the_results_of_a_task_are_filtered_sorted_and_paged() {
    let portal = tasks();
    for text in ["One", "Two", "Three"] {
        let result = json!({ "fields": { "taskId": 2, "text": text } });
        v3(&portal, "tasks.task.result.add", result).await.result();
    }
    let other = json!({ "fields": { "taskId": 1, "text": "Other" } });
    v3(&portal, "tasks.task.result.add", other).await.result();
    let list = "tasks.task.result.list";
    let of_task = json!({ "filter": [["taskId", 2]] });
    assert_eq!(ids(&portal, list, of_task).await, [1, 2, 3]);
    let sorted = json!({
        "filter": [["taskId", 2], ["id", ">", 1]], "order": { "id": "DESC" },
        "select": ["id", "author", "rights"], "pagination": { "limit": 1, "offset": 1 }
    });
    let heard = v3(&portal, list, sorted).await;
    let item = &heard.result()["items"][0];
    assert_eq!(item["id"], 2);
    assert_eq!(item["author"], json!({ "id": 1 }));
    assert!(item.get("text").is_none());
    for (filter, field) in [
        (json!(null), "filter"),
        (json!([["id", 1]]), "filter.taskId"),
        (json!([["taskId", "2"]]), "taskId"),
    ] {
        let refused = v3(&portal, list, json!({ "filter": filter })).await;
        assert_eq!(complained_of(&refused), field);
    }
    for (body, class) in [
        (json!({ "filter": { "taskId": 2 } }), "INVALIDFILTER"),
        (
            json!({ "filter": [["taskId", "~", 2]] }),
            "UNKNOWNFILTEROPERATOR",
        ),
        (
            json!({ "filter": [["taskId", 2]], "order": { "id": "up" } }),
            "INVALIDORDER",
        ),
    ] {
        assert_eq!(
            error(&v3(&portal, list, body).await),
            (400, class.to_owned())
        );
    }
    let foreign = v3(&portal, list, json!({ "filter": [["taskId", 77]] })).await;
    assert_eq!(error(&foreign), (403, "ACCESSDENIED".to_owned()));
}

fn with_calls() -> Portal {
    let calls: Vec<Json> = (1..=3)
        .map(|id| {
            json!({
                "callId": id, "callType": 1, "initiatorId": 1,
                "startDate": format!("2026-01-0{id}T10:00:00+03:00"), "durationSeconds": 60,
                "participants": [{ "userId": id, "talkedSeconds": 30 }],
                "overview": { "topic": "Plan", "agenda": ["a"] }
            })
        })
        .collect();
    let calls = serde_json::from_value(Json::Array(calls)).unwrap();
    portal(PortalConfig::unlimited().load("call.followup", calls))
}

#[tokio::test]
async fn the_follow_up_of_a_call_is_read_in_parts() {
    let portal = with_calls();
    let get = "call.followup.get";
    let whole = v3(&portal, get, json!({ "callId": 2 })).await.result();
    assert_eq!(
        (&whole["item"]["callId"], &whole["item"]["summary"]),
        (&json!(2), &Json::Null)
    );
    let base = v3(&portal, get, json!({ "callId": 2, "select": [] }))
        .await
        .result();
    assert_eq!(base["item"].as_object().unwrap().len(), 6);
    let part = json!({ "callId": 2, "select": ["overview.topic"] });
    let part = v3(&portal, get, part).await.result();
    assert_eq!(
        part["item"],
        json!({ "callId": 2, "overview": { "topic": "Plan" } })
    );
    assert_eq!(complained_of(&v3(&portal, get, json!({})).await), "callId");
    let format = json!({ "callId": 2, "mentionFormat": "xml" });
    assert_eq!(
        complained_of(&v3(&portal, get, format).await),
        "mentionFormat"
    );
    let unknown = v3(
        &portal,
        get,
        json!({ "callId": 2, "select": ["overview.x"] }),
    )
    .await;
    assert_eq!(error(&unknown), (400, "invalid_select_field".to_owned()));
    let missing = v3(&portal, get, json!({ "callId": 9 })).await;
    assert_eq!(error(&missing), (400, "ENTITYNOTFOUND".to_owned()));
}

#[tokio::test]
async fn follow_ups_are_listed_by_period_and_walked_by_a_cursor() {
    let portal = with_calls();
    let list = "call.followup.list";
    let year =
        json!({ "startDate": { "from": "2026-01-01T00:00:00Z", "to": "2026-12-31T00:00:00Z" } });
    let first = json!({ "filter": year, "pagination": { "limit": 2 } });
    let first = v3(&portal, list, first).await.result();
    let calls = |page: &Json| -> Vec<u64> {
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["callId"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(
        (calls(&first), &first["hasMore"]),
        (vec![3, 2], &json!(true))
    );
    let cursor = &first["afterCursor"];
    let next = json!({ "filter": year, "pagination": { "limit": 2, "afterCursor": cursor } });
    let next = v3(&portal, list, next).await.result();
    assert_eq!((calls(&next), &next["afterCursor"]), (vec![1], &Json::Null));
    let mut of_user = year.clone();
    of_user["participantId"] = json!(3);
    let ascending = json!({ "filter": of_user, "order": { "startDate": "asc" } });
    assert_eq!(calls(&v3(&portal, list, ascending).await.result()), [3]);
    for (body, code) in [
        (json!({}), "invalid_date_range"),
        (
            json!({ "filter": year, "order": { "id": "asc" } }),
            "invalid_order",
        ),
        (
            json!({ "filter": year, "pagination": { "limit": 0 } }),
            "invalid_pagination",
        ),
    ] {
        assert_eq!(
            error(&v3(&portal, list, body).await),
            (400, code.to_owned())
        );
    }
}

#[tokio::test]
async fn a_file_is_kept_with_the_document_of_a_knowledge_base() {
    let portal = tasks();
    v3(
        &portal,
        "note.collection.add",
        json!({ "fields": { "name": "Base" } }),
    )
    .await;
    let document = json!({ "fields": { "title": "Plan", "collectionId": 1 } });
    let document = v3(&portal, "note.document.add", document).await.result();
    let document = &document["item"]["id"];
    let file = |name: &str, content: &str| json!({ "documentId": document, "fileName": name, "fileContent": content });
    let add = "note.file.add";
    let added = v3(&portal, add, file("diagram.png", "aGVsbG8="))
        .await
        .result();
    let item = &added["item"];
    assert_eq!(
        (&item["size"], &item["mimeType"]),
        (&json!(5), &json!("image/png"))
    );
    assert_eq!(
        item["assetMarkdown"],
        format!("[[image fileId={}]]", item["id"])
    );
    let get = json!({ "id": item["id"], "documentId": document });
    assert_eq!(v3(&portal, "note.file.get", get).await.result(), added);
    let refused = v3(&portal, add, file("a.png", "***")).await;
    assert_eq!(complained_of(&refused), "fileContent");
    let refused = v3(&portal, add, file("a.exe", "aGVsbG8=")).await;
    assert_eq!(
        error(&refused),
        (400, "NOTE_FILE_TYPE_NOT_ALLOWED".to_owned())
    );
    let missing = v3(
        &portal,
        "note.file.get",
        json!({ "id": 9, "documentId": document }),
    )
    .await;
    assert_eq!(error(&missing), (400, "ENTITYNOTFOUND".to_owned()));
}

#[tokio::test]
async fn a_department_has_chats_that_its_children_may_share() {
    let portal = tasks();
    for node in [
        json!({ "type": "DEPARTMENT", "name": "All" }),
        json!({ "type": "DEPARTMENT", "name": "Sales", "parentId": 1 }),
    ] {
        v3(&portal, "humanresources.node.add", node).await.result();
    }
    let edit = "humanresources.node.communication.edit";
    let list = "humanresources.node.communication.list";
    let change = json!({
        "nodeId": 1, "communicationType": "CHAT", "createDefault": true, "withChildren": true
    });
    let changed = v3(&portal, edit, change).await.result();
    assert_eq!(changed, json!({ "success": true }));
    let child = v3(&portal, list, json!({ "id": 2 })).await.result();
    let chat = &child["chats"][0];
    assert_eq!(
        (&chat["title"], &chat["originalNodeId"]),
        (&json!("All"), &json!(1))
    );
    assert_eq!(chat["dialogId"], format!("chat{}", chat["id"]));
    assert_eq!(
        (&child["chatsNoAccess"], &child["collabs"]),
        (&json!(0), &json!([]))
    );
    let remove = json!({ "nodeId": 2, "communicationType": "CHAT", "removeIds": [chat["id"]] });
    v3(&portal, edit, remove).await.result();
    let child = v3(&portal, list, json!({ "id": 2 })).await.result();
    assert_eq!(child["chats"], json!([]));
    let parent = v3(&portal, list, json!({ "id": 1 })).await.result();
    assert_eq!(parent["chats"].as_array().unwrap().len(), 1);
    for (body, field) in [
        (json!({ "communicationType": "CHAT" }), "nodeId"),
        (json!({ "nodeId": 1 }), "communicationType"),
        (
            json!({ "nodeId": 1, "communicationType": "ROOM" }),
            "communicationType",
        ),
        (
            json!({ "nodeId": 9, "communicationType": "CHAT" }),
            "nodeId",
        ),
    ] {
        assert_eq!(complained_of(&v3(&portal, edit, body).await), field);
    }
    assert_eq!(
        complained_of(&v3(&portal, list, json!({ "id": 9 })).await),
        "id"
    );
}
