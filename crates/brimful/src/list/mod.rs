//! Whole lists: what to ask for, the stream of pages, and the account at the end.

mod cursor;
mod driver;
mod keyset;
pub(crate) mod names;
mod offset;
mod plan;
mod position;
mod request_encoding;
mod seen;
#[cfg(test)]
mod simulation;
mod strategy;
mod together;
mod walk;
mod whole;

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use brimful_protocol::rows::Page;
use futures_core::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use names::check_names;
pub use report::{
    Extent, KnownHidden, ListReport, Progress, Proof, RangeDifference, Resume, Verification,
};
pub use together::BegunList;
pub use walk::{Tail, UnknownWalk, Walk};

use crate::auth::Api;
use crate::check::first_rows::{FirstRowsCheck, select_filtered};
use crate::check::{self, Checks, DOUBT_LOG};
use crate::client::Client;
use crate::effect::Effect;
use crate::error::Error;
use crate::json::{self, Params};
use crate::report;
use driver::{Driver, Message};
use names::NamesCheck;
use plan::Wanted;

/// A whole list, not yet asked for.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use serde_json::{Value, json};
///
/// let deals = client.list("crm.deal.list").select(["ID", "TITLE"]).filter(json!({"CLOSED": "N"}));
/// let (deals, report) = deals.collect_with_report::<Value>().await?;
/// println!("{} deals, {:?}", deals.len(), report.proof);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a list is read by pages(), rows() or collect()"]
pub struct List {
    client: Client,
    method: String,
    params: Params,
    walk: Walk,
    tail: Tail,
    api: Api,
    resume_after: Option<u64>,
    verify: bool,
    check_names: bool,
    known_fields: Option<Value>,
    observer: Option<Observer>,
}

