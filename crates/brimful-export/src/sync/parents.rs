//! Lists that a portal gives for one record at a time, such as the product rows of a deal: whose they are, how one is
//! asked for, and what it shows. Without I/O.

use brimful::protocol::rows::Page;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::entities::SyncEntity;
use crate::row::read_fields;

/// Which records the rows of an entity belong to, and how the rows of one are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ParentDescription {
    /// The entity of the records.
    pub(super) entity: &'static str,
    /// The fields in the filter of the records that say when one, or what belongs to it, has changed. A portal need not
    /// have those behind the first.
    pub(super) changed: &'static [&'static str],
    /// The parameter of the list of rows that names the record. A dot leads into an object: `filter.=ownerId`.
    pub(super) parameter: &'static str,
    /// The parameter that names the type of the record, where records of several types have such rows.
    pub(super) type_parameter: Option<(&'static str, TypeNames)>,
    /// The field of a row with the ID of its record. It is added to rows that lack it.
    pub(super) field: &'static str,
}

/// How a list calls the types of the CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TypeNames {
    /// `D`, `SI`, `T80`.
    Letters,
    /// `deal`, `smart_invoice`, `dynamic_128`.
    Words,
}

impl TypeNames {
    /// The name of the type with this `entityTypeId`; `None` if it has no such rows.
    pub(super) fn of(self, entity_type: u64) -> Option<String> {
        let (letters, word) = match entity_type {
            1 => ("L", "lead"),
            2 => ("D", "deal"),
            3 if self == Self::Words => ("C", "contact"),
            4 if self == Self::Words => ("CO", "company"),
            7 => ("Q", "quote"),
            31 => ("SI", "smart_invoice"),
            128.. => {
                return Some(match self {
                    Self::Letters => format!("T{entity_type:x}"),
                    Self::Words => format!("dynamic_{entity_type}"),
                });
            }
            _ => return None,
        };
        let name = match self {
            Self::Letters => letters,
            Self::Words => word,
        };
        Some(name.to_owned())
    }
}

/// The records that the rows of an entity belong to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parents {
    /// Their list.
    pub(crate) list: Box<SyncEntity>,
    pub(super) description: ParentDescription,
}

impl Parents {
    /// The fields by which records are found that have changed.
    pub(crate) fn changed(&self) -> &'static [&'static str] {
        self.description.changed
    }

    /// The field of a row with the ID of its record.
    pub(crate) fn field(&self) -> &'static str {
        self.description.field
    }

    /// The parameters of the list of the rows of a record, on top of those that all such lists have.
    pub(crate) fn params_of(
        &self,
        params: &Map<String, Value>,
        parent: u64,
        start: u64,
    ) -> Map<String, Value> {
        let mut params = params.clone();
        put(&mut params, self.description.parameter, json!(parent));
        if start > 0 {
            params.insert("start".to_owned(), json!(start));
        }
        params
    }
}

/// Sets a parameter, whose name may lead into an object.
pub(super) fn put(params: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        Some((outer, inner)) => {
            let object = params.entry(outer).or_insert_with(|| json!({}));
            if let Some(object) = object.as_object_mut() {
                object.insert(inner.to_owned(), value);
            }
        }
        None => {
            params.insert(name.to_owned(), value);
        }
    }
}

/// The rows of records, as a list of the entity has them.
#[derive(Debug, Default)]
pub(crate) struct ChildRows {
    rows: Vec<(Option<u64>, String)>,
    /// The record and the ID of each row.
    pub(crate) shown: Vec<(u64, u64)>,
}

impl ChildRows {
    /// The rows as a page.
    pub(crate) fn into_page(self) -> (Page, Vec<(u64, u64)>) {
        let mut shown = self.shown;
        shown.sort_unstable();
        (self.rows.into_iter().collect(), shown)
    }

    /// Takes the result of the list of a record, and returns how many rows it has. `key` leads to them, where they are
    /// not the result themselves.
    ///
    /// # Errors
    /// It has no rows of that record. The text says why.
    pub(crate) fn take(
        &mut self,
        result: &RawValue,
        key: Option<&str>,
        id_field: &str,
        (field, parent): (&str, u64),
    ) -> Result<u64, String> {
        let mut fields = Vec::new();
        let rows = rows_within(result.get(), key).map_err(|error| error.to_string())?;
        let count = rows.len() as u64;
        for row in rows {
            let json = row.get();
            read_fields(json, &mut fields).map_err(|error| error.to_string())?;
            let number = |name: &str| {
                let (_, json) = fields.iter().find(|(known, _)| known == name)?;
                json.trim_matches('"').parse::<u64>().ok()
            };
            let has_parent = fields.iter().any(|(name, _)| name == field);
            if has_parent && number(field) != Some(parent) {
                return Err(format!(
                    "the portal has sent a row of another record when asked for those of {parent}"
                ));
            }
            let id = number(id_field);
            self.shown.extend(id.map(|id| (parent, id)));
            let text = match json.strip_prefix('{').filter(|_| !has_parent) {
                Some(rest) if fields.is_empty() => format!("{{\"{field}\":{parent}{rest}"),
                Some(rest) => format!("{{\"{field}\":{parent},{rest}"),
                None => json.to_owned(),
            };
            self.rows.push((id, text));
        }
        Ok(count)
    }
}

