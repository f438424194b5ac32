//! What a portal is loaded with.

use std::collections::BTreeMap;

use brimful_portal::PortalConfig;
use serde_json::{Map, Value as Json};

use crate::page::Listed;

pub(crate) type Row = Map<String, Json>;

/// Loads, fields, lists and recorded replies, gathered from all commands of an exchange.
#[derive(Default)]
pub(crate) struct Setting {
    /// The methods that the portal models.
    pub(crate) modelled: Vec<String>,
    loads: BTreeMap<String, Vec<Row>>,
    fields: BTreeMap<String, Row>,
    pub(crate) lists: Vec<Listed>,
    replies: Vec<(String, Json)>,
}

impl Setting {
    /// Nothing yet, for a portal that models these methods.
    pub(crate) fn new(modelled: Vec<String>) -> Self {
        Self {
            modelled,
            ..Self::default()
        }
    }

    pub(crate) fn models(&self, method: &str) -> bool {
        let name = method.to_ascii_lowercase();
        self.modelled.contains(&name)
    }

    /// Rows of an entity, beside those that it has already.
    pub(crate) fn load(&mut self, entity: &str, rows: impl IntoIterator<Item = Row>) {
        self.loads
            .entry(entity.to_owned())
            .or_default()
            .extend(rows);
    }

    /// How many rows of an entity are loaded.
    pub(crate) fn loaded(&self, entity: &str) -> usize {
        self.loads.get(entity).map_or(0, Vec::len)
    }

    /// The fields that an entity has.
    pub(crate) fn fields(&mut self, entity: &str, fields: &Row) {
        let known = self.fields.entry(entity.to_owned()).or_default();
        for (name, description) in fields {
            known.insert(name.clone(), description.clone());
        }
    }

    /// Fields that an entity has, of which nothing more is known.
    pub(crate) fn bare_fields(&mut self, entity: &str, row: &Row) {
        let bare = row
            .keys()
            .map(|name| (name.clone(), Json::Object(Map::new())));
        self.fields(entity, &bare.collect());
    }

    /// A reply to be served as it is; one to a method.
    pub(crate) fn reply(&mut self, method: &str, reply: Json) -> Result<(), String> {
        if self.replies.iter().any(|(other, _)| other == method) {
            return Err(format!("{method}: two replies that are not rows of a list"));
        }
        self.replies.push((method.to_owned(), reply));
        Ok(())
    }

    /// The portal with all this in it.
    pub(crate) fn config(self, mut config: PortalConfig) -> PortalConfig {
        for list in self.lists {
            config = list.load(config);
        }
        for (entity, rows) in self.loads {
            config = config.load(entity, rows);
        }
        for (entity, fields) in self.fields {
            config = config.fields(entity, fields);
        }
        for (method, reply) in self.replies {
            config = config.reply(method, reply);
        }
        config
    }
}

/// An object with these entries.
pub(crate) fn row<const N: usize>(entries: [(&str, Json); N]) -> Row {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}
