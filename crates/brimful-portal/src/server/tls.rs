//! TLS in front of the portal: a certificate made on the spot, and connections that speak HTTP/1.1 or HTTP/2 over it.
//!
//! Several clients refuse plain http, as a real portal does with webhooks. The certificate is signed by a certification
//! authority that lives as long as its [`Tls`]: its key is kept nowhere, so a client that trusts it trusts this portal
//! and nothing else.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::serve::Listener;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Programs refuse certificates that are valid for more than 398 days.
const VALID: Duration = Duration::from_secs(397 * 24 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// A caller that opens a connection and never shakes hands is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A certificate for the names of this machine, and the authority that vouches for it. A clone is the same.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    host: String,
    ca_pem: String,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A certificate without a name fits no address.
    #[error("a certificate needs a name or an address to be made for")]
    NoName,
    /// A name that cannot stand in a certificate, or a machine that cannot sign.
    #[error("no certificate could be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The certificate is not one that can be served.
    #[error("the certificate cannot be served: {0}")]
    Serving(#[from] rustls::Error),
}

impl Tls {
    /// A certificate made now for these names and addresses (`localhost`, `127.0.0.1`). The first of them is the host
    /// in the address of the webhook.
    pub fn made_for<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Result<Self, TlsError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let host = names.first().ok_or(TlsError::NoName)?.clone();
        let (ca_pem, issuer) = authority()?;
        let key = KeyPair::generate()?;
        let mut params = params(names, "Brimful portal")?;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &issuer)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            host,
            ca_pem,
        })
    }

    /// The certificate of the authority, for clients to trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Writes the certificate of the authority to a file, as `REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE`,
    /// `NODE_EXTRA_CA_CERTS` and `curl --cacert` take it.
    ///
    /// # Errors
    /// The file cannot be written, or there is one already that no portal has made: it may be somebody's data.
    pub fn write_ca(&self, file: impl AsRef<Path>) -> io::Result<()> {
        let file = file.as_ref();
        if !is_replaceable(file)? {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "it is there already, and is not a certificate that a portal has made",
            ));
        }
        std::fs::write(file, &self.ca_pem)
    }

    /// The first of the names.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// The name of every authority, by which its certificate is known.
const AUTHORITY: &str = "Brimful portal, authority of one run";
/// A file that is larger is not a certificate.
const LARGEST_CERTIFICATE: u64 = 64 << 10;

/// Whether a file may take the place of what is at `path`: nothing, an empty file, a pipe or a device, or the
/// certificate of another run.
fn is_replaceable(path: &Path) -> io::Result<bool> {
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    if !found.is_file() || found.len() == 0 {
        return Ok(true);
    }
    if found.len() > LARGEST_CERTIFICATE {
        return Ok(false);
    }
    let text = std::fs::read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let is_ours = |der: &CertificateDer<'_>| {
        let name = AUTHORITY.as_bytes();
        der.as_ref().windows(name.len()).any(|part| part == name)
    };
    Ok(text
        .trim_ascii()
        .starts_with(b"-----BEGIN CERTIFICATE-----")
        && certificates.is_ok_and(|all| all.len() == 1 && all.iter().all(is_ours)))
}

/// A new authority: its certificate, and what signs in its name.
fn authority() -> Result<(String, Issuer<'static, KeyPair>), TlsError> {
    let mut params = params(Vec::new(), AUTHORITY)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((pem, Issuer::new(params, key)))
}

/// What both certificates have in common: who they are of, and when they are valid.
fn params(names: Vec<String>, of: &str) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, of);
    // Valid by the machine's clock and not by the portal's: it is the clients who look at it.
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.saturating_sub(DAY);
    params.not_after = epoch + (now + VALID.saturating_sub(DAY));
    Ok(params)
}

/// A listener whose connections have shaken hands. Handshakes go on side by side: one that hangs holds nobody up.
pub(crate) struct TlsListener {
    connections: mpsc::Receiver<Connection>,
    address: SocketAddr,
    accept_task: JoinHandle<()>,
}

type Connection = (TlsStream<TcpStream>, SocketAddr);

impl TlsListener {
    pub(crate) fn new(listener: TcpListener, tls: &Tls) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, connections) = mpsc::channel(16);
        let accept_task = tokio::spawn(accept(listener, tls.acceptor.clone(), sender));
        Ok(Self {
            connections,
            address,
            accept_task,
        })
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.connections.recv().await {
            Some(connection) => connection,
            // The accepting task ends only with the runtime, and nobody comes after that.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accept_task.abort();
    }
}

async fn accept(
    mut listener: TcpListener,
    acceptor: TlsAcceptor,
    sender: mpsc::Sender<Connection>,
) {
    let mut handshakes = JoinSet::new();
    loop {
        tokio::select! {
            (stream, peer) = Listener::accept(&mut listener) => {
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                handshakes.spawn(async move {
                    match shake_hands(&acceptor, stream).await {
                        // Without a receiver the server has ended, and the connection ends too.
                        Ok(stream) => drop(sender.send((stream, peer)).await),
                        Err(error) => tracing::debug!(%peer, %error, "no TLS connection"),
                    }
                });
            }
            Some(_) = handshakes.join_next() => {}
        }
    }
}

async fn shake_hands(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    stream.set_nodelay(true)?;
    tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await?
}
