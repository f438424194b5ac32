//! Who calls: webhooks and access tokens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use crate::calls::journal::Origin;
use crate::calls::links::Links;
use crate::calls::token_store::TokenStore;
use crate::context::MethodError;
use crate::context::errors;
use crate::context::limits::Entity;
use crate::context::settings::Rights;
use crate::context::settings::{AccessToken, AuthStatuses, Scopes, Webhook};

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
    /// The key of the source that a request names.
    pub(crate) connector: Option<String>,
    /// What makes links to files, for calls that return any.
    pub(crate) links: Option<Links>,
}

/// Those who may call.
#[derive(Debug)]
pub(crate) struct Callers {
    webhooks: Vec<Webhook>,
    tokens: Vec<AccessToken>,
    rights: BTreeMap<u64, Rights>,
    /// What the OAuth server has given out.
    issued: Mutex<TokenStore>,
    /// Whether the rows are somebody's own, and not those that the portal was started with.
    has_loaded: AtomicBool,
}

impl Callers {
    pub(crate) fn new(
        webhooks: Vec<Webhook>,
        tokens: Vec<AccessToken>,
        rights: BTreeMap<u64, Rights>,
        issued: TokenStore,
    ) -> Self {
        Self {
            webhooks,
            tokens,
            rights,
            issued: Mutex::new(issued),
            has_loaded: AtomicBool::new(false),
        }
    }

    /// Says whether a snapshot has taken the place of the rows that the portal was started with. Codes that everybody knows
    /// close then.
    pub(crate) fn set_loaded(&self, is_loaded: bool) {
        self.has_loaded.store(is_loaded, Ordering::Release);
    }

    /// The codes and tokens of the OAuth server.
    pub(crate) fn issued(&self) -> MutexGuard<'_, TokenStore> {
        self.issued.lock()
    }

    pub(crate) fn webhooks(&self) -> &[Webhook] {
        &self.webhooks
    }

    /// The codes of the webhooks that are kept with the data, and their users.
    pub(crate) fn kept_codes(&self) -> Vec<(u64, String)> {
        let kept = self.webhooks.iter().filter(|hook| hook.is_kept);
        kept.map(|hook| (hook.user, hook.code.clone())).collect()
    }

    /// Whether a token of this application is known from the start.
    pub(crate) fn has_application(&self, client_id: &str) -> bool {
        self.tokens.iter().any(|token| token.client_id == client_id)
    }

    /// The path of the first webhook, `/rest/{user}/{code}/`.
    pub(crate) fn webhook_path(&self) -> String {
        self.webhooks.first().map_or_else(
            || "/rest/".to_owned(),
            |hook| format!("/rest/{}/{}/", hook.user, hook.code),
        )
    }

    /// What a user may see.
    fn rights(&self, user: u64) -> Rights {
        self.rights.get(&user).copied().unwrap_or_default()
    }

    /// Whose credentials these are, `elapsed` after the portal began. `is_local_program` says whether a program on this
    /// machine presents them.
    pub(crate) fn admit(
        &self,
        presented: &Presented,
        is_local_program: bool,
        elapsed: Duration,
        statuses: AuthStatuses,
    ) -> Result<Caller, MethodError> {
        let mut caller = self.caller(presented, is_local_program, elapsed, statuses)?;
        caller.rights = self.rights(caller.user);
        Ok(caller)
    }

    fn caller(
        &self,
        presented: &Presented,
        is_local_program: bool,
        elapsed: Duration,
        statuses: AuthStatuses,
    ) -> Result<Caller, MethodError> {
        let refuse = |code, description| Err(errors::authorisation(statuses, code, description));
        if let Presented::Token(token) = presented
            && let Some(access) = self.issued().access(token)
        {
            return if access.is_over(elapsed) {
                Err(errors::expired_token(statuses))
            } else {
                let grant = &access.grant;
                let scopes = grant.scopes.clone();
                Ok(Caller::application(&grant.client_id, grant.user, scopes))
            };
        }
        match presented {
            Presented::Nothing => refuse("NO_AUTH_FOUND", "Wrong authorization data"),
            Presented::Webhook { user, code } => {
                let has_loaded = self.has_loaded.load(Ordering::Acquire);
                let is = |hook: &Webhook| {
                    let is_local_code = is_local_program && hook.local_code.as_ref() == Some(code);
                    let is_closed = hook.closes_on_load && has_loaded && !is_local_program;
                    (hook.code == *code && !is_closed || is_local_code)
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
                    Err(errors::expired_token(statuses))
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
            connector: None,
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
            connector: None,
            links: None,
        }
    }
}
