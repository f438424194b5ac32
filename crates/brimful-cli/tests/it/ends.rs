//! How commands end: readers that go away, devices that are full, signals, and runs that are resumed.

use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};
use std::time::Duration;

use brimful_portal::PortalConfig;
use tokio::time::Instant;

use crate::support::{Running, Workspace, ids, portal, stderr, stdout, words};

fn rows_of_all_kinds() -> Running {
    portal(
        PortalConfig::unlimited()
            .rows("crm.lead", 5_000)
            .rows("tasks.task", 5_000),
    )
}

/// Commands that write many rows to standard output.
const READING: [&[&str]; 4] = [
    &["export", "crm.lead.list", "-o", "-", "--rate", "off"],
    &["tasks", "list", "--rate", "off"],
    &[
        "get",
        "crm.lead.get",
        "--from",
        "crm.lead.list",
        "--rate",
        "off",
    ],
    &[
        "r7",
        "export",
        "people/filter",
        "-o",
        "-",
        "--rate",
        "off",
        "--portal",
        "demo",
    ],
];

#[test]
fn a_reader_that_goes_away_ends_every_reading_command_without_an_error() {
    let (workspace, portal) = (Workspace::new(), rows_of_all_kinds());
    for args in READING {
        let mut child = workspace
            .command(args)
            .env("BRIMFUL_PORTAL", portal.url())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.read_line(&mut line).unwrap();
        drop(reader);
        let output = child.wait_with_output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
        assert!(line.starts_with('{'), "{args:?}: {line}");
        assert!(!said.contains("error"), "{args:?}: {said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_an_error_of_every_command() {
    let (workspace, portal) = (Workspace::new(), rows_of_all_kinds());
    workspace.write("leads.jsonl", "{\"fields\":{\"TITLE\":\"a\"}}\n");
    let writing: [&[&str]; 2] = [
        &["call", "crm.lead.add", "--each", "leads.jsonl", "-o", "-"],
        &["fields", "crm.lead"],
    ];
    for args in READING.into_iter().chain(writing) {
        let full = std::fs::File::create("/dev/full").unwrap();
        let output = workspace
            .command(args)
            .env("BRIMFUL_PORTAL", portal.url())
            .stdout(full)
            .output()
            .unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains("No space left"), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
    }
    let left = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "--rate",
        "off",
        "-o",
        "-",
    ]);
    assert_eq!(stdout(&left).lines().count(), 5_000, "{}", stderr(&left));
}

/// Runs the program with its standard output redirected by a shell.
#[cfg(unix)]
fn redirected(workspace: &Workspace, portal: &Running, args: &[&str], to: &str) -> Output {
    let script = format!("exec \"$0\" \"$@\" {to}");
    std::process::Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_brimful")])
        .args(args)
        .current_dir(workspace.path("."))
        .env("BRIMFUL_PORTAL", portal.url())
        .env("TMPDIR", workspace.path("."))
        .output()
        .unwrap()
}

/// Commands that write to the portal and tell what came of it on standard output.
#[cfg(unix)]
const WRITING: [&[&str]; 5] = [
    &["call", "crm.lead.add", "--each", "leads.jsonl", "-o", "-"],
    &["call", "crm.lead.add", "--param", "fields[TITLE]=a"],
    &["batch", "batch.json"],
    &["tasks", "add", "--title", "a", "--responsible", "1"],
    &[
        "r7", "call", "POST", "people", "--param", "a=1", "--portal", "demo",
    ],
];

#[cfg(unix)]
fn write_inputs(workspace: &Workspace) {
    workspace.write("leads.jsonl", "{\"fields\":{\"TITLE\":\"a\"}}\n");
    workspace.write("batch.json", "{\"a\":\"crm.lead.add?fields[TITLE]=a\"}");
}

