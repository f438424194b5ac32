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
    let marker = format!("--{}", boundary.trim().trim_matches('"'));
    let mut rest = body;
    loop {
        let from = find(rest, marker.as_bytes())? + marker.len();
        let part = rest.get(from..)?;
        let until = find(part, marker.as_bytes())?;
        let (one, after) = part.split_at(until);
        rest = after;
        let head = find(one, b"\r\n\r\n")?;
        let headers = String::from_utf8_lossy(&one[..head]);
        let Some((_, name)) = headers.split_once("filename=\"") else {
            continue;
        };
        let name = name.split('"').next().unwrap_or_default();
        let content = &one[head + 4..];
        let content = content.strip_suffix(b"\r\n").unwrap_or(content);
        return Some((name.to_owned(), content));
    }
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}
