//! The page of a sync (`--report sync.html`): what a run has done for each entity, and what is behind. `--report sync.json`
//! has the same as JSON.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use brimful_export::sync::{EntityReport, Loaded, PortalTime, SyncError, SyncReport};
use serde::Serialize;

use super::Job;
use crate::failure::Failure;
use crate::format;
use crate::printer::clean;
use crate::pump::run_report;

/// The columns of the page with numbers, and those that say what is loaded.
const NUMBERS: [&str; 5] = ["Read", "New or changed", "Deleted", "Rows", "Did not fit"];
const LOADED: [&str; 4] = ["IDs read", "Read in full", "Changes up to", "Deletes up to"];

/// A run over all portals.
#[derive(Debug, Serialize)]
pub(super) struct RunReport {
    version: &'static str,
    /// Unix time in seconds.
    started_at: f64,
    seconds: f64,
    portals: Vec<PortalReport>,
}

#[derive(Debug, Serialize)]
struct PortalReport {
    /// The name in the file of settings, where that has several.
    name: Option<String>,
    /// The store, without its password.
    store: String,
    requests: u64,
    /// Why nothing could be done for it.
    error: Option<String>,
    entities: Vec<EntityRow>,
}

#[derive(Debug, Default, Serialize)]
struct EntityRow {
    entity: String,
    /// Whether everything was read, and not only what has changed.
    full: bool,
    read: u64,
    written: u64,
    deleted: u64,
    rows: u64,
    misfits: u64,
    /// What is in the table, and when it was loaded.
    loaded: LoadedRow,
    /// Why it is behind.
    error: Option<String>,
}

/// What is loaded of an entity. Times are the portal's.
#[derive(Debug, Default, Serialize)]
struct LoadedRow {
    /// The lowest and the highest ID of the last full read.
    ids: Option<(u64, u64)>,
    /// When the last full read began.
    in_full: Option<String>,
    /// Up to when changes are in the table.
    changes: Option<String>,
    /// Up to when deleted rows are known.
    deletes: Option<String>,
}

impl From<Loaded> for LoadedRow {
    fn from(loaded: Loaded) -> Self {
        let text = |time: Option<PortalTime>| time.map(|time| time.to_string());
        Self {
            ids: loaded.ids,
            in_full: text(loaded.in_full),
            changes: text(loaded.changes),
            deletes: text(loaded.deletes),
        }
    }
}

impl LoadedRow {
    /// As the page shows it.
    fn cells(&self) -> [String; 4] {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let ids = self.ids.map(|(from, to)| format!("{from}\u{2013}{to}"));
        [
            or_none(&ids),
            or_none(&self.in_full),
            or_none(&self.changes),
            or_none(&self.deletes),
        ]
    }
}

impl EntityRow {
    fn of(entity: &str, result: &Result<EntityReport, SyncError>) -> Self {
        let entity = entity.to_owned();
        match result {
            Ok(report) => Self {
                entity,
                full: report.is_full,
                read: report.read,
                written: report.written,
                deleted: report.deleted,
                rows: report.rows,
                misfits: report.misfits,
                loaded: report.loaded.into(),
                error: None,
            },
            Err(error) => Self {
                entity,
                error: Some(clean(&error.to_string())),
                ..Self::default()
            },
        }
    }
}

impl EntityRow {
    /// The row of the page.
    fn html(&self) -> String {
        let mut html = format!("<tr><td>{}</td>", escaped(&self.entity));
        // Writing to a string does not fail.
        if let Some(error) = &self.error {
            let _ = write!(
                html,
                "<td class=\"bad\" colspan=\"{}\">behind: {}</td></tr>",
                NUMBERS.len() + LOADED.len(),
                escaped(error)
            );
            return html;
        }
        let all = if self.full { " (all)" } else { "" };
        let read = format::count(self.read);
        let _ = write!(html, "<td class=\"n\">{read}{all}</td>");
        for count in [self.written, self.deleted, self.rows, self.misfits] {
            let _ = write!(html, "<td class=\"n\">{}</td>", format::count(count));
        }
        for cell in self.loaded.cells() {
            let _ = write!(html, "<td>{}</td>", escaped(&cell));
        }
        html.push_str("</tr>");
        html
    }
}

