//! What a way of walking a list is: it yields commands, takes their outcomes, and hands rows out in order.
//!
//! Strategies do no I/O and know no time, so that they can be run against a modelled portal by the thousand.

use brimful_protocol::ApiError;
use brimful_protocol::rows::{Page, PageOutcome, PagingHints};
use serde_json::Value;

pub(crate) use super::report::Extent;
use super::report::{KnownHidden, Proof, Verification};

/// A command of a list: its method is the list's, and its label is given by its place in the request (`p0`, `p1`, …).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ListCommand {
    pub(crate) params: Value,
}

/// The label of the command at `place`.
pub(crate) fn label(place: usize) -> String {
    format!("p{place}")
}

/// Why a strategy cannot go on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StrategyError {
    /// The portal answered a command with an error.
    Api(ApiError),
    /// The list does not behave as its strategy needs.
    Misbehaves(String),
    /// The method cannot be walked this way at all, and nothing has been handed out yet: another way may do.
    WrongStrategy(String),
}

/// What the driver has to do after outcomes were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NextAction {
    GoOn,
    /// The method's operating time is used up: wait for it before sending more.
    WaitForOperating,
    /// The portal is overloaded or hiccuped: wait a little.
    WaitShortly,
}

/// Commands with which a list begins that can share its first request with others.
pub(crate) const MOST_COMMANDS_OF_A_BEGINNING: usize = 3;

pub(crate) trait Strategy: Send {
    /// The name for reports.
    fn name(&self) -> &'static str;

    /// The commands of the next request, at most `room` of them, under the ticket by which their outcomes come back.
    /// `None`: nothing to send now. `ahead` says whether to open up more of the list than is being read already.
    fn next(&mut self, room: usize, ahead: ReadAhead) -> Option<(Ticket, Vec<ListCommand>)>;

    /// The commands with which the list begins, at most [`MOST_COMMANDS_OF_A_BEGINNING`], where they may go out with those
    /// of other lists: the first of them is at `place` in their request. `None` where the list has begun, or does not begin with few commands.
    fn begin(&mut self, place: usize) -> Option<(Ticket, Vec<ListCommand>)> {
        let _ = place;
        None
    }

    /// Takes the outcomes of a request, one for each of its commands.
    fn accept(
        &mut self,
        ticket: Ticket,
        outcomes: Vec<PageOutcome>,
    ) -> Result<NextAction, StrategyError>;

    /// Takes a request back that came to nothing: what it asked for is to be asked for again, with fewer commands.
    fn give_back(&mut self, ticket: Ticket);

    /// The next page in order, as soon as it is known to be next.
    fn pop(&mut self) -> Option<Page>;

    /// Whether every row has been handed out.
    fn is_done(&self) -> bool;

    /// Whether fewer requests are needed in all where each waits for the one before it.
    fn is_frugal_alone(&self) -> bool {
        false
    }

    /// Bytes of rows that wait for their turn.
    fn buffered(&self) -> usize;

    fn extent(&self) -> Extent;

    /// What the rows handed out so far are proved to be.
    fn proof(&self) -> Proof;

    /// Rows that the portal counts and does not show.
    fn hidden(&self) -> u64 {
        0
    }

    /// Up to which ID all rows have been handed out, and how many are counted there and not shown, once [`pop`](Self::pop)
    /// has no page. `None` where rows do not come in the order of their IDs.
    fn known_hidden(&self) -> Option<KnownHidden> {
        None
    }

    /// The counts that were held against the rows, where that was asked for.
    fn verification(&self) -> Option<&Verification> {
        None
    }

    /// The ID after which the rows not handed out yet begin, where rows come in the order of their IDs.
    fn reached(&self) -> Option<u64> {
        None
    }
}

/// Names a request between [`Strategy::next`] and [`Strategy::accept`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Ticket(pub(crate) u64);

impl Ticket {
    /// The ticket after this one, which is from now on this one.
    pub(crate) fn draw(&mut self) -> Self {
        self.0 += 1;
        *self
    }
}

/// Whether a strategy may open up more of the list than it is reading already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadAhead {
    Allowed,
    /// Rows already wait for their turn in as much memory as they may take.
    Full,
}

/// How often commands may come back without progress, in a row, before a walk gives up.
const MAX_STALLS: u32 = 20;

/// Commands that came back without a page, in a row.
#[derive(Debug, Default)]
pub(crate) struct StallCounter(u32);

/// What stands beside the rows of a page.
#[derive(Debug, Default)]
pub(crate) struct PageMeta {
    pub(crate) next: Option<u64>,
    pub(crate) total: Option<u64>,
    pub(crate) paging: PagingHints,
}

impl StallCounter {
    /// The page of an outcome, or what to do before its command is sent again; an error where that is no use.
    pub(crate) fn page(
        &mut self,
        outcome: PageOutcome,
    ) -> Result<Result<(Page, PageMeta), NextAction>, StrategyError> {
        match outcome {
            PageOutcome::Page {
                page,
                next,
                total,
                paging,
            } => {
                self.0 = 0;
                let meta = PageMeta {
                    next,
                    total,
                    paging,
                };
                Ok(Ok((page, meta)))
            }
            PageOutcome::Error(error) => {
                let then = passing(&error);
                self.0 += u32::from(then == Some(NextAction::WaitShortly));
                match then {
                    Some(then) if self.0 < MAX_STALLS => Ok(Err(then)),
                    _ => Err(StrategyError::Api(error)),
                }
            }
            PageOutcome::NotRun => {
                self.0 += 1;
                if self.0 < MAX_STALLS {
                    Ok(Err(NextAction::WaitShortly))
                } else {
                    Err(StrategyError::Misbehaves(
                        "the portal's reply has no result for a page of the list".to_owned(),
                    ))
                }
            }
        }
    }
}

/// Whether a command that failed this way may succeed if it is sent again.
pub(crate) fn passing(error: &ApiError) -> Option<NextAction> {
    use brimful_protocol::KnownCode;
    match error.code.known() {
        KnownCode::OperationTimeLimit => Some(NextAction::WaitForOperating),
        KnownCode::QueryLimitExceeded | KnownCode::Internal => Some(NextAction::WaitShortly),
        _ => None,
    }
}
