//! REST 3.0: `/rest/api/…`, by the same gate, ledger and retries as everything else.
//!
//! What is different (Bitrix24 REST documentation, "REST 3.0"): bodies are JSON only, filters are lists of conditions ([`Filter`]), pages have up
//! to 1,000 rows and neither `total` nor `next`, a write may carry an `Idempotency-Key`, and a batch ends at its first
//! failure ([`Batch`]).

mod batch;
mod filter;
mod openapi;

use http::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;

pub use batch::{Batch, BatchReply, Label};
pub use filter::Filter;
pub use openapi::{OpenApi, Operation};

use crate::auth::Api;
use crate::check;
use crate::client::Client;
use crate::effect::{self, Effect};
use crate::error::Error;
use crate::json;
use crate::list::List;
use crate::reply::Reply;
use crate::session::Call;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The methods of REST 3.0 of a portal; from [`Client::rest3`].
#[derive(Debug, Clone)]
pub struct Rest3 {
    client: Client,
}

impl Client {
    /// The same portal by REST 3.0.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// use brimful::rest3::Filter;
    /// use serde_json::json;
    ///
    /// let tasks = client
    ///     .rest3()
    ///     .call(
    ///         "tasks.task.list",
    ///         json!({
    ///             "select": ["id", "title", "responsible.name"],
    ///             "filter": Filter::new().and("id", ">", 100),
    ///             "pagination": {"limit": 1000},
    ///         }),
    ///     )
    ///     .await?;
    /// let rows: Vec<serde_json::Value> = tasks.items()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn rest3(&self) -> Rest3 {
        Rest3 {
            client: self.clone(),
        }
    }
}

impl Rest3 {
    /// Calls a method. A write goes out with an `Idempotency-Key` of its own, so that it can be repeated where its
    /// answer is lost, and is still done once: portals remember keys for 24 hours.
    pub async fn call(&self, method: &str, params: impl Serialize) -> Result<Reply, Error> {
        let key = match effect::of(method) {
            Effect::Read => None,
            Effect::Write => Some(self.client.session().unique()),
        };
        self.send(method, json::params(method, params)?, key).await
    }

    /// The same with a key of the caller's: a call that is made again with the key and the same parameters within 24
    /// hours, by whatever process, is not run again and has the same answer. With other parameters it is refused (422).
    ///
    /// # Errors
    /// The key is not 1 to 255 printable ASCII characters; and those of any call.
    pub async fn call_with_idempotency_key(
        &self,
        method: &str,
        params: impl Serialize,
        key: &str,
    ) -> Result<Reply, Error> {
        let printable = |c: char| c.is_ascii_graphic() || c == ' ';
        if key.is_empty() || key.len() > 255 || !key.chars().all(printable) {
            return Err(Error::config(
                "an Idempotency-Key is 1 to 255 printable ASCII characters",
            ));
        }
        self.send(method, json::params(method, params)?, Some(key.to_owned()))
            .await
    }

    /// The list of a method, whole. Where it is filtered by ID it is read by ranges of IDs, in pages of 1,000 rows of
    /// which a batch carries many, several batches at once; a `tail` goes by its cursor; any other list goes by pages. A
    /// portal that refuses such batches is asked for each page by itself.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// let mut pages = client.rest3().list("tasks.task.list").select(["id", "title"]).pages()?;
    /// while let Some(page) = pages.next_page().await? {
    ///     println!("{} tasks", page.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self, method: impl Into<String>) -> List {
        self.client.list(method).rest3()
    }

    async fn send(&self, method: &str, params: Value, key: Option<String>) -> Result<Reply, Error> {
        let call = self.prepare(method, &params)?;
        self.run(call, key).await
    }

    fn prepare(&self, method: &str, params: &Value) -> Result<Call, Error> {
        check::name(method)?;
        let body = match params {
            Value::Null => "{}".to_owned(),
            Value::Object(_) => params.to_string(),
            other => {
                return Err(Error::config(format!(
                    "the parameters of {method} are {other}: in REST 3.0 they are an object"
                )));
            }
        };
        // With a key a write can be repeated like a read: the portal does it once.
        Ok(Call {
            api: Api::Rest3,
            ..Call::new(method, Effect::Read, body, self.client.options())
        })
    }

    async fn run(&self, mut call: Call, key: Option<String>) -> Result<Reply, Error> {
        if let Some(key) = key {
            let value = HeaderValue::try_from(key).map_err(|error| {
                Error::config("the Idempotency-Key is not a header").with_source(error)
            })?;
            call.headers.insert(IDEMPOTENCY_KEY, value);
        }
        let session = self.client.session();
        let method = call.method.clone();
        let reply = session.run_spawned(call, Reply::read).await.0?.of(&method);
        if let Some(time) = reply.time() {
            session.ledger.note(&method, time, 1);
        }
        Ok(reply)
    }
}
