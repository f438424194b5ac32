//! The addresses of applications that the portal posts to: which of them it may, and how it does.
//!
//! An emulator must not be made to call other machines, so handlers are on this one unless somebody allows others.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use http::Uri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The head of a reply is read up to this size.
const LONGEST_HEAD: usize = 16 << 10;

/// On which other machines than this one handlers may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HandlerHosts {
    names: Vec<String>,
    all: bool,
}

impl HandlerHosts {
    /// Allows a host; `*` stands for all of them.
    pub(crate) fn allow(&mut self, host: &str) {
        if host == "*" {
            self.all = true;
        } else {
            self.names
                .push(host.trim_matches(['[', ']']).to_ascii_lowercase());
        }
    }

    fn allows(&self, host: &str) -> bool {
        self.all
            || self
                .names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// A handler that may be posted to.
#[derive(Debug)]
pub(crate) struct HandlerAddress {
    host: String,
    port: u16,
    authority: String,
    path: String,
}

impl HandlerAddress {
    /// `None` for a handler that is not told: on another machine, or not `http://`.
    pub(crate) fn of(handler: &str, hosts: &HandlerHosts) -> Option<Self> {
        let uri: Uri = handler.parse().ok()?;
        let authority = uri.authority()?;
        let host = authority.host().trim_matches(['[', ']']);
        // The name must not be looked up: it means this machine.
        let host = if host.eq_ignore_ascii_case("localhost") {
            Ipv4Addr::LOCALHOST.to_string()
        } else {
            host.to_owned()
        };
        let address = host.parse::<IpAddr>();
        let is_here = address.is_ok_and(|address| address.to_canonical().is_loopback());
        if uri.scheme_str() != Some("http") || !(is_here || hosts.allows(&host)) {
            return None;
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Some(Self {
            host,
            port: authority.port_u16().unwrap_or(80),
            authority: authority.as_str().to_owned(),
            path: path.to_owned(),
        })
    }

    /// Posts a form and gives the status of the reply.
    pub(crate) async fn post(&self, form: &str) -> io::Result<u16> {
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let (path, authority, length) = (&self.path, &self.authority, form.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: Bitrix24 Webhook Engine\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{form}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        let mut part = [0; 1024];
        loop {
            match stream.read(&mut part).await? {
                0 => return status(&head).ok_or_else(|| io::ErrorKind::InvalidData.into()),
                read => head.extend_from_slice(&part[..read]),
            }
            if let Some(status) = status(&head) {
                return Ok(status);
            }
            if head.len() > LONGEST_HEAD {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }
}

/// The status in the first line of a reply, once that is there.
fn status(head: &[u8]) -> Option<u16> {
    let end = memchr::memmem::find(head, b"\r\n")?;
    let line = std::str::from_utf8(&head[..end]).ok()?;
    line.strip_prefix("HTTP/1.")?
        .split(' ')
        .nth(1)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_are_on_this_machine_unless_another_one_is_allowed() {
        let none = HandlerHosts::default();
        let mut one = none.clone();
        one.allow("app");
        let mut all = none.clone();
        all.allow("*");
        let allowed =
            |handler| [&none, &one, &all].map(|hosts| HandlerAddress::of(handler, hosts).is_some());
        for here in [
            "http://127.0.0.1:8080/a",
            "http://LOCALHOST/",
            "http://[::1]:80/",
            "http://127.5.5.5/",
        ] {
            assert_eq!(allowed(here), [true; 3], "{here}");
        }
        assert_eq!(allowed("http://app:8080/"), [false, true, true]);
        assert_eq!(allowed("http://APP/"), [false, true, true]);
        assert_eq!(allowed("http://127.0.0.1.evil.test/"), [false, false, true]);
        for never in ["https://127.0.0.1/", "ftp://localhost/", "/handler", ""] {
            assert_eq!(allowed(never), [false; 3], "{never}");
        }
    }
}
