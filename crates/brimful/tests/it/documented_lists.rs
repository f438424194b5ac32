//! Every list of the catalogue, served in the shape that is documented for it: by a portal that filters, and by one that
//! passes filters over.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use brimful::{Client, Effect, Request, Response, Transport, TransportError};
use brimful_protocol::catalogue::{self, Keyset, KeysetForm, Method, Paging, Shape};
use brimful_protocol::{Array, Value as Php, batch, reference};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use crate::support::WEBHOOK;

const ROWS: u64 = 130;

/// Whether a portal knows filters and orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filters {
    Heeded,
    PassedOver,
}

/// A portal with one method.
#[derive(Debug, Clone, Copy)]
struct Documented {
    method: &'static Method,
    filters: Filters,
}

/// Where the page of a call lies.
struct Place {
    first: u64,
    rows: u64,
    /// The reply names a `next` by which `start` goes on.
    next_by_start: bool,
}

/// A parameter of a call.
fn parameter<'v>(params: &'v Value, name: &str) -> Option<&'v Value> {
    let fields = params.as_object()?;
    let found = fields.iter().find(|(key, _)| key.as_str() == name);
    found.map(|(_, value)| value)
}

/// What the portal says of one call.
struct Page {
    result: Value,
    total: Option<u64>,
    next: Option<u64>,
}

impl Transport for Documented {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let called = request.url.path().rsplit('/').next().unwrap_or_default();
        let reply = if called == "batch" && self.method.rest == 2 {
            self.batch(&body)
        } else {
            let page = self.call(&body);
            let mut reply = json!({"result": page.result});
            for (name, number) in [("total", page.total), ("next", page.next)] {
                if let Some(number) = number {
                    reply[name] = number.into();
                }
            }
            reply
        };
        async move {
            Ok(Response {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                body: reply.to_string().into(),
            })
        }
        .boxed()
    }
}

impl Documented {
    fn batch(self, body: &Value) -> Value {
        let (mut results, mut totals, mut nexts) = (Map::new(), Map::new(), Map::new());
        let mut so_far = Array::new();
        let commands = body["cmd"].as_object().unwrap();
        for (label, command) in commands {
            let (_, params) = batch::parse_command(command.as_str().unwrap());
            let mut params = Php::from(params);
            reference::substitute(&mut params, &so_far);
            let page = self.call(&json_of(&params));
            results.insert(label.clone(), page.result);
            if let Some(total) = page.total {
                totals.insert(label.clone(), total.into());
            }
            if let Some(next) = page.next {
                nexts.insert(label.clone(), next.into());
            }
            so_far.insert("result", Php::from(Value::Object(results.clone())));
        }
        json!({"result": {
            "result": results, "result_error": [], "result_total": totals, "result_next": nexts,
        }})
    }

    /// The ID of the row with a number: sparse, since those of portals are.
    fn id(self, n: u64) -> Value {
        let id = 3 * n + 2;
        match self.method.id {
            Some(name) if name.starts_with(|c: char| c.is_ascii_uppercase()) => {
                id.to_string().into()
            }
            _ => id.into(),
        }
    }

    fn row(self, n: u64) -> Value {
        let mut row = json!({"note": format!("row {n}")});
        if let Some(id) = self.method.id {
            row[id] = self.id(n);
        }
        row
    }

    fn call(self, params: &Value) -> Page {
        let known = self.method;
        let rows = self.matching(params);
        if known.paging == Paging::Cursor {
            return self.by_cursor(params, rows);
        }
        let all = rows.len() as u64;
        let counts = known.total != Some(false);
        let start = parameter(params, "start").and_then(signed).unwrap_or(0);
        let Place {
            first,
            rows: size,
            next_by_start,
        } = self.place(params, all);
        let last = (first + size).min(all);
        let page: Vec<u64> = rows
            .get(
                usize::try_from(first.min(all)).unwrap()
                    ..usize::try_from(last.max(first.min(all))).unwrap(),
            )
            .unwrap_or_default()
            .to_vec();
        let by_start = matches!(
            known.paging,
            Paging::Page | Paging::Controller | Paging::Offset
        );
        Page {
            result: self.result(&page, Map::new()),
            total: match known.paging {
                Paging::Page if start < 0 => Some(0),
                Paging::Controller if start == -1 => None,
                _ => (counts && (known.total.is_some() || by_start)).then_some(all),
            },
            next: (counts && next_by_start && last < all).then_some(last),
        }
    }

