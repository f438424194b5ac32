//! The CRM.

pub(crate) mod activity;
pub(crate) mod activity_bindings;
pub(crate) mod call_lists;
pub(crate) mod categories;
pub(crate) mod configurable_activities;
pub(crate) mod currencies;
pub(crate) mod dictionary;
pub(crate) mod duplicates;
pub(crate) mod field_configs;
pub(crate) mod field_settings;
pub(crate) mod fields;
pub(crate) mod invoices;
pub(crate) mod item;
pub(crate) mod item_filter;
pub(crate) mod item_product_rows;
pub(crate) mod legacy;
pub(crate) mod legacy_filter;
pub(crate) mod links;
pub(crate) mod merging;
pub(crate) mod product_properties;
pub(crate) mod product_rows;
pub(crate) mod recurring_deals;
mod relations;
pub(crate) mod requisite_user_fields;
pub(crate) mod stage_history;
pub(crate) mod statuses;
pub(crate) mod store;
mod table;
pub(crate) mod timeline;
pub(crate) mod todo_activities;
pub(crate) mod transcripts;
pub(crate) mod types;
pub(crate) mod user_fields;
mod value_checks;

pub(crate) use table::methods;
pub(in crate::methods) use value_checks::is_email;
