//! How the program ends.

use std::process::ExitCode;

/// The exit codes. They are part of the program's interface and are documented in `--help` and the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is done.
    Done,
    /// It failed, and nothing was changed or written.
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
    /// The code that the system is told.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::HungUp => 129,
        }
    }

    /// Whether a signal ended the program.
    pub(crate) fn is_by_signal(self) -> bool {
        matches!(self, Self::Interrupted | Self::Terminated | Self::HungUp)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
