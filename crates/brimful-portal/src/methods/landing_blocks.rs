//! Blocks of pages: what can be edited in them, pictures for them, and what applications add to their menus.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json, json};

use super::chats::{done, keep, refused};
use super::disk::{OWN_ADDRESS, decoded};
use super::landing_copies::check_given;
use super::record_rows::{self, given_number, row, rows, text};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records::sites::{BLOCK_WIDGETS, DEBUGGED_APPS, PICTURES};
use crate::methods::method::{Handler, Method, read, write};

const BLOCKS: &str = "landing.block";
const REGISTERED_BLOCKS: &str = "landing.repo";

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("landing", "landing.block.getmanifest", manifest),
        read!("landing", "landing.block.getmanifestfile", manifest_of_code),
        write!("landing", "landing.block.uploadfile", upload),
        write!("landing", "landing.repo.bind", bind),
        write!("landing", "landing.repo.unbind", unbind),
        write!("landing", "landing.repowidget.debug", debug),
    ]
    .into_iter()
}

/// A block that every portal has: its code, its name, its sections, and what can be edited in it.
type BuiltIn = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str, &'static str)],
);

const TITLE: (&str, &str, &str) = (".landing-block-node-title", "Title", "text");
const TEXT: (&str, &str, &str) = (".landing-block-node-text", "Text", "text");
const BUTTON: (&str, &str, &str) = (".landing-block-node-button", "Button", "link");
const PICTURE: (&str, &str, &str) = (".landing-block-node-img", "Image", "img");

const BUILT_IN: &[BuiltIn] = &[
    (
        "01.big_with_text",
        "Cover with Changing Background Images",
        &["cover"],
        &[TITLE, TEXT, BUTTON, PICTURE],
    ),
    (
        "04.1.one_col_fix_with_title",
        "Title in one column",
        &["title"],
        &[TITLE, TEXT],
    ),
    ("27.3.one_col_fix_title", "Title", &["title"], &[TITLE]),
    (
        "27.7.one_col_fix_text_on_bg",
        "Text on a background",
        &["text"],
        &[TEXT],
    ),
    (
        "19.2.features_with_img",
        "Text with Icon Points and Image on the Left",
        &["text_image", "about"],
        &[TITLE, TEXT, PICTURE],
    ),
    (
        "33.13.form_2_light_no_text",
        "Form on a light background in the center",
        &["forms"],
        &[],
    ),
];

/// The manifest of a block that every portal has.
fn built_in(code: &str) -> Option<Json> {
    let (_, name, sections, nodes) = BUILT_IN.iter().find(|block| block.0 == code)?;
    let node = |(selector, name, kind): &(&str, &str, &str)| {
        (
            (*selector).to_owned(),
            json!({ "name": name, "type": kind }),
        )
    };
    let style = |(selector, name, kind): &(&str, &str, &str)| {
        let kind = if *kind == "text" { "typo" } else { "animation" };
        (
            (*selector).to_owned(),
            json!({ "title": name, "type": kind }),
        )
    };
    let styles: Map<String, Json> = nodes.iter().map(style).collect();
    let nodes: Map<String, Json> = nodes.iter().map(node).collect();
    Some(json!({
        "block": { "name": name, "section": sections, "dynamic": false },
        "cards": [], "nodes": nodes,
        "style": { "block": { "type": ["block-default"] }, "nodes": styles },
    }))
}

/// `landing.block.getmanifestfile(code)`: as it is in the files of the portal; nothing if there is no such block.
fn manifest_of_code(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given(call, &["code"])?;
    let manifest = built_in(&call.text("code")).unwrap_or_else(|| json!([]));
    Ok(Output::value(&Value::from(manifest)))
}

/// The manifest that an application has registered with a block.
fn registered(state: &PortalData, code: &str) -> Option<Json> {
    let id = code.strip_prefix("repo_")?.parse().ok()?;
    let manifest = row(state, REGISTERED_BLOCKS, id)?.get("MANIFEST")?;
    manifest.is_object().then(|| manifest.clone())
}

/// `landing.block.getmanifest(lid, block, params)`
fn manifest(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given(call, &["lid", "block"])?;
    let lid = given_number(call, "lid");
    let page = row(state, "landing.landing", lid).filter(|page| text(page, "DELETED") != "Y");
    if page.is_none() {
        return Err(refused("LANDING_NOT_EXIST", "Landing not found"));
    }
    let block = row(state, BLOCKS, given_number(call, "block"));
    let block = block.filter(|block| {
        text(block, "lid") == lid.to_string() && block.get("deleted") != Some(&Json::Bool(true))
    });
    let block = block.ok_or_else(|| refused("BLOCK_NOT_FOUND", "Block not found"))?;
    let code = text(block, "code");
    let known = registered(state, &code).or_else(|| built_in(&code));
    let usual =
        || json!({ "block": { "name": code, "section": [], "dynamic": false }, "nodes": [] });
    let mut manifest = known.unwrap_or_else(usual);
    let further = [
        ("cards", json!([])),
        ("nodes", json!([])),
        ("style", json!({ "block": [], "nodes": [] })),
        (
            "assets",
            json!({ "css": [], "js": [], "ext": [], "class": [], "callbacks": [] }),
        ),
        ("attrs", json!([])),
        ("callbacks", json!([])),
        ("menu", json!([])),
        ("timestamp", json!(call.seconds())),
        ("namespace", json!("bitrix")),
        ("code", json!(code)),
        (
            "preview",
            json!(format!("/bitrix/blocks/bitrix/{code}/preview.jpg")),
        ),
    ];
    if let Json::Object(manifest) = &mut manifest {
        for (name, value) in further {
            manifest.entry(name).or_insert(value);
        }
    }
    Ok(Output::value(&Value::from(manifest)))
}

