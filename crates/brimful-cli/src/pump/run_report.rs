//! The page of a run (`--report run.html`): what happened when, as one file that needs nothing else. The same data is in
//! it as JSON, and `--report run.json` is that alone.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use brimful::{Client, ListReport, Progress, WaitReason};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::failure::Failure;
use crate::input::read_text_up_to;
use crate::output::atomic;
use crate::printer::clean;

/// How often a run is looked at in the beginning. A long run is looked at less often.
const SAMPLE_EVERY: Duration = Duration::from_millis(200);
/// Points of time that are kept.
const SAMPLES: usize = 1_000;
/// The page, into which the data goes.
const PAGE: &str = include_str!("run_report.html");
/// Where the data goes.
const PLACE: &str = "{\"data\":0}";

/// A run at a point of time.
#[derive(Debug, Clone, Copy, Serialize)]
struct Sample {
    /// Seconds since the start.
    t: f64,
    rows: u64,
    requests: u64,
    in_flight: usize,
    /// What is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<&'static str>,
}

/// The most bytes of a report.
const LARGEST: u64 = 64 << 20;

/// Refuses a place where something else than an earlier report is, and one where the run writes `others`: the report would
/// take its place.
pub(crate) fn check_place(path: &Path, others: &[PathBuf]) -> Result<(), Failure> {
    let place = atomic::resolve_links(path);
    if others
        .iter()
        .any(|other| atomic::resolve_links(other) == place)
    {
        return Err(Failure::usage(format!(
            "{} is what the run itself writes: --report would replace it",
            path.display()
        ))
        .hint("name another file with --report"));
    }
    if is_replaceable(path) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{} is there, and it is not a report of an earlier run: --report would replace it",
        path.display()
    ))
    .hint("name another file, or remove this one"))
}

/// Whether no other file than an earlier report is at `path`.
fn is_replaceable(path: &Path) -> bool {
    if !path.is_file() {
        return true;
    }
    let read = File::open(path).and_then(|file| read_text_up_to(file, LARGEST));
    match read {
        Ok((_, 0)) => true,
        Ok((text, _))
            if text.starts_with(
                PAGE.split_once(" export</title>")
                    .map_or(PAGE, |(head, _)| head),
            ) =>
        {
            true
        }
        Ok((text, _)) => serde_json::from_str::<Value>(&text).is_ok_and(|report| {
            let has = |name: &str| report.get(name).is_some();
            has("version") && has("started_at") && (has("timeline") || has("portals"))
        }),
        Err(_) => false,
    }
}

/// Looks at a run while it lasts.
#[derive(Debug)]
pub(crate) struct Recorder {
    samples: Arc<Mutex<Vec<Sample>>>,
    progress: watch::Receiver<Progress>,
    started: Instant,
    started_at: f64,
    watching: JoinHandle<()>,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl Recorder {
    pub(crate) fn start(progress: watch::Receiver<Progress>) -> Self {
        let samples = Arc::new(Mutex::new(Vec::new()));
        let started = Instant::now();
        let watching = tokio::spawn(watch_run(progress.clone(), Arc::clone(&samples), started));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            samples,
            progress,
            started,
            started_at: now.unwrap_or_default().as_secs_f64(),
            watching,
        }
    }

    /// The whole timeline, with the end.
    async fn timeline(&self) -> Vec<Sample> {
        let mut samples = self.samples.lock().await.clone();
        samples.push(sample(&self.progress, self.started));
        samples
    }
}

async fn watch_run(
    progress: watch::Receiver<Progress>,
    samples: Arc<Mutex<Vec<Sample>>>,
    started: Instant,
) {
    let mut ticks = interval(SAMPLE_EVERY);
    // Every so many looks are kept.
    let mut stride = 1_u64;
    for look in 0_u64.. {
        ticks.tick().await;
        if !look.is_multiple_of(stride) {
            continue;
        }
        let mut samples = samples.lock().await;
        samples.push(sample(&progress, started));
        if samples.len() >= SAMPLES {
            let mut place = 0;
            samples.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            stride *= 2;
        }
    }
}

