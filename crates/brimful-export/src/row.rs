//! A row as fields, none of which is read yet.

use std::borrow::Cow;
use std::fmt;

use brimful::protocol::rows::{FieldValue, each_value};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of a row in their order, each with its JSON.
pub(crate) type RawFields<'a> = Vec<(Cow<'a, str>, &'a str)>;

/// Reads the fields of a row into `fields`, without those that were there.
///
/// # Errors
/// The row is not an object.
pub(crate) fn read_fields<'a>(
    row: &'a str,
    fields: &mut RawFields<'a>,
) -> Result<(), serde_json::Error> {
    fields.clear();
    for_each_field(row, |name, value| fields.push((name, value.json())))
}

/// Gives `take` the name and the value of every field of a row in their order.
///
/// # Errors
/// The row is not an object; some of its fields may have been given.
#[inline]
pub(crate) fn for_each_field<'a>(
    row: &'a str,
    mut take: impl FnMut(Cow<'a, str>, FieldValue<'a>),
) -> Result<(), serde_json::Error> {
    let mut given = 0;
    let is_read = each_value(row, |name, value| {
        given += 1;
        take(Cow::Borrowed(name), value);
    });
    if is_read {
        return Ok(());
    }
    // A name has escapes, or something is wrong.
    let RawRow(found) = serde_json::from_str(row)?;
    for (name, json) in found.into_iter().skip(given) {
        take(name, FieldValue::of_json(json));
    }
    Ok(())
}

struct RawRow<'a>(RawFields<'a>);

/// A name, borrowed unless it has escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_borrowed_bytes<E>(self, name: &'de [u8]) -> Result<Name<'de>, E> {
                Ok(Name(String::from_utf8_lossy(name)))
            }

            fn visit_bytes<E>(self, name: &[u8]) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(String::from_utf8_lossy(name).into_owned())))
            }
        }
        // A text would not do: `\ud83d` alone is not a character, and PHP cuts texts at any byte.
        deserializer.deserialize_bytes(NameVisitor)
    }
}

impl<'de> Deserialize<'de> for RawRow<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowVisitor;
        impl<'de> Visitor<'de> for RowVisitor {
            type Value = RawRow<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawRow<'de>, A::Error> {
                let mut fields = Vec::with_capacity(64);
                while let Some((Name(name), value)) = map.next_entry::<_, &RawValue>()? {
                    fields.push((name, value.get()));
                }
                Ok(RawRow(fields))
            }
        }
        deserializer.deserialize_map(RowVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(row: &str) -> Result<Vec<(String, String)>, serde_json::Error> {
        let mut fields = vec![(Cow::Borrowed("of the row before"), "1")];
        read_fields(row, &mut fields)?;
        Ok(fields
            .into_iter()
            .map(|(name, json)| (name.into_owned(), json.to_owned()))
            .collect())
    }

    #[test]
    fn a_row_gives_its_fields_in_order_with_their_json_as_it_is_written() {
        let row =
            r#" { "ID" : "7", "A":[1, {"b":"]"}],"B":"\u0416\"","C":-1.5e3, "D":null, "ID":8 } "#;
        let expected = [
            ("ID", r#""7""#),
            ("A", r#"[1, {"b":"]"}]"#),
            ("B", r#""\u0416\"""#),
            ("C", "-1.5e3"),
            ("D", "null"),
            ("ID", "8"),
        ];
        let expected = expected.map(|(name, json)| (name.to_owned(), json.to_owned()));
        assert_eq!(fields(row).unwrap(), expected);
        assert_eq!(fields("{}").unwrap(), []);
    }

    #[test]
    fn names_with_escapes_are_what_they_mean() {
        let row = r#"{"ID":"7","\u0416\/":"x","A":1}"#;
        let names: Vec<String> = fields(row)
            .unwrap()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["ID", "Ж/", "A"]);
    }

    #[test]
    fn half_a_character_in_a_name_does_not_end_a_row() {
        let row = r#"{"ID":"7","a\ud83d":"x","A":1}"#;
        let found = fields(row).unwrap();
        assert_eq!(found.len(), 3);
        assert!(
            found[1].0.starts_with('a') && found[1].1 == "\"x\"",
            "{found:?}"
        );
    }

    #[test]
    fn a_row_that_is_not_an_object_is_an_error() {
        for row in [
            "[1]",
            "7",
            r#"{"ID":"7""#,
            r#"{"ID":"7"} x"#,
            r#"{"ID":7,}"#,
            "",
        ] {
            assert!(fields(row).is_err(), "{row}");
        }
    }
}
