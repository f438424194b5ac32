//! Whatever is sent, the portal answers, and never 500 on its own account: a handler that panics is a 500 here.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod deterministic;

use std::net::{IpAddr, Ipv4Addr};

use brimful_portal::{AccessToken, Portal, PortalConfig};
use brimful_protocol::query;
use bytes::Bytes;
use deterministic::cases;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A portal with some of everything, and what to call on it.
struct Bench {
    runtime: Runtime,
    portal: Portal,
    methods: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut config =
            PortalConfig::unlimited().token(AccessToken::new("token", "local.test", 1));
        for entity in ["lead", "deal", "contact", "company", "task", "user", "1032"] {
            config = config.sparse_rows(entity, 120, 0.3);
        }
        let mut bench = Self {
            runtime,
            portal: Portal::new(config).unwrap(),
            methods: Vec::new(),
        };
        let said = bench.answer(
            Request::get("/rest/1/demo/methods")
                .body(Bytes::new())
                .unwrap(),
        );
        let said: Value = serde_json::from_slice(said.body()).unwrap();
        bench.methods = said["result"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        bench
    }

    /// The reply to a request, which is one that a portal may give.
    fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let shown = format!("{request:?}");
        let reply = self.runtime.block_on(self.portal.handle(request, HERE));
        let response = reply.response().expect("a whole response");
        let status = response.status().as_u16();
        assert!(status < 500, "{status} to {shown}");
        let media_type = response
            .headers()
            .get(CONTENT_TYPE)
            .map_or("", |value| value.to_str().unwrap());
        if media_type.starts_with("application/json")
            && let Err(error) = serde_json::from_slice::<Value>(response.body())
        {
            panic!("{error} in the reply to {shown}: {:?}", response.body());
        }
        response
    }

    /// Calls a method with JSON, or with the same as a form.
    fn call(&self, method: &str, params: &Value, media_type: &str) {
        let body = if media_type.contains("json") {
            params.to_string()
        } else {
            query::encode(params)
        };
        let request = Request::post(format!("/rest/1/demo/{method}"))
            .header(CONTENT_TYPE, media_type)
            .body(Bytes::from(body))
            .unwrap();
        self.answer(request);
    }
}

/// Names of parameters and of fields, with their prefixes and without.
fn name() -> impl Strategy<Value = String> {
    let known = select(vec![
        "filter",
        "FILTER",
        "order",
        "ORDER",
        "sort",
        "select",
        "start",
        "id",
        "ID",
        "taskId",
        "cmd",
        "halt",
        "fields",
        "params",
        "entityTypeId",
        "values",
        "type",
        "entity_type",
        "LOGIC",
        "logic",
        "::LOGIC",
        "::SUBFILTER-1",
        "TITLE",
        "STATUS_ID",
        "STATUS",
        "OPPORTUNITY",
        "DATE_CREATE",
        "CREATED_DATE",
        "PHONE",
        "UF_CRM_1700000000001",
        "ROLE",
        "MEMBER",
        "TAG",
        "title",
        "createdTime",
        "stageId",
        "items",
        "CONTACT_ID",
        "IS_PRIMARY",
        "auth",
        "token",
        "0",
        "1",
        "-1",
        "",
        "pagination",
        "limit",
        "page",
        "offset",
        "cursor",
        "field",
        "value",
    ]);
    let prefix = select(vec![
        "", "", "", "", "", ">", "<", ">=", "<=", "!", "@", "!@", "%", "!%", "=%", "%=", "?", "*",
        "*=", "><", "!><", "!+", "+",
    ]);
    prop_oneof![
        8 => (prefix, known).prop_map(|(prefix, name)| format!("{prefix}{name}")),
        1 => ".{0,6}",
    ]
}

