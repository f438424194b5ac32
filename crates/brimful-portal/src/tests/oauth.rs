//! The OAuth server.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::advance;

use super::*;
use crate::context::settings::Rights;
use crate::{App, InstallError};

fn app() -> App {
    App::new("app.1", "s3cret", "https://app.test/in?from=b24").scopes(["crm", "user"])
}

fn with(app: App) -> Portal {
    portal(
        PortalConfig::unlimited()
            .starts_at_unix(NOON)
            .rows("lead", 5)
            .app(app),
    )
}

/// A portal whose user 2 is signed in.
fn signed_in() -> Portal {
    with(app().signed_in_as(2))
}

/// The parameters of the address that a reply sends to.
fn sent_to(heard: &Heard) -> (String, Json) {
    assert_eq!(heard.status, 302, "{}", heard.body);
    let location = heard.header("location");
    let (handler, params) = location.split_once("from=b24&").unwrap();
    let params = query::decode(params.as_bytes());
    let params = brimful_protocol::json::to_string(&params.into());
    (handler.to_owned(), serde_json::from_str(&params).unwrap())
}

async fn code(portal: &Portal) -> String {
    let heard = get(portal, "/oauth/authorize/?client_id=app.1&state=x").await;
    sent_to(&heard).1["code"].as_str().unwrap().to_owned()
}

async fn exchange(portal: &Portal, params: &str) -> Heard {
    let uri = format!("/oauth/token/?client_id=app.1&client_secret=s3cret&{params}");
    get(portal, &uri).await
}

/// A first pair of tokens.
async fn tokens(portal: &Portal) -> Json {
    let code = code(portal).await;
    let heard = exchange(
        portal,
        &format!("grant_type=authorization_code&code={code}"),
    )
    .await;
    assert_eq!(heard.status, 200, "{}", heard.body);
    heard.json()
}

fn text<'j>(json: &'j Json, name: &str) -> &'j str {
    json[name].as_str().unwrap()
}

async fn refresh(portal: &Portal, token: &str) -> Heard {
    exchange(
        portal,
        &format!("grant_type=refresh_token&refresh_token={token}"),
    )
    .await
}

