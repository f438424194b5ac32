//! Find a contact by phone number, and its company, in one request.

use brimful::{Batch, Client, Error};
use serde_json::{Value, json};

/// The contact and the company.
pub async fn run(bitrix: &Client, phone: &str) -> Result<(Value, Value), Error> {
    let mut batch = Batch::new();
    let found = batch.add(
        "find_contact",
        "crm.duplicate.findbycomm",
        json!({"entity_type": "CONTACT", "type": "PHONE", "values": [phone]}),
    )?;
    let contact = batch.add(
        "get_contact",
        "crm.contact.get",
        json!({"id": found.result().field("CONTACT")?.index(0)}),
    )?;
    let company = batch.add(
        "get_company",
        "crm.company.get",
        json!({"id": contact.result().field("COMPANY_ID")?}),
    )?;
    let reply = bitrix.batch(batch).await?;
    Ok((reply.result(&contact)?, reply.result(&company)?))
}
