//! The portal as a whole, without a socket: it is put together here, and a request is led to the API that answers it.

mod body_budget;
mod handler_task;
mod route;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method as Verb, Request, Response, StatusCode};
use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;

pub(crate) use body_budget::BodyShare;

use crate::bodies::{envelope, fault_replies};
use crate::calls::Backend;
use crate::calls::applications::Applications;
use crate::calls::background_writer::BackgroundWriter;
use crate::calls::callers::Callers;
use crate::calls::data_file::DataFile;
use crate::calls::event_sender::EventSender;
use crate::calls::events::Events;
use crate::calls::installation::{self, InstallError};
use crate::calls::keeping;
use crate::calls::scenario::ScenarioRunner;
use crate::calls::token_store::TokenStore;
use crate::config::PortalConfig;
use crate::context::address::PortalAddress;
use crate::context::churn::Churn;
use crate::context::clock::Clock;
use crate::context::deliveries::{EventDeliveries, EventDelivery};
use crate::context::faults::{Fault, Faults};
use crate::context::hidden_rows::HiddenRows;
use crate::context::limits::{Buckets, Operating};
use crate::context::reply::{Reply, SlowBody};
use crate::context::request_log::{CommandOutcomes, LoggedRequest, kept_body, kept_reply};
use crate::context::scenario::Scenario;
use crate::context::settings::{Settings, Webhook};
use crate::context::stats::Stats;
use crate::context::{Context, errors};
use crate::data::files::{ROOT, SHARED_STORAGE, StoredFile};
use crate::data::stored::StoredRow;
use crate::data::{Data, DataError, PortalData};
use crate::extension::{Extension, ExtensionSetup, Host};
use crate::methods::registry::Registry;
use crate::{admin, oauth, rest, rest3};
use body_budget::BodyBudget;
use handler_task::HandlerTask;
use route::Route;

/// So many bodies of the largest size there is memory for at once.
const BODIES_AT_ONCE: usize = 8;

/// A Bitrix24 portal. A clone is the same portal.
#[derive(Clone)]
pub struct Portal {
    inner: Arc<Inner>,
}

/// The backend, the APIs in front of it, and what a request passes on its way.
struct Inner {
    backend: Backend,
    replays: rest3::Replays,
    extensions: Vec<Box<dyn Extension>>,
    /// For the bodies that come in on sockets.
    body_budget: BodyBudget,
    body_limit: usize,
    latency: Duration,
    jitter: Duration,
    chance: Mutex<fastrand::Rng>,
    moved_to: Option<String>,
    is_restored: bool,
}

impl Portal {
    /// The settings of a portal, to be changed and started with [`PortalConfig::start`].
    pub fn builder() -> PortalConfig {
        PortalConfig::new()
    }

    /// A portal as configured. Its clock begins now. Data that makes no sense is the only thing that can fail.
    pub fn new(config: PortalConfig) -> Result<Self, DataError> {
        Self::with_registry(config, Registry::default())
    }

