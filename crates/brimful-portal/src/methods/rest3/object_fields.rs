//! `*.field.list` and `*.field.get` of objects of which only the fields are described here.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use brimful_protocol::{Array, Value};

use super::error;
use super::fields::FIELD_DTO;
use super::params::under;
use super::select::Selection;
use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::methods::method::{Handler, Method};

/// A line of `object_fields.tsv`.
struct ObjectField {
    name: &'static str,
    type_name: &'static str,
    filterable: bool,
    sortable: bool,
}

/// The fields of the objects, by their names.
fn objects() -> &'static HashMap<&'static str, Vec<ObjectField>> {
    static OBJECTS: OnceLock<HashMap<&'static str, Vec<ObjectField>>> = OnceLock::new();
    OBJECTS.get_or_init(|| {
        let mut objects: HashMap<&'static str, Vec<ObjectField>> = HashMap::new();
        // The first line has the names of the columns.
        for line in include_str!("object_fields.tsv").lines().skip(1) {
            let columns: Vec<&'static str> = line.split('\t').collect();
            if let [object, name, type_name, filterable, sortable] = columns[..] {
                objects.entry(object).or_default().push(ObjectField {
                    name,
                    type_name,
                    filterable: !filterable.is_empty(),
                    sortable: !sortable.is_empty(),
                });
            }
        }
        objects
    })
}

/// Whether an object has a field.
pub(super) fn has(object: &str, field: &str) -> bool {
    let fields = objects().get(object);
    fields.is_some_and(|fields| fields.iter().any(|one| one.name == field))
}

/// The names of the fields of an object.
pub(super) fn names(object: &str) -> Vec<String> {
    let fields = objects().get(object).into_iter().flatten();
    fields.map(|field| field.name.to_owned()).collect()
}

/// The two methods of every object.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    objects().keys().flat_map(|object| {
        let scope = object.split('.').next().unwrap_or_default();
        let handlers: [(&str, Handler); 2] =
            [("list", Handler::Read(list)), ("get", Handler::Read(get))];
        handlers.map(|(verb, handler)| Method {
            name: Cow::Owned(format!("{object}.field.{verb}")),
            scope,
            handler,
        })
    })
}

fn fields(call: &Call<'_>) -> Result<&'static [ObjectField], MethodError> {
    let object = call.method.rsplit_once(".field.").map(|(object, _)| object);
    let fields = object.and_then(|object| objects().get(object));
    fields
        .map(Vec::as_slice)
        .ok_or_else(errors::method_not_found)
}

fn list(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let selection = selection(call)?;
    let items: Value = fields(call)?
        .iter()
        .map(|field| describe(field, &selection))
        .collect();
    Ok(Output::value(&under("items", items)))
}

fn get(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let selection = selection(call)?;
    let name = match call.params.get("name") {
        None | Some(Value::Null) => return Err(error::required("name")),
        Some(Value::Text(name)) => name,
        Some(_) => return Err(error::wrong_type("name", "string")),
    };
    let field = fields(call)?.iter().find(|field| field.name == name);
    let field = field.ok_or_else(|| error::entity_not_found(name))?;
    Ok(Output::value(&under("item", describe(field, &selection))))
}

fn selection(call: &Call<'_>) -> Result<Selection, MethodError> {
    let selection = Selection::parse_strictly(&FIELD_DTO, call.params.get("select"))?;
    Ok(selection.unwrap_or_else(|| Selection::base(&FIELD_DTO)))
}

fn describe(field: &ObjectField, selection: &Selection) -> Array {
    let value = |name: &str| -> Value {
        match name {
            "name" | "title" => field.name.into(),
            "type" => field.type_name.into(),
            "filterable" => field.filterable.into(),
            "sortable" => field.sortable.into(),
            "editable" | "multiple" => false.into(),
            "validationRules" => Value::Array(Array::new()),
            _ => Value::Null,
        }
    };
    selection
        .fields()
        .map(|(of, _)| (of.name, value(of.name)))
        .collect()
}
