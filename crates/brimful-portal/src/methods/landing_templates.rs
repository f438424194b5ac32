//! Templates of sites and pages: exported, registered by applications, listed, and pages that are made of them.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json, json};

use super::chats::refused;
use super::landing_copies::{Fields, check_given};
use super::record_rows::{self, given_number, number, row, rows, text};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::fixtures::collection::to_json;
use crate::data::records::sites::TEMPLATES;
use crate::methods::method::{Handler, Method, read, write};

const SITES: &str = "landing.site";
const PAGES: &str = "landing.landing";
const FOLDERS: &str = "landing.folder";
const BLOCKS: &str = "landing.block";

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("landing", "landing.demos.register", register),
        write!("landing", "landing.demos.unregister", unregister),
        read!("landing", "landing.demos.getsitelist", list::<true>),
        read!("landing", "landing.demos.getpagelist", list::<false>),
        write!("landing", "landing.landing.addbytemplate", add_page),
        read!("landing", "landing.site.fullexport", export),
    ]
    .into_iter()
}

type Row = Map<String, Json>;

/// What is registered of one template.
fn template(call: &Call<'_>, data: &Array, kind: &str) -> Option<Array> {
    let value = |name: &str| data.get(name).cloned().unwrap_or_default();
    let code = value("code").to_text();
    if code.is_empty() {
        return None;
    }
    let params = call.params.get("params").and_then(Value::as_array);
    let param = |name: &str| params.and_then(|params| params.get(name)).cloned();
    let mut given = Array::from_iter([("XML_ID", code.as_str())]);
    for (field, name) in [
        ("DESCRIPTION", "description"),
        ("PREVIEW_URL", "preview_url"),
        ("PREVIEW", "preview"),
        ("PREVIEW2X", "preview2x"),
        ("PREVIEW3X", "preview3x"),
    ] {
        given.insert(field, value(name));
    }
    let title = value("name").to_text();
    given.insert("TITLE", if title.is_empty() { code } else { title });
    let of_type = value("type").to_text().to_lowercase();
    let of_type = if of_type.is_empty() { "page" } else { &of_type };
    given.insert("TYPE", of_type);
    let wizard = value("tpl_type").to_text();
    given.insert("TPL_TYPE", if wizard.is_empty() { kind } else { &wizard });
    let shown = value("show_in_list").to_text();
    given.insert("SHOW_IN_LIST", if shown.is_empty() { "N" } else { &shown });
    given.insert("MANIFEST", data.clone());
    given.insert("LANG", param("lang").unwrap_or_default());
    given.insert(
        "SITE_TEMPLATE_ID",
        param("site_template_id").unwrap_or_default(),
    );
    given.insert("APP_CODE", call.application.unwrap_or_default());
    Some(given)
}

/// `landing.demos.register(data, params)`: the numbers of a template of a site and of those of its pages. One that has the
/// code of another takes its place.
fn register(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given_param(call, "data")?;
    let Some(Value::Array(data)) = call.params.get("data").cloned() else {
        let text = "The value of an argument 'data' has an invalid type";
        let mut error = refused("ERROR_ARGUMENT", text);
        error.extra.insert("argument", "data");
        return Err(error);
    };
    let incorrect = || refused("REGISTER_ERROR_DATA", "Data is empty or incorrect");
    let mut templates = Vec::new();
    if data.is_list() {
        let parts = data.values().filter_map(Value::as_array);
        templates.extend(parts.filter_map(|part| template(call, part, "P")));
    } else {
        templates.push(template(call, &data, "S").ok_or_else(incorrect)?);
        let pages = data.get("items").and_then(Value::as_array);
        let pages = pages.into_iter().flat_map(Array::values);
        let pages = pages.filter_map(Value::as_array);
        templates.extend(pages.filter_map(|page| template(call, page, "P")));
    }
    if templates.is_empty() {
        return Err(incorrect());
    }
    let mut ids = Vec::new();
    for given in templates {
        let same = |row: &Row| {
            ["XML_ID", "TPL_TYPE", "APP_CODE"]
                .iter()
                .all(|name| Some(text(row, name)) == given.get(name).map(Value::to_text))
        };
        let earlier = rows(state, TEMPLATES).find(|(_, row)| same(row));
        ids.push(match earlier.map(|(id, _)| id) {
            Some(id) => {
                record_rows::update(state, call, TEMPLATES, id, &given);
                id
            }
            None => record_rows::add(state, call, TEMPLATES, &given),
        });
    }
    let ids: Value = ids.into_iter().map(|id| id as i64).collect();
    Ok(Output::value(&ids))
}

