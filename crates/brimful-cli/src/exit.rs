//! How the program ends.

use std::process::ExitCode;

/// The exit codes. They are part of the program's interface and are documented in `--help` and the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is done.
    Done,
    /// It failed, and nothing of the result is there.
    Failed,
    /// The command line asks for something impossible.
    Usage,
    /// A list could not be finished; what arrived is kept.
    Incomplete,
    /// Ended by SIGINT, which is what Ctrl-C sends.
    Interrupted,
    /// Ended by SIGTERM.
    Terminated,
    /// Ended by SIGHUP: the terminal was closed.
    HungUp,
}

impl Exit {
    /// Whether a signal ended the program.
    pub(crate) fn is_by_signal(self) -> bool {
        matches!(self, Self::Interrupted | Self::Terminated | Self::HungUp)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Incomplete => 3,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
            Exit::HungUp => 129,
        })
    }
}
