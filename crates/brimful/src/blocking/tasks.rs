//! Tasks, for programs that are not asynchronous.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Client;
use super::runtime::Runtime;
use crate::list::{ListReport, Tail};
use crate::tasks::{
    Action, ChecklistItem, Comment, Counters, CountersOf, Direction, ElapsedItem, Field, Filter,
    HistoryEntry, Moment, OrderBy, Rest, Start, Task, TaskById, TaskFields, TaskPage, TaskReport,
};
use crate::{Error, Fields, Page, Progress};

/// The tasks of a portal; see [`crate::tasks::Tasks`].
#[derive(Debug, Clone)]
pub struct Tasks {
    inner: crate::tasks::Tasks,
    runtime: Arc<Runtime>,
}

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
        Tasks {
            inner: self.inner.tasks(),
            runtime: Arc::clone(&self.runtime),
        }
    }
}

impl Tasks {
    /// See [`crate::tasks::Tasks::list`].
    pub fn list(&self) -> TaskList {
        TaskList {
            inner: self.inner.list(),
            runtime: Arc::clone(&self.runtime),
        }
    }

    /// See [`crate::tasks::Tasks::get`].
    pub fn get(&self, task: u64) -> Result<Task, Error> {
        self.runtime.wait(self.inner.get(task))
    }

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

    /// See [`crate::tasks::Tasks::add`].
    pub fn add(&self, fields: TaskFields) -> Result<Task, Error> {
        self.runtime.wait(self.inner.add(fields))
    }

    /// See [`crate::tasks::Tasks::update`].
    pub fn update(&self, task: u64, fields: TaskFields) -> Result<Option<Task>, Error> {
        self.runtime.wait(self.inner.update(task, fields))
    }

    /// See [`crate::tasks::Tasks::delete`].
    pub fn delete(&self, task: u64) -> Result<(), Error> {
        self.runtime.wait(self.inner.delete(task))
    }

    /// See [`crate::tasks::Tasks::act`].
    pub fn act(&self, task: u64, action: Action) -> Result<Option<Task>, Error> {
        self.runtime.wait(self.inner.act(task, action))
    }

    /// See [`crate::tasks::Tasks::delegate`].
    pub fn delegate(&self, task: u64, user: u64) -> Result<Option<Task>, Error> {
        self.runtime.wait(self.inner.delegate(task, user))
    }

    /// See [`crate::tasks::Tasks::fields`].
    pub fn fields(&self) -> Result<Fields, Error> {
        self.runtime.wait(self.inner.fields())
    }

    /// See [`crate::tasks::Tasks::counters`].
    pub fn counters(&self, of: CountersOf) -> Result<Counters, Error> {
        self.runtime.wait(self.inner.counters(of))
    }

    /// See [`crate::tasks::Tasks::history`].
    pub fn history(&self, task: u64) -> Result<Vec<HistoryEntry>, Error> {
        self.runtime.wait(self.inner.history(task))
    }

    /// See [`crate::tasks::Tasks::checklist`].
    pub fn checklist(&self, task: u64) -> Checklist {
        Checklist {
            inner: self.inner.checklist(task),
            runtime: Arc::clone(&self.runtime),
        }
    }

    /// See [`crate::tasks::Tasks::comments`].
    pub fn comments(&self, task: u64) -> Comments {
        Comments {
            inner: self.inner.comments(task),
            runtime: Arc::clone(&self.runtime),
        }
    }

    /// See [`crate::tasks::Tasks::elapsed`].
    pub fn elapsed(&self, task: u64) -> Elapsed {
        Elapsed {
            inner: self.inner.elapsed(task),
            runtime: Arc::clone(&self.runtime),
        }
    }

    /// See [`crate::tasks::Tasks::all_elapsed`].
    pub fn all_elapsed(&self) -> Elapsed {
        Elapsed {
            inner: self.inner.all_elapsed(),
            runtime: Arc::clone(&self.runtime),
        }
    }
}

/// Tasks to be listed; see [`crate::tasks::TaskList`].
#[derive(Debug, Clone)]
#[must_use = "a list is read by pages(), rows(), collect() or page()"]
pub struct TaskList {
    inner: crate::tasks::TaskList,
    runtime: Arc<Runtime>,
}

