//! The page that shows what a portal is asked, and what it is made from.

use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::context::settings::Webhook;

fn headers(response: &Response<Bytes>) -> &HeaderMap {
    response.headers()
}

#[tokio::test]
async fn the_page_loads_its_own_files_and_nothing_else() {
    let portal = plain();
    for (path, media_type) in [
        ("/_portal/", "text/html; charset=utf-8"),
        ("/_portal/inspector.css", "text/css; charset=utf-8"),
        ("/_portal/inspector.js", "text/javascript; charset=utf-8"),
        ("/_portal/texts.js", "text/javascript; charset=utf-8"),
    ] {
        let heard = get(&portal, path).await;
        assert_eq!(heard.status, 200, "{path}");
        assert_eq!(heard.header("content-type"), media_type);
        let policy = heard.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert_eq!(heard.header("x-content-type-options"), "nosniff");
        for forbidden in [
            "http://",
            "https://",
            "innerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            let found = heard.body.replace("http://www.w3.org/2000/svg", "");
            assert!(!found.contains(forbidden), "{path}: {forbidden}");
        }
    }
    let heard = get(&portal, "/_portal").await;
    assert_eq!((heard.status, heard.header("location")), (302, "/_portal/"));
    assert_eq!(get(&portal, "/_portal/nothing.js").await.status, 404);
}

#[tokio::test]
async fn another_site_gets_neither_the_page_nor_what_it_shows() {
    let portal = plain();
    for path in [
        "/_portal/",
        "/_portal/stream",
        "/_portal/rows?entity=user",
        "/_portal/curl?number=1",
    ] {
        for (name, value) in [
            ("host", "evil.test"),
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.test"),
        ] {
            let mut request = Request::get(path).header("host", "127.0.0.1:8024");
            if name == "host" {
                request = Request::get(path);
            }
            let request = request.header(name, value).body(Bytes::new()).unwrap();
            let heard = Heard::of(portal.handle(request, HERE).await);
            assert_eq!(heard.status, 403, "{path} {name}");
        }
    }
    // From another machine the page comes where there is a token, and what it shows only with that.
    let portal = Portal::new(PortalConfig::unlimited().admin_token("s3cret")).unwrap();
    let there = IpAddr::from([192, 0, 2, 7]);
    for (path, authorization, status) in [
        ("/_portal/", "", 200),
        ("/_portal/stream", "", 403),
        ("/_portal/stream", "Bearer s3cret", 200),
    ] {
        let request = Request::get(path).header("host", "portal:8024");
        let request = request.header("authorization", authorization);
        let request = request.body(Bytes::new()).unwrap();
        let heard = Heard::of(portal.handle(request, there).await);
        assert_eq!(heard.status, status, "{path}");
    }
}

