//! What the messenger keeps beside chats and messages. The methods of these kinds are their own: `methods/chats.rs`,
//! `methods/messages.rs` and `methods/bots`.

use super::{OLDER, RecordKind, Spelling};

const KEPT: RecordKind = RecordKind {
    scope: "im",
    id: "id",
    spelling: Spelling::Typed,
    ..OLDER
};

/// What is set of a chat beside its title and its owner.
pub(crate) const CHAT_DETAILS: &str = "im.chat.details";
/// What one user has set of a dialog: whether it is pinned, hidden or unread for him.
pub(crate) const DIALOG_MARKS: &str = "im.dialog.marks";
/// Who marked which message with what.
pub(crate) const REACTIONS: &str = "im.message.reaction";
/// What bots that ask for their events have not heard yet.
pub(crate) const BOT_EVENTS: &str = "imbot.v2.event";
/// What is known of a notification beside its text.
pub(crate) const NOTIFICATIONS: &str = "im.notification";
/// The files in chats.
pub(crate) const CHAT_FILES: &str = "im.chat.file";
/// The conversations of open lines with the clients of connectors.
pub(crate) const CONVERSATIONS: &str = "imopenlines.session";
/// Which message is which of a connector.
pub(crate) const CONNECTOR_MESSAGES: &str = "imconnector.message";

/// The users that a portal makes of the clients of connectors.
pub(crate) const CONNECTOR_CLIENTS: &str = "imconnector.client";

/// Applications that bots put into chats.
pub(crate) const BOT_APPS: &str = "imbot.app";

/// What open lines keep goes by names in capitals.
const OF_LINES: RecordKind = RecordKind {
    scope: "imopenlines",
    ..OLDER
};

pub(super) const KINDS: &[RecordKind] = &[
    RecordKind {
        name: CHAT_DETAILS,
        key: &["chatId"],
        ..KEPT
    },
    RecordKind {
        name: DIALOG_MARKS,
        key: &["userId", "dialogId"],
        ..KEPT
    },
    RecordKind {
        name: REACTIONS,
        key: &["messageId", "userId", "reaction"],
        ..KEPT
    },
    RecordKind {
        name: BOT_EVENTS,
        scope: "imbot",
        key: &["id"],
        ..KEPT
    },
    RecordKind {
        name: BOT_APPS,
        scope: "imbot",
        ..OLDER
    },
    RecordKind {
        name: NOTIFICATIONS,
        key: &["messageId"],
        ..KEPT
    },
    RecordKind {
        name: CHAT_FILES,
        key: &["chatId", "fileId"],
        ..KEPT
    },
    RecordKind {
        name: CONVERSATIONS,
        ..OF_LINES
    },
    RecordKind {
        name: CONNECTOR_CLIENTS,
        // Users of a portal have lower numbers.
        first: 1_000_001,
        key: &["CONNECTOR", "LINE", "EXTERNAL_ID"],
        ..OF_LINES
    },
    RecordKind {
        name: CONNECTOR_MESSAGES,
        key: &["CONNECTOR", "LINE", "EXTERNAL_ID"],
        ..OF_LINES
    },
    RecordKind {
        name: "vote",
        scope: "vote",
        key: &["id"],
        ..KEPT
    },
    RecordKind {
        name: "vote.ballot",
        scope: "vote",
        key: &["voteId", "userId"],
        ..KEPT
    },
];
