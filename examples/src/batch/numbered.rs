//! Get the results of a batch in the order of its items. Portals return a list if every command succeeded, and an
//! object with numeric keys if one failed; here it is always a list.

use brimful::{Client, Error};
use serde_json::{Value, json};

/// The leads that exist, each at the index of its ID in the input.
pub async fn run(bitrix: &Client) -> Result<Vec<Option<Value>>, Error> {
    let items = [3, 999_999, 1].map(|id| json!({"id": id}));
    let outcomes = bitrix.call_each("crm.lead.get", items).collect().await;
    let leads = outcomes
        .iter()
        .map(|item| {
            item.done()
                .and_then(|lead| serde_json::from_str(lead.get()).ok())
        })
        .collect();
    Ok(leads)
}
