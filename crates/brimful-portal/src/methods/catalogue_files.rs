//! What products of the catalogue and stores hold beside plain fields: pictures, and the values of properties, each with
//! a number, some of them files.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json, json};

use super::catalogue_checks;
use super::chats::writer;
use super::disk::decoded;
use super::params::missing;
use super::records as any_records;
use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::files::StoredFile;
use crate::data::hash::{mix, salt};
use crate::data::records::catalogue::FILES;
use crate::data::records::table::Writer;
use crate::data::records::{self, RecordTable, RecordVerb};
use crate::methods::method::{Handler, Method, read, write};

const PRODUCT: &str = "catalog.product";
const PRODUCTS: [&str; 4] = [
    PRODUCT,
    "catalog.product.offer",
    "catalog.product.service",
    "catalog.product.sku",
];
const STORE: &str = "catalog.store";

/// The property of an offer that has the product which it is a variation of.
const PARENT: &str = "parentId";

/// The methods.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("catalog", "catalog.product.add", write_record),
        write!("catalog", "catalog.product.update", write_record),
        write!("catalog", "catalog.product.offer.add", write_record),
        write!("catalog", "catalog.product.offer.update", write_record),
        write!("catalog", "catalog.product.service.add", write_record),
        write!("catalog", "catalog.product.service.update", write_record),
        write!("catalog", "catalog.product.sku.add", write_record),
        write!("catalog", "catalog.product.sku.update", write_record),
        write!("catalog", "catalog.store.add", write_record),
        write!("catalog", "catalog.store.update", write_record),
        read!("catalog", "catalog.product.download", download),
        read!("catalog", "catalog.product.offer.download", download),
        read!("catalog", "catalog.product.service.download", download),
        read!("catalog", "catalog.product.sku.download", download),
        read!("catalog", "catalog.product.getfieldsbyfilter", fields),
        read!("catalog", "catalog.product.offer.getfieldsbyfilter", fields),
        read!(
            "catalog",
            "catalog.product.service.getfieldsbyfilter",
            fields
        ),
        read!("catalog", "catalog.product.sku.getfieldsbyfilter", fields),
    ]
    .into_iter()
}

fn refused(text: impl Into<String>) -> MethodError {
    MethodError::new(400, "0", text)
}

fn place(kind: &str) -> Result<usize, MethodError> {
    records::place(kind).ok_or_else(errors::method_not_found)
}

fn text(value: Option<&Json>) -> String {
    value
        .cloned()
        .map(Value::from)
        .unwrap_or_default()
        .to_text()
}

/// How a field that is more than its text is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Special {
    Picture,
    Property { is_multiple: bool, is_file: bool },
}

/// What is special about a field of a kind; nothing about most.
fn special(state: &PortalData, kind: &str, field: &str) -> Option<Special> {
    if kind == STORE {
        return (field == "imageId").then_some(Special::Picture);
    }
    if matches!(field, "detailPicture" | "previewPicture") {
        return Some(Special::Picture);
    }
    if field == PARENT && kind == "catalog.product.offer" {
        return Some(Special::Property {
            is_multiple: false,
            is_file: false,
        });
    }
    let id: u64 = field.strip_prefix("property")?.parse().ok()?;
    let property = state.record_table("catalog.productproperty")?.get(id);
    if property.is_none() && !records::fields(kind).iter().any(|one| one.name == field) {
        return None;
    }
    let of = |name: &str| text(property.and_then(|property| property.get(name)));
    Some(Special::Property {
        // Two properties that every portal here has, of which the second takes several values.
        is_multiple: of("multiple") == "Y" || (property.is_none() && matches!(id, 259 | 262)),
        is_file: of("propertyType") == "F",
    })
}

