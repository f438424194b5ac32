//! Add a contact, a lead, and the link between them. The original makes three requests; references make it one, and a
//! failure names its command.

use brimful::{Batch, Client, Error, OnError};
use serde_json::json;

/// The IDs of the lead and the contact.
pub async fn run(bitrix: &Client) -> Result<(u64, u64), Error> {
    let mut batch = Batch::new().on_error(OnError::Halt);
    let contact = batch.add(
        "contact",
        "crm.contact.add",
        json!({"fields": {"NAME": "Anna", "LAST_NAME": "Petrova"}}),
    )?;
    let lead = batch.add(
        "lead",
        "crm.lead.add",
        json!({"fields": {"TITLE": "From the fair", "CONTACT_ID": contact.result()}}),
    )?;
    let linked = batch.add(
        "linked",
        "crm.lead.contact.add",
        json!({"id": lead.result(), "fields": {"CONTACT_ID": contact.result()}}),
    )?;
    let reply = bitrix.batch(batch).await?;
    reply.result::<bool>(&linked)?;
    Ok((reply.result(&lead)?, reply.result(&contact)?))
}