/// Is told of the progress of a list.
#[derive(Clone)]
struct Observer(Arc<dyn Fn(&Progress) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

impl Client {
    /// The list of `method`, whole: a builder for what to ask for and how to receive it.
    pub fn list(&self, method: impl Into<String>) -> List {
        List::new(self.clone(), method.into())
    }
}

impl List {
    fn new(client: Client, method: String) -> Self {
        Self {
            client,
            method,
            params: Params::default(),
            walk: Walk::Auto,
            tail: Tail::Sweep,
            observer: None,
            api: Api::Rest,
            resume_after: None,
            verify: false,
            check_names: false,
            known_fields: None,
        }
    }

    /// A list of REST 3.0, where a method of that name is in the older REST too.
    pub(crate) fn rest3(mut self) -> Self {
        self.api = Api::Rest3;
        self
    }

    /// All parameters at once, as documented for the method: `filter`, `select`, `entityTypeId`, … Replaces what was
    /// set before.
    pub fn params(mut self, params: impl Serialize) -> Self {
        self.params.set_all(params);
        self
    }

    /// One parameter: whatever can be written as JSON.
    pub fn param(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.params.set(name, value);
        self
    }

    /// The fields to return. The ID is always among them.
    pub fn select<I, S>(self, fields: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        let fields: Vec<String> = fields.into_iter().map(Into::into).collect();
        self.param("select", fields)
    }

    /// The filter, with the method's prefixes in its keys: `{">=DATE_CREATE": "2026-01-01", "STAGE_ID": "NEW"}`.
    pub fn filter(self, filter: impl Serialize) -> Self {
        self.param("filter", filter)
    }

    /// How the list is walked; by default as the catalogue says.
    pub fn walk(mut self, walk: Walk) -> Self {
        self.walk = walk;
        self
    }

    /// Whether rows that appear above the highest ID of the start are read too; by default they are.
    pub fn tail(mut self, tail: Tail) -> Self {
        self.tail = tail;
        self
    }

    /// Calls `observer` whenever the walk has come further. It is called between requests and must not block;
    /// [`Pages::watch`] follows the progress from elsewhere.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// let leads = client
    ///     .list("crm.lead.list")
    ///     .on_progress(|progress| eprintln!("{} rows", progress.rows))
    ///     .collect::<serde_json::Value>()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_progress(mut self, observer: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.observer = Some(Observer(Arc::new(observer)));
        self
    }

    /// Leaves out the rows with an ID up to this one: goes on with a list that broke off, at the point that its
    /// report names in [`ListReport::resume`], or takes what is new since a whole one.
    ///
    /// The rows before the point and those of this list are together the whole list: none is missing that was there
    /// throughout both, and none is in both. Only lists that come in the order of their IDs can be gone on with.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// # let error = client.call("x", serde_json::json!({})).await.unwrap_err();
    /// let after = error.report().and_then(|report| report.resume.as_ref()).map_or(0, |resume| resume.after);
    /// let rest = client.list("crm.deal.list").resume_after(after).pages()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume_after(mut self, id: u64) -> Self {
        self.resume_after = Some(id);
        self
    }

    /// Holds the portal's counts by range of IDs against the rows that came, before they are handed out; ranges that
    /// differ are read again. The report shows them in [`ListReport::verification`]. Costs one command more for about
    /// 2,500 rows.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// let (deals, report) = client.list("crm.deal.list").verify().collect_with_report::<serde_json::Value>().await?;
    /// if let Some(verification) = &report.verification {
    ///     println!("{} ranges counted, {} differed", verification.ranges, verification.differences.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify(mut self) -> Self {
        self.verify = true;
        self
    }

    /// Whether the names in filter, select and order, and the values of the filter, are held against the fields of the
    /// entity before the first row is handed out; by default they are not. Older methods pass names over that they
    /// don't know, and a condition that is passed over gives the whole list.
    ///
    /// The fields are asked for in the first request of the list, so that it costs one command: `crm.deal.fields` for
    /// `crm.deal.list`. [`protocol::list_fields`](crate::protocol::list_fields) has the lists that can be checked. Where
    /// the portal does not answer with fields, the list goes on unchecked. The first rows of any other list are compared with
    /// what it was asked for: a row that does not meet a condition, and a name that no row has although rows have all their
    /// fields there, are refused, and doubts are logged as warnings of [`DOUBT_LOG`]. What is wrong comes as an error of
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with the nearest name.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// use serde_json::{Value, json};
    ///
    /// let won = client.list("crm.deal.list").filter(json!({"stage_id": "WON"})).check_names(true);
    /// let error = won.collect::<Value>().await.unwrap_err();
    /// assert!(error.to_string().contains("did you mean STAGE_ID?"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_names(mut self, check: bool) -> Self {
        self.check_names = check;
        self
    }

    /// The result of the method that names the fields, if it is there already: then it is not asked for again to check
    /// names.
    #[doc(hidden)]
    pub fn known_fields(mut self, result: Value) -> Self {
        self.known_fields = Some(result);
        self
    }

    /// Selects what the filter names as well, if names are checked and only the rows tell whether the list has such fields.
    pub(crate) fn select_filtered(mut self) -> Self {
        if let Some(params) = self.params.named_mut().filter(|_| self.check_names) {
            select_filtered(&self.method, params);
        }
        self
    }

    /// The pages, in ID order where the list is walked by ID. Pages have 50 rows or fewer, and are held back in bounded
    /// memory until they are taken. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// There is no Tokio runtime. The parameters make no list: no object, a `start`, a filter that would vanish, an order
    /// where the list is to be walked by ID, a point to go on from where it is not.
    pub fn pages(self) -> Result<Pages, Error> {
        let runtime = current_runtime()?;
        Ok(self.prepare()?.start(&runtime))
    }

    /// Checks what is asked for, and decides how the list is walked. Nothing is sent.
    fn prepare(self) -> Result<PreparedList, Error> {
        Effect::refuse_unless_reading(&self.method, "a list")?;
        let params = self.params.finish()?;
        if let Some(doubt) = params
            .as_object()
            .and_then(|params| check::everything(&self.method, params))
        {
            tracing::warn!("{doubt}");
        }
        if self.api == Api::Rest {
            check::reference_marks::refuse_in_batches(&self.method, &params)?;
            if self.client.session().checks == Checks::On {
                check::list(&self.method, &params)?;
            }
        }
        let names = if self.check_names && self.api == Api::Rest {
            NamesCheck::new(&self.method, &params)?
        } else {
            None
        };
        let names = match (names, &self.known_fields) {
            (Some(check), Some(fields)) => {
                check.verdict(fields)?;
                None
            }
            (names, _) => names,
        };
        let first_rows = (self.check_names && self.api == Api::Rest)
            .then(|| FirstRowsCheck::new(&self.method, &params))
            .flatten();
        let plan = plan::plan(Wanted {
            method: &self.method,
            params,
            walk: self.walk,
            tail: self.tail,
            api: self.api,
            resume_after: self.resume_after,
            verify: self.verify,
        })?;
        let session = Arc::clone(self.client.session());
        // Lists of one client take turns before the gate.
        let options = self.client.job().options().clone();
        let (rows, messages) = mpsc::channel(2);
        let (progress, watched) = watch::channel(Progress::default());
        let mut driver = Driver::new(session, options, self.method, plan, progress);
        driver.observer = self.observer;
        driver.names = names;
        Ok(PreparedList {
            driver,
            rows,
            messages,
            first_rows,
            progress: watched,
        })
    }

    /// The rows one by one, as a type; [`Box<RawValue>`](serde_json::value::RawValue) leaves them as they came. Must be
    /// called inside a Tokio runtime.
    ///
    /// # Errors
    /// As for [`List::pages`].
    pub fn rows<T: DeserializeOwned>(self) -> Result<Rows<T>, Error> {
        let method = self.method.clone();
        Ok(Rows {
            method,
            pages: self.pages()?,
            page: Page::default(),
            next: 0,
            row: PhantomData,
        })
    }

    /// All rows as a type, in memory.
    ///
    /// # Errors
    /// Those of the list, and a row that is not of the type.
    pub async fn collect<T: DeserializeOwned>(self) -> Result<Vec<T>, Error> {
        let (rows, _) = self.collect_with_report().await?;
        Ok(rows)
    }

    /// All rows as a type, in memory, and the account of the list: requests, waits, what is proved.
    ///
    /// # Errors
    /// As for [`List::collect`].
    pub async fn collect_with_report<T: DeserializeOwned>(
        self,
    ) -> Result<(Vec<T>, ListReport), Error> {
        let mut rows = self.rows()?;
        let mut all = Vec::new();
        while let Some(row) = rows.next_row().await? {
            all.push(row);
        }
        Ok((all, rows.report().cloned().unwrap_or_default()))
    }
}

