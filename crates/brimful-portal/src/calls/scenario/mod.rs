//! Carries a scenario out: a company sells, step by step, by the same methods that callers have.

mod sales;
mod staff;
mod words;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use brimful_protocol::{Array, Value};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::calls::Backend;
use crate::calls::events::Cause;
use crate::context::scenario::Scenario;
use crate::context::settings::{Costs, Rights, Scopes};
use crate::context::{Call, MethodName, moment};
use crate::data::PortalData;
use crate::methods;
use crate::methods::method::Handler;
use words::Words;

/// The scenario of a portal, if it has one.
#[derive(Debug, Default)]
pub(crate) struct ScenarioRunner {
    /// Whether there is one: a cheap look before the lock.
    is_on: AtomicBool,
    company: Mutex<Option<Company>>,
}

/// What the company is about to do.
#[derive(Debug)]
struct Company {
    scenario: Scenario,
    rng: fastrand::Rng,
    /// What is due when, in milliseconds of the company's time, and the order in which it was planned.
    plans: BinaryHeap<Reverse<(u64, u64, Step)>>,
    planned: u64,
    /// The company's time when the portal began, in milliseconds.
    began: u64,
    /// After the portal began, when the scenario did.
    since: Duration,
    /// The second of the portal's calendar at which the company's time begins.
    first_second: i64,
    /// The companies that are known, by their titles.
    companies: HashMap<String, i64>,
    /// Who has bought something: the number of the person, the contact and the company.
    buyers: Vec<(u64, i64, i64)>,
    /// The IDs of what is sold, in the order of the words.
    products: Vec<i64>,
}

/// Somebody who asks for something, and who of the company talks to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Prospect {
    lead: i64,
    user: u64,
    /// The number that a person is made of.
    client: u64,
    /// The contact and the company of somebody who has bought before.
    known: Option<(i64, i64)>,
    /// Which product, and how many.
    product: usize,
    quantity: i64,
}

/// A step of the company's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// Somebody asks for something.
    LeadArrives,
    /// An employee calls the person behind a lead.
    LeadIsCalled(Prospect),
    /// The lead is worth an offer.
    LeadIsQualified(Prospect),
    /// The lead becomes a deal, or nothing comes of it.
    LeadIsDecided(Prospect),
    /// A deal goes to its next stage.
    DealMoves { deal: i64, user: u64, stage: usize },
    /// A task is done.
    TaskIsDone { task: i64, user: u64 },
}

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The stages of the funnel that every portal has, in the order in which a deal that is won passes them.
const STAGES: [&str; 6] = [
    "NEW",
    "PREPARATION",
    "PREPAYMENT_INVOICE",
    "EXECUTING",
    "FINAL_INVOICE",
    "WON",
];

/// If nobody called for so long that more steps than this are due, those beyond it are done at the next call: no caller
/// should wait for minutes.
const MOST_AT_ONCE: usize = 2_000;
/// What changes of the company come from.
const BY_SCENARIO: MethodName = MethodName::Borrowed("--scenario");

impl Backend {
    /// Makes the history of a company up to now, and lets it go on from here.
    pub(crate) fn start_scenario(&self, scenario: Scenario, has_history: bool) {
        let now = self.context.clock.unix(Instant::now());
        let began = u64::from(scenario.days) * DAY;
        let mut company = Company {
            rng: fastrand::Rng::with_seed(scenario.seed ^ 0x5341_4c45_5321),
            plans: BinaryHeap::new(),
            planned: 0,
            began,
            since: self.context.clock.elapsed(),
            first_second: now as i64 - (began / 1_000) as i64
                + i64::from(self.context.clock.zone()),
            companies: HashMap::new(),
            buyers: Vec::new(),
            products: Vec::new(),
            scenario,
        };
        // A portal that starts with data of an earlier run has a history: the company begins new work now.
        let first = if has_history { began } else { 0 };
        company.plan(first + 5 * MINUTE, Step::LeadArrives);
        {
            let mut state = self.data.write();
            let founded = now - began as f64 / 1_000.0;
            if has_history {
                company.remember(&state);
            } else {
                company.introduce_staff(&mut state, founded);
            }
            company.find_products(&mut state, founded);
            drop(self.note_changes(&mut state, None));
            while let Some((due, step)) = company.next(began) {
                let when = now - (began - due) as f64 / 1_000.0;
                moment::in_zone(self.context.clock.zone(), || {
                    company.carry_out(&mut state, step, due, when);
                });
                // Nobody is told of history.
                drop(self.note_changes(&mut state, None));
            }
        }
        *self.scenario.company.lock() = Some(company);
        self.scenario.is_on.store(true, Ordering::Release);
    }

    /// The scenario there is.
    pub(crate) fn current_scenario(&self) -> Option<Scenario> {
        let company = self.scenario.company.lock();
        company.as_ref().map(|company| company.scenario.clone())
    }

