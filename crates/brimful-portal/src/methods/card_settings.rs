//! `crm.*.details.configuration.*`: how the card of a record is laid out, for one user or for all.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::params::{legacy_error, missing};

/// The methods of this subject.
pub(super) fn methods() -> Vec<Method> {
    let mut methods = Vec::new();
    macro_rules! card {
        ($name:literal) => {
            methods.extend([
                read!("crm", concat!($name, ".details.configuration.get"), get),
                write!("crm", concat!($name, ".details.configuration.set"), set),
                write!("crm", concat!($name, ".details.configuration.reset"), reset),
                write!(
                    "crm",
                    concat!($name, ".details.configuration.forcecommonscopeforall"),
                    reset_for_all_users
                ),
            ]);
        };
    }
    card!("crm.lead");
    card!("crm.deal");
    card!("crm.contact");
    card!("crm.company");
    card!("crm.item");
    methods
}

/// Whose layout a call is about, and its name among the preferences.
fn place(call: &Call<'_>) -> (Option<u64>, String) {
    let text = |name: &str| {
        let value = call.params.get_ignoring_case(name);
        value.map(Value::to_text).unwrap_or_default()
    };
    let user = match text("scope").to_ascii_uppercase().as_str() {
        "C" => None,
        _ => Some(text("userId").parse().unwrap_or(call.user)),
    };
    let card = call.method.trim_end_matches(|letter| letter != '.');
    let mut name = format!("{card}{}", text("entityTypeId"));
    // Leads have two layouts, and deals one for each funnel.
    let extras = call
        .params
        .get_ignoring_case("extras")
        .and_then(Value::as_array);
    for extra in extras.into_iter().flat_map(Array::values) {
        name.push('.');
        name.push_str(&extra.to_text());
    }
    (user, name)
}

/// Refuses a call for items that does not say of which type they are.
fn check_type(call: &Call<'_>) -> Result<(), MethodError> {
    let is_of_items = call.method.starts_with("crm.item.");
    if is_of_items && call.text("entityTypeId").is_empty() {
        return Err(legacy_error("Parameter 'entityTypeId' is not defined"));
    }
    Ok(())
}

/// The layout; null if nobody has set one.
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_type(call)?;
    let (user, name) = place(call);
    let layout = state
        .preferences
        .get(&user)
        .and_then(|options| options.get(&name));
    Ok(Output::value(&layout.cloned().unwrap_or_default()))
}

/// Sets the layout: a list of sections.
pub(crate) fn set(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_type(call)?;
    let (user, name) = place(call);
    let data = call.params.get_ignoring_case("data");
    let data = data.filter(|data| data.as_array().is_some_and(|data| !data.is_empty()));
    let data = data.cloned().ok_or_else(|| missing("data"))?;
    state
        .preferences
        .entry(user)
        .or_default()
        .insert(name.as_str(), data);
    Ok(Output::value(&Value::Bool(true)))
}

/// Takes the layout back.
pub(crate) fn reset(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_type(call)?;
    let (user, name) = place(call);
    if let Some(options) = state.preferences.get_mut(&user) {
        options.remove(&name);
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// Takes the layouts of all users back, so that all have the common one.
pub(crate) fn reset_for_all_users(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    check_type(call)?;
    let (_, name) = place(call);
    for (user, options) in state.preferences.iter_mut() {
        if user.is_some() {
            options.remove(&name);
        }
    }
    Ok(Output::value(&Value::Bool(true)))
}
