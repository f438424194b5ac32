//! Carries a scenario out: a company sells, step by step, by the same methods that callers have.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use brimful_protocol::{Array, Value};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::calls::Backend;
use crate::calls::events::Cause;
use crate::context::scenario::{Language, Scenario};
use crate::context::settings::{Costs, Rights, Scopes};
use crate::context::{Call, moment};
use crate::data::PortalData;
use crate::data::entities::USER;
use crate::methods;
use crate::methods::method::Handler;

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
}

/// A step of the company's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// Somebody asks for something.
    LeadArrives,
    /// An employee calls the person behind a lead.
    LeadIsCalled { lead: i64, user: i64, client: u64 },
    /// The lead becomes a contact and a deal, or nothing comes of it.
    LeadIsDecided { lead: i64, user: i64, client: u64 },
    /// A deal goes to its next stage.
    DealMoves { deal: i64, user: i64, stage: usize },
    /// A task is done.
    TaskIsDone { task: i64, user: i64 },
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

/// What people of a language are called and ask for.
struct Words {
    first: &'static [&'static str],
    last: &'static [&'static str],
    companies: &'static [&'static str],
    wishes: &'static [&'static str],
    task: &'static str,
    currency: &'static str,
    phone: &'static str,
}

const RUSSIAN: Words = Words {
    first: &[
        "Анна",
        "Иван",
        "Мария",
        "Сергей",
        "Ольга",
        "Дмитрий",
        "Елена",
        "Алексей",
    ],
    last: &[
        "Ким",
        "Шевченко",
        "Литвин",
        "Савчук",
        "Бондарь",
        "Мельник",
        "Коваль",
        "Белых",
    ],
    companies: &[
        "ООО «Ромашка»",
        "АО «Сибирский берег»",
        "ООО «Северный ветер»",
        "ООО «Точная механика»",
        "ООО «Новый горизонт»",
        "ПАО «Уральский завод»",
    ],
    wishes: &[
        "Внедрение CRM",
        "Обучение сотрудников",
        "Поставка оборудования",
        "Сайт с каталогом",
        "Телефония в офис",
        "Обслуживание на год",
    ],
    task: "Подготовить договор",
    currency: "RUB",
    phone: "+7495",
};