    /// Carries out what has become due.
    pub(crate) fn carry_scenario_on(&self) {
        if !self.scenario.is_on.load(Ordering::Acquire) {
            return;
        }
        let mut company = self.scenario.company.lock();
        let Some(company) = company.as_mut() else {
            return;
        };
        let elapsed = self.context.clock.elapsed().saturating_sub(company.since);
        let pace = company.scenario.pace;
        let until = company.began + (elapsed.as_secs_f64() * pace * 1_000.0) as u64;
        if company
            .plans
            .peek()
            .is_none_or(|Reverse((due, ..))| *due > until)
        {
            return;
        }
        let now = self.context.clock.unix(Instant::now());
        let mut told = Vec::new();
        let mut state = self.data.write();
        for _ in 0..MOST_AT_ONCE {
            let Some((due, step)) = company.next(until) else {
                break;
            };
            let when = now - (until - due) as f64 / 1_000.0 / pace;
            let user = moment::in_zone(self.context.clock.zone(), || {
                company.carry_out(&mut state, step, due, when)
            });
            told.extend(
                self.note_changes(&mut state, Some(Cause::of_user(user, &BY_SCENARIO, when))),
            );
        }
        drop(state);
        self.events.sender.send(told);
    }
}

impl Company {
    fn plan(&mut self, due: u64, step: Step) {
        self.planned += 1;
        self.plans.push(Reverse((due, self.planned, step)));
    }

    /// The step that is due first, if it is by then, and when it was.
    fn next(&mut self, until: u64) -> Option<(u64, Step)> {
        let Reverse((due, ..)) = self.plans.peek()?;
        if *due > until {
            return None;
        }
        self.plans.pop().map(|Reverse((due, _, step))| (due, step))
    }

    /// A time between two, in the company's time.
    fn between(&mut self, from: u64, to: u64) -> u64 {
        self.rng.u64(from..to)
    }

    fn words(&self) -> &'static Words {
        words::of(self.scenario.language)
    }

    /// Seconds of the portal's own calendar at a time of the company.
    fn local(&self, due: u64) -> i64 {
        self.first_second + (due / 1_000) as i64
    }

    /// Whether people are at work then: from Monday to Friday, by day. Once the portal runs nights would be minutes
    /// without anything, so there are none.
    fn is_at_work(&self, due: u64) -> bool {
        let local = self.local(due);
        let hour = local.rem_euclid(86_400) / 3_600;
        due >= self.began || (weekday(local) < 5 && (9..18).contains(&hour))
    }

    /// The time `due`, or one on the morning of the next working day.
    fn at_work(&mut self, due: u64) -> u64 {
        if self.is_at_work(due) {
            return due;
        }
        let local = self.local(due);
        let second = local.rem_euclid(86_400);
        let is_morning = weekday(local) < 5 && second < 9 * 3_600;
        let days = match weekday(local) {
            _ if is_morning => 0,
            4 => 3,
            5 => 2,
            _ => 1,
        };
        let wait = days * 86_400 + 9 * 3_600 - second;
        let morning = due + wait.unsigned_abs() * 1_000 + self.between(0, 2 * HOUR);
        if morning < self.began {
            return morning;
        }
        self.began.max(due) + self.between(MINUTE, 2 * HOUR)
    }

    /// Does a step as one of the users, whose ID comes back, and plans what follows from it.
    fn carry_out(&mut self, state: &mut PortalData, step: Step, due: u64, when: f64) -> u64 {
        match step {
            Step::LeadArrives => self.lead_arrives(state, due, when),
            Step::LeadIsCalled(lead) => {
                self.call_lead(state, &lead, due, when);
                lead.user
            }
            Step::LeadIsQualified(lead) => {
                self.qualify(state, &lead, due, when);
                lead.user
            }
            Step::LeadIsDecided(lead) => {
                self.decide(state, &lead, due, when);
                lead.user
            }
            Step::DealMoves { deal, user, stage } => {
                self.move_deal(state, (deal, user, stage), due, when);
                user
            }
            Step::TaskIsDone { task, user } => {
                let named = Array::from_iter([("taskId", task)]);
                let _done = call(state, "tasks.task.complete", named, user, when);
                user
            }
        }
    }
}

/// The day of the week, from 0 for Monday.
fn weekday(local: i64) -> i64 {
    (local.div_euclid(86_400) + 3).rem_euclid(7)
}

fn under(name: &str, fields: Array) -> Array {
    Array::from_iter([(name, fields)])
}

/// Carries a call out as one of the users; `None` if it was refused, as when a caller has deleted what it is about.
fn call(state: &mut PortalData, name: &str, params: Array, user: u64, when: f64) -> Option<Value> {
    let method = methods::find(name)?;
    let mut cost = Duration::ZERO;
    let mut call = Call {
        method: method.name.clone(),
        params,
        user,
        application: None,
        connector: None,
        scopes: &Scopes::All,
        rights: Rights::default(),
        now: when,
        cost: &mut cost,
        costs: &Costs::default(),
    };
    let output = match method.handler {
        Handler::Write(write) => write(state, &mut call),
        Handler::Read(read) => read(state, &mut call),
    };
    output.ok().map(|output| output.to_value().clone())
}
