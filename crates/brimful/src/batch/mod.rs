//! Batches of the caller's own commands: any number, sent 50 at a time, one outcome for each, in their order.
//!
//! [`Batch`] is what is to be run, [`BatchReply`] its outcome. A [`Label`] names a command, and makes references
//! by which later commands use its result; a late command is built in Rust from what came before it.
//!
//! - `outcome` is how one command ended,
//! - `recorder` tells the caller what is about to be sent, and the outcomes as they come,
//! - `references` finds and resolves `$result[…]` in parameters,
//! - `request` says which commands a request can carry, sends them and reads the reply,
//! - `runner` sends commands until each has its outcome.

mod outcome;
mod recorder;
mod references;
mod request;
mod runner;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::iter::Peekable;
use std::sync::Arc;

use brimful_protocol::Time;
use brimful_protocol::batch::MAX_COMMANDS;
use brimful_protocol::reference::{BadStep, Reference};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use outcome::{EmptyReference, NotRun, Outcome};
pub use recorder::{AnsweredCommand, BatchRecorder};
pub(crate) use references::KnownResults;
pub(crate) use request::needs_own_body;
pub(crate) use runner::{BatchRunner, outcome_of_error};

use crate::check::{self, Carrier, Checks};
use crate::client::Client;
use crate::effect::{self, Effect};
use crate::error::{Error, Execution};
use crate::json::{self, Params};

/// What is to be run: commands, and what to do when one fails.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::Batch;
/// use serde_json::json;
///
/// let mut batch = Batch::new();
/// let lead = batch.add("lead", "crm.lead.add", json!({"fields": {"TITLE": "From the fair"}}))?;
/// let contact = batch.add("contact", "crm.contact.add", json!({"fields": {"NAME": "Ann"}}))?;
/// batch.add(
///     "link",
///     "crm.lead.contact.add",
///     json!({"id": lead.result(), "fields": {"CONTACT_ID": contact.result()}}),
/// )?;
/// let reply = client.batch(batch).await?;
/// let id: u64 = reply.result(&lead)?;
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Batch {
    entries: Vec<BatchEntry>,
    labels: HashSet<Arc<str>>,
    on_error: OnError,
    references: References,
    stop: Option<StopSignal>,
    recorder: Option<Box<dyn BatchRecorder>>,
}

/// Resolves when the caller wants a batch to end.
pub(crate) type StopSignal = Shared<BoxFuture<'static, ()>>;

type BuildCommand = Box<dyn FnOnce(&BatchReply) -> Result<Option<LateCommand>, Error> + Send>;

enum BatchEntry {
    Now(Command),
    Late {
        label: Arc<str>,
        build: BuildCommand,
    },
}

impl BatchEntry {
    fn label(&self) -> &Arc<str> {
        match self {
            Self::Now(command) => &command.label,
            Self::Late { label, .. } => label,
        }
    }
}

/// A command that is built from earlier results: method and parameters.
///
/// ```
/// use brimful::LateCommand;
/// use serde_json::json;
///
/// let company = LateCommand::new("crm.company.get", json!({"id": 7}));
/// ```
#[derive(Debug, Clone)]
pub struct LateCommand {
    method: String,
    params: Params,
}

impl LateCommand {
    /// A call of `method`. Parameters that cannot be written as JSON are an error of the batch.
    pub fn new(method: impl Into<String>, params: impl Serialize) -> Self {
        Self {
            method: method.into(),
            params: Params::of(params),
        }
    }
}

/// One command of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) label: Arc<str>,
    pub(crate) method: String,
    pub(crate) params: Value,
}

/// The name of a command of a batch.
///
/// ```
/// use brimful::Batch;
/// use serde_json::json;
///
/// let mut batch = Batch::new();
/// let leads = batch.add("leads", "crm.lead.list", json!({"select": ["ID"]}))?;
/// let first = leads.result().index(0).field("ID")?;
/// assert_eq!(first.to_string(), "$result[leads][0][ID]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Label {
    name: Arc<str>,
    result: Reference,
    total: Reference,
    next: Reference,
}

impl Label {
    fn new(name: &str) -> Result<Self, BadStep> {
        Ok(Self {
            name: name.into(),
            result: Reference::result(name)?,
            total: Reference::total(name)?,
            next: Reference::next(name)?,
        })
    }

    /// The label as it is written.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// A reference to the command's result, for the parameters of later commands: the new ID after an `add`. Its
    /// `field` and `index` go deeper: `leads.result().index(0).field("ID")?`.
    pub fn result(&self) -> Reference {
        self.result.clone()
    }

    /// A reference to how many rows the command found in all.
    pub fn total(&self) -> Reference {
        self.total.clone()
    }

