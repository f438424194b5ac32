//! Filters of `tasks.task.list`: conditions that all hold, and groups of which one does.
//!
//! What is written here is what portals understand (Bitrix24 REST documentation, `tasks.task.list`): names in upper case, a prefix before them,
//! groups under numbers or `::SUBFILTER-…`. A name that a portal does not know it passes over, and the list is not
//! filtered; so names are not for the caller to spell, but for user fields.

use serde::Serialize;
use serde_json::{Map, Value};

use super::condition::{Condition, WrittenCondition};
use super::field::Field;
use super::moment::Moment;
use super::value::{Mark, Priority, Role, Status, SubStatus};
use crate::error::Error;
use crate::rest3;

/// Which tasks to list.
///
/// ```
/// use brimful::tasks::{Filter, Moment, Status, Condition};
///
/// let due: Moment = "2026-12-01T00:00:00+03:00".parse().unwrap();
/// let filter = Filter::new()
///     .real_status(Status::InProgress)
///     .deadline(Condition::Below(due))
///     .group(Filter::any().responsible(1).accomplice(1));
/// assert_eq!(
///     filter.to_json().unwrap(),
///     serde_json::json!({
///         "REAL_STATUS": 3,
///         "<DEADLINE": "2026-12-01T00:00:00+03:00",
///         "0": {"::LOGIC": "OR", "RESPONSIBLE_ID": 1, "ACCOMPLICE": 1},
///     })
/// );
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    logic: Logic,
    conditions: Vec<FilterPart>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Logic {
    #[default]
    And,
    Or,
}

#[derive(Debug, Clone, PartialEq)]
enum FilterPart {
    /// A key with its prefix, and a value.
    Field(String, Value),
    /// The ID, which REST 3.0 filters by too.
    Id(Condition<u64>),
    Group(Option<Subfilter>, Filter),
    /// What has no place in JSON, and why.
    Unwritable(String),
}

/// The groups with names that the interface of a portal gives them. To the server a name is as good as a number: it says
/// what a group is for and has no meaning of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subfilter {
    /// `::SUBFILTER-PARAMS`: favourites, tasks looked at, tasks without a deadline.
    Params,
    /// `::SUBFILTER-ROLEID`: who has what to do with a task.
    RoleId,
    /// `::SUBFILTER-PROBLEM`: overdue, not looked at, waiting for control.
    Problem,
    /// `::SUBFILTER-BINDINGS`: what in the CRM a task belongs to.
    Bindings,
    /// `::SUBFILTER-` and a name of the caller's, in letters, digits, `-` and `_`.
    Named(String),
}

/// A test of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextCondition {
    /// It is somewhere in the text, in any case.
    Contains(String),
    /// It is nowhere in the text.
    Lacks(String),
    /// It is the whole text.
    Is(String),
    /// It is not.
    IsNot(String),
}

impl Subfilter {
    fn key(&self) -> String {
        let name = match self {
            Self::Params => "PARAMS",
            Self::RoleId => "ROLEID",
            Self::Problem => "PROBLEM",
            Self::Bindings => "BINDINGS",
            Self::Named(name) => name,
        };
        format!("::SUBFILTER-{name}")
    }
}

