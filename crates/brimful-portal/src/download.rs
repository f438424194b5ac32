//! `/rest/download.json?auth=…&token=…` and `/rest/{user}/{code}/download/?token=…`: files by links that are signed for
//! whoever got them.
//!
//! Such a request is no call of a method: it is not limited by operating time, and its reply is the file. As on a real
//! portal, the server in front of it knows only browsers: a request without `User-Agent`, `Accept`, `Accept-Language`
//! and `Referer` gets its page for 404.

use std::sync::PoisonError;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brimful_protocol::{Value, json, query};
use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_RANGE, RANGE, REFERER, USER_AGENT,
};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use crate::auth::Presented;
use crate::method::{MethodError, Output};
use crate::portal::Core;
use crate::state::files::StoredFile;
use crate::{request, respond};

/// The name by which links lead here. It is no method: batches may not hold it.
pub(crate) const DOWNLOAD: &str = "download";
/// The field that holds a link.
pub(crate) const URL: &str = "DOWNLOAD_URL";

/// Makes links for one caller.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    address: String,
    presented: Presented,
}

impl Links {
    /// Those of whoever calls `method`, if it can give any.
    pub(crate) fn of(
        core: &Core,
        method: &str,
        request: &Request<Bytes>,
        presented: &Presented,
    ) -> Option<Self> {
        let disk = method
            .get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case("disk."));
        (disk || method.eq_ignore_ascii_case("batch")).then(|| Self {
            address: core.oauth.origin(request),
            presented: presented.clone(),
        })
    }

    /// Puts a link into a file that a method describes.
    pub(crate) fn fill(&self, core: &Core, output: Output) -> Output {
        let mut described = output.to_value().clone();
        let Some(file) = described.as_array_mut() else {
            return output;
        };
        let Some(id) = file
            .get("ID")
            .map(Value::to_text)
            .filter(|_| file.get(URL).is_some())
        else {
            return output;
        };
        let address = &self.address;
        let token = query::escaped(&token(core, &self.presented, &id));
        let link = match &self.presented {
            Presented::Webhook { user, code } => format!(
                "{address}/rest/{}/{}/{DOWNLOAD}/?token={token}",
                query::escaped(user),
                query::escaped(code)
            ),
            Presented::Token(auth) => format!(
                "{address}/rest/{DOWNLOAD}.json?auth={}&token={token}",
                query::escaped(auth)
            ),
            Presented::Nothing => return output,
        };
        file.insert(URL, link);
        let mut filled = Vec::new();
        json::write(&mut filled, &described);
        Output::json(filled)
    }
}

/// `disk|what|signature`: good for this file and this credential.
fn token(core: &Core, presented: &Presented, id: &str) -> String {
    let what = STANDARD.encode(format!("action=downloadFile&id={id}"));
    let signature = core.oauth.signature(&format!("{presented:?}{what}"));
    format!("disk|{what}|{signature}")
}

/// Answers with a file.
pub(crate) fn answer(
    core: &Core,
    request: &Request<Bytes>,
    webhook: Option<(String, String)>,
    peer: std::net::IpAddr,
) -> Result<Response<Bytes>, MethodError> {
    let headers = request.headers();
    let like_a_browser = [USER_AGENT, ACCEPT, ACCEPT_LANGUAGE, REFERER];
    if !like_a_browser.iter().all(|name| headers.contains_key(name)) {
        return Ok(respond::html(StatusCode::NOT_FOUND));
    }
    let params = query::decode(request.uri().query().unwrap_or_default().as_bytes());
    let given = params.get("token").map(Value::to_text).unwrap_or_default();
    if given.is_empty() {
        return Err(respond::method_not_found());
    }
    let (_, presented) = request::parameters(request, webhook)?;
    core.admit(&presented, request, peer)?;
    let id = given
        .split('|')
        .nth(1)
        .and_then(|what| STANDARD.decode(what).ok())
        .map(|what| query::decode(&what))
        .and_then(|what| what.get("id").map(Value::to_text))
        .filter(|id| token(core, &presented, id) == given)
        .ok_or_else(|| MethodError::new(403, "ACCESS_DENIED", "Access denied!"))?;
    let state = core.state.read().unwrap_or_else(PoisonError::into_inner);
    let file = id.parse().ok().and_then(|id| state.files.get(id));
    Ok(match file {
        Some(file) => send(file, &id, request),
        None => respond::html(StatusCode::NOT_FOUND),
    })
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
    let name = query::escaped(&file.name).replace('+', "%20");
    insert(
        &mut response,
        CONTENT_DISPOSITION,
        &format!("attachment; filename=\"{name}\"; filename*=utf-8''{name}"),
    );
    insert(&mut response, CONTENT_TYPE, "application/octet-stream");
    insert(&mut response, ACCEPT_RANGES, "bytes");
    insert(&mut response, ETAG, &etag);
    response
}

fn insert(response: &mut Response<Bytes>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
