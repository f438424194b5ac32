//! The methods of the CRM, and what handles each.

use std::borrow::Cow;

use super::activity;
use crate::data::entities::{ACTIVITY, COMPANY, CONTACT, DEAL, LEAD, PRODUCT_ROW, QUOTE, USER};
use crate::methods::method::{Handler, Method, read, write};

/// The methods of the CRM that are not kinds of records.
pub(crate) fn methods() -> Vec<Method> {
    let mut methods = Vec::new();
    legacy_crm(&mut methods);
    crm_links(&mut methods);
    crm_items(&mut methods);
    crm_user_fields(&mut methods);
    crm_requisite_user_fields(&mut methods);
    crm_product_rows(&mut methods);
    crm_invoices(&mut methods);
    crm_record_actions(&mut methods);
    crm_currencies(&mut methods);
    crm_field_settings(&mut methods);
    methods
}

fn legacy_crm(methods: &mut Vec<Method>) {
    use super::legacy;
    macro_rules! entity {
        ($name:literal, $entity:ident) => {
            methods.extend([
                read!(
                    "crm",
                    concat!("crm.", $name, ".list"),
                    legacy::list::<$entity>
                ),
                read!(
                    "crm",
                    concat!("crm.", $name, ".get"),
                    legacy::get::<$entity>
                ),
                read!(
                    "crm",
                    concat!("crm.", $name, ".fields"),
                    legacy::fields::<$entity>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".add"),
                    legacy::add::<$entity>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".update"),
                    legacy::update::<$entity>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".delete"),
                    legacy::delete::<$entity>
                ),
            ]);
        };
    }
    entity!("lead", LEAD);
    entity!("deal", DEAL);
    entity!("contact", CONTACT);
    entity!("company", COMPANY);
    entity!("quote", QUOTE);
    methods.extend([
        read!("crm", "crm.activity.list", activity::list),
        read!("crm", "crm.activity.get", activity::get),
        read!("crm", "crm.activity.fields", legacy::fields::<ACTIVITY>),
        write!("crm", "crm.activity.add", activity::add),
        write!("crm", "crm.activity.update", activity::update),
        write!("crm", "crm.activity.delete", legacy::delete::<ACTIVITY>),
    ]);
}

fn crm_links(methods: &mut Vec<Method>) {
    use super::links;
    macro_rules! ends {
        ($name:literal, $from:ident, $to:ident) => {
            methods.extend([
                read!(
                    "crm",
                    concat!("crm.", $name, ".items.get"),
                    links::get::<$from, $to>
                ),
                read!(
                    "crm",
                    concat!("crm.", $name, ".fields"),
                    links::fields::<$to>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".items.set"),
                    links::set::<$from, $to>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".items.delete"),
                    links::clear::<$from, $to>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".add"),
                    links::add::<$from, $to>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".delete"),
                    links::remove::<$from, $to>
                ),
            ]);
        };
    }
    ends!("lead.contact", LEAD, CONTACT);
    ends!("deal.contact", DEAL, CONTACT);
    ends!("quote.contact", QUOTE, CONTACT);
    ends!("company.contact", COMPANY, CONTACT);
    ends!("contact.company", CONTACT, COMPANY);
}

fn crm_items(methods: &mut Vec<Method>) {
    use super::{categories, dictionary, duplicates, item, statuses, types};
    methods.extend([
        read!("crm", "crm.item.list", item::list),
        read!("crm", "crm.item.get", item::get),
        read!("crm", "crm.item.fields", item::fields),
        write!("crm", "crm.item.add", item::add),
        write!("crm", "crm.item.import", item::import),
        write!("crm", "crm.item.batchimport", item::batch_import),
        write!("crm", "crm.item.update", item::update),
        write!("crm", "crm.item.delete", item::delete),
        read!("crm", "crm.type.list", types::list),
        read!("crm", "crm.type.get", types::get),
        read!(
            "crm",
            "crm.type.getbyentitytypeid",
            types::get_by_entity_type_id
        ),
        read!("crm", "crm.type.fields", types::fields),
        write!("crm", "crm.type.add", types::add),
        write!("crm", "crm.type.update", types::update),
        write!("crm", "crm.type.delete", types::delete),
        read!("crm", "crm.category.fields", categories::fields),
        write!("crm", "crm.category.add", categories::add),
        write!("crm", "crm.category.update", categories::update),
        write!("crm", "crm.category.delete", categories::delete),
        read!("crm", "crm.dealcategory.fields", categories::deal_fields),
        write!("crm", "crm.dealcategory.add", categories::add_deal),
        write!("crm", "crm.dealcategory.update", categories::update_deal),
        write!("crm", "crm.dealcategory.delete", categories::delete_deal),
        write!(
            "crm",
            "crm.dealcategory.default.set",
            categories::name_default
        ),
        read!("crm", "crm.category.list", categories::list),
        read!("crm", "crm.category.get", categories::get),
        read!("crm", "crm.dealcategory.list", categories::deals),
        read!("crm", "crm.dealcategory.get", categories::deal),
        read!("crm", "crm.dealcategory.default.get", categories::default),
        read!("crm", "crm.dealcategory.status", categories::dictionary),
        read!(
            "crm",
            "crm.dealcategory.stage.list",
            categories::deal_stages
        ),
        read!("crm", "crm.status.list", statuses::list),
        read!("crm", "crm.status.get", statuses::get),
        read!("crm", "crm.status.fields", statuses::fields),
        write!("crm", "crm.status.add", statuses::add),
        write!("crm", "crm.status.update", statuses::update),
        write!("crm", "crm.status.delete", statuses::delete),
        read!("crm", "crm.status.entity.items", statuses::items),
        read!("crm", "crm.status.entity.types", statuses::types),
        read!("crm", "crm.enum.ownertype", dictionary::owner_types),
        read!("crm", "crm.duplicate.findbycomm", duplicates::find_by_comm),
    ]);
}

