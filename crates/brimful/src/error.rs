//! The error of this crate: one type that says which portal, which method, how the call ended, and why.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use brimful_protocol::{ApiError, KnownCode};
use bytes::Bytes;
use http::StatusCode;

use crate::report::ListReport;
use crate::waits::in_words;

/// An error that was tried for so long says how long it was.
const TRIED_LONG: Duration = Duration::from_secs(10);

/// What a call came to that did not succeed.
///
/// `Display` is one line: portal (without its secret), method, cause, and how often it was tried. `source()` has the
/// rest.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use serde_json::json;
///
/// if let Err(error) = client.call("crm.lead.get", json!({"id": 7})).await {
///     // What was called, where, and what went wrong; without the webhook's code.
///     eprintln!("{error}");
///     eprintln!("{:?} {:?}", error.kind(), error.api_error());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    ran: Execution,
    portal: String,
    method: Option<String>,
    command: Option<String>,
    message: String,
    attempts: u32,
    /// From the first attempt to the last.
    tried: Duration,
    request_id: Option<String>,
    api: Option<ApiError>,
    report: Option<ListReport>,
    answer: Option<(StatusCode, Bytes)>,
    problems: Vec<ParameterProblem>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The kinds of error, by what a caller can do about them.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::ErrorKind;
/// use serde_json::{Value, json};
///
/// let lead = client.call("crm.lead.get", json!({"id": 7})).await;
/// let lead = match lead {
///     Ok(reply) => Some(reply.result::<Value>()?),
///     Err(error) if error.kind() == ErrorKind::NotFound => None,
///     Err(error) => return Err(error),
/// };
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client was set up wrongly, or the call asks for something that cannot be.
    Config,
    /// The portal refused for too many requests, for longer than the client was willing to wait.
    QueryLimit,
    /// The method's operating time is used up, for longer than the client was willing to wait.
    OperationTimeLimit,
    /// The portal does not accept the webhook or token.
    Auth,
    /// The webhook or application lacks the scope of the method.
    InsufficientScope,
    /// The user may not do this.
    AccessDenied,
    /// The portal has no such method.
    MethodNotFound,
    /// There is no such thing.
    NotFound,
    /// Any other error that the portal answered with.
    Api,
    /// The portal, or the link to a file, sends to an address where the client does not go.
    Redirect,
    /// The server takes no request of this size: it certainly did not run.
    TooLarge,
    /// A file of this machine could not be read or written.
    Io,
    /// The portal could not be reached, or the connection broke.
    Transport,
    /// What came is not a reply: HTML, nothing, half a JSON.
    Decode,
    /// The deadline that the caller gave the job has passed.
    Deadline,
    /// A list that could not be read to its end, or did not behave like a list.
    Incomplete,
    /// A reference of a batch command found no value. Whether the command ran says
    /// [`execution`](Error::execution): a portal that follows the reference itself runs it with another value.
    EmptyReference,
    /// A command of a batch that was not run, because one before it is not done.
    Halted,
}

/// Whether the work of a failed call was done by the portal.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::Execution;
/// use serde_json::json;
///
/// let lead = json!({"fields": {"TITLE": "From the fair"}});
/// if let Err(error) = client.call("crm.lead.add", lead).await
///     && error.execution() == Execution::Unknown
/// {
///     eprintln!("look whether the lead is there before you add it again");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Execution {
    /// The portal answered, with an error: the method ran and refused.
    Ran,
    /// It certainly did not run: never sent, or refused before.
    NotRun,
    /// Unknown: sent, and no proper answer came.
    Unknown,
}

