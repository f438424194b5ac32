//! Several pages of one result, joined to one: lists one after the other, whatever stands around them as in the first.

use indexmap::IndexMap;
use serde_json::value::{RawValue, to_raw_value};

/// The rows of a result, and what stands around them.
#[derive(Debug)]
pub(crate) struct JoinedPages {
    rows: Vec<Box<RawValue>>,
    around: Option<EnclosingObjects>,
}

/// An object with the rows under one of its keys.
#[derive(Debug)]
struct EnclosingObjects {
    object: IndexMap<String, Box<RawValue>>,
    key: String,
}

impl JoinedPages {
    /// The first page; `None` if it is neither a list nor an object with exactly one list in it.
    pub(crate) fn new(page: &RawValue) -> Option<Self> {
        if let Ok(rows) = serde_json::from_str(page.get()) {
            return Some(Self { rows, around: None });
        }
        let mut object: IndexMap<String, Box<RawValue>> = serde_json::from_str(page.get()).ok()?;
        let mut lists = object
            .iter()
            .filter(|(_, value)| value.get().starts_with('['))
            .map(|(key, _)| key.clone());
        let key = lists.next()?;
        if lists.next().is_some() {
            return None;
        }
        let rows = serde_json::from_str(object.get(&key)?.get()).ok()?;
        object.insert(key.clone(), RawValue::NULL.to_owned());
        Some(Self {
            rows,
            around: Some(EnclosingObjects { object, key }),
        })
    }

    /// Adds another page; `false` if it has another shape than the first.
    pub(crate) fn add(&mut self, page: &RawValue) -> bool {
        let rows: Option<Vec<Box<RawValue>>> = match &self.around {
            None => serde_json::from_str(page.get()).ok(),
            Some(EnclosingObjects { key, .. }) => {
                let object: Option<IndexMap<String, Box<RawValue>>> =
                    serde_json::from_str(page.get()).ok();
                object.and_then(|object| serde_json::from_str(object.get(key)?.get()).ok())
            }
        };
        match rows {
            Some(rows) => {
                self.rows.extend(rows);
                true
            }
            None => false,
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The joined result.
    pub(crate) fn finish(self) -> Option<Box<RawValue>> {
        let rows = to_raw_value(&self.rows).ok()?;
        match self.around {
            None => Some(rows),
            Some(EnclosingObjects { mut object, key }) => {
                object.insert(key, rows);
                to_raw_value(&object).ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn lists_follow_each_other() {
        let mut joined = JoinedPages::new(&raw(r#"[{"ID":"1"},{"ID":"2"}]"#)).unwrap();
        assert!(joined.add(&raw(r#"[{"ID":"3"}]"#)));
        assert!(!joined.add(&raw(r#"{"items":[]}"#)));
        assert_eq!(
            joined.finish().unwrap().get(),
            r#"[{"ID":"1"},{"ID":"2"},{"ID":"3"}]"#
        );
    }

    #[test]
    fn what_stands_around_the_rows_stays() {
        let mut joined = JoinedPages::new(&raw(r#"{"owner":7,"items":[1,2]}"#)).unwrap();
        assert!(joined.add(&raw(r#"{"owner":7,"items":[3]}"#)));
        assert_eq!(
            joined.finish().unwrap().get(),
            r#"{"owner":7,"items":[1,2,3]}"#
        );
    }

    #[test]
    fn what_is_not_a_list_is_not_joined() {
        assert!(JoinedPages::new(&raw("7")).is_none());
        assert!(JoinedPages::new(&raw(r#"{"a":[],"b":[]}"#)).is_none());
    }
}
