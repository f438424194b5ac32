//! Fetches a handful of IDs: one command each, and further ones for the pages of long results.

use std::collections::HashSet;
use std::sync::Arc;

use brimful_protocol::batch::MAX_COMMANDS;
use brimful_protocol::{ApiError, ErrorCode, catalogue};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::ItemId;
use super::merge::JoinedPages;
use crate::batch::{
    BatchRunner, Command, CommandAnswer, KnownResults, NotRun, OnError, Outcome, needs_own_body,
    outcome_of_error,
};
use crate::batch_request::Pace;
use crate::check;
use crate::client::Client;
use crate::effect::{self, Effect};
use crate::retry::{Failure, RetryContext, RetryDecision};

/// What is fetched for each ID.
#[derive(Debug, Clone)]
pub(crate) struct Fetcher {
    pub(crate) client: Client,
    pub(crate) method: String,
    /// Where the ID goes: `id`, or inside of a parameter.
    pub(crate) path: Vec<String>,
    pub(crate) params: Map<String, Value>,
    pub(crate) pace: Arc<Pace>,
    /// An empty result says that there is nothing with the ID.
    pub(crate) asks_for_one: bool,
    /// The method, where it takes the ID as a whole number.
    pub(crate) number: Option<&'static catalogue::Method>,
}

/// One page of the result for one of the IDs.
#[derive(Debug, Clone, Copy)]
struct WantedPage {
    place: usize,
    start: Option<u64>,
}

/// The result of one ID as far as it has come.
#[derive(Debug, Default)]
struct PagedResult {
    joined: Option<JoinedPages>,
    total: Option<u64>,
    /// The portal counted other rows for a later page than for the first.
    recounted: bool,
    /// Where the pages after the first begin that are still to come, in order.
    starts: Vec<u64>,
    /// Pages that came.
    seen: HashSet<u64>,
    outcome: Option<Outcome>,
}

impl Fetcher {
    /// One outcome for each of the IDs, in their order.
    pub(crate) async fn run(&self, ids: &[ItemId]) -> Vec<Outcome> {
        let policy = self.client.session().retry;
        let mut results: Vec<(PagedResult, RetryContext)> = ids
            .iter()
            .map(|_| {
                (
                    PagedResult::default(),
                    RetryContext::new(policy, Effect::Read),
                )
            })
            .collect();
        let mut wanted: Vec<WantedPage> = (0..ids.len())
            .map(|place| WantedPage { place, start: None })
            .collect();
        for (id, (result, _)) in ids.iter().zip(&mut results) {
            if let Some(refused) = self.refusal(id) {
                result.outcome = Some(Outcome::NotRun(NotRun::Refused(refused)));
            }
        }
        wanted.retain(|wanted| results[wanted.place].0.outcome.is_none());
        while !wanted.is_empty() {
            let answers = self.ask(ids, &wanted).await;
            for (wanted, answer) in wanted.drain(..).zip(answers) {
                results[wanted.place].0.take(wanted.start, answer);
            }
            for (place, (result, rereads)) in results.iter_mut().enumerate() {
                for start in result.next() {
                    wanted.push(WantedPage {
                        place,
                        start: Some(start),
                    });
                }
                if result.is_torn() {
                    match rereads.after(Failure::Inconsistent, 0.0) {
                        RetryDecision::RetryAfter(_) => {
                            *result = PagedResult::default();
                            wanted.push(WantedPage { place, start: None });
                        }
                        RetryDecision::GiveUp => result.give_up(),
                    }
                }
            }
        }
        results
            .into_iter()
            .map(|(reading, _)| match reading.finish() {
                Outcome::Done(result) if self.asks_for_one && is_nothing(&result) => {
                    Outcome::Failed(not_found(&result))
                }
                outcome => outcome,
            })
            .collect()
    }

    /// Why this ID is not asked for.
    fn refusal(&self, id: &ItemId) -> Option<String> {
        let (method, parameter) = (self.number?, self.path.first()?);
        let refused = !check::is_id_for(method, parameter, &id.as_str().into());
        refused.then(|| {
            format!(
                "{:?} is not an ID of {}: it is a whole number, and the portal would take another one",
                id.as_str(),
                self.method
            )
        })
    }

    /// An answer for each page that is wanted.
    async fn ask(&self, ids: &[ItemId], wanted: &[WantedPage]) -> Vec<CommandAnswer> {
        let mut answers: Vec<Option<CommandAnswer>> = wanted.iter().map(|_| None).collect();
        let mut commands: Vec<(usize, Command)> = Vec::new();
        for (at, one) in wanted.iter().enumerate() {
            let params = self.params(&ids[one.place], one.start);
            if needs_own_body(&params) {
                answers[at] = Some(self.alone(params).await);
            } else {
                let label = format!("i{at}").into();
                let method = self.method.clone();
                commands.push((
                    at,
                    Command {
                        label,
                        method,
                        params,
                    },
                ));
            }
        }
        let runner = BatchRunner::new(
            self.client.clone(),
            None,
            OnError::Continue,
            Arc::clone(&self.pace),
        );
        let mut commands = commands.into_iter().peekable();
        while commands.peek().is_some() {
            let (places, some): (Vec<usize>, Vec<Command>) =
                commands.by_ref().take(MAX_COMMANDS).unzip();
            let ran = runner.run(&some, &mut KnownResults::default()).await;
            for (at, answer) in places.into_iter().zip(ran.answers) {
                answers[at] = Some(answer);
            }
        }
        answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(|| Outcome::NotRun(NotRun::PassedOver).into()))
            .collect()
    }

    async fn alone(&self, params: Value) -> CommandAnswer {
        let effect: Effect = effect::of(&self.method);
        let answer = self.client.run_alone(&self.method, params, effect).await;
        answer.unwrap_or_else(|error| outcome_of_error(&error).into())
    }

    fn params(&self, id: &ItemId, start: Option<u64>) -> Value {
        let mut params = self.params.clone();
        insert(&mut params, &self.path, id.as_str());
        if let Some(start) = start {
            params.insert("start".to_owned(), start.into());
        }
        Value::Object(params)
    }
}

