//! The history of a task: `tasks.task.history.list`.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::lenient::Row;
use super::moment::Moment;

/// One change of a task.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// `id`
    pub id: u64,
    /// `createdDate`: when it was.
    pub at: Option<Moment>,
    /// What changed: the name of a field, or `NEW`, `COMMENT`, `CHECKLIST_ITEM_CREATE` and the like.
    pub field: String,
    /// What it was. The type is the field's.
    pub from: Value,
    /// What it is.
    pub to: Value,
    /// Who did it.
    pub user_id: Option<u64>,
    /// The first and last name of who did it.
    pub user_name: Option<String>,
    /// Everything else.
    pub other: Map<String, Value>,
}

impl<'de> Deserialize<'de> for HistoryEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut row = Row(Map::deserialize(deserializer)?);
        let id = row.id("id");
        let value = row.object("value", |row| Some(row.0));
        let mut value = value.unwrap_or_default();
        let mut end = |name: &str| value.shift_remove(name).unwrap_or_default();
        let (from, to) = (end("from"), end("to"));
        let user = row.object("user", |mut row| {
            let id = row.id("id")?;
            let names = [row.text("name"), row.text("lastName")];
            let name = names.map(Option::unwrap_or_default).join(" ");
            Some((id, name.trim().to_owned()))
        });
        let (user_id, user_name) = user.unzip();
        Ok(Self {
            id: id
                .ok_or_else(|| serde::de::Error::custom("an entry of the history without an ID"))?,
            at: row.moment("createdDate"),
            field: row.text("field").unwrap_or_default(),
            from,
            to,
            user_id,
            user_name: user_name.filter(|name| !name.is_empty()),
            other: row.0,
        })
    }
}