    /// A reference to where its next page starts.
    pub fn next(&self) -> Reference {
        self.next.clone()
    }
}

impl AsRef<str> for Label {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl From<BadStep> for Error {
    fn from(bad: BadStep) -> Self {
        Self::config(bad.to_string())
    }
}

/// Whether a batch goes on after a command has failed.
///
/// ```
/// use brimful::{Batch, OnError};
///
/// let all_or_what_is_before_a_failure = Batch::new().on_error(OnError::Halt);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// The other commands run anyway, but for those that refer to it.
    #[default]
    Continue,
    /// The commands after it are not run.
    Halt,
}

/// Who puts values in the place of references between commands.
///
/// ```
/// use brimful::{Batch, References};
///
/// let in_one_request = Batch::new().references(References::Portal);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum References {
    /// The client, for commands that write: such a command goes out in a request after those that it refers to, with
    /// the values in place. If a value is missing, null, or a list or an object where an ID belongs, the command is not
    /// run, and its outcome is [`NotRun::EmptyReference`]. Commands that read may share a request with those that they
    /// refer to; one whose reference found nothing has the outcome [`Outcome::EmptyReference`].
    #[default]
    Client,
    /// The portal, as it does by itself, and all in one request. Where a reference finds nothing, the portal runs the
    /// command anyway, with the parent of the missing value in its place: a write then changes another record,
    /// often the one with the ID 1. Its outcome is [`Outcome::EmptyReference`], when it is too late.
    Portal,
}

impl Batch {
    /// No commands yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to do when a command fails.
    #[must_use]
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// Ends the batch when `stop` resolves, without waiting for what is on its way. The reply has every outcome that came;
    /// commands on their way are [`Outcome::Unknown`], those that were not sent are not run.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client, batch: brimful::Batch) -> Result<(), brimful::Error> {
    /// use std::time::Duration;
    ///
    /// let reply = client.batch(batch.stop_on(tokio::time::sleep(Duration::from_secs(30)))).await?;
    /// for (label, outcome) in reply.iter() {
    ///     println!("{label}: {outcome:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn stop_on(mut self, stop: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = Some(stop.boxed().shared());
        self
    }

    /// Tells `recorder` of each request before it goes out, and of the outcomes when they have come, so that a program
    /// that is killed in the middle has a record of every command that may have run.
    ///
    /// ```
    /// use std::io::{self, Write};
    ///
    /// use brimful::{AnsweredCommand, Batch, BatchRecorder};
    ///
    /// struct Log(std::fs::File);
    ///
    /// impl BatchRecorder for Log {
    ///     fn before_sending(&mut self, labels: &[&str]) -> io::Result<()> {
    ///         writeln!(self.0, "about to send {labels:?}")?;
    ///         self.0.sync_data()
    ///     }
    ///
    ///     fn answered(&mut self, commands: &[AnsweredCommand<'_>]) {
    ///         for command in commands {
    ///             // Those that are not written down stay ones that may have run.
    ///             let _ = writeln!(self.0, "{}: {:?}", command.label, command.outcome);
    ///         }
    ///     }
    /// }
    ///
    /// # fn example() -> io::Result<()> {
    /// let batch = Batch::new().record_with(Log(std::fs::File::create("batch.log")?));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn record_with(mut self, recorder: impl BatchRecorder + 'static) -> Self {
        self.recorder = Some(Box::new(recorder));
        self
    }

    /// Who puts values in the place of references; the client, unless said otherwise.
    #[must_use]
    pub fn references(mut self, references: References) -> Self {
        self.references = references;
        self
    }

    /// Adds a command. Its label is the name of its outcome, and by it later commands refer to its result, however many
    /// commands are between them.
    ///
    /// A command that writes and refers to others waits for them, and goes out in a later request with the values in
    /// place: see [`References`]. What stands behind it waits too, so that commands run in their order; only an `add`
    /// goes ahead where nothing but other `add`s waits. So contacts and the deals that refer to them take two requests,
    /// whatever their order. Lookups that come before all writes share a request.
    ///
    /// # Errors
    /// A label that is taken or that no reference could name; `batch` as the method, which portals refuse; a reference
    /// to a label that is not there.
    pub fn add(
        &mut self,
        label: impl Into<String>,
        method: impl Into<String>,
        params: impl Serialize,
    ) -> Result<Label, Error> {
        let (label, method) = (self.label(&label.into())?, method.into());
        check_method(&method)?;
        let params = json::params(&method, params)?;
        check_texts(&params).map_err(|error| error.in_command(&label.name))?;
        for referred in references::labels(&params) {
            if !self.labels.contains(referred.as_str()) {
                return Err(Error::config(format!(
                    "the command {:?} refers to {referred:?}, and no command before it has that label",
                    &*label.name
                )));
            }
        }
        self.labels.insert(Arc::clone(&label.name));
        self.entries.push(BatchEntry::Now(Command {
            label: Arc::clone(&label.name),
            method,
            params,
        }));
        Ok(label)
    }

    /// Adds a command that is built when all commands before it have run, from their outcomes, and goes out in the
    /// following request. Late commands that follow each other share a request, and do not see each other's outcomes.
    /// `build` returns a command, or `None` if there is none to be run after all. Where it fails, the batch ends with
    /// its error.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// use brimful::{Batch, LateCommand};
    /// use serde_json::{Value, json};
    ///
    /// let mut batch = Batch::new();
    /// let deal = batch.add("deal", "crm.deal.get", json!({"id": 7}))?;
    /// batch.late("company", move |before| {
    ///     let deal: Value = before.result(&deal)?;
    ///     Ok(LateCommand::new("crm.company.get", json!({"id": deal["COMPANY_ID"]})))
    /// })?;
    /// let reply = client.batch(batch).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A label that is taken or that no reference could name.
    pub fn late<F, C>(&mut self, label: impl Into<String>, build: F) -> Result<Label, Error>
    where
        F: FnOnce(&BatchReply) -> Result<C, Error> + Send + 'static,
        C: Into<Option<LateCommand>>,
    {
        let label = self.label(&label.into())?;
        self.labels.insert(Arc::clone(&label.name));
        self.entries.push(BatchEntry::Late {
            label: Arc::clone(&label.name),
            build: Box::new(|before| build(before).map(Into::into)),
        });
        Ok(label)
    }

    /// How many commands there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn label(&self, label: &str) -> Result<Label, Error> {
        if self.labels.contains(label) {
            return Err(Error::config(format!(
                "two commands of the batch have the label {label:?}"
            )));
        }
        Label::new(label).map_err(|_| {
            Error::config(format!(
                "the label {label:?} of a batch command is empty or has white space or brackets in it: no reference could name it"
            ))
        })
    }
}

