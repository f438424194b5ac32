//! Failures: what is said when something goes wrong, what to do about it, and how the program then ends.

use std::error::Error as _;

use brimful::{Error, ErrorKind, Execution};
use brimful_export::ExportError;
use brimful_protocol::{KnownCode, catalogue, list_fields};

use crate::exit::Exit;

/// What to do when `--deadline` has ended a run.
pub(crate) const MORE_TIME: &str = "give it more time with --deadline";

/// Why the program cannot go on: one line, and a hint if there is something to be done.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    /// What lies behind it; shown with `-v`.
    pub(crate) causes: Vec<String>,
    /// The partial results that are kept although it failed.
    pub(crate) kept: Option<String>,
    pub(crate) hint: Option<String>,
    /// What the client said, if it was the client.
    pub(crate) error: Option<Error>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            causes: Vec::new(),
            kept: None,
            hint: None,
            error: None,
        }
    }

    /// The command line asks for something that cannot be.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// It was tried, and did not work.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// What to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// One more thing to do about it.
    pub(crate) fn and_hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        self.hint = Some(match self.hint.take() {
            Some(first) => format!("{first}; {hint}"),
            None => hint,
        });
        self
    }

    /// The partial results that are kept although it failed.
    pub(crate) fn kept(mut self, kept: impl Into<String>) -> Self {
        self.kept = Some(kept.into());
        self
    }

    /// A call that writes has failed. A user who takes one that may have run for one that did not makes it twice.
    pub(crate) fn of_write(mut self, called: &str, error: &Error) -> Self {
        let ran = match (error.execution(), error.api_error()) {
            (Execution::Unknown, _) => "may have run",
            // Its answer is not one that can be read.
            (Execution::Ran, None) => "has run",
            _ => return self,
        };
        self.exit = Exit::Incomplete;
        self.hint = Some(look_first(called, ran));
        self
    }

    /// A signal came while a call that writes was on its way.
    pub(crate) fn interrupted_write(exit: Exit, called: &str) -> Self {
        Self::new(
            exit,
            format!("{called}: interrupted before its answer came"),
        )
        .hint(look_first(called, "may have run"))
    }

    /// A failure of an export, with what can be done about it.
    pub(crate) fn of_export(exit: Exit, error: &ExportError) -> Self {
        let failure = Self::new(exit, error.to_string());
        match export_hint(error) {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// A failure of the client, with what can be done about it.
    pub(crate) fn of(error: &Error) -> Self {
        // What the client refuses before it asks a portal was asked for wrongly.
        let exit = match (error.kind(), error.method()) {
            (ErrorKind::Config, None) => Exit::Usage,
            (ErrorKind::Deadline, _) => Exit::Incomplete,
            _ => Exit::Failed,
        };
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        Self {
            exit,
            message: error.to_string(),
            causes,
            kept: None,
            hint: hint(error),
            error: Some(error.clone()),
        }
    }
}

/// The options of the program that avoid an error of an export.
pub(crate) fn export_hint(error: &ExportError) -> Option<String> {
    Some(match error {
        ExportError::UnfitTable { .. } => {
            "to write the rows to another table: --table NAME".to_owned()
        }
        ExportError::OtherTypes { .. } => {
            "to make texts of the columns: --changed-types text; to write the rows to another table: --table NAME"
                .to_owned()
        }
        ExportError::TooManyColumns { .. } => "choose some columns with --columns".to_owned(),
        ExportError::PartitionColumn { .. } => {
            "name a date with --partition-by, such as --partition-by DATE_CREATE:month".to_owned()
        }
        ExportError::UnknownEnding { .. } => {
            "--format names the format of a file with any other ending".to_owned()
        }
        ExportError::TemporaryFile { .. } => {
            "make room there, or name another folder in the environment: TMPDIR=FOLDER".to_owned()
        }
        ExportError::NotBuilt { feature, .. } => format!(
            "the released programs can; to build one that can: cargo install --path crates/brimful-cli --features {feature}"
        ),
        _ => return None,
    })
}

#[cfg(test)]
#[test]
fn what_is_wrong_with_a_certificate_has_its_own_remedy() {
    for (words, remedy) in [
        (
            "through the proxy http://a:1: invalid peer certificate: UnknownIssuer",
            "SSL_CERT_FILE names",
        ),
        (
            "invalid peer certificate: certificate not valid for name \"a.example\"",
            "check the address",
        ),
        (
            "invalid peer certificate: certificate expired: verification time 1795857091 (UNIX)",
            "renew it",
        ),
        (
            "invalid peer certificate: certificate not valid yet: verification time 1795857091",
            "check the clock",
        ),
        (
            "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
            "name that with SSL_CERT_FILE",
        ),
        (
            "could not connect through the proxy http://a:1: Connection refused",
            "check HTTPS_PROXY",
        ),
        (
            "the answer has a Content-Encoding that the client does not read: br",
            "switch that off",
        ),
        ("Connection refused (os error 111)", "-v shows"),
    ] {
        let hint = hint_of_network_words(words);
        assert!(hint.contains(remedy), "{words}: {hint}");
    }
}

fn look_first(called: &str, ran: &str) -> String {
    format!("{called} {ran}: look in the portal before calling it again")
}

/// Whether tokens of a login were refused. A webhook is refused with other codes, unless an application made it.
fn is_of_tokens(error: &Error) -> bool {
    error.api_error().is_none_or(|api| {
        api.code.known() == KnownCode::ExpiredToken
            || api.code == "invalid_token"
            || api.code == "invalid_grant"
    })
}

/// What can be done about an error of the client.
fn hint(error: &Error) -> Option<String> {
    let method = error.method().unwrap_or_default();
    let code = error.api_error().map(|api| api.code.known());
    if let Some(hint) = error
        .api_error()
        .and_then(|api| hint_of_code(api.code.as_str(), &error.to_string()))
    {
        return Some(hint.to_owned());
    }
    if error.kind() == ErrorKind::Config
        && let Some(hint) = hint_of_setting(&error.to_string())
    {
        return Some(hint.to_owned());
    }
    let hint = match error.kind() {
        ErrorKind::Transport => network_hint(error).to_owned(),
        // What the fields of a list do not fit begins with the list.
        ErrorKind::Config if error.report().is_some() => {
            let message = error.to_string();
            let list = message.split(':').next().unwrap_or_default();
            match list_fields::find(list) {
                Some(_) => format!(
                    "brimful fields {list} shows the fields; --no-check sends everything as it is"
                ),
                None => "with --no-check the rows are taken as they come".to_owned(),
            }
        }
        ErrorKind::Decode if error.to_string().contains("in no character of UTF-8") => {
            "a text of the portal is damaged, or something in between damages it: save the record again that the message shows \
             the beginning of, or leave it out with --filter '!ID=…'"
                .to_owned()
        }
        ErrorKind::Decode => {
            "a Bitrix24 portal answers in another way: check the address, and whether a proxy is in between".to_owned()
        }
        ErrorKind::Auth if is_of_tokens(error) => {
            "log in again: brimful login; if the address is a webhook, it was removed: make a new one".to_owned()
        }
        ErrorKind::Auth => {
            "the portal does not know this webhook: check its user and code, or make a new one".to_owned()
        }
        ErrorKind::InsufficientScope => {
            let scope = catalogue::find(method)
                .map(|method| method.scope)
                .filter(|scope| !scope.is_empty());
            match scope {
                Some(scope) => format!("tick the scope {scope:?} in the webhook's settings"),
                None => "tick the method's scope in the webhook's settings".to_owned(),
            }
        }
        _ if code == Some(KnownCode::OverloadLimit) => {
            "Bitrix24 has blocked the REST API of this portal because of its load: ask Bitrix24 support to lift that".to_owned()
        }
        ErrorKind::AccessDenied => {
            "the webhook's user may not do this, or the portal's plan has no REST API".to_owned()
        }
        ErrorKind::MethodNotFound => match catalogue::nearest(method) {
            Some(near) if !near.eq_ignore_ascii_case(method) => format!("did you mean {near}?"),
            _ => "does the portal have this method, and does the webhook have its scope?".to_owned(),
        },
        ErrorKind::QueryLimit => {
            "others use the portal from this address too: wait, or give this run a lower rate limit with --rate 20,1".to_owned()
        }
        ErrorKind::OperationTimeLimit => {
            "the portal limits the operating time of a method in ten minutes: resume later, or select fewer fields".to_owned()
        }
        ErrorKind::Deadline => MORE_TIME.to_owned(),
        _ => return None,
    };
    Some(hint)
}

/// What a code of the portal says that others don't.
fn hint_of_code(code: &str, message: &str) -> Option<&'static str> {
    Some(match code.to_ascii_uppercase().as_str() {
        "WRONG_AUTH_TYPE" => {
            "the portal keeps this method from webhooks, or from applications: call it the other way, with brimful login for an application"
        }
        "PORTAL_DELETED" => {
            "the portal was deleted, or its address belongs to nobody: check --portal"
        }
        "METHOD_CONFIRM_WAITING" => {
            "an administrator has to confirm the method: the portal has asked its administrators, so call it again when they have"
        }
        "METHOD_CONFIRM_DENIED" => {
            "an administrator has refused the method: ask the portal's administrators"
        }
        "WRONG_LICENSE" => "the portal's plan does not include this method",
        "PAYMENT_REQUIRED" => "the portal's plan has no REST API, or is not paid",
        "INVALID_REQUEST" if message.to_ascii_lowercase().contains("https") => {
            "the portal takes https alone: write its address with https://"
        }
        _ if message
            .to_ascii_lowercase()
            .contains("application context required")
            || code.eq_ignore_ascii_case("ERROR_WRONG_CONTEXT") =>
        {
            "the portal keeps this method from webhooks: call it as an application, with brimful login"
        }
        _ => return None,
    })
}

