//! Which callers a method refuses, and what they are told: tables with a line a method, as its page of the documentation has
//! it. `application_only.tsv` is of methods that refuse webhooks, `administrators.tsv` of those that refuse users who are no
//! administrators.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::context::MethodError;

/// What a caller is told who is refused. Each page has a text of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallerRefusal {
    status: u16,
    code: &'static str,
    description: &'static str,
}

impl CallerRefusal {
    pub(crate) fn error(self) -> MethodError {
        MethodError::new(self.status, self.code, self.description)
    }
}

type Refusals = LazyLock<HashMap<&'static str, CallerRefusal>>;

static OF_WEBHOOKS: Refusals = LazyLock::new(|| lines(APPLICATION_ONLY).collect());
static OF_USERS: Refusals = LazyLock::new(|| lines(ADMINISTRATORS).collect());

const APPLICATION_ONLY: &str = include_str!("application_only.tsv");
const ADMINISTRATORS: &str = include_str!("administrators.tsv");

/// What a webhook is told that calls `method`, a name in lower case. Nothing if it may.
pub(crate) fn refusal_of_webhooks(method: &str) -> Option<CallerRefusal> {
    OF_WEBHOOKS.get(method).copied()
}

/// What a user who is not an administrator is told that calls `method`, a name in lower case. Nothing if everybody may.
pub(crate) fn refusal_of_users(method: &str) -> Option<CallerRefusal> {
    OF_USERS.get(method).copied()
}

/// The methods that refuse webhooks, and what they say.
#[cfg(test)]
pub(crate) fn methods_of_applications() -> impl Iterator<Item = (&'static str, CallerRefusal)> {
    lines(APPLICATION_ONLY)
}

/// The methods of a table and their refusals.
fn lines(table: &'static str) -> impl Iterator<Item = (&'static str, CallerRefusal)> {
    table.lines().skip(1).filter_map(|line| {
        let mut cells = line.split('\t');
        let method = cells.next()?;
        let refusal = CallerRefusal {
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
    fn every_line_of_the_tables_of_refused_callers_is_read_and_has_a_method_of_its_own() {
        for (table, refusal) in [
            (
                APPLICATION_ONLY,
                refusal_of_webhooks as fn(&str) -> Option<CallerRefusal>,
            ),
            (ADMINISTRATORS, refusal_of_users),
        ] {
            let count = table.lines().count() - 1;
            assert_eq!(lines(table).count(), count);
            let names: std::collections::BTreeSet<_> =
                lines(table).map(|(method, _)| method).collect();
            assert_eq!(names.len(), count);
            for name in names {
                assert!(refusal(name).is_some(), "{name}");
                assert_eq!(name, name.to_ascii_lowercase());
            }
        }
    }
}