fn current_runtime() -> Result<Handle, Error> {
    Handle::try_current().map_err(|error| {
        Error::config(
            "a list is read inside a Tokio runtime, and there is none here: call it from an async function that one runs, \
             or take the client of brimful::blocking",
        )
        .with_source(error)
    })
}

/// A list that can be read: the driver, and what its pages come through.
struct PreparedList {
    driver: Driver,
    rows: mpsc::Sender<Message>,
    messages: mpsc::Receiver<Message>,
    first_rows: Option<FirstRowsCheck>,
    progress: watch::Receiver<Progress>,
}

impl PreparedList {
    /// Reads on, as far as there is room for pages that nobody has taken yet.
    fn start(mut self, runtime: &Handle) -> Pages {
        self.driver.take_up();
        Pages {
            messages: self.messages,
            ready: Vec::new().into_iter(),
            first_rows: self.first_rows,
            known_hidden: None,
            progress: self.progress,
            task: runtime.spawn(self.driver.run(self.rows)),
            report: None,
            ended: false,
        }
    }
}

/// The rows of a list as a type, as a stream. After the last one [`Rows::report`] has the account.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "UPPERCASE")]
/// struct Lead {
///     title: String,
/// }
///
/// let mut leads = client.list("crm.lead.list").select(["TITLE"]).rows::<Lead>()?;
/// while let Some(lead) = leads.next_row().await? {
///     println!("{}", lead.title);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Rows<T> {
    method: String,
    pages: Pages,
    page: Page,
    next: usize,
    row: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Rows<T> {
    /// The next row, or the error that the list ends with; `None` after the last. The same as
    /// [`next_row`](Self::next_row), in the shape of a stream.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|context| self.poll_row(context)).await
    }

    /// The next row; `None` when the list is complete.
    pub async fn next_row(&mut self) -> Result<Option<T>, Error> {
        self.next().await.transpose()
    }

    /// The account, once the list is complete.
    pub fn report(&self) -> Option<&ListReport> {
        self.pages.report()
    }

    fn poll_row(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            if let Some(row) = self.page.get(self.next) {
                self.next += 1;
                let decoded = json::decode(row.json, "").or_else(|_| {
                    let id = row
                        .id
                        .map_or_else(|| "without ID".to_owned(), |id| id.to_string());
                    json::decode(row.json, &format!("the row {id} of {}", self.method))
                });
                return Poll::Ready(Some(decoded));
            }
            match ready!(self.pages.poll_page(context)) {
                Some(Ok(page)) => (self.page, self.next) = (page, 0),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T: DeserializeOwned> Stream for Rows<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_row(context)
    }
}

