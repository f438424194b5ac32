//! The transport over HTTP, by reqwest.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use futures_util::{StreamExt, TryStreamExt};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use url::Url;

use super::options::{AuthoritySource, Connections, HttpOptions, HttpVersions, Proxy};
use super::packing::{self, Packing, Unpacker};
use super::proxy::{Proxies, ThroughProxy};
use super::spare_buffers::SpareBuffers;
use super::{Request, Response, Streaming, Transport, TransportError, TransportErrorKind, tls};
use crate::error::Error;

/// The transport over HTTP, by reqwest.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
    timeout: Duration,
    max_reply: usize,
    buffers: SpareBuffers,
    proxies: Proxies,
}

/// The way to a portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// It leads to this machine itself, where no proxy could find what is meant.
    pub is_direct: bool,
    /// Certificates are shown on it.
    pub is_encrypted: bool,
}

/// A download may take as long as something comes; only a client that was never told to end needs an end.
const FOREVER: Duration = Duration::from_secs(30 * 24 * 3600);

impl HttpTransport {
    /// A transport with these options.
    pub fn new(route: Route, options: HttpOptions) -> Result<Self, Error> {
        let (client, proxies) = match options.own {
            None => (
                client(route, &options.connections)?,
                Proxies::of(&options.connections.proxy, route)?,
            ),
            Some(own) if options.connections == Connections::default() => (own, Proxies::unknown()),
            Some(_) => {
                return Err(Error::config(
                    "an HTTP client of your own has its own proxy, certificates, timeouts and User-Agent: set them there",
                ));
            }
        };
        Ok(Self {
            client,
            timeout: options.timeout,
            max_reply: options.max_reply,
            buffers: SpareBuffers::of_all_clients(),
            proxies,
        })
    }

    /// Sends a request and waits for the head of the answer.
    async fn answer(
        &self,
        mut request: Request,
        timeout: Duration,
    ) -> Result<reqwest::Response, TransportError> {
        let url = request.url.clone();
        packing::accept(&mut request.headers);
        let mut sending = self
            .client
            .request(request.method, request.url)
            .headers(request.headers)
            .timeout(timeout);
        if !request.body.is_empty() {
            sending = sending.body(request.body);
        }
        let mut response = sending
            .send()
            .await
            .map_err(|error| self.unsent(error, &url))?;
        if *response.url() != url {
            // A client of the caller's own went on to somewhere else, without the body. This is not our answer.
            let to = HeaderValue::from_str(response.url().as_str());
            let mut moved = http::Response::new(reqwest::Body::default());
            *moved.status_mut() = StatusCode::FOUND;
            if let Ok(to) = to {
                moved.headers_mut().insert(LOCATION, to);
            }
            response = moved.into();
        }
        Ok(response)
    }

    async fn attempt(&self, request: Request) -> Result<Response, TransportError> {
        let mut response = self.answer(request, self.timeout).await?;
        let length = response.content_length().unwrap_or(0);
        if length > self.max_reply as u64 {
            return Err(TransportError {
                kind: TransportErrorKind::TooLarge,
                source: Some(format!("more than {} bytes", self.max_reply).into()),
            });
        }
        let status = response.status();
        let mut headers = std::mem::take(response.headers_mut());
        let packing = Packing::take(&mut headers)?;
        // How long a packed body will be is not known.
        let length = match packing {
            Packing::None => length as usize,
            Packing::Gzip => 0,
        };
        let mut body = packing.unpacker(self.buffers.take(length), self.max_reply);
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| failure(error, true))?
        {
            body.put(&chunk)?;
        }
        Ok(Response {
            status,
            headers,
            body: self.buffers.lend(body.finish()?),
        })
    }

    async fn begin(&self, request: Request) -> Result<Streaming, TransportError> {
        let answer = tokio::time::timeout(self.timeout, self.answer(request, FOREVER));
        let mut response = answer
            .await
            .unwrap_or_else(|_| Err(TransportError::new(TransportErrorKind::Timeout)))?;
        let status = response.status();
        let mut headers = std::mem::take(response.headers_mut());
        let body = match Packing::take(&mut headers)? {
            Packing::None => response
                .bytes_stream()
                .map_err(|error| failure(error, true))
                .boxed(),
            Packing::Gzip => {
                let unpacker = Packing::Gzip.unpacker(Vec::new(), usize::MAX);
                stream::try_unfold((response, Some(unpacker)), next_unpacked).boxed()
            }
        };
        Ok(Streaming {
            status,
            headers,
            body,
        })
    }

    /// The failure of a request whose answer has not begun.
    fn unsent(&self, error: reqwest::Error, url: &Url) -> TransportError {
        let mut failed = failure(error, false);
        if failed.kind == TransportErrorKind::Connect
            && let Some(proxy) = self.proxies.to(url)
        {
            failed.source = failed
                .source
                .take()
                .map(|source| Box::new(ThroughProxy { proxy, source }) as _);
        }
        failed
    }
}

