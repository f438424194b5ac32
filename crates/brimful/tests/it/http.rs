//! Over a real socket.

use std::time::Duration;

use brimful::{Client, ErrorKind};
use brimful_portal::{Fault, FaultRule, FaultTiming, Portal, PortalConfig};
use serde_json::json;

use crate::support::{assert_faults_played, ids, ids_page_by_page, portal};

async fn served(portal: &Portal) -> (brimful_portal::Server, Client) {
    let server = portal.bind("127.0.0.1:0").await.unwrap();
    let client = Client::builder(server.webhook_url())
        .limit(None)
        .build()
        .unwrap();
    (server, client)
}

#[tokio::test]
async fn a_whole_list_over_http() {
    let portal = portal(PortalConfig::unlimited().sparse_rows("crm.lead", 25_000, 0.3));
    let (server, client) = served(&portal).await;
    let (rows, _) = ids(client.list("crm.lead.list").select(["ID", "TITLE"]))
        .await
        .unwrap();
    assert_eq!(rows, ids_page_by_page(&portal, "crm.lead.list").await);
    server.shut_down().await.unwrap();
}

#[tokio::test]
async fn resets_and_cut_bodies_over_http_lose_nothing() {
    let portal = portal(PortalConfig::unlimited().sparse_rows("crm.lead", 15_000, 0.3));
    let expected = ids_page_by_page(&portal, "crm.lead.list").await;
    let (server, client) = served(&portal).await;
    client.call("user.current", json!({})).await.unwrap();
    portal
        .faults()
        .add(FaultRule::every(3, Fault::Reset(FaultTiming::AfterWork)).times(2));
    portal
        .faults()
        .add(FaultRule::every(4, Fault::Truncated).times(2));
    let (rows, report) = ids(client.list("crm.lead.list").select(["ID"]))
        .await
        .unwrap();
    assert_eq!(rows, expected);
    assert!(report.retries >= 2);
    assert_faults_played(&portal);
    server.shut_down().await.unwrap();
}

#[tokio::test]
async fn nobody_at_the_address_is_an_error_soon_and_without_the_secret() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let client = Client::builder(format!("http://127.0.0.1:{port}/rest/1/s3cr3tc0de/"))
        .build()
        .unwrap();
    let asked = tokio::time::timeout(
        Duration::from_secs(20),
        client.call("user.current", json!({})),
    );
    let error = asked.await.expect("an answer in time").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    let mut shown = format!("{error} {error:?}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        shown = format!("{shown} {cause} {cause:?}");
        source = cause.source();
    }
    assert!(!shown.contains("s3cr3tc0de"), "{shown}");
}
