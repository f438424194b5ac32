//! What is set of sites: their special pages, the areas of their templates, and the rights of roles.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::Value as Json;

use super::chats::{done, forget, keep, kept, refused};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records;
use crate::methods::method::{Handler, Method, read, write};

const KIND: &str = "landing.setting";

/// The methods.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("landing", "landing.syspage.set", set_page),
        read!("landing", "landing.syspage.get", pages),
        read!("landing", "landing.syspage.getspecialpage", page_link),
        write!(
            "landing",
            "landing.syspage.deleteforlanding",
            forget_pages::<true>
        ),
        write!(
            "landing",
            "landing.syspage.deleteforsite",
            forget_pages::<false>
        ),
        write!("landing", "landing.template.setsiteref", set_areas::<true>),
        write!(
            "landing",
            "landing.template.setlandingref",
            set_areas::<false>
        ),
        read!("landing", "landing.template.getsiteref", areas::<true>),
        read!("landing", "landing.template.getlandingref", areas::<false>),
        write!("landing", "landing.role.enable", enable_roles),
        read!("landing", "landing.role.isenabled", are_roles_enabled),
        write!("landing", "landing.role.setrights", set_rights),
        read!("landing", "landing.role.getrights", rights),
        write!("landing", "landing.role.setaccesscodes", set_codes),
        read!("landing", "landing.site.getpublicurl", public_urls),
    ]
    .into_iter()
}

/// What a call names in a parameter.
fn named(call: &Call<'_>, name: &str) -> Result<String, MethodError> {
    match call.text(name) {
        value if value.is_empty() => {
            let text = format!("Invalid parameters for the method call; missing: {name}");
            Err(refused("MISSING_PARAMS", &text))
        }
        value => Ok(value),
    }
}

fn set(state: &mut PortalData, call: &Call<'_>, kind: &str, owner: &str, name: &str, value: Value) {
    let key = [
        ("kind", Value::from(kind)),
        ("owner", Value::Int(owner.parse().unwrap_or(0))),
        ("name", name.into()),
    ];
    keep(state, call, KIND, &key, [("value", value)]);
}

fn get(state: &PortalData, kind: &str, owner: &str, name: &str) -> Option<Value> {
    let owner = owner.parse::<i64>().unwrap_or(0).to_string();
    let key = [kind.to_owned(), owner, name.to_owned()];
    kept(state, KIND, &key).get("value").cloned()
}

/// All that is set of a kind for an owner, by name.
fn all(state: &PortalData, kind: &str, owner: &str) -> Vec<(String, Json)> {
    let rows = records::place(KIND).map(|place| state.records[place].rows());
    let text = |value: Option<&Json>| {
        value
            .cloned()
            .map(Value::from)
            .unwrap_or_default()
            .to_text()
    };
    let of = rows
        .into_iter()
        .flatten()
        .filter(|(_, row)| text(row.get("kind")) == kind && text(row.get("owner")) == owner);
    let pair = |(_, row): (u64, &serde_json::Map<String, Json>)| {
        let value = row.get("value").cloned().unwrap_or_default();
        (text(row.get("name")), value)
    };
    of.map(pair).collect()
}

/// `landing.syspage.set(id, type, lid)`: without a page there is none of this type.
fn set_page(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (site, kind) = (named(call, "id")?, named(call, "type")?);
    match call.text("lid") {
        page if page.is_empty() || page == "0" => {
            forget(state, KIND, &["syspage".to_owned(), site, kind]);
        }
        page => set(state, call, "syspage", &site, &kind, page.into()),
    }
    Ok(done())
}

/// The record of a page of a site, if the portal has it.
fn page_row(state: &PortalData, page: &str) -> Option<Value> {
    let table = state.record_table("landing.landing")?;
    let id = table.find(&[page.to_owned()], &[])?;
    table
        .get(id)
        .cloned()
        .map(|row| Value::from(Json::Object(row)))
}

/// `landing.syspage.get(id, active)`: by type.
fn pages(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let site = named(call, "id")?;
    let only_active = call.params.get("active").is_some_and(Value::is_truthy);
    let mut shown = Array::new();
    for (kind, page) in all(state, "syspage", &site) {
        let page = Value::from(page).to_text();
        let row = page_row(state, &page).unwrap_or_default();
        let of = |name: &str, otherwise: &str| {
            let value = row.get(name).map(Value::to_text);
            value.unwrap_or_else(|| otherwise.to_owned())
        };
        if only_active && of("ACTIVE", "Y") != "Y" {
            continue;
        }
        let mut about = Array::new();
        about.insert("TYPE", kind.as_str());
        about.insert("LANDING_ID", page.as_str());
        about.insert("TITLE", of("TITLE", ""));
        about.insert("DELETED", of("DELETED", "N"));
        about.insert("ACTIVE", of("ACTIVE", "Y"));
        shown.insert(kind.as_str(), about);
    }
    Ok(Output::value(&Value::Array(shown)))
}

