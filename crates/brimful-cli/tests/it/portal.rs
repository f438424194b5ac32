//! The emulator as a program of its own.

#[cfg(feature = "sqlite")]
mod data_file;
mod events;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use crate::support::{Workspace, assert_transcript, ids, rows, stderr, stdout};

/// A running emulator; it ends with the test.
struct Emulator {
    child: Child,
    url: String,
}

impl Emulator {
    fn start(workspace: &Workspace, args: &[&str]) -> Self {
        let mut child = workspace
            .command(&[&["portal", "--port", "0"], args].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        Self {
            child,
            url: url.trim_end().to_owned(),
        }
    }
}

impl Emulator {
    /// Ends it at once, whatever it is doing.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The address without the scheme, and the path of the webhook.
    fn parts(&self) -> (String, String) {
        let address = self.url.trim_start_matches("http://");
        let (host, path) = address.split_once('/').unwrap();
        (host.to_owned(), format!("/{path}"))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_address_is_the_first_line_and_has_the_real_port() {
    let workspace = Workspace::new();
    let emulator = Emulator::start(
        &workspace,
        &["--user", "7", "--code", "abc", "--rows", "crm.deal=10"],
    );
    assert!(
        emulator.url.starts_with("http://127.0.0.1:"),
        "{}",
        emulator.url
    );
    assert!(emulator.url.ends_with("/rest/7/abc/"), "{}", emulator.url);
    assert!(!emulator.url.contains(":0/"), "{}", emulator.url);
}

#[test]
fn loaded_rows_come_out_as_they_went_in() {
    let workspace = Workspace::new();
    workspace.write(
        "in.jsonl",
        "{\"ID\":\"161\",\"TITLE\":\"b\"}\n\n{\"ID\":\"7\",\"TITLE\":\"a\"}\n{\"ID\":\"35929\",\"TITLE\":\"c\"}\n",
    );
    let emulator = Emulator::start(&workspace, &["--load", "crm.lead=in.jsonl"]);
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &emulator.url,
        "--select",
        "ID,TITLE",
        "-o",
        "out.jsonl",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = workspace.rows("out.jsonl");
    assert_eq!(ids(&rows), [7, 161, 35929]);
    assert_eq!(rows[2]["TITLE"], "c");
}

#[test]
fn with_loaded_data_the_code_of_the_webhook_is_random_unless_it_is_given() {
    let workspace = Workspace::new();
    workspace.write("in.jsonl", "{\"ID\":\"1\"}\n");
    workspace.write("reply.json", "{\"result\":true}");
    let code = |args: &[&str]| {
        let emulator = Emulator::start(&workspace, args);
        let code = emulator.url.split("/rest/1/").nth(1).unwrap();
        code.trim_end_matches('/').to_owned()
    };
    let load = ["--load", "crm.lead=in.jsonl"];
    let (one, other) = (code(&load), code(&load));
    assert_ne!(one, other);
    assert!(one.len() >= 20 && one != "demo", "{one}");
    assert!(code(&["--reply", "event.bind=reply.json"]).len() >= 20);
    assert_eq!(code(&[&load[..], &["--code", "mine"]].concat()), "mine");
    assert_eq!(code(&["--rows", "crm.lead=5"]), "demo");
    assert_eq!(code(&[]), "demo");
}

#[test]
fn with_loaded_data_the_code_demo_lets_programs_in_unless_another_code_is_given() {
    let workspace = Workspace::new();
    workspace.write("in.jsonl", "{\"ID\":\"1\",\"TITLE\":\"mine\"}\n");
    let load = ["--load", "crm.lead=in.jsonl"];
    let get = "GET /rest/1/demo/crm.lead.list";
    let emulator = Emulator::start(&workspace, &load);
    let reply = fetch(&emulator.url, get);
    assert!(reply.contains("mine"), "{reply}");
    let emulator = Emulator::start(&workspace, &[&load[..], &["--code", "abc"]].concat());
    let reply = fetch(&emulator.url, get);
    assert!(reply.contains("INVALID_CREDENTIALS"), "{reply}");
}

#[test]
fn on_the_demo_portal_every_user_of_a_webhook_is_there() {
    let workspace = Workspace::new();
    let emulator = Emulator::start(&workspace, &["--webhook", "2:few:crm,user"]);
    let few = emulator.url.replace("/1/demo/", "/2/few/");
    let (code, said, error) = call(&workspace, &few, &["user.current", "--result"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(said.contains("\"ID\":\"2\""), "{said}");
}

#[cfg(unix)]
#[test]
fn with_v_it_says_every_request_in_a_line_and_names_methods_that_it_lacks() {
    let workspace = Workspace::new();
    for (flags, lines) in [(&[][..], false), (&["-v"][..], true)] {
        let args = [&["--rows", "crm.deal=10"], flags].concat();
        let mut emulator = Emulator::start(&workspace, &args);
        fetch(&emulator.url, "GET /rest/1/demo/crm.deal.list");
        fetch(&emulator.url, "GET /rest/1/s3cret/profile");
        for _ in 0..2 {
            let reply = fetch(&emulator.url, "GET /rest/1/demo/user.userfield.file.get");
            assert!(reply.contains("ERROR_METHOD_NOT_FOUND"), "{reply}");
        }
        fetch(&emulator.url, "GET /rest/1/demo/no.such.method");
        let requests = fetch(&emulator.url, "GET /_portal/requests");
        assert!(
            requests.contains("\"method\":\"crm.deal.list\""),
            "{requests}"
        );
        let id = emulator.child.id().to_string();
        let killed = std::process::Command::new("kill")
            .args(["-INT", &id])
            .status();
        assert!(killed.unwrap().success());
        assert!(emulator.child.wait().unwrap().success());
        let mut said = String::new();
        let mut stderr = emulator.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        let missing = "user.userfield.file.get exists in Bitrix24, not modelled: use --reply";
        assert_eq!(said.matches(missing).count(), 1, "{said}");
        assert!(!said.contains("no.such.method exists"), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
        for line in [
            "GET crm.deal.list 200 in ",
            "GET profile 401 in ",
            "GET user.userfield.file.get 404 in ",
        ] {
            assert_eq!(said.contains(line), lines, "{flags:?} {line}: {said}");
        }
    }
}

#[cfg(unix)]
#[test]
fn at_its_end_it_says_what_it_was_asked() {
    let workspace = Workspace::new();
    let mut emulator = Emulator::start(&workspace, &["--rows", "crm.deal=120", "--limit", "off"]);
    workspace.run(&[
        "export",
        "crm.deal.list",
        "--portal",
        &emulator.url,
        "-o",
        "out.jsonl",
    ]);
    let killed = std::process::Command::new("kill")
        .args(["-INT", &emulator.child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert!(emulator.child.wait().unwrap().success());
    let mut said = String::new();
    emulator
        .child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(said.contains("requests, "), "{said}");
    assert!(said.contains("0 refusals for the rate"), "{said}");
}

#[test]
fn an_entity_that_there_is_not() {
    let output = Workspace::new().run(&["portal", "--port", "0", "--rows", "crm.unicorn=5"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.starts_with("error: no entity \"crm.unicorn\": there are lead, "),
        "{said}"
    );
}

#[test]
fn a_line_that_is_not_a_row() {
    let workspace = Workspace::new();
    workspace.write("in.jsonl", "{\"ID\":\"1\"}\n[1]\n");
    let output = workspace.run(&["portal", "--port", "0", "--load", "crm.lead=in.jsonl"]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: line 2 of in.jsonl is not a JSON object: invalid type: sequence, expected a map
    hint: every line holds one row, as an export writes it; a file of columns ends with .csv or .tsv
    "#);
}

#[test]
fn a_duration_without_a_unit() {
    let output = Workspace::new().run(&["portal", "--port", "0", "--latency", "50"]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: invalid value '50' for '--latency <TIME>': the unit is missing: us, ms, s, m, h or d

    For more information, try '--help'.
    "#);
}

#[test]
fn a_port_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = Workspace::new().run(&["portal", "--port", &port, "--rows", "crm.deal=1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("error: could not listen on 127.0.0.1:"));
}

#[test]
fn with_tls_a_client_that_trusts_the_authority_is_served_and_another_is_not() {
    let workspace = Workspace::new();
    let emulator = Emulator::start(
        &workspace,
        &[
            "--tls",
            "--tls-ca",
            "ca.pem",
            "--rows",
            "crm.lead=120",
            "--limit",
            "off",
        ],
    );
    assert!(
        emulator.url.starts_with("https://localhost:"),
        "{}",
        emulator.url
    );
    let export = [
        "export",
        "crm.lead.list",
        "--portal",
        &emulator.url,
        "-o",
        "out.jsonl",
    ];
    let refused = workspace.run(&export);
    assert!(!refused.status.success(), "{}", stderr(&refused));
    let output = workspace
        .command(&export)
        .env("SSL_CERT_FILE", workspace.path("ca.pem"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(workspace.rows("out.jsonl").len(), 120);
}

#[test]
fn the_certificate_of_the_authority_takes_the_place_of_one_of_an_earlier_run_and_of_nothing_else() {
    let workspace = Workspace::new();
    let rows = "{\"ID\":\"1\",\"TITLE\":\"mine\"}\n";
    workspace.write("rows.jsonl", rows);
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    workspace.write("key.pem", key);
    for (file, text) in [("rows.jsonl", rows), ("key.pem", key)] {
        let load = [
            "portal",
            "--tls",
            "--load",
            "crm.lead=rows.jsonl",
            "--port",
            "0",
        ];
        let output = workspace.run(&[&load[..], &["--tls-ca", file]].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("not a certificate that a portal has made"),
            "{said}"
        );
        let left = std::fs::read_to_string(workspace.path(file)).unwrap();
        assert_eq!(left, text);
    }
    for _ in 0..2 {
        let arguments = ["--tls", "--tls-ca", "ca.pem", "--rows", "crm.lead=1"];
        drop(Emulator::start(&workspace, &arguments));
    }
}

/// A call, and what the portal made of it.
fn call(workspace: &Workspace, url: &str, args: &[&str]) -> (Option<i32>, String, String) {
    let output = workspace.run(&[&["call", "--portal", url], args].concat());
    (output.status.code(), stdout(&output), stderr(&output))
}

/// What an address of the portal's own says: status, headers and body, over plain HTTP.
fn fetch(url: &str, request: &str) -> String {
    let host = url.split('/').nth(2).unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let request = format!("{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn faults_and_churn_are_played_from_the_start_and_shown() {
    let workspace = Workspace::new();
    let emulator = Emulator::start(
        &workspace,
        &[
            "--rows",
            "crm.lead=10",
            "--faults",
            "500-before on=crm.lead.get; seed=42",
            "--faults",
            "429 on=user.current",
            "--churn",
            "lead:update=1/h",
        ],
    );
    let (_, _, said) = call(
        &workspace,
        &emulator.url,
        &["crm.lead.get", "--param", "id=1"],
    );
    assert!(said.contains("500"), "{said}");
    let shown = fetch(&emulator.url, "GET /_portal/faults");
    assert!(
        shown.contains("500-before on=crm.lead.get, 429 on=user.current; seed=42"),
        "{shown}"
    );
    let shown = fetch(&emulator.url, "GET /_portal/churn");
    assert!(shown.contains("lead:update="), "{shown}");
}

#[test]
fn a_list_is_whole_where_rows_are_hidden_and_pages_come_empty_or_short() {
    let workspace = Workspace::new();
    for (fault, hidden) in [
        ("empty-page:times=1", "crm.lead:100-399"),
        ("empty-page:times=1 after=5", "crm.lead:7"),
        ("short-page:times=1", "crm.lead:2900-3000"),
        ("short-page:times=1 after=20", "1"),
    ] {
        let (first, last) = {
            let range = hidden.trim_start_matches("crm.lead:");
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            (first.parse().unwrap(), last.parse::<u64>().unwrap())
        };
        let shown: Vec<u64> = (1..=3_000).filter(|id| *id < first || *id > last).collect();
        for order in ["", r#"order={"TITLE":"ASC"}"#] {
            let args = ["--rows", "lead=3000", "--hide", hidden, "--faults", fault];
            let emulator = Emulator::start(&workspace, &args);
            let mut args = vec!["export", "crm.lead.list", "--select", "ID", "-o", "-"];
            if !order.is_empty() {
                args.extend(["--param", order]);
            }
            let output = workspace.run(&[&args[..], &["--portal", &emulator.url]].concat());
            let said = stderr(&output);
            assert!(output.status.success(), "{hidden}, {fault}: {said}");
            let mut came = ids(&rows(&stdout(&output)));
            came.sort_unstable();
            assert_eq!(came, shown, "{hidden}, {fault}, {order}: {said}");
            let count = last + 1 - first;
            let counted = if count == 1 {
                "1 lead is counted but not shown to this user (rights?)".to_owned()
            } else {
                format!("{count} leads are counted but not shown to this user (rights?)")
            };
            assert!(
                said.contains(&counted),
                "{hidden}, {fault}, {order}: {said}"
            );
            let played = fetch(&emulator.url, "GET /_portal/faults");
            assert!(
                played.contains("\"played\":1"),
                "{hidden}, {fault}, {order}: {played}"
            );
        }
    }
}

#[test]
fn a_fault_that_there_is_not() {
    let output = Workspace::new().run(&["portal", "--port", "0", "--faults", "503, fire"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.starts_with(
            "error: invalid value '503, fire' for '--faults <SPEC>': \"fire\": no fault \"fire\""
        ),
        "{said}"
    );
}

#[test]
fn churn_of_an_entity_that_there_is_not() {
    let output = Workspace::new().run(&["portal", "--port", "0", "--churn", "unicorn:insert=5"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).starts_with("error: no entity \"unicorn\""),
        "{}",
        stderr(&output)
    );
}

#[test]
fn webhooks_have_scopes_and_users_have_rights() {
    let workspace = Workspace::new();
    workspace.write(
        "deals.jsonl",
        "{\"ID\":\"1\",\"ASSIGNED_BY_ID\":\"1\"}\n{\"ID\":\"2\",\"ASSIGNED_BY_ID\":\"2\"}\n",
    );
    let emulator = Emulator::start(
        &workspace,
        &[
            "--code",
            "demo",
            "--load",
            "crm.deal=deals.jsonl",
            "--scopes",
            "crm,task",
            "--webhook",
            "2:few:crm",
            "--rights",
            "2=own",
        ],
    );
    let other = emulator.url.replace("/1/demo/", "/2/few/");
    let (code, said, _) = call(&workspace, &other, &["crm.deal.list", "--result"]);
    assert_eq!(code, Some(0));
    let rows: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{said}");
    assert_eq!(rows[0]["ID"], "2");
    let (_, _, said) = call(&workspace, &other, &["tasks.task.list"]);
    assert!(said.contains("insufficient_scope"), "{said}");
    let (code, _, said) = call(&workspace, &emulator.url, &["tasks.task.list"]);
    assert_eq!(code, Some(0), "{said}");
    let (_, _, said) = call(&workspace, &emulator.url, &["user.get"]);
    assert!(said.contains("insufficient_scope"), "{said}");
}

#[test]
fn an_application_gets_tokens_that_live_as_long_as_said() {
    let workspace = Workspace::new();
    let emulator = Emulator::start(
        &workspace,
        &[
            "--rows",
            "crm.lead=10",
            "--app",
            "local.app:secret:http://localhost:9/back",
            "--signed-in",
            "1",
            "--token-ttl",
            "90s",
            "--token",
            "fixed:local.other",
        ],
    );
    let reply = fetch(
        &emulator.url,
        "GET /oauth/authorize/?client_id=local.app&state=s",
    );
    let (_, code) = reply
        .split_once("location: http://localhost:9/back?code=")
        .unwrap_or_else(|| panic!("{reply}"));
    let (code, _) = code.split_once('&').unwrap();
    let reply = fetch(
        &emulator.url,
        &format!(
            "GET /oauth/token/?grant_type=authorization_code&client_id=local.app&client_secret=secret&code={code}"
        ),
    );
    assert!(reply.contains("\"expires_in\":90"), "{reply}");
    let token = reply.split("\"access_token\":\"").nth(1).unwrap();
    let (token, _) = token.split_once('"').unwrap();
    for token in [token, "fixed"] {
        let reply = fetch(
            &emulator.url,
            &format!("GET /rest/user.current.json?auth={token}"),
        );
        assert!(reply.starts_with("HTTP/1.1 200 OK"), "{reply}");
    }
}

#[test]
fn an_application_is_told_of_its_installation() {
    let workspace = Workspace::new();
    let handler = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = handler.local_addr().unwrap();
    let _emulator = Emulator::start(
        &workspace,
        &[
            "--rows",
            "crm.lead=10",
            "--app",
            &format!("local.app:secret:http://{address}/install"),
            "--install",
        ],
    );
    let (stream, _) = handler.accept().unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    assert_eq!(line, "POST /install HTTP/1.1\r\n");
}

#[test]
fn the_clock_and_the_limit_are_what_is_asked_for() {
    let workspace = Workspace::new();
    let emulator = Emulator::start(
        &workspace,
        &[
            "--rows",
            "crm.lead=10",
            "--starts-at",
            "1000000000",
            "--skew=-1h",
            "--zone=-05:00",
            "--seconds",
            "fractional",
            "--limit",
            "enterprise",
            "--limiter",
            "off",
        ],
    );
    let (_, said, _) = call(&workspace, &emulator.url, &["user.current"]);
    assert!(said.contains("2001-09-08T19:46:"), "{said}");
    assert!(said.contains("-05:00"), "{said}");
    assert!(!said.contains("operating"), "{said}");
    let reply: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(reply["time"]["start"].is_f64(), "{said}");
}

#[test]
fn a_renamed_portal_sends_everybody_to_its_new_address() {
    let workspace = Workspace::new();
    let emulator = Emulator::start(
        &workspace,
        &["--rows", "crm.lead=10", "--moved-to", "https://new.test"],
    );
    let reply = fetch(&emulator.url, "GET /rest/1/demo/user.current");
    assert!(reply.starts_with("HTTP/1.1 302 Found"), "{reply}");
    assert!(
        reply.contains("location: https://new.test/rest/1/demo/user.current"),
        "{reply}"
    );
}

#[test]
fn rows_behind_any_list_method_and_recorded_replies_can_be_loaded() {
    let workspace = Workspace::new();
    let orders: Vec<String> = (1..=120)
        .map(|id| format!("{{\"id\":{id},\"price\":{}.5}}", id * 10))
        .collect();
    workspace.write("orders.jsonl", &orders.join("\n"));
    workspace.write(
        "fields.json",
        r#"{"result":{"fields":{"id":{"type":"integer"}}},"time":{}}"#,
    );
    let emulator = Emulator::start(
        &workspace,
        &[
            "--load",
            "documentgenerator.document.list=orders.jsonl",
            "--reply",
            "documentgenerator.document.getfields=fields.json",
            "--limit",
            "off",
        ],
    );
    let portal = ["--portal", &emulator.url];
    let export = [
        "export",
        "documentgenerator.document.list",
        "-o",
        "out.jsonl",
    ];
    let exported = workspace.run(&[&export[..], &portal].concat());
    assert!(exported.status.success(), "{}", stderr(&exported));
    assert_eq!(workspace.rows("out.jsonl").len(), 120);
    let called = workspace.run(
        &[
            &["call", "documentgenerator.document.getfields"][..],
            &portal,
        ]
        .concat(),
    );
    assert!(called.status.success(), "{}", stderr(&called));
    assert!(String::from_utf8_lossy(&called.stdout).contains("\"integer\""));
    let missing = workspace.run(&[&["call", "user.userfield.file.get"][..], &portal].concat());
    assert!(!missing.status.success());
}
