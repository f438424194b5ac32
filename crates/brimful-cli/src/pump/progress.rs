//! The progress line on a terminal: how much has come, how fast, how much of it is still to come, and what is waited
//! for. It fits the terminal and goes away at the end.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use brimful::{Limit, Progress, WaitReason, Waiting};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::format::{self, counted};
use crate::logging;
use crate::printer::{self, Printer};
use crate::pump::run_report;

const FRAMES_PER_SECOND: u8 = 10;
/// Speed is that of the last few seconds: requests come in bursts.
const LOOK_BACK: Duration = Duration::from_secs(4);
/// How often a run is looked at whose progress is told in lines of JSON.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often its progress is told.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// The cells of the bar.
const CELLS: usize = 20;
/// Where the width of the terminal is not known.
const USUAL_WIDTH: usize = 80;

/// How far a run is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot {
    /// What is counted for the speed: rows, items, calls.
    pub(crate) count: u64,
    /// The count in words.
    pub(crate) label: String,
    /// The share that is done, from 0 to 1, as far as it is known.
    pub(crate) done: Option<f64>,
    pub(crate) requests: u64,
    pub(crate) in_flight: usize,
    /// How long requests have waited for limits so far.
    pub(crate) waited: Duration,
    /// What is waited for now, if it is worth a word.
    pub(crate) waiting: Option<Waiting>,
}

impl Snapshot {
    /// Of a list, whose rows are called `noun`.
    pub(crate) fn of_list(progress: &Progress, noun: &str) -> Self {
        Self {
            count: progress.rows,
            label: counted(progress.rows, noun),
            done: progress.extent.done.filter(|&done| done > 0.0),
            requests: progress.requests,
            in_flight: progress.in_flight,
            waited: progress.waited,
            waiting: progress.waiting.clone(),
        }
    }

    /// The same where only the first rows are wanted, `most` in all and `before` of them from an earlier run.
    pub(crate) fn of_first_rows(self, most: u64, before: u64) -> Self {
        let share = (self.count + before) as f64 / most.max(1) as f64;
        Self {
            done: (share > 0.0).then(|| self.done.unwrap_or(0.0).max(share.min(1.0))),
            ..self
        }
    }
}

/// Reads how far a run is; called many times a second.
pub(crate) type ProgressSource = Arc<dyn Fn() -> Snapshot + Send + Sync>;

/// The source of a list.
pub(crate) fn of_list(progress: watch::Receiver<Progress>, noun: &'static str) -> ProgressSource {
    Arc::new(move || Snapshot::of_list(&progress.borrow(), noun))
}

/// A progress line on standard error, for as long as it lives.
#[derive(Debug)]
pub(crate) struct ProgressLine {
    /// `None` where progress is told in lines of JSON.
    bar: Option<ProgressBar>,
    drawing: JoinHandle<()>,
}

impl ProgressLine {
    /// Shows the progress of `name`, if progress is to be shown.
    pub(crate) fn show(
        name: &str,
        limit: Option<Limit>,
        source: ProgressSource,
        printer: Printer,
    ) -> Option<Self> {
        if printer.shows_events() {
            let drawing = tokio::spawn(tell(source, printer));
            return Some(Self { bar: None, drawing });
        }
        if !printer.shows_progress() {
            return None;
        }
        let target = ProgressDrawTarget::stderr_with_hz(FRAMES_PER_SECOND * 2);
        let style =
            ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(None, target).with_style(style);
        printer::keep_below(Some(bar.clone()));
        logging::bar_is_shown(true);
        let painter = Painter {
            name: name.to_owned(),
            colour: printer.colour(),
            pace: Pace::new(limit),
        };
        let drawing = tokio::spawn(draw(bar.clone(), painter, source));
        Some(Self {
            bar: Some(bar),
            drawing,
        })
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.drawing.abort();
        if let Some(bar) = &self.bar {
            printer::keep_below(None);
            logging::bar_is_shown(false);
            bar.finish_and_clear();
        }
    }
}

/// Tells of progress from time to time, and of every wait that is seen.
async fn tell(source: ProgressSource, printer: Printer) {
    let mut looks = interval(LOOK_EVERY);
    let mut told = Instant::now();
    let mut waits = ToldWaits::default();
    loop {
        looks.tick().await;
        let progress = source();
        if let Some(waiting) = waits.when_new(progress.waiting.as_ref(), Instant::now()) {
            printer.event("wait", wait(waiting));
        }
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            printer.event(
                "progress",
                json!({"count": progress.count, "done": progress.done, "requests": progress.requests,
                    "in_flight": progress.in_flight, "waited_seconds": format::seconds(progress.waited)}),
            );
        }
    }
}

