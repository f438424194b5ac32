//! Methods that only applications may call, and what a webhook is told that calls one: `application_only.tsv`.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::context::MethodError;

/// What a webhook is told that calls a method of applications. Each page of the documentation has a text of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WebhookRefusal {
    status: u16,
    code: &'static str,
    description: &'static str,
}

impl WebhookRefusal {
    pub(crate) fn error(self) -> MethodError {
        MethodError::new(self.status, self.code, self.description)
    }
}

/// What a webhook is told that calls `method`, a name in lower case. Nothing if it may.
pub(crate) fn refusal(method: &str) -> Option<WebhookRefusal> {
    static BY_NAME: OnceLock<HashMap<&'static str, WebhookRefusal>> = OnceLock::new();
    BY_NAME
        .get_or_init(|| lines().collect())
        .get(method)
        .copied()
}

/// The methods of the table and their refusals.
pub(crate) fn lines() -> impl Iterator<Item = (&'static str, WebhookRefusal)> {
    let lines = include_str!("application_only.tsv").lines().skip(1);
    lines.filter_map(|line| {
        let mut cells = line.split('\t');
        let method = cells.next()?;
        let refusal = WebhookRefusal {
            status: cells.next()?.parse().ok()?,
            code: cells.next()?,
            description: cells.next()?,
        };
        Some((method, refusal))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read_and_has_a_method_of_its_own() {
        let count = include_str!("application_only.tsv").lines().count() - 1;
        assert_eq!(lines().count(), count);
        for (method, _) in lines() {
            assert!(refusal(method).is_some(), "{method}");
            assert_eq!(method, method.to_ascii_lowercase());
        }
        let names: std::collections::BTreeSet<_> = lines().map(|(method, _)| method).collect();
        assert_eq!(names.len(), count);
    }
}
