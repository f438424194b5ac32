//! Conversations about records, from the emulator's descriptions of them: a record is added with what the reply has of it,
//! and then the call is made.

use std::collections::BTreeSet;

use brimful_portal::{
    RecordDescription, RecordFieldDescription, RecordMethodDescription, RecordVerb, record_kinds,
};
use serde_json::{Map, Value as Json, json};

use super::{Conversation, Expectation, RecordedReply, Shape, Step};
use crate::model_reply::{by_id, is_user_field};
use crate::setting::Row;

/// The conversations about a method of a kind of records; none for other methods. `name` is in lower case.
pub(super) fn find(name: &str, told: &RecordedReply<'_>) -> Vec<Conversation> {
    let kinds = record_kinds();
    for kind in &kinds {
        if let Some(method) = kind.methods.iter().find(|method| method.name == name) {
            let about = About {
                kinds: &kinds,
                kind,
                method,
            };
            return about.conversations(told).into_iter().collect();
        }
    }
    Vec::new()
}

struct About<'k> {
    kinds: &'k [RecordDescription],
    kind: &'k RecordDescription,
    method: &'k RecordMethodDescription,
}

/// A record that the conversation has added.
struct Added {
    steps: Vec<Step>,
    /// What names it, by the fields of its key, with `$` where that is known only then.
    key: Vec<(&'static str, Json)>,
    /// What it is within, by parameters.
    within: Row,
    written: BTreeSet<String>,
}

impl About<'_> {
    fn conversations(&self, told: &RecordedReply<'_>) -> Option<Conversation> {
        let at: Vec<String> = self.method.under.into_iter().map(str::to_owned).collect();
        let found = at.iter().try_fold(told.result, |value, key| value.get(key));
        let alone = self.method.value_of.map(|field| {
            let value = found.cloned().unwrap_or_default();
            Row::from_iter([(field.to_owned(), value)])
        });
        let record = alone.as_ref().or_else(|| found.and_then(Json::as_object));
        // Records by their IDs are a list as well.
        let by_id = found.and_then(Json::as_object).filter(|map| by_id(map));
        let rows = match by_id {
            Some(by_id) => Some(by_id.values().cloned().collect()),
            None => found.and_then(Json::as_array).cloned(),
        };
        let described = self.kind.fields.iter().map(|field| field.name.to_owned());
        let mut expectation = Expectation {
            at,
            described: described.collect(),
            ..Expectation::default()
        };
        let lists = match self.method.verb {
            RecordVerb::List => true,
            RecordVerb::GetOrList => rows.is_some(),
            _ => false,
        };
        let returned = record.filter(|_| self.method.returns_rows);
        let steps = match self.method.verb {
            RecordVerb::Fields => {
                expectation.shape = Shape::Fields;
                let added = self.within("0", None)?;
                let params = added.within.clone();
                self.call_after(added, params)
            }
            _ if lists => {
                expectation.shape = Shape::Rows;
                self.list(&rows?, told, &mut expectation)
            }
            RecordVerb::Get | RecordVerb::GetOrList => self.get(record, &mut expectation)?,
            RecordVerb::Add | RecordVerb::Put => {
                expectation.shape = self.shape();
                let added = self.add_with(self.method, "0", returned)?;
                expectation.written = added.written;
                added.steps
            }
            RecordVerb::Update => self.update(returned, &mut expectation)?,
            RecordVerb::Delete | RecordVerb::DeleteMatching => self.delete()?,
            _ => return None,
        };
        // A conversation without a record in the reply compares the whole result.
        if expectation.shape == Shape::Whole {
            expectation.at.clear();
        }
        Some(Conversation {
            steps,
            expectation,
            is_guess: false,
        })
    }

    /// Adds the record and reads it.
    fn get(&self, record: Option<&Row>, expectation: &mut Expectation) -> Option<Vec<Step>> {
        expectation.shape = self.shape();
        let added = self.added("0", record)?;
        let params = self.naming(&added);
        expectation.written.clone_from(&added.written);
        Some(self.call_after(added, params))
    }