/// The rows of a result. PHP writes an array without entries as a list, and one with keys as an object.
pub(super) fn rows_within<'r>(
    result: &'r str,
    key: Option<&str>,
) -> Result<Vec<&'r RawValue>, serde_json::Error> {
    let Some(key) = key else {
        return serde_json::from_str(result);
    };
    if result.trim() == "[]" {
        return Ok(Vec::new());
    }
    let mut parts: std::collections::HashMap<String, &RawValue> = serde_json::from_str(result)?;
    match parts.remove(key) {
        Some(rows) => serde_json::from_str(rows.get()),
        None => Ok(Vec::new()),
    }
}

/// Of pairs of records and IDs, which ascend, the IDs of one record.
pub(crate) fn children_of(pairs: &[(u64, u64)], parent: u64) -> impl Iterator<Item = u64> {
    let from = pairs.partition_point(|(of, _)| *of < parent);
    let rest = pairs.get(from..).unwrap_or_default();
    rest.iter()
        .take_while(move |(of, _)| *of == parent)
        .map(|(_, id)| *id)
}

/// The rows of `parents` that the store has and that were not shown. Pairs ascend.
pub(crate) fn children_not_shown(
    parents: &[u64],
    stored: &[(u64, u64)],
    shown: &[(u64, u64)],
) -> Vec<(u64, u64)> {
    let of_parents = parents
        .iter()
        .flat_map(|parent| children_of(stored, *parent).map(|id| (*parent, id)));
    of_parents
        .filter(|pair| shown.binary_search(pair).is_err())
        .collect()
}

/// The records of pairs, which ascend, each once.
pub(crate) fn parents_of(pairs: &[(u64, u64)]) -> Vec<u64> {
    let mut parents: Vec<u64> = pairs.iter().map(|(parent, _)| *parent).collect();
    parents.dedup();
    parents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn types_are_called_as_their_lists_call_them() {
        let names = |names: TypeNames| [2, 3, 31, 185, 14].map(|entity_type| names.of(entity_type));
        let texts = |names: [Option<&str>; 5]| names.map(|name| name.map(str::to_owned));
        assert_eq!(
            names(TypeNames::Letters),
            texts([Some("D"), None, Some("SI"), Some("Tb9"), None])
        );
        let words = [
            Some("deal"),
            Some("contact"),
            Some("smart_invoice"),
            Some("dynamic_185"),
            None,
        ];
        assert_eq!(names(TypeNames::Words), texts(words));
    }

    #[test]
    fn rows_get_the_id_of_their_record_where_they_lack_it() {
        let mut rows = ChildRows::default();
        let taken = rows.take(
            &raw(r#"{"list":[{"id":"7","a":1},{}]}"#),
            Some("list"),
            "id",
            ("taskId", 3),
        );
        assert_eq!(taken, Ok(2));
        assert_eq!(
            rows.take(
                &raw(r#"[{"id":8,"taskId":"4"}]"#),
                None,
                "id",
                ("taskId", 4)
            ),
            Ok(1)
        );
        assert_eq!(
            rows.take(&raw("[]"), Some("list"), "id", ("taskId", 5)),
            Ok(0)
        );
        let (page, shown) = rows.into_page();
        let texts: Vec<&str> = page.iter().map(|row| row.json).collect();
        assert_eq!(
            texts,
            [
                r#"{"taskId":3,"id":"7","a":1}"#,
                r#"{"taskId":3}"#,
                r#"{"id":8,"taskId":"4"}"#
            ]
        );
        assert_eq!(shown, [(3, 7), (4, 8)]);
    }

    #[test]
    fn rows_of_another_record_are_refused() {
        let mut rows = ChildRows::default();
        let result = raw(r#"[{"ID":"1","TASK_ID":"9"}]"#);
        let taken = rows.take(&result, None, "ID", ("TASK_ID", 3));
        assert!(taken.is_err_and(|why| why.contains("another record")));
    }

    #[test]
    fn rows_of_the_store_are_found_that_their_records_did_not_show() {
        let stored = [(1, 10), (1, 11), (2, 12), (3, 13)];
        let shown = [(1, 10), (2, 12), (4, 14)];
        assert_eq!(children_not_shown(&[1, 2, 4], &stored, &shown), [(1, 11)]);
        assert_eq!(parents_of(&stored), [1, 2, 3]);
        assert_eq!(children_of(&stored, 1).collect::<Vec<_>>(), [10, 11]);
    }
}
