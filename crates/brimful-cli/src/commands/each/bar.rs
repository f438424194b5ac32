//! The bar of many calls: how much of the input is read, and what came of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::items::Items;
use crate::format::count;
use crate::outcome::Tally;
use crate::printer::Printer;

/// A bar on standard error, for as long as it lives.
#[derive(Debug)]
pub(super) struct Bar {
    drawn: ProgressBar,
    read: Arc<AtomicU64>,
    started: Instant,
}

impl Bar {
    pub(super) fn show(method: &str, items: &Items, printer: Printer) -> Option<Self> {
        if !printer.shows_progress() {
            return None;
        }
        let template = match (items.size.is_some(), printer.colour()) {
            (false, _) => "{prefix} {wide_msg}",
            (true, true) => "{prefix} {bar:20.cyan/dim} {percent:>3} %  {wide_msg}",
            (true, false) => "{prefix} {bar:20} {percent:>3} %  {wide_msg}",
        };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("█▉▊▋▌▍▎▏░");
        let bar = ProgressBar::with_draw_target(items.size, ProgressDrawTarget::stderr())
            .with_style(style)
            .with_prefix(method.to_owned());
        Some(Self {
            drawn: bar,
            read: Arc::clone(&items.read),
            started: Instant::now(),
        })
    }

    pub(super) fn note(&self, tally: Tally) {
        let seconds = self.started.elapsed().as_secs_f64().max(0.001);
        let speed = (tally.all() as f64 / seconds) as u64;
        self.drawn.set_position(self.read.load(Ordering::Relaxed));
        self.drawn
            .set_message(format!("{tally}  {}/s", count(speed)));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.drawn.finish_and_clear();
    }
}
