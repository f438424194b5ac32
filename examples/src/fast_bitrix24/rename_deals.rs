//! `call` with a list: put the ID of each deal before its title. Every deal has an outcome, in the order of the deals,
//! and none is written twice.

use brimful::{Client, Error, Outcome};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Deal {
    id: String,
    title: String,
}

/// How many deals were renamed, and a line for each of the others.
pub async fn run(bitrix: &Client) -> Result<(usize, Vec<String>), Error> {
    let deals = bitrix
        .list("crm.deal.list")
        .select(["ID", "TITLE"])
        .collect::<Deal>()
        .await?;
    let ids: Vec<String> = deals.iter().map(|deal| deal.id.clone()).collect();
    let updates = deals.into_iter().map(
        |Deal { id, title }| json!({"ID": id, "fields": {"TITLE": format!("{id} - {title}")}}),
    );
    let outcomes = bitrix.call_each("crm.deal.update", updates).collect().await;
    let mut renamed = 0;
    let mut others = Vec::new();
    for (id, item) in ids.iter().zip(outcomes) {
        match item.outcome {
            Outcome::Done(_) => renamed += 1,
            Outcome::Failed(error) => others.push(format!("deal {id}: {error}")),
            Outcome::NotRun(why) => others.push(format!("deal {id} is as it was: {why}")),
            Outcome::Unknown(why) => others.push(format!("deal {id} has to be looked at: {why}")),
            other => others.push(format!("deal {id}: {other:?}")),
        }
    }
    println!("{renamed} deals renamed, {} not", others.len());
    Ok((renamed, others))
}
