//! How the client speaks HTTP: what a caller can set of it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::tls;
use crate::error::Error;
use crate::secret::Secret;

/// How the client speaks HTTP.
///
/// By itself it speaks HTTP/2 where the portal does, keeps connections, takes compressed answers, trusts the
/// certificates that the system trusts, and goes through the system's proxy.
///
/// ```no_run
/// # fn example() -> Result<(), brimful::Error> {
/// use std::time::Duration;
/// use brimful::{Client, HttpOptions};
///
/// let http = HttpOptions::new()
///     .proxy("http://proxy.local:3128")
///     .ca_file("/etc/ssl/own-ca.pem")
///     .connect_timeout(Duration::from_secs(5));
/// let client = Client::builder("https://example.bitrix24.ru/rest/1/code/").http(http).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct HttpOptions {
    pub(crate) connections: Connections,
    pub(crate) own: Option<reqwest::Client>,
    pub(crate) timeout: Duration,
    pub(crate) max_reply: usize,
}

/// What belongs to the connections, which a client of the caller's own has as it has them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Connections {
    pub(crate) user_agent: String,
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) proxy: Proxy,
    pub(crate) authorities: Vec<AuthoritySource>,
    pub(crate) certificates: CertificateCheck,
    pub(crate) versions: HttpVersions,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// As the system says.
    System,
    /// None, whatever the system says.
    None,
    /// This one. There may be a password in it.
    At(Secret),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AuthoritySource {
    Pem(Vec<u8>),
    File(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CertificateCheck {
    Checked,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HttpVersions {
    Negotiated,
    Http1,
}

/// Longer than the 60 seconds after which a portal cuts a request itself.
const TIMEOUT: Duration = Duration::from_secs(90);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A batch of 2,500 rows of a hundred fields is about 10 MiB.
const MAX_REPLY: usize = 256 << 20;

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connections: Connections::default(),
            own: None,
            timeout: TIMEOUT,
            max_reply: MAX_REPLY,
        }
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            user_agent: concat!("brimful/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: None,
            idle_timeout: None,
            proxy: Proxy::System,
            authorities: Vec::new(),
            certificates: CertificateCheck::Checked,
            versions: HttpVersions::Negotiated,
        }
    }
}

impl HttpOptions {
    /// The options as they are by themselves.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long a request may take in all, from sending to the end of the answer (90 s). A portal cuts a request after
    /// 60 s itself. Downloads may take as long as something comes.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a connection may take to be made (10 s).
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connections.connect_timeout = timeout;
        self
    }

    /// How long nothing may come, before the answer or inside it; as long as the whole may take if not set.
    #[must_use]
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.connections.read_timeout = Some(timeout);
        self
    }

    /// How long a connection that is not in use is kept (90 s).
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.connections.idle_timeout = Some(timeout);
        self
    }

    /// The `User-Agent`, `brimful/` and the version if not set. Some portals refuse requests without one, so it may not
    /// be empty.
    #[must_use]
    pub fn user_agent(mut self, agent: impl Into<String>) -> Self {
        self.connections.user_agent = agent.into();
        self
    }

    /// A proxy for all requests: `http://user:password@proxy.local:3128`.
    #[must_use]
    pub fn proxy(mut self, address: impl Into<Secret>) -> Self {
        self.connections.proxy = Proxy::At(address.into());
        self
    }

    /// No proxy, whatever the system says.
    #[must_use]
    pub fn no_proxy(mut self) -> Self {
        self.connections.proxy = Proxy::None;
        self
    }

    /// Trusts these authorities too: certificates in PEM, one or more.
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.connections
            .authorities
            .push(AuthoritySource::Pem(pem.into()));
        self
    }

    /// Trusts the authorities in a file too: certificates in PEM, one or more.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.connections
            .authorities
            .push(AuthoritySource::File(path.into()));
        self
    }

    /// Takes any certificate for the portal's.
    ///
    /// Dangerous: anyone on the way to the server can read and change everything, and gets the webhook or the tokens.
    /// For a portal with a certificate of its own there is [`HttpOptions::ca_pem`].
    #[must_use]
    pub fn danger_accept_invalid_certs(mut self) -> Self {
        self.connections.certificates = CertificateCheck::Any;
        self
    }

    /// HTTP/1.1, even where the portal speaks HTTP/2.
    #[must_use]
    pub fn http1_only(mut self) -> Self {
        self.connections.versions = HttpVersions::Http1;
        self
    }

    /// The most bytes that a reply may have, counted as they are once unpacked (256 MiB). A longer one is an error.
    #[must_use]
    pub fn max_reply(mut self, bytes: usize) -> Self {
        self.max_reply = bytes;
        self
    }

    /// A reqwest client of the caller's own, with connections, proxies and certificates as it has them; of the options
    /// here only [`timeout`](Self::timeout) and [`max_reply`](Self::max_reply) go with it, any other is refused.
    ///
    /// Let it not follow redirects, as [`reqwest_builder`](Self::reqwest_builder) begins: it would send a `POST` on as
    /// a `GET`, without its parameters. An answer that came so is not taken for the portal's.
    ///
    /// ```
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let own = brimful::HttpOptions::reqwest_builder()?.https_only(true).build()?;
    /// let client = brimful::Client::builder("https://example.bitrix24.ru/rest/1/code/")
    ///     .http(brimful::HttpOptions::new().client(own))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// # example().unwrap();
    /// ```
    #[must_use]
    pub fn client(mut self, client: reqwest::Client) -> Self {
        self.own = Some(client);
        self
    }

    /// A builder for [`client`](Self::client), without redirects and with the TLS of this crate: what the system trusts,
    /// HTTP/2 or HTTP/1.1, nothing installed for the whole process. The builder's own settings of certificates and of HTTP
    /// versions don't change that; to replace it, give the builder another `tls_backend_preconfigured`.
    ///
    /// # Errors
    /// TLS could not be set up.
    pub fn reqwest_builder() -> Result<reqwest::ClientBuilder, Error> {
        let tls = tls::config(
            Vec::new(),
            &tls::certificates_of_environment()?,
            CertificateCheck::Checked,
            HttpVersions::Negotiated,
        )?;
        Ok(reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured(tls))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::None => "None",
            Self::At(_) => "At(…)",
        })
    }
}
