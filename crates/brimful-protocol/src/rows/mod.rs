//! Rows of lists, cut out of a reply in one pass and never parsed: a row is a slice of the body and its ID.

mod cursor;
mod id;
mod page;
mod reader;
mod specials;

use serde_json::value::RawValue;

use crate::envelope::{ApiError, EnvelopeError};
use crate::time::Time;

pub use id::{FieldValue, Identity, each_field, each_value, row_id};
pub use page::{Page, Row};
pub use reader::{read_batch, read_list, read_lists};

/// Where the rows of a list are in its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place<'a> {
    /// The key of `result` that holds them; `None`: `result` itself is the list, or holds exactly one.
    pub key: Option<&'a str>,
    /// The ID field of a row, found in any case of its letters.
    pub id: Option<&'a str>,
}

/// The reply to one list call.
#[derive(Debug)]
pub struct ListReply {
    /// The rows.
    pub page: Page,
    /// `start` of the next page.
    pub next: Option<u64>,
    /// How many rows match in all.
    pub total: Option<u64>,
    /// What stands beside the rows and says whether there are more.
    pub paging: PagingHints,
    /// The portal's clock and counters.
    pub time: Option<Time>,
}

/// What a result says beside its rows of those that follow, where lists are paged by a cursor or by `hasMore`.
#[derive(Debug, Clone, Default)]
pub struct PagingHints {
    /// `nextCursor`, `afterCursor` or `nextOffset`, as it came; `None` where it is `null` too.
    pub cursor: Option<Box<RawValue>>,
    /// `hasMore`.
    pub more: Option<bool>,
}

/// The outcome of one command of a batch of lists.
#[derive(Debug)]
pub enum PageOutcome {
    /// A page.
    Page {
        /// The rows.
        page: Page,
        /// `start` of the next page.
        next: Option<u64>,
        /// How many rows match in all.
        total: Option<u64>,
        /// What stands beside the rows and says whether there are more.
        paging: PagingHints,
    },
    /// The command failed.
    Error(ApiError),
    /// The reply has neither a result nor an error for it.
    NotRun,
}

/// The reply to a batch of lists.
#[derive(Debug)]
pub struct BatchOfLists {
    /// One outcome for each label asked for, in that order.
    pub outcomes: Vec<PageOutcome>,
    /// The time of the whole request.
    pub time: Option<Time>,
    /// The times of its commands, where the portal reports them.
    pub times: Vec<Option<Time>>,
}

/// Why a reply is not a list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowsError {
    /// The body is not an envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The portal answered with an error.
    #[error(transparent)]
    Api(ApiError),
    /// The result holds no rows where rows were expected.
    #[error("a result without rows: {0}")]
    NoRows(String),
    /// The body is over 4 GiB.
    #[error("a reply of {0} bytes, over the limit of 4 GiB")]
    TooLarge(usize),
}
