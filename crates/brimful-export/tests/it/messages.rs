//! What errors say is read by callers of the library, by the program and in Python.

use std::path::Path;

fn collect(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for (line, number) in text.lines().zip(1..) {
            let is_comment = line.trim_start().starts_with("//");
            let mut behind = line.split("--").skip(1);
            let names_option =
                behind.any(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
            if names_option && !is_comment {
                found.push(format!("{}:{number}: {}", path.display(), line.trim()));
            }
        }
    }
}

#[test]
fn no_message_names_an_option_of_the_program() {
    let mut found = Vec::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    collect(&sources, &mut found);
    assert!(found.is_empty(), "{}", found.join("\n"));
}
