//! Sends commands until each has its outcome: what was refused is sent again, what may have run is not, and a command
//! that refers to one without a result is not run.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use brimful_protocol::KnownCode;
use brimful_protocol::batch::MAX_COMMANDS;
use tokio::time::Instant;

use super::references::{self, Known};
use super::{Answer, Command, OnError, Outcome};
use crate::client::Client;
use crate::effect::{self, Effect};
use crate::error::{DidItRun, Error};

/// How often commands that came back without having run are sent again.
const REPEATS: u32 = 20;
/// A request is to be done in this time: a portal cuts it after 60 seconds, and what it did until then is unknown.
const LONGEST_REQUEST: Duration = Duration::from_secs(20);
/// A request that came to nothing after so long was cut for its length.
const CUT_AFTER: Duration = Duration::from_secs(10);

/// How many commands a request may have to be done in good time, learned from the requests before it.
#[derive(Debug)]
pub(crate) struct Pace(AtomicUsize);

impl Default for Pace {
    fn default() -> Self {
        Self(AtomicUsize::new(MAX_COMMANDS))
    }
}

impl Pace {
    fn room(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn learn(&self, took: Duration, commands: usize) {
        let each = took.as_secs_f64() / commands.max(1) as f64;
        let room = (LONGEST_REQUEST.as_secs_f64() / each.max(1e-6)) as usize;
        self.0.store(room.clamp(1, MAX_COMMANDS), Ordering::Relaxed);
    }
}

pub(crate) struct Runner {
    client: Client,
    /// What the commands do, where the caller knows better than their names.
    effect: Option<Effect>,
    on_error: OnError,
    pace: Arc<Pace>,
}

/// What came of a run.
pub(crate) struct Ran {
    /// One for each command, in their order.
    pub(crate) answers: Vec<Answer>,
    /// The request that failed as a whole and ended the run.
    pub(crate) error: Option<Error>,
    /// Whether the portal answered any command before that.
    pub(crate) any_answered: bool,
}

impl Runner {
    pub(crate) fn new(
        client: Client,
        effect: Option<Effect>,
        on_error: OnError,
        pace: Arc<Pace>,
    ) -> Self {
        Self {
            client,
            effect,
            on_error,
            pace,
        }
    }

    /// Runs up to 50 commands. `known` has the results of commands before them, and gets theirs.
    pub(crate) async fn run(&self, commands: &[Command], known: &mut Known) -> Ran {
        let mut run = Run::new(commands, known);
        let mut error = None;
        let mut any_answered = false;
        let mut repeats = 0;
        let mut refused_since = None;
        loop {
            let most = self.client.session().batch_size;
            let sending = run.next(self.pace.room().min(most));
            if sending.is_empty() {
                break;
            }
            let (places, sent): (Vec<usize>, Vec<Command>) = sending.into_iter().unzip();
            // A portal runs a command whose reference fails with whatever it finds in its place. So a request with
            // references halts at the first failure, and what does not depend on it goes out in another one.
            let on_error = if run.refer_to_each_other(&places) {
                OnError::Halt
            } else {
                self.on_error
            };
            let effect = self.effect.unwrap_or_else(|| effect_of(&sent));
            let (came, took) = self.client.send_commands(&sent, on_error, effect).await;
            let came = match came {
                Ok(came) => came,
                Err(failed) => {
                    if took >= CUT_AFTER && failed.did_it_run() == DidItRun::Unknown {
                        // Nobody knows how much longer it would have taken.
                        self.pace.learn(2 * took, sent.len());
                    }
                    run.fail(&places, &failed);
                    error = Some(failed);
                    break;
                }
            };
            any_answered = true;
            self.pace.learn(took, sent.len());
            let mut refused = false;
            let mut failed = false;
            for ((place, command), answer) in places.into_iter().zip(&sent).zip(came) {
                match &answer.outcome {
                    // The portal halted before it: its turn is still to come.
                    Outcome::NotRun if failed && on_error == OnError::Halt => {}
                    Outcome::NotRun if effect_of_one(self.effect, command) == Effect::Write => {
                        failed = true;
                        let why = "the portal's reply says nothing of it".to_owned();
                        run.settle(place, Outcome::Unknown(why).into());
                        if self.on_error == OnError::Halt {
                            return run.end(error, any_answered);
                        }
                    }
                    outcome => match passing(outcome, effect_of_one(self.effect, command)) {
                        Some(why) if repeats < REPEATS && !self.is_over(refused_since) => {
                            refused = true;
                            failed = true;
                            if why == KnownCode::OperationTimeLimit {
                                // From now on the method's calls are held back until it may be called again.
                                self.client.session().ledger.refused(&command.method);
                            }
                        }
                        _ => {
                            let done = outcome.done().is_some();
                            failed |= !done;
                            run.settle(place, answer);
                            if !done && self.on_error == OnError::Halt {
                                return run.end(error, any_answered);
                            }
                        }
                    },
                }
            }
            if !refused {
                (repeats, refused_since) = (0, None);
                continue;
            }
            repeats += 1;
            refused_since.get_or_insert_with(Instant::now);
            tokio::time::sleep(self.client.session().delay(repeats)).await;
        }
        run.end(error, any_answered)
    }

