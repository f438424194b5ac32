//! Lines on their way to the client: a handful at a time, and only when they are on record.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, mpsc, watch};
use tokio::time::{Instant, timeout_at};

use super::items::{Item, Items};
use super::record::{Record, UnansweredCalls};
use crate::failure::Failure;
use crate::outcome::Tally;
use crate::output::Prober;

/// Commands in a request.
const REQUEST: usize = 50;
/// Lines that are read before they are needed.
const AHEAD: usize = 4 * REQUEST;
/// A line that comes from a program does not wait longer for others to share its request.
const COMPANY: Duration = Duration::from_millis(50);

/// How the lines ended.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// What was wrong with a line or its record.
    pub(super) failure: Option<Failure>,
    /// The last line was read.
    pub(super) whole: bool,
    /// Nothing more can be written to standard output, so no more lines were called.
    pub(super) unwritable: bool,
    /// The outcomes of earlier runs that stay.
    pub(super) kept: Tally,
}

/// The end of the lines, for callers that ask when they have ended.
pub(super) type End = Arc<Mutex<Ended>>;

enum Read {
    Item(Item),
    End(Result<(), Failure>, Tally),
}

/// Reads lines in a thread of their own: a program that writes them slowly holds nothing else up.
fn read(mut items: Items) -> mpsc::Receiver<Read> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    thread::spawn(move || {
        loop {
            let read = match items.next() {
                Ok(Some(item)) => Read::Item(item),
                Ok(None) => Read::End(Ok(()), items.kept),
                Err(failure) => Read::End(Err(failure), items.kept),
            };
            let ends = matches!(read, Read::End(..));
            // If nobody takes lines any more, none are read.
            if sender.blocking_send(read).is_err() || ends {
                return;
            }
        }
    });
    receiver
}

/// Why a group of lines is not followed by another one.
enum Last {
    No,
    Yes,
}

struct Feeder {
    lines: mpsc::Receiver<Read>,
    record: Arc<AsyncMutex<Record>>,
    /// Where outcomes go to a reader who may have gone.
    prober: Option<Prober>,
    flight: UnansweredCalls,
    stop: watch::Receiver<bool>,
    end: End,
    last: Last,
}

/// The parameters of the lines, until they end or `stop` says so.
pub(super) fn feed(
    items: Items,
    record: Arc<AsyncMutex<Record>>,
    prober: Option<Prober>,
    flight: UnansweredCalls,
    stop: watch::Receiver<bool>,
) -> (impl Stream<Item = Value> + Send + 'static, End) {
    let end = End::default();
    let feeder = Feeder {
        lines: read(items),
        record,
        prober,
        flight,
        stop,
        end: Arc::clone(&end),
        last: Last::No,
    };
    let groups = stream::unfold(feeder, async |mut feeder| {
        let group = feeder.group().await?;
        Some((stream::iter(group), feeder))
    });
    (groups.flatten(), end)
}

impl Feeder {
    /// The next lines, which are on record.
    async fn group(&mut self) -> Option<Vec<Value>> {
        if let Last::Yes = self.last {
            return None;
        }
        let mut items = Vec::new();
        let mut until = None;
        while items.len() < REQUEST {
            match self.line(until).await {
                Some(Read::Item(item)) => {
                    items.push(item);
                    until.get_or_insert_with(|| Instant::now() + COMPANY);
                }
                Some(Read::End(how, kept)) => {
                    let mut end = self.end();
                    end.whole = how.is_ok();
                    end.failure = how.err();
                    end.kept = kept;
                    drop(end);
                    self.last = Last::Yes;
                    break;
                }
                None => break,
            }
        }
        if items.is_empty() {
            return None;
        }
        let (calls, params): (Vec<_>, Vec<_>) = items
            .into_iter()
            .map(|item| (item.call, item.params))
            .unzip();
        if let Some(prober) = &self.prober
            && !prober.is_writable().await
        {
            let mut end = self.end();
            end.whole = false;
            end.unwritable = true;
            return None;
        }
        let recorded = {
            let mut record = self.record.lock().await;
            tokio::task::block_in_place(|| record.send(&calls))
        };
        if let Err(error) = recorded {
            let mut end = self.end();
            end.whole = false;
            end.failure = Some(error.into());
            return None;
        }
        self.flight.send(calls);
        Some(params)
    }

    /// The next line; `None` if there is to be none, or none has come until then.
    async fn line(&mut self, until: Option<Instant>) -> Option<Read> {
        if *self.stop.borrow() {
            self.last = Last::Yes;
            return None;
        }
        let next = async {
            tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop) => None,
                line = self.lines.recv() => line,
            }
        };
        match until {
            Some(until) => timeout_at(until, next).await.ok().flatten(),
            None => next.await,
        }
    }

    fn end(&self) -> std::sync::MutexGuard<'_, Ended> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
