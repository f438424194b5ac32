//! Waits on this machine for the browser that comes back from the portal.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use brimful::Authorize;
use brimful::protocol::{Value, query};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// A request's first line is no longer than this.
const LONGEST: usize = 16 * 1024;
/// Connections that are listened to at once.
const CALLERS: usize = 16;
/// A browser says at once what it wants.
const PATIENCE: Duration = Duration::from_secs(5);

/// The ends that a browser may find `localhost` at.
#[derive(Debug)]
pub(crate) struct LoginListener {
    v4: TcpListener,
    v6: Option<TcpListener>,
}

impl LoginListener {
    pub(crate) async fn bind(port: u16) -> std::io::Result<Self> {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        // A machine without IPv6 does without.
        let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();
        Ok(Self { v4, v6 })
    }

    /// The query of the answer that has the `state` of `authorize`. Whatever else comes is turned away: anybody on this
    /// machine can knock.
    pub(crate) async fn answer(&self, authorize: &Authorize) -> String {
        // Browsers open connections that they may need: one that says nothing must not hold up the one that does.
        let mut callers = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(heard) = callers.next() => {
                    if let Ok(Some(query)) = heard {
                        return query;
                    }
                }
                stream = self.accept(), if callers.len() < CALLERS => {
                    callers.push(timeout(PATIENCE, hear(stream, authorize)));
                }
            }
        }
    }

    async fn accept(&self) -> TcpStream {
        loop {
            let accepted = match &self.v6 {
                None => self.v4.accept().await,
                Some(v6) => tokio::select! {
                    accepted = self.v4.accept() => accepted,
                    accepted = v6.accept() => accepted,
                },
            };
            match accepted {
                Ok((stream, _)) => return stream,
                // There are no more sockets: some are given back soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

/// Hears one request out and answers it; its query, if it is the one that is waited for.
async fn hear(mut stream: TcpStream, authorize: &Authorize) -> Option<String> {
    let line = first_line(&mut stream).await?;
    let query = asked(&line).filter(|query| has_state(query, authorize));
    let (status, text) = match &query {
        Some(_) => (
            "200 OK",
            "The answer has arrived. You may close this window; the rest is said where brimful login runs.",
        ),
        None => (
            "404 Not Found",
            "This is not the answer that brimful login waits for.",
        ),
    };
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>brimful</title></head>\
         <body><p>{text}</p></body></html>\n"
    );
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    // The caller may be gone.
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
    query
}

/// The first line of a request whose head has come whole; a browser whose head is not read takes the answer for a fault.
async fn first_line(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut block = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut block).await.ok()?;
        if read == 0 || head.len() + read > LONGEST {
            return None;
        }
        head.extend_from_slice(&block[..read]);
    }
    let line = head.split(|&byte| byte == b'\r').next()?;
    String::from_utf8(line.to_vec()).ok()
}

/// The query of a `GET`.
fn asked(line: &str) -> Option<String> {
    let mut words = line.split(' ');
    let (verb, target, version) = (words.next()?, words.next()?, words.next()?);
    if verb != "GET" || !version.starts_with("HTTP/1.") || words.next().is_some() {
        return None;
    }
    Some(target.split_once('?')?.1.to_owned())
}

fn has_state(text: &str, authorize: &Authorize) -> bool {
    let params = query::decode(text.as_bytes());
    let state = params.get("state").map(Value::to_text);
    state.is_some_and(|state| authorize.state().matches(&state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_get_has_a_query() {
        assert_eq!(
            asked("GET /?code=a&state=b HTTP/1.1").as_deref(),
            Some("code=a&state=b")
        );
        for line in [
            "",
            "GET",
            "GET / HTTP/1.1",
            "POST /?code=a HTTP/1.1",
            "GET /?code=a",
            "GET /?code=a HTTP/2",
            "GET /?code=a b HTTP/1.1",
        ] {
            assert_eq!(asked(line), None, "{line}");
        }
    }
}
