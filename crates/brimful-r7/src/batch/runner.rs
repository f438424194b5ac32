//! Sends the lanes of a plan side by side, and the stages of each one after the other.

use std::collections::HashMap;

use brimful::{Effect, Error, ErrorKind, Execution};
use futures_util::future::join_all;

use super::plan::Plan;
use super::recorder::Recording;
use super::replies::{OutgoingItem, outcomes};
use crate::client::Client;
use crate::item::Pointer;
use crate::item::{Item, PreparedItem};
use crate::reply::Reply;

/// What happened to an item so far.
enum ItemState {
    /// Answered, failed or not sent.
    Finished(Result<Reply, Error>),
    /// Sent without an answer: it may still be running.
    UnknownOutcome(Error),
}

/// The outcomes of all items, in their order, and how many batches were sent.
pub(super) async fn run(
    client: &Client,
    items: &[Item],
    names: &[String],
    plan: Plan,
    items_per_request: usize,
    recording: &Recording,
) -> (Vec<Result<Reply, Error>>, u32) {
    let places: HashMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
    let needs = plan.needs;
    let lanes = plan.lanes.into_iter().map(|lane| {
        let mut run = Run {
            client,
            items,
            names,
            places: &places,
            needs: &needs,
            recording,
            states: HashMap::new(),
            requests: 0,
        };
        async move {
            for stage in lane {
                for part in stage.chunks(items_per_request) {
                    run.send(part).await;
                }
            }
            (run.states, run.requests)
        }
    });
    let mut states = HashMap::new();
    let mut requests = 0;
    for (of_lane, sent) in join_all(lanes).await {
        states.extend(of_lane);
        requests += sent;
    }
    let outcomes = (0..items.len()).map(|item| match states.remove(&item) {
        Some(ItemState::Finished(outcome)) => outcome,
        Some(ItemState::UnknownOutcome(error)) => Err(error),
        None => Err(not_sent("it is not part of any request")),
    });
    (outcomes.collect(), requests)
}

fn not_sent(why: &str) -> Error {
    Error::new(
        ErrorKind::Incomplete,
        Execution::NotRun,
        format!("not sent: {why}"),
    )
}

/// The requests of one lane.
struct Run<'a> {
    client: &'a Client,
    items: &'a [Item],
    names: &'a [String],
    places: &'a HashMap<&'a str, usize>,
    needs: &'a [Vec<usize>],
    recording: &'a Recording,
    states: HashMap<usize, ItemState>,
    requests: u32,
}

impl Run<'_> {
    /// Sends items as one request. If its outcome is unknown, the items that only read and depend on no write in it are
    /// sent again.
    async fn send(&mut self, items: &[usize]) {
        let mut left = items.to_vec();
        loop {
            let (places, sent) = self.sendable(&left);
            if sent.is_empty() {
                return;
            }
            let names: Vec<&str> = sent.iter().map(|item| item.name.as_str()).collect();
            if let Err(error) = self.recording.before_sending(&names) {
                for at in places {
                    let own = self.at(error.clone().in_command(&self.names[at]), at);
                    self.states.insert(at, ItemState::Finished(Err(own)));
                }
                return;
            }
            let reads = places
                .iter()
                .all(|&at| self.items[at].effect() == Effect::Read);
            let effect = if reads { Effect::Read } else { Effect::Write };
            self.requests += 1;
            match self.client.send_batch(&sent, effect).await {
                Ok(replies) => {
                    for (&at, outcome) in places.iter().zip(outcomes(&sent, replies)) {
                        let outcome = outcome
                            .map(|(status, body)| {
                                Reply::new(status, body).of(&self.items[at].label())
                            })
                            .map_err(|error| self.at(error, at));
                        self.states.insert(at, ItemState::Finished(outcome));
                    }
                    self.record(&places);
                    return;
                }
                Err(error) => {
                    let unknown = error.execution() == Execution::Unknown;
                    left = self.failed(&places, &error, unknown && !reads);
                    self.record(&places);
                }
            }
        }
    }

    /// Tells the recorder of the outcomes of these items, as far as they have one.
    fn record(&self, places: &[usize]) {
        let outcome = |at: &usize| {
            let outcome = match self.states.get(at)? {
                ItemState::Finished(outcome) => outcome.as_ref(),
                ItemState::UnknownOutcome(error) => Err(error),
            };
            Some((self.names[*at].as_str(), outcome))
        };
        let answered: Vec<_> = places.iter().filter_map(outcome).collect();
        self.recording.answered(&answered);
    }

    /// Notes that a whole request failed, and returns those of its items that may be sent again.
    fn failed(&mut self, places: &[usize], error: &Error, may_retry: bool) -> Vec<usize> {
        let mut again = Vec::new();
        for &at in places {
            let free = self
                .needs(at)
                .all(|need| !places.contains(&need) || again.contains(&need));
            if may_retry && free && self.items[at].effect() == Effect::Read {
                again.push(at);
                continue;
            }
            let message = match error.execution() {
                Execution::Unknown => {
                    format!("it may have run: the whole batch failed: {error}")
                }
                _ => format!("the whole batch failed: {error}"),
            };
            let mut own = Error::new(error.kind(), error.execution(), message);
            if let Some(said) = error.api_error() {
                own = own.with_api(said.clone());
            }
            let own = self.at(own.in_command(&self.names[at]), at);
            let state = match error.execution() {
                Execution::Unknown => ItemState::UnknownOutcome(own),
                Execution::Ran | Execution::NotRun => ItemState::Finished(Err(own)),
            };
            self.states.insert(at, state);
        }
        again
    }

    /// The items that can be sent now, with all their values. The others are finished with an error.
    fn sendable(&mut self, items: &[usize]) -> (Vec<usize>, Vec<OutgoingItem>) {
        let (mut places, mut sent) = (Vec::new(), Vec::new());
        for &at in items {
            match self.prepare(at) {
                Ok(request) => {
                    places.push(at);
                    sent.push(OutgoingItem {
                        name: self.names[at].clone(),
                        request,
                    });
                }
                Err(error) => {
                    let error = self.at(error.in_command(&self.names[at]), at);
                    self.states.insert(at, ItemState::Finished(Err(error)));
                }
            }
        }
        (places, sent)
    }

    fn prepare(&self, at: usize) -> Result<PreparedItem, Error> {
        // What an item comes after must be finished before it starts.
        let running = self
            .needs(at)
            .find(|need| matches!(self.states.get(need), Some(ItemState::UnknownOutcome(_))));
        if let Some(need) = running {
            return Err(not_sent(&format!(
                "{:?}, which it comes after, may still be running",
                self.names[need]
            )));
        }
        self.items[at].prepare(|pointer| self.look_up(pointer))
    }

    fn look_up(&self, pointer: &Pointer) -> Result<serde_json::Value, Error> {
        let Pointer { item, pointer } = pointer;
        let source = self
            .places
            .get(item.as_str())
            .and_then(|at| self.states.get(at));
        match source {
            Some(ItemState::Finished(Ok(reply))) => {
                reply.pointer(pointer).cloned().ok_or_else(|| {
                    not_sent(&format!("the reply to {item:?} has nothing at {pointer}"))
                })
            }
            _ => Err(not_sent(&format!("{item:?}, whose reply it needs, failed"))),
        }
    }

    /// The items that an item depends on.
    fn needs(&self, at: usize) -> impl Iterator<Item = usize> {
        self.needs[at].iter().copied()
    }

    fn at(&self, error: Error, at: usize) -> Error {
        error.at(self.client.address(), &self.items[at].label())
    }
}
