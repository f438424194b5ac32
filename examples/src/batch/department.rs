//! The first example of the page: the current user, and the departments of this user.

use brimful::{Batch, Client, Error};
use serde_json::{Value, json};

/// The departments.
pub async fn run(bitrix: &Client) -> Result<Vec<Value>, Error> {
    let mut batch = Batch::new();
    let user = batch.add("get_user", "user.current", json!({}))?;
    let department = batch.add(
        "get_department",
        "department.get",
        json!({"ID": user.result().field("UF_DEPARTMENT")?}),
    )?;
    let reply = bitrix.batch(batch).await?;
    reply.result(&department)
}
