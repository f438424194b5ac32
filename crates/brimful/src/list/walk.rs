//! The ways to walk a list, for callers that know better than the catalogue.

/// How a list is walked.
///
/// ```no_run
/// # fn example(client: brimful::Client) {
/// use brimful::Walk;
///
/// let by_its_own_order = client.list("crm.lead.list").walk(Walk::Pages);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Walk {
    /// As the catalogue says and the first reply shows: by ID where the method filters and sorts by ID, by its own kind
    /// of pages otherwise.
    #[default]
    Auto,
    /// By ID, in several stretches at once, each a chain of pages that refer to each other inside a batch.
    Lanes,
    /// By ID, in one such chain: one request after the other.
    Chain,
    /// By ID, in windows that hold no more rows than a page; no page refers to another.
    Windows,
    /// By the place of the pages, in parallel where the list is counted; the place is said as the method wants it:
    /// `start`, `NAV_PARAMS`, `LIMIT` and `OFFSET`, or the `pagination` of REST 3.0.
    Pages,
    /// By `next`, one page after the other, whatever the list says of its length.
    Next,
    /// By pages with `NAV_PARAMS`, for methods with positional parameters that the catalogue does not know.
    NavParams,
    /// By pages with `LIMIT` and `OFFSET`, likewise.
    LimitOffset,
    /// By the cursor that each page gives for the next one: messages, notifications, a `tail` of REST 3.0.
    Cursor,
    /// By one call, whose rows are the list.
    Whole,
}
