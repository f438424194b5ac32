//! Links to files, signed for the caller who got them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brimful_protocol::{Array, Value, query};
use bytes::Bytes;
use http::Request;

use crate::calls::callers::Presented;
use crate::context::{Context, Output};
use crate::methods::{
    DOWNLOAD_URL, FILE_URL, OWN_ADDRESS, STORED_FILE, UNSIGNED, UNSIGNED_DOWNLOAD, UPLOAD_URL,
};

/// The name by which links lead here. It is not a method: batches may not hold it.
pub(crate) const DOWNLOAD: &str = "download";
/// The name by which addresses lead here that take files. It is not a method either.
pub(crate) const UPLOAD: &str = "upload";

/// Whether the replies of a method have links to sign, for downloads or uploads. `method` may be spelt in any case.
pub(crate) fn are_in_replies_of(method: &str) -> bool {
    let is_of_the_drive = method
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("disk."));
    let links = [
        "telephony.externalcall.attachrecord",
        "im.v2.file.download",
        "imbot.v2.file.download",
    ];
    let is_another = links.iter().any(|name| method.eq_ignore_ascii_case(name));
    is_of_the_drive || is_another || has_own_address(method) || has_stored_files(method)
}

/// Whether a method shows files of records of the CRM.
fn has_stored_files(method: &str) -> bool {
    const FAMILIES: [&str; 2] = ["crm.item.", "crm.timeline.comment."];
    FAMILIES.iter().any(|family| {
        let start = method.get(..family.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(family))
    })
}

/// Whether a method tells the portal's own address.
fn has_own_address(method: &str) -> bool {
    let names = [
        "voximplant.url.get",
        "imopenlines.config.path.get",
        "crm.invoice.getexternallink",
        "crm.documentgenerator.document.enablepublicurl",
        "documentgenerator.document.enablepublicurl",
    ];
    names.iter().any(|name| method.eq_ignore_ascii_case(name))
}

/// Makes links for one caller.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    address: String,
    presented: Presented,
}

impl Links {
    /// Those of the caller of `method`, if it can give any.
    pub(crate) fn of(
        context: &Context,
        method: &str,
        request: &Request<Bytes>,
        presented: &Presented,
    ) -> Option<Self> {
        // The commands of a batch are known later.
        (are_in_replies_of(method) || method.eq_ignore_ascii_case("batch")).then(|| Self {
            address: context.address.origin(request),
            presented: presented.clone(),
        })
    }

    /// Puts links into the files that a method describes, and the address before a link that it made.
    pub(crate) fn fill(&self, context: &Context, output: Output) -> Output {
        let quoted = format!("\"{STORED_FILE}");
        if memchr::memmem::find(&output.json, quoted.as_bytes()).is_some() {
            return self.fill_stored_files(context, output, quoted.as_bytes());
        }
        let mut described = output.to_value().clone();
        if self.fill_address(&mut described) {
            return Output::value(&described);
        }
        if let Value::Text(path) = &described
            && path.starts_with("/~")
        {
            return Output::value(&Value::Text(format!("{}{path}", self.address)));
        }
        let is_list = output.is_list();
        let Some(map) = described.as_array_mut() else {
            return output;
        };
        if !is_list {
            return if self.fill_one(context, map) {
                Output::value(&described)
            } else {
                output
            };
        }
        let mut is_filled = false;
        for row in map.values_mut().filter_map(Value::as_array_mut) {
            is_filled |= self.fill_one(context, row);
        }
        if is_filled {
            output.with_rows(&described)
        } else {
            output
        }
    }

