//! What a run of `brimful sync` says at its end: what is up to date, what is behind and why, and the exit code.

use brimful::ErrorKind;
use brimful_export::sync::{SyncError, SyncReport};

use super::Job;
use crate::commands::resume;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::counted;
use crate::printer::Printer;
use crate::table::{Table, terminal_width};

/// What the runs of all portals have come to.
struct Summary {
    /// Whether there are several portals, so that each line names its own.
    has_several: bool,
    /// Entities that are up to date.
    done: usize,
    behind: Vec<Behind>,
    is_out_of_time: bool,
    has_strange_files: bool,
}

/// An entity that is not up to date.
struct Behind {
    portal: String,
    entity: String,
    why: String,
}

/// Says what the runs have done, and what is behind. A single run that could not be done at all is a failure, unless it
/// is tried again when its time comes.
pub(super) fn tell(
    jobs: &[&Job],
    results: Vec<Result<SyncReport, Failure>>,
    is_repeated: bool,
    has_stored: bool,
    printer: Printer,
) -> Result<Exit, Failure> {
    let mut summary = Summary {
        has_several: jobs.len() > 1,
        done: 0,
        behind: Vec::new(),
        is_out_of_time: false,
        has_strange_files: false,
    };
    for (job, result) in jobs.iter().zip(results) {
        match result {
            Ok(report) => summary.add_report(job, &report, printer),
            Err(failure)
                if !summary.has_several && (!is_repeated || failure.exit == Exit::Usage) =>
            {
                return Err(failure);
            }
            Err(failure) => summary.add_failure(job, failure, printer),
        }
    }
    summary.show_behind(printer);
    if summary.is_out_of_time && !is_repeated {
        printer.hint(&resume::command_hint(&[]));
    }
    Ok(summary.exit(has_stored))
}

impl Summary {
    /// Takes a portal in whose entities were read, and says how many are up to date.
    fn add_report(&mut self, job: &Job, report: &SyncReport, printer: Printer) {
        let before = self.behind.len();
        for (entity, result) in &report.entities {
            match result {
                Ok(done) => {
                    self.done += 1;
                    self.has_strange_files |= done.has_strange_files;
                }
                Err(error) => {
                    self.is_out_of_time |= is_deadline(error);
                    self.behind.push(Behind {
                        portal: job.name.clone().unwrap_or_default(),
                        entity: entity.clone(),
                        why: job.explain(entity, error),
                    });
                }
            }
        }
        let failed = self.behind.len() - before;
        let all = report.entities.len();
        let entities = counted(all as u64, "entities");
        let done = match failed {
            0 => entities,
            _ => format!("{} of {entities}", all - failed),
        };
        let requests = counted(report.requests, "requests");
        let end = match failed {
            1.. if !self.has_several => "; behind are:",
            _ => "",
        };
        printer.note(&job.named(&format!(
            "{done} up to date in {}, {requests}{end}",
            job.store
        )));
    }

    /// Takes a portal in of which nothing could be read, and says why.
    fn add_failure(&mut self, job: &Job, mut failure: Failure, printer: Printer) {
        let why = failure.message.clone();
        failure.message = job.named(&failure.message);
        printer.failure(&failure);
        self.behind.push(Behind {
            portal: job.name.clone().unwrap_or_default(),
            entity: "all".to_owned(),
            why,
        });
    }

    /// Shows the entities that are behind as a table, if there are any.
    fn show_behind(&self, printer: Printer) {
        if self.behind.is_empty() {
            return;
        }
        let mut table = if self.has_several {
            printer.note("behind are:");
            Table::new(&["PORTAL", "ENTITY", "WHY"])
        } else {
            Table::new(&["ENTITY", "WHY"])
        };
        for Behind {
            portal,
            entity,
            why,
        } in &self.behind
        {
            if self.has_several {
                table.row([portal.clone(), entity.clone(), why.clone()]);
            } else {
                table.row([entity.clone(), why.clone()]);
            }
        }
        for line in table.text(terminal_width()).lines() {
            printer.note(line);
        }
    }

    /// The exit code. Rows that were stored count, even if no entity is up to date.
    fn exit(&self, has_stored: bool) -> Exit {
        if self.behind.is_empty() {
            if self.has_strange_files {
                Exit::Incomplete
            } else {
                Exit::Done
            }
        } else if self.done > 0 || has_stored || self.is_out_of_time {
            Exit::Incomplete
        } else {
            Exit::Failed
        }
    }
}

fn is_deadline(error: &SyncError) -> bool {
    matches!(error, SyncError::Portal(error) if error.kind() == ErrorKind::Deadline)
}