    pub(crate) fn with_registry(
        config: PortalConfig,
        registry: Registry,
    ) -> Result<Self, DataError> {
        let kept = KeptData::open(&config)?;
        let extensions = start_extensions(&config)?;
        let faults = config.faults.copy();
        let clock = Clock::new(config.starts_at, config.skew, config.zone);
        let mut data = config.data;
        if config.rows_up_to_now {
            data.until = Some(start_of_today(&clock));
        }
        let initial = keeping::initial(&data);
        let is_restored = !kept.rows.is_empty();
        let data = data_of(data, &kept)?;
        // The portal is the same as before, whatever seed it is started with now.
        let seed = data.seed();
        let webhooks = with_kept_codes(config.webhooks, &kept);
        let mut oauth_chance = fastrand::Rng::with_seed(seed ^ 0x6f61_7574_6832);
        let member_id = format!("{:032x}", oauth_chance.u128(..));
        let clock = clock.with_skew(faults.skew());
        let sender = EventSender::new(config.handler_hosts, clock.clone());
        let backend = Backend {
            context: Context::new(
                Settings {
                    statuses: config.statuses,
                    time: config.time,
                    costs: config.costs,
                    wall: config.wall,
                    admin_token: config.admin_token,
                },
                clock,
                faults,
                PortalAddress::new(config.address, member_id),
                Operating::new(config.operating, config.operating_window),
                Buckets::new(config.rate_limit),
            ),
            registry: registry.and_served(&data.fixtures),
            data: RwLock::new(data),
            file: kept.file,
            initial,
            callers: Callers::new(
                webhooks,
                config.tokens,
                config.rights,
                TokenStore::new(oauth_chance),
            ),
            applications: Applications::new(config.apps, config.token_ttl),
            events: Events::new(sender),
            background_writer: BackgroundWriter::default(),
            scenario: ScenarioRunner::default(),
        };
        fill(&backend, &kept.rows, config.files);
        if let Some(scenario) = config.scenario {
            backend.start_scenario(scenario, is_restored);
        }
        backend.set_churn(config.churn)?;
        backend.hide(config.hidden)?;
        Ok(Self {
            inner: Arc::new(Inner {
                backend,
                replays: rest3::Replays::default(),
                extensions,
                body_budget: BodyBudget::new(config.body_limit.saturating_mul(BODIES_AT_ONCE)),
                body_limit: config.body_limit,
                latency: config.latency,
                jitter: config.jitter,
                chance: Mutex::new(fastrand::Rng::with_seed(seed)),
                moved_to: config.moved_to,
                is_restored,
            }),
        })
    }

    /// Handles a request from `peer`, in the time that it takes by tokio's clock.
    ///
    /// A call that has begun is carried out to its end even if the caller stops waiting, as behind a web server.
    pub async fn handle(&self, request: Request<Bytes>, peer: IpAddr) -> Reply {
        let mut reply = self.deliver(request, peer).await;
        // Nobody sees the pieces of a slow body here, so it takes its time as a whole.
        if let Reply::Response(response) = &mut reply
            && let Some(SlowBody(time)) = response.extensions_mut().remove()
        {
            tokio::time::sleep(time).await;
        }
        reply
    }

    /// Handles a request up to the point where the connection sends the reply.
    pub(crate) async fn deliver(&self, request: Request<Bytes>, peer: IpAddr) -> Reply {
        let inner = Arc::clone(&self.inner);
        HandlerTask::new(async move { inner.reply(&request, peer).await })
            .await
            .unwrap_or_else(|_| envelope::html(StatusCode::INTERNAL_SERVER_ERROR).into())
    }

    /// The faults to come.
    pub fn faults(&self) -> &Faults {
        &self.backend().context.faults
    }

    /// What other people do to the rows from now on, in the place of what they did; no change at all if an entity is not
    /// known.
    pub fn set_churn(&self, churn: Churn) -> Result<(), DataError> {
        self.backend().set_churn(churn)
    }

    /// The scenario that the portal runs, if it runs one.
    pub fn scenario(&self) -> Option<Scenario> {
        self.backend().current_scenario()
    }

    /// Carries a scenario and churn on as time passes, and tells applications of it, without anybody calling; it never
    /// ends.
    pub async fn keep_living(&self) {
        const OFTEN: Duration = Duration::from_millis(500);
        loop {
            tokio::time::sleep(OFTEN).await;
            self.backend().make_due_changes();
        }
    }

    /// The rows that lists count and do not show from now on, in the place of those before; no change at all if an entity
    /// is not known.
    pub fn hide(&self, rows: HiddenRows) -> Result<(), DataError> {
        self.backend().hide(rows)
    }

    /// What the portal has been asked so far.
    pub fn stats(&self) -> Stats {
        self.backend().context.counters.snapshot()
    }

    /// The path of the first webhook, `/rest/{user}/{code}/`.
    pub fn webhook_path(&self) -> String {
        self.backend().callers.webhook_path()
    }