impl RunReport {
    /// The report of a run that has ended now and has taken so long.
    pub(super) fn of(
        jobs: &[&Job],
        results: &[Result<SyncReport, Failure>],
        took: Duration,
    ) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let portals = jobs.iter().zip(results).map(|(job, result)| {
            let (requests, entities, error) = match result {
                Ok(report) => {
                    let entities = report.entities.iter();
                    let rows = entities.map(|(entity, result)| EntityRow::of(entity, result));
                    (report.requests, rows.collect(), None)
                }
                Err(failure) => (0, Vec::new(), Some(clean(&failure.message))),
            };
            PortalReport {
                name: job.name.clone(),
                store: job.store.to_string(),
                requests,
                error,
                entities,
            }
        });
        Self {
            version: env!("CARGO_PKG_VERSION"),
            started_at: (now.unwrap_or_default().saturating_sub(took)).as_secs_f64(),
            seconds: format::seconds(took),
            portals: portals.collect(),
        }
    }

    /// Writes it: JSON if the name ends with .json, a page otherwise.
    ///
    /// # Errors
    /// The file can't be written.
    pub(super) fn write(&self, path: &Path) -> std::io::Result<()> {
        let is_json = run_report::is_json(path);
        let text = if is_json {
            serde_json::to_string(self).map_err(std::io::Error::other)?
        } else {
            run_report::page_of_tables("brimful sync", &self.main())
        };
        run_report::put(path, &text)
    }

    /// What the page shows.
    fn main(&self) -> String {
        let mut html = String::new();
        let at = jiff::Timestamp::from_second(self.started_at as i64).unwrap_or_default();
        // Writing to a string does not fail.
        let _ = write!(
            html,
            "<h1>brimful sync</h1><p class=\"sub\">{at}, {} s, brimful {}</p>",
            self.seconds, self.version
        );
        for portal in &self.portals {
            let name = portal.name.as_deref().unwrap_or(&portal.store);
            let _ = write!(
                html,
                "<section><h2>{}</h2><p class=\"sub\">{}, {} requests</p>",
                escaped(name),
                escaped(&portal.store),
                format::count(portal.requests)
            );
            if let Some(error) = &portal.error {
                let _ = write!(html, "<p class=\"bad\">{}</p>", escaped(error));
            }
            html.push_str("<table><tr><th>Entity</th>");
            for name in NUMBERS {
                let _ = write!(html, "<th class=\"n\">{name}</th>");
            }
            for name in LOADED {
                let _ = write!(html, "<th>{name}</th>");
            }
            html.push_str("</tr>");
            for row in &portal.entities {
                html.push_str(&row.html());
            }
            html.push_str("</table></section>");
        }
        html
    }
}

/// A text in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_entity_and_no_markup_of_an_error() {
        let report = RunReport {
            version: "1.2.3",
            started_at: 0.0,
            seconds: 1.5,
            portals: vec![PortalReport {
                name: Some("moscow".to_owned()),
                store: "sqlite:portal.db".to_owned(),
                requests: 7,
                error: None,
                entities: vec![
                    EntityRow {
                        entity: "crm.deal".to_owned(),
                        read: 1_234,
                        full: true,
                        ..EntityRow::default()
                    },
                    EntityRow {
                        entity: "users".to_owned(),
                        error: Some("<script>".to_owned()),
                        ..EntityRow::default()
                    },
                ],
            }],
        };
        let main = report.main();
        assert!(
            main.contains("moscow") && main.contains("1,234 (all)"),
            "{main}"
        );
        assert!(main.contains("behind: &lt;script&gt;"), "{main}");
        assert!(!main.contains("<script"), "{main}");
    }
}