    /// The rows that meet the conditions of a call, in its order.
    fn matching(self, params: &Value) -> Vec<u64> {
        let known = self.method;
        let mut rows: Vec<u64> = (0..ROWS).collect();
        if let (Some(keyset), Filters::Heeded) = (known.keyset, self.filters) {
            let id = |n: u64| 3 * n + 2;
            for (operator, value) in self.conditions(params, keyset) {
                // As portals compare with a reference into a page that is short.
                let bound = number(&value).unwrap_or(u64::from(!is_empty(&value)));
                rows.retain(|&n| match operator.as_str() {
                    ">" => id(n) > bound,
                    ">=" => id(n) >= bound,
                    "<" => id(n) < bound,
                    "<=" => id(n) <= bound,
                    "" | "=" => id(n) == bound,
                    other => panic!("{}: {other}", known.name),
                });
            }
            let order = known
                .order
                .and_then(|name| parameter(params, name))
                .cloned()
                .unwrap_or_default();
            let way = match keyset.form {
                KeysetForm::Sort => order,
                _ => order[keyset.filter].clone(),
            };
            if way
                .as_str()
                .is_some_and(|way| way.eq_ignore_ascii_case("desc"))
            {
                rows.reverse();
            }
        }
        rows
    }

    /// The conditions of a call on the ID: operators and values.
    fn conditions(self, params: &Value, keyset: Keyset) -> Vec<(String, Value)> {
        let filter = self
            .method
            .filter
            .and_then(|name| parameter(params, name))
            .cloned()
            .unwrap_or_default();
        let mut conditions: Vec<(String, Value)> = Vec::new();
        match (keyset.form, &filter) {
            (KeysetForm::Triples, Value::Array(all)) => {
                for one in all {
                    assert_eq!(one[0], json!(keyset.filter));
                    conditions.push((one[1].as_str().unwrap().to_owned(), one[2].clone()));
                }
            }
            (_, Value::Object(all)) => {
                for (key, value) in all {
                    let Some(operator) = key.strip_suffix(keyset.filter) else {
                        continue;
                    };
                    conditions.push((operator.to_owned(), value.clone()));
                }
            }
            _ => {}
        }
        conditions
    }

    /// The page that a call asks for, of so many rows.
    fn place(self, params: &Value, all: u64) -> Place {
        let start = parameter(params, "start").and_then(signed).unwrap_or(0);
        let size = self.method.page.map_or(u64::MAX, u64::from);
        let (first, rows, next_by_start) = match self.method.paging {
            Paging::Page if start < 0 => (0, size, false),
            Paging::Page => match start.unsigned_abs() / size * size {
                beyond if beyond >= all => (0, size, true),
                first => (first, size, true),
            },
            Paging::Controller => (start.max(0).unsigned_abs() / size * size, size, start != -1),
            Paging::Offset => (start.max(0).unsigned_abs(), size, true),
            Paging::Pagination => {
                let pagination = parameter(params, "pagination").cloned().unwrap_or_default();
                let limit = number(&pagination["limit"]).unwrap_or(50).min(size);
                (number(&pagination["offset"]).unwrap_or(0), limit, false)
            }
            Paging::NavParams => {
                let place = params
                    .as_array()
                    .and_then(|all| all.iter().find_map(|one| one.get("NAV_PARAMS")));
                let of = |name: &str, usual: u64| {
                    place
                        .and_then(|place| number(&place[name]))
                        .unwrap_or(usual)
                };
                let limit = of("nPageSize", ROWS).min(size);
                ((of("iNumPage", 1) - 1) * limit, limit, false)
            }
            Paging::LimitOffset => {
                let within = params.as_object().and_then(|params| {
                    let inside = params.get("params").or_else(|| params.get("PARAMS"));
                    inside.and_then(Value::as_object).or(Some(params))
                });
                let of = |name: &str, usual: u64| {
                    let found = within
                        .into_iter()
                        .flatten()
                        .find(|(key, _)| key.eq_ignore_ascii_case(name));
                    found.and_then(|(_, value)| number(value)).unwrap_or(usual)
                };
                (of("offset", 0), of("limit", 10).min(size), false)
            }
            Paging::PageNumber => {
                let page = parameter(params, "page").and_then(number).unwrap_or(1);
                ((page - 1) * size, size, false)
            }
            _ => (0, all, false),
        };
        Place {
            first,
            rows,
            next_by_start,
        }
    }

