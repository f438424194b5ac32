//! Keys of filters: what a prefix such as `!=%` asks of the field behind it.
//!
//! All lists of the older REST spell their filters in this way, and each family of them knows a part of the prefixes. A
//! prefix that a family does not know is a part of the field's name.

use super::condition::Relation;

/// What is asked of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyOperation {
    Relation(Relation),
    In,
    Contains,
    Like,
    Words,
    Between,
}

/// Lists that know the same prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `crm.lead.list` and the like.
    Crm,
    /// `crm.item.list`.
    Items,
    Tasks,
    Users,
    /// Rows that the portal was given.
    Fixtures,
}

/// A key, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FilterKey<'k> {
    pub(crate) negative: bool,
    /// Whether rows where the field is empty match too.
    pub(crate) or_empty: bool,
    pub(crate) operation: KeyOperation,
    /// Whether no prefix but `!` named the operation.
    pub(crate) is_bare: bool,
    pub(crate) name: &'k str,
}

const EQUAL: KeyOperation = KeyOperation::Relation(Relation::Equal);
const EVERY: &[Family] = &[
    Family::Crm,
    Family::Items,
    Family::Tasks,
    Family::Users,
    Family::Fixtures,
];
const BUT_TASKS: &[Family] = &[Family::Crm, Family::Items, Family::Users, Family::Fixtures];
const CRM_AND_TASKS: &[Family] = &[Family::Crm, Family::Tasks];
const CRM: &[Family] = &[Family::Crm];

/// A prefix.
struct Prefix {
    text: &'static str,
    operation: KeyOperation,
    /// Who knows it.
    families: &'static [Family],
    /// Who knows it behind a `!`.
    negated: &'static [Family],
}

const fn prefix(
    text: &'static str,
    operation: KeyOperation,
    families: &'static [Family],
    negated: &'static [Family],
) -> Prefix {
    Prefix {
        text,
        operation,
        families,
        negated,
    }
}

/// The longer ones before those that they begin with.
const PREFIXES: &[Prefix] = &[
    prefix(
        "><",
        KeyOperation::Between,
        &[Family::Items, Family::Tasks, Family::Fixtures],
        &[Family::Items, Family::Tasks],
    ),
    prefix(
        ">=",
        KeyOperation::Relation(Relation::GreaterOrEqual),
        EVERY,
        CRM,
    ),
    prefix(">", KeyOperation::Relation(Relation::Greater), EVERY, CRM),
    prefix(
        "<=",
        KeyOperation::Relation(Relation::LessOrEqual),
        EVERY,
        CRM,
    ),
    prefix("<", KeyOperation::Relation(Relation::Less), EVERY, CRM),
    prefix(
        "=%",
        KeyOperation::Like,
        BUT_TASKS,
        &[Family::Crm, Family::Items, Family::Fixtures],
    ),
    prefix(
        "%=",
        KeyOperation::Like,
        BUT_TASKS,
        &[Family::Crm, Family::Items, Family::Fixtures],
    ),
    prefix("=", EQUAL, EVERY, EVERY),
    prefix("%", KeyOperation::Contains, EVERY, EVERY),
    prefix("*=", EQUAL, CRM_AND_TASKS, CRM),
    prefix("*%", KeyOperation::Contains, CRM_AND_TASKS, CRM),
    prefix("*", KeyOperation::Words, CRM_AND_TASKS, CRM),
    prefix(
        "?",
        KeyOperation::Contains,
        &[Family::Crm, Family::Tasks, Family::Fixtures],
        CRM,
    ),
    prefix("@", KeyOperation::In, EVERY, BUT_TASKS),
    prefix("#", EQUAL, &[Family::Tasks], &[]),
];

