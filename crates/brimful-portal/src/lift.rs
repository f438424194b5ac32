//! What the portal makes of an output before it goes into an envelope, whichever method it comes from.

use brimful_protocol::{Array, Value};

use crate::method::Output;

impl Output {
    /// The rule for every method: a `next` that is not null and any `total` in what it returns leave it for the
    /// envelope, as integers. Methods that have set them are done already, and lists of rows are not searched.
    pub(crate) fn lifted(self) -> Self {
        if !(self.says(b"\"next\"") || self.says(b"\"total\"")) {
            return self;
        }
        let Value::Array(array) = self.to_value() else {
            return self;
        };
        let next = array.get("next").filter(|next| **next != Value::Null);
        if next.is_none() && array.get("total").is_none() {
            return self;
        }
        let mut rest = array.clone();
        let mut take = |key: &str| rest.remove(key).map(|count| count.to_int());
        let next = next.and_then(|_| take("next"));
        let total = take("total");
        let mut output = Self::value(&Value::Array(rest));
        (output.next, output.total) = (next.or(self.next), total.or(self.total));
        output
    }

    /// The error that a method returned as if it were its result: `error` and `error_description`, neither empty.
    pub(crate) fn error(&self) -> Option<Array> {
        if !self.says(b"\"error_description\"") {
            return None;
        }
        let array = self.to_value().as_array()?;
        let given = |key| array.get(key).is_some_and(Value::is_truthy);
        (given("error") && given("error_description")).then(|| array.clone())
    }

    /// Whether a key may be in it: a cheap look before a dear one.
    fn says(&self, key: &[u8]) -> bool {
        self.rows.starts.is_empty()
            && self.json.starts_with(b"{")
            && memchr::memmem::find(&self.json, key).is_some()
    }
}
