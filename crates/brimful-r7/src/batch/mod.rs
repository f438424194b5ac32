//! Batches whose items may depend on each other.
//!
//! The documentation promises that independent operations run in parallel and dependent ones in sequence, and has no
//! field to say which are which; the server carries items out strictly one after the other by `order`, without looking
//! into replies, and goes on after errors. So the client does it: items that depend on each other form groups, groups go
//! out as requests side by side, within a group the order is that of the dependencies, and an item that needs a value of
//! another one's reply goes out in a later request.

mod plan;
mod replies;
mod runner;

use indexmap::IndexMap;

use super::client::Client;
use super::item::Item;
use super::reply::Reply;
use brimful::{DidItRun, Error};

pub(super) use replies::{Replies, Sent, outcomes, read, unread, write};

/// Items in a request, at most. The server has no limit of its own, but returns no more than 1000 replies.
const ITEMS_A_REQUEST: usize = 100;
const REQUESTS_AT_ONCE: usize = 4;

/// A batch of requests.
#[derive(Debug, Clone)]
pub struct Batch {
    client: Client,
    items: Vec<Item>,
    items_a_request: usize,
    requests_at_once: usize,
}

/// What became of a batch: a reply or an error for every item.
#[derive(Debug)]
pub struct BatchReply {
    outcomes: IndexMap<String, Result<Reply, Error>>,
    requests: u32,
}

impl Batch {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            items: Vec::new(),
            items_a_request: ITEMS_A_REQUEST,
            requests_at_once: REQUESTS_AT_ONCE,
        }
    }

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

    /// So many items in a request, from 1 to 1000; 100 unless said otherwise.
    #[must_use]
    pub fn items_a_request(mut self, items: usize) -> Self {
        self.items_a_request = items.clamp(1, 1000);
        self
    }

    /// So many requests at once for groups that do not depend on each other; 4 unless said otherwise. With 1 all that
    /// can be is sent in one request.
    #[must_use]
    pub fn requests_at_once(mut self, requests: usize) -> Self {
        self.requests_at_once = requests.clamp(1, 64);
        self
    }

    /// Sends the batch, in as many requests as its dependencies need.
    ///
    /// An item whose source failed is not sent. An item that is only [`after`](Item::after) another one runs whatever
    /// became of that, unless nobody knows whether the other one is still running.
    ///
    /// # Errors
    /// Only if nothing was sent: two items have one name, a name is not known, or dependencies go round in a circle. What
    /// becomes of the items is in the reply.
    pub async fn send(self) -> Result<BatchReply, Error> {
        let names = plan::names(&self.items)?;
        let plan = plan::plan(&self.items, &names, self.requests_at_once)?;
        let (outcomes, requests) = runner::run(
            &self.client,
            &self.items,
            &names,
            plan,
            self.items_a_request,
        )
        .await;
        Ok(BatchReply {
            outcomes: names.into_iter().zip(outcomes).collect(),
            requests,
        })
    }
}

impl BatchReply {
    /// What became of the item of this name.
    pub fn get(&self, name: &str) -> Option<Result<&Reply, &Error>> {
        self.outcomes.get(name).map(Result::as_ref)
    }

    /// The reply to the item of this name; its error otherwise, which is then taken out.
    pub fn reply(&mut self, name: &str) -> Result<&Reply, Error> {
        if matches!(self.outcomes.get(name), Some(Err(_)))
            && let Some(Err(error)) = self.outcomes.shift_remove(name)
        {
            return Err(error);
        }
        match self.outcomes.get(name) {
            Some(Ok(reply)) => Ok(reply),
            _ => Err(Error::config(format!("the batch has no item {name:?}"))),
        }
    }

    /// What became of all items, in the order in which they were added.
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

    /// Whether all items went well.
    pub fn is_ok(&self) -> bool {
        self.outcomes.values().all(Result::is_ok)
    }

    /// The items of which nobody knows whether they ran.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.iter()
            .filter(|(_, outcome)| {
                matches!(outcome, Err(error) if error.did_it_run() == DidItRun::Unknown)
            })
            .map(|(name, _)| name)
    }

    /// Batches sent; repetitions are not among them.
    pub fn requests(&self) -> u32 {
        self.requests
    }
}
