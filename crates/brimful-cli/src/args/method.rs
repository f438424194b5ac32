//! The method's name on the command line.

use brimful_protocol::catalogue;

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

/// What to say about a method that the catalogue does not have. It is sent all the same: the catalogue may be old.
pub(crate) fn doubt(method: &str) -> Option<String> {
    if catalogue::find(method).is_some() {
        return None;
    }
    let guess = catalogue::nearest(method)
        .map_or_else(String::new, |near| format!(", did you mean {near}?"));
    Some(format!(
        "the catalogue has no method {method}{guess} It is sent all the same",
        guess = if guess.is_empty() {
            ".".to_owned()
        } else {
            guess
        }
    ))
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
    fn a_method_nobody_knows_is_doubted_and_the_nearest_named() {
        assert_eq!(doubt("CRM.Lead.List"), None);
        assert_eq!(
            doubt("crm.leads.list").unwrap(),
            "the catalogue has no method crm.leads.list, did you mean crm.lead.list? It is sent all the same"
        );
        assert_eq!(
            doubt("zzzzzzzzzzzzzzzzzzzzz").unwrap(),
            "the catalogue has no method zzzzzzzzzzzzzzzzzzzzz. It is sent all the same"
        );
    }
}
