//! Read an item, then one that belongs to it, by a reference. Inside a batch, the path of a reference starts at the
//! result of the command (`items`, 0, `id`), not at the reply of the batch.

use brimful::{Batch, Client, Error};
use serde_json::{Value, json};

/// The first item of a deal, read by the reference to it.
pub async fn run(bitrix: &Client, deal: u64) -> Result<Value, Error> {
    let mut batch = Batch::new();
    let list = batch.add(
        "item_list",
        "crm.item.list",
        json!({"entityTypeId": 191, "filter": {"parentId2": deal}, "select": ["id"]}),
    )?;
    let first = list.result().field("items")?.index(0).field("id")?;
    let item = batch.add(
        "item_get",
        "crm.item.get",
        json!({"entityTypeId": 191, "id": first}),
    )?;
    let reply = bitrix.batch(batch).await?;
    reply
        .result::<Value>(&item)
        .map(|mut found| found["item"].take())
}
