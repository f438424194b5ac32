//! `BX.rest.callBatch`: three named commands, each of which runs even if another one fails.

use brimful::{Client, Error, OnError};
use serde_json::{Value, json};

/// The data by name.
pub async fn run(bitrix: &Client) -> Result<Value, Error> {
    let commands = [
        ("lead_1", "crm.lead.get", json!({"id": 1})),
        ("lead_2", "crm.lead.get", json!({"id": 2})),
        ("leads", "crm.lead.list", json!({"filter": {">ID": 0}})),
    ];
    let result = bitrix.call_batch(commands, OnError::Continue).await?;
    if let Some(error) = result.error() {
        eprintln!("an error in the batch: {error}");
    }
    Ok(result.data())
}
