//! What every format and store promises, run for each of them and read back with a reader of its own: the same rows, in
//! their order, NULL where there is nothing, and no value lost.

#[cfg(feature = "adbc")]
mod adbc;
#[cfg(feature = "stores")]
mod changed_tables;
#[cfg(feature = "clickhouse")]
pub(crate) mod clickhouse;
mod files;
#[cfg(feature = "mysql")]
mod mysql_server;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "stores")]
mod stores;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod tls;

use brimful::{Client, Page};
use brimful_export::Plan;
#[cfg(feature = "stores")]
use brimful_export::StoreOptions;
use brimful_portal::{Portal, PortalConfig};
use serde_json::json;

/// The columns of the test, in their order.
const COLUMNS: [&str; 10] = [
    "ID",
    "TITLE",
    "OPPORTUNITY",
    "CLOSED",
    "DATE_CREATE",
    "CLOSEDATE",
    "UF_CRM_1700000000003",
    "UF_CRM_1700000000007",
    "UF_CRM_1700000000008",
    "UF_CRM_1700000000008__CURRENCY",
];

/// As every format reads back; moments in UTC, lists as JSON.
const ROWS: [[&str; 10]; 3] = [
    [
        "1",
        "a,\"b\"\r\nЖ",
        "100.10",
        "false",
        "2026-01-02T00:04:05Z",
        "2026-02-03",
        "0.5",
        "[1,2]",
        "5.00",
        "EUR",
    ],
    ["2", "", "", "", "", "", "", "", "", ""],
    [
        "9007199254740993",
        "c",
        "-0.1234",
        "true",
        "",
        "",
        "",
        "[]",
        "",
        "",
    ],
];

/// Rows as a portal writes them. The last one has a text that is not a date in a field of dates.
fn rows() -> Page {
    let rows = [
        (
            1,
            json!({"ID": "1", "TITLE": "a,\"b\"\r\nЖ", "OPPORTUNITY": "100.10", "CLOSED": "N",
            "DATE_CREATE": "2026-01-02T03:04:05+03:00", "CLOSEDATE": "2026-02-03T00:00:00+03:00",
            "UF_CRM_1700000000003": "0.5", "UF_CRM_1700000000007": [1, "2"],
            "UF_CRM_1700000000008": "5.00|EUR"}),
        ),
        (
            2,
            json!({"ID": "2", "TITLE": "", "OPPORTUNITY": null, "CLOSED": "", "DATE_CREATE": "",
            "CLOSEDATE": null, "UF_CRM_1700000000003": "", "UF_CRM_1700000000007": [],
            "UF_CRM_1700000000008": ""}),
        ),
        (
            9_007_199_254_740_993,
            json!({"ID": "9007199254740993", "TITLE": "c", "OPPORTUNITY": "-0.1234", "CLOSED": "Y",
            "DATE_CREATE": null, "CLOSEDATE": "0000-00-00", "UF_CRM_1700000000003": null,
            "UF_CRM_1700000000007": false, "UF_CRM_1700000000008": null}),
        ),
    ];
    rows.into_iter()
        .map(|(id, row)| (Some(id), row.to_string()))
        .collect()
}

/// The plan of a list of deals.
fn plan() -> Plan {
    plan_of("crm.deal")
}

/// A plan with the fields that a portal tells.
fn plan_of(entity: &str) -> Plan {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let fields = runtime.block_on(async {
        let portal = Portal::new(PortalConfig::unlimited()).unwrap();
        let server = portal.bind("127.0.0.1:0").await.unwrap();
        let client = Client::builder(server.webhook_url()).build().unwrap();
        client.fields(entity, json!({})).await.unwrap()
    });
    Plan {
        entity: entity.to_owned(),
        fields,
        id_field: "ID".to_owned(),
        ..Plan::default()
    }
}

/// The run of a store.
#[cfg(feature = "stores")]
fn options(table: &str) -> StoreOptions {
    StoreOptions {
        table: table.to_owned(),
        command: "crm.deal.list".to_owned(),
        resume: true,
        ..StoreOptions::default()
    }
}

/// The rows as they are expected, changed by `change` where a format shows a column in a way of its own.
fn expected(change: impl Fn(usize, &str) -> String) -> Vec<Vec<String>> {
    let row = |row: &[&str; 10]| {
        let cells = row.iter().enumerate();
        // A list that is empty is nothing.
        cells
            .map(|(place, cell)| change(place, if *cell == "[]" { "" } else { cell }))
            .collect()
    };
    ROWS.iter().map(row).collect()
}

/// Rows that few formats and stores can hold as they are.
fn awkward_rows() -> Page {
    let long = "я".repeat(200_000);
    let rows = [
        r#"{"ID":"1","TITLE":"a\u0000b"}"#.to_owned(),
        r#"{"ID":"2","DATE_CREATE":"9999-12-31T23:59:59-12:00"}"#.to_owned(),
        r#"{"ID":"3","DATE_CREATE":"0000-01-01T00:00:00+00:00"}"#.to_owned(),
        r#"{"ID":"4","OPPORTUNITY":"1234567890123456789012345678901234567890.5"}"#.to_owned(),
        r#"{"ID":"5","TITLE":"\ud800"}"#.to_owned(),
        format!("{{\"ID\":\"6\",\"TITLE\":\"{long}\"}}"),
    ];
    (1..).map(Some).zip(rows).collect()
}

/// A plan whose columns are there although not every row has them.
fn plan_of_awkward_rows() -> Plan {
    Plan {
        select: ["ID", "TITLE", "DATE_CREATE", "OPPORTUNITY"]
            .map(str::to_owned)
            .to_vec(),
        ..plan()
    }
}
