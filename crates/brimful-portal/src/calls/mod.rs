//! How calls are carried out, whichever API they come by: who may call, what runs, what it costs, and what is written
//! down about it.

pub(crate) mod applications;
pub(crate) mod background_writer;
pub(crate) mod callers;
#[cfg(feature = "sqlite")]
pub(crate) mod data_file;
#[cfg(not(feature = "sqlite"))]
#[path = "no_data_file.rs"]
pub(crate) mod data_file;
pub(crate) mod event_sender;
pub(crate) mod events;
pub(crate) mod executor;
pub(crate) mod installation;
pub(crate) mod journal;
pub(crate) mod keeping;
pub(crate) mod links;
pub(crate) mod scenario;
pub(crate) mod timing;
pub(crate) mod token_store;

use std::net::IpAddr;

use bytes::Bytes;
use http::Request;
use parking_lot::RwLock;

use crate::context::hidden_rows::HiddenRows;
use crate::context::row_history::ChangeCause;
use crate::context::{Context, MethodError};
use crate::data::hidden_ids::HiddenIds;
use crate::data::{Data, DataError, PortalData};
use crate::methods::registry::Registry;
use applications::Applications;
use background_writer::BackgroundWriter;
use callers::{Caller, Callers, Presented};
use data_file::DataFile;
use event_sender::Delivery;
use events::{Cause, Events};
use journal::Origin;
use scenario::ScenarioRunner;

/// What is behind all APIs of a portal: its data and its methods, and who may call them.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) context: Context,
    pub(crate) data: RwLock<PortalData>,
    /// The file that keeps the data, if one does.
    pub(crate) file: Option<DataFile>,
    /// What the portal started with, if that is small enough to be kept.
    pub(crate) initial: Option<Data>,
    pub(crate) registry: Registry,
    pub(crate) callers: Callers,
    pub(crate) applications: Applications,
    /// What applications are told of changes.
    pub(crate) events: Events,
    /// Those who change rows while others read them.
    pub(crate) background_writer: BackgroundWriter,
    /// The company that works while the portal runs, if one does.
    pub(crate) scenario: ScenarioRunner,
}

impl Backend {
    /// Whom the portal lets in on what a request presents.
    pub(crate) fn admit(
        &self,
        presented: &Presented,
        request: &Request<Bytes>,
        peer: IpAddr,
    ) -> Result<Caller, MethodError> {
        let statuses = self.context.settings.statuses;
        let elapsed = self.context.elapsed();
        let is_local_program = self.context.is_of_local_program(request, peer);
        let mut caller = self
            .callers
            .admit(presented, is_local_program, elapsed, statuses)?;
        caller.origin = Origin::of(request, peer);
        Ok(caller)
    }

    /// Takes down what a call has changed in the data, which are still locked: what is returned is to be sent when they
    /// are not. Nobody is told of a change without a cause.
    pub(crate) fn note_changes(
        &self,
        state: &mut PortalData,
        cause: Option<Cause<'_>>,
    ) -> Vec<Delivery> {
        let changes = state.take_changes();
        if let Some(cause) = cause {
            let rows = state.row_differences(&changes);
            let cause = ChangeCause {
                method: cause.method,
                user: cause.user,
                at: cause.now,
            };
            self.context.row_history.enter(rows, &cause);
        }
        let told = match cause {
            Some(cause) => self.events_of(state, &changes, cause),
            None => Vec::new(),
        };
        // Events that wait to be fetched are rows too.
        let queued = state.take_changes();
        if let Some(file) = &self.file {
            let mut rows = state.stored(&changes);
            rows.extend(state.stored(&queued));
            file.write(rows);
        }
        told
    }

    /// Lets `rows` take the place of the rows that were hidden.
    pub(crate) fn hide(&self, rows: HiddenRows) -> Result<(), DataError> {
        let mut data = self.data.write();
        data.hidden = HiddenIds::new(rows, &data)?;
        Ok(())
    }

    /// The rows that lists count and do not show.
    pub(crate) fn hidden(&self) -> HiddenRows {
        self.data.read().hidden.spec().clone()
    }
}
