//! The connections of a server: how many there are at once, and how long a caller may take.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::serve::Listener;
use http::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tower::ServiceExt;

use super::request_line::{Connection, LenientListener};
use crate::portal::Portal;

/// So many connections are open at once; further ones wait until one of them ends.
pub(super) const MOST_CONNECTIONS: usize = 1_024;
/// How long a caller may take to send the head of a request, and how long a connection may be idle.
const HEAD: Duration = Duration::from_secs(60);
/// The longest head of a request, in bytes: its first line and its header lines.
const LONGEST_HEAD: usize = 512 << 10;
/// So many header lines a request has at most.
const MOST_HEADERS: usize = 100;
/// The bytes by which the version of HTTP is told: the first of HTTP/2, and no request is shorter by much.
const VERSION: u64 = 24;
/// How long the other end of an HTTP/2 connection may be silent before it is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(60);

/// Serves a portal on a listener over at most `most` connections at once, until `end`; requests in flight are finished.
pub(super) async fn serve<L>(
    portal: &Portal,
    mut listener: LenientListener<L>,
    most: usize,
    end: impl Future<Output = ()> + Send + 'static,
) where
    L: Listener<Addr = SocketAddr>,
{
    let room = Arc::new(Semaphore::new(most));
    let (ending, ended) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut end = pin!(end);
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        tokio::select! {
            () = &mut end => break,
            Some(_) = connections.join_next() => {}
            (permit, (stream, peer)) = next => {
                let (portal, ended) = (portal.clone(), ended.clone());
                connections.spawn(async move {
                    one(portal, stream, peer, ended).await;
                    drop(permit);
                });
            }
        }
    }
    drop(listener);
    // These have no end of their own.
    portal.end_streams();
    drop(ended);
    drop(ending);
    while connections.join_next().await.is_some() {}
}

/// Serves one connection to its end.
async fn one<S>(
    portal: Portal,
    stream: Connection<S>,
    peer: SocketAddr,
    mut ended: watch::Receiver<()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let received = stream.received();
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LONGEST_HEAD)
        .max_headers(MOST_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(SILENCE));
    let with_peer = move |mut request: Request<_>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    };
    let service = TowerToHyperService::new(portal.map_request(with_peer));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut is_ending = false;
    let mut silent = pin!(silence(received));
    loop {
        tokio::select! {
            served = connection.as_mut() => {
                if let Err(error) = served {
                    tracing::trace!(%peer, %error, "a connection ended early");
                }
                return;
            }
            _ = ended.changed(), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
            () = &mut silent => return,
        }
    }
}

/// Done if so little has come in the time for a head that the version of HTTP is unknown. From then on the
/// limits of the version count.
async fn silence(received: Arc<AtomicU64>) {
    sleep(HEAD).await;
    if received.load(Ordering::Relaxed) >= VERSION {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::oneshot;

    use super::*;
    use crate::config::PortalConfig;

    #[tokio::test]
    async fn a_connection_too_many_waits_until_another_one_ends() {
        const REQUEST: &[u8] =
            b"GET /rest/1/demo/profile HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let portal = Portal::new(PortalConfig::unlimited()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let ended = async { drop(ended.await) };
            serve(&portal, LenientListener(listener), 1, ended).await;
        });
        let mut first = TcpStream::connect(address).await.unwrap();
        // Of a first byte the server sees that there is a connection; it takes no other before this one ends.
        first.write_all(&REQUEST[..1]).await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(REQUEST).await.unwrap();
        first.write_all(&REQUEST[1..]).await.unwrap();
        let (mut one, mut two) = (String::new(), String::new());
        first.read_to_string(&mut one).await.unwrap();
        second.read_to_string(&mut two).await.unwrap();
        assert!(one.starts_with("HTTP/1.1 200") && two.starts_with("HTTP/1.1 200"));
        end.send(()).unwrap();
        serving.await.unwrap();
    }
}
