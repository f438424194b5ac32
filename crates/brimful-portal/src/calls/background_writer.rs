//! Inserts, updates and deletes rows as other people would, while callers read.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use brimful_protocol::Array;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::calls::Backend;
use crate::calls::events::Cause;
use crate::context::churn::{Churn, ChurnAction};
use crate::context::settings::Costs;
use crate::context::settings::{Rights, Scopes};
use crate::context::{Call, MethodName};
use crate::data::DataError;
use crate::data::PortalData;
use crate::data::entities;
use crate::data::entities::ENTITIES;
use crate::methods;
use crate::methods::method::Handler;

/// Changes the rows of a portal.
#[derive(Debug, Default)]
pub(crate) struct BackgroundWriter {
    /// Whether there is anything to change: a cheap look before the lock.
    busy: AtomicBool,
    writers: Mutex<Option<Writers>>,
}

#[derive(Debug)]
struct Writers {
    churn: Churn,
    /// When they began, after the portal did.
    since: Duration,
    works: Vec<Flow>,
    rng: fastrand::Rng,
}

/// One kind of change to one entity, and how often it has been made.
#[derive(Debug)]
struct Flow {
    entity: usize,
    change: ChurnAction,
    per_second: f64,
    done: u64,
}

/// If nobody called for so long that more changes than this are due, the older of them are left out: no caller should
/// wait for minutes.
const MOST_AT_ONCE: u64 = 100_000;
/// What changes of other people come from.
const BY_CHURN: MethodName = MethodName::Borrowed("--churn");

impl Backend {
    /// Lets `churn` take the place of the churn there was.
    pub(crate) fn set_churn(&self, churn: Churn) -> Result<(), DataError> {
        let mut works = Vec::new();
        {
            let state = self.data.read();
            for flow in &churn.flows {
                let entity = state
                    .place(&flow.entity)
                    .filter(|&at| call_for(&state, at, flow.change, 1, 1).is_some())
                    .ok_or_else(|| DataError::UnknownEntity(flow.entity.clone()))?;
                if flow.per_second > 0.0 {
                    works.push(Flow {
                        entity,
                        change: flow.change,
                        per_second: flow.per_second,
                        done: 0,
                    });
                }
            }
        }
        let busy = !works.is_empty();
        let writers = Writers {
            since: self.context.clock.elapsed(),
            works,
            rng: fastrand::Rng::with_seed(churn.seed),
            churn,
        };
        *self.background_writer.writers.lock() = Some(writers);
        self.background_writer.busy.store(busy, Ordering::Release);
        Ok(())
    }

    /// The churn there is.
    pub(crate) fn current_churn(&self) -> Churn {
        let writers = self.background_writer.writers.lock();
        writers
            .as_ref()
            .map(|writers| writers.churn.clone())
            .unwrap_or_default()
    }

    /// Makes the changes that have become due.
    pub(crate) fn make_due_changes(&self) {
        self.carry_scenario_on();
        if !self.background_writer.busy.load(Ordering::Acquire) {
            return;
        }
        let mut writers = self.background_writer.writers.lock();
        let Some(writers) = writers.as_mut() else {
            return;
        };
        let elapsed = self.context.clock.elapsed().saturating_sub(writers.since);
        if writers.next(elapsed).is_none() {
            return;
        }
        writers.skip(elapsed);
        let now = self.context.clock.unix(Instant::now());
        let mut state = self.data.write();
        let mut made = 0;
        let mut told = Vec::new();
        while let Some((at, due)) = writers.next(elapsed) {
            let when = now - (elapsed.as_secs_f64() - due);
            made += u64::from(writers.work(at, &mut state, when));
            told.extend(self.note_changes(&mut state, Some(Cause::of_user(1, &BY_CHURN, when))));
        }
        drop(state);
        self.events.sender.send(told);
        self.context.counters.count(|stats| stats.churned += made);
    }
}

impl Writers {
    /// The change that is due first, if one is, and when it was.
    fn next(&self, elapsed: Duration) -> Option<(usize, f64)> {
        let due = |work: &Flow| (work.done + 1) as f64 / work.per_second;
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
    fn work(&mut self, at: usize, state: &mut PortalData, now: f64) -> bool {
        let work = &mut self.works[at];
        work.done += 1;
        let table = state.table(work.entity);
        let rows = table.count(1, u64::MAX);
        // Picked in any case, so that what comes later does not depend on whether there was a row.
        let pick = self.rng.f64();
        let id = match work.change {
            ChurnAction::Insert => 0,
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
            method: method.name.clone(),
            params,
            user: 1,
            application: None,
            connector: None,
            scopes: &Scopes::All,
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
    state: &PortalData,
    entity: usize,
    change: ChurnAction,
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
        entities::USER if change == ChurnAction::Delete => return None,
        entities::USER => ("user".to_owned(), "ID", "NAME"),
        entities::DEPARTMENT => ("department".to_owned(), "ID", "NAME"),
        _ if table.entity_type >= 128 => (crm("item"), "id", "title"),
        _ => return None,
    };
    let verb = match change {
        ChurnAction::Insert => "add",
        ChurnAction::Update => "update",
        ChurnAction::Delete => "delete",
    };
    let mut fields = Array::new();
    fields.insert(
        text,
        format!(
            "{} {number}",
            if change == ChurnAction::Insert {
                "New"
            } else {
                "Changed"
            }
        ),
    );
    if change == ChurnAction::Insert {
        match entity {
            entities::TASK => fields.insert("RESPONSIBLE_ID", 1),
            entities::USER => fields.insert("EMAIL", format!("new{number}@example.com")),
            // Below the first department there is: others are deleted.
            entities::DEPARTMENT => fields.insert("PARENT", table.of_rank(1) as i64),
            entities::ACTIVITY => {
                fields.insert("OWNER_TYPE_ID", 2);
                fields.insert("OWNER_ID", 1);
                fields.insert("TYPE_ID", 2);
                fields.insert("RESPONSIBLE_ID", 1);
                let phone = Array::from_iter([("TYPE", "PHONE"), ("VALUE", "+74950000000")]);
                fields.insert("COMMUNICATIONS", Array::from_iter([(0, phone)]));
            }
            _ => {}
        }
    }
    let mut params = match entity {
        // These two take the fields as they are.
        entities::USER | entities::DEPARTMENT => fields,
        _ => Array::from_iter([("fields", fields)]),
    };
    if change == ChurnAction::Delete {
        params = Array::new();
    }
    if change != ChurnAction::Insert {
        params.insert(id_name, id as i64);
    }
    if table.entity_type >= 128 {
        params.insert("entityTypeId", i64::from(table.entity_type));
    }
    Some((format!("{prefix}.{verb}"), params))
}
