//! Copy the sum of one deal into another one. In an address put together by hand, an unencoded
//! `&fields[OPPORTUNITY]=…` ends the command and becomes a parameter of the batch: the portal answers `true` and
//! changes nothing. A builder encodes it.

use brimful::{Batch, Client, Error};
use serde_json::{Value, json};

/// The sum of the second deal after the update.
pub async fn run(bitrix: &Client, from: u64, to: u64) -> Result<Value, Error> {
    let mut batch = Batch::new();
    let deal = batch.add("request1", "crm.deal.get", json!({"ID": from}))?;
    let sum = deal.result().field("OPPORTUNITY")?;
    batch.add(
        "request2",
        "crm.deal.update",
        json!({"ID": to, "fields": {"OPPORTUNITY": sum}}),
    )?;
    let after = batch.add("request3", "crm.deal.get", json!({"ID": to}))?;
    let reply = bitrix.batch(batch).await?;
    reply
        .result::<Value>(&after)
        .map(|mut deal| deal["OPPORTUNITY"].take())
}
