//! How the company sells: leads come, are called and qualified, become deals, and deals are won or lost.

use brimful_protocol::{Array, Value};

use super::{Company, DAY, HOUR, MINUTE, Prospect, STAGES, Step, call, under};
use crate::context::moment;
use crate::data::PortalData;
use crate::data::entities::{COMPANY, CONTACT, DEAL, USER};

/// A person, the same each time for a number.
struct Client {
    first: &'static str,
    last: &'static str,
    company: String,
    post: &'static str,
    phone: String,
    email: String,
}

impl Company {
    fn client(&self, number: u64) -> Client {
        let mut rng = fastrand::Rng::with_seed(self.scenario.seed ^ number);
        let words = self.words();
        let mut one = |of: &[&'static str]| of[rng.usize(..of.len())];
        let (first, last, post) = (one(words.first), one(words.last), one(words.posts));
        // A company has one form for all its people.
        let place = rng.usize(..words.companies.len());
        let (before, after) = words.forms[place % words.forms.len()];
        Client {
            first,
            last,
            company: format!("{before}{}{after}", words.companies[place]),
            post,
            phone: format!("{}{:07}", words.phone, rng.u32(..10_000_000)),
            email: format!("client{}@example.com", rng.u32(1_000..10_000_000)),
        }
    }

    pub(super) fn lead_arrives(&mut self, state: &mut PortalData, due: u64, when: f64) -> u64 {
        // More of them by day than by night.
        let next = if self.is_at_work(due) {
            self.between(20 * MINUTE, 2 * HOUR)
        } else {
            self.between(3 * HOUR, 8 * HOUR)
        };
        self.plan(due + next, Step::LeadArrives);
        let user = self.someone(state);
        // One in four has bought before.
        let buyer = (!self.buyers.is_empty() && self.rng.u8(..4) == 0)
            .then(|| self.buyers[self.rng.usize(..self.buyers.len())]);
        let client = buyer.map_or_else(|| self.rng.u64(1..u64::MAX), |(client, ..)| client);
        let words = self.words();
        let product = self.rng.usize(..words.products.len());
        let (wish, price, most) = words.products[product];
        let quantity = self.rng.i64(1..=most);
        let person = self.client(client);
        // People call and write by day; the site is open at night too.
        let source = match buyer {
            Some(_) => "PARTNER",
            None if self.is_at_work(due) => {
                ["WEB", "CALL", "EMAIL", "ADVERTISING"][self.rng.usize(..4)]
            }
            None => ["WEB", "EMAIL"][self.rng.usize(..2)],
        };
        let mut fields = Array::new();
        fields.insert("TITLE", format!("{wish}: {}", person.company));
        fields.insert("NAME", person.first);
        fields.insert("LAST_NAME", person.last);
        fields.insert("POST", person.post);
        fields.insert("COMPANY_TITLE", person.company.as_str());
        fields.insert("SOURCE_ID", source);
        fields.insert("ASSIGNED_BY_ID", user as i64);
        fields.insert("OPPORTUNITY", price * quantity);
        fields.insert("CURRENCY_ID", words.currency);
        reached(&mut fields, &person);
        if let Some((_, contact, company)) = buyer {
            fields.insert("CONTACT_ID", contact);
            fields.insert("COMPANY_ID", company);
        }
        let lead = call(state, "crm.lead.add", under("fields", fields), user, when);
        let lead = lead.map(|lead| lead.to_int()).filter(|lead| *lead > 0);
        // One in fifteen is overlooked, as leads are.
        if let Some(lead) = lead.filter(|_| self.rng.u8(..15) > 0) {
            let after = due + self.between(5 * MINUTE, 4 * HOUR);
            let after = self.at_work(after);
            let prospect = Prospect {
                lead,
                user,
                client,
                known: buyer.map(|(_, contact, company)| (contact, company)),
                product,
                quantity,
            };
            self.plan(after, Step::LeadIsCalled(prospect));
        }
        user
    }

    /// Registers a call by telephony, says so in the lead, and now and then notes what was said.
    pub(super) fn call_lead(
        &mut self,
        state: &mut PortalData,
        prospect: &Prospect,
        due: u64,
        when: f64,
    ) {
        let user = prospect.user;
        let phone = self.client(prospect.client).phone;
        // One in four calls is the client's; one in eight is not taken.
        let is_incoming = self.rng.u8(..4) == 0;
        let is_taken = self.rng.u8(..8) > 0;
        let mut begun = Array::new();
        begun.insert("USER_ID", user as i64);
        begun.insert("PHONE_NUMBER", phone);
        begun.insert("TYPE", if is_incoming { 2 } else { 1 });
        begun.insert("CALL_START_DATE", moment::text(when as i64));
        begun.insert("CRM_ENTITY_TYPE", "LEAD");
        begun.insert("CRM_ENTITY_ID", prospect.lead);
        let name = "telephony.externalcall.register";
        let registered = call(state, name, begun, user, when);
        if let Some(id) = registered.as_ref().and_then(|value| value.get("CALL_ID")) {
            let duration = if is_taken { self.rng.i64(20..600) } else { 0 };
            let mut ended = Array::new();
            ended.insert("CALL_ID", id.clone());
            ended.insert("USER_ID", user as i64);
            ended.insert("DURATION", duration);
            ended.insert("STATUS_CODE", if is_taken { "200" } else { "304" });
            let _done = call(state, "telephony.externalcall.finish", ended, user, when);
        }
        if is_taken && self.rng.u8(..3) == 0 {
            let words = self.words();
            let mut note = Array::new();
            note.insert("ENTITY_ID", prospect.lead);
            note.insert("ENTITY_TYPE", "lead");
            note.insert("COMMENT", words.notes[self.rng.usize(..words.notes.len())]);
            let name = "crm.timeline.comment.add";
            let _done = call(state, name, under("fields", note), user, when);
        }
        change_lead(state, prospect, &[("STATUS_ID", "IN_PROCESS".into())], when);
        // One in ten is forgotten, as leads are.
        if self.rng.u8(..10) > 0 {
            let after = due + self.between(4 * HOUR, 2 * DAY);
            let after = self.at_work(after);
            self.plan(after, Step::LeadIsQualified(*prospect));
        }
    }

    /// One in five of those who have not bought before is not worth an offer; the others get one.
    pub(super) fn qualify(
        &mut self,
        state: &mut PortalData,
        prospect: &Prospect,
        due: u64,
        when: f64,
    ) {
        if prospect.known.is_none() && self.rng.u8(..5) == 0 {
            change_lead(state, prospect, &[("STATUS_ID", "JUNK".into())], when);
            return;
        }
        change_lead(state, prospect, &[("STATUS_ID", "PROCESSED".into())], when);
        let after = due + self.between(4 * HOUR, 4 * DAY);
        let after = self.at_work(after);
        self.plan(after, Step::LeadIsDecided(*prospect));
    }

    pub(super) fn decide(
        &mut self,
        state: &mut PortalData,
        prospect: &Prospect,
        due: u64,
        when: f64,
    ) {
        if prospect.known.is_none() && self.rng.u8(..5) == 0 {
            change_lead(state, prospect, &[("STATUS_ID", "JUNK".into())], when);
            return;
        }
        let known = prospect.known.or_else(|| {
            let company = self.company(state, prospect, when)?;
            Some((self.contact(state, prospect, company, when)?, company))
        });
        let Some((contact, company)) = known else {
            return;
        };
        let converted = [
            ("STATUS_ID", "CONVERTED".into()),
            ("CONTACT_ID", Value::Int(contact)),
            ("COMPANY_ID", Value::Int(company)),
        ];
        change_lead(state, prospect, &converted, when);
        let Some(deal) = self.open_deal(state, prospect, (contact, company), when) else {
            return;
        };
        let user = prospect.user;
        let after = due + self.between(4 * HOUR, 3 * DAY);
        let after = self.at_work(after);
        let stage = 1;
        self.plan(after, Step::DealMoves { deal, user, stage });
        self.give_task(state, prospect, deal, due, when);
    }

    /// The company that somebody works at; a new one where it is not known.
    fn company(&mut self, state: &mut PortalData, prospect: &Prospect, when: f64) -> Option<i64> {
        let person = self.client(prospect.client);
        if let Some(&known) = self.companies.get(&person.company) {
            return Some(known);
        }
        let mut fields = Array::new();
        fields.insert("TITLE", person.company.as_str());
        fields.insert("COMPANY_TYPE", "CUSTOMER");
        fields.insert("ASSIGNED_BY_ID", prospect.user as i64);
        fields.insert("CURRENCY_ID", self.words().currency);
        fields.insert("PHONE", contact_value(&person.phone));
        let user = prospect.user;
        let company = call(
            state,
            "crm.company.add",
            under("fields", fields),
            user,
            when,
        )?
        .to_int();
        comes_from(state, COMPANY, company, prospect.lead);
        self.companies.insert(person.company, company);
        Some(company)
    }

    fn contact(
        &mut self,
        state: &mut PortalData,
        prospect: &Prospect,
        company: i64,
        when: f64,
    ) -> Option<i64> {
        let person = self.client(prospect.client);
        let mut fields = Array::new();
        fields.insert("NAME", person.first);
        fields.insert("LAST_NAME", person.last);
        fields.insert("POST", person.post);
        fields.insert("ASSIGNED_BY_ID", prospect.user as i64);
        fields.insert("COMPANY_ID", company);
        reached(&mut fields, &person);
        let user = prospect.user;
        let contact = call(
            state,
            "crm.contact.add",
            under("fields", fields),
            user,
            when,
        )?
        .to_int();
        comes_from(state, CONTACT, contact, prospect.lead);
        self.buyers.push((prospect.client, contact, company));
        Some(contact)
    }

    /// A deal with what is sold.
    fn open_deal(
        &mut self,
        state: &mut PortalData,
        prospect: &Prospect,
        (contact, company): (i64, i64),
        when: f64,
    ) -> Option<i64> {
        let words = self.words();
        let (name, price, _) = words.products[prospect.product];
        let title = self.client(prospect.client).company;
        let expected = when as i64 + self.rng.i64(10..40) * 86_400;
        let mut fields = Array::new();
        fields.insert("TITLE", format!("{name}: {title}"));
        fields.insert("ASSIGNED_BY_ID", prospect.user as i64);
        fields.insert("STAGE_ID", STAGES[0]);
        fields.insert("CURRENCY_ID", words.currency);
        fields.insert("CONTACT_ID", contact);
        fields.insert("COMPANY_ID", company);
        fields.insert("BEGINDATE", moment::text(when as i64));
        fields.insert("CLOSEDATE", moment::text(expected));
        let user = prospect.user;
        let deal = call(state, "crm.deal.add", under("fields", fields), user, when)?.to_int();
        comes_from(state, DEAL, deal, prospect.lead);
        let mut row = Array::new();
        row.insert("PRODUCT_ID", self.products[prospect.product]);
        row.insert("PRODUCT_NAME", name);
        row.insert("PRICE", price);
        row.insert("QUANTITY", prospect.quantity);
        let mut rows = under("rows", Array::from_iter([(0, row)]));
        rows.insert("id", deal);
        let _done = call(state, "crm.deal.productrows.set", rows, user, when);
        (deal > 0).then_some(deal)
    }

    fn give_task(
        &mut self,
        state: &mut PortalData,
        prospect: &Prospect,
        deal: i64,
        due: u64,
        when: f64,
    ) {
        let words = self.words();
        let user = prospect.user;
        let (title, description) = words.tasks[self.rng.usize(..words.tasks.len())];
        let company = self.client(prospect.client).company;
        let deadline = when as i64 + self.rng.i64(1..6) * 86_400;
        let mut fields = Array::new();
        fields.insert("TITLE", format!("{title}: {company}"));
        fields.insert("DESCRIPTION", description);
        fields.insert("RESPONSIBLE_ID", user as i64);
        fields.insert("DEADLINE", moment::text(deadline));
        let link = format!("D_{deal}");
        fields.insert("UF_CRM_TASK", Array::from_iter([(0, link)]));
        let task = call(state, "tasks.task.add", under("fields", fields), user, when);
        let task = task.as_ref().and_then(|task| task.get("task")?.get("id"));
        if let Some(task) = task.map(Value::to_int).filter(|task| *task > 0) {
            let after = due + self.between(HOUR, 4 * DAY);
            let after = self.at_work(after);
            self.plan(after, Step::TaskIsDone { task, user });
        }
    }

    pub(super) fn move_deal(
        &mut self,
        state: &mut PortalData,
        (deal, user, stage): (i64, u64, usize),
        due: u64,
        when: f64,
    ) {
        let is_lost = self.rng.u8(..12) == 0;
        let to = if is_lost { "LOSE" } else { STAGES[stage] };
        let mut fields = Array::from_iter([("STAGE_ID", to)]);
        let is_closed = is_lost || stage + 1 == STAGES.len();
        if is_closed {
            fields.insert("CLOSEDATE", moment::text(when as i64));
        }
        let mut params = under("fields", fields);
        params.insert("id", deal);
        let _done = call(state, "crm.deal.update", params, user, when);
        // One in ten waits for the client for good.
        if !is_closed && self.rng.u8(..10) > 0 {
            let after = due + self.between(4 * HOUR, 3 * DAY);
            let after = self.at_work(after);
            let stage = stage + 1;
            self.plan(after, Step::DealMoves { deal, user, stage });
        }
    }

    /// One of the employees who sell: all but the first, who leads the company.
    fn someone(&mut self, state: &PortalData) -> u64 {
        let table = state.table(USER);
        match table.count(1, u64::MAX) {
            0 => 1,
            1 => table.of_rank(1),
            users => table.of_rank(self.rng.u64(1..users) + 1),
        }
    }
}

/// Notes the lead that a record was made of. Callers can't write that, only the portal.
fn comes_from(state: &mut PortalData, entity: usize, id: i64, lead: i64) {
    let table = state.table_mut(entity);
    let id = id.unsigned_abs();
    if let Some(at) = table
        .schema
        .legacy("LEAD_ID")
        .filter(|_| table.contains(id))
    {
        table.rewrite(id, [(at, Value::Int(lead))]);
    }
}

/// How a person is reached.
fn reached(fields: &mut Array, person: &Client) {
    fields.insert("PHONE", contact_value(&person.phone));
    fields.insert("EMAIL", contact_value(&person.email));
}

fn contact_value(value: &str) -> Array {
    let value = Array::from_iter([("VALUE", value), ("VALUE_TYPE", "WORK")]);
    Array::from_iter([(0, value)])
}

fn change_lead(
    state: &mut PortalData,
    prospect: &Prospect,
    fields: &[(&'static str, Value)],
    when: f64,
) {
    let fields = fields.iter();
    let fields: Array = fields.map(|(name, value)| (*name, value.clone())).collect();
    let mut params = under("fields", fields);
    params.insert("id", prospect.lead);
    let _done = call(state, "crm.lead.update", params, prospect.user, when);
}
