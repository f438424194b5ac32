//! `brimful.toml`: which portals are kept in sync, what of them, and where.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use brimful_export::sync::{NarrowedBy, SyncEntity, SyncOptions};
use brimful_export::{DatasetPlace, Store};
use serde::Deserialize;
use toml::Spanned;

use super::{DeletesArg, Job, SettingPlace};
use crate::args::portal::{self, PortalOption};
use crate::args::rate::operating_seconds;
use crate::args::{DeadlineOption, PortalLimits, RateArg, time};
use crate::commands::login::file::is_open_to_others;
use crate::env_vars;
use crate::failure::Failure;
use crate::input;

/// The file that is read where no other is named.
pub(crate) const USUAL_NAME: &str = "brimful.toml";

/// Why the address of a webhook is refused.
const WEBHOOK_IS_SECRET: &str = "the address of a webhook is a secret: keep it in a variable or a file, and write webhook-env = \
                                 \"BRIMFUL_PORTAL\" or webhook-file = \"portal.webhook\"";

/// What the file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Content {
    /// How often a run begins.
    every: Option<Spanned<String>>,
    /// Where it is written down what a run has done.
    report: Option<PathBuf>,
    /// How many portals are read at once.
    portals_at_once: Option<NonZeroUsize>,
    /// What holds for all portals.
    #[serde(default)]
    sync: Option<Spanned<Section>>,
    /// Portals by their names, each with what is different for it.
    #[serde(default)]
    portals: BTreeMap<String, Spanned<Section>>,
}

/// The settings of one portal.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Section {
    /// `demo`, or the address of a portal after a login.
    portal: Option<Spanned<String>>,
    /// The variable of the environment that has the address of a webhook.
    webhook_env: Option<Spanned<String>>,
    /// The file that has the address of a webhook.
    webhook_file: Option<Spanned<PathBuf>>,
    /// The file with the tokens of a login.
    token_file: Option<Spanned<PathBuf>>,
    /// The database.
    to: Option<Spanned<String>>,
    /// The variable of the environment that names the database.
    to_env: Option<Spanned<String>>,
    /// The schema of PostgreSQL that the tables are in.
    schema: Option<Spanned<String>>,
    entities: Option<Vec<Spanned<String>>>,
    labels: Option<bool>,
    deletes: Option<DeletesArg>,
    rate: Option<Spanned<String>>,
    /// The operating time that a method may use in ten minutes, in seconds.
    operating_limit: Option<Spanned<f64>>,
    /// How long a run may take.
    deadline: Option<Spanned<String>>,
    /// What is different for an entity.
    #[serde(default)]
    entity: BTreeMap<String, Spanned<EntitySection>>,
}

/// The settings of an entity.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct EntitySection {
    /// Conditions that its rows meet, as the list takes them.
    filter: Option<Spanned<serde_json::Map<String, serde_json::Value>>>,
    /// The fields that are kept.
    select: Option<Spanned<Vec<String>>>,
    /// The table.
    table: Option<String>,
}

/// The settings of the file that the command line may have otherwise.
#[derive(Debug, Default)]
pub(in crate::commands) struct Overrides<'a> {
    pub(in crate::commands) portal: Option<&'a PortalOption>,
    pub(in crate::commands) to: Option<&'a str>,
    pub(in crate::commands) labels: Option<bool>,
    pub(in crate::commands) deletes: Option<DeletesArg>,
    pub(in crate::commands) accept_deletes: bool,
    pub(in crate::commands) same_portal: bool,
    pub(in crate::commands) rate: Option<RateArg>,
    pub(in crate::commands) operating_limit: Option<Duration>,
    pub(in crate::commands) deadline: Option<Duration>,
    /// Only these entities of the file; all if empty.
    pub(in crate::commands) entities: Vec<SyncEntity>,
}

/// A file of settings, read.
pub(crate) struct SyncFile {
    path: PathBuf,
    text: String,
    content: Content,
}

