//! The data as a whole: given out, taken, put back to the start.

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::{Value as Json, json};

use super::Refusal;
use crate::calls::Backend;
use crate::data::DataError;
use crate::data::stored::StoredRow;

/// By which a snapshot is known.
const FORMAT: &str = "brimful portal 1";

/// A snapshot: JSON, or with `?format=sqlite` a file for `--data`.
pub(super) fn snapshot(
    backend: &Backend,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, Refusal> {
    let query = request.uri().query().unwrap_or_default();
    let rows = backend.snapshot();
    let (body, media_type, name) = match query {
        "" | "format=json" => {
            let body = json!({ "format": FORMAT, "rows": rows }).to_string();
            (body.into_bytes(), "application/json", "portal.json")
        }
        "format=sqlite" => (sqlite(&rows)?, "application/vnd.sqlite3", "portal.db"),
        _ => {
            return Err(Refusal::wrong(
                "the formats are format=json and format=sqlite",
            ));
        }
    };
    let mut response = Response::new(Bytes::from(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(disposition) = format!("attachment; filename=\"{name}\"").parse() {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

#[cfg(feature = "sqlite")]
fn sqlite(rows: &[StoredRow]) -> Result<Vec<u8>, Refusal> {
    crate::calls::data_file::bytes(rows)
        .map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "NO_SNAPSHOT", error))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &[StoredRow]) -> Result<Vec<u8>, Refusal> {
    let why = "this build has no SQLite: build it with the feature sqlite";
    Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "NO_SQLITE", why))
}

/// Takes a snapshot in JSON.
pub(super) fn load(backend: &Backend, request: &Request<Bytes>) -> Result<(), Refusal> {
    let mut snapshot: Json = serde_json::from_slice(request.body())
        .map_err(|error| Refusal::wrong(format!("the snapshot is not JSON: {error}")))?;
    if snapshot["format"] != FORMAT {
        let why = "it is not a snapshot: GET /_portal/snapshot makes one";
        return Err(Refusal::wrong(why));
    }
    let rows: Vec<StoredRow> = serde_json::from_value(snapshot["rows"].take())
        .map_err(|error| Refusal::wrong(format!("the snapshot can't be read: {error}")))?;
    backend.load(&rows).map_err(|error| refused(&error))
}

/// Puts the data back to what they were at the start.
pub(super) fn reset(backend: &Backend) -> Result<(), Refusal> {
    backend.reset().map_err(|error| refused(&error))
}

fn refused(error: &DataError) -> Refusal {
    Refusal::wrong(error)
}

/// Whether the portal is well, and what it holds.
pub(super) fn health(backend: &Backend) -> Json {
    let rows = backend.data.read().row_counts();
    let rows: u64 = rows.into_iter().map(|(_, rows)| rows).sum();
    json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "seconds": backend.context.elapsed().as_secs(),
        "rows": rows,
        "keeps_data": backend.file.is_some(),
    })
}
