//! What a portal is made of: its data, who may call it, how fast it lets them, and how its work is timed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value as Json};

use crate::context::app::App;
use crate::context::churn::Churn;
use crate::context::faults::Faults;
use crate::context::handler_address::HandlerHosts;
use crate::context::hidden_rows::HiddenRows;
use crate::context::limits::{OperatingLimit, RateLimit, WINDOW};
use crate::context::moment::USUAL_ZONE;
use crate::context::scenario::Scenario;
use crate::context::settings::Rights;
use crate::context::settings::TimeForm;
use crate::context::settings::{
    AccessToken, AuthStatuses, Costs, OperatingReset, SecondsFormat, Webhook,
};
use crate::data::{Data, Fields, Load, LoadedRows, Recorded, Rows};
use crate::extension::ExtensionConfig;

/// How a portal is set up. The default is a cloud portal of an ordinary tariff without data: webhook `1/demo`, bucket
/// of 50 requests that leaks 2 a second, operating limit on, no latency.
///
/// ```
/// use brimful_portal::{Portal, PortalConfig, RateLimit};
/// let config = PortalConfig::new().rows("lead", 10_000).rate_limit(RateLimit::ENTERPRISE);
/// let portal = Portal::new(config)?;
/// # Ok::<(), brimful_portal::DataError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PortalConfig {
    pub(crate) data: Data,
    pub(crate) webhooks: Vec<Webhook>,
    pub(crate) tokens: Vec<AccessToken>,
    pub(crate) files: Vec<(String, Bytes)>,
    pub(crate) apps: Vec<App>,
    pub(crate) handler_hosts: HandlerHosts,
    pub(crate) token_ttl: Duration,
    pub(crate) rights: BTreeMap<u64, Rights>,
    pub(crate) address: Option<String>,
    pub(crate) statuses: AuthStatuses,
    pub(crate) time: TimeForm,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) operating: Option<OperatingLimit>,
    pub(crate) operating_window: Duration,
    pub(crate) latency: Duration,
    pub(crate) jitter: Duration,
    pub(crate) costs: Costs,
    pub(crate) wall: Duration,
    pub(crate) body_limit: usize,
    pub(crate) starts_at: Option<f64>,
    pub(crate) rows_up_to_now: bool,
    pub(crate) admin_token: Option<String>,
    pub(crate) skew: f64,
    pub(crate) zone: i32,
    pub(crate) moved_to: Option<String>,
    pub(crate) faults: Faults,
    pub(crate) churn: Churn,
    pub(crate) scenario: Option<Scenario>,
    pub(crate) hidden: HiddenRows,
    pub(crate) extensions: Vec<Arc<dyn ExtensionConfig>>,
    #[cfg(feature = "sqlite")]
    pub(crate) data_file: Option<std::path::PathBuf>,
}

impl Default for PortalConfig {
    fn default() -> Self {
        Self {
            data: Data::default(),
            webhooks: vec![Webhook::new(1, "demo").closes_on_load()],
            tokens: Vec::new(),
            files: Vec::new(),
            apps: Vec::new(),
            handler_hosts: HandlerHosts::default(),
            token_ttl: Duration::from_secs(3600),
            rights: BTreeMap::new(),
            address: None,
            statuses: AuthStatuses::default(),
            time: TimeForm::default(),
            rate_limit: Some(RateLimit::STANDARD),
            operating: Some(OperatingLimit::default()),
            operating_window: WINDOW,
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            costs: Costs::default(),
            wall: Duration::from_secs(60),
            body_limit: 64 << 20,
            starts_at: None,
            rows_up_to_now: false,
            admin_token: None,
            skew: 0.0,
            zone: USUAL_ZONE,
            moved_to: None,
            faults: Faults::default(),
            churn: Churn::default(),
            scenario: None,
            hidden: HiddenRows::none(),
            extensions: Vec::new(),
            #[cfg(feature = "sqlite")]
            data_file: None,
        }
    }
}

impl PortalConfig {
    /// The default portal.
    pub fn new() -> Self {
        Self::default()
    }

