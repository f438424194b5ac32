//! JSON as a Bitrix24 portal writes it: PHP's `json_encode` with the flags of the REST module.
//!
//! `< > & ' "` are written as `\u003C \u003E \u0026 \u0027 \u0022`, `/` as `\/`, other characters raw,
//! as portals of 2026 were seen to write them. Vectors made by PHP 8.2 are in `tests/data`.

pub use crate::float::float_text;
use crate::float::shortest;
use crate::value::{Key, Value};

/// Appends `value` as JSON.
pub fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(i) => write_int(out, *i),
        Value::Float(f) => write_float(out, *f),
        Value::Text(s) => write_string(out, s),
        Value::Array(array) if array.is_list() => {
            out.push(b'[');
            for (i, item) in array.values().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(out, item);
            }
            out.push(b']');
        }
        Value::Array(array) => {
            out.push(b'{');
            for (i, (key, item)) in array.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_key(out, key);
                out.push(b':');
                write(out, item);
            }
            out.push(b'}');
        }
    }
}

/// `value` as JSON text.
pub fn to_string(value: &Value) -> String {
    let mut out = Vec::new();
    write(&mut out, value);
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends a key of a JSON object.
pub fn write_key(out: &mut Vec<u8>, key: &Key) {
    match key {
        Key::Int(i) => {
            out.push(b'"');
            write_int(out, *i);
            out.push(b'"');
        }
        Key::Text(s) => write_string(out, s),
    }
}

/// Appends an integer.
pub fn write_int(out: &mut Vec<u8>, i: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = i.unsigned_abs();
    while rest >= 100 {
        at -= 2;
        let pair = (rest % 100) as u8;
        digits[at] = b'0' + pair / 10;
        digits[at + 1] = b'0' + pair % 10;
        rest /= 100;
    }
    at -= 1;
    digits[at] = b'0' + (rest % 10) as u8;
    if rest >= 10 {
        at -= 1;
        digits[at] = b'0' + (rest / 10) as u8;
    }
    if i < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a float as `json_encode` does: the shortest digits that read back, no fraction where there is none.
pub fn write_float(out: &mut Vec<u8>, f: f64) {
    if f.is_finite() {
        out.extend_from_slice(shortest(f).as_bytes());
    } else {
        out.push(b'0');
    }
}

/// Appends a JSON string.
pub fn write_string(out: &mut Vec<u8>, s: &str) {
    out.push(b'"');
    write_escaped(out, s);
    out.push(b'"');
}

/// Appends the inside of a JSON string.
pub fn write_escaped(out: &mut Vec<u8>, s: &str) {
    let bytes = s.as_bytes();
    let mut from = 0;
    for (at, &b) in bytes.iter().enumerate() {
        // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
        let separator = b == 0xE2 && matches!(bytes.get(at + 1..at + 3), Some([0x80, 0xA8 | 0xA9]));
        if !ESCAPED[b as usize] && !separator {
            continue;
        }
        out.extend_from_slice(&bytes[from..at]);
        from = at + 1;
        match b {
            b'/' => out.extend_from_slice(b"\\/"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'<' => out.extend_from_slice(b"\\u003C"),
            b'>' => out.extend_from_slice(b"\\u003E"),
            b'&' => out.extend_from_slice(b"\\u0026"),
            b'\'' => out.extend_from_slice(b"\\u0027"),
            b'"' => out.extend_from_slice(b"\\u0022"),
            0xE2 => {
                out.extend_from_slice(if bytes[at + 2] == 0xA8 {
                    b"\\u2028"
                } else {
                    b"\\u2029"
                });
                from = at + 3;
            }
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(&bytes[from..]);
}

const ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = true;
        control += 1;
    }
    let special = b"/\\<>&'\"";
    let mut i = 0;
    while i < special.len() {
        table[special[i] as usize] = true;
        i += 1;
    }
    table
};