macro_rules! conditions {
    ($($(#[$doc:meta])* $method:ident($type:ty) = $equal:literal $name:literal;)+) => {
        impl Filter {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $method(self, test: impl Into<Condition<$type>>) -> Self {
                    self.test($equal, $name, test.into())
                }
            )+
        }
    };
}

conditions! {
    /// By the task above it: `PARENT_ID`.
    parent(u64) = "" "PARENT_ID";
    /// By project: `GROUP_ID`; 0 means no project.
    group_id(u64) = "" "GROUP_ID";
    /// By stage: `STAGE_ID`.
    stage(u64) = "" "STAGE_ID";
    /// By who is to do it: `RESPONSIBLE_ID`.
    responsible(u64) = "" "RESPONSIBLE_ID";
    /// By who set it: `CREATED_BY`.
    created_by(u64) = "" "CREATED_BY";
    /// By who changed its status last: `STATUS_CHANGED_BY`.
    status_changed_by(u64) = "" "STATUS_CHANGED_BY";
    /// By the stored status: `REAL_STATUS`.
    real_status(Status) = "" "REAL_STATUS";
    /// By the status that follows from the clock: `STATUS`. Equality is written as `=STATUS`: a bare `STATUS` is the
    /// stored status to portals whose controller rewrites it so (seen in the server's published code).
    status(SubStatus) = "=" "STATUS";
    /// By urgency: `PRIORITY`.
    priority(Priority) = "" "PRIORITY";
    /// By the mark that it got: `MARK`.
    mark(Mark) = "" "MARK";
    /// By `DEADLINE`.
    deadline(Moment) = "" "DEADLINE";
    /// By `CREATED_DATE`.
    created(Moment) = "" "CREATED_DATE";
    /// By `CHANGED_DATE`; a task that was never changed counts by when it was made.
    changed(Moment) = "" "CHANGED_DATE";
    /// By `CLOSED_DATE`.
    closed(Moment) = "" "CLOSED_DATE";
    /// By `DATE_START`: when it was begun.
    started(Moment) = "" "DATE_START";
    /// By `START_DATE_PLAN`.
    start_plan(Moment) = "" "START_DATE_PLAN";
    /// By `END_DATE_PLAN`.
    end_plan(Moment) = "" "END_DATE_PLAN";
    /// By `ACTIVITY_DATE`; as [`changed`](Self::changed), and not beside it: a portal heeds only one of both.
    activity(Moment) = "" "ACTIVITY_DATE";
}

impl Filter {
    /// Conditions that all hold.
    pub fn new() -> Self {
        Self::default()
    }

    /// Conditions of which one holds.
    pub fn any() -> Self {
        Self {
            logic: Logic::Or,
            ..Self::default()
        }
    }

    /// Whether nothing is filtered.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// By ID.
    #[must_use]
    pub fn id(mut self, test: impl Into<Condition<u64>>) -> Self {
        self.conditions.push(FilterPart::Id(test.into()));
        self
    }

    /// By title.
    #[must_use]
    pub fn title(self, test: TextCondition) -> Self {
        let (prefix, text) = match test {
            TextCondition::Contains(text) => ("%", text),
            TextCondition::Lacks(text) => ("!%", text),
            TextCondition::Is(text) => ("=", text),
            TextCondition::IsNot(text) => ("!=", text),
        };
        self.field(prefix, "TITLE", text.into())
    }

    /// The text is in the title: `%TITLE`.
    #[must_use]
    pub fn title_contains(self, text: impl Into<String>) -> Self {
        self.title(TextCondition::Contains(text.into()))
    }

    /// One of these users helps to do it: `ACCOMPLICE`.
    #[must_use]
    pub fn accomplice(self, users: impl Into<People>) -> Self {
        self.people("ACCOMPLICE", users)
    }

    /// One of these users looks on: `AUDITOR`.
    #[must_use]
    pub fn auditor(self, users: impl Into<People>) -> Self {
        self.people("AUDITOR", users)
    }

    /// One of these users has anything to do with it: set it, is to do it, helps or looks on: `MEMBER`.
    #[must_use]
    pub fn member(self, users: impl Into<People>) -> Self {
        self.people("MEMBER", users)
    }

    /// One of these users is to do it, or helps to: `DOER`.
    #[must_use]
    pub fn doer(self, users: impl Into<People>) -> Self {
        self.people("DOER", users)
    }

    /// What the user who asks has to do with it: `ROLE`.
    #[must_use]
    pub fn role(self, role: Role) -> Self {
        self.field("", "ROLE", role.code().into())
    }

    /// It has all of these tags: `TAG`. A comma is a letter of a tag (published code of the server).
    #[must_use]
    pub fn tag<I, S>(self, tags: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        let tags: Vec<Value> = tags.into_iter().map(|tag| tag.into().into()).collect();
        self.field("", "TAG", Value::Array(tags))
    }

    /// It is one of the favourites of the user who asks: `FAVORITE`.
    #[must_use]
    pub fn favorite(self, is: YesNo) -> Self {
        self.field("", "FAVORITE", is.letter().into())
    }

    /// The user who asks has looked at it: `VIEWED`.
    #[must_use]
    pub fn viewed(self, is: YesNo) -> Self {
        self.field("", "VIEWED", i64::from(is == YesNo::Yes).into())
    }

    /// It repeats: `REPLICATE`.
    #[must_use]
    pub fn replicates(self, is: YesNo) -> Self {
        self.field("", "REPLICATE", is.letter().into())
    }

    /// It has no deadline.
    #[must_use]
    pub fn without_deadline(self) -> Self {
        self.deadline(Condition::Empty)
    }

    /// Its deadline has passed: `STATUS` -1.
    #[must_use]
    pub fn overdue(self) -> Self {
        self.status(SubStatus::Overdue)
    }

    /// It is not part of another task: `ONLY_ROOT_TASKS`.
    #[must_use]
    pub fn only_root(self) -> Self {
        self.field("", "ONLY_ROOT_TASKS", "Y".into())
    }

    /// The words are found in it: `SEARCH_INDEX`.
    #[must_use]
    pub fn search(self, words: impl Into<String>) -> Self {
        self.field("", "SEARCH_INDEX", Value::String(words.into()))
    }

    /// It belongs to something in the CRM: `D_7` is deal 7, `C_2` contact 2; `L`, `CO` and `T…` are leads, companies and
    /// items of smart processes. `UF_CRM_TASK`.
    #[must_use]
    pub fn crm(self, element: impl Into<String>) -> Self {
        self.field("", "UF_CRM_TASK", Value::String(element.into()))
    }

    /// By a user field. Its values are of the field's own type: a number where it is a number. A value that cannot be
    /// written as JSON is an error of [`Filter::to_json`].
    ///
    /// ```
    /// use brimful::tasks::{Condition, Field, Filter};
    ///
    /// let region = Field::user("UF_AUTO_101").unwrap();
    /// let filter = Filter::new().user_field(&region, Condition::OneOf(vec!["north", "south"]));
    /// assert_eq!(filter.to_json().unwrap()["UF_AUTO_101"], serde_json::json!(["north", "south"]));
    /// let without = Filter::new().user_field(&region, Condition::<&str>::Empty);
    /// assert_eq!(without.to_json().unwrap()["UF_AUTO_101"], "");
    /// ```
    #[must_use]
    pub fn user_field(mut self, field: &Field, test: Condition<impl Serialize>) -> Self {
        let name = field.name();
        match test.into_json(&format!("the filter by {name}")) {
            Ok(test) => self.test("", name, test),
            Err(error) => {
                let why = FilterPart::Unwritable(error.to_string());
                self.conditions.push(why);
                self
            }
        }
    }

    /// A group as one more condition.
    #[must_use]
    pub fn group(mut self, group: Self) -> Self {
        self.conditions.push(FilterPart::Group(None, group));
        self
    }

    /// A group with a name: the filters of a portal's interface.
    ///
    /// ```
    /// use brimful::tasks::{Filter, YesNo, Subfilter};
    ///
    /// let filter = Filter::new()
    ///     .subfilter(Subfilter::Params, Filter::new().favorite(YesNo::Yes))
    ///     .subfilter(Subfilter::RoleId, Filter::new().created_by(1))
    ///     .subfilter(Subfilter::Problem, Filter::new().overdue());
    /// assert_eq!(
    ///     filter.to_json().unwrap(),
    ///     serde_json::json!({
    ///         "::SUBFILTER-PARAMS": {"FAVORITE": "Y"},
    ///         "::SUBFILTER-ROLEID": {"CREATED_BY": 1},
    ///         "::SUBFILTER-PROBLEM": {"=STATUS": -1},
    ///     })
    /// );
    /// ```
    #[must_use]
    pub fn subfilter(mut self, name: Subfilter, group: Self) -> Self {
        self.conditions.push(FilterPart::Group(Some(name), group));
        self
    }

    /// The filter as it is sent.
    ///
    /// # Errors
    /// It cannot mean what it says: a list of values that is empty, which a portal would pass over; `CHANGED_DATE` beside
    /// `ACTIVITY_DATE`, of which it heeds one; a group without a condition; a value that cannot be written as JSON.
    pub fn to_json(&self) -> Result<Value, Error> {
        if self.is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        let mut seen = FilterFindings::default();
        let written = self.clone().write(&mut seen)?;
        if seen.changed && seen.active {
            return Err(Error::config(
                "a filter by CHANGED_DATE and ACTIVITY_DATE: the portal heeds CHANGED_DATE alone",
            ));
        }
        // At the top a portal takes no OR.
        Ok(Value::Object(if self.logic == Logic::Or {
            Map::from_iter([("0".to_owned(), Value::Object(written))])
        } else {
            written
        }))
    }

    /// The same in REST 3.0, which filters tasks by their ID; nothing where more is asked.
    pub(super) fn rest3(&self) -> Option<rest3::Filter> {
        let mut filter = rest3::Filter::new();
        if self.logic == Logic::Or && self.conditions.len() > 1 {
            return None;
        }
        for condition in &self.conditions {
            let FilterPart::Id(test) = condition else {
                return None;
            };
            for (operator, value) in test.clone().rest3()? {
                filter = filter.and("id", operator, value);
            }
        }
        Some(filter)
    }

    fn people(self, name: &str, users: impl Into<People>) -> Self {
        let People(users) = users.into();
        let value = match users.as_slice() {
            [one] => Value::from(*one),
            several => several.to_vec().into(),
        };
        self.field("", name, value)
    }

    fn field(mut self, prefix: &str, name: &str, value: Value) -> Self {
        let key = format!("{prefix}{name}");
        self.conditions.push(FilterPart::Field(key, value));
        self
    }

    fn test<T: Into<Value>>(self, equal: &'static str, name: &str, test: Condition<T>) -> Self {
        match test.written(equal) {
            WrittenCondition::One(prefix, value) => self.field(prefix, name, value),
            WrittenCondition::Both(both) => {
                // In a group of alternatives the two ends are one condition.
                let group = both
                    .into_iter()
                    .fold(Self::new(), |group, (prefix, value)| {
                        group.field(prefix, name, value)
                    });
                match self.logic {
                    Logic::Or => self.group(group),
                    Logic::And => self.and(group),
                }
            }
            WrittenCondition::Either(either) => {
                let group = either
                    .into_iter()
                    .fold(Self::any(), |group, (prefix, value)| {
                        group.field(prefix, name, value)
                    });
                self.group(group)
            }
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.conditions.extend(other.conditions);
        self
    }

    fn write(self, seen: &mut FilterFindings) -> Result<Map<String, Value>, Error> {
        let mut map = Map::new();
        if self.logic == Logic::Or {
            map.insert("::LOGIC".to_owned(), "OR".into());
        }
        let mut groups: Vec<Value> = Vec::new();
        let mut conditions = Vec::new();
        for condition in self.conditions {
            // The ID is kept separately only for REST 3.0.
            let FilterPart::Id(test) = condition else {
                conditions.push(condition);
                continue;
            };
            let alone = Self {
                logic: self.logic,
                conditions: Vec::new(),
            };
            conditions.extend(alone.test("", "ID", test).conditions);
        }
        for condition in conditions {
            let (key, value) = match condition {
                FilterPart::Field(key, value) => (key, value),
                FilterPart::Id(_) => continue,
                FilterPart::Unwritable(why) => return Err(Error::config(why)),
                FilterPart::Group(name, group) => {
                    let group = group.write(seen)?;
                    if group.keys().all(|key| key == "::LOGIC") {
                        return Err(Error::config("a group of the filter has no condition"));
                    }
                    match name {
                        None => {
                            groups.push(Value::Object(group));
                            continue;
                        }
                        Some(name) => (sound(&name)?, Value::Object(group)),
                    }
                }
            };
            seen.note(&key, &value)?;
            put(&mut map, &mut groups, key, value);
        }
        for (place, group) in groups.into_iter().enumerate() {
            map.insert(place.to_string(), group);
        }
        Ok(map)
    }
}

/// A key stands in a filter once: what comes again is a group of its own.
fn put(map: &mut Map<String, Value>, groups: &mut Vec<Value>, key: String, value: Value) {
    if map.contains_key(&key) {
        groups.push(Value::Object(Map::from_iter([(key, value)])));
    } else {
        map.insert(key, value);
    }
}

fn sound(name: &Subfilter) -> Result<String, Error> {
    let key = name.key();
    let rest = &key["::SUBFILTER-".len()..];
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if rest.is_empty() || !rest.chars().all(fits) {
        return Err(Error::config(format!(
            "{rest:?} is not a name of a subfilter: it has letters, digits, - and _"
        )));
    }
    Ok(key)
}

/// What conditions there are in a filter and all of its groups.
#[derive(Default)]
struct FilterFindings {
    changed: bool,
    active: bool,
}

impl FilterFindings {
    fn note(&mut self, key: &str, value: &Value) -> Result<(), Error> {
        if value.as_array().is_some_and(Vec::is_empty) {
            return Err(Error::config(format!(
                "the filter by {key} has no value: the portal would pass over it and list all tasks"
            )));
        }
        self.changed |= key.ends_with("CHANGED_DATE") && !key.ends_with("STATUS_CHANGED_DATE");
        self.active |= key.ends_with("ACTIVITY_DATE");
        Ok(())
    }
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YesNo {
    /// `Y`
    Yes,
    /// `N`
    No,
}

impl YesNo {
    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::Yes => "Y",
            Self::No => "N",
        }
    }
}

/// One user or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People(Vec<u64>);

impl From<u64> for People {
    fn from(user: u64) -> Self {
        Self(vec![user])
    }
}

impl<const N: usize> From<[u64; N]> for People {
    fn from(users: [u64; N]) -> Self {
        Self(users.into())
    }
}

impl From<Vec<u64>> for People {
    fn from(users: Vec<u64>) -> Self {
        Self(users)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn json(filter: &Filter) -> Value {
        filter.to_json().unwrap()
    }

    fn moment() -> Moment {
        "2026-12-01T00:00:00+03:00".parse().unwrap()
    }

    #[test]
    fn the_id_takes_all_prefixes() {
        for (test, written) in [
            (Condition::Is(7), json!({"ID": 7})),
            (Condition::IsNot(7), json!({"!ID": 7})),
            (Condition::Above(7), json!({">ID": 7})),
            (Condition::AtLeast(7), json!({">=ID": 7})),
            (Condition::Below(7), json!({"<ID": 7})),
            (Condition::AtMost(7), json!({"<=ID": 7})),
            (Condition::Between(7, 9), json!({">=ID": 7, "<=ID": 9})),
            (
                Condition::NotBetween(7, 9),
                json!({"0": {"::LOGIC": "OR", "<ID": 7, ">ID": 9}}),
            ),
            (Condition::OneOf(vec![7, 9]), json!({"ID": [7, 9]})),
            (Condition::NoneOf(vec![7, 9]), json!({"!ID": [7, 9]})),
        ] {
            assert_eq!(json(&Filter::new().id(test.clone())), written, "{test:?}");
        }
    }

    #[test]
    fn a_range_among_alternatives_is_one_condition() {
        assert_eq!(
            json(&Filter::any().id(Condition::Between(1, 5)).responsible(3)),
            json!({"0": {"::LOGIC": "OR", "RESPONSIBLE_ID": 3, "0": {">=ID": 1, "<=ID": 5}}})
        );
        assert_eq!(
            json(&Filter::any().created(Condition::Between(moment(), moment()))),
            json!({"0": {"::LOGIC": "OR", "0": {
                ">=CREATED_DATE": moment().to_string(), "<=CREATED_DATE": moment().to_string(),
            }}})
        );
    }

    #[test]
    fn the_same_key_twice_is_two_conditions() {
        assert_eq!(
            json(
                &Filter::new()
                    .title_contains("a")
                    .title_contains("b")
                    .id(Condition::Above(1))
                    .id(Condition::Above(2))
            ),
            json!({"%TITLE": "a", ">ID": 1, "0": {"%TITLE": "b"}, "1": {">ID": 2}})
        );
    }

    #[test]
    fn alternatives_are_never_at_the_top() {
        assert_eq!(
            json(&Filter::any().id(1).created_by(2)),
            json!({"0": {"::LOGIC": "OR", "ID": 1, "CREATED_BY": 2}})
        );
        assert_eq!(json(&Filter::any()), json!({}));
    }

    #[test]
    fn every_condition_is_written_as_it_is_documented() {
        let uf = Field::user("UF_AUTO_1").unwrap();
        for (filter, written) in [
            (
                Filter::new().title(TextCondition::Lacks("x".into())),
                json!({"!%TITLE": "x"}),
            ),
            (
                Filter::new().title(TextCondition::Is("x".into())),
                json!({"=TITLE": "x"}),
            ),
            (
                Filter::new().real_status([Status::Pending, Status::New]),
                json!({"REAL_STATUS": [2, 1]}),
            ),
            (
                Filter::new().status(SubStatus::DueSoon),
                json!({"=STATUS": -3}),
            ),
            (
                Filter::new().priority(Priority::High),
                json!({"PRIORITY": 2}),
            ),
            (Filter::new().mark(Mark::Negative), json!({"MARK": "N"})),
            (
                Filter::new().deadline(Condition::Below(moment())),
                json!({"<DEADLINE": "2026-12-01T00:00:00+03:00"}),
            ),
            (Filter::new().without_deadline(), json!({"DEADLINE": ""})),
            (
                Filter::new().deadline(Condition::Filled),
                json!({"!DEADLINE": ""}),
            ),
            (
                Filter::new().member(3).doer([1, 2]),
                json!({"MEMBER": 3, "DOER": [1, 2]}),
            ),
            (
                Filter::new().accomplice(1).auditor(2),
                json!({"ACCOMPLICE": 1, "AUDITOR": 2}),
            ),
            (Filter::new().role(Role::Auditor), json!({"ROLE": "U"})),
            (
                Filter::new().tag(["a", "b, c"]),
                json!({"TAG": ["a", "b, c"]}),
            ),
            (Filter::new().viewed(YesNo::No), json!({"VIEWED": 0})),
            (Filter::new().only_root(), json!({"ONLY_ROOT_TASKS": "Y"})),
            (Filter::new().crm("D_7"), json!({"UF_CRM_TASK": "D_7"})),
            (
                Filter::new().user_field(&uf, Condition::Above(5)),
                json!({">UF_AUTO_1": 5}),
            ),
            (
                Filter::new().group_id(Condition::NoneOf(vec![1])),
                json!({"!GROUP_ID": [1]}),
            ),
            (
                Filter::new().subfilter(Subfilter::Named("MY-1".into()), Filter::any().id(1).id(2)),
                json!({"::SUBFILTER-MY-1": {"::LOGIC": "OR", "ID": 1, "0": {"ID": 2}}}),
            ),
        ] {
            assert_eq!(json(&filter), written);
        }
    }

    #[test]
    fn what_a_portal_would_pass_over_is_refused() {
        for (filter, why) in [
            (Filter::new().id(Vec::new()), "ID has no value"),
            (Filter::new().member(Vec::new()), "MEMBER has no value"),
            (Filter::new().tag(Vec::<String>::new()), "TAG has no value"),
            (Filter::new().group(Filter::any()), "no condition"),
            (
                Filter::new()
                    .changed(moment())
                    .group(Filter::any().activity(moment()).id(1)),
                "CHANGED_DATE alone",
            ),
            (
                Filter::new().subfilter(Subfilter::Named("A][".into()), Filter::new().id(1)),
                "not a name of a subfilter",
            ),
        ] {
            let error = filter.to_json().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_user_field_takes_codes_and_refuses_numbers_that_json_does_not_have() {
        let field = Field::user("UF_AUTO_1").unwrap();
        let filter = Filter::new().user_field(&field, Condition::Is(Priority::High));
        assert_eq!(json(&filter), json!({"UF_AUTO_1": 2}));
        let among = Condition::OneOf(vec![1.5, f64::NAN]);
        let filter = Filter::new().group(Filter::any().id(1).user_field(&field, among));
        assert_eq!(
            filter.to_json().unwrap_err().to_string(),
            "the filter by UF_AUTO_1 cannot be written as JSON: it is NaN, and JSON has no such number"
        );
    }

    #[test]
    fn rest_3_has_what_is_asked_of_ids_alone() {
        let written = |filter: Filter| {
            let filter = filter.rest3()?;
            Some(serde_json::to_value(filter).unwrap())
        };
        assert_eq!(written(Filter::new()), Some(json!([])));
        assert_eq!(
            written(
                Filter::new()
                    .id(Condition::Between(5, 9))
                    .id(Condition::IsNot(7))
            ),
            Some(json!([["id", ">=", 5], ["id", "<=", 9], ["id", "!=", 7]]))
        );
        assert_eq!(
            written(Filter::new().id([5, 9])),
            Some(json!([["id", "in", [5, 9]]]))
        );
        for filter in [
            Filter::new().responsible(1),
            Filter::new().id(1).group(Filter::new().id(2)),
            Filter::any().id(1).id(2),
            Filter::new().id(Condition::NoneOf(vec![1])),
            Filter::new().id(Vec::new()),
        ] {
            assert_eq!(written(filter.clone()), None, "{filter:?}");
        }
    }
}
