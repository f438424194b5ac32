//! Add two leads, one of them for a user found by name. The client encodes the parameters for the batch, exactly once.

use brimful::{Batch, Client, Error};
use serde_json::json;

/// The IDs of the two leads.
pub async fn run(bitrix: &Client, name: &str) -> Result<[u64; 2], Error> {
    let mut batch = Batch::new();
    batch.add("user", "user.get", json!({"ID": 1}))?;
    let first_lead = batch.add(
        "first_lead",
        "crm.lead.add",
        json!({"fields": {"TITLE": "Test & Title"}}),
    )?;
    let user_by_name = batch.add("user_by_name", "user.search", json!({"NAME": name}))?;
    let user_lead = batch.add(
        "user_lead",
        "crm.lead.add",
        json!({"fields": {
            "TITLE": "Test Assigned",
            "ASSIGNED_BY_ID": user_by_name.result().index(0).field("ID")?,
        }}),
    )?;
    let reply = bitrix.batch(batch).await?;
    Ok([reply.result(&first_lead)?, reply.result(&user_lead)?])
}