/// `catalog.product.add`, `.update` and those of its kinds and of stores.
fn write_record(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (place, method) = records::find(&call.method).ok_or_else(errors::method_not_found)?;
    let kind = state.records[place].kind.name;
    if kind != STORE {
        catalogue_checks::check(state, kind, call)?;
    }
    let given = take_special(state, kind, call);
    let output = any_records::write(state, call)?;
    let id = match method.verb {
        RecordVerb::Add => state.records[place].last(),
        _ => call.text("id").trim().parse().unwrap_or_default(),
    };
    let owner = Owner {
        kind,
        id,
        by: writer(call),
    };
    let mut values = Vec::with_capacity(given.len());
    for (field, special, value) in given {
        let known = state.records[place].get(id).and_then(|row| row.get(&field));
        let known = known.cloned().unwrap_or_default();
        let written = match special {
            Special::Picture => owner.picture(state, &field, &value, known),
            Special::Property {
                is_multiple,
                is_file,
            } => {
                let known = Values {
                    listed: listed(&known),
                    next: owner.next_number(state, &values),
                };
                let mut listed = if is_file {
                    owner.files(state, &field, &value, known, is_multiple)
                } else {
                    texts(&value, known, is_multiple)
                };
                if is_multiple {
                    Json::Array(listed)
                } else {
                    listed.pop().unwrap_or_default()
                }
            }
        };
        values.push((field, written));
    }
    values.extend(usual(&state.records[place], id));
    if values.is_empty() {
        return Ok(output);
    }
    state.records[place].set(id, &values);
    Ok(any_records::one(&state.records[place], id, method.answer))
}

/// Takes the fields out of a call that have to be written in their own way.
fn take_special(
    state: &PortalData,
    kind: &str,
    call: &mut Call<'_>,
) -> Vec<(String, Special, Value)> {
    let Some(Value::Array(fields)) = call.params.get_ignoring_case("fields") else {
        return Vec::new();
    };
    let mut rest = Array::new();
    let mut taken = Vec::new();
    for (name, value) in fields.iter() {
        let name_text = name.to_text();
        match special(state, kind, &name_text) {
            Some(special) => taken.push((name_text, special, value.clone())),
            None => rest.insert(name.clone(), value.clone()),
        }
    }
    if !taken.is_empty() {
        let param = call.params.iter().find_map(|(name, _)| {
            let is_it = name.to_text().eq_ignore_ascii_case("fields");
            is_it.then(|| name.clone())
        });
        if let Some(param) = param {
            call.params.insert(param, rest);
        }
    }
    taken
}

/// What the portal makes of usual fields: an external code where none is given, prices with six decimals.
fn usual(table: &RecordTable, id: u64) -> Vec<(String, Json)> {
    let Some(row) = table.get(id).filter(|_| table.kind.name != STORE) else {
        return Vec::new();
    };
    let mut values = Vec::new();
    if text(row.get("xmlId")).is_empty() {
        values.push(("xmlId".to_owned(), Json::from(id.to_string())));
    }
    if let Ok(price) = text(row.get("purchasingPrice")).parse::<f64>()
        && price.is_finite()
    {
        values.push((
            "purchasingPrice".to_owned(),
            Json::from(format!("{price:.6}")),
        ));
    }
    values
}

/// The values of a property, and the number of the next one.
struct Values {
    listed: Vec<Json>,
    next: u64,
}

impl Values {
    fn number(&mut self) -> String {
        self.next += 1;
        (self.next - 1).to_string()
    }
}

/// The values that a property has.
fn listed(known: &Json) -> Vec<Json> {
    match known {
        Json::Array(values) => values.clone(),
        Json::Object(_) => vec![known.clone()],
        _ => Vec::new(),
    }
}

/// What a call gives for a property, value by value: the value, and the number of the one that it replaces.
fn given_values(given: &Value, is_multiple: bool) -> Vec<(Value, Option<String>)> {
    let one = |value: &Value| {
        let number = value.get("valueId").map(Value::to_text);
        let number = number.filter(|number| !number.is_empty());
        match value.get("value") {
            Some(inner) => (inner.clone(), number),
            None => (value.clone(), number),
        }
    };
    let is_one = ["value", "fileData", "remove"]
        .iter()
        .any(|key| given.get(key).is_some());
    match given {
        Value::Array(values) if !is_one && is_multiple => values.values().map(one).collect(),
        Value::Array(values) if !is_one => values.values().take(1).map(one).collect(),
        single => vec![one(single)],
    }
}

