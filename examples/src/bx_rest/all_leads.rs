//! Read all leads page by page, as the original does. Pages shift when somebody deletes rows meanwhile; for long lists
//! use `client.list`, as `whole_list` does.

use brimful::{Client, Error};
use serde_json::{Value, json};

/// The leads.
pub async fn run(bitrix: &Client) -> Result<Vec<Value>, Error> {
    let params = json!({"filter": {">ID": 0}, "select": ["ID", "NAME"]});
    let mut page = bitrix.call_method("crm.lead.list", params).await;
    let mut leads = Vec::new();
    loop {
        let next = page.next().await;
        leads.extend(page.into_data::<Vec<Value>>()?);
        match next {
            Some(next) => page = next,
            None => break,
        }
    }
    println!("{} leads in all", leads.len());
    Ok(leads)
}
