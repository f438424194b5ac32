//! Lists that begin together: the few commands with which each begins go out in requests that they share.
//!
//! A list by ID begins with three commands, in a request that has room for fifty. Of lists that are short, such as those of
//! what has changed since yesterday, these requests are all there is. What a list asks for, and what it makes of the
//! answer, is decided by its strategy, as in a list by itself. After two such requests each list goes on by itself, and so does a
//! list that is held back for operating time, or whose part of a request failed.

use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use futures_util::future::join_all;
use tracing::debug;

use super::driver::Driver;
use super::request_encoding::{SharedCommands, read_shared, shared_call};
use super::strategy::{MOST_COMMANDS_OF_A_BEGINNING, Ticket};
use super::{List, Pages, PreparedList, current_runtime};
use crate::batch_request::note_times;
use crate::client::Client;
use crate::error::Error;
use crate::session::{CallOptions, Session};

/// A list without rows is asked for twice.
const SHARED_REQUESTS_OF_A_LIST: usize = 2;

/// A list that has begun together with others; see [`Client::begin_lists`].
#[must_use = "a list is read by pages()"]
pub struct BegunList(PreparedList);

impl BegunList {
    /// The pages of the list, as [`List::pages`] has them. Nothing is asked for before this is called.
    ///
    /// # Errors
    /// There is no Tokio runtime.
    pub fn pages(self) -> Result<Pages, Error> {
        Ok(self.0.start(&current_runtime()?))
    }
}

impl fmt::Debug for BegunList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BegunList")
    }
}

impl Client {
    /// Begins several lists with requests that they share. Each list has the pages, the proof and the errors that it would
    /// have by itself; the requests that were shared are in the report of one of them.
    ///
    /// Three commands of each list share a request of up to 50, twice at the most, so ten lists of which nothing has
    /// changed take two requests and not twenty. Lists that cannot be read by ID, or whose names are checked, begin by
    /// themselves. A long list keeps a hundred rows in memory until its pages are taken. The requests that are shared have
    /// the deadline and the priority of this client, whatever those of the lists are.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// use serde_json::json;
    ///
    /// let changed = |method: &str| client.list(method).filter(json!({">DATE_MODIFY": "2026-11-27"}));
    /// let lists = [changed("crm.deal.list"), changed("crm.lead.list"), changed("crm.company.list")];
    /// for list in client.begin_lists(lists).await {
    ///     let mut pages = list?.pages()?;
    ///     while let Some(page) = pages.next_page().await? {
    ///         println!("{} rows", page.len());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Each list has its own: those of [`List::pages`].
    pub async fn begin_lists(
        &self,
        lists: impl IntoIterator<Item = List>,
    ) -> Vec<Result<BegunList, Error>> {
        let mut lists: Vec<Result<PreparedList, Error>> =
            lists.into_iter().map(List::prepare).collect();
        let (session, job) = (self.session(), self.job());
        for _ in 0..SHARED_REQUESTS_OF_A_LIST {
            let drivers = lists.iter_mut().flatten().map(|list| &mut list.driver);
            let drivers = drivers.filter(|driver| driver.shares_session(session));
            let requests = shared_requests(drivers, session);
            let sending = requests
                .into_iter()
                .map(|lists| send(lists, session, job.options()));
            join_all(sending).await;
        }
        let begun = lists.into_iter().map(|list| list.map(BegunList));
        begun.collect()
    }
}

/// A list with the ticket of its commands.
struct Beginning<'d> {
    driver: &'d mut Driver,
    ticket: Ticket,
}

/// A request: its lists and their commands, in the same order.
#[derive(Default)]
struct SharedRequest<'d> {
    lists: Vec<Beginning<'d>>,
    commands: Vec<SharedCommands>,
    len: usize,
}

/// The requests with which the lists begin that share one now, each with as many commands as a request may have.
fn shared_requests<'d>(
    drivers: impl Iterator<Item = &'d mut Driver>,
    session: &Session,
) -> Vec<SharedRequest<'d>> {
    let mut requests: Vec<SharedRequest<'d>> = Vec::new();
    let mut request = SharedRequest::default();
    let mut calls: HashMap<String, u32> = HashMap::new();
    for driver in drivers {
        let Some((ticket, commands)) = driver.begin(request.len) else {
            continue;
        };
        let of_method = calls.entry(commands.method.clone()).or_default();
        let own = commands.commands.len();
        let with_own = *of_method + own as u32;
        // The others are not to wait for the operating time of one method.
        if !session.ledger.is_open_for(&commands.method, with_own) {
            driver.begin_alone(ticket);
            continue;
        }
        *of_method = with_own;
        request.len += own;
        request.lists.push(Beginning { driver, ticket });
        request.commands.push(commands);
        if request.len + MOST_COMMANDS_OF_A_BEGINNING > session.batch_size {
            requests.push(std::mem::take(&mut request));
        }
    }
    requests.push(request);
    // A list that has a request for itself sends it better by itself.
    let (shared, alone): (Vec<_>, Vec<_>) = requests
        .into_iter()
        .partition(|request| request.lists.len() > 1);
    for list in alone.into_iter().flat_map(|request| request.lists) {
        list.driver.begin_alone(list.ticket);
    }
    shared
}

/// Sends a request, and hands each list its part of the answer.
async fn send(request: SharedRequest<'_>, session: &Session, options: &CallOptions) {
    let SharedRequest {
        mut lists,
        commands,
        len,
    } = request;
    let call = shared_call(&commands, options);
    let read = |body: &Bytes| read_shared(body, &commands);
    let (answers, effort) = session.run(&call, None, read).await;
    if let Some(first) = lists.first_mut() {
        first.driver.count_shared(&effort);
    }
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => {
            debug!(lists = lists.len(), %error, "lists begin each by itself");
            for list in lists {
                list.driver.begin_alone(list.ticket);
            }
            return;
        }
    };
    let mut times = answers.iter().flatten().map(|answer| &answer.time);
    let time = times.find_map(Option::as_ref);
    note_times(&session.ledger, &call.charges, time, []);
    for ((list, commands), answer) in lists.into_iter().zip(&commands).zip(answers) {
        let Beginning { driver, ticket } = list;
        match answer {
            Ok(answer) => {
                driver.take_beginning(ticket, commands.commands.len(), answer, len, effort.took);
            }
            Err(error) => {
                debug!(method = commands.method, %error, "the list begins by itself");
                driver.begin_alone(ticket);
            }
        }
    }
}
