//! The first example of the page as an address to open, with an answer in XML. The parameters of a command are encoded
//! twice: in the command, and with the command in the batch.

use brimful::protocol::query;
use brimful::{HttpOptions, reqwest};

/// The answer. `webhook` is the address of an incoming webhook.
pub async fn run(webhook: &str) -> anyhow::Result<String> {
    let department = format!("ID={}", query::escaped("$result[get_user][UF_DEPARTMENT]"));
    let address = format!(
        "{webhook}batch.xml?halt=0&cmd[get_user]={}&cmd[get_department]={}",
        query::escaped("user.current?"),
        query::escaped(&format!("department.get?{department}")),
    );
    let browser: reqwest::Client = HttpOptions::reqwest_builder()?.build()?;
    let answer = browser.get(address).send().await?.text().await?;
    Ok(answer)
}
