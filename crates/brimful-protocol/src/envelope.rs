//! The reply envelope, read without copying what is inside.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::code::ErrorCode;
use crate::scalar;
use crate::time::Time;

/// A reply of the portal: `{result, next, total, time}` or `{error, error_description}`. `result` borrows the body.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// The result as raw JSON; `None` where the reply is an error, or has no `result` at all.
    pub result: Option<&'a RawValue>,
    /// The `start` of the next page, where there is one.
    pub next: Option<u64>,
    /// How many rows match in all, where the method counts. Some lists send 0 when they were told not to count.
    pub total: Option<u64>,
    /// The portal's clock and counters.
    pub time: Option<Time>,
    /// The error, decided by the presence of the key: `""` and `"0"` are codes too.
    pub error: Option<ApiError>,
}

/// An error that the portal answered with, of the whole call or of one command of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// The code as it came: `QUERY_LIMIT_EXCEEDED`, `""`, `"0"`, `"100"`, anything.
    pub code: ErrorCode,
    /// The text that came with it; often empty inside batches.
    pub description: String,
    /// REST 3.0: which fields were wrong, `field: message`.
    pub validation: Vec<String>,
}

/// Why a body is not an envelope.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Nothing came.
    #[error("an empty body")]
    Empty,
    /// A page for people came: a proxy, a login form or a failed PHP script.
    #[error("an HTML page instead of JSON: {0}")]
    Html(String),
    /// The JSON ends too early: the connection was cut, or the portal ran out of time.
    #[error("JSON that breaks off after {0} bytes")]
    Truncated(usize),
    /// Something that is not JSON.
    #[error("a body that is not JSON ({reason}): {start}")]
    NotJson {
        /// What the parser says.
        reason: String,
        /// The first characters of the body.
        start: String,
    },
    /// JSON, but no object, or one with neither `result` nor `error` in it.
    #[error("JSON with neither result nor error: {0}")]
    NoResult(String),
}

/// The parts of a reply as they came; of a key that comes twice the last one counts, as everywhere in PHP.
#[derive(Default)]
struct Wire<'a> {
    result: Option<&'a RawValue>,
    next: Option<&'a RawValue>,
    total: Option<&'a RawValue>,
    time: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    error_description: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Wire<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Name<'n>(#[serde(borrow)] Cow<'n, str>);

        struct WireVisitor;

        impl<'de> Visitor<'de> for WireVisitor {
            type Value = Wire<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a reply")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Wire<'de>, A::Error> {
                let mut wire = Wire::default();
                while let Some(Name(key)) = entries.next_key()? {
                    let part = match &*key {
                        "result" => &mut wire.result,
                        "next" => &mut wire.next,
                        "total" => &mut wire.total,
                        "time" => &mut wire.time,
                        "error" => &mut wire.error,
                        "error_description" => &mut wire.error_description,
                        _ => {
                            entries.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    *part = Some(entries.next_value()?);
                }
                Ok(wire)
            }
        }

        deserializer.deserialize_map(WireVisitor)
    }
}

impl<'a> Envelope<'a> {
    /// Reads a body.
    ///
    /// ```
    /// let reply = brimful_protocol::Envelope::parse(br#"{"result":[{"ID":"1"}],"total":1}"#).unwrap();
    /// assert_eq!(reply.result.unwrap().get(), r#"[{"ID":"1"}]"#);
    /// ```
    pub fn parse(body: &'a [u8]) -> Result<Self, EnvelopeError> {
        // Self-hosted portals with a byte order mark in one of their PHP files send it before every reply.
        let json = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let wire: Wire<'a> =
            serde_json::from_slice(json).map_err(|error| EnvelopeError::of(json, &error))?;
        let error = wire.error.filter(|error| error.get() != "null");
        let error = error.map(|error| {
            ApiError::from_parts(
                &json_of(error),
                wire.error_description.map(json_of).as_ref(),
            )
        });
        if error.is_none() && wire.result.is_none() {
            return Err(EnvelopeError::NoResult(snippet(json)));
        }
        Ok(Self {
            result: if error.is_some() { None } else { wire.result },
            next: wire.next.and_then(|raw| scalar::parse_count(raw.get())),
            total: wire.total.and_then(|raw| scalar::parse_count(raw.get())),
            time: wire
                .time
                .and_then(|raw| serde_json::from_str(raw.get()).ok()),
            error,
        })
    }
}