/// What stands in a parameter where a person would put something else.
fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..300).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(vec![
            "",
            "0",
            "-1",
            "50",
            "1032",
            "*",
            "UF_*",
            "ID",
            "ASC",
            "desc",
            "OR",
            "Y",
            "N",
            "null",
            "2026-02-30",
            "2026-03-01T10:00:00+03:00",
            "today",
            "99999-99-99",
            "-0001-01-01T99:99:99+99:99",
            "1e999",
            "NaN",
            "9223372036854775808",
            "-9223372036854775808",
            "0x1f",
            "%",
            "_",
            "%%%_%",
            "\\",
            "[",
            "\u{0}",
            "Ж😀",
            "$result[a][0][ID]",
            "$result",
            "$total[a]",
            "crm.lead.list?start=-1",
            "18446744073709551616",
        ])
        .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((name(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Parameters: mostly a map of names that methods look at.
fn params() -> impl Strategy<Value = Value> {
    prop_oneof![
        9 => vec((name(), value()), 0..7)
            .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        1 => value(),
    ]
}

/// Filters, orders and selects where methods look for them.
fn query_of_a_list() -> impl Strategy<Value = Value> {
    (
        vec((name(), value()), 0..5),
        vec((name(), scalar()), 0..3),
        vec(prop_oneof![name().prop_map(Value::from), scalar()], 0..4),
        scalar(),
        scalar(),
    )
        .prop_map(|(filter, order, select, start, entity)| {
            let filter: Map<_, _> = filter.into_iter().collect();
            let order: Map<_, _> = order.into_iter().collect();
            let entity = if entity.is_boolean() { entity } else { json!(1032) };
            json!({
                "filter": filter, "order": order, "select": select, "start": start, "entityTypeId": entity,
                "FILTER": filter, "params": {"filter": filter},
            })
        })
}

fn media_type() -> impl Strategy<Value = &'static str> {
    select(vec![
        "application/json",
        "application/x-www-form-urlencoded",
    ])
}

/// A command of a batch: a method with parameters that may refer, or no command at all.
fn command(methods: Vec<String>) -> impl Strategy<Value = Value> {
    let reference = r"\$(result|total|next|error|time|Result|error_description)(\[[a-c0-9]{0,2}\]|\[ID\]|\[items\]|\[\]|\[|\]|_x| ){0,5}";
    prop_oneof![
        6 => (select(methods.clone()), params()).prop_map(|(method, params)| format!("{method}?{}", query::encode(&params)).into()),
        3 => (select(methods.clone()), reference).prop_map(|(method, reference)| {
            format!("{method}?id={reference}&filter[>ID]={reference}&filter[TITLE]=a {reference}").into()
        }),
        1 => (select(methods), ".{0,30}").prop_map(|(method, rest)| format!("{method}?{rest}").into()),
        1 => ".{0,40}".prop_map(Value::from),
        1 => scalar(),
    ]
}

/// A path from the pieces that a portal knows, or anything.
fn path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        select(vec![
            "rest",
            "api",
            "1",
            "demo",
            "0",
            "crm.lead.list",
            "batch",
            "batch.xml",
            "profile.json",
            "oauth",
            "token",
            "authorize",
            "tasks.task.list",
            "documentation",
            "",
            ".",
            "..",
            "%00",
            "%ff",
            "%",
            "a+b",
            "crm.lead.get.xml",
            "methods",
            "events",
            "download",
            "upload",
        ])
        .prop_map(str::to_owned),
        "[!-~&&[^?#<>\"]]{0,12}",
    ];
    prop_oneof![
        3 => vec(piece, 0..7).prop_map(|pieces| format!("/{}", pieces.join("/"))),
        1 => "/rest/1/demo/[!-~&&[^?#<>\"]]{0,40}",
    ]
}

fn content_type() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        select(vec![
            "application/json",
            "application/JSON; charset=utf-8",
            "application/vnd+json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "multipart/form-data; boundary=\"\"",
            "multipart/form-data; boundary=--",
            "",
            ";",
            "a/b;=;boundary",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        vec(prop_oneof![Just(b'\t'), 32..127_u8, 128..=255_u8], 0..30),
    ]
}

