//! The file of a batch: commands by their names, in its order.

use std::collections::HashSet;

use brimful::protocol::{json, query};
use serde_json::{Map, Value};

use crate::args::method;
use crate::exact_json;

/// One command.
#[derive(Debug, PartialEq)]
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) params: Value,
}

/// The commands in a text.
pub(crate) fn read(text: &str) -> Result<Vec<Command>, String> {
    let named = match exact_json::read(text.as_bytes()).map_err(|error| format!("it {error}"))? {
        Value::Object(named) => named.into_iter().collect(),
        Value::Array(commands) => (0..)
            .zip(commands)
            .map(|(number, command): (usize, _)| (number.to_string(), command))
            .collect::<Vec<_>>(),
        other => {
            return Err(format!(
                "{other} is not an object of commands by their names"
            ));
        }
    };
    named
        .into_iter()
        .map(|(name, written)| {
            let (method, params) =
                command(written).map_err(|why| format!("the command {name:?} {why}"))?;
            Ok(Command {
                name,
                method,
                params,
            })
        })
        .collect()
}

fn command(written: Value) -> Result<(String, Value), String> {
    const SHAPES: &str =
        "is none of \"method?query\", {\"method\": …, \"params\": {…}} and [method, params]";
    let (method, params) = match written {
        Value::String(text) => {
            let (method, text) = text.split_once('?').unwrap_or((&text, ""));
            if let Some(name) = unclosed(text) {
                return Err(format!(
                    "has the name {name:?} in its query, which has no closing bracket: inside of a name = is %3D and & is %26, or write it as [method, params]"
                ));
            }
            if let Some(why) = unreadable(text) {
                return Err(why);
            }
            let params = query::decode(text.as_bytes());
            let params = json::to_string(&params.into());
            let params = serde_json::from_str(&params).map_err(|error| error.to_string())?;
            (method.to_owned(), params)
        }
        Value::Object(mut parts) => {
            let Some(Value::String(method)) = parts.remove("method") else {
                return Err("has no method".to_owned());
            };
            let params = parts.remove("params").unwrap_or(Value::Null);
            if let Some(other) = parts.keys().next() {
                return Err(format!(
                    "has {other:?} in it: there are \"method\" and \"params\""
                ));
            }
            (method, params)
        }
        Value::Array(parts) => {
            let mut parts = parts.into_iter();
            let Some(Value::String(method)) = parts.next() else {
                return Err(SHAPES.to_owned());
            };
            let params = parts.next().unwrap_or(Value::Null);
            if parts.next().is_some() {
                return Err(SHAPES.to_owned());
            }
            (method, params)
        }
        _ => return Err(SHAPES.to_owned()),
    };
    let params = match params {
        Value::Null => Value::Object(Map::new()),
        // PHP writes an empty map so.
        Value::Array(list) if list.is_empty() => Value::Object(Map::new()),
        Value::Object(_) | Value::Array(_) => params,
        _ => return Err("has params that are not an object".to_owned()),
    };
    let method = method::parse(&method).map_err(|why| format!("has no method: {why}"))?;
    Ok((method, params))
}

/// A name in a query whose bracket is not closed, as that of `filter[<=ID]=5`: the first `=` ends it, and with it the
/// condition would be lost.
fn unclosed(query: &str) -> Option<&str> {
    query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .find(|name| name.rfind('[') > name.rfind(']'))
}

/// What of a query would be lost, or become something else.
fn unreadable(query: &str) -> Option<String> {
    let mut names = HashSet::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        for (part, what) in [(name, "the name"), (value, "the value")] {
            let bytes = query::unescaped(part.as_bytes());
            if std::str::from_utf8(&bytes).is_err() {
                return Some(format!(
                    "has {what} {part:?} in its query, whose bytes are not text in UTF-8: write it as [method, params]"
                ));
            }
        }
        let name = query::unescaped(name.as_bytes());
        if name.contains(&0) || pair.contains('\0') {
            return Some(format!(
                "has {pair:?} in its query, which ends for a portal where the zero byte is: write it as [method, params]"
            ));
        }
        if !name.windows(2).any(|pair| pair == b"[]") && !names.insert(name) {
            return Some(format!(
                "has {:?} twice in its query, and a portal takes the last: leave one of them out",
                pair.split('=').next().unwrap_or_default()
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_may_be_written_in_three_ways() {
        let commands = read(
            r#"{"z": "crm.lead.list?filter[>ID]=5&select[]=ID", "a": {"method": "user.current"},
                "m": ["crm.lead.get", {"id": "$result[z][0][ID]"}]}"#,
        )
        .unwrap();
        let parts: Vec<_> = commands
            .iter()
            .map(|c| (c.name.as_str(), c.method.as_str(), c.params.clone()))
            .collect();
        assert_eq!(
            parts,
            [
                (
                    "z",
                    "crm.lead.list",
                    json!({"filter": {">ID": "5"}, "select": ["ID"]})
                ),
                ("a", "user.current", json!({})),
                ("m", "crm.lead.get", json!({"id": "$result[z][0][ID]"})),
            ]
        );
    }

    #[test]
    fn a_query_is_read_as_a_portal_reads_it() {
        let text = r#"["x.add?t=%D0%B0+b%2Bc&select[]=A&select[]=B&n=100%&e=&"]"#;
        let commands = read(text).unwrap();
        let expected = json!({"t": "а b+c", "select": ["A", "B"], "n": "100%", "e": ""});
        assert_eq!(commands[0].params, expected);
    }

    #[test]
    fn a_list_has_its_numbers_as_names() {
        let commands = read(r#"["user.current", ["crm.lead.get", {"id": 1}]]"#).unwrap();
        assert_eq!(
            (commands[0].name.as_str(), commands[1].name.as_str()),
            ("0", "1")
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_and_not_left_out() {
        for (text, what) in [
            ("7", "an object of commands"),
            (r#"{"a": 7}"#, "\"a\" is none of"),
            (r#"{"a": {"params": {}}}"#, "no method"),
            (r#"{"a": {"method": "x.y", "parmas": {}}}"#, "parmas"),
            (r#"{"a": {"method": "x.y", "params": 7}}"#, "not an object"),
            (r#"{"a": ["x.y", {}, {}]}"#, "none of"),
            (r#"{"a": "user.current", "a": "user.get"}"#, "\"a\" twice"),
            (r#"{"a": ["x.y", {"f": 1, "f": 2}]}"#, "\"f\" twice"),
            (r#"{"a": "https://p.ru/rest/1/c/x.y"}"#, "an address"),
            (r#"{"a": "x.list?filter[<=ID]=5"}"#, "the name \"filter[<\""),
            (r#"{"a": "x.add?T=a%ffb"}"#, "the value \"a%ffb\""),
            (r#"{"a": "x.add?T=%c3"}"#, "not text in UTF-8"),
            (r#"{"a": "x.add?%ff=1"}"#, "the name \"%ff\""),
            (r#"{"a": "x.add?T%00U=b"}"#, "where the zero byte is"),
            (r#"{"a": "x.add?T=a\u0000b&U=c"}"#, "where the zero byte is"),
            (r#"{"a": "x.get?id=5&id=6"}"#, "\"id\" twice"),
            (r#"{"a": "x.get?f[A]=5&f%5BA%5D=6"}"#, "\"f%5BA%5D\" twice"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