/// What to do about a variable of the environment that is refused by its name.
fn hint_of_setting(message: &str) -> Option<&'static str> {
    let name = message.split(' ').next()?;
    if name == "SSL_CERT_FILE" {
        return Some(
            "name a file of certificates in PEM, or take the variable out of the environment",
        );
    }
    name.to_ascii_uppercase().ends_with("_PROXY").then_some(
        "write it as http://proxy.example:3128, or take the variable out of the environment",
    )
}

/// What the network's own words say about the cause.
fn network_hint(error: &Error) -> &'static str {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push(' ');
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    hint_of_network_words(&words)
}

fn hint_of_network_words(words: &str) -> &'static str {
    if words.contains("InvalidContentType") {
        "the portal speaks http there, not https: write the address with http://"
    } else if words.contains("certificate not valid for name") {
        "the certificate belongs to another host: check the address"
    } else if words.contains("certificate expired") || words.contains("certificate not valid yet") {
        "the time of the certificate is over or has not begun: renew it on the portal, and check the clock of this machine"
    } else if words.contains("CaUsedAsEndEntity") {
        "the portal's certificate signs itself: if it is the right one, save it in a file and name that with SSL_CERT_FILE"
    } else if words.contains("certificate") {
        "this machine does not trust the portal's certificate: SSL_CERT_FILE names a file with that of its authority"
    } else if words.contains("Content-Encoding") {
        "a server or a proxy in between packs answers although only gzip is asked for: switch that off there"
    } else if words.contains("through the proxy") {
        "check HTTPS_PROXY (HTTP_PROXY for http, ALL_PROXY for both); NO_PROXY=HOST goes to that host without a proxy"
    } else if words.contains("Too many open files") {
        "the process may not open more files: raise its limit with ulimit -n 1024"
    } else {
        "check the address, and whether this machine can reach the portal; -v shows what the network said"
    }
}
