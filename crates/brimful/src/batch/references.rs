//! References in parameters: which commands they name, and what they stand for once those have answered.
//!
//! A portal that cannot follow a reference runs the command anyway, with the parent of the missing value. So the
//! client evaluates references itself, and strictly: a value that is not there, is null, or is a list where an ID
//! belongs is not a value.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use brimful_protocol::Value as Php;
use brimful_protocol::catalogue;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::check;
use crate::check::reference_marks::{NAMES, taken_for_references};

/// A reference in a text, as it is written: `$result[label][field]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Written<'t> {
    /// Where it begins in the text.
    start: usize,
    /// All of it.
    text: &'t str,
    name: &'t str,
    /// What follows the name: `[label][field]`.
    path: &'t str,
    /// A portal reads it as it is written: it ends at white space or with the text, and its name has no capitals.
    plain: bool,
}

impl<'t> Written<'t> {
    /// The label of the command, and the steps into its result.
    fn steps(&self) -> impl Iterator<Item = &'t str> {
        self.path
            .split('[')
            .skip(1)
            .map(|step| step.trim_end_matches(']'))
    }

    fn label(&self) -> &'t str {
        self.steps().next().unwrap_or_default()
    }

    /// Reads one at the beginning of `from`, which has a `$` there.
    fn read(from: &'t str, start: usize) -> Option<Self> {
        let after = from.strip_prefix('$')?;
        let name = NAMES.iter().find_map(|name| {
            let written = after.get(..name.len())?;
            let is_it = written.eq_ignore_ascii_case(name) && after[name.len()..].starts_with('[');
            is_it.then_some(written)
        })?;
        let steps = &after[name.len()..];
        let mut length = 0;
        while let Some(inside) = steps[length..].strip_prefix('[') {
            let Some(end) = inside.find(']') else { break };
            let step = &inside[..end];
            if step.is_empty() || step.contains(|c: char| c == '[' || c.is_whitespace()) {
                break;
            }
            length += end + 2;
        }
        if length == 0 {
            return None;
        }
        let text = &from[..1 + name.len() + length];
        let ends = from[text.len()..]
            .chars()
            .next()
            .is_none_or(char::is_whitespace);
        Some(Self {
            start,
            text,
            name,
            path: &steps[..length],
            plain: ends && !name.contains(|c: char| c.is_ascii_uppercase()),
        })
    }
}

/// The references in a text.
fn in_text(text: &str) -> impl Iterator<Item = Written<'_>> {
    text.match_indices('$')
        .filter_map(|(start, _)| Written::read(&text[start..], start))
}

/// The labels that `params` refers to, wherever in them.
pub(crate) fn labels(params: &Value) -> HashSet<String> {
    let mut found = HashSet::new();
    collect(params, &mut found);
    found
}

fn collect(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::String(text) => found.extend(in_text(text).map(|one| one.label().to_owned())),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        // Keys are never substituted.
        Value::Object(fields) => fields.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// A text in `params` that a portal would take for a reference and that names no command: `$total due`.
pub(crate) fn nameless(params: &Value) -> Option<&str> {
    match params {
        Value::String(text) => taken_for_references(text)
            .any(|at| Written::read(&text[at..], at).is_none())
            .then_some(text),
        Value::Array(items) => items.iter().find_map(nameless),
        Value::Object(fields) => fields.values().find_map(nameless),
        _ => None,
    }
}

/// A name in `params` with a reference in it, which nobody replaces.
pub(crate) fn in_a_name(params: &Value) -> Option<&str> {
    match params {
        Value::Array(items) => items.iter().find_map(in_a_name),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let is_written = in_text(name).next().is_some();
            is_written
                .then_some(name.as_str())
                .or_else(|| in_a_name(value))
        }),
        _ => None,
    }
}

/// Whether a portal would replace anything in `params`, were they those of a command.
pub(crate) fn any(params: &Value) -> bool {
    match params {
        Value::String(text) => taken_for_references(text).next().is_some(),
        Value::Array(items) => items.iter().any(any),
        Value::Object(fields) => fields.values().any(any),
        _ => false,
    }
}

/// What commands have returned so far.
#[derive(Debug, Default)]
pub(crate) struct KnownResults(HashMap<Arc<str>, KnownResult>);

#[derive(Debug)]
struct KnownResult {
    result: Value,
    total: Option<u64>,
    next: Option<u64>,
}

/// Parameters whose references to known results are replaced by their values.
#[derive(Debug, PartialEq)]
pub(crate) struct Resolved {
    pub(crate) params: Value,
    /// Some results are not known yet. Their references are in the parameters as they were written.
    pub(crate) open: bool,
    /// A portal that has all the results would not read the references that are left as they are written.
    pub(crate) only_here: bool,
}

