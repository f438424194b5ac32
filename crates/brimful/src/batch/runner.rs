//! Sends commands until each has its outcome: what was refused is sent again, what may have run is not, and a command
//! whose reference finds nothing is not run.
//!
//! Commands run in their order. One that writes and refers to another waits for its result, and what stands behind it
//! waits too: but for an `add` behind `add`s, which touches nothing that is there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use brimful_protocol::KnownCode;
use tracing::debug;

use super::recorder::{BatchRecorder, Recording};
use super::references::{self, KnownResults, Unresolved};
use super::request::{OutgoingCommand, is_altered_by_a_query, needs_own_body};
use super::{
    Command, CommandAnswer, EmptyReference, NotRun, OnError, Outcome, References, StopSignal,
};
use crate::batch_request::{MAX_BODY, MAX_CUTS, Pace};
use crate::client::Client;
use crate::effect::{self, Effect};
use crate::error::{Error, ErrorKind, Execution};
use crate::retry::{Failure, RetryContext, RetryDecision};
use crate::session::Effort;

pub(crate) struct BatchRunner {
    client: Client,
    /// What the commands do, where the caller knows better than their names.
    effect: Option<Effect>,
    on_error: OnError,
    references: References,
    pace: Arc<Pace>,
    stop: Option<StopSignal>,
    recording: Recording,
}

/// What a run of commands came to.
pub(crate) struct BatchRunResult {
    /// One for each command, in their order.
    pub(crate) answers: Vec<CommandAnswer>,
    /// The request that failed as a whole and ended the run.
    pub(crate) error: Option<Error>,
    /// Whether the portal answered any command before that.
    pub(crate) any_answered: bool,
}

