//! `call_batch`: deals, and the activities of the first of them, in one request.

use brimful::{Batch, Client, Error};
use serde_json::{Value, json};

/// The activities of the first deal.
pub async fn run(bitrix: &Client) -> Result<Vec<Value>, Error> {
    let mut batch = Batch::new();
    let deals = batch.add("deals", "crm.deal.list", json!({"order": {"ID": "ASC"}}))?;
    let first = deals.result().index(0).field("ID")?;
    let activities = batch.add(
        "activities",
        "crm.activity.list",
        json!({"filter": {"OWNER_TYPE_ID": 2, "OWNER_ID": first}}),
    )?;
    let reply = bitrix.batch(batch).await?;
    reply.result(&activities)
}
