//! The caller's own bounds on the ID, lifted out of the filter so that the lanes can work within them.

use serde_json::{Map, Value};

/// IDs in `(above, up_to]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Bounds {
    pub(crate) above: u64,
    pub(crate) up_to: Option<u64>,
}

impl Bounds {
    /// Takes `>ID`, `>=ID`, `<ID` and `<=ID` out of `filter`, where `id` is the filter's spelling of the ID. Other
    /// conditions on the ID (`ID`, `@ID`, `!ID`) stay: they do not collide with the lanes' own.
    pub(crate) fn lift(filter: &mut Map<String, Value>, id: &str) -> Result<Self, String> {
        let mut bounds = Self::default();
        for (prefix, below, step) in [
            (">=", false, 1),
            (">", false, 0),
            ("<=", true, 0),
            ("<", true, 1),
        ] {
            let name = format!("{prefix}{id}");
            let Some(key) = filter
                .keys()
                .find(|key| key.eq_ignore_ascii_case(&name))
                .cloned()
            else {
                continue;
            };
            let value = filter.shift_remove(&key).unwrap_or_default();
            let number = whole(&value)
                .ok_or_else(|| format!("the filter {key} is {value}, not a whole number"))?;
            let limit = u64::try_from(number.saturating_sub(step).max(0)).unwrap_or_default();
            if below {
                bounds.up_to = Some(bounds.up_to.map_or(limit, |up_to: u64| up_to.min(limit)));
            } else {
                bounds.above = bounds.above.max(limit);
            }
        }
        Ok(bounds)
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(n) => n.as_i64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lift(filter: Value) -> (Result<Bounds, String>, Value) {
        let Value::Object(mut filter) = filter else {
            unreachable!()
        };
        (Bounds::lift(&mut filter, "ID"), Value::Object(filter))
    }

    #[test]
    fn bounds_on_the_id_leave_the_filter_and_everything_else_stays() {
        let (bounds, rest) =
            lift(json!({">ID": "100", "<=ID": 200, "STAGE_ID": "NEW", "!ID": 150}));
        assert_eq!(
            bounds.unwrap(),
            Bounds {
                above: 100,
                up_to: Some(200)
            }
        );
        assert_eq!(rest, json!({"STAGE_ID": "NEW", "!ID": 150}));
    }

    #[test]
    fn the_tighter_of_two_bounds_holds() {
        let (bounds, _) = lift(json!({">ID": 10, ">=ID": 5, "<ID": 90, "<=ID": 100}));
        assert_eq!(
            bounds.unwrap(),
            Bounds {
                above: 10,
                up_to: Some(89)
            }
        );
    }

    #[test]
    fn a_bound_that_is_no_number_is_named() {
        let (bounds, _) = lift(json!({">ID": "x"}));
        assert_eq!(
            bounds.unwrap_err(),
            "the filter >ID is \"x\", not a whole number"
        );
    }

    #[test]
    fn bounds_beyond_all_ids_are_bounds_too() {
        let (bounds, _) = lift(json!({"<ID": i64::MIN, ">=ID": i64::MIN}));
        assert_eq!(
            bounds.unwrap(),
            Bounds {
                above: 0,
                up_to: Some(0)
            }
        );
    }
}