/// `landing.syspage.getSpecialPage(siteId, type, additional)`: the address of the page; empty if there is none.
fn page_link(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (site, kind) = (named(call, "siteId")?, named(call, "type")?);
    let page = get(state, "syspage", &site, &kind).map(|page| page.to_text());
    let link = page.map(|page| {
        let row = page_row(state, &page);
        let code = row.and_then(|row| row.get("CODE").map(Value::to_text));
        let mut link = format!("/{}/", code.unwrap_or(page));
        let additional = call.params.get("additional").and_then(Value::as_array);
        for (place, (name, value)) in additional.into_iter().flat_map(Array::iter).enumerate() {
            let sign = if place == 0 { '?' } else { '&' };
            link = format!("{link}{sign}{}={}", name.to_text(), value.to_text());
        }
        link
    });
    Ok(Output::value(&link.unwrap_or_default().into()))
}

/// `landing.syspage.deleteForLanding(id)` and `.deleteForSite(id)`
fn forget_pages<const OF_PAGE: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = named(call, "id")?;
    let Some(place) = records::place(KIND) else {
        return Ok(done());
    };
    let table = &mut state.records[place];
    let text = |value: Option<&Json>| {
        value
            .cloned()
            .map(Value::from)
            .unwrap_or_default()
            .to_text()
    };
    let going = table.rows().filter(|(_, row)| {
        let of = text(row.get(if OF_PAGE { "value" } else { "owner" }));
        text(row.get("kind")) == "syspage" && of == id
    });
    let going: Vec<u64> = going.map(|(number, _)| number).collect();
    for number in going {
        table.delete(number);
    }
    Ok(done())
}

fn kind_of_areas(of_site: bool) -> &'static str {
    if of_site {
        "areas of site"
    } else {
        "areas of page"
    }
}

/// `landing.template.setSiteRef(id, data)` and `.setLandingRef(id, data)`: which page is in which area.
fn set_areas<const OF_SITE: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = named(call, "id")?;
    let data = call.params.get("data").cloned().unwrap_or_default();
    set(state, call, kind_of_areas(OF_SITE), &id, "", data);
    Ok(done())
}

/// `landing.template.getSiteRef(id)` and `.getLandingRef(id)`
fn areas<const OF_SITE: bool>(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = named(call, "id")?;
    let areas = get(state, kind_of_areas(OF_SITE), &id, "");
    let areas = areas
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flat_map(Array::iter);
    let areas: Array = areas
        .map(|(area, page)| (area.clone(), Value::Int(page.to_int())))
        .collect();
    Ok(Output::value(&Value::Array(areas)))
}

/// `landing.role.enable(mode)`: whether rights are those of roles.
fn enable_roles(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let mode = match call.params.get_ignoring_case("mode") {
        None | Some(Value::Null) => {
            let text = "Not enough parameters for the call, missing: mode";
            return Err(refused("MISSING_PARAMS", text));
        }
        Some(mode) => mode.to_text(),
    };
    let is_on = !matches!(mode.as_str(), "" | "0" | "N" | "false");
    set(state, call, "roles", "0", "enabled", Value::Bool(is_on));
    Ok(done())
}

/// `landing.role.isEnabled`
fn are_roles_enabled(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let is_on = get(state, "roles", "0", "enabled");
    Ok(Output::value(&Value::Bool(
        is_on.is_none_or(|is_on| is_on.is_truthy()),
    )))
}

/// `landing.role.setRights(id, rights, additional)`: by site.
fn set_rights(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let role = named(call, "id")?;
    let rights = call.params.get("rights").and_then(Value::as_array).cloned();
    let rights = rights.ok_or_else(|| {
        let text = "Invalid parameters for the method call; missing: rights";
        refused("MISSING_PARAMS", text)
    })?;
    set(state, call, "rights", &role, "", Value::Array(rights));
    Ok(done())
}

/// `landing.role.getRights(id)`
fn rights(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let role = named(call, "id")?;
    let rights = get(state, "rights", &role, "");
    Ok(Output::value(
        &rights.unwrap_or_else(|| Value::Array(Array::new())),
    ))
}

/// `landing.role.setAccessCodes(id, codes)`
fn set_codes(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let role = named(call, "id")?;
    let codes = call.params.get("codes").cloned().unwrap_or_default();
    if !matches!(codes, Value::Null | Value::Array(_)) {
        let text = "The value of an argument 'codes' has an invalid type";
        return Err(refused("ERROR_ARGUMENT", text));
    }
    set(state, call, "access codes", &role, "", codes);
    Ok(done())
}

/// `landing.site.getPublicUrl(id)`: the address of a site, or of several by their IDs.
fn public_urls(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let ids: Vec<String> = match call.params.get_ignoring_case("id") {
        Some(Value::Array(ids)) => ids.values().map(Value::to_text).collect(),
        _ => vec![named(call, "id")?],
    };
    let sites = state.record_table("landing.site");
    let address = |id: &String| {
        let site = sites.and_then(|sites| sites.find(std::slice::from_ref(id), &[]));
        site.map(|site| format!("https://b24-site{site}.bitrix24.site"))
    };
    if let Some(Value::Array(_)) = call.params.get_ignoring_case("id") {
        let mut by_id = Array::new();
        for id in &ids {
            if let Some(address) = address(id) {
                by_id.insert(id.as_str(), address);
            }
        }
        return Ok(Output::value(&Value::Array(by_id)));
    }
    Ok(Output::value(
        &ids.first().and_then(address).unwrap_or_default().into(),
    ))
}