/// The values of a property that has texts, as a call sets them.
fn texts(given: &Value, mut known: Values, is_multiple: bool) -> Vec<Json> {
    let mut listed = Vec::new();
    for (value, number) in given_values(given, is_multiple) {
        let value = value.to_text();
        if value.is_empty() {
            continue;
        }
        let is_known = |number: &String| known.listed.iter().any(|one| one["valueId"] == **number);
        let number = number.filter(is_known);
        let number = number.unwrap_or_else(|| known.number());
        listed.push(json!({ "value": value, "valueId": number }));
    }
    listed
}

/// Name and content of a file that a call gives: `{"fileData": ["NAME", "BASE64"]}`.
fn file_data(given: &Value) -> Option<(String, Vec<u8>)> {
    let mut parts = given.get("fileData")?.as_array()?.values();
    let (name, content) = (parts.next()?.to_text(), parts.next()?.to_text());
    Some((name, decoded(&content)?))
}

fn is_removal(given: &Value) -> bool {
    let flag = given.get("remove").map(Value::to_text);
    flag.is_some_and(|flag| flag.eq_ignore_ascii_case("Y"))
}

/// The record whose fields are written.
struct Owner {
    kind: &'static str,
    id: u64,
    by: Writer,
}

impl Owner {
    /// The number of the next value of a property.
    fn next_number(&self, state: &PortalData, new: &[(String, Json)]) -> u64 {
        let row = records::place(self.kind).and_then(|place| state.records[place].get(self.id));
        let known = row.into_iter().flat_map(Map::values);
        let values = known.chain(new.iter().map(|(_, value)| value));
        let numbers = values.flat_map(listed_numbers);
        numbers.max().map_or(self.id * 1000 + 1, |last| last + 1)
    }

    /// A picture as a call sets it.
    fn picture(&self, state: &mut PortalData, field: &str, given: &Value, known: Json) -> Json {
        if is_removal(given) {
            forget(state, &known);
            return Json::Null;
        }
        match file_data(given) {
            Some(file) => {
                forget(state, &known);
                self.store(state, field, file)
            }
            None => known,
        }
    }

    /// The values of a property that has files, as a call sets them: those that it does not name stay.
    fn files(
        &self,
        state: &mut PortalData,
        field: &str,
        given: &Value,
        mut known: Values,
        is_multiple: bool,
    ) -> Vec<Json> {
        let given = given_values(given, is_multiple);
        let removed: Vec<&String> = given
            .iter()
            .filter(|(value, _)| is_removal(value))
            .filter_map(|(_, number)| number.as_ref())
            .collect();
        let new: Vec<(String, Vec<u8>)> = given
            .iter()
            .filter_map(|(value, _)| file_data(value))
            .collect();
        let is_replaced = !is_multiple && !new.is_empty();
        let mut kept = Vec::new();
        for value in std::mem::take(&mut known.listed) {
            let is_removed = removed.iter().any(|number| value["valueId"] == ***number);
            if is_removed || is_replaced {
                forget(state, &value["value"]);
            } else {
                kept.push(value);
            }
        }
        if !removed.is_empty() {
            // As in Bitrix24, the values that are left get new numbers.
            for value in &mut kept {
                value["valueId"] = Json::from(known.number());
            }
        }
        for file in new {
            let stored = self.store(state, field, file);
            kept.push(json!({ "value": stored, "valueId": known.number() }));
        }
        kept
    }