fn check_method(method: &str) -> Result<(), Error> {
    if method.eq_ignore_ascii_case("batch") {
        return Err(Error::config(
            "batch cannot be a command of a batch: portals refuse it",
        ));
    }
    Ok(())
}

fn check_texts(params: &Value) -> Result<(), Error> {
    if let Some(name) = references::in_a_name(params) {
        return Err(Error::config(format!(
            "it has a reference in the name {name:?}, and only values are replaced"
        )));
    }
    match references::nameless(params) {
        None => Ok(()),
        Some(text) => Err(Error::config(format!(
            "it has the text {text:?}: in a batch the portal takes it for a reference and replaces it; call the method by itself"
        ))),
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("commands", &self.entries.len())
            .field("on_error", &self.on_error)
            .finish_non_exhaustive()
    }
}

/// One command's part of a reply.
#[derive(Debug)]
pub(crate) struct CommandAnswer {
    pub(crate) outcome: Outcome,
    pub(crate) total: Option<u64>,
    pub(crate) next: Option<u64>,
    pub(crate) time: Option<Time>,
}

impl From<Outcome> for CommandAnswer {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            total: None,
            next: None,
            time: None,
        }
    }
}

/// The outcome of a batch: one for each command, in their order.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::Batch;
/// use serde_json::{Value, json};
///
/// let mut batch = Batch::new();
/// let leads = batch.add("leads", "crm.lead.list", json!({}))?;
/// let reply = client.batch(batch).await?;
/// let rows: Vec<Value> = reply.result(&leads)?;
/// println!("{} of {:?}", rows.len(), reply.total(&leads));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct BatchReply {
    labels: HashMap<Arc<str>, usize>,
    answers: Vec<LabelledAnswer>,
    stopped: Option<Error>,
}

#[derive(Debug)]
struct LabelledAnswer {
    label: Arc<str>,
    /// `None` for a late command that was not built.
    method: Option<String>,
    answer: CommandAnswer,
}

impl BatchReply {
    /// The outcome of a command.
    pub fn get(&self, label: impl AsRef<str>) -> Option<&Outcome> {
        self.answer(label.as_ref()).map(|answer| &answer.outcome)
    }