#[tokio::test]
async fn requests_come_over_the_stream_without_secrets_and_it_ends_with_the_portal() {
    let config = PortalConfig::new()
        .webhooks([Webhook::new(1, "s3cretcode")])
        .rows("lead", 3);
    let server = config.start().await.unwrap();
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = format!(
        "GET /_portal/stream HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.address()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = String::new();
    let mut part = [0; 4096];
    while !heard.contains(": live") {
        let read = stream.read(&mut part).await.unwrap();
        heard.push_str(&String::from_utf8_lossy(&part[..read]));
    }
    assert!(heard.contains("text/event-stream"), "{heard}");
    let request = Request::get("/rest/1/s3cretcode/crm.lead.list?select[0]=ID&auth=t0ken")
        .body(Bytes::new())
        .unwrap();
    let _ = server.portal().handle(request, HERE).await;
    while !heard.contains("\n\ndata") && !heard.contains("\"milliseconds\"") {
        let read = stream.read(&mut part).await.unwrap();
        assert_ne!(read, 0, "{heard}");
        heard.push_str(&String::from_utf8_lossy(&part[..read]));
    }
    let data = heard.split("event: request\ndata: ").nth(1).unwrap();
    let request: Json = serde_json::from_str(data.lines().next().unwrap()).unwrap();
    assert_eq!(request["method"], "crm.lead.list");
    assert_eq!(request["params"]["auth"], "***");
    assert_eq!(request["reply"]["total"], 3);
    assert_eq!(request["operating"], 0.0);
    assert!(
        !heard.contains("s3cretcode") && !heard.contains("t0ken"),
        "{heard}"
    );
    // The stream has no end of its own, and does not keep the portal from ending.
    server.shut_down().await.unwrap();
    while stream.read(&mut part).await.unwrap() > 0 {}
}

#[tokio::test]
async fn a_request_is_shown_as_curl_with_its_secrets_only_if_they_are_asked_for() {
    let config = PortalConfig::unlimited().webhooks([Webhook::new(1, "s3cretcode")]);
    let portal = Portal::new(config).unwrap();
    post(
        &portal,
        "/rest/1/s3cretcode/crm.lead.add",
        "application/x-www-form-urlencoded",
        "fields[TITLE]=it's&auth=t0ken",
    )
    .await;
    let shown = get(&portal, "/_portal/curl?number=1").await.json();
    let line = shown["curl"].as_str().unwrap();
    assert_eq!(
        line,
        "curl 'http://127.0.0.1/rest/1/***/crm.lead.add' -H 'Content-Type: application/x-www-form-urlencoded' \
         --data-binary 'fields[TITLE]=it'\\''s&auth=***'"
    );
    let shown = get(&portal, "/_portal/curl?number=1&secret=1").await.json();
    let line = shown["curl"].as_str().unwrap();
    assert!(
        line.contains("/s3cretcode/") && line.contains("auth=t0ken"),
        "{line}"
    );
    assert_eq!(get(&portal, "/_portal/curl?number=9").await.status, 404);
}

#[tokio::test]
async fn rows_limits_and_webhooks_are_shown() {
    let config = PortalConfig::new()
        .starts_at_unix(NOON)
        .rows("deal", 60)
        .webhook(Webhook::new(7, "s3cretcode").scopes(["crm"]));
    let portal = Portal::new(config).unwrap();
    call(
        &portal,
        "crm.deal.update",
        json!({"id": 60, "fields": {"TITLE": "<b>x</b>"}}),
    )
    .await;
    let entities = get(&portal, "/_portal/entities").await.json();
    let deals = json!({"name": "deal", "rows": 60});
    assert!(entities.as_array().unwrap().contains(&deals), "{entities}");
    let page = get(&portal, "/_portal/rows?entity=deal&start=50")
        .await
        .json();
    assert_eq!(page["total"], 60);
    let rows = page["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    assert_eq!(
        (&rows[9]["ID"], &rows[9]["TITLE"]),
        (&json!("60"), &json!("<b>x</b>"))
    );
    let past = get(&portal, "/_portal/rows?entity=deal&start=60")
        .await
        .json();
    assert_eq!(past["rows"], json!([]));
    assert_eq!(get(&portal, "/_portal/rows?entity=x").await.status, 400);
    let limits = get(&portal, "/_portal/limits").await.json();
    assert_eq!(limits["rate"]["capacity"], 50.0);
    assert_eq!(limits["rate"]["levels"][0]["peer"], "127.0.0.1");
    assert_eq!(limits["operating_limit"], 480.0);
    let webhooks = get(&portal, "/_portal/webhooks").await;
    assert!(!webhooks.body.contains("s3cretcode"));
    assert_eq!(webhooks.json()[1]["scopes"], json!(["crm"]));
    let portal = Portal::new(PortalConfig::unlimited()).unwrap();
    assert_eq!(
        get(&portal, "/_portal/limits").await.json()["rate"],
        Json::Null
    );
}

#[tokio::test]
async fn replies_with_tokens_are_not_shown() {
    let app = crate::App::new("app.1", "s", "http://localhost/").signed_in_as(1);
    let portal = Portal::new(PortalConfig::unlimited().app(app)).unwrap();
    let heard = get(&portal, "/oauth/authorize/?client_id=app.1").await;
    let code = heard.header("location").split("code=").nth(1).unwrap();
    let code = code.split('&').next().unwrap().to_owned();
    let tokens = get(
        &portal,
        &format!("/oauth/token/?grant_type=authorization_code&client_id=app.1&client_secret=s&code={code}"),
    )
    .await;
    let token = tokens.json()["access_token"].as_str().unwrap().to_owned();
    let shown = get(&portal, "/_portal/requests").await.body;
    assert!(!shown.contains(&token) && !shown.contains(&code), "{shown}");
    assert!(headers(&tokens.response).contains_key("content-type"));
}

#[tokio::test]
async fn the_history_of_a_row_says_when_and_by_which_method_each_field_was_changed() {
    let config = PortalConfig::unlimited()
        .starts_at_unix(NOON)
        .rows("deal", 3);
    let portal = Portal::new(config).unwrap();
    let add = json!({"fields": {"TITLE": "new", "OPPORTUNITY": 10}});
    let id = call(&portal, "crm.deal.add", add).await.result();
    let title = json!({"id": id, "fields": {"TITLE": "newer", "OPPORTUNITY": 10}});
    call(&portal, "crm.deal.update", title).await;
    let item = json!({"entityTypeId": 2, "id": id, "fields": {"title": "newest"}});
    batch(&portal, json!([command("crm.item.update", item)])).await;
    call(&portal, "crm.deal.list", json!({})).await;
    call(&portal, "crm.deal.delete", json!({"id": id})).await;
    let path = format!("/_portal/changes?entity=deal&id={id}");
    let changes = get(&portal, &path).await.json();
    let told: Vec<(&str, &str)> = changes
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["change"].as_str().unwrap(),
                one["method"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("deleted", "crm.deal.delete"),
            ("updated", "crm.item.update"),
            ("updated", "crm.deal.update"),
            ("added", "crm.deal.add"),
        ]
    );
    assert_eq!(
        (&changes[2]["user"], &changes[2]["time"]),
        (&json!(1), &json!("2026-03-01T10:00:00+03:00"))
    );
    let of = |change: &Json, field: &str| -> Json {
        let fields = change["fields"].as_array().unwrap();
        let found = fields.iter().find(|one| one["field"] == field);
        found.map_or(Json::Null, |one| json!([one["from"], one["to"]]))
    };
    assert_eq!(of(&changes[3], "TITLE"), json!([null, "new"]));
    assert_eq!(of(&changes[2], "TITLE"), json!(["new", "newer"]));
    assert_eq!(
        of(&changes[2], "OPPORTUNITY"),
        Json::Null,
        "it was not changed"
    );
    assert_eq!(of(&changes[1], "TITLE"), json!(["newer", "newest"]));
    assert_eq!(of(&changes[0], "TITLE"), json!(["newest", null]));
}

