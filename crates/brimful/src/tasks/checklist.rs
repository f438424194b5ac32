//! Checklists: `task.checklistitem.*`, which take their parameters by their order and give everything at once.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::Tasks;
use super::lenient::Row;
use super::moment::Moment;
use crate::error::Error;

/// The checklists of one task; from [`Tasks::checklist`].
#[derive(Debug, Clone)]
pub struct Checklist {
    pub(super) tasks: Tasks,
    pub(super) task: u64,
}

/// A line of a checklist. A checklist itself is a line without one above it, and its title is that of the list.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ChecklistItem {
    /// `ID`
    pub id: u64,
    /// `PARENT_ID`: the line above; none where a portal writes 0.
    pub parent_id: Option<u64>,
    /// `CREATED_BY`
    pub created_by: Option<u64>,
    /// `TITLE`
    pub title: String,
    /// `SORT_INDEX`
    pub sort_index: i64,
    /// `IS_COMPLETE`
    pub is_complete: bool,
    /// `IS_IMPORTANT`
    pub is_important: bool,
    /// `TOGGLED_BY`: who ticked it last.
    pub toggled_by: Option<u64>,
    /// `TOGGLED_DATE`
    pub toggled: Option<Moment>,
    /// Everything else: `MEMBERS`, `ATTACHMENTS`, which is a list or a map by ID.
    pub other: Map<String, Value>,
}

impl<'de> Deserialize<'de> for ChecklistItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut row = Row(Map::deserialize(deserializer)?);
        let id = row.id("ID");
        Ok(Self {
            id: id
                .ok_or_else(|| serde::de::Error::custom("a line of a checklist without an ID"))?,
            parent_id: row.id("PARENT_ID").filter(|id| *id > 0),
            created_by: row.id("CREATED_BY"),
            title: row.text("TITLE").unwrap_or_default(),
            sort_index: row.number("SORT_INDEX").unwrap_or_default(),
            is_complete: row.flag("IS_COMPLETE").unwrap_or_default(),
            is_important: row.flag("IS_IMPORTANT").unwrap_or_default(),
            toggled_by: row.id("TOGGLED_BY"),
            toggled: row.moment("TOGGLED_DATE"),
            other: row.0,
        })
    }
}

impl Checklist {
    /// All lines of all checklists, oldest first.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// let checklist = client.tasks().checklist(434);
    /// for line in checklist.list().await?.iter().filter(|line| !line.is_complete) {
    ///     println!("{}", line.title);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list(&self) -> Result<Vec<ChecklistItem>, Error> {
        let params = json!([self.task, {"ID": "asc"}]);
        self.call("getlist", params).await?.items()
    }

    /// A new line, below another one if need be; its ID.
    pub async fn add(&self, title: &str, parent: Option<u64>) -> Result<u64, Error> {
        let mut fields = json!({ "TITLE": title });
        if let Some(parent) = parent {
            fields["PARENT_ID"] = parent.into();
        }
        let reply = self.call("add", json!([self.task, fields])).await?;
        super::id_of(&reply)
    }

    /// Changes a line: `TITLE`, `SORT_INDEX`, `IS_IMPORTANT`, … `fields` is an object.
    ///
    /// # Errors
    /// The fields cannot be written as JSON, or the portal refuses them.
    pub async fn update(&self, line: u64, fields: impl Serialize) -> Result<(), Error> {
        let fields = crate::json::to_value(fields, "the fields of a line")?;
        self.call("update", json!([self.task, line, fields]))
            .await
            .map(drop)
    }

    /// Ticks a line.
    pub async fn complete(&self, line: u64) -> Result<(), Error> {
        self.call("complete", json!([self.task, line]))
            .await
            .map(drop)
    }

    /// Takes the tick away.
    pub async fn renew(&self, line: u64) -> Result<(), Error> {
        self.call("renew", json!([self.task, line])).await.map(drop)
    }

    /// Deletes a line.
    pub async fn delete(&self, line: u64) -> Result<(), Error> {
        self.call("delete", json!([self.task, line]))
            .await
            .map(drop)
    }

    async fn call(&self, verb: &str, params: Value) -> Result<crate::reply::Reply, Error> {
        let method = format!("task.checklistitem.{verb}");
        self.tasks.client.call(&method, params).await
    }
}
