//! How one page by ID is asked for, in the spelling of the method.

use brimful_protocol::Reference;
use brimful_protocol::catalogue::{Keyset, KeysetForm};
use serde_json::{Map, Value, json};

use super::bounds::Bounds;
use super::lane::Segment;
use super::strategy::{ListCommand, label};

/// The way up or down the IDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }
}

/// The pages of a list by ID: its parameters without the bounds, which are the walk's own.
#[derive(Debug)]
pub(crate) struct KeysetPages {
    pub(crate) keyset: Keyset,
    pub(crate) bounds: Bounds,
    /// `select` and the caller's own, and `filter` without bounds of the ID.
    params: Map<String, Value>,
    /// How the method spells its parameters.
    names: Names,
    /// Rows of a full page.
    pub(crate) full: usize,
}

/// How a method spells its parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    pub(crate) filter: &'static str,
    pub(crate) select: &'static str,
    pub(crate) sort: &'static str,
    pub(crate) order: &'static str,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            filter: "filter",
            select: "select",
            sort: "sort",
            order: "order",
        }
    }
}

impl KeysetPages {
    pub(crate) fn new(
        keyset: Keyset,
        names: Names,
        params: Map<String, Value>,
        bounds: Bounds,
    ) -> Self {
        let full = match keyset.form {
            KeysetForm::Triples => 1000,
            _ => 50,
        };
        Self {
            keyset,
            bounds,
            params,
            names,
            full,
        }
    }

    /// A page of rows above `above` (a literal or a reference), up to `up_to`.
    pub(crate) fn command(
        &self,
        above: Option<Value>,
        up_to: Option<u64>,
        direction: Direction,
    ) -> ListCommand {
        let mut params = self.params.clone();
        let id = self.keyset.filter;
        match self.keyset.form {
            KeysetForm::Triples => {
                let mut filter = match params.remove(self.names.filter) {
                    Some(Value::Array(filter)) => filter,
                    _ => Vec::new(),
                };
                filter.extend(above.map(|above| json!([id, ">", above])));
                filter.extend(up_to.map(|up_to| json!([id, "<=", up_to])));
                if !filter.is_empty() {
                    params.insert(self.names.filter.to_owned(), Value::Array(filter));
                }
                params.insert(
                    self.names.order.to_owned(),
                    json!({ id: direction.as_str() }),
                );
                params.insert("pagination".to_owned(), json!({ "limit": self.full }));
            }
            form => {
                let mut filter = match params.remove(self.names.filter) {
                    Some(Value::Object(filter)) => filter,
                    _ => Map::new(),
                };
                if let Some(above) = above {
                    filter.insert(format!(">{id}"), above);
                }
                if let Some(up_to) = up_to {
                    filter.insert(format!("<={id}"), json!(up_to));
                }
                if form == KeysetForm::Sort {
                    params.insert(self.names.sort.to_owned(), json!(id));
                    params.insert(self.names.order.to_owned(), json!(direction.as_str()));
                } else {
                    params.insert(
                        self.names.order.to_owned(),
                        json!({ id: direction.as_str() }),
                    );
                }
                if !filter.is_empty() {
                    params.insert(self.names.filter.to_owned(), Value::Object(filter));
                }
                params.insert("start".to_owned(), json!(-1));
            }
        }
        ListCommand {
            params: Value::Object(params),
        }
    }

    /// The page that begins above the ID `above`.
    pub(crate) fn after(&self, above: u64, up_to: Option<u64>) -> ListCommand {
        self.command(bound(above), up_to, Direction::Ascending)
    }
}

impl KeysetPages {
    /// The commands that read a lane, the first of which is at `place` in the request: each further page begins at the
    /// last row of the page before it. `row_id` is how rows spell their ID.
    pub(crate) fn chain<'a>(
        &'a self,
        segment: Segment,
        row_id: &'a str,
        place: usize,
    ) -> impl Iterator<Item = ListCommand> + 'a {
        let up_to = (segment.up_to < u64::MAX).then_some(segment.up_to);
        (0..segment.commands).map(move |i| {
            if i == 0 {
                return self.after(segment.cursor, up_to);
            }
            let page =
                Reference::result(&label(place + i - 1)).and_then(|page| match self.keyset.key {
                    Some(key) => page.field(key),
                    None => Ok(page),
                });
            let last = page.and_then(|page| page.index(self.full - 1).field(row_id));
            self.command(last.ok().map(Value::from), up_to, Direction::Ascending)
        })
    }
}

/// A bound of 0 bounds nothing.
fn bound(above: u64) -> Option<Value> {
    (above > 0).then(|| json!(above))
}

/// The first and last page of the list.
impl KeysetPages {
    pub(crate) fn first(&self) -> ListCommand {
        self.after(self.bounds.above, self.bounds.up_to)
    }

    pub(crate) fn last(&self) -> ListCommand {
        self.command(
            bound(self.bounds.above),
            self.bounds.up_to,
            Direction::Descending,
        )
    }
}

#[cfg(test)]
mod tests {
    use brimful_protocol::catalogue;

    use super::*;

    fn pages(method: &str, names: Names, params: Value) -> KeysetPages {
        let Value::Object(params) = params else {
            unreachable!()
        };
        let keyset = catalogue::find(method).unwrap().keyset.unwrap();
        let bounds = Bounds {
            above: 7,
            up_to: None,
        };
        KeysetPages::new(keyset, names, params, bounds)
    }

    #[test]
    fn older_lists_are_filtered_by_maps_and_not_counted() {
        let pages = pages(
            "crm.lead.list",
            Names::default(),
            json!({"filter": {"STATUS_ID": "NEW"}}),
        );
        assert_eq!(
            pages.after(7, Some(9)).params,
            json!({"order": {"ID": "ASC"}, "filter": {"STATUS_ID": "NEW", ">ID": 7, "<=ID": 9}, "start": -1})
        );
    }

    #[test]
    fn users_are_sorted_by_two_strings() {
        let names = Names {
            filter: "FILTER",
            ..Names::default()
        };
        let pages = pages("user.get", names, json!({"FILTER": {"ACTIVE": true}}));
        assert_eq!(
            pages.last().params,
            json!({"sort": "ID", "order": "DESC", "FILTER": {"ACTIVE": true, ">ID": 7}, "start": -1})
        );
    }

    #[test]
    fn lists_of_rest_3_are_filtered_by_triples_and_have_pages_of_a_thousand() {
        let pages = pages(
            "main.eventlog.list",
            Names::default(),
            json!({"filter": [["userId", 5]]}),
        );
        assert_eq!(
            pages.after(7, Some(9)).params,
            json!({
                "filter": [["userId", 5], ["id", ">", 7], ["id", "<=", 9]],
                "order": {"id": "ASC"},
                "pagination": {"limit": 1000},
            })
        );
    }
}
