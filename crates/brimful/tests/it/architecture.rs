//! The floors of the client: no module uses one of its own floor or of a floor above it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// The floors of `brimful` in ARCHITECTURE.md, from the top down: a line of modules for each. `None` where the crate stands
/// alone, as a package.
fn floors() -> Option<Vec<Vec<String>>> {
    let text = fs::read_to_string(Path::new(CRATE).join("../../ARCHITECTURE.md")).ok()?;
    let (_, section) = text.split_once("### Floors of `brimful`")?;
    let block = section.split("```").nth(1)?;
    let lines = block.lines().skip(1).filter(|line| !line.trim().is_empty());
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    Some(lines.map(words).collect())
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file, without comments and without the tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

/// What follows `crate::` in a piece of code: one name, or several in braces.
fn names(code: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for behind in code.split("crate::").skip(1) {
        match behind.strip_prefix('{') {
            None => names.push(word(behind)),
            Some(group) => {
                let group = group.split('}').next().unwrap();
                names.extend(group.split(',').map(|name| word(name.trim())));
            }
        }
    }
    names
}

#[test]
fn no_module_uses_one_of_its_own_floor_or_above() {
    let Some(floors) = floors() else { return };
    let floor_of = |module: &str| {
        floors
            .iter()
            .position(|floor| floor.iter().any(|name| name == module))
            .unwrap_or_else(|| panic!("ARCHITECTURE.md gives no floor to the module {module}"))
    };
    let source = Path::new(CRATE).join("src");
    let root = fs::read_to_string(source.join("lib.rs")).unwrap();
    let modules: Vec<&str> = root
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "))
        .map(|line| line.trim_end_matches(';'))
        .collect();
    // What the root exports belongs to the module that it comes from.
    let mut home: HashMap<&str, &str> = modules.iter().map(|module| (*module, *module)).collect();
    for export in root.split("pub use ").skip(1) {
        let export = export.split(';').next().unwrap();
        if let Some((module, exported)) = export.split_once("::")
            && modules.contains(&module)
        {
            let exported = exported.trim_matches(['{', '}']).split(',');
            home.extend(exported.map(|name| (name.trim(), module)));
        }
    }
    let mut found = Vec::new();
    files(&source, &mut found);
    let mut upwards = Vec::new();
    for path in found {
        let place = path.strip_prefix(&source).unwrap().to_owned();
        let first = place.iter().next().unwrap().to_str().unwrap();
        let module = first.trim_end_matches(".rs");
        if module == "lib" || place.iter().any(|part| part == "simulation") {
            continue;
        }
        for name in names(&code(&fs::read_to_string(&path).unwrap())) {
            let Some(used) = home.get(name).filter(|used| **used != module) else {
                continue;
            };
            if floor_of(used) <= floor_of(module) {
                upwards.push(format!("{} uses {used}", place.display()));
            }
        }
    }
    upwards.sort();
    upwards.dedup();
    assert!(upwards.is_empty(), "{upwards:#?}");
}
