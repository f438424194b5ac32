//! The items that a request for a batch brings.

use brimful_r7_protocol::{Item, form, read_items};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value as Json;

use crate::access::cookie;
use crate::params;

/// The name of the value that holds a batch.
const BATCH: &str = "batch";

/// What a request brings.
pub(super) enum BatchItems {
    Items(Vec<Item>),
    Missing,
    /// The server's exception escapes, and an HTML page comes.
    Malformed,
}

impl BatchItems {
    /// Reads the value `batch` of the query, the form or the cookies, or form fields that are numbered. With
    /// `raw_batches` the body may be a bare JSON array.
    pub(super) fn read(request: &Request<Bytes>, raw_batches: bool) -> Self {
        let media_type = params::media_type(request);
        let is_form = media_type.starts_with("application/x-www-form");
        let fields = if is_form {
            form::decode(request.body())
        } else {
            Json::Null
        };
        let value = params::text(&params::of_query(request), BATCH)
            .or_else(|| params::text(&fields, BATCH))
            .or_else(|| cookie(request, BATCH).map(str::to_owned));
        if let Some(value) = value {
            return read_items(&value).map_or(Self::Malformed, Self::Items);
        }
        if request.method() == Method::GET {
            return Self::Missing;
        }
        if raw_batches && media_type == "application/json" {
            let text = String::from_utf8_lossy(request.body());
            return read_items(&text).map_or(Self::Malformed, Self::Items);
        }
        match fields {
            Json::Array(items) if !items.is_empty() => {
                serde_json::from_value(Json::Array(items)).map_or(Self::Malformed, Self::Items)
            }
            _ => Self::Missing,
        }
    }
}
