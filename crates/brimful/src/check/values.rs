//! Values that a field cannot have: a portal makes nothing of them, or something else.

use brimful_protocol::list_fields::{ListFields, Spelling};
use serde_json::{Value, json};

use super::moments;
use crate::field::{Field, FieldKind};

/// Signs of conditions, without the `!` and `+` that may stand before them: those of the older CRM methods, and all
/// that any method documents.
const CRM_SIGNS: [&str; 14] = [
    "", "=", "<", "<=", ">", ">=", "@", "%", "=%", "%=", "?", "*", "=*", "*%",
];
const ALL_SIGNS: [&str; 19] = [
    "", "=", "<", "<=", ">", ">=", "@", "%", "=%", "%=", "?", "*", "=*", "*%", "*=", "><", "=@",
    "#", "~",
];

/// What is wrong with the sign of a condition: a portal takes what it doesn't know for a part of the field's name, and
/// the whole list comes.
pub(super) fn prefix(known: &ListFields, prefix: &str, name: &str) -> Option<String> {
    if name.is_empty() {
        return Some(format!("the filter has {prefix:?} without a field"));
    }
    let bare = prefix.strip_prefix('!').unwrap_or(prefix);
    let bare = bare.strip_prefix('+').unwrap_or(bare);
    let is_older_crm = known.list.starts_with("crm.") && known.spelling == Spelling::Listed;
    let signs: &[&str] = if is_older_crm { &CRM_SIGNS } else { &ALL_SIGNS };
    if signs.contains(&bare) {
        return None;
    }
    let advice = match bare {
        "=>" => format!("write >={name}"),
        "=<" => format!("write <={name}"),
        "<>" => format!("write !{name}"),
        "==" | "===" => format!("write ={name}"),
        "><" => format!("write two conditions, >={name} and <={name}"),
        _ => "write one of = ! > >= < <= @ % before it".to_owned(),
    };
    Some(format!(
        "{prefix}{name} is not a condition, and the portal would pass it over: {advice}"
    ))
}

/// What is wrong with a condition that has no value at all, which is another thing than an empty one: a query string leaves
/// it out, and what methods make of it in JSON differs.
pub(super) fn nothing(key: &str, value: &Value) -> Option<String> {
    let what = match value {
        Value::Null => "null",
        Value::Array(items) if items.is_empty() => "an empty list",
        Value::Array(items) if items.iter().any(Value::is_null) => "a list with null in it",
        Value::Object(items) if items.is_empty() => "an empty object",
        _ => return None,
    };
    Some(format!(
        "{key} is {what}, which is no value to compare with: leave the condition out, or write \"\" for rows where the field \
         is empty"
    ))
}

/// What is wrong with the value of a condition on a whole number.
pub(super) fn number(prefix: &str, name: &str, value: &Value) -> Option<String> {
    let number = Field::read(name, &json!({"type": "integer"}));
    let problem = problem(prefix, name, value, Some(&number))?;
    // Said of the condition as a whole.
    Some(match problem.strip_prefix(name) {
        Some(rest) => format!("{prefix}{name}{rest}"),
        None => problem,
    })
}

