//! Files: fetched by signed links, resumed where they broke off, and sent.

use std::sync::Arc;
use std::time::Duration;

use brimful::{AppCredentials, Client, ErrorKind, FileData, MemoryTokenStore, OAuth, Tokens};
use brimful_portal::{AccessToken, Fault, FaultRule, FaultTiming, Portal, PortalConfig};
use serde_json::{Value, json};

use crate::line::Line;
use crate::support::{WEBHOOK, assert_faults_played, portal};

const PORTAL: &str = "https://portal.test";

/// A portal with a file of 10,000 bytes, whose ID is 2.
fn with_file() -> Portal {
    let config = PortalConfig::unlimited().address(PORTAL);
    portal(config.file("договор 1.pdf", content()))
}

fn content() -> Vec<u8> {
    (0..10_000_u32).map(|at| (at * 7 % 251) as u8).collect()
}

fn client_over(line: &Line) -> Client {
    Client::builder(WEBHOOK)
        .transport(line.clone())
        .limit(None)
        .seed(1)
        .build()
        .unwrap()
}

async fn link(client: &Client) -> String {
    let file = client
        .call("disk.file.get", json!({"id": 2}))
        .await
        .unwrap();
    let file: Value = file.result().unwrap();
    file["DOWNLOAD_URL"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_file_is_fetched_as_a_browser_does() {
    let line = Line::to(PORTAL, &with_file());
    let client = client_over(&line);
    let link = link(&client).await;
    let mut out = Vec::new();
    let got = client.download(&link).to_writer(&mut out).await.unwrap();
    assert_eq!(out, content());
    assert_eq!(got.bytes, 10_000);
    assert_eq!(got.name.as_deref(), Some("договор 1.pdf"));
    let sent = line.noted().pop().unwrap();
    assert_eq!(sent.verb, http::Method::GET);
    assert_eq!(sent.header("referer"), Some("https://portal.test/"));
    assert!(sent.header("accept-language").is_some());
    // Relative links are those of the portal. A task of its own may fetch them.
    let relative = link.strip_prefix(PORTAL).unwrap();
    let fetched = tokio::spawn(client.download(relative).bytes());
    assert_eq!(fetched.await.unwrap().unwrap(), content());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_breaks_off_is_gone_on_with() {
    for fault in [
        Fault::Truncated,
        Fault::Reset(FaultTiming::AfterWork),
        Fault::Status(502, FaultTiming::BeforeWork),
        Fault::Html(FaultTiming::BeforeWork),
        Fault::Empty(FaultTiming::BeforeWork),
        Fault::QueryLimit,
    ] {
        let portal = with_file();
        let line = Line::to(PORTAL, &portal);
        let client = client_over(&line);
        let link = link(&client).await;
        portal
            .faults()
            .add(FaultRule::every(1, fault.clone()).on("download").times(3));
        let got = client.download(&link).bytes().await;
        let got = got.unwrap_or_else(|error| panic!("{fault}: {error}"));
        assert!(got == content(), "{fault}");
        let ranges: Vec<_> = line.noted();
        let ranges: Vec<_> = ranges
            .iter()
            .filter_map(|one| one.header("range"))
            .collect();
        if fault == Fault::Truncated {
            assert_eq!(ranges, ["bytes=5000-", "bytes=7500-", "bytes=8750-"]);
        } else {
            assert!(ranges.is_empty(), "{fault}: {ranges:?}");
        }
        assert_faults_played(&portal);
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_has_its_name_only_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contract.pdf");
    let portal = with_file();
    let client = client_over(&Line::to(PORTAL, &portal));
    let link = link(&client).await;
    portal
        .faults()
        .add(FaultRule::every(1, Fault::Truncated).on("download"));
    let hasty = client.with_deadline(Duration::from_secs(5));
    let error = hasty.download(&link).to_file(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    portal.faults().clear();
    let got = client.download(&link).to_file(&path).await.unwrap();
    assert_eq!(got.bytes, 10_000);
    assert_eq!(std::fs::read(&path).unwrap(), content());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn half_a_file_that_says_it_is_whole_is_found_out_by_its_size() {
    let portal = with_file();
    let client = client_over(&Line::to(PORTAL, &portal));
    let link = link(&client).await;
    portal
        .faults()
        .add(FaultRule::every(1, Fault::HalfBody).on("download"));
    let asked = client.download(&link).expect_size(10_000);
    let error = asked.bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
}

#[tokio::test(start_paused = true)]
async fn a_link_is_in_no_error_and_leads_to_the_portal_alone() {
    let portal = with_file();
    let line = Line::to(PORTAL, &portal).and_to("https://cdn.test", &portal);
    let client = client_over(&line);
    let asked = line.noted().len();
    for (link, says) in [
        (
            "https://evil.test/rest/1/demo/download/?token=s3cr3t",
            "evil.test",
        ),
        (
            "http://portal.test/rest/1/demo/download/?token=s3cr3t",
            "by plain http",
        ),
        ("//evil.test/?token=s3cr3t", "evil.test"),
        ("file:///s3cr3t", "not the portal's host"),
        ("https://s3cr3t:x y/", "not a URL"),
        ("", "the link is empty"),
    ] {
        let error = client.download(link).bytes().await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(says) && !shown.contains("s3cr3t"), "{shown}");
    }
    assert_eq!(line.noted().len(), asked);
    let forged = "https://portal.test/rest/1/demo/download/?token=disk|s3cr3t|x";
    let error = client.download(forged).bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
    // Another host, if the caller says so; and a redirect there.
    let elsewhere = link(&client).await.replace("portal.test", "cdn.test");
    let asked = client.download(&elsewhere).allow_host("cdn.test");
    assert_eq!(asked.bytes().await.unwrap(), content());
    let to_cdn = Fault::Redirect(Some("https://cdn.test".to_owned()));
    let link = link(&client).await;
    portal.faults().push(to_cdn.clone());
    let error = client.download(&link).bytes().await.unwrap_err();
    assert!(error.to_string().contains("cdn.test"), "{error}");
    portal.faults().push(to_cdn);
    assert_eq!(
        client.download(&link).any_host().bytes().await.unwrap(),
        content()
    );
}

#[tokio::test(start_paused = true)]
async fn a_link_of_an_application_lives_as_long_as_its_token() {
    let token = AccessToken::new("t0ken", "app", 1).lifetime(Duration::from_secs(3600));
    let config = PortalConfig::unlimited().address(PORTAL).token(token);
    let portal = portal(config.file("a", content()));
    let line = Line::to(PORTAL, &portal);
    let tokens = Tokens::new(PORTAL, "t0ken", "r").unwrap();
    let store = Arc::new(MemoryTokenStore::default());
    let app = AppCredentials::new("app", "s3cret");
    let client = Client::builder(OAuth::begin(app, tokens, store).await.unwrap())
        .transport(line.clone())
        .build()
        .unwrap();
    let link = link(&client).await;
    assert!(link.starts_with("https://portal.test/rest/download.json?auth=t0ken&"));
    assert_eq!(client.download(&link).bytes().await.unwrap(), content());
    assert_eq!(line.noted().last().unwrap().token(), None);
    tokio::time::advance(Duration::from_secs(3600)).await;
    let error = client.download(&link).bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(error.to_string().contains("ask for it again"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_sent_comes_back() {
    let client = client_over(&Line::to(PORTAL, &with_file()));
    let file = FileData::new("фото.png", content());
    let stored = client
        .call("disk.folder.uploadfile", file.upload_params(1))
        .await
        .unwrap();
    let stored: Value = stored.result().unwrap();
    assert_eq!(
        (&stored["NAME"], &stored["SIZE"]),
        (&json!("фото.png"), &json!("10000"))
    );
    let link = stored["DOWNLOAD_URL"].as_str().unwrap();
    assert_eq!(client.download(link).bytes().await.unwrap(), content());
    let again = client
        .call("disk.folder.uploadfile", file.upload_params(1))
        .await;
    assert_eq!(
        again.unwrap_err().api_error().unwrap().code,
        "DISK_OBJ_22000"
    );
}