    /// Installs an application for the user `user`: its handler is posted `ONAPPINSTALL` with tokens and the
    /// `application_token` that later events carry.
    pub async fn install(&self, client_id: &str, user: u64) -> Result<(), InstallError> {
        installation::install(self.backend(), client_id, user).await
    }

    /// Uninstalls an application: handlers that it bound to `ONAPPUNINSTALL` are told, and what it bound and its tokens
    /// are gone. `clean` is whether the user wants its data deleted too.
    pub fn uninstall(&self, client_id: &str, clean: bool) -> Result<(), InstallError> {
        installation::uninstall(self.backend(), client_id, clean)
    }

    /// The last events that were posted to handlers, or were to be, the oldest first.
    pub fn event_deliveries(&self) -> Vec<EventDelivery> {
        self.backend().events.sender.log.deliveries()
    }

    /// Listens to the deliveries of events from now on.
    pub fn listen_to_events(&self) -> EventDeliveries {
        self.backend().events.sender.log.listen()
    }

    /// How many rows each entity has, without those that have none.
    pub fn row_counts(&self) -> Vec<(String, u64)> {
        self.backend().data.read().row_counts()
    }

    /// Whether the data come from a file that had some ([`PortalConfig::data_file`]), and not from the configuration.
    pub fn has_data_of_before(&self) -> bool {
        self.inner.is_restored
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.inner.backend
    }

    /// Ends the replies that would go on as long as the portal serves.
    pub(crate) fn end_streams(&self) {
        self.backend().context.requests.end();
    }

    /// The memory for the bodies that come in on sockets.
    pub(crate) fn body_budget(&self) -> &BodyBudget {
        &self.inner.body_budget
    }

    /// The largest body that is read.
    pub(crate) fn body_limit(&self) -> usize {
        self.inner.body_limit
    }
}

impl std::fmt::Debug for Portal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Portal")
            .field("context", &self.backend().context)
            .finish_non_exhaustive()
    }
}

/// Starts the extensions with what all of them share.
fn start_extensions(config: &PortalConfig) -> Result<Vec<Box<dyn Extension>>, DataError> {
    let setup = ExtensionSetup {
        seed: config.data.seed,
        zone: config.zone,
    };
    let extensions = config.extensions.iter();
    extensions.map(|extension| extension.start(setup)).collect()
}

/// The start of the day. Rows that end there are the same if the portal is started again on the same day.
fn start_of_today(clock: &Clock) -> i64 {
    let today = clock.unix(Instant::now()) / 86_400.0;
    today.floor() as i64 * 86_400
}

/// The webhooks with the codes that the data file has kept of them.
fn with_kept_codes(mut webhooks: Vec<Webhook>, kept: &KeptData) -> Vec<Webhook> {
    for (user, code) in keeping::codes(&kept.rows) {
        let hook = webhooks
            .iter_mut()
            .find(|hook| hook.is_kept && hook.user == user);
        if let Some(hook) = hook {
            hook.code = code;
        }
    }
    webhooks
}

/// The data that the data file has kept, or that of a new portal.
fn data_of(config: Data, kept: &KeptData) -> Result<PortalData, DataError> {
    if kept.rows.is_empty() {
        PortalData::new(config)
    } else {
        PortalData::restored(&kept.rows, config.replies)
    }
}

/// Gives a portal the tokens that the data file has kept. A new one gets its files, and the data file keeps all.
fn fill(backend: &Backend, kept: &[StoredRow], files: Vec<(String, Bytes)>) {
    if !kept.is_empty() {
        backend.restore_tokens(kept);
        return;
    }
    put_files(backend, files);
    if let Some(file) = &backend.file {
        file.replace(backend.snapshot());
    }
}

/// The file of the data, and what it has.
#[derive(Default)]
struct KeptData {
    file: Option<DataFile>,
    rows: Vec<StoredRow>,
}

