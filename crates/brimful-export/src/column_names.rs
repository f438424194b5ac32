//! The names of columns: what they can be in a file or store, and what becomes of those that cannot be.

use std::collections::HashSet;

/// The digits of a hash and the line before them.
const MARK: usize = 9;

/// What the names of columns have to be where rows go. A name that cannot be gets a part of itself and a hash of the
/// whole, so that it is the same in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ColumnNames {
    /// Whether they are names of a database: none is empty or has a NUL.
    pub(crate) of_database: bool,
    /// Whether names that differ by case alone are the same.
    pub(crate) in_any_case: bool,
    /// How long they may be.
    pub(crate) longest: Option<Longest>,
    /// Whether they end with a space or have characters beyond U+FFFF nowhere.
    pub(crate) is_narrow: bool,
    /// Words of the database's SQL, which name nothing without quotes.
    pub(crate) keywords: &'static [&'static str],
    /// Names that the store needs itself.
    pub(crate) reserved: &'static [&'static str],
}

/// The length of a name that is not cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Longest {
    /// In bytes of UTF-8.
    #[cfg_attr(
        not(any(test, feature = "clickhouse", feature = "postgres")),
        expect(dead_code, reason = "it is the limit of ClickHouse and PostgreSQL")
    )]
    Bytes(usize),
    /// In characters.
    #[cfg_attr(
        not(feature = "mysql"),
        expect(dead_code, reason = "it is the limit of MySQL")
    )]
    Characters(usize),
}

impl Longest {
    fn value(self) -> usize {
        match self {
            Self::Bytes(most) | Self::Characters(most) => most,
        }
    }
}

impl ColumnNames {
    /// Those of a database that has no rules of its own.
    #[cfg(feature = "stores")]
    pub(crate) const OF_DATABASES: Self = Self {
        of_database: true,
        in_any_case: true,
        longest: None,
        is_narrow: false,
        keywords: &[],
        reserved: &["_deleted_at"],
    };

    /// The name of a column that is called `wanted`, where `taken` has those of others as [`Self::compared`] gives them.
    pub(crate) fn unique(&self, wanted: &str, taken: &HashSet<String>) -> String {
        let compared = self.compared(wanted);
        let mut plain = wanted.to_owned();
        if self.keywords.contains(&compared.as_str()) {
            plain.push('_');
        }
        if self.can_be(&plain) && !taken.contains(&self.compared(&plain)) {
            return plain;
        }
        let mut marked = (0..=u32::MAX).map(|turn| self.marked(wanted, turn));
        let free = marked.find(|name| !taken.contains(&self.compared(name)));
        free.unwrap_or_default()
    }

    /// The name of the column of a field that no other column is called like.
    #[cfg(feature = "sync")]
    pub(crate) fn of_field(&self, field: &str) -> String {
        self.unique(field, &HashSet::new())
    }

    /// A name as it is compared with others.
    pub(crate) fn compared(&self, name: &str) -> String {
        if self.in_any_case {
            name.to_lowercase()
        } else {
            name.to_owned()
        }
    }

    fn can_be(&self, name: &str) -> bool {
        let is_reserved = self
            .reserved
            .iter()
            .any(|reserved| self.compared(name) == *reserved);
        let is_short = self.longest.is_none_or(|longest| {
            name.chars().map(|c| self.length(c)).sum::<usize>() <= longest.value()
        });
        let has_nothing = self.of_database && name.is_empty();
        !is_reserved
            && !has_nothing
            && is_short
            && name.chars().all(|c| self.takes(c))
            && !(self.is_narrow && name.ends_with(' '))
    }

    fn takes(&self, c: char) -> bool {
        !(self.of_database && c == '\0' || self.is_narrow && c > '\u{FFFF}')
    }

    /// How much of the longest name a character takes.
    fn length(&self, c: char) -> usize {
        match self.longest {
            Some(Longest::Bytes(_)) if self.in_any_case => {
                c.to_lowercase().map(char::len_utf8).sum()
            }
            Some(Longest::Bytes(_)) => c.len_utf8(),
            _ => 1,
        }
    }

    /// The beginning of a name and a hash of the whole.
    fn marked(&self, name: &str, turn: u32) -> String {
        let most = self
            .longest
            .map_or(usize::MAX, |longest| longest.value().saturating_sub(MARK));
        let mut length = 0;
        let begin: String = name
            .chars()
            .filter(|c| self.takes(*c))
            .take_while(|c| {
                length += self.length(*c);
                length <= most
            })
            .collect();
        let hash = hash_of(name, turn);
        format!("{begin}_{hash:08x}")
    }
}

/// FNV-1a, which is the same in every version of this program.
fn hash_of(name: &str, turn: u32) -> u32 {
    let turn = turn.to_le_bytes();
    let bytes = name.bytes().chain(turn);
    bytes.fold(0x811C_9DC5, |hash: u32, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: ColumnNames = ColumnNames {
        of_database: true,
        in_any_case: true,
        longest: Some(Longest::Bytes(20)),
        is_narrow: false,
        keywords: &["order"],
        reserved: &["xmin"],
    };

    fn named(names: &[&str]) -> Vec<String> {
        let mut taken = HashSet::new();
        let names = names.iter().map(|name| {
            let name = SHORT.unique(name, &taken);
            taken.insert(SHORT.compared(&name));
            name
        });
        names.collect()
    }

    #[test]
    fn names_that_can_be_stay_as_they_are() {
        let names = ["ID", "TITLE", "UF_CRM_1700000000003", "Ж"];
        assert_eq!(named(&names), names);
    }

    #[test]
    fn words_of_sql_get_a_line_behind_them() {
        assert_eq!(named(&["ORDER", "ORDERS"]), ["ORDER_", "ORDERS"]);
        let taken = HashSet::from(["order_".to_owned()]);
        assert!(SHORT.unique("order", &taken).starts_with("order_"));
        assert_ne!(SHORT.unique("order", &taken), "order_");
    }

    #[test]
    fn long_names_are_cut_between_characters_and_stay_apart() {
        let (a, b) = ("ж".repeat(20) + "a", "ж".repeat(20) + "b");
        let names = named(&[&a, &b]);
        assert_ne!(names[0], names[1]);
        for name in &names {
            assert!(name.starts_with("жжжжж_") && name.len() == 19, "{name}");
        }
        // Another run has them in another order.
        assert_eq!(named(&[&b, &a]), [names[1].clone(), names[0].clone()]);
    }

    #[test]
    fn names_that_a_database_cannot_have_are_changed() {
        let names = named(&["XMIN", "", "a\0b", "Title", "TITLE", "title"]);
        let begin = ["XMIN_", "_", "ab_", "Title", "TITLE_", "title_"];
        for (name, begin) in names.iter().zip(begin) {
            assert!(name.starts_with(begin), "{names:?}");
        }
        let files = ColumnNames::default();
        assert_eq!(files.unique("", &HashSet::new()), "");
    }
}
