//! What becomes of a reply under a fault.

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::bodies::envelope;
use crate::context::errors;
use crate::context::faults::{Fault, FaultTiming};
use crate::context::reply::{Reply, SlowBody};
use crate::context::settings::AuthStatuses;

/// The reply that comes instead of any work.
pub(crate) fn instead(fault: &Fault, statuses: AuthStatuses) -> Option<Reply> {
    let response = match fault {
        Fault::QueryLimit => envelope::query_limit(),
        Fault::OperatingLimit => envelope::json_error(&errors::operation_time_limit()),
        Fault::ExpiredToken => envelope::json_error(&errors::expired_token(statuses)),
        Fault::Status(status, FaultTiming::BeforeWork) => page(*status),
        Fault::Html(FaultTiming::BeforeWork) => page(200),
        Fault::Empty(FaultTiming::BeforeWork) => Response::new(Bytes::new()),
        Fault::Reset(FaultTiming::BeforeWork) => return Some(Reply::Reset),
        _ => return None,
    };
    Some(response.into())
}

/// What becomes of the reply to work that was done.
pub(crate) fn spoil(fault: &Fault, mut response: Response<Bytes>) -> Reply {
    match fault {
        Fault::Status(status, FaultTiming::AfterWork) => page(*status).into(),
        Fault::Html(FaultTiming::AfterWork) => page(200).into(),
        Fault::Empty(FaultTiming::AfterWork) => response.map(|_| Bytes::new()).into(),
        Fault::Reset(FaultTiming::AfterWork) => Reply::Reset,
        Fault::Truncated => {
            let length = response.body().len() as u64;
            Reply::Truncated {
                response: response.map(|body| half(&body)),
                length,
            }
        }
        Fault::HalfBody => response.map(|body| half(&body)).into(),
        Fault::SlowBody(time) => {
            response.extensions_mut().insert(SlowBody(*time));
            response.into()
        }
        _ => response.into(),
    }
}

fn page(status: u16) -> Response<Bytes> {
    envelope::html(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

fn half(body: &Bytes) -> Bytes {
    body.slice(..body.len() / 2)
}
