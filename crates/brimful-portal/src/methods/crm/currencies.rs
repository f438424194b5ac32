//! `crm.currency.get`, `crm.currency.base.*` and `crm.currency.localizations.*`.

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records::{self, RecordTable};
use crate::methods::params::legacy_error;

/// The field of a currency that has its localizations, by language. Lists don't show it.
const LANG: &str = "LANG";

fn table(state: &PortalData) -> Option<&RecordTable> {
    state.record_table("crm.currency")
}

fn invalid() -> MethodError {
    legacy_error("The parameter id is invalid or not defined.")
}

/// The currency that a call names, with its number among the records.
fn named(state: &PortalData, call: &Call<'_>) -> Result<(u64, Map<String, Json>), MethodError> {
    let code = call.text("id").trim().to_ascii_uppercase();
    let table = table(state).ok_or_else(invalid)?;
    let number = table.find(&[code], &[]).ok_or_else(invalid)?;
    let row = table.get(number).cloned().ok_or_else(invalid)?;
    Ok((number, row))
}

fn put(state: &mut PortalData, number: u64, row: Map<String, Json>) {
    if let Some(place) = records::place("crm.currency") {
        state.records[place].put(number, row);
    }
}

/// `crm.currency.base.get`: the code of the currency that all amounts are counted in.
pub(crate) fn base(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = table(state);
    let ids = table.map(|table| table.ids(&[], &[])).unwrap_or_default();
    let mut rows = ids.iter().filter_map(|id| table?.get(*id));
    let base = rows.find(|row| row.get("BASE").and_then(Json::as_str) == Some("Y"));
    let code = base.and_then(|row| row.get("CURRENCY")).cloned();
    Ok(Output::value(&code.map(Value::from).unwrap_or_default()))
}

/// `crm.currency.get`: with how it is written in each language.
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let output = crate::methods::records::read(state, call)?;
    let Ok((number, row)) = named(state, call) else {
        return Ok(output);
    };
    let Value::Array(mut shown) = output.to_value().clone() else {
        return Ok(output);
    };
    shown.insert(LANG, by_language(state, number, &row));
    Ok(Output::value(&Value::Array(shown)))
}

/// `crm.currency.delete`: any but the one that all amounts are counted in.
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let is_base = |row: &Map<String, Json>| row.get("BASE").and_then(Json::as_str) == Some("Y");
    if named(state, call).is_ok_and(|(_, row)| is_base(&row)) {
        return Err(legacy_error("Cannot delete base currency."));
    }
    crate::methods::records::write(state, call)
}

/// `crm.currency.base.set`
pub(crate) fn set_base(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (base, _) = named(state, call)?;
    let ids = table(state).map(|table| table.ids(&[], &[]));
    for id in ids.unwrap_or_default() {
        let row = table(state).and_then(|table| table.get(id)).cloned();
        if let Some(mut row) = row {
            let flag = if id == base { "Y" } else { "N" };
            row.insert("BASE".to_owned(), Json::from(flag));
            put(state, id, row);
        }
    }
    Ok(Output::value(&Value::Bool(true)))
}

fn kept(state: &PortalData, number: u64) -> Option<&Array> {
    let kept = state.preferences.get(&None)?;
    kept.get(&format!("{LANG}.{number}"))?.as_array()
}

/// How a currency is written, by language.
fn by_language(state: &PortalData, number: u64, row: &Map<String, Json>) -> Array {
    if let Some(kept) = kept(state, number) {
        return kept.clone();
    }
    let mut english = own(row);
    let code = row.get("CURRENCY").and_then(Json::as_str);
    let name = ENGLISH_NAMES.iter().find(|(of, _)| Some(*of) == code);
    if let Some((_, name)) = name {
        english.insert("FULL_NAME", *name);
    }
    Array::from_iter([("en", english), ("ru", own(row))])
}

/// The names of the currencies that every portal has, which are in Russian there.
const ENGLISH_NAMES: [(&str, &str); 5] = [
    ("RUB", "Russian Ruble"),
    ("USD", "United States Dollar"),
    ("EUR", "Euro"),
    ("UAH", "Ukrainian Hryvnia"),
    ("BYN", "Belarusian Ruble"),
];

/// What a separator of thousands is called.
fn variant(separator: &str) -> &'static str {
    match separator {
        "" => "N",
        "." => "D",
        "," => "C",
        " " => "S",
        _ => "B",
    }
}

/// How a currency is written in the language of the portal, from the row itself.
fn own(row: &Map<String, Json>) -> Array {
    let value = |name: &str| row.get(name).cloned().map(Value::from).unwrap_or_default();
    let mut own = Array::new();
    for name in [
        "FORMAT_STRING",
        "FULL_NAME",
        "DEC_POINT",
        "THOUSANDS_SEP",
        "DECIMALS",
    ] {
        own.insert(name, value(name));
    }
    own.insert(
        "THOUSANDS_VARIANT",
        variant(&value("THOUSANDS_SEP").to_text()),
    );
    own.insert("HIDE_ZERO", "Y");
    own
}

/// `crm.currency.localizations.get`: by language.
pub(crate) fn localizations(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (number, row) = named(state, call)?;
    let all = by_language(state, number, &row);
    Ok(Output::value(&Value::Array(all)))
}

fn keep(state: &mut PortalData, number: u64, all: Array) {
    let kept = state.preferences.entry(None).or_default();
    kept.insert(format!("{LANG}.{number}").as_str(), all);
}

/// `crm.currency.localizations.set`: those of the languages that are given.
pub(crate) fn localize(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (number, row) = named(state, call)?;
    let mut all = by_language(state, number, &row);
    let given = call.params.get_ignoring_case("localizations");
    for (language, texts) in given
        .and_then(Value::as_array)
        .into_iter()
        .flat_map(Array::iter)
    {
        let language = language.to_text();
        let known = all.get(&language).and_then(Value::as_array).cloned();
        let mut changed = known.unwrap_or_else(|| own(&row));
        for (name, text) in texts.as_array().into_iter().flat_map(Array::iter) {
            changed.insert(name.to_text().as_str(), text.to_text());
        }
        all.insert(language.as_str(), changed);
    }
    keep(state, number, all);
    Ok(Output::value(&Value::Bool(true)))
}

/// `crm.currency.localizations.delete`: those of the languages in `lids`.
pub(crate) fn delete_localizations(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (number, row) = named(state, call)?;
    let mut all = by_language(state, number, &row);
    let given = call.params.get_ignoring_case("lids");
    match given {
        Some(Value::Array(languages)) => {
            for language in languages.values() {
                all.remove(&language.to_text());
            }
        }
        Some(language) => {
            all.remove(&language.to_text());
        }
        None => {}
    }
    keep(state, number, all);
    Ok(Output::value(&Value::Bool(true)))
}
