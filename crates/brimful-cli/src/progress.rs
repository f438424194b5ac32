//! The bar: rows, rows a second, the share of the list, the time left, the requests and what was waited for the limit.

use std::collections::VecDeque;
use std::time::Duration;

use brimful::{Progress, WaitReason};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::figures;
use crate::limit::LimitArg;
use crate::logging;
use crate::printer::Printer;

const FRAMES_A_SECOND: u8 = 10;
/// Speed is that of the last few seconds: requests come in bursts.
const LOOK_BACK: Duration = Duration::from_secs(4);
/// The bar has so many steps.
const STEPS: u64 = 10_000;

/// A bar on standard error, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    drawing: JoinHandle<()>,
}

impl Bar {
    /// Shows the progress of `method`, if it is to be shown.
    pub(crate) fn show(
        method: &str,
        limit: LimitArg,
        progress: watch::Receiver<Progress>,
        printer: Printer,
    ) -> Option<Self> {
        if !printer.shows_progress() {
            return None;
        }
        let target = ProgressDrawTarget::stderr_with_hz(FRAMES_A_SECOND * 2);
        let bar = ProgressBar::with_draw_target(Some(STEPS), target)
            .with_style(style(printer.colour()))
            .with_prefix(method.to_owned())
            .with_message("asking for both ends of the list");
        logging::bar_is_shown(true);
        let drawing = tokio::spawn(draw(bar.clone(), Pace::new(limit), progress));
        Some(Self { bar, drawing })
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.drawing.abort();
        self.bar.finish_and_clear();
        logging::bar_is_shown(false);
    }
}

fn style(colour: bool) -> ProgressStyle {
    let bar = if colour {
        "{bar:20.cyan/dim}"
    } else {
        "{bar:20}"
    };
    ProgressStyle::with_template(&format!("{{prefix}} {bar} {{percent:>3}} %  {{wide_msg}}"))
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("█▉▊▋▌▍▎▏░")
}

async fn draw(bar: ProgressBar, mut pace: Pace, progress: watch::Receiver<Progress>) {
    let mut ticks = interval(Duration::from_secs(1) / u32::from(FRAMES_A_SECOND));
    loop {
        ticks.tick().await;
        let progress = progress.borrow().clone();
        if progress.rows > 0 {
            pace.note(Instant::now(), &progress);
            bar.set_position((progress.extent.done * STEPS as f64) as u64);
            bar.set_message(pace.line(&progress));
        }
        bar.tick();
    }
}

/// How fast it goes, and for how long still.
#[derive(Debug)]
struct Pace {
    limit: LimitArg,
    started: Instant,
    samples: VecDeque<Sample>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    rows: u64,
    done: f64,
}

impl Pace {
    fn new(limit: LimitArg) -> Self {
        let started = Instant::now();
        let sample = Sample {
            at: started,
            rows: 0,
            done: 0.0,
        };
        Self {
            limit,
            started,
            samples: VecDeque::from([sample]),
        }
    }

    fn note(&mut self, now: Instant, progress: &Progress) {
        self.samples.push_back(Sample {
            at: now,
            rows: progress.rows,
            done: progress.extent.done,
        });
        // One sample from before the last few seconds stays, to measure from.
        while let Some(second) = self.samples.get(1)
            && now.saturating_duration_since(second.at) > LOOK_BACK
        {
            self.samples.pop_front();
        }
    }

    fn line(&self, progress: &Progress) -> String {
        let mut parts = vec![
            format!("{} rows", figures::count(progress.rows)),
            format!("{}/s", figures::count(self.rows_a_second() as u64)),
        ];
        if let Some(left) = self.left(progress) {
            parts.push(format!("{} left", rough(left)));
        }
        parts.push(format!("{} requests", figures::count(progress.requests)));
        if progress.waited >= Duration::from_millis(50) {
            parts.push(format!("waited {}", figures::duration(progress.waited)));
        }
        // A busy list waits for the rate limit all the time.
        if let Some(waiting) = &progress.waiting
            && waiting.reason() != WaitReason::RateLimit
        {
            parts.push(format!("waiting: {waiting}"));
        }
        parts.join("  ")
    }

    fn span(&self) -> Option<(Sample, Sample, f64)> {
        let (first, last) = (*self.samples.front()?, *self.samples.back()?);
        let seconds = last.at.saturating_duration_since(first.at).as_secs_f64();
        (seconds > 0.0).then_some((first, last, seconds))
    }

    fn rows_a_second(&self) -> f64 {
        self.span().map_or(0.0, |(first, last, seconds)| {
            last.rows.saturating_sub(first.rows) as f64 / seconds
        })
    }

    /// By the speed of the last seconds, but no sooner than the portal's limit lets so many requests through: a list
    /// begins with a burst that does not last.
    fn left(&self, progress: &Progress) -> Option<Duration> {
        let (first, last, seconds) = self.span()?;
        let done = last.done;
        if done <= 0.0 || done >= 1.0 {
            return None;
        }
        let speed = (done - first.done) / seconds;
        let by_speed = (speed > 0.0).then(|| (1.0 - done) / speed);
        let elapsed = last
            .at
            .saturating_duration_since(self.started)
            .as_secs_f64();
        let by_limit = match self.limit {
            LimitArg::Off => 0.0,
            LimitArg::Rate { burst, per_second } => {
                let landed = progress.requests.saturating_sub(progress.in_flight as u64) as f64;
                (landed / done - burst) / per_second - elapsed
            }
        };
        let left = by_speed.map_or(by_limit, |by_speed| by_speed.max(by_limit));
        Duration::try_from_secs_f64(left.max(0.0)).ok()
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

    const STANDARD: LimitArg = LimitArg::Rate {
        burst: 50.0,
        per_second: 2.0,
    };

    fn at(seconds: f64, rows: u64, requests: u64, done: f64, pace: &mut Pace) -> Progress {
        let mut progress = Progress::default();
        progress.rows = rows;
        progress.requests = requests;
        progress.extent.done = done;
        pace.note(pace.started + Duration::from_secs_f64(seconds), &progress);
        progress
    }

    #[tokio::test(start_paused = true)]
    async fn the_speed_is_that_of_the_last_seconds() {
        let mut pace = Pace::new(LimitArg::Off);
        for second in 1..=10 {
            at(f64::from(second), 1000, 1, 0.1, &mut pace);
        }
        let progress = at(11.0, 1400, 2, 0.14, &mut pace);
        let line = pace.line(&progress);
        assert!(line.starts_with("1,400 rows  "), "{line}");
        assert!(pace.rows_a_second() < 101.0, "{line}");
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
}
