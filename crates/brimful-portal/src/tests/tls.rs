//! The portal over TLS.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::server::Server;
use crate::server::{Tls, TlsError};

async fn server() -> Server {
    let tls = Tls::made_for(["localhost", "127.0.0.1"]).unwrap();
    portal(PortalConfig::unlimited())
        .bind_tls("127.0.0.1:0", tls)
        .await
        .unwrap()
}

/// Shakes hands as a client that trusts `ca`, reaches the server by `name` and speaks `protocols`.
async fn connect(
    server: &Server,
    ca: &str,
    name: &'static str,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|protocol| protocol.as_bytes().to_vec())
        .collect();
    let stream = TcpStream::connect(server.address()).await?;
    TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from(name).unwrap(), stream)
        .await
}

/// The authority of a server.
fn ca(server: &Server) -> &str {
    server.ca_pem().unwrap()
}

#[tokio::test]
async fn a_call_over_tls_is_answered_by_name_and_by_address() {
    let server = server().await;
    let path = server.portal().webhook_path();
    assert_eq!(
        server.webhook_url(),
        format!("https://localhost:{}{path}", server.address().port())
    );
    for name in ["localhost", "127.0.0.1"] {
        let mut stream = connect(&server, ca(&server), name, &["http/1.1"])
            .await
            .unwrap();
        let request = format!(
            "GET {path}test.echo?a=b HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
        assert!(reply.contains("{\"result\":{\"a\":\"b\"}"), "{reply}");
    }
    server.shut_down().await.unwrap();
}

#[tokio::test]
async fn http_2_is_agreed_on_in_the_handshake() {
    let server = server().await;
    let mut stream = connect(&server, ca(&server), "localhost", &["h2", "http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    // The preface and empty settings; the server's own settings come back.
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3..], [4, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn the_certificate_is_good_for_its_names_and_under_its_authority_only() {
    let server = server().await;
    assert!(
        connect(&server, ca(&server), "example.test", &[])
            .await
            .is_err()
    );
    let other = Tls::made_for(["localhost"]).unwrap();
    assert!(
        connect(&server, other.ca_pem(), "localhost", &[])
            .await
            .is_err()
    );
    assert!(
        connect(&server, ca(&server), "localhost", &[])
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_connection_that_never_shakes_hands_holds_nobody_up() {
    let server = server().await;
    let idle: Vec<TcpStream> = {
        let mut idle = Vec::new();
        for _ in 0..20 {
            idle.push(TcpStream::connect(server.address()).await.unwrap());
        }
        idle
    };
    let mut plain = TcpStream::connect(server.address()).await.unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert!(
        connect(&server, ca(&server), "localhost", &[])
            .await
            .is_ok()
    );
    drop(idle);
}

#[tokio::test]
async fn the_bucket_is_by_the_address_over_tls_too() {
    let tls = Tls::made_for(["localhost"]).unwrap();
    let server = portal(PortalConfig::new())
        .bind_tls("127.0.0.1:0", tls)
        .await
        .unwrap();
    let path = server.portal().webhook_path();
    let mut stream = connect(&server, ca(&server), "localhost", &["http/1.1"])
        .await
        .unwrap();
    let request = |connection| {
        format!(
            "GET {path}test.echo HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\n\r\n"
        )
    };
    let requests = request("keep-alive").repeat(51) + &request("close");
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).await.unwrap();
    assert_eq!(replies.matches("HTTP/1.1 200 OK").count(), 50);
    assert_eq!(replies.matches("HTTP/1.1 503 ").count(), 2);
}

#[test]
fn a_certificate_for_nothing_is_not_made() {
    assert!(matches!(Tls::made_for::<String>([]), Err(TlsError::NoName)));
    assert!(matches!(
        Tls::made_for(["Ж"]),
        Err(TlsError::Certificate(_))
    ));
}
