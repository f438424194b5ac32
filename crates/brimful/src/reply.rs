//! What a portal answers to one call.

use std::sync::Arc;

use brimful_protocol::rows::RowsError;
use brimful_protocol::{Envelope, Time};
use bytes::Bytes;
use http::StatusCode;
use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::json;

/// A reply to one call.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use serde_json::{Value, json};
///
/// let reply = client.call("crm.item.get", json!({"entityTypeId": 128, "id": 7})).await?;
/// let item: Value = reply.item()?;
/// println!("{:?} {:?}", item["title"], reply.time());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Reply {
    method: Option<Arc<str>>,
    status: StatusCode,
    body: Bytes,
    result: Box<RawValue>,
    next: Option<u64>,
    total: Option<u64>,
    time: Option<Time>,
}

impl Reply {
    pub(crate) fn read(body: &Bytes) -> Result<Self, RowsError> {
        let envelope = Envelope::parse(body)?;
        if let Some(error) = envelope.error {
            return Err(RowsError::Api(error));
        }
        let result = envelope.result.map(ToOwned::to_owned).unwrap_or_default();
        Ok(Self {
            method: None,
            status: StatusCode::OK,
            body: body.clone(),
            result,
            next: envelope.next,
            total: envelope.total,
            time: envelope.time,
        })
    }

    /// The reply to a call of `method`, which errors name.
    pub(crate) fn of(mut self, method: &str) -> Self {
        self.method = Some(method.into());
        self
    }

    /// What errors call the method.
    pub(crate) fn method(&self) -> &str {
        self.method.as_deref().unwrap_or("the call")
    }

    /// `result` as raw JSON.
    pub fn raw(&self) -> &RawValue {
        &self.result
    }

    /// `result` as a type. Portals write numbers, IDs and flags as text: [`protocol::scalar`](crate::protocol::scalar)
    /// reads either, and the row types of [`crm`](crate::crm) use it.
    ///
    /// # Errors
    /// It is not of that type; the error names the method, the field and its value.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T, Error> {
        json::decode(
            self.result.get(),
            &format!("the result of {}", self.method()),
        )
    }

    /// The one thing that was asked for, where it is nested under a key: `item`, `task`, `product`, …
    ///
    /// # Errors
    /// The result is not an object with one key, or what is under it is not of the type.
    pub fn item<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let mut parts: IndexMap<String, T> = self.result()?;
        match (parts.pop(), parts.is_empty()) {
            (Some((_, item)), true) => Ok(item),
            (one, _) => {
                let keys = if one.is_some() {
                    "several keys"
                } else {
                    "no key"
                };
                Err(Error::undecodable(
                    &format!("the result of {}", self.method()),
                    &format!("it has {keys} and not one: take it as a whole with result()"),
                ))
            }
        }
    }

    /// The rows, bare or nested under a key: `items`, `tasks`, …
    ///
    /// # Errors
    /// There are none in the result, or they are not of the type.
    pub fn items<T: DeserializeOwned>(&self) -> Result<Vec<T>, Error> {
        if self.result.get().starts_with('[') {
            self.result()
        } else {
            self.item()
        }
    }

    /// `start` of the next page, where there is one.
    pub fn next_start(&self) -> Option<u64> {
        self.next
    }

    /// How many rows match in all, where the method counts.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// The portal's clock and counters.
    pub fn time(&self) -> Option<&Time> {
        self.time.as_ref()
    }

    /// The HTTP status it came with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The whole reply as it came.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn into_body(self) -> Bytes {
        self.body
    }
}

/// An envelope as it came, be it a result or an error; see [`Client::call_raw`](crate::Client::call_raw).
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let reply = client.call_raw("server.time", serde_json::json!({})).await?;
/// println!("{} {}", reply.status, String::from_utf8_lossy(&reply.body));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RawReply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body, in the portal's JSON.
    pub body: Bytes,
}
