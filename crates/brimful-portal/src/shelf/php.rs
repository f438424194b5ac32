//! How PHP writes what was recorded: its escapes, and lists for what has the keys 0, 1, 2…
//!
//! An empty object stays one, although no PHP array is written so: whoever recorded it saw an object.

use brimful_protocol::{Value, json};
use serde_json::{Map, Value as Json};

/// Appends a value.
pub(super) fn write(out: &mut Vec<u8>, value: &Json) {
    match value {
        Json::Array(items) => write_list(out, items),
        Json::Object(map) if map.is_empty() => out.extend_from_slice(b"{}"),
        Json::Object(map) if is_list(map) => write_list(out, map.values()),
        Json::Object(map) => write_map(out, map, |_| true),
        Json::String(text) => json::write_string(out, text),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (None, Some(large)) => out.extend_from_slice(large.to_string().as_bytes()),
            _ => json::write(out, &Value::from(value.clone())),
        },
        Json::Null | Json::Bool(_) => json::write(out, &Value::from(value.clone())),
    }
}

/// Appends the entries of an object whose keys are wanted.
pub(super) fn write_map(out: &mut Vec<u8>, map: &Map<String, Json>, wanted: impl Fn(&str) -> bool) {
    out.push(b'{');
    let start = out.len();
    for (key, value) in map.iter().filter(|(key, _)| wanted(key)) {
        if out.len() > start {
            out.push(b',');
        }
        json::write_string(out, key);
        out.push(b':');
        write(out, value);
    }
    out.push(b'}');
}

fn write_list<'j>(out: &mut Vec<u8>, items: impl IntoIterator<Item = &'j Json>) {
    out.push(b'[');
    let start = out.len();
    for item in items {
        if out.len() > start {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

fn is_list(map: &Map<String, Json>) -> bool {
    map.keys()
        .enumerate()
        .all(|(place, key)| *key == place.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_values_are_written_as_php_writes_them() {
        for (recorded, written) in [
            (
                r#"{"a":"<b> & c/d"}"#,
                r#"{"a":"\u003Cb\u003E \u0026 c\/d"}"#,
            ),
            (r#"{"0":1,"1":"x"}"#, r#"[1,"x"]"#),
            (r#"{"1":1,"0":2}"#, r#"{"1":1,"0":2}"#),
            (r#"{"at":{},"of":[]}"#, r#"{"at":{},"of":[]}"#),
            (
                "[1.5,18446744073709551615,null,true]",
                "[1.5,18446744073709551615,null,true]",
            ),
        ] {
            let mut out = Vec::new();
            write(&mut out, &serde_json::from_str(recorded).unwrap());
            assert_eq!(String::from_utf8(out).unwrap(), written);
        }
    }
}