/// What is wrong with the value of a condition, and what to write instead.
pub(crate) fn problem(
    prefix: &str,
    name: &str,
    value: &Value,
    field: Option<&Field>,
) -> Option<String> {
    // Such conditions hold a part of the value against it, or a pattern.
    if prefix.contains(['%', '?', '*', '~']) {
        return None;
    }
    let compares = prefix.contains(['<', '>']);
    let is_between = prefix.contains("><");
    let is_empty = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
    let nothing = match value {
        Value::Array(items) => prefix.contains('@') && items.iter().all(is_empty),
        other => is_empty(other) && (compares || prefix.contains('@')),
    };
    if nothing {
        return Some(format!(
            "{prefix}{name} has no value to compare with: for rows where it is not empty write !{name}="
        ));
    }
    match value {
        Value::Array(items) if is_between && items.len() != 2 => {
            return Some(format!(
                "{prefix}{name} lies between two values, and has {}",
                items.len()
            ));
        }
        Value::Array(_) if compares && !is_between => {
            return Some(format!(
                "{prefix}{name} compares with one value, and has a list: for one of several write @{name}"
            ));
        }
        Value::Bool(_) if compares => {
            return Some(format!(
                "{prefix}{name} compares with a number or a moment, and has {value}"
            ));
        }
        Value::Object(_) if field.is_some() => {
            return Some(format!(
                "{name} is {value}: a condition has one value, or a list of values"
            ));
        }
        _ => {}
    }
    let check = |text: &str| {
        if text.is_empty() || text.starts_with('$') {
            return None;
        }
        of_kind(prefix, name, text, field?)
    };
    let one = |value: &Value| match value {
        Value::String(text) => check(text),
        Value::Number(number) => check(&number.to_string()),
        Value::Bool(yes) => of_boolean(name, *yes, field?),
        _ => None,
    };
    match value {
        Value::String(text) if prefix.contains('@') => {
            one_text(prefix, name, text, field?).or_else(|| check(text))
        }
        Value::Array(items) => items.iter().find_map(one),
        other => one(other),
    }
}

/// Several values in one text, behind a sign that takes a list: the portal would look for that text as a whole.
fn one_text(prefix: &str, name: &str, text: &str, field: &Field) -> Option<String> {
    let listed = as_list(text).filter(|_| has_one_value(field))?;
    let items: Vec<&str> = listed.split(',').collect();
    Some(format!(
        "{prefix}{name} is {text:?}, one text: write the values as a list, {}",
        json!(items)
    ))
}

/// Flags of the older CRM methods are the letters Y and N; a boolean arrives as 1 or 0. To anything but a flag it is the
/// number 1 or nothing, and `false` is how portals say that there is no value.
fn of_boolean(name: &str, yes: bool, field: &Field) -> Option<String> {
    if field.kind != FieldKind::Boolean {
        return (yes && has_one_value(field))
            .then(|| format!("{name} is {yes}, and no field of yes or no"));
    }
    let letter = if yes { "Y" } else { "N" };
    has_letters(field).then(|| {
        format!("{name} is {yes}, which the portal does not read as yes or no: write {letter}")
    })
}

/// Whether a value is a boolean, or has one in its list, and the portal reads the letters Y and N in this field.
pub(crate) fn is_boolean_for_letter(value: &Value, field: &Field) -> bool {
    let has_boolean = match value {
        Value::Array(items) => items.iter().any(Value::is_boolean),
        other => other.is_boolean(),
    };
    has_boolean && has_letters(field)
}

/// Whether a flag is Y or N.
fn has_letters(field: &Field) -> bool {
    field.kind == FieldKind::Boolean && field.type_name.as_deref() == Some("char")
}

/// Whether it is a label without a type.
fn is_label(field: &Field) -> bool {
    field.kind == FieldKind::Unknown && field.type_name.as_deref().unwrap_or_default().is_empty()
}

/// Whether its values are numbers. Files and what a field of the CRM refers to may have letters before them.
fn is_number(field: &Field) -> bool {
    let type_name = field.type_name.as_deref().unwrap_or_default();
    let has_letters = ["crm_entity", "hlblock", "diskfile", "disk_file"].contains(&type_name);
    match field.kind {
        FieldKind::Integer => !has_letters,
        FieldKind::Double => true,
        _ => false,
    }
}

/// Whether a value is one thing, so that a list in a text can't be meant.
fn has_one_value(field: &Field) -> bool {
    let kinds = [
        FieldKind::Boolean,
        FieldKind::Status,
        FieldKind::Enumeration,
        FieldKind::Date,
        FieldKind::DateTime,
    ];
    is_number(field) || kinds.contains(&field.kind)
}

