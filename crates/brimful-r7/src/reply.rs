//! A reply to a request or to an item of a batch.

use std::sync::{Arc, OnceLock};

use brimful::client_parts::decode;
use brimful::{Error, ErrorKind, Execution};
use brimful_r7_protocol::Envelope;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::outcome::BodyError;

/// A reply, as it came.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What errors call the request: `GET people/@self`.
    label: Arc<str>,
    status: u16,
    body: Bytes,
    json: OnceLock<Json>,
}

impl Reply {
    /// The body of an answer that went well.
    pub(super) fn read(body: &Bytes) -> Result<Self, BodyError> {
        let envelope = Envelope::parse(body).map_err(BodyError::Envelope)?;
        match envelope.problem() {
            Some(problem) => Err(BodyError::Problem {
                status: envelope.status_code,
                problem,
            }),
            None => Ok(Self::new(envelope.status_code, body.clone())),
        }
    }

    pub(super) fn new(status: u16, body: Bytes) -> Self {
        Self {
            label: "the request".into(),
            status,
            body,
            json: OnceLock::new(),
        }
    }

    /// The same, of the request that errors call so.
    pub(super) fn of(mut self, label: &str) -> Self {
        self.label = label.into();
        self
    }

    /// The HTTP status: 201 after a `POST`, 200 otherwise.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The whole reply: mostly an envelope in JSON, XML or a file where an item asked for one.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What is in the envelope, as raw JSON; `None` if the reply is not an envelope.
    pub fn raw(&self) -> Option<&RawValue> {
        Envelope::parse(&self.body).ok()?.response
    }

    /// What is in the envelope, as a type.
    ///
    /// # Errors
    /// It is not of the type, or the reply is not an envelope in JSON: [`body`](Self::body) has it as it came.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let what = format!("the reply to {}", self.label);
        let envelope = Envelope::parse(&self.body).map_err(|error| {
            let message = format!("{what} is not an envelope: {error}; body() has it as it came");
            Error::new(ErrorKind::Decode, Execution::Ran, message).with_source(error)
        })?;
        decode(envelope.response.map_or("null", RawValue::get), &what)
    }

    /// How many things match in all, where the portal counts.
    pub fn total(&self) -> Option<u64> {
        Envelope::parse(&self.body).ok()?.total
    }

    /// What is at a JSON pointer into the whole reply: `/response/id`.
    pub fn pointer(&self, pointer: &str) -> Option<&Json> {
        let json = self
            .json
            .get_or_init(|| serde_json::from_slice(&self.body).unwrap_or_default());
        json.pointer(pointer)
    }
}
