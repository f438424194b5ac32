//! What is known of a list before its first row, asked of the portal and read off the catalogue.

use brimful::protocol::catalogue;
use brimful::{Client, Error, ErrorKind, Fields};
use serde_json::{Map, Value};

use crate::schema::{ColumnChoice, Plan};

impl Plan {
    /// What the catalogue says of the list of a method. The portal's fields are not in it: see
    /// [`Plan::fields_of_list`].
    pub fn of_list(method: &str) -> Self {
        Self {
            entity: Self::entity_of_list(method).to_owned(),
            id_field: Self::id_field_of_list(method).to_owned(),
            sparse: catalogue::find(method).is_none_or(|known| known.select.is_none()),
            ..Self::default()
        }
    }

    /// The entity of a list's method: `crm.deal` of `crm.deal.list`.
    pub fn entity_of_list(method: &str) -> &str {
        match method.rsplit_once('.') {
            Some((entity, verb))
                if matches!(
                    verb.to_ascii_lowercase().as_str(),
                    "list" | "get" | "getlist"
                ) =>
            {
                entity
            }
            _ => method,
        }
    }

    /// The table of a list: `crm_deal`; with what lists are told apart by, such as the type of smart process, behind it:
    /// `crm_item_128`.
    pub fn table_of_list(method: &str, argument: Option<&str>) -> String {
        let mut name = Self::entity_of_list(method)
            .to_ascii_lowercase()
            .replace(['.', '-'], "_");
        // USER is a word of SQL: a query of such a table without quotes is another one, and no error.
        if name == "user" {
            name.push('s');
        }
        let argument = argument.into_iter().flat_map(str::chars);
        let argument: String = argument.filter(char::is_ascii_alphanumeric).collect();
        if !argument.is_empty() {
            name.push('_');
            name += &argument;
        }
        name
    }

    /// The field that has the ID in a row of the list.
    pub fn id_field_of_list(method: &str) -> &'static str {
        let known = catalogue::find(method);
        known
            .and_then(|known| known.keyset.map(|keyset| keyset.row).or(known.id))
            .unwrap_or("ID")
    }

    /// Asks the portal for the fields of the rows of a list; none where it has no method that tells them. One request,
    /// unless they are known already.
    ///
    /// # Errors
    /// The portal does not tell them.
    pub async fn fields_of_list(
        client: &Client,
        method: &str,
        params: &Value,
    ) -> Result<Fields, Error> {
        let mut wanted = Map::new();
        let given = params.as_object().and_then(|params| {
            let mut params = params.iter();
            params.find(|(name, _)| name.eq_ignore_ascii_case("entityTypeId"))
        });
        if let Some((name, value)) = given {
            wanted.insert(name.clone(), value.clone());
        }
        match client.fields(method, Value::Object(wanted)).await {
            Err(error) if matches!(error.kind(), ErrorKind::MethodNotFound) => {
                Ok(Fields::default())
            }
            answered => answered,
        }
    }
}

impl ColumnChoice {
    /// The fields to ask for: those that were selected, and those that the columns are made of. Those selected alone where
    /// the list takes no `select`, or where there are no columns.
    pub fn fields_to_select(method: &str, select: &[String], columns: &[Self]) -> Vec<String> {
        let takes_select = catalogue::find(method).is_some_and(|known| known.select.is_some());
        if !takes_select {
            return select.to_vec();
        }
        let has_user_fields = select.iter().any(|field| field.trim() == "UF_*");
        // `*` stands for most fields and not for all: lists of the CRM leave phones and e-mail addresses out.
        let is_selected = |field: &str| {
            (has_user_fields && field.to_ascii_uppercase().starts_with("UF"))
                || select.iter().any(|known| is_same(known.trim(), field))
        };
        let mut fields: Vec<String> = select.to_vec();
        for choice in columns {
            let field = choice.field();
            if !is_selected(field) && !fields.iter().any(|known| known == field) {
                fields.push(field.to_owned());
            }
        }
        fields
    }
}

/// Whether two spellings of a field are one: `STAGE_ID` and `stageId`.
fn is_same(one: &str, other: &str) -> bool {
    let letters = |name: &str| name.replace('_', "").to_ascii_lowercase();
    letters(one) == letters(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_columns_are_asked_for_beside_those_that_are_selected() {
        let fields = |method: &str, select: &[&str], columns: &[&str]| {
            let select: Vec<String> = select.iter().map(|&field| field.to_owned()).collect();
            let columns: Vec<ColumnChoice> = columns
                .iter()
                .map(|column| column.parse().unwrap())
                .collect();
            ColumnChoice::fields_to_select(method, &select, &columns).join(",")
        };
        let deals = "crm.deal.list";
        assert_eq!(fields(deals, &["ID"], &["TITLE"]), "ID,TITLE");
        assert_eq!(fields(deals, &[], &["TITLE", "ID"]), "TITLE,ID");
        assert_eq!(fields(deals, &["ID", "TITLE"], &[]), "ID,TITLE");
        assert_eq!(fields(deals, &["*"], &["ID", "UF_CRM_1"]), "*,ID,UF_CRM_1");
        assert_eq!(
            fields("crm.company.list", &["*", "UF_*"], &["PHONE", "UF_CRM_1"]),
            "*,UF_*,PHONE"
        );
        assert_eq!(
            fields("crm.item.list", &["stageId"], &["STAGE_ID"]),
            "stageId"
        );
        assert_eq!(fields("crm.status.list", &["ID"], &["NAME"]), "ID");
    }
}
