//! Which method names the fields of a list, and what the list takes beside them: to check filters, selects and orders.
//!
//! Where no method names them, the documentation has to name all that the list takes.
//!
//! The data is `list_fields.tsv`, read off the vendor's documentation. Its last column is the page below
//! `api-reference/` (github.com/bitrix24/b24restdocs), without `.md`.

use std::sync::OnceLock;

/// The signs that may stand before a field in the key of a filter: `>=DATE_CREATE`, `!@STAGE_ID`.
pub const FILTER_SIGNS: [char; 11] = ['!', '<', '>', '=', '%', '@', '?', '*', '+', '~', '#'];

/// What is known of the names that a list takes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListFields {
    /// The list, such as `crm.deal.list`.
    pub list: &'static str,
    /// The method that names its fields, such as `crm.deal.fields`; `None` where no method does, and the documentation has
    /// all names that the list takes.
    pub fields: Option<&'static str>,
    /// How the list takes the names of that method.
    pub spelling: Spelling,
    /// Parameters of the list that the other method needs too, such as `entityTypeId`.
    pub passed_on: Vec<&'static str>,
    /// Whether a filter may have groups of conditions; `None` where that is not documented.
    pub groups: Option<bool>,
    /// What the filter takes beside the fields. A name that ends in `*` stands for all that begin so.
    pub in_filter: Vec<&'static str>,
    /// What the select and the order take beside the fields.
    pub elsewhere: Vec<&'static str>,
    /// Fields that are yes or no, although the portal does not say so. Of a text, only `""`, `0` and `N` are no.
    pub flags: Vec<&'static str>,
    /// What the filter takes whole numbers for, although the portal does not say so.
    pub numbers: Vec<&'static str>,
    /// Whether conditions may stand beside the other parameters.
    pub bare: bool,
    /// The page of the documentation.
    pub source: &'static str,
}

/// How a list takes the names of its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// As they are listed, case included.
    Listed,
    /// As they are listed, `stageId`, and as the older methods have them, `STAGE_ID`.
    CamelOrUpper,
}

impl ListFields {
    /// Whether the filter takes `name` although it is not a field.
    pub fn is_in_filter(&self, name: &str) -> bool {
        self.in_filter.iter().any(|known| fits(known, name))
    }

    /// Whether the select and the order take `name` although it is not a field.
    pub fn is_elsewhere(&self, name: &str) -> bool {
        self.elsewhere.iter().any(|known| fits(known, name))
    }
}

fn fits(known: &str, name: &str) -> bool {
    match known.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => known == name,
    }
}

static DATA: &str = include_str!("list_fields.tsv");

/// All lists whose fields can be asked for, or are documented.
pub fn all() -> &'static [ListFields] {
    static ALL: OnceLock<Vec<ListFields>> = OnceLock::new();
    ALL.get_or_init(|| DATA.lines().skip(1).filter_map(parse).collect())
}

/// Looks a list up, in any case of its letters.
///
/// ```
/// use brimful_protocol::list_fields;
/// let deals = list_fields::find("CRM.Deal.List").unwrap();
/// assert_eq!(deals.fields, Some("crm.deal.fields"));
/// assert!(deals.is_in_filter("CHECK_PERMISSIONS"));
/// assert!(list_fields::find("crm.deal.get").is_none());
/// ```
pub fn find(list: &str) -> Option<&'static ListFields> {
    all()
        .iter()
        .find(|known| known.list.eq_ignore_ascii_case(list))
}

/// One line of the data. None for a line with a word that is not known: a test reads them all.
fn parse(line: &'static str) -> Option<ListFields> {
    let cells: Vec<&'static str> = line.split('\t').collect();
    let [
        list,
        fields,
        spelling,
        passed_on,
        groups,
        in_filter,
        elsewhere,
        flags,
        numbers,
        bare,
        source,
    ] = cells.try_into().ok()?;
    let names = |cell: &'static str| cell.split(',').filter(|name| !name.is_empty()).collect();
    let flag = |cell| match cell {
        "Y" => Some(Some(true)),
        "N" => Some(Some(false)),
        "" => Some(None),
        _ => None,
    };
    Some(ListFields {
        list,
        fields: Some(fields).filter(|method| !method.is_empty()),
        spelling: match spelling {
            "listed" => Spelling::Listed,
            "item" => Spelling::CamelOrUpper,
            _ => return None,
        },
        passed_on: names(passed_on),
        groups: flag(groups)?,
        in_filter: names(in_filter),
        elsewhere: names(elsewhere),
        flags: names(flags),
        numbers: names(numbers),
        bare: flag(bare)? == Some(true),
        source: Some(source).filter(|page| !page.is_empty())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    #[test]
    fn every_line_is_read_and_names_methods_of_the_catalogue() {
        assert_eq!(all().len(), DATA.lines().count() - 1);
        for known in all() {
            let list = catalogue::find(known.list);
            assert!(
                list.is_some_and(|list| list.list && list.rest == 2),
                "{}",
                known.list
            );
            let asked = known.fields.map(catalogue::find);
            assert!(
                asked.is_none_or(|fields| fields.is_some()),
                "{}",
                known.list
            );
            assert!(
                asked.is_some() || !known.in_filter.is_empty(),
                "{}",
                known.list
            );
            assert_eq!(list.and_then(|list| list.source), Some(known.source));
        }
    }

    #[test]
    fn a_star_stands_for_all_names_that_begin_so() {
        let products = find("crm.product.list").unwrap();
        assert!(products.is_in_filter("PROPERTY_COLOR"));
        assert!(!products.is_in_filter("COLOR"));
    }
}
