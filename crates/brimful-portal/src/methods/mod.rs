//! The registry of methods.

mod crm;
mod paging;
mod params;

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::method::{Handler, Method};
use crate::state::entities::{COMPANY, CONTACT, DEAL, LEAD};

/// Looks a method up by its name in lower case.
pub(crate) fn find(name: &str) -> Option<&'static Method> {
    static BY_NAME: OnceLock<HashMap<&'static str, &'static Method>> = OnceLock::new();
    BY_NAME
        .get_or_init(|| all().iter().map(|method| (method.name, method)).collect())
        .get(name)
        .copied()
}

/// All methods, sorted by name.
pub(crate) fn all() -> &'static [Method] {
    static ALL: OnceLock<Vec<Method>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut methods = Vec::new();
        legacy_crm(&mut methods);
        methods.sort_unstable_by_key(|method: &Method| method.name);
        methods
    })
}

/// A method that only reads.
macro_rules! read {
    ($scope:literal, $name:expr, $handler:expr) => {
        Method {
            name: $name,
            scope: $scope,
            handler: Handler::Read($handler),
        }
    };
}

/// A method that changes something.
macro_rules! write {
    ($scope:literal, $name:expr, $handler:expr) => {
        Method {
            name: $name,
            scope: $scope,
            handler: Handler::Write($handler),
        }
    };
}

fn legacy_crm(methods: &mut Vec<Method>) {
    use crm::legacy;
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
}
