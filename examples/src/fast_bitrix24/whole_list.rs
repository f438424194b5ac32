//! `get_all`: all leads, ordered by ID.

use brimful::{Client, Error};
use serde::{Deserialize, Serialize};

/// The fields of a lead that this program needs.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub struct Lead {
    /// Its ID, as the portal writes it.
    pub id: String,
    /// Its title.
    pub title: String,
}

/// All leads.
pub async fn run(bitrix: &Client) -> Result<Vec<Lead>, Error> {
    let (leads, report) = bitrix
        .list("crm.lead.list")
        .select(["ID", "TITLE"])
        .collect_with_report()
        .await?;
    println!("{} leads in {} requests", report.rows, report.requests);
    Ok(leads)
}