impl Section {
    /// These settings, and those of `base` where there are none.
    fn over(self, base: &Self) -> Self {
        let names_a_portal = self.portal.is_some()
            || self.webhook_env.is_some()
            || self.webhook_file.is_some()
            || self.token_file.is_some();
        let names_a_store = self.to.is_some() || self.to_env.is_some();
        let base = base.clone();
        let mut entity = base.entity;
        entity.extend(self.entity);
        let (portal, webhook_env, webhook_file, token_file) = if names_a_portal {
            (
                self.portal,
                self.webhook_env,
                self.webhook_file,
                self.token_file,
            )
        } else {
            (
                base.portal,
                base.webhook_env,
                base.webhook_file,
                base.token_file,
            )
        };
        let (to, to_env) = if names_a_store {
            (self.to, self.to_env)
        } else {
            (base.to, base.to_env)
        };
        Self {
            portal,
            webhook_env,
            webhook_file,
            token_file,
            to,
            to_env,
            schema: self.schema.or(base.schema),
            entities: self.entities.or(base.entities),
            labels: self.labels.or(base.labels),
            deletes: self.deletes.or(base.deletes),
            rate: self.rate.or(base.rate),
            operating_limit: self.operating_limit.or(base.operating_limit),
            deadline: self.deadline.or(base.deadline),
            entity,
        }
    }
}

impl SyncFile {
    /// Reads the file. Nothing is missing if there is none of the usual name and no other is named.
    pub(crate) fn find(named: Option<&Path>) -> Result<Option<Self>, Failure> {
        let path = match named {
            Some(path) => path,
            None if Path::new(USUAL_NAME).exists() => Path::new(USUAL_NAME),
            None => return Ok(None),
        };
        Self::parse(path.to_owned(), input::read(path)?).map(Some)
    }

    fn parse(path: PathBuf, text: String) -> Result<Self, Failure> {
        let content = toml::from_str(&text).map_err(|error| {
            let place = error.span().map_or_else(
                || path.display().to_string(),
                |span| place(&path, &text, &span),
            );
            let key = error.span().and_then(|span| key_at(&text, span.start));
            let message = explained(error.message().trim(), key);
            Failure::usage(format!("{place}: {message}"))
        })?;
        Ok(Self {
            path,
            text,
            content,
        })
    }

    /// How often a run begins.
    pub(super) fn every(&self) -> Result<Option<Duration>, Failure> {
        let every = self.content.every.as_ref();
        every
            .map(|every| self.read(every, "every", time::parse_interval))
            .transpose()
    }

    /// Where it is written down what a run has done.
    pub(super) fn report(&self) -> Option<PathBuf> {
        let report = self.content.report.as_ref();
        report.map(|path| self.beside(path))
    }

    /// How many portals are read at once.
    pub(super) fn portals_at_once(&self) -> Option<NonZeroUsize> {
        self.content.portals_at_once
    }

    /// What holds for all portals, and where it stands.
    fn shared(&self) -> (Section, Range<usize>) {
        match &self.content.sync {
            Some(sync) => (sync.as_ref().clone(), sync.span()),
            None => (Section::default(), 0..0),
        }
    }

    /// What is to be done, one portal after the other.
    pub(in crate::commands) fn jobs(&self, overrides: &Overrides<'_>) -> Result<Vec<Job>, Failure> {
        let (sync, span) = self.shared();
        let portals = &self.content.portals;
        if portals.is_empty() {
            let job = self.job(None, &sync, span, overrides)?;
            return self.of_chosen_entities(vec![job], &overrides.entities);
        }
        if overrides.portal.is_some() {
            return Err(Failure::usage(format!(
                "{} names portals, so --portal cannot name another",
                self.path.display()
            )));
        }
        let mut jobs: Vec<Job> = Vec::new();
        for (name, own) in portals {
            let section = own.as_ref().clone().over(&sync);
            let job = self.job(Some(name.clone()), &section, own.span(), overrides)?;
            if let Some(other) = jobs.iter().find(|other| other.store.is_same(&job.store)) {
                return Err(self.same_store(&section, own.span(), overrides, other, name));
            }
            jobs.push(job);
        }
        self.of_chosen_entities(jobs, &overrides.entities)
    }

