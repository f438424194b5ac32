//! The page that shows what a portal is asked: plain HTML, style and script, which are part of the program and load
//! nothing from elsewhere.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response};

/// What the page may do: load its own files, and ask its own portal.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// A file of the page by its name.
pub(super) fn file(name: &str) -> Option<Response<Bytes>> {
    let (media_type, content) = match name {
        "" => (
            "text/html; charset=utf-8",
            include_str!("inspector/index.html"),
        ),
        "inspector.css" => (
            "text/css; charset=utf-8",
            include_str!("inspector/inspector.css"),
        ),
        "inspector.js" => (
            "text/javascript; charset=utf-8",
            include_str!("inspector/inspector.js"),
        ),
        "texts.js" => (
            "text/javascript; charset=utf-8",
            include_str!("inspector/texts.js"),
        ),
        _ => return None,
    };
    let mut response = Response::new(Bytes::from_static(content.as_bytes()));
    let headers: [(HeaderName, &'static str); 5] = [
        (CONTENT_TYPE, media_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}
