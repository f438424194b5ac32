//! Replies: the envelope in JSON or XML, whose fields are left out where they are zero.

use brimful_portal::extension::error_page;
use brimful_r7_protocol::json;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value as Json, json as object};

use crate::api_failure::ApiFailure;
use crate::call::Output;

/// In which language a reply is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Xml,
}

/// A reply of the API, to a request or to an item of a batch.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) format: Format,
    pub(super) envelope: Json,
    /// A token to be put into a cookie.
    pub(super) cookie: Option<String>,
}

impl Format {
    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::Xml => "text/xml; charset=utf-8",
        }
    }
}

impl Answer {
    /// What a method returned. A `POST` that went well is a 201.
    pub(super) fn done(format: Format, posted: bool, output: Output) -> Self {
        let status = if posted { 201 } else { 200 };
        let mut envelope = Map::new();
        let mut put = |name: &str, number: u64| {
            if number > 0 {
                envelope.insert(name.to_owned(), number.into());
            }
        };
        let response = match output {
            Output::One(thing) => {
                put("count", 1);
                thing
            }
            Output::List(listed) => {
                put("count", listed.rows.len() as u64);
                put("startIndex", listed.start);
                put("nextIndex", listed.next);
                put("total", listed.total);
                Json::Array(listed.rows)
            }
        };
        envelope.insert("status".to_owned(), 0.into());
        envelope.insert("statusCode".to_owned(), status.into());
        envelope.insert("response".to_owned(), response);
        Self {
            status,
            format,
            envelope: Json::Object(envelope),
            cookie: None,
        }
    }

    pub(super) fn failed(format: Format, failure: &ApiFailure) -> Self {
        Self {
            status: failure.status,
            format,
            envelope: object!({
                "status": 1,
                "statusCode": failure.status,
                "error": { "message": failure.message, "hresult": failure.hresult, "data": {} },
            }),
            cookie: None,
        }
    }

    /// The envelope as text.
    pub(super) fn text(&self) -> String {
        match self.format {
            Format::Json => json::to_string(&self.envelope),
            Format::Xml => {
                let mut out = "<?xml version=\"1.0\" encoding=\"utf-8\"?>".to_owned();
                element(&mut out, "result", &self.envelope);
                out
            }
        }
    }

    /// As an HTTP response.
    pub(super) fn respond(&self) -> Response<Bytes> {
        let mut response = text(self.status, self.format.media_type(), self.text());
        if let Some(token) = &self.cookie
            && let Ok(cookie) =
                HeaderValue::from_str(&format!("asc_auth_key={token}; path=/; HttpOnly"))
        {
            response
                .headers_mut()
                .insert(http::header::SET_COOKIE, cookie);
        }
        response
    }

    /// As the reply to an item of a batch. Names of headers begin with a lower-case letter there.
    pub(super) fn item(&self, name: Option<String>) -> Json {
        let mut item = Map::new();
        if let Some(name) = name {
            item.insert("name".to_owned(), name.into());
        }
        item.insert("status".to_owned(), self.status.into());
        item.insert(
            "headers".to_owned(),
            object!({
                "x-AspNet-Version": ASP_NET,
                "cache-Control": PRIVATE,
                "content-Type": self.format.media_type(),
            }),
        );
        item.insert("data".to_owned(), self.text().into());
        Json::Object(item)
    }
}

const ASP_NET: &str = "4.0.30319";
const PRIVATE: &str = "private, max-age=0";

fn text(status: u16, media_type: &'static str, text: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(PRIVATE));
    headers.insert(
        HeaderName::from_static("x-aspnet-version"),
        HeaderValue::from_static(ASP_NET),
    );
    response
}

/// There was no batch in the request: a 200 whose status is no error either.
pub(super) fn no_batch() -> Response<Bytes> {
    let envelope = object!({
        "status": 0,
        "error": { "message": "no batch specified", "hresult": -2_147_024_809, "data": {} },
    });
    text(200, Format::Json.media_type(), json::to_string(&envelope))
}

/// What fails a whole batch, written twice as the server does.
pub(super) fn broken_batch(failure: &ApiFailure) -> Response<Bytes> {
    let once = Answer::failed(Format::Json, failure).text();
    text(
        failure.status,
        Format::Json.media_type(),
        format!("{once}{once}"),
    )
}

/// Nobody has logged in.
pub(super) fn unauthorized(presented: bool) -> Response<Bytes> {
    let mut response = text(401, "text/plain; charset=utf-8", "Unauthorized".to_owned());
    if presented {
        response.headers_mut().insert(
            http::header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"portal\""),
        );
    }
    response
}

/// The refusal of the server in front, with the seconds after which to come again.
pub(super) fn too_many(seconds: u64) -> Response<Bytes> {
    let mut response = error_page(StatusCode::SERVICE_UNAVAILABLE);
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// A value as an element; items of a list are elements of the list's name, one after the other.
fn element(out: &mut String, name: &str, value: &Json) {
    // Names of members may be anything; XML's may not.
    let sound = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name: String = name.chars().filter(|c| sound(*c)).collect();
    if let Json::Array(items) = value {
        for item in items {
            element(out, &name, item);
        }
        return;
    }
    out.extend(["<", &name, ">"]);
    match value {
        Json::Object(members) => members
            .iter()
            .for_each(|(key, member)| element(out, key, member)),
        Json::Null | Json::Array(_) => {}
        Json::String(text) => {
            for c in text.chars() {
                match c {
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    '&' => out.push_str("&amp;"),
                    c if c.is_control() && !matches!(c, '\n' | '\r' | '\t') => {}
                    c => out.push(c),
                }
            }
        }
        plain => out.push_str(&plain.to_string()),
    }
    out.extend(["</", &name, ">"]);
}
