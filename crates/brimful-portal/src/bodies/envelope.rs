//! Responses: the envelope, errors, and the pages for people that come when something breaks.

use brimful_protocol::{Array, Value, json};
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, LOCATION,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::bodies::xml;
use crate::calls::timing::Timing;
use crate::context::Context;
use crate::context::MethodError;

/// What a caller wants to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    #[default]
    Json,
    Xml,
}

/// A body being written: the result goes straight into it.
#[derive(Debug)]
pub(crate) struct Body(Vec<u8>);

impl Body {
    /// Opens an envelope with room for so many bytes of result.
    pub(crate) fn open(capacity: usize) -> Self {
        let mut out = Vec::with_capacity(capacity + 512);
        out.extend_from_slice(b"{\"result\":");
        Self(out)
    }

    /// Where the result is written.
    pub(crate) fn result(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    /// Writes what follows the result.
    pub(crate) fn close(
        self,
        context: &Context,
        next: Option<i64>,
        total: Option<i64>,
        timing: &Timing,
    ) -> Vec<u8> {
        let mut out = self.0;
        for (name, count) in [("next", next), ("total", total)] {
            if let Some(count) = count {
                out.push(b',');
                json::write_string(&mut out, name);
                out.push(b':');
                json::write_int(&mut out, count);
            }
        }
        out.extend_from_slice(b",\"time\":");
        timing.write(&mut out, context);
        out.push(b'}');
        out
    }
}

/// A reply whose body is this JSON, in the format asked for.
pub(crate) fn body(format: Format, status: StatusCode, json: Vec<u8>) -> Response<Bytes> {
    let (body, media_type) = match format {
        Format::Json => (Bytes::from(json), "application/json; charset=utf-8"),
        Format::Xml => {
            let value: Value = serde_json::from_slice(&json).unwrap_or_default();
            (
                Bytes::from(xml::document(&value)),
                "text/xml; charset=utf-8",
            )
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    always(headers);
    response
}

/// What every reply of the REST module carries.
fn always(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("origin, content-type, accept"),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// What the cloud adds: the application and the seconds spent.
pub(crate) fn add_cloud_headers(headers: &mut HeaderMap, client_id: Option<&str>, timing: &Timing) {
    if let Some(id) = client_id.and_then(|id| HeaderValue::from_str(id).ok()) {
        headers.insert(HeaderName::from_static("x-bitrix-rest-application"), id);
    }
    let mut seconds = |name: &'static str, seconds: f64| {
        if let Ok(value) = HeaderValue::from_maybe_shared(ten_places(seconds)) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    seconds("x-bitrix-rest-time", timing.finish - timing.start);
    seconds("x-bitrix-rest-user-time", timing.processing);
    headers.insert(
        HeaderName::from_static("x-bitrix-rest-system-time"),
        HeaderValue::from_static("0.0000000000"),
    );
}

/// Seconds with ten places behind the point, as PHP's `number_format` writes them.
fn ten_places(seconds: f64) -> Bytes {
    const PLACES: u64 = 10_000_000_000;
    let units = (seconds.max(0.0) * PLACES as f64).round() as u64;
    let mut text = Vec::with_capacity(24);
    json::write_int(&mut text, (units / PLACES) as i64);
    let places = text.len();
    // The one in front keeps the zeros behind the point, and makes room for it.
    json::write_int(&mut text, (units % PLACES + PLACES) as i64);
    if let Some(point) = text.get_mut(places) {
        *point = b'.';
    }
    text.into()
}

/// The page that comes when a request takes too long. Its work stays done.
pub(crate) fn cut_off(context: &Context) -> Response<Bytes> {
    context.counters.count(|stats| stats.cut_off += 1);
    html(StatusCode::GATEWAY_TIMEOUT)
}

/// The reply to a browser that asks whether it may call.
pub(crate) fn preflight() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    always(response.headers_mut());
    response
}

/// An error of a call.
pub(crate) fn error(format: Format, error: &MethodError) -> Response<Bytes> {
    let mut json = Vec::new();
    json::write(&mut json, &Value::Array(error_array(error)));
    body(format, status(error.status), json)
}

/// An error in JSON, where the format is not known or does not matter.
pub(crate) fn json_error(of: &MethodError) -> Response<Bytes> {
    error(Format::Json, of)
}

/// `{error, error_description, …}`, as a body or as the entry of a command.
pub(crate) fn error_array(error: &MethodError) -> Array {
    let mut array = Array::with_capacity(2 + error.extra.len());
    array.insert("error", error.code.as_str());
    array.insert("error_description", error.description.as_str());
    for (key, value) in error.extra.iter() {
        array.insert(key.clone(), value.clone());
    }
    array
}

/// The refusal of the bucket, to the byte.
pub(crate) fn query_limit() -> Response<Bytes> {
    json_error(&MethodError::new(
        503,
        "QUERY_LIMIT_EXCEEDED",
        "Too many requests",
    ))
}

/// A page for people, as the server in front of the portal sends it.
pub(crate) fn html(status: StatusCode) -> Response<Bytes> {
    let reason = match status {
        StatusCode::GATEWAY_TIMEOUT => "Gateway Time-out",
        StatusCode::OK => "Bitrix24",
        _ => status.canonical_reason().unwrap_or("Error"),
    };
    let title = if status == StatusCode::OK {
        reason.to_owned()
    } else {
        format!("{} {reason}", status.as_u16())
    };
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    let mut response = Response::new(Bytes::from(page));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    response
}

/// The way to a portal that was renamed.
pub(crate) fn redirect(address: &str) -> Response<Bytes> {
    let mut response = html(StatusCode::FOUND);
    if let Ok(address) = HeaderValue::from_str(address) {
        response.headers_mut().insert(LOCATION, address);
    }
    response
}

pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_in_headers_have_ten_places() {
        for (seconds, expected) in [
            (0.0, "0.0000000000"),
            (0.1, "0.1000000000"),
            (12.000_000_05, "12.0000000500"),
            (-1.0, "0.0000000000"),
            (f64::NAN, "0.0000000000"),
        ] {
            assert_eq!(ten_places(seconds), expected);
        }
    }
}
