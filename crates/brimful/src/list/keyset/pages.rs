//! How one page by ID is asked for, in the spelling of the method.

use brimful_protocol::Reference;
use brimful_protocol::catalogue::{Keyset, KeysetForm};
use serde_json::{Map, Value, json};

use crate::list::strategy::{ListCommand, label};

/// The way up or down the IDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }

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
    /// The list has all rows of its kind, without a condition: a row comes into it by being added alone.
    has_all_rows: bool,
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
            has_all_rows: false,
        }
    }

    /// Pages of a list of all rows of its kind: a row comes into it by being added alone.
    pub(crate) fn of_all_rows(mut self) -> Self {
        self.has_all_rows = self.counts();
        self
    }

    pub(crate) fn has_all_rows(&self) -> bool {
        self.has_all_rows
    }

    /// A page of rows above `above` (a literal or a reference), up to `up_to`, with the count of all rows between the two
    /// if it is wanted and the method counts.
    fn command(
        &self,
        above: Option<Value>,
        up_to: Option<u64>,
        direction: Direction,
        count: Count,
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
                // `start: -1` spares the portal the count.
                let start = if count == Count::Wanted { 0 } else { -1 };
                params.insert("start".to_owned(), json!(start));
            }
        }
        ListCommand {
            params: Value::Object(params),
        }
    }

    /// The page that begins above the ID `above`, without an end.
    pub(crate) fn after(&self, above: u64) -> ListCommand {
        self.command(
            bound(above),
            self.bounds.up_to,
            Direction::Ascending,
            Count::Spared,
        )
    }

    /// A page of the rows in `(above, up_to]` from either end, with the count of them.
    pub(crate) fn counted(&self, above: u64, up_to: u64, direction: Direction) -> ListCommand {
        let up_to = (up_to < NO_END).then_some(up_to).or(self.bounds.up_to);
        self.command(bound(above), up_to, direction, Count::Wanted)
    }

    /// The page that begins after the first `place` of the rows in `(above, up_to]` from one end, with the count of them.
    pub(crate) fn counted_at(
        &self,
        above: u64,
        up_to: u64,
        direction: Direction,
        place: u64,
    ) -> ListCommand {
        let mut command = self.counted(above, up_to, direction);
        command.params["start"] = json!(place);
        command
    }

    /// A page of the rows in `(above, up_to]` that are not among `known`, with the count of them.
    pub(crate) fn counted_besides(&self, above: u64, up_to: u64, known: &[u64]) -> ListCommand {
        let mut command = self.counted(above, up_to, Direction::Ascending);
        if let Some(filter) = command.params[self.names.filter].as_object_mut() {
            filter.insert(self.exclusion(), json!(known));
        }
        command
    }

    /// The page that begins after the first `place` of the rows in `(above, up_to]` that are not among `known`, from one
    /// end, with the count of them.
    pub(crate) fn beside(
        &self,
        above: u64,
        up_to: u64,
        direction: Direction,
        place: u64,
        known: &[u64],
    ) -> ListCommand {
        let above = above.max(self.bounds.above);
        let mut command = self.counted_at(above, up_to, direction, place);
        if !known.is_empty()
            && let Some(params) = command.params.as_object_mut()
        {
            let filter = params.entry(self.names.filter).or_insert_with(|| json!({}));
            if let Some(filter) = filter.as_object_mut() {
                filter.insert(self.exclusion(), json!(known));
            }
        }
        command
    }

    fn exclusion(&self) -> String {
        // Tasks of the older REST have no prefix for lists: what is negated may be one.
        let prefix = if self.keyset.key == Some("tasks") {
            "!"
        } else {
            "!@"
        };
        format!("{prefix}{}", self.keyset.filter)
    }

    /// Whether IDs can be excluded: the method counts, and the caller excludes none.
    pub(crate) fn takes_exclusions(&self) -> bool {
        let exclusion = self.exclusion();
        let excludes = |filter: &Value| {
            let mut keys = filter.as_object().into_iter().flat_map(Map::keys);
            keys.any(|key| key.eq_ignore_ascii_case(&exclusion))
        };
        self.counts() && !self.params.get(self.names.filter).is_some_and(excludes)
    }

    /// Whether the page at one end of the list is asked for with the count of all of it. Methods that refuse a dangling
    /// reference can't be asked for a count only where the page is short.
    pub(crate) fn counts_at_once(&self) -> bool {
        self.counts() && !self.takes_dangling_references()
    }

    /// The page at one end of the whole list.
    pub(crate) fn end(&self, direction: Direction, count: Count) -> ListCommand {
        self.command(
            bound(self.bounds.above),
            self.bounds.up_to,
            direction,
            count,
        )
    }

    /// The count of the whole list where the last page, which is at `place` in the same request, is short; where it is
    /// full, that of its own rows, which costs the portal next to nothing. `None` for methods that can't tell.
    ///
    /// It counts from the last row of that page on, by reference. A short page has no such row, and a list takes a
    /// reference without a value for the number 1 (or 0, if the page is empty).
    pub(crate) fn count_if_short(&self, place: usize) -> Option<ListCommand> {
        if !self.takes_dangling_references() {
            return None;
        }
        let reference = self.row_of(place, self.full - 1, self.keyset.row)?;
        let mut command = self.end(Direction::Ascending, Count::Wanted);
        let filter = command
            .params
            .as_object_mut()?
            .entry(self.names.filter)
            .or_insert_with(|| json!({}));
        let id = self.keyset.filter;
        filter.as_object_mut()?.insert(format!(">={id}"), reference);
        // Nobody reads its rows.
        let params = command.params.as_object_mut()?;
        params.insert(self.names.select.to_owned(), json!([id]));
        Some(command)
    }

    /// A reference to the ID of the row `row` of the page that is at `place` in the same request.
    fn row_of(&self, place: usize, row: usize, row_id: &str) -> Option<Value> {
        let page = Reference::result(&label(place)).and_then(|page| match self.keyset.key {
            Some(key) => page.field(key),
            None => Ok(page),
        });
        page.and_then(|page| page.index(row).field(row_id))
            .ok()
            .map(Value::from)
    }

    /// The commands of a chain that begins above `above` and is at `place` in its request: each page begins at the last
    /// row of the page before it. `full` is the number of rows of a full page, `row_id` how rows spell their ID.
    pub(crate) fn chain<'a>(
        &'a self,
        above: u64,
        commands: usize,
        full: usize,
        row_id: &'a str,
        place: usize,
        restart: Restart,
    ) -> impl Iterator<Item = ListCommand> + 'a {
        (0..commands).map(move |i| {
            if i == 0 {
                return self.after(above);
            }
            let page_before = place + i - 1;
            if let Restart::Fixed(ids) = restart {
                return self.after(above.saturating_add(ids.saturating_mul(i as u64)));
            }
            let mut command = self.command(
                self.row_of(page_before, full - 1, row_id),
                self.bounds.up_to,
                Direction::Ascending,
                Count::Spared,
            );
            let least = match restart {
                Restart::Nowhere | Restart::Fixed(_) => None,
                Restart::Every(ids) => Some(json!(above + ids * i as u64 + 1)),
                Restart::AtRow(row) => self.row_of(page_before, row, row_id),
            };
            if let Some(least) = least
                && let Some(filter) = command.params[self.names.filter].as_object_mut()
            {
                filter.insert(format!(">={}", self.keyset.filter), least);
            }
            command
        })
    }

    /// Whether a page that refers to a row which is not there is a page all the same, without that bound. Methods whose
    /// rows are `items` refuse such a reference.
    pub(crate) fn takes_dangling_references(&self) -> bool {
        self.counts() && self.keyset.key != Some("items")
    }

    /// Whether the method tells how many rows there are.
    pub(crate) fn counts(&self) -> bool {
        self.keyset.form != KeysetForm::Triples
    }
}

