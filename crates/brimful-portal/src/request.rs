//! Requests: which of the portal's doors they knock at, and with what.

use brimful_protocol::{Array, query};
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};

use crate::auth::Presented;
use crate::body;
use crate::method::MethodError;
use crate::oauth::Door;
use crate::respond::Format;

/// What the server itself takes of the parameters, before a method sees them. `start` it takes and uses for paging, so
/// a method gets to see it.
const RESERVED: [&str; 8] = [
    "auth",
    "access_token",
    "auth_connector",
    "aplogin",
    "ap",
    "sessid",
    "state",
    "token",
];

/// Where an address leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// A method: `/rest/{method}` or `/rest/{user}/{code}/{method}`, with `.json`, `.xml` or `/` at its end.
    Method {
        method: String,
        format: Format,
        webhook: Option<(String, String)>,
    },
    /// A method of REST 3.0: `/rest/api/{method}` or `/rest/api/{user}/{code}/{method}`, with or without `/` at its end.
    V3 {
        method: String,
        webhook: Option<(String, String)>,
    },
    /// The API of another crate: its place among them, and the name of the call for faults.
    Extension { at: usize, name: String },
    /// The OAuth server.
    OAuth(Door),
    /// Not the REST API.
    Elsewhere,
}

impl Route {
    /// Reads the path of an address.
    pub(crate) fn of(path: &str) -> Self {
        let Some(rest) = path.strip_prefix("/rest/") else {
            return Door::of(path).map_or(Self::Elsewhere, Self::OAuth);
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (v3, rest) = match rest.split_once('/') {
            Some((api, rest)) if decoded(api) == "api" => (true, rest),
            None if decoded(rest) == "api" => (true, ""),
            _ => (false, rest),
        };
        let mut pieces = rest.split('/').map(decoded);
        let (method, webhook) = match [pieces.next(), pieces.next(), pieces.next(), pieces.next()] {
            [Some(method), None, ..] => (method, None),
            [Some(user), Some(code), Some(method), None] => (method, Some((user, code))),
            // A webhook without a method, or a path that no method has: still the REST API's business to say so.
            _ => (String::new(), None),
        };
        if v3 {
            Self::V3 { method, webhook }
        } else {
            Self::method(method, webhook)
        }
    }

    fn method(mut method: String, webhook: Option<(String, String)>) -> Self {
        let format = match method.rsplit_once('.') {
            Some((_, "xml")) => Format::Xml,
            _ => Format::Json,
        };
        if let Some((name, "json" | "xml")) = method.rsplit_once('.') {
            method.truncate(name.len());
        }
        Self::Method {
            method,
            format,
            webhook,
        }
    }

    /// The method's name as it was spelled.
    pub(crate) fn method_name(&self) -> &str {
        match self {
            Self::Method { method, .. } | Self::V3 { method, .. } => method,
            Self::Extension { name, .. } => name,
            Self::OAuth(door) => door.name(),
            Self::Elsewhere => "",
        }
    }
}

/// A piece of a path, where `+` is no space.
fn decoded(piece: &str) -> String {
    if !piece.contains('%') {
        return piece.to_owned();
    }
    let unescaped = query::unescaped(piece.replace('+', "%2B").as_bytes());
    String::from_utf8_lossy(&unescaped).into_owned()
}

/// Reads the parameters of a request, and what it presents to be let in.
pub(crate) fn parameters(
    request: &Request<Bytes>,
    webhook: Option<(String, String)>,
) -> Result<(Array, Presented), MethodError> {
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let in_query = query::decode(request.uri().query().unwrap_or_default().as_bytes());
    let in_body = body::parse(header(CONTENT_TYPE), request.body())?;
    let mut params = body::merge(in_query, in_body);
    let presented = presented(request, webhook, &mut params);
    Ok((params, presented))
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
    let taken = RESERVED.map(|name| {
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
    for name in RESERVED {
        params.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(path: &str) -> (String, Format, Option<(String, String)>) {
        match Route::of(path) {
            Route::Method {
                method,
                format,
                webhook,
            } => (method, format, webhook),
            other => panic!("{other:?}"),
        }
    }

    fn hook(user: &str, code: &str) -> (String, String) {
        (user.to_owned(), code.to_owned())
    }

    #[test]
    fn every_form_of_address_leads_to_the_method() {
        for (path, name, format, webhook) in [
            ("/rest/crm.lead.list", "crm.lead.list", Format::Json, None),
            ("/rest/crm.lead.list/", "crm.lead.list", Format::Json, None),
            (
                "/rest/crm.lead.list.json",
                "crm.lead.list",
                Format::Json,
                None,
            ),
            (
                "/rest/crm.lead.list.xml/",
                "crm.lead.list",
                Format::Xml,
                None,
            ),
            (
                "/rest/1/demo/crm.lead.list",
                "crm.lead.list",
                Format::Json,
                Some(hook("1", "demo")),
            ),
            (
                "/rest/admin/s%2Fx/batch.xml",
                "batch",
                Format::Xml,
                Some(hook("admin", "s/x")),
            ),
            (
                "/rest/1/a+b/batch.JSON",
                "batch.JSON",
                Format::Json,
                Some(hook("1", "a+b")),
            ),
            (
                "/rest/1/demo/crm.lead.list.json.json",
                "crm.lead.list.json",
                Format::Json,
                Some(hook("1", "demo")),
            ),
        ] {
            assert_eq!(method(path), (name.to_owned(), format, webhook), "{path}");
        }
    }

    #[test]
    fn rest_3_has_a_door_of_its_own_and_other_paths_have_none() {
        assert_eq!(
            Route::of("/rest/api/1/demo/tasks.task.list"),
            Route::V3 {
                method: "tasks.task.list".to_owned(),
                webhook: Some(hook("1", "demo")),
            }
        );
        assert_eq!(
            Route::of("/rest/api/tasks.task.list/"),
            Route::V3 {
                method: "tasks.task.list".to_owned(),
                webhook: None,
            }
        );
        assert_eq!(
            Route::of("/rest/api/"),
            Route::V3 {
                method: String::new(),
                webhook: None,
            }
        );
        assert_eq!(Route::of("/"), Route::Elsewhere);
        assert_eq!(Route::of("/restaurant/1"), Route::Elsewhere);
        assert_eq!(method("/rest/1/demo/").0, "");
        assert_eq!(method("/rest/1/demo//profile").0, "");
    }
}
