//! `get_all`: all leads, complete and in the order of their IDs.

use brimful::{Client, Error};
use serde::{Deserialize, Serialize};

/// What we want to know of a lead. The rest of its fields is not read.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub struct Lead {
    /// Its number, as the portal writes it.
    pub id: String,
    /// Its title.
    pub title: String,
}

/// All leads.
pub async fn run(bitrix: &Client) -> Result<Vec<Lead>, Error> {
    let (leads, report) = bitrix
        .list("crm.lead.list")
        .select(["ID", "TITLE"])
        .collect()
        .await?;
    println!("{} leads in {} requests", report.rows, report.requests);
    Ok(leads)
}