fn check_given_param(call: &Call<'_>, name: &str) -> Result<(), MethodError> {
    match call.params.get(name) {
        None | Some(Value::Null) => {
            let text = format!("Not enough call parameters, missing: {name}");
            Err(refused("MISSING_PARAMS", &text))
        }
        Some(_) => Ok(()),
    }
}

/// `landing.demos.unregister(code)`: whether there was such a template.
fn unregister(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given_param(call, "code")?;
    let code = call.text("code");
    let is_it = |row: &Row| !code.is_empty() && text(row, "XML_ID") == code;
    let was_there = rows(state, TEMPLATES).any(|(_, row)| is_it(row));
    record_rows::delete_where(state, TEMPLATES, is_it);
    Ok(Output::value(&Value::Bool(was_there)))
}

/// The types of the template that every portal has.
const TYPES: [&str; 4] = ["KNOWLEDGE", "GROUP", "PAGE", "MAINPAGE"];

/// The template without anything in it, which every portal has.
fn empty(of_sites: bool) -> Json {
    let (title, folder) = if of_sites {
        ("Empty Template", "site")
    } else {
        ("Empty Page", "page")
    };
    let preview = |name: &str| {
        format!("portal:/bitrix/components/bitrix/landing.demo/data/{folder}/empty/{name}.jpg")
    };
    json!({
        "ID": "empty", "XML_ID": "empty", "TYPE": TYPES, "TITLE": title, "ACTIVE": true,
        "PUBLICATION": false, "LOCK_DELETE": false, "AVAILABLE": true, "SINGLETON": false,
        "SECTION": [], "DESCRIPTION": "Create your own website from scratch and attract customers!",
        "PREVIEW": preview("preview"), "PREVIEW2X": preview("preview@2x"),
        "PREVIEW3X": preview("preview@3x"), "APP_CODE": "", "REST": 0,
        "DATA": { "name": title, "items": [], "encoded": true, "charset": "UTF-8" },
    })
}

/// A registered template as lists show it.
fn shown(id: u64, row: &Row) -> Json {
    let value = |name: &str| row.get(name).cloned().unwrap_or_default();
    json!({
        "ID": text(row, "XML_ID"), "XML_ID": text(row, "XML_ID"),
        "TYPE": [text(row, "TYPE").to_uppercase()], "TITLE": text(row, "TITLE"), "ACTIVE": true,
        "PUBLICATION": false, "LOCK_DELETE": false, "AVAILABLE": true, "SINGLETON": false,
        "SECTION": [], "DESCRIPTION": value("DESCRIPTION"), "PREVIEW": value("PREVIEW"),
        "PREVIEW2X": value("PREVIEW2X"), "PREVIEW3X": value("PREVIEW3X"),
        "APP_CODE": value("APP_CODE"), "REST": id, "DATA": value("MANIFEST"),
    })
}

/// Whether a template is as a filter of its fields wants it.
fn passes(template: &Json, filter: &Array) -> bool {
    let equals = |value: &Json, wanted: &str| match value {
        Json::Bool(flag) => *flag == matches!(wanted, "1" | "Y" | "true"),
        Json::String(text) => text.eq_ignore_ascii_case(wanted),
        other => {
            let text = other.to_string();
            text == wanted
        }
    };
    filter.iter().all(|(name, wanted)| {
        let wanted = wanted.to_text();
        match template.get(name.to_text()) {
            Some(Json::Array(values)) => values.iter().any(|value| equals(value, &wanted)),
            Some(value) => equals(value, &wanted),
            None => false,
        }
    })
}

/// `landing.demos.getSiteList(type, filter)` and `landing.demos.getPageList(type, filter)`: by code.
fn list<const OF_SITES: bool>(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    check_given_param(call, "type")?;
    let filter = match call.params.get("filter") {
        None | Some(Value::Null) => Array::new(),
        Some(Value::Array(filter)) => filter.clone(),
        Some(_) => {
            let text = "The value of an argument 'filter' has an invalid type";
            return Err(refused("ERROR_ARGUMENT", text));
        }
    };
    let wanted = call.text("type");
    let wizard = if OF_SITES { "S" } else { "P" };
    let registered = rows(state, TEMPLATES).filter(|(_, row)| {
        text(row, "TPL_TYPE") == wizard && text(row, "TYPE").eq_ignore_ascii_case(&wanted)
    });
    let mut templates = Map::new();
    if TYPES.contains(&wanted.to_uppercase().as_str()) {
        templates.insert("empty".to_owned(), empty(OF_SITES));
    }
    templates.extend(registered.map(|(id, row)| (text(row, "XML_ID"), shown(id, row))));
    templates.retain(|_, template| passes(template, &filter));
    Ok(Output::value(&Value::from(Json::Object(templates))))
}

