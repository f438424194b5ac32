//! The admin endpoints.

use http::Method as Verb;

use super::*;
use crate::context::settings::Webhook;

/// Sends a request with a specification as JSON, if there is one.
async fn send(portal: &Portal, verb: Verb, path: &str, spec: &str) -> Heard {
    send_with(portal, verb, path, spec, &[]).await
}

async fn send_with(
    portal: &Portal,
    verb: Verb,
    path: &str,
    spec: &str,
    headers: &[(&str, &str)],
) -> Heard {
    let mut request = Request::builder()
        .method(verb)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if spec.is_empty() {
        Bytes::new()
    } else {
        json!({ "spec": spec }).to_string().into()
    };
    Heard::of(portal.handle(request.body(body).unwrap(), HERE).await)
}

#[tokio::test]
async fn pages_of_other_sites_control_nothing() {
    let portal = plain();
    let ours = [("host", "127.0.0.1:8024")];
    for foreign in [
        ("origin", "https://evil.test"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:9999"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("referer", "https://evil.test/page"),
        ("user-agent", "Mozilla/5.0 (Macintosh) Safari/605.1.15"),
        ("host", "evil.test"),
        ("host", "evil.test:8024"),
        ("host", "127.0.0.1.evil.test"),
        ("host", ""),
    ] {
        let headers: Vec<_> = if foreign.0 == "host" {
            vec![foreign]
        } else {
            vec![ours[0], foreign]
        };
        for (verb, path) in [
            (Verb::GET, "/_portal/stats"),
            (Verb::GET, "/_portal/requests"),
            (Verb::PUT, "/_portal/faults"),
            (Verb::POST, "/_portal/churn"),
            (Verb::DELETE, "/_portal/hide"),
        ] {
            let heard = send_with(&portal, verb, path, "503", &headers).await;
            assert_eq!(heard.status, 403, "{foreign:?} {path}: {}", heard.body);
            assert_eq!(heard.header("access-control-allow-origin"), "");
        }
    }
    assert_eq!(
        send(&portal, Verb::GET, "/_portal/faults", "").await.json()["spec"],
        ""
    );
}

#[tokio::test]
async fn programs_on_other_machines_control_it_with_the_token_alone() {
    let portal = Portal::new(PortalConfig::unlimited().admin_token("s3cret")).unwrap();
    let there = std::net::IpAddr::from([192, 0, 2, 7]);
    for (given, status) in [
        ("Bearer s3cret", 200),
        ("bearer s3cret", 200),
        ("Bearer wrong", 403),
        ("Bearer ", 403),
        ("s3cret", 403),
        ("", 403),
    ] {
        let request = Request::builder()
            .uri("/_portal/stats")
            .header("host", "portal:8024")
            .header("authorization", given)
            .body(Bytes::new())
            .unwrap();
        let heard = Heard::of(portal.handle(request, there).await);
        assert_eq!(heard.status, status, "{given}: {}", heard.body);
    }
    // Where no token is set, none lets in.
    let request = Request::builder()
        .uri("/_portal/stats")
        .header("host", "portal:8024")
        .header("authorization", "Bearer ")
        .body(Bytes::new())
        .unwrap();
    let heard = Heard::of(plain().handle(request, there).await);
    assert_eq!(heard.status, 403);
}

#[tokio::test]
async fn programs_and_pages_of_the_portal_itself_control_it() {
    let portal = plain();
    for headers in [
        vec![],
        vec![("host", "127.0.0.1:8024")],
        vec![("host", "LOCALHOST")],
        vec![("host", "[::1]:8024")],
        vec![
            ("host", "localhost:8024"),
            ("origin", "http://localhost:8024"),
        ],
        vec![
            ("host", "localhost:8024"),
            ("sec-fetch-site", "same-origin"),
        ],
        vec![("host", "localhost:8024"), ("sec-fetch-site", "none")],
    ] {
        let heard = send_with(&portal, Verb::PUT, "/_portal/faults", "429", &headers).await;
        assert_eq!(heard.status, 200, "{headers:?}: {}", heard.body);
    }
}

#[tokio::test]
async fn what_a_form_of_any_page_can_send_controls_nothing() {
    let portal = plain();
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
    ] {
        let heard = post(&portal, "/_portal/faults", media_type, "\"429\"").await;
        assert_eq!(heard.status, 415, "{media_type}");
    }
    assert_eq!(
        send(&portal, Verb::GET, "/_portal/faults", "").await.json()["spec"],
        ""
    );
}

