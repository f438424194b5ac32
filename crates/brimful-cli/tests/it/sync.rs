//! A database that is kept equal to a portal.

use std::process::Stdio;

use brimful_portal::PortalConfig;

use crate::support::{Workspace, portal, stderr, stdout, words};

fn config() -> PortalConfig {
    PortalConfig::unlimited()
        .rows("crm.deal", 300)
        .rows("user", 5)
}

#[test]
fn a_database_is_filled_brought_up_to_date_and_verified() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let url = portal.url();
    let sync = [
        "sync",
        "crm.deal",
        "users",
        "--to",
        "sqlite:portal.db",
        "--rate",
        "off",
        "--portal",
        &url,
    ];
    let output = workspace.run(&sync);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("crm.deal: 300 rows read (all), 300 new or changed; 300 rows now"),
        "{said}"
    );
    let output = workspace.run(&sync);
    assert!(
        stderr(&output).contains("crm.deal: 0 rows read, 0 new or changed"),
        "{}",
        stderr(&output)
    );
    let output = workspace.run(&[
        "verify",
        "--to",
        "sqlite:portal.db",
        "--rate",
        "off",
        "--portal",
        &url,
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        stdout(&output).matches("equal").count(),
        2,
        "{}",
        stdout(&output)
    );
    let output = workspace.run(&["status", "--to", "sqlite:portal.db"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        stdout(&output).matches("up to date").count(),
        2,
        "{}",
        stdout(&output)
    );
}

#[test]
fn the_entities_that_are_behind_are_named_and_the_others_are_done() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let url = portal.url();
    let output = workspace.run(&[
        "sync",
        "crm.item:999",
        "crm.deal",
        "--to",
        "sqlite:portal.db",
        "--portal",
        &url,
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("1 of 2 entities up to date"), "{said}");
    assert!(said.contains("crm.deal: 300 rows read"), "{said}");
}

#[test]
fn what_cannot_be_kept_in_sync_is_refused_before_anything_is_asked() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let url = portal.url();
    for (entity, word) in [
        ("crm.deals", "did you mean crm.deal?"),
        ("crm.item", "crm.item:128"),
        ("crm.deal.add", "--list"),
    ] {
        let output = workspace.run(&["sync", entity, "--to", "sqlite:portal.db", "--portal", &url]);
        assert_eq!(output.status.code(), Some(2), "{entity}");
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
    let output = workspace.run(&["status", "--to", "sqlite:portal.db"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(portal.server.portal().stats().requests, 0);
    let output = workspace.run(&["sync", "--list"]);
    assert!(
        stdout(&output).contains("crm.item:128"),
        "{}",
        stdout(&output)
    );
}

#[cfg(unix)]
#[test]
fn a_sync_that_stays_is_ended_cleanly_by_sigterm() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let url = portal.url();
    let mut child = workspace
        .command(&[
            "sync",
            "users",
            "--every",
            "1h",
            "--to",
            "sqlite:portal.db",
            "--portal",
            &url,
        ])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("1 entity up to date") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut said, &mut line).unwrap() > 0);
    }
    let killed = std::process::Command::new("kill")
        .arg(child.id().to_string())
        .status();
    assert!(killed.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// A database with 300 deals and users in it.
fn filled(workspace: &Workspace, url: &str) {
    let args = ["sync", "crm.deal", "users", "--to", "sqlite:portal.db"];
    let output = workspace.run(&[&args[..], &["--rate", "off", "--portal", url]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
}

/// Runs SQL in the database.
fn sql(workspace: &Workspace, sql: &str) {
    let database = rusqlite::Connection::open(workspace.path("portal.db")).unwrap();
    database.execute_batch(sql).unwrap();
}

#[test]
fn a_table_that_was_never_loaded_or_interrupted_is_behind_and_said_to_be() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    filled(&workspace, &portal.url());
    for (change, said) in [
        (
            "json_set(sync, '$.reading', json_object('since', null, 'started', json_extract(sync, '$.succeeded'), 'after', 7))",
            "interrupted after ID 7",
        ),
        (
            "json_remove(sync, '$.succeeded', '$.reading')",
            "never loaded",
        ),
    ] {
        sql(
            &workspace,
            &format!("UPDATE _brimful_state SET sync = {change} WHERE \"table\" LIKE '%deal%'"),
        );
        let output = workspace.run(&["status", "--to", "sqlite:portal.db"]);
        assert!(
            stdout(&output).contains(said),
            "{}{}",
            stdout(&output),
            stderr(&output)
        );
        assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    }
}

#[test]
fn a_state_that_cannot_be_read_is_an_error_that_names_the_table() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    filled(&workspace, &portal.url());
    for broken in ["'{'", "''", "'[1]'"] {
        sql(
            &workspace,
            &format!("UPDATE _brimful_state SET sync = {broken} WHERE \"table\" LIKE '%deal%'"),
        );
        let output = workspace.run(&["status", "--to", "sqlite:portal.db"]);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{broken}: {}",
            stdout(&output)
        );
        let said = stderr(&output);
        assert!(said.contains("deal is unreadable"), "{said}");
    }
}

