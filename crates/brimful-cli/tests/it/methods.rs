//! The catalogue, and what a portal has of it.

use brimful_portal::PortalConfig;
use serde_json::json;

use crate::support::{Workspace, assert_transcript, portal, rows, stderr, stdout};

#[test]
fn a_method_is_shown_with_what_is_known_of_it() {
    let output = Workspace::new().run(&["methods", "crm.lead.add"]);
    let methods = rows(&stdout(&output));
    assert_eq!(methods[0]["method"], "crm.lead.add");
    assert_eq!(
        (
            &methods[0]["scope"],
            &methods[0]["effect"],
            &methods[0]["list"]
        ),
        (&json!("crm"), &json!("write"), &json!(null))
    );
    let output = Workspace::new().run(&["methods", "TASKS.TASK.LIST"]);
    let methods = rows(&stdout(&output));
    assert!(
        methods
            .iter()
            .all(|m| m["list"] == "by ID" && m["effect"] == "read")
    );
}

#[test]
fn a_portal_says_which_it_has() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    let output = workspace.run(&["methods", "crm.lead.*", "--portal", &portal.url()]);
    let methods = rows(&stdout(&output));
    let available = |name: &str| {
        let found = methods.iter().find(|method| method["method"] == name);
        found.unwrap()["available"].clone()
    };
    assert_eq!(available("crm.lead.list"), true);
    assert_eq!(available("crm.lead.convert"), false);
    assert!(
        stderr(&output).starts_with("the scopes are ") && stderr(&output).contains(" crm, "),
        "{}",
        stderr(&output)
    );

    let by_environment = workspace
        .command(&["methods", "crm.lead.*", "--available"])
        .env("BRIMFUL_PORTAL", portal.url())
        .output()
        .unwrap();
    assert_eq!(stdout(&by_environment), stdout(&output));
}

#[test]
fn a_name_that_no_method_has_is_an_error() {
    assert_transcript!(Workspace::new().run(&["methods", "crm.lead.lst"]), @r#"
    exit code 1
    --- stderr
    error: no method has such a name
    hint: did you mean crm.lead.list?
    "#);
}
