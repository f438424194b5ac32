//! What a portal is loaded with.

use std::collections::{BTreeMap, BTreeSet};

use brimful_portal::PortalConfig;
use serde_json::{Map, Value as Json};

use crate::page::ListFixture;

pub(crate) type Row = Map<String, Json>;

/// Loads, fields, lists and recorded replies, gathered from all commands of an exchange.
#[derive(Default)]
pub(crate) struct Setting {
    /// The methods that the portal models.
    pub(crate) modelled: Vec<String>,
    loads: BTreeMap<String, Vec<Row>>,
    fields: BTreeMap<String, Row>,
    pub(crate) lists: Vec<ListFixture>,
    /// Replies to be served as they are: the place of the command in the conversation, its method, and the reply.
    replies: Vec<(usize, String, Json)>,
    /// The methods that are served as they were recorded, whatever else could be done.
    replayed: BTreeSet<String>,
    /// The methods that are served in another way.
    worked_out: BTreeSet<String>,
}

impl Setting {
    /// Nothing yet, for a portal that models these methods and replays those.
    pub(crate) fn new(modelled: Vec<String>, replayed: BTreeSet<String>) -> Self {
        Self {
            modelled,
            replayed,
            ..Self::default()
        }
    }

    pub(crate) fn replays(&self, method: &str) -> bool {
        self.replayed.contains(&method.to_ascii_lowercase())
    }

    /// Notes that the portal works out what a method answers.
    pub(crate) fn works_out(&mut self, method: &str) {
        self.worked_out.insert(method.to_ascii_lowercase());
    }

    /// The methods of which some replies were worked out and others recorded. A portal serves a method in one way only.
    pub(crate) fn mixed(&self) -> Vec<String> {
        let replayed = self.replies.iter();
        replayed
            .map(|(_, method, _)| method.strip_prefix("api/").unwrap_or(method))
            .map(str::to_ascii_lowercase)
            .filter(|method| self.worked_out.contains(method))
            .collect()
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

    /// A reply to be served as it is. Several of one method are served in turn, by the places of their commands.
    pub(crate) fn reply(&mut self, place: usize, method: &str, reply: Json) {
        self.replies.push((place, method.to_owned(), reply));
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
        let mut replies = self.replies;
        replies.sort_by_key(|(place, ..)| *place);
        for (_, method, reply) in replies {
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
