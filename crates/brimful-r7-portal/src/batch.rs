//! Batches: the items one after the other in the order of `order`, whatever the documentation says of parallel ones.

use brimful_r7_protocol::{Item, Moment, form, read_items};
use bytes::Bytes;
use http::{Method as Verb, Request, Response, StatusCode};
use serde_json::Value as Json;

use super::access::cookie;
use super::api::Output;
use super::failure::Failure;
use super::list::{IN_MEMORY, Listed, Query};
use super::reply::{self, Answer, Format};
use super::store::Row;
use super::{Server, Sub, params};
use brimful_portal::extension::{Host, error_page};

/// The name of the value that holds a batch.
const BATCH: &str = "batch";

/// What a request brings.
enum Found {
    Items(Vec<Item>),
    Nothing,
    /// The exception escapes, and a page for people comes.
    Malformed,
}

/// The reply to a batch.
pub(super) async fn run(
    host: Host<'_>,
    server: &Server,
    request: &Request<Bytes>,
    person: u64,
) -> Response<Bytes> {
    let mut items = match find(server, request) {
        Found::Items(items) => items,
        Found::Nothing => return reply::no_batch(),
        Found::Malformed => return error_page(StatusCode::INTERNAL_SERVER_ERROR),
    };
    items.sort_by_key(|item| item.order);
    let mut context = Some(person);
    let mut replies = Vec::with_capacity(items.len());
    for item in items {
        host.count_command();
        // A request is made of an item when its turn comes: those before it have run.
        let sub = match prepare(&item) {
            Ok(sub) => sub,
            Err(failure) => return reply::broken_batch(&failure),
        };
        replies.push(match sub {
            None => Json::Null,
            Some(sub) => {
                let answer = server.carry_out(host, &sub, context).await;
                if sub.is_login() {
                    context = None;
                }
                answer.item(item.name)
            }
        });
    }
    let query = form::decode(request.uri().query().unwrap_or_default().as_bytes());
    let format = super::format(request.uri().path(), &params::media_type(request));
    let answer = match Query::read(&query, server.config.largest_page) {
        Ok(query) => {
            let posted = request.method() == Verb::POST;
            Answer::done(format, posted, Output::List(page(&query, replies)))
        }
        Err(failure) => Answer::failed(Format::Json, &failure),
    };
    answer.respond()
}

/// The list of replies is a list like any other: what the outer query says of lists goes for it.
fn page(query: &Query, replies: Vec<Json>) -> Listed {
    let rows: Option<Vec<Row>> = replies
        .iter()
        .map(|reply| reply.as_object().cloned())
        .collect();
    if let Some(rows) = rows {
        return query.run_over(rows, IN_MEMORY);
    }
    let total = replies.len() as u64;
    let (start, count) = (query.start as usize, query.count as usize);
    Listed {
        rows: replies.into_iter().skip(start).take(count).collect(),
        start: query.start,
        next: 0,
        total: if total > query.count { total } else { 0 },
    }
}

/// The value `batch` of the query, the form or the cookies; or fields of a form that are numbered.
fn find(server: &Server, request: &Request<Bytes>) -> Found {
    let media_type = params::media_type(request);
    let query = form::decode(request.uri().query().unwrap_or_default().as_bytes());
    let is_form = media_type.starts_with("application/x-www-form");
    let fields = if is_form {
        form::decode(request.body())
    } else {
        Json::Null
    };
    let value = params::text(&query, BATCH)
        .or_else(|| params::text(&fields, BATCH))
        .or_else(|| cookie(request, BATCH).map(str::to_owned));
    if let Some(value) = value {
        return read_items(&value).map_or(Found::Malformed, Found::Items);
    }
    if request.method() == Verb::GET {
        return Found::Nothing;
    }
    if server.config.raw_batches && media_type == "application/json" {
        let text = String::from_utf8_lossy(request.body());
        return read_items(&text).map_or(Found::Malformed, Found::Items);
    }
    match fields {
        Json::Array(items) if !items.is_empty() => {
            serde_json::from_value(Json::Array(items)).map_or(Found::Malformed, Found::Items)
        }
        _ => Found::Nothing,
    }
}

/// The request that an item stands for; `None` where its address leads nowhere. What cannot be made a request fails the
/// whole batch.
fn prepare(item: &Item) -> Result<Option<Sub>, Failure> {
    let Some(url) = item.relative_url.as_deref().filter(|url| !url.is_empty()) else {
        return Err(Failure::unexpected(
            "Value cannot be null. Parameter name: relativeUrl",
        ));
    };
    let body = item.body.clone().unwrap_or_default();
    let content_type = item
        .body_content_type
        .as_deref()
        .filter(|text| !text.is_empty())
        .unwrap_or(brimful_r7_protocol::FORM);
    if !body.is_empty() && !content_type.to_ascii_lowercase().contains("charset=") {
        return Err(Failure::unexpected(
            "Value cannot be null. Parameter name: name",
        ));
    }
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let query = form::decode(query.split('#').next().unwrap_or_default().as_bytes());
    if let Some(since) = params::text(&query, "updatedSince")
        && since.parse::<Moment>().is_err()
    {
        return Err(Failure::unexpected(
            "String was not recognized as a valid DateTime.",
        ));
    }
    let Some(path) = super::inner(&format!("/{}", path.trim_start_matches('/'))) else {
        return Ok(None);
    };
    let method = match item.method.trim() {
        "" => "GET".to_owned(),
        method => method.to_ascii_uppercase(),
    };
    Ok(Some(Sub {
        verb: Verb::from_bytes(method.as_bytes()).unwrap_or(Verb::GET),
        format: super::format(&path, &params::kind(content_type)),
        path: super::pieces(&path),
        query,
        media_type: params::kind(content_type),
        body: Bytes::from(body),
    }))
}
