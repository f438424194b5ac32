//! Lists of the knowledge bases (`note.*.list`): the bases, the tree of documents of one, and documents by their words.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::error;
use super::params::under;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records;
use crate::methods::method::{Handler, Method, read};

const BASES: &str = "note.collection";
const DOCUMENTS: &str = "note.document";

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("note", "note.collection.list", bases),
        read!("note", "note.document.tree.list", tree),
        read!("note", "note.document.search.list", find),
    ]
    .into_iter()
}

type Row = Map<String, Json>;

fn rows<'s>(state: &'s PortalData, kind: &str) -> Vec<&'s Row> {
    let table = state.record_table(kind);
    let rows = table.into_iter().flat_map(records::RecordTable::rows);
    rows.map(|(_, row)| row).collect()
}

fn number(row: &Row, name: &str) -> i64 {
    row.get(name).and_then(Json::as_i64).unwrap_or(0)
}

fn text<'r>(row: &'r Row, name: &str) -> &'r str {
    row.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// Fields of a row as they are.
fn shown(row: &Row, names: &[&'static str]) -> Array {
    let value = |name: &&'static str| {
        let value = row.get(*name).cloned().map(Value::from);
        (*name, value.unwrap_or_default())
    };
    names.iter().map(value).collect()
}

/// The rows that a page has at the most: 50 if the call doesn't say, 200 at the most.
fn limit(call: &Call<'_>) -> Result<usize, MethodError> {
    const USUAL: usize = 50;
    const MOST: usize = 200;
    let pagination = match call.params.get("pagination") {
        None | Some(Value::Null) => return Ok(USUAL),
        Some(Value::Array(pagination)) => pagination,
        Some(_) => return Err(error::wrong_type("pagination", "object")),
    };
    let given = pagination.get("limit").map(Value::to_int);
    let given = given.map(|limit| usize::try_from(limit).unwrap_or(0));
    Ok(given.unwrap_or(USUAL).clamp(1, MOST))
}

/// `note.collection.list(pagination)`: a page, and the cursor of the next one if there are more.
fn bases(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const SHOWN: [&str; 8] = [
        "id",
        "name",
        "position",
        "policyLevel",
        "createdBy",
        "updatedBy",
        "createdAt",
        "updatedAt",
    ];
    let limit = limit(call)?;
    let cursor = call.params.get("pagination");
    let cursor = cursor.and_then(|pagination| pagination.get("afterCursor")?.as_array());
    let after = match cursor {
        None => None,
        Some(cursor) => {
            let number = |name: &str| {
                let value = cursor.get(name).filter(|value| **value != Value::Null);
                value
                    .map(Value::to_int)
                    .ok_or_else(|| error::required(name))
            };
            Some((number("position")?, number("id")?))
        }
    };
    let key = |row: &&Row| (number(row, "position"), number(row, "id"));
    let mut bases = rows(state, BASES);
    bases.sort_by_key(key);
    bases.retain(|row| after.is_none_or(|after| key(row) > after));
    let has_more = bases.len() > limit;
    bases.truncate(limit);
    let next = bases.last().filter(|_| has_more).map(|row| {
        let (position, id) = key(row);
        Value::Array(Array::from_iter([("position", position), ("id", id)]))
    });
    let items: Value = bases.into_iter().map(|row| shown(row, &SHOWN)).collect();
    let mut answer = Array::from_iter([("items", items)]);
    answer.insert("nextCursor", next.unwrap_or_default());
    Ok(Output::value(&Value::Array(answer)))
}

/// `note.document.tree.list(collectionId)`
fn tree(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let base = match call.params.get("collectionId") {
        None | Some(Value::Null) => return Err(error::required("collectionId")),
        Some(Value::Int(base)) => *base,
        Some(_) => return Err(error::wrong_type("collectionId", "int")),
    };
    if !rows(state, BASES)
        .iter()
        .any(|row| number(row, "id") == base)
    {
        return Err(error::entity_not_found(&base.to_string()));
    }
    let mut documents = rows(state, DOCUMENTS);
    documents.retain(|row| number(row, "collectionId") == base);
    documents.sort_by_key(|row| (number(row, "position"), number(row, "id")));
    let mut truncated = false;
    let items = below(&documents, 0, DEEPEST_TREE, &mut truncated);
    let mut answer = Array::from_iter([("items", items)]);
    answer.insert("truncated", truncated);
    Ok(Output::value(&Value::Array(answer)))
}

