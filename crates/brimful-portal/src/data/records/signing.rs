//! Documents that employees sign, and the people of personnel systems. `methods/signing.rs` and
//! `methods/personnel_links.rs` have the methods of most.

use super::{OLDER, RecordKind, Spelling};

/// Those who offer signatures to a company.
pub(crate) const PROVIDERS: &str = "sign.b2e.provider";
/// Documents that were sent to be signed.
pub(crate) const DOCUMENTS: &str = "sign.b2e.document";
/// Who signs or checks a document.
pub(crate) const MEMBERS: &str = "sign.b2e.member";
/// The people of a company in a personnel system.
pub(crate) const PERSONS: &str = "humanresources.hcmlink.person";
/// What these people are employed as.
pub(crate) const EMPLOYEES: &str = "humanresources.hcmlink.employee";

const SIGNING: RecordKind = RecordKind {
    scope: "sign.b2e",
    id: "id",
    key: &["id"],
    spelling: Spelling::Typed,
    ..OLDER
};

const PERSONNEL: RecordKind = RecordKind {
    scope: "humanresources.hcmlink",
    ..SIGNING
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: PROVIDERS,
        ..SIGNING
    },
    RecordKind {
        name: DOCUMENTS,
        ..SIGNING
    },
    RecordKind {
        name: MEMBERS,
        ..SIGNING
    },
    RecordKind {
        name: PERSONS,
        ..PERSONNEL
    },
    RecordKind {
        name: EMPLOYEES,
        ..PERSONNEL
    },
];