/// The pages of a list, as a stream. After the last one [`Pages::report`] has the account.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let mut pages = client.list("crm.lead.list").pages()?;
/// while let Some(page) = pages.next_page().await? {
///     println!("{} rows", page.len());
/// }
/// println!("{:?}", pages.report());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pages {
    messages: mpsc::Receiver<Message>,
    /// Those that have come and were not handed on.
    ready: std::vec::IntoIter<Page>,
    /// What the first rows are compared with.
    first_rows: Option<FirstRowsCheck>,
    /// What is known of hidden rows up to the end of those.
    known_hidden: Option<KnownHidden>,
    progress: watch::Receiver<Progress>,
    task: JoinHandle<()>,
    report: Option<ListReport>,
    ended: bool,
}

impl Pages {
    /// The next page, or the error that the list ends with; `None` after the last. The same as
    /// [`next_page`](Self::next_page), in the shape of a stream.
    pub async fn next(&mut self) -> Option<Result<Page, Error>> {
        std::future::poll_fn(|context| self.poll_page(context)).await
    }

    /// The next page; `None` when the list is complete.
    pub async fn next_page(&mut self) -> Result<Option<Page>, Error> {
        self.next().await.transpose()
    }

    /// The account, once the list is complete.
    pub fn report(&self) -> Option<&ListReport> {
        self.report.as_ref()
    }

    /// What is known of hidden rows up to the last row that was handed out; `None` where that cannot be said. A list that
    /// breaks off can be resumed after [`KnownHidden::up_to`].
    pub fn known_hidden(&self) -> Option<KnownHidden> {
        self.known_hidden.filter(|_| self.ready.len() == 0)
    }

    /// How far the walk is; can be read at any time.
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// Follows the progress from elsewhere, while the pages are being read.
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Names that no row has are refused before a row is handed out.
    fn compare_first_rows(&mut self, page: &Page) -> Result<(), Error> {
        if !page.is_empty()
            && let Some(check) = self.first_rows.take()
            && let Some(doubt) = check.compare(page)?
        {
            tracing::warn!(target: DOUBT_LOG, "{doubt}");
        }
        Ok(())
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Page, Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(page) = self.ready.next() {
            if let Err(error) = self.compare_first_rows(&page) {
                self.ended = true;
                self.task.abort();
                return Poll::Ready(Some(Err(error)));
            }
            return Poll::Ready(Some(Ok(page)));
        }
        match ready!(self.messages.poll_recv(context)) {
            Some(Message::Pages(pages, known)) => {
                self.ready = pages.into_iter();
                self.known_hidden = known;
                self.poll_page(context)
            }
            Some(Message::Done(report)) => {
                self.ended = true;
                self.report = Some(report);
                Poll::Ready(None)
            }
            Some(Message::Failed(error)) => {
                self.ended = true;
                Poll::Ready(Some(Err(error)))
            }
            // Without its last word the list is not complete, whatever was the matter.
            None => {
                self.ended = true;
                Poll::Ready(Some(Err(Error::incomplete(
                    "the list was broken off: its runtime was shut down",
                ))))
            }
        }
    }
}

impl Stream for Pages {
    type Item = Result<Page, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_page(context)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.task.abort();
    }
}
