//! `app.option.*` and `user.option.*`: settings that an application keeps, for all users and for one.

use std::borrow::Cow;

use brimful_protocol::Value;

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("", "app.option.get", get_for_all),
        write!("", "app.option.set", set_for_all),
        read!("", "user.option.get", get_for_user),
        write!("", "user.option.set", set_for_user),
    ]
    .into_iter()
}

/// `app.option.get`: all settings, or one.
pub(crate) fn get_for_all(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    Ok(get(state, None, call))
}

/// `user.option.get`: all settings, or one.
pub(crate) fn get_for_user(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    Ok(get(state, Some(call.user), call))
}

/// `app.option.set`
pub(crate) fn set_for_all(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    set(state, None, call)
}

/// `user.option.set`
pub(crate) fn set_for_user(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    set(state, Some(call.user), call)
}

fn get(state: &PortalData, user: Option<u64>, call: &Call<'_>) -> Output {
    let options = state.options.get(&user);
    let name = call.params.get_ignoring_case("option").map(Value::to_text);
    match name.filter(|name| !name.is_empty()) {
        Some(name) => {
            let value = options.and_then(|options| options.get(&name)).cloned();
            Output::value(&value.unwrap_or_else(|| "".into()))
        }
        None => Output::value(&Value::Array(options.cloned().unwrap_or_default())),
    }
}

fn set(state: &mut PortalData, user: Option<u64>, call: &Call<'_>) -> Result<Output, MethodError> {
    let given = call.params.get_ignoring_case("options");
    let given = given
        .and_then(Value::as_array)
        .filter(|given| !given.is_empty());
    let given =
        given.ok_or_else(|| MethodError::new(400, "ArgumentNullException", "options is empty"))?;
    let options = state.options.entry(user).or_default();
    for (name, value) in given.iter() {
        options.insert(name.to_text().as_str(), value.clone());
    }
    Ok(Output::value(&Value::Bool(true)))
}
