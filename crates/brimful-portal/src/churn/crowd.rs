//! Those who change the rows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use brimful_protocol::Array;
use tokio::time::Instant;

use super::{Change, Churn};
use crate::config::DataError;
use crate::method::{Call, Costs, Handler};
use crate::methods;
use crate::portal::Core;
use crate::rights::Rights;
use crate::state::State;
use crate::state::entities::{self, ENTITIES};

/// The people who change the rows of a portal.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    /// Whether there are any: a cheap look for those who are not asked to wait.
    busy: AtomicBool,
    people: Mutex<Option<People>>,
}

#[derive(Debug)]
struct People {
    churn: Churn,
    /// When they came, since the portal began.
    since: Duration,
    works: Vec<Work>,
    rng: fastrand::Rng,
}

/// One kind of change to one entity, and how often it has been made.
#[derive(Debug)]
struct Work {
    entity: usize,
    change: Change,
    per_second: f64,
    done: u64,
}

/// If nobody called for so long that more changes than this are due, the older of them are left out: no caller should
/// wait for minutes.
const MOST_AT_ONCE: u64 = 100_000;

impl Core {
    /// Lets `churn` take the place of the churn there was.
    pub(crate) fn set_churn(&self, churn: Churn) -> Result<(), DataError> {
        let mut works = Vec::new();
        {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            for flow in &churn.flows {
                let entity = state
                    .place(&flow.entity)
                    .filter(|&at| call_for(&state, at, flow.change, 1, 1).is_some())
                    .ok_or_else(|| DataError::UnknownEntity(flow.entity.clone()))?;
                if flow.per_second > 0.0 {
                    works.push(Work {
                        entity,
                        change: flow.change,
                        per_second: flow.per_second,
                        done: 0,
                    });
                }
            }
        }
        let busy = !works.is_empty();
        let people = People {
            since: self.clock.elapsed(),
            works,
            rng: fastrand::Rng::with_seed(churn.seed),
            churn,
        };
        *self
            .crowd
            .people
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(people);
        self.crowd.busy.store(busy, Ordering::Release);
        Ok(())
    }

    /// The churn there is.
    pub(crate) fn current_churn(&self) -> Churn {
        let people = self
            .crowd
            .people
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        people
            .as_ref()
            .map(|people| people.churn.clone())
            .unwrap_or_default()
    }

    /// Makes the changes that have become due.
    pub(crate) fn churn(&self) {
        if !self.crowd.busy.load(Ordering::Acquire) {
            return;
        }
        let mut people = self
            .crowd
            .people
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(people) = people.as_mut() else {
            return;
        };
        let elapsed = self.clock.elapsed().saturating_sub(people.since);
        if people.next(elapsed).is_none() {
            return;
        }
        people.skip(elapsed);
        let now = self.clock.unix(Instant::now());
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut made = 0;
        while let Some((at, due)) = people.next(elapsed) {
            let when = now - (elapsed.as_secs_f64() - due);
            made += u64::from(people.work(at, &mut state, when));
        }
        drop(state);
        self.counters.count(|stats| stats.churned += made);
    }
}

impl People {
    /// The change that is due first, if one is, and when it was.
    fn next(&self, elapsed: Duration) -> Option<(usize, f64)> {
        let due = |work: &Work| (work.done + 1) as f64 / work.per_second;
        let all = self.works.iter().enumerate();
        all.map(|(at, work)| (at, due(work)))
            .filter(|(_, due)| *due <= elapsed.as_secs_f64())
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// Leaves out what is due beyond what can be done at once.
    fn skip(&mut self, elapsed: Duration) {
        let rate: f64 = self.works.iter().map(|work| work.per_second).sum();
        let reach = MOST_AT_ONCE as f64 / rate;
        let from = elapsed.as_secs_f64() - reach;
        if from > 0.0 {
            for work in &mut self.works {
                work.done = work.done.max((from * work.per_second) as u64);
            }
        }
    }

    /// Makes a change; says whether there was a row to make it to.
    fn work(&mut self, at: usize, state: &mut State, now: f64) -> bool {
        let work = &mut self.works[at];
        work.done += 1;
        let table = state.table(work.entity);
        let rows = table.count(1, u64::MAX);
        // Picked in any case, so that what comes later does not depend on whether there was a row.
        let pick = self.rng.f64();
        let id = match work.change {
            Change::Insert => 0,
            _ if rows == 0 => return false,
            _ => table.of_rank((pick * rows as f64) as u64 + 1),
        };
        let Some((name, params)) = call_for(state, work.entity, work.change, id, work.done) else {
            return false;
        };
        let Some(method) = methods::find(&name) else {
            return false;
        };
        let Handler::Write(write) = method.handler else {
            return false;
        };
        let mut cost = Duration::ZERO;
        let mut call = Call {
            method: method.name,
            params,
            user: 1,
            by_application: false,
            rights: Rights::default(),
            now,
            cost: &mut cost,
            costs: &Costs::default(),
        };
        write(state, &mut call).is_ok()
    }
}

/// The call that makes a change, if callers can make it.
fn call_for(
    state: &State,
    entity: usize,
    change: Change,
    id: u64,
    number: u64,
) -> Option<(String, Array)> {
    let table = state.table(entity);
    let crm = |name: &str| format!("crm.{name}");
    let (prefix, id_name, text) = match entity {
        entities::LEAD | entities::DEAL | entities::COMPANY => {
            (crm(ENTITIES[entity].name), "id", "TITLE")
        }
        entities::CONTACT => (crm("contact"), "id", "NAME"),
        entities::ACTIVITY => (crm("activity"), "id", "SUBJECT"),
        entities::TASK => ("tasks.task".to_owned(), "taskId", "TITLE"),
        entities::USER if change == Change::Delete => return None,
        entities::USER => ("user".to_owned(), "ID", "NAME"),
        entities::DEPARTMENT => ("department".to_owned(), "ID", "NAME"),
        _ if table.entity_type >= 128 => (crm("item"), "id", "title"),
        _ => return None,
    };
    let verb = match change {
        Change::Insert => "add",
        Change::Update => "update",
        Change::Delete => "delete",
    };
    let mut fields = Array::new();
    fields.insert(
        text,
        format!(
            "{} {number}",
            if change == Change::Insert {
                "New"
            } else {
                "Changed"
            }
        ),
    );
    if change == Change::Insert {
        match entity {
            entities::TASK => fields.insert("RESPONSIBLE_ID", 1),
            entities::USER => fields.insert("EMAIL", format!("new{number}@example.com")),
            entities::DEPARTMENT => fields.insert("PARENT", 1),
            entities::ACTIVITY => {
                fields.insert("OWNER_TYPE_ID", 2);
                fields.insert("OWNER_ID", 1);
            }
            _ => {}
        }
    }
    let mut params = match entity {
        // These two take the fields as they are.
        entities::USER | entities::DEPARTMENT => fields,
        _ => Array::from_iter([("fields", fields)]),
    };
    if change == Change::Delete {
        params = Array::new();
    }
    if change != Change::Insert {
        params.insert(id_name, id as i64);
    }
    if table.entity_type >= 128 {
        params.insert("entityTypeId", i64::from(table.entity_type));
    }
    Some((format!("{prefix}.{verb}"), params))
}
