//! Whose rows a table has: those of one list of one portal. Rows of another would lie over them, and an export into a table
//! that is kept in sync would lose the state of the sync.

use serde_json::Value;

use super::run_state::RunState;
use crate::error::ExportError;

/// The list whose rows a run writes.
#[derive(Debug, PartialEq)]
pub(crate) struct WrittenList {
    pub(crate) is_sync: bool,
    pub(crate) portal: String,
    method: String,
    /// The type of smart process, where the method has items of many types.
    item_type: Option<String>,
}

impl WrittenList {
    /// The list of a run, as the commands of exports and of syncs name it. What stands behind that, such as the folders of
    /// a dataset, is passed over.
    pub(crate) fn of_command(command: &str) -> Option<Self> {
        let mut values = serde_json::Deserializer::from_str(command).into_iter::<Value>();
        let command = values.next()?.ok()?;
        let text = |name: &str| Some(command.get(name)?.as_str()?.to_owned());
        let params = command.get("params").and_then(Value::as_object);
        let item_type = params
            .into_iter()
            .flatten()
            .find(|(name, _)| name.eq_ignore_ascii_case("entityTypeId"))
            .map(|(_, value)| value.to_string().trim_matches('"').to_owned());
        Some(Self {
            is_sync: command.get("sync").is_some(),
            portal: portal_name(&text("portal")?),
            method: text("method")?.to_ascii_lowercase(),
            item_type,
        })
    }

    /// Whether the rows are of one list, of whatever portal.
    #[cfg(feature = "sync")]
    pub(crate) fn is_same_list(&self, other: &Self) -> bool {
        (&self.method, &self.item_type) == (&other.method, &other.item_type)
    }

    pub(crate) fn name(&self) -> String {
        let of_type = self
            .item_type
            .as_ref()
            .map_or_else(String::new, |item_type| format!(" of the type {item_type}"));
        format!("{}{of_type} at {}", self.method, self.portal)
    }
}

/// A run that has written to a table, as the table of states has it.
#[derive(Debug)]
pub(crate) struct StoredRun {
    pub(crate) command: String,
    /// Rows that it has stored.
    pub(crate) rows: u64,
    /// Whether it was interrupted, and the same command resumes it.
    pub(crate) can_be_resumed: bool,
}

/// Whether a database means no by it.
#[cfg(feature = "sync")]
pub(crate) fn is_no(text: &str) -> bool {
    matches!(text, "0" | "f" | "false")
}

/// Refuses to begin a run where one of another command was interrupted, which could not be resumed any more. `store` is
/// the store without its password.
pub(crate) fn check_interrupted(
    state: &RunState,
    stored: &StoredRun,
    store: &str,
) -> Result<(), ExportError> {
    let is_other = stored.can_be_resumed && stored.rows > 0 && stored.command != state.command;
    if !is_other || state.drops_interrupted {
        return Ok(());
    }
    Err(ExportError::InterruptedRun {
        store: store.to_owned(),
        message: format!(
            "{} rows of an interrupted run of another command (another filter, selection or columns) are in the table {}, \
             and after this run that one would start from the beginning: run it again to end it",
            stored.rows, state.table
        ),
    })
}

/// The name of a portal: the host of its address, `example.bitrix24.ru`. The rows are the same whatever webhook they are
/// read with.
pub(crate) fn portal_name(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default().to_owned()
}

/// Why no rows may go to `table`, which has rows that none of our runs has written. `rename`: the statement that moves it
/// out of the way.
#[cfg(feature = "sync")]
pub(crate) fn problem_of_strange_table(table: &str, rename: &str) -> String {
    format!(
        "the table {table} is there with rows that brimful has not written, and they would be overwritten; to keep \
         them, move it out of the way: {rename}"
    )
}

/// Why the rows of the run `command` may not go to `table`, which the run `stored` has written. `drop`: what else
/// can be done, such as `drop it: DROP TABLE deals`.
pub(crate) fn problem(table: &str, stored: &str, command: &str, drop: &str) -> Option<String> {
    let (theirs, ours) = (
        WrittenList::of_command(stored)?,
        WrittenList::of_command(command)?,
    );
    if theirs.is_sync {
        return Some(format!(
            "the table {table} is kept in sync with {}, and an export would end that",
            theirs.portal
        ));
    }
    (theirs != ours).then(|| {
        format!(
            "the table {table} holds rows of {}, and not those of {}; to replace them, {drop}",
            theirs.name(),
            ours.name(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_another_list_portal_or_type_may_not_go_into_a_table() {
        let command = |portal: &str, method: &str, params: &str| {
            format!(
                r#"{{"portal":"{portal}","method":"{method}","params":{params}}} by DATE:month"#
            )
        };
        let deals = command("a", "crm.deal.list", r#"{"filter":{"ID":7}}"#);
        let items = command("a", "crm.item.list", r#"{"entityTypeId":128}"#);
        let said = |ours: &str| problem("deals", &deals, ours, "drop it: DROP TABLE deals");
        assert_eq!(said(&command("a", "CRM.deal.list", "{}")), None);
        let by_address = command("https://a/rest/1/…/", "crm.deal.list", "{}");
        assert_eq!(said(&by_address), None, "the same portal by another name");
        for other in [
            command("b", "crm.deal.list", "{}"),
            command("a", "crm.lead.list", "{}"),
            items.clone(),
        ] {
            let said = said(&other).unwrap();
            assert!(said.contains("holds rows of crm.deal.list at a"), "{said}");
            assert!(said.ends_with("drop it: DROP TABLE deals"), "{said}");
        }
        let other_type = command("a", "crm.item.list", r#"{"ENTITYTYPEID":"31"}"#);
        assert!(problem("items", &items, &other_type, "").is_some());
        assert_eq!(problem("items", &items, &items, ""), None);
        let sync = r#"{"sync":true,"portal":"a","method":"crm.deal.list"}"#;
        let said = problem("deals", sync, &deals, "").unwrap();
        assert!(said.contains("kept in sync with a"), "{said}");
    }
}
