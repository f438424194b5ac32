//! A download: read piece by piece, and resumed where it broke off.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use brimful_protocol::{ApiError, Envelope, KnownCode};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, IF_RANGE, LOCATION, RANGE, REFERER,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::Instant;
use tracing::debug;
use url::Url;

use super::download::{Downloaded, Hosts};
use super::head::Head;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Execution};
use crate::limits::Calls;
use crate::retry::{Failure, RetryContext, RetryDecision};
use crate::session::{CallOptions, Effort, NoPermit, Session};
use crate::spawn::spawn;
use crate::transport::{Request, Streaming, TransportError, TransportErrorKind};

/// What errors call it.
const DOWNLOAD: &str = "download";
/// A stream that has brought nothing for so long has broken off.
const IDLE: Duration = Duration::from_secs(60);
/// What is read of an answer that is not a file.
const MOST_TEXT: usize = 256 << 10;

type Body = BoxStream<'static, Result<Bytes, TransportError>>;

/// A file on its way.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let mut file = client.download("/bitrix/tools/…").open().await?;
/// while let Some(piece) = file.next_piece().await? {
///     println!("{} bytes of {:?}", piece.len(), file.size());
/// }
/// # Ok(())
/// # }
/// ```
pub struct FileStream {
    client: Client,
    hosts: Hosts,
    url: Url,
    head: Head,
    /// `None` when the connection broke off.
    body: Option<Body>,
    /// Bytes that were handed out.
    passed: u64,
    /// Bytes that come again, and were handed out before.
    repeated: u64,
    /// Attempts since something new came.
    retries: RetryContext,
    expected: Option<u64>,
}

/// An attempt to get the file, or the rest of it, that failed.
struct FailedAttempt {
    failure: Failure,
    /// Where the file is, if the answer says so.
    redirect: Option<Url>,
    error: Error,
}

impl FailedAttempt {
    fn new(failure: Failure, error: Error) -> Self {
        Self {
            failure,
            redirect: None,
            error,
        }
    }

    /// It may work next time.
    fn no_answer(error: Error) -> Self {
        let failure = Failure::NoAnswer {
            ran: error.execution(),
            first_contact: false,
        };
        Self::new(failure, error)
    }

    fn fatal(error: Error) -> Self {
        Self::new(Failure::Final, error)
    }
}

impl FileStream {
    pub(super) async fn open(
        client: Client,
        hosts: Hosts,
        url: Url,
        expected: Option<u64>,
    ) -> Result<Self, Error> {
        let mut this = Self {
            retries: RetryContext::of_file(client.session().retry),
            client,
            hosts,
            url,
            head: Head::default(),
            body: None,
            passed: 0,
            repeated: 0,
            expected,
        };
        this.in_time(Self::reopen).await?;
        Ok(this)
    }

    /// The next bytes; `None` when the file has come whole.
    pub async fn next_piece(&mut self) -> Result<Option<Bytes>, Error> {
        self.in_time(Self::piece).await
    }

