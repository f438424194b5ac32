//! The portal on a socket.

mod body_faults;
mod connections;
mod request_line;
mod service;
mod tls;

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::{Listener, ListenerExt};
use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::bodies::envelope;
use crate::config::PortalConfig;
use crate::context::errors;
use crate::data::DataError;
use crate::portal::BodyShare;
use crate::portal::Portal;
use request_line::LenientListener;
use tls::TlsListener;
pub use tls::{Tls, TlsError};

/// Why a portal could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The data makes no sense.
    #[error(transparent)]
    Data(#[from] DataError),
    /// No port could be opened.
    #[error("could not listen on 127.0.0.1: {0}")]
    Listen(#[from] io::Error),
}

impl PortalConfig {
    /// Starts the portal on a free port of this machine. It stops when the server is dropped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = brimful_portal::Portal::builder().rows("lead", 1000).start().await?;
    /// assert!(server.webhook_url().ends_with("/rest/1/demo/"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(self) -> Result<Server, StartError> {
        let portal = Portal::new(self)?;
        Ok(portal.bind((Ipv4Addr::LOCALHOST, 0)).await?)
    }
}

impl Portal {
    /// The portal as an axum router. The source address of a request is taken from its [`ConnectInfo`]; without one
    /// all requests share the bucket of the local host.
    pub fn router(&self) -> Router {
        Router::new().fallback_service(self.clone())
    }

    /// Serves the portal on `listener` until the future is dropped.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        self.serve_until(listener, std::future::pending()).await
    }

    /// Serves the portal on `listener` until `end`; requests in flight are finished.
    pub async fn serve_until(
        &self,
        listener: TcpListener,
        end: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        // Small replies must not wait for the acknowledgement of the one before.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "no TCP_NODELAY on a connection");
            }
        });
        self.serve_on(listener, end).await
    }

    /// Serves the portal at `address` (port 0 for any that is free) in a task of its own. HTTP/2 is spoken with clients
    /// that begin with it.
    pub async fn bind(&self, address: impl ToSocketAddrs) -> io::Result<Server> {
        let listener = TcpListener::bind(address).await?;
        let (address, portal) = (listener.local_addr()?, self.clone());
        Ok(self.spawn(address, None, |ended| async move {
            portal.serve_until(listener, ended).await
        }))
    }

    /// Serves the portal over TLS at `address`, as [`Portal::bind`] does without. HTTP/1.1 or HTTP/2, as the client
    /// agrees to in its handshake.
    pub async fn bind_tls(&self, address: impl ToSocketAddrs, tls: Tls) -> io::Result<Server> {
        let listener = TcpListener::bind(address).await?;
        let (address, portal) = (listener.local_addr()?, self.clone());
        let listener = TlsListener::new(listener, &tls)?;
        Ok(self.spawn(address, Some(tls), |ended| async move {
            portal.serve_on(listener, ended).await
        }))
    }

    /// A server whose task is `serve`, which ends when the future given to it does.
    fn spawn<S>(
        &self,
        address: SocketAddr,
        tls: Option<Tls>,
        serve: impl FnOnce(Ended) -> S,
    ) -> Server
    where
        S: Future<Output = io::Result<()>> + Send + 'static,
    {
        let scheme = if tls.is_some() { "https" } else { "http" };
        self.backend()
            .context
            .address
            .bound_to(format!("{scheme}://{address}"));
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(serve(Ended(ended)));
        Server {
            portal: self.clone(),
            address,
            tls,
            end,
            task,
        }
    }

    async fn serve_on<L>(
        &self,
        listener: L,
        end: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()>
    where
        L: Listener<Addr = SocketAddr>,
    {
        connections::serve(
            self,
            LenientListener(listener),
            connections::MOST_CONNECTIONS,
            end,
        )
        .await;
        Ok(())
    }

    async fn serve_one(&self, request: Request<Body>) -> Response<Body> {
        let peer = request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map(|ConnectInfo(address)| address.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let (head, body) = request.into_parts();
        let mut share = self.body_budget().share();
        match read(body, self.body_limit(), &mut share).await {
            Ok(Some(body)) => {
                body_faults::response(self.deliver(Request::from_parts(head, body), peer).await)
            }
            Ok(None) => envelope::json_error(&errors::too_large()).map(Body::from),
            // The caller is gone in the middle of its request and reads nothing, or what it sends is not HTTP.
            Err(_) => envelope::json_error(&errors::broken_request()).map(Body::from),
        }
    }
}

/// A body of which nothing more comes for so long is given up.
const BODY_PAUSE: Duration = Duration::from_secs(60);

/// So much of a body that is too long is read at the least, and dropped.
const DROPPED: usize = 8 << 20;

/// Reads a body of up to `limit` bytes, if there is room for it. As much again of a longer one is read too, and dropped: a
/// caller that is still sending would not hear the refusal.
async fn read(
    mut body: Body,
    limit: usize,
    share: &mut BodyShare<'_>,
) -> Result<Option<Bytes>, axum::Error> {
    let mut whole = BytesMut::new();
    let mut length = 0_usize;
    let mut fits = true;
    while let Some(frame) = timeout(BODY_PAUSE, body.frame())
        .await
        .map_err(axum::Error::new)?
    {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        fits = fits && length <= limit && share.grow(data.len());
        if fits {
            whole.extend_from_slice(&data);
        } else {
            whole = BytesMut::new();
            share.clear();
            if length > limit.saturating_add(limit.max(DROPPED)) {
                break;
            }
        }
    }
    Ok(fits.then(|| whole.freeze()))
}

/// How long a server that ends waits for those who neither go on nor go away.
const PATIENCE: Duration = Duration::from_secs(10);

/// A portal on a socket, until it is dropped.
#[derive(Debug)]
pub struct Server {
    portal: Portal,
    address: SocketAddr,
    tls: Option<Tls>,
    end: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

/// Done when the server is told to end, or dropped.
struct Ended(oneshot::Receiver<()>);

impl Future for Ended {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context).map(drop)
    }
}

