//! Who may use the admin endpoints: programs on this machine, pages that the portal itself would serve, and programs on
//! other machines that have the token.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method as Verb, Request, StatusCode};

use super::Refusal;
use crate::context::local_program;

/// Refuses a request that may not use the admin endpoints. `own_host` is the address that the portal listens on, if it
/// listens on one, `token` what lets in programs on other machines.
pub(super) fn check(
    request: &Request<Bytes>,
    peer: IpAddr,
    own_host: Option<&str>,
    token: Option<&str>,
) -> Result<(), Refusal> {
    if let Some(doubt) = local_program::doubt(request, peer, own_host)
        && !token.is_some_and(|token| has_token(request, token))
    {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "ACCESS_DENIED",
            format!(
                "only programs on the portal's machine control it, and those that have the token of --admin-token; this request is refused because {doubt}"
            ),
        ));
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

/// A page of another site can't know the token.
fn has_token(request: &Request<Bytes>, token: &str) -> bool {
    let given = request.headers().get(AUTHORIZATION);
    given
        .and_then(|given| given.to_str().ok())
        .and_then(|given| given.split_once(' '))
        .is_some_and(|(scheme, given)| {
            scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && given.trim() == token
        })
}

fn is_json(request: &Request<Bytes>) -> bool {
    let media_type = request.headers().get(CONTENT_TYPE);
    media_type
        .and_then(|media_type| media_type.to_str().ok())
        .is_some_and(|media_type| {
            let media_type = media_type.split(';').next().unwrap_or_default();
            media_type.trim().eq_ignore_ascii_case("application/json")
        })
}
