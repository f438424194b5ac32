//! Batches whose items may depend on each other.
//!
//! The documentation promises that independent operations run in parallel and dependent ones in sequence, and has no
//! field for dependencies. The server runs items strictly one after the other by `order`, passes no values between them,
//! and continues after errors. So the client does it: items that depend on each other form groups; groups are sent as
//! concurrent requests; within a group the order is that of the dependencies; an item that needs a value of another
//! item's reply is sent in a later request.

mod plan;
mod recorder;
mod replies;
mod runner;

use brimful::protocol::query::escaped;
use brimful::{Effect, Error, Execution};
use brimful_r7_protocol::{BATCH, FORM};
use bytes::Bytes;
use http::Method;
use indexmap::IndexMap;
pub use recorder::BatchRecorder;
use recorder::Recording;
use replies::{OutgoingItem, Replies, body_error, outcomes, read, write};

use crate::client::Client;
use crate::item::Item;
use crate::outcome::BodyError;
use crate::reply::Reply;
use crate::session::Call;

/// Items in a request, at most. The server has no limit of its own, but returns no more than 1000 replies.
const ITEMS_PER_REQUEST: usize = 100;
const CONCURRENT_REQUESTS: usize = 4;

impl Client {
    /// A batch, to which items are added.
    pub fn batch(&self) -> Batch {
        Batch {
            client: self.clone(),
            items: Vec::new(),
            items_per_request: ITEMS_PER_REQUEST,
            concurrent_requests: CONCURRENT_REQUESTS,
            recording: Recording::default(),
        }
    }

    /// Sends items that depend on nothing in one request, and reads each body with `read_body`. Fails
    /// with the first error.
    pub(super) async fn read_all<T>(
        &self,
        items: &[Item],
        read_body: impl Fn(&Bytes) -> Result<T, BodyError>,
    ) -> Result<Vec<T>, Error> {
        let mut sent = Vec::with_capacity(items.len());
        for item in items {
            let name = item.name.clone().unwrap_or_default();
            let request = item.prepare(|_| Err(Error::config("a page depends on nothing")))?;
            sent.push(OutgoingItem { name, request });
        }
        let replies = self.send_batch(&sent, Effect::Read).await?;
        let at = |error: Error, one: &OutgoingItem| {
            let path = one.request.path.split('?').next().unwrap_or_default();
            error.at(
                &self.session.address,
                &format!("{} {path}", one.request.method),
            )
        };
        outcomes(&sent, replies)
            .into_iter()
            .zip(&sent)
            .map(|(outcome, one)| {
                let body = outcome.map_err(|error| at(error, one))?;
                read_body(&body.1).map_err(|unread| at(body_error(body.0, unread), one))
            })
            .collect()
    }

    /// Sends the items as one batch.
    pub(super) async fn send_batch(
        &self,
        sent: &[OutgoingItem],
        effect: Effect,
    ) -> Result<Replies, Error> {
        let json = write(sent)?;
        let body = format!("batch={}", escaped(&json));
        let call = Call {
            method: Method::POST,
            path: BATCH.to_owned(),
            body: Some((FORM.to_owned(), body.into())),
            effect,
            deadline: self.deadline(),
        };
        self.session.run(&call, read).await
    }
}

/// A batch of requests.
#[derive(Debug, Clone)]
pub struct Batch {
    client: Client,
    items: Vec<Item>,
    items_per_request: usize,
    concurrent_requests: usize,
    recording: Recording,
}

/// The outcome of a batch: a reply or an error for every item.
#[derive(Debug)]
pub struct BatchReply {
    outcomes: IndexMap<String, Result<Reply, Error>>,
    requests: u32,
}

impl Batch {
    /// One more item.
    #[must_use]
    pub fn item(mut self, item: Item) -> Self {
        self.items.push(item);
        self
    }

    /// More items.
    #[must_use]
    pub fn items(mut self, items: impl IntoIterator<Item = Item>) -> Self {
        self.items.extend(items);
        self
    }

    /// The most items in a request, from 1 to 1000; 100 by default.
    #[must_use]
    pub fn items_per_request(mut self, items: usize) -> Self {
        self.items_per_request = items.clamp(1, 1000);
        self
    }

    /// The most requests in flight for groups that do not depend on each other; 4 by default. With 1, as much as possible
    /// is sent in one request.
    #[must_use]
    pub fn concurrent_requests(mut self, requests: usize) -> Self {
        self.concurrent_requests = requests.clamp(1, 64);
        self
    }

    /// Tells `recorder` of each request before it goes out, and of the outcomes when they have come, so that a program
    /// that is killed in the middle has a record of every item that may have run.
    #[must_use]
    pub fn record_with(mut self, recorder: impl BatchRecorder + 'static) -> Self {
        self.recording = Recording::with(recorder);
        self
    }

    /// Sends the batch, in as many requests as its dependencies need.
    ///
    /// An item whose source failed is not sent. An item that is only [`after`](Item::after) another one runs even
    /// if that failed, unless the other one may still be running.
    ///
    /// # Errors
    /// Only if nothing was sent: two items have one name, a name is not known, or dependencies form a circle. The errors
    /// of items are in the reply.
    pub async fn send(self) -> Result<BatchReply, Error> {
        let names = plan::names(&self.items)?;
        let plan = plan::plan(&self.items, &names, self.concurrent_requests)?;
        let (outcomes, requests) = runner::run(
            &self.client,
            &self.items,
            &names,
            plan,
            self.items_per_request,
            &self.recording,
        )
        .await;
        Ok(BatchReply {
            outcomes: names.into_iter().zip(outcomes).collect(),
            requests,
        })
    }
}

impl BatchReply {
    /// The outcome of the item with this name.
    pub fn get(&self, name: &str) -> Option<Result<&Reply, &Error>> {
        self.outcomes.get(name).map(Result::as_ref)
    }

    /// The reply to the item of this name.
    ///
    /// # Errors
    /// That of the item, or there is no item of this name.
    pub fn reply(&self, name: &str) -> Result<&Reply, Error> {
        match self.outcomes.get(name) {
            Some(outcome) => outcome.as_ref().map_err(Clone::clone),
            None => Err(Error::config(format!("the batch has no item {name:?}"))),
        }
    }

    /// The outcomes of all items, in the order in which they were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Result<&Reply, &Error>)> {
        self.outcomes
            .iter()
            .map(|(name, outcome)| (name.as_str(), outcome.as_ref()))
    }

    /// How many items there were.
    pub fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// Whether all items succeeded.
    pub fn is_ok(&self) -> bool {
        self.outcomes.values().all(Result::is_ok)
    }

    /// The items that may have run: no answer came.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.iter()
            .filter(|(_, outcome)| {
                matches!(outcome, Err(error) if error.execution() == Execution::Unknown)
            })
            .map(|(name, _)| name)
    }

    /// Batches sent; repetitions are not among them.
    pub fn requests(&self) -> u32 {
        self.requests
    }
}
