//! Folders of Parquet files, on this machine and in storage that speaks the protocol of S3.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};

use brimful_portal::{Fault, FaultRule, PortalConfig};
use serde_json::Value;

use crate::support::{Running, Workspace, portal, stderr};

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// Storage with one bucket, `deals`, that drops the connection of every fifth request: before it does what is asked,
/// or after it.
fn storage() -> (String, Objects) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let objects = Objects::default();
    let kept = Arc::clone(&objects);
    std::thread::spawn(move || {
        for (number, client) in listener.incoming().enumerate() {
            let mut client = client.unwrap();
            let Some((head, body)) = request(&mut client) else {
                continue;
            };
            if number % 10 == 4 {
                continue;
            }
            let answer = answer(&head, body, &kept);
            if number % 10 != 9 {
                let _ = client.write_all(&answer);
            }
        }
    });
    (address, objects)
}

fn request(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut request = Vec::new();
    let mut block = vec![0; 65_536];
    loop {
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(request[..end].to_vec()).unwrap();
            let length =
                header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            if request.len() >= end + 4 + length {
                return Some((head, request[end + 4..].to_vec()));
            }
        }
        let read = client.read(&mut block).ok()?;
        if read == 0 {
            return None;
        }
        request.extend_from_slice(&block[..read]);
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let lines = head.lines().skip(1);
    let mut headers = lines.filter_map(|line| line.split_once(": "));
    let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

fn answer(head: &str, body: Vec<u8>, objects: &Objects) -> Vec<u8> {
    let response = |status: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    let failed = |status: &str, code: &str| {
        let body = format!("<Error><Code>{code}</Code><Message>No.</Message></Error>");
        response(status, body.as_bytes())
    };
    let signed = header(head, "authorization").unwrap_or_default();
    if !signed.starts_with("AWS4-HMAC-SHA256 Credential=a-key/")
        || !signed.contains("/eu-west-1/s3/")
    {
        return failed("403 Forbidden", "InvalidAccessKeyId");
    }
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let mut objects = objects.lock().unwrap();
    match (method, header(head, "x-amz-copy-source")) {
        ("PUT", Some(from)) => match objects.get(from).cloned() {
            Some(bytes) => {
                objects.insert(path.to_owned(), bytes);
                response("200 OK", b"<CopyObjectResult></CopyObjectResult>")
            }
            None => failed("404 Not Found", "NoSuchKey"),
        },
        ("PUT", None) => {
            objects.insert(path.to_owned(), body);
            response("200 OK", b"")
        }
        ("GET", _) => match objects.get(path) {
            Some(bytes) => response("200 OK", bytes),
            None => failed("404 Not Found", "NoSuchKey"),
        },
        _ => {
            objects.remove(path);
            response("204 No Content", b"")
        }
    }
}

fn deals() -> Running {
    portal(PortalConfig::unlimited().rows("crm.deal", 3_000))
}

const COLUMNS: [&str; 4] = [
    "--select",
    "ID,TITLE,DATE_CREATE,OPPORTUNITY",
    "--partition-by",
    "DATE_CREATE:year",
];

fn export(workspace: &Workspace, portal: &Running, to: &str, secret: &str) -> Output {
    let args = [
        "export",
        "crm.deal.list",
        "--portal",
        &portal.url(),
        "--to",
        to,
    ];
    let mut command = workspace.command(&[&args[..], &COLUMNS].concat());
    command
        .env(
            "AWS_ACCESS_KEY_ID",
            if secret.is_empty() { "" } else { "a-key" },
        )
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .output()
        .unwrap()
}

/// All files under a folder, by their names in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            let inner = files(&entry.path()).into_iter();
            found.extend(inner.map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
    found
}

/// The name of a part without the number of its run and that of its process.
fn without_run(name: &str) -> String {
    let Some(stem) = name.strip_suffix(".parquet") else {
        return name.to_owned();
    };
    stem.rsplitn(3, '-').last().unwrap().to_owned()
}

#[test]
fn the_same_files_are_in_a_folder_and_in_storage_that_loses_connections() {
    let (workspace, portal) = (Workspace::new(), deals());
    let output = export(&workspace, &portal, "parquet:warehouse", "a secret");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("3,000 deals in "),
        "{}",
        stderr(&output)
    );
    let mut local = files(&workspace.path("warehouse/crm_deal"));
    let parts = local
        .keys()
        .filter(|name| name.starts_with("DATE_CREATE_year=20") && name.contains("-1-"));
    assert!(parts.count() > 1, "{:?}", local.keys());
    let (endpoint, objects) = storage();
    let to = format!("s3://deals/all/?endpoint={endpoint}&region=eu-west-1");
    for _ in 0..2 {
        let output = export(&workspace, &portal, &to, "a secret");
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(
            stderr(&output).contains(": s3://deals/all/"),
            "{}",
            stderr(&output)
        );
    }
    let stored: BTreeMap<String, Vec<u8>> = objects
        .lock()
        .unwrap()
        .iter()
        .map(|(name, bytes)| {
            let name = name.strip_prefix("/deals/all/crm_deal/").unwrap();
            (name.replace("%3D", "="), bytes.clone())
        })
        .collect();
    let state: Value = serde_json::from_slice(&stored["_brimful_state.json"]).unwrap();
    assert_eq!(state["finished"], Value::Bool(true));
    let is_first_run = |name: &String| name.contains("/part-") && name.contains("-1-");
    assert!(
        !stored.keys().any(is_first_run),
        "the second run has replaced the first"
    );
    local.remove("_brimful_state.json");
    let parts = |files: &BTreeMap<String, Vec<u8>>| -> Vec<(String, usize)> {
        let files = files.iter().filter(|(name, _)| !name.starts_with('_'));
        files
            .map(|(name, bytes)| (without_run(name), bytes.len()))
            .collect()
    };
    assert_eq!(parts(&stored), parts(&local));
}

