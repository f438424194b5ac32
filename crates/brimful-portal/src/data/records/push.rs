//! What applications have sent to their users through the push server. `methods/push_and_pull.rs` writes them.

use super::{OLDER, RecordKind, Spelling};

/// Events for pages and widgets of an application.
pub(crate) const EVENTS: &str = "pull.application.event";
/// Notifications for mobile devices.
pub(crate) const NOTIFICATIONS: &str = "pull.application.push";

const SENT: RecordKind = RecordKind {
    scope: "pull",
    id: "id",
    key: &["id"],
    spelling: Spelling::Typed,
    ..OLDER
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: EVENTS,
        ..SENT
    },
    RecordKind {
        name: NOTIFICATIONS,
        ..SENT
    },
];
