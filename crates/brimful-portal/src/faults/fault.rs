//! What can go wrong with a request, and how it looks.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::config::Statuses;
use crate::reply::{Reply, SlowBody};
use crate::{respond, spec};

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// 503 `QUERY_LIMIT_EXCEEDED`, although the bucket has room: somebody else shares the address.
    QueryLimit,
    /// 429 `OPERATION_TIME_LIMIT`.
    OperatingLimit,
    /// 401 `expired_token`.
    ExpiredToken,
    /// It takes this much longer, and then all is well.
    Delay(Duration),
    /// It takes about so much longer, by chance up to `within` more or less.
    Latency {
        /// The middle.
        about: Duration,
        /// The most that it is off.
        within: Duration,
    },
    /// A status with an HTML page: 500, 502, 504.
    Status(u16, When),
    /// 200 with an HTML page.
    Html(When),
    /// 200 with an empty body.
    Empty(When),
    /// The connection is reset. To a client that keeps connections, one that was reset after a reply looks the same:
    /// its next request is lost before any work.
    Reset(When),
    /// After the work the body breaks off in the middle and the connection is closed.
    Truncated,
    /// After the work the body is half of what it should be, and says so: broken JSON in a whole response.
    HalfBody,
    /// After the work the body comes piece by piece, in so much time.
    SlowBody(Duration),
    /// The portal was renamed: 302 with the same path at this address, or at the one that was called.
    Redirect(Option<String>),
}

/// Whether the request was carried out before it went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing ran.
    BeforeWork,
    /// All ran, only the reply is lost.
    AfterWork,
}

impl Fault {
    /// The reply that comes instead of any work.
    pub(crate) fn instead(&self, statuses: Statuses) -> Option<Reply> {
        let response = match self {
            Self::QueryLimit => respond::query_limit(),
            Self::OperatingLimit => respond::json_error(&respond::operation_time_limit()),
            Self::ExpiredToken => respond::json_error(&respond::expired_token(statuses)),
            Self::Status(status, When::BeforeWork) => page(*status),
            Self::Html(When::BeforeWork) => page(200),
            Self::Empty(When::BeforeWork) => Response::new(Bytes::new()),
            Self::Reset(When::BeforeWork) => return Some(Reply::Reset),
            _ => return None,
        };
        Some(response.into())
    }

    /// What becomes of the reply to work that was done.
    pub(crate) fn spoil(&self, mut response: Response<Bytes>) -> Reply {
        match self {
            Self::Status(status, When::AfterWork) => page(*status).into(),
            Self::Html(When::AfterWork) => page(200).into(),
            Self::Empty(When::AfterWork) => response.map(|_| Bytes::new()).into(),
            Self::Reset(When::AfterWork) => Reply::Reset,
            Self::Truncated => {
                let length = response.body().len() as u64;
                Reply::Truncated {
                    response: response.map(|body| half(&body)),
                    length,
                }
            }
            Self::HalfBody => response.map(|body| half(&body)).into(),
            Self::SlowBody(time) => {
                response.extensions_mut().insert(SlowBody(*time));
                response.into()
            }
            _ => response.into(),
        }
    }
}

impl When {
    fn suffix(self) -> &'static str {
        match self {
            Self::BeforeWork => "before",
            Self::AfterWork => "after",
        }
    }
}

/// As [`crate::Faults::parse`] reads it.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QueryLimit => f.write_str("503"),
            Self::OperatingLimit => f.write_str("429"),
            Self::ExpiredToken => f.write_str("expired-token"),
            Self::Delay(delay) => write!(f, "latency={}", spec::spelled(*delay)),
            Self::Latency { about, within } => write!(
                f,
                "latency={}±{}",
                spec::spelled(*about),
                spec::spelled(*within)
            ),
            Self::Status(status, when) => write!(f, "{status}-{}", when.suffix()),
            Self::Html(when) => write!(f, "html-{}", when.suffix()),
            Self::Empty(when) => write!(f, "empty-{}", when.suffix()),
            Self::Reset(when) => write!(f, "reset-{}", when.suffix()),
            Self::Truncated => f.write_str("truncated"),
            Self::HalfBody => f.write_str("half-body"),
            Self::SlowBody(time) => write!(f, "slow-body={}", spec::spelled(*time)),
            Self::Redirect(None) => f.write_str("redirect"),
            Self::Redirect(Some(address)) => write!(f, "redirect={address}"),
        }
    }
}

fn page(status: u16) -> Response<Bytes> {
    respond::html(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

fn half(body: &Bytes) -> Bytes {
    body.slice(..body.len() / 2)
}
