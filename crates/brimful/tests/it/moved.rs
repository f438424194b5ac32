//! Portals that were renamed: what was sent to the old address is sent to the new one, as it was.

use std::time::Duration;

use brimful::{AppCredentials, Client, ErrorKind, MemoryTokenStore, OAuth, TokenStore, Tokens};
use brimful_portal::{AccessToken, Fault, FaultRule, Portal, PortalConfig};
use serde_json::json;

use crate::line::Line;
use crate::log::CapturedLog;
use crate::support::{WEBHOOK, ids, ids_page_by_page, portal};

const OLD: &str = "https://portal.test";
const NEW: &str = "https://new.test";

fn at(address: &str, line: &Line) -> Client {
    Client::builder(address)
        .transport(line.clone())
        .limit(None)
        .seed(1)
        .build()
        .unwrap()
}

fn moved(to: &str) -> Portal {
    portal(PortalConfig::unlimited().moved_to(to))
}

#[tokio::test(start_paused = true)]
async fn a_call_is_sent_on_as_it_was_and_the_new_address_remembered() {
    let there = portal(PortalConfig::unlimited().rows("lead", 5));
    let line = Line::to(OLD, &moved(NEW)).and_to(NEW, &there);
    let client = at(WEBHOOK, &line);
    let fields = json!({"fields": {"TITLE": "x"}});
    client.call("crm.lead.add", fields.clone()).await.unwrap();
    client.call("crm.lead.add", fields).await.unwrap();
    assert_eq!(there.stats().calls("crm.lead.add"), 2);
    let sent = line.noted();
    let to: Vec<&str> = sent.iter().map(|one| one.origin.as_str()).collect();
    assert_eq!(to, [OLD, NEW, NEW]);
    for one in &sent {
        assert_eq!(one.verb, http::Method::POST);
        assert_eq!(
            (one.path.as_str(), &one.body),
            ("/rest/1/demo/crm.lead.add", &sent[0].body)
        );
    }
    assert_eq!(client.portal(), "https://new.test/rest/1/…/");
}

#[tokio::test(start_paused = true)]
async fn a_list_goes_on_at_the_new_address_in_the_middle() {
    let config = PortalConfig::unlimited()
        .latency(Duration::from_millis(200))
        .sparse_rows("lead", 50_000, 0.3);
    let (here, there) = (portal(config.clone()), portal(config));
    let expected = ids_page_by_page(&there, "crm.lead.list").await;
    let line = Line::to(OLD, &here).and_to(NEW, &there);
    let client = at(WEBHOOK, &line);
    let redirect = Fault::Redirect(Some(NEW.to_owned()));
    here.faults().add(FaultRule::every(1, redirect).after(3));
    let (rows, report) = ids(client.list("crm.lead.list")).await.unwrap();
    assert_eq!(rows, expected);
    assert!(report.retries >= 1, "{report:?}");
    assert_eq!(line.noted().last().unwrap().origin, NEW);
}

