//! PHP's query strings, both ways: `http_build_query` and `parse_str`.
//!
//! Checked against PHP 8.2 by the vectors in `tests/data/php-vectors.json`.

use serde_json::Value as Json;

use crate::float::float_text;
use crate::value::{Array, Value};

/// PHP's `max_input_nesting_level`: a name with more brackets is dropped, with all that came under its first part.
const MAX_NESTING: usize = 64;

/// Encodes parameters as `http_build_query` does: nested keys in brackets, a space as `+`, booleans as 1 and 0.
/// `null`, `[]` and `{}` vanish, as they do in PHP: a caller who means them has to send a JSON body.
///
/// ```
/// use brimful_protocol::query;
/// let params = serde_json::json!({"filter": {">ID": 100}, "select": ["ID", "TITLE"]});
/// assert_eq!(query::encode(&params), "filter%5B%3EID%5D=100&select%5B0%5D=ID&select%5B1%5D=TITLE");
/// ```
pub fn encode(params: &Json) -> String {
    let mut out = String::new();
    let mut name = String::new();
    let mut top = |key: &str, value| {
        name.clear();
        escape(&mut name, key);
        encode_entry(&mut out, &mut name, value);
    };
    match params {
        Json::Object(map) => map.iter().for_each(|(key, value)| top(key, value)),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(i, value)| top(&i.to_string(), value)),
        _ => {}
    }
    out
}

/// Writes what is under `name`, which grows by a bracket for every level and comes back as it was.
fn encode_entry(out: &mut String, name: &mut String, value: &Json) {
    let mut inside = |key: &str, item| {
        let length = name.len();
        name.push_str("%5B");
        escape(name, key);
        name.push_str("%5D");
        encode_entry(out, name, item);
        name.truncate(length);
    };
    match value {
        Json::Null => {}
        Json::Bool(b) => pair(out, name, if *b { "1" } else { "0" }),
        Json::Number(n) if n.is_f64() => pair(out, name, &float_text(n.as_f64().unwrap_or(0.0))),
        Json::Number(n) => pair(out, name, &n.to_string()),
        Json::String(s) => pair(out, name, s),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(i, item)| inside(&i.to_string(), item)),
        Json::Object(map) => map.iter().for_each(|(key, item)| inside(key, item)),
    }
}

/// The first value in `params` that [`encode`] would drop (a null, an empty list, an empty map), and where it is: what
/// and its path in brackets. A filter that loses a value this way loses the condition with it.
///
/// ```
/// use brimful_protocol::query;
/// let filter = serde_json::json!({"STAGE_ID": "NEW", "@ID": []});
/// assert_eq!(query::vanishing(&filter), Some(("the empty list", "[@ID]".to_owned())));
/// ```
pub fn vanishing(params: &Json) -> Option<(&'static str, String)> {
    let inside = |key: &str, item: &Json| {
        vanishing(item).map(|(what, path)| (what, format!("[{key}]{path}")))
    };
    match params {
        Json::Null => Some(("null", String::new())),
        Json::Array(items) if items.is_empty() => Some(("the empty list", String::new())),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(i, item)| inside(&i.to_string(), item)),
        Json::Object(map) => map.iter().find_map(|(key, item)| match item {
            Json::Object(map) if map.is_empty() => Some(("the empty map", format!("[{key}]"))),
            item => inside(key, item),
        }),
        _ => None,
    }
}

fn pair(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    out.push_str(name);
    out.push('=');
    escape(out, value);
}

/// `text` percent-encoded as PHP's `urlencode` and `http_build_query` do: a space is `+`, and only letters, digits and
/// `-_.` stay as they are.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 2);
    escape(&mut out, text);
    out
}

fn escape(out: &mut String, text: &str) {
    for &b in text.as_bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(b as char),
            b' ' => out.push('+'),
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(HEX[(b >> 4) as usize] as char);
                out.push(HEX[(b & 15) as usize] as char);
            }
        }
    }
}

/// Decodes a query string or a form body as `parse_str` does. Never fails: what PHP drops is dropped.
///
/// ```
/// use brimful_protocol::{query, json, Value};
/// let params = query::decode(b"filter[%3EID]=100&select[]=ID");
/// assert_eq!(json::to_string(&Value::Array(params)), r#"{"filter":{"\u003EID":"100"},"select":["ID"]}"#);
/// ```
pub fn decode(query: &[u8]) -> Array {
    let mut params = Array::new();
    // To PHP the whole is C text.
    let query = memchr::memchr(0, query).map_or(query, |nul| &query[..nul]);
    for part in query.split(|&b| b == b'&') {
        if part.is_empty() {
            continue;
        }
        let (name, value) = match memchr::memchr(b'=', part) {
            Some(at) => (&part[..at], &part[at + 1..]),
            None => (part, &part[part.len()..]),
        };
        register(&mut params, unescaped(name), text(unescaped(value)));
    }
    params
}

/// Percent-decodes `bytes`; `+` is a space, and a `%` that no two hex digits follow stays.
pub fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |i: usize| bytes.get(i).and_then(|b| (*b as char).to_digit(16));
        match bytes[at] {
            b'+' => out.push(b' '),
            b'%' => match (hex(at + 1), hex(at + 2)) {
                (Some(high), Some(low)) => {
                    out.push((high * 16 + low) as u8);
                    at += 2;
                }
                _ => out.push(b'%'),
            },
            b => out.push(b),
        }
        at += 1;
    }
    out
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

/// Puts one decoded pair in its place. The name is C text: it ends at a NUL; blanks before it are skipped; up to the
/// first bracket `.` and space become `_`; a bracket that is never closed is not an index.
fn register(params: &mut Array, mut name: Vec<u8>, value: String) {
    if let Some(nul) = memchr::memchr(0, &name) {
        name.truncate(nul);
    }
    let name = text(name);
    let name = name.trim_start_matches(' ');
    let base_end = name.find('[').unwrap_or(name.len());
    if base_end == 0 {
        return;
    }
    let (base, mut rest) = name.split_at(base_end);
    let plain = |c: char| if matches!(c, ' ' | '.' | '[') { '_' } else { c };
    let mut path: Vec<Option<String>> = Vec::new();
    let mut head: String = base.chars().map(plain).collect();
    while let Some(inside) = rest.strip_prefix('[') {
        let skipped = inside
            .strip_prefix([' ', '\t', '\n', '\r', '\x0b', '\x0c'])
            .unwrap_or(inside);
        if let Some(after) = skipped.strip_prefix(']') {
            path.push(None);
            rest = after;
        } else if let Some(close) = inside.find(']') {
            path.push(Some(inside[..close].to_owned()));
            rest = &inside[close + 1..];
        } else {
            if path.is_empty() {
                head.push('_');
                head.extend(inside.chars().map(plain));
            }
            break;
        }
        if path.len() > MAX_NESTING {
            params.remove(&head);
            return;
        }
    }
    let mut at = params;
    let mut key = Some(head);
    for step in path {
        let Some(array) = at.array_at(key.as_deref()) else {
            return;
        };
        at = array;
        key = step;
    }
    match key {
        Some(key) => at.insert(key.as_str(), Value::Text(value)),
        None => at.push(Value::Text(value)),
    }
}
