//! `/oauth/authorize/`: the page on which a user lets an application in.

use std::fmt::Write as _;

use brimful_protocol::{Array, Value, query};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method as Verb, Request, Response, StatusCode};

use super::{App, Applications, scope_list};
use crate::calls::Backend;
use crate::calls::token_store::Grant;
use crate::data::entities::USER;

/// Shows the page, or takes the answer that the user gives on it. Whatever goes wrong is said here: the application does
/// not hear of it.
pub(super) fn answer(
    server: &Applications,
    backend: &Backend,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    let mut params = query::decode(request.uri().query().unwrap_or_default().as_bytes());
    let answered = request.method() == Verb::POST;
    if answered {
        for (key, value) in query::decode(request.body()) {
            params.insert(key, value);
        }
    }
    let text = |name: &str| params.get(name).map(Value::to_text).unwrap_or_default();
    let Some(app) = server.app(&text("client_id")) else {
        let what = "Приложение не найдено или не установлено";
        return page(StatusCode::BAD_REQUEST, &format!("<h1>{what}</h1>"));
    };
    let user = match (answered, app.signed_in) {
        (true, _) => text("user").parse().ok(),
        (false, Some(user)) => Some(user),
        (false, None) => return page(StatusCode::OK, &form(app, &params)),
    };
    let known = |user: &u64| backend.data.read().table(USER).contains(*user);
    let Some(user) = user.filter(known) else {
        return page(StatusCode::BAD_REQUEST, "<h1>Нет такого пользователя</h1>");
    };
    let grant = Grant {
        client_id: app.client_id.clone(),
        user,
        scopes: app.scopes.clone(),
    };
    let code = backend
        .callers
        .issued()
        .issue_code(grant, backend.context.elapsed());
    back(backend, app, request, &code, params.get("state"))
}

/// Sends the user back to the application with a code.
fn back(
    backend: &Backend,
    app: &App,
    request: &Request<Bytes>,
    code: &str,
    state: Option<&Value>,
) -> Response<Bytes> {
    let address = backend.context.address.address(Some(request));
    let separator = if app.handler.contains('?') { '&' } else { '?' };
    let mut location = format!("{}{separator}code={code}", app.handler);
    let scope = scope_list(&app.scopes, ",");
    let state = state.map(Value::to_text);
    for (name, value) in [
        ("state", state.as_deref()),
        ("domain", Some(address.domain())),
        (
            "member_id",
            Some(backend.context.address.member_id.as_str()),
        ),
        ("scope", Some(scope.as_str())),
        ("server_domain", Some(address.domain())),
    ] {
        if let Some(value) = value {
            let _ = write!(location, "&{name}={}", query::escaped(value));
        }
    }
    let mut response = page(StatusCode::FOUND, "<h1>Bitrix24</h1>");
    match HeaderValue::from_str(&location) {
        Ok(location) => {
            response.headers_mut().insert(LOCATION, location);
            response
        }
        Err(_) => page(
            StatusCode::BAD_REQUEST,
            "<h1>Адрес приложения недействителен</h1>",
        ),
    }
}

/// The question to the user.
fn form(app: &App, params: &Array) -> String {
    let mut form = format!(
        "<h1>{}</h1><p>Приложение просит доступ: {}</p><form method=\"post\" action=\"/oauth/authorize/\">",
        escaped(&app.client_id),
        escaped(&scope_list(&app.scopes, ", ")),
    );
    for name in ["client_id", "state"] {
        if let Some(value) = params.get(name) {
            let value = escaped(&value.to_text());
            let _ = write!(
                form,
                "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"
            );
        }
    }
    form.push_str(
        "<label>Пользователь <input name=\"user\" type=\"number\" min=\"1\" value=\"1\"></label> \
         <button type=\"submit\">Разрешить</button></form>",
    );
    form
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

fn page(status: StatusCode, body: &str) -> Response<Bytes> {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"ru\"><head><meta charset=\"utf-8\"><title>Bitrix24</title></head>\
         <body>{body}</body></html>\n"
    );
    let mut response = Response::new(Bytes::from(page));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    response
}
