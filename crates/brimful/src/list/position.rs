//! Where a page is, as each family of methods wants it said.

use serde_json::{Map, Value, json};

use super::strategy::ListCommand;

/// Rows of a page where the method does not take a number.
const PAGE: u64 = 50;
/// Rows of a page of REST 3.0.
const PAGE_OF_REST_3: u64 = 1000;

/// How a method is told which page to return, and the parameters around it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Position {
    /// `start`: the rows before the page.
    Start(Map<String, Value>),
    /// Positional parameters, in one of which `NAV_PARAMS` has the number of the page.
    NavParams {
        before: Vec<Value>,
        params: Map<String, Value>,
        after: Vec<Value>,
    },
    /// `LIMIT` and `OFFSET`, in the method's spelling, in the parameters themselves or inside of one.
    LimitOffset {
        params: Map<String, Value>,
        within: Option<String>,
        limit: (String, u64),
        offset: String,
    },
    /// `pagination` of REST 3.0.
    Pagination(Map<String, Value>),
    /// `page`: the number of the page.
    PageNumber(Map<String, Value>),
}

impl Position {
    /// Rows of a page, as far as the method lets that be known beforehand.
    pub(crate) fn page(&self) -> u64 {
        match self {
            Self::Start(_) | Self::NavParams { .. } | Self::PageNumber(_) => PAGE,
            Self::LimitOffset { limit, .. } => limit.1,
            Self::Pagination(_) => PAGE_OF_REST_3,
        }
    }

    /// Whether pages lie where the caller says, row by row: then the next one begins behind the rows that came.
    pub(crate) fn is_by_row(&self) -> bool {
        matches!(self, Self::LimitOffset { .. } | Self::Pagination(_))
    }

    /// The command for the page behind `offset` rows.
    pub(crate) fn command(&self, offset: u64) -> ListCommand {
        let params = match self {
            Self::Start(params) => {
                let mut params = params.clone();
                params.insert("start".to_owned(), json!(offset));
                Value::Object(params)
            }
            Self::NavParams {
                before,
                params,
                after,
            } => {
                let mut positions = before.clone();
                let mut params = params.clone();
                let nav = json!({"nPageSize": PAGE, "iNumPage": offset / PAGE + 1});
                params.insert("NAV_PARAMS".to_owned(), nav);
                positions.push(Value::Object(params));
                positions.extend(after.iter().cloned());
                Value::Array(positions)
            }
            Self::LimitOffset {
                params,
                within,
                limit: (limit_name, limit),
                offset: offset_name,
            } => {
                let mut params = params.clone();
                let place = match within {
                    None => Some(&mut params),
                    Some(name) => {
                        let inside = params
                            .entry(name.clone())
                            .or_insert_with(|| Value::Object(Map::new()));
                        inside.as_object_mut()
                    }
                };
                if let Some(place) = place {
                    place.insert(limit_name.clone(), json!(limit));
                    place.insert(offset_name.clone(), json!(offset));
                }
                Value::Object(params)
            }
            Self::Pagination(params) => {
                let mut params = params.clone();
                let pagination = json!({"limit": PAGE_OF_REST_3, "offset": offset});
                params.insert("pagination".to_owned(), pagination);
                Value::Object(params)
            }
            Self::PageNumber(params) => {
                let mut params = params.clone();
                params.insert("page".to_owned(), json!(offset / PAGE + 1));
                Value::Object(params)
            }
        };
        ListCommand { params }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn pages_of_older_task_methods_are_counted_from_one() {
        let position = Position::NavParams {
            before: vec![json!({"ID": "ASC"}), json!({})],
            params: Map::new(),
            after: vec![json!(["ID"])],
        };
        assert_eq!(
            position.command(100).params,
            json!([{"ID": "ASC"}, {}, {"NAV_PARAMS": {"nPageSize": 50, "iNumPage": 3}}, ["ID"]])
        );
    }

    #[test]
    fn pages_by_number_are_counted_from_one() {
        let position = Position::PageNumber(map(json!({"filter": {"active": "Y"}})));
        assert_eq!(
            position.command(100).params,
            json!({"filter": {"active": "Y"}, "page": 3})
        );
    }

    #[test]
    fn limit_and_offset_lie_where_the_method_wants_them() {
        let position = Position::LimitOffset {
            params: map(json!({"params": {"select": ["ID"]}})),
            within: Some("params".to_owned()),
            limit: ("limit".to_owned(), 50),
            offset: "offset".to_owned(),
        };
        assert_eq!(
            position.command(150).params,
            json!({"params": {"select": ["ID"], "limit": 50, "offset": 150}})
        );
    }
}
