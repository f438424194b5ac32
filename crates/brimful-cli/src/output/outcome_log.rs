//! A partial file of outcomes that has a line for every call that was made or may have been, however the run ends: before
//! calls go out they stand at its end as unknown, and their outcomes are written over that.

use super::OutputError;
use super::partial::PartialFile;

#[derive(Debug)]
pub(crate) struct OutcomeLog {
    pub(crate) partial: PartialFile,
    /// Where the outcomes end.
    settled: u64,
    /// What stands behind that: the calls on their way.
    tail: Vec<u8>,
}

impl OutcomeLog {
    /// Goes on behind the first `settled` bytes.
    pub(crate) fn new(partial: PartialFile, settled: u64) -> Self {
        Self {
            partial,
            settled,
            tail: Vec::new(),
        }
    }

    /// Where the outcomes end.
    pub(crate) fn settled(&self) -> u64 {
        self.settled
    }

    /// Writes outcomes, and behind them the calls on their way as `unanswered`. It is one write, never shorter than what
    /// it covers, so that a run which is killed leaves the one or the other. A write that fails leaves what was there.
    pub(crate) fn put(&mut self, lines: &[u8], unanswered: &[u8]) -> Result<(), OutputError> {
        let mut block = [lines, unanswered].concat();
        if block.len() < self.tail.len() {
            block.resize(self.tail.len() - 1, b' ');
            block.push(b'\n');
        }
        if let Err(error) = self.partial.write_at(self.settled, &block) {
            // There was room for what stood there.
            let end = self.settled + self.tail.len() as u64;
            let _ = self.partial.write_at(self.settled, &self.tail);
            let _ = self.partial.end_at(end);
            return Err(error);
        }
        self.settled += lines.len() as u64;
        self.tail = block.split_off(lines.len());
        Ok(())
    }

    /// Cuts off what stands behind the outcomes; calls on their way stay, without the blanks behind them. Returns where
    /// it ends.
    pub(crate) fn end(&mut self, has_unanswered: bool) -> Result<u64, OutputError> {
        let tail = match self.tail.trim_ascii_end().len() {
            content if has_unanswered => (content + 1).min(self.tail.len()),
            _ => 0,
        };
        let end = self.settled + tail as u64;
        self.partial.end_at(end)?;
        Ok(end)
    }
}