    /// Of the jobs what is for these entities, and all if there are none.
    fn of_chosen_entities(
        &self,
        mut jobs: Vec<Job>,
        chosen: &[SyncEntity],
    ) -> Result<Vec<Job>, Failure> {
        if chosen.is_empty() {
            return Ok(jobs);
        }
        for entity in chosen {
            let mut all = jobs.iter().flat_map(|job| &job.entities);
            if !all.any(|known| known.name == entity.name) {
                return Err(Failure::usage(format!(
                    "{} is not among the entities of {}",
                    entity.name,
                    self.path.display()
                )));
            }
        }
        for job in &mut jobs {
            let is_chosen = |known: &SyncEntity| chosen.iter().any(|one| one.name == known.name);
            job.entities.retain(is_chosen);
        }
        jobs.retain(|job| !job.entities.is_empty());
        Ok(jobs)
    }

    /// Two portals whose tables would be the same ones.
    fn same_store(
        &self,
        section: &Section,
        span: Range<usize>,
        overrides: &Overrides<'_>,
        other: &Job,
        name: &str,
    ) -> Failure {
        let other_name = other.name.as_deref().unwrap_or_default();
        let remedy = match &other.store {
            Store::Postgres(_) => "give each a database, or a schema of its own: schema = \"NAME\"",
            _ => "give each a store of its own",
        };
        let schema = section
            .schema
            .as_ref()
            .map(|schema| ("schema", schema.span()));
        let named = section.to.as_ref().map(|to| ("to", to.span()));
        let named = named.or_else(|| Some(("to-env", section.to_env.as_ref()?.span())));
        let given = overrides.to.map(|_| ("--to", span.clone()));
        let (key, at) = schema.or(given).or(named).unwrap_or(("to", span));
        self.failure(
            &at,
            format!(
                "{key}: the portals {other_name} and {name} would have their tables in the same place, {}; {remedy}",
                other.store
            ),
        )
    }

    /// The databases that the file names, each once, with the name of a portal where there are several.
    pub(crate) fn stores(&self) -> Result<Vec<(Option<String>, Store)>, Failure> {
        let (sync, span) = self.shared();
        let portals = &self.content.portals;
        if portals.is_empty() {
            return Ok(vec![(None, self.store(&sync, &span, None)?)]);
        }
        let mut stores: Vec<(Option<String>, Store)> = Vec::new();
        for (name, own) in portals {
            let section = own.as_ref().clone().over(&sync);
            let store = self.store(&section, &own.span(), None)?;
            if !stores.iter().any(|(_, other)| other.is_same(&store)) {
                stores.push((Some(name.clone()), store));
            }
        }
        Ok(stores)
    }

    fn job(
        &self,
        name: Option<String>,
        section: &Section,
        span: Range<usize>,
        overrides: &Overrides<'_>,
    ) -> Result<Job, Failure> {
        let portal = match overrides.portal {
            Some(given) => given.clone(),
            None => self.portal(section, &span)?,
        };
        let store = self.store(section, &span, overrides.to)?;
        let names = section.entities.as_ref().filter(|names| !names.is_empty());
        let Some(names) = names else {
            return Err(self.failure(
                &span,
                "no entities: write entities = [\"crm.deal\", \"tasks\"]; brimful sync --list shows them",
            ));
        };
        let mut entities = Vec::new();
        for name in names {
            let entity: SyncEntity = self.read(name, "entities", str::parse)?;
            entities.push(entity);
        }
        let places = self.apply_entity_settings(section, &mut entities)?;
        self.refuse_twice(names, &entities)?;
        let limits = self.limits(section, overrides)?;
        let deadline = match (overrides.deadline, &section.deadline) {
            (Some(deadline), _) => Some(deadline),
            (None, Some(deadline)) => {
                Some(self.read(deadline, "deadline", time::parse_deadline)?)
            }
            (None, None) => None,
        };
        let deletes = overrides.deletes.or(section.deletes);
        Ok(Job {
            name,
            portal,
            limits,
            deadline: DeadlineOption { deadline },
            store,
            entities,
            options: SyncOptions {
                deletes: deletes.unwrap_or(DeletesArg::Soft).into(),
                accept_deletes: overrides.accept_deletes,
                same_portal: overrides.same_portal,
                labels: overrides.labels.or(section.labels).unwrap_or(false),
            },
            places,
        })
    }

