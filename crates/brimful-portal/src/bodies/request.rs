//! What a request carries: its parameters, and what it presents to be let in.

use brimful_protocol::catalogue::RESERVED_PARAMETERS;
use brimful_protocol::{Array, Value, query};
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};

use crate::bodies::request_body;
use crate::calls::callers::Presented;
use crate::context::MethodError;

/// Reads the parameters of a request, what it presents to be let in, and the key of the source that it names: events that
/// it causes are not put into the queue of that source.
pub(crate) fn parameters(
    request: &Request<Bytes>,
    webhook: Option<(String, String)>,
) -> Result<(Array, Presented, Option<String>), MethodError> {
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let in_query = query::decode(request.uri().query().unwrap_or_default().as_bytes());
    let in_body = request_body::parse(header(CONTENT_TYPE), request.body())?;
    let mut params = request_body::merge(in_query, in_body);
    let connector = params.get("auth_connector").map(Value::to_text);
    let connector = connector.filter(|key| !key.is_empty());
    let presented = presented(request, webhook, &mut params);
    Ok((params, presented, connector))
}

/// What a request presents to be let in: in its path, in its header, or in `params`, out of which that is taken.
pub(crate) fn presented(
    request: &Request<Bytes>,
    webhook: Option<(String, String)>,
    params: &mut Array,
) -> Presented {
    let header = request.headers().get(AUTHORIZATION);
    let bearer = header
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        .and_then(|(scheme, token)| {
            (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty())
                .then(|| token.trim().to_owned())
        });
    let taken = RESERVED_PARAMETERS.map(|name| {
        params
            .remove(name)
            .map(|value| value.to_text())
            .filter(|text| !text.is_empty())
    });
    let [auth, access_token, _, login, code, ..] = taken;
    match (webhook, login, code, bearer.or(auth).or(access_token)) {
        (Some((user, code)), ..) | (None, Some(user), Some(code), _) => {
            Presented::Webhook { user, code }
        }
        (None, _, _, Some(token)) => Presented::Token(token),
        _ => Presented::Nothing,
    }
}

/// Takes the server's own parameters out of those of a command.
pub(crate) fn strip_reserved(params: &mut Array) {
    for name in RESERVED_PARAMETERS {
        params.remove(name);
    }
}
