//! The portal as a whole: a request in, a reply out, without a socket.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{Method as Verb, Request, Response, StatusCode};

use crate::auth::{Caller, Guests, Presented};
use crate::batch;
use crate::churn::{Churn, Crowd};
use crate::clock::Clock;
use crate::config::{DataError, PortalConfig};
use crate::control;
use crate::download::{self, DOWNLOAD, Links};
use crate::executor::{Executor, Outcome};
use crate::extension::{Extension, ExtensionSetup, Host};
use crate::faults::{Fault, Faults};
use crate::hidden_rows::{HiddenIds, HiddenRows};
use crate::journal::Origin;
use crate::limits::{Buckets, Operating};
use crate::method::MethodError;
use crate::oauth;
use crate::registry::{BATCH, Registry, Target};
use crate::reply::{Reply, SlowBody};
use crate::request::{self, Route};
use crate::respond::{self, Body, Format};
use crate::rest3;
use crate::room::Room;
use crate::state::State;
use crate::state::files::StoredFile;
use crate::stats::{Counters, Stats};
use crate::work::Work;

/// So many bodies of the largest size there is room for at once.
const BODIES_AT_ONCE: usize = 8;

/// A Bitrix24 portal. A clone is the same portal.
#[derive(Clone)]
pub struct Portal {
    core: Arc<Core>,
}

/// What a portal holds.
pub(crate) struct Core {
    pub(crate) config: PortalConfig,
    pub(crate) clock: Clock,
    pub(crate) state: RwLock<State>,
    pub(crate) registry: Registry,
    pub(crate) counters: Counters,
    pub(crate) oauth: oauth::Server,
    pub(crate) replays: rest3::Replays,
    pub(crate) faults: Faults,
    extensions: Vec<Box<dyn Extension>>,
    /// Those who change rows while others read them.
    pub(crate) crowd: Crowd,
    /// For the bodies that come in on sockets.
    pub(crate) room: Room,
    guests: Guests,
    buckets: Mutex<Buckets>,
    operating: Mutex<Operating>,
    chance: Mutex<fastrand::Rng>,
}

impl Portal {
    /// A portal as configured. Its clock begins now. Data that makes no sense is the only thing that can fail.
    pub fn new(config: PortalConfig) -> Result<Self, DataError> {
        Self::with_registry(config, Registry::default())
    }

    pub(crate) fn with_registry(
        mut config: PortalConfig,
        registry: Registry,
    ) -> Result<Self, DataError> {
        let data = std::mem::take(&mut config.data);
        let seed = data.seed;
        let setup = ExtensionSetup {
            seed,
            zone: config.zone,
        };
        let extensions = config
            .extensions
            .iter()
            .map(|extension| extension.start(setup))
            .collect::<Result<_, _>>()?;
        let faults = config.faults.copy();
        let state = State::new(data)?;
        let core = Core {
            clock: Clock::new(config.starts_at, config.skew, config.zone).with_skew(faults.skew()),
            registry: registry.and_served(&state.shelf),
            counters: Counters::default(),
            oauth: oauth::Server::new(&config, seed),
            replays: rest3::Replays::default(),
            room: Room::new(config.body_limit.saturating_mul(BODIES_AT_ONCE)),
            extensions,
            guests: Guests::new(&config),
            buckets: Mutex::new(Buckets::new(config.rate_limit)),
            operating: Mutex::new(Operating::new(config.operating)),
            chance: Mutex::new(fastrand::Rng::with_seed(seed)),
            state: RwLock::new(state),
            faults,
            crowd: Crowd::default(),
            config,
        };
        core.put_files();
        core.set_churn(core.config.churn.clone())?;
        core.hide(core.config.hidden.clone())?;
        Ok(Self {
            core: Arc::new(core),
        })
    }

