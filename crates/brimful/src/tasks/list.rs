//! Lists of tasks: whole, page by page, or one page. By REST 3.0 where it can say what is asked for, with pages of 1,000
//! rows; by the older REST otherwise.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use brimful_protocol::rows::{Page, Row};
use futures_core::Stream;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::Tasks;
use super::field::Field;
use super::filter::Filter;
use super::order::{Direction, OrderBy};
use super::rest3::RowTranslation;
use super::task::Task;
use crate::error::{Error, ErrorKind};
use crate::json;
use crate::list::{KnownHidden, List, ListReport, Pages, Progress, Tail};

pub(super) const LIST: &str = "tasks.task.list";
const PAGE: u64 = 50;

/// The two systems of methods that a portal lists tasks by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RestVersion {
    /// The older REST: all filters, pages of 50 rows, 50 of them in a request.
    Rest2,
    /// REST 3.0: filters by ID alone, pages of 1,000 rows.
    Rest3,
}

impl fmt::Display for RestVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rest2 => "REST 2",
            Self::Rest3 => "REST 3.0",
        })
    }
}

/// Where one page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStart {
    /// Behind so many rows, a multiple of 50; the portal counts all rows.
    At(u64),
    /// At the first row, and the portal counts nothing (`start` -1): cheap, and without `total` and `next`.
    Uncounted,
}

/// Tasks to be listed; from [`Tasks::list`].
#[derive(Clone)]
#[must_use = "a list is read by pages(), rows(), collect() or page()"]
pub struct TaskList {
    tasks: Tasks,
    filter: Filter,
    select: Vec<Field>,
    order: Vec<(OrderBy, Direction)>,
    rest: Option<RestVersion>,
    tail: Tail,
    resume_after: Option<u64>,
    observer: Option<Observer>,
}

type Observer = Arc<dyn Fn(&Progress) + Send + Sync>;

/// Why a list does not go by REST 3.0.
const BY_CHOICE: &str = "asked for";
const NOT_OFFERED: &str = "the portal offers no tasks by REST 3.0 to this credential";

impl TaskList {
    pub(super) fn new(tasks: Tasks) -> Self {
        Self {
            tasks,
            filter: Filter::new(),
            select: Field::USUAL.into(),
            order: Vec::new(),
            rest: None,
            tail: Tail::Sweep,
            resume_after: None,
            observer: None,
        }
    }

    /// Which tasks; all that the credential may see unless said otherwise.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// What of them; [`Field::USUAL`] unless said otherwise. The ID is always among it.
    pub fn select(mut self, fields: impl IntoIterator<Item = Field>) -> Self {
        self.select = fields.into_iter().collect();
        self
    }

    /// In which order; may be said several times. A whole list in another order than that of the IDs is read by counted
    /// pages, which cost the portal more, and changes meanwhile may be missed.
    pub fn order(mut self, by: OrderBy, direction: Direction) -> Self {
        self.order.push((by, direction));
        self
    }

    /// By which REST; by itself unless said otherwise.
    pub fn rest_version(mut self, rest: RestVersion) -> Self {
        self.rest = Some(rest);
        self
    }

    /// As [`List::tail`].
    pub fn tail(mut self, tail: Tail) -> Self {
        self.tail = tail;
        self
    }

    /// As [`List::resume_after`].
    pub fn resume_after(mut self, id: u64) -> Self {
        self.resume_after = Some(id);
        self
    }