    /// Adds the record and writes it once more.
    fn update(&self, record: Option<&Row>, expectation: &mut Expectation) -> Option<Vec<Step>> {
        expectation.shape = self.shape();
        let added = self.added("0", record)?;
        let mut params = self.naming(&added);
        let mutable = |field: &RecordFieldDescription| !field.immutable;
        let (given, written) = self.given(record, mutable, "again");
        self.put_fields(&mut params, given);
        expectation.written.clone_from(&added.written);
        expectation.written.extend(written);
        Some(self.call_after(added, params))
    }

    /// Adds a record and deletes it, by what names it or by what it has.
    fn delete(&self) -> Option<Vec<Step>> {
        let added = self.added("0", None)?;
        let mut params = self.naming(&added);
        if self.method.verb == RecordVerb::DeleteMatching {
            let (given, _) = self.given(None, |_| true, "0");
            params.extend(given);
        }
        Some(self.call_after(added, params))
    }

    /// The steps that add a record, and the call behind them.
    fn call_after(&self, added: Added, params: Row) -> Vec<Step> {
        let mut steps = added.steps;
        steps.push(self.step(params));
        steps
    }

    fn shape(&self) -> Shape {
        if self.method.returns_rows {
            Shape::Record
        } else {
            Shape::Whole
        }
    }

    /// How a method of the kind is called.
    fn address(&self, name: &str) -> String {
        if self.kind.rest3 {
            format!("api/{name}")
        } else {
            name.to_owned()
        }
    }

    fn step(&self, mut params: Row) -> Step {
        for name in &self.method.params {
            params
                .entry((*name).to_owned())
                .or_insert_with(|| json!({ "text": "text" }));
        }
        Step {
            name: "last".to_owned(),
            method: self.address(self.method.name),
            params: Json::Object(params),
            ..Step::default()
        }
    }

    /// Adds the rows and lists them, without those that every portal has.
    fn list(
        &self,
        rows: &[Json],
        told: &RecordedReply<'_>,
        expectation: &mut Expectation,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut ids = Vec::new();
        let mut params = Row::new();
        // A list that has a next page is longer than a page.
        let wanted = match told.reply.get("next") {
            Some(_) => rows.len().max(51),
            None => rows.len(),
        };
        for (place, row) in rows.iter().cycle().take(wanted).enumerate() {
            let added = self.added(&place.to_string(), row.as_object());
            let Some(added) = added else {
                // Nobody adds them: what every portal has is listed.
                steps.clear();
                break;
            };
            steps.extend(added.steps);
            params = added.within;
            if let [(field, value)] = added.key.as_slice()
                && *field == self.kind.id
            {
                ids.push(value.clone());
            }
            if place == 0 {
                expectation.written = added.written;
            } else {
                // What one row lacks was made up in it.
                expectation
                    .written
                    .retain(|name| added.written.contains(name));
            }
        }
        let mut filter = Row::new();
        if !ids.is_empty() && ids.len() == wanted {
            filter.insert(self.kind.id.to_owned(), Json::Array(ids));
        }
        for name in self.method.required_filters {
            let value = rows.first().and_then(|row| row.get(name)).cloned();
            filter.insert((*name).to_owned(), value.unwrap_or(json!(1)));
        }
        if !filter.is_empty() {
            let filter = json!({ "filter": escaped(&Json::Object(filter)) });
            match (self.method.nested, filter) {
                ("", Json::Object(filter)) => params.extend(filter),
                (nested, filter) => {
                    params.insert(nested.to_owned(), filter);
                }
            }
        }
        steps.push(self.step(params));
        steps
    }