/// The waits that were told.
#[derive(Debug, Default)]
struct ToldWaits {
    last: Option<WaitReason>,
    rate_limit: Option<Instant>,
}

impl ToldWaits {
    /// The wait, if it is to be told: each one when it begins. A busy list waits for the rate limit over and over, so that
    /// is told again only after a while.
    fn when_new<'w>(&mut self, waiting: Option<&'w Waiting>, now: Instant) -> Option<&'w Waiting> {
        let reason = waiting.map(Waiting::reason);
        let is_new = reason.is_some() && reason != self.last;
        self.last = reason;
        if reason == Some(WaitReason::RateLimit) {
            let told = self.rate_limit;
            if !is_new || told.is_some_and(|told| now.duration_since(told) < TELL_EVERY) {
                return None;
            }
            self.rate_limit = Some(now);
        }
        waiting.filter(|_| is_new)
    }
}

/// A wait that has begun.
fn wait(waiting: &Waiting) -> serde_json::Value {
    let retry = match waiting.reason() {
        WaitReason::Retry(retry) | WaitReason::Reconnect(retry) => Some(retry),
        _ => None,
    };
    json!({"reason": run_report::name(waiting.reason()), "method": waiting.method(), "retry": retry,
        "seconds": waiting.left().map(format::seconds)})
}

async fn draw(bar: ProgressBar, mut painter: Painter, source: ProgressSource) {
    let mut ticks = interval(Duration::from_secs(1) / u32::from(FRAMES_PER_SECOND));
    loop {
        ticks.tick().await;
        let width = terminal_size::terminal_size_of(std::io::stderr())
            .map_or(USUAL_WIDTH, |(width, _)| width.0.into());
        // The last column stays free: some terminals begin a new line behind it.
        let line = painter.line(&source(), Instant::now(), width.saturating_sub(1));
        bar.set_message(line);
        bar.tick();
    }
}

struct Painter {
    name: String,
    colour: bool,
    pace: Pace,
}

/// A part of the line: its text, and how soon it is left out where there is no room, the highest first.
type Part = (u8, String);

impl Painter {
    fn line(&mut self, progress: &Snapshot, now: Instant, width: usize) -> String {
        if progress.count == 0 && progress.done.is_none() {
            let what = progress.waiting.as_ref().map(ToString::to_string);
            let what = what.unwrap_or_else(|| "waiting for the first reply".to_owned());
            return fit(vec![(1, self.name.clone()), (0, what)], width);
        }
        self.pace.note(now, progress);
        let per_second = self.pace.per_second() as u64;
        let mut parts = vec![(6, self.name.clone())];
        if let Some(done) = progress.done {
            parts.push((4, bar(done)));
            parts.push((2, format!("{:>3} %", (done * 100.0) as u64)));
        }
        parts.push((0, progress.label.clone()));
        parts.push((5, format!("{}/s", format::count(per_second))));
        if let Some(left) = self.pace.left(progress) {
            parts.push((3, format!("{} left", rough(left))));
        }
        if let Some(waiting) = &progress.waiting {
            parts.push((1, waiting.to_string()));
        }
        if progress.requests > 0 {
            parts.push((7, counted(progress.requests, "requests")));
        }
        if progress.waited >= Duration::from_millis(50) {
            parts.push((8, format!("waited {}", format::duration(progress.waited))));
        }
        let line = match &progress.waiting {
            Some(waiting) => fit_with_wait(parts, progress.count, waiting, width),
            None => fit(parts, width),
        };
        if self.colour && progress.done.is_some() {
            colour(&line)
        } else {
            line
        }
    }
}

/// The parts, among them what is waited for: where there is room for little else, that matters more than the noun of what is
/// counted, and then more than the count.
fn fit_with_wait(parts: Vec<Part>, count: u64, waiting: &Waiting, width: usize) -> String {
    let waiting = waiting.to_string();
    let line = fit(parts, width);
    if line.contains(&waiting) {
        return line;
    }
    fit(vec![(1, format::count(count)), (0, waiting)], width)
}