const ENGLISH: Words = Words {
    first: &[
        "John", "Emma", "Lukas", "Sofia", "Peter", "Nina", "Oscar", "Grace",
    ],
    last: &[
        "Smith", "Brown", "Miller", "Weber", "Garcia", "Novak", "Wilson", "Larsen",
    ],
    companies: &[
        "Northwind Ltd",
        "Blue Harbor Ltd",
        "Fabric House Inc",
        "Green Valley Foods",
        "Hilltop Tools",
        "Silver Lake Travel",
    ],
    wishes: &[
        "CRM rollout",
        "Staff training",
        "Equipment delivery",
        "Website with a catalogue",
        "Office telephony",
        "Support for a year",
    ],
    task: "Prepare the contract",
    currency: "USD",
    phone: "+1202",
};

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
            scenario,
        };
        // A portal that goes on with data of before has a history: the company begins new work now.
        let first = if has_history { began } else { 0 };
        company.plan(first + 5 * MINUTE, Step::LeadArrives);
        {
            let mut state = self.data.write();
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
            told.extend(self.note_changes(&mut state, Some(Cause::of_user(user, when))));
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
        match self.scenario.language {
            Language::Russian => &RUSSIAN,
            Language::English => &ENGLISH,
        }
    }

    /// Who the client with this number is: name, surname, company, phone. The same each time.
    fn client(&self, number: u64) -> [String; 4] {
        let mut rng = fastrand::Rng::with_seed(self.scenario.seed ^ number);
        let words = self.words();
        let mut one = |of: &[&str]| of[rng.usize(..of.len())].to_owned();
        let (first, last, company) = (one(words.first), one(words.last), one(words.companies));
        let phone = format!("{}{:07}", words.phone, rng.u32(..10_000_000));
        [first, last, company, phone]
    }

    /// Does a step as one of the users, whose ID comes back, and plans what follows from it.
    fn carry_out(&mut self, state: &mut PortalData, step: Step, due: u64, when: f64) -> u64 {
        match step {
            Step::LeadArrives => self.lead_arrives(state, due, when),
            Step::LeadIsCalled { lead, user, client } => {
                let by = user.unsigned_abs();
                self.call_lead(state, (lead, user, client), when);
                let after = due + self.between(2 * HOUR, 2 * DAY);
                self.plan(after, Step::LeadIsDecided { lead, user, client });
                by
            }
            Step::LeadIsDecided { lead, user, client } => {
                self.decide(state, (lead, user, client), due, when);
                user.unsigned_abs()
            }
            Step::DealMoves { deal, user, stage } => {
                self.move_deal(state, (deal, user, stage), due, when);
                user.unsigned_abs()
            }
            Step::TaskIsDone { task, user } => {
                let by = user.unsigned_abs();
                let named = Array::from_iter([("taskId", task)]);
                let _done = call(state, "tasks.task.complete", named, by, when);
                by
            }
        }
    }

    fn lead_arrives(&mut self, state: &mut PortalData, due: u64, when: f64) -> u64 {
        // More of them by day than by night.
        let hour = due / HOUR % 24;
        let next = if (8..20).contains(&hour) {
            self.between(20 * MINUTE, 2 * HOUR)
        } else {
            self.between(3 * HOUR, 8 * HOUR)
        };
        self.plan(due + next, Step::LeadArrives);
        let user = self.someone(state);
        let client = self.rng.u64(1..u64::MAX);
        let [first, last, company, phone] = self.client(client);
        let words = self.words();
        let wish = words.wishes[self.rng.usize(..words.wishes.len())];
        let source = ["WEB", "CALL", "EMAIL", "ADVERTISING"][self.rng.usize(..4)];
        let mut fields = Array::new();
        fields.insert("TITLE", format!("{wish}: {company}"));
        fields.insert("NAME", first);
        fields.insert("LAST_NAME", last);
        fields.insert("COMPANY_TITLE", company);
        fields.insert("SOURCE_ID", source);
        fields.insert("ASSIGNED_BY_ID", user as i64);
        fields.insert("OPPORTUNITY", i64::from(self.rng.u32(5..400) * 1_000));
        fields.insert("CURRENCY_ID", words.currency);
        fields.insert("PHONE", Array::from_iter([(0, contact_value(&phone))]));
        let lead = call(state, "crm.lead.add", under("fields", fields), user, when);
        if let Some(lead) = lead.map(|lead| lead.to_int()).filter(|lead| *lead > 0) {
            let user = user as i64;
            let after = due + self.between(5 * MINUTE, 4 * HOUR);
            self.plan(after, Step::LeadIsCalled { lead, user, client });
        }
        user
    }

    /// Registers a call by telephony and says so in the lead.
    fn call_lead(
        &mut self,
        state: &mut PortalData,
        (lead, user, client): (i64, i64, u64),
        when: f64,
    ) {
        let by = user.unsigned_abs();
        let [.., phone] = self.client(client);
        let mut begun = Array::new();
        begun.insert("USER_ID", user);
        begun.insert("PHONE_NUMBER", phone.as_str());
        begun.insert("TYPE", 1);
        begun.insert("CRM_ENTITY_TYPE", "LEAD");
        begun.insert("CRM_ENTITY_ID", lead);
        let name = "telephony.externalcall.register";
        let registered = call(state, name, begun, by, when);
        if let Some(id) = registered.as_ref().and_then(|value| value.get("CALL_ID")) {
            let mut ended = Array::new();
            ended.insert("CALL_ID", id.clone());
            ended.insert("USER_ID", user);
            ended.insert("DURATION", i64::from(self.rng.u32(20..600)));
            let _done = call(state, "telephony.externalcall.finish", ended, by, when);
        }
        set_status(
            state,
            "crm.lead.update",
            lead,
            ("STATUS_ID", "IN_PROCESS"),
            by,
            when,
        );
    }

    fn decide(
        &mut self,
        state: &mut PortalData,
        (lead, user, client): (i64, i64, u64),
        due: u64,
        when: f64,
    ) {
        let by = user.unsigned_abs();
        if self.rng.u8(..10) < 4 {
            set_status(
                state,
                "crm.lead.update",
                lead,
                ("STATUS_ID", "JUNK"),
                by,
                when,
            );
            return;
        }
        let [first, last, company, phone] = self.client(client);
        let words = self.words();
        let mut contact = Array::new();
        contact.insert("NAME", first);
        contact.insert("LAST_NAME", last);
        contact.insert("ASSIGNED_BY_ID", user);
        contact.insert("LEAD_ID", lead);
        contact.insert("PHONE", Array::from_iter([(0, contact_value(&phone))]));
        let contact = call(state, "crm.contact.add", under("fields", contact), by, when);
        let wish = words.wishes[self.rng.usize(..words.wishes.len())];
        let mut deal = Array::new();
        deal.insert("TITLE", format!("{wish}: {company}"));
        deal.insert("ASSIGNED_BY_ID", user);
        deal.insert("LEAD_ID", lead);
        deal.insert("STAGE_ID", STAGES[0]);
        deal.insert("OPPORTUNITY", i64::from(self.rng.u32(5..400) * 1_000));
        deal.insert("CURRENCY_ID", words.currency);
        if let Some(contact) = contact {
            deal.insert("CONTACT_ID", contact.to_int());
        }
        let deal = call(state, "crm.deal.add", under("fields", deal), by, when);
        set_status(
            state,
            "crm.lead.update",
            lead,
            ("STATUS_ID", "CONVERTED"),
            by,
            when,
        );
        let Some(deal) = deal.map(|deal| deal.to_int()).filter(|deal| *deal > 0) else {
            return;
        };
        let after = due + self.between(4 * HOUR, 3 * DAY);
        self.plan(
            after,
            Step::DealMoves {
                deal,
                user,
                stage: 1,
            },
        );
        let mut task = Array::new();
        task.insert("TITLE", format!("{}: {company}", words.task));
        task.insert("RESPONSIBLE_ID", user);
        let link = format!("D_{deal}");
        task.insert("UF_CRM_TASK", Array::from_iter([(0, link)]));
        let task = call(state, "tasks.task.add", under("fields", task), by, when);
        let task = task.as_ref().and_then(|task| task.get("task")?.get("id"));
        if let Some(task) = task.map(Value::to_int).filter(|task| *task > 0) {
            let after = due + self.between(HOUR, 2 * DAY);
            self.plan(after, Step::TaskIsDone { task, user });
        }
    }

    fn move_deal(
        &mut self,
        state: &mut PortalData,
        (deal, user, stage): (i64, i64, usize),
        due: u64,
        when: f64,
    ) {
        let by = user.unsigned_abs();
        let is_lost = self.rng.u8(..10) == 0;
        let to = if is_lost { "LOSE" } else { STAGES[stage] };
        set_status(state, "crm.deal.update", deal, ("STAGE_ID", to), by, when);
        if !is_lost && stage + 1 < STAGES.len() {
            let after = due + self.between(4 * HOUR, 3 * DAY);
            let stage = stage + 1;
            self.plan(after, Step::DealMoves { deal, user, stage });
        }
    }

    /// One of the employees.
    fn someone(&mut self, state: &PortalData) -> u64 {
        let table = state.table(USER);
        match table.count(1, u64::MAX) {
            0 => 1,
            users => table.of_rank(self.rng.u64(..users) + 1),
        }
    }
}

fn under(name: &str, fields: Array) -> Array {
    Array::from_iter([(name, fields)])
}

fn contact_value(phone: &str) -> Array {
    Array::from_iter([("VALUE", phone), ("VALUE_TYPE", "WORK")])
}

fn set_status(
    state: &mut PortalData,
    method: &str,
    id: i64,
    (field, value): (&str, &str),
    user: u64,
    when: f64,
) {
    let mut params = under("fields", Array::from_iter([(field, value)]));
    params.insert("id", id);
    let _done = call(state, method, params, user, when);
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
