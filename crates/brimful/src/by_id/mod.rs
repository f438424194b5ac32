//! Items by their IDs: any number, 50 in a request, several requests in flight; each ID is asked for once.
//!
//! - `id` is what may be an ID,
//! - `fetch` asks for a handful of them, page by page where a result is long,
//! - `merge` joins the pages of one result,
//! - `listed` takes the IDs from a list.

mod fetch;
mod id;
mod listed;
mod merge;

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use brimful_protocol::catalogue::{self, Shape};
use brimful_protocol::list_fields;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

pub use id::ItemId;
pub use listed::{ListAndGet, ListedIdOutcomes};

use crate::batch::Outcome;
use crate::check::{self, Carrier, Checks};
use crate::client::Client;
use crate::effect::Effect;
use crate::error::Error;
use crate::json::Params;
use fetch::Fetcher;

/// Requests in flight; the gate holds them back as the portal's limit wants it.
const IN_FLIGHT: usize = 8;

/// Items to be fetched by their IDs, not yet asked for.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let task = client.get_by_id("tasks.task.get", [7]).param("select", vec!["ID", "TITLE"]).collect().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "items are fetched by collect() or stream()"]
pub struct GetById<'i> {
    client: Client,
    method: String,
    ids: Box<dyn Iterator<Item = ItemId> + Send + 'i>,
    field: Option<String>,
    params: Params,
}

/// What came for one ID.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use futures_util::StreamExt;
///
/// let mut found = client.get_by_id("crm.deal.get", [7, 12]).stream()?;
/// while let Some(found) = found.next().await {
///     println!("{}: {:?}", found.id, found.outcome.done());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct IdOutcome {
    /// The ID.
    pub id: ItemId,
    /// The outcome of its call.
    pub outcome: Outcome,
    method: Arc<str>,
}

impl IdOutcome {
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
            .result_of(&self.method, &format!("for {}", self.id))
            .map_err(|error| error.in_command(self.id.as_str()))
    }
}

impl Client {
    /// Calls `method` once for each of `ids`: any number of them, integers or texts. An ID that is given twice is asked
    /// for once. A result with further pages (`crm.activity.list` of an owner) is read to its end, and its pages are
    /// joined to one list.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// let deals = client.get_by_id("crm.deal.get", [7, 12, 7]).collect().await?;
    /// for (id, outcome) in deals.iter() {
    ///     println!("{id}: {outcome:?}");
    /// }
    /// let deal: serde_json::Value = deals.result(12)?;
    ///
    /// let owners = client
    ///     .get_by_id("crm.activity.list", 1..=500)
    ///     .id_field("filter[OWNER_ID]")
    ///     .params(serde_json::json!({"filter": {"OWNER_TYPE_ID": 2}, "order": {"ID": "ASC"}}))
    ///     .collect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_by_id<'i, I>(&self, method: impl Into<String>, ids: I) -> GetById<'i>
    where
        I: IntoIterator<Item: Into<ItemId>>,
        I::IntoIter: Send + 'i,
    {
        GetById {
            client: self.clone(),
            method: method.into(),
            ids: id::boxed(ids.into_iter()),
            field: None,
            params: Params::default(),
        }
    }

    /// The items of a list, each as `get_method` returns it: the IDs come from `list_method`, and items are fetched
    /// while the list is still being read.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// let (tasks, report) = client
    ///     .list_and_get("tasks.task.list", "tasks.task.get")
    ///     .filter(serde_json::json!({">=CREATED_DATE": "2026-01-01"}))
    ///     .collect_with_report()
    ///     .await?;
    /// println!("{} tasks, {:?}", tasks.len(), report.proof);
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_and_get(
        &self,
        list_method: impl Into<String>,
        get_method: impl Into<String>,
    ) -> ListAndGet {
        ListAndGet::new(self, list_method.into(), get_method.into())
    }
}

impl<'i> GetById<'i> {
    /// The parameter that takes the ID; `taskId`, or one inside of another: `filter[OWNER_ID]`. By default as the
    /// catalogue knows the method, `id` where it does not.
    pub fn id_field(mut self, name: impl Into<String>) -> Self {
        self.field = Some(name.into());
        self
    }

    /// The other parameters, the same for every ID: an object.
    pub fn params(mut self, params: impl Serialize) -> Self {
        self.params.set_all(params);
        self
    }

