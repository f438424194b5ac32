//! An application is installed, and its handler gets its first tokens; or it is uninstalled, and loses what it had.

use std::io;

use serde_json::json;

use super::applications::scope_list;
use super::event_sender::Delivery;
use crate::calls::Backend;
use crate::calls::token_store::Grant;
use crate::context::deliveries::{DeliveryOutcome, EventDelivery};
use crate::data::event_bindings::BINDINGS;
use crate::data::events::Occurrence;
use crate::data::records;

/// Why an application was not told of its installation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// There is no such application.
    #[error("no application \"{0}\": add it to the portal's configuration")]
    UnknownApp(String),
    /// The handler is not on this machine.
    #[error(
        "the handler {0} is not told: only http:// addresses of this machine are (127.0.0.1, localhost), and of hosts that are allowed"
    )]
    Elsewhere(String),
    /// The handler cannot be reached, or says nothing.
    #[error("the handler {address} does not answer")]
    Unreachable {
        /// Its address.
        address: String,
        /// What went wrong.
        source: io::Error,
    },
    /// The handler answered with an error.
    #[error("the handler {address} answered {status}")]
    Refused {
        /// Its address.
        address: String,
        /// The HTTP status.
        status: u16,
    },
}

/// Installs an application for the user `user`: posts `ONAPPINSTALL` to its handler.
pub(crate) async fn install(
    backend: &Backend,
    client_id: &str,
    user: u64,
) -> Result<(), InstallError> {
    let context = &backend.context;
    let app = backend
        .applications
        .app(client_id)
        .ok_or_else(|| InstallError::UnknownApp(client_id.to_owned()))?;
    let handler = app.install_handler.as_ref().unwrap_or(&app.handler);
    let grant = Grant {
        client_id: app.client_id.clone(),
        user,
        scopes: app.scopes.clone(),
    };
    let ttl = backend.applications.token_ttl;
    let pair = backend
        .callers
        .issued()
        .issue_pair(&grant, ttl, context.elapsed());
    let address = context.address.address(None);
    let now = context.now() as i64;
    let form = json!({
        "event": "ONAPPINSTALL",
        "data": {"VERSION": "1", "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": "ru"},
        "ts": now.to_string(),
        "auth": {
            "access_token": pair.access,
            "expires": now.saturating_add(ttl.as_secs() as i64),
            "expires_in": ttl.as_secs(),
            "scope": scope_list(&app.scopes, ","),
            "domain": address.domain(),
            "server_endpoint": address.endpoint(),
            "status": app.status.to_string(),
            "client_endpoint": address.endpoint(),
            "member_id": context.address.member_id,
            "user_id": user,
            "refresh_token": pair.refresh,
            "application_token": context.address.signature(client_id),
        },
    });
    let delivery = Delivery {
        event: "ONAPPINSTALL".to_owned(),
        handler: handler.clone(),
        application: client_id.to_owned(),
        form,
    };
    let (told, error) = backend.events.sender.post(&delivery).await;
    match told {
        EventDelivery {
            outcome: DeliveryOutcome::Delivered,
            ..
        } => Ok(()),
        EventDelivery {
            outcome: DeliveryOutcome::Refused,
            status: Some(status),
            ..
        } => Err(InstallError::Refused {
            address: handler.clone(),
            status,
        }),
        EventDelivery {
            outcome: DeliveryOutcome::NotSent,
            ..
        } => Err(InstallError::Elsewhere(handler.clone())),
        _ => Err(InstallError::Unreachable {
            address: handler.clone(),
            source: error.unwrap_or_else(|| io::ErrorKind::Other.into()),
        }),
    }
}

/// Uninstalls an application: the handlers that it bound to `ONAPPUNINSTALL` are told, and then its handlers and its
/// tokens are gone. `clean` is what the user answers to the question whether its data are to be deleted too.
pub(crate) fn uninstall(
    backend: &Backend,
    client_id: &str,
    clean: bool,
) -> Result<(), InstallError> {
    let is_known =
        backend.applications.app(client_id).is_some() || backend.callers.has_application(client_id);
    if !is_known {
        return Err(InstallError::UnknownApp(client_id.to_owned()));
    }
    let occurrence = Occurrence {
        name: "ONAPPUNINSTALL".into(),
        scope: "",
        data: json!({ "LANGUAGE_ID": "ru", "CLEAN": i64::from(clean) }),
    };
    let deliveries = {
        let mut state = backend.data.write();
        let deliveries = backend.without_tokens(&state, &occurrence, client_id);
        let going: Vec<u64> = state
            .event_bindings()
            .filter(|bound| bound.application == client_id)
            .map(|bound| bound.number)
            .collect();
        if let Some(place) = records::place(BINDINGS) {
            for number in going {
                state.records[place].delete(number);
            }
        }
        backend.note_changes(&mut state, None);
        deliveries
    };
    backend.callers.issued().revoke(client_id);
    backend.events.sender.send(deliveries);
    Ok(())
}