/// The parts with two blanks between them, as many of them as there is room for.
fn fit(mut parts: Vec<Part>, width: usize) -> String {
    loop {
        let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
        let line = texts.join("  ");
        if line.chars().count() <= width {
            return line;
        }
        let last = parts.iter().map(|(rank, _)| *rank).max().unwrap_or(0);
        if parts.len() < 2 {
            return line.chars().take(width).collect();
        }
        parts.retain(|(rank, _)| *rank != last);
    }
}

/// A bar of [`CELLS`] cells, in eighths of a cell.
fn bar(done: f64) -> String {
    const EIGHTHS: [char; 8] = ['░', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = (done.clamp(0.0, 1.0) * (CELLS * 8) as f64) as usize;
    let (full, rest) = (eighths / 8, eighths % 8);
    (0..CELLS)
        .map(|cell| match cell.cmp(&full) {
            std::cmp::Ordering::Less => '█',
            std::cmp::Ordering::Equal => EIGHTHS[rest],
            std::cmp::Ordering::Greater => '░',
        })
        .collect()
}

/// The bar in cyan, what is still to come dimmed.
fn colour(line: &str) -> String {
    let is_done = |c: char| ('▉'..='▏').contains(&c) || c == '█';
    let mut out = String::with_capacity(line.len() + 32);
    let mut style = "";
    for c in line.chars() {
        let wanted = match c {
            '░' => "\x1b[2m",
            c if is_done(c) => "\x1b[36m",
            _ => "",
        };
        if wanted != style {
            let _ = write!(out, "\x1b[0m{wanted}");
            style = wanted;
        }
        out.push(c);
    }
    if !style.is_empty() {
        out.push_str("\x1b[0m");
    }
    out
}

/// How fast it goes, and for how long still.
#[derive(Debug)]
struct Pace {
    limit: Option<Limit>,
    started: Instant,
    samples: VecDeque<Sample>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    count: u64,
    done: f64,
}

impl Pace {
    fn new(limit: Option<Limit>) -> Self {
        let started = Instant::now();
        let sample = Sample {
            at: started,
            count: 0,
            done: 0.0,
        };
        Self {
            limit,
            started,
            samples: VecDeque::from([sample]),
        }
    }

    fn note(&mut self, now: Instant, progress: &Snapshot) {
        self.samples.push_back(Sample {
            at: now,
            count: progress.count,
            done: progress.done.unwrap_or(0.0),
        });
        // One sample from before the last few seconds stays, to measure from.
        while let Some(second) = self.samples.get(1)
            && now.saturating_duration_since(second.at) > LOOK_BACK
        {
            self.samples.pop_front();
        }
    }

    fn span(&self) -> Option<(Sample, Sample, f64)> {
        let (first, last) = (*self.samples.front()?, *self.samples.back()?);
        let seconds = last.at.saturating_duration_since(first.at).as_secs_f64();
        (seconds > 0.0).then_some((first, last, seconds))
    }

    fn per_second(&self) -> f64 {
        self.span().map_or(0.0, |(first, last, seconds)| {
            last.count.saturating_sub(first.count) as f64 / seconds
        })
    }

    /// By the speed of the last seconds, but no sooner than the portal's limit lets so many requests through: a list
    /// begins with a burst that does not last.
    fn left(&self, progress: &Snapshot) -> Option<Duration> {
        let (first, last, seconds) = self.span()?;
        let done = last.done;
        if done <= 0.0 || done >= 1.0 {
            return None;
        }
        let speed = (done - first.done) / seconds;
        if speed <= 0.0 {
            // Nothing comes: nobody can tell for how long.
            return None;
        }
        let by_speed = (1.0 - done) / speed;
        let elapsed = last
            .at
            .saturating_duration_since(self.started)
            .as_secs_f64();
        let by_limit = self.limit.map_or(0.0, |limit| {
            let answered = progress.requests.saturating_sub(progress.in_flight as u64) as f64;
            (answered / done - limit.burst) / limit.per_second - elapsed
        });
        Duration::try_from_secs_f64(by_speed.max(by_limit).max(0.0)).ok()
    }
}

/// Nobody needs tenths of what is guessed.
fn rough(left: Duration) -> String {
    let seconds = left.as_secs_f64().ceil() as u64;
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5999 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDARD: Option<Limit> = Some(Limit::STANDARD);

    fn at(seconds: f64, rows: u64, requests: u64, done: f64, pace: &mut Pace) -> Snapshot {
        let progress = Snapshot {
            count: rows,
            label: counted(rows, "rows"),
            requests,
            done: (done > 0.0).then_some(done),
            ..Snapshot::default()
        };
        pace.note(pace.started + Duration::from_secs_f64(seconds), &progress);
        progress
    }

    fn painter() -> Painter {
        Painter {
            name: "crm.lead.list".to_owned(),
            colour: false,
            pace: Pace::new(STANDARD),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_speed_is_that_of_the_last_seconds() {
        let mut pace = Pace::new(None);
        for second in 1..=10 {
            at(f64::from(second), 1000, 1, 0.1, &mut pace);
        }
        at(11.0, 1400, 2, 0.14, &mut pace);
        assert!(pace.per_second() < 101.0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_left_knows_that_a_burst_does_not_last() {
        let mut pace = Pace::new(STANDARD);
        let progress = at(1.0, 50_000, 20, 0.1, &mut pace);
        // 200 requests take (200 - 50) / 2 = 75 s, of which 1 s is over.
        assert_eq!(pace.left(&progress), Some(Duration::from_secs(74)));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_share_there_is_no_time_left() {
        let mut pace = Pace::new(STANDARD);
        let progress = at(1.0, 50, 1, 0.0, &mut pace);
        assert_eq!(pace.left(&progress), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_line_fits_the_terminal_and_keeps_what_matters_most() {
        let progress = Snapshot {
            count: 61_208,
            label: "61,208 rows".to_owned(),
            done: Some(0.43),
            requests: 31,
            in_flight: 2,
            waited: Duration::from_secs(4),
            waiting: None,
        };
        let line = |width| {
            let mut painter = painter();
            let now = painter.pace.started + Duration::from_secs(10);
            painter.line(&progress, now, width)
        };
        assert_eq!(
            line(120),
            "crm.lead.list  ████████▌░░░░░░░░░░░   43 %  61,208 rows  6,120/s  14 s left  31 requests  waited 4.0 s"
        );
        assert_eq!(line(39), " 43 %  61,208 rows  14 s left");
        assert_eq!(line(12), "61,208 rows");
        assert_eq!(line(4), "61,2");
        for width in 0..150 {
            assert!(line(width).chars().count() <= width, "{width}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_narrow_line_says_what_is_waited_for() {
        let progress = Snapshot {
            count: 2_550,
            label: "2,550 deals".to_owned(),
            done: Some(0.06),
            waiting: Some(Waiting::beginning(
                "crm.deal.list",
                WaitReason::Reconnect(5),
                Some(Duration::from_secs(8)),
            )),
            ..Snapshot::default()
        };
        let line = |width| {
            let mut painter = painter();
            let now = painter.pace.started + Duration::from_secs(10);
            painter.line(&progress, now, width)
        };
        assert_eq!(line(39), "2,550  connection lost: retry 5 in 8 s");
        assert_eq!(line(32), "connection lost: retry 5 in 8 s");
        assert!(
            line(100).ends_with("connection lost: retry 5 in 8 s"),
            "{}",
            line(100)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn of_first_rows_the_share_is_that_of_those() {
        let all = Snapshot {
            count: 2_250,
            done: Some(0.05),
            ..Snapshot::default()
        };
        assert_eq!(all.of_first_rows(9_000, 0).done, Some(0.25));
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_of_a_busy_list_is_told_from_time_to_time() {
        let mut told = ToldWaits::default();
        let rate = Waiting::beginning("crm.deal.list", WaitReason::RateLimit, None);
        let begun = Instant::now();
        let mut tell = |waiting, seconds| {
            told.when_new(waiting, begun + Duration::from_secs(seconds))
                .is_some()
        };
        assert!(tell(Some(&rate), 0));
        assert!(!tell(Some(&rate), 1) && !tell(None, 1) && !tell(Some(&rate), 2));
        assert!(!tell(None, 6) && tell(Some(&rate), 6));
    }

    #[tokio::test(start_paused = true)]
    async fn before_the_first_reply_the_line_says_what_is_waited_for() {
        let line = painter().line(&Snapshot::default(), Instant::now(), 80);
        assert_eq!(line, "crm.lead.list  waiting for the first reply");
    }

    #[test]
    fn colours_are_not_part_of_the_text() {
        assert_eq!(
            colour("a  █▌░  5 %"),
            "a  \u{1b}[0m\u{1b}[36m█▌\u{1b}[0m\u{1b}[2m░\u{1b}[0m  5 %"
        );
    }
}
