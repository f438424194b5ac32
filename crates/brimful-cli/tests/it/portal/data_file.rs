//! A portal whose rows are in a file, and are there when it is started again.

use std::io::{BufRead, BufReader, Read, Write};

use super::Emulator;
use crate::support::{Workspace, stderr};

/// A connection over which methods are called one after the other.
struct Calls {
    stream: BufReader<std::net::TcpStream>,
    path: String,
}

impl Calls {
    fn to(emulator: &Emulator) -> Self {
        let (host, path) = emulator.parts();
        let stream = std::net::TcpStream::connect(host).unwrap();
        Self {
            stream: BufReader::new(stream),
            path,
        }
    }

    /// The result of a method; `None` if the connection ends before the whole reply is there.
    fn call(&mut self, method: &str, params: &str) -> Option<serde_json::Value> {
        let path = format!("{}{method}", self.path);
        let body = self.post(&path, "application/x-www-form-urlencoded", params)?;
        let reply: serde_json::Value = serde_json::from_slice(&body).unwrap();
        Some(reply["result"].clone())
    }

    fn post(&mut self, path: &str, media_type: &str, body: &str) -> Option<Vec<u8>> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let (mut length, mut line) = (0, String::new());
        loop {
            line.clear();
            if self.stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(given) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = given.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some(body)
    }
}

#[test]
fn no_write_that_was_answered_is_lost_when_the_program_is_killed() {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    let workspace = Workspace::new();
    let args = ["--rate", "off", "--rows", "lead=3", "--data", "portal.db"];
    // The highest number that was answered, by the lead it was written to.
    let answered: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());
    let mut chance = fastrand_like(20_261_127);
    for round in 0..5 {
        let mut emulator = Emulator::start(&workspace, &args);
        let after = 20 + chance() % 200;
        let (tell, told) = channel();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let (tell, answered) = (tell.clone(), &answered);
                let mut calls = Calls::to(&emulator);
                scope.spawn(move || {
                    for number in 0.. {
                        let title = format!("{round}-{writer}-{number}");
                        let add = format!("fields[TITLE]={title}");
                        let Some(id) = calls.call("crm.lead.add", &add) else {
                            return;
                        };
                        let id = id.as_u64().unwrap();
                        let update = format!("id={id}&fields[COMMENTS]={number}");
                        if calls.call("crm.lead.update", &update).is_none() {
                            return;
                        }
                        answered.lock().unwrap().push((id, number));
                        if tell.send(()).is_err() {
                            return;
                        }
                    }
                });
            }
            for _ in 0..after {
                told.recv().unwrap();
            }
            emulator.kill();
            drop(told);
        });
        let again = Emulator::start(&workspace, &args);
        let mut calls = Calls::to(&again);
        for (id, number) in answered.lock().unwrap().iter() {
            let lead = calls.call("crm.lead.get", &format!("id={id}")).unwrap();
            assert_eq!(
                lead["COMMENTS"],
                number.to_string(),
                "lead {id} of round {round}"
            );
        }
    }
    assert!(answered.lock().unwrap().len() > 100);
}

/// Numbers that look like chance and are the same each time.
fn fastrand_like(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 33
    }
}

#[test]
fn a_portal_with_a_file_is_the_same_when_it_is_started_again() {
    let workspace = Workspace::new();
    let args = ["--rows", "deal=20", "--data", "portal.db"];
    let mut emulator = Emulator::start(&workspace, &args);
    let url = emulator.url.clone();
    let mut calls = Calls::to(&emulator);
    calls.call("crm.deal.delete", "id=20").unwrap();
    calls
        .call("crm.deal.update", "id=7&fields[TITLE]=changed")
        .unwrap();
    let before = calls.call("crm.deal.list", "order[ID]=ASC").unwrap();
    emulator.kill();
    let output = workspace.run(&["portal", "--port", "0", "--data", "missing/portal.db"]);
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains("missing/portal.db"),
        "{}",
        stderr(&output)
    );
    // The rows of the file count, and so does the code that was made up for it.
    let again = Emulator::start(&workspace, &["--rows", "deal=5", "--data", "portal.db"]);
    let code = |url: &str| url.split("/rest/1/").nth(1).unwrap().to_owned();
    assert_eq!(code(&again.url), code(&url));
    let mut calls = Calls::to(&again);
    assert_eq!(
        calls.call("crm.deal.list", "order[ID]=ASC").unwrap(),
        before
    );
    assert_eq!(calls.call("crm.deal.add", "fields[TITLE]=new").unwrap(), 21);
}
