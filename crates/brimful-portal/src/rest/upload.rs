//! `/rest/upload.json?auth=…&token=…` and `/rest/{user}/{code}/upload/?token=…`: the content of a file whose name a method
//! was told before, as a form. It is the call of that method with the content in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brimful_protocol::{Array, Value, query};
use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;

use crate::bodies::request;
use crate::calls::Backend;
use crate::calls::callers::Presented;
use crate::calls::links::upload_token;
use crate::context::{MethodError, errors};

/// The method that takes the file, its parameters, and what the request presents.
pub(super) fn call(
    backend: &Backend,
    request: &Request<Bytes>,
    webhook: Option<(String, String)>,
) -> Result<(&'static str, Array, Presented), MethodError> {
    let mut params = query::decode(request.uri().query().unwrap_or_default().as_bytes());
    let given = params.get("token").map(Value::to_text).unwrap_or_default();
    if given.is_empty() {
        return Err(errors::method_not_found());
    }
    let presented = request::presented(request, webhook, &mut params);
    let denied = || MethodError::new(403, "ACCESS_DENIED", "Access denied!");
    let what = given
        .split('|')
        .nth(1)
        .and_then(|what| STANDARD.decode(what).ok())
        .and_then(|what| String::from_utf8(what).ok())
        .filter(|what| upload_token(&backend.context, &presented, what) == given)
        .ok_or_else(denied)?;
    let about = query::decode(what.as_bytes());
    let text = |name: &str| about.get(name).map(Value::to_text).unwrap_or_default();
    let media_type = request.headers().get(CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let (name, content) = file(media_type.unwrap_or_default(), request.body())
        .ok_or_else(|| MethodError::new(400, "ERROR_CORE", "There is no file in the request"))?;
    let encoded = STANDARD.encode(content);
    let mut params = Array::new();
    let method = match text("action").as_str() {
        "attachRecord" => {
            params.insert("CALL_ID", text("CALL_ID"));
            params.insert("FILENAME", text("FILENAME"));
            params.insert("FILE_CONTENT", encoded);
            "telephony.externalcall.attachrecord"
        }
        action => {
            params.insert("id", text("id"));
            params.insert("data", Array::from_iter([("NAME", name.as_str())]));
            let pair: Value = [name.as_str(), encoded.as_str()].into_iter().collect();
            params.insert("fileContent", pair);
            params.insert("generateUniqueName", true);
            if action == "uploadToStorage" {
                "disk.storage.uploadfile"
            } else {
                "disk.folder.uploadfile"
            }
        }
    };
    Ok((method, params, presented))
}

/// The first file in a form: its name and its content.
fn file<'b>(media_type: &str, body: &'b [u8]) -> Option<(String, &'b [u8])> {
    let (_, boundary) = media_type.split_once("boundary=")?;
    let boundary = boundary.split(';').next().unwrap_or(boundary);
    let delimiter = format!("\r\n--{}", boundary.trim().trim_matches('"'));
    let delimiter = delimiter.as_bytes();
    // No line end stands before the first one, unless there is a preamble.
    let mut rest = match body.strip_prefix(&delimiter[2..]) {
        Some(rest) => rest,
        None => split_at_delimiter(body, delimiter)?.1,
    };
    loop {
        let head = find(rest, b"\r\n\r\n")?;
        let headers = String::from_utf8_lossy(&rest[..head]);
        let (content, after) = split_at_delimiter(&rest[head + 4..], delimiter)?;
        rest = after;
        let Some((_, name)) = headers.split_once("filename=\"") else {
            continue;
        };
        let name = name.split('"').next().unwrap_or_default();
        return Some((name.to_owned(), content));
    }
}

/// What stands before the next delimiter, and what behind it. Content may have the same letters, but not at the beginning
/// of a line that ends with them.
fn split_at_delimiter<'b>(body: &'b [u8], delimiter: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let mut from = 0;
    loop {
        let at = from + find(&body[from..], delimiter)?;
        let after = &body[at + delimiter.len()..];
        let padding = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
        let line_end = &after[padding.count()..];
        if after.starts_with(b"--") || line_end.starts_with(b"\r\n") {
            return Some((&body[..at], after));
        }
        from = at + delimiter.len();
    }
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(within, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content_of(content: &str) -> Option<(String, String)> {
        let body = format!(
            "--marker\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--marker\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"x.txt\"\r\n\r\n{content}\r\n--marker--\r\n"
        );
        let (name, content) = file("multipart/form-data; boundary=marker", body.as_bytes())?;
        Some((name, String::from_utf8(content.to_vec()).unwrap()))
    }

    #[test]
    fn a_file_is_whole_whatever_it_contains_of_the_boundary() {
        for content in [
            "",
            "hello",
            "a --marker b",
            "--marker",
            "--marker--\r\n",
            "a\n--marker\r\nb",
            "a\r\n--markers\r\nb",
            "a\r\n--marker-\r\n",
            "ends with a line\r\n",
            "\r\n\r\n",
        ] {
            let found = content_of(content);
            assert_eq!(found, Some(("x.txt".to_owned(), content.to_owned())));
        }
    }

    #[test]
    fn a_form_may_have_a_preamble_and_a_boundary_in_quotes() {
        let body = b"ignored\r\n--a b \r\nContent-Disposition: form-data; filename=\"x\"\r\n\r\n1\r\n--a b--";
        let found = file("multipart/form-data; boundary=\"a b\"", body);
        assert_eq!(found, Some(("x".to_owned(), &b"1"[..])));
        assert_eq!(file("multipart/form-data", body), None);
        assert_eq!(file("multipart/form-data; boundary=c", body), None);
    }
}
