//! Values that a field cannot have: a portal makes nothing of them, or something else.

use serde_json::Value;

use crate::field::{Field, FieldKind};

/// Words that PHP's `strtotime` reads as moments.
const MOMENT_WORDS: [&str; 17] = [
    "now",
    "today",
    "yesterday",
    "tomorrow",
    "midnight",
    "noon",
    "day",
    "week",
    "month",
    "year",
    "hour",
    "min",
    "sec",
    "last",
    "next",
    "first",
    "ago",
];

/// What is wrong with the value of a condition, and what to write instead.
pub(super) fn problem(
    prefix: &str,
    name: &str,
    value: &Value,
    field: Option<&Field>,
) -> Option<String> {
    // Such conditions hold a part of the value against it, or a pattern.
    if prefix.contains(['%', '?', '*', '~']) {
        return None;
    }
    let check = |text: &str| {
        if text.is_empty() || text.starts_with('$') {
            return None;
        }
        of_kind(prefix, name, text, field?)
    };
    match value {
        Value::String(text) if prefix.contains('@') => text.split(',').find_map(check),
        Value::String(text) => check(text),
        Value::Array(items) => items.iter().filter_map(Value::as_str).find_map(check),
        _ => None,
    }
}

fn of_kind(prefix: &str, name: &str, text: &str, field: &Field) -> Option<String> {
    let type_name = field.type_name.as_deref().unwrap_or_default();
    let is_number = match field.kind {
        FieldKind::Integer => matches!(
            type_name,
            "integer"
                | "int"
                | "user"
                | "employee"
                | "crm_category"
                | "crm_company"
                | "crm_contact"
                | "crm_lead"
                | "crm_deal"
                | "crm_quote"
        ),
        FieldKind::Double => true,
        // Labels have no types.
        FieldKind::Unknown => name == "ID" && type_name.is_empty(),
        _ => false,
    };
    let one_value = is_number
        || matches!(
            field.kind,
            FieldKind::Boolean
                | FieldKind::Status
                | FieldKind::Enumeration
                | FieldKind::Date
                | FieldKind::DateTime
        );
    if !one_value {
        return None;
    }
    if is_number {
        if text.parse::<f64>().is_ok_and(f64::is_finite) {
            return None;
        }
        let joined: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '\'')
            .collect();
        if joined.parse::<f64>().is_ok_and(f64::is_finite) {
            return Some(format!(
                "{name} is {text:?}: write the number without blanks, {joined}"
            ));
        }
        let pointed = joined.replacen(',', ".", 1);
        if field.kind == FieldKind::Double && pointed.parse::<f64>().is_ok_and(f64::is_finite) {
            return Some(format!(
                "{name} is {text:?}: write the number with a point, {pointed}"
            ));
        }
    }
    if let Some(listed) = as_list(text) {
        let sign = if prefix.contains('!') { "!@" } else { "@" };
        return Some(format!(
            "{name} is {text:?} as one value: for one of several write {sign}{name}={listed}"
        ));
    }
    match field.kind {
        _ if is_number => Some(format!("{name} is {text:?}, which is not a number")),
        FieldKind::Date | FieldKind::DateTime if !is_moment(text) => Some(format!(
            "{name} is {text:?}, which is not a date: write it as 2026-01-31 or 2026-01-31T18:00:00+03:00"
        )),
        FieldKind::Boolean => truth(text).map(|truth| {
            let is_user_field = name.to_ascii_lowercase().starts_with("uf");
            let code = match (is_user_field, truth) {
                (true, true) => "1",
                (true, false) => "0",
                (false, true) => "Y",
                (false, false) => "N",
            };
            format!("{name} is {text:?}, which the portal does not read as yes or no: write {code}")
        }),
        _ => None,
    }
}

/// A text that the method takes for yes although it says no.
pub(super) fn flag(name: &str, text: &str) -> Option<String> {
    let is_no = truth(text) == Some(false) || (text.eq_ignore_ascii_case("n") && text != "N");
    is_no.then(|| {
        format!(
            "{name} is {text:?}, which the portal takes for yes, as every text but 0 and N: write N"
        )
    })
}

/// Yes or no in words that portals have no ear for.
fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "on" | "да" => Some(true),
        "false" | "no" | "off" | "нет" => Some(false),
        _ => None,
    }
}

/// The values of `A,B` and `["A","B"]`, with commas between them.
fn as_list(text: &str) -> Option<String> {
    let items: Vec<String> = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(items)) => items
            .iter()
            .map(|item| {
                item.as_str()
                    .map_or_else(|| item.to_string(), str::to_owned)
            })
            .collect(),
        _ if text.contains(',') => text.split(',').map(|item| item.trim().to_owned()).collect(),
        _ => return None,
    };
    Some(items.join(","))
}