#[test]
fn a_reader_that_has_gone_is_not_a_failure_of_status_verify_and_the_list_of_entities() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let url = portal.url();
    filled(&workspace, &url);
    let store = ["--to", "sqlite:portal.db"];
    for args in [
        ["status"].iter().chain(&store).copied().collect::<Vec<_>>(),
        ["verify", "--rate", "off", "--portal", &url]
            .iter()
            .chain(&store)
            .copied()
            .collect(),
        vec!["sync", "--list"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = workspace
            .command(&args)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{args:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn conditions_fields_and_the_table_of_an_entity_are_kept_from_run_to_run() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let url = portal.url();
    let sync = |filter: &str| {
        let kept = "--select 'crm.deal TITLE,OPPORTUNITY' --table 'crm.deal deals'";
        let command =
            format!("sync crm.deal --filter '{filter}' {kept} --to sqlite:portal.db --rate off");
        workspace.run(&[&words(&command)[..], &["--portal", &url]].concat())
    };
    let cheap = "crm.deal <=OPPORTUNITY=500000";
    let output = sync(cheap);
    assert!(output.status.success(), "{}", stderr(&output));
    let kept = stderr(&output);
    assert!(!kept.contains("crm.deal: 300 rows read"), "{kept}");
    let rows = kept
        .split("crm.deal: ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .unwrap();
    assert!(rows.parse::<u64>().unwrap() > 50, "{kept}");
    let said = stderr(&sync(cheap));
    assert!(
        said.contains("crm.deal: 0 rows read, 0 new or changed"),
        "{said}"
    );
    // What is verified is what is kept: the rows that meet the condition, in the fields that were asked for.
    let verify = words("verify --to sqlite:portal.db --rate off --portal");
    let output = workspace.run(&[&verify[..], &[&url]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("equal"), "{}", stdout(&output));
    let output = workspace.run(&["status", "--to", "sqlite:portal.db"]);
    assert!(stdout(&output).contains("deals"), "{}", stdout(&output));
    for (refused, message) in [
        // A condition on what changes are found by cannot be kept.
        ("crm.deal >=DATE_MODIFY=2026-01-01", "DATE_MODIFY"),
        ("crm.lead <=OPPORTUNITY=5", "add crm.lead to the command"),
    ] {
        let output = sync(refused);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn a_file_names_portals_and_the_failure_of_one_does_not_stop_the_other() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    workspace.write("alive.webhook", &format!("{}\n", portal.url()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let owner_only = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(workspace.path("alive.webhook"), owner_only).unwrap();
    }
    workspace.write(
        "brimful.toml",
        r#"portals-at-once = 1
[sync]
entities = ["crm.deal", "users"]
rate = "off"

[portals.alive]
webhook-file = "alive.webhook"
to = "sqlite:alive.db"

[portals.gone]
webhook-env = "GONE_WEBHOOK"
to = "sqlite:gone.db"
"#,
    );
    let gone = "http://127.0.0.1:1/rest/1/g0newebh00k/";
    let sync = |args: &[&str]| {
        let mut command = workspace.command(args);
        command.env("GONE_WEBHOOK", gone).output().unwrap()
    };
    // Without the variable nothing is begun.
    let output = workspace.run(&["sync"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("brimful.toml:11: webhook-env: the environment has no GONE_WEBHOOK"),
        "{said}"
    );
    let output = sync(&["sync"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("alive: 2 entities up to date"), "{said}");
    assert!(said.contains("PORTAL") && said.contains("gone"), "{said}");
    assert!(!said.contains("g0newebh00k"), "{said}");
    let output = workspace.run(&["status", "--to", "sqlite:alive.db"]);
    assert_eq!(stdout(&output).matches("up to date").count(), 2);
    // The store of the other one is not there. It has a line, and this one has its own.
    let output = sync(&["status"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = stdout(&output);
    assert_eq!(said.matches("up to date").count(), 2, "{said}");
    assert!(
        said.contains("gone") && said.contains("no such file"),
        "{said}"
    );
    let output = sync(&["verify"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert_eq!(stdout(&output).matches("equal").count(), 2);
    let said = stderr(&output);
    assert!(
        said.contains("gone: ") && said.contains("no such file"),
        "{said}"
    );
    assert!(!said.contains("g0newebh00k"), "{said}");
}

#[test]
fn verify_and_status_go_on_behind_a_portal_whose_store_is_not_there() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    // It comes before the other one in the file's order.
    workspace.write(
        "brimful.toml",
        r#"[sync]
entities = ["users"]
rate = "off"
webhook-env = "ALIVE_WEBHOOK"
[portals.absent]
to = "sqlite:absent.db"
[portals.present]
to = "sqlite:portal.db"
"#,
    );
    filled(&workspace, &portal.url());
    for command in ["status", "verify"] {
        let mut run = workspace.command(&[command]);
        let output = run.env("ALIVE_WEBHOOK", portal.url()).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        let said = format!("{}{}", stdout(&output), stderr(&output));
        assert!(said.contains("absent.db: there is no such file"), "{said}");
        assert!(said.contains("users"), "{command}: {said}");
    }
}

#[test]
fn a_file_of_settings_is_written_once_and_read_by_sync_status_and_verify() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let output = workspace.run(&["sync"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("brimful init"),
        "{}",
        stderr(&output)
    );
    let init = words("init --to sqlite:portal.db crm.deal users --labels");
    let output = workspace.run(&init);
    assert!(output.status.success(), "{}", stderr(&output));
    let written = std::fs::read_to_string(workspace.path("brimful.toml")).unwrap();
    assert!(
        written.contains("webhook-env = \"BRIMFUL_PORTAL\""),
        "{written}"
    );
    let output = workspace.run(&init);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("there already"),
        "{}",
        stderr(&output)
    );
    let run = |args: &[&str]| {
        let mut command = workspace.command(args);
        command
            .env("BRIMFUL_PORTAL", portal.url())
            .output()
            .unwrap()
    };
    for args in [&["sync"][..], &["status"], &["verify"]] {
        let output = run(args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn a_file_of_settings_without_its_parts_or_with_a_secret_is_not_written() {
    let workspace = Workspace::new();
    for (command, word) in [
        ("init --to sqlite:x.db", "no entities"),
        ("init users", "no database"),
        ("init users --to postgres://me:s3cret@host/bi", "PGPASSWORD"),
        (
            "init users --to sqlite:x.db --portal https://x.bitrix24.ru/rest/1/c/",
            "secret",
        ),
    ] {
        let output = workspace.run(&words(&format!("{command} -o b.toml")));
        assert_eq!(output.status.code(), Some(2), "{command}");
        let said = stderr(&output);
        // A build without PostgreSQL refuses the store before its password.
        assert!(
            said.contains(word) || said.contains("this build cannot write"),
            "{command}: {said}"
        );
        assert!(!said.contains("s3cret"), "{said}");
        assert!(!workspace.path("b.toml").exists());
    }
}

#[test]
fn rows_that_others_put_into_a_table_are_named_by_verify_and_gone_after_a_sync() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let url = portal.url();
    filled(&workspace, &url);
    sql(
        &workspace,
        "INSERT INTO crm_deal (ID, TITLE) VALUES (7777, 'bogus')",
    );
    let to = [
        "--to",
        "sqlite:portal.db",
        "--rate",
        "off",
        "--portal",
        &url,
    ];
    let verify = || workspace.run(&[&["verify"], &to[..]].concat());
    let output = verify();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = format!("{}{}", stdout(&output), stderr(&output));
    assert!(said.contains("put into the store by others"), "{said}");
    assert!(said.contains("the portal has no ID 7777"), "{said}");
    let output = workspace.run(&[&["sync", "crm.deal"], &to[..]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(verify().status.code(), Some(0));
}

#[cfg(feature = "parquet")]
#[test]
fn a_lost_file_of_a_folder_is_named_by_status_and_comes_back() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let url = portal.url();
    let to = ["--to", "parquet:portal"];
    let of_portal = ["--rate", "off", "--portal", &url];
    let sync = || {
        let args = [&["sync", "crm.deal"], &to[..], &of_portal[..]].concat();
        let output = workspace.run(&args);
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    };
    let status = || workspace.run(&[&["status"], &to[..]].concat());
    sync();
    assert_eq!(status().status.code(), Some(0));
    std::fs::remove_file(workspace.path("portal/crm_deal/part-000000.parquet")).unwrap();
    let output = status();
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    let output = workspace.run(&[&["verify"], &to[..], &of_portal[..]].concat());
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    let said = stderr(&output);
    assert!(said.contains("part-000000.parquet is gone"), "{said}");
    let said = sync();
    assert!(said.contains("300 rows read (all)"), "{said}");
    assert_eq!(status().status.code(), Some(0));
}

#[test]
fn a_portal_at_another_address_is_the_same_one_when_that_is_said() {
    let (workspace, first) = (Workspace::new(), portal(config()));
    let second = portal(config());
    let sync = |url: &str, more: &[&str]| {
        let args = [
            "sync",
            "crm.deal",
            "--to",
            "sqlite:portal.db",
            "--portal",
            url,
        ];
        workspace.run(&[&args[..], more].concat())
    };
    let done = |output: std::process::Output| {
        assert!(output.status.success(), "{}", stderr(&output));
    };
    done(sync(&first.url(), &[]));
    let refused = sync(&second.url(), &[]);
    assert!(!refused.status.success());
    assert!(
        stderr(&refused).contains("--same-portal"),
        "{}",
        stderr(&refused)
    );
    done(sync(&second.url(), &["--same-portal"]));
    done(sync(&second.url(), &[]));
}

#[test]
fn a_field_in_a_file_that_does_not_exist_is_told_with_the_line_and_the_key() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let file = "[sync]\nto = \"sqlite:portal.db\"\nentities = [\"crm.deal\", \"users\"]\nrate = \"off\"\n\n\
                [sync.entity.\"crm.deal\"]\nselect = [\n  \"TITLE\",\n  \"OPORTUNITY\",\n]\n";
    std::fs::write(workspace.path("brimful.toml"), file).unwrap();
    let output = workspace.run(&["sync", "--portal", &portal.url()]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("brimful.toml:7: select: ") && said.contains("OPORTUNITY"),
        "{said}"
    );
    assert!(said.contains("users: 5 rows read"), "{said}");
}

#[test]
fn entities_of_a_file_may_be_run_alone_with_what_it_says_of_them() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let file = "[sync]\nto = \"sqlite:portal.db\"\nentities = [\"crm.deal\", \"users\"]\nrate = \"off\"\n\n\
                [sync.entity.\"crm.deal\"]\ntable = \"deals\"\n";
    std::fs::write(workspace.path("my.toml"), file).unwrap();
    let url = portal.url();
    let sync =
        |entity: &str| workspace.run(&["sync", "--config", "my.toml", entity, "--portal", &url]);
    let output = sync("deals");
    assert!(output.status.success(), "{}", stderr(&output));
    let tables = stdout(&workspace.run(&["status", "--config", "my.toml"]));
    assert!(
        tables.contains("deals") && !tables.contains("users"),
        "{tables}"
    );
    let output = sync("crm.lead");
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("crm.lead is not among the entities of my.toml"),
        "{said}"
    );
    let output = workspace.run(&[
        "sync",
        "--config",
        "my.toml",
        "crm.deal",
        "--select",
        "crm.deal TITLE",
    ]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}
