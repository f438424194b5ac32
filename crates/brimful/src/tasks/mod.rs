//! Tasks of Bitrix24: lists with typed filters, single tasks, and what belongs to them.
//!
//! Everything goes through the same gate, ledger, batches and retries as any other call. What is here is what the names
//! and values mean (Bitrix24 REST documentation, `tasks.task.*`); where the article that many begin
//! with says otherwise, `docs/tasks.md` says so.
//!
//! - `filter`, `condition`, `field`, `order`, `value` and `moment` are what can be asked for,
//! - `list` asks for it, by REST 3.0 (`rest3`) or the older REST,
//! - `task` and `lenient` are what comes,
//! - `fields` and `action` change tasks,
//! - `checklist`, `elapsed`, `comments`, `history` and `counters` are what belongs to them.
//!
//! ```no_run
//! use brimful::tasks::{Filter, Status, Condition};
//!
//! # async fn example(client: brimful::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let filter = Filter::new()
//!     .responsible(1)
//!     .real_status(Status::InProgress)
//!     .deadline(Condition::Below("2026-12-01T00:00:00+03:00".parse()?));
//! let (tasks, report) = client.tasks().list().filter(filter).collect_with_report().await?;
//! println!("{} tasks by {}", tasks.len(), report.rest);
//! # Ok(())
//! # }
//! ```

mod action;
mod checklist;
mod comments;
mod condition;
mod counters;
mod elapsed;
mod field;
mod fields;
mod filter;
mod history;
mod lenient;
mod list;
mod moment;
mod order;
mod rest3;
mod task;
mod value;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::{Map, Value, json};

pub use action::Action;
pub use checklist::{Checklist, ChecklistItem};
pub use comments::{Comment, Comments};
pub use condition::Condition;
pub use counters::{Counter, Counters, CountersOf};
pub use elapsed::{Elapsed, ElapsedItem};
pub use field::{Field, UnknownField};
pub use fields::TaskFields;
pub use filter::{Filter, People, Subfilter, TextCondition, YesNo};
pub use history::HistoryEntry;
pub use list::{PageStart, RestVersion, TaskList, TaskPage, TaskPages, TaskReport, TaskRows};
pub use moment::{Moment, MomentError, Zone};
pub use order::{Direction, NotSortable, OrderBy};
pub use task::{Group, Person, Tag, Task};
pub use value::{Mark, Priority, Role, Status, SubStatus, UnknownValue};

use crate::client::Client;
use crate::error::{Error, ErrorKind, Execution};
use crate::fields::Fields;
use crate::json;
use crate::reply::Reply;

/// The tasks of a portal; from [`Client::tasks`].
#[derive(Debug, Clone)]
pub struct Tasks {
    client: Client,
    /// The portal has shown that it offers no tasks by REST 3.0.
    no_rest3: Arc<AtomicBool>,
}

impl Client {
    /// The tasks of the portal.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// use brimful::tasks::{Filter, PageStart};
    ///
    /// let tasks = client.tasks();
    /// let newest = tasks.list().filter(Filter::new().member(1)).page(PageStart::Uncounted).await?;
    /// for task in newest.tasks {
    ///     println!("{} {}", task.id, task.title.unwrap_or_default());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn tasks(&self) -> Tasks {
        Tasks {
            client: self.clone(),
            no_rest3: Arc::default(),
        }
    }
}

/// The outcome for each of several tasks, by its ID.
pub type TaskById = (u64, Result<Task, Error>);

/// All of a task: what it has, its user fields, and its tags, which come only by name.
const ALL: [Field; 3] = [Field::ALL, Field::USER_FIELDS, Field::TAGS];

impl Tasks {
    /// A list of tasks: what to ask for, and how to receive it.
    pub fn list(&self) -> TaskList {
        TaskList::new(self.clone())
    }

    /// One task, with its user fields and tags; what may be done with it is in [`Task::other`] under `action`.
    pub async fn get(&self, task: u64) -> Result<Task, Error> {
        self.get_fields(task, ALL).await
    }

    /// Some fields of one task.
    pub async fn get_fields(
        &self,
        task: u64,
        fields: impl IntoIterator<Item = Field>,
    ) -> Result<Task, Error> {
        let params = json!({"taskId": task, "select": names(fields)});
        self.client.call("tasks.task.get", params).await?.item()
    }