    /// The result of a command, as a type.
    ///
    /// # Errors
    /// The command has no result; the error says how it ended. Or its result is not of the type.
    pub fn result<T: DeserializeOwned>(&self, label: impl AsRef<str>) -> Result<T, Error> {
        let label = label.as_ref();
        match self.labelled(label) {
            Some(LabelledAnswer { method, answer, .. }) => {
                let outcome = &answer.outcome;
                let result = match method {
                    Some(method) => outcome.result_of(method, &format!("({label:?})")),
                    None => outcome.result(),
                };
                result.map_err(|error| error.in_command(label))
            }
            None => Err(Error::config(format!(
                "no command with the label {label:?} has run"
            ))),
        }
    }

    /// How many rows a command found in all, where its method counts.
    pub fn total(&self, label: impl AsRef<str>) -> Option<u64> {
        self.answer(label.as_ref())?.total
    }

    /// Where the next page of a command's list starts, if there is one.
    pub fn next(&self, label: impl AsRef<str>) -> Option<u64> {
        self.answer(label.as_ref())?.next
    }

    /// What the portal says of the time that a command took.
    pub fn time(&self, label: impl AsRef<str>) -> Option<&Time> {
        self.answer(label.as_ref())?.time.as_ref()
    }

    /// The outcomes with their labels, in the order of the commands.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Outcome)> {
        self.answers
            .iter()
            .map(|entry| (&*entry.label, &entry.answer.outcome))
    }

    /// The outcomes, in the order of the commands.
    pub fn into_outcomes(self) -> Vec<Outcome> {
        self.answers
            .into_iter()
            .map(|entry| entry.answer.outcome)
            .collect()
    }

    /// Why the batch was not run to its end, where a request failed as a whole.
    pub fn stopped(&self) -> Option<&Error> {
        self.stopped.as_ref()
    }

    fn labelled(&self, label: &str) -> Option<&LabelledAnswer> {
        self.answers.get(*self.labels.get(label)?)
    }

    fn answer(&self, label: &str) -> Option<&CommandAnswer> {
        self.labelled(label).map(|entry| &entry.answer)
    }

    /// Why no further command is run, if none is.
    fn over(&self, halted: Option<&str>) -> Option<NotRun> {
        match (halted, &self.stopped) {
            (Some(label), _) => Some(NotRun::Halted(label.to_owned())),
            (None, Some(error)) => Some(NotRun::Ended(error.clone())),
            (None, None) => None,
        }
    }

    fn sort(&mut self, order: &[Arc<str>]) {
        let places: HashMap<&str, usize> = (0..).zip(order).map(|(at, l)| (&**l, at)).collect();
        self.answers
            .sort_by_key(|entry| places.get(&*entry.label).copied());
        self.labels = (0..)
            .zip(&self.answers)
            .map(|(at, entry)| (Arc::clone(&entry.label), at))
            .collect();
    }

    fn push(&mut self, label: Arc<str>, method: Option<String>, answer: CommandAnswer) {
        self.labels.insert(Arc::clone(&label), self.answers.len());
        self.answers.push(LabelledAnswer {
            label,
            method,
            answer,
        });
    }
}

impl Client {
    /// Runs the commands of a batch, 50 in a request. An error of one command is its outcome and touches no other but
    /// those that refer to it: they are not run, where a portal would run them with whatever it finds instead (see
    /// [`References`]). Commands that the portal refused for a limit are sent again, commands that may have run are not.
    ///
    /// A request that would be too large is sent in several, and a command that a query string can't carry as it is
    /// (more than 1,000 values, names with brackets) goes out by itself. A command that the server takes in no size is
    /// not run: [`NotRun::TooLarge`].
    ///
    /// # Errors
    /// A first request that fails as a whole, if none of its commands that write may have run. What fails otherwise is in
    /// the reply: such commands are [`Outcome::Unknown`], and [`BatchReply::stopped`] has the error.
    pub async fn batch(&self, batch: Batch) -> Result<BatchReply, Error> {
        let Batch {
            entries,
            on_error,
            references,
            stop,
            recorder,
            ..
        } = batch;
        for entry in &entries {
            if let BatchEntry::Now(command) = entry {
                self.check(&command.method, &command.params)
                    .map_err(|error| error.in_command(&command.label))?;
            }
        }
        let runner = BatchRunner::new(self.clone(), None, on_error, Arc::default())
            .references(references)
            .record_with(recorder);
        let runner = match stop {
            Some(stop) => runner.stop_on(stop),
            None => runner,
        };
        let order: Vec<Arc<str>> = entries.iter().map(BatchEntry::label).cloned().collect();
        let mut reply = BatchReply::default();
        let mut known = KnownResults::default();
        let mut entries = entries.into_iter().peekable();
        let (mut halted, mut lost_before): (Option<Arc<str>>, bool) = (None, false);
        while entries.peek().is_some() {
            let commands = self.next_commands(&mut entries, &mut reply, halted.as_deref());
            let answers: Vec<CommandAnswer> = if let Some(why) = reply.over(halted.as_deref()) {
                let not_run = |_| Outcome::NotRun(why.clone()).into();
                commands.iter().map(not_run).collect()
            } else {
                let ran = runner.run(&commands, &mut known).await;
                if let Some(error) = ran.error {
                    let answered = ran.any_answered || !reply.answers.is_empty();
                    // A write whose answer was lost says nothing of the commands that do not depend on it.
                    let lost = error.execution() == Execution::Unknown
                        && on_error == OnError::Continue
                        && !lost_before
                        && !runner.is_stopped()
                        && entries.peek().is_some();
                    lost_before = lost;
                    // The caller must not take what may have run for what did not.
                    let may_have_run =
                        commands.iter().zip(&ran.answers).any(|(command, answer)| {
                            effect::of(&command.method) == Effect::Write
                                && matches!(answer.outcome, Outcome::Unknown(_))
                        });
                    if !lost && !answered && !may_have_run && !runner.is_stopped() {
                        return Err(error);
                    }
                    if !lost {
                        reply.stopped = Some(error);
                    }
                }
                ran.answers
            };
            if on_error == OnError::Halt && halted.is_none() {
                halted = commands
                    .iter()
                    .zip(&answers)
                    .find(|(_, answer)| answer.outcome.done().is_none())
                    .map(|(command, _)| Arc::clone(&command.label));
            }
            for (command, answer) in commands.into_iter().zip(answers) {
                reply.push(command.label, Some(command.method), answer);
            }
        }
        reply.sort(&order);
        Ok(reply)
    }

