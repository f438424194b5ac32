//! Read a lead with its contacts and, if it has one, its company. The last command is built from the earlier results,
//! or left out.

use brimful::{Batch, Client, Error, LateCommand, Outcome};
use serde_json::{Value, json};

/// The lead, its contacts and its company.
pub async fn run(bitrix: &Client, id: u64) -> Result<(Value, Vec<Value>, Option<Value>), Error> {
    let mut batch = Batch::new();
    let lead = batch.add("lead", "crm.lead.get", json!({"id": id}))?;
    let contacts = batch.add("contacts", "crm.lead.contact.items.get", json!({"id": id}))?;
    let company = batch.late("company", {
        let lead = lead.clone();
        move |before| {
            let lead: Value = before.result(&lead)?;
            let company = lead["COMPANY_ID"].as_str().filter(|id| *id != "0");
            Ok(company.map(|id| LateCommand::new("crm.company.get", json!({"id": id}))))
        }
    })?;
    let reply = bitrix.batch(batch).await?;
    let company = match reply.get(&company) {
        Some(Outcome::NotRun(_)) | None => None,
        Some(_) => Some(reply.result(&company)?),
    };
    Ok((reply.result(&lead)?, reply.result(&contacts)?, company))
}