impl TaskList {
    /// See [`crate::tasks::TaskList::filter`].
    pub fn filter(self, filter: Filter) -> Self {
        self.with(|list| list.filter(filter))
    }

    /// See [`crate::tasks::TaskList::select`].
    pub fn select(self, fields: impl IntoIterator<Item = Field>) -> Self {
        self.with(|list| list.select(fields))
    }

    /// See [`crate::tasks::TaskList::order`].
    pub fn order(self, by: OrderBy, direction: Direction) -> Self {
        self.with(|list| list.order(by, direction))
    }

    /// See [`crate::tasks::TaskList::by`].
    pub fn by(self, rest: Rest) -> Self {
        self.with(|list| list.by(rest))
    }

    /// See [`crate::tasks::TaskList::tail`].
    pub fn tail(self, tail: Tail) -> Self {
        self.with(|list| list.tail(tail))
    }

    /// See [`crate::tasks::TaskList::resume_after`].
    pub fn resume_after(self, id: u64) -> Self {
        self.with(|list| list.resume_after(id))
    }

    /// See [`crate::tasks::TaskList::on_progress`].
    pub fn on_progress(self, observer: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.with(|list| list.on_progress(observer))
    }

    /// The pages, as an iterator; see [`crate::tasks::TaskList::pages`].
    pub fn pages(self) -> Result<TaskPages, Error> {
        let inner = self.runtime.wait(self.inner.pages())?;
        Ok(TaskPages {
            inner,
            runtime: self.runtime,
        })
    }

    /// The tasks, as an iterator; see [`crate::tasks::TaskList::rows`].
    pub fn rows(self) -> Result<TaskRows, Error> {
        let inner = self.runtime.wait(self.inner.rows())?;
        Ok(TaskRows {
            inner,
            runtime: self.runtime,
        })
    }

    /// See [`crate::tasks::TaskList::collect`].
    pub fn collect(self) -> Result<(Vec<Task>, TaskReport), Error> {
        self.runtime.wait(self.inner.collect())
    }

    /// See [`crate::tasks::TaskList::page`].
    pub fn page(&self, start: Start) -> Result<TaskPage, Error> {
        self.runtime.wait(self.inner.page(start))
    }

    /// See [`crate::tasks::TaskList::count`].
    pub fn count(&self) -> Result<u64, Error> {
        self.runtime.wait(self.inner.count())
    }

    fn with(self, change: impl FnOnce(crate::tasks::TaskList) -> crate::tasks::TaskList) -> Self {
        Self {
            inner: change(self.inner),
            runtime: self.runtime,
        }
    }
}

/// The pages of a list of tasks.
#[derive(Debug)]
pub struct TaskPages {
    inner: crate::tasks::TaskPages,
    runtime: Arc<Runtime>,
}

impl TaskPages {
    /// By which REST they come.
    pub fn rest(&self) -> Rest {
        self.inner.rest()
    }

    /// The account, once the list is complete.
    pub fn report(&self) -> Option<&TaskReport> {
        self.inner.report()
    }

    /// How far the walk is.
    pub fn progress(&self) -> Progress {
        self.inner.progress()
    }
}

impl Iterator for TaskPages {
    type Item = Result<Page, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.wait(self.inner.next_page()).transpose()
    }
}

/// The tasks of a list one by one.
#[derive(Debug)]
pub struct TaskRows {
    inner: crate::tasks::TaskRows,
    runtime: Arc<Runtime>,
}

impl TaskRows {
    /// The account, once the list is complete.
    pub fn report(&self) -> Option<&TaskReport> {
        self.inner.report()
    }
}

impl Iterator for TaskRows {
    type Item = Result<Task, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.runtime.wait(self.inner.next_row()).transpose()
    }
}

/// The checklists of one task; see [`crate::tasks::Checklist`].
#[derive(Debug, Clone)]
pub struct Checklist {
    inner: crate::tasks::Checklist,
    runtime: Arc<Runtime>,
}