fn sample(progress: &watch::Receiver<Progress>, started: Instant) -> Sample {
    let progress = progress.borrow();
    Sample {
        t: (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
        rows: progress.rows,
        requests: progress.requests,
        in_flight: progress.in_flight,
        waiting: progress
            .waiting
            .as_ref()
            .map(|waiting| name(waiting.reason())),
    }
}

/// A reason in words, as the page and the log have it.
pub(crate) fn name(reason: WaitReason) -> &'static str {
    match reason {
        WaitReason::RateLimit => "rate limit",
        WaitReason::OperatingTime => "operating time",
        WaitReason::AccessToken => "access token",
        WaitReason::Retry(_) => "retry",
        WaitReason::Reconnect(_) => "connection lost",
        _ => "other",
    }
}

/// What is known of a run at its end.
#[derive(Debug, Serialize)]
pub(crate) struct Ending {
    pub(crate) method: String,
    pub(crate) portal: String,
    /// The file or store, without its password.
    pub(crate) output: Option<String>,
    /// The size of a file.
    pub(crate) bytes: Option<u64>,
    pub(crate) columns: Option<usize>,
    pub(crate) seconds: Option<f64>,
    /// Rows of this run.
    pub(crate) rows: u64,
    /// Rows that an interrupted run had left.
    pub(crate) rows_before: u64,
    /// The lines of the summary; those of a run that failed say why.
    pub(crate) summary: Vec<String>,
    pub(crate) failed: bool,
    pub(crate) retries: Option<u64>,
    pub(crate) commands: Option<u64>,
    /// Seconds that requests have waited, summed over requests in parallel.
    pub(crate) waited_for_limit: Option<f64>,
    pub(crate) waited_for_operating: Option<f64>,
    /// Values that did not fit their columns: field, reason, how many.
    pub(crate) misfits: Vec<(String, &'static str, u64)>,
}

impl Ending {
    /// What a program wants to know of it.
    pub(crate) fn event(&self, report: Option<&ListReport>) -> Value {
        let misfits = self.misfits.iter();
        let misfits: Vec<Value> = misfits
            .map(|(field, reason, count)| json!({"field": field, "reason": reason, "count": count}))
            .collect();
        json!({
            "method": self.method,
            "portal": self.portal,
            "complete": !self.failed,
            "rows": self.rows,
            "rows_before": self.rows_before,
            "output": self.output,
            "bytes": self.bytes,
            "columns": self.columns,
            "seconds": self.seconds,
            "requests": report.map(|report| report.requests),
            "commands": self.commands,
            "retries": self.retries,
            "waited_for_limit_seconds": self.waited_for_limit,
            "waited_for_operating_seconds": self.waited_for_operating,
            "read_by": report.map(|report| report.strategy),
            "complete_to": report.and_then(|report| report.complete_to),
            "misfits": misfits,
        })
    }
}

#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    /// Unix time in seconds.
    started_at: f64,
    #[serde(flatten)]
    ending: &'a Ending,
    requests: u64,
    refusals: u64,
    lost: u64,
    bytes_received: u64,
    /// Seconds of operating time of each method in the last ten minutes, and how many it may use.
    operating: Vec<(String, f64)>,
    operating_limit: f64,
    timeline: Vec<Sample>,
}

/// Writes the report of a run: JSON if the name ends with .json, a page otherwise.
///
/// # Errors
/// The file can't be written.
pub(crate) async fn write(
    path: &Path,
    recorder: &Recorder,
    ending: &Ending,
    client: &Client,
) -> std::io::Result<()> {
    let (stats, limits) = (client.stats(), client.limits().snapshot());
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        started_at: recorder.started_at,
        ending,
        requests: stats.requests,
        refusals: stats.refusals,
        lost: stats.lost,
        bytes_received: stats.bytes_received,
        operating: limits
            .methods
            .iter()
            .map(|method| (method.method.clone(), method.operating.as_secs_f64()))
            .collect(),
        operating_limit: limits.operating_time.as_secs_f64(),
        timeline: recorder.timeline().await,
    };
    let mut report = serde_json::to_value(&report).map_err(std::io::Error::other)?;
    clean_texts(&mut report);
    let json = report.to_string();
    let text = if is_json(path) { json } else { page(&json) };
    put(path, &text)
}

