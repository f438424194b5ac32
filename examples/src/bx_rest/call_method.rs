//! `BX.rest.callMethod`, and the methods of its result.

use brimful::Client;
use serde_json::{Value, json};

/// The newest leads.
pub async fn run(bitrix: &Client) -> Value {
    let result = bitrix
        .call_method(
            "crm.lead.list",
            json!({
                "filter": {">ID": 0},
                "select": ["ID", "NAME", "EMAIL"],
                "order": {"ID": "DESC"},
                "start": 0,
            }),
        )
        .await;
    if let Some(error) = result.error() {
        eprintln!("an error: {error}");
        return Value::Null;
    }
    println!(
        "{:?} leads in all, more of them: {}",
        result.total(),
        result.has_more()
    );
    result.data().clone()
}
