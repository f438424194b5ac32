//! JSON as the server escapes it: `/` is `\/`, control characters are `\u00xx` without shorthands, characters beyond the
//! basic plane are pairs of surrogates, and anything else is raw.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// `value` as the server writes it.
///
/// ```
/// let value = serde_json::json!({"avatar": "/data/я.png", "notes": "a\nb"});
/// assert_eq!(
///     brimful_r7_protocol::json::to_string(&value),
///     r#"{"avatar":"\/data\/я.png","notes":"a\u000ab"}"#
/// );
/// ```
pub fn to_string(value: &Json) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

/// Appends `value` as the server writes it.
pub fn write(out: &mut String, value: &Json) {
    match value {
        Json::String(text) => write_string(out, text),
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (at, (key, member)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_string(out, key);
                out.push(':');
                write(out, member);
            }
            out.push('}');
        }
        plain => {
            let _ = write!(out, "{plain}");
        }
    }
}

/// Appends a string in its quotes.
pub fn write_string(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' => out.push_str("\\/"),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            '\u{10000}'.. => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
