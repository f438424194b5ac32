//! What a caller can set of HTTP, over real sockets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use brimful::{Client, ErrorKind, Execution, HttpOptions, Retry, reqwest};
use brimful_portal::{Fault, PortalConfig, Tls};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{assert_faults_played, portal};

fn client(address: &str, http: HttpOptions) -> Result<Client, brimful::Error> {
    Client::builder(address)
        .http(http)
        .retry(Retry::never())
        .limit(None)
        .build()
}

async fn call(client: &Client) -> Result<brimful::Reply, brimful::Error> {
    client.call("user.current", json!({})).await
}

async fn head_of(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Answers every request on every connection with these bytes, and keeps what it was asked.
async fn scripted(answer: Vec<u8>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heads = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = head_of(&mut stream).await;
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")
                    .map(str::to_owned)
            });
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            stream.read_exact(&mut body).await.unwrap();
            heads.lock().unwrap().push(head);
            stream.write_all(&answer).await.unwrap();
        }
    });
    (format!("http://{address}/rest/1/demo/"), asked)
}

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// `{"result":"aaa…"}` with 100,000 letters, packed by gzip -9.
const PACKED: &[u8] = include_bytes!("data/result-of-100000-letters.json.gz");

#[tokio::test]
async fn a_packed_answer_is_unpacked_and_its_size_is_what_it_unpacks_to() {
    let (address, asked) = scripted(answer("Content-Encoding: gzip\r\n", PACKED)).await;
    let reply = call(&client(&address, HttpOptions::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(reply.body().len(), 100_013);
    let head = asked.lock().unwrap()[0].to_ascii_lowercase();
    assert!(head.contains("accept-encoding: gzip"), "{head}");
    assert!(PACKED.len() < 1000);
    let small = HttpOptions::new().max_reply(50_000);
    let error = call(&client(&address, small).unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(
        error.to_string().contains("larger than the client takes"),
        "{error}"
    );
}

#[tokio::test]
async fn a_packed_answer_is_unpacked_however_its_packing_is_spelt() {
    for coding in ["GZIP", "x-gzip", "identity, Gzip"] {
        let headers = format!("Content-Encoding: {coding}\r\n");
        let (address, _) = scripted(answer(&headers, PACKED)).await;
        let client = client(&address, HttpOptions::new()).unwrap();
        let reply = call(&client).await;
        let reply = reply.unwrap_or_else(|error| panic!("{coding}: {error}"));
        assert_eq!(reply.body().len(), 100_013, "{coding}");
    }
}

#[tokio::test]
async fn a_packing_that_is_not_known_is_named_and_asked_for_once() {
    let (address, asked) = scripted(answer("Content-Encoding: br\r\n", b"\x0b\x02\x80")).await;
    let client = Client::builder(&address).limit(None).build().unwrap();
    let error = call(&client).await.unwrap_err();
    let said = error.to_string();
    assert!(
        said.ends_with("a Content-Encoding that the client does not read: br"),
        "{said}"
    );
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_user_agent_is_said_and_may_not_be_empty() {
    let (address, asked) = scripted(answer("", br#"{"result":1}"#)).await;
    let http = HttpOptions::new().user_agent("sync-of-example.org/2");
    call(&client(&address, http).unwrap()).await.unwrap();
    assert!(asked.lock().unwrap()[0].contains("user-agent: sync-of-example.org/2"));
    call(&client(&address, HttpOptions::new()).unwrap())
        .await
        .unwrap();
    assert!(asked.lock().unwrap()[1].contains("user-agent: brimful/"));
    let error = client(&address, HttpOptions::new().user_agent(" ")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_portal_with_a_certificate_of_its_own_needs_its_authority() {
    let tls = Tls::made_for(["localhost", "127.0.0.1"]).unwrap();
    let portal = portal(PortalConfig::unlimited());
    let server = portal.bind_tls("127.0.0.1:0", tls).await.unwrap();
    let (address, ca) = (server.webhook_url(), server.ca_pem().unwrap().to_owned());
    let error = call(&client(&address, HttpOptions::new()).unwrap())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.execution()),
        (ErrorKind::Transport, Execution::NotRun)
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &ca).unwrap();
    for http in [
        HttpOptions::new().ca_pem(ca.clone()),
        HttpOptions::new().ca_file(&file),
        HttpOptions::new().ca_pem(ca.clone()).http1_only(),
        HttpOptions::new().danger_accept_invalid_certs(),
    ] {
        call(&client(&address, http.clone()).unwrap())
            .await
            .unwrap_or_else(|error| panic!("{http:?}: {error:?}"));
    }
    for http in [
        HttpOptions::new().ca_pem("no certificate"),
        HttpOptions::new().ca_file(folder.path().join("nowhere.pem")),
    ] {
        assert_eq!(
            client(&address, http).unwrap_err().kind(),
            ErrorKind::Config
        );
    }
    server.shut_down().await.unwrap();
}

/// A proxy that counts what goes through it: whole requests to http addresses, tunnels to https ones.
async fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heads = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = head_of(&mut stream).await;
            heads.lock().unwrap().push(head.clone());
            tokio::spawn(async move {
                let target = head.split(' ').nth(1).unwrap().to_owned();
                if head.starts_with("CONNECT ") {
                    let mut server = TcpStream::connect(target).await.unwrap();
                    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                    let _ = copy_bidirectional(&mut stream, &mut server).await;
                } else {
                    let host = target.split('/').nth(2).unwrap();
                    let mut server = TcpStream::connect(host).await.unwrap();
                    let path = target.splitn(4, '/').nth(3).unwrap();
                    let head = head.replacen(&target, &format!("/{path}"), 1);
                    server.write_all(head.as_bytes()).await.unwrap();
                    let _ = copy_bidirectional(&mut stream, &mut server).await;
                }
            });
        }
    });
    (address, asked)
}

#[tokio::test]
async fn a_proxy_is_gone_through_even_to_this_machine_and_left_out_when_told() {
    let (proxy, asked) = proxy().await;
    let server = portal(PortalConfig::unlimited())
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let through = HttpOptions::new().proxy(proxy.clone());
    call(&client(&server.webhook_url(), through).unwrap())
        .await
        .unwrap();
    assert!(asked.lock().unwrap()[0].starts_with("POST http://127.0.0.1:"));
    call(&client(&server.webhook_url(), HttpOptions::new().no_proxy()).unwrap())
        .await
        .unwrap();
    assert_eq!(asked.lock().unwrap().len(), 1);

    let tls = Tls::made_for(["localhost", "127.0.0.1"]).unwrap();
    let secure = portal(PortalConfig::unlimited())
        .bind_tls("127.0.0.1:0", tls)
        .await
        .unwrap();
    let through = HttpOptions::new()
        .proxy(proxy.replace("http://", "http://user:pa55word@"))
        .ca_pem(secure.ca_pem().unwrap());
    assert!(!format!("{through:?}").contains("pa55word"));
    call(&client(&secure.webhook_url(), through).unwrap())
        .await
        .unwrap();
    let head = asked.lock().unwrap()[1].clone();
    assert!(head.starts_with("CONNECT localhost:"), "{head}");
    assert!(
        head.to_ascii_lowercase()
            .contains("proxy-authorization: basic "),
        "{head}"
    );
    assert!(!head.contains("/rest/"), "the proxy sees the address");

    let error = client(
        &server.webhook_url(),
        HttpOptions::new().proxy("http://u:pa55word@ :x"),
    )
    .unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("pa55word"), "{shown}");
}

#[tokio::test]
async fn a_portal_that_says_nothing_is_left_after_the_timeout() {
    let portal = portal(PortalConfig::unlimited());
    let server = portal.bind("127.0.0.1:0").await.unwrap();
    portal.faults().push(Fault::Delay(Duration::from_secs(30)));
    let http = HttpOptions::new().timeout(Duration::from_millis(200));
    let error = call(&client(&server.webhook_url(), http).unwrap())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.execution()),
        (ErrorKind::Transport, Execution::Unknown)
    );
    assert!(error.to_string().contains("no answer in time"), "{error}");
    portal.faults().push(Fault::Delay(Duration::from_secs(30)));
    let http = HttpOptions::new().read_timeout(Duration::from_millis(200));
    let error = call(&client(&server.webhook_url(), http).unwrap())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no answer in time"), "{error}");
}

