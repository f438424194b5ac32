//! The modules of this crate import each other downwards only, as ARCHITECTURE.md lists them.

#[test]
fn no_module_imports_one_above_it_or_beside_it() {
    let found =
        brimful_architecture::violations(env!("CARGO_MANIFEST_DIR"), env!("CARGO_PKG_NAME"));
    assert_eq!(found, Ok(Vec::new()));
}
