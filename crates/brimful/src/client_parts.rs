//! Parts of this client that `brimful-r7` is built from, with the hidden constructors of [`crate::Error`]. They change
//! without notice.

pub use crate::auth::route;
pub use crate::json::{decode, to_value};
pub use crate::retry::{Failure, RetryContext, RetryDecision};
pub use crate::transport::{HttpTransport, Route};