    /// Gives the entities what the section says of each, and tells where it says so. What is said of an entity that no
    /// portal keeps is refused.
    fn apply_entity_settings(
        &self,
        section: &Section,
        entities: &mut [SyncEntity],
    ) -> Result<Vec<SettingPlace>, Failure> {
        let mut places = Vec::new();
        for (name, own) in &section.entity {
            let meant: SyncEntity = name
                .parse()
                .map_err(|error| self.failure(&own.span(), error))?;
            let Some(entity) = entities.iter_mut().find(|entity| entity.name == meant.name) else {
                // It is one of another portal.
                if self.is_kept_elsewhere(&meant) {
                    continue;
                }
                return Err(self.failure(
                    &own.span(),
                    format!(
                        "{name} is not among the entities, so its settings would have no effect"
                    ),
                ));
            };
            let EntitySection {
                filter,
                select,
                table,
            } = own.as_ref().clone();
            let filter_at = filter.as_ref().map(Spanned::span);
            let select_at = select.as_ref().map(Spanned::span);
            *entity = with_settings(
                entity.clone(),
                filter.map(Spanned::into_inner),
                select.map(Spanned::into_inner),
                table.as_deref(),
            )
            .map_err(|error| self.failure(&own.span(), error))?;
            for (setting, key, at) in [
                (NarrowedBy::Filter, "filter", filter_at),
                (NarrowedBy::Select, "select", select_at),
            ] {
                places.extend(at.map(|at| SettingPlace {
                    entity: meant.name.clone(),
                    setting,
                    place: format!("{}: {key}", place(&self.path, &self.text, &at)),
                }));
            }
        }
        Ok(places)
    }

