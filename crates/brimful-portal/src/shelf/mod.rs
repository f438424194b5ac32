//! What a portal serves as it was given: rows behind list methods that no entity stands behind, and recorded results.
//!
//! How a method answers with its rows is in the catalogue: the shape of the result, the key of the rows, their ID, the
//! family of paging. A method that is neither modelled nor given does not exist.

mod collection;
mod filter;
mod manner;
mod php;
mod recorded;
mod rest3;
mod serve;

use std::collections::BTreeMap;

use brimful_protocol::catalogue;

use crate::method::{Handler, Method};
use crate::state::{Load, Recorded as Given};
use collection::Collection;
use manner::Manner;
use recorded::Recorded;

/// Which REST a method belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Door {
    /// `/rest/`
    Rest,
    /// `/rest/api/`
    Rest3,
}

/// What is served.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    collections: Vec<Collection>,
    methods: BTreeMap<(Door, String), Service>,
}

/// How a method is served.
#[derive(Debug)]
enum Service {
    Recorded(Recorded),
    Rows(usize, Verb),
}

/// What a method does with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    List,
    Get,
    Add,
    Update,
    Delete,
}

/// A method of the shelf, as the registry takes it.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    /// In lower case.
    pub(crate) name: String,
    pub(crate) door: Door,
    /// Whether somebody asked for this very method: then it comes before its model.
    pub(crate) given: bool,
    scope: &'static str,
    writes: bool,
}

impl Served {
    /// The method under a name that lives as long as methods do.
    pub(crate) fn method(&self, name: &'static str) -> Method {
        let handler = match (self.door, self.writes) {
            (Door::Rest, false) => Handler::Read(serve::read),
            (Door::Rest, true) => Handler::Write(serve::write),
            (Door::Rest3, false) => Handler::Read(rest3::read),
            (Door::Rest3, true) => Handler::Write(rest3::write),
        };
        Method {
            name,
            scope: self.scope,
            handler,
        }
    }
}

impl Shelf {
    /// A shelf with rows by the method that lists them, and with replies.
    pub(crate) fn new(rows: Vec<Load>, replies: Vec<Given>) -> Self {
        let mut shelf = Self::default();
        for Load { entity, rows } in rows {
            let (door, name) = address(&entity);
            let manner = Manner::of(&name, &rows);
            let place = shelf.collections.len();
            shelf.collections.push(Collection::new(manner, rows));
            let list = name.to_ascii_lowercase();
            if let Some((branch, _)) = list.rsplit_once('.') {
                for (verb, word) in [
                    (Verb::Get, "get"),
                    (Verb::Add, "add"),
                    (Verb::Update, "update"),
                    (Verb::Delete, "delete"),
                ] {
                    let beside = Service::Rows(place, verb);
                    let beside_name = (door, format!("{branch}.{word}"));
                    shelf.methods.entry(beside_name).or_insert(beside);
                }
            }
            let listed = Service::Rows(place, Verb::List);
            shelf.methods.insert((door, list), listed);
        }
        for Given { method, reply } in replies {
            let (door, name) = address(&method);
            let recorded = Service::Recorded(Recorded::new(reply, door));
            shelf
                .methods
                .insert((door, name.to_ascii_lowercase()), recorded);
        }
        shelf
    }

    /// All that is served.
    pub(crate) fn methods(&self) -> impl Iterator<Item = Served> {
        self.methods.iter().map(|((door, name), service)| Served {
            name: name.clone(),
            door: *door,
            given: !matches!(service, Service::Rows(_, verb) if *verb != Verb::List),
            scope: scope(name),
            writes: matches!(
                service,
                Service::Rows(_, Verb::Add | Verb::Update | Verb::Delete)
            ),
        })
    }

    /// Whether rows or a reply were given for this method.
    pub(crate) fn serves(&self, method: &str) -> bool {
        let (door, name) = address(method);
        self.methods
            .contains_key(&(door, name.to_ascii_lowercase()))
    }

    fn find(&self, door: Door, method: &str) -> Option<&Service> {
        self.methods.get(&(door, method.to_owned()))
    }
}

/// Where a method is called, and its name: `api/mail.mailbox.list` and what only REST 3.0 has are called there.
fn address(method: &str) -> (Door, String) {
    let method = method.trim().trim_start_matches('/');
    if let Some(name) = method.strip_prefix("api/") {
        return (Door::Rest3, name.to_owned());
    }
    let only_there = catalogue::find(method).is_some_and(|known| known.rest == 3);
    let door = if only_there { Door::Rest3 } else { Door::Rest };
    (door, method.to_owned())
}

/// The scope that a method needs: the one in the catalogue, without those that everybody has.
fn scope(name: &str) -> &'static str {
    match catalogue::find(name).map(|known| known.scope) {
        None | Some("basic") => "",
        Some(scope) => scope,
    }
}
