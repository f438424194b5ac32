//! Links to files, signed for whoever got them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brimful_protocol::{Value, json, query};
use bytes::Bytes;
use http::Request;

use crate::calls::callers::Presented;
use crate::context::{Context, Output};
use crate::methods::DOWNLOAD_URL;

/// The name by which links lead here. It is no method: batches may not hold it.
pub(crate) const DOWNLOAD: &str = "download";

/// Makes links for one caller.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    address: String,
    presented: Presented,
}

impl Links {
    /// Those of whoever calls `method`, if it can give any.
    pub(crate) fn of(
        context: &Context,
        method: &str,
        request: &Request<Bytes>,
        presented: &Presented,
    ) -> Option<Self> {
        let disk = method
            .get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case("disk."));
        (disk || method.eq_ignore_ascii_case("batch")).then(|| Self {
            address: context.address.origin(request),
            presented: presented.clone(),
        })
    }

    /// Puts a link into a file that a method describes.
    pub(crate) fn fill(&self, context: &Context, output: Output) -> Output {
        let mut described = output.to_value().clone();
        let Some(file) = described.as_array_mut() else {
            return output;
        };
        let Some(id) = file
            .get("ID")
            .map(Value::to_text)
            .filter(|_| file.get(DOWNLOAD_URL).is_some())
        else {
            return output;
        };
        let address = &self.address;
        let token = query::escaped(&token(context, &self.presented, &id));
        let link = match &self.presented {
            Presented::Webhook { user, code } => format!(
                "{address}/rest/{}/{}/{DOWNLOAD}/?token={token}",
                query::escaped(user),
                query::escaped(code)
            ),
            Presented::Token(auth) => format!(
                "{address}/rest/{DOWNLOAD}.json?auth={}&token={token}",
                query::escaped(auth)
            ),
            Presented::Nothing => return output,
        };
        file.insert(DOWNLOAD_URL, link);
        let mut filled = Vec::new();
        json::write(&mut filled, &described);
        Output::json(filled)
    }
}

/// `disk|what|signature`: good for this file and this credential.
pub(crate) fn token(context: &Context, presented: &Presented, id: &str) -> String {
    let what = STANDARD.encode(format!("action=downloadFile&id={id}"));
    let signature = context.address.signature(&format!("{presented:?}{what}"));
    format!("disk|{what}|{signature}")
}
