//! `get_all` with parameters: the open deals with all their fields. Rows come one at a time, so a list of any length
//! needs the same memory.

use brimful::{Client, Error};
use serde_json::{Value, json};

/// The titles of the open deals.
pub async fn run(bitrix: &Client) -> Result<Vec<String>, Error> {
    let mut deals = bitrix
        .list("crm.deal.list")
        .select(["*", "UF_*"])
        .filter(json!({"CLOSED": "N"}))
        .rows::<Value>()?;
    let mut titles = Vec::new();
    while let Some(deal) = deals.next_row().await? {
        titles.extend(deal["TITLE"].as_str().map(str::to_owned));
    }
    println!("{} deals at work", titles.len());
    Ok(titles)
}
