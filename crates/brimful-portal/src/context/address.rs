//! The address of the portal, and what only this portal would sign.

use std::sync::OnceLock;

use bytes::Bytes;
use http::Request;
use http::header::HOST;

/// Under which address the portal is known.
#[derive(Debug)]
pub(crate) struct PortalAddress {
    /// The address as configured.
    configured: Option<String>,
    /// The address that a socket was bound to.
    bound: OnceLock<String>,
    /// The portal's ID among all portals: 32 hexadecimal digits.
    pub(crate) member_id: String,
}

impl PortalAddress {
    pub(crate) fn new(configured: Option<String>, member_id: String) -> Self {
        Self {
            configured,
            bound: OnceLock::new(),
            member_id,
        }
    }

    /// Remembers the address of a socket that the portal listens on.
    pub(crate) fn bound_to(&self, address: String) {
        // The first one is the portal's.
        let _ = self.bound.set(address);
    }

    /// The host and the port that the portal listens on, if it listens.
    pub(crate) fn bound_host(&self) -> Option<&str> {
        let bound = self.bound.get()?;
        bound.split_once("://").map(|(_, host)| host)
    }

    /// Scheme and host of the portal as a request knows it.
    pub(crate) fn origin(&self, request: &Request<Bytes>) -> String {
        self.address(Some(request)).0
    }

    /// The address of the portal as this request knows it.
    pub(crate) fn address(&self, request: Option<&Request<Bytes>>) -> Address {
        let asked = request.and_then(|request| {
            let uri = request.uri();
            let host = request.headers().get(HOST);
            let host = host
                .and_then(|host| host.to_str().ok())
                .or_else(|| uri.authority().map(http::uri::Authority::as_str))
                .filter(|host| !host.is_empty())?;
            // Over HTTP/1.1 an address says nothing of TLS.
            let bound = self.bound.get().and_then(|bound| bound.split_once("://"));
            let scheme = uri.scheme_str().or(bound.map(|(scheme, _)| scheme));
            Some(format!("{}://{host}", scheme.unwrap_or("http")))
        });
        let base = self
            .configured
            .clone()
            .or(asked)
            .or_else(|| self.bound.get().cloned())
            .unwrap_or_else(|| "http://127.0.0.1".to_owned());
        Address(base.trim_end_matches('/').to_owned())
    }

    /// What only this portal would write under a text: the same each time. An application knows by the signature under
    /// its ID that an event is of this portal.
    pub(crate) fn signature(&self, text: &str) -> String {
        let hash = |seed: u64| {
            let bytes = self.member_id.bytes().chain(text.bytes());
            // FNV-1a: nothing here is secret, it only has to stay the same.
            bytes.fold(seed, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
        };
        format!(
            "{:016x}{:016x}",
            hash(0xcbf2_9ce4_8422_2325),
            hash(0x6c62_272e_07bb_0142)
        )
    }
}

/// The address of the portal: `https://portal.test`.
pub(crate) struct Address(String);

impl Address {
    /// Where methods are called.
    pub(crate) fn endpoint(&self) -> String {
        format!("{}/rest/", self.0)
    }

    /// Without the scheme.
    pub(crate) fn domain(&self) -> &str {
        self.0
            .split_once("://")
            .map_or(self.0.as_str(), |(_, domain)| domain)
    }
}