/// The next bytes of a packed answer that is handed out as it comes.
async fn next_unpacked(
    (mut response, unpacker): (reqwest::Response, Option<Unpacker>),
) -> Result<Option<(Bytes, (reqwest::Response, Option<Unpacker>))>, TransportError> {
    let Some(mut unpacker) = unpacker else {
        return Ok(None);
    };
    match response
        .chunk()
        .await
        .map_err(|error| failure(error, true))?
    {
        Some(chunk) => {
            unpacker.put(&chunk)?;
            let bytes = unpacker.take()?.into();
            Ok(Some((bytes, (response, Some(unpacker)))))
        }
        None => Ok(Some((unpacker.finish()?.into(), (response, None)))),
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.attempt(request))
    }

    fn open(&self, request: Request) -> BoxFuture<'_, Result<Streaming, TransportError>> {
        Box::pin(self.begin(request))
    }
}

fn client(route: Route, connections: &Connections) -> Result<reqwest::Client, Error> {
    let agent = &connections.user_agent;
    if agent.trim().is_empty() {
        return Err(Error::config("the User-Agent may not be empty"));
    }
    let mut authorities = Vec::new();
    for authority in &connections.authorities {
        authorities.extend(match authority {
            AuthoritySource::Pem(pem) => tls::certificates(pem)?,
            AuthoritySource::File(path) => {
                let pem = std::fs::read(path).map_err(|error| {
                    Error::config(format!("{} could not be read: {error}", path.display()))
                        .with_source(error)
                })?;
                tls::certificates(&pem)?
            }
        });
    }
    let named = tls::certificates_of_environment();
    // Where no certificate is shown it does not matter that none can be read.
    let named = if route.is_encrypted {
        named?
    } else {
        named.unwrap_or_default()
    };
    let tls = tls::config(
        authorities,
        &named,
        connections.certificates,
        connections.versions,
    )?;
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(tls)
        .user_agent(agent)
        .connect_timeout(connections.connect_timeout)
        .gzip(false)
        .tcp_nodelay(true);
    builder = match (&connections.proxy, route) {
        (Proxy::At(address), _) => {
            let proxy = reqwest::Proxy::all(address.expose())
                .map_err(|error| unsound("the proxy's address is none", error))?;
            builder.no_proxy().proxy(proxy)
        }
        (
            Proxy::System,
            Route {
                is_direct: false, ..
            },
        ) => builder,
        (Proxy::None | Proxy::System, _) => builder.no_proxy(),
    };
    if connections.versions == HttpVersions::Http1 {
        builder = builder.http1_only();
    }
    if let Some(timeout) = connections.read_timeout {
        builder = builder.read_timeout(timeout);
    }
    if let Some(timeout) = connections.idle_timeout {
        builder = builder.pool_idle_timeout(timeout);
    }
    builder
        .build()
        .map_err(|error| unsound("the HTTP client could not be set up", error))
}

fn unsound(what: &str, error: reqwest::Error) -> Error {
    Error::config(what).with_source(error.without_url())
}

/// `without_url`: reqwest's errors show the address, and the address holds the secret.
fn failure(error: reqwest::Error, in_body: bool) -> TransportError {
    let kind = if !in_body && error.is_connect() {
        TransportErrorKind::Connect
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else {
        TransportErrorKind::Broken
    };
    TransportError {
        kind,
        source: Some(Box::new(error.without_url())),
    }
}
