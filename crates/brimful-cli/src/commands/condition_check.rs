//! Compares the first rows of a list with the conditions that they were asked for by. A portal passes conditions over that
//! a method doesn't have, and where no method names the fields of the list, its rows are all that tells.

use brimful::{Error, Page};
use brimful_protocol::list_fields;
use serde_json::{Map, Value};

/// Conditions of equality in the filter of a list whose fields cannot be asked for.
#[derive(Debug)]
pub(crate) struct ConditionCheck {
    method: String,
    conditions: Vec<(String, String)>,
    /// Whether rows have all their fields, so that a name that none has is no field.
    has_all_fields: bool,
}

impl ConditionCheck {
    /// `None` where the names of the filter are checked against the portal's fields, or nothing can be told.
    pub(crate) fn new(method: &str, params: &Value) -> Option<Self> {
        if list_fields::find(method).is_some() {
            return None;
        }
        let params = params.as_object()?;
        let named = |end: &str| {
            let found = params
                .iter()
                .find(|(name, _)| name.to_ascii_lowercase().ends_with(end));
            found.map(|(_, value)| value)
        };
        let conditions: Vec<(String, String)> = named("filter")?
            .as_object()?
            .iter()
            .filter_map(|(key, value)| {
                let name = key.strip_prefix('=').unwrap_or(key);
                let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                let value =
                    text(value).filter(|value| !value.is_empty() && !value.contains('%'))?;
                is_plain.then(|| (name.to_owned(), value))
            })
            .collect();
        (!conditions.is_empty()).then(|| Self {
            method: method.to_owned(),
            conditions,
            has_all_fields: named("select").is_none(),
        })
    }

    /// What is to be warned of once these rows have come: names that none of them has.
    ///
    /// # Errors
    /// A row does not meet a condition.
    pub(crate) fn compare(&self, page: &Page) -> Result<Option<String>, Error> {
        let rows: Vec<Map<String, Value>> =
            page.iter().filter_map(|row| row.parse().ok()).collect();
        let mut unknown = Vec::new();
        for (name, wanted) in &self.conditions {
            let mut is_known = false;
            for row in &rows {
                let Some((field, value)) = row.iter().find(|(field, _)| is_same(field, name))
                else {
                    continue;
                };
                is_known = true;
                if !may_meet(value, wanted) {
                    let meant = if field == name {
                        String::new()
                    } else {
                        format!(" (did you mean {field}?)")
                    };
                    return Err(Error::config(format!(
                        "{}: the filter has {name}={wanted}, and a row came with {field} {value}, so the portal passes the \
                         condition over{meant}. With --no-check the rows are taken as they come",
                        self.method
                    )));
                }
            }
            if !is_known && self.has_all_fields && !rows.is_empty() {
                unknown.push(name.as_str());
            }
        }
        Ok((!unknown.is_empty()).then(|| {
            format!(
                "no row of {} has {}: if the method has no such condition, the portal has passed it over, and these are \
                 rows that do not meet it",
                self.method,
                unknown.join(" or ")
            )
        }))
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
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
    if is_flag(&found) || is_flag(wanted) || is_moment(&found) || is_moment(wanted) {
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

    fn compared(filter: &Value, row: &Value) -> Result<Option<String>, String> {
        let params = json!({ "filter": filter });
        let check = ConditionCheck::new("sonet_group.get", &params).unwrap();
        let page: Page = [(Some(1), row.to_string())].into_iter().collect();
        check.compare(&page).map_err(|error| error.to_string())
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
        ] {
            assert_eq!(compared(&filter, &row), Ok(None), "{filter}");
        }
    }

    #[test]
    fn a_name_that_no_row_has_is_warned_of() {
        let row = json!({"ID": "7", "NAME": "Sales"});
        let said = compared(&json!({"NOPE": 1}), &row).unwrap().unwrap();
        assert!(
            said.starts_with("no row of sonet_group.get has NOPE"),
            "{said}"
        );
        let params = json!({"filter": {"NOPE": 1}, "select": ["ID"]});
        let check = ConditionCheck::new("sonet_group.get", &params).unwrap();
        let page: Page = [(Some(7), row.to_string())].into_iter().collect();
        assert_eq!(check.compare(&page).unwrap(), None);
    }

    #[test]
    fn lists_whose_fields_are_checked_and_conditions_that_say_nothing_are_left_alone() {
        let filter = |filter: Value| json!({ "filter": filter });
        assert!(ConditionCheck::new("crm.deal.list", &filter(json!({"NOPE": 1}))).is_none());
        for nothing in [
            json!({">ID": 5}),
            json!({"NAME": ""}),
            json!({"%NAME": "a"}),
            json!([]),
        ] {
            assert!(ConditionCheck::new("sonet_group.get", &filter(nothing)).is_none());
        }
        assert!(ConditionCheck::new("sonet_group.get", &json!({})).is_none());
    }
}
