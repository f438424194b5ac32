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