    fn by_cursor(self, params: &Value, rows: Vec<u64>) -> Page {
        let size = usize::try_from(self.method.page.unwrap()).unwrap();
        let id = |n: u64| 3 * n + 2;
        let mut beside = Map::new();
        let mut page = rows;
        let limit = |value: &Value, usual: usize| {
            let limit = number(value).map_or(usual, |limit| usize::try_from(limit).unwrap());
            limit.min(size)
        };
        if let Some(last) = self.method.name.rsplit('.').next()
            && last == "tail"
        {
            let above = number(&params["cursor"]["value"]).unwrap_or(0);
            page.retain(|&n| id(n) > above);
            page.truncate(limit(&params["cursor"]["limit"], 50));
        } else if self.method.rest == 3 {
            let after = number(&params["pagination"]["afterCursor"]["id"]).unwrap_or(0);
            page.retain(|&n| id(n) > after);
            let more = page.len();
            page.truncate(limit(&params["pagination"]["limit"], 50));
            if page.len() < more {
                let cursor = json!({"id": page.last().map(|&n| id(n))});
                if self.method.name == "call.followup.list" {
                    beside.insert("afterCursor".to_owned(), cursor);
                } else {
                    beside.insert("nextCursor".to_owned(), cursor);
                }
            }
            if self.method.name == "call.followup.list" {
                beside.insert("hasMore".to_owned(), (page.len() < more).into());
            }
        } else {
            match (number(&params["FIRST_ID"]), number(&params["LAST_ID"])) {
                (Some(first), _) => page.retain(|&n| id(n) > first),
                (None, last) => {
                    page.reverse();
                    page.retain(|&n| last.is_none_or(|last| id(n) < last));
                }
            }
            page.truncate(limit(&params["LIMIT"], 20));
            beside.insert("users".to_owned(), json!([]));
        }
        Page {
            result: self.result(&page, beside),
            total: None,
            next: None,
        }
    }

    /// The rows in the shape that is documented.
    fn result(self, page: &[u64], mut beside: Map<String, Value>) -> Value {
        let known = self.method;
        let rows: Value = if known.shape == Shape::Map && !page.is_empty() {
            let keyed = page.iter().map(|&n| match self.id(n) {
                Value::String(id) => (id, self.row(n)),
                id => (id.to_string(), self.row(n)),
            });
            Value::Object(keyed.collect())
        } else {
            page.iter().map(|&n| self.row(n)).collect()
        };
        match known.key {
            None => rows,
            Some(key) => {
                beside.insert(key.to_owned(), rows);
                Value::Object(beside)
            }
        }
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn signed(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

/// Parameters of a command as JSON: what comes over the line is text, maps and lists.
fn json_of(value: &Php) -> Value {
    match value {
        Php::Array(array) if array.is_list() => array.values().map(json_of).collect(),
        Php::Array(array) => {
            let fields = array
                .iter()
                .map(|(key, value)| (key.to_text(), json_of(value)));
            Value::Object(fields.collect())
        }
        other => other.to_text().into(),
    }
}

/// What the client makes of the list of a method: its rows, each named by its text, or its error.
async fn listed(portal: Documented) -> Result<Vec<String>, String> {
    let client = Client::builder(WEBHOOK)
        .transport(portal)
        .limit(None)
        .seed(1)
        .build()
        .unwrap();
    let mut pages = client
        .list(portal.method.name)
        .pages()
        .map_err(|error| format!("refused: {error}"))?;
    let mut rows = Vec::new();
    loop {
        match pages.next_page().await {
            Ok(None) => return Ok(rows),
            Ok(Some(page)) => {
                for row in page.iter() {
                    let row: Value = serde_json::from_str(row.json).unwrap();
                    rows.push(row["note"].as_str().unwrap().to_owned());
                }
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

fn lists() -> impl Iterator<Item = &'static Method> {
    catalogue::all()
        .iter()
        .filter(|method| method.list && Effect::of(method.name) == Effect::Read)
}

/// Why a list is not what it should be, or nothing.
fn fault(came: &Result<Vec<String>, String>, filters: Filters) -> Option<String> {
    match (came, filters) {
        (Err(error), Filters::Heeded) => Some(format!("ends with: {error}")),
        (Err(error), Filters::PassedOver) if error.starts_with("refused") => Some(error.clone()),
        (Err(_), Filters::PassedOver) => None,
        (Ok(rows), _) => {
            let different: BTreeSet<&String> = rows.iter().collect();
            (rows.len() as u64 != ROWS || different.len() as u64 != ROWS)
                .then(|| format!("{} rows, {} different", rows.len(), different.len()))
        }
    }
}

async fn faults(filters: Filters) -> String {
    let mut report = String::new();
    for method in lists() {
        let came = listed(Documented { method, filters }).await;
        if let Some(why) = fault(&came, filters) {
            writeln!(report, "{} ({:?}): {why}", method.name, method.paging).unwrap();
        }
    }
    report
}

#[tokio::test(start_paused = true)]
async fn every_list_of_the_catalogue_comes_whole_in_its_documented_shape() {
    assert!(lists().count() > 250, "{}", lists().count());
    let report = faults(Filters::Heeded).await;
    assert!(report.is_empty(), "\n{report}");
}

#[tokio::test(start_paused = true)]
async fn no_list_is_silently_wrong_on_a_portal_that_passes_filters_over() {
    let report = faults(Filters::PassedOver).await;
    assert!(report.is_empty(), "\n{report}");
}