    /// The next bytes, or the error that the file ends with; `None` when it has come whole. The same as
    /// [`next_piece`](Self::next_piece), in the shape of a stream.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        self.next_piece().await.transpose()
    }

    /// The file's name as the server gives it, without any folder.
    pub fn name(&self) -> Option<&str> {
        self.head.name.as_deref()
    }

    /// How many bytes it has, if the server says so.
    pub fn size(&self) -> Option<u64> {
        self.head.size.or(self.expected)
    }

    /// What it is, as the server says.
    pub fn media_type(&self) -> Option<&str> {
        self.head.media_type.as_deref()
    }

    pub(crate) fn account(&self) -> Downloaded {
        Downloaded {
            bytes: self.passed,
            name: self.head.name.clone(),
            media_type: self.head.media_type.clone(),
        }
    }

    pub(crate) fn place(&self) -> String {
        self.client.portal()
    }

    /// Does something before the deadline of the job.
    async fn in_time<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let at = self.client.portal();
        match self.client.options().deadline {
            None => work(self).await,
            Some(deadline) => tokio::time::timeout_at(deadline, work(self))
                .await
                .unwrap_or_else(|_| {
                    Err(Error::new(
                        ErrorKind::Deadline,
                        Execution::Unknown,
                        "the deadline of the job passed before the file had come",
                    ))
                }),
        }
        .map_err(|error| error.at(&at, DOWNLOAD))
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let Some(body) = &mut self.body else {
                self.reopen().await?;
                continue;
            };
            let broken = match tokio::time::timeout(IDLE, body.next()).await {
                Ok(Some(Ok(piece))) => {
                    let again = self.repeated.min(piece.len() as u64);
                    self.repeated -= again;
                    let piece = piece.slice(again as usize..);
                    if piece.is_empty() {
                        continue;
                    }
                    self.passed += piece.len() as u64;
                    self.retries.succeeded();
                    if self.size().is_some_and(|size| self.passed > size) {
                        return Err(self.of_another_size("more than"));
                    }
                    return Ok(Some(piece));
                }
                Ok(None) => match self.head.size {
                    Some(size) if self.passed < size => {
                        TransportError::new(TransportErrorKind::Broken)
                    }
                    _ if self.expected.is_some_and(|size| self.passed < size) => {
                        return Err(self.of_another_size("only"));
                    }
                    _ => return Ok(None),
                },
                Ok(Some(Err(error))) => error,
                Err(_) => TransportError::new(TransportErrorKind::Timeout),
            };
            self.body = None;
            let error = lost(broken);
            if self.passed > 0 && self.head.etag.is_none() {
                return Err(error.and_also(&format!(
                    "after {} bytes, and the server has no way to go on from there",
                    self.passed
                )));
            }
            self.wait_for_retry(FailedAttempt::no_answer(error)).await?;
        }
    }

    fn of_another_size(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::Incomplete,
            Execution::Ran,
            format!(
                "{what} {} bytes came, where {} were announced",
                self.passed,
                self.size().unwrap_or_default()
            ),
        )
    }

    /// Waits before another attempt, if there may be one.
    async fn wait_for_retry(&mut self, failed: FailedAttempt) -> Result<(), Error> {
        let session = Arc::clone(self.client.session());
        let FailedAttempt {
            failure,
            redirect,
            error,
        } = failed;
        let attempts = self.retries.attempts().max(1);
        let RetryDecision::RetryAfter(wait) = self.retries.after(failure, session.jitter()) else {
            return Err(error.attempts(attempts).within(self.retries.tried()));
        };
        if let Some(to) = redirect {
            self.hosts.permit(&session.auth.origin(), &to)?;
            self.url = to;
            return Ok(());
        }
        debug!(passed = self.passed, ?wait, %error, "going on with the file");
        let error = error.at(&session.auth, DOWNLOAD);
        session
            .wait_before_retry(
                self.client.options(),
                DOWNLOAD,
                attempts,
                failure,
                wait,
                &error,
            )
            .await;
        Ok(())
    }

    /// Asks for the file, or for the rest of it.
    async fn reopen(&mut self) -> Result<(), Error> {
        loop {
            self.retries.begin_attempt();
            match self.attempt().await {
                Ok(answer) => return self.begin(answer),
                Err(failed) => self.wait_for_retry(failed).await?,
            }
        }
    }

    async fn attempt(&mut self) -> Result<Streaming, FailedAttempt> {
        let mut request = Request::get(self.url.clone());
        request.headers = self.headers();
        let asking = spawn(ask(
            Arc::clone(self.client.session()),
            self.client.options().clone(),
            request,
        ));
        match asking.await {
            Some(Ok((Ok(answer), sent))) => self.judge(answer, sent).await,
            Some(Ok((Err(error), _))) => Err(FailedAttempt::no_answer(lost(error))),
            Some(Err(refused)) => Err(FailedAttempt::fatal(refused.into_error())),
            None => Err(FailedAttempt::fatal(no_file("the runtime was shut down"))),
        }
    }

    /// A portal's server answers browsers alone.
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("en"));
        // What is counted, and asked for by its place, is the file as it is.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let portal = self.client.session().auth.origin();
        if let Ok(portal) = HeaderValue::from_str(portal.as_str()) {
            headers.insert(REFERER, portal);
        }
        if self.passed > 0
            && let Some(etag) = &self.head.etag
            && let Ok(etag) = HeaderValue::from_str(etag)
            && let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", self.passed))
            && self.head.ranges
        {
            headers.insert(RANGE, range);
            headers.insert(IF_RANGE, etag);
        }
        headers
    }

    async fn judge(
        &mut self,
        mut answer: Streaming,
        sent: Instant,
    ) -> Result<Streaming, FailedAttempt> {
        let status = answer.status;
        if status.is_redirection() {
            return Err(self.redirected(&answer));
        }
        let head = Head::of(&answer.headers);
        if status.is_success() {
            if head.attached {
                return Ok(answer);
            }
            match head.media_type.as_deref() {
                // The page of a proxy, a form to log in, a script that failed.
                Some("text/html") => {
                    return Err(FailedAttempt::no_answer(no_file(
                        "an HTML page came in its place",
                    )));
                }
                Some("application/json") => {}
                _ if head.size == Some(0) || answer.headers.is_empty() => {
                    return Err(FailedAttempt::no_answer(no_file(
                        "nothing came in its place",
                    )));
                }
                _ => return Ok(answer),
            }
        }
        let text = text_of(&mut answer.body).await;
        let Ok(text) = text.map(BytesMut::freeze) else {
            return Err(FailedAttempt::no_answer(no_file("the answer broke off")));
        };
        let error = Envelope::parse(&text)
            .ok()
            .and_then(|envelope| envelope.error);
        match error {
            Some(error) => Err(self.refused(error, status, sent)),
            // A file that is JSON.
            None if status.is_success() => {
                answer.body = stream::iter([Ok(text)]).chain(answer.body).boxed();
                Ok(answer)
            }
            None => {
                let error = no_file(&format!("the portal answered {status}"));
                let again = status.is_server_error()
                    || status == StatusCode::TOO_MANY_REQUESTS
                    || status == StatusCode::REQUEST_TIMEOUT;
                Err(if again {
                    FailedAttempt::no_answer(error)
                } else {
                    FailedAttempt::fatal(error)
                })
            }
        }
    }

    fn redirected(&self, answer: &Streaming) -> FailedAttempt {
        let location = answer.headers.get(LOCATION);
        let to = location
            .and_then(|to| to.to_str().ok())
            .and_then(|to| self.url.join(to).ok());
        let Some(to) = to.filter(|to| *to != self.url) else {
            let status = answer.status;
            return FailedAttempt::fatal(no_file(&format!("the portal answered {status}")));
        };
        let error = Error::new(
            ErrorKind::Redirect,
            Execution::NotRun,
            "the link to the file leads on and on: ask the portal for a new one",
        );
        FailedAttempt {
            redirect: Some(to),
            ..FailedAttempt::new(Failure::Redirected, error)
        }
    }

    /// The portal answered with an error to the request that was sent at `sent`.
    fn refused(&self, error: ApiError, status: StatusCode, sent: Instant) -> FailedAttempt {
        let known = error.code.known();
        let error = Error::api(error);
        match known {
            KnownCode::QueryLimitExceeded => {
                let gate = &self.client.session().gate;
                gate.refused(sent);
                let gated = gate.room().is_some();
                FailedAttempt::new(Failure::RateLimited { gated }, error)
            }
            KnownCode::Internal => FailedAttempt::no_answer(error),
            _ if status.is_server_error() => FailedAttempt::no_answer(error),
            KnownCode::ExpiredToken | KnownCode::Auth => FailedAttempt::fatal(error.and_also(
                "a link lives as long as the token that it was given to: ask for it again",
            )),
            _ => FailedAttempt::fatal(error),
        }
    }

    /// Takes up a body, from where it begins.
    fn begin(&mut self, answer: Streaming) -> Result<(), Error> {
        let head = Head::of(&answer.headers);
        if self.passed == 0 {
            if let (Some(expected), Some(size)) = (self.expected, head.size)
                && expected != size
            {
                return Err(Error::new(
                    ErrorKind::Incomplete,
                    Execution::Ran,
                    format!("the file has {size} bytes, and not {expected}"),
                ));
            }
            self.head = head;
            self.repeated = 0;
        } else {
            let sizes = self.head.size.zip(head.size);
            let same =
                head.etag == self.head.etag && sizes.is_none_or(|(before, now)| before == now);
            self.head.size = self.head.size.or(head.size);
            let from = match answer.status {
                StatusCode::PARTIAL_CONTENT => Head::range_start(&answer.headers),
                _ => Some(0),
            };
            match from.filter(|from| same && *from <= self.passed) {
                Some(from) => self.repeated = self.passed - from,
                None => {
                    return Err(Error::new(
                        ErrorKind::Incomplete,
                        Execution::Ran,
                        format!(
                            "the file was changed after {} bytes of it had come",
                            self.passed
                        ),
                    ));
                }
            }
        }
        self.body = Some(answer.body);
        Ok(())
    }
}