    /// Handles a request from `peer`, in the time that it takes by tokio's clock.
    ///
    /// Work that has begun goes on when the caller stops waiting, as it does behind a web server: what was asked for
    /// is done although nobody hears of it.
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
        let core = Arc::clone(&self.core);
        Work::new(async move { core.reply(&request, peer).await })
            .await
            .unwrap_or_else(|_| respond::html(StatusCode::INTERNAL_SERVER_ERROR).into())
    }

    /// The faults to come.
    pub fn faults(&self) -> &Faults {
        &self.core.faults
    }

    /// What other people do to the rows from now on, in the place of what they did; no change at all if an entity is not
    /// known.
    pub fn set_churn(&self, churn: Churn) -> Result<(), DataError> {
        self.core.set_churn(churn)
    }

    /// The rows that lists count and do not show from now on, in the place of those before; no change at all if an entity
    /// is not known.
    pub fn hide(&self, rows: HiddenRows) -> Result<(), DataError> {
        self.core.hide(rows)
    }

    /// What the portal has been asked so far.
    pub fn stats(&self) -> Stats {
        self.core.counters.snapshot()
    }

    /// The path of the first webhook, `/rest/{user}/{code}/`.
    pub fn webhook_path(&self) -> String {
        self.core.config.webhooks.first().map_or_else(
            || "/rest/".to_owned(),
            |hook| format!("/rest/{}/{}/", hook.user, hook.code),
        )
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// The largest body that is read.
    pub(crate) fn body_limit(&self) -> usize {
        self.core.config.body_limit
    }
}

impl std::fmt::Debug for Portal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Portal")
            .field("config", &self.core.config)
            .finish_non_exhaustive()
    }
}

impl Core {
    pub(crate) fn operating(&self) -> MutexGuard<'_, Operating> {
        self.operating
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The whole way of a request: the bucket in front of the portal, the faults on the line, the answer.
    async fn reply(&self, request: &Request<Bytes>, peer: IpAddr) -> Reply {
        if let Some(response) = control::answer(self, request, peer) {
            return response.into();
        }
        let _in_flight = self.counters.request();
        let reply = self.reply_uncounted(request, peer).await;
        if let Reply::Response(response) | Reply::Truncated { response, .. } = &reply {
            self.counters
                .count(|stats| stats.bytes += response.body().len() as u64);
        }
        reply
    }

    async fn reply_uncounted(&self, request: &Request<Bytes>, peer: IpAddr) -> Reply {
        let route = self.route(request.uri().path());
        // The OAuth server is another server, which has no such bucket.
        let refused = match route {
            Route::OAuth(_) => None,
            Route::Extension { at, .. } => {
                self.extensions[at].refuse(request, peer, self.clock.elapsed())
            }
            _ => (!self.admit_to_bucket(peer)).then(respond::query_limit),
        };
        if let Some(refusal) = refused {
            self.counters.count(|stats| stats.refused_by_rate += 1);
            return refusal.into();
        }
        let drawn = self.faults.draw(route.method_name());
        if drawn.played {
            self.counters.count(|stats| stats.faults += 1);
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
        if let Some(reply) = instead.or_else(|| fault.as_ref()?.instead(self.config.statuses)) {
            return reply;
        }
        let response = self.answer(request, route, peer).await;
        match fault {
            Some(fault) => fault.spoil(response),
            None => response.into(),
        }
    }

    /// Lets `rows` take the place of the rows that were hidden.
    pub(crate) fn hide(&self, rows: HiddenRows) -> Result<(), DataError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.hidden = HiddenIds::new(rows, &state)?;
        Ok(())
    }

