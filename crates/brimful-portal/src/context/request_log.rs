//! The last requests, for `/_portal/requests`. They are kept as they came and read when somebody asks for them, so that a
//! request costs next to nothing more.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Uri};
use parking_lot::Mutex;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// So many requests are kept.
const MOST: usize = 1_000;
/// So many bytes of addresses, bodies and errors are kept together.
const MOST_BYTES: usize = 8 << 20;
/// A longer body, or a longer error, is not kept.
const LONGEST: usize = 1 << 20;
/// So much of a reply is kept.
const LONGEST_REPLY: usize = 32 << 10;
/// So many requests wait for one who listens.
const MOST_WAITING: usize = 1_000;

/// A request and its outcome, with all secrets.
#[derive(Clone)]
pub(crate) struct LoggedRequest {
    /// Counted from 1.
    pub(crate) number: u64,
    /// When it was answered, in Unix seconds by the portal's clock.
    pub(crate) at: f64,
    pub(crate) peer: String,
    pub(crate) verb: Method,
    pub(crate) uri: Uri,
    pub(crate) media_type: Option<HeaderValue>,
    /// The name of the method, as it was spelled.
    pub(crate) method: String,
    /// `None` if it was too long to be kept.
    pub(crate) body: Option<Bytes>,
    /// `None` if the connection was reset.
    pub(crate) status: Option<u16>,
    /// The body of an error.
    pub(crate) error: Option<Bytes>,
    /// The body of the reply, or its beginning; `None` of a reply that has tokens.
    pub(crate) reply: Option<Bytes>,
    /// Whether that is not all of it.
    pub(crate) is_reply_cut: bool,
    /// The outcomes of the commands of a batch.
    pub(crate) commands: Option<CommandOutcomes>,
    pub(crate) took: Duration,
}

/// The outcomes of the commands of a batch, in the order in which they stand in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CommandOutcomes {
    /// How many of them ran or were refused; those after them were not looked at.
    pub(crate) seen: usize,
    /// The label and the code of every one that failed.
    pub(crate) failed: Vec<(String, String)>,
}

impl LoggedRequest {
    fn bytes(&self) -> usize {
        let path = self
            .uri
            .path_and_query()
            .map_or(0, |path| path.as_str().len());
        let failed = self.commands.iter().flat_map(|outcomes| &outcomes.failed);
        let failed: usize = failed.map(|(label, code)| label.len() + code.len()).sum();
        path + self.method.len()
            + self.body.as_ref().map_or(0, Bytes::len)
            + self.error.as_ref().map_or(0, Bytes::len)
            + self.reply.as_ref().map_or(0, Bytes::len)
            + failed
    }
}

/// A body, if it is short enough to be kept.
pub(crate) fn kept_body(body: &Bytes) -> Option<Bytes> {
    (body.len() <= LONGEST).then(|| body.clone())
}

/// The beginning of a reply, and whether there is more of it.
pub(crate) fn kept_reply(body: &Bytes) -> (Bytes, bool) {
    if body.len() <= LONGEST_REPLY {
        return (body.clone(), false);
    }
    // A copy, since a slice would keep all of the body in memory.
    let mut end = LONGEST_REPLY;
    while end > 0 && body[end] & 0b1100_0000 == 0b1000_0000 {
        end -= 1;
    }
    (Bytes::copy_from_slice(&body[..end]), true)
}

/// The requests to come, for one who listens. Those that he is too slow for are left out.
pub(crate) struct RequestListener {
    requests: Receiver<LoggedRequest>,
    left_out: Arc<AtomicU64>,
}

impl RequestListener {
    /// How many requests were left out since the last time.
    pub(crate) fn take_left_out(&self) -> u64 {
        self.left_out.swap(0, Ordering::Relaxed)
    }

    /// The next request, if it is there; nothing once the portal serves no more.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<LoggedRequest>> {
        self.requests.poll_recv(context)
    }
}

/// The last requests.
#[derive(Default)]
pub(crate) struct RequestLog(Mutex<KeptRequests>);

#[derive(Default)]
struct KeptRequests {
    requests: VecDeque<LoggedRequest>,
    bytes: usize,
    last: u64,
    listeners: Vec<(Sender<LoggedRequest>, Arc<AtomicU64>)>,
}

impl RequestLog {
    /// Keeps a request; its number is given here. The oldest go when there are too many, or too long ones.
    pub(crate) fn enter(&self, mut request: LoggedRequest) {
        let kept = &mut *self.0.lock();
        kept.last += 1;
        request.number = kept.last;
        kept.listeners.retain(
            |(listener, left_out)| match listener.try_send(request.clone()) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    left_out.fetch_add(1, Ordering::Relaxed);
                    true
                }
                Err(TrySendError::Closed(_)) => false,
            },
        );
        kept.bytes += request.bytes();
        kept.requests.push_back(request);
        while kept.requests.len() > MOST || kept.bytes > MOST_BYTES {
            let Some(oldest) = kept.requests.pop_front() else {
                break;
            };
            kept.bytes = kept.bytes.saturating_sub(oldest.bytes());
        }
    }

    /// The requests that are kept, the oldest first.
    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.0.lock().requests.iter().cloned().collect()
    }

    /// The request with this number, if it is kept.
    pub(crate) fn find(&self, number: u64) -> Option<LoggedRequest> {
        let kept = self.0.lock();
        kept.requests
            .iter()
            .find(|request| request.number == number)
            .cloned()
    }

    /// Listens to the requests from now on.
    pub(crate) fn listen(&self) -> RequestListener {
        let (sender, requests) = channel(MOST_WAITING);
        let left_out = Arc::default();
        let listener = (sender, Arc::clone(&left_out));
        self.0.lock().listeners.push(listener);
        RequestListener { requests, left_out }
    }

    /// Tells those who listen that nothing comes any more.
    pub(crate) fn end(&self) {
        self.0.lock().listeners.clear();
    }

    /// Forgets all requests; numbers go on.
    pub(crate) fn clear(&self) {
        let kept = &mut *self.0.lock();
        kept.requests.clear();
        kept.bytes = 0;
    }
}

impl fmt::Debug for RequestLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLog").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: usize) -> LoggedRequest {
        LoggedRequest {
            number: 0,
            at: 0.0,
            peer: "127.0.0.1".to_owned(),
            verb: Method::POST,
            uri: Uri::from_static("/rest/1/demo/profile"),
            media_type: None,
            method: "profile".to_owned(),
            body: kept_body(&Bytes::from(vec![0; body])),
            status: Some(200),
            error: None,
            reply: None,
            is_reply_cut: false,
            commands: None,
            took: Duration::ZERO,
        }
    }

    #[test]
    fn neither_many_requests_nor_long_ones_take_more_than_the_log_may_have() {
        let log = RequestLog::default();
        for _ in 0..3 * MOST {
            log.enter(request(10));
        }
        let requests = log.requests();
        assert_eq!(
            (requests.len(), requests[0].number),
            (MOST, 2 * MOST as u64 + 1)
        );
        for _ in 0..50 {
            log.enter(request(LONGEST));
            log.enter(request(LONGEST + 1));
        }
        let kept = log.requests();
        let bytes: usize = kept.iter().map(LoggedRequest::bytes).sum();
        assert!(bytes <= MOST_BYTES, "{bytes}");
        assert_eq!(
            kept.last().map(|request| request.body.is_none()),
            Some(true)
        );
        log.clear();
        assert!(log.requests().is_empty());
    }
}
