//! The account of a list and its progress: rows, requests, waits, and what is proved.

use std::time::Duration;

use crate::waits::Waiting;

/// The account of a walk through a list.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let (leads, report) = client.list("crm.lead.list").collect::<serde_json::Value>().await?;
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
    /// The portal's clock, in Unix seconds, when it answered the first request. [`Proof::UpTo`] holds for the rows that
    /// were there at this time and were not deleted before the end of the walk.
    pub as_of: Option<f64>,
    /// Where to go on: after a list that broke off for the rows that are missing, after a whole one for those that are
    /// new. `None` where rows do not come in the order of their IDs.
    pub resume: Option<Resume>,
}

/// What the rows of a list are proved to be.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::Proof;
///
/// let (leads, report) = client.list("crm.lead.list").collect::<serde_json::Value>().await?;
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
    /// As many different rows as the portal counts, and its count did not change meanwhile. A row that was deleted and
    /// another that was added at the same time are not seen in a count.
    Counted(u64),
    /// All rows that the method returns: they came in one reply.
    OneReply,
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

/// Where a list is to be gone on with.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let (leads, report) = client.list("crm.lead.list").collect::<serde_json::Value>().await?;
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
    /// Share of the list that has been handed out, from 0 to 1, as far as it can be told.
    pub done: f64,
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
            (Some(_), _) => 1.0,
            (None, 0) => 0.0,
            (None, span) => (handed_to.saturating_sub(first) as f64 / span as f64).min(1.0),
        };
        Self { done, complete_to }
    }
}