#[tokio::test(start_paused = true)]
async fn a_portal_is_followed_twice_and_not_in_a_circle() {
    let there = portal(PortalConfig::unlimited());
    let line = Line::to(OLD, &moved("https://second.test"))
        .and_to("https://second.test", &moved(NEW))
        .and_to(NEW, &there);
    at(WEBHOOK, &line)
        .call("user.current", json!({}))
        .await
        .unwrap();
    let line = Line::to(OLD, &moved(NEW)).and_to(NEW, &moved(OLD));
    let error = at(WEBHOOK, &line)
        .call("user.current", json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    assert_eq!(line.noted().len(), 3);
    // Where it was sent to is where it was asked.
    let line = Line::to(OLD, &moved(OLD));
    at(WEBHOOK, &line)
        .call("user.current", json!({}))
        .await
        .unwrap_err();
    assert_eq!(line.noted().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_secret_follows_into_the_clear() {
    let there = portal(PortalConfig::unlimited());
    let line = Line::to(OLD, &moved("http://new.test")).and_to("http://new.test", &there);
    let error = at(WEBHOOK, &line)
        .call("user.current", json!({}))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("by plain http"), "{error}");
    assert_eq!(line.noted().len(), 1);
    assert!(!format!("{error:?}").contains("demo"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn the_token_goes_along_and_the_store_hears_of_the_new_address() {
    let there = portal(PortalConfig::unlimited().token(AccessToken::new("t0ken", "app", 1)));
    let line = Line::to(OLD, &moved(NEW)).and_to(NEW, &there);
    let store = std::sync::Arc::new(MemoryTokenStore::default());
    let tokens = Tokens::new(OLD, "t0ken", "r").unwrap();
    let oauth = OAuth::begin(AppCredentials::new("a", "s"), tokens, store.clone())
        .await
        .unwrap();
    let client = Client::builder(oauth)
        .transport(line.clone())
        .build()
        .unwrap();
    client.call("user.current", json!({})).await.unwrap();
    assert_eq!(line.noted().last().unwrap().token(), Some("t0ken"));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let stored = store.load().await.unwrap().unwrap();
    assert_eq!(stored.portal.to_string(), "https://new.test/rest/");
}

/// Answers every request with a redirect, and counts them.
#[derive(Debug, Clone)]
struct Redirecting {
    status: u16,
    to: &'static str,
    sent: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl brimful::Transport for Redirecting {
    fn send(
        &self,
        _: brimful::Request,
    ) -> brimful::BoxFuture<'_, Result<brimful::Response, brimful::TransportError>> {
        self.sent.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut headers = http::HeaderMap::new();
        headers.insert("location", self.to.parse().unwrap());
        let response = brimful::Response {
            status: http::StatusCode::from_u16(self.status).unwrap(),
            headers,
            body: bytes::Bytes::new(),
        };
        Box::pin(async { Ok(response) })
    }
}

#[tokio::test(start_paused = true)]
async fn no_redirect_is_followed_but_that_of_a_portal_that_was_renamed() {
    let same = "https://evil.test/rest/1/demo/user.current";
    for (status, to) in [
        (301, same),
        (303, same),
        (307, same),
        (308, same),
        (302, "https://evil.test/"),
        (
            302,
            "https://evil.test/login/?back=/rest/1/demo/user.current",
        ),
        (302, "https://evil.test/rest/1/demo/user.current?x=1"),
        (302, "https://u:p@evil.test/rest/1/demo/user.current"),
        (302, "//portal.test/rest/1/demo/user.current"),
        (302, "http://portal.test/rest/1/demo/user.current"),
        (302, "ftp://evil.test/rest/1/demo/user.current"),
    ] {
        let sent = std::sync::Arc::default();
        let transport = Redirecting {
            status,
            to,
            sent: std::sync::Arc::clone(&sent),
        };
        let client = Client::builder(WEBHOOK)
            .transport(transport)
            .build()
            .unwrap();
        let error = client.call("user.current", json!({})).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect, "{status} {to}: {error}");
        assert_eq!(
            sent.load(std::sync::atomic::Ordering::SeqCst),
            1,
            "{status} {to}"
        );
        assert_eq!(client.portal(), "https://portal.test/rest/1/…/");
    }
}

#[tokio::test(start_paused = true)]
async fn a_move_is_said_once_with_both_hosts_and_without_the_secret() {
    let (told, _guard) = CapturedLog::warnings();
    let there = portal(PortalConfig::unlimited().rows("lead", 5));
    let line = Line::to(OLD, &moved(NEW)).and_to(NEW, &there);
    let client = at(WEBHOOK, &line);
    for _ in 0..3 {
        client.call("user.current", json!({})).await.unwrap();
    }
    let text = told.text();
    let said = "the portal has moved from portal.test to new.test";
    assert_eq!(text.matches(said).count(), 1, "{text}");
    assert!(
        text.contains(brimful::MOVED_LOG) && !text.contains("demo"),
        "{text}"
    );
}
