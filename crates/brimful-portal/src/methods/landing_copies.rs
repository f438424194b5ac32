//! Pages of sites and their blocks, copied, moved, saved and found (`landing.landing.*`, `landing.block.*`).
//!
//! Blocks of a page have the order in which they came: `AFTER_ID` is passed over.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::chats::{refused, writer};
use super::records as described_records;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records::{self, RecordTable};
use crate::methods::method::{Handler, Method, read, write};

const PAGES: &str = "landing.landing";
const BLOCKS: &str = "landing.block";
const SITES: &str = "landing.site";
const FOLDERS: &str = "landing.folder";
const REGISTERED_BLOCKS: &str = "landing.repo";

/// The methods.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("landing", "landing.landing.copy", copy_page),
        write!("landing", "landing.landing.move", move_page),
        read!("landing", "landing.landing.resolveidbypublicurl", find_page),
        write!("landing", "landing.landing.copyblock", copy_block),
        write!("landing", "landing.landing.moveblock", move_block),
        write!("landing", "landing.landing.favoriteblock", save_block),
        write!(
            "landing",
            "landing.landing.unfavoriteblock",
            delete_saved_block
        ),
        read!("landing", "landing.block.getbyid", block_by_id),
        read!(
            "landing",
            "landing.block.getcontentfromrepository",
            registered_content
        ),
        read!("landing", "landing.repo.checkcontent", check_content),
    ]
    .into_iter()
}

/// The values of a record as texts.
pub(super) struct Fields<'r>(pub(super) &'r Map<String, Json>);

impl Fields<'_> {
    pub(super) fn text(&self, name: &str) -> String {
        let value = self.0.get(name).cloned().map(Value::from);
        value.unwrap_or_default().to_text()
    }

    /// What a record like this one is added with.
    fn copied(&self, names: &[(&'static str, &'static str)]) -> Array {
        let value = |(field, param): &(&str, &'static str)| {
            let value = self.0.get(*field).cloned().map(Value::from)?;
            (value != Value::Null).then_some((*param, value))
        };
        names.iter().filter_map(value).collect()
    }
}

/// Refuses a call without parameters that it needs.
pub(super) fn check_given(call: &Call<'_>, names: &[&str]) -> Result<(), MethodError> {
    let missing = |name: &&&str| call.text(name).is_empty();
    let missing: Vec<&str> = names.iter().filter(missing).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let text = format!(
        "Not enough call parameters, missing: {}",
        missing.join(", ")
    );
    Err(refused("MISSING_PARAMS", &text))
}

fn number(call: &Call<'_>, name: &str) -> u64 {
    call.text(name).trim().parse().unwrap_or(0)
}

fn is_yes(call: &Call<'_>, name: &str) -> bool {
    let value = call.params.get_ignoring_case("params");
    let value = value.and_then(|params| params.as_array()?.get_ignoring_case(name));
    value.is_some_and(|value| !matches!(value.to_text().as_str(), "" | "0" | "N" | "n" | "false"))
}

/// The page that a call names; those in the trash only where `deleted` says so.
fn page<'s>(
    state: &'s PortalData,
    call: &Call<'_>,
    deleted: bool,
) -> Result<(u64, Fields<'s>), MethodError> {
    let id = number(call, "lid");
    let row = state.record_table(PAGES).and_then(|table| table.get(id));
    let page = row
        .map(Fields)
        .filter(|page| deleted || page.text("DELETED") != "Y");
    let page = page.ok_or_else(|| refused("LANDING_NOT_EXIST", "Landing not found"))?;
    Ok((id, page))
}

/// The block that a call names, if it is not deleted.
fn block<'s>(
    state: &'s PortalData,
    id: u64,
    not_found: &str,
) -> Result<&'s Map<String, Json>, MethodError> {
    let row = state.record_table(BLOCKS).and_then(|table| table.get(id));
    let row = row.filter(|row| row.get("deleted") != Some(&Json::Bool(true)));
    row.ok_or_else(|| refused("BLOCK_NOT_FOUND", not_found))
}

