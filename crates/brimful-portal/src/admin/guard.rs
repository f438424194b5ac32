//! Who may use the admin endpoints: programs on this machine, and pages that the portal itself would serve. A page of
//! another site, open in a browser on this machine, may not, however it comes here.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use http::{Method as Verb, Request, StatusCode};

use super::Refusal;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request that may not use the admin endpoints. `own_host` is the address that the portal listens on, if it
/// listens on one.
pub(super) fn check(
    request: &Request<Bytes>,
    peer: IpAddr,
    own_host: Option<&str>,
) -> Result<(), Refusal> {
    if !peer.to_canonical().is_loopback() {
        return Err(denied("only callers on the portal's machine control it"));
    }
    let host = host(request);
    // A request without a host comes from this very process, or from a program that is no browser.
    if let Some(host) = host
        && !is_this_machine(name_of(host), own_host)
    {
        return Err(denied(
            "the Host of the request is not this machine: use http://127.0.0.1:PORT or http://localhost:PORT",
        ));
    }
    if let Some(origin) = text(request, &ORIGIN)
        && !is_own(origin, host)
    {
        return Err(denied("pages of other sites do not control the portal"));
    }
    if let Some(site) = text(request, &SEC_FETCH_SITE)
        && !matches!(site, "same-origin" | "none")
    {
        return Err(denied("pages of other sites do not control the portal"));
    }
    if matches!(*request.method(), Verb::PUT | Verb::POST) && !is_json(request) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "JSON_ONLY",
            "send JSON: curl -X PUT -H 'Content-Type: application/json' -d '{\"spec\": \"503:5%\"}' …",
        ));
    }
    Ok(())
}

fn denied(why: &str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "ACCESS_DENIED", why)
}

/// The text of a header; one that is no text is as foreign as one can be.
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

/// Whether an origin is the one that the request went to.
fn is_own(origin: &str, host: Option<&str>) -> bool {
    let origin = origin.split_once("://").map(|(_, host)| host);
    origin
        .zip(host)
        .is_some_and(|(origin, host)| origin.eq_ignore_ascii_case(host))
}

fn is_json(request: &Request<Bytes>) -> bool {
    text(request, &CONTENT_TYPE).is_some_and(|media_type| {
        let media_type = media_type.split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case("application/json")
    })
}
