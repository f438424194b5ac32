//! Events that the emulator posts to handlers.

use std::io::{Read, Write};

use super::Emulator;
use crate::support::Workspace;

#[test]
fn an_event_of_a_change_is_posted_to_a_handler_on_this_machine_and_logged() {
    let workspace = Workspace::new();
    let handler = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = handler.local_addr().unwrap();
    let emulator = Emulator::start(
        &workspace,
        &["--token", "t1:local.app", "--events-log", "events.jsonl"],
    );
    let origin = emulator.url.split("/rest/").next().unwrap().to_owned();
    let call = |method: &str, params: &str| {
        let request = format!(
            "POST /rest/{method} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{params}",
            params.len()
        );
        let mut stream =
            std::net::TcpStream::connect(origin.trim_start_matches("http://")).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    call(
        "event.bind",
        &format!("auth=t1&event=ONCRMLEADADD&handler=http://{address}/"),
    );
    call("crm.lead.add", "auth=t1&fields[TITLE]=new");
    let (mut stream, _) = handler.accept().unwrap();
    let mut heard = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&heard).contains("application_token") {
        let read = stream.read(&mut part).unwrap();
        assert_ne!(read, 0, "{}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&part[..read]);
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    drop(stream);
    let heard = String::from_utf8_lossy(&heard).into_owned();
    assert!(heard.contains("event=ONCRMLEADADD&"), "{heard}");
    // The line is written when the handler's answer is there, which may be after the end of this test's own reading.
    let logged = loop {
        let log = std::fs::read_to_string(workspace.path("events.jsonl")).unwrap_or_default();
        if log.ends_with('\n') {
            break log;
        }
        std::thread::yield_now();
    };
    let logged: serde_json::Value = serde_json::from_str(&logged).unwrap();
    assert_eq!(
        (&logged["event"], &logged["outcome"], &logged["status"]),
        (&"ONCRMLEADADD".into(), &"delivered".into(), &200.into())
    );
}
