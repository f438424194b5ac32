//! The one place that prints. Data goes to standard output and everything else to standard error, without secrets
//! and without control characters that a portal may have sent.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use clap::ValueEnum;
use indicatif::ProgressBar;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::env_vars;
use crate::failure::Failure;
use crate::redact::redact;
use crate::stdout;

/// How much is said on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Volume {
    /// Nothing.
    Silent,
    /// Errors only.
    Quiet,
    /// Errors, warnings, progress, the closing account.
    Normal,
    /// What lies behind an error, and the log.
    Verbose,
}

/// How messages look on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people, with a progress line on a terminal
    #[default]
    Text,
    /// A JSON object a line: start, progress, waits, messages, end
    Json,
}

/// Prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    volume: Volume,
    format: LogFormat,
    colour: bool,
}

#[derive(Clone, Copy)]
enum Colour {
    Red = 31,
    Yellow = 33,
    Cyan = 36,
}

impl Printer {
    pub(crate) fn new(volume: Volume, format: LogFormat) -> Self {
        let is_text = format == LogFormat::Text;
        Self {
            volume,
            format,
            colour: is_text
                && io::stderr().is_terminal()
                && env_vars::read(env_vars::NO_COLOR).is_none(),
        }
    }

    /// Whether messages are lines of JSON.
    pub(crate) fn logs_json(self) -> bool {
        self.format == LogFormat::Json
    }

    /// Whether events are to be seen: they are for programs, which read lines of JSON.
    pub(crate) fn shows_events(self) -> bool {
        self.logs_json() && self.volume >= Volume::Normal
    }

    /// An event and what is known of it, an object, where messages are lines of JSON.
    pub(crate) fn event(self, name: &str, fields: Value) {
        if self.shows_events() {
            Self::json(name, fields);
        }
    }

    fn json(name: &str, fields: Value) {
        let mut event = Map::new();
        // Milliseconds are as exact as what is said.
        event.insert("time".to_owned(), json!(format!("{:.3}", Timestamp::now())));
        event.insert("event".to_owned(), json!(name));
        if let Value::Object(fields) = fields {
            event.extend(fields);
        }
        Self::line(&cleaned(Value::Object(event)).to_string());
    }

    /// Whether messages are coloured.
    pub(crate) fn colour(self) -> bool {
        self.colour
    }

    /// Whether a progress bar is to be seen: not in a file, not beside a log.
    pub(crate) fn shows_progress(self) -> bool {
        self.volume == Volume::Normal && !self.logs_json() && io::stderr().is_terminal()
    }

    /// The width of the terminal that standard error is; anything else has no end.
    #[expect(clippy::unused_self, reason = "only a printer prints")]
    pub(crate) fn width(self) -> usize {
        terminal_size::terminal_size_of(io::stderr())
            .map_or(usize::MAX, |(width, _)| width.0.into())
    }

