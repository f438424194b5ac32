//! TLS that is set up for this client alone: nothing is installed for the whole process.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
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

/// TLS that trusts what the system trusts, and these authorities too. The cryptography is that which the program has
/// installed, or ring.
pub(super) fn config(
    authorities: Vec<CertificateDer<'static>>,
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
        CertificateCheck::Checked => Arc::new(if authorities.is_empty() {
            Verifier::new(Arc::clone(&provider)).map_err(unsound)?
        } else {
            with_authorities(authorities, Arc::clone(&provider)).map_err(unsound)?
        }),
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
