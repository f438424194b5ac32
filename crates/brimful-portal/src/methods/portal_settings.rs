//! Settings that one method reads and another writes: those of the portal and those of a user.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::methods::method::{Handler, Method};

/// Settings of one kind.
struct Settings {
    scope: &'static str,
    get: &'static str,
    set: &'static str,
    /// The parameter that has them; empty if they are parameters themselves.
    param: &'static str,
    /// Whether each user has some of his own.
    of_user: bool,
    /// Whether those that are given take the place of all that there were.
    whole: bool,
    /// What they are at first, as JSON.
    usual: &'static str,
    /// How a call without them is refused: code and text.
    missing: (&'static str, &'static str),
    /// What is answered to a call that writes them, as JSON.
    written: &'static str,
}

const SETTINGS: &[Settings] = &[
    Settings {
        scope: "calendar",
        get: "calendar.user.settings.get",
        set: "calendar.user.settings.set",
        param: "settings",
        of_user: true,
        whole: false,
        usual: r#"{"view":"month","meetSection":"1","crmSection":"1","showDeclined":false,"denyBusyInvitation":false,"collapseOffHours":"Y","showWeekNumbers":"N","showTasks":"Y","syncTasks":"N","showCompletedTasks":"N","lastUsedSection":"false","sendFromEmail":"","defaultSections":[],"syncPeriodPast":"3","syncPeriodFuture":"12","defaultReminders":[],"timezoneName":"Europe/Moscow","timezoneOffsetUTC":10800,"timezoneDefaultName":"","work_time_start":"9","work_time_end":"19"}"#,
        missing: (
            "",
            "The required parameter \"settings\" for the method \"calendar.user.settings.set\" is not set",
        ),
        written: "true",
    },
    Settings {
        scope: "timeman",
        get: "timeman.timecontrol.settings.get",
        set: "timeman.timecontrol.settings.set",
        param: "",
        of_user: false,
        whole: false,
        usual: r#"{"active":true,"minimum_idle_for_report":15,"register_offline":true,"register_idle":true,"register_desktop":true,"report_request_type":"all","report_request_users":[],"report_simple_type":"all","report_simple_users":[],"report_full_type":"all","report_full_users":[]}"#,
        missing: ("", ""),
        written: "true",
    },
    Settings {
        scope: "timeman",
        get: "timeman.networkrange.get",
        set: "timeman.networkrange.set",
        param: "RANGES",
        of_user: false,
        whole: true,
        usual: r#"[{"ip_range":"10.0.0.0-10.255.255.255","name":"10.x.x.x"},{"ip_range":"172.16.0.0-172.31.255.255","name":"172.x.x.x"},{"ip_range":"192.168.0.0-192.168.255.255","name":"192.168.x.x"}]"#,
        missing: (
            "INVALID_FORMAT",
            "A wrong format for the RANGES field is passed",
        ),
        written: r#"{"result":true}"#,
    },
];

/// The methods that read and write settings.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    SETTINGS.iter().flat_map(|settings| {
        let method = |name: &'static str, handler| Method {
            name: Cow::Borrowed(name),
            scope: settings.scope,
            handler,
        };
        [
            method(settings.get, Handler::Read(get)),
            method(settings.set, Handler::Write(set)),
        ]
    })
}

fn find(call: &Call<'_>) -> Result<&'static Settings, MethodError> {
    let of_call = |settings: &&Settings| call.method == settings.get || call.method == settings.set;
    SETTINGS
        .iter()
        .find(of_call)
        .ok_or_else(errors::method_not_found)
}

fn current(state: &PortalData, settings: &Settings, call: &Call<'_>) -> Value {
    let user = settings.of_user.then_some(call.user);
    let kept = state.preferences.get(&user);
    let kept = kept.and_then(|kept| kept.get(settings.get)).cloned();
    kept.unwrap_or_else(|| serde_json::from_str(settings.usual).unwrap_or_default())
}

/// What is set, by the method that reads it.
pub(super) fn value(state: &PortalData, get: &str, call: &Call<'_>) -> Value {
    let settings = SETTINGS.iter().find(|settings| settings.get == get);
    settings.map_or(Value::Null, |settings| current(state, settings, call))
}

fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let settings = find(call)?;
    Ok(Output::value(&current(state, settings, call)))
}

fn set(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let settings = find(call)?;
    let refused = || MethodError::new(400, settings.missing.0, settings.missing.1);
    let given = match settings.param {
        "" => Some(call.params.clone()),
        param => match call.params.get_ignoring_case(param) {
            Some(Value::Array(given)) => Some(given.clone()),
            // Lists may come as JSON in a text.
            Some(Value::Text(text)) => match serde_json::from_str(text) {
                Ok(Value::Array(given)) => Some(given),
                _ => None,
            },
            _ => None,
        },
    };
    let given = given.ok_or_else(refused)?;
    let mut changed = match current(state, settings, call) {
        Value::Array(current) if !settings.whole => current,
        _ => Array::new(),
    };
    for (name, value) in given.iter() {
        let name = name.to_text();
        let name = match settings.param {
            "" => name.to_lowercase(),
            _ => name,
        };
        // Nothing is a setting of this kind that is not one at first.
        if settings.whole || !settings.param.is_empty() || changed.get(&name).is_some() {
            changed.insert(name.as_str(), value.clone());
        }
    }
    let user = settings.of_user.then_some(call.user);
    let kept = state.preferences.entry(user).or_default();
    kept.insert(settings.get, changed);
    Ok(Output::json(settings.written.as_bytes().to_vec()))
}