    /// Puts links in the places of the files that a reply names, wherever they stand in it. `quoted` is how they begin.
    fn fill_stored_files(&self, context: &Context, output: Output, quoted: &[u8]) -> Output {
        let mut json = Vec::with_capacity(output.json.len() + 256);
        let mut starts = output.rows.starts.clone();
        let mut end = output.rows.end;
        let mut rest = output.json.as_slice();
        while let Some(at) = memchr::memmem::find(rest, quoted) {
            let (before, found) = rest.split_at(at);
            let found = &found[quoted.len()..];
            let length = memchr::memchr(b'"', found).unwrap_or(found.len());
            let id = String::from_utf8_lossy(&found[..length]);
            let token = token(context, &self.presented, &format!("f{id}"));
            let link = self.link(DOWNLOAD, &token).unwrap_or_default();
            let place = output.json.len() - rest.len() + at;
            json.extend_from_slice(before);
            let begin = json.len();
            brimful_protocol::json::write_string(&mut json, &link);
            let longer = (json.len() - begin) as u32;
            let shorter = (quoted.len() + length + 1) as u32;
            let moved = |offset: &mut u32, original: u32| {
                if original as usize > place {
                    *offset = *offset + longer - shorter;
                }
            };
            for (offset, original) in starts.iter_mut().zip(&output.rows.starts) {
                moved(offset, *original);
            }
            moved(&mut end, output.rows.end);
            rest = found.get(length + 1..).unwrap_or_default();
        }
        json.extend_from_slice(rest);
        output.with_json(json, starts, end)
    }

    /// Puts the portal's address into a text, or into the texts of a map; says whether there was a place for it.
    fn fill_address(&self, described: &mut Value) -> bool {
        match described {
            Value::Text(text) => {
                let Some(path) = text.strip_prefix(OWN_ADDRESS) else {
                    return false;
                };
                *text = format!("{}{path}", self.address);
                true
            }
            Value::Array(map) => {
                let filled = map.values_mut().map(|value| match value {
                    Value::Text(_) => self.fill_address(value),
                    _ => false,
                });
                filled.fold(false, |any, one| any | one)
            }
            _ => false,
        }
    }

    /// Puts a link into a description of a file; says whether it was one.
    fn fill_one(&self, context: &Context, file: &mut Array) -> bool {
        if let Some(Value::Text(what)) = file.get(UPLOAD_URL)
            && let Some(what) = what.strip_prefix(UNSIGNED)
        {
            let token = upload_token(context, &self.presented, what);
            let Some(link) = self.link(UPLOAD, &token) else {
                return false;
            };
            file.insert(UPLOAD_URL, link);
            return true;
        }
        if let Some(Value::Text(what)) = file.get(FILE_URL)
            && let Some(id) = what.strip_prefix(UNSIGNED_DOWNLOAD)
        {
            let token = token(context, &self.presented, id);
            let Some(link) = self.link(DOWNLOAD, &token) else {
                return false;
            };
            file.insert(FILE_URL, link);
            return true;
        }
        let id = file
            .get("ID")
            .map(Value::to_text)
            // A link that was given with a row stays as it is.
            .filter(|_| file.get(DOWNLOAD_URL) == Some(&Value::from("")));
        let Some(id) = id else {
            return false;
        };
        // A version has the file that it is a version of.
        let what = match (file.get("OBJECT_ID"), file.get("MODULE_ID")) {
            // What attaches a file to a task.
            (Some(file), Some(_)) => file.to_text(),
            (Some(_), None) => format!("v{id}"),
            (None, _) => id,
        };
        let token = token(context, &self.presented, &what);
        let Some(link) = self.link(DOWNLOAD, &token) else {
            return false;
        };
        file.insert(DOWNLOAD_URL, link);
        true
    }

    /// The address that leads to `name` with a token.
    fn link(&self, name: &str, token: &str) -> Option<String> {
        let address = &self.address;
        let token = query::escaped(token);
        match &self.presented {
            Presented::Webhook { user, code } => Some(format!(
                "{address}/rest/{}/{}/{name}/?token={token}",
                query::escaped(user),
                query::escaped(code)
            )),
            Presented::Token(auth) => Some(format!(
                "{address}/rest/{name}.json?auth={}&token={token}",
                query::escaped(auth)
            )),
            Presented::Nothing => None,
        }
    }
}

/// `disk|what|signature`: good for this file and this credential.
pub(crate) fn token(context: &Context, presented: &Presented, id: &str) -> String {
    let what = STANDARD.encode(format!("action=downloadFile&id={id}"));
    let signature = context.address.signature(&format!("{presented:?}{what}"));
    format!("disk|{what}|{signature}")
}

/// `upload|what|signature`: lets the holder of this credential upload one file.
pub(crate) fn upload_token(context: &Context, presented: &Presented, what: &str) -> String {
    let encoded = STANDARD.encode(what);
    let signature = context
        .address
        .signature(&format!("{UPLOAD}{presented:?}{encoded}"));
    format!("{UPLOAD}|{encoded}|{signature}")
}
