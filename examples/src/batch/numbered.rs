//! A reader sends a list of commands and gets an object with numbers for keys: a list where every command succeeded,
//! an object where one failed. Whoever wants results in the order of the items asks for just that.

use brimful::{Client, Error, Outcome};
use serde_json::{Value, json};

/// The leads that exist, at the places of their numbers.
pub async fn run(bitrix: &Client) -> Result<Vec<Option<Value>>, Error> {
    let items = [3, 999_999, 1].map(|id| json!({"id": id}));
    let outcomes = bitrix.call_each("crm.lead.get", items).collect().await;
    let leads = outcomes
        .iter()
        .map(Outcome::done)
        .map(|done| done.and_then(|lead| serde_json::from_str(lead.get()).ok()))
        .collect();
    Ok(leads)
}
