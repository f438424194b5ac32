//! `crm.userfield.settings.fields`: the settings that fields of a type have.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::methods::params::legacy_error;

/// Name, type and title of a setting.
type Setting = (&'static str, &'static str, &'static str);

const DEFAULT_TEXT: Setting = ("DEFAULT_VALUE", "string", "Default Value");

fn settings(kind: &str) -> Vec<Setting> {
    match kind {
        "string" => vec![DEFAULT_TEXT, ("ROWS", "int", "Rows")],
        "integer" => vec![("DEFAULT_VALUE", "int", "Default Value")],
        "double" => vec![
            ("DEFAULT_VALUE", "double", "Default Value"),
            ("PRECISION", "int", "Precision"),
        ],
        "boolean" => vec![
            ("DEFAULT_VALUE", "int", "Default Value"),
            ("DISPLAY", "string", "Display"),
        ],
        "date" | "datetime" => vec![("DEFAULT_VALUE", kind_of_date(kind), "Default Value")],
        "enumeration" => vec![
            ("DISPLAY", "string", "Display"),
            ("LIST_HEIGHT", "int", "List Height"),
        ],
        "crm_status" => vec![("ENTITY_TYPE", "string", "Entity Type")],
        "iblock_section" | "iblock_element" => vec![
            ("IBLOCK_TYPE_ID", "string", "Information Block Type"),
            ("IBLOCK_ID", "string", "Information Block"),
            DEFAULT_TEXT,
            ("DISPLAY", "string", "Display"),
            ("LIST_HEIGHT", "int", "List Height"),
            ("ACTIVE_FILTER", "char", "Active Filter"),
        ],
        "crm" => vec![
            ("LEAD", "char", "Lead"),
            ("CONTACT", "char", "Contact"),
            ("COMPANY", "char", "Company"),
            ("DEAL", "char", "Deal"),
        ],
        _ => Vec::new(),
    }
}

fn kind_of_date(kind: &str) -> &'static str {
    if kind == "date" { "date" } else { "datetime" }
}

pub(crate) fn fields(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let kind = call.text("type");
    if kind.is_empty() {
        return Err(legacy_error("Parameter 'type' is not specified or empty."));
    }
    let described = settings(&kind).into_iter().map(|(name, kind, title)| {
        let about = Array::from_iter([("type", kind), ("title", title)]);
        (name, about)
    });
    Ok(Output::value(&Value::Array(described.collect())))
}
