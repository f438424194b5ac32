//! Tell errors apart by the portal's code. The client has already waited and retried where that helps.

use brimful::{Client, Execution};
use serde_json::json;

/// A message for the user.
pub async fn run(bitrix: &Client) -> String {
    let change = json!({"id": 999_999, "fields": {"NAME": "Ivan"}});
    let Err(error) = bitrix.call("crm.lead.update", change).await else {
        return "the lead is changed".to_owned();
    };
    match error.api_error().map(|error| error.code.as_str()) {
        Some("QUERY_LIMIT_EXCEEDED") => "the portal has too much to do".to_owned(),
        Some("INVALID_CREDENTIALS" | "invalid_token" | "expired_token") => {
            "the portal does not know us".to_owned()
        }
        Some("NO_AUTH_FOUND") => "no credentials were sent".to_owned(),
        Some(_) => format!("the portal refused: {error}"),
        None if error.execution() == Execution::Unknown => {
            "it is unknown whether the lead was changed: look before you try again".to_owned()
        }
        None => format!("it never ran: {error}"),
    }
}
