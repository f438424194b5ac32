//! The method's name on the command line.

use brimful::Effect;
use brimful_protocol::catalogue::{self, Method};
use brimful_protocol::list_fields::{self, Spelling};
use serde_json::Value;

use crate::args::filter::Condition;
use crate::args::params::Param;
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
    // The one method that is not a command of others, and so is not in the catalogue.
    if catalogue::find(method).is_some() || method.eq_ignore_ascii_case("batch") {
        return None;
    }
    let guess = likely(method, verb.unwrap_or_default())
        .map_or_else(|| ".".to_owned(), |near| format!(", did you mean {near}?"));
    Some(format!(
        "the catalogue has no method {method}{guess} Calling it anyway"
    ))
}

/// Refuses conditions that a list would pass over, so that the whole list came, with the line to write instead. `option`
/// gives a parameter of the list, such as `--param`.
pub(crate) fn check_conditions(
    method: &str,
    filter: &[Condition],
    params: &[Param],
    option: &str,
    printer: Printer,
) -> Result<(), Failure> {
    let Some(known) = catalogue::find(method).filter(|known| known.list) else {
        return Ok(());
    };
    if let Some(refused) = params.iter().find_map(|param| misplaced(known, param)) {
        return Err(refused);
    }
    if known.filter.is_some() || filter.is_empty() {
        return Ok(());
    }
    if let Some(refused) = filter
        .iter()
        .find_map(|one| without_filter(known, one, option))
    {
        return Err(refused);
    }
    let keys: Vec<&str> = filter.iter().map(|one| one.key.as_str()).collect();
    printer.warning(&format!(
        "{} has no filter in its documentation, so {} may be passed over: look at the rows",
        known.name,
        keys.join(", ")
    ));
    Ok(())
}

/// A parameter that stands where a condition was meant, or the number of rows.
fn misplaced(known: &Method, param: &Param) -> Option<Failure> {
    let (name, value) = param.plain()?;
    let has_filter = known.filter.is_some();
    if !has_filter || !known.passes_over(name) {
        return None;
    }
    let refused = Failure::usage(format!(
        "{} has no parameter {name}, and the portal would pass it over",
        known.name
    ));
    let lower = name.to_ascii_lowercase();
    if ["limit", "top", "count", "rows", "page_size", "per_page"].contains(&lower.as_str()) {
        let rows = value.as_u64().unwrap_or(100);
        return Some(refused.hint(format!("--top {rows} ends the list after so many rows")));
    }
    let is_in_capitals = !name.contains(|c: char| c.is_ascii_lowercase());
    let has_capitals = list_fields::find(known.name).is_some_and(|fields| {
        fields.spelling == Spelling::Listed && fields.list.starts_with("crm.")
    });
    if (has_capitals && !is_in_capitals)
        || catalogue::nearest_name(name, known.parameters()).is_some()
    {
        return None;
    }
    let condition = match value {
        Value::Array(items) => format!("@{name}={}", joined(items)),
        Value::Object(_) => return None,
        other => format!("{name}={}", text(other)),
    };
    Some(refused.hint(format!("--filter {}", format::shell_word(&condition))))
}

/// A condition of `--filter` for a list that has no filter.
fn without_filter(known: &Method, condition: &Condition, option: &str) -> Option<Failure> {
    let is_bare = list_fields::find(known.name).is_some_and(|fields| fields.bare);
    if !is_bare && !known.passes_over("filter") {
        return None;
    }
    let name = condition.key.trim_start_matches(list_fields::FILTER_SIGNS);
    let sign = &condition.key[..condition.key.len() - name.len()];
    let own = known.parameters().find(|own| *own == name);
    let value = match (own, sign, &condition.value) {
        (None, ..) => None,
        (_, "" | "=", Value::String(text)) if known.takes_number(name) && text.contains(',') => {
            is_bare.then(|| list_of(text.split(',')))
        }
        (_, "" | "=", Value::String(text)) => Some(text.clone()),
        (_, "@", Value::Array(items)) => {
            is_bare.then(|| list_of(items.iter().filter_map(Value::as_str)))
        }
        _ => None,
    };
    let refused = Failure::usage(if is_bare {
        format!(
            "{} has no filter: its conditions are parameters of their own",
            known.name
        )
    } else {
        format!(
            "{} has no filter, and the portal would pass {} over",
            known.name, condition.key
        )
    });
    let names: Vec<&str> = known
        .parameters()
        .filter(|own| !["sort", "order", "start", "select"].contains(own) && *own != "START")
        .collect();
    Some(match value {
        Some(value) => refused.hint(format!(
            "{option} {}",
            format::shell_word(&format!("{name}={value}"))
        )),
        None if names.is_empty() => refused.hint("leave --filter out, and filter the rows"),
        None => refused.hint(format!(
            "its parameters compare for equality alone: {option} NAME=VALUE with {}; filter the rows for anything else",
            names.join(", ")
        )),
    })
}

