//! The rule that takes `next` and `total` out of what a method returns.

use brimful_protocol::Value;

use crate::method::Output;

impl Output {
    /// The output of a method that returns one array: a `next` that is not null and any `total` leave it for the
    /// envelope, as integers.
    pub(crate) fn lifted(mut value: Value) -> Self {
        let (mut next, mut total) = (None, None);
        if let Value::Array(array) = &mut value {
            let count = |value: Value| u64::try_from(value.to_int()).unwrap_or(0);
            if array.get("next").is_some_and(|next| *next != Value::Null) {
                next = array.remove("next").map(count);
            }
            total = array.remove("total").map(count);
        }
        let mut output = Self::value(&value);
        (output.next, output.total) = (next, total);
        output
    }
}
