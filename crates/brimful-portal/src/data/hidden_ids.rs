//! Which rows are hidden, looked up in the data, and how they are taken out of lists.

use std::ops::RangeInclusive;

use brimful_protocol::{Array, Value};

use crate::context::hidden_rows::HiddenRows;
use crate::context::{Call, MethodError, Output};
use crate::data::{DataError, PortalData, records};

/// [`HiddenRows`] with their names looked up in a portal's data.
#[derive(Debug, Default)]
pub(crate) struct HiddenIds {
    spec: HiddenRows,
    rules: Vec<(HiddenFrom, RangeInclusive<u64>)>,
}

/// Which lists a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum HiddenFrom {
    Every,
    Entity(usize),
    Method(String),
}

impl HiddenIds {
    /// Looks the names of `spec` up in `state`; fails if there is no such entity and no such method.
    pub(crate) fn new(spec: HiddenRows, state: &PortalData) -> Result<Self, DataError> {
        let target = |of: &Option<String>| match of {
            None => Ok(HiddenFrom::Every),
            Some(name) => match state.place(name) {
                Some(entity) => Ok(HiddenFrom::Entity(entity)),
                None if state.fixtures.serves(name) || records::listed(name).is_some() => {
                    Ok(HiddenFrom::Method(name.to_ascii_lowercase()))
                }
                None => Err(DataError::UnknownEntity(name.clone())),
            },
        };
        let rules = spec
            .rules
            .iter()
            .map(|rule| Ok((target(&rule.of)?, rule.ids.clone())))
            .collect::<Result<_, DataError>>()?;
        Ok(Self { spec, rules })
    }

    /// What was asked for.
    pub(crate) fn spec(&self) -> &HiddenRows {
        &self.spec
    }

    /// Takes the hidden rows out of what `call` returned.
    pub(crate) fn apply(
        &self,
        state: &PortalData,
        call: &Call<'_>,
        output: Output,
    ) -> Result<Output, MethodError> {
        if self.rules.is_empty() {
            return Ok(output);
        }
        let entity = state.entity_of_call(&call.method, &call.params);
        let of_call = |target: &HiddenFrom| match target {
            HiddenFrom::Every => true,
            HiddenFrom::Entity(place) => entity == Some(*place),
            HiddenFrom::Method(name) => name.strip_prefix("api/").unwrap_or(name) == call.method,
        };
        let ranges: Vec<_> = self.rules.iter().filter(|(of, _)| of_call(of)).collect();
        let is_hidden = |id: u64| ranges.iter().any(|(_, ids)| ids.contains(&id));
        if ranges.is_empty() {
            return Ok(output);
        }
        if call.method.rsplit('.').next() == Some("get") && !output.is_list() {
            let named = ["id", "taskId"].map(|name| call.params.get_ignoring_case(name));
            let id = named.into_iter().flatten().next().map(Value::to_int);
            let id = id.and_then(|id| u64::try_from(id).ok());
            return if id.is_some_and(is_hidden) {
                // Of tasks that the caller may not see nothing comes, and no error.
                match &*call.method {
                    "tasks.task.get" => Ok(Output::value(&Value::Array(Array::new()))),
                    method => Err(access_denied(method)),
                }
            } else {
                Ok(output)
            };
        }
        Ok(output.without_rows(|_, id| id.is_some_and(is_hidden)))
    }

    /// Whether callers may not see the row `id` of an entity.
    pub(crate) fn contains(&self, entity: usize, id: u64) -> bool {
        let is_of =
            |of: &HiddenFrom| matches!(of, HiddenFrom::Every) || *of == HiddenFrom::Entity(entity);
        let mut rules = self.rules.iter();
        rules.any(|(of, ids)| is_of(of) && ids.contains(&id))
    }
}

/// The refusal of a `get`: controllers have a code for it, older methods have none.
fn access_denied(method: &str) -> MethodError {
    if method.starts_with("crm.item.") {
        MethodError::new(400, "ACCESS_DENIED", "Access denied")
    } else {
        MethodError::new(400, "", "Access denied.")
    }
}
