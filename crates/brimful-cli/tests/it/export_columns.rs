//! Lists as columns: types, choices of columns, compressed files, stores, and what does not fit.

use std::io::Read;

use brimful_portal::PortalConfig;
use serde_json::{Map, Value, json};

use crate::support::{Running, Workspace, portal, stderr, stdout};

fn row(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}

/// Three deals, one of which has a text that is not a date in a field of dates.
fn deals() -> Running {
    let rows = vec![
        row(
            json!({"ID": "1", "TITLE": "Repair, \"office\"", "OPPORTUNITY": "100.10", "CLOSED": "N",
            "DATE_CREATE": "2026-01-02T03:04:05+03:00", "CLOSEDATE": "2026-02-03T00:00:00+03:00",
            "COMPANY_ID": null, "UF_CRM_1700000000007": [1, 2], "UF_CRM_1700000000008": "5.00|EUR"}),
        ),
        row(
            json!({"ID": "2", "TITLE": "Договор", "OPPORTUNITY": "0.3000", "CLOSED": "Y",
            "DATE_CREATE": "2026-01-02T03:04:05+03:00", "CLOSEDATE": "", "COMPANY_ID": "7",
            "UF_CRM_1700000000007": [], "UF_CRM_1700000000008": ""}),
        ),
        row(
            json!({"ID": "3", "TITLE": "", "OPPORTUNITY": "12", "CLOSED": "Y",
            "DATE_CREATE": "2026-01-02T03:04:05+03:00", "CLOSEDATE": "0000-00-00", "COMPANY_ID": "0",
            "UF_CRM_1700000000007": [], "UF_CRM_1700000000008": null}),
        ),
    ];
    portal(PortalConfig::unlimited().load("crm.deal", rows))
}

const SELECT: &str = "ID,TITLE,OPPORTUNITY,CLOSED,DATE_CREATE,CLOSEDATE,COMPANY_ID,UF_CRM_1700000000007,UF_CRM_1700000000008";

fn export(workspace: &Workspace, portal: &Running, more: &[&str]) -> std::process::Output {
    let args = ["export", "crm.deal.list", "--portal", &portal.url()];
    workspace.run(&[&args[..], more].concat())
}

