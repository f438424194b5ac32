//! Floats as PHP writes them.

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

/// The shortest digits that read back, as PHP's `json_encode` writes a number that is finite.
pub(crate) fn shortest(f: f64) -> String {
    let (digits, exponent) = scientific(&format!("{:e}", f.abs()));
    general(f.is_sign_negative(), &digits, exponent, 17, 'e')
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
