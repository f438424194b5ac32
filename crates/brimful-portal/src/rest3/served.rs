//! Methods that serve what the portal was given, as endpoints.

use super::endpoint::{self, Endpoint};
use crate::method::Method;

/// The endpoint of a method of the shelf. Nothing is known of its parameters.
pub(crate) fn endpoint(method: Method) -> Endpoint {
    endpoint::endpoint(
        method.name,
        method.scope,
        method.handler,
        "Rows or a result that the portal was given",
        &[],
        None,
    )
}
