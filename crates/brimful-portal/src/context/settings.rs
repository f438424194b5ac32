//! The values by which a portal is set up: who may call, how its replies look, what its work costs.

use std::collections::BTreeSet;
use std::time::Duration;

/// What is set for a portal as a whole and looked up while it answers.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) statuses: AuthStatuses,
    pub(crate) time: TimeForm,
    pub(crate) costs: Costs,
    /// When a request is cut off.
    pub(crate) wall: Duration,
    /// Lets programs on other machines use the admin endpoints.
    pub(crate) admin_token: Option<String>,
}

/// An incoming webhook: its user, its secret code, and what it may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub(crate) user: u64,
    pub(crate) login: Option<String>,
    pub(crate) code: String,
    pub(crate) local_code: Option<String>,
    /// Whether its code lets nobody in but programs on this machine once a snapshot was loaded.
    pub(crate) closes_on_load: bool,
    /// Whether the file of the data keeps the code.
    pub(crate) is_kept: bool,
    pub(crate) scopes: Scopes,
}

/// An OAuth access token that the portal accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    pub(crate) token: String,
    pub(crate) client_id: String,
    pub(crate) user: u64,
    pub(crate) scopes: Scopes,
    pub(crate) lifetime: Option<Duration>,
}

/// The scopes of a webhook or a token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scopes {
    /// Every scope there is.
    #[default]
    All,
    /// These only.
    Only(BTreeSet<String>),
}

/// Which HTTP statuses authorisation errors have: the documentation and the server's code disagree, and portals of
/// both kinds are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthStatuses {
    /// As some pages of the documentation have it: 403 for wrong credentials and missing scopes.
    Docs,
    /// As in the code: 401 for all of them.
    #[default]
    Code,
}

/// How `time` shows its seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecondsFormat {
    /// Since 2026: `start` and `processing` are whole seconds, so that `duration` is up to one too long.
    #[default]
    Whole,
    /// `start` alone is whole, as some of the documentation of 2026 has it.
    WholeStart,
    /// Before: all are fractions.
    Fractional,
}

/// Whether `time` says when operating time is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OperatingReset {
    /// In `operating_reset_at`.
    #[default]
    Shown,
    /// Not at all: `operating` is alone, as in replies of 2022.
    Hidden,
}

/// What a user may see of the portal's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rights {
    /// Everything: an administrator.
    #[default]
    All,
    /// What users of the same departments are responsible for.
    Department,
    /// What the user is responsible for.
    Own,
}

/// The simulated time of the work that is expensive on a real portal: there, a counted page over millions of rows costs
/// seconds, a page by ID milliseconds (observed).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Costs {
    /// Of every call of a method, batch commands included.
    pub call: Duration,
    /// Of every row returned.
    pub row: Duration,
    /// Of every row counted for `total`.
    pub count: Duration,
    /// Of every row skipped to reach an offset.
    pub skip: Duration,
}

/// What of a timing `time` shows, and how.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TimeForm {
    pub(crate) seconds: SecondsFormat,
    pub(crate) reset: OperatingReset,
}

impl Webhook {
    /// A webhook of the user `user` with every scope.
    pub fn new(user: u64, code: impl Into<String>) -> Self {
        Self {
            user,
            login: None,
            code: code.into(),
            local_code: None,
            closes_on_load: false,
            is_kept: false,
            scopes: Scopes::All,
        }
    }

    /// Its user.
    pub fn user(&self) -> u64 {
        self.user
    }

    /// The user's login, which may stand in the address instead of the number.
    #[must_use]
    pub fn login(mut self, login: impl Into<String>) -> Self {
        self.login = Some(login.into());
        self
    }

    /// A second code, which everybody may know: it lets programs on the portal's machine in, and no page of another site
    /// that is open in a browser there.
    #[must_use]
    pub fn local_code(mut self, code: impl Into<String>) -> Self {
        self.local_code = Some(code.into());
        self
    }

    /// Everybody may know its code, which is right as long as the rows are made up: once a snapshot was loaded
    /// (`POST /_portal/load`), it goes on letting in programs on the portal's machine, and no page of another site that is
    /// open in a browser there.
    #[must_use]
    pub fn closes_on_load(mut self) -> Self {
        self.closes_on_load = true;
        self
    }

    /// Its code was made up for the first start: the file that keeps the data ([`crate::PortalConfig::data_file`]) keeps
    /// it too, and it stays the same when the portal is started again.
    #[must_use]
    pub fn kept(mut self) -> Self {
        self.is_kept = true;
        self
    }

    /// These scopes only.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Scopes::Only(scopes.into_iter().map(Into::into).collect());
        self
    }
}

impl AccessToken {
    /// A token of the application `client_id` and the user `user`, with every scope and without end.
    pub fn new(token: impl Into<String>, client_id: impl Into<String>, user: u64) -> Self {
        Self {
            token: token.into(),
            client_id: client_id.into(),
            user,
            scopes: Scopes::All,
            lifetime: None,
        }
    }

    /// These scopes only.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Scopes::Only(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// How long after the portal began the token expires.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }
}

impl Scopes {
    /// Whether a method of this scope may be called; one without a scope may be by everybody.
    pub fn allow(&self, scope: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(scopes) => scope.is_empty() || scopes.contains(scope),
        }
    }
}
