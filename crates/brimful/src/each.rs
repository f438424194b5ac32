//! One method for many items: 50 in a request, several requests in flight, one outcome for each item in its order.
//!
//! The requests wait for the gate like all others. What was refused is sent again, what may have run is not: a write
//! whose answer is lost comes back as [`Outcome::Unknown`], and within a batch only the commands that certainly did not
//! run are repeated.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::batch::{
    BatchRunner, Command, CommandAnswer, KnownResults, NotRun, OnError, Outcome, needs_own_body,
    outcome_of_error,
};
use crate::batch_request::Pace;
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
pub struct Each<'i> {
    client: Client,
    method: String,
    items: BoxStream<'i, Result<Value, Error>>,
    effect: Effect,
}

impl Client {
    /// Calls `method` once for each of `items`, which are the parameters of the calls. Any number of items: they are
    /// taken as they are needed. One whose parameters cannot be meant (see [`Checks`]) is not sent; its outcome says why.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) {
    /// use serde_json::json;
    /// let leads = (1..=200).map(|n| json!({"fields": {"TITLE": format!("Lead {n}")}}));
    /// for item in client.call_each("crm.lead.add", leads).collect().await {
    ///     println!("{}: {:?}", item.index, item.outcome);
    /// }
    /// # }
    /// ```
    pub fn call_each<'i, I>(&self, method: impl Into<String>, items: I) -> Each<'i>
    where
        I: IntoIterator<Item: Serialize>,
        I::IntoIter: Send + 'i,
    {
        self.call_each_of(method, stream::iter(items))
    }

    /// The same for items that come one after the other, from a file or a queue. A request goes out with the items that
    /// have come: it does not wait for others to fill it.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client, ids: impl futures_core::Stream<Item = u64> + Send) {
    /// use futures_util::StreamExt;
    /// use serde_json::json;
    /// let mut outcomes = client
    ///     .call_each_of("crm.lead.delete", ids.map(|id| json!({ "id": id })))
    ///     .outcomes();
    /// while let Some(item) = outcomes.next().await {
    ///     println!("{}: {:?}", item.index, item.outcome);
    /// }
    /// # }
    /// ```
    pub fn call_each_of<'i, S>(&self, method: impl Into<String>, items: S) -> Each<'i>
    where
        S: Stream<Item: Serialize> + Send + 'i,
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

impl<'i> Each<'i> {
    /// The calls may be made twice without harm, whatever the method: then they are repeated where nobody knows whether
    /// they ran.
    pub fn idempotent(mut self) -> Self {
        self.effect = Effect::Read;
        self
    }

    /// The outcomes as a stream, in the order of the items.
    pub fn outcomes(self) -> Outcomes<'i> {
        let Self {
            client,
            method,
            items,
            effect,
        } = self;
        let pace = Arc::new(Pace::default());
        let requests = items
            .enumerate()
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
    pub async fn collect(self) -> Vec<ItemOutcome> {
        self.outcomes().collect().await
    }
}

impl std::fmt::Debug for Each<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Each")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// What became of the call for one item.
///
/// ```no_run
/// # async fn example(client: brimful::Client) {
/// use serde_json::json;
///
/// let owners = (1..=20).map(|id| json!({"filter": {"OWNER_ID": id}}));
/// for item in client.call_each("crm.activity.list", owners).collect().await {
///     if let Some(total) = item.total.filter(|_| item.next.is_some()) {
///         println!("item {} is the first page of {total} rows", item.index);
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct ItemOutcome {
    /// The number of the item among the items, from 0.
    pub index: usize,
    /// What became of its call.
    pub outcome: Outcome,
    /// How many rows match in all, where the method counts.
    pub total: Option<u64>,
    /// Where the next page starts: then the result is one page of several.
    pub next: Option<u64>,
    method: Arc<str>,
}

impl ItemOutcome {
    /// The result, if there is one.
    pub fn done(&self) -> Option<&RawValue> {
        self.outcome.done()
    }

    /// The result as a type.
    ///
    /// # Errors
    /// There is no result; the error says why. Or it is not of the type.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.outcome
            .result_of(&self.method, &format!("for item {}", self.index))
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
/// while let Some(item) = outcomes.next().await {
///     println!("{}: {:?}", item.index, item.done());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Outcomes<'i>(BoxStream<'i, ItemOutcome>);

impl Outcomes<'_> {
    /// The next one; `None` after the last.
    pub async fn next(&mut self) -> Option<ItemOutcome> {
        self.0.next().await
    }
}

impl Stream for Outcomes<'_> {
    type Item = ItemOutcome;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl std::fmt::Debug for Outcomes<'_> {
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
    async fn run(&self, items: Vec<(usize, Result<Value, Error>)>) -> Vec<ItemOutcome> {
        let indices: Vec<usize> = items.iter().map(|(index, _)| *index).collect();
        let mut answers: Vec<Option<CommandAnswer>> = items.iter().map(|_| None).collect();
        let mut commands = Vec::new();
        for (place, (_, params)) in items.into_iter().enumerate() {
            let params = match params.and_then(|params| self.check(&params).map(|()| params)) {
                Ok(params) => params,
                Err(error) => {
                    let why = NotRun::Refused(error.to_string());
                    answers[place] = Some(Outcome::NotRun(why).into());
                    continue;
                }
            };
            if needs_own_body(&params) {
                answers[place] = Some(self.single(params).await);
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
            let runner = BatchRunner::new(
                self.client.clone(),
                Some(self.effect),
                OnError::Continue,
                Arc::clone(&self.pace),
            );
            let ran = runner.run(&commands, &mut KnownResults::default()).await;
            for (place, answer) in places.into_iter().zip(ran.answers) {
                answers[place] = Some(answer);
            }
        }
        let method: Arc<str> = self.method.as_str().into();
        indices
            .into_iter()
            .zip(answers)
            .map(|(index, answer)| {
                let answer = answer.unwrap_or_else(|| Outcome::NotRun(NotRun::PassedOver).into());
                ItemOutcome {
                    index,
                    outcome: answer.outcome,
                    total: answer.total,
                    next: answer.next,
                    method: Arc::clone(&method),
                }
            })
            .collect()
    }

    /// What would vanish from a batch is no fault: such items travel alone.
    fn check(&self, params: &Value) -> Result<(), Error> {
        match self.client.session().checks {
            Checks::On => check::call(&self.method, params, Carrier::Json),
            Checks::Off => Ok(()),
        }
    }

    async fn single(&self, item: Value) -> CommandAnswer {
        let answer = self.client.run_alone(&self.method, item, self.effect).await;
        answer.unwrap_or_else(|error| outcome_of_error(&error).into())
    }
}