/// Why parameters cannot be resolved.
#[derive(Debug, PartialEq)]
pub(crate) enum Unresolved {
    /// A reference has no value that can stand in its place: which one, and what it finds.
    Empty(String),
    /// Only a portal can look a reference up.
    NotHere(String),
}

impl Unresolved {
    pub(crate) fn reason(self) -> String {
        match self {
            Self::Empty(reason) | Self::NotHere(reason) => reason,
        }
    }
}

impl KnownResults {
    pub(crate) fn has(&self, label: &str) -> bool {
        self.0.contains_key(label)
    }

    pub(crate) fn note(
        &mut self,
        label: &Arc<str>,
        result: &RawValue,
        total: Option<u64>,
        next: Option<u64>,
    ) {
        let known = KnownResult {
            result: serde_json::from_str(result.get()).unwrap_or_default(),
            total,
            next,
        };
        self.0.insert(Arc::clone(label), known);
    }

    /// The parameters of a call of `method`, with references to known results replaced by what they stand for.
    ///
    /// # Errors
    /// A reference has no value that can stand in its place.
    pub(crate) fn resolve(&self, method: &str, params: &Value) -> Result<Resolved, Unresolved> {
        let mut left = Left::default();
        let params = self.replaced(params, Place::top(method), &mut left)?;
        Ok(Resolved {
            params,
            open: left.open,
            only_here: left.only_here,
        })
    }

    fn replaced(
        &self,
        value: &Value,
        place: Place<'_>,
        left: &mut Left,
    ) -> Result<Value, Unresolved> {
        Ok(match value {
            Value::String(text) => self.text(text, place, left)?,
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.replaced(item, place.item(), left))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(key, value)| {
                        Ok((key.clone(), self.replaced(value, place.under(key), left)?))
                    })
                    .collect::<Result<_, Unresolved>>()?,
            ),
            other => other.clone(),
        })
    }

    fn text(&self, text: &str, place: Place<'_>, left: &mut Left) -> Result<Value, Unresolved> {
        let mut out = String::new();
        let mut end = 0;
        let (mut known, mut unknown) = (false, false);
        for reference in in_text(text) {
            if !self.has(reference.label()) {
                unknown = true;
                left.open = true;
                left.only_here |= !reference.plain;
                continue;
            }
            known = true;
            let found = self.found(&reference)?;
            if reference.text.len() == text.len() {
                place.takes(&found).map_err(|problem| {
                    Unresolved::Empty(format!("{} {problem}", reference.text))
                })?;
                return Ok(found);
            }
            out.push_str(&text[end..reference.start]);
            match found {
                Value::String(found) => out.push_str(&found),
                Value::Number(_) => out.push_str(&Php::from(found).to_text()),
                other => {
                    return Err(Unresolved::Empty(format!(
                        "{} is {}, and only a text or a number can stand inside of a longer text",
                        reference.text,
                        kind(&other)
                    )));
                }
            }
            end = reference.start + reference.text.len();
        }
        if unknown {
            left.only_here |= known;
            return Ok(text.into());
        }
        out.push_str(&text[end..]);
        let out = Value::from(out);
        if known {
            let taken = place.takes(&out);
            taken.map_err(|problem| Unresolved::Empty(format!("{text} {problem}")))?;
        }
        Ok(out)
    }

    /// What a reference to a known result finds.
    fn found(&self, reference: &Written<'_>) -> Result<Value, Unresolved> {
        let empty = |problem: String| Unresolved::Empty(format!("{} {problem}", reference.text));
        let mut steps = reference.steps();
        let label = steps.next().unwrap_or_default();
        let Some(known) = self.0.get(label) else {
            return Err(empty("finds nothing".to_owned()));
        };
        let (total, next) = (known.total.into(), known.next.into());
        let mut at = match reference.name.to_ascii_lowercase().as_str() {
            "result" => &known.result,
            "total" => &total,
            "next" => &next,
            other => {
                return Err(Unresolved::NotHere(format!(
                    "{} cannot be looked up: there are $result, $total and $next, and no ${other}",
                    reference.text
                )));
            }
        };
        for step in steps {
            let below = match at {
                Value::Object(fields) => fields.get(step),
                Value::Array(items) => step.parse().ok().and_then(|i: usize| items.get(i)),
                _ => None,
            };
            at = below.ok_or_else(|| {
                empty(format!(
                    "finds nothing: there is no [{step}] in what {label:?} returned"
                ))
            })?;
        }
        if at.is_null() {
            return Err(empty("is null".to_owned()));
        }
        Ok(at.clone())
    }
}