/// Levels of a tree that are shown: a circle has no end.
const DEEPEST_TREE: usize = 100;

/// The documents below one, with those below them on so many more levels. `truncated` where there are more.
fn below(documents: &[&Row], parent: i64, depth: usize, truncated: &mut bool) -> Value {
    const SHOWN: [&str; 5] = ["id", "collectionId", "parentId", "title", "position"];
    let here = documents
        .iter()
        .filter(|row| number(row, "parentId") == parent);
    here.map(|row| {
        let mut node = shown(row, &SHOWN);
        let id = number(row, "id");
        let children = if let Some(depth) = depth.checked_sub(1) {
            below(documents, id, depth, truncated)
        } else {
            *truncated |= documents.iter().any(|row| number(row, "parentId") == id);
            Value::Array(Array::new())
        };
        node.insert("children", children);
        node
    })
    .collect()
}

/// `note.document.search.list(query, pagination)`: documents that have all words of the query, those with the most of
/// them in the title first.
fn find(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const SHORTEST: usize = 3;
    const LONGEST: usize = 200;
    let query = match call.params.get("query") {
        None | Some(Value::Null) => return Err(error::required("query")),
        Some(Value::Text(query)) => query.trim().to_lowercase(),
        Some(_) => return Err(error::wrong_type("query", "string")),
    };
    let length = query.chars().count();
    if length < SHORTEST {
        let text = "Search query is too short";
        return Err(MethodError::new(400, "NOTE_SEARCH_QUERY_TOO_SHORT", text));
    }
    if length > LONGEST {
        let text = "Search query is too long";
        return Err(MethodError::new(400, "NOTE_SEARCH_QUERY_TOO_LONG", text));
    }
    let limit = limit(call)?;
    let words: Vec<&str> = query.split_whitespace().collect();
    let score = |row: &Row| {
        let [title, body] = ["title", "markdown"].map(|name| text(row, name).to_lowercase());
        let has_all = words
            .iter()
            .all(|word| title.contains(word) || body.contains(word));
        let in_title = words.iter().filter(|word| title.contains(**word)).count();
        has_all.then(|| (1.0 + in_title as f64) / (1.0 + words.len() as f64))
    };
    let documents = rows(state, DOCUMENTS).into_iter();
    let mut found: Vec<(f64, &Row)> = documents
        .filter_map(|row| Some((score(row)?, row)))
        .collect();
    found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let has_more = found.len() > limit;
    let items: Value = found
        .into_iter()
        .take(limit)
        .map(|(score, row)| {
            let mut item = Array::from_iter([("documentId", number(row, "id"))]);
            item.insert(
                "collectionId",
                row.get("collectionId")
                    .cloned()
                    .map(Value::from)
                    .unwrap_or_default(),
            );
            item.insert("title", text(row, "title"));
            item.insert("score", Value::Float((score * 1000.0).round() / 1000.0));
            item.insert("snippet", snippet(text(row, "markdown"), words[0]));
            item.insert("sharedAccess", false);
            item
        })
        .collect();
    let mut answer = under("items", items);
    if let Value::Array(answer) = &mut answer {
        answer.insert("hasMore", has_more);
    }
    Ok(Output::value(&answer))
}

/// The words of a text around another, which is marked.
fn snippet(text: &str, word: &str) -> String {
    const AROUND: usize = 3;
    let words: Vec<&str> = text.split_whitespace().collect();
    let at = words
        .iter()
        .position(|one| one.to_lowercase().contains(word));
    let Some(at) = at else { return String::new() };
    let from = at.saturating_sub(AROUND);
    let to = (at + AROUND + 1).min(words.len());
    let shown = words[from..to].iter().enumerate().map(|(i, one)| {
        if from + i == at {
            format!("<b>{one}</b>")
        } else {
            (*one).to_owned()
        }
    });
    format!("...{}...", shown.collect::<Vec<String>>().join(" "))
}