/// A body: bytes, or something that almost is what its media type says.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..200),
        (params(), any::<prop::sample::Index>()).prop_map(|(params, cut)| {
            let text = params.to_string().into_bytes();
            text[..cut.index(text.len() + 1)].to_vec()
        }),
        "[a-c\\[\\]=&%+0-9.>]{0,80}".prop_map(String::into_bytes),
        vec("(--x|--x--|\r\n|Content-Disposition: form-data; name=\"?a(\\[\\])?\"?|filename=b|;|\r\n\r\n|[a-z]{1,5}|--)", 0..14)
            .prop_map(|pieces| pieces.concat().into_bytes()),
    ]
}

#[test]
fn any_request_is_answered() {
    let bench = Bench::new();
    let verbs = select(vec![
        "GET", "POST", "PUT", "OPTIONS", "HEAD", "DELETE", "BREW",
    ]);
    let sent = (
        verbs,
        path(),
        "[!-~&&[^#<>\"]]{0,60}",
        content_type(),
        vec(32..=255_u8, 0..20),
        body(),
    );
    proptest!(cases(1500), |((verb, path, query, content_type, authorization, body) in sent)| {
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::from_bytes(verb.as_bytes()).unwrap();
        // What is not an address at all never reaches a portal.
        let Ok(uri) = format!("{path}?{query}").parse() else { return Ok(()) };
        *request.uri_mut() = uri;
        for (name, value) in [(CONTENT_TYPE, &content_type), (AUTHORIZATION, &authorization)] {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                request.headers_mut().insert(name, value);
            }
        }
        bench.answer(request);
    });
}

#[test]
fn any_parameters_of_any_method_are_answered() {
    let bench = Bench::new();
    let sent = (select(bench.methods.clone()), params(), media_type());
    proptest!(cases(1500), |((method, params, media_type) in sent)| {
        bench.call(&method, &params, media_type);
    });
}

#[test]
fn any_filter_order_and_select_of_a_list_is_answered() {
    let bench = Bench::new();
    let lists: Vec<String> = bench
        .methods
        .iter()
        .filter(|name| name.ends_with("list") || name.ends_with("get") || name.ends_with("search"))
        .cloned()
        .collect();
    let sent = (select(lists), query_of_a_list(), media_type());
    proptest!(cases(1500), |((method, params, media_type) in sent)| {
        bench.call(&method, &params, media_type);
    });
}

#[test]
fn any_batch_is_answered_with_its_five_parts() {
    let bench = Bench::new();
    let mut methods = bench.methods.clone();
    methods.extend(["batch", "no.such", "download", ""].map(str::to_owned));
    let commands = prop_oneof![
        vec(command(methods.clone()), 0..8).prop_map(Value::from),
        vec(("[a-c0-9\\] ]{0,2}", command(methods)), 0..8)
            .prop_map(|commands| Value::Object(commands.into_iter().collect::<Map<_, _>>())),
        value(),
    ];
    proptest!(cases(600), |((cmd, halt) in (commands, scalar()))| {
        let body = json!({"cmd": cmd, "halt": halt}).to_string();
        for suffix in ["", ".xml"] {
            let request = Request::post(format!("/rest/1/demo/batch{suffix}"))
                .header(CONTENT_TYPE, "application/json")
                .body(Bytes::from(body.clone()))
                .unwrap();
            let response = bench.answer(request);
            if suffix.is_empty() {
                let said: Value = serde_json::from_slice(response.body()).unwrap();
                let parts: Vec<&String> = said["result"].as_object().unwrap().keys().collect();
                prop_assert_eq!(parts, ["result", "result_error", "result_total", "result_next", "result_time"]);
            }
        }
    });
}