impl Server {
    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the first webhook: `http://127.0.0.1:8024/rest/1/demo/`, over TLS
    /// `https://localhost:8024/rest/1/demo/` with the first name of the certificate.
    pub fn webhook_url(&self) -> String {
        format!("{}{}", self.origin(), self.portal.webhook_path())
    }

    /// Scheme, host and port: `http://127.0.0.1:8024`. A portal that listens on all addresses of its machine is reached
    /// there too.
    pub fn origin(&self) -> String {
        match &self.tls {
            None => format!("http://{}", reachable(self.address)),
            Some(tls) => {
                let port = self.address.port();
                match tls.host().parse::<IpAddr>() {
                    Ok(host) => format!("https://{}", SocketAddr::new(host, port)),
                    Err(_) => format!("https://{}:{port}", tls.host()),
                }
            }
        }
    }

    /// The certificate of the authority that clients have to trust, if the server speaks TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.tls.as_ref().map(Tls::ca_pem)
    }

    /// The portal itself.
    pub fn portal(&self) -> &Portal {
        &self.portal
    }

    /// Finishes the requests in flight and ends. A client that is still sending a request, or does not read a reply, is
    /// waited for ten seconds.
    pub async fn shut_down(mut self) -> io::Result<()> {
        let _ = self.end.send(());
        loop {
            match timeout(PATIENCE, &mut self.task).await {
                Ok(ended) => return ended.map_err(io::Error::other)?,
                Err(_) if self.portal.stats().in_flight > 0 => {}
                Err(_) => {
                    self.task.abort();
                    return Ok(());
                }
            }
        }
    }
}

/// The address by which a program on this machine reaches a socket: one that stands for all of them can't be called.
fn reachable(address: SocketAddr) -> SocketAddr {
    let here = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(here, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portal_on_all_addresses_is_reached_at_that_of_this_machine() {
        for (bound, reached) in [
            ("0.0.0.0:8024", "127.0.0.1:8024"),
            ("[::]:8024", "[::1]:8024"),
            ("192.0.2.7:80", "192.0.2.7:80"),
        ] {
            assert_eq!(reachable(bound.parse().unwrap()), reached.parse().unwrap());
        }
    }
}
