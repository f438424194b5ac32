//! Logins: the whole dance with an OAuth server, and what commands do with the tokens.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use brimful_portal::{App, PortalConfig};
use serde_json::Value;

use crate::support::{Running, Workspace, assert_transcript, portal, server, stderr, stdout};

pub(crate) const SECRET: &str = "s3cretofthisapp";

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A portal that lets the application in for user 2, and sends the browser to `port`.
fn with_app(port: u16) -> Running {
    let app = App::new("local.app", SECRET, format!("http://127.0.0.1:{port}/"));
    portal(
        PortalConfig::unlimited()
            .rows("crm.lead", 60)
            .rows("user", 3)
            .app(app.signed_in_as(2)),
    )
}

fn origin(portal: &Running) -> String {
    portal.server.origin()
}

/// What a browser gets: the status, where it is sent to, and the body.
pub(crate) fn browse(url: &str) -> (String, Option<String>, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let location = head
        .lines()
        .find_map(|line| {
            line.split_once(": ")
                .filter(|(name, _)| name.eq_ignore_ascii_case("location"))
        })
        .map(|(_, to)| to.to_owned());
    let status = head.lines().next().unwrap().to_owned();
    (status, location, body.to_owned())
}

fn start(workspace: &Workspace, portal: &Running, port: u16) -> (Child, String) {
    let mut child = workspace
        .command(&[
            "login",
            "--portal",
            &origin(portal),
            "--client-id",
            "local.app",
            "--port",
            &port.to_string(),
            "-v",
        ])
        .env("BRIMFUL_CLIENT_SECRET", SECRET)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut address)
        .unwrap();
    (child, address.trim_end().to_owned())
}

fn log_in(workspace: &Workspace, portal: &Running, port: u16) -> Output {
    let (child, address) = start(workspace, portal, port);
    let (_, location, _) = browse(&address);
    let (status, _, page) = browse(&location.unwrap());
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(page.contains("You may close this window"));
    child.wait_with_output().unwrap()
}

