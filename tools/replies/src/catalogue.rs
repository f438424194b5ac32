//! What is known of methods: their names in the names of files, and the shapes of their results.

use brimful_protocol::catalogue::{self, Method, Shape};
use serde_json::Value as Json;

/// The entry of a method.
pub(crate) fn find(method: &str) -> Option<&'static Method> {
    catalogue::find(method)
}

/// Whether only REST 3.0 has the method.
pub(crate) fn is_rest_3(method: &str) -> bool {
    find(method).is_some_and(|known| known.rest == 3)
}

/// The method that a file is named after: the longest whose name begins the file's, dots for underscores.
pub(crate) fn named<'m>(file: &str, modelled: &'m [String]) -> Option<&'m str> {
    let file = format!("{}_", file.to_ascii_lowercase());
    let begins = |method: &&str| {
        let name = method.to_ascii_lowercase().replace('.', "_");
        name.contains('_') && file.starts_with(&format!("{name}_"))
    };
    let documented = catalogue::all().iter().map(|known| known.name);
    let modelled = modelled.iter().map(String::as_str);
    documented
        .chain(modelled)
        .filter(begins)
        .max_by_key(|method| method.len())
}

/// The method that returns results like this, where one is likelier than all others.
pub(crate) fn shaped(result: &Json, has_total: bool) -> Option<&'static str> {
    match result {
        Json::Array(rows) => match rows.first() {
            None if has_total => Some("crm.lead.list"),
            Some(row) if has_keys(row, &["NAME", "SORT", "STATUS_ID"]) => {
                Some("crm.status.entity.items")
            }
            Some(row) if has_keys(row, &["CONTACT_ID", "SORT", "ROLE_ID", "IS_PRIMARY"]) => {
                Some("crm.deal.contact.items.get")
            }
            Some(row) if has_total && has_keys(row, &["ID"]) => Some("crm.lead.list"),
            _ => None,
        },
        Json::Object(map) => {
            if map.contains_key("item") {
                return Some("crm.item.get");
            }
            if map.contains_key("ID") {
                return Some("crm.lead.get");
            }
            let (key, Json::Array(_)) = map.iter().next().filter(|_| map.len() == 1)? else {
                return None;
            };
            // Several lists put their rows under `items`.
            let likelier = (key == "items").then_some("crm.item.list");
            let wraps = |known: &&Method| {
                known.rest == 2
                    && known.shape == Shape::Wrapped
                    && known.key == Some(key.as_str())
                    && known.name.rsplit('.').next() == Some("list")
            };
            likelier.or_else(|| Some(catalogue::all().iter().find(wraps)?.name))
        }
        _ => None,
    }
}

fn has_keys(row: &Json, keys: &[&str]) -> bool {
    keys.iter().all(|key| row.get(key).is_some())
}
