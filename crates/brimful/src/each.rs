//! One method for many items: 50 in a request, several requests in flight, one outcome for each item in its order.
//!
//! The requests wait for the gate like all others. What was refused is sent again, what may have run is not: a write
//! whose answer is lost comes back as [`Outcome::Unknown`], and within a batch only the commands that certainly did not
//! run are repeated.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use brimful_protocol::list_fields;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use indexmap::IndexMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{Mutex, MutexGuard};

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
use crate::list::names::NamesCheck;

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
    check_names: bool,
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
            check_names: false,
        }
    }
}

impl<'i> Each<'i> {
    /// The calls may be made twice without harm, whatever the method: then they are repeated where it is unknown
    /// whether they ran.
    pub fn idempotent(mut self) -> Self {
        self.effect = Effect::Read;
        self
    }

    /// Checks names and values in filters, selects and orders where the method is a list, as
    /// [`List::check_names`](crate::List::check_names) does. The fields are asked for by a command of the first request, and
    /// the other requests wait for it. An item that names what is not a field is [`NotRun::Refused`], with the nearest
    /// name; if it was in that first request, its result is dropped.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) {
    /// use serde_json::json;
    ///
    /// let stages = ["NEW", "WON"].map(|stage| json!({"filter": {"stage_id": stage}}));
    /// for item in client.call_each("crm.deal.list", stages).check_names(true).collect().await {
    ///     // the filter has stage_id, which is not a field (did you mean STAGE_ID?)
    ///     println!("{:?}", item.outcome);
    /// }
    /// # }
    /// ```
    pub fn check_names(mut self, check: bool) -> Self {
        self.check_names = check;
        self
    }