async fn called_with(portal: &Portal, token: &str) -> Heard {
    get(portal, &format!("/rest/crm.lead.list?auth={token}")).await
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_signed_in_is_sent_back_with_a_code() {
    let portal = signed_in();
    let request = Request::get("/oauth/authorize/?client_id=app.1&state=a%26b+c")
        .header(header::HOST, "portal.test")
        .body(Bytes::new());
    let heard = Heard::of(portal.handle(request.unwrap(), HERE).await);
    let (handler, params) = sent_to(&heard);
    assert_eq!(handler, "https://app.test/in?");
    assert_eq!(text(&params, "code").len(), 32);
    assert_eq!(text(&params, "member_id").len(), 32);
    for (name, value) in [
        ("state", "a&b c"),
        ("domain", "portal.test"),
        ("scope", "crm,user"),
        ("server_domain", "portal.test"),
    ] {
        assert_eq!(text(&params, name), value);
    }
    assert!(heard.header("location").contains("scope=crm%2Cuser"));
}

#[tokio::test(start_paused = true)]
async fn others_are_asked_on_a_page_whose_form_leads_to_the_code() {
    let portal = with(app());
    let heard = get(
        &portal,
        "/oauth/authorize/?client_id=app.1&state=%22%3E%3Cscript%3E",
    )
    .await;
    assert_eq!(
        (heard.status, heard.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert!(
        heard
            .body
            .contains("<form method=\"post\" action=\"/oauth/authorize/\">")
    );
    assert!(!heard.body.contains("<script>"), "{}", heard.body);
    let answered = async |form: &str| {
        let media_type = "application/x-www-form-urlencoded";
        post(&portal, "/oauth/authorize/", media_type, form).await
    };
    let (_, params) = sent_to(&answered("client_id=app.1&state=x&user=3").await);
    assert_eq!(text(&params, "state"), "x");
    let code = text(&params, "code");
    let heard = exchange(
        &portal,
        &format!("grant_type=authorization_code&code={code}"),
    )
    .await;
    let heard = get(
        &portal,
        &format!(
            "/rest/user.current?auth={}",
            text(&heard.json(), "access_token")
        ),
    )
    .await;
    assert_eq!(heard.result()["ID"], "3");
    for form in [
        "client_id=app.1&user=999",
        "client_id=app.1&user=x",
        "client_id=app.1",
    ] {
        assert_eq!(answered(form).await.status, 400, "{form}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_on_the_page_is_said_there_and_nobody_is_sent_anywhere() {
    let portal = signed_in();
    for uri in ["/oauth/authorize/", "/oauth/authorize/?client_id=nobody"] {
        let heard = get(&portal, uri).await;
        assert_eq!((heard.status, heard.header("location")), (400, ""));
        assert_eq!(heard.header("content-type"), "text/html; charset=utf-8");
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_is_exchanged_for_tokens_by_get_and_by_post() {
    let portal = signed_in();
    let tokens = tokens(&portal).await;
    let keys: Vec<&String> = tokens.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "access_token",
            "client_endpoint",
            "domain",
            "expires_in",
            "member_id",
            "refresh_token",
            "scope",
            "server_endpoint",
            "status"
        ]
    );
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(text(&tokens, "scope"), "crm,user");
    assert_eq!(text(&tokens, "status"), "L");
    let code = code(&portal).await;
    let form =
        format!("grant_type=authorization_code&client_id=app.1&client_secret=s3cret&code={code}");
    let heard = post(
        &portal,
        "/oauth/token/",
        "application/x-www-form-urlencoded",
        &form,
    )
    .await;
    assert_eq!(heard.status, 200);
    assert_ne!(heard.json()["access_token"], tokens["access_token"]);
}

#[tokio::test(start_paused = true)]
async fn the_endpoints_are_at_the_configured_address() {
    let config = PortalConfig::unlimited()
        .app(app().signed_in_as(1).status('P'))
        .address("https://portal.test/");
    let tokens = tokens(&portal(config)).await;
    assert_eq!(
        text(&tokens, "client_endpoint"),
        "https://portal.test/rest/"
    );
    assert_eq!(
        text(&tokens, "server_endpoint"),
        "https://portal.test/rest/"
    );
    assert_eq!(text(&tokens, "domain"), "portal.test");
    assert_eq!(text(&tokens, "status"), "P");
}

#[tokio::test(start_paused = true)]
async fn a_code_is_good_once_and_for_thirty_seconds() {
    let portal = signed_in();
    let exchanged = async |code: &str| {
        exchange(
            &portal,
            &format!("grant_type=authorization_code&code={code}"),
        )
        .await
    };
    let first = code(&portal).await;
    assert_eq!(exchanged(&first).await.status, 200);
    let again = exchanged(&first).await;
    assert_eq!(
        (again.status, text(&again.json(), "error")),
        (400, "invalid_grant")
    );
    let (in_time, late) = (code(&portal).await, code(&portal).await);
    advance(Duration::from_millis(29_999)).await;
    assert_eq!(exchanged(&in_time).await.status, 200);
    advance(Duration::from_millis(1)).await;
    let late = exchanged(&late).await;
    assert_eq!(
        (late.status, text(&late.json(), "error")),
        (400, "invalid_grant")
    );
}

#[tokio::test(start_paused = true)]
async fn a_refresh_gives_a_new_pair_and_the_old_refresh_token_is_refused() {
    let portal = signed_in();
    let first = tokens(&portal).await;
    advance(Duration::from_secs(10)).await;
    let heard = refresh(&portal, text(&first, "refresh_token")).await;
    let second = heard.json();
    let keys: Vec<&String> = second.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "access_token",
            "client_endpoint",
            "domain",
            "expires",
            "expires_in",
            "member_id",
            "refresh_token",
            "scope",
            "server_endpoint",
            "status",
            "user_id"
        ]
    );
    assert_eq!(second["expires"], 1_772_348_410 + 3600);
    assert_eq!(second["user_id"], 2);
    assert_eq!(second["member_id"], first["member_id"]);
    let again = refresh(&portal, text(&first, "refresh_token")).await;
    assert_eq!(
        (again.status, again.json()),
        (
            400,
            json!({"error": "invalid_grant", "error_description": "Invalid grant"})
        )
    );
    let third = refresh(&portal, text(&second, "refresh_token")).await;
    assert_eq!(third.status, 200);
    for pair in [&first, &second] {
        let heard = called_with(&portal, text(pair, "access_token")).await;
        assert_eq!(heard.status, 200, "an access token lives out its hour");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_lives_for_180_days() {
    let portal = signed_in();
    let (first, second) = (tokens(&portal).await, tokens(&portal).await);
    advance(Duration::from_secs(180 * 24 * 3600 - 1)).await;
    assert_eq!(
        refresh(&portal, text(&first, "refresh_token")).await.status,
        200
    );
    advance(Duration::from_secs(1)).await;
    let heard = refresh(&portal, text(&second, "refresh_token")).await;
    assert_eq!(
        (heard.status, text(&heard.json(), "error")),
        (400, "invalid_grant")
    );
}

#[tokio::test(start_paused = true)]
async fn an_access_token_is_over_after_its_time() {
    for (ttl, seconds) in [(None, 3600), (Some(60), 60)] {
        let mut config = PortalConfig::unlimited().app(app().signed_in_as(2));
        if let Some(ttl) = ttl {
            config = config.token_ttl(Duration::from_secs(ttl));
        }
        let portal = portal(config);
        let tokens = tokens(&portal).await;
        assert_eq!(tokens["expires_in"], seconds);
        let token = text(&tokens, "access_token");
        advance(Duration::from_secs(seconds - 1)).await;
        assert_eq!(called_with(&portal, token).await.status, 200);
        advance(Duration::from_secs(1)).await;
        let heard = called_with(&portal, token).await;
        assert_eq!(
            (heard.status, heard.json()),
            (
                401,
                json!({"error": "expired_token", "error_description": "The access token provided has expired"})
            )
        );
        let uri = "/rest/api/tasks.task.list";
        let body = json!({ "auth": token }).to_string();
        let heard = post(&portal, uri, "application/json", &body).await;
        assert_eq!(heard.status, 401);
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_are_taken_from_every_carrier_and_have_the_scopes_of_the_application() {
    let portal = signed_in();
    let tokens = tokens(&portal).await;
    let token = text(&tokens, "access_token");
    for uri in [
        format!("/rest/crm.lead.list?auth={token}"),
        format!("/rest/crm.lead.list.json?access_token={token}"),
    ] {
        let heard = get(&portal, &uri).await;
        assert_eq!(heard.result().as_array().unwrap().len(), 5);
        assert_eq!(heard.header("x-bitrix-rest-application"), "app.1");
    }
    let bearer = Request::get("/rest/user.current")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Bytes::new());
    let heard = Heard::of(portal.handle(bearer.unwrap(), HERE).await);
    assert_eq!(heard.result()["ID"], "2");
    let heard = get(&portal, &format!("/rest/tasks.task.list?auth={token}")).await;
    assert_eq!(
        (heard.status, text(&heard.json(), "error")),
        (401, "insufficient_scope")
    );
    let refresh = text(&tokens, "refresh_token");
    assert_eq!(
        text(&called_with(&portal, refresh).await.json(), "error"),
        "invalid_token",
        "a refresh token opens nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_sees_what_its_user_sees() {
    let config = PortalConfig::unlimited()
        .rows("lead", 200)
        .app(app().signed_in_as(2))
        .user_rights(2, Rights::Own);
    let portal = portal(config);
    let tokens = tokens(&portal).await;
    let rows = called_with(&portal, text(&tokens, "access_token"))
        .await
        .result();
    let rows = rows.as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["ASSIGNED_BY_ID"] == "2"));
}

#[tokio::test(start_paused = true)]
async fn wrong_requests_for_tokens_have_the_errors_of_the_protocol() {
    let config = PortalConfig::unlimited()
        .app(app().signed_in_as(1))
        .app(App::new("app.2", "other", "https://other.test/"));
    let portal = portal(config);
    let code = code(&portal).await;
    for (uri, error) in [
        ("/oauth/token/".to_owned(), "invalid_request"),
        (
            format!(
                "/oauth/token/?grant_type=password&client_id=app.1&client_secret=s3cret&code={code}"
            ),
            "invalid_request",
        ),
        (
            "/oauth/token/?grant_type=authorization_code&client_id=app.1&client_secret=s3cret"
                .to_owned(),
            "invalid_request",
        ),
        (
            format!(
                "/oauth/token/?grant_type=authorization_code&client_id=app.1&client_secret=wrong&code={code}"
            ),
            "invalid_client",
        ),
        (
            format!(
                "/oauth/token/?grant_type=authorization_code&client_id=nobody&client_secret=s3cret&code={code}"
            ),
            "WRONG_CLIENT",
        ),
        (
            format!(
                "/oauth/token/?grant_type=authorization_code&client_id=app.2&client_secret=other&code={code}"
            ),
            "invalid_grant",
        ),
        (
            format!(
                "/oauth/token/?grant_type=authorization_code&client_id=app.1&client_secret=s3cret&scope=crm,task&code={code}"
            ),
            "invalid_scope",
        ),
        (
            format!(
                "/oauth/token/?grant_type=refresh_token&client_id=app.1&client_secret=s3cret&refresh_token={code}"
            ),
            "invalid_grant",
        ),
    ] {
        let heard = get(&portal, &uri).await;
        assert_eq!(
            (heard.status, text(&heard.json(), "error")),
            (400, error),
            "{uri}"
        );
        assert!(heard.json()["error_description"].is_string());
    }
    let heard = exchange(
        &portal,
        &format!("grant_type=authorization_code&code={code}"),
    )
    .await;
    assert_eq!(heard.status, 200, "none of that used the code up");
}

#[tokio::test(start_paused = true)]
async fn the_oauth_server_has_no_bucket() {
    let config = PortalConfig::new()
        .rate_limit(crate::context::limits::RateLimit::new(1.0, 1.0))
        .app(app().signed_in_as(1));
    let portal = portal(config);
    for _ in 0..5 {
        tokens(&portal).await;
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_are_not_shown() {
    let portal = signed_in();
    tokens(&portal).await;
    assert!(!format!("{portal:?}").contains("s3cret"));
}

/// Takes one request and answers it with `status`.
async fn handler(status: &'static str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let mut part = [0; 4096];
        let whole = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let (head, body) = text.split_once("\r\n\r\n")?;
            let length = head.split("Content-Length: ").nth(1)?.lines().next()?;
            (body.len() >= length.parse().ok()?).then_some(text.clone())
        };
        loop {
            let read = stream.read(&mut part).await.unwrap();
            bytes.extend_from_slice(&part[..read]);
            if let Some(text) = whole(&bytes) {
                let reply = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(reply.as_bytes()).await.unwrap();
                return text;
            }
            assert_ne!(read, 0, "the request ended early");
        }
    });
    (format!("http://{address}/install?x=1"), heard)
}

#[tokio::test]
async fn an_installation_posts_the_first_tokens_to_the_handler() {
    let (address, heard) = handler("200 OK").await;
    let config = PortalConfig::unlimited()
        .starts_at_unix(NOON)
        .rows("lead", 5)
        .app(app().install_handler(address));
    let server = portal(config).bind("127.0.0.1:0").await.unwrap();
    server.portal().install("app.1", 3).await.unwrap();
    let request = heard.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /install?x=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("Content-Type: application/x-www-form-urlencoded"));
    let event = brimful_protocol::json::to_string(&query::decode(body.as_bytes()).into());
    let event: Json = serde_json::from_str(&event).unwrap();
    assert_eq!(event["event"], "ONAPPINSTALL");
    assert_eq!(event["data"]["INSTALLED"], "Y");
    let auth = &event["auth"];
    assert_eq!(text(auth, "application_token").len(), 32);
    assert_eq!(text(auth, "user_id"), "3");
    assert_eq!(
        text(auth, "client_endpoint"),
        format!("http://{}/rest/", server.address())
    );
    let heard = called_with(server.portal(), text(auth, "access_token")).await;
    assert_eq!(heard.result().as_array().unwrap().len(), 5);
    let heard = refresh(server.portal(), text(auth, "refresh_token")).await;
    assert_eq!(heard.status, 200);
    server.shut_down().await.unwrap();
}

#[tokio::test]
async fn only_handlers_on_this_machine_are_told() {
    for address in [
        "https://127.0.0.1/",
        "http://example.com/",
        "http://192.0.2.1/",
        "http://localhost.example.com/",
        "/install",
        "http://0.0.0.0/",
    ] {
        let portal = with(app().install_handler(address));
        let refused = portal.install("app.1", 1).await;
        assert!(
            matches!(refused, Err(InstallError::Elsewhere(_))),
            "{address}: {refused:?}"
        );
    }
    let portal = with(app());
    assert!(matches!(
        portal.install("nobody", 1).await,
        Err(InstallError::UnknownApp(_))
    ));
    let (address, _) = handler("500 Oops").await;
    let portal = with(app().install_handler(address));
    assert!(matches!(
        portal.install("app.1", 1).await,
        Err(InstallError::Refused { status: 500, .. })
    ));
}