    /// The commands of the next request. A late command waits for everything before it, but not for other late ones; one
    /// that is not run has its outcome in `reply`.
    fn next_commands(
        &self,
        entries: &mut Peekable<impl Iterator<Item = BatchEntry>>,
        reply: &mut BatchReply,
        halted: Option<&str>,
    ) -> Vec<Command> {
        let mut commands: Vec<Command> = Vec::new();
        let mut all_are_late = true;
        while commands.len() < MAX_COMMANDS {
            let joins = |entry: &BatchEntry| all_are_late || matches!(entry, BatchEntry::Now(_));
            match entries.next_if(joins) {
                Some(BatchEntry::Now(command)) => {
                    commands.push(command);
                    all_are_late = false;
                }
                Some(BatchEntry::Late { label, build }) => {
                    if let Some(why) = reply.over(halted) {
                        reply.push(label, None, Outcome::NotRun(why).into());
                        continue;
                    }
                    match self.late_command(&label, build, reply, &commands) {
                        Ok(None) => {
                            let outcome = Outcome::NotRun(NotRun::NoCommand);
                            reply.push(label, None, outcome.into());
                        }
                        Ok(Some(command)) => commands.push(command),
                        Err(error) => {
                            let why = NotRun::Refused(error.to_string());
                            reply.push(label, None, Outcome::NotRun(why).into());
                            reply.stopped = Some(error);
                        }
                    }
                }
                None => break,
            }
        }
        commands
    }

    /// The command that is built from the results so far; `None` if none is wanted. `beside` goes out with it.
    fn late_command(
        &self,
        label: &Arc<str>,
        build: BuildCommand,
        reply: &BatchReply,
        beside: &[Command],
    ) -> Result<Option<Command>, Error> {
        let Some(LateCommand { method, params }) = build(reply)? else {
            return Ok(None);
        };
        let command = Command {
            label: Arc::clone(label),
            method,
            params: params.finish()?,
        };
        let there = |referred: &str| {
            reply.get(referred).is_some() || beside.iter().any(|other| *other.label == *referred)
        };
        self.check_late(&command, there)
            .map_err(|error| error.in_command(label))?;
        Ok(Some(command))
    }

    /// What [`Batch::add`] and the start of a batch look at, of a command that was not there yet.
    fn check_late(&self, late: &Command, there: impl Fn(&str) -> bool) -> Result<(), Error> {
        check_method(&late.method)?;
        self.check(&late.method, &late.params)?;
        check_texts(&late.params)?;
        let nobody = references::labels(&late.params)
            .into_iter()
            .find(|label| !there(label));
        match nobody {
            None => Ok(()),
            Some(label) => Err(Error::config(format!(
                "it refers to {label:?}, and no command before it has that label"
            ))),
        }
    }

    fn check(&self, method: &str, params: &Value) -> Result<(), Error> {
        match self.session().checks {
            Checks::On => check::call(method, params, Carrier::Query),
            Checks::Off => Ok(()),
        }
    }
}