    /// The outcomes as a stream, in the order of the items.
    pub fn outcomes(self) -> Outcomes<'i> {
        let Self {
            client,
            method,
            items,
            effect,
            check_names,
        } = self;
        let pace = Arc::new(Pace::default());
        let fields = check_names.then(|| Arc::new(Mutex::new(FieldsByCommand::new())));
        // The fields take the place of an item in the first request.
        let takes_fields =
            check_names && list_fields::find(&method).is_some_and(|known| known.fields.is_some());
        let slots = items.enumerate().flat_map(move |(index, item)| {
            let fields = (takes_fields && index == 0).then_some(Slot::Fields);
            stream::iter(fields.into_iter().chain([Slot::Item(index, item)]))
        });
        let requests = slots
            .ready_chunks(client.session().batch_size)
            .map(move |slots| {
                let caller = Caller {
                    client: client.clone(),
                    method: method.clone(),
                    effect,
                    pace: Arc::clone(&pace),
                    fields: fields.clone(),
                };
                async move { caller.run(slots).await }
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

/// The outcome of the call for one item.
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
    /// The outcome of its call.
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

/// A place in a request.
enum Slot {
    /// Kept for the command that asks for the fields.
    Fields,
    /// An item and its number.
    Item(usize, Result<Value, Error>),
}

/// What the commands that describe fields have returned, by the command; `None`: it was refused, and nothing is checked.
type FieldsByCommand = HashMap<String, Option<Value>>;

struct Caller {
    client: Client,
    method: String,
    effect: Effect,
    pace: Arc<Pace>,
    /// Names are held against these.
    fields: Option<Arc<Mutex<FieldsByCommand>>>,
}

/// An item that is to be called.
struct CheckedItem {
    place: usize,
    params: Value,
    /// It names fields of which it is not known yet whether there are such.
    open: Option<NamesCheck>,
}

impl Caller {
    /// Runs up to 50 items; one outcome for each.
    async fn run(&self, slots: Vec<Slot>) -> Vec<ItemOutcome> {
        let (indices, items): (Vec<usize>, Vec<Result<Value, Error>>) = slots
            .into_iter()
            .filter_map(|slot| match slot {
                Slot::Fields => None,
                Slot::Item(index, item) => Some((index, item)),
            })
            .unzip();
        // Held while the fields are asked for: the requests beside this one wait for them.
        let mut known = match &self.fields {
            Some(fields) => Some(fields.lock().await),
            None => None,
        };
        let mut answers: Vec<Option<CommandAnswer>> = items.iter().map(|_| None).collect();
        let mut checked = Vec::new();
        for (place, params) in items.into_iter().enumerate() {
            match params.and_then(|params| self.check(place, params, known.as_deref())) {
                Ok(item) => checked.push(item),
                Err(error) => answers[place] = Some(refused(&error)),
            }
        }
        if !checked.iter().any(|item| item.open.is_some()) {
            known = None;
        }
        let (alone, together): (Vec<_>, Vec<_>) = checked
            .into_iter()
            .partition(|item| needs_own_body(&item.params));
        let (waiting, alone): (Vec<_>, Vec<_>) =
            alone.into_iter().partition(|item| item.open.is_some());
        for item in alone {
            answers[item.place] = Some(self.single(item.params).await);
        }
        self.run_together(together, &waiting, known, &mut answers)
            .await;
        for item in waiting {
            if answers[item.place].is_none() {
                answers[item.place] = Some(self.single(item.params).await);
            }
        }
        self.outcomes(indices, answers)
    }

    /// Runs items in one request, and asks in it for the fields that they and those that are `waiting` name. Items whose
    /// names are not fields are refused.
    async fn run_together(
        &self,
        items: Vec<CheckedItem>,
        waiting: &[CheckedItem],
        known: Option<MutexGuard<'_, FieldsByCommand>>,
        answers: &mut [Option<CommandAnswer>],
    ) {
        let (asked, mut commands) = asking_for_fields(items.iter().chain(waiting));
        let mut open = Vec::new();
        let mut places = Vec::new();
        for item in items {
            commands.push(Command {
                label: format!("i{}", item.place).into(),
                method: self.method.clone(),
                params: item.params,
            });
            places.push(item.place);
            open.extend(item.open.map(|check| (item.place, check)));
        }
        if commands.is_empty() {
            return;
        }
        let runner = BatchRunner::new(
            self.client.clone(),
            Some(self.effect),
            OnError::Continue,
            Arc::clone(&self.pace),
        );
        let ran = runner.run(&commands, &mut KnownResults::default()).await;
        let mut ran = ran.answers.into_iter();
        let described: Vec<CommandAnswer> = ran.by_ref().take(asked.len()).collect();
        for (place, answer) in places.into_iter().zip(ran) {
            answers[place] = Some(answer);
        }
        let Some(mut known) = known else { return };
        for (command, answer) in asked.into_iter().zip(described) {
            let fields = match answer.outcome {
                Outcome::Done(result) => serde_json::from_str(result.get()).ok(),
                Outcome::Failed(_) => None,
                // The next request asks again.
                _ => continue,
            };
            known.insert(command, fields);
        }
        let waiting = waiting
            .iter()
            .filter_map(|item| Some((item.place, item.open.as_ref()?)));
        let open = open.iter().map(|(place, check)| (*place, check));
        for (place, check) in open.chain(waiting) {
            if let Some(Some(fields)) = known.get(&check.command())
                && let Err(error) = check.verdict(fields)
            {
                answers[place] = Some(refused(&error));
            }
        }
    }

    /// One outcome for each item.
    fn outcomes(
        &self,
        indices: Vec<usize>,
        answers: Vec<Option<CommandAnswer>>,
    ) -> Vec<ItemOutcome> {
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

    /// What would vanish from a batch is not a fault: such items travel alone.
    fn check(
        &self,
        place: usize,
        params: Value,
        known: Option<&FieldsByCommand>,
    ) -> Result<CheckedItem, Error> {
        if let Checks::On = self.client.session().checks {
            check::call(&self.method, &params, Carrier::Json)?;
        }
        let mut open = None;
        if let Some(known) = known
            && let Some(check) = NamesCheck::new(&self.method, &params)?
        {
            match known.get(&check.command()) {
                Some(Some(fields)) => check.verdict(fields)?,
                Some(None) => {}
                None => open = Some(check),
            }
        }
        Ok(CheckedItem {
            place,
            params,
            open,
        })
    }

    async fn single(&self, item: Value) -> CommandAnswer {
        let answer = self.client.run_alone(&self.method, item, self.effect).await;
        answer.unwrap_or_else(|error| outcome_of_error(&error).into())
    }
}

/// The commands that describe the fields that items name, by what is known of them later.
fn asking_for_fields<'a>(
    items: impl Iterator<Item = &'a CheckedItem>,
) -> (Vec<String>, Vec<Command>) {
    let mut asked: IndexMap<String, Command> = IndexMap::new();
    for check in items.filter_map(|item| item.open.as_ref()) {
        let number = asked.len();
        asked.entry(check.command()).or_insert_with(|| {
            let (method, params) = check.call();
            Command {
                label: format!("fields{number}").into(),
                method: method.to_owned(),
                params: params.clone(),
            }
        });
    }
    asked.into_iter().unzip()
}

fn refused(error: &Error) -> CommandAnswer {
    Outcome::NotRun(NotRun::Refused(error.to_string())).into()
}
