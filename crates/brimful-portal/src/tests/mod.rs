//! The portal's core as its specification says it: the methods here are made for the purpose.
#![expect(
    clippy::needless_pass_by_value,
    reason = "json! is written where it is used"
)]

mod application_only;
mod batches;
mod bot_posts;
mod calls;
mod churn;
mod control;
mod events;
mod faults;
mod files;
mod hidden_rows;
mod inspector;
mod keeping;
mod limits;
mod memory;
mod methods;
mod oauth;
mod rest3;
mod rights;
mod scenario;
mod sockets;
mod tls;
mod wrong_lists;

use std::net::{IpAddr, Ipv4Addr};

use brimful_protocol::query;
use bytes::Bytes;
use http::{Request, Response, header};
use serde_json::{Value as Json, json};

use crate::config::PortalConfig;
use crate::context::reply::Reply;
use crate::methods::registry::Registry;
use crate::portal::Portal;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// 2026-03-01T10:00:00.75+03:00
const NOON: f64 = 1_772_348_400.75;

/// A portal with the methods of these tests.
fn portal(config: PortalConfig) -> Portal {
    Portal::with_registry(config, Registry::with(methods::ALL)).unwrap()
}

/// One without limits, for what has nothing to do with them.
fn plain() -> Portal {
    portal(PortalConfig::unlimited().starts_at_unix(NOON))
}

/// What a response holds that these tests look at.
#[derive(Debug)]
struct Heard {
    status: u16,
    body: String,
    response: Response<Bytes>,
}

impl Heard {
    fn of(reply: Reply) -> Self {
        let response = reply.response().expect("a whole response");
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        Self {
            status: response.status().as_u16(),
            body,
            response,
        }
    }

    fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn result(&self) -> Json {
        self.json()["result"].clone()
    }

    fn header(&self, name: &str) -> &str {
        self.response
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

async fn get(portal: &Portal, uri: &str) -> Heard {
    Heard::of(
        portal
            .handle(Request::get(uri).body(Bytes::new()).unwrap(), HERE)
            .await,
    )
}

async fn post(portal: &Portal, uri: &str, media_type: &str, body: &str) -> Heard {
    let request = Request::post(uri)
        .header(header::CONTENT_TYPE, media_type)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap();
    Heard::of(portal.handle(request, HERE).await)
}

/// Calls a method with the webhook, parameters as JSON.
async fn call(portal: &Portal, method: &str, params: Json) -> Heard {
    post(
        portal,
        &format!("/rest/1/demo/{method}"),
        "application/json",
        &params.to_string(),
    )
    .await
}

/// Runs commands as a batch and gives its five parts.
async fn batch(portal: &Portal, commands: Json) -> Json {
    call(portal, "batch", json!({ "cmd": commands }))
        .await
        .result()
}

/// A command as a client writes it.
fn command(method: &str, params: Json) -> String {
    format!("{method}?{}", query::encode(&params))
}