/// The manifest of the template of pages with this code.
fn manifest(state: &PortalData, code: &str) -> Option<Json> {
    if code == "empty" {
        return empty(false).get("DATA").cloned();
    }
    let is_it = |row: &Row| text(row, "XML_ID") == code && text(row, "TPL_TYPE") == "P";
    let (_, found) = rows(state, TEMPLATES).find(|(_, row)| is_it(row))?;
    found.get("MANIFEST").cloned()
}

/// The folder that a page of a template goes to, and whether it is published.
fn destination(state: &PortalData, site: u64, fields: &Array) -> Result<(u64, bool), MethodError> {
    let given = |name: &str| {
        let value = fields.get_ignoring_case(name).map(Value::to_text);
        value.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    };
    let of_site =
        |kind: &str, id: u64| row(state, kind, id).filter(|row| number(row, "SITE_ID") == site);
    let (mut folder, mut is_active) = (given("FOLDER_ID"), false);
    if let id @ 1.. = given("ID") {
        if let Some(found) = of_site(FOLDERS, id) {
            (folder, is_active) = (id, text(found, "ACTIVE") == "Y");
        } else {
            let found = of_site(PAGES, id);
            let found =
                found.ok_or_else(|| refused("LANDING_ERROR", "Page or folder not found"))?;
            is_active = text(found, "ACTIVE") == "Y";
            if let id @ 1.. = number(found, "FOLDER_ID") {
                folder = id;
            }
        }
    }
    if folder > 0 && of_site(FOLDERS, folder).is_none() {
        return Err(refused("FOLDER_NOT_FOUND", "Folder not found"));
    }
    Ok((folder, is_active))
}

/// `landing.landing.addByTemplate(siteId, code, fields)`: the new page, with the blocks of the template.
fn add_page(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given(call, &["siteId", "code"])?;
    let site = given_number(call, "siteId");
    if row(state, SITES, site).is_none() {
        return Err(refused("SITE_ERROR", "Site not found"));
    }
    let code = call.text("code");
    let manifest = manifest(state, &code);
    let manifest = manifest.ok_or_else(|| refused("WRONG_DATA", "Invalid template data"))?;
    let fields = call.params.get("fields").and_then(Value::as_array);
    let fields = fields.cloned().unwrap_or_default();
    let (folder, is_active) = destination(state, site, &fields)?;
    let title = fields.get_ignoring_case("TITLE").map(Value::to_text);
    let title = title.filter(|title| !title.is_empty());
    let of_template = |name: &str| manifest.get(name).and_then(Json::as_str);
    let title = title.or_else(|| of_template("name").map(str::to_owned));
    let mut page = Array::from_iter([("SITE_ID", site as i64)]);
    page.insert("TITLE", title.unwrap_or_default());
    page.insert("CODE", of_template("code").unwrap_or("empty"));
    page.insert("XML_ID", code);
    if folder > 0 {
        page.insert("FOLDER_ID", folder as i64);
    }
    let id = record_rows::add(state, call, PAGES, &page);
    let mut values = Vec::new();
    if is_active {
        values.push(("ACTIVE", Json::from("Y")));
    }
    let additional = manifest.pointer("/fields/ADDITIONAL_FIELDS");
    // An object without fields comes back as a list.
    let additional = additional.filter(|fields| fields.is_object()).cloned();
    let mut additional = additional.unwrap_or_else(|| json!({}));
    if let Some(text) = fields.get_ignoring_case("DESCRIPTION") {
        for name in ["METAOG_DESCRIPTION", "METAMAIN_DESCRIPTION"] {
            additional[name] = to_json(text);
        }
    }
    values.push(("ADDITIONAL_FIELDS", additional));
    record_rows::set(state, call, PAGES, id, &values);
    let blocks = match manifest.get("items") {
        Some(Json::Object(blocks)) => blocks.values().cloned().collect(),
        Some(Json::Array(blocks)) => blocks.clone(),
        _ => Vec::new(),
    };
    for block in blocks {
        let mut given = Array::from_iter([("lid", id as i64)]);
        for (param, name) in [("CODE", "code"), ("CONTENT", "content")] {
            let value = block.get(name).cloned().map(Value::from);
            given.insert(param, value.unwrap_or_default());
        }
        record_rows::add(state, call, BLOCKS, &given);
    }
    Ok(Output::value(&Value::Int(id as i64)))
}