/// Whether a result has nothing in it: `null`, `[]`, `{}`, or one of these under a name.
fn is_nothing(result: &RawValue) -> bool {
    // What is longer is something.
    if result.get().len() > 200 {
        return false;
    }
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    match serde_json::from_str(result.get()) {
        Ok(Value::Object(fields)) if fields.len() == 1 => fields.values().all(empty),
        Ok(value) => empty(&value),
        Err(_) => false,
    }
}

/// As portals answer most methods for an ID that they don't have.
fn not_found(result: &RawValue) -> ApiError {
    ApiError {
        code: ErrorCode::new(""),
        description: format!(
            "Not found: the portal returned {} for this ID",
            result.get()
        ),
        validation: Vec::new(),
    }
}

/// Puts the ID where it goes; objects on the way are made.
fn insert(params: &mut Map<String, Value>, path: &[String], id: &str) {
    match path {
        [] => {}
        [name] => {
            params.insert(name.clone(), id.into());
        }
        [name, rest @ ..] => {
            let inside = params
                .entry(name.clone())
                .or_insert_with(|| Value::Object(Map::new()));
            if !inside.is_object() {
                *inside = Value::Object(Map::new());
            }
            if let Value::Object(inside) = inside {
                insert(inside, rest, id);
            }
        }
    }
}

impl PagedResult {
    fn take(&mut self, start: Option<u64>, answer: CommandAnswer) {
        let at = start.unwrap_or(0);
        self.seen.insert(at);
        self.starts.retain(|start| *start != at);
        let Outcome::Done(page) = answer.outcome else {
            self.outcome = Some(answer.outcome);
            self.starts.clear();
            return;
        };
        self.recounted |=
            self.total.is_some() && answer.total.is_some() && answer.total != self.total;
        let Some(next) = answer.next else {
            match &mut self.joined {
                None => self.outcome = Some(Outcome::Done(page)),
                Some(joined) => {
                    if !joined.add(&page) {
                        self.fail("its pages have different shapes");
                    }
                }
            }
            return;
        };
        match &mut self.joined {
            None => {
                self.joined = JoinedPages::new(&page);
                self.total = answer.total.filter(|total| *total > next);
                if self.joined.is_none() {
                    self.fail("there is another page of it, and it is not a list");
                }
            }
            Some(joined) => {
                if !joined.add(&page) {
                    self.fail("its pages have different shapes");
                }
            }
        }
        if self.outcome.is_some() {
            return;
        }
        match self.total {
            Some(total) if start.is_none() => {
                let page = usize::try_from(next).unwrap_or(usize::MAX).max(1);
                self.starts = (next..total).step_by(page).collect();
            }
            Some(_) => {}
            None if next > at && !self.seen.contains(&next) => self.starts.push(next),
            None => self.fail(&format!(
                "after start {at} the portal names start {next} as the next page"
            )),
        }
    }

    /// Where the pages begin that are to be asked for now.
    fn next(&self) -> Vec<u64> {
        self.starts.clone()
    }

    /// Every page has come, and they are not as many rows as were counted, or the count is another now: the rows
    /// changed meanwhile. A row that was added moves the others on, from one page to the next, and where the last page
    /// is full their number stays the same.
    fn is_torn(&self) -> bool {
        let rows = self.joined.as_ref().map(|joined| joined.len() as u64);
        self.outcome.is_none()
            && self.starts.is_empty()
            && (self.recounted || self.total.is_some_and(|total| rows != Some(total)))
    }

    fn give_up(&mut self) {
        let rows = self.joined.as_ref().map_or(0, JoinedPages::len);
        let total = self.total.unwrap_or_default();
        self.fail(&format!(
            "the portal counts {total} rows and {rows} came: they changed while they were read"
        ));
    }

    fn fail(&mut self, why: &str) {
        self.outcome = Some(Outcome::Unknown(why.to_owned()));
        self.starts.clear();
    }

    fn finish(self) -> Outcome {
        match (self.outcome, self.joined) {
            (Some(outcome), _) => outcome,
            (None, Some(joined)) => joined.finish().map_or_else(
                || Outcome::Unknown("its pages could not be joined".to_owned()),
                Outcome::Done,
            ),
            (None, None) => Outcome::NotRun(NotRun::PassedOver),
        }
    }
}