    /// Keeps a file and describes it.
    fn store(
        &self,
        state: &mut PortalData,
        field: &str,
        (name, content): (String, Vec<u8>),
    ) -> Json {
        let Some(place) = records::place(FILES) else {
            return Json::Null;
        };
        let file = Array::from_iter([
            ("owner", Value::from(self.kind)),
            ("ownerId", Value::Text(self.id.to_string())),
            ("field", Value::from(field)),
            ("name", Value::Text(name.clone())),
        ]);
        let file = state.records[place].add(&file, self.by);
        let stored = StoredFile {
            name: name.clone(),
            content: content.into(),
            author: self.by.user,
            created: self.by.now,
        };
        state.files.put_of_record((FILES, file), stored);
        if self.kind == STORE {
            let hash = mix(salt(&name) ^ file);
            let folder = hash & 0xfff;
            let url = format!("/upload/iblock/{folder:03x}/{hash:016x}{file:016x}/{name}");
            return json!({ "id": file, "url": url });
        }
        let url = format!(
            "/rest/catalog.product.download?fields%5BfieldName%5D={field}&fields%5BfileId%5D={file}&fields%5BproductId%5D={}",
            self.id
        );
        json!({ "id": file.to_string(), "url": url, "urlMachine": url })
    }
}

/// The numbers of the values that a field has.
fn listed_numbers(field: &Json) -> Vec<u64> {
    let number = |value: &Json| value.get("valueId")?.as_str()?.parse().ok();
    match field {
        Json::Array(values) => values.iter().filter_map(number).collect(),
        single => number(single).into_iter().collect(),
    }
}

/// Deletes the file of a picture that is replaced.
fn forget(state: &mut PortalData, known: &Json) {
    let id = text(known.get("id")).parse().ok();
    if let (Some(id), Some(place)) = (id, records::place(FILES)) {
        state.records[place].delete(id);
        state.files.forget_of_record((FILES, id));
    }
}

/// `catalog.product.download(fields)` and those of its kinds: a file of a product.
fn download(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let kind = call.method.trim_end_matches(".download");
    let fields = call
        .params
        .get_ignoring_case("fields")
        .and_then(Value::as_array);
    let fields = fields.ok_or_else(|| missing("fields"))?;
    let given = |name: &str| {
        let value = fields.get_ignoring_case(name).map(Value::to_text);
        value.filter(|value| !value.is_empty())
    };
    let names = ["fileId", "productId", "fieldName"];
    let [Some(file), Some(product), Some(field)] = names.map(given) else {
        let lacking: Vec<&str> = names
            .into_iter()
            .filter(|name| given(name).is_none())
            .collect();
        return Err(refused(format!("Required fields: {}", lacking.join(", "))));
    };
    let id = product.trim().parse().unwrap_or_default();
    // Links to the files of every kind lead to the method of products.
    let kinds = PRODUCTS
        .into_iter()
        .filter(|one| kind == PRODUCT || kind == *one);
    let kinds: Vec<&str> = kinds
        .filter(|kind| {
            state
                .record_table(kind)
                .is_some_and(|table| table.get(id).is_some())
        })
        .collect();
    if kinds.is_empty() {
        let kind = records::kinds()[place(kind)?];
        return Err(refused(kind.not_found.text));
    }
    let field = field_of_files(state, &kinds, &field)
        .ok_or_else(|| refused("The specified property does not exist or is not a file"))?;
    let table = &state.records[place(FILES)?];
    let file: Option<u64> = file.trim().parse().ok();
    let row = file.and_then(|id| table.get(id)).filter(|row| {
        kinds.contains(&&*text(row.get("owner")))
            && text(row.get("ownerId")) == id.to_string()
            && text(row.get("field")) == field
    });
    let stored = row.and_then(|_| state.files.of_record((FILES, file?)));
    let stored =
        stored.ok_or_else(|| refused("The file with the specified identifier does not exist"))?;
    Ok(Output::file(stored.name.clone(), stored.content.clone()))
}

