//! One method for many items: 50 in a request, several requests in flight, one outcome for each item in its order.
//!
//! The requests wait for the gate like all others. What was refused is sent again, what may have run is not: a write
//! whose answer is lost comes back as [`Outcome::Unknown`], and within a batch only the commands that certainly did not
//! run are repeated.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use brimful_protocol::query;
use futures_core::Stream;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use serde::Serialize;
use serde_json::Value;

use crate::batch::{Command, Known, OnError, Outcome, Pace, Runner, has_references, of_error};
use crate::check::{self, Carrier, Checks};
use crate::client::Client;
use crate::effect::{self, Effect};
use crate::error::Error;
use crate::json;

/// Requests in flight; the gate holds them back as the portal's limit wants it.
const IN_FLIGHT: usize = 8;

/// Calls of one method for many items, not yet made.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use serde_json::json;
///
/// let touch = (1..=500).map(|id| json!({"id": id, "fields": {"OPENED": "Y"}}));
/// let outcomes = client.call_each("crm.lead.update", touch).idempotent().collect().await;
/// assert_eq!(outcomes.len(), 500);
/// # Ok(())
/// # }
/// ```
#[must_use = "calls are made by outcomes() or collect()"]
pub struct Each {
    client: Client,
    method: String,
    items: BoxStream<'static, Result<Value, Error>>,
    effect: Effect,
}

impl Client {
    /// Calls `method` once for each of `items`, which are the parameters of the calls. Any number of items: they are
    /// taken as they are needed. One whose parameters cannot be meant (see [`Checks`]) is not sent, and a warning in the
    /// log says why.
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
        I: IntoIterator<Item: Serialize>,
        I::IntoIter: Send + 'static,
    {
        self.call_each_of(method, stream::iter(items))
    }

    /// The same for items that come one after the other, from a file or a queue. A request goes out with the items that
    /// have come: it does not wait for others to fill it.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client, ids: impl futures_core::Stream<Item = u64> + Send + 'static) {
    /// use futures_util::StreamExt;
    /// use serde_json::json;
    /// let mut outcomes = client
    ///     .call_each_of("crm.lead.delete", ids.map(|id| json!({ "id": id })))
    ///     .outcomes();
    /// while let Some(outcome) = outcomes.next().await {
    ///     println!("{outcome:?}");
    /// }
    /// # }
    /// ```
    pub fn call_each_of<S>(&self, method: impl Into<String>, items: S) -> Each
    where
        S: Stream<Item: Serialize> + Send + 'static,
    {
        let method = method.into();
        Each {
            client: self.clone(),
            effect: effect::of(&method),
            method,
            items: items.map(item).boxed(),
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
        let pace = Arc::new(Pace::default());
        let requests = items
            .ready_chunks(client.session().batch_size)
            .map(move |items| {
                let caller = Caller {
                    client: client.clone(),
                    method: method.clone(),
                    effect,
                    pace: Arc::clone(&pace),
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
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use futures_util::StreamExt;
/// use serde_json::json;
///
/// let leads = (0..20_000).map(|n| json!({"fields": {"TITLE": format!("Lead {n}")}}));
/// let mut outcomes = client.call_each("crm.lead.add", leads).outcomes();
/// while let Some(outcome) = outcomes.next().await {
///     println!("{:?}", outcome.done());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Outcomes(BoxStream<'static, Outcome>);

impl Outcomes {
    /// The next one; `None` after the last.
    pub async fn next(&mut self) -> Option<Outcome> {
        self.0.next().await
    }
}

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

fn item(item: impl Serialize) -> Result<Value, Error> {
    json::to_value(item, "an item")
}

struct Caller {
    client: Client,
    method: String,
    effect: Effect,
    pace: Arc<Pace>,
}

impl Caller {
    /// Runs up to 50 items; one outcome for each.
    async fn run(&self, items: Vec<Result<Value, Error>>) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = items.iter().map(|_| None).collect();
        let mut commands = Vec::new();
        for (place, params) in items.into_iter().enumerate() {
            let params = match params.and_then(|params| self.check(&params).map(|()| params)) {
                Ok(params) => params,
                Err(error) => {
                    tracing::warn!("not sent: {error}");
                    outcomes[place] = Some(Outcome::NotRun);
                    continue;
                }
            };
            if travels_alone(&params) {
                outcomes[place] = Some(self.single(params).await);
            } else {
                let command = Command {
                    label: format!("i{place}").into(),
                    method: self.method.clone(),
                    params,
                };
                commands.push((place, command));
            }
        }
        let (places, commands): (Vec<usize>, Vec<Command>) = commands.into_iter().unzip();
        if !commands.is_empty() {
            let runner = Runner::new(
                self.client.clone(),
                Some(self.effect),
                OnError::Continue,
                Arc::clone(&self.pace),
            );
            let ran = runner.run(&commands, &mut Known::default()).await;
            for (place, answer) in places.into_iter().zip(ran.answers) {
                outcomes[place] = Some(answer.outcome);
            }
        }
        outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or(Outcome::NotRun))
            .collect()
    }

    /// What would vanish from a batch is no fault: such items travel alone.
    fn check(&self, params: &Value) -> Result<(), Error> {
        match self.client.session().checks {
            Checks::On => check::call(&self.method, params, Carrier::Json),
            Checks::Off => Ok(()),
        }
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

/// Whether parameters need a body of their own. A batch is a query string: a null in it would vanish, and with it what
/// the caller wants cleared; positional parameters would lose their order, and a text like `$result` would be replaced.
pub(crate) fn travels_alone(params: &Value) -> bool {
    query::vanishing(params).is_some() || params.is_array() || has_references(params)
}
