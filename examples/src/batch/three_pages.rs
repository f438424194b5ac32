//! Read two pages of deals and one of contacts in a batch. For whole lists, see `whole_list`.

use brimful::{Batch, Client, Error};
use serde_json::{Value, json};

/// How many rows each page has.
pub async fn run(bitrix: &Client) -> Result<Vec<usize>, Error> {
    let mut batch = Batch::new();
    let pages = [
        batch.add("deals_1", "crm.deal.list", json!({"start": 0}))?,
        batch.add("deals_2", "crm.deal.list", json!({"start": 50}))?,
        batch.add("contacts", "crm.contact.list", json!({"start": 0}))?,
    ];
    let reply = bitrix.batch(batch).await?;
    println!("{:?} deals in all", reply.total(&pages[0]));
    pages
        .iter()
        .map(|page| reply.result::<Vec<Value>>(page).map(|rows| rows.len()))
        .collect()
}
