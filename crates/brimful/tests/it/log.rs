//! What the log tells its listeners: everything that happens, and no secret.

use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex};

use brimful::{AppCredentials, Client, MemoryTokenStore, OAuth};
use brimful_portal::{App, Fault, FaultRule, FaultTiming, PortalConfig};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::line::Line;
use crate::support::{assert_faults_played, portal};

const PORTAL: &str = "https://portal.test";

/// All that was logged.
#[derive(Debug, Clone, Default)]
pub(crate) struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl io::Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for CapturedLog {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl CapturedLog {
    fn everything() -> (Self, tracing::subscriber::DefaultGuard) {
        Self::from(tracing::Level::TRACE)
    }

    /// What a program says that logs warnings alone.
    pub(crate) fn warnings() -> (Self, tracing::subscriber::DefaultGuard) {
        Self::from(tracing::Level::WARN)
    }

    fn from(level: tracing::Level) -> (Self, tracing::subscriber::DefaultGuard) {
        let told = Self::default();
        let log = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(told.clone())
            .finish();
        let guard = tracing::subscriber::set_default(log);
        (told, guard)
    }

    fn note(&self, error: &brimful::Error) {
        let mut said = format!("{error} {error:?}");
        let mut source = error.source();
        while let Some(cause) = source {
            said = format!("{said} {cause} {cause:?}");
            source = cause.source();
        }
        self.0.lock().unwrap().extend_from_slice(said.as_bytes());
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_webhooks_code_and_the_parameters_of_calls_are_told_to_nobody() {
    let (told, _listening) = CapturedLog::everything();
    let webhook = brimful_portal::Webhook::new(1, "s3cr3tc0de");
    let config = PortalConfig::new().rows("lead", 300).webhook(webhook);
    let portal = portal(config.address(PORTAL).file("a.txt", "content"));
    let line = Line::to(PORTAL, &portal);
    let client = Client::builder("https://portal.test/rest/1/s3cr3tc0de/")
        .transport(line)
        .build()
        .unwrap();
    let call = async |method: &str, params: Value| client.call(method, params).await;
    call("user.current", json!({})).await.unwrap();
    let file = call("disk.file.get", json!({"id": 2})).await.unwrap();
    let link = file.result::<Value>().unwrap()["DOWNLOAD_URL"]
        .as_str()
        .unwrap()
        .to_owned();
    for fault in [
        Fault::QueryLimit,
        Fault::Reset(FaultTiming::AfterWork),
        Fault::Html(FaultTiming::BeforeWork),
        Fault::Status(502, FaultTiming::AfterWork),
        Fault::Truncated,
    ] {
        portal.faults().push(fault.clone());
        client
            .list("crm.lead.list")
            .collect_with_report::<Value>()
            .await
            .unwrap();
        portal.faults().push(fault.clone());
        client.download(&link).bytes().await.unwrap();
        portal.faults().push(fault);
        let name = json!({"fields": {"NAME": "Private Person"}});
        if let Err(error) = call("crm.contact.add", name).await {
            told.note(&error);
        }
        assert_faults_played(&portal);
    }
    told.note(&call("crm.lead.get", json!({"id": 0})).await.unwrap_err());
    told.note(
        &client
            .download(&format!("{link}x"))
            .bytes()
            .await
            .unwrap_err(),
    );
    told.0.lock().unwrap().extend(format!("{client:?}").bytes());
    let text = told.text();
    assert!(
        text.contains("trying again") && text.contains("going on with the file"),
        "{text}"
    );
    for secret in ["s3cr3tc0de", "Private Person", "disk%7C", "token="] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_and_the_secret_of_an_application_are_told_to_nobody() {
    let (told, _listening) = CapturedLog::everything();
    let app = App::new("app.1", "s3cret", "https://app.test/in").signed_in_as(1);
    let portal = portal(PortalConfig::new().address(PORTAL).app(app));
    let app = || AppCredentials::new("app.1", "s3cret").token_server(PORTAL);
    let tokens = crate::oauth::tokens(&portal).await;
    let mut secrets = vec![
        "s3cret".to_owned(),
        tokens.access.expose().to_owned(),
        tokens.refresh.expose().to_owned(),
    ];
    let store = Arc::new(MemoryTokenStore::new(tokens));
    let oauth = OAuth::load(app(), Arc::clone(&store)).await.unwrap();
    let client = Client::builder(oauth)
        .transport(Line::to(PORTAL, &portal))
        .build()
        .unwrap();
    client.call("user.current", json!({})).await.unwrap();
    for fault in [
        Fault::Status(502, FaultTiming::BeforeWork),
        Fault::Reset(FaultTiming::AfterWork),
    ] {
        tokio::time::advance(std::time::Duration::from_secs(3_700)).await;
        portal
            .faults()
            .add(FaultRule::every(1, fault).on("oauth.token").times(1));
        if let Err(error) = client.call("user.current", json!({})).await {
            told.note(&error);
        }
        assert_faults_played(&portal);
    }
    let oauth = OAuth::load(app(), store).await.unwrap();
    secrets.push(oauth.tokens().access.expose().to_owned());
    secrets.push(oauth.tokens().refresh.expose().to_owned());
    told.0
        .lock()
        .unwrap()
        .extend(format!("{client:?} {oauth:?}").bytes());
    let text = told.text();
    assert!(text.contains("asking the token server again"), "{text}");
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret} is in {text}");
    }
}
