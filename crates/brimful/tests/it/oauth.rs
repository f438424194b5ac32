//! Applications: tokens that expire, and are refreshed once for everybody.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use brimful::{
    AppCredentials, BoxFuture, Client, ErrorKind, Execution, Installation, MemoryTokenStore, OAuth,
    Retry, StoreError, TokenStore, Tokens,
};
use brimful_portal::{AccessToken, App, Fault, FaultRule, FaultTiming, Portal, PortalConfig};
use serde_json::{Value, json};
use tokio::time::{Instant, advance};

use crate::line::Line;
use crate::support::{ids, ids_page_by_page, portal};

const PORTAL: &str = "https://portal.test";
const TTL: Duration = Duration::from_secs(3600);

/// A portal with an application whose user is signed in.
fn config() -> PortalConfig {
    let app = App::new("app.1", "s3cret", "https://app.test/in").signed_in_as(1);
    PortalConfig::unlimited()
        .app(app)
        .address(PORTAL)
        .token_ttl(TTL)
        .rows("lead", 120)
}

fn app() -> AppCredentials {
    AppCredentials::new("app.1", "s3cret").token_server(PORTAL)
}

/// What a browser does: opens the address and is sent back with a code.
async fn let_in(portal: &Portal, url: &str) -> String {
    let path = url.strip_prefix(PORTAL).unwrap();
    let request = http::Request::get(path).body(bytes::Bytes::new()).unwrap();
    let reply = portal
        .handle(request, IpAddr::V4(Ipv4Addr::LOCALHOST))
        .await;
    let response = reply.response().unwrap();
    let back = response.headers()["location"].to_str().unwrap();
    back.split_once('?').unwrap().1.to_owned()
}

/// Tokens, had the whole way.
pub(crate) async fn tokens(portal: &Portal) -> Tokens {
    let authorize = app().authorize(PORTAL).unwrap();
    let answer = authorize
        .answer(&let_in(portal, authorize.url()).await)
        .unwrap();
    let line = Line::to(PORTAL, portal);
    app().exchange_over(line, &answer).await.unwrap()
}

/// An application at work: its portal, what goes over the line, and its store.
struct AtWork {
    portal: Portal,
    line: Line,
    store: Arc<Flaky>,
    client: Client,
}

impl AtWork {
    async fn new() -> Self {
        Self::with(portal(config()), Retry::default()).await
    }

    async fn with(portal: Portal, retry: Retry) -> Self {
        let store = Arc::new(Flaky::default());
        let oauth = OAuth::begin(app(), tokens(&portal).await, Arc::clone(&store))
            .await
            .unwrap();
        let line = Line::to(PORTAL, &portal);
        let client = Client::builder(oauth)
            .transport(line.clone())
            .limit(None)
            .retry(retry)
            .seed(1)
            .build()
            .unwrap();
        Self {
            portal,
            line,
            store,
            client,
        }
    }

    async fn stored(&self) -> Tokens {
        self.store.load().await.unwrap().unwrap()
    }

    fn refreshes(&self) -> usize {
        self.line.to_path("/oauth/token/").len()
    }

    async fn call(&self) -> Result<brimful::Reply, brimful::Error> {
        self.client.call("user.current", json!({})).await
    }

    /// Faults at the token server alone.
    fn at_the_token_server(&self, fault: Fault, times: u64) {
        let rule = FaultRule::every(1, fault).on("oauth.token").times(times);
        self.portal.faults().add(rule);
    }
}

/// A store that can be told to fail.
#[derive(Debug, Default)]
struct Flaky {
    tokens: MemoryTokenStore,
    fails: AtomicBool,
}

impl TokenStore for Flaky {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>, StoreError>> {
        self.tokens.load()
    }

