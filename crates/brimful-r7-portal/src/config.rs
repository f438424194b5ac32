//! What the R7-Office side of a portal is made of: who may come in, how fast, and which readings of the documentation
//! hold.

use std::time::Duration;

use brimful_r7_protocol::RateLimit;
use serde_json::{Map, Value as Json};

/// How the R7-Office API of a portal is set up. The default knows the user `demo` with the password `demo` and the token
/// `demo`, both of the first person, and takes 500 requests in 10 seconds.
///
/// ```
/// use brimful_portal::{Portal, PortalConfig};
/// use brimful_r7_portal::R7Config;
/// let office = R7Config::new().people(10_000).token("secret", 2);
/// let portal = Portal::new(PortalConfig::new().extension(office))?;
/// # Ok::<(), brimful_portal::DataError>(())
/// ```
#[derive(Debug, Clone)]
pub struct R7Config {
    pub(super) rows: Vec<(String, u64)>,
    pub(super) loads: Vec<(String, Vec<Map<String, Json>>)>,
    pub(super) logins: Vec<Login>,
    pub(super) tokens: Vec<(String, u64)>,
    pub(super) token_ttl: Duration,
    pub(super) limit: Option<RateLimit>,
    pub(super) largest_page: u64,
    pub(super) raw_batches: bool,
    pub(super) documented_group_self: bool,
    pub(super) code: Option<String>,
    pub(super) demo_is_local: bool,
}

/// Who may log in.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
    pub(super) person: u64,
}

impl Default for R7Config {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            loads: Vec::new(),
            logins: vec![Login {
                user: "demo".to_owned(),
                password: "demo".to_owned(),
                person: 1,
            }],
            tokens: vec![("demo".to_owned(), 1)],
            token_ttl: Duration::from_secs(365 * 86_400),
            limit: Some(RateLimit::DOCUMENTED),
            largest_page: 1000,
            raw_batches: false,
            documented_group_self: false,
            code: None,
            demo_is_local: false,
        }
    }
}

impl R7Config {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// The default without a request-rate limit.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::new().limit(None)
    }

    /// So many generated people.
    #[must_use]
    pub fn people(self, people: u64) -> Self {
        self.rows("people", people)
    }

    /// So many generated rows: people, group, contact, opportunity, crmtask, case, project, task or milestone.
    #[must_use]
    pub fn rows(mut self, entity: impl Into<String>, rows: u64) -> Self {
        self.rows.push((entity.into(), rows));
        self
    }

    /// These rows, as they are, of one of the entities of [`Self::rows`].
    #[must_use]
    pub fn load(mut self, entity: impl Into<String>, rows: Vec<Map<String, Json>>) -> Self {
        self.loads.push((entity.into(), rows));
        self
    }

    /// One more user who may log in, as the person with this number.
    #[must_use]
    pub fn login(
        mut self,
        user: impl Into<String>,
        password: impl Into<String>,
        person: u64,
    ) -> Self {
        self.logins.push(Login {
            user: user.into(),
            password: password.into(),
            person,
        });
        self
    }

    /// One more token, of the person with this number.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>, person: u64) -> Self {
        self.tokens.push((token.into(), person));
        self
    }

    /// The token `demo` and the password of the user `demo` let programs on the portal's machine in, and no page of another
    /// site that is open in a browser there.
    #[must_use]
    pub fn demo_is_local(mut self) -> Self {
        self.demo_is_local = true;
        self
    }

    /// How long tokens given out by `authentication` hold; a year if not set. Those of the configuration hold for ever.
    #[must_use]
    pub fn token_ttl(mut self, ttl: Duration) -> Self {
        self.token_ttl = ttl;
        self
    }

    /// The request-rate limit; `None` for none.
    #[must_use]
    pub fn limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.limit = limit.into();
        self
    }

    /// The most rows of one page; 1000 if not set, as the server is shipped.
    #[must_use]
    pub fn largest_page(mut self, rows: u64) -> Self {
        self.largest_page = rows.max(1);
        self
    }

    /// A batch may be a bare JSON array, as the newer documentation shows it and the server's code does not read it.
    #[must_use]
    pub fn raw_batches(mut self) -> Self {
        self.raw_batches = true;
        self
    }

    /// `group/@self` lists the caller's groups, as the documentation of batches shows; the server's code knows no such
    /// address and answers 400.
    #[must_use]
    pub fn documented_group_self(mut self) -> Self {
        self.documented_group_self = true;
        self
    }

    /// Who logs in with a password has to give this code as well, from an application.
    #[must_use]
    pub fn second_factor(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}
