//! Rows on their way into a table.

use serde_json::{Map, Value as Json};

/// Rows that a portal is to have. Each is kept as its JSON until a table takes it: as maps, a million rows of twelve
/// fields would take two gigabytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadedRows(Vec<Box<str>>);

impl LoadedRows {
    /// Adds a row at the end.
    pub fn push(&mut self, row: &Map<String, Json>) {
        // Only maps with keys that are not texts can't be written, and there are none.
        let json = serde_json::to_string(row).unwrap_or_default();
        self.0.push(json.into());
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn to_maps(&self) -> Vec<Map<String, Json>> {
        self.0.iter().map(|json| map_of(json)).collect()
    }
}

fn map_of(json: &str) -> Map<String, Json> {
    // It was written from a map.
    serde_json::from_str(json).unwrap_or_default()
}

impl From<Vec<Map<String, Json>>> for LoadedRows {
    fn from(rows: Vec<Map<String, Json>>) -> Self {
        rows.into_iter().collect()
    }
}

impl FromIterator<Map<String, Json>> for LoadedRows {
    fn from_iter<I: IntoIterator<Item = Map<String, Json>>>(rows: I) -> Self {
        let mut loaded = Self::default();
        for row in rows {
            loaded.push(&row);
        }
        loaded
    }
}

impl IntoIterator for LoadedRows {
    type Item = Map<String, Json>;
    type IntoIter = std::iter::Map<std::vec::IntoIter<Box<str>>, fn(Box<str>) -> Map<String, Json>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|json| map_of(&json))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_come_back_as_they_were_given() {
        let Json::Object(row) = json!({
            "ID": "7", "TITLE": "Ж \"1\"\u{0}", "OPPORTUNITY": 9_007_199_254_740_993_u64, "SHARE": 0.1, "PHONE": [{"VALUE": null}]
        }) else {
            panic!("a row is an object");
        };
        let mut loaded = LoadedRows::from(vec![row.clone()]);
        loaded.push(&Map::new());
        assert_eq!(loaded.len(), 2);
        assert_eq!(loaded.to_maps(), [row.clone(), Map::new()]);
        assert_eq!(loaded.into_iter().collect::<Vec<_>>(), [row, Map::new()]);
    }
}