    /// A record of the kind, with what is given of one; a kind whose records nobody adds has those of every portal.
    fn added(&self, label: &str, record: Option<&Row>) -> Option<Added> {
        let verb = |verb: RecordVerb| {
            let methods = &self.kind.methods;
            methods.iter().find(|method| method.verb == verb)
        };
        let add = verb(RecordVerb::Add).or_else(|| verb(RecordVerb::Put));
        if let Some(add) = add {
            return self.add_with(add, label, record);
        }
        let list = verb(RecordVerb::List)?;
        let mut added = self.within(label, None)?;
        let name = format!("all{label}");
        let mut step = self.step(added.within.clone());
        step.method = self.address(list.name);
        step.name.clone_from(&name);
        added.steps.push(step);
        let first = path(&[&name, list.under.unwrap_or_default(), "0"]);
        let field = |field: &&'static str| (*field, json!(format!("{first}.{field}")));
        added.key = self.kind.key.iter().map(field).collect();
        (label == "0").then_some(added)
    }

    fn add_with(
        &self,
        add: &RecordMethodDescription,
        label: &str,
        record: Option<&Row>,
    ) -> Option<Added> {
        let mut added = self.within(label, record)?;
        let (given, written) = self.given(record, |_| true, label);
        let mut params = added.within.clone();
        let about = About {
            method: add,
            ..*self
        };
        about.put_fields(&mut params, given.clone());
        let name = format!("added{label}");
        let mut step = about.step(params);
        step.name.clone_from(&name);
        added.written.extend(written);
        let parameter = |field: &&'static str| {
            let known = self.kind.fields.iter().find(|known| known.name == *field);
            known.map_or(*field, |known| known.param)
        };
        for field in self.kind.key {
            let value = if let Some(value) = given.get(parameter(field)) {
                value.clone()
            } else if add.returns_rows {
                json!(path(&[&name, add.under.unwrap_or_default(), field]))
            } else if add.returns_id {
                json!(path(&[&name, add.under.unwrap_or_default()]))
            } else if let Some(value) = record.and_then(|record| record.get(*field)) {
                escaped(value)
            } else {
                let lists = |method: &&RecordMethodDescription| method.verb == RecordVerb::List;
                let list = self.kind.methods.iter().find(lists)?;
                let mut listing = self.step(added.within.clone());
                listing.method = self.address(list.name);
                listing.name = format!("all{label}");
                let first = path(&[&listing.name, list.under.unwrap_or_default(), "0", field]);
                added.steps.push(step);
                added.steps.push(listing);
                added.key.push((field, json!(first)));
                return Some(added);
            };
            added.key.push((field, value));
        }
        added.steps.push(step);
        Some(added)
    }

    /// What a record is within, with the record that it belongs to.
    fn within(&self, label: &str, record: Option<&Row>) -> Option<Added> {
        let mut added = Added {
            steps: Vec::new(),
            key: Vec::new(),
            within: Row::new(),
            written: BTreeSet::new(),
        };
        for (place, name) in self.kind.parent_fields.iter().enumerate() {
            let field = self.kind.fields.iter().find(|field| field.name == *name)?;
            let said = record.and_then(|record| record.get(*name)).cloned();
            let mut value = said.unwrap_or_else(|| invented(field, ""));
            if let (0, Some(parent)) = (place, self.kind.parent) {
                let kind = self.kinds.iter().find(|kind| kind.name == parent)?;
                let adds = |method: &&RecordMethodDescription| method.verb == RecordVerb::Add;
                let about = About {
                    kinds: self.kinds,
                    kind,
                    method: kind.methods.iter().find(adds)?,
                };
                let named: Row = kind
                    .key
                    .iter()
                    .map(|field| ((*field).to_owned(), value.clone()))
                    .collect();
                let mut parent = about.added(&format!("within{label}"), Some(&named))?;
                // It is there already where a row before this one belongs to it.
                for step in &mut parent.steps {
                    step.may_fail = label != "0";
                }
                value = parent.key.first()?.1.clone();
                if label == "0" || kind.key != [kind.id] {
                    added.steps.extend(parent.steps);
                } else {
                    let first = value
                        .as_str()?
                        .replacen(&format!("within{label}"), "within0", 1);
                    value = json!(first);
                }
            }
            added.within.insert(field.param.to_owned(), value);
        }
        Some(added)
    }

    /// The parameters that name a record for the method.
    fn naming(&self, added: &Added) -> Row {
        let mut params = added.within.clone();
        match added.key.as_slice() {
            [(_, value)] => {
                params.insert(self.method.id.to_owned(), value.clone());
            }
            several => {
                let key = several.iter().map(|(field, value)| {
                    let known = self.kind.fields.iter().find(|known| known.name == *field);
                    let name = known.map_or(*field, |known| known.param);
                    (name.to_owned(), value.clone())
                });
                let key: Row = key.collect();
                self.put_fields(&mut params, key);
            }
        }
        params
    }

    fn put_fields(&self, params: &mut Row, mut given: Row) {
        for beside in self.kind.outer_fields {
            let known = self.kind.fields.iter().find(|known| known.name == *beside);
            let name = known.map_or(*beside, |known| known.param);
            if let Some(value) = given.remove(name) {
                params.insert(name.to_owned(), value);
            }
        }
        if self.method.fields.is_empty() {
            // What names the record stays.
            for (name, value) in given {
                params.entry(name).or_insert(value);
            }
            return;
        }
        let fields = params
            .entry(self.method.fields.to_owned())
            .or_insert_with(|| json!({}));
        if let Json::Object(fields) = fields {
            fields.extend(given);
        }
    }

    /// What is written of a record: what the reply has of it and callers may write, and what a call needs beside that.
    fn given(
        &self,
        record: Option<&Row>,
        may: impl Fn(&RecordFieldDescription) -> bool,
        label: &str,
    ) -> (Row, BTreeSet<String>) {
        let mut given = Map::new();
        let mut written = BTreeSet::new();
        for field in self.kind.fields.iter().filter(|field| may(field)) {
            if field.read_only || self.kind.parent_fields.contains(&field.name) {
                continue;
            }
            let value = record.and_then(|record| record.get(field.name));
            let is_empty = value.is_none_or(|value| {
                value.is_null()
                    || value.as_str() == Some("")
                    || value.as_array().is_some_and(Vec::is_empty)
            });
            match value {
                Some(value) if !(value.is_null() || (field.required && is_empty)) => {
                    given.insert(field.param.to_owned(), escaped(value));
                    written.insert(field.name.to_owned());
                }
                _ if field.required || self.kind.key.contains(&field.name) => {
                    given.insert(field.param.to_owned(), invented(field, label));
                }
                _ => {}
            }
        }
        if self.kind.takes_other_fields {
            let known: Vec<&str> = self.kind.fields.iter().map(|field| field.name).collect();
            for (name, value) in record.into_iter().flatten() {
                if !known.contains(&name.as_str()) && !is_user_field(name) && name != self.kind.id {
                    given.insert(name.clone(), escaped(value));
                }
            }
        }
        (given, written)
    }
}

