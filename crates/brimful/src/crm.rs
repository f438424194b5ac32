//! Rows of the most read entities, ready made: deals, leads, contacts, companies, users.
//!
//! Portals write numbers, IDs and flags as text, and empty values in several spellings; these types read them all. A
//! field that was not selected, or is empty, is `None`. Everything else that came, fields of your own included, is in
//! `other`, as the portal wrote it. Dates are text in the portal's own spelling (ISO 8601).
//!
//! ```no_run
//! # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
//! use brimful::crm::Deal;
//!
//! let mut deals = client.list("crm.deal.list").select(["ID", "TITLE", "OPPORTUNITY", "UF_*"]).rows::<Deal>()?;
//! while let Some(deal) = deals.next_row().await? {
//!     println!("{} {:?} {:?} {:?}", deal.id, deal.title, deal.opportunity, deal.other.get("UF_CRM_1"));
//! }
//! # Ok(())
//! # }
//! ```

use brimful_protocol::scalar;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A deal, as `crm.deal.list` and `crm.deal.get` return it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub struct Deal {
    /// The ID.
    #[serde(deserialize_with = "scalar::id")]
    pub id: u64,
    /// The name.
    #[serde(default, deserialize_with = "scalar::text")]
    pub title: Option<String>,
    /// The pipeline; 0 is the first one.
    #[serde(default, deserialize_with = "scalar::integer")]
    pub category_id: Option<i64>,
    /// The stage: `NEW`, `C7:WON`.
    #[serde(default, deserialize_with = "scalar::text")]
    pub stage_id: Option<String>,
    /// The amount, in the currency of the deal.
    #[serde(default, deserialize_with = "scalar::number")]
    pub opportunity: Option<f64>,
    /// The currency: `RUB`.
    #[serde(default, deserialize_with = "scalar::text")]
    pub currency_id: Option<String>,
    /// The company.
    #[serde(default, deserialize_with = "scalar::optional_id")]
    pub company_id: Option<u64>,
    /// The primary contact. A deal may have more: `crm.deal.contact.items.get` lists them.
    #[serde(default, deserialize_with = "scalar::optional_id")]
    pub contact_id: Option<u64>,
    /// The user who is responsible.
    #[serde(default, deserialize_with = "scalar::optional_id")]
    pub assigned_by_id: Option<u64>,
    /// Whether it is closed.
    #[serde(default, deserialize_with = "scalar::flag")]
    pub closed: Option<bool>,
    /// When it was created.
    #[serde(default, deserialize_with = "scalar::text")]
    pub date_create: Option<String>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "scalar::text")]
    pub date_modify: Option<String>,
    /// All other fields that came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A lead, as `crm.lead.list` and `crm.lead.get` return it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub struct Lead {
    /// The ID.
    #[serde(deserialize_with = "scalar::id")]
    pub id: u64,
    /// The name of the lead.
    #[serde(default, deserialize_with = "scalar::text")]
    pub title: Option<String>,
    /// The person's first name.
    #[serde(default, deserialize_with = "scalar::text")]
    pub name: Option<String>,
    /// The person's last name.
    #[serde(default, deserialize_with = "scalar::text")]
    pub last_name: Option<String>,
    /// The stage: `NEW`, `CONVERTED`.
    #[serde(default, deserialize_with = "scalar::text")]
    pub status_id: Option<String>,
    /// Where it came from: `WEB`, `CALL`.
    #[serde(default, deserialize_with = "scalar::text")]
    pub source_id: Option<String>,
    /// The expected amount, in the currency of the lead.
    #[serde(default, deserialize_with = "scalar::number")]
    pub opportunity: Option<f64>,
    /// The currency: `RUB`.
    #[serde(default, deserialize_with = "scalar::text")]
    pub currency_id: Option<String>,
    /// The user who is responsible.
    #[serde(default, deserialize_with = "scalar::optional_id")]
    pub assigned_by_id: Option<u64>,
    /// When it was created.
    #[serde(default, deserialize_with = "scalar::text")]
    pub date_create: Option<String>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "scalar::text")]
    pub date_modify: Option<String>,
    /// All other fields that came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A contact, as `crm.contact.list` and `crm.contact.get` return it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub struct Contact {
    /// The ID.
    #[serde(deserialize_with = "scalar::id")]
    pub id: u64,
    /// The first name.
    #[serde(default, deserialize_with = "scalar::text")]
    pub name: Option<String>,
    /// The second name or patronymic.
    #[serde(default, deserialize_with = "scalar::text")]
    pub second_name: Option<String>,
    /// The last name.
    #[serde(default, deserialize_with = "scalar::text")]
    pub last_name: Option<String>,
    /// The company.
    #[serde(default, deserialize_with = "scalar::optional_id")]
    pub company_id: Option<u64>,
    /// The user who is responsible.
    #[serde(default, deserialize_with = "scalar::optional_id")]
    pub assigned_by_id: Option<u64>,
    /// When it was created.
    #[serde(default, deserialize_with = "scalar::text")]
    pub date_create: Option<String>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "scalar::text")]
    pub date_modify: Option<String>,
    /// All other fields that came; `PHONE` and `EMAIL` are lists of objects with a `VALUE`.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A company, as `crm.company.list` and `crm.company.get` return it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub struct Company {
    /// The ID.
    #[serde(deserialize_with = "scalar::id")]
    pub id: u64,
    /// The name.
    #[serde(default, deserialize_with = "scalar::text")]
    pub title: Option<String>,
    /// The kind of company: `CUSTOMER`.
    #[serde(default, deserialize_with = "scalar::text")]
    pub company_type: Option<String>,
    /// The branch of business: `IT`.
    #[serde(default, deserialize_with = "scalar::text")]
    pub industry: Option<String>,
    /// The yearly revenue, in the currency of the company.
    #[serde(default, deserialize_with = "scalar::number")]
    pub revenue: Option<f64>,
    /// The currency: `RUB`.
    #[serde(default, deserialize_with = "scalar::text")]
    pub currency_id: Option<String>,
    /// The user who is responsible.
    #[serde(default, deserialize_with = "scalar::optional_id")]
    pub assigned_by_id: Option<u64>,
    /// When it was created.
    #[serde(default, deserialize_with = "scalar::text")]
    pub date_create: Option<String>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "scalar::text")]
    pub date_modify: Option<String>,
    /// All other fields that came; `PHONE` and `EMAIL` are lists of objects with a `VALUE`.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A user, as `user.get` and `user.current` return it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub struct User {
    /// The ID.
    #[serde(deserialize_with = "scalar::id")]
    pub id: u64,
    /// Whether the user may log in.
    #[serde(default, deserialize_with = "scalar::flag")]
    pub active: Option<bool>,
    /// The first name.
    #[serde(default, deserialize_with = "scalar::text")]
    pub name: Option<String>,
    /// The last name.
    #[serde(default, deserialize_with = "scalar::text")]
    pub last_name: Option<String>,
    /// The address for mail.
    #[serde(default, deserialize_with = "scalar::text")]
    pub email: Option<String>,
    /// The position in the company.
    #[serde(default, deserialize_with = "scalar::text")]
    pub work_position: Option<String>,
    /// All other fields that came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deal_is_read_from_text_numbers_and_empty_values_and_keeps_its_other_fields() {
        let deal: Deal = serde_json::from_value(json!({
            "ID": "7", "TITLE": "Order", "CATEGORY_ID": "0", "OPPORTUNITY": "1500.50", "COMPANY_ID": "0",
            "CONTACT_ID": null, "ASSIGNED_BY_ID": 1, "CLOSED": "N", "UF_CRM_1": ["a"],
        }))
        .unwrap();
        assert_eq!((deal.id, deal.category_id), (7, Some(0)));
        assert_eq!(deal.opportunity, Some(1500.5));
        assert_eq!((deal.contact_id, deal.assigned_by_id), (None, Some(1)));
        assert_eq!((deal.closed, deal.stage_id), (Some(false), None));
        assert_eq!(
            deal.other,
            json!({"UF_CRM_1": ["a"]}).as_object().unwrap().clone()
        );
    }

    #[test]
    fn a_user_is_read_with_a_flag_of_either_spelling() {
        for active in [json!(true), json!("Y"), json!("1")] {
            let user: User = serde_json::from_value(json!({"ID": 1, "ACTIVE": active})).unwrap();
            assert_eq!((user.id, user.active), (1, Some(true)));
        }
    }
}
