//! The lists of knowledge bases and their documents.

use super::*;

async fn add(portal: &Portal, method: &str, fields: Json) {
    let heard = v3(portal, method, json!({ "fields": fields })).await;
    assert_eq!(heard.status, 200, "{}", heard.body);
}

#[tokio::test]
async fn knowledge_bases_come_page_by_page() {
    let portal = tasks();
    for (name, position) in [("One", 200), ("Two", 100), ("Three", 100)] {
        add(
            &portal,
            "note.collection.add",
            json!({ "name": name, "position": position }),
        )
        .await;
    }
    let first = json!({ "pagination": { "limit": 2 } });
    let first = v3(&portal, "note.collection.list", first).await.result();
    let names = |page: &Json| {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["name"].clone()).collect::<Json>()
    };
    assert_eq!(names(&first), json!(["Two", "Three"]));
    assert_eq!(first["nextCursor"], json!({ "position": 100, "id": 3 }));
    let next = json!({ "pagination": { "limit": 2, "afterCursor": first["nextCursor"] } });
    let last = v3(&portal, "note.collection.list", next).await.result();
    assert_eq!(
        (names(&last), &last["nextCursor"]),
        (json!(["One"]), &Json::Null)
    );
}

#[tokio::test]
async fn documents_of_a_knowledge_base_are_a_tree_and_are_found_by_their_words() {
    let portal = tasks();
    add(&portal, "note.collection.add", json!({ "name": "Food" })).await;
    for document in [
        json!({ "collectionId": 1, "title": "Soups", "markdown": "A recipe for every day" }),
        json!({ "collectionId": 1, "parentId": 1, "title": "Borscht recipe", "markdown": "Beet and the like" }),
    ] {
        add(&portal, "note.document.add", document).await;
    }
    let tree = v3(
        &portal,
        "note.document.tree.list",
        json!({ "collectionId": 1 }),
    )
    .await
    .result();
    assert_eq!(
        tree,
        json!({ "items": [{ "id": 1, "collectionId": 1, "parentId": null, "title": "Soups", "position": 1, "children": [
            { "id": 2, "collectionId": 1, "parentId": 1, "title": "Borscht recipe", "position": 1, "children": [] }
        ] }], "truncated": false })
    );
    let refused = v3(&portal, "note.document.tree.list", json!({})).await;
    assert_eq!(
        error(&refused),
        (400, "VALIDATION_REQUESTVALIDATION".to_owned())
    );
    let refused = v3(
        &portal,
        "note.document.tree.list",
        json!({ "collectionId": 9 }),
    )
    .await;
    assert_eq!(error(&refused), (400, "ENTITYNOTFOUND".to_owned()));
    let found = v3(
        &portal,
        "note.document.search.list",
        json!({ "query": "recipe" }),
    )
    .await
    .result();
    let ids: Vec<&Json> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["documentId"])
        .collect();
    assert_eq!(ids, [2, 1]);
    assert_eq!(
        found["items"][1]["snippet"],
        "...A <b>recipe</b> for every day..."
    );
    assert_eq!(found["hasMore"], false);
    let refused = v3(
        &portal,
        "note.document.search.list",
        json!({ "query": "so" }),
    )
    .await;
    assert_eq!(error(&refused).1, "NOTE_SEARCH_QUERY_TOO_SHORT");
}
