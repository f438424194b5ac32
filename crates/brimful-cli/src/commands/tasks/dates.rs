//! Dates that name no zone: by which clock they are told.

use brimful::Client;
use brimful::tasks::{Moment, MomentError, Zone};
use serde_json::{Value, json};

use super::args::DateArg;
use crate::failure::Failure;

/// Tells moments; asks the portal for its clock once, and only where a date needs it.
pub(super) struct Dates<'c> {
    client: &'c Client,
    zone: Option<Zone>,
}

impl<'c> Dates<'c> {
    /// By the zone, or by the portal's clock.
    pub(super) fn new(client: &'c Client, zone: Option<Zone>) -> Self {
        Self { client, zone }
    }

    pub(super) async fn moment(&mut self, date: &DateArg) -> Result<Moment, Failure> {
        let text = match date {
            DateArg::Moment(moment) => return Ok(*moment),
            DateArg::Local(text) => text,
        };
        let zone = match self.zone {
            Some(zone) => zone,
            None => portal_zone(self.client).await?,
        };
        self.zone = Some(zone);
        zone.at(text)
            .map_err(|error: MomentError| Failure::usage(error.to_string()))
    }
}

/// The offset of the portal's clock: `server.time`.
async fn portal_zone(client: &Client) -> Result<Zone, Failure> {
    let unknown = || {
        Failure::failed("the portal does not say in which zone its clock is")
            .hint("say it with --zone, as in --zone +03:00")
    };
    let reply = client
        .call("server.time", json!({}))
        .await
        .map_err(|error| Failure::of(&error))?;
    let told: Value = reply.result().map_err(|_| unknown())?;
    let moment: Moment = told
        .as_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(unknown)?;
    Ok(moment.zone())
}
