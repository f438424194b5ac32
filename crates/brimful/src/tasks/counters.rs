//! The counters of a user's tasks: `tasks.task.counters.get`.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::lenient::Row;

/// Counters by name: `expired`, `new_comments` and what else a portal has. Empty where it tells nothing of the user.
pub type Counters = IndexMap<String, Counter>;

/// One counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counter {
    /// How many.
    pub counter: i64,
    /// The portal's own code of it.
    pub code: Option<i64>,
}

/// Whose tasks are counted; the user who asks, all projects and all roles unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CountersOf {
    /// `userId`
    pub user: Option<u64>,
    /// `groupId`
    pub group: Option<u64>,
    /// `type`
    pub role: Option<super::Role>,
}

impl CountersOf {
    pub(super) fn params(self) -> Value {
        use super::Role;
        let mut params = Map::new();
        if let Some(user) = self.user {
            params.insert("userId".to_owned(), user.into());
        }
        if let Some(group) = self.group {
            params.insert("groupId".to_owned(), group.into());
        }
        if let Some(role) = self.role {
            let name = match role {
                Role::Responsible => "view_role_responsible",
                Role::Accomplice => "view_role_accomplice",
                Role::Auditor => "view_role_auditor",
                Role::Originator => "view_role_originator",
            };
            params.insert("type".to_owned(), name.into());
        }
        Value::Object(params)
    }
}

/// A map of counters; an empty list is an empty map, as PHP has it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum GivenCounters {
    Map(IndexMap<String, Value>),
    #[expect(dead_code, reason = "it is there to be told from a map")]
    List(Vec<serde::de::IgnoredAny>),
}

impl From<GivenCounters> for Counters {
    fn from(given: GivenCounters) -> Self {
        let GivenCounters::Map(map) = given else {
            return Self::new();
        };
        let counter = |value: Value| match value {
            Value::Object(map) => {
                let mut row = Row(map);
                Counter {
                    counter: row.number("counter").unwrap_or_default(),
                    code: row.number("code"),
                }
            }
            bare => Counter {
                counter: bare.as_i64().unwrap_or_default(),
                code: None,
            },
        };
        map.into_iter()
            .map(|(name, value)| (name, counter(value)))
            .collect()
    }
}
