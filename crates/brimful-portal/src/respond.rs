//! Responses: the envelope, errors, and the pages for people that come when something breaks.

use brimful_protocol::{Array, Value, json};
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, LOCATION,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::clock::Clock;
use crate::config::{Reset, Seconds, Statuses};
use crate::limits::Report;
use crate::method::MethodError;
use crate::xml;

/// What a caller wants to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    #[default]
    Json,
    Xml,
}

/// When a call or a command began and ended, and what it has used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) start: f64,
    pub(crate) finish: f64,
    /// Seconds inside the method.
    pub(crate) processing: f64,
    pub(crate) operating: Option<Report>,
}

/// What of a timing `time` shows, and how.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TimeForm {
    pub(crate) seconds: Seconds,
    pub(crate) reset: Reset,
}

impl Timing {
    /// `time` as a value, in the order of its keys.
    pub(crate) fn to_value(self, clock: &Clock, form: TimeForm) -> Value {
        let mut time = Array::with_capacity(8);
        match form.seconds {
            Seconds::Whole => {
                time.insert("start", self.start.floor() as i64);
                time.insert("finish", self.finish);
                time.insert("duration", self.finish - self.start.floor());
                time.insert("processing", self.processing as i64);
            }
            Seconds::WholeStart => {
                time.insert("start", self.start.floor() as i64);
                time.insert("finish", self.finish);
                time.insert("duration", self.finish - self.start.floor());
                time.insert("processing", self.processing);
            }
            Seconds::Fractional => {
                time.insert("start", self.start);
                time.insert("finish", self.finish);
                time.insert("duration", self.finish - self.start);
                time.insert("processing", self.processing);
            }
        }
        time.insert("date_start", clock.iso(self.start));
        time.insert("date_finish", clock.iso(self.finish));
        if let Some(report) = self.operating {
            if form.reset == Reset::Said {
                time.insert("operating_reset_at", report.reset_at);
            }
            time.insert("operating", report.operating);
        }
        Value::Array(time)
    }
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
    pub(crate) fn close(self, next: Option<i64>, total: Option<i64>, time: &Value) -> Vec<u8> {
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
        json::write(&mut out, time);
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
        if let Ok(value) = HeaderValue::from_str(&format!("{seconds:.10}")) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    seconds("x-bitrix-rest-time", timing.finish - timing.start);
    seconds("x-bitrix-rest-user-time", timing.processing);
    seconds("x-bitrix-rest-system-time", 0.0);
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

pub(crate) fn operation_time_limit() -> MethodError {
    MethodError::new(
        429,
        "OPERATION_TIME_LIMIT",
        "Method is blocked due to operation time limit.",
    )
}

pub(crate) fn expired_token(statuses: Statuses) -> MethodError {
    authorisation(
        statuses,
        "expired_token",
        "The access token provided has expired",
    )
}

pub(crate) fn method_not_found() -> MethodError {
    MethodError::new(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
}

/// An authorisation error with the status of the portal's kind.
pub(crate) fn authorisation(statuses: Statuses, code: &str, description: &str) -> MethodError {
    let status = match (statuses, code) {
        (
            Statuses::Docs,
            "INVALID_CREDENTIALS" | "insufficient_scope" | "user_access_error" | "ACCESS_DENIED",
        ) => 403,
        _ => 401,
    };
    MethodError::new(status, code, description)
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
