//! A reader takes the items of a deal page by page, and returns what there is when a page fails. Here a list is whole,
//! or it is an error.

use brimful::{Client, Error};
use serde_json::{Value, json};

/// The numbers of the items of a deal.
pub async fn run(bitrix: &Client, deal: u64) -> Result<Vec<u64>, Error> {
    let (items, _) = bitrix
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