impl BatchRunner {
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
            references: References::Client,
            pace,
            stop: None,
            recording: Recording::default(),
        }
    }

    /// Ends the run when `stop` resolves.
    pub(crate) fn stop_on(mut self, stop: StopSignal) -> Self {
        self.stop = Some(stop);
        self
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.peek().is_some())
    }

    /// What `work` comes to, unless the run is stopped before that.
    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let stop = async {
            match self.stop.clone() {
                Some(stop) => stop.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            done = work => Some(done),
            () = stop => None,
        }
    }

    pub(crate) fn references(mut self, references: References) -> Self {
        self.references = references;
        self
    }

    pub(super) fn record_with(mut self, recorder: Option<Box<dyn BatchRecorder>>) -> Self {
        self.recording = Recording::with(recorder);
        self
    }

    /// Runs up to 50 commands. `known` has the results of commands before them, and gets theirs.
    pub(crate) async fn run(
        &self,
        commands: &[Command],
        known: &mut KnownResults,
    ) -> BatchRunResult {
        let mut run = BatchRun::new(self, commands, known);
        let mut any_answered = false;
        // Requests in a row that were cut for their length.
        let mut cuts = 0;
        let session = Arc::clone(self.client.session());
        let mut retries = RetryContext::new(session.retry, Effect::Read);
        loop {
            let (places, sent) = run.next(session.batch_size);
            if sent.is_empty() {
                return run.end(None, any_answered);
            }
            let request = run.request(places, sent);
            let labels: Vec<&str> = request.labels().collect();
            if let Err(error) = self.recording.before_sending(&labels) {
                return run.end(Some(error), any_answered);
            }
            retries.begin_attempt();
            let Some((answers, effort)) = self.unless_stopped(self.send(&request)).await else {
                return run.end_failed(&request, was_stopped(Execution::Unknown), any_answered);
            };
            let answers = match answers {
                Ok(answers) => answers,
                Err(failed) if failed.kind() == ErrorKind::TooLarge => {
                    if let Err(label) = run.was_too_large(&request.places, &request.sent, &failed)
                        && self.on_error == OnError::Halt
                    {
                        return run.halt(&label, any_answered);
                    }
                    continue;
                }
                Err(failed) if self.may_be_split(&request, effort.as_ref(), &mut cuts) => {
                    debug!(commands = request.sent.len(), %failed, "asking for less at once");
                    continue;
                }
                Err(failed) => return run.end_failed(&request, failed, any_answered),
            };
            any_answered = true;
            cuts = 0;
            if let Some(effort) = effort {
                let most = session.batch_size.min(commands.len());
                self.pace.answered(effort.took, request.sent.len(), most);
            }
            let places = request.places.clone();
            let settled = run.settle_all(request, answers, || {
                retries.after(Failure::CommandNotRun, session.jitter())
            });
            self.recording.answered(run.answers_at(&places));
            match settled {
                Err(label) => return run.halt(&label, any_answered),
                Ok((Some(RetryDecision::RetryAfter(wait)), Some(refusal))) => {
                    if !self.wait_before_retry(&retries, wait, &refusal).await {
                        return run.end(Some(was_stopped(Execution::NotRun)), any_answered);
                    }
                }
                Ok(_) => retries.succeeded(),
            }
        }
    }

    /// Sends a request. How long a command takes that goes alone says nothing of how many fit into a request.
    async fn send(
        &self,
        request: &BatchRequest,
    ) -> (Result<Vec<CommandAnswer>, Error>, Option<Effort>) {
        let BatchRequest { sent, effect, .. } = request;
        if request.alone {
            return (self.send_alone(&sent[0].command, *effect).await, None);
        }
        let sending = self.client.send_commands(sent, request.on_error, *effect);
        let (answers, effort) = sending.await;
        (answers, Some(effort))
    }

    /// Whether a request that failed was cut for its length, and its commands may be sent in smaller ones: the session has
    /// not sent it again as it is. `cuts` counts the requests in a row that were.
    fn may_be_split(
        &self,
        request: &BatchRequest,
        effort: Option<&Effort>,
        cuts: &mut u32,
    ) -> bool {
        let Some(effort) = effort.filter(|effort| effort.was_cut()) else {
            return false;
        };
        self.pace.was_cut(effort.took, request.sent.len());
        let can_be_split = request.effect == Effect::Read && request.sent.len() > 1;
        let may = can_be_split && *cuts < MAX_CUTS;
        *cuts += u32::from(may);
        may
    }

    /// Waits before commands that were refused are sent again. Returns whether the run goes on.
    async fn wait_before_retry(
        &self,
        retries: &RetryContext,
        wait: Duration,
        refusal: &Error,
    ) -> bool {
        let session = self.client.session();
        let options = self.client.options();
        let method = refusal.method().unwrap_or_default();
        let (retry, failure) = (retries.attempts(), Failure::CommandNotRun);
        let waited = session.wait_before_retry(options, method, retry, failure, wait, refusal);
        self.unless_stopped(waited).await.is_some()
    }

    /// Sends one command in a body of its own.
    async fn send_alone(
        &self,
        command: &Command,
        effect: Effect,
    ) -> Result<Vec<CommandAnswer>, Error> {
        let (method, params) = (&command.method, command.params.clone());
        let answer = match self.client.run_alone(method, params, effect).await {
            Err(error) if error.api_error().is_some() => outcome_of_error(&error).into(),
            answer => answer?,
        };
        Ok(vec![answer])
    }
}

/// Commands that go out together.
struct BatchRequest {
    /// Which of the commands of the run they are.
    places: Vec<usize>,
    sent: Vec<OutgoingCommand>,
    on_error: OnError,
    effect: Effect,
    /// It is one command, in a body of its own.
    alone: bool,
}

impl BatchRequest {
    fn labels(&self) -> impl Iterator<Item = &str> {
        self.sent.iter().map(|outgoing| &*outgoing.command.label)
    }
}

/// A run that is under way.
struct BatchRun<'a> {
    runner: &'a BatchRunner,
    commands: &'a [Command],
    known: &'a mut KnownResults,
    places: HashMap<&'a str, usize>,
    /// The labels that each command refers to.
    needs: Vec<HashSet<String>>,
    /// Commands that the server did not take in a batch for their size.
    too_large: HashSet<usize>,
    answers: Vec<Option<CommandAnswer>>,
}