/// Values as a list in JSON, numbers as numbers.
fn list_of<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let items = items.map(str::trim).map(|item| {
        item.parse::<u64>()
            .map_or_else(|_| Value::from(item), Value::from)
    });
    Value::Array(items.collect()).to_string()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn joined(items: &[Value]) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(",")
}

/// The method that was probably meant by a name that is not one: an entity, such as `crm.deal`, has `verb` left out.
pub(crate) fn likely(name: &str, verb: &str) -> Option<&'static str> {
    if catalogue::find(name).is_some() {
        return None;
    }
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let singular = match name.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => name.strip_suffix('s').unwrap_or(&name).to_owned(),
    };
    let whole = [
        format!("{name}.{verb}"),
        format!("{singular}.{verb}"),
        format!("crm.{singular}.{verb}"),
        format!("{singular}s.{singular}.{verb}"),
        format!("{singular}.get"),
    ];
    let whole = whole.iter().find_map(|name| catalogue::find(name));
    whole
        .map(|method| method.name)
        .or_else(|| catalogue::nearest(&name))
}

/// The refusal of a method that may write, where only those that read are called: `limit` says so.
pub(crate) fn refusal(method: &str, verb: &str, limit: &str) -> Failure {
    let is_known = catalogue::find(method).is_some();
    let failure = Failure::usage(if is_known {
        format!("{method} may write: {limit}")
    } else {
        format!("the catalogue has no method {method}, so it may write: {limit}")
    });
    let reads = |near: &&str| Effect::of(near) == Effect::Read;
    match likely(method, verb).filter(reads) {
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
    fn what_a_list_would_pass_over_is_shown_as_the_line_to_paste() {
        let deals = catalogue::find("crm.deal.list").unwrap();
        let hint = |text: &str| {
            let param = crate::args::params::parse(text).unwrap();
            misplaced(deals, &param).and_then(|failure| failure.hint)
        };
        assert_eq!(hint("STAGE_ID=WON").unwrap(), "--filter STAGE_ID=WON");
        assert_eq!(hint("ID=[1,2]").unwrap(), "--filter @ID=1,2");
        assert_eq!(
            hint("limit=10").unwrap(),
            "--top 10 ends the list after so many rows"
        );
        for other in [
            "filter[ID]=1",
            "selct=ID",
            "entityTypeId=2",
            "order[ID]=ASC",
        ] {
            assert_eq!(hint(other), None, "{other}");
        }
        let departments = catalogue::find("department.get").unwrap();
        let hint = |text: &str| {
            let condition = crate::args::filter::parse(text).unwrap();
            without_filter(departments, &condition, "--param").and_then(|failure| failure.hint)
        };
        assert_eq!(hint("NAME=Sales").unwrap(), "--param NAME=Sales");
        assert_eq!(hint("@ID=1,2").unwrap(), "--param 'ID=[1,2]'");
        assert_eq!(hint("=PARENT=1,2").unwrap(), "--param 'PARENT=[1,2]'");
        for text in [">ID=1", "!NAME=a", "COLOUR=red", "name=x"] {
            let hint = hint(text).unwrap();
            assert!(hint.contains("equality alone"), "{text}: {hint}");
        }
    }

    #[test]
    fn an_entity_lacks_its_verb() {
        assert_eq!(likely("crm.deal", "get"), Some("crm.deal.get"));
        assert_eq!(likely("crm.deal.delete", "get"), None);
        for (name, meant) in [
            ("lead", "crm.lead.list"),
            ("Leads", "crm.lead.list"),
            ("companies", "crm.company.list"),
            ("crm.deals", "crm.deal.list"),
            ("tasks", "tasks.task.list"),
            ("users", "user.get"),
        ] {
            assert_eq!(likely(name, "list"), Some(meant), "{name}");
        }
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
