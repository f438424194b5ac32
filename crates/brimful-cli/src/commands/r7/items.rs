//! The file of a batch: items as in the documentation, and what they depend on.

use std::collections::BTreeMap;

use brimful_r7::protocol::{FORM, form};
use brimful_r7::{Item, reply_of};
use serde::Deserialize;
use serde_json::Value;

/// One item of the file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenItem {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    method: Option<String>,
    relative_url: String,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    body_content_type: Option<String>,
    #[serde(default)]
    order: Option<i64>,
    #[serde(default)]
    after: Option<Names>,
    #[serde(default)]
    from: BTreeMap<String, ItemSource>,
    /// Documented, and without effect on the server.
    #[serde(default, rename = "headers")]
    _headers: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

/// Where a value is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemSource {
    item: String,
    pointer: String,
}

/// The items in a text.
pub(super) fn read(text: &str) -> Result<Vec<Item>, String> {
    let written: Vec<WrittenItem> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    written
        .into_iter()
        .zip(1..)
        .map(|(written, number)| {
            written
                .item()
                .map_err(|why| format!("item {number}: {why}"))
        })
        .collect()
}

/// Whether an item of the text is more than a question.
pub(super) fn write(text: &str) -> bool {
    let written: Result<Vec<WrittenItem>, _> = serde_json::from_str(text);
    written.is_ok_and(|items| {
        items.iter().any(|item| {
            let method = item.method.as_deref().unwrap_or("GET");
            !method.is_empty() && !method.eq_ignore_ascii_case("GET")
        })
    })
}

impl WrittenItem {
    fn item(self) -> Result<Item, String> {
        let method = self.method.unwrap_or_default().to_ascii_uppercase();
        let url = self.relative_url;
        let mut item = match method.as_str() {
            "" | "GET" => Item::get(url),
            "POST" => Item::post(url),
            "PUT" => Item::put(url),
            "DELETE" => Item::delete(url),
            other => {
                return Err(format!(
                    "there is no method {other}: GET, POST, PUT and DELETE"
                ));
            }
        };
        let content_type = self.body_content_type.unwrap_or_else(|| FORM.to_owned());
        let is_json = content_type.to_ascii_lowercase().contains("json");
        item = match self.body {
            None | Some(Value::Null) => item,
            Some(Value::String(text)) => item.text(text, content_type),
            Some(body) if is_json => item.text(body.to_string(), content_type),
            Some(body @ Value::Object(_)) => {
                let form = form::encode(&body).map_err(|error| {
                    format!("{error}; write \"bodyContentType\": \"application/json\"")
                })?;
                item.text(form, content_type)
            }
            Some(_) => return Err("the body is neither a text nor an object".to_owned()),
        };
        if let Some(name) = self.name {
            item = item.name(name);
        }
        if let Some(order) = self.order {
            item = item.order(order);
        }
        let after = match self.after {
            None => Vec::new(),
            Some(Names::One(name)) => vec![name],
            Some(Names::Several(names)) => names,
        };
        for name in after {
            item = item.after(name);
        }
        for (gap, source) in self.from {
            item = item.path(gap, reply_of(source.item).pointer(source.pointer));
        }
        Ok(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_those_of_the_documentation_and_their_dependencies() {
        let items = read(
            r#"[{"method": "get", "relativeUrl": "/api/2.0/people/@self", "name": "me", "headers": []},
                {"method": "POST", "relativeUrl": "/api/2.0/people/{userid}/contacts", "after": "me", "order": 1,
                 "body": {"contacts": [{"Type": "skype"}]}, "from": {"userid": {"item": "me", "pointer": "/response/id"}}}]"#,
        );
        assert_eq!(items.unwrap().len(), 2);
    }

    #[test]
    fn what_is_not_understood_is_refused_and_not_left_out() {
        for (text, what) in [
            ("{}", "sequence"),
            ("[{}]", "relativeUrl"),
            (
                r#"[{"relativeUrl": "x", "method": "PATCH"}]"#,
                "item 1: there is no method PATCH",
            ),
            (r#"[{"relativeUrl": "x", "dependsOn": "me"}]"#, "dependsOn"),
            (r#"[{"relativeUrl": "x", "body": [1]}]"#, "item 1: the body"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
    }
}
