//! Applications.

use std::fmt;

use crate::context::settings::Scopes;

/// An application that is installed on the portal.
#[derive(Clone, PartialEq, Eq)]
pub struct App {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) handler: String,
    pub(crate) install_handler: Option<String>,
    pub(crate) scopes: Scopes,
    pub(crate) signed_in: Option<u64>,
    pub(crate) status: char,
}

impl App {
    /// An application with every scope. `handler` is where a user who has let it in is sent back to, and where its events
    /// go.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
        handler: impl Into<String>,
    ) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            handler: handler.into(),
            install_handler: None,
            scopes: Scopes::All,
            signed_in: None,
            status: 'L',
        }
    }

    /// These scopes only.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Scopes::Only(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// The address that hears of the installation, if it is not the handler.
    #[must_use]
    pub fn install_handler(mut self, address: impl Into<String>) -> Self {
        self.install_handler = Some(address.into());
        self
    }

    /// This user is signed in and has let the application in before: no page is shown.
    #[must_use]
    pub fn signed_in_as(mut self, user: u64) -> Self {
        self.signed_in = Some(user);
        self
    }

    /// The status that replies give: `L` local (if not set), `F` free, `D` demo, `T` trial, `P` paid.
    #[must_use]
    pub fn status(mut self, status: char) -> Self {
        self.status = status;
        self
    }
}

/// Without the secret.
impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("client_id", &self.client_id)
            .field("handler", &self.handler)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