/// Whether a command can be sent.
enum Readiness {
    /// It goes out so; `open` if references in it are left to the portal.
    Ready {
        outgoing: OutgoingCommand,
        open: bool,
    },
    /// It refers to a command that has no answer yet.
    Waits,
    Never(NotRun),
}

impl<'a> BatchRun<'a> {
    fn new(runner: &'a BatchRunner, commands: &'a [Command], known: &'a mut KnownResults) -> Self {
        Self {
            runner,
            commands,
            known,
            places: (0..).zip(commands).map(|(i, c)| (&*c.label, i)).collect(),
            needs: commands
                .iter()
                .map(|command| references::labels(&command.params))
                .collect(),
            too_large: HashSet::new(),
            answers: commands.iter().map(|_| None).collect(),
        }
    }

    /// The commands of the next request, references to what is known replaced.
    fn next(&mut self, batch_size: usize) -> (Vec<usize>, Vec<OutgoingCommand>) {
        let pace = &self.runner.pace;
        let (room, most_bytes) = (pace.commands().min(batch_size), pace.bytes());
        let (mut places, mut sending) = (Vec::new(), Vec::new());
        let mut bytes = 0;
        // All that waits so far are `add`s.
        let (mut some_wait, mut only_adds_wait) = (false, true);
        let mut open_before = false;
        for place in 0..self.commands.len() {
            if let Some(answer) = &self.answers[place] {
                if self.runner.on_error == OnError::Halt && answer.outcome.done().is_none() {
                    break;
                }
                continue;
            }
            if sending.len() == room {
                break;
            }
            let command = &self.commands[place];
            let (outgoing, open) = match self.readiness(place, &places) {
                Readiness::Ready { outgoing, open } => (outgoing, open),
                Readiness::Never(why) => {
                    self.answers[place] = Some(Outcome::NotRun(why).into());
                    if self.runner.on_error == OnError::Halt {
                        break;
                    }
                    continue;
                }
                Readiness::Waits => {
                    some_wait = true;
                    only_adds_wait &= is_add(&command.method);
                    if self.runner.on_error == OnError::Halt || !only_adds_wait {
                        break;
                    }
                    continue;
                }
            };
            if some_wait && !is_add(&command.method) {
                break;
            }
            let writes = effect_of_one(self.runner.effect, command) == Effect::Write;
            // The portal would not halt at a reference that finds nothing.
            if writes && open_before && self.stops_at_empty_references() {
                break;
            }
            let size = outgoing.size();
            let alone = self.needs_own_request(place, &outgoing, open);
            if !sending.is_empty() && (alone || bytes + size > most_bytes) {
                break;
            }
            bytes += size;
            open_before |= open;
            places.push(place);
            sending.push(outgoing);
            if alone {
                break;
            }
        }
        (places, sending)
    }

    /// Whether the command can be sent in a request with those at `selected`.
    fn readiness(&self, place: usize, selected: &[usize]) -> Readiness {
        let command = &self.commands[place];
        let mut waits = false;
        for label in self.needs[place]
            .iter()
            .filter(|label| !self.known.has(label))
        {
            let needed = self.places.get(label.as_str()).copied();
            match needed {
                Some(needed) if selected.contains(&needed) => {}
                Some(needed) if self.answers[needed].is_none() => waits = true,
                // It is over, and has no result.
                _ => {
                    let outcome = needed.and_then(|needed| self.answers[needed].as_ref());
                    return Readiness::Never(NotRun::NoResult {
                        label: label.clone(),
                        outcome: outcome.map_or_else(
                            || "has no result".to_owned(),
                            |answer| describe(&answer.outcome),
                        ),
                    });
                }
            }
        }
        let resolved = match self.known.resolve(&command.method, &command.params) {
            Ok(resolved) => resolved,
            Err(why) => return Readiness::Never(NotRun::EmptyReference(why.reason())),
        };
        let writes = effect_of_one(self.runner.effect, command) == Effect::Write;
        let by_the_portal = match self.runner.references {
            References::Portal => true,
            References::Client => !writes && !resolved.only_here,
        };
        if waits || resolved.open && !by_the_portal {
            return Readiness::Waits;
        }
        Readiness::Ready {
            outgoing: OutgoingCommand::new(Command {
                params: resolved.params,
                ..command.clone()
            }),
            open: resolved.open,
        }
    }