    /// One other parameter: whatever can be written as JSON.
    pub fn param(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.params.set(name, value);
        self
    }

    /// What came for each ID as a stream: in the order in which the IDs were given, each of them once.
    ///
    /// # Errors
    /// The parameters are not an object, hold a `start`, or cannot be meant (see [`Checks`]).
    pub fn stream(self) -> Result<IdOutcomes<'i>, Error> {
        let fetcher = fetcher(&self.client, self.method, self.field, self.params)?;
        let mut asked = HashSet::new();
        let distinct = self.ids.filter(move |id| asked.insert(id.clone()));
        let found = stream::iter(distinct)
            .chunks(self.client.session().batch_size)
            .map(move |ids| {
                let fetcher = fetcher.clone();
                async move { found(&fetcher, ids).await }
            })
            .buffered(IN_FLIGHT)
            .flat_map(stream::iter);
        Ok(IdOutcomes(found.boxed()))
    }

    /// What came for all IDs.
    ///
    /// # Errors
    /// As for [`GetById::stream`]. What a portal says of one ID is the outcome of that ID.
    pub async fn collect(self) -> Result<ById, Error> {
        let mut all = ById::default();
        let ids: Vec<ItemId> = self.ids.collect();
        let given = Self {
            ids: Box::new(ids.clone().into_iter()),
            ..self
        };
        let mut found = given.stream()?;
        while let Some(outcome) = found.next().await {
            all.push(outcome);
        }
        all.order = ids
            .iter()
            .filter_map(|id| all.places.get(id))
            .copied()
            .collect();
        Ok(all)
    }
}

async fn found(fetcher: &Fetcher, ids: Vec<ItemId>) -> Vec<IdOutcome> {
    let outcomes = fetcher.run(&ids).await;
    let method: Arc<str> = fetcher.method.as_str().into();
    ids.into_iter()
        .zip(outcomes)
        .map(|(id, outcome)| IdOutcome {
            id,
            outcome,
            method: Arc::clone(&method),
        })
        .collect()
}

fn fetcher(
    client: &Client,
    method: String,
    field: Option<String>,
    params: Params,
) -> Result<Fetcher, Error> {
    Effect::refuse_unless_reading(&method, "a fetch by ID")?;
    let params = params.finish()?;
    check::reference_marks::refuse_in_batches(&method, &params)?;
    if client.session().checks == Checks::On {
        check::call(&method, &params, Carrier::Json)?;
    }
    let params = match params {
        Value::Object(params) => params,
        other => {
            return Err(Error::config(format!(
                "the parameters beside an ID are an object, not {other}"
            )));
        }
    };
    if params.keys().any(|key| key.eq_ignore_ascii_case("start")) {
        return Err(Error::config(
            "all pages of a result are read: leave the start out",
        ));
    }
    let field = match field {
        Some(field) => field,
        None => usual_field(&method)?.to_owned(),
    };
    let path: Vec<String> = field
        .split(['[', ']'])
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let Some((first, inside)) = path.split_first() else {
        return Err(Error::config("the parameter for the ID has no name"));
    };
    let known = catalogue::find(&method);
    let checks = client.session().checks;
    if checks == Checks::On {
        if has_parameter(&params, &path) {
            return Err(Error::config(format!(
                "{field} of {method} takes the ID, and it is among the other parameters too: leave it out there"
            )));
        }
        if let Some(known) = known.filter(|known| inside.is_empty() && known.passes_over(first)) {
            return Err(Error::config(format!(
                "{method} has no parameter {first}, and the portal would pass it over and return the same for each ID{}",
                known
                    .id_param
                    .map_or_else(String::new, |usual| format!(" (did you mean {usual}?)"))
            )));
        }
    }
    Ok(Fetcher {
        client: client.clone(),
        asks_for_one: known.is_some_and(|known| asks_for_one(known, &path)),
        // An ID that is not a number would be taken for another one.
        number: known
            .filter(|known| checks == Checks::On && inside.is_empty() && known.takes_number(first)),
        method,
        path,
        params,
        pace: Arc::default(),
    })
}

/// Whether there is a value at `path`; names may have letters of any case.
fn has_parameter(params: &Map<String, Value>, path: &[String]) -> bool {
    let Some((name, inside)) = path.split_first() else {
        return false;
    };
    params
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .any(|(_, value)| match value {
            _ if inside.is_empty() => true,
            Value::Object(below) => has_parameter(below, inside),
            _ => false,
        })
}