fn add(state: &mut PortalData, call: &Call<'_>, kind: &str, given: &Array) -> u64 {
    let place = records::place(kind);
    place.map_or(0, |place| state.records[place].add(given, writer(call)))
}

fn set(
    state: &mut PortalData,
    call: &Call<'_>,
    kind: &str,
    id: u64,
    values: &[(&'static str, Json)],
) {
    if let Some(place) = records::place(kind) {
        state.records[place].update(id, &Array::new(), writer(call));
        state.records[place].set(id, values);
    }
}

/// The site and the folder that a page goes to.
fn destination(
    state: &PortalData,
    call: &Call<'_>,
    page: &Fields<'_>,
) -> Result<(String, Value), MethodError> {
    let site = match number(call, "toSiteId") {
        0 => page.text("SITE_ID"),
        site => {
            let is_there = state
                .record_table(SITES)
                .is_some_and(|sites| sites.get(site).is_some());
            if !is_there {
                return Err(refused("SITE_NOT_FOUND", "Site not found"));
            }
            site.to_string()
        }
    };
    let folder = match number(call, "toFolderId") {
        0 => Value::Null,
        folder => {
            let row = state
                .record_table(FOLDERS)
                .and_then(|folders| folders.get(folder));
            if row.is_none_or(|row| Fields(row).text("SITE_ID") != site) {
                return Err(refused("FOLDER_NOT_FOUND", "Folder not found"));
            }
            Value::Int(folder as i64)
        }
    };
    Ok((site, folder))
}

/// `landing.landing.copy(lid, toSiteId, toFolderId)`: the new page, with the blocks of the old one.
fn copy_page(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const COPIED: [(&str, &str); 5] = [
        ("CODE", "CODE"),
        ("TITLE", "TITLE"),
        ("XML_ID", "XML_ID"),
        ("DESCRIPTION", "DESCRIPTION"),
        ("SITEMAP", "SITEMAP"),
    ];
    check_given(call, &["lid"])?;
    let (id, page) = page(state, call, true)?;
    let (site, folder) = destination(state, call, &page)?;
    let mut given = page.copied(&COPIED);
    given.insert("SITE_ID", site);
    given.insert("FOLDER_ID", folder);
    let copies = state.record_table(BLOCKS).map(|blocks| {
        let of_page = blocks.rows().map(|(_, row)| row).filter(|row| {
            Fields(row).text("lid") == id.to_string() && row.get("deleted") != Some(&true.into())
        });
        of_page.map(copied_block).collect::<Vec<Array>>()
    });
    let new = add(state, call, PAGES, &given);
    for mut block in copies.unwrap_or_default() {
        block.insert("lid", new as i64);
        add(state, call, BLOCKS, &block);
    }
    Ok(Output::value(&Value::Int(new as i64)))
}

/// `landing.landing.move(lid, toSiteId, toFolderId)`
fn move_page(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given(call, &["lid"])?;
    let (id, page) = page(state, call, false)?;
    let (site, folder) = destination(state, call, &page)?;
    let folder = match folder {
        Value::Null => Json::Null,
        folder => Json::from(folder.to_text()),
    };
    let values = [("SITE_ID", Json::from(site)), ("FOLDER_ID", folder)];
    set(state, call, PAGES, id, &values);
    Ok(Output::value(&Value::Bool(true)))
}

/// `landing.landing.resolveIdByPublicUrl(landingUrl, siteId)`: the page whose code is the last part of the path, in the
/// folder that the part before it names.
fn find_page(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given(call, &["landingUrl", "siteId"])?;
    let [url, site] = ["landingUrl", "siteId"].map(|name| call.text(name));
    let mut path = url.split('/').filter(|part| !part.is_empty()).rev();
    let (code, folder) = (path.next().unwrap_or_default(), path.next());
    let is_in_folder = |page: &Fields<'_>| {
        let id = page.text("FOLDER_ID").parse().unwrap_or(0);
        let row = state
            .record_table(FOLDERS)
            .and_then(|folders| folders.get(id));
        row.map(|row| Fields(row).text("CODE")).as_deref() == folder
    };
    let is_it = |row: &Map<String, Json>| {
        let page = Fields(row);
        page.text("SITE_ID") == site
            && page.text("CODE") == code
            && page.text("DELETED") != "Y"
            && is_in_folder(&page)
    };
    let mut pages = state
        .record_table(PAGES)
        .into_iter()
        .flat_map(RecordTable::rows);
    let found = pages.find(|(_, row)| is_it(row));
    let id = found.map_or(Value::Null, |(id, _)| Value::Int(id as i64));
    Ok(Output::value(&id))
}

/// What a copy of a block is added with.
fn copied_block(row: &Map<String, Json>) -> Array {
    const COPIED: [(&str, &str); 3] = [
        ("code", "CODE"),
        ("active", "ACTIVE"),
        ("content", "CONTENT"),
    ];
    Fields(row).copied(&COPIED)
}

const NO_BLOCK: &str = "Block not found in the landing";

/// `landing.landing.copyblock(lid, block, params)`: the copy.
fn copy_block(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given(call, &["lid", "block"])?;
    let (lid, _) = page(state, call, false)?;
    let mut given = copied_block(block(state, number(call, "block"), NO_BLOCK)?);
    given.insert("lid", lid as i64);
    let copy = add(state, call, BLOCKS, &given);
    shown(state, call, lid, copy)
}

/// `landing.landing.moveblock(lid, block, params)`: the block.
fn move_block(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given(call, &["lid", "block"])?;
    let (lid, _) = page(state, call, false)?;
    let id = number(call, "block");
    block(state, id, NO_BLOCK)?;
    set(state, call, BLOCKS, id, &[("lid", Json::from(lid))]);
    shown(state, call, lid, id)
}

/// What a call gets of a block: its number, or all of it with `RETURN_CONTENT`.
fn shown(
    state: &PortalData,
    call: &mut Call<'_>,
    lid: u64,
    id: u64,
) -> Result<Output, MethodError> {
    if !is_yes(call, "RETURN_CONTENT") {
        return Ok(Output::value(&Value::Int(id as i64)));
    }
    call.method = Cow::Borrowed("landing.block.getcontent");
    call.params = Array::from_iter([("lid", lid as i64), ("block", id as i64)]);
    let content = described_records::read(state, call)?.to_value().clone();
    let mut answer = Array::from_iter([("result", true)]);
    answer.insert("content", content);
    Ok(Output::value(&Value::Array(answer)))
}

/// The page that saved blocks are kept under: it is not a page of a site.
const SAVED: i64 = 0;

/// `landing.landing.favoriteBlock(lid, block, meta)`: a copy of the block that can be put into other pages.
fn save_block(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given(call, &["lid", "block"])?;
    let (lid, _) = page(state, call, false)?;
    let row = block(state, number(call, "block"), NO_BLOCK)?;
    if Fields(row).text("lid") != lid.to_string() {
        return Err(refused("BLOCK_NOT_FOUND", NO_BLOCK));
    }
    let mut given = copied_block(row);
    given.insert("lid", SAVED);
    let meta = call.params.get_ignoring_case("meta");
    let name = meta.and_then(|meta| meta.as_array()?.get_ignoring_case("name"));
    let name = name.map(Value::to_text).unwrap_or_default();
    let copy = add(state, call, BLOCKS, &given);
    set(state, call, BLOCKS, copy, &[("name", Json::from(name))]);
    Ok(Output::value(&Value::Int(copy as i64)))
}

/// `landing.landing.unFavoriteBlock(blockId)`
fn delete_saved_block(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given(call, &["blockId"])?;
    let id = number(call, "blockId");
    let row = block(state, id, "Block not found")?;
    if Fields(row).text("lid") != SAVED.to_string() {
        return Err(refused("BLOCK_NOT_FOUND", "Block not found"));
    }
    if let Some(place) = records::place(BLOCKS) {
        state.records[place].delete(id);
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// `landing.block.getbyid(block, params)`
fn block_by_id(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const SHOWN: [&str; 6] = ["id", "lid", "code", "name", "active", "meta"];
    const CONTENT: [&str; 3] = ["content", "css", "js"];
    check_given(call, &["block"])?;
    let id = number(call, "block");
    let wants_deleted = is_yes(call, "deleted");
    let row = state.record_table(BLOCKS).and_then(|table| table.get(id));
    let row = row.filter(|row| {
        let is_deleted = row.get("deleted") == Some(&Json::Bool(true));
        is_deleted == wants_deleted
    });
    let row = row.ok_or_else(|| refused("BLOCK_NOT_FOUND", "Block not found"))?;
    let mut names = SHOWN.to_vec();
    if is_yes(call, "get_content") {
        names.extend(CONTENT);
    }
    let value = |name: &'static str| {
        let value = row.get(name).cloned().map(Value::from);
        (name, value.unwrap_or_default())
    };
    let shown: Array = names.into_iter().map(value).collect();
    Ok(Output::value(&Value::Array(shown)))
}

/// `landing.block.getContentFromRepository(code)`: of a block that an application has registered, `repo_` and its number.
fn registered_content(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given(call, &["code"])?;
    let code = call.text("code");
    let id = code.strip_prefix("repo_").and_then(|id| id.parse().ok());
    let row = id.and_then(|id: u64| state.record_table(REGISTERED_BLOCKS)?.get(id));
    let content = row.map(|row| Fields(row).text("CONTENT"));
    Ok(Output::value(&content.unwrap_or_default().into()))
}

/// What a sanitizer takes for dangerous beside attributes that run something.
const DANGEROUS: [&str; 5] = ["<script", "<iframe", "<object", "<embed", "javascript:"];

/// `landing.repo.checkContent(content, splitter)`: the content, with the splitter in the midst of what is dangerous.
fn check_content(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_given(call, &["content"])?;
    let content = call.params.get_ignoring_case("content");
    let Some(Value::Text(content)) = content else {
        let text = "The value of an argument 'content' has an invalid type";
        return Err(refused("ERROR_ARGUMENT", text));
    };
    let splitter = match call.text("splitter") {
        splitter if splitter.is_empty() => "#SANITIZE#".to_owned(),
        splitter => splitter,
    };
    let marked = marked(content, &splitter);
    let mut answer = Array::from_iter([("is_bad", marked != *content)]);
    answer.insert("content", marked);
    Ok(Output::value(&Value::Array(answer)))
}

/// Puts the splitter behind the first letters of each dangerous part.
fn marked(content: &str, splitter: &str) -> String {
    /// So many letters of a part come before the splitter.
    const BEFORE: usize = 4;
    let lower = content.to_ascii_lowercase();
    let is_dangerous = |at: usize| {
        let rest = lower.get(at..).unwrap_or_default();
        let is_attribute = || lower[..at].ends_with(char::is_whitespace) && is_handler(rest);
        DANGEROUS.iter().any(|part| rest.starts_with(part)) || is_attribute()
    };
    let mut out = String::with_capacity(content.len());
    for (at, letter) in content.char_indices() {
        let begins = at
            .checked_sub(BEFORE)
            .filter(|&begins| lower.is_char_boundary(begins));
        if begins.is_some_and(is_dangerous) {
            out.push_str(splitter);
        }
        out.push(letter);
    }
    out
}

/// Whether a text begins with an attribute that runs something, such as `onclick=`.
fn is_handler(text: &str) -> bool {
    let name = text
        .split(|letter: char| !letter.is_ascii_alphabetic())
        .next();
    let name = name.unwrap_or_default();
    name.len() > 2 && name.starts_with("on") && text[name.len()..].trim_start().starts_with('=')
}
