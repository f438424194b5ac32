//! The log: what the client does, on standard error, without secrets.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::time::uptime;

use crate::env_vars;
use crate::printer::Printer;
use crate::redact::redact;

/// Begins to log, if `-v` was given so many times or the environment says so.
pub(crate) fn start(verbosity: u8, printer: Printer) {
    let by_flags = match verbosity {
        0 => None,
        1 => Some("brimful=debug".to_owned()),
        2 => Some("brimful=trace,brimful_portal=debug".to_owned()),
        _ => Some("trace".to_owned()),
    };
    let Some(filter) = env_vars::read(env_vars::LOG).or(by_flags) else {
        return;
    };
    let filter = match EnvFilter::try_new(&filter) {
        Ok(filter) => filter,
        Err(error) => {
            printer.warning(&format!(
                "{} is not a filter ({error}), so nothing is logged",
                env_vars::LOG
            ));
            return;
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Redacting)
        .with_ansi(printer.colour())
        .with_timer(uptime())
        .init();
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