    /// As [`List::on_progress`].
    pub fn on_progress(mut self, observer: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// The pages of the whole list: rows in the shape of the older REST, whichever they came by, in the order of their IDs
    /// unless another one was asked for.
    ///
    /// REST 3.0 is used by itself where the filter speaks of IDs alone, no other order is asked for and REST 3.0 has all
    /// the fields, unless the portal does not offer it: that shows with the first request, and then the older REST is used.
    /// [`TaskReport`] says which. By REST 3.0 the objects `creator`, `responsible` and `group`, which the older REST adds to
    /// their IDs, do not come, nor does `subStatus`.
    ///
    /// # Errors
    /// The filter cannot mean what it says; REST 3.0 was asked for and cannot say it; and those of any list.
    pub async fn pages(self) -> Result<TaskPages, Error> {
        let filter = self.filter.to_json()?;
        let why = match self.plain() {
            Ok(_) if self.rest == Some(RestVersion::Rest2) => BY_CHOICE.to_owned(),
            Ok((filter, translation)) => {
                let refused = self.tasks.no_rest3.load(Ordering::Relaxed);
                if refused && self.rest.is_none() {
                    NOT_OFFERED.to_owned()
                } else {
                    match self.by_rest3(filter, translation).await {
                        Err(error) if self.rest.is_none() && is_not_offered(&error) => {
                            self.tasks.no_rest3.store(true, Ordering::Relaxed);
                            tracing::debug!("{LIST} by the older REST: {error}");
                            NOT_OFFERED.to_owned()
                        }
                        end => return end,
                    }
                }
            }
            Err(why) if self.rest == Some(RestVersion::Rest3) => {
                return Err(Error::config(format!(
                    "tasks cannot be listed so by REST 3.0: {why}"
                )));
            }
            Err(why) => why,
        };
        let params = json!({"filter": filter, "select": self.selected(), "order": self.sorted()});
        let list = self.tasks.client.list(LIST).params(without_nothing(params));
        Ok(TaskPages {
            pages: self.how(list).pages()?,
            first: None,
            translation: None,
            rest: RestVersion::Rest2,
            why,
            report: None,
        })
    }

    /// The tasks one by one.
    ///
    /// # Errors
    /// As for [`pages`](Self::pages).
    pub async fn rows(self) -> Result<TaskRows, Error> {
        Ok(TaskRows {
            pages: self.pages().await?,
            waiting: VecDeque::new(),
        })
    }

    /// All tasks, in memory.
    ///
    /// # Errors
    /// Those of the list, and a row that is not a task.
    pub async fn collect(self) -> Result<Vec<Task>, Error> {
        let (tasks, _) = self.collect_with_report().await?;
        Ok(tasks)
    }

    /// All tasks, in memory, and the account of the list: by which REST it was read and why.
    ///
    /// # Errors
    /// As for [`collect`](Self::collect).
    pub async fn collect_with_report(self) -> Result<(Vec<Task>, TaskReport), Error> {
        let mut rows = self.rows().await?;
        let mut all = Vec::new();
        while let Some(task) = rows.next_row().await? {
            all.push(task);
        }
        Ok((all, rows.report().cloned().unwrap_or_default()))
    }

    /// One page by the older REST, of at most 50 tasks: newest first where no order is asked for.
    ///
    /// # Errors
    /// A start that is not a multiple of 50: the portal would begin at the multiple below. REST 3.0,
    /// [`resume_after`](Self::resume_after) or [`tail`](Self::tail), which are of a whole list. And those of any call.
    pub async fn page(&self, start: PageStart) -> Result<TaskPage, Error> {
        self.refuse_what_is_of_a_whole_list("one page of tasks")?;
        let start = match start {
            PageStart::Uncounted => json!(-1),
            PageStart::At(rows) if rows % PAGE == 0 => json!(rows),
            PageStart::At(rows) => {
                return Err(Error::config(format!(
                    "the page begins behind {rows} rows: it can behind a multiple of 50, and the portal would begin behind {}",
                    rows / PAGE * PAGE
                )));
            }
        };
        let params = json!({
            "filter": self.filter.to_json()?, "select": self.selected(), "order": self.asked_order(), "start": start,
        });
        let reply = self
            .tasks
            .client
            .call(LIST, without_nothing(params))
            .await?;
        Ok(TaskPage {
            tasks: reply.items()?,
            total: reply.total(),
            next: reply.next_start(),
        })
    }

    /// How many tasks there are: the portal counts them by the older REST, which in a long list takes it a while.
    ///
    /// # Errors
    /// REST 3.0, [`resume_after`](Self::resume_after) or [`tail`](Self::tail), which are of a whole list. And those of any
    /// call.
    pub async fn count(&self) -> Result<u64, Error> {
        self.refuse_what_is_of_a_whole_list("a count of tasks")?;
        let page = self
            .clone()
            .select([Field::ID])
            .page(PageStart::At(0))
            .await?;
        page.total.ok_or_else(|| {
            Error::new(
                ErrorKind::Decode,
                crate::error::Execution::Ran,
                format!("{LIST} did not say how many tasks there are"),
            )
        })
    }

    fn refuse_what_is_of_a_whole_list(&self, what: &str) -> Result<(), Error> {
        let (asked, instead) = if self.rest == Some(RestVersion::Rest3) {
            ("rest_version(Rest3)", "it comes by the older REST")
        } else if self.resume_after.is_some() {
            (
                "resume_after()",
                "put id(Condition::Above(…)) into the filter",
            )
        } else if self.tail != Tail::Sweep {
            ("tail()", "it reads one page")
        } else {
            return Ok(());
        };
        Err(Error::config(format!(
            "{what} cannot heed {asked}, which is of a whole list: leave it out; {instead}"
        )))
    }

    /// The filter and the fields in REST 3.0, or why that REST cannot give them.
    fn plain(&self) -> Result<(crate::rest3::Filter, RowTranslation), String> {
        if !self
            .order
            .iter()
            .all(|one| *one == (OrderBy::Id, Direction::Ascending))
        {
            return Err("an order other than that of the IDs is asked for".to_owned());
        }
        let filter = self
            .filter
            .rest3()
            .ok_or("the filter is about more than the ID")?;
        let translation = RowTranslation::of(&self.select).ok_or_else(|| {
            let lacking = self.select.iter().find(|field| field.rest3().is_none());
            format!(
                "REST 3.0 has no field {}",
                lacking.map_or("such as these", Field::name)
            )
        })?;
        Ok((filter, translation))
    }

    async fn by_rest3(
        &self,
        filter: crate::rest3::Filter,
        translation: RowTranslation,
    ) -> Result<TaskPages, Error> {
        let list = self
            .tasks
            .client
            .rest3()
            .list(LIST)
            .select(translation.select());
        let list = self.how(list.filter(filter));
        let mut pages = list.pages()?;
        let first = pages.next_page().await?;
        Ok(TaskPages {
            pages,
            first: first.map(|page| translation.page(&page)).transpose()?,
            translation: Some(translation),
            rest: RestVersion::Rest3,
            why: String::new(),
            report: None,
        })
    }

    fn how(&self, mut list: List) -> List {
        list = list.tail(self.tail);
        if let Some(id) = self.resume_after {
            list = list.resume_after(id);
        }
        match &self.observer {
            Some(observer) => {
                let observer = Arc::clone(observer);
                list.on_progress(move |progress| observer(progress))
            }
            None => list,
        }
    }

    /// The names to select. The ID is named too: without a valid name a portal sends everything, and `UF_*` alone is none.
    fn selected(&self) -> Value {
        let mut names: Vec<&str> = self.select.iter().map(Field::name).collect();
        if !names.contains(&"ID") && !names.contains(&"*") {
            names.insert(0, "ID");
        }
        names.into()
    }

    fn asked_order(&self) -> Value {
        let order = self.order.iter();
        let order: Map<String, Value> = order
            .map(|(by, direction)| (by.name().to_owned(), direction.word().into()))
            .collect();
        Value::Object(order)
    }

    /// The same for a whole list: tasks that are equal in it come by ID, so that every page begins where the one before it
    /// ended.
    fn sorted(&self) -> Value {
        let mut order = self.asked_order();
        if let Some(order) = order.as_object_mut()
            && !order.is_empty()
            && !order.contains_key("ID")
        {
            order.insert("ID".to_owned(), "ASC".into());
        }
        order
    }
}

impl fmt::Debug for TaskList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskList")
            .field("filter", &self.filter)
            .field("select", &self.select)
            .field("order", &self.order)
            .field("rest", &self.rest)
            .finish_non_exhaustive()
    }
}