impl Checklist {
    /// See [`crate::tasks::Checklist::list`].
    pub fn list(&self) -> Result<Vec<ChecklistItem>, Error> {
        self.runtime.wait(self.inner.list())
    }

    /// See [`crate::tasks::Checklist::add`].
    pub fn add(&self, title: &str, parent: Option<u64>) -> Result<u64, Error> {
        self.runtime.wait(self.inner.add(title, parent))
    }

    /// See [`crate::tasks::Checklist::update`].
    pub fn update(&self, line: u64, fields: Map<String, Value>) -> Result<(), Error> {
        self.runtime.wait(self.inner.update(line, fields))
    }

    /// See [`crate::tasks::Checklist::complete`].
    pub fn complete(&self, line: u64) -> Result<(), Error> {
        self.runtime.wait(self.inner.complete(line))
    }

    /// See [`crate::tasks::Checklist::renew`].
    pub fn renew(&self, line: u64) -> Result<(), Error> {
        self.runtime.wait(self.inner.renew(line))
    }

    /// See [`crate::tasks::Checklist::delete`].
    pub fn delete(&self, line: u64) -> Result<(), Error> {
        self.runtime.wait(self.inner.delete(line))
    }
}

/// The comments on one task; see [`crate::tasks::Comments`].
#[derive(Debug, Clone)]
pub struct Comments {
    inner: crate::tasks::Comments,
    runtime: Arc<Runtime>,
}

impl Comments {
    /// See [`crate::tasks::Comments::list`].
    pub fn list(&self) -> Result<Vec<Comment>, Error> {
        self.runtime.wait(self.inner.list())
    }

    /// See [`crate::tasks::Comments::get`].
    pub fn get(&self, comment: u64) -> Result<Comment, Error> {
        self.runtime.wait(self.inner.get(comment))
    }

    /// See [`crate::tasks::Comments::add`].
    pub fn add(&self, message: &str) -> Result<u64, Error> {
        self.runtime.wait(self.inner.add(message))
    }

    /// See [`crate::tasks::Comments::update`].
    pub fn update(&self, comment: u64, message: &str) -> Result<(), Error> {
        self.runtime.wait(self.inner.update(comment, message))
    }

    /// See [`crate::tasks::Comments::delete`].
    pub fn delete(&self, comment: u64) -> Result<(), Error> {
        self.runtime.wait(self.inner.delete(comment))
    }
}

/// Time spent on tasks; see [`crate::tasks::Elapsed`].
#[derive(Debug, Clone)]
pub struct Elapsed {
    inner: crate::tasks::Elapsed,
    runtime: Arc<Runtime>,
}

impl Elapsed {
    /// See [`crate::tasks::Elapsed::by_user`].
    #[must_use]
    pub fn by_user(self, user: u64) -> Self {
        Self {
            inner: self.inner.by_user(user),
            runtime: self.runtime,
        }
    }

    /// See [`crate::tasks::Elapsed::since`].
    #[must_use]
    pub fn since(self, moment: Moment) -> Self {
        Self {
            inner: self.inner.since(moment),
            runtime: self.runtime,
        }
    }

    /// See [`crate::tasks::Elapsed::list`].
    pub fn list(&self) -> super::List {
        super::List::new(self.inner.list(), Arc::clone(&self.runtime))
    }

    /// See [`crate::tasks::Elapsed::collect`].
    pub fn collect(&self) -> Result<(Vec<ElapsedItem>, ListReport), Error> {
        self.runtime.wait(self.inner.collect())
    }

    /// See [`crate::tasks::Elapsed::add`].
    pub fn add(&self, seconds: u64, comment: &str) -> Result<u64, Error> {
        self.runtime.wait(self.inner.add(seconds, comment))
    }

    /// See [`crate::tasks::Elapsed::update`].
    pub fn update(&self, entry: u64, seconds: u64, comment: &str) -> Result<(), Error> {
        self.runtime
            .wait(self.inner.update(entry, seconds, comment))
    }

    /// See [`crate::tasks::Elapsed::delete`].
    pub fn delete(&self, entry: u64) -> Result<(), Error> {
        self.runtime.wait(self.inner.delete(entry))
    }
}
