//! One request of several commands: how it is written and charged, how many commands fit into the next one, and when it
//! was too long and is to be sent again in smaller ones.
//!
//! Lists and batches of the caller build their requests with it. What they send next and how they read the reply is theirs: a
//! list cuts pages out of the body without parsing it, a batch keeps one result for each command.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use brimful_protocol::Time;
use brimful_protocol::batch::MAX_COMMANDS;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::effect::Effect;
use crate::limits::{Calls, Ledger};
use crate::session::{Call, CallOptions};

/// A request is to be done on the portal in this time, in seconds: a portal cuts it after 60, and what it did until then
/// is unknown.
const TARGET_SECONDS: f64 = 25.0;
/// How often in a row a request may be cut for its length and sent again with fewer commands.
pub(crate) const MAX_CUTS: u32 = 12;
/// The most bytes of commands in a request, half of what PHP takes by itself (`post_max_size`, 8 MB). Beyond that PHP
/// drops the whole body without a word.
pub(crate) const MAX_BODY: usize = 4 << 20;

/// Commands that go out as one request.
#[derive(Debug)]
pub(crate) struct BatchRequest {
    commands: Map<String, Value>,
    counts: IndexMap<String, u32>,
}

impl BatchRequest {
    pub(crate) fn new() -> Self {
        Self {
            commands: Map::new(),
            // Some portals charge the batch itself, some its commands, some both: each is noted under its own name.
            counts: IndexMap::from([("batch".to_owned(), 1)]),
        }
    }

    /// Adds a command: its label, its method, and `method?query`.
    pub(crate) fn add(&mut self, label: &str, method: &str, text: String) {
        self.add_uncharged(label, text);
        match self.counts.get_mut(method) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(method.to_owned(), 1);
            }
        }
    }

    /// Adds a command that is known to cost next to nothing.
    pub(crate) fn add_uncharged(&mut self, label: &str, text: String) {
        self.commands.insert(label.to_owned(), text.into());
    }

    /// What the request may be charged for.
    pub(crate) fn charges(&self) -> Calls {
        self.counts
            .iter()
            .map(|(m, n)| ((&**m).into(), *n))
            .collect()
    }

    /// The call that carries the commands. `halt`: the portal runs none after the first that fails.
    pub(crate) fn into_call(self, halt: bool, effect: Effect, options: &CallOptions) -> Call {
        Call {
            charges: self.charges(),
            // A single command cannot be made smaller.
            can_be_split: self.commands.len() > 1,
            ..Call::new(
                "batch",
                effect,
                json!({ "halt": u8::from(halt), "cmd": self.commands }).to_string(),
                options,
            )
        }
    }
}

/// Tells the ledger what a reply says of operating time: of the batch itself, and the latest word of each method.
pub(crate) fn note_times<'a>(
    ledger: &Ledger,
    charged: &Calls,
    batch: Option<&'a Time>,
    methods: impl IntoIterator<Item = (&'a str, &'a Time)>,
) {
    let batch = batch.map(|time| ("batch", time));
    for (method, time) in batch.into_iter().chain(methods) {
        let mut calls = charged.iter().filter(|(charged, _)| **charged == *method);
        ledger.note(method, time, calls.next().map_or(1, |(_, calls)| *calls));
    }
}

/// How much a request may hold and how long it takes, learned from the requests before it.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<Learned>);

#[derive(Debug)]
struct Learned {
    /// Seconds that a command takes; 0 until a reply has come.
    command: f64,
    /// Seconds that a full request takes; 0 until a reply has come.
    request: f64,
    /// How many bytes the server takes.
    bytes: usize,
}

impl Default for Learned {
    fn default() -> Self {
        Self {
            command: 0.0,
            request: 0.0,
            bytes: MAX_BODY,
        }
    }
}

impl Pace {
    fn learned(&self) -> std::sync::MutexGuard<'_, Learned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many commands are done in good time: any number until a reply has come.
    pub(crate) fn commands(&self) -> usize {
        self.commands_within(TARGET_SECONDS)
    }

    /// How many commands are done in so many seconds, one at the least: any number until a reply has come.
    pub(crate) fn commands_within(&self, seconds: f64) -> usize {
        let fit = seconds / self.learned().command;
        (fit as usize).clamp(1, MAX_COMMANDS)
    }

    /// How many bytes of commands the server takes.
    pub(crate) fn bytes(&self) -> usize {
        self.learned().bytes
    }

    /// Seconds that a full request takes; 0 until a reply has come.
    pub(crate) fn request_seconds(&self) -> f64 {
        self.learned().request
    }

    /// A request of so many commands, of `most` that it may have, was answered.
    pub(crate) fn answered(&self, took: Duration, commands: usize, most: usize) {
        let took = took.as_secs_f64();
        let each = took / commands.max(1) as f64;
        // A request of two commands says little of one of fifty; only its time per command is scaled up.
        let is_telling = commands * 2 >= most;
        let mut learned = self.learned();
        learned.command = if is_telling {
            // What has become slow may be cut next time; that it has become fast again may be chance.
            each.max(smoothed(learned.command, each))
        } else {
            smoothed(learned.command, each)
        };
        if is_telling {
            learned.request = smoothed(learned.request, took);
        } else if learned.request == 0.0 {
            learned.request = took;
        }
    }

    /// A request was cut after so long. It is unknown how much longer it would have taken.
    pub(crate) fn was_cut(&self, took: Duration, commands: usize) {
        let took = took.as_secs_f64();
        let mut learned = self.learned();
        learned.command = learned.command.max(2.0 * took / commands.max(1) as f64);
        learned.request = learned.request.max(took);
    }

    /// The server took no request of so many bytes.
    pub(crate) fn was_too_large(&self, bytes: usize) {
        let mut learned = self.learned();
        learned.bytes = learned.bytes.min(bytes / 2);
    }
}

fn smoothed(old: f64, new: f64) -> f64 {
    if old == 0.0 {
        new
    } else {
        old + 0.3 * (new - old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn any_number_of_commands_fits_until_a_reply_has_come() {
        assert_eq!(Pace::default().commands(), MAX_COMMANDS);
    }

    #[test]
    fn a_full_request_that_took_long_makes_the_next_one_smaller_at_once() {
        let pace = Pace::default();
        pace.answered(seconds(1), 50, 50);
        pace.answered(seconds(50), 50, 50);
        assert_eq!(pace.commands(), 25);
    }

    #[test]
    fn requests_grow_step_by_step_when_commands_are_fast_again() {
        let pace = Pace::default();
        pace.answered(seconds(50), 10, 50);
        assert_eq!(pace.commands(), 5);
        let mut before = pace.commands();
        let mut steps = 0;
        while pace.commands() < MAX_COMMANDS {
            pace.answered(Duration::from_millis(10), before, 50);
            assert!(pace.commands() >= before);
            before = pace.commands();
            steps += 1;
        }
        assert!((3..15).contains(&steps), "{steps}");
    }

    #[test]
    fn a_request_that_was_cut_is_taken_to_be_half_done() {
        let pace = Pace::default();
        pace.was_cut(seconds(60), 50);
        assert_eq!(pace.commands(), 10);
    }

    #[test]
    fn a_body_that_was_too_large_halves_the_next_one_and_never_raises_it() {
        let pace = Pace::default();
        pace.was_too_large(1000);
        assert_eq!(pace.bytes(), 500);
        pace.was_too_large(2000);
        assert_eq!(pace.bytes(), 500);
    }
}
