//! The structure of a company: its departments and teams, and who belongs to them.

use super::*;

fn company() -> Portal {
    let users = ["Ann", "Bob", "Cleo", "Dan"].iter().enumerate();
    let users: Vec<Json> = users
        .map(|(i, name)| json!({ "ID": i + 1, "NAME": name, "LAST_NAME": "Lee", "ACTIVE": true }))
        .collect();
    let users = serde_json::from_value(Json::Array(users)).unwrap();
    portal(with_tasks().load("user", users))
}

async fn add(portal: &Portal, node: Json) -> Json {
    v3(portal, "humanresources.node.add", node).await.result()
}

/// Who belongs to a node, and with which role.
async fn members(portal: &Portal, node: u64) -> Json {
    let heard = v3(portal, "humanresources.node.get", json!({ "id": node })).await;
    let item = heard.result()["item"].clone();
    let members = item["members"].as_array().unwrap().iter();
    assert_eq!(item["userCount"], json!(members.len()), "{}", heard.body);
    members
        .map(|member| json!([member["userId"], member["role"]]))
        .collect()
}

#[tokio::test]
async fn a_department_is_added_with_its_members_and_has_children() {
    let portal = company();
    let root = add(
        &portal,
        json!({ "type": "DEPARTMENT", "name": "All", "userIds": { "MEMBER_EMPLOYEE": [2, 3, 99], "MEMBER_HEAD": [1] } }),
    )
    .await;
    assert_eq!(
        (&root["accessCode"], &root["userCount"]),
        (&json!("DR1"), &json!(3))
    );
    assert_eq!(
        root["members"][0],
        json!({ "userId": 1, "name": "Ann Lee", "workPosition": "", "role": "MEMBER_HEAD", "avatar": null,
                "url": "/company/personal/user/1/" })
    );
    add(
        &portal,
        json!({ "type": "TEAM", "name": "Red", "parentId": 1 }),
    )
    .await;
    let children = v3(&portal, "humanresources.node.children", json!({ "id": 1 })).await;
    let children = children.result()["items"].clone();
    assert_eq!(
        (&children[0]["name"], children[0].get("members")),
        (&json!("Red"), None)
    );
    let count = v3(&portal, "humanresources.node.count", json!({})).await;
    assert_eq!(count.result(), json!({ "departments": 1, "teams": 1 }));
    for (node, field) in [
        (json!({ "type": "DEPARTMENT" }), "name"),
        (json!({ "type": "CLUB", "name": "x" }), "type"),
        (
            json!({ "type": "TEAM", "name": "x", "userIds": { "MEMBER_HEAD": [1] } }),
            "userIds",
        ),
    ] {
        let refused = v3(&portal, "humanresources.node.add", node).await;
        assert_eq!(
            error(&refused),
            (400, "VALIDATION_REQUESTVALIDATION".to_owned())
        );
        assert_eq!(refused.json()["error"]["validation"][0]["field"], field);
    }
}

#[tokio::test]
async fn nodes_are_listed_and_found_by_their_type() {
    let portal = company();
    for (kind, name) in [
        ("DEPARTMENT", "Sales"),
        ("TEAM", "Sales red"),
        ("TEAM", "Blue"),
    ] {
        add(&portal, json!({ "type": kind, "name": name })).await;
    }
    let names = |page: &Json| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let list = "humanresources.node.list";
    let teams = v3(&portal, list, json!({ "type": "TEAM" })).await.result();
    assert_eq!(names(&teams), ["Sales red", "Blue"]);
    let search = "humanresources.node.search";
    let found = v3(&portal, search, json!({ "type": "TEAM", "name": "sales" })).await;
    assert_eq!(names(&found.result()), ["Sales red"]);
    for (method, body, field) in [
        (list, json!({}), "type"),
        (list, json!({ "type": "CLUB" }), "type"),
        (search, json!({ "type": "TEAM" }), "name"),
        (search, json!({ "name": "x" }), "type"),
    ] {
        assert_eq!(complained_of(&v3(&portal, method, body).await), field);
    }
}