/// User fields of records and of users.
fn crm_user_fields(methods: &mut Vec<Method>) {
    use super::user_fields;
    macro_rules! user_fields {
        ($name:literal, $entity:ident) => {
            methods.extend([
                read!(
                    "crm",
                    concat!("crm.", $name, ".userfield.list"),
                    user_fields::list::<$entity>
                ),
                read!(
                    "crm",
                    concat!("crm.", $name, ".userfield.get"),
                    user_fields::get::<$entity>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".userfield.add"),
                    user_fields::add::<$entity>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".userfield.update"),
                    user_fields::update::<$entity>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".userfield.delete"),
                    user_fields::delete::<$entity>
                ),
            ]);
        };
    }
    user_fields!("lead", LEAD);
    user_fields!("deal", DEAL);
    user_fields!("contact", CONTACT);
    user_fields!("company", COMPANY);
    user_fields!("quote", QUOTE);
    methods.extend([
        read!("user", "user.userfield.list", user_fields::list::<USER>),
        write!("user", "user.userfield.add", user_fields::add::<USER>),
        write!("user", "user.userfield.update", user_fields::update::<USER>),
        write!("user", "user.userfield.delete", user_fields::delete::<USER>),
    ]);
}

/// User fields of requisites and invoices.
fn crm_requisite_user_fields(methods: &mut Vec<Method>) {
    use super::{invoices, requisite_user_fields};
    methods.extend([
        write!("crm", "crm.requisite.add", invoices::add_requisite),
        read!(
            "crm",
            "crm.invoice.userfield.list",
            requisite_user_fields::list
        ),
        read!(
            "crm",
            "crm.invoice.userfield.get",
            requisite_user_fields::get
        ),
        write!(
            "crm",
            "crm.invoice.userfield.add",
            requisite_user_fields::add
        ),
        write!(
            "crm",
            "crm.invoice.userfield.update",
            requisite_user_fields::update
        ),
        write!(
            "crm",
            "crm.invoice.userfield.delete",
            requisite_user_fields::delete
        ),
        read!(
            "crm",
            "crm.requisite.userfield.list",
            requisite_user_fields::list
        ),
        read!(
            "crm",
            "crm.requisite.userfield.get",
            requisite_user_fields::get
        ),
        write!(
            "crm",
            "crm.requisite.userfield.add",
            requisite_user_fields::add
        ),
        write!(
            "crm",
            "crm.requisite.userfield.update",
            requisite_user_fields::update
        ),
        write!(
            "crm",
            "crm.requisite.userfield.delete",
            requisite_user_fields::delete
        ),
    ]);
}

