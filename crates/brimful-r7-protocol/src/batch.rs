//! The items of a batch and the replies to them.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json};

/// One request inside a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Comes back in the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The HTTP method; `GET` where there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub method: String,
    /// The path from `api/2.0/` on, with its query; the server fails the whole batch without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative_url: Option<String>,
    /// The body as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// [`crate::FORM`] where there is none; without a charset the server fails the whole batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_content_type: Option<String>,
    /// The server carries items out in this order; of equal ones the first comes first.
    #[serde(skip_serializing_if = "is_zero")]
    pub order: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde passes")]
fn is_zero(n: &i64) -> bool {
    *n == 0
}

/// Names match in any case, a name that is not known is ignored, and a body is a string: as the server reads items.
impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut item = Self::default();
        for (name, value) in Map::<String, Json>::deserialize(deserializer)? {
            let field = name.to_ascii_lowercase();
            let text = || match &value {
                Json::Null => Ok(None),
                Json::String(text) => Ok(Some(text.clone())),
                Json::Number(number) => Ok(Some(number.to_string())),
                Json::Bool(flag) => Ok(Some(if *flag { "True" } else { "False" }.to_owned())),
                _ => Err(D::Error::custom(format!("{name} is not a string"))),
            };
            match field.as_str() {
                "name" => item.name = text()?,
                "method" => item.method = text()?.unwrap_or_default(),
                "relativeurl" => item.relative_url = text()?,
                "body" => item.body = text()?,
                "bodycontenttype" => item.body_content_type = text()?,
                "order" => {
                    let number = match &value {
                        Json::String(text) => text.trim().parse().ok(),
                        value => value.as_i64(),
                    };
                    item.order =
                        number.ok_or_else(|| D::Error::custom("order is not a whole number"))?;
                }
                _ => {}
            }
        }
        Ok(item)
    }
}

/// The items of a batch.
pub fn read_items(json: &str) -> Result<Vec<Item>, serde_json::Error> {
    serde_json::from_str(json)
}

/// The reply to one item.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ItemReply {
    /// The item's name, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// The headers. The first letter of each name is in lower case (`content-Type`).
    #[serde(default)]
    pub headers: Map<String, Json>,
    /// The body as text: mostly an envelope, to be parsed a second time.
    #[serde(default)]
    pub data: Option<String>,
}

impl ItemReply {
    /// A header, its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| value.as_str())
    }
}

/// The replies to the items of a batch, in the order in which they were carried out; `None` for an item whose address
/// leads nowhere.
pub fn read_replies(response: &str) -> Result<Vec<Option<ItemReply>>, serde_json::Error> {
    serde_json::from_str(response)
}
