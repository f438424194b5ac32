//! JSON as text: the white space between its tokens is changed, its tokens never are.
//!
//! Rows are written as the portal wrote them. Parsing them and writing them again would be slower, and would change
//! numbers and escapes that somebody may compare.

use brimful::Page;

/// Whether `json` has line breaks, and so would not be one line. Inside strings JSON has none.
fn is_one_line(json: &[u8]) -> bool {
    memchr::memchr2(b'\n', b'\r', json).is_none()
}

/// Appends the rows of a page, a line each.
pub(crate) fn write_lines(out: &mut Vec<u8>, page: &Page) {
    if page.may_have_line_breaks() {
        return page.raw().for_each(|row| write_line(out, row));
    }
    for row in page.raw() {
        out.extend_from_slice(row);
        out.push(b'\n');
    }
}

/// Appends `json` as one line, with its end.
pub(crate) fn write_line(out: &mut Vec<u8>, json: &[u8]) {
    write_one_line(out, json);
    out.push(b'\n');
}

/// Appends `json` as it is, unless it has line breaks.
pub(crate) fn write_one_line(out: &mut Vec<u8>, json: &[u8]) {
    if is_one_line(json) {
        out.extend_from_slice(json);
    } else {
        write_compact(out, json);
    }
}

/// Appends `json` without the white space between its tokens.
pub(crate) fn write_compact(out: &mut Vec<u8>, json: &[u8]) {
    let mut tokens = Tokens::default();
    out.extend(
        json.iter()
            .copied()
            .filter(|&b| tokens.takes(b) || !is_space(b)),
    );
}

/// `json` with a line for every member and item.
pub(crate) fn pretty(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 2);
    let mut tokens = Tokens::default();
    let mut depth = 0_usize;
    let mut compact = Vec::with_capacity(json.len());
    write_compact(&mut compact, json);
    for (at, &b) in compact.iter().enumerate() {
        if tokens.takes(b) {
            out.push(b);
            continue;
        }
        let empty = matches!(
            (b, compact.get(at + 1)),
            (b'{', Some(b'}')) | (b'[', Some(b']'))
        );
        match b {
            b'{' | b'[' => {
                depth += 1;
                out.push(b);
                if !empty {
                    break_line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if !matches!(out.last(), Some(b'{' | b'[')) {
                    break_line(&mut out, depth);
                }
                out.push(b);
            }
            b',' => {
                out.push(b);
                break_line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => out.push(b),
        }
    }
    out
}

fn break_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r')
}

/// Tells strings from what is between them.
#[derive(Default)]
struct Tokens {
    inside: bool,
    escaped: bool,
}

impl Tokens {
    /// Whether `b` belongs to a string, its quotes included.
    fn takes(&mut self, b: u8) -> bool {
        if !self.inside {
            self.inside = b == b'"';
            return self.inside;
        }
        match b {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => self.inside = false,
            _ => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compact(json: &str) -> String {
        let mut out = Vec::new();
        write_compact(&mut out, json.as_bytes());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn white_space_goes_and_strings_stay() {
        assert_eq!(
            compact("{\n  \"A b\": \"c \\\" d\\\\\",\r\n\t\"N\" : 1.10\n}"),
            r#"{"A b":"c \" d\\","N":1.10}"#
        );
    }

    #[test]
    fn pretty_json_has_a_line_for_every_member() {
        let shown = pretty(br#"{"a":[1,{"b":"{x, y}"}],"c":[],"d":{ }}"#);
        assert_eq!(
            String::from_utf8(shown).unwrap(),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"{x, y}\"\n    }\n  ],\n  \"c\": [],\n  \"d\": {}\n}"
        );
    }

    #[test]
    fn compacting_what_was_made_pretty_gives_it_back() {
        let json = r#"{"result":[{"ID":"1","TITLE":"a\/b \u0022c\u0022"}],"time":{"start":1.5}}"#;
        assert_eq!(
            compact(&String::from_utf8(pretty(json.as_bytes())).unwrap()),
            json
        );
    }
}