/// The value of a part that may be anything; what nests too deeply to be built is taken as text.
fn json_of(raw: &RawValue) -> Json {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| Json::String(raw.get().to_owned()))
}

impl EnvelopeError {
    /// Says what `body` is, given that it did not parse as a reply.
    pub fn of(body: &[u8], error: &serde_json::Error) -> Self {
        let start = body.trim_ascii_start();
        if start.is_empty() {
            Self::Empty
        } else if start.starts_with(b"<") {
            Self::Html(html_title(start).unwrap_or_else(|| snippet(start)))
        } else if error.is_data() {
            match serde_json::from_slice::<IgnoredAny>(body) {
                Err(error) if !error.is_data() => Self::of(body, &error),
                _ => Self::NoResult(snippet(start)),
            }
        } else if error.is_eof() || breaks_off_in_number(body, error) {
            Self::Truncated(body.len())
        } else {
            let reason = match std::str::from_utf8(body) {
                Err(invalid) => {
                    let place = invalid.valid_up_to();
                    let before = snippet(&body[place.saturating_sub(80)..place]);
                    format!("byte {place} of it is in no character of UTF-8, behind …{before}")
                }
                Ok(_) => error.to_string(),
            };
            Self::NotJson {
                reason,
                start: snippet(start),
            }
        }
    }
}

/// To `serde_json` a number that breaks off after a sign, a point or an exponent is not a number, and not an early end.
fn breaks_off_in_number(body: &[u8], error: &serde_json::Error) -> bool {
    let last_line = body.rsplit(|&b| b == b'\n').next().unwrap_or(body);
    let lines = memchr::memchr_iter(b'\n', body).count() + 1;
    matches!(body.last(), Some(b'-' | b'+' | b'.' | b'e' | b'E'))
        && (error.line(), error.column()) == (lines, last_line.len())
}

fn html_title(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(4096)]).into_owned();
    let lower = text.to_ascii_lowercase();
    let from = lower.find("<title>")? + "<title>".len();
    let to = from + lower[from..].find("</title>")?;
    let title = text[from..to].trim();
    (!title.is_empty()).then(|| title.chars().take(120).collect())
}

fn snippet(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(480)]);
    let mut text: String = text
        .chars()
        .take(120)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if body.len() > text.len() {
        text.push('…');
    }
    text
}

impl ApiError {
    /// An error with a code and a text.
    pub fn new(code: &str, description: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::new(code),
            description: description.into(),
            validation: Vec::new(),
        }
    }

    /// `error` is a code, or an object with everything in it; the text may stand beside it.
    fn from_parts(error: &Json, description: Option<&Json>) -> Self {
        let beside = description.map(text_of);
        let Json::Object(object) = error else {
            return Self::new(&text_of(error), beside.unwrap_or_default());
        };
        let field = |names: [&str; 2]| names.iter().find_map(|name| object.get(*name)).map(text_of);
        Self {
            code: ErrorCode::new(field(["code", "error"]).unwrap_or_default()),
            description: field(["message", "error_description"])
                .or(beside)
                .unwrap_or_default(),
            validation: object
                .get("validation")
                .map(validation_of)
                .unwrap_or_default(),
        }
    }
}

/// A text that may be something else; nothing is lost of what is.
fn text_of(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn validation_of(json: &Json) -> Vec<String> {
    let item = |item: &Json| match item {
        Json::Object(object) => {
            let text = |name| object.get(name).map(text_of).unwrap_or_default();
            format!("{}: {}", text("field"), text("message"))
        }
        other => text_of(other),
    };
    match json {
        Json::Null => Vec::new(),
        Json::Array(items) => items.iter().map(item).collect(),
        one => vec![item(one)],
    }
}

impl<'de> Deserialize<'de> for ApiError {
    /// Reads the error of one command: `{error, error_description}`, the object of REST 3.0, or a bare string.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        Ok(match json.get("error") {
            Some(error) => Self::from_parts(error, json.get("error_description")),
            None => Self::from_parts(&json, None),
        })
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code.as_str(), self.description.as_str()) {
            ("", "") => f.write_str("an error without code or text"),
            ("", text) => f.write_str(text),
            (code, "") => f.write_str(code),
            (code, text) => write!(f, "{code}: {text}"),
        }?;
        for item in &self.validation {
            write!(f, "; {item}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}