    /// Whether an empty reference is to end the batch, which the portal knows nothing of.
    fn stops_at_empty_references(&self) -> bool {
        self.runner.on_error == OnError::Halt && self.runner.references == References::Client
    }

    fn needs_own_request(&self, place: usize, outgoing: &OutgoingCommand, open: bool) -> bool {
        let params = &outgoing.command.params;
        let altered = if self.needs[place].is_empty() {
            is_altered_by_a_query(params)
        } else {
            // A value may have a null in it, which is meant.
            needs_own_body(params)
        };
        !open && (altered || self.too_large.contains(&place) || outgoing.size() > MAX_BODY)
    }

    /// The request for commands that can be sent. A portal runs a command whose reference fails with whatever it finds in
    /// its place. So a request with references halts at the first failure, and what does not depend on it goes out in
    /// another one.
    fn request(&self, places: Vec<usize>, sent: Vec<OutgoingCommand>) -> BatchRequest {
        let runner = self.runner;
        let on_error = if self.refer_to_each_other(&places) {
            OnError::Halt
        } else {
            runner.on_error
        };
        BatchRequest {
            on_error,
            effect: runner.effect.unwrap_or_else(|| effect_of(&sent)),
            alone: self.goes_alone(&places, &sent),
            places,
            sent,
        }
    }

    /// Whether these commands are one that travels in a body of its own.
    fn goes_alone(&self, places: &[usize], sent: &[OutgoingCommand]) -> bool {
        match (places, sent) {
            ([place], [outgoing]) => {
                let open = self.is_open(*place);
                self.needs_own_request(*place, outgoing, open)
            }
            _ => false,
        }
    }

    /// Whether a command that is being sent has references that the portal is to replace.
    fn is_open(&self, place: usize) -> bool {
        self.needs[place].iter().any(|label| !self.known.has(label))
    }

    fn refer_to_each_other(&self, places: &[usize]) -> bool {
        places.iter().any(|place| self.is_open(*place))
    }

    /// The server did not take a request for its size: the next one is smaller, or the command travels in a body of its
    /// own, which is shorter than a query string.
    ///
    /// # Errors
    /// The command that cannot be sent at all: its label.
    fn was_too_large(
        &mut self,
        places: &[usize],
        sent: &[OutgoingCommand],
        error: &Error,
    ) -> Result<(), Arc<str>> {
        let Some((&place, outgoing)) = places.first().zip(sent.first()) else {
            return Ok(());
        };
        if places.len() > 1 {
            let bytes = sent.iter().map(OutgoingCommand::size).sum();
            self.runner.pace.was_too_large(bytes);
            return Ok(());
        }
        if !self.goes_alone(places, sent) && !self.is_open(place) {
            self.too_large.insert(place);
            return Ok(());
        }
        let why = NotRun::TooLarge(error.clone());
        self.answers[place] = Some(Outcome::NotRun(why).into());
        Err(Arc::clone(&outgoing.command.label))
    }