#[tokio::test]
async fn a_client_installs_no_cryptography_for_the_whole_process() {
    client("https://portal.test/rest/1/demo/", HttpOptions::new()).unwrap();
    HttpOptions::reqwest_builder().unwrap().build().unwrap();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}

#[tokio::test]
async fn a_client_of_the_callers_own_is_used_as_it_is() {
    let (address, asked) = scripted(answer("", br#"{"result":1}"#)).await;
    let own = || {
        HttpOptions::reqwest_builder()
            .unwrap()
            .user_agent("own/1")
            .no_proxy()
    };
    let http = HttpOptions::new().client(own().build().unwrap());
    call(&client(&address, http.clone()).unwrap())
        .await
        .unwrap();
    assert!(asked.lock().unwrap()[0].contains("user-agent: own/1"));
    let error = client(&address, http.no_proxy()).unwrap_err();
    assert!(error.to_string().contains("of your own"), "{error}");
}

#[tokio::test]
async fn a_client_that_follows_redirects_by_get_does_not_lose_the_parameters() {
    // A client of reqwest's that follows redirects makes a GET without a body of the POST.
    let there = portal(PortalConfig::unlimited());
    let (new, old) = (
        there.bind("127.0.0.1:0").await.unwrap(),
        portal(PortalConfig::unlimited()),
    );
    let origin = new.webhook_url().replace("/rest/1/demo/", "");
    old.faults().push(Fault::Redirect(Some(origin)));
    let server = old.bind("127.0.0.1:0").await.unwrap();
    let follow = reqwest::redirect::Policy::limited(5);
    let own = HttpOptions::reqwest_builder()
        .unwrap()
        .no_proxy()
        .redirect(follow)
        .build()
        .unwrap();
    let client = client(&server.webhook_url(), HttpOptions::new().client(own)).unwrap();
    let params = json!({"fields": {"TITLE": "the title"}});
    let id: u64 = client
        .call("crm.lead.add", params)
        .await
        .unwrap()
        .result()
        .unwrap();
    let lead = client
        .call("crm.lead.get", json!({"id": id}))
        .await
        .unwrap();
    assert_eq!(
        lead.result::<serde_json::Value>().unwrap()["TITLE"],
        "the title"
    );
    assert_eq!(there.stats().calls("crm.lead.get"), 1);
}

#[tokio::test]
async fn a_file_is_streamed_and_resumed_over_http() {
    let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    let portal = portal(PortalConfig::unlimited().file("big.bin", content.clone()));
    let server = portal.bind("127.0.0.1:0").await.unwrap();
    let client = Client::builder(server.webhook_url())
        .limit(None)
        .build()
        .unwrap();
    let file = client
        .call("disk.file.get", json!({"id": 2}))
        .await
        .unwrap();
    let link = file.result::<serde_json::Value>().unwrap()["DOWNLOAD_URL"]
        .as_str()
        .unwrap()
        .to_owned();
    portal.faults().push(Fault::Truncated);
    let mut stream = client.download(&link).open().await.unwrap();
    assert_eq!(stream.size(), Some(3_000_000));
    let (mut got, mut pieces) = (Vec::new(), 0);
    while let Some(piece) = stream.next_piece().await.unwrap() {
        got.extend_from_slice(&piece);
        pieces += 1;
    }
    assert!(
        got == content && pieces > 2,
        "{pieces} pieces, {} bytes",
        got.len()
    );
    assert_faults_played(&portal);
}

/// A certificate that signs itself, as `openssl req -x509` makes it, and its key.
fn self_signed(name: &str, valid_until: i32) -> (rcgen::Certificate, rcgen::KeyPair) {
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(valid_until, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap(), key)
}

/// A server that shows this certificate and answers every request in the same way.
async fn server_with(certificate: &rcgen::Certificate, key: &rcgen::KeyPair) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust the certificate closes the connection here.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let answer = answer("", br#"{"result":{"ID":"1"}}"#);
                stream.write_all(&answer).await.unwrap();
                let _ = stream.shutdown().await;
            });
        }
    });
    format!("https://localhost:{port}/rest/1/demo/")
}

