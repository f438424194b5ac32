//! Carries calls out: runs the handler, lets its simulated time pass, and keeps the accounts.

use std::time::Duration;

use brimful_protocol::{Array, Key, Value};
use tokio::time::Instant;

use crate::calls::Backend;
use crate::calls::callers::Caller;
use crate::calls::event_sender::Delivery;
use crate::calls::events::Cause;
use crate::calls::journal;
use crate::calls::links::are_in_replies_of;
use crate::calls::timing::Timing;
use crate::context::errors;
use crate::context::faults::Fault;
use crate::context::limits::{Entity, Report, RequestUsage};
use crate::context::moment;
use crate::context::settings::Rights;
use crate::context::{Call, MethodError, MethodName, Output};
use crate::data::fixtures::{Api, Service};
use crate::data::list::PAGE;
use crate::methods::method::{Handler, Method};

/// The calls of one request, one after the other.
pub(crate) struct Executor<'p> {
    backend: &'p Backend,
    caller: &'p Caller,
    pace: Pace,
    meter: RequestUsage,
    in_batch: bool,
    /// What applications are told when the request is over.
    deliveries: Vec<Delivery>,
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
    pub(crate) fn new(backend: &'p Backend, caller: &'p Caller) -> Self {
        Self {
            backend,
            caller,
            pace: Pace::begin(backend.context.settings.wall),
            meter: RequestUsage::default(),
            in_batch: false,
            deliveries: Vec::new(),
        }
    }

    /// Every call from now on is a command of a batch.
    pub(crate) fn begin_batch(&mut self) {
        self.in_batch = true;
    }

    /// Unix seconds by the accounts.
    pub(crate) fn now(&self) -> f64 {
        self.backend.context.clock.unix(self.pace.at)
    }

    /// Whether the request has taken longer than the portal lets it.
    pub(crate) fn is_over(&self) -> bool {
        self.pace.at > self.pace.wall
    }

    /// Whether the kind, the rights and the scopes of the caller and the method's operating time let `method` run for
    /// `entity`.
    pub(crate) fn permit(&self, method: &Method, entity: &Entity) -> Result<(), MethodError> {
        if !self.caller.scopes.allow(method.scope) {
            let description =
                "The request requires higher privileges than provided by the access token";
            return Err(errors::authorisation(
                self.backend.context.settings.statuses,
                "insufficient_scope",
                description,
            ));
        }
        if self.caller.client_id.is_none()
            && let Some(refusal) = self.backend.registry.webhook_refusal(&method.name)
        {
            return Err(refusal.error());
        }
        if self.caller.rights != Rights::All
            && let Some(refusal) = self.backend.registry.user_refusal(&method.name)
        {
            return Err(refusal.error());
        }
        self.permit_time(entity, &method.name)
    }

    /// Whether `method` has operating time left.
    pub(crate) fn permit_time(
        &self,
        entity: &Entity,
        method: &MethodName,
    ) -> Result<(), MethodError> {
        if self
            .backend
            .context
            .operating()
            .admit(entity, method, self.now())
        {
            return Ok(());
        }
        self.backend
            .context
            .counters
            .count(|stats| stats.refused_by_operating += 1);
        Err(errors::operation_time_limit())
    }

    /// Runs `method` to its end, its simulated time included.
    pub(crate) async fn run(
        &mut self,
        method: &Method,
        params: Array,
        entity: &Entity,
    ) -> (Outcome, Timing) {
        let (outcome, start, time) = self.perform(method, params).await;
        self.meter.add(entity, &method.name, start, time, 1.0);
        let mut operating = self.report(entity, &method.name);
        if let Some(report) = &mut operating {
            for (fault, _) in self.faults(method, Fault::is_of_report) {
                fault.spoil_report(report, self.now());
            }
        }
        let timing = Timing {
            start,
            finish: self.now(),
            processing: time.as_secs_f64(),
            operating,
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
        let mut cost = self.backend.context.settings.costs.call;
        let zone = self.backend.context.clock.zone();
        let outcome = moment::in_zone(zone, || self.handle(method, params, start, &mut cost));
        let time = real.elapsed().saturating_add(cost);
        self.pace.spend(time);
        self.pace.catch_up().await;
        self.backend.context.counters.call(&method.name);
        (outcome, start, time)
    }

    /// The faults of a call that `applies` says change something.
    fn faults(
        &self,
        method: &Method,
        applies: impl Fn(&Fault) -> bool,
    ) -> Vec<(Fault, fastrand::Rng)> {
        let drawn = self
            .backend
            .context
            .faults
            .draw_for_call(&method.name, self.in_batch, applies);
        if !drawn.is_empty() {
            self.backend
                .context
                .counters
                .count(|stats| stats.faults += drawn.len() as u64);
        }
        drawn
    }

    fn handle(
        &mut self,
        method: &Method,
        mut params: Array,
        now: f64,
        cost: &mut Duration,
    ) -> Outcome {
        self.backend.make_due_changes();
        // Where the page was to begin, for the `next` of a page that has none.
        let start = params.get("start").map_or(0, Value::to_int).max(0);
        if !self
            .faults(method, |fault| *fault == Fault::IgnoreStart)
            .is_empty()
        {
            ignore_start(&mut params);
        }
        let mut call = Call {
            method: method.name.clone(),
            params,
            user: self.caller.user,
            application: self.caller.client_id.as_deref(),
            connector: self.caller.connector.as_deref(),
            scopes: &self.caller.scopes,
            rights: self.caller.rights,
            now,
            cost,
            costs: &self.backend.context.settings.costs,
        };
        let result = match method.handler {
            Handler::Read(read) => {
                let state = self.backend.data.read();
                let result = read(&state, &mut call);
                result.and_then(|output| state.hidden.apply(&state, &call, output))
            }
            Handler::Write(write) => {
                let mut state = self.backend.data.write();
                let result = write(&mut state, &mut call);
                if let Ok(output) = &result {
                    journal::enter(&mut state, &method.name, &call, output, &self.caller.origin);
                }
                let cause = Cause::of(&call);
                let told = self.backend.note_changes(&mut state, Some(cause));
                self.deliveries.extend(told);
                result
            }
        };
        match result {
            Err(error) => Outcome::Failed(error),
            Ok(output) => {
                if let Some(error) = output.error() {
                    return Outcome::ErrorAsData(error);
                }
                let output = self.spoiled(method, output, start);
                Outcome::Done(self.linked(method, output))
            }
        }
    }

    /// With the faults that hit what a method returns.
    fn spoiled(&self, method: &Method, mut output: Output, start: i64) -> Output {
        for (fault, mut rng) in self.faults(method, |fault| fault.changes(&output)) {
            if fault == Fault::EndlessNext {
                output.next = Some(start / PAGE as i64 * PAGE as i64 + PAGE as i64);
            }
            output = fault.spoil_output(output, &mut rng);
        }
        output
    }

    /// With signed links in the files that a method describes.
    fn linked(&self, method: &Method, output: Output) -> Output {
        match &self.caller.links {
            Some(links) if are_in_replies_of(&method.name) && !self.is_recorded(method) => {
                links.fill(&self.backend.context, output)
            }
            _ => output,
        }
    }

    /// Whether a reply was given for the method: it is served as it is.
    fn is_recorded(&self, method: &Method) -> bool {
        let data = self.backend.data.read();
        let served = data.fixtures.find(Api::Rest, &method.name);
        matches!(served, Some(Service::Recorded(_)))
    }

    /// Charges a whole batch that began at `start` and gives its time.
    pub(crate) fn charge_batch(
        &mut self,
        start: f64,
        entity: &Entity,
        method: &MethodName,
    ) -> Timing {
        let finish = self.now();
        let processing = (finish - start).max(0.0);
        let weight = self.backend.context.operating().batch_weight();
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

    fn report(&self, entity: &Entity, method: &MethodName) -> Option<Report> {
        self.backend
            .context
            .operating()
            .report(&self.meter, entity, method, self.now())
    }

    /// Closes the accounts, and tells applications what has changed.
    pub(crate) fn finish(self) {
        let now = self.now();
        self.backend.context.operating().enter(self.meter, now);
        self.backend.events.sender.send(self.deliveries);
    }
}

/// Takes out of the parameters where the page begins. A start below 0 says something else.
fn ignore_start(params: &mut Array) {
    let is_place = |key: &Key, value: &Value| match key.to_text().to_ascii_lowercase().as_str() {
        "start" => value.to_int() > 0,
        "pagination" | "offset" | "nav_params" => true,
        _ => false,
    };
    let nested = |value: &Value| value.get("NAV_PARAMS").is_some();
    let kept = params.iter().filter(|(key, value)| !is_place(key, value));
    *params = kept
        .map(|(key, value)| match value {
            Value::Array(inside) if nested(value) => {
                let mut inside = inside.clone();
                inside.remove("NAV_PARAMS");
                (key.clone(), Value::Array(inside))
            }
            value => (key.clone(), value.clone()),
        })
        .collect();
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
