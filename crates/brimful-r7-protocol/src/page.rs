//! One page of a list, cut out of a reply.

use brimful_protocol::rows::{Page, row_id};
use bytes::Bytes;
use serde_json::value::RawValue;

use crate::envelope::{Envelope, EnvelopeError, Problem};

/// One page of a list.
#[derive(Debug, Clone)]
pub struct ListPage {
    /// The rows; they share the body.
    pub page: Page,
    /// The place of the first row in the list, counted from 0.
    pub start_index: u64,
    /// Whether the server says that there is more.
    pub more: bool,
    /// How many rows match in all, where the server counts.
    pub total: Option<u64>,
}

/// Why a reply is not a page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The body is not an envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The server answered with an error.
    #[error("status {status}: {}", .problem.message)]
    Problem {
        /// The HTTP status in the envelope.
        status: u16,
        /// What it says.
        problem: Problem,
    },
    /// The response is not a list.
    #[error("a response that is not a list of rows")]
    NoRows,
    /// The body is over 4 GiB.
    #[error("a reply of {0} bytes, over the limit of 4 GiB")]
    TooLarge(usize),
}

/// Reads the reply to a list. An error envelope is an error here.
///
/// ```
/// let body = br#"{"count":1,"total":7,"status":0,"statusCode":200,"response":[{"id":5}]}"#[..].into();
/// let page = brimful_r7_protocol::read_page(&body).unwrap();
/// assert_eq!((page.page.len(), page.total), (1, Some(7)));
/// assert_eq!(page.page.iter().next().unwrap().id, Some(5));
/// ```
pub fn read_page(body: &Bytes) -> Result<ListPage, PageError> {
    if u32::try_from(body.len()).is_err() {
        return Err(PageError::TooLarge(body.len()));
    }
    let envelope = Envelope::parse(body)?;
    if let Some(problem) = envelope.problem() {
        return Err(PageError::Problem {
            status: envelope.status_code,
            problem,
        });
    }
    let rows: Vec<&RawValue> = match envelope.response {
        Some(rows) => serde_json::from_str(rows.get()).map_err(|_| PageError::NoRows)?,
        None => return Err(PageError::NoRows),
    };
    let places = rows.into_iter().map(|row| {
        let text = row.get();
        // The text of a raw value borrows the body.
        let start = text.as_ptr() as usize - body.as_ptr() as usize;
        (start..start + text.len(), row_id(text, "id"))
    });
    Ok(ListPage {
        page: Page::of_places(body.clone(), places),
        start_index: envelope.start_index,
        more: envelope.next_index.is_some(),
        total: envelope.total,
    })
}
