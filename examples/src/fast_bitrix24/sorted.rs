//! Sort a list: it comes ordered by ID, and any other order is made afterwards. A portal that sorts a long list page
//! by page loses rows when others change it meanwhile.

use brimful::{Client, Error};
use serde::{Deserialize, Serialize};

/// A deal with its sum.
#[derive(Debug, Deserialize, Serialize)]
pub struct Deal {
    /// Its ID.
    #[serde(rename = "ID")]
    pub id: String,
    /// The sum, as the portal writes it: `1234.50`.
    #[serde(rename = "OPPORTUNITY")]
    pub opportunity: String,
}

/// The deals, the largest first.
pub async fn run(bitrix: &Client) -> Result<Vec<Deal>, Error> {
    let mut deals = bitrix
        .list("crm.deal.list")
        .select(["ID", "OPPORTUNITY"])
        .collect::<Deal>()
        .await?;
    let sum = |deal: &Deal| deal.opportunity.parse::<f64>().unwrap_or_default();
    deals.sort_by(|one, other| sum(other).total_cmp(&sum(one)));
    Ok(deals)
}