    fn save<'a>(&'a self, tokens: &'a Tokens) -> BoxFuture<'a, Result<(), StoreError>> {
        if self.fails.load(Ordering::SeqCst) {
            return Box::pin(async { Err("the disk is full".into()) });
        }
        self.tokens.save(tokens)
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_becomes_tokens_and_a_token_goes_with_every_request() {
    let work = AtWork::new().await;
    assert_eq!(work.client.portal(), "https://portal.test/rest/");
    let (rows, _) = ids(work.client.list("crm.lead.list")).await.unwrap();
    assert_eq!(rows, ids_page_by_page(&work.portal, "crm.lead.list").await);
    let access = work.stored().await.access;
    for request in work.line.noted() {
        assert_eq!(request.token(), Some(access.expose()));
        assert!(request.path.starts_with("/rest/") && !request.path.contains(access.expose()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_refreshed_and_the_call_made_again_even_if_it_writes() {
    let work = AtWork::new().await;
    let before = work.stored().await;
    advance(TTL).await;
    work.client
        .call("crm.lead.add", json!({"fields": {"TITLE": "x"}}))
        .await
        .unwrap();
    let after = work.stored().await;
    assert_ne!(before.access, after.access);
    assert_ne!(before.refresh, after.refresh);
    assert_eq!(work.refreshes(), 1);
    assert_eq!(work.portal.stats().calls("crm.lead.add"), 1);
    let form = &work.line.to_path("/oauth/token/")[0];
    assert_eq!(form.verb, http::Method::POST);
    assert!(!form.path.contains('?'), "a secret stands in the address");
}

#[tokio::test(start_paused = true)]
async fn rest_3_has_no_code_for_it_and_is_refreshed_all_the_same() {
    let work = AtWork::new().await;
    advance(TTL).await;
    let one = json!({"select": ["id"], "pagination": {"limit": 1}});
    let rest3 = work.client.rest3();
    rest3.call("tasks.task.list", one).await.unwrap();
    assert_eq!(work.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn sixty_calls_whose_token_has_expired_refresh_it_once() {
    let work = AtWork::new().await;
    advance(TTL).await;
    let calls = (0..60).map(|_| work.call());
    for reply in futures_util::future::join_all(calls).await {
        reply.unwrap();
    }
    assert_eq!(work.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_refusal_of_an_old_token_does_not_refresh_again() {
    let portal = portal(config().latency(Duration::from_secs(5)));
    let work = AtWork::with(portal, Retry::default()).await;
    advance(TTL).await;
    let early = work.call();
    let late = async {
        // It leaves with the old token, and is refused after the other call has the new one.
        tokio::time::sleep(Duration::from_secs(4)).await;
        work.call().await
    };
    let (early, late) = tokio::join!(early, late);
    early.unwrap();
    late.unwrap();
    assert_eq!(work.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_list_goes_on_over_many_expiries() {
    let app = App::new("app.1", "s3cret", "https://app.test/in").signed_in_as(1);
    let config = PortalConfig::new()
        .app(app)
        .address(PORTAL)
        .token_ttl(Duration::from_secs(2))
        .operating_limit(None)
        .latency(Duration::from_millis(300))
        .sparse_rows("lead", 150_000, 0.2);
    let portal = portal(config);
    let expected = ids_page_by_page(&portal, "crm.lead.list").await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let refused = portal.stats().refused_by_rate;
    let store = MemoryTokenStore::default();
    let oauth = OAuth::begin(self::app(), tokens(&portal).await, store)
        .await
        .unwrap();
    let line = Line::to(PORTAL, &portal);
    let client = Client::builder(oauth)
        .transport(line.clone())
        .seed(1)
        .build()
        .unwrap();
    let (rows, _) = ids(client.list("crm.lead.list")).await.unwrap();
    assert_eq!(rows, expected);
    assert!(line.to_path("/oauth/token/").len() >= 2);
    assert_eq!(portal.stats().refused_by_rate, refused);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_always_refused_is_an_error_after_one_refresh() {
    let work = AtWork::new().await;
    work.portal
        .faults()
        .add(FaultRule::every(1, Fault::ExpiredToken).on("user.current"));
    let error = work.call().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(error.execution(), Execution::NotRun);
    assert!(
        error.to_string().contains("had just been renewed"),
        "{error}"
    );
    assert_eq!(work.refreshes(), 1);
    // Further calls do not refresh for nothing either.
    for _ in 0..5 {
        work.call().await.unwrap_err();
    }
    assert_eq!(work.refreshes(), 1);
    // A minute later it may be worth while again.
    work.portal.faults().clear();
    work.call().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn new_tokens_are_stored_before_they_are_used_and_not_lost_if_they_cannot_be() {
    let work = AtWork::new().await;
    let before = work.stored().await;
    advance(TTL).await;
    work.store.fails.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        let error = work.call().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("the disk is full"), "{error}");
    }
    let used: Vec<_> = work.line.to_path("user.current");
    assert!(
        used.iter()
            .all(|one| one.token() == Some(before.access.expose()))
    );
    assert_eq!(work.refreshes(), 1);
    work.store.fails.store(false, Ordering::SeqCst);
    work.call().await.unwrap();
    // The pair that was kept in memory, and no further one.
    assert_eq!(work.refreshes(), 1);
    assert_ne!(work.stored().await.refresh, before.refresh);
}

#[tokio::test(start_paused = true)]
async fn what_another_process_has_stored_is_taken_up_without_a_refresh() {
    let work = AtWork::new().await;
    let theirs = Client::builder(OAuth::load(app(), Arc::clone(&work.store)).await.unwrap())
        .transport(Line::to(PORTAL, &work.portal))
        .limit(None)
        .build()
        .unwrap();
    advance(TTL).await;
    theirs.call("user.current", json!({})).await.unwrap();
    work.call().await.unwrap();
    assert_eq!(work.refreshes(), 0);
    // What they stored has expired too: that is found out, and the token refreshed.
    advance(TTL).await;
    theirs.call("user.current", json!({})).await.unwrap();
    advance(TTL).await;
    work.call().await.unwrap();
    assert_eq!(work.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_server_that_asks_to_wait_or_breaks_before_it_works_is_asked_again() {
    for fault in [
        Fault::QueryLimit,
        Fault::OperatingLimit,
        Fault::Status(502, FaultTiming::BeforeWork),
        Fault::Status(503, FaultTiming::BeforeWork),
        Fault::Status(429, FaultTiming::BeforeWork),
        Fault::Html(FaultTiming::BeforeWork),
        Fault::Empty(FaultTiming::BeforeWork),
        Fault::Reset(FaultTiming::BeforeWork),
    ] {
        let work = AtWork::new().await;
        advance(TTL).await;
        work.at_the_token_server(fault.clone(), 1);
        work.call()
            .await
            .unwrap_or_else(|error| panic!("{fault}: {error}"));
        assert_eq!(work.refreshes(), 2, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_server_that_hangs_holds_a_call_no_longer_than_its_deadline() {
    for fault in [
        Fault::Delay(Duration::from_secs(86_400)),
        Fault::SlowBody(Duration::from_secs(86_400)),
    ] {
        let work = AtWork::new().await;
        advance(TTL).await;
        work.at_the_token_server(fault.clone(), 100);
        let hurried = work.client.with_deadline(Duration::from_secs(20));
        let started = Instant::now();
        let error = hurried.call("user.current", json!({})).await.unwrap_err();
        let took = started.elapsed();
        assert!(took <= Duration::from_secs(21), "{fault}: {took:?}");
        assert_eq!(error.execution(), Execution::NotRun, "{fault}: {error}");
        let started = Instant::now();
        let list = hurried.with_deadline(Duration::from_secs(20));
        let listed = list.list("crm.lead.list").collect::<Value>().await;
        assert!(listed.is_err(), "{fault}");
        let took = started.elapsed();
        assert!(took <= Duration::from_secs(21), "{fault}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_whose_answer_was_lost_is_asked_for_once_more_and_then_told_clearly() {
    for fault in [
        Fault::Status(502, FaultTiming::AfterWork),
        Fault::Html(FaultTiming::AfterWork),
        Fault::Empty(FaultTiming::AfterWork),
        Fault::Reset(FaultTiming::AfterWork),
        Fault::Truncated,
        Fault::HalfBody,
    ] {
        let work = AtWork::new().await;
        advance(TTL).await;
        work.at_the_token_server(fault.clone(), 1);
        let error = work.call().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth, "{fault}: {error}");
        assert_eq!(error.execution(), Execution::NotRun);
        let said = error.to_string();
        assert!(
            said.contains("an answer was lost before"),
            "{fault}: {said}"
        );
        assert!(
            said.contains("has to let the application in again"),
            "{said}"
        );
        assert_eq!(work.refreshes(), 2, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_server_that_stays_away_is_an_error_that_says_what_is_not_known() {
    let work = AtWork::with(portal(config()), Retry::never()).await;
    advance(TTL).await;
    work.at_the_token_server(Fault::Reset(FaultTiming::BeforeWork), 2);
    let error = work.call().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(
        error
            .to_string()
            .contains("it is unknown whether the refresh token"),
        "{error}"
    );
    assert_eq!(work.refreshes(), 2);
    // Nothing was lost: the next call asks again.
    work.call().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn calls_that_wait_for_a_refresh_that_fails_fail_with_it() {
    let work = AtWork::with(portal(config()), Retry::never()).await;
    advance(TTL).await;
    work.at_the_token_server(Fault::Status(500, FaultTiming::BeforeWork), 2);
    let calls = (0..20).map(|_| work.call());
    for reply in futures_util::future::join_all(calls).await {
        assert!(reply.unwrap_err().to_string().contains("500"));
    }
    assert_eq!(work.refreshes(), 2);
    work.call().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_stops_waiting_does_not_lose_the_new_tokens() {
    let portal = portal(config().latency(Duration::from_secs(2)));
    let work = AtWork::with(portal, Retry::default()).await;
    let before = work.stored().await;
    advance(TTL).await;
    // 2 s for the refusal, and the refresh is on its way.
    let waiting = tokio::time::timeout(Duration::from_secs(3), work.call());
    assert!(waiting.await.is_err());
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_ne!(work.stored().await.refresh, before.refresh);
    work.call().await.unwrap();
    assert_eq!(work.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_and_a_void_refresh_token_are_named_without_being_shown() {
    let portal = portal(config());
    let line = Line::to(PORTAL, &portal);
    for (app, refresh, kind) in [
        (
            AppCredentials::new("app.1", "wr0ng-s3cret").token_server(PORTAL),
            tokens(&portal).await.refresh,
            ErrorKind::Config,
        ),
        (app(), "v0id-t0ken".into(), ErrorKind::Auth),
    ] {
        let tokens = Tokens::new(PORTAL, "n0-such-t0ken", refresh).unwrap();
        let oauth = OAuth::begin(app, tokens, MemoryTokenStore::default())
            .await
            .unwrap();
        let client = Client::builder(oauth)
            .transport(line.clone())
            .build()
            .unwrap();
        let error = client.call("user.current", json!({})).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let shown = format!("{error} {error:?} {client:?}");
        for secret in ["s3cret", "t0ken"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_installation_brings_the_first_tokens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let handler = format!("http://{}/install", listener.local_addr().unwrap());
    let app = App::new("app.1", "s3cret", handler);
    let portal = portal(PortalConfig::unlimited().app(app).address(PORTAL));
    let heard = async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = vec![0; 16 << 10];
        let mut length = 0;
        while !heard[..length]
            .windows(17)
            .any(|at| at == b"application_token")
        {
            length += stream.read(&mut heard[length..]).await.unwrap();
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&heard[..length]).into_owned();
        text.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    let (installed, form) = tokio::join!(portal.install("app.1", 1), heard);
    installed.unwrap();
    let installation = Installation::parse(form.as_bytes()).unwrap();
    assert!(!installation.application_token.matches("x"));
    let oauth = OAuth::begin(
        self::app(),
        installation.tokens,
        MemoryTokenStore::default(),
    )
    .await
    .unwrap();
    let client = Client::builder(oauth)
        .transport(Line::to(PORTAL, &portal))
        .build()
        .unwrap();
    client.call("user.current", json!({})).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_error_names_the_request_that_it_ended_with() {
    let work = AtWork::new().await;
    let error = work
        .client
        .call("crm.lead.get", json!({"id": 10_000}))
        .await
        .unwrap_err();
    let sent = work.line.noted();
    assert_eq!(
        error.last_request_id(),
        sent.last().unwrap().header("x-request-id")
    );
    work.call().await.unwrap();
    let ids: Vec<_> = work.line.noted();
    let ids: std::collections::BTreeSet<_> =
        ids.iter().map(|one| one.header("x-request-id")).collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
}

/// What a function that was asked for a token says.
type Said = std::future::Ready<Result<&'static str, &'static str>>;

/// Asked for tokens in this order; `None` is a failure.
fn tokens_in_order(
    tokens: &[Option<&'static str>],
) -> (impl Fn() -> Said + Send + Sync + 'static, Arc<Mutex<usize>>) {
    let (tokens, asked) = (tokens.to_vec(), Arc::new(Mutex::new(0)));
    let counted = Arc::clone(&asked);
    let ask = move || {
        let mut asked = counted.lock().unwrap();
        let token = tokens[(*asked).min(tokens.len() - 1)];
        *asked += 1;
        std::future::ready(token.ok_or("the vault is shut"))
    };
    (ask, asked)
}

fn with_callback(
    portal: &Portal,
    ask: impl Fn() -> std::future::Ready<Result<&'static str, &'static str>> + Send + Sync + 'static,
) -> Client {
    Client::builder(PORTAL)
        .token_with(ask)
        .transport(Line::to(PORTAL, portal))
        .limit(None)
        .seed(1)
        .build()
        .unwrap()
}

fn with_tokens() -> Portal {
    portal(
        PortalConfig::unlimited()
            .token(AccessToken::new("old", "app", 1).lifetime(TTL))
            .token(AccessToken::new("new", "app", 1)),
    )
}

#[tokio::test(start_paused = true)]
async fn a_function_is_asked_for_the_first_token_and_when_it_has_expired() {
    let portal = with_tokens();
    let (ask, asked) = tokens_in_order(&[Some("old"), Some("new")]);
    let client = with_callback(&portal, ask);
    for _ in 0..3 {
        client.call("user.current", json!({})).await.unwrap();
    }
    assert_eq!(*asked.lock().unwrap(), 1);
    advance(TTL).await;
    let calls = (0..60).map(|_| client.call("user.current", json!({})));
    for reply in futures_util::future::join_all(calls).await {
        reply.unwrap();
    }
    assert_eq!(*asked.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_function_whose_first_token_has_expired_before_is_asked_for_another_at_once() {
    let portal = with_tokens();
    let (ask, asked) = tokens_in_order(&[Some("of yesterday"), Some("new")]);
    let client = with_callback(&portal, ask);
    client.call("user.current", json!({})).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_once_fails_the_calls_that_wait_and_is_asked_again() {
    let portal = with_tokens();
    let (ask, asked) = tokens_in_order(&[None, Some("new")]);
    let client = with_callback(&portal, ask);
    let calls = (0..10).map(|_| client.call("user.current", json!({})));
    for reply in futures_util::future::join_all(calls).await {
        let error = reply.unwrap_err();
        assert_eq!(
            (error.kind(), error.execution()),
            (ErrorKind::Auth, Execution::NotRun)
        );
        assert!(error.to_string().contains("the vault is shut"), "{error}");
    }
    assert_eq!(*asked.lock().unwrap(), 1);
    client.call("user.current", json!({})).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_function_whose_tokens_are_always_refused_ends_in_an_error() {
    let portal = with_tokens();
    let (ask, asked) = tokens_in_order(&[Some("unknown")]);
    let client = with_callback(&portal, ask);
    let error = client.call("user.current", json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(*asked.lock().unwrap(), 2);
    // A wrong scope is no matter of the token's age.
    let token = AccessToken::new("crm", "app", 1).scopes(["crm"]);
    let portal = crate::support::portal(
        PortalConfig::unlimited()
            .token(token)
            .statuses(brimful_portal::AuthStatuses::Code),
    );
    let (ask, asked) = tokens_in_order(&[Some("crm")]);
    let error = with_callback(&portal, ask)
        .call("user.get", json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InsufficientScope);
    assert_eq!(*asked.lock().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_panics_is_an_error_and_no_end() {
    let portal = with_tokens();
    let client = Client::builder(PORTAL)
        .token_with(|| async {
            let tokens: Vec<&'static str> = Vec::new();
            Ok::<_, StoreError>(tokens[0])
        })
        .transport(Line::to(PORTAL, &portal))
        .build()
        .unwrap();
    let error = client.call("user.current", json!({})).await.unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error}");
}

#[test]
fn a_webhook_needs_no_function_and_a_function_no_webhook() {
    let (ask, _) = tokens_in_order(&[None]);
    let error = Client::builder("https://portal.test/rest/1/s3cr3t/")
        .token_with(ask)
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!error.to_string().contains("s3cr3t"), "{error}");
}
