//! Methods that only administrators may call, and what another user is told who calls one: `administrators.tsv`.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::context::MethodError;

/// What a user is told who is no administrator. Each page of the documentation has a text of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserRefusal {
    status: u16,
    code: &'static str,
    description: &'static str,
}

impl UserRefusal {
    pub(crate) fn error(self) -> MethodError {
        MethodError::new(self.status, self.code, self.description)
    }
}

/// What a user who is no administrator is told that calls `method`, a name in lower case. Nothing if everybody may.
pub(crate) fn refusal(method: &str) -> Option<UserRefusal> {
    static BY_NAME: OnceLock<HashMap<&'static str, UserRefusal>> = OnceLock::new();
    BY_NAME
        .get_or_init(|| lines().collect())
        .get(method)
        .copied()
}

/// The methods of the table and their refusals.
fn lines() -> impl Iterator<Item = (&'static str, UserRefusal)> {
    let lines = include_str!("administrators.tsv").lines().skip(1);
    lines.filter_map(|line| {
        let mut cells = line.split('\t');
        let method = cells.next()?;
        let refusal = UserRefusal {
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
    fn every_line_of_the_table_of_administrators_is_read_and_has_a_method_of_its_own() {
        let count = include_str!("administrators.tsv").lines().count() - 1;
        let names: std::collections::BTreeSet<_> = lines().map(|(method, _)| method).collect();
        assert_eq!(names.len(), count);
        for name in names {
            assert!(refusal(name).is_some(), "{name}");
            assert_eq!(name, name.to_ascii_lowercase());
        }
    }
}
