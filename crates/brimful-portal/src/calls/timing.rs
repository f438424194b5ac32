//! `time` in a reply: when a call began and ended, and what it has used.

use brimful_protocol::json;

use crate::context::Context;
use crate::context::limits::Report;
use crate::context::settings::{OperatingReset, SecondsFormat};

/// When a call or a command began and ended, and what it has used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) start: f64,
    pub(crate) finish: f64,
    /// Seconds inside the method.
    pub(crate) processing: f64,
    pub(crate) operating: Option<Report>,
}

impl Timing {
    /// Writes `time`, its keys in their order.
    pub(crate) fn write(self, out: &mut Vec<u8>, context: &Context) {
        let form = context.settings.time;
        let begin = match form.seconds {
            SecondsFormat::Whole | SecondsFormat::WholeStart => self.start.floor(),
            SecondsFormat::Fractional => self.start,
        };
        out.extend_from_slice(b"{\"start\":");
        match form.seconds {
            SecondsFormat::Whole | SecondsFormat::WholeStart => json::write_int(out, begin as i64),
            SecondsFormat::Fractional => json::write_float(out, begin),
        }
        out.extend_from_slice(b",\"finish\":");
        json::write_float(out, self.finish);
        out.extend_from_slice(b",\"duration\":");
        json::write_float(out, self.finish - begin);
        out.extend_from_slice(b",\"processing\":");
        match form.seconds {
            SecondsFormat::Whole => json::write_int(out, self.processing as i64),
            SecondsFormat::WholeStart | SecondsFormat::Fractional => {
                json::write_float(out, self.processing);
            }
        }
        let date = context.clock.iso(self.start);
        out.extend_from_slice(b",\"date_start\":\"");
        out.extend_from_slice(date.as_bytes());
        out.extend_from_slice(b"\",\"date_finish\":\"");
        // Most of what is asked is done within the second.
        if self.start.floor() as i64 == self.finish.floor() as i64 {
            out.extend_from_slice(date.as_bytes());
        } else {
            out.extend_from_slice(context.clock.iso(self.finish).as_bytes());
        }
        out.push(b'"');
        if let Some(report) = self.operating {
            if form.reset == OperatingReset::Shown {
                out.extend_from_slice(b",\"operating_reset_at\":");
                json::write_int(out, report.reset_at);
            }
            out.extend_from_slice(b",\"operating\":");
            json::write_float(out, report.operating);
        }
        out.push(b'}');
    }
}
