//! What is kept in sync of one portal: entities, the store, and how a run goes.

use std::sync::Arc;

use brimful_export::Store;
use brimful_export::sync::{
    NarrowedBy, SyncEntity, SyncError, SyncEvent, SyncOptions, SyncReport, SyncRun,
};

use super::failure_of;
use crate::args::portal::PortalArg;
use crate::args::{DeadlineOption, PortalLimits, PortalOption};
use crate::commands::connect;
use crate::commands::connection::Connection;
use crate::failure::Failure;
use crate::printer::Printer;

/// One portal's part of a sync.
#[derive(Debug)]
pub(in crate::commands) struct Job {
    /// The name of the portal in the file, where that has several.
    pub(in crate::commands) name: Option<String>,
    pub(in crate::commands) portal: PortalOption,
    pub(in crate::commands) limits: PortalLimits,
    /// When a run ends at the latest.
    pub(in crate::commands) deadline: DeadlineOption,
    pub(in crate::commands) store: Store,
    pub(in crate::commands) entities: Vec<SyncEntity>,
    pub(in crate::commands) options: SyncOptions,
    /// Where the file says by what an entity is narrowed.
    pub(in crate::commands) places: Vec<SettingPlace>,
}

/// Where the file has a setting of an entity.
#[derive(Debug)]
pub(in crate::commands) struct SettingPlace {
    pub(in crate::commands) entity: String,
    pub(in crate::commands) setting: NarrowedBy,
    /// The file, the line and the key.
    pub(in crate::commands) place: String,
}

impl Job {
    /// Words with the name of the portal in front, where there are several.
    pub(in crate::commands) fn named(&self, text: &str) -> String {
        match &self.name {
            Some(name) => format!("{name}: {text}"),
            None => text.to_owned(),
        }
    }

    /// What an entity has failed with: of a setting that does not fit, with its place in the file.
    pub(in crate::commands) fn explain(&self, entity: &str, error: &SyncError) -> String {
        let mut places = self.places.iter();
        let place = places.find(|place| {
            let is_unfit =
                matches!(error, SyncError::UnfitNames { setting, .. } if *setting == place.setting);
            is_unfit && place.entity == entity
        });
        match place {
            Some(SettingPlace { place, .. }) => format!("{place}: {error}"),
            None => error.to_string(),
        }
    }
}

/// A job, and its client from the first run to the last.
pub(in crate::commands) struct RunningJob {
    pub(in crate::commands) job: Arc<Job>,
    connection: Option<Connection>,
}

impl RunningJob {
    pub(in crate::commands) fn new(job: Job) -> Self {
        Self {
            job: Arc::new(job),
            connection: None,
        }
    }

    /// Brings the store up to date, in no more time than its deadline gives, and says what happens to `tell`.
    pub(in crate::commands) async fn run(
        &mut self,
        printer: Printer,
        tell: impl Fn(&Job, &SyncEvent<'_>) + Send + Sync + 'static,
    ) -> Result<SyncReport, Failure> {
        let job = &self.job;
        if self.connection.is_none() {
            self.connection = Some(connect(&job.portal, job.limits, printer).await?);
        }
        let Some(connection) = &self.connection else {
            return Err(Failure::failed("the portal has no client"));
        };
        let observer = Arc::clone(job);
        let client = match job.deadline.deadline {
            Some(within) => connection.client.with_deadline(within),
            None => connection.client.clone(),
        };
        let mut run = SyncRun::new(client, job.store.clone(), job.entities.clone())
            .options(job.options)
            .observe(move |event| tell(&observer, event));
        if job.portal.address().is_some_and(PortalArg::is_demo) {
            run = run.portal("demo");
        }
        run.run().await.map_err(|error| failure_of(&error))
    }
}
