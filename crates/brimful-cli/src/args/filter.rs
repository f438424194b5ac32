//! A condition of `--filter`: a prefix, a field and a value, as in `>=DATE_CREATE=2026-01-01`.

use brimful_protocol::list_fields::FILTER_SIGNS;
use serde_json::Value;

/// One condition: the key of the filter, prefix included, and the value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) key: String,
    pub(crate) value: Value,
}

/// Reads a condition. The value goes out as the text that was typed; after the prefix `@` it is a list, split at its
/// commas.
pub(crate) fn parse(text: &str) -> Result<Condition, String> {
    let text = text.trim_start();
    if let Some(inside) = unquoted(text.trim_end()) {
        return Err(format!(
            "the quotes are a part of it: write it as '{inside}'"
        ));
    }
    if let Some((name, items)) = in_list(text) {
        return Err(format!("one of several is written '@{name}={items}'"));
    }
    let start = text
        .find(|c| !FILTER_SIGNS.contains(&c))
        .ok_or("it has no field: write it as '>ID=100'")?;
    let (prefix, rest) = text.split_at(start);
    let (name, value) = rest.split_once('=').ok_or_else(|| {
        misplaced(rest)
            .unwrap_or_else(|| format!("it has no value: write it as '{prefix}{rest}=…'"))
    })?;
    if let Some(hint) = misplaced(&format!("{name}={value}")) {
        return Err(hint);
    }
    // `>= ID = 5` is written as people write it elsewhere.
    let spaced = name.ends_with(' ');
    let (name, value) = (name.trim(), if spaced { value.trim() } else { value });
    if let Some(value) = value.strip_prefix('=') {
        return Err(format!(
            "one = is enough: write it as '{prefix}{name}={value}'"
        ));
    }
    check_signs(prefix, name, value)?;
    if name.is_empty() {
        return Err("it has no field: write it as '>ID=100'".to_owned());
    }
    check_value(prefix, name, value)?;
    let value = if prefix.contains('@') {
        Value::Array(
            value
                .split(',')
                .map(|item| Value::from(item.trim()))
                .collect(),
        )
    } else {
        Value::from(value)
    };
    Ok(Condition {
        key: format!("{prefix}{name}"),
        value,
    })
}

/// Refuses signs that portals don't have, with those that say the same.
fn check_signs(prefix: &str, name: &str, value: &str) -> Result<(), String> {
    let put_right = match prefix.trim_start_matches('!') {
        "=>" => Some(">="),
        "=<" => Some("<="),
        "<>" => Some("!"),
        _ => None,
    };
    if let Some(sign) = put_right {
        return Err(format!(
            "{prefix} is not a sign: write it as '{sign}{name}={value}'"
        ));
    }
    if prefix.trim_start_matches('!') == "><" {
        let (from, to) = value.split_once(',').unwrap_or((value, "…"));
        return Err(format!(
            "between is written as two conditions: '>={name}={}' and '<={name}={}'",
            from.trim(),
            to.trim()
        ));
    }
    Ok(())
}

/// Refuses values that a portal would take for something else than is meant.
fn check_value(prefix: &str, name: &str, value: &str) -> Result<(), String> {
    if value.eq_ignore_ascii_case("null") {
        return Err(format!(
            "a filter has no null: for rows where the field is empty write '{prefix}{name}='"
        ));
    }
    if let Some(items) = json_list(value) {
        let sign = if prefix.contains('!') { "!@" } else { "@" };
        return Err(format!("one of several is written '{sign}{name}={items}'"));
    }
    let is_cut_list = value.starts_with("[\"") || prefix.contains('@') && value.starts_with('[');
    if is_cut_list {
        return Err(format!(
            "its value begins as a list of JSON and is none: write '@{name}=A,B'"
        ));
    }
    if let Some(inside) = unquoted(value)
        && inside
            .chars()
            .all(|c| c.is_ascii_digit() || "-:.+TZ ".contains(c))
    {
        return Err(format!(
            "the quotes are a part of the value: write it as '{prefix}{name}={inside}'"
        ));
    }
    let is_numbers = |value: &str| {
        let mut parts = value.split_whitespace();
        parts.clone().count() > 1 && parts.all(|part| part.parse::<u64>().is_ok())
    };
    if prefix.contains('@') && is_numbers(value) {
        let items: Vec<&str> = value.split_whitespace().collect();
        return Err(format!(
            "values have commas between them: write it as '{prefix}{name}={}'",
            items.join(",")
        ));
    }
    Ok(())
}

/// What stands inside of quotes that a shell has left, or that a text program has put there.
fn unquoted(text: &str) -> Option<&str> {
    let quotes = [
        ('"', '"'),
        ('\'', '\''),
        ('\u{201c}', '\u{201d}'),
        ('\u{2018}', '\u{2019}'),
        ('\u{ab}', '\u{bb}'),
    ];
    let inside = quotes
        .iter()
        .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close));
    inside.filter(|inside| !inside.is_empty())
}

/// The name and the values of `ID IN (1,2)`, as databases write it.
fn in_list(text: &str) -> Option<(&str, String)> {
    let at = text.to_ascii_lowercase().find(" in ")?;
    let (name, rest) = (text[..at].trim(), text[at + 4..].trim());
    let items = rest.strip_prefix('(')?.strip_suffix(')')?;
    let items = items
        .split(',')
        .map(|item| item.trim().trim_matches(['\'', '"']));
    (!name.contains('=')).then(|| (name, items.collect::<Vec<_>>().join(",")))
}