impl<'k> FilterKey<'k> {
    /// Takes a key apart as `family` does.
    pub(crate) fn parse(key: &'k str, family: Family) -> Self {
        let (negative, rest) = match key.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, key),
        };
        let (or_empty, rest) = match rest.strip_prefix('+').filter(|_| family == Family::Crm) {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let found = PREFIXES.iter().find_map(|prefix| {
            let families = if negative {
                prefix.negated
            } else {
                prefix.families
            };
            let name = rest.strip_prefix(prefix.text)?;
            families
                .contains(&family)
                .then_some((name, prefix.operation))
        });
        let (name, operation) = found.unwrap_or((rest, EQUAL));
        Self {
            negative,
            or_empty,
            operation,
            is_bare: found.is_none(),
            name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: &str, family: Family) -> (bool, bool, KeyOperation, &str) {
        let key = FilterKey::parse(key, family);
        (key.negative, key.or_empty, key.operation, key.name)
    }

    #[test]
    fn the_exclamation_mark_comes_first_then_the_plus_then_the_operation() {
        let greater_or_equal = KeyOperation::Relation(Relation::GreaterOrEqual);
        let less = KeyOperation::Relation(Relation::Less);
        for (text, expected) in [
            ("ID", (false, false, EQUAL, "ID")),
            ("=ID", (false, false, EQUAL, "ID")),
            (">=ID", (false, false, greater_or_equal, "ID")),
            ("!=ID", (true, false, EQUAL, "ID")),
            ("!@ID", (true, false, KeyOperation::In, "ID")),
            ("+<DATE", (false, true, less, "DATE")),
            ("!+%TITLE", (true, true, KeyOperation::Contains, "TITLE")),
            ("=%TITLE", (false, false, KeyOperation::Like, "TITLE")),
            ("%=TITLE", (false, false, KeyOperation::Like, "TITLE")),
            ("*%TITLE", (false, false, KeyOperation::Contains, "TITLE")),
            ("*TITLE", (false, false, KeyOperation::Words, "TITLE")),
        ] {
            assert_eq!(of(text, Family::Crm), expected, "{text}");
        }
    }

    #[test]
    fn the_longest_prefix_counts() {
        for (key, negative, operation, name) in [
            ("id", false, EQUAL, "id"),
            ("=id", false, EQUAL, "id"),
            ("!id", true, EQUAL, "id"),
            ("!=id", true, EQUAL, "id"),
            ("!=%title", true, KeyOperation::Like, "title"),
            ("!%=title", true, KeyOperation::Like, "title"),
            ("!%title", true, KeyOperation::Contains, "title"),
            ("!@id", true, KeyOperation::In, "id"),
            ("!><id", true, KeyOperation::Between, "id"),
            ("><id", false, KeyOperation::Between, "id"),
            (
                ">=id",
                false,
                KeyOperation::Relation(Relation::GreaterOrEqual),
                "id",
            ),
            (
                ">ID",
                false,
                KeyOperation::Relation(Relation::Greater),
                "ID",
            ),
        ] {
            let expected = (negative, false, operation, name);
            assert_eq!(of(key, Family::Items), expected, "{key}");
        }
    }

    #[test]
    fn a_prefix_that_a_family_does_not_know_is_a_part_of_the_name() {
        for (key, family, name) in [
            ("><ID", Family::Crm, "<ID"),
            ("=%TITLE", Family::Tasks, "%TITLE"),
            ("!>ID", Family::Items, ">ID"),
            ("!=%NAME", Family::Users, "%NAME"),
            ("*NAME", Family::Users, "*NAME"),
            ("!@ID", Family::Tasks, "@ID"),
            ("+ID", Family::Items, "+ID"),
            ("!><price", Family::Fixtures, "><price"),
        ] {
            assert_eq!(FilterKey::parse(key, family).name, name, "{key}");
        }
    }

    #[test]
    fn a_bare_key_names_no_operation() {
        for (key, is_bare) in [("TITLE", true), ("!TITLE", true), ("=TITLE", false)] {
            assert_eq!(
                FilterKey::parse(key, Family::Tasks).is_bare,
                is_bare,
                "{key}"
            );
        }
    }
}
