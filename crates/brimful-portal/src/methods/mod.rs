//! The registry of methods.

#![allow(
    clippy::unnecessary_wraps,
    clippy::result_large_err,
    reason = "a handler returns a result, and errors are as large as the contract says"
)]

pub(crate) mod acknowledged;
mod analytics;
mod bizproc;
mod bookings;
mod bots;
mod calendar;
mod calendar_events;
mod card_settings;
mod catalogue;
mod catalogue_checks;
mod catalogue_files;
mod chats;
mod connectors;
mod constants;
mod crm;
mod deliveries;
mod departments;
mod disk;
mod documents;
mod events;
mod fixtures;
mod im;
mod landing_blocks;
mod landing_copies;
mod landing_templates;
mod list_fields;
mod messages;
mod messenger;
pub(crate) mod method;
mod news_feed;
mod notifications;
mod offline_events;
mod openlines;
mod options;
mod orders;
mod owners;
mod params;
mod personnel_links;
mod placements;
mod portal_settings;
mod push_and_pull;
mod record_rows;
mod records;
pub(crate) mod refused_callers;
pub(crate) mod registry;
pub(crate) mod rest3;
mod rights;
mod rpa;
mod scrum;
mod shop;
mod signing;
mod site_settings;
mod storages;
mod system;
pub(crate) mod tasks;
mod telephony;
#[cfg(test)]
mod tests;
mod time_control;
mod users;
mod votes;
mod voximplant;
mod workday;
mod workgroups;

pub(crate) use crm::item::not_found as element_not_found;
pub(crate) use crm::record_files::{STORED_FILE, stored as stored_file};
pub(crate) use disk::{
    DOWNLOAD_URL, FILE_URL, OWN_ADDRESS, UNSIGNED, UNSIGNED_DOWNLOAD, UPLOAD_URL,
};
pub(crate) use params::{legacy_error, strings};

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use crate::methods::method::Method;

/// Looks a method up by its name in lower case.
pub(crate) fn find(name: &str) -> Option<&'static Method> {
    static BY_NAME: OnceLock<HashMap<&'static str, &'static Method>> = OnceLock::new();
    BY_NAME
        .get_or_init(|| all().iter().map(|method| (&*method.name, method)).collect())
        .get(name)
        .copied()
}

/// All methods, sorted by name.
pub(crate) fn all() -> &'static [Method] {
    static ALL: OnceLock<Vec<Method>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut methods = own_methods();
        // A kind of records may have a method of its own in the place of a usual one.
        let own: HashSet<String> = methods
            .iter()
            .map(|method| method.name.to_string())
            .collect();
        methods.extend(records::methods().filter(|method| !own.contains(&*method.name)));
        methods.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        methods
    })
}

/// The methods with a handler of their own, subject by subject.
fn own_methods() -> Vec<Method> {
    let mut methods = Vec::new();
    methods.extend(acknowledged::methods());
    methods.extend(analytics::methods());
    methods.extend(bizproc::methods());
    methods.extend(bookings::methods());
    methods.extend(bots::methods());
    methods.extend(calendar::methods());
    methods.extend(calendar_events::methods());
    methods.extend(card_settings::methods());
    methods.extend(catalogue::methods());
    methods.extend(catalogue_files::methods());
    methods.extend(connectors::methods());
    methods.extend(constants::methods());
    methods.extend(crm::methods());
    methods.extend(crm::configurable_activities::methods());
    methods.extend(crm::record_files::methods());
    methods.extend(crm::todo_activities::methods());
    methods.extend(deliveries::methods());
    methods.extend(departments::methods());
    methods.extend(disk::methods());
    methods.extend(documents::methods());
    methods.extend(events::methods());
    methods.extend(im::methods());
    methods.extend(landing_blocks::methods());
    methods.extend(landing_copies::methods());
    methods.extend(landing_templates::methods());
    methods.extend(list_fields::methods());
    methods.extend(messages::methods());
    methods.extend(messenger::methods());
    methods.extend(news_feed::methods());
    methods.extend(notifications::methods());
    methods.extend(offline_events::methods());
    methods.extend(openlines::methods());
    methods.extend(options::methods());
    methods.extend(orders::methods());
    methods.extend(personnel_links::methods());
    methods.extend(placements::methods());
    methods.extend(portal_settings::methods());
    methods.extend(push_and_pull::methods());
    methods.extend(rpa::methods());
    methods.extend(scrum::methods());
    methods.extend(shop::methods());
    methods.extend(signing::methods());
    methods.extend(site_settings::methods());
    methods.extend(storages::methods());
    methods.extend(system::methods());
    methods.extend(tasks::methods());
    methods.extend(telephony::methods());
    methods.extend(time_control::methods());
    methods.extend(users::methods());
    methods.extend(votes::methods());
    methods.extend(voximplant::methods());
    methods.extend(workday::methods());
    methods.extend(workgroups::methods());
    methods
}
