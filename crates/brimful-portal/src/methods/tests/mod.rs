//! The methods, called as the core calls them.

mod activities;
mod applications;
mod bots;
mod calendar_events;
mod calls;
mod catalogue_files;
mod changes;
mod documented;
mod documented_shapes;
mod drive;
mod entities_page;
mod families;
mod integrations;
mod item_product_rows;
mod items;
mod landing_copies;
mod landing_templates;
mod large_ids;
mod legacy;
mod linked_records;
mod messenger;
mod older_families;
mod older_tasks;
mod open_lines;
mod orders;
mod records;
mod records_of_applications;
mod rpa;
mod run_time;
mod search;
mod signing;
mod sites_and_documents;
mod smaller_families;
mod system;
mod tasks;
mod telephony_lines;
mod twins;
mod user_fields_elsewhere;
mod users;
mod validation;

use std::time::Duration;

use brimful_protocol::{Array, Value, query};

use super::find;
use crate::context::settings::Costs;
use crate::context::{Call, MethodError, Output};
use crate::data::{Data, Load, PortalData, Rows};
use crate::methods::method::Handler;

/// 2026-05-04T12:00:00+03:00
pub(super) const NOW: i64 = 1_777_885_200;

/// A portal without a server.
pub(super) struct Portal {
    pub(super) state: PortalData,
    pub(super) costs: Costs,
    pub(super) cost: Duration,
}

impl Portal {
    pub(super) fn with(rows: &[(&str, u64, f64)]) -> Self {
        let rows = rows.iter().map(|&(entity, rows, gaps)| Rows {
            entity: entity.to_owned(),
            rows,
            gaps,
        });
        Self::new(Data {
            seed: 7,
            rows: rows.collect(),
            ..Data::default()
        })
    }

    /// A portal with loaded rows, given as a JSON list.
    pub(super) fn loaded(entity: &str, rows: &str) -> Self {
        let rows: Vec<serde_json::Map<_, _>> = serde_json::from_str(rows).unwrap();
        Self::new(Data {
            seed: 7,
            rows: Vec::new(),
            loads: vec![Load {
                entity: entity.to_owned(),
                rows: rows.into(),
            }],
            ..Data::default()
        })
    }

    pub(super) fn new(data: Data) -> Self {
        Self {
            state: PortalData::new(data).unwrap(),
            costs: Costs::default(),
            cost: Duration::ZERO,
        }
    }

    /// Calls a method with parameters in a query string, where `+` and the `=` of prefixes need not be encoded.
    pub(super) fn call(&mut self, method: &str, params: &str) -> Result<Output, MethodError> {
        let encoded: Vec<String> = params
            .split('&')
            .map(|param| match param.rsplit_once("]=") {
                Some((key, value)) => format!("{}]={value}", key.replace('=', "%3D")),
                None => param.to_owned(),
            })
            .collect();
        self.call_with(
            method,
            query::decode(encoded.join("&").replace('+', "%2B").as_bytes()),
        )
    }

    pub(super) fn call_with(&mut self, method: &str, params: Array) -> Result<Output, MethodError> {
        let name = method.to_ascii_lowercase();
        let of_rest3 = || Some(&crate::methods::rest3::find(&name)?.method);
        let method = find(&name)
            .or_else(of_rest3)
            .unwrap_or_else(|| panic!("no method {method}"));
        let mut call = Call {
            method: method.name.clone(),
            params,
            user: 1,
            application: Some("local.app"),
            connector: None,
            scopes: &crate::context::settings::Scopes::All,
            rights: crate::context::settings::Rights::All,
            now: NOW as f64,
            cost: &mut self.cost,
            costs: &self.costs,
        };
        match method.handler {
            Handler::Read(read) => read(&self.state, &mut call),
            Handler::Write(write) => {
                let result = write(&mut self.state, &mut call);
                self.state.write_twins();
                result
            }
        }
    }

    pub(super) fn json(&mut self, method: &str, params: &str) -> serde_json::Value {
        let output = self
            .call(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error:?}"));
        serde_json::from_slice(&output.json).unwrap()
    }

    pub(super) fn error(&mut self, method: &str, params: &str) -> (u16, String, String) {
        match self.call(method, params) {
            Ok(output) => panic!("{}", String::from_utf8_lossy(&output.json)),
            Err(error) => (error.status, error.code, error.description),
        }
    }

    /// Makes calls one after the other. What is expected of each is JSON that its result must hold, or `!` with the code of
    /// the error and, behind a space, its text. Objects may have further keys; `"*"` stands for any value.
    pub(super) fn steps(&mut self, steps: &[(&str, &str, &str)]) {
        for (method, params, expected) in steps {
            let Some(error) = expected.strip_prefix('!') else {
                let shown = self.json(method, params);
                let expected: serde_json::Value = serde_json::from_str(expected)
                    .unwrap_or_else(|error| panic!("{method}: {expected}: {error}"));
                assert!(holds(&shown, &expected), "{method} {params}: {shown}");
                continue;
            };
            let (_, code, text) = self.error(method, params);
            let (expected_code, expected_text) = error.split_once(' ').unwrap_or((error, ""));
            assert_eq!(code, expected_code, "{method} {params}: {text}");
            assert!(text.contains(expected_text), "{method} {params}: {text}");
        }
    }

    /// The IDs of a list, and the `next` and `total` beside it.
    pub(super) fn page(
        &mut self,
        method: &str,
        params: &str,
    ) -> (Vec<u64>, Option<i64>, Option<i64>) {
        let output = self
            .call(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error:?}"));
        (ids(&output), output.next, output.total)
    }

    pub(super) fn ids(&mut self, method: &str, params: &str) -> Vec<u64> {
        self.page(method, params).0
    }

    /// The IDs of a list that is called with one parameter that no query string can spell.
    pub(super) fn ids_with(&mut self, method: &str, name: &str, value: Array) -> Vec<u64> {
        let params = [(name, value)].into_iter().collect();
        ids(&self
            .call_with(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error:?}")))
    }
}

/// Whether a value is as expected, but for keys that are not expected.
fn holds(value: &serde_json::Value, expected: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Object};
    match (value, expected) {
        (_, expected) if expected == "*" => true,
        (Object(value), Object(expected)) => expected
            .iter()
            .all(|(key, expected)| value.get(key).is_some_and(|value| holds(value, expected))),
        (Array(value), Array(expected)) => {
            let mut pairs = value.iter().zip(expected);
            value.len() == expected.len() && pairs.all(|(value, expected)| holds(value, expected))
        }
        (value, expected) => value == expected,
    }
}

fn ids(output: &Output) -> Vec<u64> {
    let id = |i: usize| {
        let i = i.to_string();
        let row = match output.rows.key {
            Some(key) => output.deepest(&[key, &i]),
            None => output.deepest(&[&i]),
        };
        row.as_array()
            .and_then(|row| row.get_ignoring_case("id"))
            .map(Value::to_int)
            .unwrap() as u64
    };
    (0..output.rows.starts.len()).map(id).collect()
}
