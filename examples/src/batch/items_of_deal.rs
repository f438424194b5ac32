//! Read all items of a deal. Where hand-written loops return what they have when a page fails, a list is complete or
//! an error.

use brimful::{Client, Error};
use serde_json::{Value, json};

/// The IDs of the items of a deal.
pub async fn run(bitrix: &Client, deal: u64) -> Result<Vec<u64>, Error> {
    let items = bitrix
        .list("crm.item.list")
        .param("entityTypeId", 191)
        .select(["id"])
        .filter(json!({"parentId2": deal}))
        .collect::<Value>()
        .await?;
    Ok(items
        .iter()
        .filter_map(|item| item["id"].as_u64())
        .collect())
}
