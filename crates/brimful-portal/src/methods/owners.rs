//! Records of the CRM that other records belong to: a comment, a requisite or a to-do has to have one.

use brimful_protocol::{Array, Value};

use super::records::refusal;
use crate::context::{Call, MethodError};
use crate::data::PortalData;
use crate::data::records::OwnerRule;
use crate::data::table::Table;

/// What a type of owners is to the emulator.
enum OwnerType<'s> {
    Modelled(&'s Table),
    /// The portal has it, and its records are not checked.
    Unchecked,
    Unknown,
}

/// Types of the portal whose records are not rows of the CRM: older invoices, requisites, orders and documents.
const OTHER_TYPES: [&str; 10] = [
    "5",
    "8",
    "14",
    "36",
    "39",
    "invoice",
    "requisite",
    "order",
    "smart_document",
    "smart_b2e_doc",
];

/// Refuses a record whose owner is not there. Nothing is said where a call names none: that is another refusal.
pub(super) fn check(
    state: &PortalData,
    rule: &OwnerRule,
    given: &Array,
    call: &Call<'_>,
) -> Result<(), MethodError> {
    let text = |name: &str| {
        let value = given.get_ignoring_case(name).map(Value::to_text);
        value.map(|text| text.trim().to_ascii_lowercase())
    };
    let (Some(kind), Some(id)) = (text(rule.type_field), text(rule.id_field)) else {
        return Ok(());
    };
    let is_allowed = rule.types.is_empty() || rule.types.contains(&&*kind);
    let table = match owner_type(state, &kind) {
        OwnerType::Modelled(table) if is_allowed => table,
        OwnerType::Unchecked if is_allowed => return Ok(()),
        _ => return Err(refusal(rule.unknown_type, rule.type_field, call)),
    };
    if let Some(id) = id.parse().ok().filter(|id| table.contains(*id)) {
        return if call.may_see_record(state, table, id) {
            Ok(())
        } else {
            Err(MethodError::new(400, "ACCESS_DENIED", "Access denied."))
        };
    }
    Err(refusal(rule.not_found, &id, call))
}

/// Whether the portal has a type of records with this number or name.
pub(super) fn is_type(state: &PortalData, kind: &str) -> bool {
    !matches!(owner_type(state, kind), OwnerType::Unknown)
}

/// Whether there is a record of this type with this ID; of types that are not modelled there is any.
pub(super) fn is_there(state: &PortalData, kind: i64, id: i64) -> bool {
    match owner_type(state, &kind.to_string()) {
        OwnerType::Modelled(table) => u64::try_from(id).is_ok_and(|id| table.contains(id)),
        OwnerType::Unchecked => true,
        OwnerType::Unknown => false,
    }
}

/// A type by its number or its name: `2`, `deal`, `dynamic_128`.
fn owner_type<'s>(state: &'s PortalData, kind: &str) -> OwnerType<'s> {
    if OTHER_TYPES.contains(&kind) {
        return OwnerType::Unchecked;
    }
    let number = match kind {
        "lead" => Some(1),
        "deal" => Some(2),
        "contact" => Some(3),
        "company" => Some(4),
        "quote" => Some(7),
        "smart_invoice" => Some(31),
        other => other
            .strip_prefix("dynamic_")
            .unwrap_or(other)
            .parse::<i64>()
            .ok(),
    };
    match number.and_then(|number| state.by_type(number)) {
        Some(table) => OwnerType::Modelled(table),
        None if number == Some(31) => OwnerType::Unchecked,
        None => OwnerType::Unknown,
    }
}
