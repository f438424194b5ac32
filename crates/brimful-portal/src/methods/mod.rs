//! The registry of methods.

use crate::method::Method;

/// Looks a method up by its name in lower case.
pub(crate) fn find(_name: &str) -> Option<&'static Method> {
    None
}