    /// Whether commands have been refused for as long as a call is tried.
    fn is_over(&self, refused_since: Option<Instant>) -> bool {
        let longest = self.client.session().retry.deadline;
        refused_since.is_some_and(|since| since.elapsed() >= longest)
    }
}

/// A run that is under way.
struct Run<'a> {
    commands: &'a [Command],
    known: &'a mut Known,
    places: HashMap<&'a str, usize>,
    /// The labels that each command refers to.
    needs: Vec<HashSet<String>>,
    answers: Vec<Option<Answer>>,
}

impl<'a> Run<'a> {
    fn new(commands: &'a [Command], known: &'a mut Known) -> Self {
        Self {
            commands,
            known,
            places: (0..).zip(commands).map(|(i, c)| (&*c.label, i)).collect(),
            needs: commands
                .iter()
                .map(|command| references::labels(&command.params))
                .collect(),
            answers: commands.iter().map(|_| None).collect(),
        }
    }

    /// The commands of the next request, references to what is known replaced.
    fn next(&mut self, room: usize) -> Vec<(usize, Command)> {
        let mut sending: Vec<(usize, Command)> = Vec::new();
        let mut selected = HashSet::new();
        for place in 0..self.commands.len() {
            if self.answers[place].is_some() {
                continue;
            }
            if sending.len() == room {
                break;
            }
            let mut later = false;
            let mut never = false;
            for label in self.needs[place]
                .iter()
                .filter(|label| !self.known.has(label))
            {
                match self.places.get(label.as_str()) {
                    Some(needed) if selected.contains(needed) => {}
                    Some(needed) if self.answers[*needed].is_none() => later = true,
                    // It is over, and has no result.
                    _ => never = true,
                }
            }
            if never {
                self.answers[place] = Some(Outcome::NotRun.into());
                continue;
            }
            // A text that mixes known and unknown results waits until all are known.
            let params = self.known.resolve(&self.commands[place].params);
            let Some(params) = params.filter(|_| !later) else {
                break;
            };
            selected.insert(place);
            sending.push((
                place,
                Command {
                    params,
                    ..self.commands[place].clone()
                },
            ));
        }
        sending
    }

    fn refer_to_each_other(&self, places: &[usize]) -> bool {
        places.iter().any(|place| {
            self.needs[*place]
                .iter()
                .any(|label| !self.known.has(label))
        })
    }

    fn settle(&mut self, place: usize, answer: Answer) {
        if let Outcome::Done(result) = &answer.outcome {
            let label = &self.commands[place].label;
            self.known.note(label, result, answer.total, answer.next);
        }
        self.answers[place] = Some(answer);
    }

    /// The request of these commands failed as a whole.
    fn fail(&mut self, places: &[usize], error: &Error) {
        for place in places {
            self.answers[*place] = Some(of_error(error).into());
        }
    }

    fn end(self, error: Option<Error>, any_answered: bool) -> Ran {
        Ran {
            answers: self
                .answers
                .into_iter()
                .map(|answer| answer.unwrap_or_else(|| Outcome::NotRun.into()))
                .collect(),
            error,
            any_answered,
        }
    }
}

fn effect_of(commands: &[Command]) -> Effect {
    let reads = commands
        .iter()
        .all(|command| effect::of(&command.method) == Effect::Read);
    if reads { Effect::Read } else { Effect::Write }
}

fn effect_of_one(told: Option<Effect>, command: &Command) -> Effect {
    told.unwrap_or_else(|| effect::of(&command.method))
}

/// Whether a command did not run and may be sent again, and what kept it from running.
fn passing(outcome: &Outcome, effect: Effect) -> Option<KnownCode> {
    match outcome {
        Outcome::Failed(error) => match error.code.known() {
            code @ (KnownCode::OperationTimeLimit | KnownCode::QueryLimitExceeded) => Some(code),
            code @ KnownCode::Internal if effect == Effect::Read => Some(code),
            _ => None,
        },
        // The portal passed it over; a read may be sent again.
        Outcome::NotRun => Some(KnownCode::Other),
        _ => None,
    }
}

/// What an error of a whole request means for each of its commands.
pub(crate) fn of_error(error: &Error) -> Outcome {
    match (error.did_it_run(), error.api_error()) {
        (DidItRun::Unknown, _) | (DidItRun::Yes, None) => Outcome::Unknown(error.to_string()),
        (_, Some(api)) => Outcome::Failed(api.clone()),
        (DidItRun::No, None) => Outcome::NotRun,
    }
}