impl KeptData {
    #[cfg(feature = "sqlite")]
    fn open(config: &PortalConfig) -> Result<Self, DataError> {
        let Some(path) = &config.data_file else {
            return Ok(Self::default());
        };
        let (file, rows) = DataFile::open(path)?;
        Ok(Self {
            file: Some(file),
            rows,
        })
    }

    #[cfg(not(feature = "sqlite"))]
    #[expect(
        clippy::unnecessary_wraps,
        reason = "other builds have a file that can fail"
    )]
    fn open(_: &PortalConfig) -> Result<Self, DataError> {
        Ok(Self::default())
    }
}

/// The files that the portal begins with.
fn put_files(backend: &Backend, files: Vec<(String, Bytes)>) {
    let created = backend.context.now() as i64;
    let mut data = backend.data.write();
    for (name, content) in files {
        let stored = StoredFile {
            name: name.clone(),
            content,
            author: 1,
            created,
        };
        data.add_to_drive((SHARED_STORAGE, ROOT), &name, (1, created), Some(stored));
    }
}

impl Inner {
    /// The whole way of a request: the bucket in front of the portal, the faults on the line, the answer.
    async fn reply(&self, request: &Request<Bytes>, peer: IpAddr) -> Reply {
        if let Some(response) = admin::answer(&self.backend, request, peer).await {
            self.backend.is_durable().await;
            return response.into();
        }
        let counters = &self.backend.context.counters;
        let _in_flight = counters.request();
        let began = Instant::now();
        let route = self.route(request.uri().path());
        let method = route.method_name().to_owned();
        let mut reply = self.reply_uncounted(request, route, peer).await;
        // Nobody may be told of anything that can still be lost.
        if !self.backend.is_durable().await {
            reply = envelope::html(StatusCode::INTERNAL_SERVER_ERROR).into();
        }
        if let Reply::Response(response) | Reply::Truncated { response, .. } = &reply {
            counters.count(|stats| stats.bytes += response.body().len() as u64);
        }
        self.log(request, peer, method, &reply, began.elapsed());
        reply
    }

    /// Keeps the request for `/_portal/requests` and says it in a line.
    fn log(
        &self,
        request: &Request<Bytes>,
        peer: IpAddr,
        method: String,
        reply: &Reply,
        took: Duration,
    ) {
        let response = match reply {
            Reply::Response(response) | Reply::Truncated { response, .. } => Some(response),
            Reply::Reset => None,
        };
        let status = response.map(|response| response.status().as_u16());
        let commands = response.and_then(|response| response.extensions().get::<CommandOutcomes>());
        if tracing::enabled!(target: "brimful_portal::requests", tracing::Level::DEBUG) {
            let verb = request.method();
            let name = if method.is_empty() {
                admin::without_secrets(request.uri().path())
            } else {
                method.clone()
            };
            let status = status.map_or_else(|| "reset".to_owned(), |status| status.to_string());
            let batch = commands.map_or_else(String::new, |commands| {
                format!(
                    " ({} commands, {} failed)",
                    commands.seen,
                    commands.failed.len()
                )
            });
            let milliseconds = took.as_secs_f64() * 1000.0;
            tracing::debug!(
                target: "brimful_portal::requests",
                "{verb} {name}{batch} {status} in {milliseconds:.1} ms",
            );
        }
        let failed = response.filter(|response| response.status().as_u16() >= 400);
        // The OAuth server answers with tokens.
        let shown = response.filter(|_| !method.starts_with("oauth."));
        let (kept, is_reply_cut) = shown.map_or_else(Default::default, |response| {
            let (kept, is_cut) = kept_reply(response.body());
            (Some(kept), is_cut)
        });
        self.backend.context.requests.enter(LoggedRequest {
            number: 0,
            at: self.backend.context.now(),
            peer: peer.to_string(),
            verb: request.method().clone(),
            uri: request.uri().clone(),
            media_type: request.headers().get(CONTENT_TYPE).cloned(),
            method,
            body: kept_body(request.body()),
            status,
            error: failed.and_then(|response| kept_body(response.body())),
            reply: kept,
            is_reply_cut,
            commands: commands.cloned(),
            took,
        });
    }

