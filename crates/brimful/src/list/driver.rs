//! The driver: keeps as many requests of a strategy in flight as the portal and the memory allow, and passes its rows
//! on.
//!
//! The commands of a request are decided only when its slot has come: until then replies may still arrive that say
//! better what to ask for.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use brimful_protocol::KnownCode;
use brimful_protocol::batch::MAX_COMMANDS;
use brimful_protocol::rows::{BatchOfLists, Page, PageOutcome};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tracing::debug;

use super::Observer;
use super::names::{self, NamesCheck};
use super::plan::Plan;
use super::report::{KnownHidden, ListReport, Progress, Resume};
use super::request_encoding::{OwnedPlace, RequestEncoding, SharedCommands};
use super::strategy::{NextAction, ReadAhead, StrategyError, Ticket};
use crate::auth::Api;
use crate::batch_request::{MAX_CUTS, Pace};
use crate::effect::Effect;
use crate::error::{Error, ErrorKind, Execution};
use crate::limits::{CallCount, Calls};
use crate::session::{Call, CallOptions, Effort, Permit, Session};
use crate::waits::{WaitBoard, WaitReason};

/// Bytes of rows that may wait for their turn or be on their way.
const MEMORY: usize = 12 << 20;
/// The same where the portal lets few requests through, for all lists of the process together: rows of a kilobyte or more
/// would otherwise keep a list from having as many requests on their way as the limit allows.
const MEMORY_WHERE_LIMITED: usize = 48 << 20;
/// Requests in flight at the most, whatever the portal allows.
const MOST_IN_FLIGHT: usize = 32;
/// Requests in flight where the portal has no limit: as many as keep two cores busy.
const UNLIMITED_IN_FLIGHT: usize = 6;
/// Bytes of rows that are handed out at once, unless a page has more.
const MESSAGE: usize = 1 << 20;
/// A reply is to be no larger than this, well under what the client takes and what a portal has memory for.
const LARGEST_REPLY: f64 = (64 << 20) as f64;

/// The same of lists of REST 3.0, whose pages have a thousand rows, so that a batch of them is as large as it may be:
/// where requests are scarce, and where they are not.
const LARGEST_REPLY_OF_REST_3: f64 = (8 << 20) as f64;
const LARGEST_UNLIMITED_REPLY_OF_REST_3: f64 = (2 << 20) as f64;
/// Bytes of rows of REST 3.0 where requests are scarce: several such replies on their way.
const MEMORY_OF_REST_3: usize = 32 << 20;
/// A batch of REST 3.0 is done in so many seconds, unless it would have fewer lists than these.
const SOON: f64 = 5.0;
const FEW_LISTS: usize = 9;
/// After so many answers a batch of REST 3.0 may be as large again as one that came to nothing.
const FULL_ANSWERS: u32 = 12;
/// Attempts at a batch of REST 3.0 without a proper answer, before it is sent with fewer lists: the body may be too large
/// for something on the way, or for the portal.
const ATTEMPTS_AT_A_BATCH: u32 = 2;

/// Lists of the process that are being read.
static OPEN_LISTS: AtomicUsize = AtomicUsize::new(0);

/// One of them, until it is dropped.
struct OpenList;