    /// The rows that lists count and do not show.
    pub(crate) fn hidden(&self) -> HiddenRows {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.hidden.spec().clone()
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

    /// The files that the portal begins with.
    fn put_files(&self) {
        let created = self.clock.unix(tokio::time::Instant::now()) as i64;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for (name, content) in &self.config.files {
            state.files.add(StoredFile {
                name: name.clone(),
                content: content.clone(),
                author: 1,
                created,
            });
        }
    }

    fn admit_to_bucket(&self, peer: IpAddr) -> bool {
        self.buckets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .admit(peer, self.clock.elapsed())
    }

    /// Whom the portal lets in on what a request presents.
    pub(crate) fn admit(
        &self,
        presented: &Presented,
        request: &Request<Bytes>,
        peer: IpAddr,
    ) -> Result<Caller, MethodError> {
        let elapsed = self.clock.elapsed();
        let issued = match presented {
            Presented::Token(token) => self.oauth.admit(token, elapsed, self.config.statuses),
            _ => None,
        };
        let mut caller = issued.unwrap_or_else(|| self.guests.admit(presented, elapsed))?;
        caller.rights = self.guests.rights(caller.user);
        caller.origin = Origin::of(request, peer);
        Ok(caller)
    }

    async fn latency(&self, more: Duration) {
        let mut latency = self.config.latency.saturating_add(more);
        if !self.config.jitter.is_zero() {
            let share = self
                .chance
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .f64();
            latency = latency.saturating_add(self.config.jitter.mul_f64(share));
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
        if request.body().len() > self.config.body_limit {
            return respond::json_error(&respond::too_large());
        }
        if let Some(address) = &self.config.moved_to {
            return moved(request, Some(address));
        }
        match route {
            Route::Elsewhere => respond::html(StatusCode::NOT_FOUND),
            _ if request.method() == Verb::OPTIONS => respond::preflight(),
            Route::OAuth(door) => oauth::answer(self, request, door),
            Route::Extension { at, .. } => {
                self.extensions[at].answer(Host::new(self), request).await
            }
            Route::V3 { method, webhook } => {
                rest3::answer(self, request, &method, webhook, peer).await
            }
            Route::Method {
                method,
                format,
                webhook,
            } => match self.call(request, &method, format, webhook, peer).await {
                Ok(response) => response,
                Err(error) => respond::error(format, &error),
            },
        }
    }

    /// Checks in the portal's order (is there such a method, may this caller, has it time left) and runs the method.
    async fn call(
        &self,
        request: &Request<Bytes>,
        method: &str,
        format: Format,
        webhook: Option<(String, String)>,
        peer: IpAddr,
    ) -> Result<Response<Bytes>, MethodError> {
        if method.eq_ignore_ascii_case(DOWNLOAD) {
            return download::answer(self, request, webhook, peer);
        }
        let (params, presented) = request::parameters(request, webhook)?;
        let target = self
            .registry
            .find(method)
            .ok_or_else(respond::method_not_found)?;
        let mut caller = self.admit(&presented, request, peer)?;
        caller.links = Links::of(self, method, request, &presented);
        let mut executor = Executor::new(self, &caller);
        let start = executor.now();
        let (body, timing) = match target {
            Target::Batch => {
                executor.permit_time(&caller.entity, BATCH)?;
                self.counters.call(BATCH);
                let results = match batch::run(self, &caller, &mut executor, params).await {
                    Ok(results) => results,
                    Err(error) => {
                        executor.finish();
                        return Err(error);
                    }
                };
                let timing = executor.charge_batch(start, &caller.entity, BATCH);
                let mut body = Body::open(results.size());
                results.write(body.result());
                (body.close(self, None, None, &timing), timing)
            }
            Target::Method(method) => {
                executor.permit(method, &caller.entity)?;
                let (outcome, timing) = executor.run(method, params, &caller.entity).await;
                match outcome {
                    Outcome::Done(output) => {
                        let output = output.lifted();
                        let mut body = Body::open(output.json.len());
                        body.result().extend_from_slice(&output.json);
                        let body = body.close(self, output.next, output.total, &timing);
                        (body, timing)
                    }
                    Outcome::ErrorAsData(error) => {
                        let mut body = Vec::new();
                        brimful_protocol::json::write(&mut body, &error.into());
                        (body, timing)
                    }
                    Outcome::Failed(error) => {
                        let over = executor.is_over();
                        executor.finish();
                        return if over { Ok(self.cut_off()) } else { Err(error) };
                    }
                }
            }
        };
        let over = executor.is_over();
        executor.finish();
        if over {
            return Ok(self.cut_off());
        }
        let mut response = respond::body(format, StatusCode::OK, body);
        respond::add_cloud_headers(response.headers_mut(), caller.client_id.as_deref(), &timing);
        Ok(response)
    }

    /// The page that comes when a request takes too long. Its work stays done.
    pub(crate) fn cut_off(&self) -> Response<Bytes> {
        self.counters.count(|stats| stats.cut_off += 1);
        respond::html(StatusCode::GATEWAY_TIMEOUT)
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
    respond::redirect(&format!("{address}{path}"))
}
