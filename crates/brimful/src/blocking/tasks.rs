//! Tasks, for programs that are not asynchronous.

use serde::Serialize;

use super::forward::forward;
use super::{Blocking, Client};
use crate::list::{ListReport, Tail};
use crate::tasks::{
    Action, ChecklistItem, Comment, Counters, CountersOf, Direction, ElapsedItem, Field, Filter,
    HistoryEntry, Moment, OrderBy, PageStart, RestVersion, Task, TaskById, TaskFields, TaskPage,
    TaskReport,
};
use crate::{Error, Fields, Progress};

/// The tasks of a portal; see [`crate::tasks::Tasks`].
pub type Tasks = Blocking<crate::tasks::Tasks>;
/// Tasks to be listed; see [`crate::tasks::TaskList`].
pub type TaskList = Blocking<crate::tasks::TaskList>;
/// The pages of a list of tasks, as an iterator; see [`crate::tasks::TaskPages`].
pub type TaskPages = Blocking<crate::tasks::TaskPages>;
/// The tasks of a list, as an iterator; see [`crate::tasks::TaskRows`].
pub type TaskRows = Blocking<crate::tasks::TaskRows>;
/// The checklists of one task; see [`crate::tasks::Checklist`].
pub type Checklist = Blocking<crate::tasks::Checklist>;
/// The comments on one task; see [`crate::tasks::Comments`].
pub type Comments = Blocking<crate::tasks::Comments>;
/// Time spent on tasks; see [`crate::tasks::Elapsed`].
pub type Elapsed = Blocking<crate::tasks::Elapsed>;

impl Client {
    /// See [`crate::Client::tasks`].
    ///
    /// ```no_run
    /// # fn example(client: brimful::blocking::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use brimful::tasks::{Filter, Status};
    ///
    /// let filter = Filter::new().responsible(1).real_status(Status::InProgress);
    /// for task in client.tasks().list().filter(filter).rows()? {
    ///     let task = task?;
    ///     println!("{} {}", task.id, task.title.unwrap_or_default());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn tasks(&self) -> Tasks {
        self.with(self.inner.tasks())
    }
}

impl Tasks {
    /// See [`crate::tasks::Tasks::get_fields`].
    pub fn get_fields(
        &self,
        task: u64,
        fields: impl IntoIterator<Item = Field>,
    ) -> Result<Task, Error> {
        let fields: Vec<Field> = fields.into_iter().collect();
        self.runtime.wait(self.inner.get_fields(task, fields))
    }

    /// See [`crate::tasks::Tasks::get_each`].
    pub fn get_each(&self, tasks: impl IntoIterator<Item = u64>) -> Result<Vec<TaskById>, Error> {
        let tasks: Vec<u64> = tasks.into_iter().collect();
        self.runtime.wait(self.inner.get_each(tasks))
    }
}

forward! {
    impl crate::tasks::Tasks {
        wait get(task: u64) -> Result<Task, Error>;
        wait add(fields: TaskFields) -> Result<Task, Error>;
        wait update(task: u64, fields: TaskFields) -> Result<Option<Task>, Error>;
        wait delete(task: u64) -> Result<(), Error>;
        wait act(task: u64, action: Action) -> Result<Option<Task>, Error>;
        wait delegate(task: u64, user: u64) -> Result<Option<Task>, Error>;
        wait fields() -> Result<Fields, Error>;
        wait counters(of: CountersOf) -> Result<Counters, Error>;
        wait history(task: u64) -> Result<Vec<HistoryEntry>, Error>;
        over list() -> crate::tasks::TaskList;
        over checklist(task: u64) -> crate::tasks::Checklist;
        over comments(task: u64) -> crate::tasks::Comments;
        over elapsed(task: u64) -> crate::tasks::Elapsed;
        over all_elapsed() -> crate::tasks::Elapsed;
    }
}

forward! {
    impl crate::tasks::TaskList {
        set filter(filter: Filter);
        set select(fields: impl IntoIterator<Item = Field>);
        set order(by: OrderBy, direction: Direction);
        set rest_version(rest: RestVersion);
        set tail(tail: Tail);
        set resume_after(id: u64);
        set on_progress(observer: impl Fn(&Progress) + Send + Sync + 'static);
        take collect() -> Result<Vec<Task>, Error>;
        take collect_with_report() -> Result<(Vec<Task>, TaskReport), Error>;
        wait page(start: PageStart) -> Result<TaskPage, Error>;
        wait count() -> Result<u64, Error>;
    }
}

impl TaskList {
    /// See [`crate::tasks::TaskList::pages`].
    pub fn pages(self) -> Result<TaskPages, Error> {
        let Self { inner, runtime } = self;
        let inner = runtime.wait(inner.pages())?;
        Ok(Blocking { inner, runtime })
    }

    /// See [`crate::tasks::TaskList::rows`].
    pub fn rows(self) -> Result<TaskRows, Error> {
        let Self { inner, runtime } = self;
        let inner = runtime.wait(inner.rows())?;
        Ok(Blocking { inner, runtime })
    }
}

forward! {
    impl crate::tasks::Checklist {
        wait list() -> Result<Vec<ChecklistItem>, Error>;
        wait add(title: &str, parent: Option<u64>) -> Result<u64, Error>;
        wait update(line: u64, fields: impl Serialize + Send) -> Result<(), Error>;
        wait complete(line: u64) -> Result<(), Error>;
        wait renew(line: u64) -> Result<(), Error>;
        wait delete(line: u64) -> Result<(), Error>;
    }
}

forward! {
    impl crate::tasks::Comments {
        wait list() -> Result<Vec<Comment>, Error>;
        wait get(comment: u64) -> Result<Comment, Error>;
        wait add(message: &str) -> Result<u64, Error>;
        wait update(comment: u64, message: &str) -> Result<(), Error>;
        wait delete(comment: u64) -> Result<(), Error>;
    }
}

forward! {
    impl crate::tasks::Elapsed {
        set by_user(user: u64);
        set since(moment: Moment);
        over list() -> crate::List;
        wait collect() -> Result<Vec<ElapsedItem>, Error>;
        wait collect_with_report() -> Result<(Vec<ElapsedItem>, ListReport), Error>;
        wait add(seconds: u64, comment: &str) -> Result<u64, Error>;
        wait update(entry: u64, seconds: u64, comment: &str) -> Result<(), Error>;
        wait delete(entry: u64) -> Result<(), Error>;
    }
}
