//! Names and values that calls of lists ask for, held against the fields of their entities before the calls are made.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::Value;

use crate::batch::{Batch, Outcome};
use crate::client::Client;
use crate::error::Error;
use crate::list::names::NamesCheck;

impl Client {
    /// Checks the names and values in the filters, selects and orders of calls by the fields of their entities, as
    /// [`List::check_names`](crate::List::check_names) does for a list that is read whole. A call is a method and its
    /// parameters; the answers are in the order of the calls. All fields are asked for in one request, and none is sent
    /// where nothing depends on them. Where a portal doesn't name its fields, nothing is refused.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// use serde_json::json;
    ///
    /// let params = json!({"filter": {"stage_id": "WON"}});
    /// for checked in client.check_names(&[("crm.deal.list", &params)]).await {
    ///     // the filter has stage_id, which is not a field (did you mean STAGE_ID?)
    ///     checked?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check_names(&self, calls: &[(&str, &Value)]) -> Vec<Result<(), Error>> {
        let checks: Vec<Result<Option<NamesCheck>, Error>> = calls
            .iter()
            .map(|(method, params)| NamesCheck::new(method, params))
            .collect();
        let mut asked = IndexMap::new();
        for check in checks.iter().flatten().flatten() {
            asked.entry(check.command()).or_insert_with(|| check.call());
        }
        let described = match self.descriptions(&asked).await {
            Ok(described) => described,
            Err(error) => {
                tracing::debug!("names are not checked: {error}");
                HashMap::new()
            }
        };
        let verdict = |check: Result<Option<NamesCheck>, Error>| {
            let Some(check) = check? else {
                return Ok(());
            };
            match described.get(&check.command()) {
                Some(fields) => check.verdict(fields),
                None => Ok(()),
            }
        };
        checks.into_iter().map(verdict).collect()
    }

    /// What the commands that describe fields return, as far as they do.
    async fn descriptions(
        &self,
        asked: &IndexMap<String, (&'static str, &Value)>,
    ) -> Result<HashMap<String, Value>, Error> {
        if asked.is_empty() {
            return Ok(HashMap::new());
        }
        let mut batch = Batch::new();
        for (number, (method, params)) in asked.values().enumerate() {
            batch.add(format!("fields{number}"), *method, params)?;
        }
        let reply = self.batch(batch).await?;
        let described = (0..)
            .zip(asked.keys())
            .filter_map(|(number, command): (usize, _)| {
                match reply.get(format!("fields{number}"))? {
                    Outcome::Done(result) => {
                        Some((command.clone(), serde_json::from_str(result.get()).ok()?))
                    }
                    _ => None,
                }
            });
        Ok(described.collect())
    }
}
