//! Values that writes to CRM records refuse: currencies, addresses of e-mail and stages that there are not.

use brimful_protocol::{Array, Value};

use super::{categories, statuses};
use crate::context::{MethodError, moment};
use crate::data::entities::{COMPANY, DEAL, LEAD, QUOTE, SMART, USER};
use crate::data::schema::Kind;
use crate::data::table::Table;
use crate::data::{PortalData, stages};
use crate::methods::params::legacy_error;

/// Refuses what `crm.deal.add`, `crm.contact.add` and the like refuse.
///
/// # Errors
/// A currency that the portal doesn't have, or a text that is not an address of e-mail.
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
            check_emails(entity, value)?;
        }
        // The older methods keep a stage that there is not: no page says that they refuse it.
        if (is("STAGE_ID") || is("STATUS_ID"))
            && !code.is_empty()
            && !is_stage(state, state.table(entity), *at, &code)
        {
            tracing::warn!("a record gets the stage \"{code}\", and no funnel has it");
        }
    }
    Ok(())
}

/// Whether the portal has such a currency. None at all is one too.
fn is_currency(state: &PortalData, code: &str) -> bool {
    let code = code.trim().to_ascii_uppercase();
    let table = state.record_table("crm.currency");
    code.is_empty() || table.is_none_or(|table| table.find(&[code], &[]).is_some())
}

fn check_emails(entity: usize, value: &Value) -> Result<(), MethodError> {
    let entries: Vec<&Value> = match value {
        Value::Array(entries) => entries.values().collect(),
        single => vec![single],
    };
    for entry in entries {
        let text = |key: &str| entry.get(key).map(Value::to_text).unwrap_or_default();
        let address = match entry {
            Value::Text(bare) => bare.clone(),
            _ => text("VALUE"),
        };
        if address.is_empty() || text("DELETE") == "Y" || is_email(&address) {
            continue;
        }
        let field = match text("VALUE_TYPE").as_str() {
            "WORK" => "Work e-mail",
            "HOME" => "Home e-mail",
            _ => "E-mail",
        };
        let text = match entity {
            COMPANY => "The \"E-mail\" field contains an invalid address".to_owned(),
            _ => format!("The field \"{field}\" contains an invalid address"),
        };
        return Err(MethodError::new(400, "ERROR_CORE", text));
    }
    Ok(())
}

/// Whether a text is `name@host.zone`, with or without a name before it: `Ann <ann@example.com>`.
pub(in crate::methods) fn is_email(text: &str) -> bool {
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

/// Refuses what `crm.item.add` and the like refuse.
///
/// # Errors
/// `CRM_FIELD_ERROR_VALUE_NOT_VALID` for a stage, a funnel, a currency, a person or an entry of a dictionary that there is
/// not, and for what is not a number or not a date; `100` for a single value in a field of many.
pub(super) fn check_item(
    state: &PortalData,
    entity: usize,
    values: &[(usize, Value)],
    now: i64,
) -> Result<(), MethodError> {
    let table = state.table(entity);
    for (at, value) in values {
        let field = table.schema.get(*at);
        if field.traits.multiple && field.kind != Kind::Multifield {
            check_iterable(value)?;
        }
        let text = value.to_text();
        if text.is_empty() || value.as_array().is_some() {
            continue;
        }
        let is_there = match &*field.name {
            "STATUS_ID" | "STAGE_ID" => is_stage(state, table, *at, &text),
            "CATEGORY_ID" => is_funnel(state, table, *at, &text),
            "CURRENCY_ID" => is_currency(state, &text) || is_in_a_row(table, *at, &text),
            _ => is_value(state, table, *at, &text, now),
        };
        if !is_there {
            let text = format!("Invalid value for field \"{}\"", field.camel);
            return Err(MethodError::new(
                400,
                "CRM_FIELD_ERROR_VALUE_NOT_VALID",
                text,
            ));
        }
    }
    Ok(())
}

/// Whether a field may have the value, by its kind. `now` is the portal's clock.
fn is_value(state: &PortalData, table: &Table, at: usize, text: &str, now: i64) -> bool {
    let kind = table.schema.get(at).kind;
    let is_number = |text: &str| text.trim().parse::<f64>().is_ok();
    match kind {
        Kind::Date | Kind::DateTime => moment::parse(text, now).is_some(),
        Kind::Double => is_number(text),
        Kind::User => {
            let users = state.table(USER);
            let id = text.trim().parse();
            // A portal without users has not been given any.
            users.count(1, u64::MAX) == 0
                || text.trim() == "0"
                || id.is_ok_and(|id| users.contains(id))
                || is_in_a_row(table, at, text)
        }
        Kind::Status("SOURCE") => {
            statuses::has(state, "SOURCE", text) || is_in_a_row(table, at, text)
        }
        _ => true,
    }
}

/// Refuses a single value where a list is wanted. Empty values empty the field.
fn check_iterable(value: &Value) -> Result<(), MethodError> {
    let kind = match value {
        Value::Int(_) => "integer",
        Value::Float(_) => "double",
        Value::Bool(true) => "boolean",
        Value::Text(text) if !text.is_empty() => "string",
        _ => return Ok(()),
    };
    let text = format!("Expected iterable value for multiple field, but got {kind} instead");
    Err(MethodError::new(400, "100", text))
}

/// Whether records of a type are led in such a funnel.
fn is_funnel(state: &PortalData, table: &Table, at: usize, id: &str) -> bool {
    let is_led = table.entity == DEAL || table.entity >= SMART;
    let is_it = |funnel: &Array| funnel.get("id").is_some_and(|known| known.to_text() == id);
    !is_led
        || id == "0"
        || categories::of(state, table.entity_type).iter().any(is_it)
        || is_in_a_row(table, at, id)
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
        smart if smart < SMART => return true,
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
