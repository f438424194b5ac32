//! The fields of an entity, from whichever method the portal has for it, as one typed schema.
//!
//! | entity | method | names in rows |
//! |---|---|---|
//! | `crm.lead`, `crm.deal`, … | `crm.lead.fields` | as listed |
//! | `crm.item` with an `entityTypeId` | `crm.item.fields` | camelCase, as listed |
//! | `tasks.task` | `tasks.task.getFields` | camelCase, made of the listed names by lower-casing (lossy) |
//! | `user`, `department` | `user.fields` | as listed; labels only, no types |
//! | `catalog.product`, `sale.order`, … | `….getFields` | as listed |
//! | anything of REST 3.0 | `….field.list` | as listed |

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::client::Client;
use crate::error::{Error, ErrorKind, Execution};
use crate::field::{self, Field};
use crate::json;
use crate::rest3::Rest3;

/// The fields of an entity, by the names that its rows have them under, in the portal's order.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let fields: brimful::Fields = client.fields("crm.company", serde_json::json!({})).await?;
/// println!("{:?}", fields["TITLE"].title);
/// # Ok(())
/// # }
/// ```
pub type Fields = IndexMap<String, Field>;

impl Client {
    /// Asks for the fields of an entity: `crm.lead`, `tasks.task`, `user`. The name of one of its methods
    /// (`crm.lead.list`) does as well. Entities of `crm.item` need `params` with their `entityTypeId`, others none.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// let fields = client.fields("crm.deal", serde_json::json!({})).await?;
    /// println!("{:?}", fields["OPPORTUNITY"].kind);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn fields(&self, entity: &str, params: impl Serialize) -> Result<Fields, Error> {
        let call = FieldsCall::of(entity);
        let reply = self.call(&call.method, params).await?;
        call.read(&call.value(reply.raw())?)
    }
}

/// The call that asks for the fields of an entity, for programs that make it in a batch of their own.
#[derive(Debug, Clone)]
pub struct FieldsCall {
    /// The method, such as `crm.deal.fields`.
    pub method: String,
    names: FieldNames,
}

impl FieldsCall {
    /// The call for an entity, or for that of one of its methods.
    pub fn of(entity: &str) -> Self {
        let entity = branch(entity);
        let lower = entity.to_ascii_lowercase();
        let (method, names) = match lower.split('.').next().unwrap_or_default() {
            "tasks" => ("tasks.task.getFields".to_owned(), FieldNames::LowerCamel),
            "catalog" | "sale" | "disk" => (format!("{entity}.getFields"), FieldNames::AsListed),
            _ => (format!("{entity}.fields"), FieldNames::AsListed),
        };
        Self { method, names }
    }

    /// The JSON of the result. What an application has called a field may be cut in the middle of a character, which no
    /// text has: such a half is U+FFFD here, so that one title does not end everything.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn value(&self, result: &RawValue) -> Result<Value, Error> {
        let what = format!("the result of {}", self.method);
        json::decode(result.get(), &what).or_else(|error| {
            let whole = json::with_whole_characters(result.get());
            serde_json::from_str(&whole).map_err(|_| error)
        })
    }

    /// Reads the result of the call.
    ///
    /// # Errors
    /// It describes no fields.
    pub fn read(&self, result: &Value) -> Result<Fields, Error> {
        let listed = field::listed(result).ok_or_else(|| no_fields(&self.method))?;
        Ok(listed
            .iter()
            .map(|(name, properties)| {
                let field = Field::read(name, properties);
                let key = match self.names {
                    FieldNames::AsListed => name.clone(),
                    FieldNames::LowerCamel => field::lower_camel(name),
                };
                (key, field)
            })
            .collect())
    }
}

impl Rest3 {
    /// Asks for the fields of an entity of REST 3.0: `tasks.task`, `main.eventlog`.
    pub async fn fields(&self, entity: &str) -> Result<Fields, Error> {
        let method = format!("{}.field.list", branch(entity));
        let reply = self.call(&method, serde_json::json!({})).await?;
        let items: Vec<Map<String, Value>> = reply.items().map_err(|_| no_fields(&method))?;
        Ok(items
            .into_iter()
            .filter_map(|properties| {
                let name = properties.get("name")?.as_str()?.to_owned();
                let field = Field::read(&name, &Value::Object(properties));
                Some((name, field))
            })
            .collect())
    }
}

/// How rows name what the portal lists.
#[derive(Debug, Clone, Copy)]
enum FieldNames {
    AsListed,
    LowerCamel,
}

/// The entity of a name, be it the entity's or that of one of its methods.
fn branch(name: &str) -> &str {
    const VERBS: [&str; 6] = ["list", "get", "add", "update", "delete", "fields"];
    match name.rsplit_once('.') {
        Some((entity, verb)) if VERBS.iter().any(|known| verb.eq_ignore_ascii_case(known)) => {
            entity
        }
        _ => name,
    }
}

fn no_fields(method: &str) -> Error {
    Error::new(
        ErrorKind::Decode,
        Execution::Ran,
        format!("the result of {method} has no fields in it"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_in_a_title_or_a_name_does_not_hide_the_fields() {
        let call = FieldsCall::of("crm.deal");
        let json = r#"{"ID":{"type":"integer","title":"a\\ud83d \ud83d\ude00 \ud83d"},"B\ude00":{"title":"\ud83d\u0416"}}"#;
        let raw = RawValue::from_string(json.to_owned()).unwrap();
        let fields = call.read(&call.value(&raw).unwrap()).unwrap();
        let named: Vec<_> = fields
            .iter()
            .map(|(name, field)| (name.as_str(), field.title.as_deref().unwrap_or("")))
            .collect();
        assert_eq!(
            named,
            [
                ("ID", "a\\ud83d \u{1f600} \u{fffd}"),
                ("B\u{fffd}", "\u{fffd}Ж")
            ]
        );
    }
}
