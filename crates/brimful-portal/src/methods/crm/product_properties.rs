//! `crm.product.property.settings.fields`: what the settings of a custom type of properties consist of.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;

/// The settings of a custom type: the type of the values, the custom type, and the settings with their types.
type Settings = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const LOOKS: &[(&str, &str)] = &[
    ("VIEW", "string"),
    ("SHOW_ADD", "char"),
    ("MAX_WIDTH", "integer"),
    ("MIN_HEIGHT", "integer"),
    ("MAX_HEIGHT", "integer"),
    ("BAN_SYM", "string"),
    ("REP_SYM", "string"),
    ("OTHER_REP_SYM", "string"),
    ("IBLOCK_MESS", "char"),
];

const TYPES: &[Settings] = &[
    ("S", "HTML", &[("HEIGHT", "integer")]),
    (
        "N",
        "Sequence",
        &[("WRITE", "char"), ("CURRENT_VALUE", "integer")],
    ),
    (
        "E",
        "EList",
        &[
            ("SIZE", "integer"),
            ("WIDTH", "integer"),
            ("GROUP", "char"),
            ("MULTIPLE", "char"),
        ],
    ),
    ("E", "EAutocomplete", LOOKS),
    ("E", "SKU", LOOKS),
    ("G", "SectionAuto", LOOKS),
    ("S", "ECrm", &[("VISIBLE", "char")]),
    ("S", "Money", &[]),
];

/// The settings of the type that a call names; none if it has no settings.
pub(crate) fn settings(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (kind, custom) = (call.text("propertyType"), call.text("userType"));
    let is_it =
        |one: &&Settings| one.0.eq_ignore_ascii_case(&kind) && one.1.eq_ignore_ascii_case(&custom);
    let settings = TYPES.iter().find(is_it).map_or(&[][..], |one| one.2);
    let settings = settings.iter().map(|(name, type_name)| {
        let mut field = Array::from_iter([("type", *type_name)]);
        for flag in [
            "isRequired",
            "isReadOnly",
            "isImmutable",
            "isMultiple",
            "isDynamic",
        ] {
            field.insert(flag, false);
        }
        field.insert("title", *name);
        (*name, field)
    });
    Ok(Output::value(&Value::Array(settings.collect())))
}
