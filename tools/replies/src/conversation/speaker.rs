//! Speaks a conversation with a portal.

use std::collections::BTreeMap;

use brimful_portal::Portal;
use serde_json::{Map, Value as Json, json};

use super::{Conversation, Expectation, RecordedReply, Shape, Step};
use crate::model_reply::is_user_field;
use crate::portal;

/// What later calls can name.
struct Speaker<'s> {
    portal: &'s Portal,
    named: BTreeMap<String, Json>,
    expectation: Expectation,
}

/// Makes the calls: the reply to the last, and what is expected of it.
pub(super) async fn speak(
    conversation: &Conversation,
    told: &RecordedReply<'_>,
    portal: &Portal,
) -> Result<(Json, Expectation), String> {
    let mut speaker = Speaker {
        portal,
        named: BTreeMap::from([("reply".to_owned(), told.result.clone())]),
        expectation: conversation.expectation.clone(),
    };
    let Some((last, before)) = conversation.steps.split_last() else {
        return Err("nothing is called".to_owned());
    };
    for step in before {
        speaker.prepare(step, told).await?;
    }
    let got = speaker.call(last).await?;
    if let Some(error) = refused(&got) {
        return Err(format!("{} was refused: {error}", last.method));
    }
    Ok((got, speaker.expectation))
}

fn refused(reply: &Json) -> Option<String> {
    let error = reply.get("error")?;
    let description = reply.get("error_description").unwrap_or(&Json::Null);
    Some(format!("{error} {description}"))
}