fn of_kind(prefix: &str, name: &str, text: &str, field: &Field) -> Option<String> {
    let is_number = is_number(field) || name == "ID" && is_label(field);
    if !is_number && !has_one_value(field) {
        return None;
    }
    if is_number {
        if let Some(number) = text.parse::<f64>().ok().filter(|number| number.is_finite()) {
            let is_cut = field.kind == FieldKind::Integer && number.fract() != 0.0;
            return is_cut.then(|| format!("{name} is {text:?}, which is not a whole number"));
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
        let readings = readings(&joined);
        if field.kind == FieldKind::Double && !readings.is_empty() {
            return Some(format!(
                "{name} is {text:?}: write the number with nothing but a point in it, {}",
                readings.join(" or ")
            ));
        }
    }
    if let Some(listed) = as_list(text) {
        let sign = if prefix.contains('!') { "!@" } else { "@" };
        return Some(format!(
            "{name} is {text:?} as one value: for one of several write {sign}{name}={listed}"
        ));
    }
    if text != text.trim() && !matches!(field.kind, FieldKind::Date | FieldKind::DateTime) {
        return Some(format!(
            "{name} is {text:?}: write the value without blanks around it, {}",
            text.trim()
        ));
    }
    match field.kind {
        _ if is_number => {
            let meant =
                of_owner(field, text).map_or_else(String::new, |id| format!(": write {id}"));
            Some(format!("{name} is {text:?}, which is not a number{meant}"))
        }
        FieldKind::Date | FieldKind::DateTime => {
            let problem = moments::problem(text)?;
            Some(format!("{name} is {text:?}, which {problem}"))
        }
        FieldKind::Enumeration => of_choices(name, text, field),
        FieldKind::Boolean => yes_or_no(text)
            .or_else(|| digit(text).filter(|_| has_letters(field)))
            .map(|is_yes| {
                let is_user_field = name.to_ascii_lowercase().starts_with("uf");
                let code = match (is_user_field, is_yes) {
                    (true, true) => "1",
                    (true, false) => "0",
                    (false, true) => "Y",
                    (false, false) => "N",
                };
                format!(
                    "{name} is {text:?}, which the portal does not read as yes or no: write {code}"
                )
            }),
        _ => None,
    }
}

/// The numbers that may be meant by digits with commas and points between them: `1,000` is a thousand or one.
fn readings(text: &str) -> Vec<String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let sign = text.strip_suffix(digits).filter(|sign| *sign == "-");
    let sign = sign.unwrap_or_default();
    let is_of_digits =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = digits.split([',', '.']).collect();
    let (Some((last, before)), true) = (parts.split_last(), parts.iter().all(is_of_digits)) else {
        return Vec::new();
    };
    let marks: Vec<char> = digits.chars().filter(|c| !c.is_ascii_digit()).collect();
    let (Some((mark, others)), Some((first, groups))) = (marks.split_last(), before.split_first())
    else {
        return Vec::new();
    };
    let are_groups = |groups: &[&str]| {
        (1..=3).contains(&first.len()) && *first != "0" && groups.iter().all(|one| one.len() == 3)
    };
    let mut readings = Vec::new();
    if marks.iter().all(|one| one == mark) && are_groups(&parts[1..]) {
        readings.push(format!("{sign}{}", parts.concat()));
    }
    let is_decimal = others.is_empty()
        || others
            .iter()
            .all(|other| other != mark && *other == others[0]);
    if is_decimal && (groups.is_empty() || are_groups(groups)) {
        let decimals = last.trim_end_matches('0');
        let decimals = if decimals.is_empty() { "0" } else { decimals };
        readings.push(format!("{sign}{}.{decimals}", before.concat()));
    }
    readings
}

