//! The installation of an application: its handler is told, and given its first tokens.
//!
//! Handlers are posted to over plain HTTP and on this machine only: an emulator must not be made to call others.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use brimful_protocol::query;
use http::Uri;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Server, scope_list};
use crate::calls::Backend;
use crate::calls::token_store::Grant;

/// How long a handler may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The head of a reply is read up to this size.
const HEAD: usize = 16 << 10;

/// Why an application was not told of its installation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// There is no such application.
    #[error("no application \"{0}\": add it to the portal's configuration")]
    UnknownApp(String),
    /// The handler is not on this machine.
    #[error(
        "the handler {0} is not told: only http:// addresses of this machine are (127.0.0.1, localhost)"
    )]
    Elsewhere(String),
    /// The handler cannot be reached, or says nothing.
    #[error("the handler {address} does not answer")]
    Unreachable {
        /// Its address.
        address: String,
        /// What went wrong.
        source: io::Error,
    },
    /// The handler answered with an error.
    #[error("the handler {address} answered {status}")]
    Refused {
        /// Its address.
        address: String,
        /// The HTTP status.
        status: u16,
    },
}

/// Installs an application for the user `user`: posts `ONAPPINSTALL` to its handler.
pub(crate) async fn install(
    server: &Server,
    backend: &Backend,
    client_id: &str,
    user: u64,
) -> Result<(), InstallError> {
    let context = &backend.context;
    let app = server
        .app(client_id)
        .ok_or_else(|| InstallError::UnknownApp(client_id.to_owned()))?;
    let handler = app.install_handler.as_ref().unwrap_or(&app.handler);
    let target = Target::of(handler)?;
    let grant = Grant {
        client_id: app.client_id.clone(),
        user,
        scopes: app.scopes.clone(),
    };
    let ttl = server.token_ttl;
    let pair = backend
        .callers
        .issued()
        .issue_pair(&grant, ttl, context.elapsed());
    let address = context.address.address(None);
    let now = context.now() as i64;
    let event = json!({
        "event": "ONAPPINSTALL",
        "data": {"VERSION": "1", "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": "ru"},
        "ts": now.to_string(),
        "auth": {
            "access_token": pair.access,
            "expires": now.saturating_add(ttl.as_secs() as i64),
            "expires_in": ttl.as_secs(),
            "scope": scope_list(&app.scopes, ","),
            "domain": address.domain(),
            "server_endpoint": address.endpoint(),
            "status": app.status.to_string(),
            "client_endpoint": address.endpoint(),
            "member_id": context.address.member_id,
            "user_id": user,
            "refresh_token": pair.refresh,
            "application_token": context.address.signature(client_id),
        },
    });
    let unreachable = |source| InstallError::Unreachable {
        address: handler.clone(),
        source,
    };
    let status = timeout(PATIENCE, target.post(&query::encode(&event)))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(unreachable)?;
    if (200..300).contains(&status) {
        Ok(())
    } else {
        Err(InstallError::Refused {
            address: handler.clone(),
            status,
        })
    }
}

/// A handler on this machine.
#[derive(Debug)]
struct Target {
    address: IpAddr,
    port: u16,
    authority: String,
    path: String,
}

impl Target {
    fn of(handler: &str) -> Result<Self, InstallError> {
        let elsewhere = || InstallError::Elsewhere(handler.to_owned());
        let uri: Uri = handler.parse().map_err(|_| elsewhere())?;
        let authority = uri.authority().ok_or_else(elsewhere)?;
        let host = authority.host().trim_matches(['[', ']']);
        let address = if host.eq_ignore_ascii_case("localhost") {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            host.parse().map_err(|_| elsewhere())?
        };
        let here = address.is_loopback() || address == IpAddr::V6(Ipv6Addr::LOCALHOST);
        if uri.scheme_str() != Some("http") || !here {
            return Err(elsewhere());
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            address,
            port: authority.port_u16().unwrap_or(80),
            authority: authority.as_str().to_owned(),
            path: path.to_owned(),
        })
    }

    /// Posts a form and gives the status of the reply.
    async fn post(&self, form: &str) -> io::Result<u16> {
        let mut stream = TcpStream::connect((self.address, self.port)).await?;
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
            if head.len() > HEAD {
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