/// `$a.b.c`, without the parts that are empty.
fn path(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    format!("${}", parts.join("."))
}

/// A value that stands for nothing but itself.
fn escaped(value: &Json) -> Json {
    match value {
        Json::String(text) if text.starts_with('$') && !is_path(text) => json!(format!("${text}")),
        Json::Array(list) => list.iter().map(escaped).collect(),
        Json::Object(map) => {
            let entries = map.iter();
            Json::Object(
                entries
                    .map(|(key, value)| (key.clone(), escaped(value)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

fn is_path(text: &str) -> bool {
    text.starts_with("$added") || text.starts_with("$all")
}

/// A value that a field takes.
fn invented(field: &RecordFieldDescription, label: &str) -> Json {
    let one = match field.type_name {
        "integer" | "int" | "double" | "user" => json!(1),
        "char" => json!("Y"),
        "boolean" => json!(true),
        "date" => json!("2026-03-01"),
        "datetime" => json!("2026-03-01T10:00:00+03:00"),
        "object" | "recurring_params" | "currency_localization" => json!({ "text": "text" }),
        "file" | "attached_diskfile" => json!({ "fileData": ["a.txt", "YQ=="] }),
        _ => json!(format!("text{label}")),
    };
    if field.multiple { json!([one]) } else { one }
}
