//! One request, sent alone or as an item of a batch, and its values.

use brimful::client_parts::to_value;
use brimful::protocol::query::escaped;
use brimful::{Effect, Error};
use brimful_r7_protocol::{self as wire, FORM, JSON, form};
use http::Method;
use serde::Serialize;
use serde_json::Value as Json;

/// One request: a method, a path, and what goes with it.
///
/// ```
/// use brimful_r7::Item;
/// let item = Item::get("people/filter").query("count", 10).name("people");
/// let item = Item::put("project/task/7/status").form(serde_json::json!({"status": "Closed"})).after("people");
/// ```
#[derive(Debug, Clone)]
pub struct Item {
    pub(super) name: Option<String>,
    method: Method,
    path: String,
    path_values: Vec<(String, ItemValue)>,
    query: Vec<(String, ItemValue)>,
    body: Body,
    set: Vec<(String, ItemValue)>,
    pub(super) after: Vec<String>,
    pub(super) order: Option<i64>,
}

#[derive(Debug, Clone)]
enum Body {
    Nothing,
    Form(Result<Json, Error>),
    Json(Result<Json, Error>),
    Text { text: String, content_type: String },
}

/// An item whose values are all known.
#[derive(Debug, Clone)]
pub(super) struct PreparedItem {
    pub(super) method: Method,
    /// From `/api/2.0/` on, with the query.
    pub(super) path: String,
    /// The content type, and the body.
    pub(super) body: Option<(String, String)>,
}

