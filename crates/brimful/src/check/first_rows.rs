//! Compares the first rows of a list with what it was asked for. A portal passes names over that a method doesn't have, and
//! where no method names the fields of the list, its rows are all that tells.

use brimful_protocol::catalogue::{self, Method, nearest_name};
use brimful_protocol::list_fields;
use brimful_protocol::rows::Page;
use serde_json::{Map, Value};

use super::conditions::{Condition, collect};
use crate::error::{Error, ParameterProblem};
use crate::report::ListReport;

/// Methods whose rows leave out fields that they have, such as properties without a value and parts that were not computed,
/// and which filter by what is not a field. That no row has a name proves nothing there.
const ROWS_LEAVE_FIELDS_OUT: [&str; 11] = [
    "booking.",
    "calendar.",
    "crm.documentgenerator.",
    "crm.item.",
    "documentgenerator.",
    "entity.",
    "imopenlines.",
    "landing.",
    "lists.",
    "task.",
    "tasks.",
];

/// Methods whose rows have a few of their fields, unless more are selected.
const FEW_FIELDS_UNLESS_SELECTED: [&str; 2] = ["biconnector.", "bizproc."];

/// Names in the filter and the select of a list whose fields cannot be asked for.
#[derive(Debug)]
pub(crate) struct FirstRowsCheck {
    method: String,
    known: Option<&'static Method>,
    /// Conditions of equality.
    conditions: Vec<(String, String)>,
    /// The names in the filter.
    filtered: Vec<String>,
    /// The names in the order.
    sorted: Vec<String>,
    /// The names in the select; `None` where rows have the fields that they have without one.
    selected: Option<Vec<String>>,
}

/// What it tells that no row has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absence {
    /// The method has no such field.
    Proves,
    /// It may have none.
    IsDoubtful,
    /// Nothing: the rows were not asked for it.
    IsExpected,
}

impl FirstRowsCheck {
    /// `None` where the names are compared with the portal's fields, or nothing can be told.
    pub(crate) fn new(method: &str, params: &Value) -> Option<Self> {
        if list_fields::find(method).is_some() {
            return None;
        }
        let known = catalogue::find(method);
        let params = params.as_object()?;
        let mut conditions = Vec::new();
        let usual = known.and_then(|known| known.filter).unwrap_or("filter");
        let mut has_groups = false;
        if let Some(filter) = parameter(params, usual) {
            collect(filter, &mut conditions, &mut has_groups);
        }
        conditions.retain(|condition| is_plain(&condition.name));
        let select = match known {
            Some(known) => known.select,
            None => Some("select"),
        };
        let select = select.and_then(|select| parameter(params, select));
        let order = known.and_then(|known| known.order);
        let order = order.and_then(|order| parameter(params, order));
        let check = Self {
            method: method.to_owned(),
            known,
            filtered: conditions.iter().map(|one| one.name.clone()).collect(),
            // A row need not meet every condition of a group: LOGIC may make alternatives of them.
            conditions: if has_groups {
                Vec::new()
            } else {
                conditions.iter().filter_map(equality).collect()
            },
            sorted: order.map_or_else(Vec::new, sorted_names),
            selected: select.and_then(selected_names),
        };
        let has_names =
            !check.filtered.is_empty() || !check.sorted.is_empty() || check.selected.is_some();
        has_names.then_some(check)
    }

    /// What is doubtful once these rows have come: names that none of them has.
    ///
    /// # Errors
    /// A row does not meet a condition, or the list has no field of a name.
    pub(crate) fn compare(&self, page: &Page) -> Result<Option<String>, Error> {
        let rows: Vec<Map<String, Value>> =
            page.iter().filter_map(|row| row.parse().ok()).collect();
        if rows.is_empty() {
            return Ok(None);
        }
        for (name, wanted) in &self.conditions {
            self.compare_values(name, wanted, &rows)?;
        }
        let is_absent = |name: &&String| !rows.iter().any(|row| field_of(row, name).is_some());
        let mut doubtful: Vec<&str> = Vec::new();
        for (place, names) in [("filter", &self.filtered), ("order", &self.sorted)] {
            for name in names.iter().filter(is_absent) {
                match self.absence(name) {
                    Absence::Proves if place == "filter" => {
                        let unknown = self.unknown(place, name, &rows);
                        return Err(unknown.with_problems(unknown_in_filter(name)));
                    }
                    Absence::Proves => return Err(self.unknown(place, name, &rows)),
                    Absence::IsDoubtful if !doubtful.contains(&name.as_str()) => {
                        doubtful.push(name);
                    }
                    _ => {}
                }
            }
        }
        let selected = self.selected.iter().flatten();
        for name in selected.filter(|name| is_plain(name)).filter(is_absent) {
            match self.absence(name) {
                Absence::Proves => return Err(self.unknown("select", name, &rows)),
                _ if !doubtful.contains(&name.as_str()) => doubtful.push(name),
                _ => {}
            }
        }
        Ok((!doubtful.is_empty()).then(|| {
            format!(
                "no row of {} has {}: if the method has no such field, the portal has passed the name over, and what came is \
                 not what was meant",
                self.method,
                doubtful.join(" or ")
            )
        }))
    }

