//! Compares what a model answers with a recorded reply.
//!
//! A record must have all keys of the recorded one, each with a value of its type, and the values that were written. Beyond
//! them it may have fields that the model's own metadata name, which the document leaves out and the verdict tells. What
//! stands within a value is compared as any other reply.

use serde_json::{Map, Value as Json};

use crate::compare::{self, LeftOut, Rules, equal_types};
use crate::conversation::{Expectation, Shape};

/// The first difference, or what the recording leaves out.
pub(crate) fn compare(
    recorded: &Json,
    got: &Json,
    expectation: &Expectation,
    rules: Rules,
) -> Result<LeftOut, String> {
    let (mut recorded, mut got) = (recorded.clone(), got.clone());
    let mut left_out = LeftOut::new();
    let results = (recorded.get("result").cloned(), got.get("result").cloned());
    if let (Some(expected), Some(result)) = results {
        let mut comparison = Comparison {
            expectation,
            rules,
            left_out: &mut left_out,
        };
        comparison.at("result", &expectation.at, &expected, &result)?;
        if expectation.shape == Shape::Rows {
            counts(&mut recorded, &mut got, expectation, &mut left_out)?;
        }
        // The envelope is compared like any other, around results that are the same.
        recorded["result"] = Json::Null;
        got["result"] = Json::Null;
    }
    left_out.extend(compare::replies(&recorded, &got, rules)?);
    Ok(left_out)
}

/// How many rows there are: as many as were written, unless the document shows fewer than it counts.
fn counts(
    recorded: &mut Json,
    got: &mut Json,
    expectation: &Expectation,
    left_out: &mut LeftOut,
) -> Result<(), String> {
    let shown = expectation
        .at
        .iter()
        .try_fold(&recorded["result"], |value, key| value.get(key));
    let shown = shown.and_then(Json::as_array).map_or(0, Vec::len) as u64;
    let counted = recorded.get("total").and_then(Json::as_u64);
    let next = recorded.get("next").and_then(Json::as_u64);
    let Some(counted) = counted else {
        return Ok(());
    };
    if got.get("total").and_then(Json::as_u64).is_none() {
        return Err("total: expected a number, got nothing".to_owned());
    }
    if counted > shown {
        left_out.push(format!("{} rows of {counted}", counted - shown));
        got["total"] = recorded["total"].clone();
        if next.is_some() && got.get("next").is_some() {
            got["next"] = recorded["next"].clone();
        }
    }
    Ok(())
}

/// Whether a field is one that the portal's users made.
pub(crate) fn is_user_field(name: &str) -> bool {
    let made = [
        "UF_",
        "ufCrm",
        "UF_CRM",
        "PARENT_ID_",
        "parentId",
        "PROPERTY_",
        "property",
    ];
    made.iter().any(|begins| {
        name.strip_prefix(begins).is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        })
    })
}

struct Comparison<'c> {
    expectation: &'c Expectation,
    rules: Rules,
    left_out: &'c mut LeftOut,
}

