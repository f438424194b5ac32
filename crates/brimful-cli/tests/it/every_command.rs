//! How every command ends where something around it does: standard output, the disk, limits of the process, signals.
#![cfg(all(unix, feature = "sync", feature = "r7"))]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use brimful_portal::PortalConfig;

use crate::support::{Running, Workspace, portal, stderr, stdout};

/// What a command does to the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// It asks the portal of the test for rows.
    Reads,
    Writes,
    /// It asks no portal, or one of its own.
    Nothing,
}
use Does::{Nothing, Reads, Writes};

/// A command, what it does, and whether its result goes to standard output.
type Case = (&'static str, Does, bool);

const CASES: [Case; 34] = [
    ("export crm.lead.list -o -", Reads, true),
    ("export crm.lead.list -o rows.jsonl", Reads, false),
    ("export crm.lead.list -o rows.csv", Reads, false),
    ("export crm.lead.list --to sqlite:rows.db", Reads, false),
    ("export crm.lead.list --format singer", Reads, true),
    ("sync crm.lead --to sqlite:kept.db", Reads, false),
    ("sync --list", Nothing, true),
    ("status --to sqlite:synced.db", Nothing, true),
    ("verify --to sqlite:synced.db", Reads, true),
    ("init --portal demo --to sqlite:x.db users", Nothing, false),
    ("get crm.lead.get 1 2 3", Reads, true),
    ("get crm.lead.get --from crm.lead.list", Reads, true),
    ("get crm.lead.get 1 2 3 -o got.jsonl", Reads, false),
    ("call crm.lead.list", Reads, true),
    ("call crm.lead.get --param id=1 -o reply.json", Reads, false),
    ("call crm.lead.add --param fields[TITLE]=a", Writes, true),
    (
        "call crm.lead.add --param fields[TITLE]=a -o made.json",
        Writes,
        false,
    ),
    ("call crm.lead.add --each leads.jsonl -o -", Writes, true),
    (
        "call crm.lead.add --each leads.jsonl -o outcomes.jsonl",
        Writes,
        false,
    ),
    ("batch batch.json", Writes, true),
    ("batch batch.json -o batch.jsonl", Writes, false),
    ("fields crm.lead", Reads, true),
    ("methods crm.lead.*", Nothing, true),
    ("limits", Reads, true),
    ("tasks list", Reads, true),
    ("tasks list -o tasks.jsonl", Reads, false),
    ("tasks get 1", Reads, true),
    ("tasks add --title a --responsible 1", Writes, true),
    ("r7 call GET people --portal demo", Nothing, true),
    ("r7 export people/filter -o - --portal demo", Nothing, true),
    ("completions bash", Nothing, true),
    ("help export", Nothing, true),
    (
        "logout --portal https://example.bitrix24.ru",
        Nothing,
        false,
    ),
    (
        "login --portal https://example.bitrix24.ru --client-id x --code -",
        Nothing,
        true,
    ),
];

struct Bench {
    workspace: Workspace,
    portal: Running,
}

impl Bench {
    fn new(config: PortalConfig) -> Self {
        Self::with(config, None)
    }

    /// A portal, and the rows of another one in the store that is kept in sync.
    fn with(config: PortalConfig, source: Option<&Running>) -> Self {
        let workspace = Workspace::new();
        workspace.write("leads.jsonl", "{\"fields\":{\"TITLE\":\"a\"}}\n");
        workspace.write("batch.json", "{\"a\":\"crm.lead.add?fields[TITLE]=a\"}");
        std::fs::create_dir(workspace.path("tmp")).unwrap();
        let rows = |config: PortalConfig| config.rows("crm.lead", 120).rows("tasks.task", 60);
        let bench = Self {
            workspace,
            portal: portal(rows(config)),
        };
        let synced: Vec<&str> = "sync crm.lead --to sqlite:synced.db".split(' ').collect();
        let mut sync = bench.workspace.command(&synced);
        let sync = sync.env("BRIMFUL_PORTAL", source.unwrap_or(&bench.portal).url());
        assert!(sync.output().unwrap().status.success());
        bench
    }

    /// Runs a command in a shell, behind `limits` and with its streams redirected by `to`.
    fn shell(&self, case: &str, limits: &str, to: &str) -> Command {
        let mut command = Command::new("bash");
        command
            .args([
                "-c",
                &format!("{limits} exec \"$0\" \"$@\" {to}"),
                env!("CARGO_BIN_EXE_brimful"),
            ])
            .args(case.split(' '))
            .current_dir(self.workspace.path("."))
            .env("BRIMFUL_PORTAL", self.portal.url())
            .env("BRIMFUL_CLIENT_SECRET", "a secret of an application")
            .env("XDG_CONFIG_HOME", self.workspace.path("config"))
            .env("TMPDIR", self.workspace.path("tmp"))
            .stdin(Stdio::null());
        command
    }

    fn run(&self, case: &str, limits: &str, to: &str) -> Output {
        let output = self.shell(case, limits, to).output().unwrap();
        let said = stderr(&output);
        assert!(!said.contains("panicked"), "{case}: {said}");
        assert!(
            output.status.code().is_some(),
            "{case}: {} {said}",
            output.status
        );
        self.tidy();
        output
    }

    /// Removes what a run has made, so that the next one finds the same.
    fn tidy(&self) {
        for name in self.workspace.files() {
            let kept = ["leads.jsonl", "batch.json", "synced.db", "tmp"];
            let path = self.workspace.path(&name);
            if !kept.contains(&name.as_str()) && path.is_file() {
                std::fs::remove_file(path).unwrap();
            }
        }
    }

    fn requests(&self) -> u64 {
        self.portal.server.portal().stats().requests
    }
}

#[test]
fn the_table_of_ends_has_every_command() {
    let help = Workspace::new().run(&["--help"]);
    let help = stdout(&help);
    let commands = help.split("Commands:\n").nth(1).unwrap();
    let commands = commands.split("\n\n").next().unwrap();
    let names: BTreeSet<&str> = commands
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let mut in_table: BTreeSet<&str> = CASES
        .iter()
        .filter_map(|(case, ..)| case.split(' ').next())
        .collect();
    in_table.insert("portal");
    assert_eq!(names, in_table);
}

#[test]
fn every_command_that_prints_refuses_a_closed_standard_output_before_it_asks_anything() {
    let bench = Bench::new(PortalConfig::unlimited());
    for (case, _, prints) in CASES {
        let before = bench.requests();
        let output = bench.run(case, "", ">&-");
        let (said, code) = (stderr(&output), output.status.code().unwrap());
        if prints {
            assert_eq!(code, 1, "{case}: {said}");
            assert!(said.contains("it is closed"), "{case}: {said}");
            assert_eq!(bench.requests(), before, "{case}");
        } else {
            assert_eq!(code, 0, "{case}: {said}");
        }
    }
}

#[test]
fn a_portal_whose_address_nobody_would_know_is_not_started() {
    let bench = Bench::new(PortalConfig::unlimited());
    bench.workspace.write("own.jsonl", "{\"ID\":\"1\"}\n");
    for case in [
        "portal --port 0",
        "portal --port 8024 --load lead=own.jsonl",
    ] {
        let output = bench.run(case, "", ">&-");
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{case}: {said}");
        assert!(said.contains("hint: "), "{case}: {said}");
        bench.workspace.write("own.jsonl", "{\"ID\":\"1\"}\n");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn every_command_that_prints_says_that_the_device_is_full() {
    let bench = Bench::new(PortalConfig::unlimited());
    for (case, does, prints) in CASES
        .into_iter()
        .chain([("portal --port 0", Nothing, true)])
    {
        let before = bench.requests();
        let output = bench.run(case, "", "> /dev/full");
        let (said, code) = (stderr(&output), output.status.code().unwrap());
        if prints {
            assert!(matches!(code, 1 | 3), "{case}: {code} {said}");
            assert!(said.contains("No space left"), "{case}: {said}");
        } else {
            assert_eq!(code, 0, "{case}: {said}");
        }
        if prints && does == Writes {
            assert_eq!((code, bench.requests()), (1, before), "{case}");
        }
    }
}

#[test]
fn no_command_breaks_where_nobody_reads_what_it_prints() {
    let bench = Bench::new(PortalConfig::unlimited());
    for (case, does, prints) in CASES {
        let before = bench.requests();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = bench.shell(case, "", "").stdout(writer).output().unwrap();
        bench.tidy();
        let said = stderr(&output);
        let code = output.status.code();
        assert!(!said.contains("panicked"), "{case}: {said}");
        if does == Writes && prints {
            assert!(matches!(code, Some(1 | 3)), "{case}: {code:?} {said}");
            assert_eq!(bench.requests(), before, "{case}");
        } else if !case.starts_with("login") {
            assert_eq!(code, Some(0), "{case}: {said}");
        }
    }
}

#[test]
fn every_command_names_the_limit_of_open_files() {
    let bench = Bench::new(PortalConfig::unlimited());
    for (case, ..) in CASES {
        if case.starts_with("help") {
            continue;
        }
        for limit in ["ulimit -n 7;", "ulimit -n 31;"] {
            let before = bench.requests();
            let output = bench.run(case, limit, "");
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{case}: {said}");
            assert!(said.contains("ulimit -n"), "{case}: {said}");
            assert_eq!(bench.requests(), before, "{case}");
        }
        // Enough for what it needs itself.
        let output = bench.run(case, "ulimit -n 48;", "");
        if !case.starts_with("login") {
            assert_eq!(output.status.code(), Some(0), "{case}: {}", stderr(&output));
        }
    }
}

#[test]
fn no_command_is_killed_by_a_limit_of_the_size_of_files() {
    let bench = Bench::new(PortalConfig::unlimited());
    for (case, does, prints) in CASES {
        let before = bench.requests();
        let output = bench.run(case, "ulimit -f 0;", "2>&1 | cat; exit ${PIPESTATUS[0]}");
        let (said, code) = (stdout(&output), output.status.code().unwrap());
        assert!(!said.contains("panicked"), "{case}: {said}");
        if case.starts_with("login") {
            continue;
        }
        // Writes that go to standard output keep a copy on the disk until it is read.
        if prints && does != Writes {
            assert_eq!(code, 0, "{case}: {said}");
        } else if !case.starts_with("logout") {
            assert!(matches!(code, 0 | 1 | 3), "{case}: {code} {said}");
            let told = code == 0 || said.contains("\"result\"") || said.contains("unknown");
            assert!(
                bench.requests() == before || does != Writes || told,
                "{case}: {code} {said}"
            );
        }
    }
}

/// Sends a signal to the program.
#[cfg(unix)]
fn send_signal(child: &std::process::Child, signal: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status().unwrap();
    assert!(sent.success());
}

#[cfg(unix)]
impl Bench {
    /// The texts of all files with outcomes.
    fn kept_outcomes(&self) -> String {
        let files = self.workspace.files().into_iter();
        files
            .filter(|name| name.contains("json"))
            .filter_map(|name| std::fs::read_to_string(self.workspace.path(&name)).ok())
            .collect()
    }

    /// No file has the name that a complete one gets.
    fn assert_no_whole_file(&self) {
        let whole = [
            "rows.jsonl",
            "rows.csv",
            "got.jsonl",
            "reply.json",
            "tasks.jsonl",
        ];
        let files = self.workspace.files();
        assert!(
            files.iter().all(|name| !whole.contains(&name.as_str())),
            "{files:?}"
        );
    }
}

#[test]
fn every_command_that_waits_for_the_portal_ends_at_a_signal_and_tells_of_writes() {
    let hangs = PortalConfig::unlimited().latency(Duration::from_secs(600));
    let source = portal(PortalConfig::unlimited().rows("crm.lead", 120));
    let mut bench = Bench::with(hangs.clone(), Some(&source));
    for (case, does, _) in CASES {
        if does == Nothing {
            continue;
        }
        for (signal, number) in [("-INT", 2), ("-TERM", 15), ("-HUP", 1)] {
            bench.portal = portal(hangs.clone());
            let mut shell = bench.shell(case, "", "");
            // A program that runs in the background may be started with signals that are ignored.
            let mut child = shell
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let stats = || bench.portal.server.portal().stats();
            while stats().requests == 0 && stats().in_flight == 0 {
                let ended = child.try_wait().unwrap();
                assert!(ended.is_none(), "{case} ended before it asked: {ended:?}");
                std::thread::yield_now();
            }
            send_signal(&child, signal);
            let mut told = String::new();
            if case.contains("--each") || case.starts_with("batch") {
                // Outcomes are waited for until the second signal.
                let mut messages = BufReader::new(child.stderr.take().unwrap());
                while !told.contains("press Ctrl-C again") {
                    assert_ne!(messages.read_line(&mut told).unwrap(), 0, "{case}: {told}");
                }
                send_signal(&child, signal);
                messages.read_to_string(&mut told).unwrap();
            }
            let output = child.wait_with_output().unwrap();
            let said = format!("{told}{}{}", stderr(&output), stdout(&output));
            let status = output.status;
            let ended = status
                .code()
                .or_else(|| status.signal().map(|signal| 128 + signal));
            assert_eq!(ended, Some(128 + number), "{case}: {said}");
            if does == Writes {
                let told = format!("{said}{}", bench.kept_outcomes());
                assert!(
                    told.contains("may have run") || told.contains("unknown"),
                    "{case} {signal}: {told}"
                );
            } else {
                bench.assert_no_whole_file();
            }
            bench.tidy();
        }
    }
}
