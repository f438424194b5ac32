//! Form fields whose names nest by brackets and dots: `contacts[0].Type=skype&contacts[0].Value=name`.
//!
//! A list has its index in brackets, a member of an object follows a dot. Reading takes brackets for members too
//! (`contacts[0][Type]`), and `ids[]` for one more item. Values are text.

use std::fmt::Write as _;

use brimful_protocol::query::{escaped, unescaped};
use serde_json::{Map, Value as Json};

/// A name with more levels than this is dropped.
const MAX_NESTING: usize = 64;

/// What a form cannot carry, and where it is. A body in JSON can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("form field {field} is {what}: a form cannot carry it")]
pub struct NotInAForm {
    /// The name of the field as the form would have it.
    pub field: String,
    /// What it is: null, an empty list, an empty object, a value without a name.
    pub what: &'static str,
}

/// Parameters as a form. Booleans are `true` and `false`.
///
/// # Errors
/// A field is null, an empty list or an empty object, or has no name: a form has no words for them.
///
/// ```
/// use brimful_r7_protocol::form;
/// let params = serde_json::json!({"contacts": [{"Type": "skype", "Value": "a b"}], "notify": true});
/// assert_eq!(form::encode(&params).unwrap(), "contacts[0].Type=skype&contacts[0].Value=a+b&notify=true");
///
/// let why = form::encode(&serde_json::json!({"phone": null})).unwrap_err();
/// assert_eq!(why.to_string(), "form field phone is null: a form cannot carry it");
/// ```
pub fn encode(params: &Json) -> Result<String, NotInAForm> {
    let mut out = String::new();
    match params {
        Json::Object(members) if members.is_empty() => {}
        params => fields(&mut out, &mut String::new(), params)?,
    }
    Ok(out)
}

fn fields(out: &mut String, name: &mut String, value: &Json) -> Result<(), NotInAForm> {
    let length = name.len();
    let is_nothing = |what| NotInAForm {
        field: name.clone(),
        what,
    };
    match value {
        Json::Null => return Err(is_nothing("null")),
        Json::Array(items) if items.is_empty() => return Err(is_nothing("an empty list")),
        Json::Object(members) if members.is_empty() => return Err(is_nothing("an empty object")),
        Json::Bool(flag) => pair(out, name, if *flag { "true" } else { "false" })?,
        Json::Number(number) => pair(out, name, &number.to_string())?,
        Json::String(text) => pair(out, name, text)?,
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let _ = write!(name, "[{index}]");
                fields(out, name, item)?;
                name.truncate(length);
            }
        }
        Json::Object(members) => {
            for (key, member) in members {
                if !name.is_empty() {
                    name.push('.');
                }
                name.push_str(&escaped(key));
                fields(out, name, member)?;
                name.truncate(length);
            }
        }
    }
    Ok(())
}

fn pair(out: &mut String, name: &str, value: &str) -> Result<(), NotInAForm> {
    if name.is_empty() {
        return Err(NotInAForm {
            field: name.to_owned(),
            what: "a value without a name",
        });
    }
    if !out.is_empty() {
        out.push('&');
    }
    out.push_str(name);
    out.push('=');
    out.push_str(&escaped(value));
    Ok(())
}

/// The fields of a form or a query. Never fails: what has no name is dropped, and a plain name that comes again has
/// its values joined by commas, as ASP.NET does.
///
/// ```
/// use brimful_r7_protocol::form;
/// let params = form::decode(b"contacts[0].Type=skype&contacts[0][Value]=a+b&ids[]=1&ids[]=2&f=a&f=b");
/// assert_eq!(
///     params,
///     serde_json::json!({"contacts": [{"Type": "skype", "Value": "a b"}], "ids": ["1", "2"], "f": "a,b"})
/// );
/// ```
pub fn decode(form: &[u8]) -> Json {
    let mut root = Node::default();
    for part in form.split(|&b| b == b'&').filter(|part| !part.is_empty()) {
        let (name, value) = match memchr::memchr(b'=', part) {
            Some(at) => (&part[..at], &part[at + 1..]),
            None => (part, &part[part.len()..]),
        };
        let text = |bytes| String::from_utf8_lossy(&unescaped(bytes)).into_owned();
        if let Some(path) = path(&text(name)) {
            root.put(&path, text(value));
        }
    }
    match root.into_json() {
        Json::Null => Json::Object(Map::new()),
        params => params,
    }
}

/// The steps of a name; an empty one is the next item.
fn path(name: &str) -> Option<Vec<String>> {
    let name = name.trim();
    let end = name.find(['[', '.']).unwrap_or(name.len());
    let mut steps = Vec::new();
    if end > 0 {
        steps.push(name[..end].to_owned());
    }
    let mut rest = &name[end..];
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (step, after) = inside.split_once(']')?;
            steps.push(step.trim().to_owned());
            rest = after;
        } else {
            let inside = rest.strip_prefix('.')?;
            let end = inside.find(['[', '.']).unwrap_or(inside.len());
            if end == 0 {
                return None;
            }
            steps.push(inside[..end].to_owned());
            rest = &inside[end..];
        }
    }
    (!steps.is_empty() && steps.len() <= MAX_NESTING).then_some(steps)
}

/// What stands under a name: a text, or names below it in the order in which they came.
#[derive(Default)]
struct Node {
    text: Option<String>,
    below: Vec<(String, Self)>,
}

impl Node {
    fn put(&mut self, path: &[String], value: String) {
        let Some((step, rest)) = path.split_first() else {
            self.text = Some(match self.text.take() {
                Some(before) => format!("{before},{value}"),
                None => value,
            });
            return;
        };
        let key = if step.is_empty() {
            self.below.len().to_string()
        } else {
            step.clone()
        };
        let at = self.below.iter().position(|(name, _)| *name == key);
        let at = at.unwrap_or_else(|| {
            self.below.push((key, Self::default()));
            self.below.len() - 1
        });
        self.below[at].1.put(rest, value);
    }

    /// Names that are all numbers make a list, in the order of the numbers.
    fn into_json(self) -> Json {
        if self.below.is_empty() {
            return self.text.map_or(Json::Null, Json::String);
        }
        let indices: Option<Vec<u32>> = self
            .below
            .iter()
            .map(|(name, _)| name.parse().ok())
            .collect();
        match indices {
            Some(indices) => {
                let mut items: Vec<_> = indices.into_iter().zip(self.below).collect();
                items.sort_by_key(|(index, _)| *index);
                items
                    .into_iter()
                    .map(|(_, (_, node))| node.into_json())
                    .collect()
            }
            None => Json::Object(
                self.below
                    .into_iter()
                    .map(|(name, node)| (name, node.into_json()))
                    .collect(),
            ),
        }
    }
}
