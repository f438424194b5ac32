//! One call of a method, as its handler gets it.

use std::borrow::Cow;
use std::time::Duration;

use brimful_protocol::Array;

use crate::context::settings::{Costs, Rights, Scopes};

/// The name of a method in lower case. Those of modelled methods are part of the program, those of loaded ones are not.
pub(crate) type MethodName = Cow<'static, str>;

/// One call of a method, alone or as a command of a batch.
pub(crate) struct Call<'a> {
    /// The method, in lower case.
    pub(crate) method: MethodName,
    /// The parameters, without those that the server itself takes (`auth`, `start` stays).
    pub(crate) params: Array,
    /// The user who calls.
    pub(crate) user: u64,
    /// The application that calls for the user, if it is not a webhook.
    pub(crate) application: Option<&'a str>,
    /// The key of the source that the call names for the queues of offline events.
    pub(crate) connector: Option<&'a str>,
    /// What the webhook or the token may call.
    pub(crate) scopes: &'a Scopes,
    /// What of the records the user may see.
    pub(crate) rights: Rights,
    /// The portal's clock, in Unix seconds.
    pub(crate) now: f64,
    /// What this call costs in simulated time; the handler adds to it, the executor sleeps it.
    pub(crate) cost: &'a mut Duration,
    /// The cost model in force.
    pub(crate) costs: &'a Costs,
}