#[tokio::test]
async fn a_certificate_that_signs_itself_as_an_authority_is_taken_where_the_caller_names_it() {
    let (certificate, key) = self_signed("localhost", 4000);
    let address = server_with(&certificate, &key).await;
    let (other, _) = self_signed("localhost", 4000);
    let both = format!("{}{}", other.pem(), certificate.pem());
    for pem in [certificate.pem(), both] {
        let http = HttpOptions::new().ca_pem(pem);
        call(&client(&address, http).unwrap()).await.unwrap();
    }
    for http in [HttpOptions::new(), HttpOptions::new().ca_pem(other.pem())] {
        let error = call(&client(&address, http).unwrap()).await.unwrap_err();
        assert_eq!(error.execution(), Execution::NotRun);
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

#[tokio::test]
async fn a_certificate_that_the_caller_names_is_refused_for_another_name_and_after_its_time() {
    for (name, valid_until, why) in [
        ("portal.example", 4000, "not valid for name"),
        ("localhost", 2021, "expired"),
    ] {
        let (certificate, key) = self_signed(name, valid_until);
        let address = server_with(&certificate, &key).await;
        let http = HttpOptions::new().ca_pem(certificate.pem());
        let error = call(&client(&address, http).unwrap()).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named_without_its_password() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = listener.local_addr().unwrap();
    drop(listener);
    for address in [
        "https://portal.example/rest/1/demo/",
        "http://portal.example/rest/1/demo/",
    ] {
        let http = HttpOptions::new().proxy(format!("http://u:pa55word@{dead}"));
        let error = call(&client(address, http).unwrap()).await.unwrap_err();
        let said = error.to_string();
        let named = format!("could not connect through the proxy http://{dead}: ");
        assert!(said.contains(&named), "{said}");
        assert!(!said.contains("pa55word"), "{said}");
        assert_eq!(error.execution(), Execution::NotRun);
    }
}

#[test]
fn a_proxy_of_an_unknown_kind_is_refused() {
    for proxy in ["junk://x", "socks5://127.0.0.1:1080"] {
        let http = HttpOptions::new().proxy(proxy);
        let error = client("https://portal.example/rest/1/demo/", http).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let scheme = proxy.split_once("//").unwrap().0;
        assert!(error.to_string().contains(scheme), "{error}");
    }
}
