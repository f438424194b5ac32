//! How many replies came about in which way, in all and by kinds of methods.

use std::collections::BTreeMap;
use std::fmt;

use crate::exchange::Verdict;
use crate::folder::Recording;
use crate::single::How;

/// The numbers of a run.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) all: Numbers,
    by_kind: BTreeMap<String, Numbers>,
}

/// Numbers of replies.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Numbers {
    modelled: usize,
    /// Those of the modelled of which the document leaves something out.
    partial: usize,
    rows: usize,
    replayed: usize,
    /// Those where the model answered something else.
    otherwise: usize,
    pub(crate) differ: usize,
    unknown: usize,
}

impl Numbers {
    pub(crate) fn same(self) -> usize {
        self.modelled + self.rows + self.replayed
    }

    fn add(&mut self, verdict: &Verdict, is_otherwise: bool) {
        match verdict {
            Verdict::Same(How::Modelled, left_out) => {
                self.modelled += 1;
                let in_result = |name: &String| !name.starts_with("time");
                self.partial += usize::from(left_out.iter().any(in_result));
            }
            Verdict::Same(How::RowsLoaded | How::RowsServed, _) => self.rows += 1,
            Verdict::Same(How::Replayed, _) => self.replayed += 1,
            Verdict::Differs(_) => self.differ += 1,
            Verdict::NotKnown(_) => self.unknown += 1,
        }
        self.otherwise += usize::from(is_otherwise);
    }
}

impl Count {
    pub(crate) fn add(&mut self, recording: &Recording, verdict: &Verdict, is_otherwise: bool) {
        // The name of a file has no dots.
        let kind = match &recording.method {
            Some(method) => method.split('.').next().unwrap_or_default(),
            None => "recorded",
        };
        self.all.add(verdict, is_otherwise);
        let of_kind = self.by_kind.entry(kind.to_ascii_lowercase()).or_default();
        of_kind.add(verdict, is_otherwise);
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<20} {:>8} {:>5} {:>8} {:>10}",
            "kind", "modelled", "rows", "replayed", "otherwise"
        )?;
        for (kind, of) in &self.by_kind {
            writeln!(
                f,
                "{kind:<20} {:>8} {:>5} {:>8} {:>10}",
                of.modelled, of.rows, of.replayed, of.otherwise
            )?;
        }
        let all = self.all;
        writeln!(
            f,
            "made by a model: {} (the number that counts; of {} of them the document leaves out fields or rows), from rows: \
             {}, merely replayed: {}; the model answers otherwise: {}",
            all.modelled, all.partial, all.rows, all.replayed, all.otherwise
        )?;
        writeln!(
            f,
            "{} same, {} differ, {} not known",
            all.same(),
            all.differ,
            all.unknown
        )
    }
}