#[test]
fn any_body_of_rest_3_is_answered() {
    let bench = Bench::new();
    let methods = select(vec![
        "tasks.task.list",
        "tasks.task.get",
        "tasks.task.add",
        "tasks.task.update",
        "tasks.task.field.get",
        "tasks.task.field.list",
        "main.eventlog.list",
        "main.eventlog.tail",
        "main.eventlog.get",
        "rest.scope.list",
        "rest.documentation.openapi",
        "batch",
    ]);
    let triple = (
        name(),
        select(vec!["=", "!=", ">", "in", "between", "like", ""]),
        value(),
    )
        .prop_map(|(name, operator, value)| json!([name, operator, value]));
    let listing = (vec(triple, 0..4), params(), value())
        .prop_map(|(filter, pagination, select)| {
            json!({"filter": filter, "pagination": pagination, "select": select, "cursor": pagination, "order": pagination})
        });
    let batch = vec((methods.clone(), params(), scalar()), 0..4).prop_map(|commands| {
        commands
            .into_iter()
            .map(|(method, query, name)| json!({"method": method, "query": query, "as": name}))
            .collect::<Value>()
    });
    let bodies = prop_oneof![3 => listing, 3 => params(), 2 => batch, 1 => value()];
    let key = vec(32..127_u8, 0..12);
    proptest!(cases(1000), |((method, body, key) in (methods, bodies, key))| {
        let request = Request::post(format!("/rest/api/1/demo/{method}"))
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", HeaderValue::from_bytes(&key).unwrap())
            .body(Bytes::from(body.to_string()))
            .unwrap();
        bench.answer(request);
    });
}

#[test]
fn what_is_too_large_too_deep_or_not_text_is_refused_and_not_fatal() {
    let bench = Bench::new();
    let send = |media_type: &str, body: Vec<u8>| {
        let request = Request::post("/rest/1/demo/crm.lead.list")
            .header(CONTENT_TYPE, media_type)
            .body(Bytes::from(body))
            .unwrap();
        bench.answer(request).status().as_u16()
    };
    let deep = |open: &str, close: &str| (open.repeat(10_000) + &close.repeat(10_000)).into_bytes();
    assert_eq!(send("application/json", vec![b' '; (64 << 20) + 1]), 413);
    assert_eq!(send("application/json", deep("[", "]")), 400);
    assert_eq!(send("application/json", deep("{\"a\":", "}")), 400);
    // PHP takes what it can of these.
    assert_eq!(
        send("application/json", b"{\"filter\":\"\xff\xfe\"}".to_vec()),
        200
    );
    let nested = format!("filter{}=1", "[a]".repeat(10_000)).into_bytes();
    assert_eq!(send("application/x-www-form-urlencoded", nested), 200);
    let many = "a[]=1&".repeat(200_000).into_bytes();
    assert_eq!(send("application/x-www-form-urlencoded", many), 200);
}

#[test]
fn commands_that_double_what_those_before_them_wrote_do_not_take_all_memory() {
    let bench = Bench::new();
    let seed = "x".repeat(1 << 20);
    let mut commands = vec![format!("crm.lead.update?id=1&fields[COMMENTS]={seed}")];
    for step in (0..48).step_by(2) {
        commands.push("crm.lead.get?id=1".to_owned());
        let row = step + 1;
        commands.push(format!(
            "crm.lead.update?id=1&fields[COMMENTS]=$result[{row}][COMMENTS] $result[{row}][COMMENTS]"
        ));
    }
    let send = |path: &str, body: Value| {
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_string()))
            .unwrap();
        bench.answer(request)
    };
    let response = send("/rest/1/demo/batch", json!({ "cmd": commands }));
    assert!(response.body().len() < 200 << 20);
    let grow = [
        "crm.lead.get?id=1",
        "crm.lead.update?id=1&fields[UF_CRM_1700000000001]=$result[x]",
    ]
    .repeat(25);
    let response = send("/rest/1/demo/batch", json!({ "cmd": grow }));
    assert!(response.body().len() < 200 << 20);
}

#[test]
fn a_batch_of_rest_3_has_no_longest_length_and_still_an_end() {
    let bench = Bench::new();
    let title = "x".repeat(100_000);
    let add = json!({"method": "tasks.task.add", "query": {"fields": {"title": title, "creatorId": 1, "responsibleId": 1}}});
    let list = json!({"method": "tasks.task.list", "query": {"select": ["title"], "pagination": {"limit": 1000}}});
    let items: Value = [vec![add; 20], vec![list; 100]].concat().into();
    let request = Request::post("/rest/api/1/demo/batch")
        .header(CONTENT_TYPE, "application/json")
        .body(Bytes::from(items.to_string()))
        .unwrap();
    assert_eq!(bench.answer(request).status(), 413);
}