/// Whether a portal has no list of tasks in REST 3.0, or not for this credential: its scope is `tasks`, that of the older
/// REST is `task`. A portal without REST 3.0 takes the address for a webhook of somebody called `api`.
fn is_not_offered(error: &Error) -> bool {
    use ErrorKind::{AccessDenied, Auth, InsufficientScope, MethodNotFound, NotFound};
    let kind = error.kind();
    matches!(
        kind,
        AccessDenied | Auth | InsufficientScope | MethodNotFound | NotFound
    ) || error
        .answer()
        .is_some_and(|(status, _)| matches!(status.as_u16(), 401 | 403 | 404 | 405))
}

fn without_nothing(mut params: Value) -> Value {
    if let Some(params) = params.as_object_mut() {
        params.retain(|_, value| value.as_object().is_none_or(|map| !map.is_empty()));
    }
    params
}

/// One page of tasks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TaskPage {
    /// At most 50 of them.
    pub tasks: Vec<Task>,
    /// How many there are in all, where they were counted.
    pub total: Option<u64>,
    /// Where the next page begins, where there is one and they were counted.
    pub next: Option<u64>,
}

/// The account of a list of tasks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TaskReport {
    /// By which REST it came.
    pub rest: RestVersion,
    /// Why not by REST 3.0; empty where it was.
    pub why: String,
    /// What it took, and what the rows are proved to be.
    pub list: ListReport,
}

