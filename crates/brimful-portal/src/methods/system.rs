//! What the portal says about itself.

use brimful_protocol::{Array, Value};

use super::params::legacy_error;
use crate::context::moment;
use crate::context::settings::Rights;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::USER;
use crate::data::fixtures::Api;

/// `methods`
pub(crate) fn methods(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let modelled = super::all().iter().map(|method| method.name.to_owned());
    let served = state.fixtures.methods();
    let served = served.filter(|served| served.api == Api::Rest);
    let mut names: Vec<String> = modelled.chain(served.map(|served| served.name)).collect();
    names.sort_unstable();
    names.dedup();
    Ok(Output::value(&names.into_iter().collect::<Value>()))
}

/// `scope`
pub(crate) fn scope(_: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let mut scopes: Vec<&str> = super::all()
        .iter()
        .map(|method| method.scope)
        .filter(|scope| !scope.is_empty())
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    Ok(Output::value(&scopes.into_iter().collect::<Value>()))
}

/// `server.time`
pub(crate) fn time(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    Ok(Output::value(&Value::Text(moment::text(call.seconds()))))
}

/// `app.info`
pub(crate) fn app(_: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let mut map = Array::new();
    map.insert("ID", "1");
    map.insert("CODE", "local.brimful");
    map.insert("VERSION", 1);
    map.insert("STATUS", "L");
    map.insert("INSTALLED", true);
    map.insert("PAYMENT_EXPIRED", "N");
    map.insert("DAYS", Value::Null);
    map.insert("LANGUAGE_ID", "ru");
    map.insert("LICENSE", "ru_ent250");
    map.insert("LICENSE_TYPE", "ent250");
    map.insert("LICENSE_FAMILY", "ent");
    Ok(Output::value(&Value::Array(map)))
}

/// `profile`
pub(crate) fn profile(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(USER);
    let row = table
        .get(call.user)
        .ok_or_else(|| legacy_error("User not found"))?;
    let text = |name: &str| {
        let cell = table
            .schema
            .legacy(name)
            .map_or(Cell::Null, |at| row.cell(at));
        cell.to_text().unwrap_or_default()
    };
    let mut map = Array::new();
    map.insert("ID", call.user.to_string());
    map.insert("ADMIN", call.rights == Rights::All);
    for name in [
        "NAME",
        "LAST_NAME",
        "PERSONAL_GENDER",
        "PERSONAL_PHOTO",
        "TIME_ZONE",
    ] {
        map.insert(name, text(name));
    }
    map.insert("TIME_ZONE_OFFSET", 0);
    Ok(Output::value(&Value::Array(map)))
}

/// `user.admin`
pub(crate) fn admin(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    Ok(Output::value(&Value::Bool(call.rights == Rights::All)))
}