#[tokio::test]
async fn a_redirect_leads_to_no_other_machine() {
    let portal = plain();
    for (spec, status) in [
        ("redirect=https://evil.test", 400),
        ("redirect=http://127.0.0.1.evil.test/", 400),
        ("redirect=http://localhost@evil.test/", 400),
        ("redirect=http://10.0.0.1/", 400),
        ("redirect=http://127.0.0.1:8025", 200),
        ("redirect=http://[::1]:8025/", 200),
        ("redirect=https://localhost:8025/", 200),
    ] {
        let heard = send(&portal, Verb::PUT, "/_portal/faults", spec).await;
        assert_eq!(heard.status, status, "{spec}: {}", heard.body);
    }
}

#[tokio::test]
async fn the_last_requests_are_shown_with_parameters_and_commands_and_without_secrets() {
    let portal = plain();
    get(&portal, "/rest/1/demo/test.echo?a[]=1&auth=t0ken&b=%D0%96").await;
    get(&portal, "/rest/1/wr0ng/profile").await;
    let commands = json!({
        "good": "test.echo?x=1&access_token=t0ken",
        "bad": "no.such.method",
        "after": "test.echo",
    });
    call(&portal, "batch", json!({ "halt": 1, "cmd": commands })).await;
    let params = json!({ "fields": { "TITLE": "t", "PASSWORD": "s3cret" } });
    call(&portal, "test.echo", params).await;
    post(
        &portal,
        "/oauth/token/?client_id=a&client_secret=s3cret&grant_type=authorization_code&code=c0de",
        "application/json",
        "{}",
    )
    .await;
    let heard = send(&portal, Verb::GET, "/_portal/requests", "").await;
    let requests = heard.json();
    for secret in ["t0ken", "s3cret", "c0de", "wr0ng", "/demo/"] {
        assert!(!heard.body.contains(secret), "{secret}: {}", heard.body);
    }
    let first = &requests[0];
    assert_eq!(
        (
            &first["number"],
            &first["method"],
            &first["http_method"],
            &first["status"],
            &first["path"]
        ),
        (
            &json!(1),
            &json!("test.echo"),
            &json!("GET"),
            &json!(200),
            &json!("/rest/1/***/test.echo")
        )
    );
    assert_eq!(
        first["params"],
        json!({ "a": ["1"], "auth": "***", "b": "Ж" })
    );
    assert!(first["milliseconds"].is_number());
    assert!(
        first["time"]
            .as_str()
            .unwrap()
            .starts_with("2026-03-01T10:00:0")
    );
    assert_eq!(
        (&requests[1]["status"], &requests[1]["error"]),
        (&json!(401), &json!("INVALID_CREDENTIALS"))
    );
    assert_eq!(requests[2]["params"], json!({ "halt": 1 }));
    assert_eq!(
        requests[2]["commands"],
        json!([
            { "label": "good", "method": "test.echo", "params": { "x": "1", "access_token": "***" }, "status": "ok" },
            { "label": "bad", "method": "no.such.method", "params": {}, "status": "failed", "error": "ERROR_METHOD_NOT_FOUND" },
            { "label": "after", "method": "test.echo", "params": {}, "status": "not run" },
        ])
    );
    assert_eq!(
        requests[3]["params"],
        json!({ "fields": { "TITLE": "t", "PASSWORD": "***" } })
    );
    assert_eq!(requests[4]["method"], "oauth.token");
    assert_eq!(
        requests.as_array().unwrap().len(),
        5,
        "these doors are not among them"
    );
    send(&portal, Verb::DELETE, "/_portal/requests", "").await;
    let none = send(&portal, Verb::GET, "/_portal/requests", "").await;
    assert_eq!(none.json(), json!([]));
}