/// Whether a report of this name is JSON alone.
pub(crate) fn is_json(path: &Path) -> bool {
    let ending = path.extension();
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

/// Puts a report in its place.
///
/// # Errors
/// The file can't be written.
pub(crate) fn put(path: &Path, text: &str) -> std::io::Result<()> {
    let path = &atomic::resolve_links(path);
    if atomic::is_special(path) {
        return File::options()
            .write(true)
            .open(path)?
            .write_all(text.as_bytes());
    }
    // Whatever has come to be there meanwhile is worth more than a report.
    if !is_replaceable(path) {
        return Err(std::io::Error::other(
            "another file has come to be there since the run began, and is left as it is",
        ));
    }
    let mut file = atomic::create_secret(path)?;
    file.as_file_mut().write_all(text.as_bytes())?;
    atomic::give_rights(file.as_file(), path);
    atomic::put_in_place(file, path).map(drop)
}

/// A page that looks like that of a run and shows what `main` has: HTML of headings and tables.
#[cfg(any(test, feature = "sync"))]
pub(crate) fn page_of_tables(title: &str, main: &str) -> String {
    let head = PAGE.split_once("<main").map_or("", |(head, _)| head);
    let head = head.replacen("<title>brimful export<", &format!("<title>{title}<"), 1);
    format!("{head}<main>{main}</main>\n</html>\n")
}

/// Texts as they would be printed: without secrets, and not without end.
fn clean_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = clean(text),
        Value::Array(items) => items.iter_mut().for_each(clean_texts),
        Value::Object(fields) => fields.values_mut().for_each(clean_texts),
        _ => {}
    }
}

/// The page with the data in it. What looks like the end of an element of the page is written otherwise.
fn page(json: &str) -> String {
    PAGE.replacen(PLACE, &json.replace('<', "\\u003c"), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_cannot_end_the_element_that_it_is_in() {
        let page = page(r#"{"method":"</script><b>"}"#);
        assert!(page.contains(r#"{"method":"\u003c/script>\u003cb>"}"#));
        assert!(!page.contains(PLACE));
    }

    #[test]
    fn a_report_may_take_the_place_of_an_earlier_one_and_of_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sync.html");
        for (text, is_ours) in [
            (page("{}"), true),
            (page_of_tables("brimful sync", "<h1>a</h1>"), true),
            (
                r#"{"version":"1","started_at":0,"portals":[]}"#.to_owned(),
                true,
            ),
            (
                "<!doctype html>\n<html lang=\"en\"><title>Mine</title>".to_owned(),
                false,
            ),
            (r#"{"version":"1"}"#.to_owned(), false),
        ] {
            std::fs::write(&path, &text).unwrap();
            assert_eq!(check_place(&path, &[]).is_ok(), is_ours, "{text}");
        }
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere() {
        for reference in ["src=", "href=", "http:", "https:", "@import", "url("] {
            assert!(!PAGE.contains(reference), "{reference}");
        }
        assert_eq!(PAGE.matches(PLACE).count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_run_keeps_as_many_points_of_time_as_a_page_can_show() {
        let (_tell, progress) = watch::channel(Progress::default());
        let recorder = Recorder::start(progress);
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        let timeline = recorder.timeline().await;
        assert!(
            (400..=SAMPLES + 1).contains(&timeline.len()),
            "{}",
            timeline.len()
        );
        assert!(timeline.is_sorted_by(|a, b| a.t <= b.t));
        assert!(timeline[timeline.len() - 1].t >= 3_600.0);
    }
}
