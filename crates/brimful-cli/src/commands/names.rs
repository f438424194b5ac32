//! Names and values that single calls of lists ask for, held against the portal's fields before the calls are made.

use brimful::Client;
use brimful_protocol::list_fields;
use serde_json::Value;

use crate::failure::Failure;

/// A call of a list.
#[derive(Debug, Clone)]
pub(super) struct ListCall {
    /// The name of its command, where it is one of a batch.
    pub(super) command: Option<String>,
    pub(super) method: String,
    pub(super) params: Value,
}

/// Whether the names that the list takes can be known.
pub(super) fn can_be_checked(method: &str) -> bool {
    list_fields::find(method).is_some()
}

/// Refuses calls whose names and values no field has: a portal would pass them over, and send the whole list.
pub(super) async fn check(client: &Client, calls: &[ListCall]) -> Result<(), Failure> {
    let asked: Vec<_> = calls
        .iter()
        .map(|call| (call.method.as_str(), &call.params))
        .collect();
    for (call, checked) in calls.iter().zip(client.check_names(&asked).await) {
        let Err(error) = checked else { continue };
        let error = match &call.command {
            Some(name) => error.in_command(name),
            None => error,
        };
        return Err(Failure::of(&error).hint(format!(
            "brimful fields {} shows the fields; --no-check sends everything as it is",
            call.method
        )));
    }
    Ok(())
}