/// Takes its turn before the gate and asks for a file; what came, and when it was asked for.
async fn ask(
    session: Arc<Session>,
    options: CallOptions,
    mut request: Request,
) -> Result<(Result<Streaming, TransportError>, Instant), NoPermit> {
    let (nobody, mut effort): (Calls, _) = (Arc::new([]), Effort::default());
    let permit = session.permit(&nobody, &options, &mut effort).await;
    let (pass, _in_flight) = permit.used()?;
    // A link has its credential in it, but for some of an application's.
    let signed = request
        .url
        .query_pairs()
        .any(|(name, _)| name == "auth" || name == "access_token");
    if let Some(token) = pass.header
        && request.url.origin() == session.auth.origin().origin()
        && !signed
    {
        request.headers.insert(AUTHORIZATION, token);
    }
    let sent = Instant::now();
    Ok((session.open(request).await, sent))
}

async fn text_of(body: &mut Body) -> Result<BytesMut, TransportError> {
    let mut text = BytesMut::new();
    while text.len() < MOST_TEXT {
        match tokio::time::timeout(IDLE, body.next()).await {
            Ok(Some(piece)) => text.extend_from_slice(&piece?),
            Ok(None) => break,
            Err(_) => return Err(TransportError::new(TransportErrorKind::Timeout)),
        }
    }
    Ok(text)
}

fn lost(error: TransportError) -> Error {
    Error::new(
        ErrorKind::Transport,
        Execution::Unknown,
        error.description(),
    )
    .with_source(error)
}

fn no_file(what: &str) -> Error {
    Error::new(
        ErrorKind::Decode,
        Execution::Unknown,
        format!("there is no file: {what}"),
    )
}

/// Without the link.
impl fmt::Debug for FileStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStream")
            .field("head", &self.head)
            .field("passed", &self.passed)
            .finish_non_exhaustive()
    }
}
