//! What the head of an answer says of the file behind it.

use brimful_protocol::query;
use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
};
use http::{HeaderMap, HeaderName};

/// What the head of an answer says of the file behind it.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    pub(super) name: Option<String>,
    pub(super) media_type: Option<String>,
    /// The bytes of the whole file.
    pub(super) size: Option<u64>,
    /// What tells this content of the file from any other, byte by byte.
    pub(super) etag: Option<String>,
    pub(super) ranges: bool,
    /// It says that it is a file to keep, and not a page.
    pub(super) attached: bool,
}

impl Head {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| headers.get(name)?.to_str().ok();
        // A name in UTF-8 need not be escaped by every server.
        let disposition = headers
            .get(CONTENT_DISPOSITION)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Self {
            name: disposition.as_deref().and_then(file_name),
            media_type: text(CONTENT_TYPE).map(|kind| {
                let kind = kind.split(';').next().unwrap_or_default();
                kind.trim().to_ascii_lowercase()
            }),
            size: match text(CONTENT_RANGE) {
                Some(range) => range.rsplit('/').next().and_then(|size| size.parse().ok()),
                None => text(CONTENT_LENGTH).and_then(|size| size.parse().ok()),
            },
            // A weak one is the same for contents that only mean the same.
            etag: text(ETAG)
                .filter(|etag| !etag.starts_with("W/"))
                .map(str::to_owned),
            ranges: text(ACCEPT_RANGES).is_some_and(|unit| unit.eq_ignore_ascii_case("bytes")),
            attached: disposition.is_some(),
        }
    }

    /// Where the part that comes begins.
    pub(super) fn range_start(headers: &HeaderMap) -> Option<u64> {
        let range = headers.get(CONTENT_RANGE)?.to_str().ok()?;
        range
            .strip_prefix("bytes ")?
            .split('-')
            .next()?
            .parse()
            .ok()
    }
}

/// The name in a `Content-Disposition`, without any folder.
fn file_name(disposition: &str) -> Option<String> {
    let mut plain = None;
    let mut extended = None;
    for part in disposition.split(';').skip(1) {
        let Some((name, value)) = part.split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "filename" => plain = Some(unescaped(value)),
            "filename*" => {
                let text = value.splitn(3, '\'').nth(2)?;
                extended = Some(unescaped(text));
            }
            _ => {}
        }
    }
    let name = extended.or(plain)?;
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    (!matches!(name, "" | "." | "..")).then(|| name.to_owned())
}

fn unescaped(text: &str) -> String {
    let bytes = query::unescaped(text.replace('+', "%2B").as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_has_no_folder_in_it() {
        for (disposition, name) in [
            ("attachment; filename=\"a.txt\"", Some("a.txt")),
            (
                "attachment; filename=\"x\"; filename*=utf-8''%D0%B0%20b.txt",
                Some("а b.txt"),
            ),
            ("attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            ("attachment; filename=\"..\"", None),
            ("inline", None),
        ] {
            assert_eq!(file_name(disposition).as_deref(), name, "{disposition}");
        }
    }
}
