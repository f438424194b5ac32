//! Add a deal, and list the deals in its stage.

use brimful::{Client, Error};
use serde_json::{Value, json};

/// The ID of the new deal, and the deals of its stage.
pub async fn run(bitrix: &Client) -> Result<(u64, Vec<Value>), Error> {
    let fields = json!({
        "TITLE": "A new deal",
        "STAGE_ID": "NEW",
        "OPPORTUNITY": 100_000,
        "CURRENCY_ID": "BYN",
    });
    let id = bitrix
        .call("crm.deal.add", json!({"fields": fields}))
        .await?
        .result()?;
    let deals = bitrix
        .list("crm.deal.list")
        .filter(json!({"STAGE_ID": "NEW"}))
        .select(["ID", "TITLE", "OPPORTUNITY", "CURRENCY_ID"])
        .collect()
        .await?;
    Ok((id, deals))
}