impl Default for TaskReport {
    fn default() -> Self {
        Self {
            rest: RestVersion::Rest2,
            why: String::new(),
            list: ListReport::default(),
        }
    }
}

/// The pages of a list of tasks; from [`TaskList::pages`].
#[derive(Debug)]
pub struct TaskPages {
    pages: Pages,
    /// The page that showed that the portal offers REST 3.0.
    first: Option<Page>,
    translation: Option<RowTranslation>,
    rest: RestVersion,
    why: String,
    report: Option<TaskReport>,
}

impl TaskPages {
    /// The next page; `None` when the list is complete.
    pub async fn next_page(&mut self) -> Result<Option<Page>, Error> {
        self.next().await.transpose()
    }

    /// The next page, or the error that the list ends with; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Page, Error>> {
        std::future::poll_fn(|context| self.poll_page(context)).await
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Page, Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let page = ready!(Pin::new(&mut self.pages).poll_next(context));
        if page.is_none() {
            self.report = self.pages.report().map(|list| TaskReport {
                rest: self.rest,
                why: self.why.clone(),
                list: list.clone(),
            });
        }
        Poll::Ready(page.map(|page| match &self.translation {
            Some(translation) => translation.page(&page?),
            None => page,
        }))
    }

    /// By which REST they come.
    pub fn rest(&self) -> RestVersion {
        self.rest
    }

    /// Why not by REST 3.0; empty where they do.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// The account, once the list is complete.
    pub fn report(&self) -> Option<&TaskReport> {
        self.report.as_ref()
    }

    /// As [`Pages::known_hidden`].
    pub fn known_hidden(&self) -> Option<KnownHidden> {
        self.pages.known_hidden()
    }

    /// How far the walk is.
    pub fn progress(&self) -> Progress {
        self.pages.progress()
    }

    /// Follows the progress from elsewhere.
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.pages.watch()
    }
}

/// The tasks of a list one by one; from [`TaskList::rows`].
#[derive(Debug)]
pub struct TaskRows {
    pages: TaskPages,
    waiting: VecDeque<Task>,
}

impl TaskRows {
    /// The next task; `None` when the list is complete.
    ///
    /// # Errors
    /// Those of the list, and a row that is not a task.
    pub async fn next_row(&mut self) -> Result<Option<Task>, Error> {
        self.next().await.transpose()
    }

    /// The next task, or the error that the list ends with; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Task, Error>> {
        std::future::poll_fn(|context| self.poll_row(context)).await
    }

    fn poll_row(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Task, Error>>> {
        loop {
            if let Some(task) = self.waiting.pop_front() {
                return Poll::Ready(Some(Ok(task)));
            }
            let Some(page) = ready!(self.pages.poll_page(context)) else {
                return Poll::Ready(None);
            };
            let tasks = page.and_then(|page| {
                let parse = |row: Row<'_>| json::decode(row.json, &format!("a row of {LIST}"));
                page.iter().map(parse).collect::<Result<Vec<Task>, Error>>()
            });
            match tasks {
                Ok(tasks) => self.waiting.extend(tasks),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }

    /// The account, once the list is complete.
    pub fn report(&self) -> Option<&TaskReport> {
        self.pages.report()
    }
}

impl Stream for TaskPages {
    type Item = Result<Page, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_page(context)
    }
}

impl Stream for TaskRows {
    type Item = Result<Task, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_row(context)
    }
}