/// A program cannot tell a standard output that is closed from one that another program throws away by opening the
/// null device for reading too.
#[cfg(unix)]
#[test]
fn a_standard_output_that_is_closed_is_an_error_before_anything_is_sent() {
    let (workspace, portal) = (Workspace::new(), rows_of_all_kinds());
    write_inputs(&workspace);
    let reading: [&[&str]; 3] = [
        &["get", "crm.lead.get", "1"],
        &["batch", "batch.json"],
        &["methods", "crm.lead.*"],
    ];
    let commands = READING.into_iter().chain(WRITING).chain(reading);
    for args in commands {
        for to in [">&-", "1<>/dev/null"] {
            let output = redirected(&workspace, &portal, args, to);
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{args:?} {to}: {said}");
            assert!(
                said.contains("could not write to standard output: it is closed"),
                "{args:?} {to}: {said}"
            );
            assert!(said.contains("hint: "), "{args:?} {to}: {said}");
        }
    }
    assert_eq!(portal.server.portal().stats().requests, 0);
    assert_eq!(workspace.files(), ["batch.json", "leads.jsonl"]);
    for args in [READING[0], WRITING[1]] {
        let output = redirected(&workspace, &portal, args, "> /dev/null");
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_that_writes_sends_nothing_where_its_outcome_cannot_be_written() {
    let (workspace, portal) = (Workspace::new(), rows_of_all_kinds());
    write_inputs(&workspace);
    for args in WRITING {
        let output = redirected(&workspace, &portal, args, "> /dev/full");
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains("No space left"), "{args:?}: {said}");
        // A pipe that nobody reads.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = workspace
            .command(args)
            .env("BRIMFUL_PORTAL", portal.url())
            .env("TMPDIR", workspace.path("."))
            .stdout(writer)
            .output()
            .unwrap();
        let said = stderr(&output);
        assert!(said.contains("closed"), "{args:?}: {said}");
        assert_ne!(output.status.code(), Some(0), "{args:?}: {said}");
    }
    assert_eq!(portal.server.portal().stats().requests, 0);
    assert_eq!(workspace.files(), ["batch.json", "leads.jsonl"]);
}

/// Lead n has the title n.
#[cfg(unix)]
fn titles(count: u64) -> String {
    let line = |n| format!("{{\"fields\":{{\"TITLE\":\"n{n}\"}}}}\n");
    (1..=count).map(line).collect::<Vec<_>>().concat()
}

#[cfg(unix)]
#[test]
fn outcomes_that_a_reader_no_longer_takes_are_kept_on_the_disk_and_resumed() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    workspace.write("leads.jsonl", &titles(2_000));
    std::fs::create_dir(workspace.path("tmp")).unwrap();
    let url = portal.url();
    let each = [
        "call",
        "crm.lead.add",
        "--each",
        "leads.jsonl",
        "--rate",
        "off",
    ];
    let mut child = workspace
        .command(&each)
        .args(["-o", "-"])
        .env("BRIMFUL_PORTAL", &url)
        .env("TMPDIR", workspace.path("tmp"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut String::new()).unwrap();
    drop(reader);
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    let leads = || {
        let all = workspace.run(&["export", "crm.lead.list", "--portal", &url, "-o", "-"]);
        stdout(&all).lines().count()
    };
    let made = leads();
    assert!(made < 2_000, "{made}");

    let kept = said
        .lines()
        .find(|line| line.starts_with("kept: "))
        .unwrap();
    let file = kept
        .split(" in ")
        .nth(1)
        .and_then(|rest| rest.split(": ").next())
        .unwrap();
    let kept = std::fs::read_to_string(workspace.path(file)).unwrap();
    let done = kept.matches("\"outcome\":\"done\"").count();
    assert_eq!((done, kept.lines().count()), (made, made));

    // The hint can be pasted.
    let at = said.find("run again with: brimful ").unwrap();
    let command = said[at + "run again with: brimful ".len()..].trim_end();
    let script = format!("exec \"$0\" {command}");
    let output = std::process::Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_brimful")])
        .current_dir(workspace.path("."))
        .env("BRIMFUL_PORTAL", &url)
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {}", stderr(&output));
    assert_eq!(leads(), 2_000);
}

#[cfg(unix)]
#[test]
fn outcomes_that_all_reached_their_reader_are_not_kept_on_the_disk() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    workspace.write("leads.jsonl", &titles(120));
    std::fs::create_dir(workspace.path("tmp")).unwrap();
    let output = workspace
        .command(&["call", "crm.lead.add", "--each", "leads.jsonl", "-o", "-"])
        .env("BRIMFUL_PORTAL", portal.url())
        .env("TMPDIR", workspace.path("tmp"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 120);
    assert_eq!(std::fs::read_dir(workspace.path("tmp")).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn outcomes_of_a_batch_that_its_reader_did_not_take_are_kept_on_the_disk() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    let commands: Vec<String> = (0..3_000)
        .map(|n| format!("\"c{n}\":\"crm.lead.add?fields[TITLE]=n{n}\""))
        .collect();
    workspace.write("batch.json", &format!("{{{}}}", commands.join(",")));
    std::fs::create_dir(workspace.path("tmp")).unwrap();
    let mut child = workspace
        .command(&["batch", "batch.json", "--rate", "off"])
        .env("BRIMFUL_PORTAL", portal.url())
        .env("TMPDIR", workspace.path("tmp"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut String::new()).unwrap();
    drop(reader);
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("the commands were called: 3,000 done"),
        "{said}"
    );
    let kept = std::fs::read_dir(workspace.path("tmp")).unwrap().next();
    let kept = std::fs::read_to_string(kept.unwrap().unwrap().path()).unwrap();
    assert_eq!(kept.lines().count(), 3_000);
}

/// Interrupts an export in its middle by a signal.
#[cfg(unix)]
fn interrupted(workspace: &Workspace, portal: &Running, signal: &str) -> Output {
    let child = workspace
        .command(&[
            "export",
            "crm.lead.list",
            "--rate",
            "3,0.001",
            "-o",
            "leads.jsonl",
        ])
        .env("BRIMFUL_PORTAL", portal.url())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let partial = workspace.path("leads.jsonl.partial");
    let answered = || portal.server.portal().stats();
    while answered().requests < 2 || answered().in_flight > 0 || !partial.exists() {
        std::thread::yield_now();
    }
    let killed = std::process::Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    child.wait_with_output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_closed_terminal_ends_an_export_as_sigterm_does() {
    let (workspace, portal) = (Workspace::new(), rows_of_all_kinds());
    for (signal, code) in [("-HUP", 129), ("-TERM", 143)] {
        let output = interrupted(&workspace, &portal, signal);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(!workspace.path("leads.jsonl").exists());
        let _ = std::fs::remove_file(workspace.path("leads.jsonl.partial"));
    }
}

#[test]
fn kept_rows_are_resumed_and_never_overwritten() {
    let (workspace, portal) = (Workspace::new(), rows_of_all_kinds());
    let url = portal.url();
    let all = [
        "export",
        "crm.lead.list",
        "--portal",
        &url,
        "--select",
        "ID",
        "-o",
        "leads.jsonl",
    ];
    let kept = "{\"ID\":\"1\"}\n{\"ID\":\"2\"}\n{\"ID\"";
    workspace.write("leads.jsonl.partial", kept);

    let output = workspace.run(&all);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("-o leads.jsonl --resume"), "{said}");
    let left = std::fs::read_to_string(workspace.path("leads.jsonl.partial")).unwrap();
    assert_eq!(left, kept);

    let mut resume = all.to_vec();
    resume.push("--resume");
    let output = workspace.run(&resume);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("resuming after ID 2: 2 leads are in"),
        "{said}"
    );
    assert!(
        said.contains("5,000 leads (2 of them from before)"),
        "{said}"
    );
    assert_eq!(
        ids(&workspace.rows("leads.jsonl")),
        (1..=5_000).collect::<Vec<u64>>()
    );
    assert_eq!(workspace.files(), ["leads.jsonl"]);
}

#[test]
fn a_list_that_does_not_come_by_id_is_not_resumed() {
    let (workspace, portal) = (Workspace::new(), rows_of_all_kinds());
    let kept = "{\"ID\":\"1\"}\n";
    workspace.write("leads.jsonl.partial", kept);
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "--walk",
        "pages",
        "-o",
        "leads.jsonl",
        "--resume",
    ]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("rm leads.jsonl.partial"), "{said}");
    let left = std::fs::read_to_string(workspace.path("leads.jsonl.partial")).unwrap();
    assert_eq!(left, kept);
}

