//! `Bitrix` instead of `BitrixAsync`: the same names without `async`.

use brimful::Error;
use brimful::blocking::Client;
use serde_json::Value;

/// How many leads there are.
pub fn run(webhook: &str) -> Result<usize, Error> {
    let bitrix = Client::new(webhook)?;
    let leads = bitrix.list("crm.lead.list").collect::<Value>()?;
    println!("{} leads", leads.len());
    Ok(leads.len())
}
