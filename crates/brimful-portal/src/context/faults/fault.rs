//! What can go wrong with a request, and how it looks.

use std::fmt;
use std::time::Duration;

use crate::context::Output;
use crate::context::limits::Report;
use crate::context::spec;

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
    Status(u16, FaultTiming),
    /// 200 with an HTML page.
    Html(FaultTiming),
    /// 200 with an empty body.
    Empty(FaultTiming),
    /// The connection is reset. To a client that keeps connections, one that was reset after a reply looks the same:
    /// its next request is lost before any work.
    Reset(FaultTiming),
    /// After the work the body breaks off in the middle and the connection is closed.
    Truncated,
    /// After the work the body is half of what it should be, and says so: broken JSON in a whole response.
    HalfBody,
    /// After the work the body comes piece by piece, in so much time.
    SlowBody(Duration),
    /// The portal was renamed: 302 with the same path at this address, or at the one that was called.
    Redirect(Option<String>),
    /// A page of a list has no rows, without an error; `next` and `total` are as they should be. Like all faults below,
    /// it is played on single calls and on single commands of a batch, never on a batch as a whole.
    EmptyPage,
    /// Some rows of a page of a list are missing, a random number of them.
    ShortPage,
    /// `total` is at most this, or half of what it should be; `next` is as it should be.
    ShortTotal(Option<u64>),
    /// The last page of a list has a `next` as well.
    EndlessNext,
    /// The method ignores which page is asked for and returns the first.
    IgnoreStart,
    /// `operating_reset_at` in `time` is this far ahead.
    OperatingReset(Duration),
    /// `operating` in `time` is this much.
    OperatingTime(Duration),
}

/// Whether the request was carried out before it went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultTiming {
    /// Nothing ran.
    BeforeWork,
    /// All ran, only the reply is lost.
    AfterWork,
}

impl Fault {
    /// Whether it is played on a call or a command, and not on a request.
    pub(super) fn is_of_call(&self) -> bool {
        matches!(
            self,
            Self::EmptyPage
                | Self::ShortPage
                | Self::ShortTotal(_)
                | Self::EndlessNext
                | Self::IgnoreStart
                | Self::OperatingReset(_)
                | Self::OperatingTime(_)
        )
    }

    /// Whether it changes what `time` says about operating time.
    pub(crate) fn is_of_report(&self) -> bool {
        matches!(self, Self::OperatingReset(_) | Self::OperatingTime(_))
    }

    /// Whether it changes what a method returned. A fault that would change nothing is not counted as seen.
    pub(crate) fn changes(&self, output: &Output) -> bool {
        match self {
            Self::EmptyPage => output.row_count() > 0,
            // A short page is not an empty one.
            Self::ShortPage => output.row_count() > 1,
            Self::ShortTotal(_) => output.total.is_some_and(|total| total > 0),
            Self::EndlessNext => {
                output.next.is_none() && (output.total.is_some() || output.row_count() > 0)
            }
            _ => false,
        }
    }

    /// What a method returned, with the fault in it. Chance decides which rows of a short page are missing.
    pub(crate) fn spoil_output(&self, mut output: Output, rng: &mut fastrand::Rng) -> Output {
        match self {
            Self::EmptyPage => return output.without_rows(|_, _| true),
            Self::ShortPage => {
                let rows = output.row_count();
                let mut places: Vec<usize> = (0..rows).collect();
                rng.shuffle(&mut places);
                places.truncate(rng.usize(1..rows.max(2)));
                return output.without_rows(|place, _| places.contains(&place));
            }
            Self::ShortTotal(most) => {
                output.total = output.total.map(|total| match most {
                    Some(most) => total.min(i64::try_from(*most).unwrap_or(i64::MAX)),
                    None => total / 2,
                });
            }
            _ => {}
        }
        output
    }

    /// What `time` says about operating time, with the fault in it.
    pub(crate) fn spoil_report(&self, report: &mut Report, now: f64) {
        match self {
            Self::OperatingReset(ahead) => report.reset_at = (now + ahead.as_secs_f64()) as i64,
            Self::OperatingTime(time) => report.operating = time.as_secs_f64(),
            _ => {}
        }
    }
}

impl FaultTiming {
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
            Self::EmptyPage => f.write_str("empty-page"),
            Self::ShortPage => f.write_str("short-page"),
            Self::ShortTotal(None) => f.write_str("short-total"),
            Self::ShortTotal(Some(total)) => write!(f, "short-total={total}"),
            Self::EndlessNext => f.write_str("endless-next"),
            Self::IgnoreStart => f.write_str("ignore-start"),
            Self::OperatingReset(ahead) => write!(f, "operating-reset={}", spec::spelled(*ahead)),
            Self::OperatingTime(time) => write!(f, "operating={}", spec::spelled(*time)),
        }
    }
}
