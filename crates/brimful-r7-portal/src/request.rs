//! A request, alone or as an item of a batch.

use brimful_protocol::query;
use brimful_r7_protocol::{Item, Moment, ROOT, form};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value as Json;

use crate::api_failure::ApiFailure;
use crate::params;
use crate::reply::Format;

/// A request as methods see it.
pub(super) struct ApiRequest {
    pub(super) method: Method,
    /// The segments of the path behind `/api/2.0/`.
    pub(super) path: Vec<String>,
    pub(super) query: Json,
    pub(super) media_type: String,
    pub(super) body: Bytes,
    pub(super) format: Format,
}

impl ApiRequest {
    /// Reads a request; `None` if its path is not one of the API.
    pub(super) fn read(request: &Request<Bytes>) -> Option<Self> {
        let path = api_path(request.uri().path())?;
        let media_type = params::media_type(request);
        Some(Self {
            method: request.method().clone(),
            path: segments(path),
            query: params::of_query(request),
            format: format(path, &media_type),
            media_type,
            body: request.body().clone(),
        })
    }

    /// Makes a request of an item of a batch; `None` if its address leads nowhere.
    ///
    /// # Errors
    /// The item fails the whole batch.
    pub(super) fn of_item(item: &Item) -> Result<Option<Self>, ApiFailure> {
        let Some(url) = item.relative_url.as_deref().filter(|url| !url.is_empty()) else {
            return Err(ApiFailure::unexpected(
                "Value cannot be null. Parameter name: relativeUrl",
            ));
        };
        let body = item.body.clone().unwrap_or_default();
        let content_type = item
            .body_content_type
            .as_deref()
            .filter(|text| !text.is_empty())
            .unwrap_or(brimful_r7_protocol::FORM);
        if !body.is_empty() && !content_type.to_ascii_lowercase().contains("charset=") {
            return Err(ApiFailure::unexpected(
                "Value cannot be null. Parameter name: name",
            ));
        }
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let query = form::decode(query.split('#').next().unwrap_or_default().as_bytes());
        if let Some(since) = params::text(&query, "updatedSince")
            && since.parse::<Moment>().is_err()
        {
            return Err(ApiFailure::unexpected(
                "String was not recognized as a valid DateTime.",
            ));
        }
        let path = format!("/{}", path.trim_start_matches('/'));
        let Some(path) = api_path(&path) else {
            return Ok(None);
        };
        let method = match item.method.trim() {
            "" => "GET".to_owned(),
            method => method.to_ascii_uppercase(),
        };
        let media_type = params::media_type_of(content_type);
        Ok(Some(Self {
            method: Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET),
            path: segments(path),
            query,
            format: format(path, &media_type),
            media_type,
            body: Bytes::from(body),
        }))
    }

    pub(super) fn is_login(&self) -> bool {
        let first = self.path.first();
        first.is_some_and(|first| first == "authentication")
    }

    pub(super) fn is_batch(&self) -> bool {
        matches!(self.path.as_slice(), [only] if only == "batch")
            && matches!(self.method, Method::POST | Method::GET)
    }
}

/// The name that faults have for a call at a path: `r7.people.filter`.
pub(super) fn call_name(path: &str) -> Option<String> {
    api_path(path).map(|path| format!("r7.{}", segments(path).join(".")))
}

/// The path behind `/api/2.0/`.
fn api_path(path: &str) -> Option<&str> {
    let (root, path) = path.split_at_checked(ROOT.len())?;
    root.eq_ignore_ascii_case(ROOT).then_some(path)
}

/// The segments of a path, without the format at its end.
fn segments(path: &str) -> Vec<String> {
    let path = path.trim_end_matches('/');
    let path = [".json", ".xml", ".tml"]
        .iter()
        .find_map(|format| path.strip_suffix(format))
        .unwrap_or(path);
    let decoded = |segment: &str| {
        let segment = query::unescaped(segment.replace('+', "%2B").as_bytes());
        String::from_utf8_lossy(&segment).into_owned()
    };
    path.split('/').map(decoded).collect()
}

/// The format of the reply: XML only where the path asks for it and the request itself is not JSON.
fn format(path: &str, media_type: &str) -> Format {
    let xml = [".xml", ".tml"].iter().any(|format| path.ends_with(format));
    if xml && media_type != "application/json" {
        Format::Xml
    } else {
        Format::Json
    }
}
