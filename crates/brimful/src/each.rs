//! One method for many items: 50 in a request, several requests in flight, one outcome for each item in its order.
//!
//! The requests wait for the gate like all others. What was refused is sent again, what may have run is not: a write
//! whose answer is lost comes back as [`Outcome::Unknown`], and within a batch only the commands that certainly did not
//! run are repeated.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use brimful_protocol::batch::MAX_COMMANDS;
use brimful_protocol::{KnownCode, query};
use futures_core::Stream;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;
use tokio::time::Instant;

use crate::batch::{Command, Outcome};
use crate::client::Client;
use crate::effect::{self, Effect};
use crate::error::{DidItRun, Error};

/// Requests in flight; the gate holds them back as the portal's limit wants it.
const IN_FLIGHT: usize = 8;
/// How often commands that came back without having run are sent again.
const REPEATS: u32 = 20;

/// Calls of one method for many items, not yet made.
#[must_use = "calls are made by outcomes() or collect()"]
pub struct Each {
    client: Client,
    method: String,
    items: Box<dyn Iterator<Item = Value> + Send>,
    effect: Effect,
}

impl Client {
    /// Calls `method` once for each of `items`, which are the parameters of the calls. Any number of items: they are
    /// taken as they are needed.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) {
    /// use serde_json::json;
    /// let leads = (1..=200).map(|n| json!({"fields": {"TITLE": format!("Lead {n}")}}));
    /// for outcome in client.call_each("crm.lead.add", leads).collect().await {
    ///     println!("{outcome:?}");
    /// }
    /// # }
    /// ```
    pub fn call_each<I>(&self, method: impl Into<String>, items: I) -> Each
    where
        I: IntoIterator<Item = Value>,
        I::IntoIter: Send + 'static,
    {
        let method = method.into();
        Each {
            client: self.clone(),
            effect: effect::of(&method),
            method,
            items: Box::new(items.into_iter()),
        }
    }
}

impl Each {
    /// The calls may be made twice without harm, whatever the method: then they are repeated where nobody knows whether
    /// they ran.
    pub fn idempotent(mut self) -> Self {
        self.effect = Effect::Read;
        self
    }

    /// The outcomes as a stream, in the order of the items.
    pub fn outcomes(self) -> Outcomes {
        let Self {
            client,
            method,
            items,
            effect,
        } = self;
        let room = Arc::new(AtomicUsize::new(MAX_COMMANDS));
        let requests = stream::iter(items)
            .chunks(MAX_COMMANDS)
            .map(move |items| {
                let caller = Caller {
                    client: client.clone(),
                    method: method.clone(),
                    effect,
                    room: Arc::clone(&room),
                };
                async move { caller.run(items).await }
            })
            .buffered(IN_FLIGHT);
        Outcomes(requests.flat_map(stream::iter).boxed())
    }

    /// All outcomes, in the order of the items.
    pub async fn collect(self) -> Vec<Outcome> {
        self.outcomes().collect().await
    }
}

impl std::fmt::Debug for Each {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Each")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Outcomes in the order of the items.
pub struct Outcomes(BoxStream<'static, Outcome>);

impl Stream for Outcomes {
    type Item = Outcome;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Outcome>> {
        self.0.poll_next_unpin(context)
    }
}

impl std::fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outcomes").finish_non_exhaustive()
    }
}

struct Caller {
    client: Client,
    method: String,
    effect: Effect,
    /// Commands that a request may have to be done in good time, learned from the requests before it.
    room: Arc<AtomicUsize>,
}

/// A request is to be done in this time: a portal cuts it after 60 seconds, and what it did until then is unknown.
const LONGEST_REQUEST: Duration = Duration::from_secs(20);

impl Caller {
    /// Runs up to 50 items; one outcome for each.
    async fn run(&self, items: Vec<Value>) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = items.iter().map(|_| None).collect();
        let mut waiting = Vec::new();
        for (place, item) in items.iter().enumerate() {
            if query::vanishing(item).is_some() || item.is_array() {
                // A batch is a query string: a null in it would vanish, and with it what the caller wants cleared;
                // positional parameters would lose their order. A body of its own carries both.
                outcomes[place] = Some(self.single(item.clone()).await);
            } else {
                waiting.push(place);
            }
        }
        let mut repeats = 0;
        while !waiting.is_empty() {
            let room = self.room.load(Ordering::Relaxed).min(waiting.len());
            let now: Vec<usize> = waiting.drain(..room).collect();
            let commands: Vec<Command> = now
                .iter()
                .map(|place| Command::new(format!("i{place}"), &self.method, items[*place].clone()))
                .collect();
            let sent = Instant::now();
            let answered = match self.client.batch_of(&commands, self.effect).await {
                Ok(answered) => answered,
                Err(error) => {
                    for place in now {
                        outcomes[place] = Some(of_error(&error));
                    }
                    continue;
                }
            };
            self.learn(sent.elapsed(), commands.len());
            let mut refused = Vec::new();
            let mut over_time = false;
            for (place, outcome) in now.into_iter().zip(answered) {
                if let Some(why) = self.did_not_run(&outcome) {
                    over_time |= why == KnownCode::OperationTimeLimit;
                    refused.push(place);
                }
                outcomes[place] = Some(outcome);
            }
            if refused.is_empty() {
                repeats = 0;
                continue;
            }
            repeats += 1;
            if repeats > REPEATS {
                break;
            }
            let session = self.client.session();
            let wait = if over_time {
                session.ledger.refused(&self.method)
            } else {
                session.delay(repeats)
            };
            tokio::time::sleep(wait).await;
            refused.append(&mut waiting);
            waiting = refused;
        }
        outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or(Outcome::NotRun))
            .collect()
    }

    /// Whether a command may be sent again, and what kept it from running.
    fn did_not_run(&self, outcome: &Outcome) -> Option<KnownCode> {
        match outcome {
            Outcome::Failed(error) => match error.code.known() {
                code @ (KnownCode::OperationTimeLimit | KnownCode::QueryLimitExceeded) => {
                    Some(code)
                }
                code @ KnownCode::Internal if self.effect == Effect::Read => Some(code),
                _ => None,
            },
            // The portal passed it over.
            Outcome::NotRun => Some(KnownCode::Other),
            _ => None,
        }
    }

    fn learn(&self, took: Duration, commands: usize) {
        let each = took.as_secs_f64() / commands.max(1) as f64;
        let room = (LONGEST_REQUEST.as_secs_f64() / each.max(1e-6)) as usize;
        self.room
            .store(room.clamp(1, MAX_COMMANDS), Ordering::Relaxed);
    }

    async fn single(&self, item: Value) -> Outcome {
        match self
            .client
            .call_as(&self.method, item, self.effect)
            .boxed()
            .await
        {
            Ok(reply) => Outcome::Done(reply.raw().to_owned()),
            Err(error) => of_error(&error),
        }
    }
}

/// What an error of a whole request means for each of its items.
fn of_error(error: &Error) -> Outcome {
    match (error.did_it_run(), error.api_error()) {
        (DidItRun::Yes | DidItRun::No, Some(api)) => Outcome::Failed(api.clone()),
        (DidItRun::No, None) => Outcome::NotRun,
        (DidItRun::Unknown, _) | (DidItRun::Yes, None) => Outcome::Unknown(error.to_string()),
    }
}