    fn compare_values(
        &self,
        name: &str,
        wanted: &str,
        rows: &[Map<String, Value>],
    ) -> Result<(), Error> {
        for (field, value) in rows.iter().filter_map(|row| field_of(row, name)) {
            if !may_meet(value, wanted) {
                let meant = if field == name {
                    String::new()
                } else {
                    format!(" (did you mean {field}?)")
                };
                let why = format!(
                    "the filter has {name}={wanted}, and a row came with {field} {value}, so the portal passes the condition \
                     over{meant}"
                );
                return Err(self.refusal(&why).with_problems(unknown_in_filter(name)));
            }
        }
        Ok(())
    }

    /// What it tells that no row has a name of the filter, the order or the select.
    fn absence(&self, name: &str) -> Absence {
        let documented = self.known.into_iter().flat_map(documented_names);
        let is_documented = documented.into_iter().any(|known| is_same(known, name));
        match &self.selected {
            Some(selected) if !selected.iter().any(|one| is_same(one, name)) => {
                return Absence::IsExpected;
            }
            None if is_documented => return Absence::IsExpected,
            _ => {}
        }
        let Some(known) = self.known else {
            return Absence::IsDoubtful;
        };
        let is_own = ["UF_", "PROPERTY"]
            .iter()
            .any(|start| name.to_ascii_uppercase().starts_with(start));
        let leaves_out = is_own
            || is_documented
            || is_among(known, &ROWS_LEAVE_FIELDS_OUT)
            || self.selected.is_none() && is_among(known, &FEW_FIELDS_UNLESS_SELECTED);
        if leaves_out {
            Absence::IsDoubtful
        } else {
            Absence::Proves
        }
    }

    fn unknown(&self, place: &str, name: &str, rows: &[Map<String, Value>]) -> Error {
        let fields = rows.iter().flat_map(Map::keys).map(String::as_str);
        let guess = nearest_name(name, fields)
            .map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
        self.refusal(&format!(
            "the {place} has {name}, and no row came with it, so the portal passes it over{guess}"
        ))
    }

    fn refusal(&self, why: &str) -> Error {
        Error::config(format!("{}: {why}", self.method)).with_report(ListReport::default())
    }
}

fn unknown_in_filter(name: &str) -> Vec<ParameterProblem> {
    vec![ParameterProblem::UnknownInFilter(name.to_owned())]
}

/// Selects what the filter of a list names as well, where only its rows tell whether it has such fields.
pub(crate) fn select_filtered(method: &str, params: &mut Map<String, Value>) {
    let known = catalogue::find(method).filter(|known| list_fields::find(known.name).is_none());
    let known = known.filter(|known| !is_among(known, &ROWS_LEAVE_FIELDS_OUT));
    let (Some(known), Some(check)) = (known, FirstRowsCheck::new(method, &params.clone().into()))
    else {
        return;
    };
    let selected = check.selected.unwrap_or_default();
    let names = check.filtered.into_iter();
    let names = names.filter(|name| !selected.iter().any(|one| is_same(one, name)));
    let mut params = params.iter_mut();
    let select = params.find(|(key, _)| {
        let select = known.select;
        select.is_some_and(|select| key.eq_ignore_ascii_case(select))
    });
    if let Some((_, Value::Array(fields))) = select {
        fields.extend(names.map(Value::String));
    }
}

fn is_among(known: &Method, starts: &[&str]) -> bool {
    starts.iter().any(|start| known.name.starts_with(start))
}

/// The parameter at a path such as `params[filter]`; names may have letters of any case.
fn parameter<'a>(params: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut names = path.split(['[', ']']).filter(|name| !name.is_empty());
    let first = names.next()?;
    let named = |map: &'a Map<String, Value>, name: &str| {
        let mut found = map.iter();
        let found = found.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    };
    names.try_fold(named(params, first)?, |value, name| {
        named(value.as_object()?, name)
    })
}

/// The names in a select that stands for these fields and no others.
fn selected_names(select: &Value) -> Option<Vec<String>> {
    let names: Vec<String> = match select {
        Value::Array(names) => names.iter().filter_map(text).collect(),
        Value::Object(names) => names.values().filter_map(text).collect(),
        _ => Vec::new(),
    };
    let stands_for_all = names.is_empty() || names.iter().any(|name| name.contains('*'));
    (!stands_for_all).then_some(names)
}

