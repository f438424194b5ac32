//! A portal, and requests to it in the forms that the documents have.

use std::net::{IpAddr, Ipv4Addr};

use brimful_portal::{AccessToken, Portal, PortalConfig};
use brimful_protocol::query;
use bytes::Bytes;
use http::{Request, header};
use serde_json::{Map, Value, json};

/// The OAuth token that the portal knows.
pub(crate) const TOKEN: &str = "0f1e2d3c4b5a";

pub(crate) struct Caller(pub(crate) Portal);

/// What came back.
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// `result` of a call that went well.
    pub(crate) fn result(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()["result"].clone()
    }
}

/// Rows of one entity, as a list.
pub(crate) fn rows(list: Value) -> Vec<Map<String, Value>> {
    serde_json::from_value(list).unwrap()
}

pub(crate) fn config() -> PortalConfig {
    PortalConfig::unlimited()
        // 2026-05-04T12:00:00+03:00
        .starts_at_unix(1_777_885_200.0)
        .token(AccessToken::new(TOKEN, "local.app", 1))
}

impl Caller {
    pub(crate) fn new(config: PortalConfig) -> Self {
        Self(Portal::new(config).unwrap())
    }

    async fn send(&self, request: Request<Bytes>) -> Heard {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let response = self.0.handle(request, here).await.response().unwrap();
        Heard {
            status: response.status().as_u16(),
            body: String::from_utf8(response.body().to_vec()).unwrap(),
        }
    }

    /// An address as it is written, `/rest/…`, typed into a browser: what may not stand in one is encoded, the rest is
    /// not.
    pub(crate) async fn address(&self, address: &str) -> Heard {
        let typed: String = address
            .chars()
            .map(|c| match c {
                '<' | '>' | ' ' => encoded(c),
                c if c.is_ascii() => c.to_string(),
                c => encoded(c),
            })
            .collect();
        self.send(Request::get(typed).body(Bytes::new()).unwrap())
            .await
    }

    /// A method with a query, called with the webhook in an address. The `=` of prefixes is encoded: to PHP a bare one
    /// ends the name of the parameter.
    pub(crate) async fn get(&self, call: &str) -> Heard {
        let mut inside = false;
        let call: String = call
            .chars()
            .map(|c| {
                inside = c == '[' || inside && c != ']';
                if inside && c == '=' {
                    encoded(c)
                } else {
                    c.to_string()
                }
            })
            .collect();
        self.address(&format!("/rest/1/demo/{call}")).await
    }

    async fn post(&self, method: &str, media_type: &str, body: String) -> Heard {
        let request = Request::post(format!("/rest/1/demo/{method}"))
            .header(header::CONTENT_TYPE, media_type)
            .body(Bytes::from(body))
            .unwrap();
        self.send(request).await
    }

    /// Parameters as a JSON body.
    pub(crate) async fn json(&self, method: &str, params: Value) -> Heard {
        self.post(method, "application/json", params.to_string())
            .await
    }

    /// Parameters as a form, the way `http_build_query` and the JavaScript library write one.
    pub(crate) async fn form(&self, method: &str, params: Value) -> Heard {
        let media_type = "application/x-www-form-urlencoded";
        self.post(method, media_type, query::encode(&params)).await
    }

    /// Commands `[label, method, parameters]` as the libraries pack them: encoded once in the command and once more in
    /// the form.
    pub(crate) async fn batch<const N: usize>(&self, commands: [(&str, &str, Value); N]) -> Value {
        let commands: Map<String, Value> = commands
            .into_iter()
            .map(|(label, method, params)| (label.to_owned(), command(method, &params).into()))
            .collect();
        self.form("batch", json!({ "halt": 0, "cmd": commands }))
            .await
            .result()
    }
}

fn encoded(c: char) -> String {
    let mut utf8 = [0; 4];
    let bytes = c.encode_utf8(&mut utf8).bytes();
    bytes.fold(String::new(), |text, byte| format!("{text}%{byte:02X}"))
}

/// A command as a library writes it.
pub(crate) fn command(method: &str, params: &Value) -> String {
    format!("{method}?{}", query::encode(params))
}

/// The IDs of rows.
pub(crate) fn ids(rows: &Value) -> Vec<u64> {
    let id = |row: &Value| match row.get("ID").or_else(|| row.get("id")) {
        Some(Value::String(id)) => id.parse().unwrap(),
        Some(id) => id.as_u64().unwrap(),
        None => panic!("no ID in {row}"),
    };
    rows.as_array()
        .unwrap_or_else(|| panic!("no list: {rows}"))
        .iter()
        .map(id)
        .collect()
}
