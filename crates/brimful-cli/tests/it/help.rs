//! What the program says about itself.

use std::process::Stdio;

use crate::support::{Workspace, assert_transcript, stderr, stdout};

#[test]
fn the_program_says_what_it_is() {
    insta::assert_snapshot!("brimful", stdout(&Workspace::new().run(&["--help"])));
}

#[test]
fn export_shows_examples_and_exit_codes() {
    insta::assert_snapshot!(
        "export",
        stdout(&Workspace::new().run(&["export", "--help"]))
    );
}

#[test]
fn call_shows_examples() {
    insta::assert_snapshot!("call", stdout(&Workspace::new().run(&["call", "--help"])));
}

#[test]
fn portal_shows_examples() {
    insta::assert_snapshot!(
        "portal",
        stdout(&Workspace::new().run(&["portal", "--help"]))
    );
}

#[test]
fn every_command_shows_examples() {
    for command in ["get", "batch", "fields", "methods", "limits", "login"] {
        let help = stdout(&Workspace::new().run(&[command, "--help"]));
        let example = format!("\nExamples:\n  brimful {command}");
        assert!(help.contains(&example), "{help}");
    }
}

#[test]
fn the_version_is_that_of_the_crate() {
    let output = Workspace::new().run(&["--version"]);
    assert_eq!(
        stdout(&output),
        format!("brimful {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn completions_are_a_script_for_the_shell() {
    let output = Workspace::new().run(&["completions", "bash"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let script = stdout(&output);
    for word in ["complete -F _brimful", "--each", "--from-param", "logout"] {
        assert!(script.contains(word), "{word} is not in the completions");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn completions_that_cannot_be_written_are_an_error() {
    let full = std::fs::File::create("/dev/full").unwrap();
    let workspace = Workspace::new();
    let output = workspace
        .command(&["completions", "zsh"])
        .stdout(full)
        .output()
        .unwrap();
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: could not write to standard output: No space left on device (os error 28)
    "#);
}

#[test]
fn a_reader_of_completions_may_have_enough() {
    let workspace = Workspace::new();
    let mut child = workspace
        .command(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(stderr(&output), "");
    assert!(output.status.success());
}
