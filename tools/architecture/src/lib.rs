//! The floors of a crate: which of its top modules may import which.
//!
//! ARCHITECTURE.md lists the floors of a crate from the top down in a fenced block that names the crate:
//!
//! ````text
//! ```floors brimful-portal
//! server
//! rest rest3
//! data
//! ```
//! ````
//!
//! A module may import modules on lower lines. It may not import one above it, nor one beside it on its own line. Every
//! module that `lib.rs` or `main.rs` declares must be listed, and every listed module must exist. Test code is free.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What is wrong with the imports of the crate whose `Cargo.toml` is in `manifest_dir`, one finding a line; empty if
/// nothing is. ARCHITECTURE.md is looked for in that folder and in those above it.
pub fn violations(manifest_dir: &str, crate_name: &str) -> Result<Vec<String>, String> {
    let root = Path::new(manifest_dir);
    let architecture = root
        .ancestors()
        .map(|folder| folder.join("ARCHITECTURE.md"))
        .find(|file| file.is_file())
        .ok_or("there is no ARCHITECTURE.md")?;
    let floors = floors(&read(&architecture)?, crate_name)
        .ok_or_else(|| format!("ARCHITECTURE.md has no block \"```floors {crate_name}\""))?;
    let source = root.join("src");
    let mut found = undeclared(&source, &floors)?;
    let mut files = Vec::new();
    collect(&source, &mut files)?;
    files.sort();
    for file in files {
        let inside = file.strip_prefix(&source).unwrap_or(&file);
        let Some(module) = top_module(inside) else {
            continue;
        };
        let Some(floor) = floor_of(&floors, &module) else {
            continue;
        };
        for imported in imports(&read(&file)?) {
            let finding = match floor_of(&floors, &imported) {
                _ if imported == module => continue,
                // The top floor may name what the crate itself exports.
                None if floor == 0 && imported.starts_with(char::is_uppercase) => continue,
                Some(other) if other > floor => continue,
                Some(other) if other == floor => "is beside it",
                Some(_) => "is above it",
                None => "is not listed in ARCHITECTURE.md",
            };
            found.push(format!(
                "src/{}: imports crate::{imported}, which {finding}",
                inside.display()
            ));
        }
    }
    Ok(found)
}

/// The lines of the block for `crate_name`, from the top floor down.
fn floors(text: &str, crate_name: &str) -> Option<Vec<Vec<String>>> {
    let opening = format!("```floors {crate_name}");
    let mut lines = text.lines().skip_while(|line| line.trim_end() != opening);
    lines.next()?;
    let floors = lines
        .take_while(|line| !line.starts_with("```"))
        .map(|line| line.split_whitespace().map(str::to_owned).collect());
    Some(
        floors
            .filter(|floor: &Vec<String>| !floor.is_empty())
            .collect(),
    )
}

fn floor_of(floors: &[Vec<String>], module: &str) -> Option<usize> {
    let has = |floor: &Vec<String>| floor.iter().any(|name| name == module);
    floors.iter().position(has)
}

/// The modules that are declared and not listed, or listed and not declared.
fn undeclared(source: &Path, floors: &[Vec<String>]) -> Result<Vec<String>, String> {
    let roots = ["lib.rs", "main.rs"].map(|name| source.join(name));
    let mut declared = BTreeSet::new();
    for root in roots.iter().filter(|root| root.is_file()) {
        declared.extend(modules(&read(root)?));
    }
    let listed: BTreeSet<String> = floors.iter().flatten().cloned().collect();
    let unlisted = declared.difference(&listed);
    let unlisted = unlisted.map(|name| format!("mod {name} is not listed in ARCHITECTURE.md"));
    let missing = listed.difference(&declared);
    let missing = missing
        .map(|name| format!("ARCHITECTURE.md lists {name}, which is not a module of the crate"));
    Ok(unlisted.chain(missing).collect())
}