#[test]
fn a_csv_file_has_typed_columns_in_the_order_of_the_selection() {
    let (workspace, portal) = (Workspace::new(), deals());
    let output = export(
        &workspace,
        &portal,
        &["--select", SELECT, "-o", "deals.csv"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        std::fs::read_to_string(workspace.path("deals.csv")).unwrap(),
        "ID,TITLE,OPPORTUNITY,CLOSED,DATE_CREATE,CLOSEDATE,COMPANY_ID,UF_CRM_1700000000007,UF_CRM_1700000000008,\
         UF_CRM_1700000000008__CURRENCY\r\n\
         1,\"Repair, \"\"office\"\"\",100.10,false,2026-01-02T03:04:05+03:00,2026-02-03,,\"[1,2]\",5.00,EUR\r\n\
         2,Договор,0.30,true,2026-01-02T03:04:05+03:00,,7,,,\r\n\
         3,,12.00,true,2026-01-02T03:04:05+03:00,,0,,,\r\n"
    );
}

#[test]
fn a_value_that_does_not_fit_is_counted_and_kept_in_a_file_of_its_own() {
    let (workspace, portal) = (Workspace::new(), deals());
    let output = export(
        &workspace,
        &portal,
        &["--select", SELECT, "-o", "deals.csv"],
    );
    assert!(
        stderr(&output).contains("1 value does not fit the type of the column"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        workspace.rows("deals.csv.errors.jsonl"),
        [
            json!({"id": "3", "field": "CLOSEDATE", "value": "0000-00-00", "reason": "it is not a date"})
        ]
    );
    // The next run has no such value.
    let columns = ["--columns", "ID,TITLE", "-o", "deals.csv"];
    let output = export(&workspace, &portal, &columns);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(workspace.files(), ["deals.csv"]);
}

#[test]
fn columns_are_chosen_ordered_and_renamed() {
    let (workspace, portal) = (Workspace::new(), deals());
    let more = ["--columns", "OPPORTUNITY=Amount,ID", "-o", "deals.tsv"];
    let output = export(&workspace, &portal, &more);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        std::fs::read_to_string(workspace.path("deals.tsv")).unwrap(),
        "Amount\tID\r\n100.10\t1\r\n0.30\t2\r\n12.00\t3\r\n"
    );
}

#[test]
fn a_column_of_no_field_is_refused_before_the_list_is_asked_for() {
    let (workspace, portal) = (Workspace::new(), deals());
    let output = export(
        &workspace,
        &portal,
        &["--columns", "TITEL", "-o", "deals.csv"],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("there is no field TITEL"),
        "{}",
        stderr(&output)
    );
    assert!(workspace.files().is_empty());
}

#[test]
fn columns_that_cannot_be_are_wrong_usage() {
    let (workspace, portal) = (Workspace::new(), deals());
    for columns in [
        "TITLE,TITLE",
        "TITLE=X,OPPORTUNITY=X",
        "TITLE,title",
        "TITLE__LABEL",
    ] {
        let more = ["--columns", columns, "-o", "deals.csv"];
        let output = export(&workspace, &portal, &more);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{columns}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn excel_gets_its_mark_and_semicolons_and_titles() {
    let (workspace, portal) = (Workspace::new(), deals());
    let more = [
        "--columns",
        "ID,TITLE=Name",
        "--excel",
        "--delimiter",
        ";",
        "--headers",
        "titles",
        "-o",
        "deals.csv",
    ];
    let output = export(&workspace, &portal, &more);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = std::fs::read_to_string(workspace.path("deals.csv")).unwrap();
    assert!(text.starts_with("\u{feff}ID;Name\r\n1;"), "{text}");
}

#[test]
fn a_text_is_not_a_formula_where_a_spreadsheet_opens_the_file_and_as_it_is_elsewhere() {
    let workspace = Workspace::new();
    let rows = [
        json!({"ID": "1", "TITLE": "=1+1", "OPPORTUNITY": "-5.00", "COMMENTS": "+7 900"}),
        json!({"ID": "2", "TITLE": "plain", "OPPORTUNITY": "7", "COMMENTS": "@a"}),
    ];
    let rows = rows.map(|row| row.as_object().unwrap().clone());
    let portal = portal(PortalConfig::unlimited().load("crm.deal", rows.to_vec()));
    let columns = [
        "--columns",
        "ID,TITLE==Name,OPPORTUNITY,COMMENTS",
        "--headers",
        "titles",
    ];
    let text = |name: &str, more: &[&str]| {
        let output = export(
            &workspace,
            &portal,
            &[&columns, more, &["-o", name]].concat(),
        );
        assert!(output.status.success(), "{}", stderr(&output));
        std::fs::read_to_string(workspace.path(name)).unwrap()
    };
    let for_excel = text("excel.csv", &["--excel"]);
    let head = for_excel.lines().next().unwrap();
    assert!(head.contains(",'=Name,"), "{head}");
    let lines: Vec<&str> = for_excel.lines().skip(1).collect();
    assert_eq!(lines, ["1,'=1+1,-5.00,'+7 900", "2,plain,7.00,'@a"]);
    let plain = text("plain.csv", &[]);
    let lines: Vec<&str> = plain.lines().skip(1).collect();
    assert_eq!(lines, ["1,=1+1,-5.00,+7 900", "2,plain,7.00,@a"]);
}

#[test]
fn a_file_of_the_users_own_is_not_taken_for_that_of_values_that_did_not_fit() {
    let (workspace, portal) = (Workspace::new(), deals());
    workspace.write("my deals.csv.errors.jsonl", "mine\n");
    let output = export(&workspace, &portal, &["-o", "my deals.csv"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("mv 'my deals.csv.errors.jsonl' 'my deals.csv.errors.jsonl.own'"),
        "{said}"
    );
    assert_eq!(workspace.files(), ["my deals.csv.errors.jsonl"]);
    // One of an earlier run goes, and nothing else that looks like a file of this run.
    let misfit = r#"{"id":"7","field":"TITLE","value":[],"reason":"not a text"}"#;
    workspace.write("deals.csv.errors.jsonl", &format!("{misfit}\n"));
    workspace.write("deals.csv.new", "mine");
    let output = export(
        &workspace,
        &portal,
        &["--columns", "ID,TITLE", "-o", "deals.csv"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let files = ["deals.csv", "deals.csv.new", "my deals.csv.errors.jsonl"];
    assert_eq!(workspace.files(), files);
}

#[test]
fn text_columns_need_no_fields_of_the_portal() {
    let (workspace, portal) = (Workspace::new(), deals());
    let more = [
        "--select",
        "ID,CLOSED,CLOSEDATE",
        "--types",
        "strings",
        "-o",
        "-",
        "--format",
        "csv",
    ];
    let output = export(&workspace, &portal, &more);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with("\r\n3,Y,0000-00-00\r\n"), "{text}");
}

#[test]
fn json_lines_are_compressed_when_the_name_says_so() {
    let (workspace, portal) = (Workspace::new(), deals());
    let output = export(
        &workspace,
        &portal,
        &["--select", "ID,TITLE", "-o", "deals.jsonl.gz"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let file = std::fs::File::open(workspace.path("deals.jsonl.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text.lines().count(), 3);
    assert!(text.starts_with("{\"ID\":\"1\""), "{text}");
}

#[test]
fn an_unknown_ending_is_refused_by_name_with_the_list_of_endings() {
    let (workspace, portal) = (Workspace::new(), deals());
    let output = export(&workspace, &portal, &["-o", "deals.xls"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("deals.xls") && said.contains(".xlsx"),
        "{said}"
    );
}

#[test]
fn what_has_no_meaning_for_the_format_is_refused() {
    let (workspace, portal) = (Workspace::new(), deals());
    for more in [
        ["--labels", "--no-tail", "-o", "deals.jsonl"],
        ["--columns", "ID", "-o", "deals.jsonl"],
        ["--delimiter", ";", "-o", "deals.jsonl"],
        ["--delimiter", ";", "--to", "sqlite:deals.db"],
        ["--table", "deals", "-o", "deals.csv"],
        ["--headers", "titles", "-o", "deals.parquet"],
        ["--headers", "titles", "-o", "deals.arrow"],
    ] {
        let output = export(&workspace, &portal, &more);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{more:?}: {}",
            stderr(&output)
        );
    }
}

/// Deals with a stage of two funnels, a user and a source.
fn deals_with_codes() -> Running {
    let rows = vec![
        row(
            json!({"ID": "1", "TITLE": "a", "STAGE_ID": "NEW", "CATEGORY_ID": "0", "ASSIGNED_BY_ID": "2",
            "CURRENCY_ID": "RUB"}),
        ),
        row(
            json!({"ID": "2", "TITLE": "b", "STAGE_ID": "C1:NEW", "CATEGORY_ID": "1", "ASSIGNED_BY_ID": "70",
            "CURRENCY_ID": "RUB"}),
        ),
    ];
    portal(
        PortalConfig::unlimited()
            .rows("user", 80)
            .load("crm.deal", rows),
    )
}

const CODES: &str = "ID,STAGE_ID,CATEGORY_ID,ASSIGNED_BY_ID,CURRENCY_ID";

#[test]
fn labels_stand_beside_their_codes() {
    let (workspace, portal) = (Workspace::new(), deals_with_codes());
    let output = export(
        &workspace,
        &portal,
        &["--select", CODES, "--labels", "-o", "deals.csv"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let text = std::fs::read_to_string(workspace.path("deals.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "ID,STAGE_ID,STAGE_ID__LABEL,CATEGORY_ID,CATEGORY_ID__LABEL,ASSIGNED_BY_ID,ASSIGNED_BY_ID__LABEL,CURRENCY_ID,\
         CURRENCY_ID__LABEL"
    );
    assert!(lines[1].starts_with("1,NEW,Новая,0,Общая,2,"), "{text}");
    assert!(lines[2].starts_with("2,C1:NEW,New,1,Support,70,"), "{text}");
    // Users of the second page have names too.
    let cells: Vec<&str> = lines[2].split(',').collect();
    assert!(!cells[6].is_empty() && !cells[8].is_empty(), "{text}");
}

#[test]
fn chosen_columns_have_their_labels_behind_them_or_where_they_are_named() {
    let (workspace, portal) = (Workspace::new(), deals_with_codes());
    let header = |columns: &str, more: &[&str]| {
        let args = ["--columns", columns, "-o", "-", "--format", "csv"];
        let output = export(&workspace, &portal, &[&args[..], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    assert_eq!(
        header("STAGE_ID=Stage,ID", &["--labels"]),
        "Stage,Stage__LABEL,ID"
    );
    assert_eq!(header("ID,STAGE_ID__LABEL=Stage", &[]), "ID,Stage");
}

#[test]
fn lists_of_other_shapes_have_labels_and_values_too() {
    let workspace = Workspace::new();
    let portal = portal(
        PortalConfig::unlimited()
            .rows("deal", 3)
            .rows("crm.stagehistory", 5)
            .load("crm.activity", vec![row(json!({
                "ID": "1", "SUBJECT": "Call", "OWNER_TYPE_ID": "2", "OWNER_ID": "1", "TYPE_ID": "2",
                "BINDINGS": [{"OWNER_ID": "1", "OWNER_TYPE_ID": "2"}],
            }))]),
    );
    let address = portal.url();
    let csv = |method: &str, more: &[&str]| {
        let args = [
            "export", method, "--portal", &address, "--labels", "-o", "-", "--format", "csv",
        ];
        let output = workspace.run(&[&args[..], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let history = csv("crm.stagehistory.list", &["--param", "entityTypeId=2"]);
    let header = history.lines().next().unwrap();
    assert!(
        header.contains("STAGE_ID,STAGE_ID__LABEL") && header.contains("CATEGORY_ID__LABEL"),
        "{header}"
    );
    let activities = csv(
        "crm.activity.list",
        &["--select", "ID,TYPE_ID,OWNER_TYPE_ID,BINDINGS"],
    );
    assert!(activities.contains("TYPE_ID__LABEL"), "{activities}");
    assert!(
        activities.contains("OWNER_TYPE_ID\"\":\"\"2"),
        "links are there as JSON: {activities}"
    );
}

#[test]
fn people_of_a_task_are_a_list_and_have_their_names() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("user", 5).load(
        "tasks.task",
        vec![row(json!({"ID": "1", "TITLE": "a", "RESPONSIBLE_ID": "2", "AUDITORS": ["2", "3"], "ACCOMPLICES": ["4"]}))],
    ));
    let url = portal.url();
    let args = [
        "export",
        "tasks.task.list",
        "--portal",
        &url,
        "--select",
        "ID,AUDITORS,ACCOMPLICES",
        "--labels",
    ];
    let output = workspace.run(&[&args[..], &["-o", "-", "--format", "csv"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let cells = text.lines().nth(1).unwrap();
    assert!(
        cells.contains("\"[2,3]\"") && cells.contains("[4]"),
        "{text}"
    );
    let labels = cells.matches("\"\"").count();
    assert!(labels >= 4, "the names of three people: {text}");
}

#[test]
fn options_of_stores_are_refused_for_files() {
    let (workspace, portal) = (Workspace::new(), deals());
    for option in [
        &["--partition-by", "DATE_CREATE:month"][..],
        &["--no-indexes"],
        &["--changed-types", "text"],
    ] {
        let more = [option, &["-o", "deals.csv"]].concat();
        let output = export(&workspace, &portal, &more);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("is for stores"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn fields_and_dictionaries_are_asked_for_in_one_request() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("user", 20).rows("deal", 20));
    let count = |more: &[&str]| {
        let before = portal.server.portal().stats().requests;
        let output = export(&workspace, &portal, more);
        assert!(output.status.success(), "{}", stderr(&output));
        portal.server.portal().stats().requests - before
    };
    let untyped = count(&["--select", CODES, "-o", "deals.jsonl"]);
    let typed = count(&["--select", CODES, "-o", "deals.csv"]);
    let labelled = count(&["--select", CODES, "--labels", "-o", "labelled.csv"]);
    assert_eq!((typed, labelled), (untyped + 1, untyped + 1));
}

#[test]
fn a_report_tells_what_happened_when_as_a_page_and_as_json() {
    let (workspace, portal) = (Workspace::new(), deals());
    for name in ["run.html", "run.json"] {
        let more = ["--select", SELECT, "-o", "deals.csv", "--report", name];
        let output = export(&workspace, &portal, &more);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let page = std::fs::read_to_string(workspace.path("run.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("\"rows\":3,"));
    assert!(!page.contains("/demo/"), "the page has no secret");
    let json = std::fs::read_to_string(workspace.path("run.json")).unwrap();
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["method"], "crm.deal.list");
    assert_eq!(
        report["misfits"],
        json!([["CLOSEDATE", "it is not a date", 1]])
    );
    assert_eq!(
        report["timeline"].as_array().unwrap().last().unwrap()["rows"],
        3
    );
    assert_eq!(report["failed"], false);
    assert_eq!(workspace.files().len(), 4, "{:?}", workspace.files());
}

#[test]
fn a_report_of_a_run_that_failed_says_why() {
    let (workspace, portal) = (Workspace::new(), deals());
    portal
        .server
        .portal()
        .faults()
        .add(brimful_portal::FaultRule::every(
            1,
            brimful_portal::Fault::ExpiredToken,
        ));
    // With types the portal is asked for the fields first, and no row comes.
    for (types, name) in [("strings", "rows.json"), ("portal", "fields.json")] {
        let more = ["--types", types, "-o", "deals.csv", "--report", name];
        let output = export(&workspace, &portal, &more);
        assert!(!output.status.success());
        let json = std::fs::read_to_string(workspace.path(name)).unwrap();
        let report: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(report["failed"], true);
        let why = report["summary"][0].as_str().unwrap();
        assert!(why.contains("expired_token"), "{why}");
    }
}

/// A limit on the size of files, in kibibytes, ends them as a full disk does.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_rows_behind_which_the_same_command_continues() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 20_000));
    let mut targets = vec![["-o", "leads.csv"], ["-o", "leads.csv.gz"]];
    if cfg!(feature = "parquet") {
        targets.push(["-o", "leads.parquet"]);
    }
    if cfg!(feature = "sqlite") {
        targets.push(["--to", "sqlite:leads.db"]);
    }
    for target in targets {
        let workspace = Workspace::new();
        let run = |limit: &str| {
            let script = format!(
                "ulimit -f {limit}; exec {} export crm.lead.list --portal {} {}",
                env!("CARGO_BIN_EXE_brimful"),
                portal.url(),
                target.join(" ")
            );
            std::process::Command::new("bash")
                .args(["-c", &script])
                .current_dir(workspace.path("."))
                .output()
                .unwrap()
        };
        let output = run("2560");
        let said = stderr(&output);
        assert!(
            matches!(output.status.code(), Some(1 | 3)),
            "{target:?}: {said}"
        );
        let is_store = target[0] == "--to";
        assert!(is_store || !workspace.path(target[1]).exists(), "{said}");
        let output = run("unlimited");
        let said = stderr(&output);
        assert!(output.status.success(), "{target:?}: {said}");
        assert!(
            is_store || said.contains("20,000 leads ("),
            "{target:?}: {said}"
        );
        if !is_store {
            assert_eq!(workspace.files(), [target[1]]);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_files_is_told_by_name() {
    let (workspace, portal) = (Workspace::new(), deals());
    for target in [["-o", "/proc/deals.csv"], ["--to", "sqlite:/proc/deals.db"]] {
        if target[0] == "--to" && !cfg!(feature = "sqlite") {
            continue;
        }
        let output = export(&workspace, &portal, &target);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("/proc/deals."),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn an_empty_list_is_a_file_with_a_header() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().load("crm.deal", Vec::new()));
    let output = export(
        &workspace,
        &portal,
        &["--select", "ID,TITLE", "-o", "deals.csv"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        std::fs::read_to_string(workspace.path("deals.csv")).unwrap(),
        "ID,TITLE\r\n"
    );
}

#[test]
fn users_have_types_although_the_portal_tells_only_their_titles() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("user", 3));
    let args = ["export", "user.get", "--portal", &portal.url()];
    let more = [
        "--columns",
        "ID,ACTIVE,UF_DEPARTMENT,LAST_LOGIN",
        "-o",
        "users.csv",
    ];
    let output = workspace.run(&[&args[..], &more].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = std::fs::read_to_string(workspace.path("users.csv")).unwrap();
    assert!(text.contains("\r\n1,true,[5],20"), "{text}");
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::*;

    #[test]
    fn rows_are_in_a_table_named_after_the_entity_and_are_updated_by_their_id() {
        let (workspace, portal) = (Workspace::new(), deals());
        for _ in 0..2 {
            let output = export(
                &workspace,
                &portal,
                &["--select", SELECT, "--to", "sqlite:portal.db"],
            );
            assert!(output.status.success(), "{}", stderr(&output));
            assert!(
                stderr(&output).contains("sqlite:portal.db, table crm_deal\n"),
                "{}",
                stderr(&output)
            );
            assert!(
                stderr(&output).contains("_brimful_errors in"),
                "{}",
                stderr(&output)
            );
        }
        let database = rusqlite::Connection::open(workspace.path("portal.db")).unwrap();
        let count = |sql: &str| {
            database
                .query_row(sql, [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        assert_eq!(count("SELECT count(*) FROM crm_deal"), 3);
        assert_eq!(
            count("SELECT count(*) FROM crm_deal WHERE closed AND company_id = 7"),
            1
        );
        assert_eq!(
            count("SELECT count(*) FROM _brimful_errors WHERE id = '3'"),
            1
        );
    }

    #[test]
    fn a_view_has_the_labels_beside_the_codes() {
        let (workspace, portal) = (Workspace::new(), deals_with_codes());
        for _ in 0..2 {
            let output = export(
                &workspace,
                &portal,
                &["--select", CODES, "--labels", "--to", "sqlite:portal.db"],
            );
            assert!(output.status.success(), "{}", stderr(&output));
        }
        let database = rusqlite::Connection::open(workspace.path("portal.db")).unwrap();
        let text = |sql: &str| {
            database
                .query_row(sql, [], |row| row.get::<_, String>(0))
                .unwrap()
        };
        assert_eq!(
            text(
                "SELECT group_concat(id || ' ' || stage_id__label || ' ' || category_id__label, ', ') FROM crm_deal_labeled"
            ),
            "1 Новая Общая, 2 New Support"
        );
        assert_eq!(
            text("SELECT label FROM crm_deal_labels WHERE field = 'STAGE_ID' AND code = 'C1:WON'"),
            "Won"
        );
        assert!(
            text("SELECT sql FROM sqlite_master WHERE name = 'crm_deal'").contains("/* Стадия"),
            "the titles of fields are comments of the columns"
        );
    }

    #[test]
    fn a_changed_type_is_told_with_the_option_that_makes_a_text_of_the_column() {
        let (workspace, portal) = (Workspace::new(), deals());
        let store = ["--select", SELECT, "--to", "sqlite:portal.db"];
        assert!(export(&workspace, &portal, &store).status.success());
        let database = rusqlite::Connection::open(workspace.path("portal.db")).unwrap();
        database
            .execute_batch(
                "ALTER TABLE crm_deal DROP COLUMN TITLE; ALTER TABLE crm_deal ADD COLUMN TITLE INTEGER; \
                 UPDATE crm_deal SET TITLE = 7; UPDATE crm_deal SET ID = 70 WHERE ID = 3",
            )
            .unwrap();
        let refused = export(&workspace, &portal, &store);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(
            said.contains("TITLE") && said.contains("--changed-types text"),
            "{said}"
        );
        let changed = export(
            &workspace,
            &portal,
            &[&store[..], &["--changed-types", "text"]].concat(),
        );
        let said = stderr(&changed);
        assert!(changed.status.success(), "{said}");
        assert!(
            said.contains("warning: the types of these fields have changed"),
            "{said}"
        );
        let titles: String = database
            .query_row(
                "SELECT group_concat(typeof(TITLE) || ' ' || TITLE, ', ') FROM crm_deal WHERE ID IN (2, 70)",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(titles, "text Договор, text 7");
    }

    #[test]
    fn an_interrupted_run_with_another_filter_is_kept_and_the_line_that_gives_it_up_is_shown() {
        let (workspace, portal) = (Workspace::new(), deals());
        let store = ["--select", SELECT, "--to", "sqlite:portal.db"];
        assert!(export(&workspace, &portal, &store).status.success());
        let database = rusqlite::Connection::open(workspace.path("portal.db")).unwrap();
        // As a run leaves it that is killed behind its second row.
        database
            .execute_batch(
                "UPDATE _brimful_state SET finished = 0, rows = 2, last_id = 2; DELETE FROM crm_deal WHERE ID = 3",
            )
            .unwrap();
        let filtered = [&store[..], &["--filter", ">ID=1"]].concat();
        let refused = export(&workspace, &portal, &filtered);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains("2 rows of an interrupted run"), "{said}");
        assert!(said.contains("--resume never"), "{said}");
        let resumed = export(&workspace, &portal, &store);
        let said = stderr(&resumed);
        assert!(said.contains("resuming after ID 2"), "{said}");
        database
            .execute_batch("UPDATE _brimful_state SET finished = 0, rows = 2, last_id = 2")
            .unwrap();
        let given_up = export(
            &workspace,
            &portal,
            &[&filtered[..], &["--resume", "never"]].concat(),
        );
        assert!(given_up.status.success(), "{}", stderr(&given_up));
    }

    #[test]
    fn a_database_that_cannot_be_made_is_told_before_the_list_is_asked_for() {
        let (workspace, portal) = (Workspace::new(), deals());
        let output = export(&workspace, &portal, &["--to", "sqlite:no/folder/portal.db"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains("sqlite:no/folder/portal.db"),
            "{}",
            stderr(&output)
        );
    }

    #[test]
    fn a_table_of_other_rows_is_not_written_to() {
        let (workspace, portal) = (Workspace::new(), deals());
        let database = rusqlite::Connection::open(workspace.path("portal.db")).unwrap();
        database
            .execute_batch("CREATE TABLE crm_deal (name TEXT)")
            .unwrap();
        let output = export(&workspace, &portal, &["--to", "sqlite:portal.db"]);
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        assert!(
            said.contains("hint: to write the rows to another table: --table NAME"),
            "{said}"
        );
        let output = export(
            &workspace,
            &portal,
            &["--to", "sqlite:portal.db", "--table", "deals"],
        );
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[test]
fn a_file_of_misfits_that_cannot_be_removed_is_named_in_a_warning() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("crm.deal", 3));
    // A folder cannot be removed as a file.
    std::fs::create_dir(workspace.path("deals.csv.errors.jsonl")).unwrap();
    let url = portal.url();
    let args = [
        "export",
        "crm.deal.list",
        "--columns",
        "ID,TITLE",
        "-o",
        "deals.csv",
    ];
    let output = workspace.run(&[&args[..], &["--portal", &url, "--rate", "off"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("warning: ") && said.contains("deals.csv.errors.jsonl"),
        "{said}"
    );
}

#[test]
fn what_another_option_avoids_is_refused_with_that_option() {
    let (workspace, portal) = (Workspace::new(), deals());
    for (args, code, hint) in [
        (&["-o", "deals.xls"][..], 2, "--format names the format"),
        (&["-o", "deals.parquet"], 2, "--features parquet"),
        (
            &["--to", "postgres://me@127.0.0.1:1/bi"],
            2,
            "--features postgres",
        ),
    ] {
        let output = export(&workspace, &portal, args);
        let said = stderr(&output);
        // A build with everything in it refuses less.
        let is_built = cfg!(feature = "parquet") && hint.starts_with("--features");
        if !is_built {
            assert_eq!(output.status.code(), Some(code), "{said}");
            assert!(said.contains("hint: ") && said.contains(hint), "{said}");
        }
    }
}

#[cfg(all(unix, feature = "xlsx"))]
#[test]
fn no_room_for_the_temporary_files_of_a_workbook_is_an_error_which_the_same_command_continues() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 20_000));
    let workspace = Workspace::new();
    std::fs::create_dir(workspace.path("temporary")).unwrap();
    let run = |limit: &str| {
        // The rows themselves are shorter than the limit, and what Excel makes of them is longer.
        let script = format!(
            "ulimit -f {limit}; exec {} export crm.lead.list --portal {} --select ID -o leads.xlsx",
            env!("CARGO_BIN_EXE_brimful"),
            portal.url(),
        );
        std::process::Command::new("bash")
            .args(["-c", &script])
            .current_dir(workspace.path("."))
            .env("TMPDIR", "temporary")
            .output()
            .unwrap()
    };
    let output = run("512");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    let why = "a temporary file in temporary could not be written: File too large";
    assert!(said.contains(why), "{said}");
    assert!(said.contains("TMPDIR=FOLDER"), "{said}");
    assert!(said.contains("leads.xlsx.partial"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    let output = run("unlimited");
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("20,000 leads ("), "{said}");
    assert_eq!(workspace.files(), ["leads.xlsx", "temporary"]);
}
