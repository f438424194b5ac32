//! Signals that end the program: Ctrl-C, SIGTERM, and SIGHUP when a terminal is closed.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::exit::Exit;
use crate::failure::Failure;

/// `SIGXFSZ`.
#[cfg(any(target_os = "linux", target_os = "macos"))]
const FILE_TOO_LARGE: i32 = 25;

/// Waits for a signal, and says how the program then ends.
#[derive(Debug)]
pub(crate) struct Interrupts {
    signals: Option<Signals>,
    deadline: Option<Instant>,
}

#[derive(Debug)]
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    /// `None` where the program was started by `nohup`, which wants it to outlive its terminal.
    #[cfg(unix)]
    hang_up: Option<tokio::signal::unix::Signal>,
}

impl Interrupts {
    /// None comes: the signals are those of the program that this one is a part of.
    pub(crate) fn never() -> Self {
        Self {
            signals: None,
            deadline: None,
        }
    }

    /// From now on signals come here and do not end the program by themselves.
    pub(crate) fn catch() -> Result<Self, Failure> {
        let signals = Signals::register();
        signals
            .map(|signals| Self {
                signals: Some(signals),
                deadline: None,
            })
            .map_err(|error| Failure::failed(format!("could not catch signals: {error}")))
    }

    /// The next signal; on Windows the next Ctrl-C.
    pub(crate) async fn next(&mut self) -> Exit {
        match &mut self.signals {
            Some(signals) => signals.next().await,
            None => std::future::pending().await,
        }
    }

    /// Waits for what is asked before the first row of `name` comes.
    ///
    /// # Errors
    /// A signal came first.
    pub(crate) async fn during<T>(
        &mut self,
        name: &str,
        asked: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            answer = asked => Ok(answer),
            exit = self.next() => Err(Failure::new(exit, format!("{name}: interrupted"))),
        }
    }

    /// The run may take so long from now on. What asks the portal ends by itself then; a wait for a reader doesn't.
    pub(crate) fn set_deadline(&mut self, within: Option<Duration>) {
        self.deadline = within.and_then(|within| Instant::now().checked_add(within));
    }

    /// Waits until the time of the run is over, and no less than `patience`.
    pub(crate) fn deadline(&self, patience: Duration) -> impl Future<Output = ()> + use<> {
        let until = self
            .deadline
            .map(|deadline| deadline.max(Instant::now() + patience));
        async move {
            match until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        }
    }
}

/// Writes that go over `ulimit -f` fail from now on as on a full disk, and don't end the program without a word. It
/// needs a runtime.
pub(crate) fn survive_file_size_limits() {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let _ = signal(SignalKind::from_raw(FILE_TOO_LARGE));
    }
}

/// Waits for the answer to a call.
///
/// # Errors
/// A signal came before the answer: a call that writes may have run.
pub(crate) async fn answer_of_call<T>(
    interrupts: &mut Interrupts,
    called: &str,
    answer: impl Future<Output = T>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        answer = answer => Ok(answer),
        exit = interrupts.next() => Err(Failure::interrupted_write(exit, called)),
    }
}

impl Signals {
    #[cfg(unix)]
    fn register() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: if outlives_its_terminal() {
                None
            } else {
                Some(signal(SignalKind::hangup())?)
            },
        })
    }

    #[cfg(not(unix))]
    fn register() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn next(&mut self) -> Exit {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
            _ = hang_up => Exit::HungUp,
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> Exit {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Exit::Interrupted
    }
}

/// Whether SIGHUP is ignored, as `nohup` arranges it.
#[cfg(target_os = "linux")]
fn outlives_its_terminal() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The first bit is that of SIGHUP.
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

/// `nohup` leaves no output on a terminal.
#[cfg(all(unix, not(target_os = "linux")))]
fn outlives_its_terminal() -> bool {
    use std::io::IsTerminal;
    !std::io::stdout().is_terminal() && !std::io::stderr().is_terminal()
}
