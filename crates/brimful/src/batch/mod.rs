//! Batches of the caller's own commands: any number, sent 50 at a time, one outcome for each, in their order.
//!
//! [`Batch`] is what is to be run, [`BatchReply`] what became of it. A [`Label`] names a command, and makes references
//! by which later commands use its result; a late command is built in Rust from what came before it.
//!
//! - `references` finds and resolves `$result[…]` in parameters,
//! - `request` is one request of commands,
//! - `runner` sends commands until each has its outcome.

mod references;
mod request;
mod runner;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use brimful_protocol::batch::MAX_COMMANDS;
use brimful_protocol::reference::{BadStep, Reference};
use brimful_protocol::{ApiError, Time};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

pub(crate) use references::{Known, any as has_references};
pub(crate) use runner::{Pace, Runner, of_error};

use crate::check::{self, Carrier, Checks};
use crate::client::Client;
use crate::error::{DidItRun, Error};
use crate::json;

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
    entries: Vec<Entry>,
    /// The request that each label goes out in, as the commands stand.
    requests: HashMap<Arc<str>, usize>,
    /// The request of the last entry, and how many entries are in it.
    request: usize,
    filled: usize,
    /// Whether that request was opened by a late command: others may join it.
    late: bool,
    on_error: OnError,
}

type Build = Box<dyn FnOnce(&BatchReply) -> Result<Option<LateCommand>, Error> + Send>;

enum Entry {
    Now(Command),
    Late { label: Arc<str>, build: Build },
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
    params: Value,
}