/// The field with files that a call names as `detailPicture`, `DETAIL_PICTURE`, `property7`, `PROPERTY_7` or by the code
/// of a property.
fn field_of_files(state: &PortalData, kinds: &[&str], named: &str) -> Option<String> {
    let letters = named.replace('_', "").to_ascii_lowercase();
    let picture = match letters.as_str() {
        "detailpicture" => Some("detailPicture"),
        "previewpicture" => Some("previewPicture"),
        _ => None,
    };
    if let Some(picture) = picture {
        return Some(picture.to_owned());
    }
    let code = named
        .get(.."property".len())
        .filter(|start| start.eq_ignore_ascii_case("property"));
    let code = code.map(|start| named[start.len()..].trim_start_matches('_'))?;
    let properties = state.record_table("catalog.productproperty")?;
    let mut properties = properties.rows();
    let id = match code.parse::<u64>() {
        Ok(id) => id,
        Err(_) => properties.find(|(_, row)| text(row.get("code")) == code)?.0,
    };
    let field = format!("property{id}");
    let has_files = |kind: &&str| {
        matches!(
            special(state, kind, &field),
            Some(Special::Property { is_file: true, .. })
        )
    };
    kinds.iter().any(has_files).then_some(field)
}

/// `catalog.product.getFieldsByFilter(filter)` and those of its kinds.
fn fields(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let kind = call.method.trim_end_matches(".getfieldsbyfilter");
    let filter = call
        .params
        .get_ignoring_case("filter")
        .and_then(Value::as_array);
    let filter = filter.filter(|filter| !filter.is_empty());
    let filter = filter.ok_or_else(|| missing("filter"))?;
    let block = filter.get_ignoring_case("iblockId").map(Value::to_text);
    let block = block.filter(|block| !block.is_empty());
    let block = block.ok_or_else(|| refused("Required filter fields: iblockId"))?;
    let key = kind.rsplit('.').next().unwrap_or_default();
    let mut described: Map<String, Json> = lines()
        .filter(|line| line[0] == key)
        .map(|[_, field, kind, flags, name]| {
            let field_json = json!({
                "isImmutable": flags.contains('I'),
                "isReadOnly": flags.contains('O'),
                "isRequired": flags.contains('R'),
                "name": name,
                "type": kind,
            });
            (field.to_owned(), field_json)
        })
        .collect();
    let own = records::fields(kind).iter().map(|field| field.name);
    for field in own.filter(|field| field.starts_with("property") || *field == PARENT) {
        described.insert(field.to_owned(), own_property(state, kind, field));
    }
    let properties = state.record_table("catalog.productproperty");
    for (id, row) in properties.into_iter().flat_map(RecordTable::rows) {
        if text(row.get("iblockId")) == block {
            described.insert(format!("property{id}"), property(row));
        }
    }
    let described = Value::from(Json::Object(described));
    Ok(Output::value(&Value::Array(Array::from_iter([(
        key, described,
    )]))))
}

/// The lines of `product_fields.tsv`: the kind, the field, its type, letters (`R` required, `O` read only, `I` written
/// once), its name for people.
fn lines() -> impl Iterator<Item = [&'static str; 5]> {
    let lines = include_str!("product_fields.tsv").lines().skip(1);
    lines.filter_map(|line| line.split('\t').collect::<Vec<_>>().try_into().ok())
}

/// The description of a property that somebody has added.
fn property(row: &Map<String, Json>) -> Json {
    let of = |name: &str| text(row.get(name));
    described_property(
        &of("name"),
        &of("propertyType"),
        &of("userType"),
        (of("multiple") == "Y", of("isRequired") == "Y"),
    )
}

/// The description of a property that every portal here has.
fn own_property(state: &PortalData, kind: &str, field: &str) -> Json {
    if field == PARENT {
        return described_property("Catalog Element", "E", "SKU", (false, false));
    }
    let special = special(state, kind, field);
    let is_multiple = matches!(
        special,
        Some(Special::Property {
            is_multiple: true,
            ..
        })
    );
    let name = if is_multiple {
        "New Line 2"
    } else {
        "New Line"
    };
    described_property(name, "S", "", (is_multiple, false))
}

fn described_property(
    name: &str,
    property_type: &str,
    user_type: &str,
    (is_multiple, is_required): (bool, bool),
) -> Json {
    json!({
        "isDynamic": true,
        "isImmutable": false,
        "isMultiple": is_multiple,
        "isReadOnly": false,
        "isRequired": is_required,
        "name": name,
        "propertyType": property_type,
        "type": "productproperty",
        "userType": user_type,
    })
}
