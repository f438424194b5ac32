//! Events: what a call has changed is told to the handlers that applications have bound.
//!
//! A delivery is made while the data are locked, and posted after the call is over (`event_sender.rs`).

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value as Json, json};

use super::Backend;
use super::event_sender::{Delivery, EventSender};
use super::token_store::Grant;
use crate::context::settings::Scopes;
use crate::context::{Call, MethodName};
use crate::data::PortalData;
use crate::data::bot_posts::{self, BotPost, BotPostForm, PostedBot};
use crate::data::changes::Changes;
use crate::data::event_bindings::EventBinding;
use crate::data::events::Occurrence;

/// Who caused events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cause<'c> {
    pub(crate) user: u64,
    /// The method, or the option of the portal that changes rows.
    pub(crate) method: &'c MethodName,
    /// The key of the source that a call names, if it names one: its own queue does not get what it causes.
    pub(crate) connector: Option<&'c str>,
    /// Unix seconds.
    pub(crate) now: f64,
}

impl<'c> Cause<'c> {
    /// A user who does something in the portal itself, since the option `option` has him do it.
    pub(crate) fn of_user(user: u64, option: &'c MethodName, now: f64) -> Self {
        Self {
            user,
            method: option,
            connector: None,
            now,
        }
    }

    /// The caller of a method.
    pub(crate) fn of(call: &'c Call<'_>) -> Self {
        Self {
            user: call.user,
            method: &call.method,
            connector: call.connector,
            now: call.now,
        }
    }
}

/// The events on their way, and the outcomes of those before.
#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) sender: Arc<EventSender>,
    /// When each handler was last told that events wait for it.
    notices: Mutex<HashMap<(String, String), f64>>,
}

impl Events {
    pub(crate) fn new(sender: EventSender) -> Self {
        Self {
            sender: Arc::new(sender),
            notices: Mutex::default(),
        }
    }
}

impl Backend {
    /// What is to be told of changes. Events that wait to be fetched are put into their queues at once.
    pub(crate) fn events_of(
        &self,
        state: &mut PortalData,
        changes: &Changes,
        cause: Cause<'_>,
    ) -> Vec<Delivery> {
        let posts = bot_posts::of_changes(changes);
        let mut deliveries: Vec<Delivery> = posts
            .iter()
            .map(|post| self.bot_delivery(post, cause))
            .collect();
        if state.event_bindings().next().is_none() {
            return deliveries;
        }
        let mut queued = Vec::new();
        for occurrence in state.occurrences(changes) {
            for binding in state.event_bindings() {
                if binding.event != occurrence.name {
                    continue;
                }
                if !binding.is_offline {
                    deliveries.push(self.delivery(&binding, &occurrence, cause, false));
                } else if binding.connector.is_empty() || cause.connector != Some(binding.connector)
                {
                    let whose = (binding.application.to_owned(), binding.connector.to_owned());
                    queued.push((occurrence.clone(), whose));
                }
            }
        }
        for (occurrence, (application, connector)) in &queued {
            state.queue_offline(occurrence, application, connector, cause.now as i64);
        }
        if !queued.is_empty() {
            deliveries.extend(self.notices(state, &queued, cause));
        }
        deliveries
    }