impl Speaker<'_> {
    async fn prepare(&mut self, step: &Step, told: &RecordedReply<'_>) -> Result<(), String> {
        let Some(each) = &step.each else {
            return self.prepare_one(step).await;
        };
        let rows = self.look_up(each).unwrap_or_default();
        let rows = rows.as_array().cloned().unwrap_or_default();
        // A list that has a next page is longer than a page.
        let wanted = match told.reply.get("next") {
            Some(_) => rows.len().max(51),
            None => rows.len(),
        };
        for (place, row) in rows.iter().cycle().take(wanted).enumerate() {
            self.named.insert("row".to_owned(), row.clone());
            let unique = json!(format!("one{place}@example.com"));
            self.named.insert("unique".to_owned(), unique);
            self.named.insert("place".to_owned(), json!(place));
            // What was made for the same row before.
            let before: Vec<(String, Json)> = self
                .named
                .iter()
                .filter_map(|(name, all)| {
                    let name = name.strip_prefix("all_")?;
                    Some((name.to_owned(), all.get(place)?.clone()))
                })
                .collect();
            self.named.extend(before);
            self.prepare_one(step).await?;
        }
        Ok(())
    }

    async fn prepare_one(&mut self, step: &Step) -> Result<(), String> {
        let got = self.call(step).await?;
        if let Some(error) = refused(&got)
            && !step.may_fail
        {
            return Err(format!("before it, {} was refused: {error}", step.method));
        }
        let result = got.get("result").cloned().unwrap_or_default();
        if step.each.is_some() {
            let all = self
                .named
                .entry(format!("all_{}", step.name))
                .or_insert_with(|| json!([]));
            if let Json::Array(all) = all {
                all.push(result.clone());
            }
        }
        self.named.insert(step.name.clone(), result);
        Ok(())
    }

    async fn call(&mut self, step: &Step) -> Result<Json, String> {
        let params = Box::pin(self.fill(&step.params)).await?;
        portal::ask(self.portal, &step.method, &params).await
    }

    /// Parameters with what `$…` stands for.
    async fn fill(&mut self, params: &Json) -> Result<Json, String> {
        match params {
            Json::String(text) => match text.strip_prefix('$') {
                // A text that begins with `$` itself has two.
                Some(text) if text.starts_with('$') => Ok(json!(text)),
                Some(path) => {
                    let (path, otherwise) = path.split_once('|').unwrap_or((path, ""));
                    self.look_up(path)
                        .filter(|value| !value.is_null())
                        .or_else(|| serde_json::from_str(otherwise).ok())
                        .ok_or_else(|| format!("there is no {text} in the conversation"))
                }
                // `chat$chat`: a number within a text.
                None => Ok(
                    match text
                        .split_once('$')
                        .map(|(text, name)| (text, self.look_up(name)))
                    {
                        Some((text, Some(number))) => json!(format!("{text}{}", plain(&number))),
                        _ => params.clone(),
                    },
                ),
            },
            Json::Array(values) => {
                let mut filled = Vec::with_capacity(values.len());
                for value in values {
                    filled.push(Box::pin(self.fill(value)).await?);
                }
                Ok(Json::Array(filled))
            }
            Json::Object(map) if map.contains_key("$write") => self.record(map).await,
            Json::Object(map) if map.contains_key("$keys") => self.keys(map).await,
            Json::Object(map) if map.contains_key("$rows") => self.rows(map).await,
            Json::Object(map) => {
                let mut filled = Map::new();
                for (key, value) in map {
                    filled.insert(key.clone(), Box::pin(self.fill(value)).await?);
                }
                Ok(Json::Object(filled))
            }
            other => Ok(other.clone()),
        }
    }

    /// What may be written of a record: `$write` says where it is, `$by` which method describes its fields (called with
    /// `$with`), `$not` which fields are left out, `$only` which are not, `$upper` that calls name `createdBy` as `CREATED_BY`; other entries are
    /// written as they are.
    async fn record(&mut self, map: &Map<String, Json>) -> Result<Json, String> {
        let mut fields = BTreeMap::new();
        if let Some(Json::String(method)) = map.get("$by") {
            let with = map.get("$with").cloned().unwrap_or_else(|| json!({}));
            let with = Box::pin(self.fill(&with)).await?;
            let reply = portal::ask(self.portal, method, &with).await?;
            fields = described(reply.get("result").unwrap_or(&Json::Null));
        }
        let path = map["$write"].as_str().unwrap_or_default();
        let path = path.trim_start_matches('$');
        let record = self.look_up(path);
        let names = |list: &str, key: &str| {
            let list = map.get(list).and_then(Json::as_array);
            list.map(|list| list.iter().any(|name| name == key))
        };
        let without =
            |key: &str| names("$not", key) == Some(true) || names("$only", key) == Some(false);
        let upper = map.contains_key("$upper");
        let mut given = Map::new();
        for (key, value) in record.iter().filter_map(Json::as_object).flatten() {
            let is_read_only = fields.get(key.as_str()).copied();
            let is_known = !map.contains_key("$by")
                || map.contains_key("$only")
                || is_read_only == Some(false);
            if !is_known || without(key) || value.is_null() || is_user_field(key) {
                continue;
            }
            let name = if upper { upper_name(key) } else { key.clone() };
            given.insert(name, value.clone());
            self.expectation.written.insert(key.clone());
        }
        let names = fields
            .into_keys()
            .flat_map(|name| [lower_name(&name), name]);
        self.expectation.described.extend(names);
        for (key, value) in map.iter().filter(|(key, _)| !key.starts_with('$')) {
            // What the record says itself goes before what it may lack.
            let (key, needed) = match key.strip_suffix('?') {
                Some(key) => (key, !given.contains_key(key)),
                None => (key.as_str(), true),
            };
            if needed {
                let value = Box::pin(self.fill(value)).await?;
                given.insert(key.to_owned(), value);
                self.expectation.written.remove(key);
            }
        }
        if self.expectation.shape == Shape::Whole {
            let under = path.split('.').skip(1).map(str::to_owned).collect();
            if path.starts_with("reply") {
                self.expectation.shape = Shape::Record;
                self.expectation.at = under;
            }
        }
        Ok(Json::Object(given))
    }

    /// The names of all fields that records have.
    async fn keys(&mut self, map: &Map<String, Json>) -> Result<Json, String> {
        let records = Box::pin(self.fill(&map["$keys"])).await.unwrap_or_default();
        let mut names: Vec<String> = Vec::new();
        let records = records.as_array().into_iter().flatten();
        for key in records.filter_map(Json::as_object).flat_map(Map::keys) {
            let name = if map.contains_key("$upper") {
                upper_name(key)
            } else {
                key.clone()
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(json!(names))
    }

    /// The records of a list, each as `$write` has one.
    async fn rows(&mut self, map: &Map<String, Json>) -> Result<Json, String> {
        let rows = Box::pin(self.fill(&map["$rows"])).await.unwrap_or_default();
        let mut written = Vec::new();
        for row in rows.as_array().into_iter().flatten() {
            self.named.insert("row".to_owned(), row.clone());
            let mut one = map.clone();
            one.remove("$rows");
            one.insert("$write".to_owned(), json!("$row"));
            written.push(self.record(&one).await?);
        }
        Ok(Json::Array(written))
    }

    fn look_up(&self, path: &str) -> Option<Json> {
        let mut parts = path.split('.');
        let mut value = self.named.get(parts.next()?)?;
        for part in parts {
            value = match value {
                Json::Object(map) => map.get(part)?,
                // All but the first.
                Json::Array(list) if part == "rest" => {
                    return Some(Json::Array(list.iter().skip(1).cloned().collect()));
                }
                Json::Array(list) => list.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value.clone())
    }
}

/// The fields that metadata describe, and whether only the portal writes them.
fn described(result: &Json) -> BTreeMap<String, bool> {
    let Json::Object(map) = result else {
        return BTreeMap::new();
    };
    let is_metadata = |map: &Map<String, Json>| {
        map.values()
            .next()
            .is_some_and(|field| field.get("type").is_some() || field.get("title").is_some())
    };
    if is_metadata(map) {
        let read_only = |field: &Json| field.get("isReadOnly").is_some_and(|flag| flag == true);
        return map
            .iter()
            .map(|(name, field)| (name.clone(), read_only(field)))
            .collect();
    }
    map.values().next().map(described).unwrap_or_default()
}

/// A value within a text.
fn plain(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// `RESPONSIBLE_ID` → `responsibleId`
fn lower_name(name: &str) -> String {
    let mut text = String::new();
    let mut after = false;
    for letter in name.chars() {
        match letter {
            '_' => after = true,
            letter if after => {
                text.push(letter);
                after = false;
            }
            letter => text.push(letter.to_ascii_lowercase()),
        }
    }
    text
}

/// `responsibleId` → `RESPONSIBLE_ID`
fn upper_name(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}
