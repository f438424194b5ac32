//! Every command that the documents and the help texts show is understood by the command line.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};

use crate::cli::Cli;

/// The Markdown files of the project that show commands. Nothing where the package is tested outside the repository.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = ["", "docs", "examples", "crates/brimful-cli"];
    folders
        .iter()
        .filter_map(|folder| fs::read_dir(root.join(folder)).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

/// The lines of code of a document, with continued lines joined. What a program printed (`text`) is left out.
fn code(document: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut language = None;
    let mut continued = false;
    for line in document.lines() {
        if let Some(fence) = line.strip_prefix("```") {
            language = language.is_none().then_some(fence);
            continue;
        }
        let shown = match language {
            Some("sh" | "bat" | "powershell") => line,
            None if line.starts_with("    ") => line.trim(),
            _ => continue,
        };
        let (text, goes_on) = match shown.strip_suffix('\\') {
            Some(text) => (text, true),
            None => (shown, false),
        };
        match lines.last_mut() {
            Some(last) if continued => last.push_str(text),
            _ => lines.push(text.to_owned()),
        }
        continued = goes_on;
    }
    lines
}

/// Splits a line of a shell into its commands and their words, at unquoted `|`, `&&`, `;` and blanks. A comment and what
/// follows a redirection belong to no command.
fn commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, ' ' | '|' | '&' | ';' | '>') => {
                if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
                    command.push(word);
                }
                match character {
                    ' ' => {}
                    '>' => commands.push(vec!["> ".to_owned()]),
                    _ => commands.push(Vec::new()),
                }
                while characters.next_if_eq(&character).is_some() {}
            }
            _ => word.get_or_insert_default().push(character),
        }
    }
    if let (Some(word), Some(command)) = (word, commands.last_mut()) {
        command.push(word);
    }
    commands
}

/// The calls of this program in a line, each from its first word on.
fn calls(line: &str) -> Vec<Vec<String>> {
    commands(&line.replace("cargo run --release -- ", "brimful "))
        .into_iter()
        .filter(|words| words.first().is_some_and(|first| first == "brimful"))
        .collect()
}

/// What the command line says against a call; nothing if it is understood, or asks for help.
fn refusal(call: &[String]) -> Option<String> {
    let error = Cli::try_parse_from(call).err()?;
    error
        .use_stderr()
        .then(|| format!("{}\n{error}", call.join(" ")))
}

#[test]
fn every_command_in_the_documents_is_understood() {
    let mut shown = 0;
    let mut refused = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap_or_default();
        for call in code(&text).iter().flat_map(|line| calls(line)) {
            shown += 1;
            refused
                .extend(refusal(&call).map(|refusal| format!("{}: {refusal}", document.display())));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    let in_repository = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .exists();
    assert!(
        shown > 50 || !in_repository,
        "only {shown} commands were found"
    );
}

#[test]
fn every_example_in_the_help_texts_is_understood() {
    fn texts(command: &clap::Command, found: &mut Vec<String>) {
        let help = [command.get_after_help(), command.get_after_long_help()];
        found.extend(help.into_iter().flatten().map(ToString::to_string));
        for subcommand in command.get_subcommands() {
            texts(subcommand, found);
        }
    }
    let mut help = Vec::new();
    texts(&Cli::command(), &mut help);
    let calls: Vec<Vec<String>> = help
        .iter()
        .flat_map(|text| text.lines())
        .flat_map(calls)
        .collect();
    assert!(calls.len() > 40, "only {} examples were found", calls.len());
    let refused: Vec<String> = calls.iter().filter_map(|call| refusal(call)).collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn a_line_is_split_as_a_shell_splits_it() {
    let line =
        "brimful call a --param 'x[y]=1 | 2' | jq -r .b > c && brimful methods \"*.list\" # all";
    assert_eq!(
        calls(line),
        [
            vec!["brimful", "call", "a", "--param", "x[y]=1 | 2"],
            vec!["brimful", "methods", "*.list"],
        ]
    );
}