/// Product rows of records.
fn crm_product_rows(methods: &mut Vec<Method>) {
    use super::{item_product_rows as item_rows, legacy, product_rows};
    macro_rules! product_rows {
        ($name:literal, $entity:ident) => {
            methods.extend([
                read!(
                    "crm",
                    concat!("crm.", $name, ".productrows.get"),
                    product_rows::get::<$entity>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".productrows.set"),
                    product_rows::set::<$entity>
                ),
            ]);
        };
    }
    product_rows!("lead", LEAD);
    product_rows!("deal", DEAL);
    product_rows!("quote", QUOTE);
    methods.extend([
        read!("crm", "crm.item.productrow.fields", item_rows::fields),
        read!("crm", "crm.item.productrow.list", item_rows::list),
        read!("crm", "crm.item.productrow.get", item_rows::get),
        read!(
            "crm",
            "crm.item.productrow.getavailableforpayment",
            item_rows::available
        ),
        write!("crm", "crm.item.productrow.add", item_rows::add),
        write!("crm", "crm.item.productrow.set", item_rows::set),
        write!("crm", "crm.item.productrow.update", item_rows::update),
        write!("crm", "crm.item.productrow.delete", item_rows::delete),
        read!("crm", "crm.productrow.list", legacy::list::<PRODUCT_ROW>),
        read!(
            "crm",
            "crm.productrow.fields",
            legacy::fields::<PRODUCT_ROW>
        ),
    ]);
}

/// Invoices of the older kind, and their statuses.
fn crm_invoices(methods: &mut Vec<Method>) {
    use super::{invoices, statuses};
    methods.extend([
        write!("crm", "crm.invoice.add", invoices::add),
        write!("crm", "crm.invoice.update", invoices::update),
        read!("crm", "crm.invoice.getexternallink", invoices::link),
        write!("crm", "crm.invoice.recurring.expose", invoices::expose),
        read!("crm", "crm.invoice.status.fields", statuses::fields),
        read!("crm", "crm.invoice.status.list", invoices::list_statuses),
        read!("crm", "crm.invoice.status.get", invoices::status),
        write!("crm", "crm.invoice.status.add", invoices::add_status),
        write!("crm", "crm.invoice.status.update", invoices::update_status),
        write!("crm", "crm.invoice.status.delete", invoices::delete_status),
        read!(
            "crm",
            "crm.requisite.preset.field.availabletoadd",
            invoices::fields_for_preset
        ),
    ]);
}

/// Merging, pinned items of the timeline, recurring deals, the history of stages, and calls.
fn crm_record_actions(methods: &mut Vec<Method>) {
    use super::{
        activity_bindings, call_lists, merging, recurring_deals, stage_history, timeline,
        transcripts,
    };
    methods.extend([
        write!("crm", "crm.entity.mergebatch", merging::merge),
        read!("crm", "crm.duplicate.volatiletype.fields", merging::fields),
        write!("crm", "crm.timeline.item.pin", timeline::pin),
        write!("crm", "crm.timeline.item.unpin", timeline::unpin),
        write!("crm", "crm.deal.recurring.add", recurring_deals::add),
        write!("crm", "crm.deal.recurring.expose", recurring_deals::expose),
        read!("crm", "crm.stagehistory.list", stage_history::list),
        read!("crm", "crm.deal.recurring.fields", recurring_deals::fields),
        write!(
            "crm",
            "crm.activity.binding.move",
            activity_bindings::move_to
        ),
        write!("crm", "crm.calllist.add", call_lists::write),
        write!("crm", "crm.calllist.update", call_lists::write),
        read!("crm", "crm.calllist.items.get", call_lists::items),
        read!(
            "crm",
            "crm.activity.call.gettranscript",
            transcripts::of_call
        ),
    ]);
}

fn crm_currencies(methods: &mut Vec<Method>) {
    use super::currencies;
    methods.extend([
        read!("crm", "crm.currency.get", currencies::get),
        read!("crm", "crm.currency.base.get", currencies::base),
        write!("crm", "crm.currency.base.set", currencies::set_base),
        write!("crm", "crm.currency.delete", currencies::delete),
        read!(
            "crm",
            "crm.currency.localizations.get",
            currencies::localizations
        ),
        write!(
            "crm",
            "crm.currency.localizations.set",
            currencies::localize
        ),
        write!(
            "crm",
            "crm.currency.localizations.delete",
            currencies::delete_localizations
        ),
    ]);
}

/// What describes user fields and properties of products.
fn crm_field_settings(methods: &mut Vec<Method>) {
    use super::{field_configs, field_settings, product_properties};
    methods.extend([
        read!(
            "userfieldconfig",
            "userfieldconfig.get",
            field_configs::read
        ),
        read!(
            "userfieldconfig",
            "userfieldconfig.list",
            field_configs::read
        ),
        write!("userfieldconfig", "userfieldconfig.add", field_configs::add),
        write!(
            "userfieldconfig",
            "userfieldconfig.update",
            field_configs::update
        ),
        write!(
            "userfieldconfig",
            "userfieldconfig.delete",
            field_configs::delete
        ),
        read!(
            "crm",
            "crm.userfield.settings.fields",
            field_settings::fields
        ),
        read!(
            "crm",
            "crm.product.property.settings.fields",
            product_properties::settings
        ),
    ]);
}