/// The items of a list in JSON, with commas between them.
fn json_list(text: &str) -> Option<String> {
    let Ok(Value::Array(items)) = serde_json::from_str(text) else {
        return None;
    };
    let items = items.iter().map(|item| match item {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    Some(items.collect::<Vec<_>>().join(","))
}

/// A key of a filter without blanks around the field's name.
pub(crate) fn trim_key(key: &str) -> String {
    let key = key.trim();
    let name = key.trim_start_matches(FILTER_SIGNS);
    format!("{}{}", &key[..key.len() - name.len()], name.trim_start())
}

/// `ID>=100` is how a condition is said elsewhere.
fn misplaced(text: &str) -> Option<String> {
    let end = text.find(['<', '>', '!'])?;
    let (name, rest) = text.split_at(end);
    // `TITLE=a>b` has the sign in its value.
    if name.contains('=') {
        return None;
    }
    let sign_length = rest
        .find(|c| !FILTER_SIGNS.contains(&c))
        .unwrap_or(rest.len());
    let (sign, value) = rest.split_at(sign_length);
    let sign = if sign == "!=" { "!" } else { sign };
    let (name, value) = (name.trim(), value.trim());
    Some(format!(
        "the sign stands before the field: write it as '{sign}{name}={value}'"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> (String, Value) {
        let condition = parse(text).unwrap();
        (condition.key, condition.value)
    }

    #[test]
    fn the_prefix_is_part_of_the_key() {
        assert_eq!(read(">ID=100"), (">ID".into(), json!("100")));
        assert_eq!(read(">=ID=5"), (">=ID".into(), json!("5")));
        assert_eq!(
            read(">=DATE_CREATE=2026-01-01"),
            (">=DATE_CREATE".into(), json!("2026-01-01"))
        );
        assert_eq!(read("STAGE_ID=NEW"), ("STAGE_ID".into(), json!("NEW")));
        assert_eq!(read("!=%TITLE=x%"), ("!=%TITLE".into(), json!("x%")));
    }

    #[test]
    fn the_value_is_everything_after_the_first_sign_of_equality() {
        assert_eq!(read("TITLE=a=b>c,d"), ("TITLE".into(), json!("a=b>c,d")));
        assert_eq!(read("COMMENTS="), ("COMMENTS".into(), json!("")));
    }

    #[test]
    fn after_an_at_sign_the_value_is_a_list() {
        assert_eq!(read("@ID=1,2,3"), ("@ID".into(), json!(["1", "2", "3"])));
        assert_eq!(read("!@ID=7"), ("!@ID".into(), json!(["7"])));
    }

    #[test]
    fn a_list_of_json_that_is_cut_short_is_refused() {
        for typed in ["@STAGE_ID=[\"WON\"", "STAGE_ID=[\"WON\",", "!@ID=[1,2"] {
            let error = parse(typed).unwrap_err();
            assert!(
                error.contains("begins as a list of JSON"),
                "{typed}: {error}"
            );
        }
        let text = "TITLE=[urgent] call";
        assert_eq!(read(text).1, json!("[urgent] call"));
    }

    #[test]
    fn a_sign_behind_the_field_is_put_right() {
        for (typed, right) in [
            ("ID>100", "'>ID=100'"),
            ("ID>=100", "'>=ID=100'"),
            ("STAGE_ID!=NEW", "'!STAGE_ID=NEW'"),
        ] {
            let error = parse(typed).unwrap_err();
            assert!(error.ends_with(right), "{typed}: {error}");
        }
    }

    #[test]
    fn a_condition_without_value_or_field_is_refused() {
        assert!(parse("ID").is_err());
        assert!(parse(">=").is_err());
        assert!(parse("").is_err());
    }

    #[test]
    fn blanks_around_the_parts_of_a_condition_are_not_part_of_them() {
        let right = (">=DATE_CREATE".into(), json!("2020-03-01"));
        assert_eq!(read(">= DATE_CREATE=2020-03-01"), right);
        assert_eq!(read(" >=DATE_CREATE = 2020-03-01"), right);
        assert_eq!(read("@F=A, B"), ("@F".into(), json!(["A", "B"])));
        let error = parse("DATE_CREATE >= 2020-03-01").unwrap_err();
        assert!(error.ends_with("'>=DATE_CREATE=2020-03-01'"), "{error}");
        assert_eq!(read("TITLE= a"), ("TITLE".into(), json!(" a")));
    }

    #[test]
    fn quotes_and_words_of_databases_are_put_right() {
        for (typed, right) in [
            ("\">=DATE_CREATE=2026-01-01\"", "'>=DATE_CREATE=2026-01-01'"),
            ("\u{201c}>ID=5\u{201d}", "'>ID=5'"),
            ("ID='5'", "'ID=5'"),
            (">DATE_CREATE=\"2026-01-01\"", "'>DATE_CREATE=2026-01-01'"),
            ("@ID=1 2 3", "'@ID=1,2,3'"),
            ("ID IN (1, 2)", "'@ID=1,2'"),
            ("STAGE_ID in ('NEW','WON')", "'@STAGE_ID=NEW,WON'"),
        ] {
            let error = parse(typed).unwrap_err();
            assert!(error.ends_with(right), "{typed}: {error}");
        }
        assert_eq!(read("TITLE=\u{ab}a\u{bb}").1, json!("\u{ab}a\u{bb}"));
        assert_eq!(read("@F=a b, c").1, json!(["a b", "c"]));
    }

    #[test]
    fn a_value_that_no_row_has_is_refused() {
        for text in [
            "STAGE_ID==WON",
            "COMMENTS=null",
            "COMMENTS=NULL",
            "=>ID=5",
            "<>ID=5",
            "><ID=1,5",
            r#"STAGE_ID=["WON","LOSE"]"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
