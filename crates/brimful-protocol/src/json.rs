//! JSON as a Bitrix24 portal writes it: PHP's `json_encode` with the flags of the REST module.
//!
//! `< > & ' "` are written as `\u003C \u003E \u0026 \u0027 \u0022`, `/` as `\/`, other characters raw
//! (facts: reply encoding; vectors made by PHP 8.2 are in `tests/data`).

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
        let (digits, exponent) = shortest(f);
        out.extend_from_slice(general(f.is_sign_negative(), &digits, exponent, 17, 'e').as_bytes());
    } else {
        out.push(b'0');
    }
}

/// A float in a string cast or a query: PHP's `%.14G`.
pub fn float_text(f: f64) -> String {
    if f.is_nan() {
        return "NAN".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 {
            "INF".to_owned()
        } else {
            "-INF".to_owned()
        };
    }
    let (digits, exponent) = scientific(&format!("{:.13e}", f.abs()));
    general(f.is_sign_negative(), &digits, exponent, 14, 'E')
}

fn shortest(f: f64) -> (String, i32) {
    scientific(&format!("{:e}", f.abs()))
}

/// Splits `d.ddde±x` into its digits without trailing zeros, and the exponent.
fn scientific(text: &str) -> (String, i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    (digits.to_owned(), exponent.parse().unwrap_or(0))
}

/// PHP's `gcvt`: plain digits, or an exponent when the number has more than `precision` digits before the point or
/// more than three zeros after it.
fn general(negative: bool, digits: &str, exponent: i32, precision: i32, e: char) -> String {
    let mut text = String::new();
    if negative {
        text.push('-');
    }
    let point = exponent + 1;
    if point > precision || point < -3 {
        let (first, rest) = digits.split_at(1);
        let rest = if rest.is_empty() { "0" } else { rest };
        let sign = if exponent < 0 { '-' } else { '+' };
        text.extend([first, ".", rest]);
        text.extend([e, sign]);
        text.push_str(&exponent.unsigned_abs().to_string());
    } else if point <= 0 {
        text.push_str("0.");
        text.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
        text.push_str(digits);
    } else {
        let point = point as usize;
        if digits.len() <= point {
            text.push_str(digits);
            text.extend(std::iter::repeat_n('0', point - digits.len()));
        } else {
            text.push_str(&digits[..point]);
            text.push('.');
            text.push_str(&digits[point..]);
        }
    }
    text
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