#[tokio::test]
async fn faults_are_shown_ordered_and_taken_back() {
    let portal = plain();
    let faults = "/_portal/faults";
    let none = json!({ "spec": "", "rules": [], "queued": 0 });
    assert_eq!(send(&portal, Verb::GET, faults, "").await.json(), none);
    let spec = "503 on=test.work every=2, half-body 5%; seed=42";
    let ordered = send(&portal, Verb::PUT, faults, spec).await;
    assert_eq!(
        (ordered.status, &ordered.json()["spec"]),
        (
            200,
            &json!("503 every=2 on=test.work, half-body 5%; seed=42")
        )
    );
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(call(&portal, "test.work", json!({})).await.status);
    }
    assert_eq!(statuses, [200, 503, 200, 503]);
    let rule = send(&portal, Verb::GET, faults, "").await.json()["rules"][0].clone();
    assert_eq!(
        rule,
        json!({ "rule": "503 every=2 on=test.work", "seen": 4, "played": 2 })
    );
    assert_eq!(send(&portal, Verb::DELETE, faults, "").await.json(), none);
    assert_eq!(call(&portal, "test.work", json!({})).await.status, 200);
}

#[tokio::test]
async fn a_specification_may_be_json() {
    let portal = plain();
    for body in [r#"{"spec": "429"}"#, r#""429""#] {
        let heard = post(
            &portal,
            "/_portal/faults",
            "application/json; charset=utf-8",
            body,
        )
        .await;
        assert_eq!(
            (heard.status, &heard.json()["spec"]),
            (200, &json!("429")),
            "{body}"
        );
    }
    let heard = post(&portal, "/_portal/faults", "application/json", "{").await;
    assert_eq!(heard.status, 400);
}

#[tokio::test]
async fn a_wrong_specification_is_refused_and_nothing_changes() {
    let portal = plain();
    send(&portal, Verb::PUT, "/_portal/faults", "429").await;
    let refused = send(&portal, Verb::PUT, "/_portal/faults", "503, oops").await;
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (400, &json!("INVALID_SPEC"))
    );
    let description = refused.json()["error_description"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        description.starts_with("\"oops\": no fault \"oops\""),
        "{description}"
    );
    assert_eq!(
        send(&portal, Verb::GET, "/_portal/faults", "").await.json()["spec"],
        "429"
    );
    let churn = send(&portal, Verb::PUT, "/_portal/churn", "invoice:insert=1").await;
    assert_eq!(churn.status, 400);
}

#[tokio::test]
async fn stats_are_shown_and_these_doors_are_not_in_them() {
    let portal = plain();
    call(&portal, "test.work", json!({})).await;
    send(&portal, Verb::GET, "/_portal/faults", "").await;
    let stats = send(&portal, Verb::GET, "/_portal/stats", "").await.json();
    assert_eq!(
        (&stats["requests"], &stats["methods"]["test.work"]),
        (&json!(1), &json!(1))
    );
    let refused = send(&portal, Verb::DELETE, "/_portal/stats", "").await;
    assert_eq!(
        (refused.status, refused.header("allow").is_empty()),
        (405, false)
    );
    assert_eq!(
        send(&portal, Verb::GET, "/_portal/else", "").await.status,
        404
    );
}

#[tokio::test]
async fn churn_is_ordered_while_the_portal_runs() {
    let portal = plain();
    let heard = send(
        &portal,
        Verb::POST,
        "/_portal/churn",
        "lead:insert=5; seed=1",
    )
    .await;
    assert_eq!(heard.json()["spec"], "lead:insert=5; seed=1");
    assert_eq!(
        send(&portal, Verb::DELETE, "/_portal/churn", "")
            .await
            .json()["spec"],
        ""
    );
}

