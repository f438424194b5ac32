//! What a list came to, and how far it is.

use std::time::Duration;

use super::strategy::Extent;

/// The account of a walk through a list.
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
    /// where rows are not walked by ID.
    pub complete_to: Option<u64>,
}

/// How far a walk is.
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
    /// Share of the list, and up to where it is complete.
    pub extent: Extent,
}
