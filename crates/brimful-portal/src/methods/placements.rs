//! `placement.bind`: which places there are, and what some of them ask for.

use std::borrow::Cow;

use brimful_protocol::Value;

use super::record_rows::{rows, text};
use super::records;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::methods::method::{Handler, Method, write};

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [write!("placement", "placement.bind", bind)].into_iter()
}

const APPLICATION: &str = "REST_APP_URI";
const BACKGROUND: &str = "PAGE_BACKGROUND_WORKER";

/// Places with one name.
const PLACES: &[&str] = &[
    APPLICATION,
    BACKGROUND,
    "BI_ANALYTICS_MENU",
    "CALENDAR_GRIDVIEW",
    "CALL_CARD",
    "CONTACT_CENTER",
    "CRM_ANALYTICS_MENU",
    "CRM_ANALYTICS_TOOLBAR",
    "CRM_BANK_DETAIL_AUTOCOMPLETE",
    "CRM_DETAIL_SEARCH",
    "CRM_FUNNELS_TOOLBAR",
    "CRM_REQUISITE_AUTOCOMPLETE",
    "IMMOBILE_CONTEXT_MENU",
    "IM_CONTEXT_MENU",
    "IM_NAVIGATION",
    "IM_SIDEBAR",
    "IM_SMILES_SELECTOR",
    "IM_TEXTAREA",
    "LEFT_MENU",
    "SETTING_CONNECTOR",
    "SONET_GROUP_DETAIL_TAB",
    "SONET_GROUP_ROBOT_DESIGNER_TOOLBAR",
    "SONET_GROUP_TOOLBAR",
    "TASK_GROUP_LIST_TOOLBAR",
    "TASK_LIST_CONTEXT_MENU",
    "TASK_ROBOT_DESIGNER_TOOLBAR",
    "TASK_USER_LIST_TOOLBAR",
    "TASK_VIEW_SIDEBAR",
    "TASK_VIEW_TAB",
    "TASK_VIEW_TOP_PANEL",
    "TELEPHONY_ANALYTICS_MENU",
    "USER_PROFILE_MENU",
    "USER_PROFILE_TOOLBAR",
];

/// What the names of places in the CRM have in the middle, and how they end.
const CRM_TYPES: &[&str] = &[
    "ACTIVITY",
    "COMPANY",
    "CONTACT",
    "DEAL",
    "INVOICE",
    "LEAD",
    "ORDER",
    "QUOTE",
    "SMART_INVOICE",
];
const CRM_PLACES: &[&str] = &[
    "_ACTIVITY_TIMELINE_MENU",
    "_DETAIL_ACTIVITY",
    "_DETAIL_TAB",
    "_DETAIL_TOOLBAR",
    "_DOCUMENTGENERATOR_BUTTON",
    "_FUNNELS_TOOLBAR",
    "_LIST_MENU",
    "_LIST_TOOLBAR",
    "_ROBOT_DESIGNER_TOOLBAR",
];

fn is_place(name: &str) -> bool {
    let of_crm = || {
        let inside = name.strip_prefix("CRM_")?;
        let mut ends = CRM_PLACES.iter();
        let of = ends.find_map(|end| inside.strip_suffix(end))?;
        let is_number = |digits: &str| digits.parse::<u32>().is_ok();
        Some(CRM_TYPES.contains(&of) || of.strip_prefix("DYNAMIC_").is_some_and(is_number))
    };
    PLACES.contains(&name) || of_crm() == Some(true)
}

fn refused(code: &str, text: &str) -> MethodError {
    MethodError::new(400, code, text)
}

fn bind(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let place = call.text("PLACEMENT").trim().to_ascii_uppercase();
    if !place.is_empty() {
        check(state, call, &place)?;
    }
    records::write(state, call)
}

fn check(state: &PortalData, call: &Call<'_>, place: &str) -> Result<(), MethodError> {
    if !is_place(place) {
        return Err(refused("ERROR_PLACEMENT_NOT_FOUND", "Placement not found"));
    }
    let user = call.params.get_ignoring_case("USER_ID");
    if place != BACKGROUND && user.is_some_and(Value::is_truthy) {
        let text = "User mode is not available";
        return Err(refused("ERROR_PLACEMENT_USER_MODE", text));
    }
    let options = call.params.get_ignoring_case("OPTIONS");
    let address = options.and_then(|options| options.get("errorHandlerUrl"));
    if place == BACKGROUND && !address.is_some_and(Value::is_truthy) {
        let text = "Error handler URL is empty";
        return Err(refused("EMPTY_ERROR_HANDLER_URL", text));
    }
    let is_bound = || rows(state, "placement").any(|(_, one)| text(one, "placement") == place);
    if matches!(place, APPLICATION | BACKGROUND) && is_bound() {
        let text = "Placement max count";
        return Err(refused("ERROR_PLACEMENT_MAX_COUNT", text));
    }
    Ok(())
}