/// Where a page of a chain begins if the page before it is short and so has no last row to refer to. It is a second
/// lower bound of every page; after a full page the last row of that page lies at it or above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restart {
    /// Unknown: the rest of the chain is of no use.
    Nowhere,
    /// So many IDs after where the page before it would begin if all pages were as dense as can be.
    Every(u64),
    /// At this row of the short page, if it has so many.
    AtRow(usize),
    /// So many IDs after the beginning of the page before it, whatever that shows: no page refers to another. The list has
    /// no gaps, or the method refuses references that dangle.
    Fixed(u64),
}

/// The end of a stretch that has none.
pub(crate) const NO_END: u64 = i64::MAX as u64;

/// Whether a command asks for the count of the rows too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    Wanted,
    Spared,
}

/// A bound of 0 bounds nothing.
fn bound(above: u64) -> Option<Value> {
    (above > 0).then(|| json!(above))
}

/// IDs in `(above, up_to]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Bounds {
    pub(crate) above: u64,
    pub(crate) up_to: Option<u64>,
}

impl Bounds {
    /// Takes `>ID`, `>=ID`, `<ID` and `<=ID` out of `filter`, where `id` is the filter's spelling of the ID. Other
    /// conditions on the ID (`ID`, `@ID`, `!ID`) stay: they do not collide with the lanes' own.
    pub(crate) fn lift(filter: &mut Map<String, Value>, id: &str) -> Result<Self, String> {
        let mut bounds = Self::default();
        for (prefix, below, step) in [
            (">=", false, 1),
            (">", false, 0),
            ("<=", true, 0),
            ("<", true, 1),
        ] {
            let name = format!("{prefix}{id}");
            let Some(key) = filter
                .keys()
                .find(|key| key.eq_ignore_ascii_case(&name))
                .cloned()
            else {
                continue;
            };
            let value = filter.shift_remove(&key).unwrap_or_default();
            let number = whole(&value)
                .ok_or_else(|| format!("the filter {key} is {value}, not a whole number"))?;
            let limit = u64::try_from(number.saturating_sub(step).max(0)).unwrap_or_default();
            if below {
                bounds.up_to = Some(bounds.up_to.map_or(limit, |up_to: u64| up_to.min(limit)));
            } else {
                bounds.above = bounds.above.max(limit);
            }
        }
        Ok(bounds)
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(n) => n.as_i64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
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
    fn older_lists_are_filtered_by_maps() {
        let pages = pages(
            "crm.lead.list",
            Names::default(),
            json!({"filter": {"STATUS_ID": "NEW"}}),
        );
        assert_eq!(
            pages.counted(7, 9, Direction::Ascending).params,
            json!({"order": {"ID": "ASC"}, "filter": {"STATUS_ID": "NEW", ">ID": 7, "<=ID": 9}, "start": 0})
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
            pages.end(Direction::Descending, Count::Spared).params,
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
            pages.counted(7, 9, Direction::Ascending).params,
            json!({
                "filter": [["userId", 5], ["id", ">", 7], ["id", "<=", 9]],
                "order": {"id": "ASC"},
                "pagination": {"limit": 1000},
            })
        );
    }

    fn lift(filter: Value) -> (Result<Bounds, String>, Value) {
        let Value::Object(mut filter) = filter else {
            unreachable!()
        };
        (Bounds::lift(&mut filter, "ID"), Value::Object(filter))
    }

    #[test]
    fn bounds_on_the_id_leave_the_filter_and_everything_else_stays() {
        let (bounds, rest) =
            lift(json!({">ID": "100", "<=ID": 200, "STAGE_ID": "NEW", "!ID": 150}));
        assert_eq!(
            bounds.unwrap(),
            Bounds {
                above: 100,
                up_to: Some(200)
            }
        );
        assert_eq!(rest, json!({"STAGE_ID": "NEW", "!ID": 150}));
    }

    #[test]
    fn the_tighter_of_two_bounds_holds() {
        let (bounds, _) = lift(json!({">ID": 10, ">=ID": 5, "<ID": 90, "<=ID": 100}));
        assert_eq!(
            bounds.unwrap(),
            Bounds {
                above: 10,
                up_to: Some(89)
            }
        );
    }

    #[test]
    fn a_bound_that_is_no_number_is_named() {
        let (bounds, _) = lift(json!({">ID": "x"}));
        assert_eq!(
            bounds.unwrap_err(),
            "the filter >ID is \"x\", not a whole number"
        );
    }

    #[test]
    fn bounds_beyond_all_ids_are_bounds_too() {
        let (bounds, _) = lift(json!({"<ID": i64::MIN, ">=ID": i64::MIN}));
        assert_eq!(
            bounds.unwrap(),
            Bounds {
                above: 0,
                up_to: Some(0)
            }
        );
    }
}
