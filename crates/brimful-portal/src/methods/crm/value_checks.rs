//! Values that writes to CRM records refuse: currencies, addresses of e-mail and stages that there are not.

use brimful_protocol::{Array, Value};

use super::statuses;
use crate::context::MethodError;
use crate::data::entities::{DEAL, LEAD, QUOTE, SMART};
use crate::data::table::Table;
use crate::data::{PortalData, records, stages};
use crate::methods::params::legacy_error;

/// Refuses what `crm.deal.add`, `crm.contact.add` and the like refuse.
///
/// # Errors
/// A currency that the portal doesn't have, or an address of e-mail that is none.
pub(super) fn check(
    state: &PortalData,
    entity: usize,
    values: &[(usize, Value)],
) -> Result<(), MethodError> {
    let schema = &state.table(entity).schema;
    for (at, value) in values {
        let is = |name: &str| schema.legacy(name) == Some(*at);
        let has_currency = matches!(entity, DEAL | QUOTE);
        let code = value.to_text();
        if has_currency
            && is("CURRENCY_ID")
            && !is_currency(state, &code)
            && !is_in_a_row(state.table(entity), *at, &code)
        {
            return Err(legacy_error("Invalid value for the \"Currency\" field"));
        }
        if is("EMAIL") {
            check_emails(value)?;
        }
    }
    Ok(())
}

/// Whether the portal has such a currency. None at all is one too.
fn is_currency(state: &PortalData, code: &str) -> bool {
    let code = code.trim().to_ascii_uppercase();
    let table = records::place("crm.currency").map(|place| &state.records[place]);
    code.is_empty() || table.is_none_or(|table| table.find(&[code], &[]).is_some())
}

fn check_emails(value: &Value) -> Result<(), MethodError> {
    for entry in value.as_array().into_iter().flat_map(Array::values) {
        let text = |key: &str| entry.get(key).map(Value::to_text).unwrap_or_default();
        let address = text("VALUE");
        if address.is_empty() || text("DELETE") == "Y" || is_email(&address) {
            continue;
        }
        let field = match text("VALUE_TYPE").as_str() {
            "WORK" => "Work e-mail",
            "HOME" => "Home e-mail",
            _ => "E-mail",
        };
        let text = format!("The field \"{field}\" contains an invalid address");
        return Err(MethodError::new(400, "ERROR_CORE", text));
    }
    Ok(())
}

/// Whether a text is `name@host.zone`, with or without a name before it: `Ann <ann@example.com>`.
fn is_email(text: &str) -> bool {
    let text = text.trim();
    let address = text
        .rsplit_once('<')
        .and_then(|(_, address)| address.strip_suffix('>'))
        .unwrap_or(text);
    let Some((name, host)) = address.split_once('@') else {
        return false;
    };
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains(|c: char| c.is_whitespace() || c == '@' || c == ',')
    };
    is_plain(name) && is_plain(host) && host.contains('.')
}

/// Refuses a stage that the records of `crm.item.*` don't have.
///
/// # Errors
/// `CRM_FIELD_ERROR_VALUE_NOT_VALID`.
pub(super) fn check_stage(
    state: &PortalData,
    entity: usize,
    values: &[(usize, Value)],
) -> Result<(), MethodError> {
    let table = state.table(entity);
    let field = match entity {
        LEAD => "STATUS_ID",
        DEAL => "STAGE_ID",
        smart if smart >= SMART => "STAGE_ID",
        _ => return Ok(()),
    };
    let Some(at) = table.schema.legacy(field) else {
        return Ok(());
    };
    let given = values.iter().filter(|(field, _)| *field == at);
    for (_, value) in given {
        let stage = value.to_text();
        if !stage.is_empty() && !is_stage(state, table, at, &stage) {
            return Err(MethodError::new(
                400,
                "CRM_FIELD_ERROR_VALUE_NOT_VALID",
                "Invalid value for field \"stageId\"",
            ));
        }
    }
    Ok(())
}

/// Whether a dictionary has the stage, or a row that was loaded with it.
fn is_stage(state: &PortalData, table: &Table, at: usize, stage: &str) -> bool {
    let has = |stages: &[stages::Stage]| stages.iter().any(|known| known.id == stage);
    let (dictionary, is_usual) = match table.entity {
        LEAD => ("STATUS".to_owned(), has(stages::LEAD_STAGES)),
        DEAL => {
            let mut funnels = stages::DEAL_CATEGORIES.iter();
            let usual = funnels.any(|funnel| has(funnel.stages));
            ("DEAL_STAGE".to_owned(), usual)
        }
        _ => {
            let kind = table.entity_type;
            let rest = stage.strip_prefix(&format!("DT{kind}_"));
            let id = rest.and_then(|rest| rest.split_once(':'));
            let mut usual = stages::ITEM_STAGES.iter();
            let is_usual = id.is_some_and(|(_, id)| usual.any(|known| known.id == id));
            (format!("DYNAMIC_{kind}_STAGE_"), is_usual)
        }
    };
    is_usual || statuses::has(state, &dictionary, stage) || is_in_a_row(table, at, stage)
}

/// Whether a row has the value: it may have been loaded with it.
fn is_in_a_row(table: &Table, at: usize, value: &str) -> bool {
    let mut ids = table.ids(1, u64::MAX);
    ids.any(|id| table.row(id).cell(at).to_text().as_deref() == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_email_has_a_name_and_a_host_with_a_zone() {
        for right in ["a@b.ru", "Ann <ann.lee@mail.example.com>", " x+y@z.io "] {
            assert!(is_email(right), "{right}");
        }
        for wrong in [
            "", "ann", "a@b", "@b.ru", "a@", "a b@c.ru", "a@.ru", "a@b@c.ru",
        ] {
            assert!(!is_email(wrong), "{wrong}");
        }
    }
}