/// Lists that take the ID of a row in a parameter of its own.
const LISTS_OF_ONE: [&str; 3] = ["lists.element.get", "lists.get", "task.elapseditem.get"];

/// Whether a call with the ID at `path` asks for the one thing that has this ID, so that an empty result says that there
/// is none. The product rows of a deal may be none.
fn asks_for_one(known: &catalogue::Method, path: &[String]) -> bool {
    let is = |name: &str, end: &[String]| {
        end.last()
            .is_some_and(|last| last.eq_ignore_ascii_case(name))
    };
    if !known.list {
        let usual = known.id_param.is_some_and(|usual| is(usual, path));
        return usual && matches!(known.shape, Shape::Object | Shape::Wrapped);
    }
    let takes_conditions = list_fields::find(known.name).is_some_and(|list| list.bare);
    let by_condition = path.len() > 1 || takes_conditions;
    by_condition && known.id.is_some_and(|id| is(id, path))
        || LISTS_OF_ONE.contains(&known.name) && known.id_param.is_some_and(|usual| is(usual, path))
}

/// The parameter that takes the ID. A method that is not in the catalogue is taken to have an `id`; one that is there and
/// has none would pass it over, and return its whole list for every ID.
fn usual_field(method: &str) -> Result<&'static str, Error> {
    let Some(known) = catalogue::find(method) else {
        return Ok("id");
    };
    known.id_param.ok_or_else(|| {
        Error::config(format!(
            "{method} is not known to take an ID: it would return the same for each. Name the parameter that takes it, such as FILTER[ID]"
        ))
    })
}

/// What came for each ID, in the order in which the IDs were given.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use futures_util::StreamExt;
///
/// let deals = client.get_by_id("crm.deal.get", 1..=10_000_u64).stream()?;
/// let there = deals.filter(|found| std::future::ready(found.outcome.done().is_some()));
/// println!("{}", there.count().await);
/// # Ok(())
/// # }
/// ```
pub struct IdOutcomes<'i>(BoxStream<'i, IdOutcome>);

impl IdOutcomes<'_> {
    /// The next one; `None` after the last.
    pub async fn next(&mut self) -> Option<IdOutcome> {
        self.0.next().await
    }
}

impl Stream for IdOutcomes<'_> {
    type Item = IdOutcome;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<IdOutcome>> {
        self.0.poll_next_unpin(context)
    }
}

impl std::fmt::Debug for IdOutcomes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdOutcomes").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for GetById<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GetById")
            .field("method", &self.method)
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}

/// What came for many IDs: by ID, and in the order in which they were given.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let deals = client.get_by_id("crm.deal.get", [7, 12]).collect().await?;
/// let deal: serde_json::Value = deals.result(12)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct ById {
    found: Vec<IdOutcome>,
    places: HashMap<ItemId, usize>,
    /// The place of each ID that was given, those given again included.
    order: Vec<usize>,
}

impl ById {
    fn push(&mut self, found: IdOutcome) {
        self.places.insert(found.id.clone(), self.found.len());
        self.order.push(self.found.len());
        self.found.push(found);
    }

    /// The outcome of an ID.
    pub fn get(&self, id: impl Into<ItemId>) -> Option<&Outcome> {
        self.found(&id.into()).map(|found| &found.outcome)
    }

    fn found(&self, id: &ItemId) -> Option<&IdOutcome> {
        self.found.get(*self.places.get(id)?)
    }

    /// The result of an ID, as a type.
    ///
    /// # Errors
    /// It has no result; the error says how the call ended. Or its result is not of the type.
    pub fn result<T: DeserializeOwned>(&self, id: impl Into<ItemId>) -> Result<T, Error> {
        let id = id.into();
        match self.found(&id) {
            Some(found) => found.result(),
            None => Err(Error::config(format!("the ID {id} was not asked for"))),
        }
    }

    /// The outcomes in the order in which the IDs were given; an ID that was given twice comes twice.
    pub fn iter(&self) -> impl Iterator<Item = (&ItemId, &Outcome)> {
        self.order
            .iter()
            .filter_map(|place| self.found.get(*place))
            .map(|found| (&found.id, &found.outcome))
    }

    /// How many different IDs there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What came for each different ID, in the order in which they were given.
    pub fn into_found(self) -> Vec<IdOutcome> {
        self.found
    }
}