impl LateCommand {
    /// A call of `method`.
    pub fn new(method: impl Into<String>, params: Value) -> Self {
        Self {
            method: method.into(),
            params,
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
    /// The other commands run all the same, but for those that refer to it.
    #[default]
    Continue,
    /// The commands after it are not run.
    Halt,
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

    /// Adds a command. Its label is the name of its outcome, and by it later commands refer to its result.
    ///
    /// # Errors
    /// A label that is taken or that no reference could name; `batch` as the method, which portals refuse; a reference
    /// to a label that is not there, or to a command that goes out in an earlier request than this one: 50 commands
    /// make a request, and only within it does the portal know their results. A [late](Batch::late) command has the
    /// results of all requests before it.
    pub fn add(
        &mut self,
        label: impl Into<String>,
        method: impl Into<String>,
        params: Value,
    ) -> Result<Label, Error> {
        let (label, method) = (self.label(&label.into())?, method.into());
        check_method(&method)?;
        let (request, filled) = if self.filled == MAX_COMMANDS {
            (self.request + 1, 0)
        } else {
            (self.request, self.filled)
        };
        check_texts(&params).map_err(|error| error.in_command(&label.name))?;
        for referred in references::labels(&params) {
            match self.requests.get(referred.as_str()) {
                Some(its) if *its == request => {}
                Some(_) => {
                    return Err(Error::config(format!(
                        "the command {:?} refers to {referred:?}, which goes out in an earlier request: put them within {MAX_COMMANDS} commands of each other, or make it a late command",
                        &*label.name
                    )));
                }
                None => {
                    return Err(Error::config(format!(
                        "the command {:?} refers to {referred:?}, and no command before it has that label",
                        &*label.name
                    )));
                }
            }
        }
        (self.request, self.filled) = (request, filled + 1);
        if filled == 0 {
            self.late = false;
        }
        self.requests.insert(Arc::clone(&label.name), request);
        self.entries.push(Entry::Now(Command {
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
        if self.late && self.filled < MAX_COMMANDS && self.last_is_late() {
            self.filled += 1;
        } else {
            self.request += usize::from(self.filled > 0);
            self.filled = 1;
            self.late = true;
        }
        self.requests.insert(Arc::clone(&label.name), self.request);
        self.entries.push(Entry::Late {
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

    fn last_is_late(&self) -> bool {
        matches!(self.entries.last(), Some(Entry::Late { .. }))
    }

    fn label(&self, label: &str) -> Result<Label, Error> {
        if self.requests.contains_key(label) {
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

/// What became of one command.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::Outcome;
/// use serde_json::json;
///
/// let updates = (1..=3).map(|id| json!({"id": id, "fields": {"OPENED": "Y"}}));
/// for outcome in client.call_each("crm.lead.update", updates).collect().await {
///     match outcome {
///         Outcome::Done(result) => println!("{result}"),
///         Outcome::Failed(error) => println!("the portal says {error}"),
///         Outcome::NotRun => println!("as it was"),
///         Outcome::Unknown(why) => println!("to be looked at: {why}"),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It ran; this is its result.
    Done(Box<RawValue>),
    /// The portal answered it with an error.
    Failed(ApiError),
    /// It did not run: a command before it failed and the batch was to halt or it refers to that command, or the
    /// request never reached the portal.
    NotRun,
    /// It may have run or not: the request was sent, and no proper answer came.
    Unknown(String),
}

impl Outcome {
    /// The result, if there is one.
    pub fn done(&self) -> Option<&RawValue> {
        match self {
            Self::Done(result) => Some(result),
            _ => None,
        }
    }

    /// The result as a type.
    ///
    /// # Errors
    /// There is no result; the error says why. Or it is not of the type.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T, Error> {
        match self {
            Self::Done(result) => json::decode(result.get(), "the result"),
            Self::Failed(error) => Err(Error::api(error.clone())),
            Self::Unknown(why) => Err(Error::unknown(why)),
            Self::NotRun => Err(Error::config("it was not run")),
        }
    }

    /// The result as a type, of the command with this label.
    pub(crate) fn result_of<T: DeserializeOwned>(&self, label: &str) -> Result<T, Error> {
        match self {
            Self::Done(result) => json::decode(result.get(), &format!("the result of {label:?}")),
            Self::Failed(error) => Err(Error::api(error.clone()).in_command(label)),
            Self::Unknown(why) => Err(Error::unknown(why).in_command(label)),
            Self::NotRun => Err(Error::config("it was not run").in_command(label)),
        }
    }
}

/// One command's part of a reply.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    pub(crate) total: Option<u64>,
    pub(crate) next: Option<u64>,
    pub(crate) time: Option<Time>,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            total: None,
            next: None,
            time: None,
        }
    }
}

/// What became of a batch: an outcome for each command, in their order.
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
    answers: Vec<(Arc<str>, Answer)>,
    stopped: Option<Error>,
}

impl BatchReply {
    /// The outcome of a command.
    pub fn get(&self, label: impl AsRef<str>) -> Option<&Outcome> {
        self.answer(label.as_ref()).map(|answer| &answer.outcome)
    }

    /// The result of a command, as a type.
    ///
    /// # Errors
    /// The command has no result; the error says what became of it. Or its result is not of the type.
    pub fn result<T: DeserializeOwned>(&self, label: impl AsRef<str>) -> Result<T, Error> {
        let label = label.as_ref();
        match self.get(label) {
            Some(outcome) => outcome.result_of(label),
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
            .map(|(label, answer)| (&**label, &answer.outcome))
    }

    /// The outcomes, in the order of the commands.
    pub fn into_outcomes(self) -> Vec<Outcome> {
        self.answers
            .into_iter()
            .map(|(_, answer)| answer.outcome)
            .collect()
    }

    /// Why the batch was not run to its end, where a request failed as a whole.
    pub fn stopped(&self) -> Option<&Error> {
        self.stopped.as_ref()
    }

    fn answer(&self, label: &str) -> Option<&Answer> {
        self.answers.get(*self.labels.get(label)?).map(|(_, a)| a)
    }

    fn push(&mut self, label: Arc<str>, answer: Answer) {
        self.labels.insert(Arc::clone(&label), self.answers.len());
        self.answers.push((label, answer));
    }
}

impl Client {
    /// Runs the commands of a batch, 50 in a request. An error of one command is its outcome and touches no other but
    /// those that refer to it: they are not run, where a portal would run them with whatever it finds instead. Commands
    /// that the portal refused for a limit are sent again, commands that may have run are not.
    ///
    /// # Errors
    /// A first request that fails as a whole. What fails later is in the reply.
    pub async fn batch(&self, batch: Batch) -> Result<BatchReply, Error> {
        let Batch {
            entries, on_error, ..
        } = batch;
        for entry in &entries {
            if let Entry::Now(command) = entry {
                self.check(&command.method, &command.params)
                    .map_err(|error| error.in_command(&command.label))?;
            }
        }
        let runner = Runner::new(self.clone(), None, on_error, Arc::default());
        let mut reply = BatchReply::default();
        let mut known = Known::default();
        let mut entries = entries.into_iter().peekable();
        let (mut halted, mut lost_before) = (false, false);
        while entries.peek().is_some() {
            let mut commands = Vec::new();
            while commands.len() < MAX_COMMANDS {
                // A late command waits for everything before it, but not for other late ones.
                let joins = match entries.peek() {
                    Some(Entry::Now(_)) => true,
                    Some(Entry::Late { .. }) => {
                        commands.iter().all(|(_, late): &(Command, bool)| *late)
                    }
                    None => false,
                };
                if !joins {
                    break;
                }
                match entries.next() {
                    Some(Entry::Now(command)) => commands.push((command, false)),
                    Some(Entry::Late { label, build }) => {
                        let stopped = halted || reply.stopped.is_some();
                        let built = if stopped {
                            Ok(None)
                        } else {
                            build(&reply).and_then(|late| {
                                if let Some(late) = &late {
                                    let there = |referred: &str| {
                                        reply.get(referred).is_some()
                                            || commands.iter().any(|(c, _)| *c.label == *referred)
                                    };
                                    self.check_late(late, there)
                                        .map_err(|error| error.in_command(&label))?;
                                }
                                Ok(late)
                            })
                        };
                        match built {
                            Ok(None) => reply.push(label, Outcome::NotRun.into()),
                            Ok(Some(LateCommand { method, params })) => commands.push((
                                Command {
                                    label,
                                    method,
                                    params,
                                },
                                true,
                            )),
                            Err(error) => {
                                reply.push(label, Outcome::NotRun.into());
                                reply.stopped = Some(error);
                            }
                        }
                    }
                    None => break,
                }
            }
            let commands: Vec<Command> = commands.into_iter().map(|(command, _)| command).collect();
            let answers = if halted || reply.stopped.is_some() {
                commands.iter().map(|_| Outcome::NotRun.into()).collect()
            } else {
                let ran = runner.run(&commands, &mut known).await;
                if let Some(error) = ran.error {
                    let answered = ran.any_answered || !reply.answers.is_empty();
                    // A write whose answer was lost says nothing of the commands that do not depend on it.
                    let lost = error.did_it_run() == DidItRun::Unknown
                        && on_error == OnError::Continue
                        && !lost_before
                        && entries.peek().is_some();
                    lost_before = lost;
                    if !lost && !answered {
                        return Err(error);
                    }
                    if !lost {
                        reply.stopped = Some(error);
                    }
                }
                ran.answers
            };
            halted |= on_error == OnError::Halt
                && answers
                    .iter()
                    .any(|answer: &Answer| answer.outcome.done().is_none());
            for (command, answer) in commands.into_iter().zip(answers) {
                reply.push(command.label, answer);
            }
        }
        Ok(reply)
    }

    /// What [`Batch::add`] and the start of a batch look at, of a command that was not there yet.
    fn check_late(&self, late: &LateCommand, there: impl Fn(&str) -> bool) -> Result<(), Error> {
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
