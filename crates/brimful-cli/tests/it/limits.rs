//! What a portal allows.

use brimful_portal::PortalConfig;
use serde_json::{Value, json};

use crate::support::{Workspace, assert_transcript, portal, stderr, stdout};

#[test]
fn in_a_pipe_the_limits_are_an_object() {
    let config = PortalConfig::new().rows("crm.lead", 5).rows("user", 2);
    let (workspace, portal) = (Workspace::new(), portal(config));
    let output = workspace.run(&["limits", "crm.lead.list", "--portal", &portal.url()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let limits: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        (&limits["burst"], &limits["per_second"]),
        (&json!(50.0), &json!(2.0))
    );
    assert_eq!(limits["user"]["ID"], "1");
    assert!(limits["scopes"].as_array().unwrap().contains(&json!("crm")));
    let methods = limits["methods"].as_array().unwrap();
    let lead = methods
        .iter()
        .find(|method| method["method"] == "crm.lead.list");
    assert_eq!(lead.unwrap()["operating"], 0.0);
}

#[test]
fn a_method_that_writes_is_not_called_to_see_its_time() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::new()));
    let output = workspace.run(&["limits", "crm.lead.delete", "--portal", &portal.url()]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: crm.lead.delete may write: only methods that read are called to see their time
    "#);
    assert_eq!(portal.server.portal().stats().requests, 0);
}

#[test]
fn a_method_that_fails_is_in_the_object_and_the_exit_code_says_so() {
    let config = PortalConfig::new().rows("crm.lead", 5).rows("user", 2);
    let (workspace, portal) = (Workspace::new(), portal(config));
    let methods = ["crm.lead.list", "my.module.list"];
    let output = workspace.run(&["limits", methods[0], methods[1], "--portal", &portal.url()]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let limits: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let failed = limits["failed"].as_object().unwrap();
    assert_eq!(failed.keys().collect::<Vec<_>>(), [methods[1]]);
}
