//! The account of a list and its progress: rows, requests, waits, and what is proved.

use std::time::Duration;

use crate::waits::Waiting;

/// The account of a walk through a list.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let (leads, report) = client.list("crm.lead.list").collect_with_report::<serde_json::Value>().await?;
/// println!("{} rows in {} requests, {}", report.rows, report.requests, report.strategy);
/// println!("waited {:?} for the limit", report.waited_for_limit);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ListReport {
    /// Rows handed out.
    pub rows: u64,
    /// Commands sent, those that were sent again included.
    pub commands: u64,
    /// HTTP requests sent, repetitions included.
    pub requests: u64,
    /// Requests that had to be repeated.
    pub retries: u64,
    /// How long requests waited for the portal's rate limit, summed over requests in parallel.
    pub waited_for_limit: Duration,
    /// How long the walk stood still because the method's operating time was used up.
    pub waited_for_operating: Duration,
    /// From the first request to the last row.
    pub elapsed: Duration,
    /// The strategy that was used.
    pub strategy: &'static str,
    /// The list is complete up to this ID: every row with an ID up to it that was there throughout is in it. `None`
    /// where rows are not walked by ID, and where the list was not read to its end.
    pub complete_to: Option<u64>,
    /// What the rows are proved to be; of a list that broke off, what those are that came.
    pub proof: Proof,
    /// Rows that the portal counts and does not show to this user, as far as they were met: rights are the usual reason.
    pub hidden: u64,
    /// The portal's counts against the rows that came, where [`List::verify`](crate::List::verify) asked for them.
    pub verification: Option<Verification>,
    /// The portal's clock, in Unix seconds, when it answered the first request. [`Proof::UpTo`] holds for the rows that
    /// were there at this time and were not deleted before the end of the walk.
    pub as_of: Option<f64>,
    /// Where to go on: after a list that broke off for the rows that are missing, after a whole one for those that are
    /// new. `None` where rows do not come in the order of their IDs.
    pub resume: Option<Resume>,
}

/// What is known of the rows of a list up to an ID before its end, see [`Pages::known_hidden`](crate::Pages::known_hidden).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownHidden {
    /// All rows up to this ID have been handed out.
    pub up_to: u64,
    /// Of the rows up to it, the portal counts so many and does not show them. Those that are not looked for before the end
    /// of the list are not among them.
    pub rows: u64,
}

impl KnownHidden {
    /// Of all rows up to `up_to`, `rows` are counted and not shown.
    pub fn new(up_to: u64, rows: u64) -> Self {
        Self { up_to, rows }
    }
}

/// What the rows of a list are proved to be.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::Proof;
///
/// let (leads, report) = client.list("crm.lead.list").collect_with_report::<serde_json::Value>().await?;
/// if let Proof::UpTo(id) = report.proof {
///     println!("complete up to lead {id}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// Nothing: the list says neither how many rows it has nor was it walked by ID.
    #[default]
    None,
    /// All rows up to this ID: each that was there throughout came exactly once, whatever came and went beside it.
    UpTo(u64),
    /// So many rows came, and they are as many as the portal counted when the first page was read: each that was there
    /// throughout came exactly once. The list is one page, or its rows have ascending IDs and no conditions, so that the
    /// IDs tell which rows were there at that moment: as long as rows come into it by being added, and not by a change of
    /// what the user may see.
    Counted(u64),
    /// So many rows came. The portal counted more, so it was asked for the rows beside these, by ranges of IDs, until it
    /// showed none: what it counts beyond them is [`hidden`](ListReport::hidden), or was deleted meanwhile.
    NothingBeside(u64),
    /// All rows that the method returns: they came in one reply.
    OneReply,
    /// So many rows came, and the list was read again until it was proved that none is missing: each row that was
    /// there throughout came exactly once, however many rows came and went beside it.
    EqualPasses(u64),
}

impl Proof {
    /// Of a walk in the order of IDs above `above` that is complete, or has come so far.
    pub(crate) fn by_id(complete_to: Option<u64>, handed_to: u64, above: u64) -> Self {
        match complete_to {
            Some(id) => Self::UpTo(id),
            None if handed_to > above => Self::UpTo(handed_to),
            None => Self::None,
        }
    }
}

/// The portal's counts by range of IDs, held against the rows that came.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let (leads, report) = client.list("crm.lead.list").verify().collect_with_report::<serde_json::Value>().await?;
/// for difference in report.verification.iter().flat_map(|verification| &verification.differences) {
///     println!("{difference:?}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// Ranges that were counted.
    pub ranges: u64,
    /// Ranges whose count differed at first, at most 100 of them. Where more was counted than had come, the range was
    /// read again before its rows were handed out.
    pub differences: Vec<RangeDifference>,
}

/// A range of IDs whose count differed from the rows that had come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RangeDifference {
    /// The range begins behind this ID.
    pub after: u64,
    /// The last ID of the range.
    pub up_to: u64,
    /// Rows that the portal counted; `None`: it answered without a count.
    pub counted: Option<u64>,
    /// Rows that had come. More than were counted: some were deleted meanwhile.
    pub came: u64,
}

/// Where a list is to be resumed.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let (leads, report) = client.list("crm.lead.list").collect_with_report::<serde_json::Value>().await?;
/// if let Some(resume) = report.resume {
///     // What has been added since.
///     let new = client.list("crm.lead.list").resume_after(resume.after);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resume {
    /// All rows with an ID up to this one were handed out: [`List::resume_after`](crate::List::resume_after) takes it.
    pub after: u64,
    /// How the method's filter spells the condition, where it has one: `>ID`.
    pub filter: Option<String>,
}

/// How far a walk is.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let list = client.list("crm.lead.list").on_progress(|progress| {
///     println!("{} rows, {} requests", progress.rows, progress.requests);
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Rows handed out so far.
    pub rows: u64,
    /// Requests sent so far.
    pub requests: u64,
    /// Requests on their way now.
    pub in_flight: usize,
    /// How long requests have waited for limits so far.
    pub waited: Duration,
    /// What is being waited for at this moment; `None` while requests go out as they are wanted.
    pub waiting: Option<Waiting>,
    /// Share of the list, and up to where it is complete.
    pub extent: Extent,
}

/// How far a walk has come.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Extent {
    /// Share of the list that has been handed out, from 0 to 1; `None` while it cannot be told.
    pub done: Option<f64>,
    /// The list is complete up to this ID, once all rows up to it were handed out.
    pub complete_to: Option<u64>,
}

impl Extent {
    /// Of a walk by ID from above `first` to `horizon`.
    pub(crate) fn of_ids(
        first: u64,
        handed_to: u64,
        horizon: u64,
        complete_to: Option<u64>,
    ) -> Self {
        let span = horizon.saturating_sub(first);
        let done = match (complete_to, span) {
            (Some(_), _) => Some(1.0),
            (None, 0) => None,
            (None, span) => Some((handed_to.saturating_sub(first) as f64 / span as f64).min(1.0)),
        };
        Self { done, complete_to }
    }
}
