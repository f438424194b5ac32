//! `/oauth/token/`: codes and refresh tokens are exchanged for pairs of tokens.

use brimful_protocol::{Array, Value, json, query};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};

use super::{App, Applications, scope_list};
use crate::bodies::envelope;
use crate::bodies::envelope::Format;
use crate::bodies::request_body;
use crate::calls::Backend;
use crate::calls::token_store::{Grant, Pair};
use crate::context::MethodError;
use crate::context::address::Address;
use crate::context::settings::Scopes;

/// How an application asks for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GrantType {
    AuthorizationCode,
    RefreshToken,
}

/// Answers a request for tokens.
pub(super) fn answer(
    server: &Applications,
    backend: &Backend,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    match exchange(server, backend, request) {
        Ok(tokens) => {
            let json = json::to_string(&Value::Array(tokens)).into_bytes();
            envelope::body(Format::Json, StatusCode::OK, json)
        }
        Err(error) => envelope::json_error(&error),
    }
}

fn refused(code: &str, description: &str) -> MethodError {
    MethodError::new(400, code, description)
}

fn exchange(
    server: &Applications,
    backend: &Backend,
    request: &Request<Bytes>,
) -> Result<Array, MethodError> {
    let params = params(request)?;
    let text = |name: &str| {
        let value = params.get(name).map(Value::to_text);
        value.filter(|text| !text.is_empty())
    };
    let given = |name: &str| {
        text(name).ok_or_else(|| refused("invalid_request", &format!("{name} is required")))
    };
    let (grant_type, secret) = match given("grant_type")?.as_str() {
        "authorization_code" => (GrantType::AuthorizationCode, "code"),
        "refresh_token" => (GrantType::RefreshToken, "refresh_token"),
        _ => return Err(refused("invalid_request", "Unsupported grant type")),
    };
    let (client_id, client_secret) = (given("client_id")?, given("client_secret")?);
    let secret = given(secret)?;
    let app = server
        .app(&client_id)
        .ok_or_else(|| refused("WRONG_CLIENT", "Wrong client"))?;
    if app.client_secret != client_secret {
        return Err(refused("invalid_client", "Invalid client"));
    }
    if let Some(scope) = text("scope") {
        permit(&app.scopes, &scope)?;
    }
    let now = backend.context.elapsed();
    let mut store = backend.callers.issued();
    let grant = match grant_type {
        GrantType::AuthorizationCode => store.take_code(&secret, &client_id, now),
        GrantType::RefreshToken => store.take_refresh(&secret, &client_id, now),
    };
    let grant = grant.ok_or_else(|| refused("invalid_grant", "Invalid grant"))?;
    let pair = store.issue_pair(&grant, server.token_ttl, now);
    let address = backend.context.address.address(Some(request));
    let expires = match grant_type {
        GrantType::AuthorizationCode => None,
        GrantType::RefreshToken => Some(backend.context.now()),
    };
    Ok(reply(
        server,
        app,
        &grant,
        &pair,
        &address,
        &backend.context.address.member_id,
        expires,
    ))
}

/// The parameters of the query and of a form or JSON body.
fn params(request: &Request<Bytes>) -> Result<Array, MethodError> {
    let in_query = query::decode(request.uri().query().unwrap_or_default().as_bytes());
    let media_type = request.headers().get(CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let in_body = request_body::parse(media_type.unwrap_or_default(), request.body())?;
    Ok(request_body::merge(in_query, in_body))
}

/// Whether the application has these scopes.
fn permit(scopes: &Scopes, asked: &str) -> Result<(), MethodError> {
    let mut asked = asked.split([',', ' ']).map(str::trim);
    if asked.all(|scope| scopes.allow(scope)) {
        Ok(())
    } else {
        Err(refused(
            "invalid_scope",
            "The requested scope exceeds the scope of the application",
        ))
    }
}

/// A pair of tokens as it is sent. `refreshed_at` is for the reply to a refresh, which says more.
fn reply(
    server: &Applications,
    app: &App,
    grant: &Grant,
    pair: &Pair,
    address: &Address,
    member_id: &str,
    refreshed_at: Option<f64>,
) -> Array {
    let ttl = server.token_ttl.as_secs() as i64;
    let mut reply = Array::with_capacity(11);
    reply.insert("access_token", pair.access.as_str());
    reply.insert("client_endpoint", address.endpoint());
    reply.insert("domain", address.domain());
    if let Some(now) = refreshed_at {
        reply.insert("expires", (now as i64).saturating_add(ttl));
    }
    reply.insert("expires_in", ttl);
    reply.insert("member_id", member_id);
    reply.insert("refresh_token", pair.refresh.as_str());
    reply.insert("scope", scope_list(&grant.scopes, ","));
    reply.insert("server_endpoint", address.endpoint());
    reply.insert("status", app.status.to_string());
    if refreshed_at.is_some() {
        reply.insert("user_id", grant.user as i64);
    }
    reply
}
