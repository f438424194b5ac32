//! Which requests a program on this machine has sent: none that a page of another site, open in a browser here, can have
//! sent, however it comes.

use std::net::IpAddr;

use bytes::Bytes;
use http::Request;
use http::header::{HOST, HeaderName, ORIGIN, REFERER, USER_AGENT};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request need not be of a program on this machine, or of a page of the portal's own; nothing if it must be.
/// `own_host` is the address that the portal listens on, if it listens on one.
pub(crate) fn doubt(
    request: &Request<Bytes>,
    peer: IpAddr,
    own_host: Option<&str>,
) -> Option<&'static str> {
    const FOREIGN_PAGE: &str = "it is, or may be, of a page of another site";
    if !peer.to_canonical().is_loopback() {
        return Some("it does not come from the portal's machine");
    }
    let host = host(request);
    // A request without a host comes from this very process, or from a program that is not a browser.
    if let Some(host) = host
        && !is_this_machine(name_of(host), own_host)
    {
        return Some(
            "its Host is not this machine: use http://127.0.0.1:PORT or http://localhost:PORT",
        );
    }
    for name in [&ORIGIN, &REFERER] {
        if text(request, name).is_some_and(|address| !is_own(address, host)) {
            return Some(FOREIGN_PAGE);
        }
    }
    match text(request, &SEC_FETCH_SITE) {
        Some("same-origin" | "none") => None,
        Some(_) => Some(FOREIGN_PAGE),
        // Browsers of before 2023 do not say whose page it is, and a page can keep its Referer back.
        None => text(request, &USER_AGENT)
            .is_some_and(|agent| agent.starts_with("Mozilla/"))
            .then_some(FOREIGN_PAGE),
    }
}

/// The text of a header; one that is not a text is as foreign as one can be.
fn text<'r>(request: &'r Request<Bytes>, name: &HeaderName) -> Option<&'r str> {
    let value = request.headers().get(name)?;
    Some(value.to_str().unwrap_or("?"))
}

/// The host that a request names, with its port.
fn host(request: &Request<Bytes>) -> Option<&str> {
    text(request, &HOST).or_else(|| request.uri().authority().map(http::uri::Authority::as_str))
}

/// A host without its port and the brackets of an IPv6 address.
fn name_of(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or(""),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}

fn is_this_machine(name: &str, own_host: Option<&str>) -> bool {
    let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
    name.eq_ignore_ascii_case("localhost")
        || name.parse().is_ok_and(is_loopback)
        || own_host.is_some_and(|own| !name.is_empty() && name_of(own).eq_ignore_ascii_case(name))
}

/// Whether the address of a page is at the host that the request went to.
fn is_own(address: &str, host: Option<&str>) -> bool {
    let page_host = address
        .split_once("://")
        .and_then(|(_, rest)| rest.split('/').next());
    page_host
        .zip(host)
        .is_some_and(|(page_host, host)| page_host.eq_ignore_ascii_case(host))
}