#[tokio::test]
async fn a_generated_row_has_what_it_was_made_with_as_the_earlier_value() {
    let config = PortalConfig::unlimited().rows("deal", 3);
    let portal = Portal::new(config).unwrap();
    let before = call(&portal, "crm.deal.get", json!({"id": 2}))
        .await
        .result();
    for title in ["one", "two"] {
        call(
            &portal,
            "crm.deal.update",
            json!({"id": 2, "fields": {"TITLE": title}}),
        )
        .await;
    }
    let changes = get(&portal, "/_portal/changes?entity=deal&id=2")
        .await
        .json();
    let titles: Vec<Json> = changes
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one["fields"].as_array().unwrap())
        .filter(|one| one["field"] == "TITLE")
        .map(|one| json!([one["from"], one["to"]]))
        .collect();
    assert_eq!(
        titles,
        [json!(["one", "two"]), json!([before["TITLE"], "one"])]
    );
}

#[tokio::test]
async fn records_have_a_history_too_and_it_is_forgotten_when_asked_for() {
    let portal = Portal::new(PortalConfig::unlimited().rows("contact", 1)).unwrap();
    let fields =
        json!({"fields": {"ENTITY_TYPE_ID": 3, "ENTITY_ID": 1, "PRESET_ID": 1, "NAME": "x"}});
    let id = call(&portal, "crm.requisite.add", fields).await.result();
    call(
        &portal,
        "crm.requisite.update",
        json!({"id": id, "fields": {"NAME": "y"}}),
    )
    .await;
    let changes = get(&portal, "/_portal/changes?entity=crm.requisite&limit=1")
        .await
        .json();
    assert_eq!(changes.as_array().unwrap().len(), 1, "{changes}");
    let fields = changes[0]["fields"].as_array().unwrap();
    assert!(
        fields.contains(&json!({"field": "NAME", "from": "x", "to": "y"})),
        "{changes}"
    );
    for wrong in ["entity=nothing", "id=x", "limit=-1"] {
        let heard = get(&portal, &format!("/_portal/changes?{wrong}")).await;
        assert_eq!(heard.status, 400, "{wrong}");
    }
    let request = Request::delete("/_portal/changes")
        .body(Bytes::new())
        .unwrap();
    portal.handle(request, HERE).await;
    assert_eq!(get(&portal, "/_portal/changes").await.json(), json!([]));
}

#[tokio::test]
async fn rows_are_searched_shown_one_by_one_and_the_newest_first() {
    let portal = Portal::new(PortalConfig::unlimited().rows("deal", 60)).unwrap();
    call(
        &portal,
        "crm.deal.update",
        json!({"id": 7, "fields": {"TITLE": "A Needle"}}),
    )
    .await;
    let newest = get(&portal, "/_portal/rows?entity=deal&order=newest&start=55")
        .await
        .json();
    assert_eq!(newest["ids"], json!([5, 4, 3, 2, 1]));
    let found = get(&portal, "/_portal/rows?entity=deal&search=needle")
        .await
        .json();
    assert_eq!((&found["ids"], &found["next"]), (&json!([7]), &Json::Null));
    assert_eq!(found["rows"][0]["TITLE"], "A Needle");
    let one = get(&portal, "/_portal/rows?entity=deal&id=7").await.json();
    assert_eq!(
        (&one["total"], &one["rows"][0]["ID"]),
        (&json!(60), &json!("7"))
    );
    let none = get(&portal, "/_portal/rows?entity=deal&id=61").await.json();
    assert_eq!(none["rows"], json!([]));
    let past = get(&portal, "/_portal/rows?entity=deal&order=newest&start=60")
        .await
        .json();
    assert_eq!(past["rows"], json!([]));
}

#[tokio::test]
async fn an_error_without_a_code_is_shown_with_what_it_says() {
    let portal = Portal::new(PortalConfig::unlimited()).unwrap();
    call(&portal, "crm.deal.get", json!({"id": 99})).await;
    let shown = get(&portal, "/_portal/requests").await.json();
    assert_eq!(
        (&shown[0]["error"], &shown[0]["error_description"]),
        (&json!(""), &json!("Not found"))
    );
}