/// What is wrong with a parameter of a list that was refused, as far as a program can do something about it.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::ParameterProblem;
/// use serde_json::{Value, json};
///
/// let list = client.list("crm.deal.list").filter(json!({"UF_CRM_GONE": 1})).check_names(true);
/// if let Err(error) = list.collect::<Value>().await {
///     for problem in error.problems() {
///         if let ParameterProblem::UnknownInFilter(name) = problem {
///             eprintln!("{name} has been deleted in the portal");
///         }
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterProblem {
    /// The filter has this name, which is no field. Older methods pass such a condition over and return the whole list;
    /// `crm.item.*`, `catalog.*` and `sale.*` answer with an error.
    UnknownInFilter(String),
    /// The portal would pass this parameter or condition over and return the whole list.
    PassedOver(String),
    /// The list has no select: the portal would pass this one over and return the same rows with all their fields.
    SelectPassedOver(String),
    /// The filter compares this field with a boolean, and the portal reads the letters Y and N there.
    BooleanForLetter(String),
}

impl Error {
    #[doc(hidden)]
    pub fn new(kind: ErrorKind, ran: Execution, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            ran,
            portal: String::new(),
            method: None,
            command: None,
            message: message.into(),
            attempts: 1,
            tried: Duration::ZERO,
            request_id: None,
            api: None,
            report: None,
            answer: None,
            problems: Vec::new(),
            source: None,
        }))
    }

    #[doc(hidden)]
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, Execution::NotRun, message)
    }

    #[doc(hidden)]
    pub fn incomplete(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Incomplete, Execution::Ran, message)
    }

    pub(crate) fn api(error: ApiError) -> Self {
        let (kind, ran) = match error.code.known() {
            KnownCode::QueryLimitExceeded => (ErrorKind::QueryLimit, Execution::NotRun),
            // The portal's support has blocked the application by hand: waiting does not help.
            KnownCode::OverloadLimit => (ErrorKind::AccessDenied, Execution::NotRun),
            KnownCode::OperationTimeLimit => (ErrorKind::OperationTimeLimit, Execution::NotRun),
            KnownCode::ExpiredToken | KnownCode::Auth => (ErrorKind::Auth, Execution::NotRun),
            KnownCode::InsufficientScope => (ErrorKind::InsufficientScope, Execution::NotRun),
            KnownCode::AccessDenied => (ErrorKind::AccessDenied, Execution::Ran),
            KnownCode::MethodNotFound => (ErrorKind::MethodNotFound, Execution::NotRun),
            KnownCode::NotFound => (ErrorKind::NotFound, Execution::Ran),
            KnownCode::Internal => (ErrorKind::Api, Execution::Unknown),
            // The older methods of the CRM have no code for it.
            _ if error.code.as_str().is_empty() && error.description == "Not found" => {
                (ErrorKind::NotFound, Execution::Ran)
            }
            _ => (ErrorKind::Api, Execution::Ran),
        };
        let mut this = Self::new(kind, ran, format!("the portal answered: {error}"));
        this.0.api = Some(error);
        this
    }

    #[doc(hidden)]
    #[must_use]
    pub fn at(mut self, portal: &impl fmt::Display, method: &str) -> Self {
        self.0.portal = portal.to_string();
        self.0.method = Some(method.to_owned());
        self
    }

    /// The method that was called, where the portal is not known.
    pub(crate) fn in_method(mut self, method: &str) -> Self {
        self.0.method = Some(method.to_owned());
        self
    }

    /// What was answered.
    pub(crate) fn answered(mut self, status: StatusCode, body: Bytes) -> Self {
        self.0.answer = Some((status, body));
        self
    }

    /// It is unknown whether a write was done.
    pub(crate) fn unknown(why: &str) -> Self {
        Self::new(
            ErrorKind::Transport,
            Execution::Unknown,
            format!("it is unknown whether it ran: {why}"),
        )
    }

    /// A result that came, and is not what the caller takes it for; `why` names the field and its value.
    pub(crate) fn undecodable(what: &str, why: &str) -> Self {
        Self::new(
            ErrorKind::Decode,
            Execution::Ran,
            format!("{what} is not of the type asked for: {why}"),
        )
    }

    /// The same, understood in another way.
    #[doc(hidden)]
    #[must_use]
    pub fn of_kind(mut self, kind: ErrorKind, ran: Execution) -> Self {
        self.0.kind = kind;
        self.0.ran = ran;
        self
    }

    /// What the portal itself said.
    #[doc(hidden)]
    #[must_use]
    pub fn with_api(mut self, api: ApiError) -> Self {
        self.0.api = Some(api);
        self
    }

    /// It was the command with this label.
    #[doc(hidden)]
    #[must_use]
    pub fn in_command(mut self, label: &str) -> Self {
        self.0.command = Some(label.to_owned());
        self
    }

    #[doc(hidden)]
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// How long it was tried in all.
    pub(crate) fn within(mut self, tried: Duration) -> Self {
        self.0.tried = tried;
        self
    }

    /// The request that it ended with.
    pub(crate) fn request_id(mut self, id: String) -> Self {
        self.0.request_id = Some(id);
        self
    }

    /// The credential was refused, so nothing ran.
    pub(crate) fn was_not_let_in(mut self) -> Self {
        self.0.kind = ErrorKind::Auth;
        self.0.ran = Execution::NotRun;
        self
    }

    /// A token was refused, and there is no other, for a reason of its own.
    pub(crate) fn and_then_failed(mut self, next: Self) -> Self {
        self.0.kind = next.0.kind;
        self.0.message = format!("{}; {}", self.0.message, next.0.message);
        self.0.source = next.0.source;
        self
    }

    /// What else is to be said of it.
    pub(crate) fn and_also(mut self, more: &str) -> Self {
        self.0.message = format!("{}; {more}", self.0.message);
        self
    }

    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.0.api.as_ref().is_some_and(|api| api.code == code)
    }

    #[doc(hidden)]
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    pub(crate) fn with_problems(mut self, problems: Vec<ParameterProblem>) -> Self {
        self.0.problems = problems;
        self
    }

    pub(crate) fn with_report(mut self, report: ListReport) -> Self {
        self.0.report = Some(report);
        self
    }

    /// A 5xx says nothing of the work behind it.
    pub(crate) fn may_have_run(mut self) -> Self {
        self.0.ran = Execution::Unknown;
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the portal did the work.
    pub fn execution(&self) -> Execution {
        self.0.ran
    }

    /// What is wrong with the parameters of a list that was refused. Empty for other errors, and where the message alone
    /// says what is wrong.
    pub fn problems(&self) -> &[ParameterProblem] {
        &self.0.problems
    }

    /// The method that was called.
    pub fn method(&self) -> Option<&str> {
        self.0.method.as_deref()
    }

    /// The label of the command, where it was one of a batch.
    pub fn command(&self) -> Option<&str> {
        self.0.command.as_deref()
    }

    /// What the portal itself said, if it said something.
    pub fn api_error(&self) -> Option<&ApiError> {
        self.0.api.as_ref()
    }

    /// The `X-Request-Id` of the last request that was sent for the call. The log has it too.
    pub fn last_request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The status and the body of the answer, if there was one: of the portal, or of whatever stands before it. May hold
    /// the data of the portal.
    pub fn answer(&self) -> Option<(StatusCode, &Bytes)> {
        self.0.answer.as_ref().map(|(status, body)| (*status, body))
    }

    /// How far a list had come.
    pub fn report(&self) -> Option<&ListReport> {
        self.0.report.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if let Some(method) = &inner.method {
            f.write_str(method)?;
            if !inner.portal.is_empty() {
                write!(f, " at {}", inner.portal)?;
            }
            f.write_str(": ")?;
        }
        if let Some(command) = &inner.command {
            write!(f, "command {command:?}: ")?;
        }
        f.write_str(&inner.message)?;
        if inner.attempts > 1 {
            write!(f, " (after {} attempts", inner.attempts)?;
            if inner.tried >= TRIED_LONG {
                write!(f, " within {}", in_words(inner.tried))?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("execution", &inner.ran)
            .field("message", &format_args!("{self}"))
            .field("request_id", &inner.request_id)
            .field("api", &inner.api)
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
