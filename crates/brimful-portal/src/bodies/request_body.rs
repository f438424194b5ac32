//! Request bodies: JSON where the media type says so, forms in all other cases.

use brimful_protocol::{Array, Value, query};

use crate::context::MethodError;
use crate::context::errors;

/// More values than this in a request are refused: parsed, each takes many times the memory that it takes to send.
pub(crate) const MOST_VALUES: usize = 500_000;

/// How many values a form makes, at the most: each part is one, and each bracket in its name one more.
pub(crate) fn values_in_form(form: &[u8]) -> usize {
    if form.len() <= MOST_VALUES {
        return 0;
    }
    form.split(|&byte| byte == b'&')
        .map(|part| {
            let name = memchr::memchr(b'=', part).map_or(part, |at| &part[..at]);
            let escaped = memchr::memchr_iter(b'%', name).filter(|&at| {
                name[at..].len() > 2 && name[at + 1..at + 3].eq_ignore_ascii_case(b"5b")
            });
            1 + memchr::memchr_iter(b'[', name).count() + escaped.count()
        })
        .sum()
}

/// How many values JSON makes, at the most: each follows a comma or a bracket outside of strings.
pub(crate) fn values_in_json(json: &[u8]) -> usize {
    if json.len() <= MOST_VALUES {
        return 0;
    }
    let mut values = 1;
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        match byte {
            b',' | b'[' | b'{' => values += 1,
            b'"' => {
                at += 1;
                while let Some(next) =
                    memchr::memchr2(b'"', b'\\', json.get(at..).unwrap_or_default())
                {
                    at += next;
                    if json[at] == b'"' {
                        break;
                    }
                    at += 2;
                }
                if json.get(at) != Some(&b'"') {
                    break;
                }
            }
            _ => {}
        }
        at += 1;
    }
    values
}

/// The parameters in `body`. JSON that does not parse is no error but no parameters: the method runs with those of the
/// query alone. A list becomes parameters 0, 1, 2…
pub(crate) fn parse(content_type: &str, body: &[u8]) -> Result<Array, MethodError> {
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if media_type == "application/json" || media_type.contains("+json") {
        return json(body);
    }
    if media_type == "multipart/form-data"
        && let Some(boundary) = boundary(content_type)
    {
        return form(multipart(&boundary, body).as_bytes());
    }
    form(body)
}

fn form(body: &[u8]) -> Result<Array, MethodError> {
    if values_in_form(body) > MOST_VALUES {
        return Err(errors::too_large());
    }
    Ok(query::decode(body))
}

fn json(body: &[u8]) -> Result<Array, MethodError> {
    if values_in_json(body) > MOST_VALUES {
        return Err(errors::too_large());
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Array(params)) => Ok(params),
        // Not documented: what a portal says to JSON of more levels than it reads, and how many those are (PHP reads 512
        // unless told otherwise, this portal 128). It is refused here, so that nobody takes it for an empty call; other
        // malformed JSON is swallowed, as the specification has it.
        Err(error) if error.to_string().starts_with("recursion limit") => Err(MethodError::new(
            400,
            "INVALID_REQUEST",
            "Maximum stack depth exceeded",
        )),
        Ok(_) | Err(_) => Ok(Array::new()),
    }
}

fn boundary(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("boundary") && !value.is_empty())
            .then(|| value.to_owned())
    })
}

/// The fields of a form, one from each part. Files are not parameters. The names nest as they do in a query, so the
/// fields are read as one.
fn multipart(boundary: &str, body: &[u8]) -> String {
    let delimiter = format!("--{boundary}");
    let mut form = String::new();
    let mut at = memchr::memmem::find(body, delimiter.as_bytes());
    while let Some(start) = at.map(|at| at + delimiter.len()) {
        let rest = &body[start..];
        let end = memchr::memmem::find(rest, delimiter.as_bytes());
        let part = &rest[..end.unwrap_or(rest.len())];
        if let Some((name, value)) = field(part) {
            escape(&mut form, name.as_bytes());
            form.push('=');
            escape(&mut form, value);
            form.push('&');
        }
        at = end.map(|end| start + end);
    }
    form
}