    /// Many tasks by their IDs, 50 in a request, each asked for once: the outcome of each, in the order of the IDs.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// for (id, task) in client.tasks().get_each([7, 12, 40]).await? {
    ///     match task {
    ///         Ok(task) => println!("{id}: {:?}", task.title),
    ///         Err(error) => println!("{id}: {error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_each(
        &self,
        tasks: impl IntoIterator<Item = u64>,
    ) -> Result<Vec<TaskById>, Error> {
        let ids: Vec<u64> = tasks.into_iter().collect();
        let mut found = self
            .client
            .get_by_id("tasks.task.get", ids)
            .id_field("taskId")
            .param("select", names(ALL))
            .stream()?;
        let mut all = Vec::new();
        while let Some(one) = found.next().await {
            let id = one.id.as_str().parse().unwrap_or_default();
            let task = one.result::<Map<String, Value>>();
            all.push((
                id,
                task.and_then(|mut result| in_result(result.shift_remove("task"))),
            ));
        }
        Ok(all)
    }

    /// Makes a task. Its fields have a title and who is to do it at least.
    pub async fn add(&self, fields: TaskFields) -> Result<Task, Error> {
        let params = json!({"fields": fields.into_json()?});
        self.client.call("tasks.task.add", params).await?.item()
    }

    /// Changes a task. It comes back where the portal shows it.
    pub async fn update(&self, task: u64, fields: TaskFields) -> Result<Option<Task>, Error> {
        let params = json!({"taskId": task, "fields": fields.into_json()?});
        shown(&self.client.call("tasks.task.update", params).await?)
    }

    /// Deletes a task.
    pub async fn delete(&self, task: u64) -> Result<(), Error> {
        let params = json!({"taskId": task});
        self.client
            .call("tasks.task.delete", params)
            .await
            .map(drop)
    }

    /// Begins a task, completes it, puts it off, … It comes back where the portal shows it.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// use brimful::tasks::Action;
    ///
    /// client.tasks().act(434, Action::Complete).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn act(&self, task: u64, action: Action) -> Result<Option<Task>, Error> {
        let (method, name) = action.method();
        let params = Value::Object(Map::from_iter([(name.to_owned(), task.into())]));
        shown(&self.client.call(method, params).await?)
    }

    /// Gives a task to somebody else: `tasks.task.delegate`.
    pub async fn delegate(&self, task: u64, user: u64) -> Result<Option<Task>, Error> {
        let params = json!({"taskId": task, "userId": user});
        shown(&self.client.call("tasks.task.delegate", params).await?)
    }

    /// The fields that tasks have, by the keys of rows: `tasks.task.getFields`.
    pub async fn fields(&self) -> Result<Fields, Error> {
        self.client.fields("tasks.task", json!({})).await
    }

    /// How many tasks are overdue, how many comments are new: `tasks.task.counters.get`.
    pub async fn counters(&self, of: CountersOf) -> Result<Counters, Error> {
        let reply = self
            .client
            .call("tasks.task.counters.get", of.params())
            .await?;
        reply.result::<counters::GivenCounters>().map(Into::into)
    }

    /// The history of a task, oldest change first: `tasks.task.history.list`. Empty for a task that is not there.
    pub async fn history(&self, task: u64) -> Result<Vec<HistoryEntry>, Error> {
        let params = json!({"taskId": task, "order": {"createdDate": "ASC"}});
        let reply = self.client.call("tasks.task.history.list", params).await?;
        reply.items()
    }

    /// The checklists of a task.
    pub fn checklist(&self, task: u64) -> Checklist {
        Checklist {
            tasks: self.clone(),
            task,
        }
    }

    /// The comments on a task.
    pub fn comments(&self, task: u64) -> Comments {
        Comments {
            tasks: self.clone(),
            task,
        }
    }

    /// The time spent on a task.
    pub fn elapsed(&self, task: u64) -> Elapsed {
        Elapsed {
            tasks: self.clone(),
            task: Some(task),
            filter: Map::new(),
        }
    }

    /// The time spent on all tasks.
    pub fn all_elapsed(&self) -> Elapsed {
        Elapsed {
            tasks: self.clone(),
            task: None,
            filter: Map::new(),
        }
    }
}

fn names(fields: impl IntoIterator<Item = Field>) -> Value {
    let mut names: Vec<String> = fields
        .into_iter()
        .map(|field| field.name().to_owned())
        .collect();
    if !names.iter().any(|name| name == "ID" || name == "*") {
        names.insert(0, "ID".to_owned());
    }
    names.into()
}

fn in_result(task: Option<Value>) -> Result<Task, Error> {
    let task = task.unwrap_or_default().to_string();
    json::decode(&task, "the task in the result of tasks.task.get")
}

/// The task in a reply to a change: some portals show it, some say `true`.
fn shown(reply: &Reply) -> Result<Option<Task>, Error> {
    let result: Value = reply.result()?;
    match result.get("task") {
        Some(task @ Value::Object(_)) => {
            let what = format!("the task in the result of {}", reply.method());
            json::decode(&task.to_string(), &what).map(Some)
        }
        _ => Ok(None),
    }
}

/// The ID that a method gives for what it made.
fn id_of(reply: &Reply) -> Result<u64, Error> {
    lenient::id(&reply.result()?).ok_or_else(|| {
        Error::new(
            ErrorKind::Decode,
            Execution::Ran,
            format!("the portal gave no ID but {}", reply.raw().get()),
        )
    })
}
