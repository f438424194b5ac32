//! Sends the lanes of a plan side by side, and the stages of each one after the other.

use std::collections::HashMap;

use futures_util::future::join_all;

use super::plan::Plan;
use super::replies::{Sent, outcomes};
use crate::client::Client;
use crate::item::{Item, Ready};
use crate::operand::Pointer;
use crate::reply::Reply;
use brimful::Effect;
use brimful::{DidItRun, Error, ErrorKind};

/// What is known of an item.
enum Known {
    /// It is over, one way or the other.
    Over(Result<Reply, Error>),
    /// Sent, and nobody knows what became of it: it may be running still.
    Adrift(Error),
}

/// The outcomes of all items, in their order, and how many batches were sent.
pub(super) async fn run(
    client: &Client,
    items: &[Item],
    names: &[String],
    plan: Plan,
    items_a_request: usize,
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
            known: HashMap::new(),
            requests: 0,
        };
        async move {
            for stage in lane {
                for part in stage.chunks(items_a_request) {
                    run.send(part).await;
                }
            }
            (run.known, run.requests)
        }
    });
    let mut known = HashMap::new();
    let mut requests = 0;
    for (of_lane, sent) in join_all(lanes).await {
        known.extend(of_lane);
        requests += sent;
    }
    let outcomes = (0..items.len()).map(|item| match known.remove(&item) {
        Some(Known::Over(outcome)) => outcome,
        Some(Known::Adrift(error)) => Err(error),
        None => Err(not_sent("it is in no request")),
    });
    (outcomes.collect(), requests)
}

fn not_sent(why: &str) -> Error {
    Error::new(
        ErrorKind::Incomplete,
        DidItRun::No,
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
    known: HashMap<usize, Known>,
    requests: u32,
}

impl Run<'_> {
    /// Sends items as one request. If nobody knows what became of it, those that only read and come after nothing that
    /// writes are asked for again.
    async fn send(&mut self, items: &[usize]) {
        let mut left = items.to_vec();
        loop {
            let (places, sent) = self.sendable(&left);
            if sent.is_empty() {
                return;
            }
            let reads = places
                .iter()
                .all(|&at| self.items[at].effect() == Effect::Read);
            let effect = if reads { Effect::Read } else { Effect::Write };
            self.requests += 1;
            match self.client.exchange(&sent, effect).await {
                Ok(replies) => {
                    for (at, outcome) in places.into_iter().zip(outcomes(&sent, replies)) {
                        let outcome = outcome
                            .map(|(status, body)| Reply::new(status, body))
                            .map_err(|error| self.at(error, at));
                        self.known.insert(at, Known::Over(outcome));
                    }
                    return;
                }
                Err(error) => {
                    let adrift = error.did_it_run() == DidItRun::Unknown;
                    left = self.failed(&places, &error, adrift && !reads);
                }
            }
        }
    }

    /// Notes that a whole request failed, and gives those of its items that may be asked for again.
    fn failed(&mut self, places: &[usize], error: &Error, ask_again: bool) -> Vec<usize> {
        let mut again = Vec::new();
        for &at in places {
            let free = self
                .needs(at)
                .all(|need| !places.contains(&need) || again.contains(&need));
            if ask_again && free && self.items[at].effect() == Effect::Read {
                again.push(at);
                continue;
            }
            let message = match error.did_it_run() {
                DidItRun::Unknown => {
                    format!("nobody knows whether it ran, for the whole batch failed: {error}")
                }
                _ => format!("the whole batch failed: {error}"),
            };
            let mut own = Error::new(error.kind(), error.did_it_run(), message);
            if let Some(said) = error.api_error() {
                own = own.with_api(said.clone());
            }
            let own = self.at(own.in_command(&self.names[at]), at);
            let known = match error.did_it_run() {
                DidItRun::Unknown => Known::Adrift(own),
                DidItRun::Yes | DidItRun::No => Known::Over(Err(own)),
            };
            self.known.insert(at, known);
        }
        again
    }

    /// The items that can go out now, with all their values. What cannot is over.
    fn sendable(&mut self, items: &[usize]) -> (Vec<usize>, Vec<Sent>) {
        let (mut places, mut sent) = (Vec::new(), Vec::new());
        for &at in items {
            match self.ready(at) {
                Ok(ready) => {
                    places.push(at);
                    sent.push(Sent {
                        name: self.names[at].clone(),
                        ready,
                    });
                }
                Err(error) => {
                    let error = self.at(error.in_command(&self.names[at]), at);
                    self.known.insert(at, Known::Over(Err(error)));
                }
            }
        }
        (places, sent)
    }

    fn ready(&self, at: usize) -> Result<Ready, Error> {
        // Whatever an item comes after must be over before it starts.
        let running = self
            .needs(at)
            .find(|need| matches!(self.known.get(need), Some(Known::Adrift(_))));
        if let Some(need) = running {
            return Err(not_sent(&format!(
                "nobody knows whether {:?}, which it comes after, is still running",
                self.names[need]
            )));
        }
        self.items[at].ready(|pointer| self.look_up(pointer))
    }

    fn look_up(&self, pointer: &Pointer) -> Result<serde_json::Value, Error> {
        let Pointer { item, pointer } = pointer;
        let source = self
            .places
            .get(item.as_str())
            .and_then(|at| self.known.get(at));
        match source {
            Some(Known::Over(Ok(reply))) => reply.pointer(pointer).cloned().ok_or_else(|| {
                not_sent(&format!("the reply to {item:?} has nothing at {pointer}"))
            }),
            _ => Err(not_sent(&format!("{item:?}, whose reply it needs, failed"))),
        }
    }

    /// The items that an item depends on.
    fn needs(&self, at: usize) -> impl Iterator<Item = usize> {
        self.needs[at].iter().copied()
    }

    fn at(&self, error: Error, at: usize) -> Error {
        error.at(self.client.address(), &self.items[at].subject())
    }
}
