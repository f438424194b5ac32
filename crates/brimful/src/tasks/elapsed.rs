//! Time spent on tasks: `task.elapseditem.*`. The list takes its page by `NAV_PARAMS` and by nothing else.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::Tasks;
use super::lenient::Row;
use super::moment::Moment;
use crate::error::Error;
use crate::list::{List, ListReport};

/// Time spent, on one task or on all; from [`Tasks::elapsed`] and [`Tasks::all_elapsed`].
#[derive(Debug, Clone)]
pub struct Elapsed {
    pub(super) tasks: Tasks,
    pub(super) task: Option<u64>,
    pub(super) filter: Map<String, Value>,
}

/// Some time that somebody spent on a task.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ElapsedItem {
    /// `ID`
    pub id: u64,
    /// `TASK_ID`
    pub task_id: Option<u64>,
    /// `USER_ID`
    pub user_id: Option<u64>,
    /// `SECONDS`
    pub seconds: i64,
    /// `COMMENT_TEXT`
    pub comment: String,
    /// `SOURCE`: 2 where it was written by hand, 3 where a timer ran.
    pub source: Option<i64>,
    /// `CREATED_DATE`
    pub created: Option<Moment>,
    /// `DATE_START`
    pub start: Option<Moment>,
    /// `DATE_STOP`
    pub stop: Option<Moment>,
    /// Everything else: `MINUTES`.
    pub other: Map<String, Value>,
}

impl<'de> Deserialize<'de> for ElapsedItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut row = Row(Map::deserialize(deserializer)?);
        let id = row.id("ID");
        Ok(Self {
            id: id
                .ok_or_else(|| serde::de::Error::custom("an entry of spent time without an ID"))?,
            task_id: row.id("TASK_ID"),
            user_id: row.id("USER_ID"),
            seconds: row.number("SECONDS").unwrap_or_default(),
            comment: row.text("COMMENT_TEXT").unwrap_or_default(),
            source: row.number("SOURCE"),
            created: row.moment("CREATED_DATE"),
            start: row.moment("DATE_START"),
            stop: row.moment("DATE_STOP"),
            other: row.0,
        })
    }
}

impl Elapsed {
    /// Only what one user spent.
    #[must_use]
    pub fn by_user(mut self, user: u64) -> Self {
        self.filter.insert("USER_ID".to_owned(), user.into());
        self
    }

    /// Only what was written down at or after a moment.
    #[must_use]
    pub fn since(mut self, moment: Moment) -> Self {
        self.filter
            .insert(">=CREATED_DATE".to_owned(), moment.into());
        self
    }

    /// The whole list, to be read as any other.
    pub fn list(&self) -> List {
        let mut params = json!({"ORDER": {"ID": "asc"}, "FILTER": self.filter});
        if let Some(task) = self.task {
            params["TASKID"] = task.into();
        }
        self.tasks
            .client
            .list("task.elapseditem.getlist")
            .params(params)
    }

    /// All entries, in memory.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// let entries = client.tasks().all_elapsed().by_user(5).collect().await?;
    /// let hours: i64 = entries.iter().map(|entry| entry.seconds).sum::<i64>() / 3600;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn collect(&self) -> Result<Vec<ElapsedItem>, Error> {
        self.list().collect().await
    }

    /// All entries, in memory, and the account of the list.
    pub async fn collect_with_report(&self) -> Result<(Vec<ElapsedItem>, ListReport), Error> {
        self.list().collect_with_report().await
    }

    /// Writes time down; the ID of the entry.
    ///
    /// # Errors
    /// It is not said for which task. And those of any call.
    pub async fn add(&self, seconds: u64, comment: &str) -> Result<u64, Error> {
        let fields = json!({"SECONDS": seconds, "COMMENT_TEXT": comment});
        let params = json!([self.task()?, fields]);
        super::id_of(&self.call("add", params).await?)
    }

    /// Changes an entry.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    pub async fn update(&self, entry: u64, seconds: u64, comment: &str) -> Result<(), Error> {
        let fields = json!({"SECONDS": seconds, "COMMENT_TEXT": comment});
        let params = json!([self.task()?, entry, fields]);
        self.call("update", params).await.map(drop)
    }

    /// Deletes an entry.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    pub async fn delete(&self, entry: u64) -> Result<(), Error> {
        let params = json!([self.task()?, entry]);
        self.call("delete", params).await.map(drop)
    }

    fn task(&self) -> Result<u64, Error> {
        self.task.ok_or_else(|| {
            Error::config("an entry of spent time is one task's: take tasks().elapsed(task)")
        })
    }

    async fn call(&self, verb: &str, params: Value) -> Result<crate::reply::Reply, Error> {
        let method = format!("task.elapseditem.{verb}");
        self.tasks.client.call(&method, params).await
    }
}
