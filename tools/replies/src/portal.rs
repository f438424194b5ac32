//! A portal in this process, and calls to it.

use std::net::{IpAddr, Ipv4Addr};

use brimful_portal::{Portal, PortalConfig};
use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value as Json, json};

/// The names of the methods that are modelled.
pub(crate) async fn modelled() -> Vec<String> {
    let Ok(portal) = Portal::new(PortalConfig::new()) else {
        return Vec::new();
    };
    let names = ask(&portal, "methods", &json!({})).await;
    let names = names
        .as_ref()
        .ok()
        .and_then(|reply| reply["result"].as_array());
    let name = |name: &Json| name.as_str().map(str::to_owned);
    names.into_iter().flatten().filter_map(name).collect()
}

/// Calls a method with parameters as JSON. A method after `api/` is called in REST 3.0.
pub(crate) async fn ask(portal: &Portal, method: &str, params: &Json) -> Result<Json, String> {
    let address = match method.strip_prefix("api/") {
        Some(method) => format!("/rest/api/1/demo/{method}"),
        None => format!("/rest/1/demo/{method}"),
    };
    let request = Request::post(address)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(params.to_string()))
        .map_err(|error| error.to_string())?;
    let reply = portal
        .handle(request, IpAddr::V4(Ipv4Addr::LOCALHOST))
        .await;
    let response = reply.response().ok_or("no response")?;
    serde_json::from_slice(response.body()).map_err(|error| error.to_string())
}
