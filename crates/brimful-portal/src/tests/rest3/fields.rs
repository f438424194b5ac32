//! What REST 3.0 says about itself.

use super::*;

#[tokio::test(start_paused = true)]
async fn fields_are_listed_with_what_can_be_done_with_them() {
    let portal = tasks();
    let heard = v3(
        &portal,
        "tasks.task.field.list",
        json!({"select": ["name", "type", "filterable", "sortable", "multiple"]}),
    )
    .await;
    let items = heard.result()["items"].clone();
    assert_eq!(
        items[0],
        json!({"name": "id", "type": "int", "filterable": true, "sortable": true, "multiple": false})
    );
    let filterable = items.as_array().unwrap().iter();
    assert_eq!(
        filterable
            .filter(|field| field["filterable"] == true)
            .count(),
        1
    );
    let heard = v3(&portal, "main.eventlog.field.list", json!({})).await;
    let items = heard.result()["items"].clone();
    let names: Vec<&str> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "id",
            "timestampX",
            "severity",
            "auditTypeId",
            "moduleId",
            "itemId",
            "remoteAddr",
            "userAgent",
            "requestUri",
            "siteId",
            "userId",
            "guestId",
            "description"
        ]
    );
    assert_eq!(items[0].as_object().unwrap().len(), 11);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_field_of_a_field_is_an_error() {
    let portal = tasks();
    let heard = v3(
        &portal,
        "tasks.task.field.list",
        json!({"select": ["unknownField"]}),
    )
    .await;
    assert_eq!(error(&heard), (400, "UNKNOWNDTOPROPERTY".to_owned()));
    assert_eq!(
        heard.json()["error"]["message"],
        "Unknown field `unknownField` for entity `DtoFieldDto`"
    );
    let heard = v3(&portal, "tasks.task.field.list", json!({"select": "name"})).await;
    assert_eq!(error(&heard), (400, "INVALIDSELECT".to_owned()));
    let heard = v3(
        &portal,
        "tasks.task.field.get",
        json!({"name": "responsible", "select": ["name", "elementType"]}),
    )
    .await;
    assert_eq!(
        heard.result(),
        json!({"item": {"name": "responsible", "elementType": "UserDto"}})
    );
    let heard = v3(&portal, "tasks.task.field.get", json!({"name": "no"})).await;
    assert_eq!(error(&heard).1, "ENTITYNOTFOUND");
}

#[tokio::test(start_paused = true)]
async fn the_documentation_is_the_whole_body() {
    let portal = tasks();
    let heard = get(&portal, "/rest/api/1/demo/rest.documentation.openapi").await;
    let document = heard.json();
    assert_eq!(document["openapi"], "3.0.0");
    assert!(document.get("result").is_none() && document.get("time").is_none());
    let short = v3(&portal, "documentation", json!({})).await;
    assert_eq!(short.body, heard.body);
    let paths = document["paths"].as_object().unwrap();
    for path in paths.keys() {
        let method = path.trim_start_matches('/');
        let heard = v3(&portal, method, json!({"id": 1})).await;
        assert_ne!(heard.status, 404, "{method}");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for reference in heard.body.split("#\\/components\\/schemas\\/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
    assert_eq!(
        document["paths"]["/tasks.task.get"]["post"]["requestBody"]["content"]["application/json"]
            ["schema"]["required"],
        json!(["id"])
    );
    assert_eq!(
        schemas["TaskDto"]["properties"]["deadline"],
        json!({"type": "string", "format": "date-time"})
    );
}

#[tokio::test(start_paused = true)]
async fn scopes_are_listed_by_module_controller_and_method() {
    let portal = tasks();
    let all = v3(&portal, "rest.scope.list", json!({})).await.result();
    assert_eq!(all["tasks"]["task"]["list"]["scope"], "tasks.task.list");
    assert_eq!(
        all["main"]["eventlog.field"]["list"]["scope"],
        "main.eventlog.field.list"
    );
    let some = v3(
        &portal,
        "rest.scope.list",
        json!({"filterModule": "main", "filterMethod": "tail"}),
    )
    .await;
    let some = some.result();
    assert_eq!(some.as_object().unwrap().len(), 1);
    assert_eq!(
        some["main"]["eventlog"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["tail"]
    );
}