/// What the name of a picture ends with.
const ENDINGS: [&str; 8] = ["png", "jpg", "jpeg", "gif", "webp", "svg", "bmp", "jfif"];

/// The name and the size of a picture: `[name, base64]`, or an address. An address is not asked for anything here.
fn picture(call: &Call<'_>) -> Result<(String, usize), MethodError> {
    let failed = || refused("FILE_ERROR", "Failed to upload the image");
    let (name, size) = match call.params.get("picture") {
        Some(Value::Array(pair)) => {
            let parts: Vec<String> = pair.values().map(Value::to_text).collect();
            let [name, content] = parts.as_slice() else {
                return Err(failed());
            };
            let content = decoded(content).ok_or_else(failed)?;
            (name.clone(), content.len())
        }
        Some(Value::Text(address)) if address.starts_with("http") => {
            let path = address.split(['?', '#']).next().unwrap_or_default();
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            let ending = call.text("ext");
            let name = match ending.as_str() {
                "" => name,
                ending => format!("{name}.{ending}"),
            };
            (name, 0)
        }
        _ => return Err(failed()),
    };
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_lowercase());
    match ending {
        Some(ending) if ENDINGS.contains(&ending.as_str()) => Ok((name, size)),
        _ => Err(failed()),
    }
}

/// `landing.block.uploadfile(block, picture, ext, params, temp)`: the number of the file, and where it is.
fn upload(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given_value(call, "block")?;
    check_given_value(call, "picture")?;
    let block = given_number(call, "block");
    if row(state, BLOCKS, block).is_none() {
        return Err(refused("BLOCK_NOT_FOUND", "Block not found"));
    }
    let (name, size) = picture(call)?;
    let params = call.params.get("params").and_then(Value::as_array);
    let side = |name: &str| {
        let value = params.and_then(|params| params.get(name));
        value.map_or(0, Value::to_int)
    };
    let mut given = Array::from_iter([("block", block as i64), ("size", size as i64)]);
    given.insert("name", name.as_str());
    given.insert("width", side("width"));
    given.insert("height", side("height"));
    given.insert(
        "temp",
        call.params.get("temp").is_some_and(Value::is_truthy),
    );
    let id = record_rows::add(state, call, PICTURES, &given);
    let mut answer = Array::from_iter([("id", id as i64)]);
    answer.insert("src", format!("{OWN_ADDRESS}/upload/landing/{id}/{name}"));
    Ok(Output::value(&Value::Array(answer)))
}

fn check_given_value(call: &Call<'_>, name: &str) -> Result<(), MethodError> {
    if call.params.get(name).is_some_and(Value::is_truthy) {
        return Ok(());
    }
    let text = format!("Not enough call parameters, missing: {name}");
    Err(refused("MISSING_PARAMS", &text))
}

/// `landing.repo.bind(fields)`: an entry in the menu of a block, or of all blocks.
fn bind(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = call.params.get("fields").and_then(Value::as_array);
    let fields = fields.filter(|fields| !fields.is_empty()).cloned();
    let Some(mut fields) = fields else {
        let text = "Not enough call parameters, missing: fields";
        return Err(refused("MISSING_PARAMS", text));
    };
    let value = |name: &str| fields.get(name).map(Value::to_text).unwrap_or_default();
    let (place, handler) = (value("PLACEMENT"), value("PLACEMENT_HANDLER"));
    if handler.is_empty() {
        return Err(refused(
            "PLACEMENT_NO_HANDLER",
            "Placement handler is empty",
        ));
    }
    let is_it = |row: &Map<String, Json>| {
        text(row, "PLACEMENT").eq_ignore_ascii_case(&place)
            && text(row, "PLACEMENT_HANDLER") == handler
    };
    if rows(state, BLOCK_WIDGETS).any(|(_, row)| is_it(row)) {
        return Err(refused("PLACEMENT_EXIST", "Placement already exists"));
    }
    fields.insert("APP_CODE", call.application.unwrap_or_default());
    let id = record_rows::add(state, call, BLOCK_WIDGETS, &fields);
    Ok(Output::value(&Value::Int(id as i64)))
}

/// `landing.repo.unbind(code, handler)`: deletes the entries of a block, or those of one handler.
fn unbind(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    if call.text("code").is_empty() {
        let text = "Invalid parameters for the method call; missing: code";
        return Err(refused("MISSING_PARAMS", text));
    }
    let (code, handler) = (call.text("code"), call.text("handler"));
    record_rows::delete_where(state, BLOCK_WIDGETS, |row| {
        text(row, "PLACEMENT").eq_ignore_ascii_case(&code)
            && (handler.is_empty() || text(row, "PLACEMENT_HANDLER") == handler)
    });
    Ok(done())
}

/// `landing.repowidget.debug(enable)`: whether the widgets of an application tell of all their faults.
fn debug(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let application = call.application.map(str::to_owned);
    let Some(application) = application else {
        return Err(refused("APP_NOT_FOUND", "REST application not found"));
    };
    let enabled = call.text("enable");
    let enabled = !matches!(enabled.as_str(), "" | "0" | "N" | "false");
    let key = [("application", Value::from(application))];
    let values = [("enable", Value::Bool(enabled))];
    keep(state, call, DEBUGGED_APPS, &key, values);
    Ok(done())
}