impl Item {
    /// A request with any method. The path may begin with `/api/2.0/` or without, may have a query, and may have gaps:
    /// `people/{userid}`, see [`Item::path`].
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            name: None,
            method,
            path: path.into(),
            path_values: Vec::new(),
            query: Vec::new(),
            body: Body::Nothing,
            set: Vec::new(),
            after: Vec::new(),
            order: None,
        }
    }

    /// A `GET`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// A `POST`.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// A `PUT`.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    /// A `DELETE`.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// The name, under which other items and the reply know it; one is made for an item without.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Fills the gap `{name}` of the path.
    #[must_use]
    pub fn path(mut self, name: impl Into<String>, value: impl Into<ItemValue>) -> Self {
        self.path_values.push((name.into(), value.into()));
        self
    }

    /// A parameter of the query.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<ItemValue>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// The body, as a form of nested fields: `contacts[0].Type=skype`. A null, an empty list and an empty object have no
    /// place in a form, and some numbers none in JSON: they are refused before anything is sent. [`json`](Self::json)
    /// carries nulls and what is empty.
    #[must_use]
    pub fn form(mut self, fields: impl Serialize) -> Self {
        self.body = Body::Form(to_value(fields, "the form"));
        self
    }

    /// The body, as JSON. What cannot be written as JSON is the error with which the request is not sent.
    #[must_use]
    pub fn json(mut self, body: impl Serialize) -> Self {
        self.body = Body::Json(to_value(body, "the body"));
        self
    }

    /// The body, as it is. A content type without a charset gets `utf-8`: the server cannot do without.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>, content_type: impl Into<String>) -> Self {
        let mut content_type = content_type.into();
        if !content_type.to_ascii_lowercase().contains("charset=") {
            content_type.push_str("; charset=utf-8");
        }
        self.body = Body::Text {
            text: text.into(),
            content_type,
        };
        self
    }

    /// Puts a value into the form or the JSON at a JSON pointer (`/contacts/0/Value`), over what stands there.
    #[must_use]
    pub fn set(mut self, pointer: impl Into<String>, value: impl Into<ItemValue>) -> Self {
        self.set.push((pointer.into(), value.into()));
        self
    }

    /// In a batch: not before the item of this name has been carried out, whatever becomes of that.
    #[must_use]
    pub fn after(mut self, name: impl Into<String>) -> Self {
        self.after.push(name.into());
        self
    }

    /// In a batch: not before all items with a lower order have been carried out. Where any item has an order, those
    /// without have 0, as on the server.
    #[must_use]
    pub fn order(mut self, order: i64) -> Self {
        self.order = Some(order);
        self
    }

    /// Whether it only reads.
    pub(super) fn effect(&self) -> Effect {
        match self.method {
            Method::GET | Method::HEAD | Method::OPTIONS => Effect::Read,
            _ => Effect::Write,
        }
    }

    /// What errors call the request.
    pub(super) fn label(&self) -> String {
        let path = wire::absolute(self.path.split('?').next().unwrap_or_default());
        let path = path.strip_prefix(wire::ROOT).unwrap_or(&path);
        format!("{} {path}", self.method)
    }

    /// The items whose replies this one takes values from.
    pub(super) fn sources(&self) -> impl Iterator<Item = &str> {
        let values = self.path_values.iter().chain(&self.query).chain(&self.set);
        values.filter_map(|(_, value)| match value {
            ItemValue::Reply(pointer) => Some(pointer.item.as_str()),
            ItemValue::Value(_) => None,
        })
    }

    /// The request, with what `look_up` finds in other items' replies.
    pub(super) fn prepare(
        &self,
        look_up: impl Fn(&Pointer) -> Result<Json, Error>,
    ) -> Result<PreparedItem, Error> {
        let resolve = |value: &ItemValue| match value {
            ItemValue::Value(value) => Ok(value.clone()),
            ItemValue::Reply(pointer) => look_up(pointer),
        };
        let mut path = wire::absolute(&self.path);
        for (name, value) in &self.path_values {
            let gap = format!("{{{name}}}");
            if !path.contains(&gap) {
                return Err(Error::config(format!("the path {path} has no gap {gap}")));
            }
            let text = scalar(&resolve(value)?)
                .filter(|text| !text.is_empty())
                .ok_or_else(|| {
                    Error::config(format!("the value for {gap} is not a text or number"))
                })?;
            // In a path a space is %20: + is a plus there.
            path = path.replace(&gap, &escaped(&text).replace('+', "%20"));
        }
        if let Some(gap) = path.split_once('{').map(|(_, rest)| rest) {
            let gap = gap.split('}').next().unwrap_or_default();
            return Err(Error::config(format!(
                "nothing is given for {{{gap}}} in the path {path}"
            )));
        }
        for (name, value) in &self.query {
            let text = scalar(&resolve(value)?).ok_or_else(|| {
                Error::config(format!(
                    "the parameter {name} of the query is not a text or number"
                ))
            })?;
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&escaped(name));
            path.push('=');
            path.push_str(&escaped(&text));
        }
        let filled = |body: &Result<Json, Error>| {
            let mut body = body.clone()?;
            for (pointer, value) in &self.set {
                put(&mut body, pointer, resolve(value)?)?;
            }
            Ok::<_, Error>(body)
        };
        let body = match &self.body {
            Body::Form(fields) => {
                let form = form::encode(&filled(fields)?).map_err(|error| {
                    Error::config(format!("{error}; use json()")).with_source(error)
                })?;
                Some((FORM.to_owned(), form))
            }
            Body::Json(body) => Some((JSON.to_owned(), filled(body)?.to_string())),
            _ if !self.set.is_empty() => {
                return Err(Error::config("set() needs a body that is a form or JSON"));
            }
            Body::Nothing => None,
            Body::Text { text, content_type } => Some((content_type.clone(), text.clone())),
        };
        Ok(PreparedItem {
            method: self.method.clone(),
            path,
            body,
        })
    }
}

/// A text, number or truth value as a path or a query has it.
fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Puts a value at a JSON pointer; objects on the way are made, lists grow by one.
fn put(body: &mut Json, pointer: &str, value: Json) -> Result<(), Error> {
    let wrong = || Error::config(format!("the body has nowhere to put {pointer}"));
    let Some(path) = pointer.strip_prefix('/') else {
        return Err(wrong());
    };
    let mut at = body;
    for step in path.split('/') {
        let step = step.replace("~1", "/").replace("~0", "~");
        if at.is_null() {
            *at = Json::Object(serde_json::Map::new());
        }
        at = match at {
            Json::Object(members) => members.entry(step).or_insert(Json::Null),
            Json::Array(items) => {
                let index: usize = match step.as_str() {
                    "-" => items.len(),
                    step => step.parse().map_err(|_| wrong())?,
                };
                if index == items.len() {
                    items.push(Json::Null);
                }
                items.get_mut(index).ok_or_else(wrong)?
            }
            _ => return Err(wrong()),
        };
    }
    *at = value;
    Ok(())
}