    /// A portal without any limit: a self-hosted one as it comes.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::new().rate_limit(None).operating_limit(None)
    }

    /// The seed of the generated rows, of jitter and of nothing else.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.data.seed = seed;
        self
    }

    /// So many generated rows of an entity: one of [`ENTITY_NAMES`](crate::ENTITY_NAMES), or an `entityTypeId` from 128
    /// on.
    #[must_use]
    pub fn rows(self, entity: impl Into<String>, rows: u64) -> Self {
        self.sparse_rows(entity, rows, 0.0)
    }

    /// So many generated rows, with the share `gaps` of the IDs between them missing: from 0 to 0.99. With another one the
    /// portal does not start.
    #[must_use]
    pub fn sparse_rows(mut self, entity: impl Into<String>, rows: u64, gaps: f64) -> Self {
        let entity = entity.into();
        self.data.rows.push(Rows { entity, rows, gaps });
        self
    }

    /// These rows of an entity, as they are.
    #[must_use]
    pub fn load(self, entity: impl Into<String>, rows: Vec<Map<String, Json>>) -> Self {
        self.load_compact(entity, rows.into())
    }

    /// These rows of an entity, as they are, where there are so many that maps of them would take too much memory.
    #[must_use]
    pub fn load_compact(mut self, entity: impl Into<String>, rows: LoadedRows) -> Self {
        let entity = entity.into();
        self.data.loads.push(Load { entity, rows });
        self
    }

    /// Rows behind a list method that the portal does not model, as they are:
    ///
    /// ```
    /// # use brimful_portal::{Portal, PortalConfig};
    /// # use serde_json::{Value, json};
    /// # let Value::Object(row) = json!({"id": 7, "price": 100}) else { return };
    /// let config = PortalConfig::new().load_rows_of("sale.shipment.list", vec![row]);
    /// assert!(Portal::new(config).is_ok());
    /// ```
    ///
    /// The list is paged as the catalogue says, filtered by its fields and by their order, sorted and cut to a `select`;
    /// the methods `get`, `add`, `update` and `delete` beside it work on the same rows. A name after `api/` is a method
    /// of REST 3.0; so is one that only REST 3.0 has. The lists of entities ([`Rows::entity`]) are modelled: rows of
    /// `crm.lead.list` are rows of `lead`.
    #[must_use]
    pub fn load_rows_of(self, method: impl Into<String>, rows: Vec<Map<String, Json>>) -> Self {
        self.load_compact_rows_of(method, rows.into())
    }

    /// Rows behind a list method, as [`load_rows_of`](Self::load_rows_of) takes them, where there are many.
    #[must_use]
    pub fn load_compact_rows_of(mut self, method: impl Into<String>, rows: LoadedRows) -> Self {
        let entity = method.into();
        self.data.served.push(Load { entity, rows });
        self
    }

    /// Rows of an entity, as [`load_compact`](Self::load_compact) takes them, or rows behind a list method, as
    /// [`load_rows_of`](Self::load_rows_of) does: a method's name has three parts at least, or ends as lists do.
    #[must_use]
    pub fn load_by_name(self, name: impl Into<String>, rows: LoadedRows) -> Self {
        let name = name.into();
        if is_list_method(&name) {
            self.load_compact_rows_of(name, rows)
        } else {
            self.load_compact(name, rows)
        }
    }

    /// What a method answers from now on, whatever it is asked: a result as a portal gave it, or a whole reply, which is
    /// an object with `result` and `time`. A `next` and a `total` in a result go to the envelope, as those of every
    /// method do. A name after `api/` is a method of REST 3.0. Several replies of one method come in turn, and the last one
    /// from then on.
    #[must_use]
    pub fn reply(mut self, method: impl Into<String>, reply: Json) -> Self {
        let method = method.into();
        self.data.replies.push(Recorded { method, reply });
        self
    }

    /// The fields that an entity has, as `crm.lead.fields` and the like describe them, in the place of its usual ones.
    /// Portals differ in them: by their user fields, by what their smart processes switch on. An empty object leaves a
    /// field that every portal has as it is.
    #[must_use]
    pub fn fields(mut self, entity: impl Into<String>, fields: Map<String, Json>) -> Self {
        let entity = entity.into();
        self.data.fields.push(Fields { entity, fields });
        self
    }

    /// One more webhook.
    #[must_use]
    pub fn webhook(mut self, webhook: Webhook) -> Self {
        self.webhooks.push(webhook);
        self
    }

    /// One more file on the disk: the first has the ID 2, since the folder that they are in has 1.
    #[must_use]
    pub fn file(mut self, name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        self.files.push((name.into(), content.into()));
        self
    }

    /// These webhooks and no other.
    #[must_use]
    pub fn webhooks(mut self, webhooks: impl IntoIterator<Item = Webhook>) -> Self {
        self.webhooks = webhooks.into_iter().collect();
        self
    }

    /// One more access token.
    #[must_use]
    pub fn token(mut self, token: AccessToken) -> Self {
        self.tokens.push(token);
        self
    }

    /// One more application, installed on the portal, for which its OAuth server gives out tokens.
    #[must_use]
    pub fn app(mut self, app: App) -> Self {
        self.apps.push(app);
        self
    }

    /// Lets events be posted to handlers on this host too, such as `app` in a network of containers; `*` stands for
    /// every host. If not set, handlers are on this machine: an emulator should not call others by accident.
    #[must_use]
    pub fn handler_host(mut self, host: impl AsRef<str>) -> Self {
        self.handler_hosts.allow(host.as_ref());
        self
    }

    /// How long the access tokens of the OAuth server are valid; one hour if not set.
    #[must_use]
    pub fn token_ttl(mut self, ttl: Duration) -> Self {
        self.token_ttl = ttl;
        self
    }

    /// What a user may see of the records, whichever webhook or token the user calls with; everything if not set.
    #[must_use]
    pub fn user_rights(mut self, user: u64, rights: Rights) -> Self {
        self.rights.insert(user, rights);
        self
    }

    /// The address that the portal tells applications (`https://portal.test`); that of the request if not set.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Which statuses authorisation errors have.
    #[must_use]
    pub fn statuses(mut self, statuses: AuthStatuses) -> Self {
        self.statuses = statuses;
        self
    }

    /// How `time` shows its seconds.
    #[must_use]
    pub fn seconds(mut self, seconds: SecondsFormat) -> Self {
        self.time.seconds = seconds;
        self
    }

    /// Whether `time` says when operating time is given back.
    #[must_use]
    pub fn operating_reset(mut self, reset: OperatingReset) -> Self {
        self.time.reset = reset;
        self
    }

    /// The bucket of requests by address; `None` for no limit.
    #[must_use]
    pub fn rate_limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.rate_limit = limit.into();
        self
    }

    /// The limit of operating time by method; `None` for none, and no `operating` in `time`.
    #[must_use]
    pub fn operating_limit(mut self, limit: impl Into<Option<OperatingLimit>>) -> Self {
        self.operating = limit.into();
        self
    }

    /// How far back the sum of operating time reaches: ten minutes unless said otherwise. A ban lasts half of it. A short
    /// one is for tests that are not to take minutes.
    #[must_use]
    pub fn operating_window(mut self, window: Duration) -> Self {
        self.operating_window = window;
        self
    }

    /// The time that every request takes before it is handled.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The most that chance, by the seed, adds to the latency.
    #[must_use]
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// What the work of methods costs.
    #[must_use]
    pub fn costs(mut self, costs: Costs) -> Self {
        self.costs = costs;
        self
    }

    /// When a request is cut off; 60 seconds on a cloud portal.
    #[must_use]
    pub fn wall(mut self, wall: Duration) -> Self {
        self.wall = wall;
        self
    }

    /// The largest body that is read, in bytes; 64 MiB if not set.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The Unix time at which the portal's clock begins; the time of day if not set.
    #[must_use]
    pub fn starts_at_unix(mut self, seconds: f64) -> Self {
        self.starts_at = Some(seconds);
        self
    }

    /// Spreads the generated rows from 2020 to the day on which the portal starts, by its clock; to the end of 2024 if
    /// not set. They are the same wherever seed and day are the same.
    #[must_use]
    pub fn rows_up_to_now(mut self) -> Self {
        self.rows_up_to_now = true;
        self
    }

    /// Lets programs on other machines use the admin endpoints, with `Authorization: Bearer` and this token. Without
    /// one, only programs on the portal's machine may.
    #[must_use]
    pub fn admin_token(mut self, token: impl Into<String>) -> Self {
        self.admin_token = Some(token.into());
        self
    }

    /// By how many seconds the portal's clock is fast.
    #[must_use]
    pub fn skew_seconds(mut self, seconds: f64) -> Self {
        self.skew = seconds;
        self
    }

    /// The portal was renamed: every request is answered 302 with the same path at this address (`https://new.test`).
    #[must_use]
    pub fn moved_to(mut self, address: impl Into<String>) -> Self {
        self.moved_to = Some(address.into());
        self
    }

    /// The faults that the portal begins with. The portal plays them separately from `faults`: see
    /// [`crate::Portal::faults`].
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// What other people do to the portal's rows all the while.
    #[must_use]
    pub fn churn(mut self, churn: Churn) -> Self {
        self.churn = churn;
        self
    }

    /// A company that has worked up to now, and goes on while the portal runs.
    #[must_use]
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        self.scenario = Some(scenario);
        self
    }

    /// Rows that lists count and do not show.
    #[must_use]
    pub fn hide(mut self, rows: HiddenRows) -> Self {
        self.hidden = rows;
        self
    }

    /// One more API at the portal's address, from a crate of its own.
    #[must_use]
    pub fn extension(mut self, config: impl ExtensionConfig + 'static) -> Self {
        self.extensions.push(Arc::new(config));
        self
    }

    /// Keeps everything that is written in this file (SQLite), through any end of the process: a reply to a write is sent
    /// when the write is on the disk. A file that has data already takes the place of the rows of this configuration.
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn data_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.data_file = Some(path.into());
        self
    }

    /// The server's time zone in seconds east of Greenwich; three hours if not set.
    #[must_use]
    pub fn zone_seconds(mut self, east: i32) -> Self {
        self.zone = east;
        self
    }
}

/// Whether a name is that of a list method, and not of an entity or of what links two of them.
fn is_list_method(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_link = name.ends_with(".contact") || name.ends_with(".company");
    let ends_as_lists = ["list", "get", "getlist", "getchildren"]
        .iter()
        .any(|&end| name.rsplit('.').next() == Some(end));
    name.contains('.') && (ends_as_lists || (name.matches('.').count() > 1 && !is_link))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_list_method_is_not_an_entity() {
        for (name, is_method) in [
            ("lead", false),
            ("crm.lead", false),
            ("1032", false),
            ("crm.company.contact", false),
            ("crm.lead.list", true),
            ("user.get", true),
            ("sale.shipment.list", true),
            ("api/mail.mailbox.list", true),
            ("disk.folder.getChildren", true),
        ] {
            assert_eq!(is_list_method(name), is_method, "{name}");
        }
    }
}