/// The server in `BRIMFUL_TEST_S3`, which `./test` starts: it checks signatures against the keys `a-key` and `a secret`,
/// and keeps the objects of a bucket as files in a folder of its name, all of which are in `BRIMFUL_TEST_S3_FOLDER`.
#[test]
fn storage_that_checks_signatures_takes_the_files_and_refuses_another_secret() {
    let (Ok(endpoint), Some(folder)) = (
        std::env::var("BRIMFUL_TEST_S3"),
        std::env::var_os("BRIMFUL_TEST_S3_FOLDER"),
    ) else {
        return;
    };
    let bucket = Path::new(&folder).join("signed-deals");
    let _ = std::fs::remove_dir_all(&bucket);
    std::fs::create_dir(&bucket).unwrap();
    let (workspace, portal) = (Workspace::new(), deals());
    // Characters that are written in more than one way in addresses.
    let to = format!("s3://signed-deals/a b+c/Сделки (1)/?endpoint={endpoint}&region=eu-west-1");
    let output = export(&workspace, &portal, &to, "another secret");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("SignatureDoesNotMatch") && !said.contains("another secret"),
        "{said}"
    );
    for _ in 0..2 {
        let output = export(&workspace, &portal, &to, "a secret");
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let output = export(&workspace, &portal, "parquet:warehouse", "a secret");
    assert!(output.status.success(), "{}", stderr(&output));
    let sizes = |files: BTreeMap<String, Vec<u8>>| -> Vec<(String, usize)> {
        let files = files
            .into_iter()
            .filter(|(name, _)| name.ends_with(".parquet"));
        files
            .map(|(name, bytes)| (without_run(&name), bytes.len()))
            .collect()
    };
    let stored = sizes(files(&bucket.join("a b+c/Сделки (1)/crm_deal")));
    assert_eq!(stored, sizes(files(&workspace.path("warehouse/crm_deal"))));
}

#[test]
fn keys_that_are_missing_or_wrong_are_told_without_them() {
    let (workspace, portal) = (Workspace::new(), deals());
    let (endpoint, _) = storage();
    let to = format!("s3://deals/?endpoint={endpoint}&region=eu-west-2");
    let output = export(&workspace, &portal, &to, "");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("AWS_ACCESS_KEY_ID is not in the environment"),
        "{}",
        stderr(&output)
    );
    let output = export(&workspace, &portal, &to, "s3cret");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("InvalidAccessKeyId") && !said.contains("s3cret"),
        "{said}"
    );
}

#[test]
fn a_partition_by_what_is_not_a_date_is_refused() {
    let (workspace, portal) = (Workspace::new(), deals());
    let run = |to: &str, by: &str| {
        workspace.run(&[
            "export",
            "crm.deal.list",
            "--portal",
            &portal.url(),
            "--to",
            to,
            "--partition-by",
            by,
        ])
    };
    let output = run("parquet:warehouse", "TITLE:month");
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains("no column of that name that is a date"),
        "{}",
        stderr(&output)
    );
    for (to, by) in [
        ("parquet:warehouse", "DATE_CREATE:week"),
        ("sqlite:a.db", "DATE_CREATE:day"),
    ] {
        let output = run(to, by);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    }
}

#[test]
fn an_interrupted_export_to_a_folder_is_read_again_and_shows_no_half_of_it() {
    let (workspace, portal) = (Workspace::new(), deals());
    let faults = portal.server.portal().faults();
    faults.add(FaultRule::every(3, Fault::ExpiredToken).times(1));
    let output = export(&workspace, &portal, "parquet:warehouse", "a secret");
    assert!(!output.status.success(), "{}", stderr(&output));
    let shown = files(&workspace.path("warehouse/crm_deal"));
    assert!(
        shown.keys().all(|name| name.starts_with('_')),
        "{:?}",
        shown.keys()
    );
    let output = export(&workspace, &portal, "parquet:warehouse", "a secret");
    assert!(output.status.success(), "{}", stderr(&output));
}
