//! The log: what the client does, on standard error, without secrets.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::time::uptime;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{filter, fmt as log_lines};

use crate::env_vars;
use crate::printer::Printer;
use crate::redact::redact;

/// What the emulator says of each request, and of methods that Bitrix24 has and it has not.
const PORTAL_REQUESTS: &str = "brimful_portal::requests";
const UNMODELLED: &str = "brimful_portal::unmodelled";
/// What the emulator says of handlers that it does not post to.
const HANDLERS: &str = "brimful_portal::handlers";
/// What it says when its data can no longer be written.
const DATA: &str = "brimful_portal::data";

/// The target of the program's own warnings, which are printed in any case.
pub(crate) const OWN_WARNINGS: &str = "brimful::program";

/// A progress bar is on the terminal: it shows what is waited for itself.
static BAR_IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// Says whether a progress bar is on the terminal now. Warnings about waits are not printed into it.
pub(crate) fn bar_is_shown(shown: bool) {
    BAR_IS_SHOWN.store(shown, Ordering::Relaxed);
}

/// Begins to log, if `-v` was given so many times or the environment says so. Long waits, a portal that has moved,
/// and doubts about a list are named in any case, as warnings of the program. What the emulator says of its requests is for
/// the command that runs it: elsewhere the client speaks of the same requests.
pub(crate) fn start(verbosity: u8, is_portal: bool, printer: Printer) {
    let by_flags = match verbosity {
        0 => None,
        1 if is_portal => Some("brimful=debug".to_owned()),
        1 => Some(format!("brimful=debug,{PORTAL_REQUESTS}=off")),
        2 => Some("brimful=trace,brimful_portal=debug".to_owned()),
        _ => Some("trace".to_owned()),
    };
    let Some(filter) = env_vars::read(env_vars::LOG).or(by_flags) else {
        let said = filter::Targets::new()
            .with_target(brimful::WAIT_LOG, Level::WARN)
            .with_target(brimful::MOVED_LOG, Level::WARN)
            .with_target(brimful::DOUBT_LOG, Level::WARN)
            .with_target(OWN_WARNINGS, Level::WARN);
        let said = if is_portal {
            said.with_target(UNMODELLED, Level::WARN)
                .with_target(HANDLERS, Level::WARN)
                .with_target(DATA, Level::WARN)
        } else {
            said
        };
        let registry = tracing_subscriber::registry();
        if printer.logs_json() {
            registry.with(JsonLines(printer).with_filter(said)).init();
        } else {
            registry.with(Warnings(printer).with_filter(said)).init();
        }
        return;
    };
    let filter = match filter.parse::<filter::Targets>() {
        Ok(filter) => filter,
        Err(error) => {
            printer.warning(&format!(
                "{} is not a filter ({error}), so nothing is logged",
                env_vars::LOG
            ));
            return;
        }
    };
    if printer.logs_json() {
        let lines = JsonLines(printer).with_filter(filter);
        tracing_subscriber::registry().with(lines).init();
        return;
    }
    let lines = log_lines::layer()
        .with_writer(Redacting)
        .with_ansi(printer.colour())
        .with_timer(uptime())
        .with_filter(filter);
    tracing_subscriber::registry().with(lines).init();
}

/// Prints what the client says of long waits and of a portal that has moved, as the program's own warnings.
struct Warnings(Printer);

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // A bar shows waits itself.
        let in_bar = event.metadata().target() == brimful::WAIT_LOG;
        if !in_bar || !BAR_IS_SHOWN.load(Ordering::Relaxed) {
            let mut message = Message::default();
            event.record(&mut message);
            self.0.warning(&message.0);
        }
    }
}

/// Prints every event of the log as a line of JSON, with its fields.
struct JsonLines(Printer);

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let (level, target) = (event.metadata().level(), event.metadata().target());
        let mut fields = Fields(Map::new());
        if *level != Level::WARN {
            let level = level.as_str().to_ascii_lowercase();
            fields.0.insert("level".to_owned(), json!(level));
            fields.0.insert("target".to_owned(), json!(target));
        }
        event.record(&mut fields);
        let name = match *level {
            Level::WARN => "warning",
            _ => "log",
        };
        self.0.event(name, Value::Object(fields.0));
    }
}

/// The fields of an event.
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, json!(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, json!(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, json!(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, json!(format!("{value:?}")));
    }
}

/// The text of an event.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// Standard error, with the secrets cut out of every event: each comes in one piece.
struct Redacting;

impl<'a> MakeWriter<'a> for Redacting {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for Redacting {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        io::stderr().lock().write_all(redact(&text).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}
