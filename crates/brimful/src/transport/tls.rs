//! TLS that is set up for this client alone: nothing is installed for the whole process.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::options::{CertificateCheck, HttpVersions};
use crate::error::Error;

/// The certificates of authorities in a PEM text.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|error| {
        Error::config("the certificate of an authority is not PEM").with_source(error)
    })?;
    if certificates.is_empty() {
        return Err(Error::config(
            "there is no certificate in what should be that of an authority",
        ));
    }
    Ok(certificates)
}

/// Names the file with the certificates that the system trusts.
const CERTIFICATE_FILE: &str = "SSL_CERT_FILE";

/// The certificates in the file that the environment names, if it names one.
///
/// # Errors
/// There are none: the user's own authority would be passed over.
#[doc(hidden)]
pub fn certificates_of_environment() -> Result<Vec<CertificateDer<'static>>, Error> {
    let Some(path) = std::env::var_os(CERTIFICATE_FILE).map(PathBuf::from) else {
        return Ok(Vec::new());
    };
    let names = format!("{CERTIFICATE_FILE} names {}", path.display());
    if path.as_os_str().is_empty() {
        return Err(Error::config(format!(
            "{CERTIFICATE_FILE} is set and names no file"
        )));
    }
    let pem = std::fs::read(&path).map_err(|error| {
        Error::config(format!("{names}, which cannot be read: {error}")).with_source(error)
    })?;
    // What else is in it does no harm.
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem).flatten().collect();
    if certificates.is_empty() {
        return Err(Error::config(format!(
            "{names}, in which there is no certificate in PEM"
        )));
    }
    Ok(certificates)
}

/// TLS that trusts what the system trusts, and these authorities too. `named` are certificates that the system is told
/// to trust by name. The cryptography is that which the program has installed, or ring.
pub(super) fn config(
    authorities: Vec<CertificateDer<'static>>,
    named: &[CertificateDer<'static>],
    accepted: CertificateCheck,
    versions: HttpVersions,
) -> Result<ClientConfig, Error> {
    let unsound =
        |error: rustls::Error| Error::config("TLS could not be set up").with_source(error);
    let provider = CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()));
    let verifier: Arc<dyn ServerCertVerifier> = match accepted {
        CertificateCheck::Any => {
            Arc::new(AnyCertificate(provider.signature_verification_algorithms))
        }
        CertificateCheck::Checked => {
            let own = [&authorities[..], named].concat();
            let system = if authorities.is_empty() {
                Verifier::new(Arc::clone(&provider))
            } else {
                with_authorities(authorities, Arc::clone(&provider))
            };
            Arc::new(SystemOrOwn {
                system: system.map_err(unsound)?,
                own,
            })
        }
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unsound)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = match versions {
        HttpVersions::Http1 => vec![b"http/1.1".to_vec()],
        HttpVersions::Negotiated => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    };
    Ok(config)
}

#[cfg(not(target_os = "android"))]
fn with_authorities(
    authorities: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Verifier, rustls::Error> {
    Verifier::new_with_extra_roots(authorities, provider)
}

#[cfg(target_os = "android")]
fn with_authorities(
    _: Vec<CertificateDer<'static>>,
    _: Arc<CryptoProvider>,
) -> Result<Verifier, rustls::Error> {
    Err(rustls::Error::General(
        "authorities of one's own cannot be added on Android".to_owned(),
    ))
}

/// Takes what the system trusts, and a certificate of the caller's own that is an authority and stands for a server all
/// the same, as `openssl req -x509` makes it.
#[derive(Debug)]
struct SystemOrOwn {
    system: Verifier,
    /// The certificates that the caller has named.
    own: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for SystemOrOwn {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.system
            .verify_server_cert(shown, chain, name, ocsp, now)
            .or_else(|refused| verify_named(refused, shown, &self.own, Some(name)))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.system
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.system
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.system.supported_verify_schemes()
    }
}

/// Looks at a certificate that was refused once more. If it is that of an authority and among those that the caller has
/// `named`, it stands for its server. `name` is the server's, if it matters.
///
/// # Errors
/// That with which it was refused, or the certificate is for another name.
#[doc(hidden)]
pub fn verify_named(
    refused: rustls::Error,
    shown: &CertificateDer<'_>,
    named: &[CertificateDer<'static>],
    name: Option<&ServerName<'_>>,
) -> Result<ServerCertVerified, rustls::Error> {
    // This is found after the certificate's time has been found right, and before its name is looked at.
    if !is_of_authority(&refused) || !named.iter().any(|named| named == shown) {
        return Err(refused);
    }
    if let Some(name) = name {
        verify_server_name(&ParsedCertificate::try_from(shown)?, name)?;
    }
    Ok(ServerCertVerified::assertion())
}

/// Whether a certificate was refused because it is that of an authority.
fn is_of_authority(refused: &rustls::Error) -> bool {
    match refused {
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) => matches!(
            other.0.downcast_ref::<webpki::Error>(),
            Some(webpki::Error::CaUsedAsEndEntity)
        ),
        _ => false,
    }
}

/// Takes any certificate, and checks only that the server holds its key.
#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
