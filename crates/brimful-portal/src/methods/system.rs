//! What the portal says about itself.

use std::borrow::Cow;

use brimful_protocol::{Array, Value, catalogue};

use super::params::legacy_error;
use crate::context::moment;
use crate::context::settings::{Rights, Scopes};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::USER;
use crate::data::fixtures::Api;
use crate::data::hash;
use crate::methods::method::{Handler, Method, read};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("", "user.admin", admin),
        read!("", "profile", profile),
        read!("", "app.info", app),
        read!("", "server.time", time),
        read!("", "methods", method_names),
        read!("", "scope", scope),
        read!("", "feature.get", feature),
        read!("", "method.get", method),
        read!("", "access.name", access_names),
        read!("user", "user.access", has_access),
    ]
    .into_iter()
}

/// `methods`
pub(crate) fn method_names(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let modelled = super::all().iter().map(|method| method.name.to_string());
    let served = state.fixtures.methods();
    let served = served.filter(|served| served.api == Api::Rest);
    let mut names: Vec<String> = modelled.chain(served.map(|served| served.name)).collect();
    names.sort_unstable();
    names.dedup();
    Ok(Output::value(&names.into_iter().collect::<Value>()))
}

/// `scope`: those of the caller; all there are with `full`.
pub(crate) fn scope(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let is_full = match call.params.get("full") {
        Some(Value::Text(text)) => !matches!(text.as_str(), "" | "0" | "N" | "false"),
        Some(other) => other.is_truthy(),
        None => false,
    };
    if let (false, Scopes::Only(scopes)) = (is_full, call.scopes) {
        let scopes = scopes.iter().map(String::as_str);
        return Ok(Output::value(&scopes.collect::<Value>()));
    }
    if is_full {
        return Ok(Output::value(&SCOPES.into_iter().collect::<Value>()));
    }
    // A caller without limits has the scopes of the methods that there are.
    let mut scopes: Vec<&str> = super::all()
        .iter()
        .map(|method| method.scope)
        .filter(|scope| !scope.is_empty())
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    Ok(Output::value(&scopes.into_iter().collect::<Value>()))
}

/// Every scope there is, sorted, as documented.
const SCOPES: [&str; 50] = [
    "ai_admin",
    "biconnector",
    "bizproc",
    "booking",
    "calendar",
    "call",
    "cashbox",
    "catalog",
    "contact_center",
    "crm",
    "delivery",
    "department",
    "disk",
    "documentgenerator",
    "entity",
    "humanresources",
    "humanresources.hcmlink",
    "im",
    "imbot",
    "imconnector",
    "imopenlines",
    "intranet",
    "landing",
    "lists",
    "log",
    "mailservice",
    "main",
    "messageservice",
    "mobile",
    "pay_system",
    "placement",
    "pull",
    "pull_channel",
    "rpa",
    "sale",
    "salescenter",
    "sign.b2e",
    "socialnetwork",
    "sonet_group",
    "task",
    "tasks_extended",
    "telephony",
    "timeman",
    "user",
    "user.userfield",
    "user_basic",
    "user_brief",
    "userconsent",
    "userfieldconfig",
    "vote",
];

/// `server.time`
pub(crate) fn time(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    Ok(Output::value(&Value::Text(moment::text(call.seconds()))))
}

/// `app.info`
pub(crate) fn app(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let mut map = Array::new();
    map.insert("ID", application_number(call));
    map.insert("CODE", call.application.unwrap_or("local.brimful"));
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

/// The number that the portal knows an application by: another for each.
fn application_number(call: &Call<'_>) -> i64 {
    const BELOW: u64 = 1_000_000;
    let number = call
        .application
        .map(|application| hash::salt(application) % BELOW);
    number.map_or(1, |number| number as i64 + 1)
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

/// `feature.get`: whether the tariff has something; here it has everything.
pub(crate) fn feature(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let code = call.params.get_ignoring_case("CODE").map(Value::to_text);
    if code.is_none_or(|code| code.is_empty()) {
        return Err(MethodError::new(400, "CODE_EMPTY", "CODE can't be empty"));
    }
    let value = Array::from_iter([("value", "Y")]);
    Ok(Output::value(&Value::Array(value)))
}

/// `method.get`: whether a method exists, and whether the caller's scopes let it run.
pub(crate) fn method(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let name = call.params.get_ignoring_case("name").map(Value::to_text);
    let name = name.unwrap_or_default().to_lowercase();
    let known = super::find(&name).map(|method| method.scope);
    let known = known.or_else(|| {
        let scope = catalogue::find(&name)?.scope;
        Some(if scope == "basic" { "" } else { scope })
    });
    let mut answer = Array::new();
    answer.insert("isExisting", known.is_some());
    answer.insert(
        "isAvailable",
        known.is_some_and(|scope| call.scopes.allow(scope)),
    );
    Ok(Output::value(&Value::Array(answer)))
}

/// The rights that `ACCESS` names: a list, or one.
fn rights(call: &Call<'_>) -> Vec<String> {
    match call.params.get_ignoring_case("ACCESS") {
        Some(Value::Array(rights)) => rights.values().map(Value::to_text).collect(),
        Some(one) => vec![one.to_text()],
        None => Vec::new(),
    }
}

/// `access.name`: what rights are called.
pub(crate) fn access_names(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let users = state.table(USER);
    let mut names = Array::new();
    for right in rights(call) {
        let user = right.strip_prefix('U').and_then(|id| id.parse().ok());
        let (provider, name, id) = match (right.as_str(), user.and_then(|id| users.get(id))) {
            ("G2", _) => ("", "Все посетители".to_owned(), "other"),
            ("AU", _) => ("", "Все авторизованные пользователи".to_owned(), "other"),
            (_, Some(row)) => {
                let text = |name: &str| {
                    let field = users.schema.legacy(name);
                    let cell = field.map_or(Cell::Null, |field| row.cell(field));
                    cell.to_text().unwrap_or_default()
                };
                let name = format!("{} {}", text("NAME"), text("LAST_NAME"));
                ("Пользователь", name.trim().to_owned(), "user")
            }
            _ => continue,
        };
        let mut about = Array::new();
        about.insert("provider", provider);
        about.insert("name", name);
        about.insert("provider_id", id);
        names.insert(right.as_str(), about);
    }
    Ok(Output::value(&Value::Array(names)))
}

/// `user.access`: whether the user who calls has one of these rights.
pub(crate) fn has_access(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let own = format!("U{}", call.user);
    let has = rights(call)
        .iter()
        .any(|right| right == "G2" || right == "AU" || *right == own);
    Ok(Output::value(&Value::Bool(has)))
}
