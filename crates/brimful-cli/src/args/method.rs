//! The method's name on the command line.

use brimful_protocol::{catalogue, list_fields};

use crate::args::filter::Condition;
use crate::failure::Failure;
use crate::format;
use crate::printer::Printer;

/// Reads a method's name. Anything that cannot be one is refused here, so that an address in its place is not sent
/// anywhere.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    if text.contains('/') {
        return Err("that is an address: give the method first, such as crm.lead.list, and the address with --portal".to_owned());
    }
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if text.is_empty() || !text.chars().all(sound) {
        return Err(
            "a method's name has letters, digits and dots, such as crm.lead.list".to_owned(),
        );
    }
    let name = [".json", ".xml"]
        .iter()
        .find_map(|extension| text.strip_suffix(extension))
        .unwrap_or(text);
    Ok(name.to_owned())
}

/// What to say about a method that the catalogue does not have. It is called anyway: the catalogue may be old. `verb` is
/// what the name of an entity alone lacks, such as `list`; none where it may be any.
pub(crate) fn warning_if_unknown(method: &str, verb: Option<&str>) -> Option<String> {
    // The one method that is no command of others, and so is not in the catalogue.
    if catalogue::find(method).is_some() || method.eq_ignore_ascii_case("batch") {
        return None;
    }
    let guess = likely(method, verb.unwrap_or_default())
        .map_or_else(|| ".".to_owned(), |near| format!(", did you mean {near}?"));
    Some(format!(
        "the catalogue has no method {method}{guess} Calling it anyway"
    ))
}

/// Refuses a filter where conditions are parameters of their own: the whole list would come. Says so where the
/// documentation of a list has no filter: it may come whole.
pub(crate) fn check_filter(
    method: &str,
    filter: &[Condition],
    printer: Printer,
) -> Result<(), Failure> {
    let known = catalogue::find(method).filter(|known| known.list && known.filter.is_none());
    let (Some(known), Some(first)) = (known, filter.first()) else {
        return Ok(());
    };
    if list_fields::find(method).is_some_and(|fields| fields.bare) {
        let value = first.value.as_str().unwrap_or_default();
        let condition = format!("{}={value}", first.key.trim_start_matches('='));
        return Err(Failure::usage(format!(
            "{} has no filter: its conditions are parameters of their own",
            known.name
        ))
        .hint(format!("--param {}", format::shell_word(&condition))));
    }
    let keys: Vec<&str> = filter.iter().map(|one| one.key.as_str()).collect();
    printer.warning(&format!(
        "{} has no filter in its documentation, so {} may be passed over: look at the rows",
        known.name,
        keys.join(", ")
    ));
    Ok(())
}

/// The method that was probably meant by a name that is not one: an entity, such as `crm.deal`, has `verb` left out.
pub(crate) fn likely(name: &str, verb: &str) -> Option<&'static str> {
    if catalogue::find(name).is_some() {
        return None;
    }
    let name = name.trim_end_matches('.');
    let whole = catalogue::find(&format!("{name}.{verb}")).map(|method| method.name);
    whole.or_else(|| catalogue::nearest(name))
}

/// The refusal of a method that may write, where only those that read are called: `limit` says so.
pub(crate) fn refusal(method: &str, verb: &str, limit: &str) -> Failure {
    let is_known = catalogue::find(method).is_some();
    let failure = Failure::usage(if is_known {
        format!("{method} may write: {limit}")
    } else {
        format!("the catalogue has no method {method}, so it may write: {limit}")
    });
    match likely(method, verb) {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure,
    }
}

/// What the rows of a method's list are called, in the plural.
pub(crate) fn noun(method: &str) -> &'static str {
    match method.to_ascii_lowercase().as_str() {
        "crm.lead.list" => "leads",
        "crm.deal.list" => "deals",
        "crm.contact.list" => "contacts",
        "crm.company.list" => "companies",
        "crm.quote.list" => "quotes",
        "crm.activity.list" => "activities",
        "crm.product.list" | "catalog.product.list" => "products",
        "crm.item.list" => "items",
        "tasks.task.list" => "tasks",
        "user.get" => "users",
        "department.get" => "departments",
        _ => "rows",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_with_or_without_an_extension() {
        assert_eq!(parse("crm.lead.list"), Ok("crm.lead.list".to_owned()));
        assert_eq!(parse("crm.lead.list.json"), Ok("crm.lead.list".to_owned()));
    }

    #[test]
    fn an_address_in_the_place_of_the_method_is_refused() {
        assert!(parse("https://p.bitrix24.ru/rest/1/code/").is_err());
        assert!(parse("crm lead list").is_err());
        assert!(parse("").is_err());
    }

    #[test]
    fn an_entity_lacks_its_verb() {
        assert_eq!(likely("crm.deal", "get"), Some("crm.deal.get"));
        assert_eq!(likely("crm.deal.delete", "get"), None);
    }

    #[test]
    fn a_method_that_the_catalogue_does_not_have_is_warned_of_with_the_nearest_name() {
        assert_eq!(warning_if_unknown("CRM.Lead.List", None), None);
        assert_eq!(warning_if_unknown("batch", None), None);
        assert_eq!(
            warning_if_unknown("crm.lead", Some("list")).unwrap(),
            "the catalogue has no method crm.lead, did you mean crm.lead.list? Calling it anyway"
        );
        assert_eq!(
            warning_if_unknown("crm.leads.list", None).unwrap(),
            "the catalogue has no method crm.leads.list, did you mean crm.lead.list? Calling it anyway"
        );
        assert_eq!(
            warning_if_unknown("zzzzzzzzzzzzzzzzzzzzz", None).unwrap(),
            "the catalogue has no method zzzzzzzzzzzzzzzzzzzzz. Calling it anyway"
        );
    }
}