#[tokio::test]
async fn only_callers_on_this_machine_are_let_in() {
    let portal = plain();
    for (peer, status) in [
        ("127.0.0.1", 200),
        ("127.8.8.8", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("10.0.0.1", 403),
        ("::ffff:10.0.0.1", 403),
    ] {
        let request = Request::get("/_portal/stats").body(Bytes::new()).unwrap();
        let heard = Heard::of(portal.handle(request, peer.parse().unwrap()).await);
        assert_eq!(heard.status, status, "{peer}");
    }
}

#[tokio::test]
async fn the_usual_code_lets_no_page_of_another_site_in_once_a_snapshot_was_loaded() {
    let portal = portal(PortalConfig::unlimited().starts_at_unix(NOON));
    let post = async |path: &str, body: String| {
        let request = Request::post(path)
            .header("content-type", "application/json")
            .body(body.into())
            .unwrap();
        Heard::of(portal.handle(request, HERE).await).status
    };
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = Request::get("/rest/1/demo/test.echo").header("host", "127.0.0.1:8024");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::new()).unwrap();
        Heard::of(portal.handle(request, HERE).await).status
    };
    let (foreign, program) = (
        [("origin", "https://evil.test")],
        [("user-agent", "curl/8.5.0")],
    );
    assert_eq!((ask(&foreign).await, ask(&program).await), (200, 200));
    let snapshot = Request::get("/_portal/snapshot")
        .body(Bytes::new())
        .unwrap();
    let snapshot = Heard::of(portal.handle(snapshot, HERE).await).body;
    assert_eq!(post("/_portal/load", "{}".to_owned()).await, 400);
    assert_eq!(ask(&foreign).await, 200, "nothing was loaded");
    assert_eq!(post("/_portal/load", snapshot).await, 200);
    assert_eq!((ask(&foreign).await, ask(&program).await), (401, 200));
    assert_eq!(post("/_portal/reset", String::new()).await, 200);
    assert_eq!((ask(&foreign).await, ask(&program).await), (200, 200));
}

#[tokio::test]
async fn the_known_code_lets_programs_on_this_machine_in_and_whatever_else_as_a_wrong_code_does() {
    let config = PortalConfig::unlimited().starts_at_unix(NOON);
    let portal = portal(config.webhooks([Webhook::new(1, "s3cret").local_code("demo")]));
    let other_machine = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 7));
    let ask = async |code: &str, peer: IpAddr, headers: &[(&str, &str)]| {
        let mut request = Request::get(format!("/rest/1/{code}/test.echo"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::new()).unwrap();
        Heard::of(portal.handle(request, peer).await)
    };
    let ours = ("host", "127.0.0.1:8024");
    for headers in [
        &[][..],
        &[ours, ("user-agent", "curl/8.5.0")],
        &[("host", "[::1]:8024")],
        &[ours, ("origin", "http://127.0.0.1:8024")],
        &[ours, ("referer", "http://127.0.0.1:8024/page")],
        &[
            ours,
            ("sec-fetch-site", "none"),
            ("user-agent", "Mozilla/5.0"),
        ],
    ] {
        let heard = ask("demo", HERE, headers).await;
        assert_eq!(heard.status, 200, "{headers:?}: {}", heard.body);
    }
    let foreign = [
        &[ours, ("origin", "https://evil.test")][..],
        &[ours, ("origin", "null")],
        &[ours, ("origin", "http://127.0.0.1:9999")],
        &[ours, ("sec-fetch-site", "cross-site")],
        &[ours, ("sec-fetch-site", "same-site")],
        &[ours, ("referer", "https://evil.test/127.0.0.1:8024")],
        &[ours, ("user-agent", "Mozilla/5.0 (Macintosh)")],
        &[("host", "evil.test:8024")],
    ];
    for (peer, headers) in foreign
        .into_iter()
        .map(|headers| (HERE, headers))
        .chain([(other_machine, &[ours][..])])
    {
        let heard = ask("demo", peer, headers).await;
        let wrong = ask("wr0ng", peer, headers).await;
        assert_eq!(heard.status, 401, "{headers:?}: {}", heard.body);
        assert_eq!(heard.body, wrong.body, "{headers:?}");
        let known = ask("s3cret", peer, headers).await;
        assert_eq!(known.status, 200, "{headers:?}: {}", known.body);
    }
}