/// The number of what people call an owner of activities.
fn of_owner(field: &Field, text: &str) -> Option<u32> {
    let is_owner = field.type_name.as_deref() == Some("crm_enum_ownertype");
    match text.to_ascii_lowercase().as_str() {
        _ if !is_owner => None,
        "lead" => Some(1),
        "deal" => Some(2),
        "contact" => Some(3),
        "company" => Some(4),
        "quote" => Some(7),
        _ => None,
    }
}

/// A text in the place of the number of a list's value.
fn of_choices(name: &str, text: &str, field: &Field) -> Option<String> {
    let is_number = |text: &str| text.parse::<i64>().is_ok();
    let numbered = !field.choices.is_empty() && field.choices.iter().all(|one| is_number(&one.id));
    if !numbered || is_number(text) {
        return None;
    }
    let lower = text.to_lowercase();
    let meant = field
        .choices
        .iter()
        .find(|one| one.value.to_lowercase() == lower);
    let right = meant.map_or_else(
        || {
            let shown = field.choices.iter().take(SHOWN_CHOICES);
            let shown: Vec<String> = shown
                .map(|one| format!("{} ({})", one.id, one.value))
                .collect();
            format!(
                "the number of one of its values, such as {}",
                shown.join(", ")
            )
        },
        |one| one.id.clone(),
    );
    Some(format!(
        "{name} is {text:?}, and its values are numbers: write {right}"
    ))
}

/// How many values of a list a message shows.
const SHOWN_CHOICES: usize = 5;

/// A text that the method takes for yes although it says no.
pub(super) fn flag(name: &str, text: &str) -> Option<String> {
    let is_no = yes_or_no(text) == Some(false) || (text.eq_ignore_ascii_case("n") && text != "N");
    is_no.then(|| {
        format!(
            "{name} is {text:?}, which the portal takes for yes, as every text but 0 and N: write N"
        )
    })
}

/// Yes or no in words that portals do not understand.
fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "on" | "да" => Some(true),
        "false" | "no" | "off" | "нет" => Some(false),
        _ => None,
    }
}

