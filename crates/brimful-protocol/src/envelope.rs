//! The reply envelope, read without copying what is inside.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::value::RawValue;

use crate::code::ErrorCode;
use crate::scalar::{self, Scalar};
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
    /// Something that is no JSON.
    #[error("a body that is no JSON ({reason}): {start}")]
    NotJson {
        /// What the parser says.
        reason: String,
        /// The first characters of the body.
        start: String,
    },
    /// JSON, but neither `result` nor `error` in it.
    #[error("JSON with neither result nor error: {0}")]
    NoResult(String),
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "count")]
    next: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    total: Option<u64>,
    #[serde(borrow, default)]
    time: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "present")]
    error: Option<WireError>,
    #[serde(default, deserialize_with = "scalar::text")]
    error_description: Option<String>,
}

enum WireError {
    Code(String),
    Object(ErrorObject),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ErrorObject {
    #[serde(deserialize_with = "scalar::text", alias = "error")]
    code: Option<String>,
    #[serde(deserialize_with = "scalar::text", alias = "error_description")]
    message: Option<String>,
    validation: Vec<ValidationItem>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ValidationItem {
    #[serde(deserialize_with = "scalar::text")]
    field: Option<String>,
    #[serde(deserialize_with = "scalar::text")]
    message: Option<String>,
}

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Scalar::deserialize(deserializer)? {
        Scalar::Int(i) => u64::try_from(i).ok(),
        Scalar::Text(s) => s.parse().ok(),
        _ => None,
    })
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<WireError>, D::Error> {
    let raw = <Cow<'de, RawValue>>::deserialize(deserializer)?;
    let raw = raw.get();
    if raw.starts_with('{') {
        return serde_json::from_str(raw)
            .map(|object| Some(WireError::Object(object)))
            .map_err(serde::de::Error::custom);
    }
    let scalar: Scalar = serde_json::from_str(raw).map_err(serde::de::Error::custom)?;
    Ok(if raw == "null" {
        None
    } else {
        Some(WireError::Code(scalar.to_string()))
    })
}

impl<'a> Envelope<'a> {
    /// Reads a body.
    ///
    /// ```
    /// let reply = brimful_protocol::Envelope::parse(br#"{"result":[{"ID":"1"}],"total":1}"#).unwrap();
    /// assert_eq!(reply.result.unwrap().get(), r#"[{"ID":"1"}]"#);
    /// ```
    pub fn parse(body: &'a [u8]) -> Result<Self, EnvelopeError> {
        let wire: Wire<'a> =
            serde_json::from_slice(body).map_err(|e| EnvelopeError::of(body, &e))?;
        let error = wire
            .error
            .map(|error| ApiError::from_wire(error, wire.error_description));
        if error.is_none() && wire.result.is_none() {
            return Err(EnvelopeError::NoResult(snippet(body)));
        }
        let time = wire
            .time
            .and_then(|raw| serde_json::from_str(raw.get()).ok());
        Ok(Self {
            result: wire.result,
            next: wire.next,
            total: wire.total,
            time,
            error,
        })
    }
}

impl EnvelopeError {
    /// Says what `body` is, given that it did not parse as JSON.
    pub fn of(body: &[u8], error: &serde_json::Error) -> Self {
        let start = body.trim_ascii_start();
        if start.is_empty() {
            Self::Empty
        } else if start.starts_with(b"<") {
            Self::Html(html_title(start).unwrap_or_else(|| snippet(start)))
        } else if error.is_eof() {
            Self::Truncated(body.len())
        } else {
            Self::NotJson {
                reason: error.to_string(),
                start: snippet(start),
            }
        }
    }
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

    fn from_wire(error: WireError, description: Option<String>) -> Self {
        match error {
            WireError::Code(code) => Self::new(&code, description.unwrap_or_default()),
            WireError::Object(object) => Self {
                code: ErrorCode::new(object.code.unwrap_or_default()),
                description: object.message.or(description).unwrap_or_default(),
                validation: object
                    .validation
                    .into_iter()
                    .map(|item| {
                        format!(
                            "{}: {}",
                            item.field.unwrap_or_default(),
                            item.message.unwrap_or_default()
                        )
                    })
                    .collect(),
            },
        }
    }
}

impl<'de> Deserialize<'de> for ApiError {
    /// Reads the error of one command: `{error, error_description}`, or a bare string.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <Cow<'de, RawValue>>::deserialize(deserializer)?;
        let raw = raw.get();
        if !raw.starts_with('{') {
            let scalar: Scalar = serde_json::from_str(raw).map_err(serde::de::Error::custom)?;
            return Ok(Self::new(&scalar.to_string(), ""));
        }
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Command {
            #[serde(deserialize_with = "present")]
            error: Option<WireError>,
            #[serde(deserialize_with = "scalar::text")]
            error_description: Option<String>,
        }
        let command: Command = serde_json::from_str(raw).map_err(serde::de::Error::custom)?;
        let error = command.error.unwrap_or(WireError::Code(String::new()));
        Ok(Self::from_wire(error, command.error_description))
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
