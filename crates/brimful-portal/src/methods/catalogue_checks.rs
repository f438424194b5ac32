//! What products of the catalogue refuse: blocks, sections, VAT rates, currencies and people that there are not, and a
//! symbolic code that another product has.

use brimful_protocol::{Array, Value};

use super::record_rows::{row, rows, text};
use crate::context::{Call, MethodError};
use crate::data::PortalData;
use crate::data::entities::USER;

fn refused(text: &str) -> MethodError {
    MethodError::new(400, "0", text)
}

/// Refuses what `catalog.product.add`, `.update` and those of the other kinds of products refuse.
pub(super) fn check(state: &PortalData, kind: &str, call: &Call<'_>) -> Result<(), MethodError> {
    let Some(fields) = call.params.get("fields").and_then(Value::as_array) else {
        return Ok(());
    };
    let given = |name: &str| {
        let value = fields.get(name).map(Value::to_text)?;
        (!value.trim().is_empty()).then(|| value.trim().to_owned())
    };
    let is_there = |kind: &str, id: &str| {
        let id = id.parse().ok();
        id.is_some_and(|id| row(state, kind, id).is_some())
    };
    if let Some(block) = given("iblockId")
        && !rows(state, "catalog.catalog").any(|(_, one)| text(one, "iblockId") == block)
    {
        let text = "Information block with the specified identifier does not exist";
        return Err(MethodError::new(400, "200040300000", text));
    }
    for (name, of, why) in [
        (
            "iblockSectionId",
            "catalog.section",
            "Section with the specified identifier does not exist",
        ),
        (
            "vatId",
            "catalog.vat",
            "VAT rate with the specified identifier does not exist",
        ),
    ] {
        if given(name).is_some_and(|id| id != "0" && !is_there(of, &id)) {
            return Err(refused(why));
        }
    }
    let has_currency =
        |code: &str| rows(state, "crm.currency").any(|(_, one)| text(one, "CURRENCY") == code);
    if given("purchasingCurrency").is_some_and(|code| !has_currency(&code)) {
        let text = "The specified purchasing price currency does not exist";
        return Err(refused(text));
    }
    let is_user = |id: &str| id.parse().is_ok_and(|id| state.table(USER).contains(id));
    for (name, why) in [
        (
            "createdBy",
            "User with the specified identifier who created the product does not exist",
        ),
        (
            "modifiedBy",
            "User with the specified identifier who modified the product does not exist",
        ),
    ] {
        if given(name).is_some_and(|id| !is_user(&id)) {
            return Err(refused(why));
        }
    }
    check_code(state, kind, call, fields)
}

fn check_code(
    state: &PortalData,
    kind: &str,
    call: &Call<'_>,
    fields: &Array,
) -> Result<(), MethodError> {
    let code = fields.get("code").map(Value::to_text).unwrap_or_default();
    let id = call.text("id").trim().parse::<u64>().ok();
    let is_taken = |(number, one): (u64, _)| Some(number) != id && text(one, "code") == code;
    if !code.is_empty() && rows(state, kind).any(is_taken) {
        let text = "Product with the specified symbolic code already exists";
        return Err(refused(text));
    }
    Ok(())
}
