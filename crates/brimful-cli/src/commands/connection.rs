//! The client that a command calls with: by a webhook, by a login, or of the emulator in this process.

use std::path::PathBuf;
use std::time::Duration;

use brimful::{Checks, Client, Credential, OAuth, PortalAddress, Stats};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::args::portal::PortalArg;
use crate::args::portal::PortalOption;
use crate::args::rate::PortalLimits;
use crate::args::time::DeadlineOption;
use crate::commands::demo::{self, Demo};
use crate::commands::login::file::{self as login_file, LoginFile};
use crate::failure::Failure;
use crate::interrupt::Interrupts;
use crate::printer::Printer;

/// A client of the portal, and the portal itself if it is in this process. It lives as long as this.
pub(crate) struct Connection {
    pub(crate) client: Client,
    _demo: Option<Demo>,
    _silence: SilenceWatch,
}

impl Connection {
    /// Ends everything that is asked for by the client when the time of `option` has passed, counted from now.
    pub(crate) fn ending(mut self, option: DeadlineOption) -> Self {
        if let Some(within) = option.deadline {
            self.client = self.client.with_deadline(within);
        }
        self
    }

    /// The same, and ends waits for the reader of the output too.
    pub(crate) fn ending_with(self, option: DeadlineOption, interrupts: &mut Interrupts) -> Self {
        interrupts.set_deadline(option.deadline);
        self.ending(option)
    }
}

/// Says so while nothing at all comes from the portal, until it is dropped.
struct SilenceWatch(JoinHandle<()>);

impl SilenceWatch {
    fn start(client: &Client, printer: Printer) -> Self {
        let client = client.clone();
        Self(tokio::spawn(watch_silence(
            move || client.stats(),
            move |text| printer.note(text),
        )))
    }
}

impl Drop for SilenceWatch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Silence that is worth a word, first and from then on.
const FIRST_WORD: Duration = Duration::from_secs(15);
const LATER_WORDS: Duration = Duration::from_secs(60);

/// Says with `tell` that the first answer is waited for, as long as it is. A request that is answered and hangs later is
/// named by the log of waits.
async fn watch_silence(stats: impl Fn() -> Stats, tell: impl Fn(&str)) {
    let began = Instant::now();
    let mut pause = FIRST_WORD;
    loop {
        sleep(pause).await;
        pause = LATER_WORDS;
        let stats = stats();
        if stats.bytes_received > 0 {
            return;
        }
        if stats.requests > stats.lost + stats.refusals {
            tell(&format!(
                "nothing has come from the portal for {} s; still waiting, -v shows what for",
                began.elapsed().as_secs()
            ));
        }
    }
}

pub(crate) async fn connect(
    portal: &PortalOption,
    limits: impl Into<PortalLimits>,
    printer: Printer,
) -> Result<Connection, Failure> {
    connect_with(portal, limits, Checks::On, printer).await
}

/// What `--no-check` says of the parameters that are sent.
pub(crate) fn checks(no_check: bool) -> Checks {
    if no_check { Checks::Off } else { Checks::On }
}

pub(crate) async fn connect_with(
    portal: &PortalOption,
    limits: impl Into<PortalLimits>,
    checks: Checks,
    printer: Printer,
) -> Result<Connection, Failure> {
    let limits = limits.into();
    let (credential, demo): (Credential, _) = match portal.address() {
        Some(PortalArg::Demo) => {
            let server = demo::start(limits).await?;
            printer.note(&demo::description(&server, limits.rate));
            (server.webhook_url().into(), Some(server))
        }
        Some(PortalArg::Address(address)) => {
            match (address.parse::<PortalAddress>(), &portal.token_file) {
                (Ok(address), file) => (login(&address, file.clone(), printer).await?.into(), None),
                (Err(error), Some(_)) => {
                    return Err(Failure::usage(error.to_string())
                        .hint("with --token-file the portal is named without a webhook"));
                }
                (Err(_), None) => (address.into(), None),
            }
        }
        Some(PortalArg::Unset) | None => match &portal.token_file {
            Some(file) => (kept(file.clone(), printer).await?.into(), None),
            None => {
                return Err(Failure::usage("no portal is given").hint(
                    "give the address of a webhook with --portal or in BRIMFUL_PORTAL; --portal demo is one to try it on",
                ));
            }
        },
    };
    let mut builder = Client::builder(credential)
        .limit(limits.rate.limit())
        .checks(checks);
    if let Some(operating) = limits.operating {
        builder = builder.operating_limit(operating);
    }
    let client = builder
        .build()
        .map_err(|error| {
            let failure = Failure::of(&error);
            if failure.hint.is_some() {
                return failure;
            }
            failure.hint("the address of a webhook is made in the portal, under Developer resources, Inbound webhook")
        })?;
    Ok(Connection {
        _silence: SilenceWatch::start(&client, printer),
        client,
        _demo: demo,
    })
}

/// The login of a portal.
async fn login(
    portal: &PortalAddress,
    file: Option<PathBuf>,
    printer: Printer,
) -> Result<OAuth, Failure> {
    let told = file.is_some();
    let path = file.map_or_else(|| login_file::usual(portal), Ok)?;
    if !told && !path.exists() {
        return Err(Failure::usage(format!("you are not logged in to {}", portal.host())).hint(
            "brimful login lets an application in, or give the address of a webhook, such as https://example.bitrix24.ru/rest/1/code/",
        ));
    }
    let oauth = kept(path.clone(), printer).await?;
    let theirs = oauth.tokens().portal.host();
    if told && theirs != portal.host() {
        return Err(Failure::usage(format!(
            "the tokens in {} are those of {theirs}, not of {}",
            path.display(),
            portal.host()
        )));
    }
    Ok(oauth)
}

/// The login in a file.
async fn kept(path: PathBuf, printer: Printer) -> Result<OAuth, Failure> {
    let Some(file) = LoginFile::find(&path)? else {
        return Err(
            Failure::usage(format!("there are no tokens in {}", path.display()))
                .hint("brimful login puts them there"),
        );
    };
    if login_file::is_open_to_others(&path) {
        let name = path.display();
        printer.warning(&format!(
            "others than its owner can read the tokens in {name}: chmod 600 {name}"
        ));
    }
    OAuth::load(file.app().credentials(), file)
        .await
        .map_err(|error| Failure::of(&error))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_portal_that_answers_nothing_is_named_again_and_again() {
        let said = RefCell::new(Vec::new());
        let mut stats = Stats::default();
        stats.requests = 1;
        let watched = watch_silence(|| stats, |text| said.borrow_mut().push(text.to_owned()));
        assert!(timeout(Duration::from_secs(140), watched).await.is_err());
        let said = said.into_inner();
        assert_eq!(said.len(), 3);
        assert!(said[1].contains("for 75 s"), "{said:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_portal_that_has_answered_or_was_asked_nothing_is_not_named() {
        let mut answered = Stats::default();
        answered.requests = 1;
        answered.bytes_received = 10;
        for stats in [answered, Stats::default()] {
            let watched = watch_silence(|| stats, |text| panic!("{text}"));
            let _ = timeout(Duration::from_secs(300), watched).await;
        }
    }
}