    async fn reply_uncounted(&self, request: &Request<Bytes>, route: Route, peer: IpAddr) -> Reply {
        let context = &self.backend.context;
        let refused = match route {
            // The OAuth server is another server, which has no such bucket.
            Route::OAuth(_) => None,
            Route::Extension { at, .. } => {
                self.extensions[at].refuse(request, peer, context.elapsed())
            }
            _ => (!self.admit_to_bucket(peer)).then(envelope::query_limit),
        };
        if let Some(refusal) = refused {
            context.counters.count(|stats| stats.refused_by_rate += 1);
            return refusal.into();
        }
        let drawn = context.faults.draw(route.method_name());
        if drawn.played {
            context.counters.count(|stats| stats.faults += 1);
        }
        self.latency(drawn.delay).await;
        let fault = drawn.fault;
        if let Some(Fault::Redirect(address)) = &fault {
            return moved(request, address.as_deref()).into();
        }
        let instead = fault.as_ref().and_then(|fault| match route {
            Route::V3 { .. } => rest3::instead(fault),
            Route::Extension { at, .. } => self.extensions[at].fault_reply(fault),
            _ => None,
        });
        let statuses = context.settings.statuses;
        if let Some(reply) = instead.or_else(|| fault_replies::instead(fault.as_ref()?, statuses)) {
            return reply;
        }
        let response = self.answer(request, route, peer).await;
        match fault {
            Some(fault) => fault_replies::spoil(&fault, response),
            None => response.into(),
        }
    }

    /// Where a path leads: to an API beside the portal's own, or into the portal.
    fn route(&self, path: &str) -> Route {
        self.extensions
            .iter()
            .enumerate()
            .find_map(|(at, extension)| {
                let name = extension.call_name(path)?;
                Some(Route::Extension { at, name })
            })
            .unwrap_or_else(|| Route::of(path))
    }

    fn admit_to_bucket(&self, peer: IpAddr) -> bool {
        let elapsed = self.backend.context.elapsed();
        self.backend.context.buckets.lock().admit(peer, elapsed)
    }

    async fn latency(&self, more: Duration) {
        let mut latency = self.latency.saturating_add(more);
        if !self.jitter.is_zero() {
            let share = self.chance.lock().f64();
            latency = latency.saturating_add(self.jitter.mul_f64(share));
        }
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
    }

    async fn answer(
        &self,
        request: &Request<Bytes>,
        route: Route,
        peer: IpAddr,
    ) -> Response<Bytes> {
        if request.body().len() > self.body_limit {
            return envelope::json_error(&errors::too_large());
        }
        if let Some(address) = &self.moved_to {
            return moved(request, Some(address));
        }
        let backend = &self.backend;
        match route {
            Route::Elsewhere => envelope::html(StatusCode::NOT_FOUND),
            _ if request.method() == Verb::OPTIONS => envelope::preflight(),
            Route::OAuth(endpoint) => oauth::answer(backend, request, endpoint),
            Route::Extension { at, .. } => {
                let host = Host::new(&backend.context, request, peer);
                self.extensions[at].answer(host, request).await
            }
            Route::V3 { method, webhook } => {
                rest3::answer(backend, &self.replays, request, &method, webhook, peer).await
            }
            Route::Method {
                method,
                format,
                webhook,
            } => rest::answer(backend, request, &method, format, webhook, peer).await,
        }
    }
}

/// The way to the same path at `address`, or where the request was sent.
fn moved(request: &Request<Bytes>, address: Option<&str>) -> Response<Bytes> {
    let path = request.uri().path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    let here = || {
        let host = request
            .headers()
            .get(HOST)
            .and_then(|host| host.to_str().ok());
        let host = host.or_else(|| request.uri().host());
        host.map(|host| format!("//{host}")).unwrap_or_default()
    };
    let address = address.map_or_else(here, |address| address.trim_end_matches('/').to_owned());
    envelope::redirect(&format!("{address}{path}"))
}