#[test]
fn an_export_can_stop_after_the_first_rows() {
    let (workspace, portal) = (Workspace::new(), rows_of_all_kinds());
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "--top",
        "120",
        "-o",
        "-",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 120);
    assert!(stderr(&output).starts_with("the first 120 leads: standard output"));
}

#[test]
fn a_format_that_is_not_written_is_refused() {
    let workspace = Workspace::new();
    for name in ["leads.csv", "leads.xlsx", "leads.jsonl.gz"] {
        let output = workspace.run(&["get", "crm.lead.get", "7", "--portal", "demo", "-o", name]);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).contains("only JSON Lines are written"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn the_reply_to_a_call_is_written_to_a_file() {
    let (workspace, portal) = (Workspace::new(), rows_of_all_kinds());
    let output = workspace.run(&[
        "call",
        "crm.lead.get",
        "--param",
        "id=7",
        "--result",
        "--portal",
        &portal.url(),
        "-o",
        "lead.json",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(workspace.rows("lead.json")[0]["ID"], "7");
    assert_eq!(stdout(&output), "");
}

#[test]
fn mistakes_of_newcomers_are_explained() {
    let workspace = Workspace::new();
    workspace.write("array.jsonl", "[{\"id\":1},{\"id\":2}]\n");
    for (args, hint) in [
        (
            &["export", "crm.deal.list", "-o", "x.jsonl", "--filter"][..],
            "quote the condition",
        ),
        (
            &["export", "crm.deal.list", "-o", "x.jsonl", "--limit", "10"],
            "--top 10",
        ),
        (&["get", "crm.deal", "12"], "did you mean crm.deal.get?"),
        (&["get", "crm.deal.get", "1,2;3"], "1,2,3"),
        (&["tasks", "list", "--responsible", "Анна"], "such as 5"),
        (
            &["tasks", "list", "--deadline-before", "01.12.2026"],
            "2026-12-01",
        ),
        (
            &[
                "call",
                "crm.lead.delete",
                "--each",
                "array.jsonl",
                "-o",
                "out.jsonl",
            ],
            "jq -c '.[]'",
        ),
    ] {
        let mut all = args.to_vec();
        if !args.contains(&"--filter") {
            all.extend(["--portal", "demo"]);
        }
        let output = workspace.run(&all);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(hint),
            "{args:?}: {}",
            stderr(&output)
        );
    }
    let output = workspace
        .command(&["call", "user.current"])
        .env("BRIMFUL_PORTAL", "")
        .output()
        .unwrap();
    assert!(
        stderr(&output).contains("no portal is given"),
        "{}",
        stderr(&output)
    );
}

#[cfg(unix)]
#[test]
fn too_few_open_files_are_named_as_the_cause() {
    let workspace = Workspace::new();
    for limit in [7, 9, 31] {
        let script = format!(
            "ulimit -n {limit}; exec {} export crm.lead.list --portal demo -o leads.jsonl",
            env!("CARGO_BIN_EXE_brimful")
        );
        let output = std::process::Command::new("bash")
            .args(["-c", &script])
            .current_dir(workspace.path("."))
            .output()
            .unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{limit}: {said}");
        assert!(said.contains("ulimit -n"), "{limit}: {said}");
    }
}

/// Commands that a deadline cuts short, the rate at which they are, and what the command that they name has in it.
const CUT_SHORT: [(&str, &str, &[&str]); 5] = [
    (
        "export crm.lead.list -o leads.jsonl",
        "2,0.001",
        &["-o leads.jsonl", "--resume"],
    ),
    (
        "tasks list --rest 2 --select id -o tasks.jsonl",
        "2,0.001",
        &["-o tasks.jsonl", "--resume"],
    ),
    (
        "get crm.lead.get --from crm.lead.list -o g.jsonl",
        "9,0.001",
        &["--from crm.lead.list", "-o g.rest.jsonl", "--filter '>ID="],
    ),
    (
        "get crm.lead.get --ids ids.txt -o ids.jsonl",
        "3,0.001",
        &[
            "jq -r 'select(.outcome != \"done\").id' ids.jsonl | brimful get crm.lead.get",
            "--ids - -o ids.rest.jsonl",
        ],
    ),
    (
        "sync crm.lead --to sqlite:kept.db",
        "2,0.001",
        &["brimful sync crm.lead --to sqlite:kept.db"],
    ),
];

/// The hints that name a command to run again.
fn commands_to_run_again(said: &str) -> Vec<&str> {
    let hints = said.lines().filter(|line| line.starts_with("hint: "));
    hints
        .filter(|line| line.contains("run again with: "))
        .collect()
}

#[test]
fn what_a_deadline_cuts_short_names_the_command_that_gets_the_rest() {
    let (workspace, portal) = (Workspace::new(), rows_of_all_kinds());
    let ids: Vec<String> = (1..=900).map(|id| id.to_string()).collect();
    workspace.write("ids.txt", &ids.join("\n"));
    let started = CUT_SHORT.map(|(command, rate, hint)| {
        let child = workspace
            .command(&words(command))
            .args(["--rate", rate, "--deadline", "8s"])
            .env("BRIMFUL_PORTAL", portal.url())
            .stderr(Stdio::piped())
            .spawn();
        (command, hint, child.unwrap())
    });
    for (command, hint, child) in started {
        let output = child.wait_with_output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{command}: {said}");
        let hints = commands_to_run_again(&said);
        assert_eq!(hints.len(), 1, "{command}: {said}");
        for part in hint {
            assert!(hints[0].contains(part), "{part}: {said}");
        }
    }
    // The rest of the items can be had as it says.
    let done = workspace.rows("g.jsonl");
    let done = done
        .iter()
        .take_while(|row| row["outcome"] == "done")
        .count();
    assert!((1..5_000).contains(&done), "{done}");
    let filter = format!(">ID={done}");
    let rest = format!("get crm.lead.get --from crm.lead.list -o g.rest.jsonl --filter {filter}");
    let mut rest = workspace.command(&words(&rest));
    rest.args(["--rate", "off"]);
    let output = rest.env("BRIMFUL_PORTAL", portal.url()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(workspace.rows("g.rest.jsonl").len(), 5_000 - done);
}

#[cfg(unix)]
#[test]
fn an_export_to_a_pipe_that_nobody_reads_ends_at_its_deadline() {
    let (workspace, portal) = (Workspace::new(), rows_of_all_kinds());
    let mut child = workspace
        .command(&["export", "crm.lead.list", "-o", "-"])
        .args(["--rate", "off", "--deadline", "3s"])
        .env("BRIMFUL_PORTAL", portal.url())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It is never read, and stays open.
    let unread = child.stdout.take();
    let output = child.wait_with_output().unwrap();
    drop(unread);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("give it more time with --deadline"), "{said}");
}

#[test]
fn a_portal_in_the_same_process_that_sorts_for_long_does_not_outlast_the_deadline() {
    let workspace = Workspace::new();
    let order = r#"order={"TITLE":"ASC"}"#;
    let started = Instant::now();
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--param",
        order,
        "-o",
        "leads.jsonl",
        "--portal",
        "demo",
        "--deadline",
        "1s",
    ]);
    let took = started.elapsed();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    // Each page is sorted for itself: the first request has far more than that to do.
    assert!(took < Duration::from_secs(20), "{took:?}");
}