    /// No two entities may go to one table.
    fn refuse_twice(
        &self,
        names: &[Spanned<String>],
        entities: &[SyncEntity],
    ) -> Result<(), Failure> {
        for (place, (name, entity)) in names.iter().zip(entities).enumerate() {
            let mut before = names.iter().zip(entities).take(place);
            if let Some((other, _)) = before.find(|(_, other)| other.table == entity.table) {
                return Err(self.failure(
                    &name.span(),
                    format!(
                        "entities: {} and {} both go to the table {}: leave one of them out",
                        other.as_ref(),
                        name.as_ref(),
                        entity.table
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The portal's limits: those of the command line, else those of the section.
    fn limits(
        &self,
        section: &Section,
        overrides: &Overrides<'_>,
    ) -> Result<PortalLimits, Failure> {
        let rate = match (overrides.rate, &section.rate) {
            (Some(rate), _) => rate,
            (None, Some(rate)) => self.read(rate, "rate", str::parse)?,
            (None, None) => RateArg::STANDARD,
        };
        let operating = match (overrides.operating_limit, &section.operating_limit) {
            (Some(limit), _) => Some(limit),
            (None, Some(limit)) => {
                let parsed = operating_seconds(&limit.as_ref().to_string());
                Some(parsed.map_err(|error| {
                    self.failure(&limit.span(), format!("operating-limit: {error}"))
                })?)
            }
            (None, None) => None,
        };
        Ok(PortalLimits { rate, operating })
    }

    /// Whether another portal of the file keeps an entity.
    fn is_kept_elsewhere(&self, entity: &SyncEntity) -> bool {
        let sections = self.content.portals.values().map(Spanned::as_ref);
        let names = sections.filter_map(|section| section.entities.as_ref());
        let mut names = names
            .flatten()
            .filter_map(|name| name.as_ref().parse().ok());
        names.any(|other: SyncEntity| other.name == entity.name)
    }

    /// The portal of a section, which names it in one way only; if in none, that of the environment.
    fn portal(&self, section: &Section, span: &Range<usize>) -> Result<PortalOption, Failure> {
        let Section {
            portal,
            webhook_env,
            webhook_file,
            token_file,
            ..
        } = section;
        let has_login = portal.is_some() || token_file.is_some();
        match (has_login, webhook_env, webhook_file) {
            (false, Some(name), None) => self.webhook_of_variable(name),
            (false, None, Some(file)) => self.webhook_of_file(file),
            (true, None, None) => self.login(portal.as_ref(), token_file.as_ref()),
            (false, None, None) => match env_vars::read(env_vars::PORTAL) {
                Some(address) => Ok(webhook(&address)),
                None => Err(self.failure(
                    span,
                    "no portal: write webhook-env = \"BRIMFUL_PORTAL\", or give --portal",
                )),
            },
            _ => {
                let keys = [
                    ("portal", portal.as_ref().map(Spanned::span)),
                    ("webhook-env", webhook_env.as_ref().map(Spanned::span)),
                    ("webhook-file", webhook_file.as_ref().map(Spanned::span)),
                    ("token-file", token_file.as_ref().map(Spanned::span)),
                ];
                let given = keys.into_iter().filter_map(|(key, at)| Some((key, at?)));
                let last = given.max_by_key(|(_, at)| at.start);
                let (key, at) = last.unwrap_or(("portal", span.clone()));
                Err(self.failure(
                    &at,
                    format!(
                        "{key}: the portal is named more than once: leave one of portal (with token-file), webhook-env and \
                         webhook-file"
                    ),
                ))
            }
        }
    }

    /// The portal whose webhook is in a variable of the environment.
    fn webhook_of_variable(&self, name: &Spanned<String>) -> Result<PortalOption, Failure> {
        match std::env::var(name.as_ref()) {
            Ok(address) if !address.trim().is_empty() => Ok(webhook(&address)),
            _ => Err(self.failure(
                &name.span(),
                format!(
                    "webhook-env: the environment has no {0}: export {0}=https://example.bitrix24.ru/rest/1/CODE/",
                    name.as_ref()
                ),
            )),
        }
    }

    /// The portal whose webhook is in a file, which its owner alone may read.
    fn webhook_of_file(&self, file: &Spanned<PathBuf>) -> Result<PortalOption, Failure> {
        let path = self.beside(file.as_ref());
        let text = input::read(&path).map_err(|failure| {
            self.failure(&file.span(), format!("webhook-file: {}", failure.message))
        })?;
        if is_open_to_others(&path) {
            return Err(self.failure(
                &file.span(),
                format!(
                    "webhook-file: others can read the webhook: chmod 600 {}",
                    path.display()
                ),
            ));
        }
        Ok(webhook(&text))
    }

    /// `demo`, or a portal by its address or the tokens of a login. The address of a webhook is refused.
    fn login(
        &self,
        address: Option<&Spanned<String>>,
        token_file: Option<&Spanned<PathBuf>>,
    ) -> Result<PortalOption, Failure> {
        if let Some(address) = address
            && address.as_ref().contains("/rest/")
        {
            return Err(self.failure(&address.span(), format!("portal: {WEBHOOK_IS_SECRET}")));
        }
        Ok(PortalOption {
            address: address.and_then(|address| portal::parse(address.as_ref()).ok()),
            token_file: token_file.map(|file| self.beside(file.as_ref())),
        })
    }

    fn store(
        &self,
        section: &Section,
        span: &Range<usize>,
        given: Option<&str>,
    ) -> Result<Store, Failure> {
        let (named, key, at) = match (given, &section.to, &section.to_env) {
            (Some(given), _, _) => (given.to_owned(), "--to", span.clone()),
            (None, Some(to), None) => (to.as_ref().clone(), "to", to.span()),
            (None, None, Some(name)) => match std::env::var(name.as_ref()) {
                Ok(store) if !store.is_empty() => (store, "to-env", name.span()),
                _ => {
                    return Err(self.failure(
                        &name.span(),
                        format!("to-env: the environment has no {0}: export {0}=postgres://user:password@host/bi", name.as_ref()),
                    ));
                }
            },
            (None, Some(to), Some(_)) => {
                return Err(self.failure(
                    &to.span(),
                    "to: both to and to-env name the database; leave one of them",
                ));
            }
            (None, None, None) => {
                return Err(self.failure(
                    span,
                    "no database: write to = \"sqlite:portal.db\", or give --to",
                ));
            }
        };
        let store: Store = named
            .parse()
            .map_err(|error: brimful_export::ExportError| {
                self.failure(&at, format!("{key}: {error}"))
            })?;
        let store = match store {
            Store::Sqlite(path) if given.is_none() => Store::Sqlite(self.beside(&path)),
            Store::Duckdb(path) if given.is_none() => Store::Duckdb(self.beside(&path)),
            Store::Dataset {
                place: DatasetPlace::Folder(path),
                partition_by,
            } if given.is_none() => Store::Dataset {
                place: DatasetPlace::Folder(self.beside(&path)),
                partition_by,
            },
            other => other,
        };
        match &section.schema {
            Some(schema) => store
                .in_schema(schema.as_ref())
                .map_err(|error| self.failure(&schema.span(), format!("schema: {error}"))),
            None => Ok(store),
        }
    }

    /// A file that is named in this one: names are from its folder.
    fn beside(&self, path: &Path) -> PathBuf {
        match self.path.parent() {
            Some(folder) if !input::is_stdin(&self.path) => folder.join(path),
            _ => path.to_owned(),
        }
    }

    /// Reads the value of a setting.
    fn read<T, E: Display>(
        &self,
        setting: &Spanned<String>,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Failure> {
        parse(setting.as_ref())
            .map_err(|error| self.failure(&setting.span(), format!("{key}: {error}")))
    }

    /// What is wrong, with the line.
    fn failure(&self, span: &Range<usize>, message: impl Display) -> Failure {
        let place = if span.is_empty() {
            self.path.display().to_string()
        } else {
            place(&self.path, &self.text, span)
        };
        Failure::usage(format!("{place}: {message}"))
    }
}

/// An entity with the conditions, fields and table of a file or a command line.
pub(super) fn with_settings(
    mut entity: SyncEntity,
    filter: Option<serde_json::Map<String, serde_json::Value>>,
    select: Option<Vec<String>>,
    table: Option<&str>,
) -> Result<SyncEntity, brimful_export::sync::SyncError> {
    if let Some(filter) = filter {
        entity = entity.with_filter(filter)?;
    }
    if let Some(select) = select {
        entity = entity.with_select(select)?;
    }
    if let Some(table) = table {
        entity = entity.with_table(table)?;
    }
    Ok(entity)
}

/// The portal of a webhook.
fn webhook(address: &str) -> PortalOption {
    PortalOption {
        address: portal::parse(address.trim()).ok(),
        token_file: None,
    }
}

/// The key whose value is at a place of the text: the nearest line above it that has one.
fn key_at(text: &str, place: usize) -> Option<&str> {
    let line_end = text
        .get(place..)?
        .find('\n')
        .map_or(text.len(), |end| place + end);
    let lines = text.get(..line_end)?.lines().rev();
    // Keys above the head of a section are of another one.
    let mut of_section = lines.take_while(|line| !line.trim_start().starts_with('['));
    of_section.find_map(|line| {
        let (key, _) = line.split_once('=')?;
        let key = key.trim();
        let is_key = |c: char| c.is_ascii_alphanumeric() || ['-', '_'].contains(&c);
        (!key.is_empty() && key.chars().all(is_key)).then_some(key)
    })
}

/// What the reader of the file says, with the key that it is about.
fn explained(message: &str, key: Option<&str>) -> String {
    if message.starts_with("unknown field `webhook`") {
        return format!("webhook: {WEBHOOK_IS_SECRET}");
    }
    match key {
        Some(key) if !message.contains(&format!("`{key}`")) => format!("{key}: {message}"),
        _ => message.to_owned(),
    }
}

/// `brimful.toml:12`.
fn place(path: &Path, text: &str, span: &Range<usize>) -> String {
    let before = text.get(..span.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    format!("{}:{line}", path.display())
}

#[cfg(test)]
mod tests;