/// Yes or no as a digit.
fn digit(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
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
            ("1,000", "1000 or 1.0"),
            ("-1,250", "-1250 or -1.25"),
            ("0,250", "in it, 0.25"),
            ("1,000,000", "in it, 1000000"),
            ("1.000.000", "in it, 1000000"),
            ("1,000.50", "in it, 1000.5"),
            ("1.000,50", "in it, 1000.5"),
            ("12 345,60", "in it, 12345.6"),
        ] {
            let said = said(">", "OPPORTUNITY", &json!(text), "double").unwrap();
            assert!(said.ends_with(right), "{said}");
        }
        assert_eq!(said("", "OPPORTUNITY", &json!(""), "double"), None);
        for text in ["1,00,0", "1,,5", ",", "1.000,000.1", "10000,000,000"] {
            let said = said(">", "OPPORTUNITY", &json!(text), "double").unwrap();
            assert!(!said.contains("nothing but a point"), "{said}");
        }
        for text in ["1000000", "-1.5", "$result[a]"] {
            assert_eq!(
                said(">", "OPPORTUNITY", &json!(text), "double"),
                None,
                "{text}"
            );
        }
        for type_name in ["double", "datetime", "user", "crm_status"] {
            let (no_value, yes) = (json!(false), json!(true));
            assert_eq!(said("!", "PARENT_ID", &no_value, type_name), None);
            assert!(said("!", "PARENT_ID", &yes, type_name).is_some());
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
    fn a_comparison_without_a_value_or_with_a_value_of_another_shape_is_refused() {
        for (prefix, value, type_name) in [
            (">", json!(""), "datetime"),
            ("<=", json!(" "), "double"),
            ("@", json!([""]), "user"),
            ("@", json!(""), "user"),
            (">", json!([1, 2]), "double"),
            ("><", json!([1]), "double"),
            (">=", json!(false), "datetime"),
            ("", json!({"from": 1}), "double"),
            ("", json!(1.5), "integer"),
            ("", json!("1.5"), "integer"),
            ("", json!("1;2"), "integer"),
            ("", json!("\u{665}"), "integer"),
            ("", json!(" NEW"), "crm_status"),
        ] {
            assert!(
                said(prefix, "F", &value, type_name).is_some(),
                "{prefix}{value} {type_name}"
            );
        }
        for (prefix, value, type_name) in [
            ("", json!(""), "datetime"),
            ("!", json!(""), "user"),
            ("><", json!([1, 2]), "double"),
            ("@", json!(["1", "2"]), "user"),
            ("@", json!("1"), "user"),
            ("@", json!("a, b"), "string"),
            ("", json!("5.0"), "integer"),
            ("", json!(" a"), "string"),
        ] {
            assert_eq!(
                said(prefix, "F", &value, type_name),
                None,
                "{prefix}{value}"
            );
        }
    }

    #[test]
    fn signs_that_a_portal_takes_for_a_part_of_the_name_are_refused_with_the_right_ones() {
        let deals = brimful_protocol::list_fields::find("crm.deal.list").unwrap();
        let tasks = brimful_protocol::list_fields::find("tasks.task.list").unwrap();
        for (sign, right) in [
            ("=>", ">=F"),
            ("=<", "<=F"),
            ("<>", "!F"),
            ("==", "=F"),
            ("><", ">=F and <=F"),
            ("!><", ">=F and <=F"),
            ("#", "write one of"),
        ] {
            let said = prefix(deals, sign, "F").unwrap();
            assert!(said.contains(right), "{said}");
        }
        assert!(prefix(deals, ">=", "").is_some());
        for sign in ["", "!", "!@", "!=%", "%=", ">=", "+>", "!+="] {
            assert_eq!(prefix(deals, sign, "F"), None, "{sign}");
        }
        assert_eq!(prefix(tasks, "!><", "F"), None);
    }

    #[test]
    fn a_text_that_is_no_moment_is_refused_for_a_field_of_moments() {
        for (text, right) in [
            ("вчера", "2026-01-31"),
            ("1/5/2024", "2024-01-05 or 2024-05-01"),
        ] {
            for kind in ["date", "datetime"] {
                let said = said(">=", "DATE_CREATE", &json!(text), kind).unwrap();
                assert!(said.contains(right), "{said}");
            }
            assert_eq!(said("", "TITLE", &json!(text), "string"), None);
        }
        assert_eq!(
            said(">=", "DATE_CREATE", &json!("-7 days"), "datetime"),
            None
        );
    }

    #[test]
    fn a_value_of_a_list_is_written_as_its_number() {
        let size = json!({"type": "enumeration", "items": [
            {"ID": "44", "VALUE": "Small"}, {"ID": "45", "VALUE": "Large"}]});
        let field = Field::read("UF_CRM_SIZE", &size);
        let said = |value: &Value| problem("", "UF_CRM_SIZE", value, Some(&field));
        assert!(said(&json!("large")).unwrap().ends_with("write 45"));
        assert!(
            said(&json!("huge"))
                .unwrap()
                .ends_with("44 (Small), 45 (Large)")
        );
        assert!(said(&json!(true)).is_some());
        for value in [json!("44"), json!(45), json!(["44", "45"]), json!("")] {
            assert_eq!(said(&value), None, "{value}");
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
        for value in [json!(false), json!("0"), json!(0)] {
            let said = said("", "CLOSED", &value, "char").unwrap();
            assert!(said.ends_with("write N"), "{value}: {said}");
        }
        assert!(said("", "ufCrm_1", &json!(true), "boolean").is_none());
        assert!(said("", "ufCrm_1", &json!("1"), "boolean").is_none());
        let active = |text: &str| flag("ACTIVE", text);
        assert!(active("false").unwrap().ends_with("write N"));
        assert_eq!(
            (active("true"), active("N"), active("")),
            (None, None, None)
        );
    }
}
