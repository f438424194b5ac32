//! What is the same: keys, types, nesting; and values, where they were loaded.
//!
//! JSON has one type of numbers, and PHP writes 1.0 as 1: whole numbers and fractions are one type, except in `time`,
//! where `start` and `processing` tell the portals of 2026 from those before.

use serde_json::{Map, Value as Json};

/// How a reply is compared.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules {
    /// Whether values in the result must be equal, because they were loaded.
    pub(crate) values: bool,
    /// Whether parts of `time` may be left out, because the reply stands in documentation.
    pub(crate) may_leave_out: bool,
}

/// What the documentation left out.
pub(crate) type LeftOut = Vec<String>;

/// Compares a reply with the one that was recorded: the first difference, or what the recording leaves out.
pub(crate) fn replies(expected: &Json, got: &Json, rules: Rules) -> Result<LeftOut, String> {
    let mut left_out = LeftOut::new();
    let (Json::Object(expected), Json::Object(got)) = (expected, got) else {
        return equal_types("reply", expected, got).map(|()| left_out);
    };
    let mut keys: Vec<&String> = got.keys().collect();
    if rules.may_leave_out && !expected.contains_key("time") && got.contains_key("time") {
        keys.retain(|key| *key != "time");
        left_out.push("time".to_owned());
    }
    same_order("reply", expected, &keys)?;
    for (key, expected) in expected {
        let got = &got[key];
        match key.as_str() {
            "time" => time("time", expected, got, rules, &mut left_out)?,
            "result" if is_batch(expected) => batch(expected, got, rules, &mut left_out)?,
            // What is in the envelope beside the result was worked out by the portal, and is the same nevertheless.
            "next" | "total" | "error" | "error_description" => {
                value(
                    key,
                    expected,
                    got,
                    Rules {
                        values: true,
                        ..rules
                    },
                )?;
            }
            _ => value(key, expected, got, rules)?,
        }
    }
    Ok(left_out)
}

/// Whether a result is that of a batch.
pub(crate) fn is_batch(result: &Json) -> bool {
    result.get("result_error").is_some() && result.get("result_time").is_some()
}

fn batch(expected: &Json, got: &Json, rules: Rules, left_out: &mut LeftOut) -> Result<(), String> {
    let (Json::Object(expected), Json::Object(got)) = (expected, got) else {
        return equal_types("result", expected, got);
    };
    same_order("result", expected, &got.keys().collect::<Vec<_>>())?;
    for (part, expected) in expected {
        let path = format!("result.{part}");
        let got = &got[part];
        match (part.as_str(), expected, got) {
            ("result_time", Json::Object(expected), Json::Object(got)) => {
                same_keys(&path, expected, got)?;
                for (label, expected) in expected {
                    let path = format!("{path}.{label}");
                    time(&path, expected, &got[label], rules, left_out)?;
                }
            }
            ("result", ..) => value(&path, expected, got, rules)?,
            ("result_time", ..) => value(&path, expected, got, Rules::default())?,
            _ => value(
                &path,
                expected,
                got,
                Rules {
                    values: true,
                    ..rules
                },
            )?,
        }
    }
    Ok(())
}

fn time(
    path: &str,
    expected: &Json,
    got: &Json,
    rules: Rules,
    left_out: &mut LeftOut,
) -> Result<(), String> {
    let (Json::Object(expected), Json::Object(got)) = (expected, got) else {
        return equal_types(path, expected, got);
    };
    let mut keys: Vec<&String> = got.keys().collect();
    if rules.may_leave_out {
        for key in got.keys().filter(|key| !expected.contains_key(*key)) {
            left_out.push(format!("{path}.{key}"));
        }
        keys.retain(|key| expected.contains_key(*key));
    }
    same_order(path, expected, &keys)?;
    for (key, expected) in expected {
        let got = &got[key];
        let path = format!("{path}.{key}");
        equal_types(&path, expected, got)?;
        if matches!(key.as_str(), "start" | "processing") && expected.is_f64() != got.is_f64() {
            return Err(differs(&path, &kind(expected, true), &kind(got, true)));
        }
    }
    Ok(())
}

fn value(path: &str, expected: &Json, got: &Json, rules: Rules) -> Result<(), String> {
    equal_types(path, expected, got)?;
    match (expected, got) {
        (Json::Object(expected), Json::Object(got)) => {
            same_keys(path, expected, got)?;
            for (key, expected) in expected {
                value(&format!("{path}.{key}"), expected, &got[key], rules)?;
            }
        }
        (Json::Array(expected), Json::Array(got)) => {
            if expected.len() != got.len() {
                let (expected, got) = (expected.len(), got.len());
                return Err(format!("{path}: expected {expected} entries, got {got}"));
            }
            for (place, (expected, got)) in expected.iter().zip(got).enumerate() {
                value(&format!("{path}[{place}]"), expected, got, rules)?;
            }
        }
        // PHP writes 1.0 as 1.
        (Json::Number(expected), Json::Number(got)) if expected.as_f64() == got.as_f64() => {}
        (expected, got) if rules.values && expected != got => {
            return Err(differs(path, expected, got));
        }
        _ => {}
    }
    Ok(())
}