/// What is left of references.
#[derive(Debug, Default)]
struct Left {
    open: bool,
    only_here: bool,
}

/// Where in the parameters a value stands.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    /// How many names are above it.
    depth: usize,
    /// The last of them.
    name: &'a str,
    in_filter: bool,
    /// The method is a list, whose conditions may stand beside its other parameters: `user.get`, `department.get`.
    of_list: bool,
    method: Option<&'static catalogue::Method>,
}

impl Place<'_> {
    fn top(method: &str) -> Self {
        let method = catalogue::find(method);
        Self {
            depth: 0,
            name: "",
            in_filter: false,
            of_list: method.is_some_and(|method| method.list),
            method,
        }
    }

    fn under<'b>(&self, name: &'b str) -> Place<'b> {
        let filters = ["filter", "arfilter"];
        Place {
            depth: self.depth + 1,
            name,
            of_list: self.of_list,
            method: self.method,
            in_filter: self.in_filter
                || self.depth == 0 && filters.iter().any(|f| name.eq_ignore_ascii_case(f)),
        }
    }

    fn item(&self) -> Self {
        Place {
            depth: self.depth + 1,
            ..*self
        }
    }

    /// Whether it takes one ID: `id`, `=ID`, `taskId`, `CONTACT_ID`. To a portal a list or `true` in its place is the
    /// number 1, and so the first record.
    fn takes_an_id(&self) -> bool {
        let name = self
            .name
            .trim_start_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let own_field = name
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("uf"));
        let of_another = ["_ID", "_id", "Id", "ID"]
            .iter()
            .any(|end| name.ends_with(end));
        name.eq_ignore_ascii_case("id") || of_another && !own_field
    }

    /// Whether a value can stand here as a whole.
    fn takes(&self, value: &Value) -> Result<(), String> {
        let name = self.name;
        let condition = self.in_filter && self.depth > 1;
        let takes_several = condition || self.of_list;
        match value {
            Value::Null => Err("is null".to_owned()),
            Value::Array(items) if items.is_empty() => Err("is an empty list".to_owned()),
            Value::Object(fields) if fields.is_empty() => Err("is empty".to_owned()),
            Value::Array(items)
                if takes_several
                    && !items.iter().any(|item| item.is_array() || item.is_object()) =>
            {
                Ok(())
            }
            Value::Array(_) | Value::Object(_) if condition => Err(format!(
                "is {}, and the condition {name} takes a value",
                kind(value)
            )),
            Value::Array(_) | Value::Object(_) | Value::Bool(_) if self.takes_an_id() => {
                Err(format!("is {}, and {name} takes an ID", kind(value)))
            }
            Value::String(text) if text.is_empty() && self.depth == 1 && self.takes_an_id() => {
                Err(format!("is an empty text, and {name} takes an ID"))
            }
            // To a portal a date is the number that it begins with.
            Value::String(_) | Value::Number(_) if self.depth == 1 => match self.method {
                Some(method) if !check::is_id_for(method, name, value) => {
                    Err(format!("is {value}, and {name} takes the number of an ID"))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(label: &str, result: &Value) -> KnownResults {
        let mut known = KnownResults::default();
        let raw = serde_json::value::to_raw_value(result).unwrap();
        known.note(&label.into(), &raw, Some(7), None);
        known
    }

    #[test]
    fn a_reference_in_a_name_is_found_wherever_it_stands() {
        for (params, name) in [
            (json!({"f": {"$result[a][ID]": 1}}), Some("$result[a][ID]")),
            (json!({"f": [{"x $total[a]": 1}]}), Some("x $total[a]")),
            (json!({"f": "$result[a][ID]", "$result": 1}), None),
        ] {
            assert_eq!(in_a_name(&params), name, "{params}");
        }
    }

    #[test]
    fn a_reference_to_a_known_result_is_replaced_with_its_type() {
        let known = known("lead", &json!({"ID": "5", "TAGS": [1, 2]}));
        let params = json!({
            "id": "$result[lead][ID]",
            "tags": "$result[lead][TAGS]",
            "count": "$total[lead]",
            "text": "no. $result[lead][ID] of many",
            "other": "$result[contact]",
        });
        assert_eq!(
            known.resolve("crm.lead.add", &params).unwrap().params,
            json!({"id": "5", "tags": [1, 2], "count": 7, "text": "no. 5 of many", "other": "$result[contact]"})
        );
    }

    #[test]
    fn a_text_that_mixes_known_and_unknown_results_is_left_to_the_client() {
        let known = known("lead", &json!(5));
        let resolved = known
            .resolve("crm.lead.add", &json!("$result[lead] $result[contact]"))
            .unwrap();
        assert!(resolved.open && resolved.only_here, "{resolved:?}");
    }

    #[test]
    fn a_reference_ends_with_its_brackets_and_not_with_the_word() {
        let known = known("a", &json!({"ID": 5, "12": {"x": 1.5}}));
        let params = json!([
            "[contact=$result[a][ID]]",
            "$result[a][ID]-$total[a],",
            "$Result[a][12][x]"
        ]);
        let resolved = known.resolve("crm.lead.add", &params).unwrap();
        assert_eq!(resolved.params, json!(["[contact=5]", "5-7,", 1.5]));
        // A portal takes all up to the next white space for the reference.
        for (text, only_here) in [
            ("[contact=$result[b]]", true),
            ("$Result[b]", true),
            ("no. $result[b][0] there", false),
        ] {
            let resolved = known.resolve("crm.lead.add", &json!(text)).unwrap();
            assert!(resolved.open, "{text}");
            assert_eq!(resolved.only_here, only_here, "{text}");
        }
    }

    #[test]
    fn a_reference_without_a_usable_value_is_named_with_what_it_finds() {
        let known = known(
            "a",
            &json!({"NULL": null, "LIST": [7], "NONE": [], "YES": true, "EMPTY": "", "ROW": {"ID": "5"}}),
        );
        for (params, reason) in [
            (
                json!({"id": "$result[a][GONE]"}),
                "$result[a][GONE] finds nothing: there is no [GONE] in what \"a\" returned",
            ),
            (json!({"id": "$result[a][ROW][ID][0]"}), "there is no [0]"),
            (json!({"id": "$result[a][LIST][1]"}), "there is no [1]"),
            (
                json!({"fields": {"X": "$result[a][NULL]"}}),
                "$result[a][NULL] is null",
            ),
            (
                json!({"fields": {"X": "$result[a][NONE]"}}),
                "is an empty list",
            ),
            (
                json!({"fields": {"CONTACT_ID": "$result[a]"}}),
                "$result[a] is an object, and CONTACT_ID takes an ID",
            ),
            (
                json!({"taskId": "$result[a][LIST]"}),
                "is a list, and taskId takes an ID",
            ),
            (
                json!({"id": "$result[a][YES]"}),
                "is true, and id takes an ID",
            ),
            (
                json!({"ID": "$result[a][EMPTY]"}),
                "is an empty text, and ID takes an ID",
            ),
            (
                json!({"filter": {"TITLE": "$result[a][ROW]"}}),
                "is an object, and the condition TITLE takes a value",
            ),
            (
                json!({"text": "no. $result[a][LIST]"}),
                "is a list, and only a text or a number",
            ),
            (
                json!({"text": "no. $result[a][NULL]"}),
                "$result[a][NULL] is null",
            ),
            (json!({"start": "$next[a]"}), "$next[a] is null"),
        ] {
            let said = known.resolve("crm.lead.add", &params).unwrap_err().reason();
            assert!(said.contains(reason), "{params}: {said}");
        }
        let sound = json!({
            "filter": {"@ID": "$result[a][LIST]", "=X": "$result[a][EMPTY]"},
            "fields": {"COMPANY_ID": "$result[a][EMPTY]", "ON": "$result[a][YES]", "ALL": "$result[a][LIST]"},
        });
        assert!(known.resolve("crm.lead.add", &sound).is_ok());
        let several = json!({"ID": "$result[a][LIST]"});
        assert!(known.resolve("department.get", &several).is_ok());
        assert!(known.resolve("crm.lead.get", &several).is_err());
    }

    #[test]
    fn labels_are_found_wherever_they_stand() {
        let params = json!({"a": ["$result[x][0]"], "b": {"c": "to $Total[y] and $next[z]"}, "$result[key]": 1, "d": "$5 [no]"});
        let mut found: Vec<String> = labels(&params).into_iter().collect();
        found.sort();
        assert_eq!(found, ["x", "y", "z"]);
    }

    #[test]
    fn a_text_that_only_a_portal_takes_for_a_reference_is_named() {
        for text in [
            "the $total due",
            "$result",
            "$results[a]",
            "$result[]",
            "$result[a b]",
        ] {
            assert_eq!(nameless(&json!([text])), Some(text));
        }
        assert_eq!(
            nameless(&json!(["$5", "$result[a]", "x$result[a][b]]"])),
            None
        );
    }
}
