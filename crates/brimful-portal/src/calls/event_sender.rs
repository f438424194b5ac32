//! Posts events to handlers.
//!
//! Each handler has a queue of its own, so events come to it in the order in which they happened, and a slow one holds up
//! no other. What was posted is not posted again, whatever came of it.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use brimful_protocol::query;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tokio::time::{Instant, timeout};

use crate::context::clock::Clock;
use crate::context::deliveries::{DeliveryLog, DeliveryOutcome, EventDelivery};
use crate::context::handler_address::{HandlerAddress, HandlerHosts};

/// How long a handler may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many events wait for a handler; more are not sent.
const MOST_WAITING: usize = 10_000;

/// What a handler is to be told.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) event: String,
    pub(crate) handler: String,
    pub(crate) application: String,
    pub(crate) form: Json,
}

/// The deliveries that wait for handlers, and the outcomes of those before.
#[derive(Debug)]
pub(crate) struct EventSender {
    hosts: HandlerHosts,
    clock: Clock,
    pub(crate) log: DeliveryLog,
    /// What waits for each handler. A handler that is here has a task that posts to it.
    waiting: Mutex<HashMap<String, VecDeque<Delivery>>>,
    /// The handlers of which was said that they are not posted to.
    named: Mutex<BTreeSet<String>>,
}

impl EventSender {
    pub(crate) fn new(hosts: HandlerHosts, clock: Clock) -> Self {
        Self {
            hosts,
            clock,
            log: DeliveryLog::default(),
            waiting: Mutex::default(),
            named: Mutex::default(),
        }
    }

    /// Posts deliveries, each handler's in their order, without waiting for any.
    pub(crate) fn send(self: &Arc<Self>, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            let mut waiting = self.waiting.lock();
            match waiting.get_mut(&delivery.handler) {
                Some(queue) if queue.len() >= MOST_WAITING => {
                    drop(waiting);
                    let reason = format!("{MOST_WAITING} events wait for the handler already");
                    self.not_sent(&delivery, reason);
                }
                Some(queue) => queue.push_back(delivery),
                None => {
                    // Without a runtime there is nobody who could post.
                    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
                        continue;
                    };
                    let handler = delivery.handler.clone();
                    waiting.insert(handler.clone(), VecDeque::from([delivery]));
                    drop(waiting);
                    let sender = Arc::clone(self);
                    runtime.spawn(async move { sender.post_all(&handler).await });
                }
            }
        }
    }

    /// Posts what waits for a handler, until nothing does.
    async fn post_all(&self, handler: &str) {
        loop {
            let next = {
                let mut waiting = self.waiting.lock();
                let next = waiting.get_mut(handler).and_then(VecDeque::pop_front);
                if next.is_none() {
                    waiting.remove(handler);
                }
                next
            };
            let Some(delivery) = next else { return };
            self.post(&delivery).await;
        }
    }

    /// Posts a delivery and keeps its outcome.
    pub(crate) async fn post(&self, delivery: &Delivery) -> (EventDelivery, Option<io::Error>) {
        let Some(address) = HandlerAddress::of(&delivery.handler, &self.hosts) else {
            self.say_it_is_elsewhere(&delivery.handler);
            let reason = "the handler is not an http:// address of this machine or of a host that is allowed";
            return (self.not_sent(delivery, reason.to_owned()), None);
        };
        let began = Instant::now();
        let form = query::encode(&delivery.form);
        let posted = timeout(PATIENCE, address.post(&form))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let mut told = self.described(delivery);
        told.milliseconds = began.elapsed().as_secs_f64() * 1000.0;
        let error = match posted {
            Ok(status) => {
                told.status = Some(status);
                told.outcome = if (200..300).contains(&status) {
                    DeliveryOutcome::Delivered
                } else {
                    DeliveryOutcome::Refused
                };
                None
            }
            Err(error) => {
                told.outcome = DeliveryOutcome::Unreachable;
                told.reason = Some(error.to_string());
                Some(error)
            }
        };
        self.log.enter(told.clone());
        (told, error)
    }

    /// Says once of a handler that it is not posted to, and what to do.
    fn say_it_is_elsewhere(&self, handler: &str) {
        if !self.named.lock().insert(handler.to_owned()) {
            return;
        }
        let address = handler.parse::<http::Uri>().ok();
        let is_http = address
            .as_ref()
            .is_some_and(|uri| uri.scheme_str() == Some("http"));
        let host = address.as_ref().and_then(http::Uri::host);
        let why = match host {
            Some(host) if is_http => {
                format!("it is not on this machine. --handler-host {host} allows it")
            }
            _ => "only http:// addresses are posted to".to_owned(),
        };
        tracing::warn!(
            target: "brimful_portal::handlers",
            "events are not posted to {handler}: {why}",
        );
    }

    fn not_sent(&self, delivery: &Delivery, reason: String) -> EventDelivery {
        let mut told = self.described(delivery);
        told.reason = Some(reason);
        self.log.enter(told.clone());
        told
    }

    fn described(&self, delivery: &Delivery) -> EventDelivery {
        let mut form = delivery.form.clone();
        for secret in ["access_token", "refresh_token", "application_token"] {
            if let Some(value) = form["auth"].get_mut(secret) {
                *value = json!("***");
            }
        }
        EventDelivery {
            number: 0,
            time: self.clock.iso(self.clock.unix(Instant::now())),
            event: delivery.event.clone(),
            handler: delivery.handler.clone(),
            application: delivery.application.clone(),
            outcome: DeliveryOutcome::NotSent,
            status: None,
            reason: None,
            milliseconds: 0.0,
            form,
        }
    }
}
