//! The applications of the portal: which there are, and which handlers they have bound; they are installed and
//! uninstalled from here.

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Value as Json, json};

use super::{LONGEST, Refusal};
use crate::calls::Backend;
use crate::calls::installation::{self, InstallError};
use crate::context::settings::Scopes;
use crate::data::event_bindings::EventBinding;

/// Installs or uninstalls an application, as the body says.
pub(super) async fn change(backend: &Backend, request: &Request<Bytes>) -> Result<(), Refusal> {
    const USAGE: &str = "a JSON body is {\"install\": \"ID\", \"user\": 1} or {\"uninstall\": \"ID\", \"clean\": true}";
    if request.body().len() > LONGEST {
        return Err(Refusal::wrong("the body is too long"));
    }
    let asked: Json = serde_json::from_slice(request.body()).map_err(|_| Refusal::wrong(USAGE))?;
    let done = match (asked["install"].as_str(), asked["uninstall"].as_str()) {
        (Some(client_id), None) => {
            let user = asked["user"].as_u64().unwrap_or(1);
            installation::install(backend, client_id, user).await
        }
        (None, Some(client_id)) => {
            let clean = asked["clean"].as_bool().unwrap_or(false);
            installation::uninstall(backend, client_id, clean)
        }
        _ => return Err(Refusal::wrong(USAGE)),
    };
    done.map_err(|error| match error {
        InstallError::UnknownApp(_) => {
            Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", error.to_string())
        }
        error => Refusal::new(StatusCode::BAD_GATEWAY, "HANDLER_FAILED", error.to_string()),
    })
}

/// The applications and the bindings of events.
pub(super) fn described(backend: &Backend) -> Json {
    let state = backend.data.read();
    let bindings: Vec<EventBinding<'_>> = state.event_bindings().collect();
    let bound = |client_id: &str| -> Vec<Json> {
        let own = bindings.iter().filter(|one| one.application == client_id);
        own.map(|one| {
            json!({
                "event": one.event,
                "handler": one.handler,
                "auth_type": one.auth_type,
                "offline": one.is_offline,
            })
        })
        .collect()
    };
    let configured = backend.applications.all().iter();
    let mut apps: Vec<Json> = configured
        .map(|app| {
            let scopes = match &app.scopes {
                Scopes::All => Json::Null,
                Scopes::Only(scopes) => json!(scopes),
            };
            json!({
                "client_id": app.client_id,
                "handler": app.handler,
                "scopes": scopes,
                "events": bound(&app.client_id),
                "tokens": backend.callers.issued().live(&app.client_id, backend.context.elapsed()),
            })
        })
        .collect();
    let is_configured =
        |one: &&EventBinding<'_>| backend.applications.app(one.application).is_some();
    let mut others: Vec<&str> = bindings
        .iter()
        .filter(|one| !is_configured(one))
        .map(|one| one.application)
        .collect();
    others.sort_unstable();
    others.dedup();
    apps.extend(others.into_iter().map(
        |client_id| json!({ "client_id": client_id, "scopes": null, "events": bound(client_id) }),
    ));
    Json::Array(apps)
}