    /// Data, to standard output.
    ///
    /// # Errors
    /// It can't be written, or standard output was closed before the program began.
    #[expect(clippy::unused_self, reason = "only a printer prints")]
    pub(crate) fn data(self, data: &[u8]) -> io::Result<()> {
        stdout::check_open()?;
        let mut out = io::stdout().lock();
        out.write_all(data)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Something worth knowing.
    pub(crate) fn note(self, text: &str) {
        if self.logs_json() {
            self.event("note", json!({"message": text}));
        } else if self.volume >= Volume::Normal {
            Self::line(&clean(text));
        }
    }

    /// A question, whose answer is typed behind it.
    #[expect(clippy::unused_self, reason = "only a printer prints")]
    pub(crate) fn question(self, text: &str) {
        let mut out = io::stderr().lock();
        let _ = write!(out, "{}", clean(text));
        let _ = out.flush();
    }

    /// Something that may be wrong.
    pub(crate) fn warning(self, text: &str) {
        if self.volume >= Volume::Normal {
            self.labelled("warning", Colour::Yellow, text);
        }
    }

    /// The end, where it is not a good one.
    pub(crate) fn failure(self, failure: &Failure) {
        if self.logs_json() {
            if self.volume > Volume::Silent {
                let causes = (self.volume >= Volume::Verbose).then_some(&failure.causes);
                Self::json(
                    "error",
                    json!({"message": failure.message, "causes": causes, "kept": failure.kept,
                        "hint": failure.hint, "exit": failure.exit.code()}),
                );
            }
            return;
        }
        self.labelled("error", Colour::Red, &failure.message);
        if self.volume >= Volume::Verbose {
            for cause in &failure.causes {
                Self::line(&format!("  caused by: {}", clean(cause)));
            }
        }
        if let Some(kept) = &failure.kept {
            self.labelled("kept", Colour::Yellow, kept);
        }
        if let Some(hint) = &failure.hint {
            self.hint(hint);
        }
    }

    /// What to do about what went wrong.
    pub(crate) fn hint(self, text: &str) {
        self.labelled("hint", Colour::Cyan, text);
    }

    /// What the parser of the command line says. It has lines and colours of its own.
    pub(crate) fn usage_error(self, error: &clap::Error) {
        let text = error.render();
        let text = if self.colour {
            text.ansi().to_string()
        } else {
            text.to_string()
        };
        Self::line(redact(&text).trim_end());
    }

    fn labelled(self, label: &str, colour: Colour, text: &str) {
        if self.logs_json() {
            Self::json(label, json!({"message": text}));
            return;
        }
        let text = clean(text);
        if self.colour {
            Self::line(&format!("\x1b[1;{}m{label}:\x1b[0m {text}", colour as u8));
        } else {
            Self::line(&format!("{label}: {text}"));
        }
    }

    /// If standard error is gone there is nobody to tell.
    fn line(text: &str) {
        let write = || {
            let _ = writeln!(io::stderr().lock(), "{text}");
        };
        let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match shown {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// The progress line that is on the terminal now.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// From now on messages appear above this progress line.
pub(crate) fn keep_below(bar: Option<ProgressBar>) {
    *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

/// The longest message that is printed whole, in characters. A portal may send megabytes of text with an error.
const LONGEST: usize = 2_000;

/// One line, without secrets, and without what a terminal would obey or show in another order than it stands.
pub(crate) fn clean(text: &str) -> String {
    let text = redact(text);
    let mut out = String::with_capacity(text.len().min(LONGEST));
    let mut chars = text.chars();
    for c in chars.by_ref().take(LONGEST) {
        if c.is_control() {
            out.push(' ');
        } else if turns_text(c) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    let left_out = chars.count();
    if left_out > 0 {
        let _ = write!(out, "… and {left_out} characters more");
    }
    out
}

/// The same for all texts of an event. What is not there is left out.
fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text)),
        Value::Array(items) => items.into_iter().map(cleaned).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            fields.map(|(name, value)| (name, cleaned(value))).collect()
        }
        other => other,
    }
}

/// Whether a character changes the direction of the text around it, or ends a line for some readers.
pub(crate) fn turns_text(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_portal_sent_cannot_steer_the_terminal() {
        assert_eq!(clean("a\x1b[2Jb\nc"), "a [2Jb c");
    }

    #[test]
    fn what_a_portal_sent_cannot_turn_the_text_around() {
        assert_eq!(clean("a\u{2028}b\u{2029}"), "a\\u{2028}b\\u{2029}");
        assert_eq!(clean("a\u{202e}b\u{2066}c"), "a\\u{202e}b\\u{2066}c");
        assert_eq!(clean("שלום, Анна"), "שלום, Анна");
    }

    #[test]
    fn a_long_text_is_cut() {
        let cleaned = clean(&"я".repeat(10_000_000));
        assert!(cleaned.ends_with("… and 9998000 characters more"));
        assert!(cleaned.len() < 5_000);
    }
}