/// A value of an item.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemValue {
    /// A known value.
    Value(Json),
    /// A value in the reply to another item.
    Reply(Pointer),
}

/// Where in the reply to another item of the same batch a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    pub(super) item: String,
    pub(super) pointer: String,
}

/// The reply to another item of the batch.
#[derive(Debug, Clone)]
pub struct ReplyOf(String);

/// The reply to the item of this name: `reply_of("me").pointer("/response/id")`.
///
/// The server does not pass values from one item to another: the item that takes the value is sent in a later request
/// than the one that gives it.
pub fn reply_of(item: impl Into<String>) -> ReplyOf {
    ReplyOf(item.into())
}

impl ReplyOf {
    /// What is at a JSON pointer into the whole reply, the envelope included.
    pub fn pointer(self, pointer: impl Into<String>) -> Pointer {
        Pointer {
            item: self.0,
            pointer: pointer.into(),
        }
    }
}

impl From<Pointer> for ItemValue {
    fn from(pointer: Pointer) -> Self {
        Self::Reply(pointer)
    }
}

macro_rules! value {
    ($($of:ty),+) => {$(
        impl From<$of> for ItemValue {
            fn from(value: $of) -> Self {
                Self::Value(value.into())
            }
        }
    )+};
}

value!(Json, &str, String, bool, i32, u32, i64, u64);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::reply_of;

    fn known(item: &Item) -> Result<PreparedItem, Error> {
        item.prepare(|pointer| match pointer.pointer.as_str() {
            "/response/id" => Ok(json!("a/b c")),
            _ => Err(Error::config("not there")),
        })
    }

    #[test]
    fn gaps_of_the_path_the_query_and_the_body_are_filled() {
        let item = Item::post("people/{userid}/contacts?x=1")
            .path("userid", reply_of("me").pointer("/response/id"))
            .query("q", "a b")
            .form(json!({"contacts": [{"Type": "skype"}]}))
            .set("/contacts/0/Value", reply_of("me").pointer("/response/id"))
            .set("/contacts/-/Type", "msn");
        let ready = known(&item).unwrap();
        assert_eq!(ready.path, "/api/2.0/people/a%2Fb%20c/contacts?x=1&q=a+b");
        let (content_type, body) = ready.body.unwrap();
        assert_eq!(content_type, FORM);
        assert_eq!(
            body,
            "contacts[0].Type=skype&contacts[0].Value=a%2Fb+c&contacts[1].Type=msn"
        );
        assert_eq!(item.sources().collect::<Vec<_>>(), ["me", "me"]);
    }

    #[test]
    fn a_gap_that_nothing_is_given_for_is_refused_before_anything_is_sent() {
        let error = known(&Item::get("people/{userid}")).unwrap_err();
        assert!(error.to_string().contains("{userid}"), "{error}");
        assert!(known(&Item::get("people").path("userid", 1)).is_err());
        assert!(known(&Item::get("people/{a}").path("a", json!([1]))).is_err());
        assert!(known(&Item::get("people").set("/a", 1)).is_err());
    }

    #[test]
    fn a_body_that_cannot_be_written_as_json_is_refused_before_anything_is_sent() {
        for item in [
            Item::post("x").form([f64::NAN]),
            Item::post("x").json([f64::NAN]),
        ] {
            let error = known(&item).unwrap_err().to_string();
            assert!(error.contains("0 is NaN"), "{error}");
        }
    }

    #[test]
    fn what_a_form_cannot_carry_is_refused_before_anything_is_sent() {
        for (fields, said) in [
            (json!({"phone": null}), "form field phone is null"),
            (json!({"tags": []}), "form field tags is an empty list"),
        ] {
            let error = known(&Item::put("people/7").form(fields)).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains(said) && error.contains("use json()"),
                "{error}"
            );
        }
        let item = Item::put("people/7")
            .form(json!({"phone": null}))
            .set("/phone", "1");
        assert_eq!(known(&item).unwrap().body.unwrap().1, "phone=1");
    }

    #[test]
    fn a_text_body_always_has_a_charset() {
        let item = Item::post("x").text("{}", "application/json");
        let (content_type, _) = known(&item).unwrap().body.unwrap();
        assert_eq!(content_type, "application/json; charset=utf-8");
    }
}