impl OpenList {
    fn new() -> Self {
        OPEN_LISTS.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for OpenList {
    fn drop(&mut self) {
        OPEN_LISTS.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) enum Message {
    /// Pages that are ready together. One by one each would wake the reader. What is known of hidden rows up to the end of
    /// the last of them, if that can be said.
    Pages(Vec<Page>, Option<KnownHidden>),
    Done(ListReport),
    Failed(Error),
}

pub(crate) struct Driver {
    session: Arc<Session>,
    options: CallOptions,
    method: String,
    /// What a full request may be charged for.
    charges: Calls,
    plan: Plan,
    place: Arc<OwnedPlace>,
    flights: JoinSet<FinishedRequest>,
    report: ListReport,
    started: Instant,
    progress: watch::Sender<Progress>,
    pub(super) observer: Option<Observer>,
    /// Names and values that are held against the fields, until the portal has named those.
    pub(super) names: Option<NamesCheck>,
    pace: Pace,
    /// Bytes of a row, as last seen.
    row_bytes: f64,
    /// A slot that is being waited for.
    slot: Option<BoxFuture<'static, Granted>>,
    /// Nothing is sent before this.
    resume_at: Option<Instant>,
    /// Requests that were cut for their length since the last one that gave a page.
    cuts: u32,
    /// How many lists a batch of REST 3.0 may have: fewer after one that came to nothing, and then fewer than that one had.
    most_lists: usize,
    too_many_lists: usize,
    /// Requests of as many lists as there may be that were answered since one that came to nothing.
    full_answers: u32,
    /// Since when the method has been refused for its operating time without giving a page.
    blocked_since: Option<Instant>,
    /// The strategy cannot go on. What it has ready is right all the same.
    is_stuck: bool,
    /// What the beginning that was shared with other lists has failed with.
    failed_beginning: Option<Error>,
    /// The beginning is no longer shared with other lists.
    is_alone: bool,
    _open: OpenList,
}

/// Leave to send a request, and how long the walk stood still for it.
struct Granted {
    permit: Permit,
    effort: Effort,
}

/// A request that came back.
struct FinishedRequest {
    ticket: Ticket,
    commands: usize,
    result: Result<BatchOfLists, Error>,
    /// The fields, if they were asked for in this request, or why there are none.
    fields: Option<Result<Value, String>>,
    asked_for_fields: bool,
    effort: Effort,
    /// It came to nothing because it took too long.
    cut: bool,
    /// It was a batch of REST 3.0, of several lists.
    is_rest3_batch: bool,
}

impl Driver {
    pub(crate) fn new(
        session: Arc<Session>,
        options: CallOptions,
        method: String,
        plan: Plan,
        progress: watch::Sender<Progress>,
    ) -> Self {
        let most = plan.encoding.most().min(session.batch_size);
        let shown = progress.clone();
        let waits = WaitBoard::new(move |waiting| {
            shown.send_modify(|progress| progress.waiting = waiting.cloned());
        });
        Self {
            session,
            options: CallOptions {
                waits,
                call_count: CallCount::AtMost,
                ..options
            },
            charges: plan.encoding.charges(&method, most),
            method,
            place: Arc::new(plan.place.clone()),
            plan,
            flights: JoinSet::new(),
            report: ListReport::default(),
            started: Instant::now(),
            progress,
            observer: None,
            names: None,
            pace: Pace::default(),
            row_bytes: 1000.0,
            slot: None,
            resume_at: None,
            cuts: 0,
            most_lists: MAX_COMMANDS,
            too_many_lists: usize::MAX,
            full_answers: 0,
            blocked_since: None,
            is_stuck: false,
            failed_beginning: None,
            is_alone: false,
            _open: OpenList::new(),
        }
    }

    /// The commands with which the list begins, where they may go out with those of other lists now; the first of them is
    /// at `place_in_batch` there. Their outcomes come back with [`Self::take_beginning`], or the ticket with
    /// [`Self::begin_alone`].
    pub(super) fn begin(&mut self, place_in_batch: usize) -> Option<(Ticket, SharedCommands)> {
        let is_shared = !self.is_alone
            && self.failed_beginning.is_none()
            && self.resume_at.is_none()
            && self.names.is_none()
            && self.plan.encoding == RequestEncoding::Batch;
        if !is_shared {
            return None;
        }
        let (ticket, commands) = self.plan.strategy.begin(place_in_batch)?;
        let commands = SharedCommands {
            method: self.method.clone(),
            commands,
            place_in_batch,
            place: Arc::clone(&self.place),
        };
        Some((ticket, commands))
    }

    /// Takes what the list was answered to so many commands, in a request that had `in_request` and took so long. The
    /// operating time of the batch itself is not the list's.
    pub(super) fn take_beginning(
        &mut self,
        ticket: Ticket,
        commands: usize,
        mut batch: BatchOfLists,
        in_request: usize,
        took: Duration,
    ) {
        self.report.commands += commands as u64;
        self.note_begin(&batch);
        batch.time = None;
        self.learn(&batch, commands, in_request, took);
        if let Err(error) = self.follow(ticket, std::mem::take(&mut batch.outcomes)) {
            self.failed_beginning = Some(error);
        }
    }

    /// The request that the list shared came to nothing for it: it begins by itself.
    pub(super) fn begin_alone(&mut self, ticket: Ticket) {
        self.is_alone = true;
        self.plan.strategy.give_back(ticket);
    }

    /// Adds to the report of this list what a request has taken that it shared with others.
    pub(super) fn count_shared(&mut self, effort: &Effort) {
        self.count_effort(effort, 0);
    }

    pub(super) fn shares_session(&self, session: &Arc<Session>) -> bool {
        Arc::ptr_eq(&self.session, session)
    }

    /// Walks the list to its end. Stops early if nobody listens any more.
    pub(crate) async fn run(mut self, rows: mpsc::Sender<Message>) {
        let walked = self.walk(&rows).await;
        // The reader may take its time, and nothing more is to be sent.
        self.slot = None;
        let message = match walked {
            Ok(true) => Message::Done(self.finish()),
            Ok(false) => return,
            Err(error) => {
                self.flights.shutdown().await;
                // What came before the failure is part of the list.
                while self.is_stuck
                    && let Some((pages, known)) = self.ready_pages()
                {
                    if rows.send(Message::Pages(pages, known)).await.is_err() {
                        return;
                    }
                }
                let report = self.finish();
                Message::Failed(error.with_report(report))
            }
        };
        // If nobody listens, nobody is told.
        let _ = rows.send(message).await;
    }

    /// The list goes on, perhaps long after it began together with others: nothing of that time was spent on it.
    pub(super) fn take_up(&mut self) {
        self.started = Instant::now();
        self.blocked_since = None;
    }

    fn finish(&mut self) -> ListReport {
        self.report.elapsed = self.started.elapsed();
        self.report.strategy = self.plan.strategy.name();
        self.report.complete_to = self.plan.strategy.extent().complete_to;
        self.report.proof = self.plan.strategy.proof();
        self.report.hidden = self.plan.strategy.hidden();
        self.report.verification = self.plan.strategy.verification().cloned();
        self.report.resume = self.plan.strategy.reached().map(|after| Resume {
            after,
            filter: self.plan.above.clone(),
        });
        self.tell();
        self.report.clone()
    }

    /// Pages to hand out: those that are there, but for a heap of them.
    fn ready_pages(&mut self) -> Option<(Vec<Page>, Option<KnownHidden>)> {
        let mut pages = Vec::new();
        let mut bytes = 0;
        let mut known = None;
        while pages.len() < MAX_COMMANDS && bytes < MESSAGE {
            let Some(page) = self.plan.strategy.pop() else {
                known = self.plan.strategy.known_hidden();
                break;
            };
            self.report.rows += page.len() as u64;
            bytes += page.bytes();
            pages.push(page);
        }
        (!pages.is_empty()).then_some((pages, known))
    }

    /// `false`: nobody listens.
    async fn walk(&mut self, rows: &mpsc::Sender<Message>) -> Result<bool, Error> {
        if let Some(error) = self.failed_beginning.take() {
            return Err(error);
        }
        if self.plan.encoding != RequestEncoding::Batch || self.most() == 1 {
            self.ask_for_fields().await?;
        }
        loop {
            while let Some((pages, known)) = self.ready_pages() {
                self.tell();
                // A place before the gate that nobody asks after would hold up everybody behind it.
                if rows.capacity() == 0 {
                    self.slot = None;
                }
                if rows.send(Message::Pages(pages, known)).await.is_err() {
                    return Ok(false);
                }
            }
            if self.plan.strategy.is_done() {
                return Ok(true);
            }
            let wanted = self.flights.len() < self.window();
            if !wanted {
                self.slot = None;
            } else if self.slot.is_none() {
                self.slot = Some(self.next_slot());
            }
            tokio::select! {
                biased;
                () = rows.closed() => return Ok(false),
                () = until(self.options.deadline) => {
                    return Err(self.late());
                }
                Some(landed) = self.flights.join_next() => self.land(landed)?,
                granted = ready(&mut self.slot), if wanted => {
                    self.slot = None;
                    self.report.waited_for_limit += granted.effort.waited;
                    self.report.waited_for_operating += granted.effort.held_back;
                    if !self.send(granted.permit) {
                        // Nothing to ask for until a reply comes. Without one on its way the walk would stand still.
                        if self.flights.is_empty() {
                            return Err(Error::incomplete("the list came to a stop before its end").at(&self.session.auth, &self.method));
                        }
                        let landed = self.flights.join_next().await;
                        if let Some(landed) = landed {
                            self.land(landed)?;
                        }
                    }
                }
            }
        }
    }

    /// Where each command is a request of its own, the fields are asked for in one too.
    async fn ask_for_fields(&mut self) -> Result<(), Error> {
        let Some(check) = &self.names else {
            return Ok(());
        };
        let (method, params) = check.call();
        let call = Call::new(method, Effect::Read, params.to_string(), &self.options);
        let read = |body: &Bytes| Ok(names::in_reply(body));
        let (fields, effort) = self.session.run(&call, None, read).await;
        self.report.requests += u64::from(effort.requests);
        self.check_names(fields.unwrap_or_else(|error| Err(error.to_string())))
    }

    /// Without fields the list goes on unchecked: they may take rights that the list does not.
    fn check_names(&mut self, fields: Result<Value, String>) -> Result<(), Error> {
        let Some(check) = self.names.take() else {
            return Ok(());
        };
        match fields {
            Ok(fields) => check.verdict(&fields),
            Err(why) => {
                let (asked, _) = check.call();
                debug!(
                    method = self.method,
                    "names are not checked, because {asked} failed: {why}"
                );
                Ok(())
            }
        }
    }

    fn next_slot(&self) -> BoxFuture<'static, Granted> {
        let session = Arc::clone(&self.session);
        let (charges, options) = (Arc::clone(&self.charges), self.options.clone());
        let (method, resume_at) = (self.method.clone(), self.resume_at);
        // Short pauses are not for operating time.
        let blocked = self.blocked_since.is_some();
        async move {
            if let Some(at) = resume_at.filter(|at| *at > Instant::now()) {
                let _shown = blocked.then(|| {
                    options
                        .waits
                        .show(&method, WaitReason::OperatingTime, Some(at))
                });
                tokio::time::sleep_until(at).await;
            }
            let mut effort = Effort::default();
            let permit = session.permit(&charges, &options, &mut effort).await;
            Granted { permit, effort }
        }
        .boxed()
    }

    /// How many requests to keep in flight: enough to use every slot although each takes its time, and while the
    /// portal's counter has room, enough to use that room within about a second.
    fn window(&self) -> usize {
        let request_time = self.pace.request_seconds();
        if request_time == 0.0 {
            return 1;
        }
        let most = match self.session.gate.room() {
            None => UNLIMITED_IN_FLIGHT,
            Some((rate, room)) => {
                let steady = 1.25 * rate * request_time;
                // What the counter's room gains in time is lost again with every request more.
                let alone = self.most() == 1 && self.plan.strategy.is_frugal_alone();
                let burst = room * request_time.min(1.0);
                let most = if alone {
                    steady.ceil()
                } else {
                    steady.max(burst).ceil() + 1.0
                };
                (most as usize).min(MOST_IN_FLIGHT)
            }
        };
        let commands = match self.plan.encoding {
            RequestEncoding::Rest3Batch => self.lists_of_rest_3(),
            _ => self.most(),
        } as f64;
        let full = commands * self.plan.encoding.rows_of_a_command() * self.row_bytes;
        let left = self.memory() as f64 - self.plan.strategy.buffered() as f64;
        let fit = (left / full).max(0.0) as usize;
        let slow = self.session.gate.most_in_flight().unwrap_or(usize::MAX);
        most.min(fit).min(slow).max(1)
    }

    /// Commands that a request holds at the most.
    fn most(&self) -> usize {
        self.plan.encoding.most().min(self.session.batch_size)
    }

    /// Commands whose rows are no larger together than a reply is to be.
    fn commands_in_size(&self) -> usize {
        let encoding = self.plan.encoding;
        let largest = match encoding {
            RequestEncoding::Rest3Batch if self.session.gate.room().is_none() => {
                LARGEST_UNLIMITED_REPLY_OF_REST_3
            }
            RequestEncoding::Rest3Batch => LARGEST_REPLY_OF_REST_3,
            _ => LARGEST_REPLY,
        };
        ((largest / (encoding.rows_of_a_command() * self.row_bytes)) as usize).max(1)
    }

    /// Lists of REST 3.0 that a batch holds: few enough that several such batches at once are done sooner than one after
    /// the other would be, and enough that requests don't run out.
    fn lists_of_rest_3(&self) -> usize {
        let pace = self.pace.commands();
        let soon = self.pace.commands_within(SOON).max(FEW_LISTS);
        let most = self.most_lists.min(self.most()).max(1);
        pace.min(soon).min(self.commands_in_size()).clamp(1, most)
    }

    fn memory(&self) -> usize {
        match self.plan.encoding {
            RequestEncoding::Rest3Batch if self.session.gate.room().is_some() => MEMORY_OF_REST_3,
            _ if self.session.gate.room().is_some() => {
                let share = MEMORY_WHERE_LIMITED / OPEN_LISTS.load(Ordering::Relaxed).max(1);
                share.max(MEMORY)
            }
            _ => MEMORY,
        }
    }

    fn ahead(&self) -> ReadAhead {
        if self.plan.strategy.buffered() < self.memory() {
            ReadAhead::Allowed
        } else {
            ReadAhead::Full
        }
    }

    fn send(&mut self, mut permit: Permit) -> bool {
        let with_fields = self.names.as_ref().map(NamesCheck::command);
        let most = self.most() - usize::from(with_fields.is_some());
        let room = match self.plan.encoding {
            RequestEncoding::Rest3Batch => self.lists_of_rest_3(),
            _ => self.pace.commands().min(self.commands_in_size()),
        };
        let admitted = self.charges.last().map_or(1, |(_, calls)| *calls);
        let affordable = self.session.ledger.room(&self.method, admitted);
        let room = room.min(affordable).clamp(1, most);
        let ahead = self.ahead();
        let Some((ticket, commands)) = self.plan.strategy.next(room, ahead) else {
            return false;
        };
        let encoding = self.plan.encoding;
        let asks_for_fields = with_fields.is_some();
        let beside = with_fields.map(|command| (names::LABEL, command));
        let call = encoding.call(&self.method, &commands, beside, &self.options);
        let commands = commands.len();
        permit.lower(&self.method, commands);
        let is_rest3_batch = encoding == RequestEncoding::Rest3Batch && commands > 1;
        let call = if is_rest3_batch {
            Call {
                attempts_unanswered: Some(ATTEMPTS_AT_A_BATCH),
                ..call
            }
        } else {
            call
        };
        let session = Arc::clone(&self.session);
        let place = Arc::clone(&self.place);
        self.report.commands += commands as u64;
        self.flights.spawn(async move {
            let read = |body: &_| {
                let batch = encoding.read(body, commands, &place)?;
                Ok((batch, asks_for_fields.then(|| names::in_batch(body))))
            };
            let (result, effort) = session.run(&call, Some(permit), read).await;
            let (result, fields) = match result {
                Ok((batch, fields)) => (Ok(batch), fields),
                Err(error) => (Err(error), None),
            };
            let cut = result.is_err() && call.is_cut(&effort);
            FinishedRequest {
                ticket,
                commands,
                result,
                fields,
                asked_for_fields: asks_for_fields,
                effort,
                cut,
                is_rest3_batch,
            }
        });
        true
    }

    fn land(&mut self, landed: Result<FinishedRequest, JoinError>) -> Result<(), Error> {
        let landed = landed.map_err(|error| {
            Error::incomplete("a request of the list was lost").with_source(error)
        })?;
        let FinishedRequest {
            ticket,
            commands,
            result,
            fields,
            asked_for_fields,
            effort,
            cut,
            is_rest3_batch,
        } = landed;
        self.count_effort(&effort, commands);
        let batch = match result {
            Ok(batch) => batch,
            Err(error) if cut && self.cuts < MAX_CUTS => {
                self.cut(ticket, commands, effort.took, &error);
                return Ok(());
            }
            Err(error) if is_rest3_batch && self.asks_for_less(&error, commands) => {
                self.report.retries += 1;
                debug!(method = self.method, commands, %error, "asking for fewer lists at once");
                self.plan.strategy.give_back(ticket);
                return Ok(());
            }
            // A portal that breaks down over the fields may have the rows all the same.
            Err(error) if asked_for_fields && error.execution() == Execution::Unknown => {
                self.check_names(Err(error.to_string()))?;
                self.plan.strategy.give_back(ticket);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if let Some(fields) = fields {
            self.check_names(fields)?;
        }
        self.learn(&batch, commands, commands, effort.took);
        if self.plan.encoding == RequestEncoding::Rest3Batch && commands >= self.most_lists {
            self.ask_for_more();
        }
        self.follow(ticket, batch.outcomes)
    }

    /// Hands the outcomes of a request to the strategy, and does what that wants done before the next one.
    fn follow(&mut self, ticket: Ticket, outcomes: Vec<PageOutcome>) -> Result<(), Error> {
        let gave = |outcome: &PageOutcome| matches!(outcome, PageOutcome::Page { .. });
        if outcomes.iter().any(gave) {
            self.blocked_since = None;
            self.cuts = 0;
        }
        match self.accept(ticket, outcomes)? {
            NextAction::GoOn => {}
            NextAction::WaitShortly => {
                self.pause(self.session.delay(1));
            }
            NextAction::WaitForOperating => self.wait_for_operating()?,
        }
        Ok(())
    }

    /// Adds to the report what a request of so many commands took.
    fn count_effort(&mut self, effort: &Effort, commands: usize) {
        let retries = u64::from(effort.requests.saturating_sub(1));
        self.report.requests += u64::from(effort.requests);
        self.report.retries += retries;
        self.report.commands += retries * commands as u64;
        self.report.waited_for_limit += effort.waited;
        self.report.waited_for_operating += effort.held_back;
    }

    /// Sends nothing until the portal is expected to have operating time for the method again. Fails where that is
    /// later than the list may take.
    fn wait_for_operating(&mut self) -> Result<(), Error> {
        let wait = self.session.ledger.refused(&self.method);
        let since = *self.blocked_since.get_or_insert_with(Instant::now);
        if since.elapsed() + wait > self.session.retry.deadline {
            return Err(self.blocked(since.elapsed()));
        }
        // A wait that ends too late is not begun.
        if self
            .options
            .deadline
            .is_some_and(|deadline| deadline < Instant::now() + wait)
        {
            return Err(self.late());
        }
        self.session
            .wait_log
            .operating(&self.method, Instant::now() + wait);
        let put_off = self.pause(wait);
        self.report.waited_for_operating += put_off;
        Ok(())
    }

    /// Hands the outcomes of a request to the strategy. Before the first row another one may take over.
    fn accept(&mut self, ticket: Ticket, outcomes: Vec<PageOutcome>) -> Result<NextAction, Error> {
        match self.plan.strategy.accept(ticket, outcomes) {
            Ok(then) => Ok(then),
            Err(StrategyError::WrongStrategy(why)) => {
                let fallback = self.plan.fallback.take().filter(|_| self.report.rows == 0);
                let fallback = fallback.ok_or_else(|| self.stuck(&why))?;
                debug!(method = self.method, why, "walking in another way");
                // What is still on its way belongs to the old plan.
                self.flights = JoinSet::new();
                self.charges = fallback.encoding.charges(
                    &self.method,
                    fallback.encoding.most().min(self.session.batch_size),
                );
                self.place = Arc::new(fallback.place.clone());
                self.plan = *fallback;
                Ok(NextAction::GoOn)
            }
            Err(StrategyError::Misbehaves(why)) => {
                self.is_stuck = true;
                Err(self.stuck(&why))
            }
            Err(StrategyError::Api(error)) => {
                self.is_stuck = true;
                Err(Error::api(error).at(&self.session.auth, &self.method))
            }
        }
    }

    /// A request took so long that it was cut: what it asked for goes out again in smaller ones.
    fn cut(&mut self, ticket: Ticket, commands: usize, took: Duration, error: &Error) {
        self.cuts += 1;
        self.report.retries += 1;
        self.pace.was_cut(took, commands);
        debug!(method = self.method, commands, ?took, %error, "asking for less at once");
        self.plan.strategy.give_back(ticket);
    }

    /// Whether the lists of a batch of REST 3.0 that failed are asked for again, fewer at once, or each by itself: a portal
    /// may refuse batches or a method in one, and answers nothing of a batch of which one call failed.
    fn asks_for_less(&mut self, error: &Error, commands: usize) -> bool {
        use ErrorKind::{Deadline, InsufficientScope, OperationTimeLimit, QueryLimit};
        // A batch has no scope: it is the method's that lacks.
        if matches!(
            error.kind(),
            Deadline | InsufficientScope | OperationTimeLimit | QueryLimit
        ) {
            return false;
        }
        if let Some(api) = error.api_error()
            && api.code.known() != KnownCode::Internal
        {
            // Anything else is no word of REST 3.0: there is none.
            let is_refused = api.code.as_str().starts_with("BITRIX_REST_V3_");
            if is_refused && self.plan.encoding == RequestEncoding::Rest3Batch {
                self.plan.encoding = RequestEncoding::Single(Api::Rest3);
                self.charges = self.plan.encoding.charges(&self.method, 1);
                self.slot = None;
            }
            return is_refused;
        }
        // Where there was no connection, fewer lists don't make one.
        let is_unanswered =
            error.execution() == Execution::Unknown || error.kind() == ErrorKind::Decode;
        if is_unanswered {
            self.full_answers = 0;
            self.too_many_lists = self.too_many_lists.min(commands);
            self.most_lists = self.most_lists.min(commands / 2).max(1);
        }
        is_unanswered
    }

    /// After a batch of REST 3.0 that was answered the next one may have more lists. What was too much once may have been so
    /// because the portal was down for a moment, so it is tried again after some more answers.
    fn ask_for_more(&mut self) {
        self.full_answers += 1;
        if self.full_answers >= FULL_ANSWERS {
            self.full_answers = 0;
            self.too_many_lists = self.too_many_lists.saturating_mul(2);
        }
        self.most_lists = (self.most_lists + 1).min(self.too_many_lists - 1);
    }

    /// Sends nothing for `wait`, and says by how much that puts the next request off.
    fn pause(&mut self, wait: Duration) -> Duration {
        let now = Instant::now();
        let before = self.resume_at.map_or(now, |at| at.max(now));
        let until = before.max(now + wait);
        self.resume_at = Some(until);
        // The slot that is being waited for knows nothing of the pause.
        self.slot = None;
        until - before
    }

    fn late(&self) -> Error {
        let message = "the deadline of the job passed before the list was read to its end";
        Error::new(ErrorKind::Deadline, Execution::Unknown, message)
            .at(&self.session.auth, &self.method)
    }

    fn blocked(&self, time: Duration) -> Error {
        let message = format!(
            "the portal has refused the method for its operating time for {} minutes",
            time.as_secs() / 60
        );
        Error::new(ErrorKind::OperationTimeLimit, Execution::NotRun, message)
            .at(&self.session.auth, &self.method)
    }

    fn stuck(&self, why: &str) -> Error {
        Error::incomplete(format!("the list cannot be read to its end: {why}"))
            .at(&self.session.auth, &self.method)
    }

    /// Learns from the answer to so many commands, in a request that had `in_request`.
    fn learn(&mut self, batch: &BatchOfLists, commands: usize, in_request: usize, took: Duration) {
        self.pace.answered(took, in_request, self.most());
        let (mut rows, mut bytes) = (0, 0);
        for outcome in &batch.outcomes {
            if let PageOutcome::Page { page, .. } = outcome {
                rows += page.len();
                bytes += page.bytes();
            }
        }
        if rows > 0 {
            self.row_bytes = bytes as f64 / rows as f64 + 1.0;
        }
        self.note_begin(batch);
        let ledger = &self.session.ledger;
        let encoding = self.plan.encoding;
        encoding.note_times(ledger, &self.method, commands, batch);
    }

    /// The list is as it was when the portal began with its first request.
    fn note_begin(&mut self, batch: &BatchOfLists) {
        if self.report.as_of.is_none() {
            self.report.as_of = batch.time.as_ref().and_then(|time| time.start);
        }
    }

    fn tell(&self) {
        let progress = Progress {
            rows: self.report.rows,
            requests: self.report.requests + self.flights.len() as u64,
            in_flight: self.flights.len(),
            waited: self.report.waited_for_limit + self.report.waited_for_operating,
            waiting: self.options.waits.shown(),
            extent: self.plan.strategy.extent(),
        };
        if let Some(observer) = &self.observer {
            (observer.0)(&progress);
        }
        self.progress.send_replace(progress);
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn ready(slot: &mut Option<BoxFuture<'static, Granted>>) -> Granted {
    match slot {
        Some(slot) => Pin::new(slot).await,
        None => std::future::pending().await,
    }
}
