//! Items whose IDs come from a list, fetched while the list is still being read.

use std::pin::Pin;
use std::task::{Context, Poll};

use brimful_protocol::catalogue;
use futures_core::Stream;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;

use super::{ById, IN_FLIGHT, IdOutcome, ItemId, fetcher, found};
use crate::client::Client;
use crate::error::Error;
use crate::json::Params;
use crate::list::{List, ListReport, Pages};

/// Items of a list, to be fetched one by one, not yet asked for.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use serde_json::json;
///
/// let leads = client.list_and_get("crm.lead.list", "crm.lead.get").filter(json!({"STATUS_ID": "NEW"}));
/// let (leads, report) = leads.collect_with_report().await?;
/// assert_eq!(leads.len() as u64, report.rows);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "items are fetched by collect() or stream()"]
pub struct ListAndGet {
    client: Client,
    list: List,
    method: String,
    field: Option<String>,
    params: Params,
}

impl ListAndGet {
    pub(super) fn new(client: &Client, list_method: String, get_method: String) -> Self {
        let known = catalogue::find(&list_method);
        let id = known
            .and_then(|known| known.keyset.map(|keyset| keyset.filter).or(known.id))
            .unwrap_or("ID");
        // Rows of a list without a select come whole.
        let list = if known.is_some_and(|known| known.passes_over("select")) {
            client.list(list_method)
        } else {
            client.list(list_method).select([id])
        };
        Self {
            client: client.clone(),
            list,
            method: get_method,
            field: None,
            params: Params::default(),
        }
    }

    /// Changes the list that the IDs come from: its walk, where it goes on, what it is filtered by.
    ///
    /// ```no_run
    /// # fn example(client: brimful::Client) {
    /// let items = client
    ///     .list_and_get("crm.item.list", "crm.item.get")
    ///     .list(|list| list.param("entityTypeId", 128).resume_after(1000))
    ///     .param("entityTypeId", 128);
    /// # }
    /// ```
    pub fn list(mut self, change: impl FnOnce(List) -> List) -> Self {
        self.list = change(self.list);
        self
    }

    /// The filter of the list.
    pub fn filter(self, filter: impl Serialize) -> Self {
        self.list(|list| list.filter(filter))
    }

    /// The parameter that takes the ID, as in [`GetById::id_field`](super::GetById::id_field).
    pub fn id_field(mut self, name: impl Into<String>) -> Self {
        self.field = Some(name.into());
        self
    }

    /// One other parameter of the calls for the items.
    pub fn param(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.params.set(name, value);
        self
    }

    /// What came for each ID, in the order of the list. It ends with an error where the list does.
    ///
    /// # Errors
    /// Parameters that make no list.
    pub fn stream(self) -> Result<ListedIdOutcomes, Error> {
        let (found, _) = self.start()?;
        Ok(found)
    }

    /// What came for all IDs of the list.
    ///
    /// # Errors
    /// Those of the list. What a portal says of one ID is the outcome of that ID.
    pub async fn collect(self) -> Result<ById, Error> {
        let (all, _) = self.collect_with_report().await?;
        Ok(all)
    }

    /// What came for all IDs of the list, and the account of the list.
    ///
    /// # Errors
    /// As for [`ListAndGet::collect`].
    pub async fn collect_with_report(self) -> Result<(ById, ListReport), Error> {
        let mut all = ById::default();
        let (mut found, report) = self.start()?;
        while let Some(outcome) = found.try_next().await? {
            all.push(outcome);
        }
        let report = report.await.unwrap_or_default();
        Ok((all, report))
    }

    fn start(
        self,
    ) -> Result<(ListedIdOutcomes, tokio::sync::oneshot::Receiver<ListReport>), Error> {
        let fetcher = fetcher(&self.client, self.method, self.field, self.params)?;
        let (told, report) = tokio::sync::oneshot::channel();
        let batch_size = self.client.session().batch_size;
        let ids = ids(self.list.select_filtered().pages()?, batch_size, told);
        let found = ids
            .map(move |ids| {
                let fetcher = fetcher.clone();
                async move {
                    match ids {
                        Ok(ids) => found(&fetcher, ids).await.into_iter().map(Ok).collect(),
                        Err(error) => vec![Err(error)],
                    }
                }
            })
            .buffered(IN_FLIGHT)
            .flat_map(stream::iter);
        Ok((ListedIdOutcomes(found.boxed()), report))
    }
}

/// The IDs of a list, a request's worth at a time; the account of the list is told when it is complete.
fn ids(
    pages: Pages,
    batch_size: usize,
    told: tokio::sync::oneshot::Sender<ListReport>,
) -> impl Stream<Item = Result<Vec<ItemId>, Error>> {
    let state = (pages, Some(told));
    let chunks = stream::unfold(state, move |(mut pages, mut told)| async move {
        match pages.next_page().await {
            Ok(Some(page)) => {
                let ids: Option<Vec<ItemId>> = page.ids().map(|id| id.map(ItemId::from)).collect();
                let ids = ids.ok_or_else(|| Error::incomplete("a row of the list has no ID"));
                let chunks: Vec<Result<Vec<ItemId>, Error>> = match ids {
                    Ok(ids) => ids
                        .chunks(batch_size)
                        .map(|chunk| Ok(chunk.to_vec()))
                        .collect(),
                    Err(error) => vec![Err(error)],
                };
                Some((chunks, (pages, told)))
            }
            Ok(None) => {
                if let (Some(told), Some(report)) = (told.take(), pages.report()) {
                    // If nobody listens, nobody is told.
                    let _ = told.send(report.clone());
                }
                None
            }
            Err(error) => Some((vec![Err(error)], (pages, told))),
        }
    });
    chunks.flat_map(stream::iter)
}

/// What came for each ID of a list, in its order.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use futures_util::TryStreamExt;
///
/// let mut leads = client.list_and_get("crm.lead.list", "crm.lead.get").stream()?;
/// while let Some(lead) = leads.try_next().await? {
///     println!("{}", lead.id);
/// }
/// # Ok(())
/// # }
/// ```
pub struct ListedIdOutcomes(BoxStream<'static, Result<IdOutcome, Error>>);

impl ListedIdOutcomes {
    /// The next item, or the error of the list; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<IdOutcome, Error>> {
        self.0.next().await
    }
}

impl Stream for ListedIdOutcomes {
    type Item = Result<IdOutcome, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl std::fmt::Debug for ListedIdOutcomes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListedIdOutcomes").finish_non_exhaustive()
    }
}
