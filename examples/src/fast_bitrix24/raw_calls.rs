//! `call(raw=True)`: a `null` that erases a field, and an old method with positional parameters. Here every call sends
//! its parameters unchanged.

use brimful::{Client, Error};
use serde_json::{Value, json};

/// The lead without its comment, and the ID of the new comment on a task.
pub async fn run(bitrix: &Client) -> Result<(Value, u64), Error> {
    bitrix
        .call(
            "crm.lead.update",
            json!({"ID": 23, "fields": {"COMMENTS": null}}),
        )
        .await?;
    let lead = bitrix.call("crm.lead.get", json!({"ID": 23})).await?;

    let comment = bitrix
        .call(
            "task.commentitem.add",
            json!([23, {"POST_MESSAGE": "A comment on the task"}]),
        )
        .await?;
    Ok((lead.result()?, comment.result()?))
}
