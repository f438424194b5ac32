//! Portals that were renamed: what was sent to the old address is sent to the new one, as it was.

use std::time::Duration;

use brimful::{AppCredentials, Client, ErrorKind, MemoryTokenStore, OAuth, TokenStore, Tokens};
use brimful_portal::{AccessToken, Fault, FaultRule, Portal, PortalConfig};
use serde_json::json;

use crate::line::Line;
use crate::support::{WEBHOOK, ids, portal, truth};

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
    let truth = truth(&there, "crm.lead.list").await;
    let line = Line::to(OLD, &here).and_to(NEW, &there);
    let client = at(WEBHOOK, &line);
    let redirect = Fault::Redirect(Some(NEW.to_owned()));
    here.faults().add(FaultRule::every(1, redirect).after(3));
    let (rows, report) = ids(client.list("crm.lead.list")).await.unwrap();
    assert_eq!(rows, truth);
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
