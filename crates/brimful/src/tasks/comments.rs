//! Comments: `task.commentitem.*`, which take their parameters by their order and give everything at once.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::Tasks;
use super::lenient::Row;
use super::moment::Moment;
use crate::error::Error;

/// The comments on one task; from [`Tasks::comments`].
#[derive(Debug, Clone)]
pub struct Comments {
    pub(super) tasks: Tasks,
    pub(super) task: u64,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Comment {
    /// `ID`
    pub id: u64,
    /// `AUTHOR_ID`
    pub author_id: Option<u64>,
    /// `AUTHOR_NAME`
    pub author_name: Option<String>,
    /// `POST_DATE`
    pub posted: Option<Moment>,
    /// `POST_MESSAGE`
    pub message: String,
    /// Everything else: `POST_MESSAGE_HTML`, `AUTHOR_EMAIL`, `ATTACHED_OBJECTS`.
    pub other: Map<String, Value>,
}

impl<'de> Deserialize<'de> for Comment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut row = Row(Map::deserialize(deserializer)?);
        let id = row.id("ID");
        Ok(Self {
            id: id.ok_or_else(|| serde::de::Error::custom("a comment without an ID"))?,
            author_id: row.id("AUTHOR_ID"),
            author_name: row.text("AUTHOR_NAME"),
            posted: row.moment("POST_DATE"),
            message: row.text("POST_MESSAGE").unwrap_or_default(),
            other: row.0,
        })
    }
}

impl Comments {
    /// All comments, oldest first.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// let comments = client.tasks().comments(434);
    /// let id = comments.add("Done by Friday").await?;
    /// println!("{}: {} comments", id, comments.list().await?.len());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list(&self) -> Result<Vec<Comment>, Error> {
        let params = json!([self.task, {"ID": "asc"}]);
        self.call("getlist", params).await?.items()
    }

    /// One comment.
    pub async fn get(&self, comment: u64) -> Result<Comment, Error> {
        self.call("get", json!([self.task, comment]))
            .await?
            .result()
    }

    /// A new comment; its ID.
    pub async fn add(&self, message: &str) -> Result<u64, Error> {
        let params = json!([self.task, {"POST_MESSAGE": message}]);
        super::id_of(&self.call("add", params).await?)
    }

    /// Replaces the text of a comment.
    pub async fn update(&self, comment: u64, message: &str) -> Result<(), Error> {
        let params = json!([self.task, comment, {"POST_MESSAGE": message}]);
        self.call("update", params).await.map(drop)
    }

    /// Deletes a comment.
    pub async fn delete(&self, comment: u64) -> Result<(), Error> {
        self.call("delete", json!([self.task, comment]))
            .await
            .map(drop)
    }

    async fn call(&self, verb: &str, params: Value) -> Result<crate::reply::Reply, Error> {
        let method = format!("task.commentitem.{verb}");
        self.tasks.client.call(&method, params).await
    }
}
