//! Who works at the company, and what it sells.

use brimful_protocol::{Array, Value};

use super::{Company, call, under};
use crate::data::PortalData;
use crate::data::entities::{COMPANY, DEPARTMENT, USER};

/// So many employees get a name and a post; a portal with more keeps the rest as they are.
const MOST_INTRODUCED: u64 = 200;

impl Company {
    /// Gives generated users and departments the names and posts of one company in one language. Rows that were loaded
    /// stay as they are.
    pub(super) fn introduce_staff(&mut self, state: &mut PortalData, when: f64) {
        let words = self.words();
        let sales = self.found_departments(state, when);
        let table = state.table(USER);
        let users = table.ids(1, u64::MAX).take(MOST_INTRODUCED as usize);
        let generated: Vec<(usize, u64)> = users
            .enumerate()
            .filter(|(_, id)| table.record(*id).is_none())
            .collect();
        let first = self.rng.usize(..words.first.len());
        for (place, id) in generated {
            let number = first + place;
            let post = match place {
                0 => words.director,
                1 => words.head_of_sales,
                _ => words.manager,
            };
            let mut fields = Array::new();
            fields.insert("ID", id as i64);
            fields.insert("NAME", words.first[number % words.first.len()]);
            // Another step than that of the first names, so that no two are called the same.
            let last = number + number / words.first.len();
            fields.insert("LAST_NAME", words.last[last % words.last.len()]);
            fields.insert("WORK_POSITION", post);
            fields.insert("EMAIL", format!("sales{id}@{}", words.domain));
            let department = if place == 0 { 1 } else { sales };
            fields.insert("UF_DEPARTMENT", Array::from_iter([(0, department)]));
            let _done = call(state, "user.update", fields, 1, when);
        }
    }

    /// Names the company and its sales department, whose ID comes back, with their heads.
    fn found_departments(&self, state: &mut PortalData, when: f64) -> i64 {
        let words = self.words();
        let users = state.table(USER);
        let heads: Vec<i64> = users.ids(1, u64::MAX).take(2).map(|id| id as i64).collect();
        let mut ids = [1, 1];
        for (place, name) in [words.whole_company, words.sales_department]
            .into_iter()
            .enumerate()
        {
            let table = state.table(DEPARTMENT);
            let known = table.ids(1, u64::MAX).nth(place);
            if known.is_some_and(|id| table.record(id).is_some()) {
                ids[place] = known.map_or(1, |id| id as i64);
                continue;
            }
            let mut fields = Array::new();
            fields.insert("NAME", name);
            if let Some(head) = heads.get(place) {
                fields.insert("UF_HEAD", *head);
            }
            if place > 0 {
                fields.insert("PARENT", ids[0]);
            }
            if let Some(id) = known {
                fields.insert("ID", id as i64);
                let _done = call(state, "department.update", fields, 1, when);
                ids[place] = id as i64;
            } else if let Some(id) = call(state, "department.add", fields, 1, when) {
                ids[place] = id.to_int();
            }
        }
        ids[1]
    }

    /// Takes the products of the catalogue that the company sells, and adds those that are not there.
    pub(super) fn find_products(&mut self, state: &mut PortalData, when: f64) {
        let words = self.words();
        for (name, price, _) in words.products {
            let filter = Array::from_iter([("NAME", *name)]);
            let known = call(state, "crm.product.list", under("filter", filter), 1, when);
            let known = known.as_ref().and_then(Value::as_array);
            let known = known.and_then(|rows| rows.values().next()?.get("ID").cloned());
            let id = known.or_else(|| {
                let mut fields = Array::new();
                fields.insert("NAME", *name);
                fields.insert("PRICE", *price);
                fields.insert("CURRENCY_ID", words.currency);
                call(state, "crm.product.add", under("fields", fields), 1, when)
            });
            self.products.push(id.map_or(0, |id| id.to_int()));
        }
    }

    /// Knows the companies that an earlier run of the scenario has added.
    pub(super) fn remember(&mut self, state: &PortalData) {
        let table = state.table(COMPANY);
        let Some(title) = table.schema.legacy("TITLE") else {
            return;
        };
        for &id in table.written() {
            if let Some(title) = table.row(id).cell(title).to_text() {
                self.companies.insert(title, id as i64);
            }
        }
    }
}
