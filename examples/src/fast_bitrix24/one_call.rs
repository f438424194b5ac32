//! `call` for one thing only. Many of them are better off together: see `rename_deals`.

use brimful::{Client, Error};
use serde_json::json;

/// The number of the new lead.
pub async fn run(bitrix: &Client) -> Result<u64, Error> {
    let reply = bitrix
        .call("crm.lead.add", json!({"fields": {"TITLE": "Plop"}}))
        .await?;
    reply.result()
}
