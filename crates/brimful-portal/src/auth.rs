//! Who calls: webhooks and access tokens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{AccessToken, PortalConfig, Scopes, Statuses, Webhook};
use crate::download::Links;
use crate::journal::Origin;
use crate::limits::Entity;
use crate::method::MethodError;
use crate::respond;
use crate::rights::Rights;

/// What a request presents to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Presented {
    Webhook { user: String, code: String },
    Token(String),
    Nothing,
}

/// Whom the portal has let in.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) user: u64,
    pub(crate) scopes: Scopes,
    pub(crate) rights: Rights,
    /// Where the request came from.
    pub(crate) origin: Origin,
    /// Who is charged for the time of a call.
    pub(crate) entity: Entity,
    /// Who is charged for the time of a command in a batch.
    pub(crate) batch_entity: Entity,
    pub(crate) client_id: Option<Arc<str>>,
    /// What makes links to files, for calls that return any.
    pub(crate) links: Option<Links>,
}

/// Those who may call.
#[derive(Debug)]
pub(crate) struct Guests {
    webhooks: Vec<Webhook>,
    tokens: Vec<AccessToken>,
    rights: BTreeMap<u64, Rights>,
    statuses: Statuses,
}

impl Guests {
    pub(crate) fn new(config: &PortalConfig) -> Self {
        Self {
            webhooks: config.webhooks.clone(),
            tokens: config.tokens.clone(),
            rights: config.rights.clone(),
            statuses: config.statuses,
        }
    }

    /// What a user may see.
    pub(crate) fn rights(&self, user: u64) -> Rights {
        self.rights.get(&user).copied().unwrap_or_default()
    }

    /// Whose credentials these are, `elapsed` after the portal began.
    pub(crate) fn admit(
        &self,
        presented: &Presented,
        elapsed: Duration,
    ) -> Result<Caller, MethodError> {
        let refuse =
            |code, description| Err(respond::authorisation(self.statuses, code, description));
        match presented {
            Presented::Nothing => refuse("NO_AUTH_FOUND", "Wrong authorization data"),
            Presented::Webhook { user, code } => {
                let is = |hook: &Webhook| {
                    hook.code == *code
                        && (hook.user.to_string() == *user || hook.login.as_ref() == Some(user))
                };
                match self.webhooks.iter().position(is) {
                    Some(place) => Ok(Caller::webhook(&self.webhooks[place], place)),
                    None => refuse("INVALID_CREDENTIALS", "Invalid request credentials"),
                }
            }
            Presented::Token(token) => match self.tokens.iter().find(|known| known.token == *token)
            {
                None => refuse("invalid_token", "Unable to get application by token"),
                Some(known) if known.lifetime.is_some_and(|lifetime| elapsed >= lifetime) => {
                    Err(respond::expired_token(self.statuses))
                }
                Some(known) => Ok(Caller::application(
                    &known.client_id,
                    known.user,
                    known.scopes.clone(),
                )),
            },
        }
    }
}

impl Caller {
    fn webhook(hook: &Webhook, place: usize) -> Self {
        Self {
            user: hook.user,
            scopes: hook.scopes.clone(),
            rights: Rights::All,
            origin: Origin::default(),
            entity: Entity::Webhook(place),
            batch_entity: Entity::Nobody,
            client_id: None,
            links: None,
        }
    }

    /// An application that calls for `user`.
    pub(crate) fn application(client_id: &str, user: u64, scopes: Scopes) -> Self {
        let client_id: Arc<str> = client_id.into();
        let entity = Entity::Client(Arc::clone(&client_id));
        Self {
            user,
            scopes,
            rights: Rights::All,
            origin: Origin::default(),
            batch_entity: entity.clone(),
            entity,
            client_id: Some(client_id),
            links: None,
        }
    }
}