fn field(part: &[u8]) -> Option<(String, &[u8])> {
    let part = part.strip_prefix(b"\r\n")?;
    let blank = memchr::memmem::find(part, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&part[..blank]);
    let value = &part[blank + 4..];
    let value = value.strip_suffix(b"\r\n").unwrap_or(value);
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    let attribute = |wanted: &str| {
        disposition.split(';').find_map(|attribute| {
            let (name, value) = attribute.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case(wanted)
                .then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    if attribute("filename").is_some() {
        return None;
    }
    Some((attribute("name")?, value))
}

fn escape(out: &mut String, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &b in bytes {
        if b.is_ascii_alphanumeric() {
            out.push(b as char);
        } else {
            out.push('%');
            out.push(HEX[usize::from(b >> 4)] as char);
            out.push(HEX[usize::from(b & 15)] as char);
        }
    }
}

/// Parameters of the query and of the body together. The body wins on the same top-level key; nothing is merged below.
pub(crate) fn merge(mut query: Array, body: Array) -> Array {
    for (key, value) in body {
        query.insert(key, value);
    }
    query
}

#[cfg(test)]
mod tests {
    use brimful_protocol::json::to_string;

    use super::*;

    fn parsed(content_type: &str, body: &str) -> String {
        to_string(&Value::Array(parse(content_type, body.as_bytes()).unwrap()))
    }

    #[test]
    fn json_is_read_only_where_the_media_type_says_so() {
        let body = r#"{"filter":{"ID":1}}"#;
        assert_eq!(parsed("application/json", body), body);
        assert_eq!(parsed("Application/JSON; charset=utf-8", body), body);
        assert_eq!(parsed("application/vnd.api+json", body), body);
        assert_ne!(parsed("text/plain", body), body);
        assert_ne!(parsed("", body), body);
    }

    #[test]
    fn forms_are_read_whatever_the_media_type() {
        let body = "halt=0&&cmd[a]=m%3Fx&cmd[b]=n%3F&";
        for media_type in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded; charset=UTF-8",
            "multipart/form-data",
        ] {
            assert_eq!(
                parsed(media_type, body),
                r#"{"halt":"0","cmd":{"a":"m?x","b":"n?"}}"#
            );
        }
    }

    #[test]
    fn broken_json_is_no_parameters_and_no_error() {
        for body in [
            "{",
            "",
            "{\"a\":1}}",
            "\"text\"",
            "12",
            "null",
            "\u{feff}{}",
        ] {
            assert_eq!(parsed("application/json", body), "[]");
        }
        assert!(
            parse("application/json", b"{\"a\":\"\xff\"}")
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn a_json_list_is_positional_parameters() {
        let body = r#"[{"ID":"asc"},{"\u003EID":1},["ID"]]"#;
        assert_eq!(parsed("application/json", body), body);
    }

    #[test]
    fn json_that_nests_too_deep_is_an_error_and_no_crash() {
        for depth in [200, 10_000, 100_000] {
            let body = "[".repeat(depth) + &"]".repeat(depth);
            assert_eq!(
                parse("application/json", body.as_bytes())
                    .unwrap_err()
                    .status,
                400
            );
            let body = "{\"a\":".repeat(depth);
            assert_eq!(
                parse("application/json", body.as_bytes())
                    .unwrap_err()
                    .status,
                400
            );
        }
    }

    #[test]
    fn more_values_than_a_portal_holds_are_refused_and_long_texts_are_not() {
        let status = |media_type: &str, body: &str| {
            parse(media_type, body.as_bytes()).map_or_else(|error| error.status, |_| 200)
        };
        let json = "application/json";
        let text = "a,b[c{\\\"\\\\,".repeat(300_000);
        assert_eq!(status(json, &format!("[{}0]", "0,".repeat(600_000))), 413);
        assert_eq!(status(json, &format!("[{}0]", "{},".repeat(600_000))), 413);
        assert_eq!(status(json, &format!("[{}0]", "0,".repeat(300_000))), 200);
        assert_eq!(status(json, &format!("{{\"a\":\"{text}\"}}")), 200);
        assert_eq!(status(json, &format!("{{\"a\":\"{text}")), 200);
        assert_eq!(status("", &"a[]&".repeat(300_000)), 413);
        assert_eq!(status("", &"a%5b%5D&".repeat(300_000)), 413);
        assert_eq!(status("", &"a=1&".repeat(600_000)), 413);
        assert_eq!(status("", &"a=1&".repeat(300_000)), 200);
        assert_eq!(status("", &format!("a={}", "[%5B".repeat(600_000))), 200);
        let part = "--x\r\nContent-Disposition: form-data; name=a[]\r\n\r\n1\r\n";
        assert_eq!(
            status("multipart/form-data; boundary=x", &part.repeat(300_000)),
            413
        );
    }

    #[test]
    fn a_multipart_form_has_a_field_in_each_part_and_no_files() {
        let body = "--XX\r\nContent-Disposition: form-data; name=\"filter[>ID]\"\r\n\r\n10 & 20\r\n\
                    --XX\r\ncontent-disposition: form-data; name=select[]\r\nContent-Type: text/plain\r\n\r\nID\r\n\
                    --XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nfile\r\n\
                    --XX\r\nContent-Disposition: form-data; name=\"lines\"\r\n\r\na\r\nb\r\n--XX--\r\n";
        let expected = r#"{"filter":{"\u003EID":"10 \u0026 20"},"select":["ID"],"lines":"a\r\nb"}"#;
        assert_eq!(
            parsed("multipart/form-data; boundary=\"XX\"", body),
            expected
        );
        assert_eq!(parsed("multipart/form-data; boundary=XX", "--XX"), "[]");
    }

    #[test]
    fn the_body_wins_over_the_query_key_by_key_and_not_below() {
        let merged = merge(
            query::decode(b"filter[A]=1&start=5"),
            query::decode(b"filter[B]=2&z=1"),
        );
        assert_eq!(
            to_string(&Value::Array(merged)),
            r#"{"filter":{"B":"2"},"start":"5","z":"1"}"#
        );
    }
}