/// Whether PHP's `strtotime` can make a moment of it, as far as can be told: a date of digits that exists, or words.
fn is_moment(text: &str) -> bool {
    let text = text.trim();
    let starts_with_digit = text.starts_with(|c: char| c.is_ascii_digit());
    if !text.is_ascii() {
        return false;
    }
    if !starts_with_digit {
        let lower = text.to_ascii_lowercase();
        return lower.starts_with('@') || MOMENT_WORDS.iter().any(|word| lower.contains(word));
    }
    let end = text.find([' ', 'T', 't']).unwrap_or(text.len());
    let date = &text[..end];
    let sign = date
        .find(|c: char| !c.is_ascii_digit())
        .map(|at| date.as_bytes()[at]);
    let parts: Vec<&str> = date.split(['-', '.', '/']).collect();
    let numbers: Option<Vec<u32>> = parts.iter().map(|part| part.parse().ok()).collect();
    let has_letters = text.contains(|c: char| c.is_ascii_alphabetic());
    let is_day = |month: u32, day: u32| (1..=12).contains(&month) && (1..=31).contains(&day);
    match (sign, numbers.as_deref()) {
        // 20260131, or seconds since 1970.
        (None, Some(_)) => date.len() >= 8 || has_letters,
        (Some(b'-' | b'/'), Some(&[year, month, day])) if year > 31 => is_day(month, day),
        (Some(b'-'), Some(&[year, month])) if year > 31 => is_day(month, 1),
        (Some(b'-' | b'.'), Some(&[day, month, _])) | (Some(b'/'), Some(&[month, day, _])) => {
            is_day(month, day)
        }
        // 31 January 2026, 2026-01-31Z: more than is known here.
        (_, None) => has_letters,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(prefix: &str, name: &str, value: &Value, type_name: &str) -> Option<String> {
        let field = Field::read(name, &json!({"type": type_name}));
        problem(prefix, name, value, Some(&field))
    }

    #[test]
    fn a_number_with_blanks_or_a_comma_is_put_right() {
        for (text, right) in [
            ("1 000 000", "1000000"),
            ("1,5", "1.5"),
            ("1\u{a0}000", "1000"),
        ] {
            let said = said(">", "OPPORTUNITY", &json!(text), "double").unwrap();
            assert!(said.ends_with(right), "{said}");
        }
        for text in ["1000000", "-1.5", "", "$result[a]"] {
            assert_eq!(
                said(">", "OPPORTUNITY", &json!(text), "double"),
                None,
                "{text}"
            );
        }
        assert!(said("", "ASSIGNED_BY_ID", &json!("Анна"), "user").is_some());
        assert!(said("", "ASSIGNED_BY_ID", &json!(7), "user").is_none());
    }

    #[test]
    fn several_values_without_an_at_sign_are_shown_with_it() {
        for value in ["WON,LOSE", "WON, LOSE", r#"["WON","LOSE"]"#] {
            let said = said("!", "STAGE_ID", &json!(value), "crm_status").unwrap();
            assert!(said.ends_with("!@STAGE_ID=WON,LOSE"), "{said}");
        }
        assert!(said("@", "STAGE_ID", &json!(["WON", "LOSE"]), "crm_status").is_none());
        assert!(said("", "TITLE", &json!("a, b"), "string").is_none());
        assert!(said("%", "ASSIGNED_BY_ID", &json!("1,2"), "user").is_none());
    }

    #[test]
    fn dates_that_are_none_are_refused() {
        for text in [
            "вчера",
            "31/12/2026",
            "2026-13-01",
            "01.13.2026",
            "2026",
            "soon",
        ] {
            assert!(
                said(">=", "DATE_CREATE", &json!(text), "datetime").is_some(),
                "{text}"
            );
        }
        for text in [
            "2026-01-31",
            "2026-01-31T18:00:00+03:00",
            "2026-01-31 18:00",
            "01.12.2026",
            "12/31/2026",
            "20260131",
            "today",
            "-7 days",
            "31 January 2026",
            "2026-01",
            "01.12.2026 10:00:00",
        ] {
            assert_eq!(
                said(">=", "DATE_CREATE", &json!(text), "datetime"),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn yes_and_no_are_written_as_the_portal_reads_them() {
        assert!(
            said("", "CLOSED", &json!("false"), "char")
                .unwrap()
                .ends_with("write N")
        );
        assert!(
            said("", "ufCrm_1", &json!("да"), "boolean")
                .unwrap()
                .ends_with("write 1")
        );
        assert!(said("", "CLOSED", &json!("N"), "char").is_none());
        assert!(said("", "CLOSED", &json!(false), "char").is_none());
        let active = |text: &str| flag("ACTIVE", text);
        assert!(active("false").unwrap().ends_with("write N"));
        assert_eq!(
            (active("true"), active("N"), active("")),
            (None, None, None)
        );
    }
}
