//! Which contacts belong to a lead, deal or company, and which companies to a contact, where calls changed it.
//!
//! A record that nobody linked has the one contact or company in its `CONTACT_ID` or `COMPANY_ID`, and a company the contacts
//! that name it.

use std::collections::{BTreeSet, HashMap};

/// One end of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) id: u64,
    pub(crate) sort: i64,
    pub(crate) role: i64,
    pub(crate) primary: bool,
}

impl Link {
    /// A link of which nothing is said but its end.
    pub(crate) const fn to(id: u64) -> Self {
        Self {
            id,
            sort: 0,
            role: 0,
            primary: false,
        }
    }
}

/// The links of all records, by (entity, ID, entity of the other end).
#[derive(Debug, Default)]
pub(crate) struct Links {
    changed: HashMap<(usize, u64, usize), Vec<Link>>,
    /// Those that were changed since somebody asked.
    touched: BTreeSet<(usize, u64, usize)>,
}

impl Links {
    /// The links of a record, if a call changed them.
    pub(crate) fn get(&self, from: usize, id: u64, to: usize) -> Option<&[Link]> {
        self.changed.get(&(from, id, to)).map(Vec::as_slice)
    }

    pub(crate) fn set(&mut self, from: usize, id: u64, to: usize, links: Vec<Link>) {
        self.touched.insert((from, id, to));
        self.changed.insert((from, id, to), links);
    }

    /// The records that have links of their own, and to what.
    pub(crate) fn all(&self) -> impl Iterator<Item = (usize, u64, usize)> {
        self.changed.keys().copied()
    }

    /// Those whose links have changed since the last time.
    pub(crate) fn take_touched(&mut self) -> Vec<(usize, u64, usize)> {
        std::mem::take(&mut self.touched).into_iter().collect()
    }

    /// How many records have links of their own.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        self.changed.len()
    }

    /// Forgets what calls changed: the field of the record counts again.
    pub(crate) fn forget(&mut self, from: usize, id: u64, to: usize) {
        if self.changed.remove(&(from, id, to)).is_some() {
            self.touched.insert((from, id, to));
        }
    }
}