#[tokio::test]
async fn members_are_added_moved_set_and_removed() {
    let portal = company();
    for name in ["One", "Two"] {
        add(&portal, json!({ "type": "DEPARTMENT", "name": name })).await;
    }
    let done = json!({ "success": true });
    let to = json!({ "nodeId": 1, "userIds": [1, 2], "role": "MEMBER_EMPLOYEE" });
    let added = v3(&portal, "humanresources.node.member.add", to).await;
    assert_eq!(added.result(), done);
    let to = json!({ "nodeId": 2, "userIds": [2] });
    v3(&portal, "humanresources.node.member.move", to).await;
    assert_eq!(members(&portal, 1).await, json!([[1, "MEMBER_EMPLOYEE"]]));
    assert_eq!(members(&portal, 2).await, json!([[2, "MEMBER_EMPLOYEE"]]));
    let to = json!({ "nodeId": 2, "userIds": { "MEMBER_HEAD": [1], "MEMBER_EMPLOYEE": [3, 4] } });
    assert_eq!(
        v3(&portal, "humanresources.node.member.set", to)
            .await
            .result(),
        done
    );
    let below = v3(
        &portal,
        "humanresources.employee.subordinates",
        json!({ "id": 1 }),
    )
    .await;
    let two = json!({ "nodeId": 2, "name": "Two", "role": "HEAD", "subordinatesCount": 2 });
    assert_eq!(below.result(), json!({ "userId": 1, "departments": [two] }));
    let several = v3(
        &portal,
        "humanresources.employee.multidepartment",
        json!({}),
    )
    .await;
    assert_eq!(
        (
            &several.result()["total"],
            &several.result()["employees"][0]["userId"]
        ),
        (&json!(1), &json!(1))
    );
    let gone = json!({ "nodeId": 2, "userIds": [3, 2] });
    let removed = v3(&portal, "humanresources.node.member.remove", gone).await;
    assert_eq!(
        removed.result(),
        json!({ "removed": [3], "failed": [{ "userId": 2, "reason": "Not found in this node" }] })
    );
    assert_eq!(
        members(&portal, 2).await,
        json!([[1, "MEMBER_HEAD"], [4, "MEMBER_EMPLOYEE"]])
    );
}

#[tokio::test]
async fn members_without_a_node_a_role_or_users_are_refused() {
    let portal = company();
    add(&portal, json!({ "type": "DEPARTMENT", "name": "One" })).await;
    let method = "humanresources.node.member.add";
    for (to, text) in [
        (
            json!({ "userIds": [1] }),
            "Parameter \"nodeId\" is required.",
        ),
        (
            json!({ "nodeId": 1, "role": "MEMBER_HEAD" }),
            "Parameter \"userIds\" is required and must be a non-empty array.",
        ),
        (
            json!({ "nodeId": 1, "userIds": [1] }),
            "Parameter \"role\" is required.",
        ),
        (
            json!({ "nodeId": 1, "userIds": [1], "role": "OWNER" }),
            "Invalid role OWNER. Allowed: MEMBER_HEAD, MEMBER_DEPUTY_HEAD, MEMBER_EMPLOYEE.",
        ),
    ] {
        let refused = v3(&portal, method, to).await;
        assert_eq!(refused.json()["error"]["validation"][0]["message"], text);
    }
    let nowhere = json!({ "nodeId": 9, "userIds": [1], "role": "MEMBER_HEAD" });
    let refused = v3(&portal, method, nowhere).await;
    assert_eq!(error(&refused), (400, "ENTITYNOTFOUND".to_owned()));
}

#[tokio::test]
async fn employees_are_counted_and_found_by_their_names() {
    let portal = company();
    let total = v3(&portal, "humanresources.employee.count", json!({})).await;
    assert_eq!(total.result(), json!({ "total": 4 }));
    add(
        &portal,
        json!({ "type": "DEPARTMENT", "name": "One", "userIds": { "MEMBER_EMPLOYEE": [2] } }),
    )
    .await;
    let named = json!({ "name": "lee", "nodeId": 1, "select": ["userId", "departments"] });
    let found = v3(&portal, "humanresources.employee.search", named).await;
    assert_eq!(
        found.result(),
        json!({ "items": [{ "userId": 2, "departments": [{ "id": 1, "name": "One" }] }] })
    );
    let refused = v3(&portal, "humanresources.employee.search", json!({})).await;
    assert_eq!(
        error(&refused),
        (400, "VALIDATION_REQUESTVALIDATION".to_owned())
    );
}