/// What an export says of a site or a page beside its own things. `param` is what the call says in their place.
fn exported(row: &Row, code: &str, fields: &Json, param: impl Fn(&str) -> String) -> Json {
    let or_own = |name: &str, field: &str| match param(name) {
        said if said.is_empty() => Fields(row).text(field),
        said => said,
    };
    json!({
        "code": code, "name": or_own("name", "TITLE"),
        "description": or_own("description", "DESCRIPTION"), "preview": param("preview"),
        "preview2x": param("preview2x"), "preview3x": param("preview3x"),
        "preview_url": param("preview_url"), "show_in_list": "Y", "type": "page", "version": 3,
        "fields": fields, "layout": [],
    })
}

/// The additional fields of a site or a page, without those that a call disables.
fn additional(call: &Call<'_>, row: &Row) -> Json {
    let params = call.params.get("params").and_then(Value::as_array);
    let disabled = params.and_then(|params| params.get("hooks_disable"));
    let disabled = super::params::strings(disabled);
    let fields = row.get("ADDITIONAL_FIELDS").and_then(Json::as_object);
    let kept = fields.into_iter().flatten();
    let kept = kept.filter(|(name, _)| !disabled.contains(&name.as_str()));
    Json::Object(
        kept.map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// A page of an export, with its blocks.
fn exported_page(state: &PortalData, call: &Call<'_>, id: u64, page: &Row) -> Json {
    let fields = json!({
        "TITLE": text(page, "TITLE"), "RULE": null, "ADDITIONAL_FIELDS": additional(call, page),
    });
    let mut out = exported(page, &page_code(id, page), &fields, |_| String::new());
    let blocks = rows(state, BLOCKS).filter(|(_, row)| {
        number(row, "lid") == id && row.get("deleted") != Some(&Json::Bool(true))
    });
    let blocks = blocks.map(|(number, row)| {
        let block = json!({
            "old_id": number, "code": text(row, "code"), "access": "X",
            "anchor": text(row, "anchor"), "content": text(row, "content"),
            "nodes": [], "style": [], "attrs": [],
        });
        (format!("#block{number}"), block)
    });
    out["items"] = Json::Object(blocks.collect());
    out["old_id"] = Json::from(id.to_string());
    out
}

/// The code of a page, by which an export has it.
fn page_code(id: u64, page: &Row) -> String {
    match text(page, "CODE") {
        code if code.is_empty() => format!("page{id}"),
        code => code,
    }
}

/// `landing.site.fullExport(id, params)`: a site with its pages and their blocks, as `landing.demos.register` takes it.
fn export(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given(call, &["id"])?;
    let id = given_number(call, "id");
    let site = row(state, SITES, id);
    let site = site.ok_or_else(|| refused("ACCESS_DENIED", "Access denied"))?;
    let params = match call.params.get("params") {
        None | Some(Value::Null) => Array::new(),
        Some(Value::Array(params)) => params.clone(),
        Some(_) => return Err(refused("TYPE_ERROR", "Parameter of incorrect type")),
    };
    let param = |name: &str| params.get(name).map(Value::to_text).unwrap_or_default();
    let own = text(site, "CODE");
    let code = match param("code") {
        code if code.is_empty() => own.trim_matches('/').to_owned(),
        code if code.chars().all(|letter| letter.is_ascii_alphanumeric()) => code,
        _ => {
            return Err(refused(
                "SYSTEM_ERROR",
                "The code has letters that are not allowed",
            ));
        }
    };
    let pages = rows(state, PAGES)
        .filter(|(_, page)| number(page, "SITE_ID") == id && text(page, "DELETED") != "Y");
    let pages: Vec<(u64, &Row)> = pages.collect();
    let code_of = |field: &str| {
        let wanted = number(site, field);
        let page = pages.iter().find(|(id, _)| *id == wanted);
        page.map_or_else(|| "0".to_owned(), |(id, page)| page_code(*id, page))
    };
    let fields = json!({
        "ADDITIONAL_FIELDS": additional(call, site), "TITLE": text(site, "TITLE"),
        "LANDING_ID_INDEX": code_of("LANDING_ID_INDEX"), "LANDING_ID_404": code_of("LANDING_ID_404"),
    });
    let mut out = exported(site, &code, &fields, param);
    let folders = rows(state, FOLDERS).filter(|(_, folder)| number(folder, "SITE_ID") == id);
    let folders: Vec<Json> = folders
        .map(|(_, folder)| json!(text(folder, "CODE")))
        .collect();
    let items = pages
        .iter()
        .map(|(id, page)| (page_code(*id, page), exported_page(state, call, *id, page)));
    let items = items.collect::<Map<String, Json>>();
    out["charset"] = json!("UTF-8");
    out["site_code"] = json!(format!("/{}/", own.trim_matches('/')));
    out["folders"] = Json::Array(folders);
    out["syspages"] = json!([]);
    out["items"] = Json::Object(items);
    Ok(Output::value(&Value::from(out)))
}
