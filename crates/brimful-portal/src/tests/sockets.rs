//! The portal over HTTP.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::context::faults::{Fault, FaultTiming};
use crate::server::Server;

async fn server() -> Server {
    portal(PortalConfig::unlimited())
        .bind("127.0.0.1:0")
        .await
        .unwrap()
}

/// Sends a request as it is and reads until the connection ends, however it does.
async fn heard(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    while let Ok(1..) = stream
        .read(&mut part)
        .await
        .inspect(|&n| bytes.extend_from_slice(&part[..n]))
    {}
    String::from_utf8(bytes).unwrap()
}

fn posted(server: &Server, method: &str, body: &str) -> String {
    let path = server.portal().webhook_path();
    let (host, length) = (server.address(), body.len());
    format!(
        "POST {path}{method} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn a_call_over_http_is_answered() {
    let server = server().await;
    assert_eq!(
        server.webhook_url(),
        format!("http://{}/rest/1/demo/", server.address())
    );
    let reply = heard(&server, &posted(&server, "test.echo", r#"{"a":"b"}"#)).await;
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    assert!(
        reply.contains("\r\n\r\n{\"result\":{\"a\":\"b\"},\"time\":{"),
        "{reply}"
    );
    assert_eq!(server.portal().stats().requests, 1);
    server.shut_down().await.unwrap();
}

#[tokio::test]
async fn the_bucket_is_by_the_address_of_the_connection() {
    let server = portal(PortalConfig::new())
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let request = posted(&server, "test.echo", "").replace("Connection: close\r\n", "");
    let requests = request.repeat(51) + &posted(&server, "test.echo", "");
    let replies = heard(&server, &requests).await;
    assert_eq!(replies.matches("HTTP/1.1 200 OK").count(), 50);
    assert_eq!(
        replies.matches("HTTP/1.1 503 Service Unavailable").count(),
        2
    );
}

#[tokio::test]
async fn a_reset_closes_the_connection_without_a_byte() {
    let server = server().await;
    for when in [FaultTiming::BeforeWork, FaultTiming::AfterWork] {
        server.portal().faults().push(Fault::Reset(when));
        assert_eq!(heard(&server, &posted(&server, "test.work", "")).await, "");
    }
    assert_eq!(server.portal().stats().calls("test.work"), 1);
}

#[tokio::test]
async fn a_truncated_reply_promises_more_than_it_holds() {
    let server = server().await;
    server.portal().faults().push(Fault::Truncated);
    let reply = heard(&server, &posted(&server, "test.rows", r#"{"count":2}"#)).await;
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    assert_eq!(body.len(), length.parse::<usize>().unwrap() / 2);
    assert!(body.starts_with("{\"result\":[{\"ID\":\"1\""), "{body}");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_heard_out_and_refused() {
    let server = portal(PortalConfig::unlimited().body_limit(1000))
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let reply = heard(
        &server,
        &posted(&server, "test.echo", &"x".repeat(3_000_000)),
    )
    .await;
    assert!(reply.starts_with("HTTP/1.1 413 "), "{reply}");
    assert!(reply.ends_with(
        r#"{"error":"REQUEST_ENTITY_TOO_LARGE","error_description":"Request entity too large"}"#
    ));
}

#[tokio::test]
async fn requests_in_flight_are_finished_when_the_server_shuts_down() {
    let server = server().await;
    server
        .portal()
        .faults()
        .push(Fault::Delay(std::time::Duration::from_millis(200)));
    let request = posted(&server, "test.echo", "");
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    while server.portal().stats().in_flight == 0 {
        tokio::task::yield_now().await;
    }
    server.shut_down().await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 OK"), "{reply}");
}

#[tokio::test]
async fn an_address_may_be_typed_as_it_is_read() {
    let server = server().await;
    let path = server.portal().webhook_path();
    let request = format!(
        "GET {path}test.echo?filter[>ID]=\"Жар\" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    );
    let reply = heard(&server, &request).await;
    assert!(
        reply.contains(r#"{"result":{"filter":{"\u003EID":"\u0022Жар\u0022"}}"#),
        "{reply}"
    );
}

#[tokio::test]
async fn a_slow_body_comes_piece_by_piece_and_whole() {
    let server = server().await;
    let slow = Fault::SlowBody(std::time::Duration::from_millis(200));
    server.portal().faults().push(slow);
    let began = tokio::time::Instant::now();
    let request = posted(&server, "test.echo", r#"{"a":"b"}"#);
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut pieces = 0;
    let mut reply = Vec::new();
    let mut part = [0; 4096];
    while let Ok(n @ 1..) = stream.read(&mut part).await {
        pieces += 1;
        reply.extend_from_slice(&part[..n]);
    }
    let reply = String::from_utf8(reply).unwrap();
    assert!(began.elapsed().as_millis() >= 200);
    assert!(pieces > 3, "{pieces} pieces");
    assert!(reply.contains("content-length: "), "{reply}");
    assert!(reply.ends_with("}}"), "{reply}");
}

#[tokio::test]
async fn faults_are_ordered_over_http_from_the_same_machine() {
    let server = server().await;
    let control = |verb: &str, body: &str| {
        let (host, length) = (server.address(), body.len());
        format!(
            "{verb} /_portal/faults HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
    };
    let reply = heard(&server, &control("PUT", "\"503\"")).await;
    assert!(reply.contains("\"spec\":\"503\""), "{reply}");
    let refused = heard(&server, &posted(&server, "test.echo", "")).await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    heard(&server, &control("DELETE", "")).await;
    let reply = heard(&server, &posted(&server, "test.echo", "")).await;
    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
}

#[tokio::test]
async fn a_body_that_is_not_http_is_a_broken_request() {
    let server = server().await;
    let path = server.portal().webhook_path();
    let request = format!(
        "POST {path}test.echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"
    );
    let reply = heard(&server, &request).await;
    assert!(reply.starts_with("HTTP/1.1 400 "), "{reply}");
    assert_eq!(server.portal().stats().calls("test.echo"), 0);
}

#[tokio::test]
async fn who_never_ends_a_request_does_not_keep_the_server_from_ending() {
    let server = server().await;
    let path = server.portal().webhook_path();
    let mut streams = Vec::new();
    for part in [
        format!("GET {path}test.echo HTTP/1.1\r\nHost:"),
        format!("POST {path}test.echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"),
    ] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(part.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    // The server has to have seen them.
    heard(&server, &posted(&server, "test.echo", "")).await;
    tokio::time::pause();
    server.shut_down().await.unwrap();
    drop(streams);
}

#[tokio::test]
async fn bodies_that_have_no_room_beside_each_other_are_refused() {
    let server = portal(PortalConfig::unlimited().body_limit(100_000))
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let whole = posted(&server, "test.echo", &"x".repeat(100_000));
    let (start, end) = whole.as_bytes().split_at(whole.len() - 1);
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(start).await.unwrap();
        streams.push(stream);
    }
    // The server has to have seen them.
    heard(&server, &posted(&server, "test.echo", "")).await;
    let mut statuses = Vec::new();
    for stream in &mut streams {
        stream.write_all(end).await.unwrap();
        let mut reply = [0; 12];
        stream.read_exact(&mut reply).await.unwrap();
        statuses.push(String::from_utf8(reply.to_vec()).unwrap());
    }
    let count = |status: &str| statuses.iter().filter(|one| *one == status).count();
    assert!(count("HTTP/1.1 200") > 0, "{statuses:?}");
    assert!(count("HTTP/1.1 413") > 0, "{statuses:?}");
    assert_eq!(count("HTTP/1.1 200") + count("HTTP/1.1 413"), 20);
}

#[tokio::test]
async fn a_started_portal_stops_when_its_server_is_dropped() {
    let server = Portal::builder().rows("lead", 1).start().await.unwrap();
    let address = server.address();
    drop(tokio::net::TcpStream::connect(address).await.unwrap());
    drop(server);
    // The listener is closed by a task of its own, as soon as it runs.
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_portal_is_a_service_that_needs_no_socket() {
    use tower::ServiceExt;
    let portal = plain();
    let request = Request::get("/rest/1/demo/profile")
        .body(String::new())
        .unwrap();
    let response = portal.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(portal.stats().requests, 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_sends_no_head_is_let_go() {
    let server = server().await;
    for sent in ["", "G", "GET /rest/1/demo/profile HTTP/1.1\r\nHost: a\r\n"] {
        let began = tokio::time::Instant::now();
        heard(&server, sent).await;
        let waited = began.elapsed().as_secs();
        assert!((59..=130).contains(&waited), "{sent:?}: {waited} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_coming_is_given_up() {
    let server = server().await;
    let head = "POST /rest/1/demo/test.echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{";
    let reply = heard(&server, head).await;
    assert!(reply.starts_with("HTTP/1.1 400"), "{reply}");
    assert!(reply.contains("INVALID_REQUEST"), "{reply}");
}

#[tokio::test]
async fn a_head_that_is_too_long_or_has_too_many_lines_is_refused() {
    let server = server().await;
    let long = format!(
        "GET /rest/1/demo/profile HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(1 << 20)
    );
    let many = format!(
        "GET /rest/1/demo/profile HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "X: y\r\n".repeat(200)
    );
    for head in [long, many] {
        let reply = heard(&server, &head).await;
        assert!(
            reply.is_empty() || reply.starts_with("HTTP/1.1 431"),
            "{reply}"
        );
    }
    let reply = heard(&server, &posted(&server, "test.echo", "{}")).await;
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}
