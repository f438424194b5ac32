//! Who may use the admin endpoints: programs on this machine, and pages that the portal itself would serve.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method as Verb, Request, StatusCode};

use super::Refusal;
use crate::context::local_program;

/// Refuses a request that may not use the admin endpoints. `own_host` is the address that the portal listens on, if it
/// listens on one.
pub(super) fn check(
    request: &Request<Bytes>,
    peer: IpAddr,
    own_host: Option<&str>,
) -> Result<(), Refusal> {
    if let Some(doubt) = local_program::doubt(request, peer, own_host) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "ACCESS_DENIED",
            format!(
                "only programs on the portal's machine control it; this request is refused because {doubt}"
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

fn is_json(request: &Request<Bytes>) -> bool {
    let media_type = request.headers().get(CONTENT_TYPE);
    media_type
        .and_then(|media_type| media_type.to_str().ok())
        .is_some_and(|media_type| {
            let media_type = media_type.split(';').next().unwrap_or_default();
            media_type.trim().eq_ignore_ascii_case("application/json")
        })
}
