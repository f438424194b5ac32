//! `/rest/download.json?auth=…&token=…` and `/rest/{user}/{code}/download/?token=…`: files by links that are signed for
//! the caller who got them.
//!
//! Such a request is not a call of a method: it is not limited by operating time, and its reply is the file. As on a
//! real portal, the server in front of it knows only browsers: a request without `User-Agent`, `Accept`,
//! `Accept-Language` and `Referer` gets its page for 404.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brimful_protocol::{Value, query};
use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_RANGE, RANGE, REFERER, USER_AGENT,
};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use crate::bodies::{envelope, request};
use crate::calls::Backend;
use crate::calls::links::token;
use crate::context::MethodError;
use crate::context::errors;
use crate::context::output::ReturnedFile;
use crate::data::files::StoredFile;
use crate::methods::stored_file;

/// Answers with a file.
pub(crate) fn answer(
    backend: &Backend,
    request: &Request<Bytes>,
    webhook: Option<(String, String)>,
    peer: std::net::IpAddr,
) -> Result<Response<Bytes>, MethodError> {
    let headers = request.headers();
    let like_a_browser = [USER_AGENT, ACCEPT, ACCEPT_LANGUAGE, REFERER];
    if !like_a_browser.iter().all(|name| headers.contains_key(name)) {
        return Ok(envelope::html(StatusCode::NOT_FOUND));
    }
    let params = query::decode(request.uri().query().unwrap_or_default().as_bytes());
    let given = params.get("token").map(Value::to_text).unwrap_or_default();
    if given.is_empty() {
        return Err(errors::method_not_found());
    }
    let (_, presented, _) = request::parameters(request, webhook)?;
    backend.admit(&presented, request, peer)?;
    let id = given
        .split('|')
        .nth(1)
        .and_then(|what| STANDARD.decode(what).ok())
        .map(|what| query::decode(&what))
        .and_then(|what| what.get("id").map(Value::to_text))
        .filter(|id| token(&backend.context, &presented, id) == given)
        .ok_or_else(|| MethodError::new(403, "ACCESS_DENIED", "Access denied!"))?;
    let state = backend.data.read();
    if let Some(stored) = id.strip_prefix('f') {
        let file = stored.parse().ok();
        let file = file.and_then(|id| stored_file(&state, id));
        return Ok(match file {
            Some(file) => send(file, &id, request),
            None => envelope::html(StatusCode::NOT_FOUND),
        });
    }
    let file = match id.strip_prefix('v') {
        Some(version) => {
            let version = version.parse().ok();
            let version = version.and_then(|id| state.files.version(id));
            version.map(|version| &version.stored)
        }
        None => id.parse().ok().and_then(|id| state.files.get(id)),
    };
    Ok(match file {
        Some(file) => send(file, &id, request),
        None => envelope::html(StatusCode::NOT_FOUND),
    })
}

/// A file that a method returns.
pub(super) fn attachment(file: ReturnedFile) -> Response<Bytes> {
    let mut response = Response::new(file.content);
    describe_attachment(&mut response, &file.name);
    response
}

/// Has a browser save the reply under a name.
fn describe_attachment(response: &mut Response<Bytes>, name: &str) {
    let name = query::escaped(name).replace('+', "%20");
    insert(
        response,
        CONTENT_DISPOSITION,
        &format!("attachment; filename=\"{name}\"; filename*=utf-8''{name}"),
    );
    insert(response, CONTENT_TYPE, "application/octet-stream");
}

/// The file, or the part of it that was asked for.
fn send(file: &StoredFile, id: &str, request: &Request<Bytes>) -> Response<Bytes> {
    let (length, header) = (file.content.len(), |name: HeaderName| {
        let value = request.headers().get(name)?;
        value.to_str().ok()
    });
    let etag = format!("\"{id}-{:x}-{length:x}\"", file.created);
    let range = header(RANGE)
        .filter(|_| header(IF_RANGE).is_none_or(|known| known == etag))
        .and_then(|range| range.strip_prefix("bytes=")?.split_once('-'))
        .and_then(|(from, to)| {
            let from: usize = from.parse().ok()?;
            let to = if to.is_empty() {
                usize::MAX
            } else {
                to.parse().ok()?
            };
            Some((from, to.min(length.saturating_sub(1))))
        });
    let mut response = match range {
        None => Response::new(file.content.clone()),
        Some((from, to)) if from <= to && from < length => {
            let mut part = Response::new(file.content.slice(from..=to));
            *part.status_mut() = StatusCode::PARTIAL_CONTENT;
            insert(
                &mut part,
                CONTENT_RANGE,
                &format!("bytes {from}-{to}/{length}"),
            );
            part
        }
        Some(_) => {
            let mut refused = Response::new(Bytes::new());
            *refused.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            insert(&mut refused, CONTENT_RANGE, &format!("bytes */{length}"));
            refused
        }
    };
    describe_attachment(&mut response, &file.name);
    insert(&mut response, ACCEPT_RANGES, "bytes");
    insert(&mut response, ETAG, &etag);
    response
}

fn insert(response: &mut Response<Bytes>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