fn differs(path: &str, expected: &dyn std::fmt::Display, got: &dyn std::fmt::Display) -> String {
    format!("{path}: expected {expected}, got {got}")
}

pub(crate) fn equal_types(path: &str, expected: &Json, got: &Json) -> Result<(), String> {
    let (wanted, is) = (kind(expected, false), kind(got, false));
    if wanted == is {
        Ok(())
    } else {
        Err(differs(path, &wanted, &is))
    }
}

pub(crate) fn kind(value: &Json, exactly: bool) -> String {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(number) if exactly && number.is_f64() => "a fraction",
        Json::Number(_) if exactly => "a whole number",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
    .to_owned()
}

pub(crate) fn same_keys(
    path: &str,
    expected: &Map<String, Json>,
    got: &Map<String, Json>,
) -> Result<(), String> {
    if let Some(key) = expected.keys().find(|key| !got.contains_key(*key)) {
        return Err(format!(
            "{path}.{key}: expected {}, got nothing",
            kind(&expected[key], false)
        ));
    }
    if let Some(key) = got.keys().find(|key| !expected.contains_key(*key)) {
        return Err(format!(
            "{path}.{key}: expected nothing, got {}",
            kind(&got[key], false)
        ));
    }
    Ok(())
}

/// The same keys in the same order, as envelopes have them.
fn same_order(path: &str, expected: &Map<String, Json>, got: &[&String]) -> Result<(), String> {
    let expected: Vec<&String> = expected.keys().collect();
    if expected == got {
        return Ok(());
    }
    let list = |keys: &[&String]| {
        let keys: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
        keys.join(", ")
    };
    Err(format!(
        "{path}: expected the keys {}, got {}",
        list(&expected),
        list(got)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(expected: &str, got: &str, rules: Rules) -> Result<LeftOut, String> {
        replies(
            &serde_json::from_str(expected).unwrap(),
            &serde_json::from_str(got).unwrap(),
            rules,
        )
    }

    #[test]
    fn an_empty_list_is_not_an_empty_object() {
        assert_eq!(
            compared(
                r#"{"result":{"a":{}}}"#,
                r#"{"result":{"a":[]}}"#,
                Rules::default()
            ),
            Err("result.a: expected an object, got a list".to_owned())
        );
    }

    #[test]
    fn keys_of_the_envelope_are_in_order() {
        assert_eq!(
            compared(
                r#"{"result":[],"next":50,"total":60}"#,
                r#"{"result":[],"total":60,"next":50}"#,
                Rules::default()
            ),
            Err("reply: expected the keys result, next, total, got result, total, next".to_owned())
        );
    }

    #[test]
    fn loaded_values_are_equal_and_others_are_of_one_type() {
        let (a, b) = (r#"{"result":{"ID":"1"}}"#, r#"{"result":{"ID":"2"}}"#);
        assert_eq!(compared(a, b, Rules::default()), Ok(Vec::new()));
        let values = Rules {
            values: true,
            ..Rules::default()
        };
        assert_eq!(
            compared(a, b, values),
            Err(r#"result.ID: expected "1", got "2""#.to_owned())
        );
    }

    #[test]
    fn the_whole_start_of_a_newer_portal_is_not_a_fraction() {
        assert_eq!(
            compared(
                r#"{"time":{"start":1.5}}"#,
                r#"{"time":{"start":1}}"#,
                Rules::default()
            ),
            Err("time.start: expected a fraction, got a whole number".to_owned())
        );
    }

    #[test]
    fn documentation_may_leave_out_parts_of_time_and_that_is_said() {
        let documented = Rules {
            may_leave_out: true,
            ..Rules::default()
        };
        let got = r#"{"result":1,"time":{"start":1,"finish":1.5}}"#;
        assert_eq!(
            compared(r#"{"result":1}"#, got, documented),
            Ok(vec!["time".to_owned()])
        );
        assert_eq!(
            compared(r#"{"result":1,"time":{"start":1}}"#, got, documented),
            Ok(vec!["time.finish".to_owned()])
        );
        assert!(compared(r#"{"result":1}"#, got, Rules::default()).is_err());
    }
}
