//! What a portal says of its own methods: the `OpenAPI` document of REST 3.0.

use brimful_protocol::Envelope;
use brimful_protocol::rows::RowsError;
use bytes::Bytes;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Rest3;
use crate::error::Error;
use crate::json;

/// The methods of REST 3.0 that a portal has.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenApi {
    /// The methods by name, in the portal's order.
    pub operations: IndexMap<String, Operation>,
    /// The whole document, for what is not read here.
    pub document: Value,
}

/// One method.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Operation {
    /// What it does, in the portal's words.
    pub summary: String,
    /// The modules it belongs to.
    pub tags: Vec<String>,
    /// What it takes, as the document has it.
    #[serde(rename = "requestBody")]
    pub request_body: Option<Value>,
}

const METHOD: &str = "rest.documentation.openapi";

impl Rest3 {
    /// Asks the portal which methods of REST 3.0 it has (`rest.documentation.openapi`).
    pub async fn openapi(&self) -> Result<OpenApi, Error> {
        #[derive(Deserialize)]
        struct Document {
            #[serde(default)]
            paths: IndexMap<String, IndexMap<String, Value>>,
        }
        let call = self.prepare(METHOD, &json!({}))?;
        // The document is the whole answer, without an envelope round it.
        let read = |body: &Bytes| match serde_json::from_slice::<Value>(body) {
            Ok(document) if document.get("openapi").is_some() => Ok(document),
            _ => match Envelope::parse(body)?.error {
                Some(error) => Err(RowsError::Api(error)),
                None => Err(RowsError::NoRows("no OpenAPI document".to_owned())),
            },
        };
        let document = self.client.session().run_spawned(call, read).await.0?;
        let Document { paths } =
            json::decode(&document.to_string(), &format!("the document of {METHOD}"))?;
        let operations = paths
            .into_iter()
            .filter_map(|(path, mut verbs)| {
                let (_, operation) = verbs.pop()?;
                let operation = serde_json::from_value(operation).unwrap_or_default();
                Some((path.trim_start_matches('/').to_owned(), operation))
            })
            .collect();
        Ok(OpenApi {
            operations,
            document,
        })
    }
}
