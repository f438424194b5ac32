//! The outcomes of events: the last deliveries, for `/_portal/events` and for subscribers.

use std::collections::VecDeque;
use std::fmt;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use serde_json::Value as Json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// So many deliveries are kept.
const MOST: usize = 1_000;

/// An event that was to be posted to a handler, and the outcome.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct EventDelivery {
    /// Counted from 1.
    pub number: u64,
    /// When it was posted, by the portal's clock.
    pub time: String,
    /// The event, in upper case.
    pub event: String,
    /// The address of the handler.
    pub handler: String,
    /// The application that bound it.
    pub application: String,
    /// Its outcome.
    pub outcome: DeliveryOutcome,
    /// The HTTP status of the handler's reply, if it replied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it was not delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long the handler took.
    pub milliseconds: f64,
    /// The form that was posted, its tokens hidden.
    pub form: Json,
}

/// The outcome of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryOutcome {
    /// The handler answered with a status from 200 to 299.
    Delivered,
    /// The handler answered with another status.
    Refused,
    /// The handler did not answer.
    Unreachable,
    /// It was not posted: the handler is on another machine, or too many events wait for it.
    NotSent,
}

/// The deliveries to come.
#[derive(Debug)]
pub struct EventDeliveries(UnboundedReceiver<EventDelivery>);

impl EventDeliveries {
    /// Waits for the next delivery; `None` once the portal is gone.
    pub async fn next(&mut self) -> Option<EventDelivery> {
        self.0.recv().await
    }

    /// The next delivery, if it is there.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<EventDelivery>> {
        self.0.poll_recv(context)
    }
}

/// The last deliveries, and who is told of those to come.
#[derive(Default)]
pub(crate) struct DeliveryLog(Mutex<KeptDeliveries>);

#[derive(Default)]
struct KeptDeliveries {
    deliveries: VecDeque<EventDelivery>,
    last: u64,
    listeners: Vec<UnboundedSender<EventDelivery>>,
}

impl DeliveryLog {
    /// Keeps a delivery; its number is given here.
    pub(crate) fn enter(&self, mut delivery: EventDelivery) {
        let kept = &mut *self.0.lock();
        kept.last += 1;
        delivery.number = kept.last;
        kept.listeners
            .retain(|listener| listener.send(delivery.clone()).is_ok());
        kept.deliveries.push_back(delivery);
        if kept.deliveries.len() > MOST {
            kept.deliveries.pop_front();
        }
    }

    /// The deliveries that are kept, the oldest first.
    pub(crate) fn deliveries(&self) -> Vec<EventDelivery> {
        self.0.lock().deliveries.iter().cloned().collect()
    }

    /// Forgets all deliveries; numbers go on.
    pub(crate) fn clear(&self) {
        self.0.lock().deliveries.clear();
    }

    /// Listens to the deliveries from now on.
    pub(crate) fn listen(&self) -> EventDeliveries {
        let (sender, receiver) = unbounded_channel();
        self.0.lock().listeners.push(sender);
        EventDeliveries(receiver)
    }
}

impl fmt::Debug for DeliveryLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryLog").finish_non_exhaustive()
    }
}
