//! Values that a field cannot have: a portal makes nothing of them, or something else.

use brimful_protocol::calendar;
use brimful_protocol::list_fields::{ListFields, Spelling};
use serde_json::{Value, json};

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
            let right = as_moment(text).or_else(|| {
                let example = "2026-01-31 or 2026-01-31T18:00:00+03:00";
                (!is_moment(text)).then(|| example.to_owned())
            })?;
            Some(format!(
                "{name} is {text:?}, which is not a date: write it as {right}"
            ))
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

/// What was meant by digits that a portal reads as another moment, or as none: seconds since 1970, a date without signs,
/// a year of two digits.
fn as_moment(text: &str) -> Option<String> {
    let text = text.trim();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let day = |year: i64, month: &str, day: &str| {
        let (month, day) = (month.parse().ok()?, day.parse().ok()?);
        calendar::days(year, month, day)?;
        Some(format!("{year:04}-{month:02}-{day:02}"))
    };
    if is_digits(text) {
        if text.len() == 8 {
            return day(text[..4].parse().ok()?, &text[4..6], &text[6..]);
        }
        // Seconds, or thousandths of them.
        let seconds: i64 = text.parse().ok()?;
        return match text.len() {
            9 | 10 => Some(in_utc(seconds)),
            12 | 13 => Some(in_utc(seconds / 1000)),
            _ => None,
        };
    }
    let end = text.find([' ', 'T', 't']).unwrap_or(text.len());
    let parts: Vec<&str> = text[..end].split('.').collect();
    match parts.as_slice() {
        // To a portal it is a time of day.
        [d, m, y] if parts.iter().all(|part| is_digits(part)) && y.len() == 2 => Some(format!(
            "{}{}",
            day(2000 + y.parse::<i64>().ok()?, m, d)?,
            &text[end..]
        )),
        _ => None,
    }
}

/// A moment as portals read it.
fn in_utc(seconds: i64) -> String {
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = calendar::civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}+00:00",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

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
    let is_day = |year: u32, month: u32, day: u32| {
        calendar::days(year.into(), month.into(), day.into()).is_some()
    };
    if !is_time(&text[end..]) {
        return false;
    }
    match (sign, numbers.as_deref()) {
        (Some(b'-' | b'/'), Some(&[year, month, day])) if year > 31 => is_day(year, month, day),
        (Some(b'-'), Some(&[year, month])) if year > 31 => is_day(year, month, 1),
        (Some(b'-' | b'.'), Some(&[day, month, year]))
        | (Some(b'/'), Some(&[month, day, year])) => is_day(year, month, day),
        // 31 January 2026, 2026-01-31Z: more than is known here. Digits alone are other things: see `as_moment`.
        (None, _) | (_, None) => has_letters,
        _ => false,
    }
}

/// Whether what stands behind a date can be a time of day: `T18:00:00+03:00`. What has another shape is left to the
/// portal.
fn is_time(text: &str) -> bool {
    let text = text.trim_start_matches([' ', 'T', 't']);
    let end = text.find(['+', '-', 'Z', 'z', '.']).unwrap_or(text.len());
    let (time, zone) = text.split_at(end);
    let below = |parts: &str, highest: [u32; 3]| {
        parts.split(':').zip(highest).all(|(part, highest)| {
            part.trim()
                .parse::<u32>()
                .map_or(true, |number| number <= highest)
        })
    };
    let offset = zone
        .rsplit(['+', '-'])
        .next()
        .filter(|_| zone.contains(['+', '-']));
    // The farthest zones are 14 hours ahead and 12 behind.
    below(time, [24, 59, 59])
        && offset.is_none_or(|offset| !offset.contains(':') || below(offset, [14, 59, 0]))
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
        assert_eq!(said("", "OPPORTUNITY", &json!(""), "double"), None);
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
    fn dates_that_are_none_are_refused() {
        for text in [
            "вчера",
            "31/12/2026",
            "2026-13-01",
            "01.13.2026",
            "2026",
            "soon",
            "2026-02-30",
            "2026-02-29T10:00:00",
            "31.04.2026",
            "2026-01-31T25:00:00",
            "2026-01-31 10:61",
            "2026-01-31T00:00:00+99:00",
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
            "today",
            "-7 days",
            "31 January 2026",
            "2026-01",
            "01.12.2026 10:00:00",
            "2024-02-29",
            "2026-01-31T10:00:00.5-03:30",
            "2026-01-31T10:00Z",
            "2026-01-31 +1 day",
        ] {
            assert_eq!(
                said(">=", "DATE_CREATE", &json!(text), "datetime"),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn digits_that_a_portal_reads_as_another_moment_are_written_out() {
        for (text, right) in [
            ("1700000000", "2023-11-14T22:13:20+00:00"),
            ("1700000000000", "2023-11-14T22:13:20+00:00"),
            ("20260131", "2026-01-31"),
            ("31.12.25", "2025-12-31"),
            ("01.12.25T10:00:00", "2025-12-01T10:00:00"),
        ] {
            let said = said(">=", "DATE_CREATE", &json!(text), "datetime").unwrap();
            assert!(said.ends_with(&format!("write it as {right}")), "{said}");
        }
        assert!(said("", "DATE_CREATE", &json!("20261331"), "date").is_some());
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