/// The modules that a root file declares, without those that only tests have.
fn modules(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut for_tests = false;
    for line in text.lines().map(str::trim) {
        let declaration = line.split_once("mod ").filter(|(before, _)| {
            before.is_empty() || (before.starts_with("pub") && before.ends_with(' '))
        });
        if let Some((_, name)) = declaration
            && let Some(name) = name.strip_suffix(';')
            && !for_tests
        {
            found.push(name.to_owned());
        }
        let only_tests = line == "#[cfg(test)]" || line.starts_with("#[cfg(all(test,");
        for_tests = only_tests || (for_tests && line.starts_with("#["));
    }
    found
}

/// The top module that a file belongs to: none for a root file and for tests.
fn top_module(file: &Path) -> Option<String> {
    let mut parts: Vec<String> = file
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if parts
        .iter()
        .any(|part| part == "tests" || part == "tests.rs")
    {
        return None;
    }
    let is_root = parts.len() == 1 && matches!(parts[0].as_str(), "lib.rs" | "main.rs");
    let first = parts.swap_remove(0);
    let name = first.strip_suffix(".rs").unwrap_or(&first).to_owned();
    (!is_root).then_some(name)
}

/// The top modules that a file names after `crate::`, comments and the tests at its end left out.
fn imports(text: &str) -> BTreeSet<String> {
    let mut code = String::new();
    let mut lines = text.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.starts_with("mod ")) {
            break;
        }
        if !line.starts_with("//") {
            code.push_str(line);
            code.push('\n');
        }
    }
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate::` and `my_crate::` are something else.
        let before = code[..at].chars().next_back();
        if before.is_some_and(|letter| letter == '$' || letter == '_' || letter.is_alphanumeric()) {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(first_names(group)),
            None => found.extend([identifier(rest)]),
        }
    }
    found.remove("");
    found
}

/// The names at the outermost level of `a::{b, c}, d}`.
fn first_names(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut begins = true;
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ if begins && depth == 0 && !letter.is_whitespace() => {
                names.push(identifier(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

fn identifier(text: &str) -> String {
    text.chars()
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_are_read_from_the_block_of_the_crate() {
        let text =
            "# A\n```floors other\nx\n```\n```floors mine\nserver\nrest  rest3\n\ndata\n```\nend\n";
        let floors = floors(text, "mine").unwrap();
        assert_eq!(
            floors,
            [vec!["server"], vec!["rest", "rest3"], vec!["data"]]
        );
        assert_eq!(super::floors(text, "none"), None);
    }

    #[test]
    fn imports_are_found_in_groups_and_in_the_middle_of_code_and_not_in_comments_or_tests() {
        let text = "use crate::a::B;\nuse crate::{c::{D, e}, f};\n// crate::g\n    let x = crate::h::i();\n\
                    $crate::j!();\n#[cfg(test)]\nmod tests {\n    use crate::k;\n}\n";
        let found: Vec<String> = imports(text).into_iter().collect();
        assert_eq!(found, ["a", "c", "f", "h"]);
    }

    #[test]
    fn modules_that_only_tests_have_are_not_declared() {
        let text = "mod a;\npub mod b;\npub(crate) mod c;\n#[cfg(test)]\nmod tests;\n#[cfg(unix)]\nmod d;\n\
                    #[cfg(all(test, feature = \"f\"))]\nmod more_tests;\n";
        assert_eq!(modules(text), ["a", "b", "c", "d"]);
    }

    #[test]
    fn the_top_module_of_a_file_is_its_first_folder() {
        for (file, module) in [
            ("lib.rs", None),
            ("server.rs", Some("server")),
            ("data/state/mod.rs", Some("data")),
            ("tests/limits.rs", None),
            ("methods/tests/mod.rs", None),
        ] {
            assert_eq!(top_module(Path::new(file)).as_deref(), module, "{file}");
        }
    }
}