    /// `ONOFFLINEEVENT` for the applications in whose queues there is something new.
    fn notices(
        &self,
        state: &PortalData,
        queued: &[(Occurrence, (String, String))],
        cause: Cause<'_>,
    ) -> Vec<Delivery> {
        let occurrence = Occurrence {
            name: "ONOFFLINEEVENT".into(),
            scope: "",
            data: json!([]),
        };
        let mut notices = self.events.notices.lock();
        let mut is_due = |binding: &EventBinding<'_>| {
            let key = (binding.application.to_owned(), binding.handler.to_owned());
            let pause = binding.min_timeout();
            let last = notices.get(&key).copied();
            let is_due = last.is_none_or(|last| cause.now - last >= pause);
            if is_due {
                notices.insert(key, cause.now);
            }
            is_due
        };
        state
            .event_bindings()
            .filter(|binding| binding.event == "ONOFFLINEEVENT" && !binding.is_offline)
            .filter(|binding| {
                queued
                    .iter()
                    .any(|(_, (application, _))| *application == binding.application)
            })
            .filter(|binding| is_due(binding))
            .map(|binding| self.delivery(&binding, &occurrence, cause, true))
            .collect()
    }

    /// What is told of an event that comes without tokens, to the handlers of one application.
    pub(crate) fn without_tokens(
        &self,
        state: &PortalData,
        occurrence: &Occurrence,
        application: &str,
    ) -> Vec<Delivery> {
        let bound = state.event_bindings().filter(|binding| {
            !binding.is_offline
                && binding.application == application
                && binding.event == occurrence.name
        });
        bound
            .map(|binding| {
                let auth = self.address_of(application);
                form(&binding, occurrence, &auth, self.context.now())
            })
            .collect()
    }

    fn delivery(
        &self,
        binding: &EventBinding<'_>,
        occurrence: &Occurrence,
        cause: Cause<'_>,
        with_refresh: bool,
    ) -> Delivery {
        let user = match binding.auth_type {
            0 => cause.user,
            user => user.unsigned_abs(),
        };
        let auth = self.auth(binding.application, user, occurrence.scope, with_refresh);
        form(binding, occurrence, &auth, cause.now)
    }

    /// What lets the handler of an application call the portal back for a user.
    fn auth(
        &self,
        application: &str,
        user: u64,
        scope: &str,
        with_refresh: bool,
    ) -> Map<String, Json> {
        let app = self.applications.app(application);
        let grant = Grant {
            client_id: application.to_owned(),
            user,
            scopes: app.map_or(Scopes::All, |app| app.scopes.clone()),
        };
        let ttl = self.applications.token_ttl;
        let elapsed = self.context.elapsed();
        let mut issued = self.callers.issued();
        let (pair, left) = issued.pair_for_events(&grant, ttl, elapsed);
        let mut auth = Map::new();
        auth.insert("access_token".to_owned(), json!(pair.access));
        auth.insert("expires_in".to_owned(), json!(left.as_secs()));
        auth.insert("scope".to_owned(), json!(scope));
        auth.insert(
            "status".to_owned(),
            json!(app.map_or('L', |app| app.status).to_string()),
        );
        auth.insert("user_id".to_owned(), json!(user));
        if with_refresh {
            auth.insert("refresh_token".to_owned(), json!(pair.refresh));
        }
        drop(issued);
        auth.extend(self.address_of(application));
        auth
    }

    /// What is posted to a bot: its handler may speak for the bot and for the user who caused the event.
    fn bot_delivery(&self, post: &BotPost, cause: Cause<'_>) -> Delivery {
        const SCOPE: &str = "imbot";
        let PostedBot {
            id,
            code,
            application,
        } = &post.bot;
        let expires = |auth: &mut Map<String, Json>| {
            let left = auth.get("expires_in").and_then(Json::as_u64).unwrap_or(0);
            auth.insert("expires".to_owned(), json!(cause.now as u64 + left));
        };
        let mut of_bot = self.auth(application, *id, SCOPE, true);
        expires(&mut of_bot);
        of_bot.insert("client_id".to_owned(), json!(application));
        let mut auth = self.auth(application, cause.user, SCOPE, true);
        expires(&mut auth);
        let mut data = post.data.clone();
        let named = |mut of_bot: Map<String, Json>| {
            let again = of_bot.clone();
            of_bot.insert("AUTH".to_owned(), json!(again));
            of_bot.insert("BOT_ID".to_owned(), json!(id));
            of_bot.insert("BOT_CODE".to_owned(), json!(code));
            of_bot
        };
        let mut say = |name: &str, number: u64, of: Map<String, Json>| {
            data.insert(name.to_owned(), json!({ number.to_string(): of }));
        };
        match &post.form {
            BotPostForm::UnderBot => say("BOT", *id, named(of_bot)),
            BotPostForm::UnderCommand(command, called) => {
                let mut of_command = named(of_bot);
                of_command.extend(called.clone());
                say("COMMAND", *command, of_command);
            }
            BotPostForm::Newer => {
                let bot = json!({"id": id, "code": code, "auth": of_bot});
                data.insert("bot".to_owned(), bot);
            }
            BotPostForm::Nameless => {}
        }
        Delivery {
            event: post.event.to_owned(),
            handler: post.handler.clone(),
            application: application.clone(),
            form: json!({
                "event": post.event,
                "event_handler_id": id.to_string(),
                "data": data,
                "ts": (cause.now as i64).to_string(),
                "auth": auth,
            }),
        }
    }

    /// By which a handler knows the portal.
    fn address_of(&self, application: &str) -> Map<String, Json> {
        let address = self.context.address.address(None);
        let portal = [
            ("domain", json!(address.domain())),
            ("server_endpoint", json!(address.endpoint())),
            ("client_endpoint", json!(address.endpoint())),
            ("member_id", json!(self.context.address.member_id)),
            (
                "application_token",
                json!(self.context.address.signature(application)),
            ),
        ];
        let portal = portal.into_iter();
        portal
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

/// What a handler is told of an event.
fn form(
    binding: &EventBinding<'_>,
    occurrence: &Occurrence,
    auth: &Map<String, Json>,
    now: f64,
) -> Delivery {
    Delivery {
        event: occurrence.name.clone().into_owned(),
        handler: binding.handler.to_owned(),
        application: binding.application.to_owned(),
        form: json!({
            "event": occurrence.name,
            "event_handler_id": binding.number.to_string(),
            "data": occurrence.data,
            "ts": (now as i64).to_string(),
            "auth": auth,
        }),
    }
}
