//! The fields of entities.

use brimful_portal::PortalConfig;

use crate::support::{Workspace, portal, rows, stderr, stdout};

#[test]
fn in_a_pipe_every_field_is_a_line() {
    let config = PortalConfig::unlimited()
        .rows("crm.deal", 1)
        .rows("task", 1);
    let (workspace, portal) = (Workspace::new(), portal(config));
    for (entity, field, kind) in [
        ("crm.deal", "OPPORTUNITY", "double"),
        ("crm.deal.list", "CLOSED", "boolean"),
        ("tasks.task", "responsibleId", "integer"),
    ] {
        let output = workspace.run(&["fields", entity, "--portal", &portal.url()]);
        assert!(output.status.success(), "{}", stderr(&output));
        let fields = rows(&stdout(&output));
        let found = fields.iter().find(|row| row["name"] == field).unwrap();
        assert_eq!(found["kind"], kind, "{found}");
    }
}

#[test]
fn an_entity_may_need_a_parameter() {
    let (workspace, portal) = (
        Workspace::new(),
        portal(PortalConfig::unlimited().rows("1032", 1)),
    );
    let args = [
        "fields",
        "crm.item",
        "--param",
        "entityTypeId=1032",
        "--portal",
        &portal.url(),
    ];
    let output = workspace.run(&args);
    assert!(
        stdout(&output).contains("{\"name\":\"stageId\""),
        "{}",
        stderr(&output)
    );
}

#[test]
fn rest_3_has_fields_of_its_own() {
    let (workspace, portal) = (
        Workspace::new(),
        portal(PortalConfig::unlimited().rows("task", 1)),
    );
    let output = workspace.run(&["fields", "tasks.task", "--rest3", "--portal", &portal.url()]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("{\"name\":\"title\""));
}

#[test]
fn an_entity_that_is_not_there_is_an_error() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    let output = workspace.run(&["fields", "crm.deel", "--portal", &portal.url()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("hint: did you mean crm.deal.fields?"),
        "{}",
        stderr(&output)
    );
}
