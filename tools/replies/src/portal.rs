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

/// The token of the application that calls what webhooks may not.
pub(crate) const TOKEN: &str = "application-token";

/// Calls a method with parameters as JSON: by the webhook, or as an application if webhooks may not call it. A method
/// after `api/` is called in REST 3.0.
pub(crate) async fn ask(portal: &Portal, method: &str, params: &Json) -> Result<Json, String> {
    let address = match method.strip_prefix("api/") {
        Some(method) => format!("/rest/api/1/demo/{method}"),
        None => format!("/rest/1/demo/{method}"),
    };
    let reply = post(portal, &address, params).await?;
    if is_for_applications(&reply) {
        return post(portal, &format!("/rest/{method}?auth={TOKEN}"), params).await;
    }
    Ok(reply)
}

/// Whether a reply says that a method has to be called by an application.
fn is_for_applications(reply: &Json) -> bool {
    let text = |key: &str| reply[key].as_str().unwrap_or_default();
    let description = text("error_description").to_ascii_lowercase();
    text("error") == "WRONG_AUTH_TYPE"
        || text("error") == "ERROR_WRONG_CONTEXT"
        || description.contains("application context required")
}

async fn post(portal: &Portal, address: &str, params: &Json) -> Result<Json, String> {
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