impl Comparison<'_> {
    /// Goes down to where the record is; on the way all keys are the same.
    fn at(
        &mut self,
        path: &str,
        way: &[String],
        expected: &Json,
        got: &Json,
    ) -> Result<(), String> {
        let Some((key, further)) = way.split_first() else {
            return self.shape(path, expected, got);
        };
        equal_types(path, expected, got)?;
        if let (Json::Object(expected), Json::Object(got)) = (expected, got) {
            compare::same_keys(path, expected, got)?;
            for (name, expected) in expected {
                let (path, got) = (format!("{path}.{name}"), &got[name]);
                if name == key {
                    self.at(&path, further, expected, got)?;
                } else {
                    value(&path, expected, got)?;
                }
            }
        }
        Ok(())
    }

    fn shape(&mut self, path: &str, expected: &Json, got: &Json) -> Result<(), String> {
        equal_types(path, expected, got)?;
        match (self.expectation.shape, expected, got) {
            (Shape::Record, Json::Object(expected), Json::Object(got)) => {
                self.record(path, expected, got)
            }
            (Shape::Rows, Json::Array(expected), Json::Array(got)) => {
                if got.len() < expected.len() {
                    let (expected, got) = (expected.len(), got.len());
                    return Err(format!("{path}: expected {expected} rows, got {got}"));
                }
                for (place, (expected, got)) in expected.iter().zip(got).enumerate() {
                    let path = format!("{path}[{place}]");
                    match (expected, got) {
                        (Json::Object(expected), Json::Object(got)) => {
                            self.record(&path, expected, got)?;
                        }
                        (expected, got) => value(&path, expected, got)?,
                    }
                }
                Ok(())
            }
            (Shape::Rows, Json::Object(expected), Json::Object(got)) => {
                let list = |map: &Map<String, Json>| map.values().cloned().collect();
                self.shape(path, &list(expected), &list(got))
            }
            (Shape::Fields, expected, got) => self.fields(path, expected, got),
            (_, expected, got) => value(path, expected, got),
        }
    }

    fn record(
        &mut self,
        path: &str,
        expected: &Map<String, Json>,
        got: &Map<String, Json>,
    ) -> Result<(), String> {
        for (key, expected) in expected {
            let path = format!("{path}.{key}");
            match got.get(key) {
                None if is_user_field(key) => {}
                None => {
                    let kind = compare::kind(expected, false);
                    return Err(format!("{path}: expected {kind}, got nothing"));
                }
                Some(got) if self.expectation.written.contains(key) => {
                    Self::written(&path, expected, got)?;
                }
                Some(got) => value(&path, expected, got)?,
            }
        }
        for (key, value) in got {
            if expected.contains_key(key) {
                continue;
            }
            let is_described = self.expectation.described.contains(key);
            if !(is_described && self.rules.may_leave_out) {
                let kind = compare::kind(value, false);
                return Err(format!("{path}.{key}: expected nothing, got {kind}"));
            }
            if !self.left_out.contains(key) {
                self.left_out.push(key.clone());
            }
        }
        Ok(())
    }

    /// A value that was written comes back, moments perhaps in the time zone of the portal.
    fn written(path: &str, expected: &Json, got: &Json) -> Result<(), String> {
        equal_types(path, expected, got)?;
        match (expected, got) {
            (Json::String(expected), Json::String(got)) => {
                let same = expected == got
                    || matches!((moment(expected), moment(got)), (Some(one), Some(other)) if one == other);
                if same {
                    Ok(())
                } else {
                    Err(format!("{path}: expected {expected:?}, got {got:?}"))
                }
            }
            (Json::Bool(expected), Json::Bool(got)) if expected != got => {
                Err(format!("{path}: expected {expected}, got {got}"))
            }
            (Json::Number(expected), Json::Number(got)) if expected.as_f64() != got.as_f64() => {
                Err(format!("{path}: expected {expected}, got {got}"))
            }
            (expected, got) => value(path, expected, got),
        }
    }

    /// Descriptions of fields, by their names or as a list.
    fn fields(&mut self, path: &str, expected: &Json, got: &Json) -> Result<(), String> {
        match (expected, got) {
            (Json::Object(expected), Json::Object(got)) => {
                for (name, expected) in expected {
                    let path = format!("{path}.{name}");
                    match got.get(name) {
                        Some(got) => Self::field(&path, expected, got)?,
                        None if is_user_field(name) => {}
                        None => {
                            let kind = compare::kind(expected, false);
                            return Err(format!("{path}: expected {kind}, got nothing"));
                        }
                    }
                }
                for name in got.keys().filter(|name| !expected.contains_key(*name)) {
                    if !self.rules.may_leave_out {
                        return Err(format!("{path}.{name}: expected nothing, got a field"));
                    }
                    self.left_out.push(name.clone());
                }
                Ok(())
            }
            (Json::Array(expected), Json::Array(got)) => {
                for (place, expected) in expected.iter().enumerate() {
                    let path = format!("{path}[{place}]");
                    let name = |field: &Json| {
                        let name = ["name", "NAME", "title", "id", "ID"];
                        name.iter().find_map(|key| field.get(key).cloned())
                    };
                    let of_name = got.iter().find(|got| name(got) == name(expected));
                    match of_name.or_else(|| got.get(place)) {
                        Some(got) => Self::field(&path, expected, got)?,
                        None => return Err(format!("{path}: expected a field, got nothing")),
                    }
                }
                Ok(())
            }
            (expected, got) => value(path, expected, got),
        }
    }

    /// The description of one field: its keys and their types, and what type it says the field has.
    fn field(path: &str, expected: &Json, got: &Json) -> Result<(), String> {
        value(path, expected, got)?;
        for key in ["type", "TYPE"] {
            if let (Some(expected), Some(got)) = (expected.get(key), got.get(key))
                && expected != got
            {
                return Err(format!("{path}.{key}: expected {expected}, got {got}"));
            }
        }
        Ok(())
    }
}

