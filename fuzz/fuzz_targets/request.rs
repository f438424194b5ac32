//! Requests to a portal: each is answered, never 5xx, and what calls itself JSON is JSON.
//!
//! An input is one request or several, with a line `%%` between them: a request line, headers, an empty line, a body,
//! all with `\n` at their ends. After an input that may have changed the portal the next one gets a new portal, so that
//! what is found is found again.

#![no_main]

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};

use brimful_portal::{AccessToken, App, Portal, PortalConfig, Rights, Webhook};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, Request};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

/// Not the portal's own machine: orders for faults would have it fail as ordered.
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));

/// The ends of methods that leave a portal as it was.
const READERS: [&str; 12] = [
    "batch",
    "current",
    "documentation",
    "fields",
    "findbycomm",
    "get",
    "getFields",
    "getlist",
    "list",
    "methods",
    "profile",
    "search",
];

thread_local! {
    static PORTAL: RefCell<Option<Portal>> = const { RefCell::new(None) };
}

fuzz_target!(|input: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let portal = PORTAL.take().unwrap_or_else(portal);
    runtime.block_on(async {
        for part in split(input, b"\n%%\n") {
            if let Some(request) = read(part) {
                check(&portal, request).await;
            }
        }
    });
    let has_key = input
        .windows(4)
        .any(|window| window.eq_ignore_ascii_case(b"idem"));
    let methods = portal.stats().methods;
    let is_reader = |name: &String| {
        READERS
            .iter()
            .any(|end| name.ends_with(&end.to_ascii_lowercase()))
    };
    if !has_key && methods.keys().all(is_reader) {
        PORTAL.set(Some(portal));
    }
});

fn portal() -> Portal {
    let mut config = PortalConfig::unlimited()
        .starts_at_unix(1_780_000_000.0)
        .webhook(Webhook::new(2, "few").scopes(["crm"]))
        .user_rights(2, Rights::Department)
        .token(AccessToken::new("token", "local.test", 1))
        .app(App::new("local.app", "secret", "http://127.0.0.1:9/"));
    for entity in ["lead", "deal", "contact", "company", "task", "user", "1032"] {
        config = config.sparse_rows(entity, 60, 0.3);
    }
    Portal::new(config).expect("sound data")
}

async fn check(portal: &Portal, request: Request<Bytes>) {
    let response = portal.handle(request, THERE).await.response();
    let response = response.expect("a whole response");
    assert!(response.status().as_u16() < 500, "{response:?}");
    let media_type = response.headers().get(CONTENT_TYPE);
    if media_type.is_some_and(|media_type| media_type.as_bytes().starts_with(b"application/json")) {
        let json = serde_json::from_slice::<IgnoredAny>(response.body());
        assert!(json.is_ok(), "{json:?}: {:?}", response.body());
    }
}

/// What is not a request at all is answered by the HTTP library and never reaches a portal.
fn read(input: &[u8]) -> Option<Request<Bytes>> {
    let mut parts = split(input, b"\n\n");
    let head = parts.next()?;
    let body = input.get(head.len() + 2..).unwrap_or_default();
    let mut lines = head.split(|&byte| byte == b'\n');
    let mut words = lines.next()?.splitn(2, |&byte| byte == b' ');
    let mut request = Request::new(Bytes::copy_from_slice(body));
    *request.method_mut() = Method::from_bytes(words.next()?).ok()?;
    *request.uri_mut() = words.next()?.try_into().ok()?;
    for line in lines {
        let mut words = line.splitn(2, |&byte| byte == b':');
        let name = HeaderName::from_bytes(words.next()?).ok()?;
        let value = HeaderValue::from_bytes(words.next()?.trim_ascii()).ok()?;
        request.headers_mut().append(name, value);
    }
    Some(request)
}

/// The pieces between `separator`.
fn split<'a>(bytes: &'a [u8], separator: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let at = bytes
            .windows(separator.len())
            .position(|window| window == separator);
        rest = at.map(|at| &bytes[at + separator.len()..]);
        Some(&bytes[..at.unwrap_or(bytes.len())])
    })
}
