//! List leads, read one, and add, update and delete one.

use brimful::{Client, Error};
use serde_json::{Value, json};

/// The lead as it was before it was deleted.
pub async fn run(bitrix: &Client) -> Result<Value, Error> {
    let leads = bitrix
        .list("crm.lead.list")
        .filter(json!({">DATE_CREATE": "2020-05-01"}))
        .select(["ID", "NAME", "EMAIL", "PHONE"])
        .collect::<Value>()
        .await?;
    println!("{} leads since the first of May 2020", leads.len());

    let fields = json!({
        "NAME": "Ivan",
        "LAST_NAME": "Ivanov",
        "EMAIL": [{"VALUE": "ivan@example.com", "VALUE_TYPE": "WORK"}],
        "PHONE": [{"VALUE": "+375291234567", "VALUE_TYPE": "WORK"}],
    });
    let id: u64 = bitrix
        .call("crm.lead.add", json!({"fields": fields}))
        .await?
        .result()?;
    let change = json!({"id": id, "fields": {"NAME": "Pyotr", "STATUS_ID": "IN_PROCESS"}});
    bitrix.call("crm.lead.update", change).await?;
    let lead = bitrix
        .call("crm.lead.get", json!({"id": id}))
        .await?
        .result()?;
    bitrix.call("crm.lead.delete", json!({"id": id})).await?;
    Ok(lead)
}
