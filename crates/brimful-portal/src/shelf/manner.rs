//! How a list method answers, as far as the catalogue knows.

use brimful_protocol::catalogue::{self, Paging, Shape};
use serde_json::{Map, Value as Json};

/// How the methods around some rows answer.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    /// The list method as documented, or as it was given.
    pub(super) name: String,
    pub(super) shape: Shape,
    /// The key of the result under which the rows are.
    pub(super) key: Option<&'static str>,
    /// The ID of a row.
    pub(super) id: String,
    pub(super) paging: Paging,
    /// Whether the list says how many rows there are.
    pub(super) total: bool,
}

impl Manner {
    /// What the catalogue says of `method`; a method that it does not know is a list of pages of 50 (not documented).
    pub(super) fn of(method: &str, rows: &[Map<String, Json>]) -> Self {
        let known = catalogue::find(method);
        let has = |name: &str| rows.iter().any(|row| row.contains_key(name));
        let id = known.and_then(|known| known.id).filter(|id| has(id));
        let id = id.or_else(|| ["ID", "id"].into_iter().find(|id| has(id)));
        let paging = known.map_or(Paging::Page, |known| known.paging);
        let shape = known.map_or(Shape::List, |known| known.shape);
        let key = match shape {
            Shape::Wrapped | Shape::Map => known.and_then(|known| known.key),
            _ => None,
        };
        Self {
            name: known.map_or(method, |known| known.name).to_owned(),
            shape: match (shape, key) {
                // Under a key that nobody knows rows cannot be put.
                (Shape::Wrapped, None) | (Shape::Object | Shape::Unknown | Shape::Scalar, _) => {
                    Shape::List
                }
                (shape, _) => shape,
            },
            key,
            id: id.unwrap_or("ID").to_owned(),
            paging,
            total: known.and_then(|known| known.total).unwrap_or(matches!(
                paging,
                Paging::Page | Paging::Controller | Paging::Offset
            )),
        }
    }

    /// Whether the methods are a controller's, which wrap what they return.
    pub(super) fn is_controller(&self) -> bool {
        self.key.is_some() || self.paging == Paging::Controller
    }

    /// The key of one row where methods wrap it: `order` beside the list `orders`.
    pub(super) fn singular(&self) -> String {
        let Some(key) = self.key else {
            let branch = self.name.rsplit_once('.').map_or("", |(branch, _)| branch);
            return branch.rsplit('.').next().unwrap_or_default().to_owned();
        };
        if let Some(stem) = key.strip_suffix("ies") {
            return format!("{stem}y");
        }
        for (plural, singular) in [("sses", "ss"), ("uses", "us"), ("xes", "x"), ("s", "")] {
            if let Some(stem) = key.strip_suffix(plural) {
                return format!("{stem}{singular}");
            }
        }
        key.to_owned()
    }

    /// What the catalogue says of the method beside the list that ends in `word`.
    pub(super) fn beside(&self, word: &str) -> Option<&'static catalogue::Method> {
        let (branch, _) = self.name.rsplit_once('.')?;
        catalogue::find(&format!("{branch}.{word}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_is_called_by_the_singular_of_their_key() {
        for (list, one) in [
            ("sale.order.list", "order"),
            ("catalog.storeproduct.list", "storeProduct"),
            ("crm.category.list", "category"),
            ("sale.status.list", "status"),
            ("booking.v1.booking.list", "booking"),
        ] {
            assert_eq!(Manner::of(list, &[]).singular(), one);
        }
    }
}
