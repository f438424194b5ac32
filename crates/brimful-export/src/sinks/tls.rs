//! TLS of connections to databases, by the names that their own programs give it.

use std::path::PathBuf;

use brimful::reqwest::Url;

/// What is encrypted, and what is checked of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsMode {
    /// Nothing is encrypted.
    Disable,
    /// Everything is, if the server can.
    Prefer,
    /// Everything is, with whatever certificate.
    Require,
    /// An authority that is trusted has signed the certificate.
    VerifyCa,
    /// And it is that of the host.
    VerifyFull,
}

/// What an address says of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsOptions {
    pub(crate) mode: TlsMode,
    /// The certificates of the authorities that are trusted, instead of those of the system.
    pub(crate) authorities: Option<PathBuf>,
}

impl TlsOptions {
    /// Takes what says something of TLS out of the address of a database: `sslmode` and `sslrootcert`, `ssl-mode` and
    /// `ssl-ca`.
    ///
    /// # Errors
    /// A mode that is not known, and those that are.
    pub(crate) fn take_from(url: &str) -> Result<(String, Self), String> {
        let mut options = Self {
            mode: TlsMode::Prefer,
            authorities: None,
        };
        let Some((address, query)) = url.split_once('?') else {
            return Ok((url.to_owned(), options));
        };
        let mut others = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            // Percent signs are read as in all addresses.
            let read = Url::parse(&format!("x://x/?{pair}"));
            let Some((name, value)) = read
                .ok()
                .and_then(|url| url.query_pairs().into_owned().next())
            else {
                continue;
            };
            match name.to_lowercase().replace(['-', '_'], "").as_str() {
                "sslmode" => options.mode = mode(&value)?,
                "sslrootcert" | "sslca" => options.authorities = Some(value.into()),
                _ => others.push(pair),
            }
        }
        // As their programs do: who names an authority wants it to be looked at.
        if options.mode == TlsMode::Require && options.authorities.is_some() {
            options.mode = TlsMode::VerifyCa;
        }
        let mut address = address.to_owned();
        if !others.is_empty() {
            address.push('?');
            address.push_str(&others.join("&"));
        }
        Ok((address, options))
    }

    /// Whether the file of the authorities is there, for a driver that reads it itself and does not name it.
    ///
    /// # Errors
    /// It cannot be read.
    #[cfg(feature = "mysql")]
    pub(crate) fn check(&self) -> Result<(), String> {
        match &self.authorities {
            Some(path) => std::fs::File::open(path)
                .map(drop)
                .map_err(|error| format!("{}: {error}", path.display())),
            None => Ok(()),
        }
    }

    /// Says of a failure of TLS what can be done about it.
    pub(crate) fn explain(&self, message: String) -> String {
        let lower = message.to_lowercase();
        let advice = if lower.contains("unknownissuer") || lower.contains("unknown issuer") {
            match &self.authorities {
                Some(path) => format!(
                    "no authority in {} has signed the certificate of the server: name the file of the one that has",
                    path.display()
                ),
                None => "no authority that is trusted here has signed the certificate of the server: name the file of \
                         the one that has with sslrootcert=FILE"
                    .to_owned(),
            }
        } else if lower.contains("notvalidforname") || lower.contains("not valid for name") {
            "the certificate of the server is for another host: write the host as the certificate has it, or check the \
             authority alone with sslmode=verify-ca"
                .to_owned()
        } else if lower.contains("causedasendentity") {
            "the certificate of the server is that of an authority (CA:TRUE), which its driver takes for no server: make it \
             with openssl req -x509 -addext basicConstraints=critical,CA:FALSE, or check nothing with sslmode=require \
             and no sslrootcert"
                .to_owned()
        } else if lower.contains("does not support tls") || lower.contains("does not support ssl") {
            "the server has no TLS: sslmode=disable does without".to_owned()
        } else {
            return message;
        };
        format!("{advice} ({message})")
    }
}

fn mode(name: &str) -> Result<TlsMode, String> {
    Ok(match name.to_lowercase().replace('_', "-").as_str() {
        "disable" | "disabled" => TlsMode::Disable,
        "prefer" | "preferred" | "allow" => TlsMode::Prefer,
        "require" | "required" => TlsMode::Require,
        "verify-ca" => TlsMode::VerifyCa,
        "verify-full" | "verify-identity" => TlsMode::VerifyFull,
        _ => {
            return Err(format!(
                "sslmode={name} is not known; there are disable, prefer, require, verify-ca and verify-full"
            ));
        }
    })
}

#[cfg(feature = "postgres")]
pub(crate) use client::config;