    /// Notes the answers to a request. A command that certainly did not run keeps its turn while `retry`, which is asked
    /// once, says so: that decision and the first such refusal come back.
    ///
    /// # Errors
    /// The label of the command at which the run halts.
    fn settle_all(
        &mut self,
        request: BatchRequest,
        answers: Vec<CommandAnswer>,
        mut retry: impl FnMut() -> RetryDecision,
    ) -> Result<(Option<RetryDecision>, Option<Error>), Arc<str>> {
        let BatchRequest {
            places,
            sent,
            on_error,
            ..
        } = request;
        let runner = self.runner;
        let session = runner.client.session();
        let halts = runner.on_error == OnError::Halt;
        let (mut again, mut refusal, mut failed) = (None, None, false);
        for ((place, outgoing), answer) in places.into_iter().zip(&sent).zip(answers) {
            let command = &outgoing.command;
            let effect = effect_of_one(runner.effect, command);
            if let Outcome::NotRun(_) = answer.outcome {
                // The portal halted before it: its turn is still to come.
                if failed && on_error == OnError::Halt {
                    continue;
                }
                if effect == Effect::Write {
                    failed = true;
                    let why = "the portal's reply says nothing of it".to_owned();
                    self.settle(place, Outcome::Unknown(why).into());
                    if halts {
                        return Err(Arc::clone(&command.label));
                    }
                    continue;
                }
            }
            if let Some(why) = may_be_sent_again(&answer.outcome, effect)
                && let RetryDecision::RetryAfter(_) = again.get_or_insert_with(&mut retry)
            {
                failed = true;
                if why == KnownCode::OperationTimeLimit {
                    // From now on the method's calls are held back until it may be called again.
                    session.ledger.refused(&command.method);
                }
                refusal.get_or_insert_with(|| {
                    not_run(&answer.outcome).at(&session.auth, &command.method)
                });
                continue;
            }
            failed |= answer.outcome.done().is_none();
            let done = self.settle(place, answer);
            if !done && halts {
                return Err(Arc::clone(&command.label));
            }
        }
        Ok((again, refusal))
    }

    /// The answers to the commands at these places, as far as they have one.
    fn answers_at(&self, places: &[usize]) -> impl Iterator<Item = (&Arc<str>, &CommandAnswer)> {
        places.iter().filter_map(|place| {
            let answer = self.answers[*place].as_ref()?;
            Some((&self.commands[*place].label, answer))
        })
    }

    /// Notes an answer; whether the command is done.
    fn settle(&mut self, place: usize, mut answer: CommandAnswer) -> bool {
        // What the portal has put in the place of its references is looked at now that the results are there.
        if let Some(reason) = self.empty_reference(place) {
            answer.outcome = match answer.outcome {
                Outcome::Done(result) => with_empty_reference(reason, Ok(result)),
                Outcome::Failed(error) => with_empty_reference(reason, Err(error)),
                other => other,
            };
        }
        let done = if let Outcome::Done(result) = &answer.outcome {
            let label = &self.commands[place].label;
            self.known.note(label, result, answer.total, answer.next);
            true
        } else {
            false
        };
        self.answers[place] = Some(answer);
        done
    }

    /// Which reference of a command that ran has no value.
    fn empty_reference(&self, place: usize) -> Option<String> {
        if self.needs[place].is_empty() {
            return None;
        }
        for label in &self.needs[place] {
            if let Some(needed) = self.places.get(label.as_str())
                && let Some(CommandAnswer {
                    outcome: Outcome::EmptyReference(empty),
                    ..
                }) = &self.answers[*needed]
            {
                return Some(format!("it refers to {label:?}, where {}", empty.reason));
            }
        }
        let command = &self.commands[place];
        match self.known.resolve(&command.method, &command.params) {
            Err(Unresolved::Empty(reason)) => Some(reason),
            _ => None,
        }
    }

    /// The batch halts at the command with this label.
    fn halt(self, label: &str, any_answered: bool) -> BatchRunResult {
        self.end_with(&NotRun::Halted(label.to_owned()), None, any_answered)
    }

    /// The run ends with a request that failed as a whole.
    fn end_failed(
        mut self,
        request: &BatchRequest,
        error: Error,
        any_answered: bool,
    ) -> BatchRunResult {
        for place in &request.places {
            self.answers[*place] = Some(outcome_of_error(&error).into());
        }
        let answers = self.answers_at(&request.places);
        self.runner.recording.answered(answers);
        self.end(Some(error), any_answered)
    }

