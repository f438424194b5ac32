//! `docs/entities.md` says what is modelled. It is made from the descriptions, and this test holds it to them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::data::records::{self, RecordField};
use crate::methods;

const HEAD: &str = "# What the emulator models

What one of these methods writes, another reads. Dictionaries are the same in every portal. Methods with a star check \
their parameters and give the documented answer, and keep nothing: nothing is written or deleted by them. Methods that are not here answer with what \
`--load` and `--reply` give them, or with 404.

This page is made from the descriptions by a test; `BRIMFUL_WRITE_PAGES=1 cargo test -p brimful-portal entities_page` \
writes it.
";

fn described(field: &RecordField) -> String {
    let flags = [
        (field.required, "required"),
        (field.read_only, "read only"),
        (field.immutable, "written once"),
        (field.multiple, "multiple"),
    ];
    let flags: Vec<&str> = flags
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, name)| name)
        .collect();
    match flags.as_slice() {
        [] => format!("`{}` {}", field.name, field.type_name),
        flags => format!(
            "`{}` {} ({})",
            field.name,
            field.type_name,
            flags.join(", ")
        ),
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut by_scope: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for method in methods::all() {
        let acknowledged = methods::acknowledged::methods();
        let star = acknowledged.into_iter().any(|one| one.name == method.name);
        if records::find(&method.name).is_none() {
            let scope = if method.scope.is_empty() {
                "without a scope"
            } else {
                method.scope
            };
            by_scope.entry(scope).or_default().push(format!(
                "`{}`{}",
                method.name,
                if star { " \\*" } else { "" }
            ));
        }
    }
    page.push_str("\n## Methods\n\n| scope | methods |\n|---|---|\n");
    for (scope, names) in by_scope {
        let _ = writeln!(page, "| {scope} | {} |", names.join(", "));
    }
    page.push_str("\n## Records\n\nThese are written and read by the methods named with them. Nothing of them is made up: ");
    page.push_str("a portal begins with none, but for a few dictionaries.\n");
    for kind in records::kinds() {
        let methods: Vec<String> = kind
            .methods
            .iter()
            .map(|method| format!("`{}`", method.name))
            .collect();
        let fields: Vec<String> = records::fields(kind.name).iter().map(described).collect();
        if !methods.is_empty() {
            let _ = write!(
                page,
                "\n### {}\n\n{}\n\n{}\n",
                kind.name,
                methods.join(", "),
                fields.join(", ")
            );
        }
    }
    page
}

#[test]
fn the_page_of_entities_says_what_the_descriptions_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/entities.md");
    let page = page();
    if std::env::var_os("BRIMFUL_WRITE_PAGES").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    // A package has no page.
    if let Ok(written) = std::fs::read_to_string(path) {
        assert!(
            written == page,
            "docs/entities.md is out of date: BRIMFUL_WRITE_PAGES=1 writes it"
        );
    }
}