/// What is not a record: the same keys, the same types, lists of one length.
fn value(path: &str, expected: &Json, got: &Json) -> Result<(), String> {
    equal_types(path, expected, got)?;
    match (expected, got) {
        // Objects by ID: the IDs are the portal's own.
        (Json::Object(expected), Json::Object(got)) if by_id(expected) && by_id(got) => {
            if expected.len() != got.len() {
                let (expected, got) = (expected.len(), got.len());
                return Err(format!("{path}: expected {expected} entries, got {got}"));
            }
            for ((key, expected), got) in expected.iter().zip(got.values()) {
                value(&format!("{path}.{key}"), expected, got)?;
            }
            Ok(())
        }
        (Json::Object(expected), Json::Object(got)) => {
            compare::same_keys(path, expected, got)?;
            for (key, expected) in expected {
                value(&format!("{path}.{key}"), expected, &got[key])?;
            }
            Ok(())
        }
        (Json::Array(expected), Json::Array(got)) => {
            if expected.len() != got.len() {
                let (expected, got) = (expected.len(), got.len());
                return Err(format!("{path}: expected {expected} entries, got {got}"));
            }
            for (place, (expected, got)) in expected.iter().zip(got).enumerate() {
                value(&format!("{path}[{place}]"), expected, got)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether the keys of an object are numbers: the IDs of what is in it.
pub(crate) fn by_id(map: &Map<String, Json>) -> bool {
    !map.is_empty()
        && map
            .keys()
            .all(|key| key.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The Unix seconds of `2026-03-01T10:00:00+03:00`.
fn moment(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    if text.len() != 25 || text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hours, minutes, seconds) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let offset = number(20, 22)? * 3600 + number(23, 25)? * 60;
    let offset = if text.as_bytes()[19] == b'-' {
        -offset
    } else {
        offset
    };
    // Days since 0000-03-01, in years that begin in March.
    let (years, months) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = years * 365 + years / 4 - years / 100 + years / 400 + (months * 153 + 2) / 5 + day;
    Some(days * 86_400 + hours * 3600 + minutes * 60 + seconds - offset)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(recorded: Json, got: Json) -> Result<LeftOut, String> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let expectation = Expectation {
            at: vec!["item".to_owned()],
            shape: Shape::Record,
            written: names(&["title", "at"]),
            described: names(&["title", "at", "code"]),
        };
        let rules = Rules {
            may_leave_out: true,
            ..Rules::default()
        };
        let reply = |item: Json| json!({ "result": { "item": item } });
        compare(&reply(recorded), &reply(got), &expectation, rules)
    }

    #[test]
    fn values_that_were_written_come_back_and_others_are_of_one_type() {
        assert_eq!(
            record(
                json!({ "id": 1, "title": "a" }),
                json!({ "id": 2, "title": "a" })
            ),
            Ok(Vec::new())
        );
        assert_eq!(
            record(
                json!({ "id": 1, "title": "a" }),
                json!({ "id": 2, "title": "b" })
            ),
            Err("result.item.title: expected \"a\", got \"b\"".to_owned())
        );
        assert_eq!(
            record(
                json!({ "id": 1, "title": "a" }),
                json!({ "id": "1", "title": "a" })
            ),
            Err("result.item.id: expected a number, got a string".to_owned())
        );
    }

    #[test]
    fn a_moment_that_was_written_comes_back_in_any_time_zone() {
        let at = |text: &str| json!({ "at": text });
        assert_eq!(
            record(
                at("2026-03-01T10:00:00+03:00"),
                at("2026-03-01T07:00:00+00:00")
            ),
            Ok(Vec::new())
        );
        assert!(
            record(
                at("2026-03-01T10:00:00+03:00"),
                at("2026-03-01T10:00:00+00:00")
            )
            .is_err()
        );
    }

    #[test]
    fn a_field_that_nobody_describes_is_a_difference() {
        assert_eq!(
            record(json!({ "id": 1 }), json!({ "id": 1, "code": "a" })),
            Ok(vec!["code".to_owned()])
        );
        assert_eq!(
            record(json!({ "id": 1 }), json!({ "id": 1, "odd": "a" })),
            Err("result.item.odd: expected nothing, got a string".to_owned())
        );
    }

    #[test]
    fn user_fields_of_another_portal_are_not_asked_for_and_all_others_are() {
        assert_eq!(
            record(json!({ "id": 1, "ufCrm7": "a" }), json!({ "id": 1 })),
            Ok(Vec::new())
        );
        assert!(record(json!({ "id": 1, "ufo": "a" }), json!({ "id": 1 })).is_err());
    }

    #[test]
    fn a_list_within_a_record_is_as_long_as_the_recorded_one() {
        assert!(record(json!({ "id": [1, 2] }), json!({ "id": [1] })).is_err());
        assert!(record(json!({ "id": [] }), json!({ "id": {} })).is_err());
    }
}
