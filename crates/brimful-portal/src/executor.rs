//! Carries calls out: runs the handler, lets its simulated time pass, and keeps the accounts.

use std::sync::PoisonError;
use std::time::Duration;

use brimful_protocol::Array;
use tokio::time::Instant;

use crate::auth::Caller;
use crate::journal;
use crate::limits::{Entity, Meter, Report};
use crate::method::{Call, Handler, Method, MethodError, Output};
use crate::portal::Core;
use crate::respond::{self, Timing};

/// The calls of one request, one after the other.
pub(crate) struct Executor<'p> {
    core: &'p Core,
    caller: &'p Caller,
    pace: Pace,
    meter: Meter,
}

/// The time of a request as it is accounted for: real work and simulated cost together. Sleeps go to the instant that
/// the accounts have reached, so that fifty short sleeps are not fifty times late.
struct Pace {
    at: Instant,
    wall: Instant,
}

/// Longer than any request, for costs beyond what a clock can count.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// What a call came to.
pub(crate) enum Outcome {
    Done(Output),
    Failed(MethodError),
    /// The method's data said `error` and `error_description` itself: the portal passes that on untouched.
    ErrorAsData(Array),
}

impl<'p> Executor<'p> {
    pub(crate) fn new(core: &'p Core, caller: &'p Caller) -> Self {
        Self {
            core,
            caller,
            pace: Pace::begin(core.config.wall),
            meter: Meter::default(),
        }
    }

    /// Unix seconds by the accounts.
    pub(crate) fn now(&self) -> f64 {
        self.core.clock.unix(self.pace.at)
    }

    /// Whether the request has taken longer than the portal lets it.
    pub(crate) fn is_over(&self) -> bool {
        self.pace.at > self.pace.wall
    }

    /// Whether the scopes of the caller and the method's operating time let `method` run for `entity`.
    pub(crate) fn permit(&self, method: &Method, entity: &Entity) -> Result<(), MethodError> {
        if !self.caller.scopes.allow(method.scope) {
            let description =
                "The request requires higher privileges than provided by the access token";
            return Err(respond::authorisation(
                self.core.config.statuses,
                "insufficient_scope",
                description,
            ));
        }
        self.permit_time(entity, method.name)
    }

    /// Whether `method` has operating time left.
    pub(crate) fn permit_time(
        &self,
        entity: &Entity,
        method: &'static str,
    ) -> Result<(), MethodError> {
        if self.core.operating().admit(entity, method, self.now()) {
            return Ok(());
        }
        self.core
            .counters
            .count(|stats| stats.refused_by_operating += 1);
        Err(respond::operation_time_limit())
    }

    /// Runs `method` to its end, its simulated time included.
    pub(crate) async fn run(
        &mut self,
        method: &Method,
        params: Array,
        entity: &Entity,
    ) -> (Outcome, Timing) {
        let (outcome, start, time) = self.perform(method, params).await;
        self.meter.add(entity, method.name, start, time, 1.0);
        let timing = Timing {
            start,
            finish: self.now(),
            processing: time.as_secs_f64(),
            operating: self.report(entity, method.name),
        };
        (outcome, timing)
    }

    /// Runs `method` to its end without charging anybody: when it began, and how long it took.
    pub(crate) async fn perform(
        &mut self,
        method: &Method,
        params: Array,
    ) -> (Outcome, f64, Duration) {
        let start = self.now();
        let real = Instant::now();
        // Every call costs its share before the method adds what it does.
        let mut cost = self.core.config.costs.call;
        let outcome = self.handle(method, params, start, &mut cost);
        let time = real.elapsed().saturating_add(cost);
        self.pace.spend(time);
        self.pace.catch_up().await;
        self.core.counters.call(method.name);
        (outcome, start, time)
    }

    fn handle(&self, method: &Method, params: Array, now: f64, cost: &mut Duration) -> Outcome {
        self.core.churn();
        let mut call = Call {
            method: method.name,
            params,
            user: self.caller.user,
            by_application: self.caller.client_id.is_some(),
            rights: self.caller.rights,
            now,
            cost,
            costs: &self.core.config.costs,
        };
        let result = match method.handler {
            Handler::Read(read) => read(
                &self
                    .core
                    .state
                    .read()
                    .unwrap_or_else(PoisonError::into_inner),
                &mut call,
            ),
            Handler::Write(write) => {
                let mut state = self
                    .core
                    .state
                    .write()
                    .unwrap_or_else(PoisonError::into_inner);
                let result = write(&mut state, &mut call);
                if let Ok(output) = &result {
                    journal::enter(&mut state, method.name, &call, output, &self.caller.origin);
                }
                result
            }
        };
        match result {
            Err(error) => Outcome::Failed(error),
            Ok(output) => match output.error() {
                Some(error) => Outcome::ErrorAsData(error),
                None => Outcome::Done(output),
            },
        }
    }

    /// Charges a whole batch that began at `start` and gives its time.
    pub(crate) fn charge_batch(
        &mut self,
        start: f64,
        entity: &Entity,
        method: &'static str,
    ) -> Timing {
        let finish = self.now();
        let processing = (finish - start).max(0.0);
        let weight = self.core.operating().batch_weight();
        self.meter.add(
            entity,
            method,
            start,
            Duration::from_secs_f64(processing),
            weight,
        );
        Timing {
            start,
            finish,
            processing,
            operating: self.report(entity, method),
        }
    }

    fn report(&self, entity: &Entity, method: &'static str) -> Option<Report> {
        self.core
            .operating()
            .report(&self.meter, entity, method, self.now())
    }

    /// Closes the accounts.
    pub(crate) fn finish(self) {
        let now = self.now();
        self.core.operating().enter(self.meter, now);
    }
}

impl Pace {
    fn begin(wall: Duration) -> Self {
        let at = Instant::now();
        Self {
            at,
            wall: at.checked_add(wall).unwrap_or(at + FOREVER),
        }
    }

    fn spend(&mut self, time: Duration) {
        self.at = self.at.checked_add(time).unwrap_or(self.wall + FOREVER);
    }

    async fn catch_up(&self) {
        let until = self.at.min(self.wall);
        if until > Instant::now() {
            tokio::time::sleep_until(until).await;
        }
    }
}