fn tokens(workspace: &Workspace, portal: &Running) -> Value {
    let name = format!("127.0.0.1_{}.json", portal.server.address().port());
    let text =
        std::fs::read_to_string(workspace.path("config").join("brimful").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// `login` with what was copied from the browser of another machine.
pub(crate) fn login_with_code(workspace: &Workspace, at: &str, code: &str) -> Output {
    let app = ["--client-id", "local.app"];
    workspace
        .command(&[&["login", "--portal", at], &app[..], &["--code", code]].concat())
        .env("BRIMFUL_CLIENT_SECRET", SECRET)
        .output()
        .unwrap()
}

#[test]
fn after_the_dance_the_portals_address_is_enough() {
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    let output = log_in(&workspace, &portal, port);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains(", user 2, administrator\n"), "{said}");
    let kept = tokens(&workspace, &portal);
    for secret in [
        SECRET,
        kept["access_token"].as_str().unwrap(),
        kept["refresh_token"].as_str().unwrap(),
    ] {
        assert!(!said.contains(secret), "a secret is in {said}");
    }

    let at = origin(&portal);
    let output = workspace.run(&["call", "user.current", "--result", "--portal", &at]);
    let user: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(user["ID"], "2", "{}", stderr(&output));
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &at,
        "-o",
        "leads.jsonl",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(workspace.rows("leads.jsonl").len(), 60);
    let output = workspace.run(&["get", "crm.lead.get", "5", "--result", "--portal", &at]);
    assert!(output.status.success(), "{}", stderr(&output));

    let output = workspace.run(&["logout", "--portal", &at]);
    assert!(
        stderr(&output).ends_with(".json is removed\n"),
        "{}",
        stderr(&output)
    );
    let output = workspace.run(&["call", "user.current", "--portal", &at]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: you are not logged in to 127.0.0.1:PORT
    hint: brimful login lets an application in, or give the address of a webhook, such as https://example.bitrix24.ru/rest/1/code/
    "#);
}

#[test]
fn the_loudest_log_shows_no_secret() {
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    let at = origin(&portal);
    let page = format!("{at}/oauth/authorize/?client_id=local.app&state=x");
    let (_, location, _) = browse(&page);
    let location = location.unwrap();
    let code = location.split("code=").nth(1).unwrap();
    let code = code.split('&').next().unwrap();
    let login = workspace
        .command(&[
            "login",
            "--portal",
            &at,
            "--client-id",
            "local.app",
            "--code",
            &location,
        ])
        .env("BRIMFUL_CLIENT_SECRET", SECRET)
        .env("BRIMFUL_LOG", "trace")
        .output()
        .unwrap();
    assert!(login.status.success(), "{}", stderr(&login));
    let first = tokens(&workspace, &portal);
    portal
        .server
        .portal()
        .faults()
        .set("expired-token:times=1")
        .unwrap();
    let call = workspace
        .command(&["call", "user.current", "--portal", &at])
        .env("BRIMFUL_LOG", "trace")
        .output()
        .unwrap();
    assert!(call.status.success(), "{}", stderr(&call));
    let second = tokens(&workspace, &portal);
    for output in [login, call] {
        assert!(stderr(&output).len() > 1000, "there is no log");
        let mut secrets = vec![SECRET, code];
        for kept in [&first, &second] {
            secrets
                .extend(["access_token", "refresh_token"].map(|name| kept[name].as_str().unwrap()));
        }
        for secret in secrets {
            let said = stderr(&output);
            let line = said.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret} is in the log");
        }
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_tokens() {
    use std::os::unix::fs::PermissionsExt;
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    assert!(log_in(&workspace, &portal, port).status.success());
    let folder = workspace.path("config").join("brimful");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in std::fs::read_dir(&folder).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[cfg(unix)]
#[test]
fn tokens_that_others_can_read_are_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    assert!(log_in(&workspace, &portal, port).status.success());
    let folder = workspace.path("config").join("brimful");
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    let copy = workspace.path("copy.json");
    std::fs::copy(file.path(), &copy).unwrap();
    let call = ["call", "user.current", "--token-file", "copy.json"];
    assert_eq!(stderr(&workspace.run(&call)), "");
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o640)).unwrap();
    let output = workspace.run(&call);
    assert!(output.status.success());
    assert_eq!(
        stderr(&output),
        "warning: others than its owner can read the tokens in copy.json: chmod 600 copy.json\n"
    );
}

#[test]
fn an_expired_token_is_refreshed_and_the_new_ones_are_kept() {
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    assert!(log_in(&workspace, &portal, port).status.success());
    let before = tokens(&workspace, &portal);
    portal
        .server
        .portal()
        .faults()
        .set("expired-token:times=1")
        .unwrap();
    let output = workspace.run(&["call", "user.current", "--portal", &origin(&portal)]);
    assert!(output.status.success(), "{}", stderr(&output));
    let after = tokens(&workspace, &portal);
    assert_ne!(before["access_token"], after["access_token"]);
    assert_ne!(before["refresh_token"], after["refresh_token"]);
    assert_eq!(after["client_id"], "local.app");
    // The next run begins with them.
    let output = workspace.run(&["call", "user.current", "--portal", &origin(&portal)]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_login_that_is_over_says_so() {
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    assert!(log_in(&workspace, &portal, port).status.success());
    // Another portal at the same address, which has never given these tokens out.
    let mut kept = tokens(&workspace, &portal);
    kept["access_token"] = "accesstokenofnobody".into();
    kept["refresh_token"] = "refreshtokenofnobody".into();
    workspace.write("tokens.json", &kept.to_string());
    let output = workspace.run(&["call", "user.current", "--token-file", "tokens.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("hint: log in again: brimful login"),
        "{}",
        stderr(&output)
    );
    assert!(!stderr(&output).contains("ofnobody"), "{}", stderr(&output));
}

#[test]
fn other_requests_to_the_callback_address_are_refused() {
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    let (child, address) = start(&workspace, &portal, port);
    // A browser opens connections that it may need.
    let silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
    for path in [
        "favicon.ico",
        "?code=stolen&state=guessed",
        "?code=stolen",
        "?error=denied",
    ] {
        let (status, _, page) = browse(&format!("http://127.0.0.1:{port}/{path}"));
        assert_eq!(status, "HTTP/1.1 404 Not Found");
        assert!(!page.contains("stolen"));
    }
    let (_, location, _) = browse(&address);
    browse(&location.unwrap());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    drop(silent);
}

#[test]
fn the_code_can_be_copied_from_another_machine() {
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    let at = origin(&portal);
    let (_, location, _) = browse(&format!(
        "{at}/oauth/authorize/?client_id=local.app&state=x"
    ));
    let location = location.unwrap();
    let mut child = workspace
        .command(&[
            "login",
            "--portal",
            &at,
            "--client-id",
            "local.app",
            "--code",
            &location,
        ])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{SECRET}\n").as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));

    // A code is good for one exchange.
    let output = login_with_code(&workspace, &at, &location);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("hint: a code is good for 30 seconds"),
        "{}",
        stderr(&output)
    );
    assert!(!stderr(&output).contains(SECRET));
}

#[test]
fn the_address_that_one_was_sent_to_is_asked_for_and_its_state_looked_at() {
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    let at = origin(&portal);
    for (forged, code) in [(false, 0), (true, 1)] {
        let mut child = workspace
            .command(&[
                "login",
                "--portal",
                &at,
                "--client-id",
                "local.app",
                "--code",
                "-",
            ])
            .env("BRIMFUL_CLIENT_SECRET", SECRET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        let address = if forged {
            format!("{at}/oauth/authorize/?client_id=local.app&state=another")
        } else {
            address.trim_end().to_owned()
        };
        let (_, location, _) = browse(&address);
        let answer = format!("{}\n", location.unwrap());
        child
            .stdin
            .take()
            .unwrap()
            .write_all(answer.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    }
}

#[test]
fn nobody_comes_back() {
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    let output = workspace
        .command(&[
            "login",
            "--portal",
            &origin(&portal),
            "--client-id",
            "local.app",
            "--port",
            &port.to_string(),
            "--wait",
            "20ms",
        ])
        .env("BRIMFUL_CLIENT_SECRET", SECRET)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("error: no answer came within "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_is_missing_is_named() {
    let workspace = Workspace::new();
    let at = "https://example.bitrix24.ru";
    for (args, what) in [
        (vec!["login", "--client-id", "x"], "no portal is given"),
        (vec!["login", "--portal", at], "--client-id"),
        (
            vec!["login", "--portal", at, "--client-id", "x"],
            "there is no client_secret",
        ),
        (
            vec![
                "login",
                "--portal",
                "https://example.bitrix24.ru/rest/1/s3cr3tc0de42/",
                "--client-id",
                "x",
            ],
            "goes on after the host",
        ),
        (
            vec!["login", "--portal", "demo", "--client-id", "x"],
            "knows no application",
        ),
        (
            vec!["call", "user.current", "--token-file", "none.json"],
            "there are no tokens in none.json",
        ),
        (
            vec![
                "call",
                "user.current",
                "--token-file",
                "none.json",
                "--portal",
                "https://example.bitrix24.ru/rest/1/s3cr3tc0de42/",
            ],
            "goes on after the host",
        ),
    ] {
        let output = workspace
            .command(&args)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(what),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(!stderr(&output).contains("s3cr3tc0de42"));
    }
    workspace.write("tokens.json", "{\"access_token\": \"s3cr3ttoken\"}");
    let output = workspace.run(&["call", "user.current", "--token-file", "tokens.json"]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: tokens.json is not a file of a login
    hint: brimful login makes a new one
    "#);
}

#[test]
fn what_is_not_a_login_is_not_removed() {
    let workspace = Workspace::new();
    workspace.write("leads.jsonl", "{\"ID\": \"1\"}\n");
    let output = workspace.run(&["logout", "--token-file", "leads.jsonl"]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: leads.jsonl is not a file of a login
    hint: it is not removed
    "#);
    assert_eq!(workspace.files(), ["leads.jsonl"]);
}

#[test]
fn a_place_that_cannot_keep_tokens_is_named_before_a_code_is_spent() {
    let workspace = Workspace::new();
    workspace.write("file", "");
    let at = "https://example.bitrix24.ru";
    for place in ["file/tokens.json", "."] {
        let output = workspace
            .command(&[
                "login",
                "--portal",
                at,
                "--client-id",
                "x",
                "--code",
                "c",
                "--token-file",
                place,
            ])
            .env("BRIMFUL_CLIENT_SECRET", SECRET)
            .output()
            .unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(" could not be written: "), "{said}");
        assert!(
            said.ends_with("hint: --token-file says where else the tokens may be\n"),
            "{said}"
        );
    }
}

#[test]
fn an_answer_without_a_code_is_not_answered_with_the_same_command() {
    let workspace = Workspace::new();
    let at = "https://example.bitrix24.ru";
    let answer = "http://localhost:8917/?error=access_denied";
    let output = workspace
        .command(&[
            "login",
            "--portal",
            at,
            "--client-id",
            "x",
            "--code",
            answer,
        ])
        .env("BRIMFUL_CLIENT_SECRET", SECRET)
        .output()
        .unwrap();
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: the portal did not let the application in: access_denied
    hint: the portal gives a code to users who let the application in, and may keep that from some of its users
    "#);
}

#[test]
fn no_browser_comes_to_port_0() {
    let workspace = Workspace::new();
    let at = "https://example.bitrix24.ru";
    let output = workspace.run(&["login", "--portal", at, "--client-id", "x", "--port", "0"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("0 is not in 1..=65535"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_client_secret_goes_to_no_other_server_that_the_pasted_address_names() {
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    let at = origin(&portal);
    let asked = Arc::new(AtomicUsize::new(0));
    let other = {
        let asked = Arc::clone(&asked);
        server(move |_| {
            asked.fetch_add(1, Ordering::Relaxed);
            Vec::new()
        })
    };
    let (other, _) = other.split_once("/rest/").unwrap();
    let host = other.trim_start_matches("http://");
    let (_, location, _) = browse(&format!(
        "{at}/oauth/authorize/?client_id=local.app&state=x"
    ));
    let location = location.unwrap();
    let (before, query) = location.split_once('?').unwrap();
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.starts_with("server_domain=") && !pair.starts_with("domain="))
        .collect();
    let pasted = format!(
        "{before}?{}&server_domain={host}&domain={host}",
        kept.join("&")
    );
    let output = login_with_code(&workspace, &at, &pasted);
    assert_eq!(asked.load(Ordering::Relaxed), 0, "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let named = format!("{host} is named as the token server");
    assert!(stderr(&output).contains(&named), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("hint: if your portal"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_is_not_a_code_is_refused_before_anything_is_asked() {
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    let at = origin(&portal);
    let login = |args: &[&str]| {
        let given = ["login", "--portal", &at];
        let output = workspace
            .command(&[&given[..], args].concat())
            .env("BRIMFUL_CLIENT_SECRET", SECRET)
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            stderr(&output)
        );
        stderr(&output)
    };
    let app = ["--client-id", "local.app"];
    let said = login(&[&app[..], &["--code", "http://localhost:8917/"]].concat());
    assert!(said.contains("there is no code"), "{said}");
    let said = login(&["--client-id", "", "--code", "x"]);
    assert!(said.contains("there is no client_id"), "{said}");
    let server = ["--code", "x", "--token-server", "127.0.0.1:1"];
    let said = login(&[&app[..], &server].concat());
    assert!(
        said.contains("--token-server https://127.0.0.1:1"),
        "{said}"
    );
}

#[test]
fn a_token_server_that_cannot_be_reached_is_said_at_once_with_what_to_do() {
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    let at = origin(&portal);
    let https = at.replace("http://", "https://");
    let nobody = format!("http://127.0.0.1:{}/", free_port());
    for (server, hint) in [
        (
            https.as_str(),
            "the token server speaks http there, not https",
        ),
        (nobody.as_str(), "can reach the token server"),
    ] {
        let output = workspace
            .command(&[
                "login",
                "--portal",
                &at,
                "--client-id",
                "local.app",
                "--code",
                "c",
                "--token-server",
                server,
            ])
            .env("BRIMFUL_CLIENT_SECRET", SECRET)
            .output()
            .unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(hint), "{server}: {said}");
        assert!(said.contains("(after 3 attempts"), "{said}");
    }
}

#[test]
fn every_refusal_of_the_token_server_has_the_same_exit_code() {
    let (workspace, port) = (Workspace::new(), free_port());
    let portal = with_app(port);
    let at = origin(&portal);
    for (client, secret) in [
        ("local.app", SECRET),
        ("nobody", SECRET),
        ("local.app", "another secret"),
    ] {
        let output = workspace
            .command(&[
                "login",
                "--portal",
                &at,
                "--client-id",
                client,
                "--code",
                "c",
                "--token-server",
                &at,
            ])
            .env("BRIMFUL_CLIENT_SECRET", secret)
            .output()
            .unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{client}: {said}");
        assert!(said.contains("the token server answered: "), "{said}");
    }
}
