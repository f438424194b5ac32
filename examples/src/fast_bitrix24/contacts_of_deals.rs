//! `get_by_ID`: the contacts of each deal, 50 deals in a request.

use std::collections::BTreeMap;

use brimful::{Client, Error};
use serde_json::Value;

/// The contacts of each deal, by the ID of the deal.
pub async fn run(bitrix: &Client) -> Result<BTreeMap<String, Vec<Value>>, Error> {
    let deals = bitrix
        .list("crm.deal.list")
        .select(["ID"])
        .collect::<Value>()
        .await?;
    let ids: Vec<String> = deals
        .iter()
        .filter_map(|deal| deal["ID"].as_str().map(str::to_owned))
        .collect();
    let found = bitrix
        .get_by_id("crm.deal.contact.items.get", ids.clone())
        .collect()
        .await?;
    let contacts = ids
        .into_iter()
        .map(|id| found.result(id.as_str()).map(|contacts| (id, contacts)))
        .collect::<Result<BTreeMap<_, Vec<_>>, _>>()?;
    println!("contacts of {} deals", contacts.len());
    Ok(contacts)
}
