//! `call` for a single item. For many, see `rename_deals`.

use brimful::{Client, Error};
use serde_json::json;

/// The ID of the new lead.
pub async fn run(bitrix: &Client) -> Result<u64, Error> {
    let reply = bitrix
        .call("crm.lead.add", json!({"fields": {"TITLE": "Plop"}}))
        .await?;
    reply.result()
}
