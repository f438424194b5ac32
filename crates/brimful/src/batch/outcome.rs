//! The outcome of a command, and why it was not run.

use std::fmt;

use brimful_protocol::ApiError;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind, Execution};
use crate::json;

/// The outcome of one command.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::Outcome;
/// use serde_json::json;
///
/// let updates = (1..=3).map(|id| json!({"id": id, "fields": {"OPENED": "Y"}}));
/// for item in client.call_each("crm.lead.update", updates).collect().await {
///     match item.outcome {
///         Outcome::Done(result) => println!("{result}"),
///         Outcome::Failed(error) => println!("the portal says {error}"),
///         Outcome::NotRun(why) => println!("as it was: {why}"),
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
    /// It did not run, for this reason.
    NotRun(NotRun),
    /// It may have run or not: the request was sent, and no proper answer came.
    Unknown(String),
    /// It ran, but a reference in it found nothing, and the portal put something else in its place. So what came back is
    /// not what was asked for. With [`References::Client`](crate::References::Client) only commands that read end so.
    EmptyReference(Box<EmptyReference>),
}

/// Why a command was not run. `Display` says it in plain words.
///
/// ```
/// use brimful::NotRun;
///
/// let why = NotRun::EmptyReference("$result[contact][COMPANY_ID] is null".to_owned());
/// assert_eq!(why.to_string(), "$result[contact][COMPANY_ID] is null");
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum NotRun {
    /// A reference in it has no value that can stand in its place: which one, and what it finds.
    #[error("{0}")]
    EmptyReference(String),
    /// It refers to a command that has no result: its label, and how it ended.
    #[error("it refers to {label:?}, which {outcome}")]
    NoResult {
        /// The label of the command that it refers to.
        label: String,
        /// How that one ended.
        outcome: String,
    },
    /// The command with this label is not done, and the batch halts there.
    #[error("the command {0:?} before it is not done, and the batch halts there")]
    Halted(String),
    /// The client did not send it: what is wrong with it.
    #[error("{0}")]
    Refused(String),
    /// The server takes no request of its size.
    #[error("{0}")]
    TooLarge(Error),
    /// Its request never reached the portal, or was not let in.
    #[error("{0}")]
    NotReached(Error),
    /// The batch ended before it: with which error.
    #[error("the batch ended before it: {0}")]
    Ended(Error),
    /// The portal answered its request and said nothing of it, although it was asked for again.
    #[error("the portal passed it over")]
    PassedOver,
    /// There was no command to run: a late one was not built.
    #[error("no command was built")]
    NoCommand,
}

impl NotRun {
    /// The error of a command that was not run: of the kind of what kept it from running.
    fn error(&self) -> Error {
        let kind = match self {
            Self::EmptyReference(_) => ErrorKind::EmptyReference,
            Self::NoResult { .. } | Self::Halted(_) => ErrorKind::Halted,
            Self::Refused(_) | Self::NoCommand => ErrorKind::Config,
            Self::TooLarge(error) | Self::NotReached(error) | Self::Ended(error) => error.kind(),
            Self::PassedOver => ErrorKind::Api,
        };
        let error = Error::new(kind, Execution::NotRun, format!("it was not run: {self}"));
        match self {
            Self::TooLarge(cause) | Self::NotReached(cause) | Self::Ended(cause) => {
                error.with_source(cause.clone())
            }
            _ => error,
        }
    }
}

/// What the portal answered to a command with an empty reference.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::{Batch, Outcome};
/// use serde_json::json;
///
/// let mut batch = Batch::new();
/// let contact = batch.add("contact", "crm.contact.get", json!({"id": 7}))?;
/// let company = contact.result().field("COMPANY_ID")?;
/// batch.add("company", "crm.company.get", json!({"id": company}))?;
/// let reply = client.batch(batch).await?;
/// if let Some(Outcome::EmptyReference(empty)) = reply.get("company") {
///     println!("the contact has no company: {empty}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct EmptyReference {
    /// Which reference has no value, and what it finds.
    pub reason: String,
    /// What the portal answered.
    pub answer: Result<Box<RawValue>, ApiError>,
}

impl fmt::Display for EmptyReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, so the portal ran it with something else",
            self.reason
        )
    }
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
            Self::NotRun(why) => Err(why.error()),
            Self::EmptyReference(empty) => Err(Error::new(
                ErrorKind::EmptyReference,
                Execution::Ran,
                empty.to_string(),
            )),
        }
    }

    /// The result as a type, of the call of `method` for what `which` names: `for 7`, `of "lead"`.
    pub(crate) fn result_of<T: DeserializeOwned>(
        &self,
        method: &str,
        which: &str,
    ) -> Result<T, Error> {
        match self {
            Self::Done(result) => {
                json::decode(result.get(), &format!("the result of {method} {which}"))
            }
            other => other.result().map_err(|error| error.in_method(method)),
        }
    }
}