/// The names in an order, without those that stand for more than a field.
fn sorted_names(order: &Value) -> Vec<String> {
    let names = order.as_object().into_iter().flatten();
    names
        .map(|(name, _)| name.trim().to_owned())
        .filter(|name| is_plain(name))
        .collect()
}

/// What the documentation of a method names in its tables: parameters, fields, conditions.
fn documented_names(known: &'static Method) -> impl Iterator<Item = &'static str> {
    // The heads of the tables stand among the names.
    known.params.split(',').filter(|name| *name != "Name")
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The name and the value of a condition of equality.
fn equality(condition: &Condition) -> Option<(String, String)> {
    let is_equality = matches!(condition.prefix.as_str(), "" | "=");
    let value = text(&condition.value).filter(|value| !value.is_empty() && !value.contains('%'))?;
    is_equality.then(|| (condition.name.clone(), value))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn field_of<'r>(row: &'r Map<String, Value>, name: &str) -> Option<(&'r String, &'r Value)> {
    row.iter().find(|(field, _)| is_same(field, name))
}

/// `STAGE_ID` is `stageId` where a method spells its fields so.
fn is_same(field: &str, name: &str) -> bool {
    let letters = |text: &str| text.replace('_', "").to_ascii_lowercase();
    field == name || letters(field) == letters(name)
}

/// Whether a row with this value can meet the condition. Only what certainly differs does not: some methods compare parts
/// of texts, and moments and flags are spelt in several ways.
fn may_meet(value: &Value, wanted: &str) -> bool {
    let is_flag = |text: &str| matches!(text, "Y" | "N" | "0" | "1" | "true" | "false");
    let is_moment = |text: &str| text.len() >= 10 && text.as_bytes().get(4) == Some(&b'-');
    let Some(found) = text(value) else {
        return true;
    };
    // Flags are spelt Y, 1 and true: two of them may be the same.
    let are_flags = is_flag(&found) && is_flag(wanted);
    if are_flags || is_moment(&found) || is_moment(wanted) {
        return true;
    }
    if let (Ok(found), Ok(wanted)) = (found.parse::<f64>(), wanted.parse::<f64>())
        && (found - wanted).abs() <= f64::EPSILON * wanted.abs()
    {
        return true;
    }
    // A telephone number is kept without what stands between its digits.
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(|letter| letter.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    found.is_empty() || letters(&found).contains(&letters(wanted))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compared_as(method: &str, params: &Value, row: &Value) -> Result<Option<String>, String> {
        let Some(check) = FirstRowsCheck::new(method, params) else {
            return Ok(None);
        };
        let page: Page = [(Some(1), row.to_string())].into_iter().collect();
        check.compare(&page).map_err(|error| error.to_string())
    }

    fn compared(filter: &Value, row: &Value) -> Result<Option<String>, String> {
        compared_as("sonet_group.get", &json!({ "filter": filter }), row)
    }

    #[test]
    fn rows_that_do_not_meet_a_condition_are_refused() {
        let row = json!({"ID": "7", "NAME": "Sales", "OWNER_ID": 5, "DATE_CREATE": "2026-01-31T10:00:00+03:00"});
        for filter in [
            json!({"NAME": "Lease"}),
            json!({"name": "Lease"}),
            json!({"=OWNER_ID": 6}),
            json!({"ownerId": "6"}),
        ] {
            let said = compared(&filter, &row).unwrap_err();
            assert!(said.contains("passes the condition over"), "{said}");
        }
        let said = compared(&json!({"name": "Lease"}), &row).unwrap_err();
        assert!(said.contains("did you mean NAME?"), "{said}");
        assert!(compared(&json!({"OWNER_ID": 1}), &row).is_err());
    }

    #[test]
    fn rows_that_may_meet_their_conditions_are_taken() {
        let row = json!({"ID": "7", "NAME": "Sales and more", "OWNER_ID": "5.0", "ACTIVE": true, "TAGS": ["a"],
            "DATE_CREATE": "2026-01-31T10:00:00+03:00", "CLOSED": "N", "SITE": null});
        for filter in [
            json!({"NAME": "sales"}),
            json!({"OWNER_ID": 5}),
            json!({"ACTIVE": "Y"}),
            json!({"TAGS": "b"}),
            json!({"DATE_CREATE": "31.01.2026"}),
            json!({"CLOSED": "N"}),
            json!({"SITE": "s1"}),
            json!({"!NAME": "Lease", ">=OWNER_ID": 9}),
            json!({"LOGIC": "OR", "0": {"NAME": "Sales"}, "1": {"NAME": "Lease"}}),
            json!([{"NAME": "Lease"}, {"NAME": "Sales"}]),
        ] {
            assert_eq!(compared(&filter, &row), Ok(None), "{filter}");
        }
    }

    #[test]
    fn a_name_of_the_filter_that_rows_with_all_their_fields_lack_is_refused() {
        let row = json!({"ID": "7", "NAME": "Sales"});
        for filter in [
            json!({"NAMES": "Sales"}),
            json!({">NAMES": 1}),
            json!({"NAMES": ""}),
            json!({"0": {"NAMES": "a"}, "LOGIC": "OR"}),
        ] {
            let said = compared(&filter, &row).unwrap_err();
            assert_eq!(
                said,
                "sonet_group.get: the filter has NAMES, and no row came with it, so the portal passes it over (did you mean \
                 NAME?)"
            );
        }
        let invoices = json!({"filter": {"NOPE": 1}});
        assert!(compared_as("crm.invoice.list", &invoices, &row).is_err());
    }

    #[test]
    fn a_name_that_is_documented_of_a_relation_or_was_not_selected_is_taken() {
        let row = json!({"ID": "7", "NAME": "Sales"});
        assert_eq!(compared(&json!({"IS_EXTRANET": "Y"}), &row), Ok(None));
        let selected = json!({"filter": {"NOPE": 1}, "select": ["ID", "NAME"]});
        assert_eq!(compared_as("crm.invoice.list", &selected, &row), Ok(None));
        let related = json!({"filter": {"GROUP.NAME": "Sales"}});
        assert_eq!(
            compared_as("sale.basketitem.list", &related, &row),
            Ok(None)
        );
    }

    #[test]
    fn where_rows_leave_fields_out_a_name_that_none_has_is_doubtful() {
        let row = json!({"ID": "7", "NAME": "Sales"});
        for (method, params) in [
            ("lists.element.get", json!({"FILTER": {"PROPERTY_107": 1}})),
            ("lists.element.get", json!({"SELECT": ["ID", "CODE"]})),
            ("sonet_group.get", json!({"FILTER": {"UF_SCORE": 1}})),
            ("bizproc.task.list", json!({"FILTER": {"USER_ID": 1}})),
            ("no.such.list", json!({"filter": {"NOPE": 1}})),
            (
                "landing.site.getList",
                json!({"params": {"filter": {"NOPE": 1}}}),
            ),
        ] {
            let said = compared_as(method, &params, &row).unwrap();
            assert!(
                said.is_some_and(|said| said.contains("no row of")),
                "{method}"
            );
        }
    }

    #[test]
    fn a_name_of_the_order_that_no_row_has_is_refused_or_doubtful() {
        let row = json!({"ID": "7", "FIELD_NAME": "UF_X", "SORT": "100"});
        let order = |name: &str| json!({"order": {name: "ASC"}});
        let said = compared_as("crm.lead.userfield.list", &order("SORTING"), &row).unwrap_err();
        assert!(
            said.contains("the order has SORTING") && said.contains("did you mean SORT?"),
            "{said}"
        );
        for name in ["SORT", "sort", "XML_ID"] {
            let said = compared_as("crm.lead.userfield.list", &order(name), &row);
            assert_eq!(said, Ok(None), "{name}");
        }
        let said = compared_as(
            "lists.element.get",
            &json!({"ELEMENT_ORDER": {"NOPE": "ASC"}}),
            &row,
        );
        assert!(said.unwrap().is_some());
    }

    #[test]
    fn a_selected_name_that_no_row_came_with_is_refused() {
        let row = json!({"id": "7", "name": "Sales"});
        let select = |names: &[&str]| json!({ "select": names });
        let said = compared_as("bizproc.task.list", &select(&["ID", "NAEM"]), &row).unwrap_err();
        assert!(
            said.contains("the select has NAEM") && said.contains("did you mean name?"),
            "{said}"
        );
        for taken in [
            select(&["ID", "NAME"]),
            select(&["*"]),
            select(&["ID", "UF_*", "NOPE"]),
            select(&["ID", "PRODUCT.NAME"]),
        ] {
            let said = compared_as("bizproc.task.list", &taken, &row);
            assert!(said.is_ok(), "{taken}: {said:?}");
        }
    }

    #[test]
    fn lists_whose_fields_are_checked_and_those_that_are_asked_for_nothing_are_left_alone() {
        let filter = |filter: Value| json!({ "filter": filter });
        let check = FirstRowsCheck::new("crm.deal.list", &filter(json!({"NOPE": 1})));
        assert!(check.is_none());
        for nothing in [json!({}), filter(json!({})), filter(json!([])), json!([])] {
            assert!(FirstRowsCheck::new("sonet_group.get", &nothing).is_none());
        }
        let check = FirstRowsCheck::new("sonet_group.get", &filter(json!({"NOPE": 1}))).unwrap();
        assert_eq!(check.compare(&Page::default()).unwrap(), None);
    }
}
