//! The reply envelope, whose zero fields are left out.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A reply: `{count, startIndex, nextIndex, total, status, statusCode, response, error}`. What is zero or null the
/// server leaves out; `response` borrows the body.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope<'a> {
    /// How many things are in `response`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub count: u64,
    /// The place of the first of them in the whole list, counted from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start_index: u64,
    /// There is more. Where exactly it says wrongly: it is one too far.
    #[serde(default, skip_serializing_if = "is_none_or_zero")]
    pub next_index: Option<u64>,
    /// How many things match in all, where the server counts.
    #[serde(default, skip_serializing_if = "is_none_or_zero")]
    pub total: Option<u64>,
    /// 0 is well, 1 is an error; but see `error`.
    #[serde(default)]
    pub status: i64,
    /// The HTTP status; 201 after a `POST`.
    #[serde(default, skip_serializing_if = "is_zero_status")]
    pub status_code: u16,
    /// What was asked for.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub response: Option<&'a RawValue>,
    /// What went wrong. "no batch specified" comes with `status` 0: this field decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// What the server says of an error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Problem {
    /// The message of the innermost exception.
    #[serde(default)]
    pub message: String,
    /// The number of the exception in .NET.
    #[serde(default)]
    pub hresult: i64,
    /// The exception's type; only servers built for debugging tell.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// Why a body is not an envelope.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Nothing came.
    #[error("an empty body")]
    Empty,
    /// A page for people.
    #[error("an HTML page instead of JSON")]
    Html,
    /// The JSON ends too early.
    #[error("JSON that breaks off after {0} bytes")]
    Truncated(usize),
    /// Something that is not JSON; the first characters of it.
    #[error("a body that is not JSON: {0}")]
    NotJson(String),
    /// JSON that is not an envelope.
    #[error("JSON that is not a reply: {0}")]
    NoReply(String),
}

impl<'a> Envelope<'a> {
    /// Reads the first JSON value of a body, and no more: an error of a whole batch comes twice, back to back.
    ///
    /// ```
    /// use brimful_r7_protocol::Envelope;
    /// let twice = br#"{"status":1,"statusCode":500,"error":{"message":"no","hresult":1}}{"status":1}"#;
    /// assert_eq!(Envelope::parse(twice).unwrap().error.unwrap().message, "no");
    /// ```
    pub fn parse(body: &'a [u8]) -> Result<Self, EnvelopeError> {
        let start = body.trim_ascii_start();
        match start.first() {
            None => return Err(EnvelopeError::Empty),
            Some(b'<') => return Err(EnvelopeError::Html),
            Some(b'{') => {}
            Some(_) => return Err(not_json(start)),
        }
        let mut values = serde_json::Deserializer::from_slice(start).into_iter::<Self>();
        let envelope = match values.next() {
            Some(Ok(envelope)) => envelope,
            Some(Err(error)) if error.is_eof() => {
                return Err(EnvelopeError::Truncated(body.len()));
            }
            Some(Err(error)) if error.is_data() => {
                return Err(EnvelopeError::NoReply(error.to_string()));
            }
            Some(Err(_)) | None => return Err(not_json(start)),
        };
        if envelope.response.is_none() && envelope.error.is_none() && envelope.status_code == 0 {
            let what = "neither response nor error nor statusCode";
            return Err(EnvelopeError::NoReply(what.to_owned()));
        }
        Ok(envelope)
    }

    /// The error that the reply is, if it is one.
    pub fn problem(&self) -> Option<Problem> {
        let unnamed = || Problem {
            message: format!("status {}", self.status),
            hresult: 0,
            kind: None,
        };
        match (&self.error, self.status) {
            (Some(problem), _) => Some(problem.clone()),
            (None, 0) => None,
            (None, _) => Some(unnamed()),
        }
    }
}

fn not_json(body: &[u8]) -> EnvelopeError {
    let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
    EnvelopeError::NotJson(text.chars().take(60).collect())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde passes")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde passes")]
fn is_zero_status(n: &u16) -> bool {
    *n == 0
}

#[expect(clippy::ref_option, reason = "what serde passes")]
fn is_none_or_zero(n: &Option<u64>) -> bool {
    n.unwrap_or(0) == 0
}