#[cfg(feature = "postgres")]
mod client {
    use std::sync::Arc;

    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature,
        verify_tls13_signature,
    };
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use rustls::{
        CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    };

    use super::{TlsMode, TlsOptions};

    /// TLS as a client, set up for one connection alone.
    ///
    /// # Errors
    /// The file of the authorities cannot be read.
    pub(crate) fn config(options: &TlsOptions) -> Result<ClientConfig, String> {
        let provider = CryptoProvider::get_default()
            .cloned()
            .unwrap_or_else(|| Arc::new(ring::default_provider()));
        let verifier = verifier(options, &provider)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth())
    }

    fn verifier(
        options: &TlsOptions,
        provider: &Arc<CryptoProvider>,
    ) -> Result<DatabaseVerifier, String> {
        let mut named = Vec::new();
        let checks = matches!(options.mode, TlsMode::VerifyCa | TlsMode::VerifyFull);
        let authorities: Option<Arc<dyn ServerCertVerifier>> = match &options.authorities {
            _ if !checks => None,
            Some(path) => {
                let unread = |error: String| format!("{}: {error}", path.display());
                let pem = std::fs::read(path).map_err(|error| unread(error.to_string()))?;
                let mut roots = RootCertStore::empty();
                for certificate in CertificateDer::pem_slice_iter(&pem) {
                    let certificate = certificate.map_err(|error| unread(error.to_string()))?;
                    named.push(certificate.clone());
                    roots
                        .add(certificate)
                        .map_err(|error| unread(error.to_string()))?;
                }
                if roots.is_empty() {
                    return Err(unread("there is no certificate in it".to_owned()));
                }
                let verifier = WebPkiServerVerifier::builder_with_provider(
                    Arc::new(roots),
                    Arc::clone(provider),
                );
                Some(verifier.build().map_err(|error| error.to_string())?)
            }
            None => {
                let certificates = brimful::certificates_of_environment();
                named = certificates.map_err(|error| error.to_string())?;
                let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(provider));
                Some(Arc::new(verifier.map_err(|error| error.to_string())?))
            }
        };
        Ok(DatabaseVerifier {
            algorithms: provider.signature_verification_algorithms,
            authorities,
            named,
            any_name: options.mode == TlsMode::VerifyCa,
        })
    }

    /// Checks of a certificate what the mode asks for.
    #[derive(Debug)]
    struct DatabaseVerifier {
        algorithms: WebPkiSupportedAlgorithms,
        /// `None`: any certificate will do.
        authorities: Option<Arc<dyn ServerCertVerifier>>,
        /// The certificates that the caller has named.
        named: Vec<CertificateDer<'static>>,
        any_name: bool,
    }

    impl ServerCertVerifier for DatabaseVerifier {
        fn verify_server_cert(
            &self,
            certificate: &CertificateDer<'_>,
            intermediates: &[CertificateDer<'_>],
            name: &ServerName<'_>,
            ocsp_response: &[u8],
            now: UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            let Some(authorities) = &self.authorities else {
                return Ok(ServerCertVerified::assertion());
            };
            let checked = authorities.verify_server_cert(
                certificate,
                intermediates,
                name,
                ocsp_response,
                now,
            );
            match checked {
                Err(rustls::Error::InvalidCertificate(
                    CertificateError::NotValidForName
                    | CertificateError::NotValidForNameContext { .. },
                )) if self.any_name => Ok(ServerCertVerified::assertion()),
                Err(refused) => {
                    let name = (!self.any_name).then_some(name);
                    brimful::verify_named(refused, certificate, &self.named, name)
                }
                Ok(verified) => Ok(verified),
            }
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            verify_tls12_signature(message, certificate, signed, &self.algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            verify_tls13_signature(message, certificate, signed, &self.algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.algorithms.supported_schemes()
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// A certificate that signs itself as an authority, as `openssl req -x509` makes it.
        fn self_signed(valid_until: i32) -> rcgen::Certificate {
            let mut params = rcgen::CertificateParams::new(vec!["db.example".to_owned()]).unwrap();
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            params.not_after = rcgen::date_time_ymd(valid_until, 1, 1);
            params
                .self_signed(&rcgen::KeyPair::generate().unwrap())
                .unwrap()
        }

        fn is_taken(shown: &rcgen::Certificate, named: &str, mode: TlsMode, host: &str) -> bool {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("named.pem");
            std::fs::write(&path, named).unwrap();
            let options = TlsOptions {
                mode,
                authorities: Some(path),
            };
            let verifier = verifier(&options, &Arc::new(ring::default_provider())).unwrap();
            let name = ServerName::try_from(host.to_owned()).unwrap();
            let checked =
                verifier.verify_server_cert(shown.der(), &[], &name, &[], UnixTime::now());
            checked.is_ok()
        }

        #[test]
        fn a_certificate_that_signs_itself_as_an_authority_is_taken_where_it_is_named() {
            let (own, other) = (self_signed(4000), self_signed(4000));
            let (own_host, other_host) = ("db.example", "other.example");
            assert!(is_taken(&own, &own.pem(), TlsMode::VerifyFull, own_host));
            assert!(is_taken(&own, &own.pem(), TlsMode::VerifyCa, other_host));
            assert!(!is_taken(&own, &own.pem(), TlsMode::VerifyFull, other_host));
            assert!(!is_taken(&own, &other.pem(), TlsMode::VerifyCa, own_host));
            let old = self_signed(2021);
            assert!(!is_taken(&old, &old.pem(), TlsMode::VerifyCa, own_host));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_says_of_tls_is_taken_out_of_it() {
        let url = "postgres://me:s3cret@host/db?connect_timeout=3&sslmode=require&sslrootcert=%2Fa%20b.pem";
        let (address, options) = TlsOptions::take_from(url).unwrap();
        assert_eq!(address, "postgres://me:s3cret@host/db?connect_timeout=3");
        assert_eq!(options.mode, TlsMode::VerifyCa, "an authority is named");
        assert_eq!(options.authorities, Some("/a b.pem".into()));
        let url = "mysql://host/db?ssl-mode=VERIFY_IDENTITY";
        let (address, options) = TlsOptions::take_from(url).unwrap();
        assert_eq!(
            (address.as_str(), options.mode),
            ("mysql://host/db", TlsMode::VerifyFull)
        );
        let (_, options) = TlsOptions::take_from("postgres://host/db").unwrap();
        assert_eq!(options.mode, TlsMode::Prefer);
    }

    #[test]
    fn a_mode_that_is_not_known_is_refused_with_those_that_are() {
        let error = TlsOptions::take_from("postgres://me:s3cret@host/db?sslmode=full").unwrap_err();
        assert!(
            error.contains("verify-full") && !error.contains("s3cret"),
            "{error}"
        );
    }
}
