//! What a request carries: a JSON body, and credentials in the query.

use brimful_protocol::{Array, Value, query};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method as Verb, Request};

use crate::bodies::request_body::{MOST_VALUES, values_in_json};
use crate::context::MethodError;
use crate::methods::rest3::error;

/// The body of a request, and beside it the credentials of its query.
pub(super) struct SentBody {
    body: Array,
    credentials: Array,
}

/// What is read of the query: its other parameters are ignored.
const CREDENTIALS: [&str; 4] = ["auth", "access_token", "aplogin", "ap"];

/// Reads a request. A GET has no body, and an empty body no parameters; any other body is JSON and says so.
pub(super) fn read(request: &Request<Bytes>) -> Result<SentBody, MethodError> {
    let mut in_query = query::decode(request.uri().query().unwrap_or_default().as_bytes());
    let credentials = CREDENTIALS
        .into_iter()
        .filter_map(|name| Some((name, in_query.remove(name)?)))
        .collect();
    let body = if request.method() == Verb::GET || request.body().is_empty() {
        Array::new()
    } else if says_json(request) {
        if values_in_json(request.body()) > MOST_VALUES {
            return Err(error::too_large());
        }
        match serde_json::from_slice(request.body()) {
            Ok(Value::Array(body)) => body,
            Ok(_) | Err(_) => return Err(error::invalid_json()),
        }
    } else {
        return Err(error::invalid_json());
    };
    Ok(SentBody { body, credentials })
}

fn says_json(request: &Request<Bytes>) -> bool {
    let header = request.headers().get(CONTENT_TYPE);
    let media_type = header
        .and_then(|value| value.to_str().ok()?.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    media_type == "application/json" || media_type.contains("+json")
}

impl SentBody {
    /// The credentials of body and query together; those of the body are taken out of it.
    pub(super) fn credentials(&mut self) -> Array {
        let mut all = self.credentials.clone();
        // A batch is a list: its items are not parameters.
        for name in CREDENTIALS {
            if let Some(value) = self.body.remove(name) {
                all.insert(name, value);
            }
        }
        all
    }

    pub(super) fn into_body(self) -> Array {
        self.body
    }
}