    fn end(self, error: Option<Error>, any_answered: bool) -> BatchRunResult {
        let halted = self.commands.iter().zip(&self.answers).find(|(_, answer)| {
            let answer = answer.as_ref();
            answer.is_some_and(|answer| answer.outcome.done().is_none())
        });
        let why = match (&error, halted) {
            (Some(error), _) => NotRun::Ended(error.clone()),
            (None, Some((command, _))) => NotRun::Halted(command.label.to_string()),
            (None, None) => NotRun::PassedOver,
        };
        self.end_with(&why, error, any_answered)
    }

    /// Ends the run; those without an answer were not run for this reason.
    fn end_with(self, why: &NotRun, error: Option<Error>, any_answered: bool) -> BatchRunResult {
        BatchRunResult {
            answers: self
                .answers
                .into_iter()
                .map(|answer| answer.unwrap_or_else(|| Outcome::NotRun(why.clone()).into()))
                .collect(),
            error,
            any_answered,
        }
    }
}

fn with_empty_reference(
    reason: String,
    answer: Result<Box<serde_json::value::RawValue>, brimful_protocol::ApiError>,
) -> Outcome {
    Outcome::EmptyReference(Box::new(EmptyReference { reason, answer }))
}

/// The caller has stopped the run.
fn was_stopped(ran: Execution) -> Error {
    Error::new(
        ErrorKind::Deadline,
        ran,
        "the batch was stopped before its answer came",
    )
}

/// Whether a method makes something new, and touches nothing that is there.
fn is_add(method: &str) -> bool {
    let last = method.rsplit('.').next().unwrap_or_default();
    last.eq_ignore_ascii_case("add")
}

/// How a command ended that another one refers to, in words.
fn describe(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(_) => "has a result".to_owned(),
        Outcome::Failed(error) => format!("failed: {error}"),
        Outcome::NotRun(_) => "was not run".to_owned(),
        Outcome::Unknown(_) => "may have run: its answer is lost".to_owned(),
        Outcome::EmptyReference(empty) => {
            format!("has an empty reference itself: {}", empty.reason)
        }
    }
}

fn effect_of(commands: &[OutgoingCommand]) -> Effect {
    let reads = commands
        .iter()
        .all(|outgoing| effect::of(&outgoing.command.method) == Effect::Read);
    if reads { Effect::Read } else { Effect::Write }
}

fn effect_of_one(told: Option<Effect>, command: &Command) -> Effect {
    told.unwrap_or_else(|| effect::of(&command.method))
}

/// Whether a command did not run and may be sent again, and what kept it from running.
fn may_be_sent_again(outcome: &Outcome, effect: Effect) -> Option<KnownCode> {
    match outcome {
        Outcome::Failed(error) => match error.code.known() {
            code @ (KnownCode::OperationTimeLimit | KnownCode::QueryLimitExceeded) => Some(code),
            code @ KnownCode::Internal if effect == Effect::Read => Some(code),
            _ => None,
        },
        // The portal passed it over; a read may be sent again.
        Outcome::NotRun(_) => Some(KnownCode::Other),
        _ => None,
    }
}

/// Why a command has not run.
fn not_run(outcome: &Outcome) -> Error {
    match outcome {
        Outcome::Failed(error) => Error::api(error.clone()),
        _ => Error::new(
            ErrorKind::Api,
            Execution::NotRun,
            "the portal passed the command over",
        ),
    }
}

/// What an error of a whole request means for each of its commands.
pub(crate) fn outcome_of_error(error: &Error) -> Outcome {
    match (error.execution(), error.api_error()) {
        (Execution::Unknown, _) | (Execution::Ran, None) => Outcome::Unknown(error.to_string()),
        (_, Some(api)) => Outcome::Failed(api.clone()),
        (Execution::NotRun, None) => Outcome::NotRun(match error.kind() {
            ErrorKind::Config => NotRun::Refused(error.to_string()),
            ErrorKind::TooLarge => NotRun::TooLarge(error.clone()),
            _ => NotRun::NotReached(error.clone()),
        }),
    }
}
