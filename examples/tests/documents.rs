//! The documents of the project hold together: links lead to files and headings that exist, both READMEs have the same
//! sections, and each published package carries its README and its licences.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest README that still fits the attention of somebody who looks at it for the first time.
const README_LINES: usize = 120;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All Markdown files of the project but those in folders that are built or installed.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["target", "node_modules", ".git"].contains(&name.as_str()) {
            documents(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The text without blocks of code, in which a bracket is not a link and a hash is not a heading.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let mut kept = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced && !line.starts_with("    ") {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Where the inline links of a document lead.
fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ']).next())
        .collect()
}

/// The anchors that GitHub gives the headings of a document.
fn anchors(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading_that_exist() {
    let mut found = Vec::new();
    documents(&root(), &mut found);
    assert!(found.len() > 10, "the documents were not found");
    let mut broken = Vec::new();
    for document in found {
        let text = prose(&read(&document));
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                document.clone()
            } else {
                document.with_file_name(path)
            };
            let leads_somewhere = target.exists()
                && (anchor.is_empty() || anchors(&prose(&read(&target))).contains(anchor));
            if !leads_somewhere {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

#[test]
fn both_readmes_have_the_same_sections_and_fit_their_limit() {
    let sections = |name: &str| {
        let text = read(&root().join(name));
        let lines = text.lines().count();
        assert!(
            lines <= README_LINES,
            "{name} has {lines} lines, more than {README_LINES}: move details to docs/"
        );
        prose(&text)
            .lines()
            .filter(|line| line.starts_with("## "))
            .count()
    };
    assert_eq!(sections("README.md"), sections("README.ru.md"));
}

#[test]
fn every_published_package_has_a_readme_and_the_licences_of_the_project() {
    let packages = fs::read_dir(root().join("crates")).unwrap();
    for package in packages.map(|entry| entry.unwrap().path()) {
        if !package.join("Cargo.toml").exists() {
            continue;
        }
        let readme = read(&package.join("README.md"));
        assert!(readme.starts_with("# brimful"), "{}", package.display());
        let manifest = read(&package.join("Cargo.toml"));
        for field in ["description", "readme", "keywords", "categories"] {
            assert!(
                manifest.contains(&format!("\n{field} = ")),
                "{} has no {field}",
                package.display()
            );
        }
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            assert_eq!(
                read(&package.join(licence)),
                read(&root().join(licence)),
                "{licence} of {}",
                package.display()
            );
        }
    }
}
