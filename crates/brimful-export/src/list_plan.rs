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
                if matches!(verb.to_ascii_lowercase().as_str(), "list" | "get") =>
            {
                entity
            }
            _ => method,
        }
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
    /// The fields to ask for: those that were selected, or those that the columns are made of. None where the list takes
    /// no `select`.
    pub fn fields_to_select(method: &str, select: &[String], columns: &[Self]) -> Vec<String> {
        let takes_select = catalogue::find(method).is_some_and(|known| known.select.is_some());
        if !select.is_empty() || !takes_select {
            return select.to_vec();
        }
        let mut fields: Vec<String> = Vec::new();
        for choice in columns {
            let field = choice.field();
            if !fields.iter().any(|known| known == field) {
                fields.push(field.to_owned());
            }
        }
        fields
    }
}
