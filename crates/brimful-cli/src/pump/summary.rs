//! The account at the end of an export.

use std::time::Duration;

use brimful::ListReport;

use crate::args::method;
use crate::format::{self, counted};
use crate::output::Written;

/// Two lines: what is there now, and what it took.
pub(crate) fn account(method_name: &str, report: &ListReport, written: &Written) -> [String; 2] {
    let result = format!(
        "{} in {}: {} ({})",
        counted(report.rows, method::noun(method_name)),
        format::duration(report.elapsed),
        written.name,
        format::bytes(written.bytes),
    );
    let mut effort = vec![
        counted(report.requests, "requests"),
        counted(report.commands, "commands"),
        counted(report.retries, "retries"),
    ];
    if report.waited_for_limit >= Duration::from_millis(50) {
        effort.push(format!(
            "waited {} for the limit",
            format::duration(report.waited_for_limit)
        ));
    }
    if report.waited_for_operating >= Duration::from_millis(50) {
        effort.push(format!(
            "stood still {} for the method's operating time",
            format::duration(report.waited_for_operating)
        ));
    }
    let complete = report
        .complete_to
        .filter(|&id| id > 0)
        .map_or_else(String::new, |id| {
            format!(", complete to ID {}", format::count(id))
        });
    [
        result,
        format!("{}; {}{complete}", effort.join(", "), report.strategy),
    ]
}
